"""How many stories a list has, and how many of what: `count` and `facets`."""

from collections.abc import Sequence
from datetime import datetime

from app.queries.grammar import NOUNS, Values
from app.queries.pages import Built, Pages, order

ESTIMATED = 10_000
"""Stories that are counted one by one for an estimate."""
MOST_FACETED = 50_000
"""Stories over which facets are counted; of more they are refused."""
MOST_VALUES = 100
"""Values of a facet: those with the most stories."""
PREFIXES = {"section": "sec_", "tag": "tag_", "source": "src_", "contributor": "con_"}


def every(pages: Pages) -> Built:
    """The number of stories that are meant."""
    values: Values = {}
    return f"SELECT count(*) FROM {found(pages, values)}", values


def nearly(pages: Pages) -> Built:
    """The number of stories, counted up to a bound along the list; and where that was reached."""
    values: Values = {"most": ESTIMATED}
    down = pages.wanted.order[1]
    if pages.rare or pages.wanted.ids is not None:
        inner = f"SELECT {pages.column} AS at FROM {found(pages, values)} LIMIT :most"
    else:
        track = pages.track(values)
        inner = (
            f"SELECT {track.column} AS at FROM {track.source} WHERE"
            f" {' AND '.join(track.conditions)} {order(track.column, track.id, down)} LIMIT :most"
        )
    return f"SELECT count(*), {'min' if down else 'max'}(at) FROM ({inner}) x", values


def share(pages: Pages, reached: datetime) -> Built:
    """How many rows the list's index has, and how many of them until there."""
    values: Values = {"reached": reached}
    track = pages.track(values)
    rows = f"SELECT count(*) FROM {track.whole}"
    until = f"{track.column} {'>=' if pages.wanted.order[1] else '<='} :reached"
    return f"SELECT ({rows}), ({rows} AND {until})", values


def found(pages: Pages, values: Values) -> str:
    source, conditions = pages.source(values)
    if pages.wanted.ids is not None:
        values["ids"] = pages.wanted.ids
        conditions.append(pages.dialect.any_of("a.id", "ids"))
    return f"{source} WHERE {' AND '.join(conditions)}"


def of_list(pages: Pages, names: Sequence[str]) -> Built:
    """Facets of a list; of more stories than are counted nothing but that they are more."""
    values: Values = {"most": MOST_FACETED + 1}
    return facets(f"{found(pages, values)} LIMIT :most", names), values


def facets(source: str, names: Sequence[str]) -> str:
    """Rows of facet, value and number of stories; the facet '' counts them all. `source`: FROM and
    WHERE of the stories, `a`."""
    parts = ["SELECT '' AS facet, '' AS value, count(*) AS n FROM hit"]
    for name in names:
        most = f"GROUP BY {name} ORDER BY n DESC, {name} LIMIT {MOST_VALUES}"
        if name not in NOUNS:
            parts.append(f"SELECT * FROM (SELECT '{name}' AS facet, {name}, count(*) AS n FROM hit"
                         f" {most}) f_{name}")  # fmt: skip
    nouns = [name for name in names if name in NOUNS]
    parts += [
        f"SELECT * FROM (SELECT '{noun}' AS facet, x.{NOUNS[noun]} AS value, n FROM term"
        f" JOIN {noun} x ON x.id = term.id ORDER BY n DESC, value LIMIT {MOST_VALUES}) f_{noun}"
        for noun in nouns
    ]
    hit = f"SELECT a.id AS id, a.lang AS lang, a.kind AS kind FROM {source}"
    terms = f", term AS MATERIALIZED ({terms_of(nouns)})" if nouns else ""
    return f"WITH hit AS MATERIALIZED ({hit}){terms} {' UNION ALL '.join(parts)}"


def terms_of(nouns: Sequence[str]) -> str:
    prefixes = ", ".join(f"'{PREFIXES[noun]}'" for noun in nouns)
    return (
        "SELECT x.term AS id, count(*) AS n FROM hit JOIN article_term x ON x.article_id = hit.id"
        f" WHERE substr(x.term, 1, 4) IN ({prefixes}) AND x.term NOT LIKE '%:%' GROUP BY x.term"
    )
