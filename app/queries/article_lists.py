"""A page of stories as SQL, in whatever order, by whatever filters, with a plan that stays bounded.

A plain list is one walk along one index (decision 4). Where more than one index has a say, names and
rarity are looked up first: a rare filter's stories are gathered and sorted; else the list's own index
is walked so far, and only where that doesn't fill the page everything is gathered.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import orjson

from app.access.authentication import Caller
from app.db.dialects import Dialect
from app.db.fulltext import FulltextQuery, words_for
from app.models.base import EARLIEST, FOREVER
from app.queries import articles
from app.queries.articles import BY_ARTICLE, Ids, card
from app.queries.selective_filters import (
    MANY,
    SelectiveFilter,
    each_once,
    more_than,
    numbers,
    sides_of,
    stories,
)
from app.queries.visibility import BOUNDARY, HEAD, by_key
from app.request.filters import Filter, Term, Values

WINDOW = 20_000
"""Stories of a list that are looked at for one page, before everything is gathered."""

Built = tuple[str, Values]


@dataclass(frozen=True)
class Match:
    """Words to be found: a place of the search index, and what is asked of it."""

    table: str
    asked: FulltextQuery


@dataclass(frozen=True)
class PagePosition:
    """Where a page begins: behind this story, or, backwards, before it."""

    at: datetime
    id: str
    back: bool = False

    @classmethod
    def of(cls, way: str, at: str, id: str) -> "PagePosition":
        """The place that a cursor says."""
        return cls(datetime.fromisoformat(at), id, way == "b")


Group = SelectiveFilter | Match
"""What can be rare: the stories of one side of the filter, or those with the words."""


@dataclass
class IndexWalk:
    """An index in a list's order, walked with conditions on `a`; `whole`: all that is in it."""

    source: str
    column: str
    id: str
    conditions: list[str]
    whole: str


