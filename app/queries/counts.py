"""How many stories a list has, and how many of what: `count` and `facets`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from app.queries.filter_conditions import order_column
from app.queries.list_plan import ListPlan, Statement, order_by
from app.request.filters import NOUNS, Values

ESTIMATED = 10_000
"""Stories that are counted one by one for an estimate."""
MOST_FACETED = 50_000
"""Stories over which facets are counted; of more they are refused."""
MOST_VALUES = 100
"""Values of a facet: those with the most stories."""
PREFIXES = {"section": "sec_", "tag": "tag_", "source": "src_", "contributor": "con_"}
ALL = "SELECT '' AS facet, '' AS value, count(*) AS n FROM hit"


class Counted(Protocol):
    """A list whose length can be asked for: what it has (`what`), how it is made shorter (`narrow`),
    and the statements."""

    @property
    def what(self) -> str: ...
    @property
    def narrow(self) -> str: ...
    def every(self) -> Statement: ...
    def nearly(self) -> Statement: ...
    def share(self, at: Any, id: str) -> Statement: ...
    def faceted(self, names: Sequence[str]) -> Statement: ...


@dataclass(frozen=True)
class Stories:
    """A list of articles."""

    plan: ListPlan
    what: str = "stories"
    narrow: str = "narrow the list, for example by section, tag or published_from"

    def every(self) -> Statement:
        """The number of articles that are meant."""
        values: Values = {}
        return f"SELECT count(*) FROM {self.found(values)}", values

    def nearly(self) -> Statement:
        """Their number, counted up to a bound along the list; and the position of the last."""
        plan, values = self.plan, Values(most=ESTIMATED)
        descending = plan.filter.order[1]
        if plan.gathers or plan.filter.ids is not None:
            # all of them first, or PostgreSQL would look for them along the order's index
            column = order_column(plan.filter)
            inner = (
                f"WITH whole AS MATERIALIZED (SELECT {column} AS at, a.id AS id FROM"
                f" {self.found(values)})"
                f" SELECT at, id FROM whole {order_by('at', 'id', descending)} LIMIT :most"
            )
        else:
            index = plan.index(values)
            inner = (
                f"SELECT {index.column} AS at, {index.id} AS id FROM {index.source} WHERE"
                f" {' AND '.join(index.conditions)}"
                f" {order_by(index.column, index.id, descending)} LIMIT :most"
            )
        return up_to(inner, descending), values

    def share(self, at: Any, id: str) -> Statement:
        """How many entries the list's index has, and how many of them up to a position."""
        values: Values = {"reached": at, "reached_id": id}
        index = self.plan.index(values)
        rows = f"SELECT count(*) FROM {index.whole}"
        until = until_there(index.column, index.id, self.plan.filter.order[1])
        return f"SELECT ({rows}), ({rows} AND {until})", values

    def faceted(self, names: Sequence[str]) -> Statement:
        """Facets; of more articles than are counted only that there are more."""
        values: Values = {"most": MOST_FACETED + 1}
        return facets(f"{self.found(values)} LIMIT :most", names, "most"), values

    def found(self, values: Values) -> str:
        """FROM and WHERE of the articles that are meant."""
        source, conditions = self.plan.source(values)
        if self.plan.filter.ids is not None:
            values["ids"] = self.plan.filter.ids
            conditions.append(self.plan.dialect.any_of("a.id", "ids"))
        return f"{source} WHERE {' AND '.join(conditions)}"


def up_to(inner: str, descending: bool) -> str:
    """How many these are, and the position of the last in the order; no row for none."""
    last = order_by("x.at", "x.id", not descending)
    return (
        f"WITH hit AS MATERIALIZED ({inner})"
        f" SELECT (SELECT count(*) FROM hit), x.at, x.id FROM hit x {last} LIMIT 1"
    )


def until_there(column: str, id: str, descending: bool) -> str:
    """SQL for "it comes before the position that was reached, or is at it"."""
    return f"({column}, {id}) {'>=' if descending else '<='} (:reached, :reached_id)"


def facets(source: str, names: Sequence[str], most: str = "") -> str:
    """Return SQL for rows of facet, value and number of stories; the facet '' counts all.
    `source`: FROM and WHERE of the stories `a`; `most`: the parameter with the number of
    stories above which no facets are counted."""
    parts = [ALL, *(by_column(name) for name in names if name not in NOUNS)]
    nouns = [name for name in names if name in NOUNS]
    parts += [
        f"SELECT * FROM (SELECT '{noun}' AS facet, x.{NOUNS[noun]} AS value, n FROM term"
        f" JOIN {noun} x ON x.id = term.id ORDER BY n DESC, value LIMIT {MOST_VALUES}) f_{noun}"
        for noun in nouns
    ]
    hit = f"SELECT a.id AS id, a.lang AS lang, a.kind AS kind FROM {source}"
    # by a LIMIT, for SQLite meets each all the same where a condition never holds
    fewer = f"SELECT CASE WHEN count(*) < :{most} THEN count(*) ELSE 0 END FROM hit"
    those = f"(SELECT id FROM hit LIMIT ({fewer}))" if most else "hit"
    terms = f", term AS MATERIALIZED ({terms_of(nouns, those)})" if nouns else ""
    return f"WITH hit AS MATERIALIZED ({hit}){terms} {' UNION ALL '.join(parts)}"


def by_column(name: str) -> str:
    """Rows of a facet that is a column of `hit`."""
    return (
        f"SELECT * FROM (SELECT '{name}' AS facet, {name} AS value, count(*) AS n FROM hit"
        f" WHERE {name} IS NOT NULL GROUP BY {name} ORDER BY n DESC, {name} LIMIT {MOST_VALUES})"
        f" f_{name}"
    )


def terms_of(nouns: Sequence[str], those: str) -> str:
    """SELECT of catalog items by how many of these articles show them."""
    prefixes = ", ".join(f"'{PREFIXES[noun]}'" for noun in nouns)
    return (
        f"SELECT x.term AS id, count(*) AS n FROM {those} h JOIN article_term x ON x.article_id = h.id"
        f" WHERE substr(x.term, 1, 4) IN ({prefixes}) AND x.term NOT LIKE '%:%' GROUP BY x.term"
    )
