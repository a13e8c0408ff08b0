"""A page of articles: choose a plan, then write its statement.

| Plan | For | Statement |
|---|---|---|
| walk | a plain list: newest or oldest first, one filter at most | one index from the page's position on |
| by key | `ids` | look-ups by primary key |
| gather | lists where `look_up` finds a filter that few articles meet | those articles, sorted |
| bounded walk | every other list | the index of the order, `WINDOW` entries; then gather if they don't fill the page |

So no page costs more than a bound. Reasons and measurements: docs/decisions/0020-plans-of-lists.md.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import orjson

from app.access.authentication import Caller
from app.db.database import Reader, Rows
from app.db.dialects import Dialect
from app.db.fulltext import FulltextQuery, words_for
from app.models.base import EARLIEST, FOREVER, from_column
from app.queries import catalog_names
from app.queries import filter_conditions as conditions
from app.queries.articles import BY_ARTICLE, card
from app.queries.catalog_names import Ids, Name
from app.queries.filter_conditions import (
    SelectiveFilter,
    article_ids,
    distinct_article_ids,
    selective_filters,
)
from app.queries.log_position import LogPosition
from app.queries.visibility import BOUNDARY, HEAD, by_key
from app.request.filters import Filter, Term, Values

RARE = 2_000
"""A filter is rare if no more articles meet it: they are gathered and sorted."""
WINDOW = 20_000
"""Entries of the order's index that are read for one page before everything is gathered."""
MOST_COMPARED = 200_000
"""Articles up to which the filters of a list are compared by how many meet them."""

Statement = tuple[str, Values]
"""SQL with `:name` parameters, and their values but for `now`."""


@dataclass(frozen=True)
class Match:
    """Words that articles must have: a table of the search index, and the full-text query."""

    table: str
    query: FulltextQuery


@dataclass(frozen=True)
class PagePosition:
    """Where a page begins: after an article, or, `back`, before it. `at`: its value of the order."""

    at: datetime
    id: str
    back: bool = False

    @classmethod
    def of(cls, direction: str, at: str, id: str) -> "PagePosition":
        """The position that a cursor names: "f" or "b", time, id."""
        return cls(datetime.fromisoformat(at), id, direction == "b")


Part = SelectiveFilter | Match
"""A part of what a list is narrowed by that may be rare."""


@dataclass
class IndexWalk:
    """An index in a list's order: FROM, its columns of order and id, conditions on `a`. `whole`: FROM
    and WHERE of everything in it."""

    source: str
    column: str
    id: str
    conditions: list[str]
    whole: str


