"""How many stories a list has, and how many of what: `count` and `facets`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from app.queries.article_lists import Built, Pages, order
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
    def every(self) -> Built: ...
    def nearly(self) -> Built: ...
    def share(self, at: Any, id: str) -> Built: ...
    def faceted(self, names: Sequence[str]) -> Built: ...


@dataclass(frozen=True)
class Stories:
    """A list of stories."""

    pages: Pages
    what: str = "stories"
    narrow: str = "narrow the list, for example by section, tag or published_from"

    def every(self) -> Built:
        return every(self.pages)

    def nearly(self) -> Built:
        return nearly(self.pages)

    def share(self, at: Any, id: str) -> Built:
        return share(self.pages, at, id)

    def faceted(self, names: Sequence[str]) -> Built:
        return of_list(self.pages, names)


def every(pages: Pages) -> Built:
    """The number of stories that are meant."""
    values: Values = {}
    return f"SELECT count(*) FROM {found(pages, values)}", values


def nearly(pages: Pages) -> Built:
    """The number of stories, counted up to a bound along the list; and the place of the last."""
    values: Values = {"most": ESTIMATED}
    down = pages.wanted.order[1]
    if pages.gathers or pages.wanted.ids is not None:
        # all of them first, or PostgreSQL would rather look for them along the order's index
        whole = f"SELECT {pages.column} AS at, a.id AS id FROM {found(pages, values)}"
        inner = (
            f"WITH whole AS MATERIALIZED ({whole})"
            f" SELECT at, id FROM whole {order('at', 'id', down)} LIMIT :most"
        )
    else:
        track = pages.track(values)
        inner = (
            f"SELECT {track.column} AS at, {track.id} AS id FROM {track.source} WHERE"
            f" {' AND '.join(track.conditions)} {order(track.column, track.id, down)} LIMIT :most"
        )
    return up_to(inner, down), values


def up_to(inner: str, down: bool) -> str:
    """How many these are, and the place of the one that is last in the order; no row for none."""
    last = order("x.at", "x.id", not down)
    return (
        f"WITH hit AS MATERIALIZED ({inner})"
        f" SELECT (SELECT count(*) FROM hit), x.at, x.id FROM hit x {last} LIMIT 1"
    )


def share(pages: Pages, at: Any, id: str) -> Built:
    """How many rows the list's index has, and how many of them until there."""
    values: Values = {"reached": at, "reached_id": id}
    track = pages.track(values)
    rows = f"SELECT count(*) FROM {track.whole}"
    until = until_there(track.column, track.id, pages.wanted.order[1])
    return f"SELECT ({rows}), ({rows} AND {until})", values


def until_there(column: str, id: str, down: bool) -> str:
    """SQL for what lies before the place that was reached, or at it."""
    return f"({column}, {id}) {'>=' if down else '<='} (:reached, :reached_id)"


def found(pages: Pages, values: Values) -> str:
    source, conditions = pages.source(values)
    if pages.wanted.ids is not None:
        values["ids"] = pages.wanted.ids
        conditions.append(pages.dialect.any_of("a.id", "ids"))
    return f"{source} WHERE {' AND '.join(conditions)}"


def of_list(pages: Pages, names: Sequence[str]) -> Built:
    """Facets of a list; of more stories than are counted nothing but that they are more."""
    values: Values = {"most": MOST_FACETED + 1}
    return facets(f"{found(pages, values)} LIMIT :most", names, "most"), values


def facets(source: str, names: Sequence[str], most: str = "") -> str:
    """Rows of facet, value and number of stories; the facet '' counts them all. `source`: FROM and
    WHERE of the stories, `a`; `most`: a parameter, of so many stories no nouns are counted."""
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
    prefixes = ", ".join(f"'{PREFIXES[noun]}'" for noun in nouns)
    return (
        f"SELECT x.term AS id, count(*) AS n FROM {those} h JOIN article_term x ON x.article_id = h.id"
        f" WHERE substr(x.term, 1, 4) IN ({prefixes}) AND x.term NOT LIKE '%:%' GROUP BY x.term"
    )
