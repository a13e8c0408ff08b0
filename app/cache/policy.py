"""For how long caches in front of the installation may keep answers."""

from app.cache.cdn_targets import targets_of
from app.config import Settings
from app.http.responses import Keeping


def keeping_of(settings: Settings) -> Keeping:
    """How long caches in front may keep answers: a moment, unless a purge is set up. Raises ConfigError
    where `ISNAD_PURGE` cannot be read."""
    kinds = {target.kind for target in targets_of(settings)}
    if not kinds:
        return Keeping()
    return Keeping(settings.cache_seconds, settings.cache_stale, "cloudflare" in kinds)
