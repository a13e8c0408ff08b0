"""Who rests on a source or a dispatch: stories by the indexes of attributions, and the links of each.
`column` of a link names what is rested on.
"""

from app.access.authentication import Caller
from app.db.dialects import Dialect
from app.queries.list_plan import Statement
from app.queries.visibility import by_key, open_link, visible
from app.request.filters import Values


def stories(
    caller: Caller, column: str, id: str, n: int, start: str | None, back: bool
) -> Statement:
    """Ids of stories that name it and that the caller may see, the one made last first; from
    one of them on. `back`: the other way round."""
    values: Values = {"ground": id, "n": n}
    start_condition = ""
    if start:
        values["start"], start_condition = (
            start,
            f" AND x.article_id {'>=' if back else '<='} :start",
        )
    return (
        "SELECT DISTINCT x.article_id FROM attribution x CROSS JOIN article a"
        f" WHERE a.id = x.article_id AND x.{column} = :ground AND {visible(caller)}{start_condition}"
        f"{open_link(caller, 'x')}"
        f" ORDER BY x.article_id {'ASC' if back else 'DESC'} LIMIT :n"
    ), values


def cards(caller: Caller, dialect: Dialect) -> str:
    """Stories by id: language, slug, path of the section, card."""
    return (
        "SELECT a.id, a.lang, a.slug, (SELECT s.path FROM section s WHERE s.id = a.section_id),"
        " c.body FROM article a CROSS JOIN card c WHERE c.article_id = a.id"
        f" AND {dialect.any_of('a.id', 'ids')} AND {by_key(visible(caller))}"
    )


def links(caller: Caller, dialect: Dialect, column: str) -> str:
    """Every link of these stories' chains, with what it names in that column, as far as the caller
    may know."""
    named = f"CASE WHEN 1 = 1{open_link(caller, 'x')} THEN x.{column} END"
    return (
        "SELECT x.article_id, x.id, x.source_id, x.role, x.scope, x.scope_id, x.via,"
        f" {named} FROM attribution x WHERE {dialect.any_of('x.article_id', 'ids')}"
    )
