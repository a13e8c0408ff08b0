"""Language and direction of text, as elements state them and blocks store them.

HTML, section 3.2.6.4 (`dir`). CSS Writing Modes 4, section 2.1 (`direction`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from unicodedata import bidirectional

from app.models.base import direction

LANG = re.compile(r"(?=.{2,35}$)[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
DIRECTIONS = {"L": "ltr", "R": "rtl", "AL": "rtl"}
"""Directions of the strong characters. UAX 9, table 4."""


class Direction:
    """The meaning of one `dir`: `rtl`, `ltr`, or for `auto` the direction of its first strong
    character."""

    def __init__(self, value: str | None) -> None:
        self.value = value

    def hear(self, text: str) -> bool:
        """Take the direction of a text's first strong character; return whether there was one."""
        self.value = strong_direction(text)
        return self.value is not None


def strong_direction(text: str) -> str | None:
    """Return the direction of the first strong character of a text."""
    return next((DIRECTIONS[kind] for kind in map(bidirectional, text) if kind in DIRECTIONS), None)


@dataclass(frozen=True)
class Voice:
    """Language and direction of a text. `story` is the article's language; `lang` is None if it
    is the same, `dir` if no element states one."""

    story: str
    lang: str | None = None
    dir: Direction | None = None

    @property
    def spoken(self) -> str:
        """Return the language of the text."""
        return self.lang or self.story

    @property
    def direction(self) -> str:
        return (self.dir and self.dir.value) or direction(self.spoken)

    def mark(self, block: dict[str, Any]) -> dict[str, Any]:
        """Set a block's language and direction, if they are not the article's."""
        if self.lang:
            block.setdefault("lang", self.lang)
        if (
            self.dir
            and self.dir.value
            and self.dir.value != direction(block.get("lang") or self.story)
        ):
            block.setdefault("dir", self.dir.value)
        return block


def stated_language(tag: str, given: Mapping[str, str], around: Voice) -> str | None:
    """Return the language inside an element, None if it is the article's. Programs write one on
    the root of every document, which is ignored."""
    lang = given.get("lang") or ""
    if not LANG.fullmatch(lang) or tag in ("html", "body"):
        return around.lang
    return None if primary(lang) == primary(around.story) else lang


def primary(lang: str) -> str:
    return lang.partition("-")[0].lower()


def shared_voice(own: Voice, voices: list[Voice]) -> Voice:
    """Return the common voice of a block's lines, else its own."""
    said = {(one.lang, one.direction): one for one in voices}
    return next(iter(said.values())) if len(said) == 1 else own


def isolated(html: str, voice: Voice, whole: Voice) -> str:
    """Return a line in `bdi`, if its direction is not the block's."""
    if voice.direction == whole.direction:
        return html
    return f'<bdi dir="{voice.direction}">{html}</bdi>'
