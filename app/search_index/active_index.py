"""The index that questions are put to: which of the two it is, its analyser, and what a process knows
of its counts."""

import time
from bisect import bisect_left, bisect_right
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from app.config import Settings
from app.db.database import MOST_SECONDS, Reader, Rows
from app.db.fulltext import FIELDS
from app.errors import BadRequest, SearchUnavailable
from app.language import learned_lexicons
from app.language.analyzer import Analyser
from app.queries.list_plan import Match, Statement
from app.queries.search import LEXICON, MOST_COUNTED, STATE, TABLES, Search
from app.request import search_words
from app.request.search_words import Question

KEPT = 60.0
"""Seconds that a process goes by the same counts; they move the order, never what is found."""
MOST_QUESTIONS = 500
MOST_TERMS = 20_000
"""Terms whose counts a process remembers."""
RECENT = 1_000
"""The newest entries, by which the count of a very common term is estimated."""
ReadRows = Callable[[Statement], Awaitable[Any]]
"""Runs a statement at the time of a request."""


@dataclass
class Index:
    """The index table in use, and its analyser."""

    place: int
    analyser: Analyser
    mark: str
    """As `queries.search.MARK` tells it."""

    questions: dict[tuple[str, Sequence[str]], Question | str] = field(
        default_factory=dict, compare=False
    )

    def read(self, text: str, fields: Sequence[str]) -> Question | str:
        """Return the analysed query, or the error in it; recent queries are cached."""
        name = text, fields
        if name not in self.questions:
            if len(self.questions) >= MOST_QUESTIONS:
                self.questions.clear()
            self.questions[name] = search_words.read(text, fields, self.analyser)
        return self.questions[name]


@dataclass
class Counts:
    """What a process knows of an index for a minute: its size, the ranks of some entries of all
    times, how many terms entries have by field, and how many entries have a term."""

    until: float = 0.0
    entries: int = 0
    ranks: Sequence[int] = ()
    lengths: tuple[float, float, float] = (8.0, 30.0, 300.0)
    having: dict[str, int] = field(default_factory=dict)

    def due(self) -> bool:
        """Return whether this request should refresh the counts; others use the old ones
        meanwhile."""
        now = time.monotonic()
        if now <= self.until:
            return False
        if self.entries:
            self.until = now + MOST_SECONDS
        return True

    def learn(self, rows: Rows) -> None:
        """Take rows of `Search.spread` in."""
        self.until, self.having = time.monotonic() + KEPT, {}
        self.entries = rows[0][0] if rows else 0
        self.ranks = [row[1] for row in rows]
        title, summary, body = (
            sum(row[at] for row in rows) / max(len(rows), 1) or 1.0 for at in (2, 3, 4)
        )
        self.lengths = title, summary, body

    def reach(self, size: int, start: int | None = None, up: bool = False) -> int | None:
        """A rank about so many entries behind another, or behind the newest; None: that is all."""
        step = size * len(self.ranks) // max(self.entries, 1) + 2
        if up:
            at = (0 if start is None else bisect_left(self.ranks, start)) + step
        else:
            at = (len(self.ranks) if start is None else bisect_right(self.ranks, start)) - step
        return self.ranks[at] if 0 <= at < len(self.ranks) else None


class TermCounts:
    """How many entries of an index have each term of a question, for plans and for BM25's weights."""

    def __init__(self, index: Counts, terms: Sequence[str]) -> None:
        self.index, self.terms = index, terms
        self.counts: dict[str, int] = {}

    async def read(self, search: Search, rows: ReadRows) -> None:
        """Read the counts that this process doesn't know; it asks for each term once a minute."""
        index = self.index
        if index.due():
            index.learn(await rows(search.spread()))
        if len(index.having) > MOST_TERMS:
            index.having = {}
        self.counts = {term: index.having[term] for term in self.terms if term in index.having}
        if missing := [term for term in self.terms if term not in self.counts]:
            found = await self.counted(missing, search, rows)
            index.having |= found
            self.counts |= found

    async def counted(self, terms: Sequence[str], search: Search, rows: ReadRows) -> dict[str, int]:
        """The counts of these terms; of very common ones an estimate by the newest entries."""
        [row] = await rows(search.having(terms))
        found: dict[str, int] = dict(zip(terms, row, strict=True))
        if common := [term for term, count in found.items() if count >= MOST_COUNTED]:
            [row] = await rows(search.having(common, self.index.reach(RECENT)))
            for term, count in zip(common, row, strict=True):
                share = min(max(count, 1) / RECENT, 1)
                found[term] = max(MOST_COUNTED, int(self.index.entries * share))
        return found

    def of(self, term: str) -> int:
        """The count of a term, 0 before it is read."""
        return self.counts.get(term, 0)

    def rarest(self, terms: Sequence[str]) -> int:
        """The count of the rarest of some terms: no more entries have them all."""
        return min(map(self.of, terms), default=0)


COUNTS: dict[tuple[str, str], Counts] = {}
INDEXES: dict[tuple[str, str], Index] = {}
"""The index that was last used, by the database and own spellings."""


def house(settings: Settings) -> tuple[str, str]:
    """What tells the indexes of a process apart: the database, and the spellings of the
    settings."""
    return settings.database_url, settings.own_spellings


def last(settings: Settings) -> Index | None:
    """The index that was last asked; it may have been exchanged since."""
    return INDEXES.get(house(settings))


def counts(settings: Settings, index: Index) -> Counts:
    """What this process knows of an index."""
    return COUNTS.setdefault((settings.database_url, index.analyser.version), Counts())


async def active(reader: Reader, settings: Settings) -> Index:
    """The active index. Raises SearchUnavailable where it is not of this release's analysis."""
    [row] = await reader.rows(STATE, {})
    known = last(settings)
    if known is not None and known.mark == mark_of(row):
        return known
    index = await index_of(reader, settings, row)
    if row[1] and row[1] != index.analyser.version:
        raise SearchUnavailable()
    INDEXES[house(settings)] = index
    return index


def mark_of(row: Sequence[Any]) -> str:
    """As `queries.search.MARK` computes it, of a row of `queries.search.STATE`."""
    return f"{row[0]} {row[1]} {row[2]}"


async def index_of(reader: Reader, settings: Settings, row: Sequence[Any]) -> Index:
    """The index that a row of `queries.search.STATE` names, with its analyser."""
    place, _, lexicon, _ = row
    spellings, words = settings.own_spellings, b""
    if lexicon and not learned_lexicons.known(lexicon, spellings):
        [[words]] = await reader.rows(LEXICON, {"id": lexicon})
    analyser = learned_lexicons.analyser(lexicon, spellings, lambda: words)
    return Index(place, analyser, mark_of(row))


async def condition(reader: Reader, settings: Settings) -> Literal["ok", "making", "mismatch"]:
    """The state of the search index, as `/readyz` reports it."""
    [row] = await reader.rows(STATE, {})
    _, version, _, making = row
    if version and version != (await index_of(reader, settings, row)).analyser.version:
        return "mismatch"
    return "making" if making else "ok"


async def read_words(reader: Reader, settings: Settings, q: str) -> Match:
    """Return the condition by which `q` narrows a list: every word, as in search."""
    index = await active(reader, settings)
    question = search_words.read(q, FIELDS, index.analyser)
    if isinstance(question, str):
        raise BadRequest.at("q", question)
    return Match(TABLES[index.place], question.query())
