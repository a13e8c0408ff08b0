"""Who rests on a source: its stories by the index of attributions, and the links of each."""

from app.auth import Caller
from app.dialects import Dialect
from app.queries.gate import by_key, visible
from app.queries.grammar import Values
from app.queries.pages import Built


def stories(caller: Caller, source: str, n: int, start: str | None, back: bool) -> Built:
    """Ids of stories that name the source and that the caller may see, the one made last first; from
    one of them on. `back`: the other way round."""
    values: Values = {"source": source, "n": n}
    here = ""
    if start:
        values["start"], here = start, f" AND x.article_id {'>=' if back else '<='} :start"
    return (
        "SELECT DISTINCT x.article_id FROM attribution x CROSS JOIN article a"
        f" WHERE a.id = x.article_id AND x.source_id = :source AND {visible(caller)}{here}"
        f" ORDER BY x.article_id {'ASC' if back else 'DESC'} LIMIT :n"
    ), values


def cards(caller: Caller, dialect: Dialect) -> str:
    """Stories by id: language, slug, path of the section, card."""
    return (
        "SELECT a.id, a.lang, a.slug, (SELECT s.path FROM section s WHERE s.id = a.section_id),"
        " c.body FROM article a CROSS JOIN card c WHERE c.article_id = a.id"
        f" AND {dialect.any_of('a.id', 'ids')} AND {by_key(visible(caller))}"
    )


def links(dialect: Dialect) -> str:
    """Every link of these stories' chains."""
    return (
        "SELECT x.article_id, x.id, x.source_id, x.role, x.scope, x.scope_id, x.via"
        f" FROM attribution x WHERE {dialect.any_of('x.article_id', 'ids')}"
    )
