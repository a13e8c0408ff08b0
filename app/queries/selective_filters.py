"""The sides of a filter: what of it has an index of its own, and so may be found first if it is rare.

What is found by one side is held against the whole filter all the same.
"""

from collections.abc import Sequence
from typing import Literal

from app.models.card import State
from app.queries.articles import Ids, among, corrected, of_column, term_condition
from app.request.filters import COLUMNS, NOUNS, Filter, Term, Values

RARE = 2_000
"""Stories that are gathered and sorted rather than looked for along the list."""
MANY = 200_000
"""Stories up to which sides are held against each other."""

SelectiveFilter = Term | Literal["corrected", "source_status"]


def sides_of(wanted: Filter) -> list[SelectiveFilter]:
    """What narrows a list of stories, but for words."""
    terms = [term for term in (*wanted.terms, *wanted.columns) if not term[1]]
    found: list[SelectiveFilter] = [term for term in terms if term[0] in (*NOUNS, *COLUMNS)]
    if any(name.startswith("corrected") for name in wanted.times):
        found.append("corrected")
    if wanted.source_status:
        found.append("source_status")
    return found


def stories(side: SelectiveFilter, wanted: Filter, values: Values, ids: Ids | None = None) -> str:
    """SQL for the ids of a side's stories as `article_id`, whoever may see them; one may be there
    twice. `ids`: what names lead to."""
    if side == "corrected":
        return f"SELECT s.article_id FROM correction s WHERE {corrected(wanted, 's', values)}"
    if side == "source_status":
        statuses = ", ".join(f"'{one}'" for one in wanted.source_status or ())
        open = f"s.reviewed_at IS NULL AND s.status IN ({statuses})"
        return f"SELECT s.article_id FROM source_flag s WHERE {open}"
    if side[0] in NOUNS:
        terms = among(term_condition(side, 1_000 + wanted.terms.index(side), values, ids))
        return f"SELECT s.article_id FROM article_term s WHERE s.term {terms}"
    at = wanted.columns.index(side)
    states = ", ".join(f"'{one}'" for one in stored(wanted.states))
    inside = of_column(side, at, values, "s")
    return f"SELECT s.id AS article_id FROM article s WHERE s.state IN ({states}) AND {inside}"


def each_once(side: SelectiveFilter, wanted: Filter, values: Values, ids: Ids | None = None) -> str:
    """The same, none of them twice."""
    found = stories(side, wanted, values, ids)
    if side[0] in COLUMNS or (side[0] in NOUNS and len(side[2]) == 1):
        return found
    # of an expression, or SQLite would go along all stories so as to meet each once
    return found.replace("s.article_id", "DISTINCT s.article_id || '' AS article_id", 1)


def stored(states: Sequence[str] | None) -> list[str]:
    """What is written of stories in these states; what the clock says of them is not."""
    own = (State.draft, State.unpublished)
    return sorted({str(one) if one in own else "published" for one in states or ["published"]})


def more_than(scans: Sequence[str], values: Values) -> list[str]:
    """Columns: 1 for each that has more rows than a rare one has."""
    if scans:
        values["rare"] = RARE
    return [f"(SELECT 1 FROM ({scan} LIMIT 1 OFFSET :rare) x{at})" for at, scan in enumerate(scans)]


def numbers(
    wanted: Filter, sides: Sequence[SelectiveFilter], ids: Ids | None
) -> tuple[str, Values]:
    """How many stories each of these sides has, counted up to a bound."""
    values: Values = {"many": MANY}
    columns = [
        f"(SELECT count(*) FROM ({stories(side, wanted, values, ids)} LIMIT :many) x{at})"
        for at, side in enumerate(sides)
    ]
    return f"SELECT {', '.join(columns)}", values
