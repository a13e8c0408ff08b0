"""What the settings say that works but is hardly meant. No value of a secret is in what is said."""

import os
import secrets
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

from app.config import Settings
from app.setting_checks import ENOUGH, PREFIX

OTHERS = frozenset((
    "ISNAD_WITH_WORKER", "ISNAD_SHARED", "ISNAD_TEST_POSTGRES", "ISNAD_WALK", "ISNAD_WRITES", "ISNAD_CYCLES",
    "ISNAD_GOLDEN", "ISNAD_URL", "ISNAD_LEFT_BEHIND",
))  # fmt: skip
"""Variables that are no settings: of the processes of a server, of the tests and of scripts."""


def advice(settings: Settings, environment: Mapping[str, str] = os.environ) -> Iterator[str]:
    """What works but is hardly meant, a sentence each."""
    known = {PREFIX + name.upper() for name in type(settings).model_fields}
    for name in sorted(environment):
        if name.upper().startswith(PREFIX) and name.upper() not in known | OTHERS:
            near = get_close_matches(name.upper(), sorted(known), 1)
            meant = f" Did you mean {near[0]}?" if near else ""
            yield f"{name} is no setting and changes nothing.{meant}"
    if any(len(part.strip()) < ENOUGH for part in settings.secret.split(",") if part):
        line = f"{PREFIX}SECRET={secrets.token_urlsafe(32)}"
        yield f"ISNAD_SECRET has fewer than {ENOUGH} characters and can be guessed; write {line}"
    folder = Path(settings.media_url.removeprefix("file:"))
    there = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    if not os.access(there, os.W_OK):
        yield f"ISNAD_MEDIA_URL: {there} can't be written by this user; no picture can be saved."
