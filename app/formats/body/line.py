"""A line of a body while it is collected: text with its inline formatting, written as safe HTML."""

import re
from dataclasses import dataclass, field
from functools import cached_property

from app.formats import inline_html

BLANKS = re.compile(r"[ \t\n\r\f]+")
"""What HTML takes for one blank: no-break spaces are none of it, they are text."""
DEEPEST = 12
EMPTY = re.compile(r"[\s\u200b\u200c\u200d\u2060\ufeff\u200e\u200f\u061c\u2066-\u2069]*")
"""What can't be seen by itself: blanks of every kind, joiners, marks of direction."""
NESTING = frozenset(["q", "bdi"])


@dataclass(eq=False)
class Mark:
    """An open inline element, and whether it has text."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    used: bool = False

    @cached_property
    def opening(self) -> str:
        given = "".join(f' {name}="{quoted(one)}"' for name, one in self.attributes.items())
        return f"<{self.tag}{given}>"


class Line:
    """Text under the inline elements that are open.

    Tags are written when text follows, so that none is empty, and tags that would close and open
    again are left open.
    """

    def __init__(self) -> None:
        self.marks: list[Mark] = []
        self.clear()

    def clear(self) -> None:
        self.html: list[str] = []
        self.written: list[str] = []
        self.blank, self.breaks, self.seen = False, 0, False
        self.last, self.left, self.parted = "", False, False

    def open(self, mark: Mark) -> bool:
        """Open an inline element; False if it has no effect here."""
        there = mark.tag not in NESTING and any(one.tag == mark.tag for one in self.marks)
        if there or len(self.marks) >= DEEPEST:
            return False
        self.marks.append(mark)
        return True

    def close(self, mark: Mark) -> None:
        """Close an inline element."""
        self.marks.remove(mark)

    def say(self, text: str) -> str:
        """Add text with collapsed white space. Returns the visible text."""
        if not (words := BLANKS.sub(" ", text).strip(" ")):
            self.blank = self.blank or bool(text)
            return ""
        before = " " if BLANKS.match(text) else ""
        after = BLANKS.match(text[-1]) is not None
        seen = self.put(words, bool(before) or self.blank)
        self.blank = after
        return seen

    def leave_out(self, text: str) -> None:
        """Note that text was left out here: the words around it stay separate, and of two spaces
        one stays."""
        if not text.strip():
            self.blank = self.blank or bool(text)
        else:
            self.left = True
            self.parted = self.parted or text[0].isspace() or text[-1].isspace()

    def closed_up(self, words: str, blank: bool) -> tuple[str, bool]:
        """Return the text after an omission, and whether a space precedes it."""
        if self.last == " " and words.startswith(" "):
            words = words[1:]
        glued = self.parted and self.last.isalnum() and words[:1].isalnum()
        self.left = self.parted = False
        return words, blank or glued

    def put(self, words: str, blank: bool) -> str:
        if self.left:
            words, blank = self.closed_up(words, blank)
        started = self.seen and not self.breaks
        shared = self.shared()
        self.html += [f"</{tag_of(one)}>" for one in reversed(self.written[shared:])]
        if self.breaks and self.seen:
            self.html.append("<br>" * self.breaks)
        elif blank and started:
            self.html.append(" ")
        opened = [mark.opening for mark in self.marks[shared:]]
        self.html += [*opened, escaped(words)]
        self.written[shared:] = opened
        for mark in self.marks:
            mark.used = True
        broken = "\n" if self.breaks and self.seen else ""
        spaced = f" {words}" if blank and started else broken + words
        self.blank, self.breaks, self.seen = False, 0, True
        self.last = words[-1:]
        return spaced

    def shared(self) -> int:
        """Return how many written tags are still open, from the outside."""
        count = 0
        for mark, written in zip(self.marks, self.written, strict=False):
            if mark.opening != written:
                break
            count += 1
        return count

    def end_line(self) -> None:
        """Add a line break, which counts if text follows."""
        self.breaks += 1
        self.blank = False

    def take(self) -> str:
        """Return the line and start a new one; empty if nothing of it is visible."""
        if not self.seen:
            self.blank, self.breaks = False, 0
            return ""
        html = "".join([*self.html, *(f"</{tag_of(one)}>" for one in reversed(self.written))])
        self.clear()
        return html if is_seen(html) else ""


def is_seen(html: str) -> bool:
    """Return whether anything of a line is visible."""
    return html[:1].isalnum() or EMPTY.fullmatch(inline_html.plain_letters(html)) is None


def escaped(text: str) -> str:
    """Escape text as the sanitiser does."""
    return inline_html.escape(text).replace("\u00a0", "&nbsp;")


def quoted(value: str) -> str:
    return escaped(value).replace('"', "&quot;")


def tag_of(opening: str) -> str:
    return opening[1:].partition(" ")[0].rstrip(">")
