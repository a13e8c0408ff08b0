"""Originals of images, in a folder, named by their bytes."""

import hashlib
from pathlib import Path

from app.config import ConfigError, Settings

SUFFIXES = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/gif": "gif"}


class Storage:
    """A local media store (`file:PATH`)."""

    def __init__(self, settings: Settings) -> None:
        if not settings.media_url.startswith("file:"):
            raise ConfigError("ISNAD_MEDIA_URL: only file:PATH is served yet.")
        self.folder = Path(settings.media_url.removeprefix("file:"))

    def put(self, data: bytes, mime: str) -> str:
        """Keep the bytes; the key they are served by. The same bytes have the same key."""
        digest = hashlib.sha256(data).hexdigest()
        key = f"{digest[:2]}/{digest[2:34]}.{SUFFIXES[mime]}"
        path = self.folder / key
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(".part")
            part.write_bytes(data)
            part.replace(path)
        return key

    def path(self, key: str) -> Path:
        return self.folder / key
