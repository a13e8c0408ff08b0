"""SQL for what a list's filter means: conditions on an article `a`, and the articles of one part of it.

Functions add the parameters of their SQL to `values`.
"""

from collections.abc import Sequence
from typing import Literal

from app.access.authentication import Caller
from app.errors import Forbidden
from app.models.card import State
from app.queries.catalog_names import Ids, id_by_name
from app.queries.visibility import out_now
from app.request.filters import COLUMNS, NOUNS, TIMES, Filter, Term, Values

SelectiveFilter = Term | Literal["corrected", "source_status"]
"""A part of a filter that has an index of its own, so that its articles can be found first."""


def matching(filter: Filter, values: Values) -> list[str]:
    """Conditions for everything in a filter but states, ids, words and the position of the page."""
    terms = [
        has_term(term_ids(term, at, values), excluded=term[1])
        for at, term in enumerate(filter.terms)
    ]
    return [*column_conditions(filter, values), *terms]


def in_state(caller: Caller, filter: Filter) -> str:
    """Return the visibility condition of a list: published stories, unless an editor asks for
    other states. Raises Forbidden for other callers who do."""
    if only_published(filter):
        return out_now(caller)
    if caller.sees != "all":
        raise Forbidden("States other than published are for editors' keys.")
    return f"({' OR '.join(state_condition(one) for one in filter.states or ())})"


def only_published(filter: Filter) -> bool:
    """Whether a list has only articles that are published now."""
    return filter.states is None or filter.states == ["published"]


def state_condition(state: str) -> str:
    """SQL for one state by the clock, as `visibility.state_now` computes it, written so that an index
    finds it."""
    if state in (State.draft, State.unpublished):
        return f"a.state = '{state}'"
    clock = {
        State.expired: "a.live_to <= :now",
        State.scheduled: "a.live_to > :now AND a.live_from > :now",
        State.published: "a.live_to > :now AND a.live_from <= :now",
    }[State(state)]
    return f"(a.state = 'published' AND {clock})"


def order_column(filter: Filter) -> str:
    """The column that a list is sorted by; never null for what is listed."""
    return time_column(filter.order[0], only_published(filter))


def time_column(name: str, published: bool) -> str:
    """SQL for a time of `a` that is never null: an article that was never updated counts as of its
    first publication, one that was never published as of its creation."""
    if name == "first_published_at" and not published:
        return "coalesce(a.first_published_at, a.published_at)"
    return "a.updated_order" if name == "updated_at" else f"a.{name}"


def column_conditions(filter: Filter, values: Values) -> list[str]:
    """Conditions for languages, kinds, urgencies, times and the status of sources."""
    conditions = []
    for at, term in enumerate(filter.columns):
        inside = in_column(term, at, values)
        # an article without urgency has none of the excluded ones
        conditions.append(f"(a.{term[0]} IS NULL OR NOT {inside})" if term[1] else inside)
    return [*conditions, *time_conditions(filter, values)]


def in_column(term: Term, at: int, values: Values, article: str = "a") -> str:
    """SQL for "this column has one of the alternatives"."""
    name, _, alternatives = term
    parameters = []
    for number, one in enumerate(alternatives):
        values[f"c{at}_{number}"] = int(one) if name == "urgency" else one
        parameters.append(f":c{at}_{number}")
    return f"{article}.{name} IN ({', '.join(parameters)})"


def time_conditions(filter: Filter, values: Values) -> list[str]:
    """Conditions for times and the status of sources."""
    conditions = []
    for name, at in filter.times.items():
        what = name.rpartition("_")[0]
        if what != "corrected":
            values[name] = at
            column = time_column(f"{what}_at", only_published(filter))
            conditions.append(f"{column} {TIMES[name]} :{name}")
    if within := corrected(filter, "k", values):
        conditions.append(
            f"EXISTS (SELECT 1 FROM correction k WHERE k.article_id = a.id AND {within})"
        )
    if filter.source_status:
        conditions.append(flagged(filter.source_status))
    return conditions


def corrected(filter: Filter, correction: str, values: Values) -> str:
    """SQL for "the correction lies between `corrected_from` and `corrected_to`"; empty without them."""
    names = [name for name in filter.times if name.startswith("corrected_")]
    values |= {name: filter.times[name] for name in names}
    return " AND ".join(f"{correction}.at {TIMES[name]} :{name}" for name in names)


