"""The surrogate keys that rows of the change log make stale. A response that shows articles carries their ids.
Lists, feeds, fronts and searches also carry `articles`: an article that is or was public may enter or leave
them."""

from collections.abc import Iterable, Sequence
from typing import Any

from app.db.dialects import Dialect
from app.models.source import CONFIDENTIAL
from app.queries.visibility import MOMENT

Row = Sequence[Any]
MOST = 500
"""Rows of the log that are looked at; when more have come, everything is stale."""

ROWS = (
    "SELECT c.seq, c.type, c.noun, c.public, c.keys FROM change c WHERE c.seq > :known"
    f" ORDER BY c.seq LIMIT {MOST + 1}"
)
NEWS = (
    f"SELECT h.seq, {MOMENT}, c.seq, c.type, c.noun, c.public, c.keys FROM log_head h"
    f" LEFT JOIN change c ON c.seq > :known AND c.seq <= h.seq ORDER BY c.seq LIMIT {MOST + 1}"
)
"""The head, the next moment at which a story appears or goes by itself, and each row since."""

ANY = "articles:any"
"""The key of lists that any story may enter. A list that only stories with one term may enter (of a
section, a tag, a source) has `articles:` and the term's id instead, beside `articles`."""

FEW = 200
"""Stories whose terms are looked up; more of them make every list stale."""

UNSEEN = ("key", "preview")
"""Nouns of which readers see nothing."""

ALWAYS = ("changes",)
EVERYWHERE = (
    "killed", "vanished", "restored", "source_corrected", "source_killed", "source_cleared",
)  # fmt: skip
"""What becomes of images and dispatches shows at once in any number of stories, and in what shows
those: everything is stale."""


def keys_of(rows: Iterable[Row]) -> set[str] | None:
    """The keys that these rows make stale; None: all responses are stale."""
    found: set[str] = set()
    for row in rows:
        keys = keys_of_row(row)
        if keys is None:
            return None
        found |= keys
    return found


def changed(rows: Iterable[Row]) -> list[str]:
    """Ids of the articles in these rows that readers see, or saw."""
    keys = [row[4].split() for row in rows if row[2] == "article" and row[3]]
    return list(dict.fromkeys(key for some in keys for key in some if key.startswith("art_")))


def terms_of(dialect: Dialect) -> str:
    """SQL for the terms that articles have now. Their terms before are not needed: a list that showed an
    article carries its id."""
    return (
        f"SELECT DISTINCT t.term FROM article_term t WHERE {dialect.any_of('t.article_id', 'ids')}"
        " AND substr(t.term, 1, 13) <> 'confidential:'"
    )


def narrowed(keys: set[str], terms: Iterable[str]) -> set[str]:
    """Return the keys for a change of stories with these terms, without lists that none of them
    can enter."""
    if "articles" not in keys:
        return keys
    return keys - {"articles"} | {ANY} | {f"articles:{term}" for term in terms}


def keys_of_row(row: Row) -> set[str] | None:
    """The keys that one row makes stale; None: all responses are stale."""
    _, type, noun, public, keys = row
    if noun == CONFIDENTIAL:  # no key of its own is in any answer, so that no two can be related
        return None
    if noun in UNSEEN:
        return set(ALWAYS)
    if noun != "article":
        return None if type in EVERYWHERE else {*ALWAYS, "nouns", *keys.split()}
    # a draft's words count in the order of what is found
    return {*ALWAYS, "search", *keys.split(), *(("articles",) if public else ())}
