"""SQL for articles as readers get them: documents and cards by key, tombstones, translations."""

from app.access.authentication import Caller
from app.db.dialects import Dialect
from app.language import slugs
from app.queries.visibility import (
    BOUNDARY,
    HEAD,
    by_key,
    gone,
    state_now,
    visible,
)
from app.request.filters import Values

SAVED = (
    "(SELECT v.content FROM article_version v WHERE v.article_id = a.id AND v.version = a.version)"
)
"""The content of an article's current version, as JSON."""


def whole(caller: Caller, by: str, encoded: str) -> str:
    """One story's document, and for editors the content that it was rendered from. `by`: a condition
    on `a`; `encoded`: zstd, gzip or nothing."""
    coded = f"d.{encoded}" if encoded else "NULL"
    content = SAVED if caller.sees == "all" else "NULL"
    return (
        f"SELECT d.body, {coded}, d.etag, d.keys, d.holes, d.stamp, d.valid_until, a.modified_at,"
        f" a.live_to, a.id, a.version, a.group_id, {HEAD}, {state_now(caller)}, {content}"
        " FROM article a JOIN document d ON d.article_id = a.id"
        f" WHERE ({by}) AND {by_key(visible(caller))}"
    )


def card(caller: Caller, order: str = "a.published_at", more: str = "") -> str:
    """Return the columns of each story on a page."""
    return (
        f"SELECT c.body, c.etag, c.stamp, c.valid_until <= :now, a.id, a.group_id, {order},"
        f" {HEAD}, {BOUNDARY}, {state_now(caller)}{more} FROM"
    )


OF_DOCUMENT = ", d.etag, d.valid_until <= :now"
"""What tells whether a whole story is the one that was met before."""


BY_ARTICLE = "article a CROSS JOIN card c WHERE c.article_id = a.id"
"""CROSS JOIN: SQLite then walks the left table first, in its index's order, and stops at the limit."""


def size(dialect: Dialect) -> str:
    """How many bytes these stories have together."""
    return (
        f"SELECT sum(length(d.body)) FROM document d WHERE {dialect.any_of('d.article_id', 'ids')}"
    )


def tombstones(caller: Caller, by: str) -> str:
    """Return SQL for what readers see of killed stories. `by`: a condition on `a`."""
    return (
        "SELECT a.id, w.notice, w.at, w.replaced_by FROM article a JOIN withdrawal w"
        " ON w.object_id = a.id AND w.restored_at IS NULL"
        f" WHERE ({by}) AND {gone(caller)} ORDER BY a.id LIMIT 100"
    )


BY_ANY_SLUG = (
    "a.slug_key = :name OR a.id = (SELECT f.object_id FROM former_slug f"
    " WHERE f.noun = 'article' AND f.slug = :name)"
)


def column_of(name: str) -> tuple[str, str]:
    """The column that a story's name in an address is looked up in, its id or its slug, and as what."""
    return ("id", name) if name.startswith("art_") else ("slug_key", slugs.key(name))


def named(caller: Caller, name: str, lang: str | None) -> tuple[str, Values]:
    """The story of this id or slug, in a language where one is asked for: a condition on `a`, and its
    values."""
    column, key = column_of(name)
    if lang is None:
        return f"a.{column} = :name", {"name": key}
    by = f"(a.{column} = :name OR {beside(caller, column)})"
    return f"a.lang = :lang AND {by}", {"name": key, "lang": lang}


def beside(caller: Caller, column: str) -> str:
    """A translation of the story of this name, which the caller may see. A condition on `a`."""
    group = f"SELECT g.group_id FROM article g WHERE g.{column} = :name"
    return f"a.group_id = ({group} AND {visible(caller, 'g')})"


def moved(caller: Caller) -> str:
    """The story that had this slug formerly."""
    return (
        "SELECT a.id, a.slug FROM former_slug f JOIN article a ON a.id = f.object_id"
        f" WHERE f.noun = 'article' AND f.slug = :name AND {visible(caller)}"
    )


def translations(caller: Caller, dialect: Dialect) -> str:
    """Stories of these groups that the caller may open."""
    return (
        "SELECT a.group_id, a.id, c.body, c.stamp, c.valid_until"
        " FROM article a JOIN card c ON c.article_id = a.id"
        f" WHERE {dialect.any_of('a.group_id', 'groups')} AND {by_key(visible(caller))}"
        " ORDER BY a.lang, a.id"
    )


def cards(caller: Caller, dialect: Dialect) -> str:
    """Cards by id, for what is filled in at read."""
    mine = f"{dialect.any_of('a.id', 'ids')} AND {by_key(visible(caller))}"
    return f"{card(caller)} {BY_ARTICLE} AND {mine}"


def hits(caller: Caller, dialect: Dialect) -> str:
    """Cards by id, with what is known of their documents."""
    return (
        f"{card(caller, more=OF_DOCUMENT)} article a CROSS JOIN card c CROSS JOIN document d"
        " WHERE c.article_id = a.id AND d.article_id = a.id"
        f" AND {dialect.any_of('a.id', 'ids')} AND {by_key(visible(caller))}"
    )


def wholes(dialect: Dialect) -> str:
    """Documents by id, of stories that were found through the gate."""
    return (
        "SELECT d.article_id, d.body, d.valid_until, d.etag FROM document d"
        f" WHERE {dialect.any_of('d.article_id', 'ids')}"
    )