def flagged(statuses: list[str]) -> str:
    """SQL for "its sources' items have this status", the worst of them: killed before corrected."""
    one = (
        "EXISTS (SELECT 1 FROM source_flag q WHERE q.article_id = a.id AND q.reviewed_at IS NULL"
        " AND q.status = '{}')"
    )
    killed, corrected = one.format("killed"), one.format("corrected")
    meets = {"killed": killed, "corrected": f"({corrected} AND NOT {killed})"}
    return f"({' OR '.join(meets[status] for status in statuses)})"


def term_ids(term: Term, at: int, values: Values, ids: Ids | None = None) -> str:
    """SQL to compare `article_term.term` with: `= …` or `IN (…)`. `ids`: of the names; without them the
    statement looks the names up itself."""
    kind, _, alternatives = term
    found = []
    for number, one in enumerate(alternatives):
        name, _, role = one.partition(":") if kind == "source" else (one, "", "")
        id = f":t{at}_{number}"
        if ids is not None:
            values[id[1:]] = f"{ids[kind, name] or ''}{f':{role}' if role else ''}"
        else:
            values |= {f"t{at}_{number}": name, f"k{at}_{number}": name.casefold()}
            id = id_by_name(kind, f":t{at}_{number}", f":k{at}_{number}")
        if role and ids is None:
            values[f"r{at}_{number}"] = f":{role}"
            id = f"({id} || CAST(:r{at}_{number} AS TEXT))"
        found.append(id)
    return f"= {found[0]}" if len(found) == 1 else f"IN ({', '.join(found)})"


def has_term(ids: str, excluded: bool, each: bool = False) -> str:
    """SQL for "the article has one of these terms". `each`: articles are tested one by one as an index
    is walked; without the OFFSET PostgreSQL would read the whole term first."""
    inner = f"SELECT 1 FROM article_term x WHERE x.article_id = a.id AND x.term {ids}"
    return f"{'NOT ' if excluded else ''}EXISTS ({inner}{' LIMIT 1 OFFSET 0' if each else ''})"


def selective_filters(filter: Filter) -> list[SelectiveFilter]:
    """The parts of a filter whose articles can be found first."""
    found: list[SelectiveFilter] = [
        term for term in (*filter.terms, *filter.columns)
        if not term[1] and term[0] in (*NOUNS, *COLUMNS)
    ]  # fmt: skip
    if any(name.startswith("corrected") for name in filter.times):
        found.append("corrected")
    if filter.source_status:
        found.append("source_status")
    return found


def article_ids(
    part: SelectiveFilter, filter: Filter, values: Values, ids: Ids | None = None
) -> str:
    """Return a SELECT of `article_id` for one part of a filter, regardless of visibility; an
    article may occur twice. `ids`: as for `term_ids`."""
    if part == "corrected":
        return f"SELECT s.article_id FROM correction s WHERE {corrected(filter, 's', values)}"
    if part == "source_status":
        statuses = ", ".join(f"'{one}'" for one in filter.source_status or ())
        open = f"s.reviewed_at IS NULL AND s.status IN ({statuses})"
        return f"SELECT s.article_id FROM source_flag s WHERE {open}"
    if part[0] in NOUNS:
        terms = term_ids(part, 1_000 + filter.terms.index(part), values, ids)
        return f"SELECT s.article_id FROM article_term s WHERE s.term {terms}"
    states = ", ".join(f"'{one}'" for one in stored_states(filter.states))
    inside = in_column(part, filter.columns.index(part), values, "s")
    return f"SELECT s.id AS article_id FROM article s WHERE s.state IN ({states}) AND {inside}"


def distinct_article_ids(
    part: SelectiveFilter, filter: Filter, values: Values, ids: Ids | None = None
) -> str:
    """`article_ids`, each article once."""
    found = article_ids(part, filter, values, ids)
    if part[0] in COLUMNS or (part[0] in NOUNS and len(part[2]) == 1):
        return found
    # DISTINCT of an expression: of the column alone SQLite would walk the index of all articles
    return found.replace("s.article_id", "DISTINCT s.article_id || '' AS article_id", 1)


def stored_states(states: Sequence[str] | None) -> list[str]:
    """The values of the column `state` for these states; scheduled and expired follow from the clock."""
    stored = (State.draft, State.unpublished)
    return sorted({str(one) if one in stored else "published" for one in states or ["published"]})
