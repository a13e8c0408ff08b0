"""Store original image files in a folder, under the hash of their content."""

import hashlib
import os
import re
import secrets
from collections.abc import Iterable
from pathlib import Path

from app.config import ConfigError, Settings
from app.errors import Unavailable

SUFFIXES = {
    "image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/gif": "gif",
    "image/avif": "avif",
}  # fmt: skip
KEY = re.compile(r"([0-9a-f]{2})/([0-9a-f]{32})\.[a-z0-9]{1,8}")


def is_key(key: str) -> bool:
    """Return whether a text is a key of this store; only keys become paths."""
    return KEY.fullmatch(key) is not None


def is_name_of(key: str, digest: str) -> bool:
    """Return whether a key names the content with this hash."""
    found = KEY.fullmatch(key)
    return found is not None and digest.startswith(found[1] + found[2])


def sync_folder(folder: Path) -> None:
    """Sync the folder to disk, so that new names survive a crash."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Storage:
    """A local media store (`file:PATH`)."""

    def __init__(self, settings: Settings) -> None:
        if not settings.media_url.startswith("file:"):
            raise ConfigError("ISNAD_MEDIA_URL: only file:PATH is served yet.")
        self.folder = Path(settings.media_url.removeprefix("file:"))

    def put(self, data: bytes, mime: str) -> str:
        """Store a file and return its key. Equal content has the same key."""
        digest = hashlib.sha256(data).hexdigest()
        key = f"{digest[:2]}/{digest[2:34]}.{SUFFIXES[mime]}"
        if not self.path(key).exists():
            self.write(key, [data])
        return key

    def write(self, key: str, parts: Iterable[bytes]) -> None:
        """Write a file under its key completely, synced to disk, or not at all."""
        path = self.path(key)
        part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                for data in parts:
                    file.write(data)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
            sync_folder(path.parent)
        except OSError as failed:
            part.unlink(missing_ok=True)
            raise Unavailable(f"The media store took nothing: {failed.strerror}.") from failed

    def path(self, key: str) -> Path:
        return self.folder / key
