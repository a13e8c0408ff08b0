"""What was left out of HTML or Markdown: what, how often, and near which words.

`Dropped.sentences` returns the warnings of a response: lost text first, then images and links,
then structure, then attributes.
"""

import re
from dataclasses import dataclass

EACH = 20
"""Sentences, or names in a sentence, of one kind at most; then how many more there were."""
LONGEST = 60
LONGEST_QUOTE = 200
"""Characters of words that are quoted because they were left out."""
TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
BLANKS = re.compile(r"\s+")

SAID = {
    # words
    "struck": "Struck words were left out: “{name}”",
    "whole": "The element {name} was left out with what was in it",
    "withheld": "A block of the type {name} that is withheld says nothing by itself; it was left out",
    "said": "The words of a block of the type {name} are kept elsewhere; a change of them was left out",
    "office": "No part of the text, and left out: {name}",
    "strokes": "Letters struck by U+0335 or U+0336 are text and stayed: “{name}”",
    "sheet": "A rule of a style sheet strikes words, and was not understood: {name}",
    "tildes": "The signs ~~ struck no words, and stayed: “{name}”",
    "turning": "The letter {name} shows letters in another order than they are kept; it stayed",
    # pictures and links
    "struck-thing": "A struck {name} was left out",
    "image": "No image was made of {name}: a story shows only stored images, by their id",
    "address": "An address of the kind {name} was left out",
    "fragment": "The link to {name}, a place in the same text, was taken off, its words kept",
    # structure
    "span": "A table cell that spans {name} has its words in the first of them, the others are empty",
    "reduced": "The {name} of a table cell is more than HTML allows; it was reduced",
    "level": "List items deeper than {name} levels were kept at this level",
    "hidden": "An element {name} that is not shown was left out with what was in it",
    "id": "The block id {name} can't be one; the block got another",
    "element": "The element {name} was taken off, its words kept",
    # what no reader misses
    "code": "The element {name} was left out with what was in it",
    "empty": "The element {name} was left out",
    "attribute": "The attribute {name} was left out",
}
"""The sentence of each kind, in the order in which the kinds are told."""
RANK = {kind: place for place, kind in enumerate(SAID)}
TOGETHER = {
    "office": "No part of the text, and left out: {name}",
    "element": "The elements {name} were taken off, their words kept",
    "code": "The elements {name} were left out with what was in them",
    "empty": "The elements {name} were left out",
    "attribute": "The attributes {name} were left out",
}
"""Kinds whose names stand in one sentence."""


@dataclass
class Note:
    """A kind of loss: its first position, and how often it occurred."""

    place: int
    times: int = 1


class Dropped:
    """Collects what is left out, and the visible text around it."""

    def __init__(self) -> None:
        self.notes: dict[tuple[str, str], Note] = {}
        self.text: list[str] = []
        self.length = 0

    def hear(self, text: str) -> None:
        """Add visible text, in order."""
        self.text.append(text)
        self.length += len(text)

    def note(self, kind: str, name: str, place: int | None = None, times: int = 1) -> None:
        """Record a loss at a position of the visible text, by default the present one."""
        key = (kind, shortened(name, LONGEST_QUOTE if kind == "struck" else LONGEST))
        if known := self.notes.get(key):
            known.times += times
        else:
            self.notes[key] = Note(self.length if place is None else place, times)

    def strike(self, words: str, place: int | None = None) -> None:
        """Record struck text that was left out; the warning quotes it."""
        self.note("struck", TURNING.sub("", BLANKS.sub(" ", words).strip()), place)

    def forgive(self, other: "Dropped") -> None:
        """Remove the losses that another reading noted, because its text stays as it is."""
        for key, theirs in other.notes.items():
            if ours := self.notes.get(key):
                ours.times -= theirs.times
                if ours.times <= 0:
                    del self.notes[key]

    def sentences(self) -> list[str]:
        """Return the warnings, grouped by kind, lost text first, each kind in the order of the
        text."""
        whole = "".join(self.text) if self.notes else ""
        kinds: dict[str, dict[str, Note]] = {}
        for (kind, name), note in self.notes.items():
            kinds.setdefault(kind, {})[name] = note
        return [
            sentence
            for kind in sorted(kinds, key=RANK.__getitem__)
            for sentence in (joint_sentence if kind in TOGETHER else separate_sentences)(
                kind, kinds[kind], whole
            )
        ]


def separate_sentences(kind: str, notes: dict[str, Note], whole: str) -> list[str]:
    """Return a sentence for each loss of a kind."""
    told = [
        SAID[kind].format(name=name) + often(note.times) + nearby_words(whole, note.place) + "."
        for name, note in list(notes.items())[:EACH]
    ]
    if more := list(notes.values())[EACH:]:
        times = sum(note.times for note in more)
        told.append(f"The same for {len(more):,} things more, {times:,} times in all.")
    return told


def joint_sentence(kind: str, notes: dict[str, Note], whole: str) -> list[str]:
    """Return one sentence for all losses of a kind."""
    if len(notes) == 1 and kind != "office":
        return separate_sentences(kind, notes, whole)
    names = [name + counted(kind, note.times) for name, note in list(notes.items())[:EACH]]
    if len(notes) > EACH:
        names.append(f"{len(notes) - EACH:,} more")
    first = min(note.place for note in notes.values())
    place = "" if kind == "office" else nearby_words(whole, first)
    return [TOGETHER[kind].format(name=", ".join(names)) + place + "."]


def counted(kind: str, times: int) -> str:
    return f" ({times:,} times)" if times > 1 and kind != "office" else ""


def often(times: int) -> str:
    return f", {times:,} times" if times > 1 else ""


def shortened(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def nearby_words(whole: str, place: int) -> str:
    """Return the words at a position, or those before it at the end."""
    words = (
        whole[place : place + 200].split()[:5] or whole[max(0, place - 200) : place].split()[-5:]
    )
    text = TURNING.sub("", " ".join(words)[:80])
    return f" (near “{text}”)" if text else ""
