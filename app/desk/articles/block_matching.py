"""Matches the blocks of a new body with those of the old one: by id, else by likeness. Blocks without an id are
matched to old blocks that are equal, then to those with the same text in another form, then to the most alike
of the same type."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from rapidfuzz.distance import Indel

from app.formats import inline_html
from app.models.block import BlockWrite
from app.rendering import blocks

ENOUGH = 0.5
"""The share of words that two blocks have in common, in order, to be one that was edited."""
ENOUGH_LETTERS = 0.75
"""The same of letters, where there are few words."""
FEW = 8
LONGEST = 1_600
"""Letters of a block that are compared."""
REACH = 10
"""How many blocks of a type around its place a block is held against, at least."""
MOST_PAIRS = 10_000
WRITTEN = frozenset(["paragraph", "heading", "quote"])
"""Types between which an editor turns a block without a change of its words."""
LEAST = 12
"""Letters that the same words need to be the same block in another type."""


@dataclass(frozen=True)
class Piece:
    """A block in the form in which blocks are compared: its type, its whole content, its text, and what it
    shows."""

    type: str
    whole: str
    text: str
    shows: frozenset[str] = frozenset()

    @cached_property
    def ends(self) -> str:
        """The text; of a long one its beginning and end."""
        half = LONGEST // 2
        long = len(self.text) > LONGEST
        return f"{self.text[:half]} {self.text[-half:]}" if long else self.text

    @cached_property
    def words(self) -> list[str]:
        """The words that are compared."""
        return self.ends.split()


def pairs(new: Sequence[Piece], old: Sequence[Piece]) -> dict[int, int]:
    """Indices of new pieces with the indices of the old ones that they continue."""
    found: dict[int, int] = {}
    free = dict.fromkeys(range(len(old)))
    for pair in (content_key, words_key):
        waiting = by_key(old, free, pair)
        for at, piece in enumerate(new):
            key = pair(piece)
            if at not in found and key and waiting.get(key):
                found[at] = waiting[key].pop(0)
                del free[found[at]]
    taken: set[int] = set()
    for _, at, place in sorted(candidates(new, old, found, list(free))):
        if at not in found and place not in taken:
            found[at] = place
            taken.add(place)
    return found


Key = Callable[[Piece], str]


def by_key(old: Sequence[Piece], free: dict[int, None], key: Key) -> dict[str, list[int]]:
    """Indices of the free old pieces, by key."""
    waiting: dict[str, list[int]] = defaultdict(list)
    for place in free:
        waiting[key(old[place])].append(place)
    return waiting


def content_key(piece: Piece) -> str:
    """A key that equal pieces share."""
    return f"{piece.type} {piece.whole}"


def words_key(piece: Piece) -> str:
    """The text, if it is long enough to identify a block; else empty."""
    return piece.text if piece.type in WRITTEN and len(piece.text) >= LEAST else ""


def candidates(
    new: Sequence[Piece], old: Sequence[Piece], found: dict[int, int], free: list[int]
) -> Iterator[tuple[tuple[float, float], int, int]]:
    """Pairs of one type that are alike enough: the most alike first, then the nearest."""
    left = [at for at in range(len(new)) if at not in found]
    reach = max(REACH, MOST_PAIRS // max(1, len(left)))
    for type in sorted({new[at].type for at in left}):
        theirs = [place for place in free if old[place].type == type]
        ours = [at for at in left if new[at].type == type]
        for rank, at in enumerate(ours):
            middle = rank * len(theirs) // len(ours)
            for place in theirs[max(0, middle - reach) : middle + reach]:
                if score := likeness(new[at], old[place]):
                    apart = abs(at / len(new) - place / len(old))
                    yield (-score, apart), at, place


def likeness(one: Piece, other: Piece) -> float:
    """How alike two pieces of one type are, from 0 (not enough) to 1."""
    if one.shows or other.shows:
        both = one.shows & other.shows
        return 2 * len(both) / (len(one.shows) + len(other.shows))
    score = Indel.normalized_similarity(one.words, other.words, score_cutoff=ENOUGH)
    if not score and min(len(one.words), len(other.words)) < FEW:
        score = Indel.normalized_similarity(one.ends, other.ends, score_cutoff=ENOUGH_LETTERS)
    return float(score)


SPACES = re.compile(r"\s+")


def with_matched_ids(new: list[BlockWrite], old: list[blocks.Stored]) -> list[BlockWrite]:
    """The new body, with ids of the old blocks that its blocks continue."""
    taken = {block.id for block in new if block.id}
    free = [block for block in old if block["id"] not in taken]
    unnamed = [block for block in new if not block.id]
    if not free or not unnamed:
        return new
    found = pairs([piece(blocks.keep(one)) for one in unnamed], [piece(one) for one in free])
    ids = {id(unnamed[at]): free[place]["id"] for at, place in found.items()}
    return [
        one.model_copy(update={"id": ids[id(one)]}) if id(one) in ids else one for one in new
    ]  # fmt: skip


def piece(kept: blocks.Stored) -> Piece:
    """A block as it is compared with another."""
    rest = {name: value for name, value in kept.items() if name != "id"}
    whole = repr(sorted(rest.items(), key=lambda item: item[0]))
    return Piece(
        kept["type"], SPACES.sub(" ", whole), SPACES.sub(" ", words_in(kept)), shown_in(kept)
    )


def words_in(kept: blocks.Stored) -> str:
    """The text that identifies a block."""
    lines = [kept.get("html") or "", *kept.get("items", [])]
    cells = [cell for row in kept.get("rows", []) for cell in row]
    return " ".join([*map(inline_html.text_of, lines), *cells]).strip()


def shown_in(kept: blocks.Stored) -> frozenset[str]:
    """Return what a block shows besides text: images, files, stories, a notice."""
    single = [kept.get("url"), kept.get("correction")]
    images = [use.get("id") for use in blocks.images_of(kept)]
    return frozenset(one for one in [*single, *images, *kept.get("articles", [])] if one)
