"""The lines of copied text, and what their form says of them."""

import re
from dataclasses import dataclass

INVISIBLE = "\ufeff\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u00a0"
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
BREAKS = re.compile(r"[\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029]")
SENTENCE_END = re.compile(r"[.!?؟…۔](?:[\"'”’»)\]]*)$|[\"”»]$")
FULL_STOP = re.compile(r"[.…۔](?:[\"'”’»)\]]*)$")
BULLET = re.compile(r"^(?:[•●▪◦‣∙·*]\s*|[-–—]\s+)(?=\S)")
CRUMBS = re.compile(r"\s+[>»›‹«/]\s+|\s*[>›»]\s*")
NAME = re.compile(r"[^\W\d_][^\W\d_'’.-]*(?:[ '’.-]+[^\W\d_]+)*")
NAME_PARTS = re.compile(r"(?:^|\s)(?:ال|بن|أبو|ابو|عبد)")
LONG = 80
SHORT_WORDS = 12


@dataclass
class Raw:
    """A line of the input on its way to a field."""

    number: int
    text: str
    gap: bool
    """Whether a blank line stands before it."""
    field: str | None = None
    reason: str | None = None

    @property
    def open(self) -> bool:
        return self.field is None and self.reason is None

    @property
    def words(self) -> int:
        return len(self.text.split())

    @property
    def sentence(self) -> bool:
        """Whether it reads as running text."""
        return bool(SENTENCE_END.search(self.text)) and (
            len(self.text) >= LONG or bool(FULL_STOP.search(self.text))
        )

    @property
    def running(self) -> bool:
        return self.sentence or len(self.text) >= 2 * LONG or self.text.endswith((":", "،", ","))

    @property
    def name(self) -> bool:
        """Whether it may be a person's name alone: two to four words without marks."""
        words = self.text.split()
        if not 2 <= len(words) <= 4 or not NAME.fullmatch(self.text):
            return False
        if any(word.isupper() or word.istitle() for word in words):  # a script with capitals
            return words[0][0].isupper() and words[-1][0].isupper()
        return self.text.lower() == self.text.upper() and (
            len(words) < 4 or bool(NAME_PARTS.search(self.text))
        )


def split(text: str) -> list[Raw]:
    """The lines that have words, their outer blanks and invisible marks off."""
    found: list[Raw] = []
    gap = False
    for number, raw in enumerate(BREAKS.split(text), 1):
        line = CONTROLS.sub("", raw.replace("\t", " ")).strip(INVISIBLE + " ")
        if line:
            found.append(Raw(number, line, gap))
        gap = not line
    return found


def is_path(text: str) -> bool:
    """Whether a line is a path such as "Home > World > Asia"."""
    parts = [part for part in CRUMBS.split(text) if part.strip()]
    return len(parts) >= 3 and all(len(part.split()) <= 3 for part in parts)
