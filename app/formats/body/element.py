"""An open element while HTML is read, and what decides whether its text stays."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from app.formats.body.line import Line, Mark
from app.formats.body.losses import Dropped
from app.formats.body.sheet import Known
from app.formats.body.style import Attributes
from app.formats.body.voice import Direction, Voice
from app.formats.body.word_processor import Item


@dataclass(slots=True, eq=False)
class Element:
    """An open element, and what has to be undone at its end."""

    tag: str
    voice: Voice
    marks: list[Mark] = field(default_factory=list)
    frames: int = 0
    boxed: bool = False
    blanks: bool = False
    id: str | None = None
    item: Item | None = None
    undo: Callable[[], None] | None = None
    start: int = 0
    """How far the visible text had come when it began."""
    taken: bool = False
    """Whether its end has something to undo."""
    ended: Callable[[str], None] | None = None
    """What becomes of the words that were gathered in it while it was left out."""
    turning: list["Element"] = field(default_factory=list)
    """Of a block: the inline elements around it that state a direction."""
    direction: Direction | None = None
    """What an inline element states for blocks inside it."""
    unused: bool = False
    """Whether it states one by an attribute that neither a mark nor a block has taken."""
    notes: bool = False
    """Whether it holds the footnotes of a word processor."""
    rules: Known = field(default_factory=dict)
    comment: bool = False
    """Of a row of a table: whether it begins with a comment."""
    given: Attributes = field(default_factory=dict)
    ends: list[str] = field(default_factory=list)
    begins: list[str] = field(default_factory=list)
    """Deletions that end at its end, and those that begin after it."""


class OpenReader(Protocol):
    """The part of `reader.Reader` that `omitting` uses."""

    line: Line
    dropped: Dropped
    open: list[Element]
    ranges: frozenset[str]
    deletions: set[str]
    deleted: list[str]
    commented: bool
    in_notes: int
    take: Callable[[Any, Element, Attributes], None]

    def flush(self) -> None: ...
    def say(self, text: str, kept: bool = False) -> None: ...
    def gather(self, element: Element, ended: Callable[[str], None]) -> None: ...