class Pages:
    """Statements over the stories that a caller's filter means."""

    def __init__(
        self, caller: Caller, dialect: Dialect, wanted: Filter, match: Match | None = None
    ) -> None:
        self.caller, self.dialect, self.wanted, self.match = caller, dialect, wanted, match
        self.words = words_for(dialect)
        self.ids: Ids | None = None
        self.rare: Group | None = None
        self.compared = False
        self.fewest: SelectiveFilter | None = None
        """Of sides that are none of them rare."""
        self.walked: Built | None = None
        self.place: PagePosition | None = None
        """Where the page begins, once that is read."""

    @cached_property
    def plain(self) -> bool:
        """Whether one index gives the list in its order."""
        wanted = self.wanted
        one = [len(term[2]) == 1 and not term[1] for term in (*wanted.terms, *wanted.columns)]
        own = all(name.startswith("published") for name in wanted.times)
        plainly = self.match is None and wanted.states is None and not wanted.source_status
        return plainly and own and all(one) and len(one) < 2 and self.by_time

    @cached_property
    def light(self) -> bool:
        """Whether a page is a few rows in any house, so that the event loop may read it."""
        return self.wanted.ids is not None or (self.plain and not self.wanted.columns)

    @property
    def lasts(self) -> bool:
        """Whether nothing is learnt of the house for the page, so that it may serve another time."""
        return self.plain and self.wanted.count == "none" and not self.wanted.facets

    @property
    def by_time(self) -> bool:
        return self.wanted.order[0] == "published_at"

    @property
    def column(self) -> str:
        return articles.order_column(self.wanted)

    @property
    def groups(self) -> list[Group]:
        """What narrows the list so that it may be rare."""
        return [*sides_of(self.wanted), *([self.match] if self.match else [])]

    def look_up(self) -> tuple[str, Values, list[tuple[str, str]]]:
        """How far the log is, what the names lead to, and whether each group is common."""
        values: Values = {}
        named = articles.names(self.wanted)
        columns = [HEAD, BOUNDARY, *articles.found(self.caller, self.dialect, named, values)]
        columns += more_than([self.scan(group, values) for group in self.groups], values)
        return f"SELECT {', '.join(columns)}", values, named

    def scan(self, group: Group, values: Values) -> str:
        """What a group has in its index, whoever may see it."""
        if isinstance(group, Match):
            values["q"] = self.words.expression(group.asked)
            return f"{self.words.ranks(group.table)} WHERE {self.words.matches(group.table, 'q')}"
        return stories(group, self.wanted, values)

    def learn(self, named: list[tuple[str, str]], row: list[object]) -> list[tuple[str, str]]:
        """Take in what `look_up` found; the names that lead nowhere."""
        kinds = articles.kinds_of(named)
        found = {noun: orjson.loads(str(text)) for noun, text in zip(kinds, row, strict=False)}
        self.ids = {(noun, name): found[noun][name] for noun, name in named}
        common = row[len(kinds) :]
        rare = [group for group, more in zip(self.groups, common, strict=True) if more is None]
        self.rare = rare[0] if rare else None
        return [pair for pair, id in self.ids.items() if id is None]

    @property
    def weighable(self) -> list[SelectiveFilter]:
        """Sides of which the one with the fewest stories is worth knowing, where none is rare. To
        look at a story's words takes longer than at anything else of it."""
        if self.rare or self.compared or self.wanted.ids is not None:
            return []
        sides = sides_of(self.wanted)
        if self.match:
            sides = [side for side in sides if side in self.wanted.terms]
        return sides if len(sides) > 1 else []

    def weigh(self) -> Built:
        """How many stories each of the weighable has, counted up to very many."""
        return numbers(self.wanted, self.weighable, self.ids)

    def weighed(self, counts: Sequence[int]) -> None:
        """Take in what `weigh` found."""
        least, at = min((count, at) for at, count in enumerate(counts))
        self.fewest = self.weighable[at] if least < MANY else None
        self.compared = True

    def by_ids(self) -> Built:
        """The stories that are named, in no order."""
        values: Values = {"ids": self.wanted.ids, "n": len(self.wanted.ids or ())}
        mine = [self.dialect.any_of("a.id", "ids"), *map(by_key, self.conditions(values))]
        return f"{card(self.caller)} {BY_ARTICLE} AND {' AND '.join(mine)} LIMIT :n", values

    def walk(self, n: int, place: PagePosition | None, window: int | None = None) -> Built:
        """A page along the list's own index. `window`: how much of it is looked at."""
        values: Values = {"n": n}
        track = self.track(values)
        down = self.down(place)
        conditions = track.conditions
        if place:
            conditions.append(behind(track.column, track.id, down, values, place))
        if window:
            conditions.append(within(track, down, window, values, place))
        return (
            f"{card(self.caller, track.column)} {track.source} CROSS JOIN card c"
            f" WHERE c.article_id = a.id AND {' AND '.join(conditions)}"
            f" {order(track.column, track.id, down)} LIMIT :n"
        ), values

    def plain_walk(self, place: PagePosition | None) -> Built:
        """The page of a plain list, one story more than its limit: always the same statement."""
        if self.walked is None:
            sql, values = self.walk(self.wanted.limit + 1, place)
            self.walked = sql, self.dialect.driver_values(values)
        return self.walked

    def track(self, values: Values) -> "IndexWalk":
        """The index that is in the list's order: a term's own, or that of all stories."""
        driver = self.driver if self.by_time else None
        conditions = self.conditions(values, but=driver, each=True)
        if driver:
            term = articles.term_condition(driver, 1_000, values, self.ids)
            conditions = ["a.id = t.article_id", f"t.term = {term}", *conditions]
            return IndexWalk(
                "article_term t CROSS JOIN article a", "t.published_at", "t.article_id", conditions,
                f"article_term t WHERE t.term = {term}",
            )  # fmt: skip
        state = "draft" if self.wanted.states == ["draft"] else "published"
        return IndexWalk(
            "article a", self.column, "a.id", conditions, f"article a WHERE a.state = '{state}'"
        )

    def gather(self, n: int, place: PagePosition | None) -> Built:
        """A page of all stories that are meant, found first and then sorted."""
        values: Values = {"n": n}
        source, conditions = self.source(values)
        if place:
            conditions.append(behind(self.column, "a.id", self.down(place), values, place))
        hit = (
            f"SELECT a.id AS id, {self.column} AS at FROM {source} WHERE {' AND '.join(conditions)}"
        )
        by = order("at", "id", self.down(place))
        return (
            f"WITH hit AS MATERIALIZED ({hit}),"
            f" kept AS MATERIALIZED (SELECT id, at FROM hit {by} LIMIT :n)"
            f" {card(self.caller, 'k.at')} kept k CROSS JOIN {BY_ARTICLE} AND a.id = k.id"
            f" {order('k.at', 'k.id', self.down(place))}"
        ), values

    def source(self, values: Values) -> tuple[str, list[str]]:
        """FROM and conditions of the stories that are meant, `a`: those of what is rare first."""
        first = self.rare or self.fewest or next(iter(self.named), None)
        if isinstance(first, Match):
            values["q"] = self.words.expression(first.asked)
            conditions = [self.words.matches(first.table, "q"), *self.conditions(values, but=first)]
            return self.words.source(first.table), conditions
        if first:
            inner = each_once(first, self.wanted, values, self.ids)
            return f"({inner}) t CROSS JOIN article a", [
                "a.id = t.article_id", *self.conditions(values, but=first)
            ]  # fmt: skip
        return "article a", self.conditions(values)

    @property
    def named(self) -> list[Group]:
        """The groups that name what is wanted: other sides are had from the indexes of all stories."""
        return [one for one in self.groups if isinstance(one, Match) or one in self.wanted.terms]

    def conditions(self, values: Values, but: Group | None = None, each: bool = False) -> list[str]:
        """The gate and everything that was asked for, less what a statement is driven by. `each`:
        for stories that are walked one by one."""
        found = [articles.in_state(self.caller, self.wanted)]
        found += articles.column_conditions(self.wanted, values)
        for at, term in enumerate(self.wanted.terms):
            if term is not but:
                condition = articles.term_condition(term, at, values, self.ids)
                found.append(articles.exists(condition, term[1], each))
        if self.match and self.match is not but:
            values["q"] = self.words.expression(self.match.asked)
            found.append(self.words.holds(self.match.table, "a.id", "q"))
        return found

    @property
    def driver(self) -> Term | None:
        """The term whose own index is in the list's order."""
        single = [term for term in self.wanted.terms if not term[1] and len(term[2]) == 1]
        return next((term for term in single if term is self.fewest), next(iter(single), None))

    @property
    def gathers(self) -> bool:
        """Whether some side is known for so few stories that none is looked for along the list."""
        walks = self.by_time and self.driver is self.fewest
        return self.rare is not None or (self.fewest is not None and not walks)

    def down(self, place: PagePosition | None) -> bool:
        return self.wanted.order[1] != (place is not None and place.back)


def order(column: str, id: str, down: bool) -> str:
    way = "DESC" if down else "ASC"
    return f"ORDER BY {column} {way}, {id} {way}"


def behind(column: str, id: str, down: bool, values: Values, place: PagePosition) -> str:
    values |= {"here_at": place.at, "here_id": place.id}
    return f"({column}, {id}) {'<' if down else '>'} (:here_at, :here_id)"


def within(
    track: IndexWalk, down: bool, window: int, values: Values, place: PagePosition | None
) -> str:
    """A condition that a story is among so many of the walked index, from the page on."""
    start = f" AND {behind(track.column, track.id, down, values, place)}" if place else ""
    values |= {"window": window, "furthest": EARLIEST if down else FOREVER}
    bound = (
        f"SELECT {track.column} FROM {track.whole}{start} {order(track.column, track.id, down)}"
        " LIMIT 1 OFFSET :window"
    )
    return f"{track.column} {'>=' if down else '<='} coalesce(({bound}), :furthest)"
