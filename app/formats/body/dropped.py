"""What a reading of HTML or Markdown left out: what, how often, and near which words."""

import re
from dataclasses import dataclass

MOST = 40
"""Sentences at most; a last one then says how many things more there were."""
LONGEST = 60
TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")

SAID = {
    "whole": "The element {name} was left out with what was in it",
    "hidden": "An element {name} that is not shown was left out with what was in it",
    "empty": "The element {name} was left out",
    "element": "The element {name} was taken off, its words kept",
    "attribute": "The attribute {name} was left out",
    "address": "An address of the kind {name} was left out",
    "image": "No image was made of {name}: a story shows images of the house, by their id",
    "turning": "The letter {name} shows letters in another order than they are kept; it stayed",
    "withheld": "A block of the type {name} that is withheld says nothing by itself; it was left out",
    "said": "The words of a block of the type {name} are kept elsewhere; a change of them was left out",
    "id": "The block id {name} can't be one; the block got another",
}


@dataclass
class Note:
    """One kind of thing, where it was met first, and how often."""

    place: int
    times: int = 1


class Dropped:
    """Gathers what is left out while the visible text goes by."""

    def __init__(self) -> None:
        self.notes: dict[tuple[str, str], Note] = {}
        self.text: list[str] = []
        self.length = 0

    def hear(self, text: str) -> None:
        """Visible text, in order."""
        self.text.append(text)
        self.length += len(text)

    def note(self, kind: str, name: str, place: int | None = None) -> None:
        """One thing more, at this place of the visible text, or where it has come to."""
        key = (kind, name if len(name) <= LONGEST else name[: LONGEST - 1] + "…")
        if known := self.notes.get(key):
            known.times += 1
        else:
            self.notes[key] = Note(self.length if place is None else place)

    def forgive(self, other: "Dropped") -> None:
        """Take back what another reading has noted: of what stayed as it is, nothing went."""
        for key, theirs in other.notes.items():
            if ours := self.notes.get(key):
                ours.times -= theirs.times
                if ours.times <= 0:
                    del self.notes[key]

    def sentences(self) -> list[str]:
        """A sentence for each kind of thing, in the order in which they were met."""
        whole = "".join(self.text) if self.notes else ""
        told = [
            SAID[kind].format(name=name) + often(note.times) + near(whole, note.place) + "."
            for (kind, name), note in list(self.notes.items())[:MOST]
        ]
        if more := list(self.notes.values())[MOST:]:
            times = sum(note.times for note in more)
            told.append(f"{len(more):,} kinds of things more were left out, {times:,} in all.")
        return told


def often(times: int) -> str:
    return f", {times:,} times" if times > 1 else ""


def near(whole: str, place: int) -> str:
    """The words that stand there, or those before where none follow."""
    words = (
        whole[place : place + 200].split()[:5] or whole[max(0, place - 200) : place].split()[-5:]
    )
    text = TURNING.sub("", " ".join(words)[:80])
    return f" (near “{text}”)" if text else ""
