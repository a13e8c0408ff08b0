"""What completes as one types: headlines and names that go on, from one of their words, as typed."""

from collections.abc import Mapping, Sequence

from app.access.authentication import Caller
from app.db.dialects import Dialect
from app.models.source import CONFIDENTIAL
from app.queries.visibility import out_now, shown
from app.request.filters import NOUNS, Values

SCANNED = 400
"""Keys that are looked through; they are in the order of letters."""
LAST = "\U0010ffff"


def between(table: str, columns: str, values: Values, key: str, at: int = 0) -> str:
    """The keys of a table that begin so."""
    values |= {f"low{at}": key, f"high{at}": key + LAST, "scanned": SCANNED}
    return (
        f"SELECT {columns} FROM {table} WHERE key >= :low{at} AND key < :high{at}"
        " ORDER BY key LIMIT :scanned"
    )


def headlines(caller: Caller, key: str, lang: str | None, limit: int) -> tuple[str, Values]:
    """Ids of the newest stories whose headline goes on so."""
    values: Values = {"n": limit}
    keys = between("headline_key", "article_id", values, key)
    narrowed = ""
    if lang:
        values["lang"], narrowed = lang, " AND a.lang = :lang"
    return (
        "WITH hit AS MATERIALIZED (SELECT DISTINCT a.id AS id, a.published_at AS at"
        f" FROM ({keys}) k JOIN article a ON a.id = k.article_id WHERE {out_now(caller)}{narrowed})"
        " SELECT id FROM hit ORDER BY at DESC, id DESC LIMIT :n"
    ), values


def beginnings(caller: Caller, starts: Sequence[str]) -> tuple[str, Values]:
    """Keys of visible headlines that begin in one of these ways."""
    values: Values = {}
    parts = [
        f"SELECT * FROM ({between('headline_key', 'article_id, key', values, start, at)}) k{at}"
        for at, start in enumerate(starts)
    ]
    return (
        f"SELECT DISTINCT k.key FROM ({' UNION ALL '.join(parts)}) k"
        f" JOIN article a ON a.id = k.article_id WHERE {out_now(caller)}"
    ), values


def names(caller: Caller, key: str) -> tuple[str, Values]:
    """Return SQL for items whose name continues the typed text, those that begin with it first:
    sections, and items that a visible story shows."""
    values: Values = {}
    keys = between("name_key", "object_id, noun, lang, name, place", values, key)
    return (
        f"SELECT k.object_id, k.noun, k.lang, k.name FROM ({keys}) k"
        f" WHERE k.noun <> '{CONFIDENTIAL}' AND (k.noun = 'section' OR {shown(caller, 'k.object_id')})"
        " ORDER BY k.place, length(k.name), k.name, k.object_id"
    ), values


def places(dialect: Dialect, ids: Mapping[str, list[str]]) -> tuple[str, Values]:
    """The slugs and paths of nouns."""
    parts = [
        f"SELECT id, {NOUNS[noun]} FROM {noun} WHERE {dialect.any_of('id', noun)}" for noun in ids
    ]
    return " UNION ALL ".join(parts), dict(ids)