class ListPlan:
    """The articles that a filter means to a caller: what is known of them, and the statements."""

    def __init__(
        self, caller: Caller, dialect: Dialect, filter: Filter, match: Match | None = None,
        position: PagePosition | None = None,
    ) -> None:  # fmt: skip
        self.caller, self.dialect, self.filter, self.match = caller, dialect, filter, match
        self.position = position
        self.descending = filter.order[1] != (position is not None and position.back)
        self.fulltext = words_for(dialect)
        self.ids: Ids | None = None
        """Ids of the names in the filter, after `look_up`."""
        self.rare: Part | None = None
        """A part that few articles meet, after `look_up`."""
        self.fewest: SelectiveFilter | None = None
        """The part that the fewest articles meet where none is rare, after `compare`."""
        self.compared = False
        self.walked: Statement | None = None

    # Choose.

    @cached_property
    def is_plain(self) -> bool:
        """Whether one index gives the list in its order."""
        filter = self.filter
        single = [len(term[2]) == 1 and not term[1] for term in (*filter.terms, *filter.columns)]
        own_times = all(name.startswith("published") for name in filter.times)
        plainly = self.match is None and filter.states is None and not filter.source_status
        return plainly and own_times and all(single) and len(single) < 2 and self.by_publication

    @cached_property
    def is_light(self) -> bool:
        """Whether a page reads few rows in any database, so that the event loop may read it."""
        return self.filter.ids is not None or (self.is_plain and not self.filter.columns)

    @property
    def is_reusable(self) -> bool:
        """Whether the plan depends on the query alone, so that it serves the same query again."""
        return self.is_plain and self.filter.count == "none" and not self.filter.facets

    @property
    def by_publication(self) -> bool:
        """Whether the list is sorted by `published_at`."""
        return self.filter.order[0] == "published_at"

    @property
    def gathers(self) -> bool:
        """Whether some part is known to be met by so few articles that it is gathered."""
        walks = self.by_publication and self.walk_term is self.fewest
        return self.rare is not None or (self.fewest is not None and not walks)

    async def page(self, reader: Reader, now: datetime) -> Rows:
        """Rows of `articles.card`, one more than the filter's limit where more follow. Lists that are
        not plain need `look_up` first."""
        if self.filter.ids is not None:
            found = await self.run(reader, self.by_ids(), now)
            places = {id: place for place, id in enumerate(self.filter.ids)}
            return sorted(found, key=lambda row: places[row[4]])
        if self.is_plain:
            return await self.run(reader, self.plain_walk(), now)
        if not self.rare:
            found = await self.run(reader, self.walk(WINDOW), now)
            if len(found) > self.filter.limit:
                return found
            await self.compare(reader, now)
        return await self.run(reader, self.gather(), now)

    async def run(self, reader: Reader, statement: Statement, now: datetime) -> Rows:
        """Rows of a statement at the time of a request."""
        sql, values = statement
        return await reader.rows(sql, values | {"now": now}, light=self.is_light)

    async def look_up(self, reader: Reader, now: datetime) -> tuple[list[Name], LogPosition]:
        """Look up the ids of names, and whether a part is rare: one statement. Returns the names that
        the caller knows no item by, and the position of the change log."""
        names, parts = catalog_names.names_in(self.filter), self.parts
        values: Values = {"rare": RARE} if parts else {}
        columns = [HEAD, BOUNDARY]
        columns += catalog_names.id_columns(self.caller, self.dialect, names, values)
        columns += [
            f"(SELECT 1 FROM ({self.entries(part, values)} LIMIT 1 OFFSET :rare) x{at})"
            for at, part in enumerate(parts)
        ]
        sql = f"SELECT {', '.join(columns)}"
        [[head, boundary, *row]] = await reader.rows(sql, values | {"now": now}, light=False)
        kinds = catalog_names.kinds_of(names)
        found = {kind: orjson.loads(str(text)) for kind, text in zip(kinds, row, strict=False)}
        self.ids = {(kind, name): found[kind][name] for kind, name in names}
        common = zip(parts, row[len(kinds) :], strict=True)
        self.rare = next((part for part, more in common if more is None), None)
        unknown = [name for name, id in self.ids.items() if id is None]
        return unknown, (head, from_column(boundary))

    @property
    def parts(self) -> list[Part]:
        """What narrows the list and may be rare: parts of the filter, and the words."""
        return [*selective_filters(self.filter), *([self.match] if self.match else [])]

    def entries(self, part: Part, values: Values) -> str:
        """SELECT of what an index has of a part, whoever may see it."""
        if isinstance(part, Match):
            values["q"] = self.fulltext.expression(part.query)
            return (
                f"{self.fulltext.ranks(part.table)} WHERE {self.fulltext.matches(part.table, 'q')}"
            )
        return article_ids(part, self.filter, values)

    async def compare(self, reader: Reader, now: datetime) -> None:
        """Find out which part the fewest articles meet, where none is rare. Beside words only terms are
        compared: reading an article's words takes longer than testing any other condition."""
        parts = selective_filters(self.filter)
        if self.match:
            parts = [part for part in parts if part in self.filter.terms]
        if self.rare or self.compared or self.filter.ids is not None or len(parts) < 2:
            return
        values: Values = {"most": MOST_COMPARED}
        columns = [
            f"(SELECT count(*) FROM ({article_ids(part, self.filter, values, self.ids)} LIMIT :most) x{at})"
            for at, part in enumerate(parts)
        ]
        [counts] = await self.run(reader, (f"SELECT {', '.join(columns)}", values), now)
        least, at = min((count, at) for at, count in enumerate(counts))
        self.fewest = parts[at] if least < MOST_COMPARED else None
        self.compared = True

    # Write the statement.

    def by_ids(self) -> Statement:
        """The articles with these ids, in no order."""
        values: Values = {"ids": self.filter.ids, "n": len(self.filter.ids or ())}
        mine = [self.dialect.any_of("a.id", "ids"), *map(by_key, self.conditions(values))]
        return f"{card(self.caller)} {BY_ARTICLE} AND {' AND '.join(mine)} LIMIT :n", values

    def plain_walk(self) -> Statement:
        """The page of a plain list: the same statement each time, with its values as drivers take them."""
        if self.walked is None:
            sql, values = self.walk()
            self.walked = sql, self.dialect.driver_values(values)
        return self.walked

    def walk(self, window: int | None = None) -> Statement:
        """A page along the index of the order. `window`: so many of its entries at most."""
        values: Values = {"n": self.filter.limit + 1}
        index = self.index(values)
        if self.position:
            index.conditions.append(self.after_position(index.column, index.id, values))
        if window:
            index.conditions.append(self.within(window, index, values))
        return (
            f"{card(self.caller, index.column)} {index.source} CROSS JOIN card c"
            f" WHERE c.article_id = a.id AND {' AND '.join(index.conditions)}"
            f" {order_by(index.column, index.id, self.descending)} LIMIT :n"
        ), values

    def gather(self) -> Statement:
        """A page of all articles that are meant, found first and then sorted."""
        values: Values = {"n": self.filter.limit + 1}
        source, meant = self.source(values)
        column, descending = conditions.order_column(self.filter), self.descending
        if self.position:
            meant.append(self.after_position(column, "a.id", values))
        hit = f"SELECT a.id AS id, {column} AS at FROM {source} WHERE {' AND '.join(meant)}"
        return (
            f"WITH hit AS MATERIALIZED ({hit}), kept AS MATERIALIZED"
            f" (SELECT id, at FROM hit {order_by('at', 'id', descending)} LIMIT :n)"
            f" {card(self.caller, 'k.at')} kept k CROSS JOIN {BY_ARTICLE} AND a.id = k.id"
            f" {order_by('k.at', 'k.id', descending)}"
        ), values

    def index(self, values: Values) -> IndexWalk:
        """The index that is in the list's order: a term's own, or that of all articles."""
        term = self.walk_term if self.by_publication else None
        meant = self.conditions(values, without=term, each=True)
        if term:
            entry = f"t.term {conditions.term_ids(term, 1_000, values, self.ids)}"
            return IndexWalk(
                "article_term t CROSS JOIN article a", "t.published_at", "t.article_id",
                ["a.id = t.article_id", entry, *meant], f"article_term t WHERE {entry}",
            )  # fmt: skip
        state = "draft" if self.filter.states == ["draft"] else "published"
        whole = f"article a WHERE a.state = '{state}'"
        return IndexWalk("article a", conditions.order_column(self.filter), "a.id", meant, whole)

    @property
    def walk_term(self) -> Term | None:
        """The term along whose index the list is walked."""
        single = [term for term in self.filter.terms if not term[1] and len(term[2]) == 1]
        return next((term for term in single if term is self.fewest), next(iter(single), None))

    def source(self, values: Values) -> tuple[str, list[str]]:
        """FROM and conditions of the articles `a` that are meant, those of the rarest part first."""
        terms = [
            part for part in self.parts if isinstance(part, Match) or part in self.filter.terms
        ]
        first = self.rare or self.fewest or next(iter(terms), None)
        meant = self.conditions(values, without=first)
        if isinstance(first, Match):
            values["q"] = self.fulltext.expression(first.query)
            matches = self.fulltext.matches(first.table, "q")
            return self.fulltext.source(first.table), [matches, *meant]
        if first:
            ids = distinct_article_ids(first, self.filter, values, self.ids)
            return f"({ids}) t CROSS JOIN article a", ["a.id = t.article_id", *meant]
        return "article a", meant

    def conditions(
        self, values: Values, without: Part | None = None, each: bool = False
    ) -> list[str]:
        """The visibility condition and the whole filter, without the part that a statement begins with.
        `each`: for articles that are tested one by one."""
        found = [conditions.in_state(self.caller, self.filter)]
        found += conditions.column_conditions(self.filter, values)
        for at, term in enumerate(self.filter.terms):
            if term is not without:
                ids = conditions.term_ids(term, at, values, self.ids)
                found.append(conditions.has_term(ids, term[1], each))
        if self.match and self.match is not without:
            values["q"] = self.fulltext.expression(self.match.query)
            found.append(self.fulltext.holds(self.match.table, "a.id", "q"))
        return found

    def after_position(self, column: str, id: str, values: Values) -> str:
        """SQL for "it comes after the page's position"."""
        assert self.position is not None
        values |= {"here_at": self.position.at, "here_id": self.position.id}
        return f"({column}, {id}) {'<' if self.descending else '>'} (:here_at, :here_id)"

    def within(self, window: int, index: IndexWalk, values: Values) -> str:
        """SQL for "it is among so many entries of the index, from the page's position on"."""
        start = ""
        if self.position:
            start = f" AND {self.after_position(index.column, index.id, values)}"
        values |= {"window": window, "furthest": EARLIEST if self.descending else FOREVER}
        bound = (
            f"SELECT {index.column} FROM {index.whole}{start}"
            f" {order_by(index.column, index.id, self.descending)} LIMIT 1 OFFSET :window"
        )
        return f"{index.column} {'>=' if self.descending else '<='} coalesce(({bound}), :furthest)"


def order_by(column: str, id: str, descending: bool) -> str:
    """ORDER BY a column, and the id among equals."""
    way = "DESC" if descending else "ASC"
    return f"ORDER BY {column} {way}, {id} {way}"
