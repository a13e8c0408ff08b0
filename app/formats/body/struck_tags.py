"""Rewrite struck-through tags, and inline tags around paragraphs, so that libxml2 reads them like
a browser.

libxml2 closes `s`, `b` and six more elements where a `p` begins inside them, and any element at
the end of its parent. Browsers keep `s` and `strike` open in the next paragraph (HTML, section
13.2.4.3), so text that an editor sees struck would be published. A misnested struck element
therefore becomes a range, from `struck-start` to `struck-end`. The other elements get names that
a `p` does not close, and `reader.py` restores them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.formats import markup_limits

STRUCK = frozenset(["s", "strike", "del"])
CELLS = frozenset(["td", "th", "caption"])
"""What a struck element that began in it does not go beyond."""
ENDED_BY_PARAGRAPH = frozenset("b i big small tt u".split())
KEPT = "kept-"
MAY = re.compile(r"<(?:s|strike|del|b|i|big|small|tt|u)[ \t\n\r\f/>]", re.IGNORECASE)
Edit = tuple[int, int, str]
"""From where to where a text is replaced, and by what."""


def rewrite(html: str) -> tuple[str, list[str]]:
    """Return the HTML with such tags rewritten, and its style sheets. Raises `TooMuch` as
    `markup_limits.check` does."""
    if MAY.search(html):
        rewriting = Rewriting(html)
        return rewriting.rewritten(), rewriting.styles
    scan = markup_limits.body_scan(html)
    scan.run()
    return html, scan.styles


@dataclass(eq=False)
class Struck:
    """A struck element: the positions of its tags, its depth, and whether it is misnested."""

    name: str
    start: tuple[int, int]
    depth: int
    end: tuple[int, int] | None = None
    crossed: bool = False


class Rewriting(markup_limits.Scan):
    """Collects the tags to rewrite while the limits are checked."""

    def __init__(self, html: str) -> None:
        super().__init__(html, elements=markup_limits.MOST_ELEMENTS, uncounted=markup_limits.CELLS)
        self.struck: list[Struck] = []
        self.nested: list[Struck] = []
        """Those that are open and cross nothing so far, the innermost last."""
        self.unended: list[list[Struck]] = [[]]
        """Those that no end tag was found for, by the table cell that they began in."""
        self.names: list[Edit] = []
        self.wraps = False

    def rewritten(self) -> str:
        self.run()
        while self.unended:
            self.end_unended(len(self.html))
        done, at = [], 0
        for start, end, text in sorted([*(self.names if self.wraps else ()), *self.edits()]):
            done += [self.html[at:start], text]
            at = end
        return "".join([*done, self.html[at:]])

    def start(self, name: str, tag: str) -> bool:
        if name == "p" and any(self.count.get(one) for one in ENDED_BY_PARAGRAPH):
            self.wraps = True
        if name in ENDED_BY_PARAGRAPH:
            self.names.append(renamed_tag(self.at, 1, name, KEPT + name))
        raw = super().start(name, tag)
        if name in STRUCK and self.open and self.open[-1] == name:
            new = Struck(name, self.at, len(self.open))
            self.struck.append(new)
            self.nested.append(new)
            self.unended[-1].append(new)
        return raw

    def close(self, name: str) -> None:
        if name in ENDED_BY_PARAGRAPH:
            self.names.append(renamed_tag(self.at, 2, name, KEPT + name))
        if name in STRUCK:
            self.end_struck(name)
        super().close(name)

    def end_struck(self, name: str) -> None:
        waiting = self.unended[-1]
        place = next(
            (at for at in range(len(waiting) - 1, -1, -1) if waiting[at].name == name), None
        )
        if place is None:
            return
        self.step(len(waiting) - place)
        one = waiting.pop(place)
        one.end = self.at
        one.crossed = one.crossed or one.depth != len(self.open)
        if one in self.nested[-1:]:
            self.nested.pop()

    def push(self, name: str, tag: str) -> None:
        super().push(name, tag)
        if name in CELLS:
            self.unended.append([])

    def pop(self) -> str:
        name = super().pop()
        self.cross(len(self.open))
        if name in CELLS:
            self.end_unended(self.at[0])
        return name

    def remove(self, name: str) -> int:
        place = super().remove(name)
        self.cross(place)
        return place

    def cross(self, depth: int) -> None:
        """Note that deeper elements end here, or are separated from their parent."""
        while self.nested and self.nested[-1].depth > depth:
            self.nested.pop().crossed = True

    def end_unended(self, at: int) -> None:
        """Note an element without an end tag: formatting continued up to here."""
        for one in self.unended.pop():
            if one.name in markup_limits.FORMATTING:
                one.end, one.crossed = (at, at), True

    def edits(self) -> Iterator[Edit]:
        """Return struck elements as `del`, or as ranges; overlapping ranges are joined."""
        tags: list[tuple[tuple[int, int], int]] = []
        for one in self.struck:
            if one.crossed and one.end:
                tags += [(one.start, 1), (one.end, -1)]
            elif not one.crossed and one.name != "del":
                yield renamed_tag(one.start, 1, one.name, "del")
                if one.end:
                    yield renamed_tag(one.end, 2, one.name, "del")
        inside = 0
        for (start, end), change in sorted(tags):
            before, inside = inside, inside + change
            tag = "" if before and inside else "struck-start" if inside else "struck-end"
            yield start, end, f"<{tag}></{tag}>" if tag else ""


def renamed_tag(tag: tuple[int, int], before: int, name: str, new: str) -> Edit:
    """Return a tag with another name."""
    return tag[0] + before, tag[0] + before + len(name), new
