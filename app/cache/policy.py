"""For how long caches in front of the installation may keep answers."""

from app.cache.cdn_targets import targets_of
from app.config import Settings
from app.http.responses import CachePolicy


def policy_of(settings: Settings) -> CachePolicy:
    """How long caches in front may keep answers: a moment, unless a purge is set up. Raises ConfigError
    where `ISNAD_PURGE` cannot be read."""
    kinds = {target.kind for target in targets_of(settings)}
    if not kinds:
        return CachePolicy()
    return CachePolicy(settings.cache_seconds, settings.cache_stale, "cloudflare" in kinds)
