"""Updates of live stories for readers: SQL for a page of them, behind the story's gate."""

from app.access.authentication import Caller
from app.queries.visibility import HEAD, visible

COLUMNS = "u.id, u.at, u.changed, u.version, u.document, u.stamp, u.valid_until, u.holes, u.keys"


def story(caller: Caller, by: str, after: bool) -> str:
    """The story, if this caller may see it, and since which change to tell. `by`: a condition."""
    since = (
        "(SELECT x.born FROM live_update x WHERE x.id = :after AND x.article_id = a.id)"
        if after else "0"
    )  # fmt: skip
    return (
        f"SELECT a.id, a.kind, a.slug, a.live_to, {since}, {HEAD} FROM article a"
        f" WHERE {by} AND {visible(caller)}"
    )


def newest(further: bool) -> str:
    """A page of a story's updates, the newest first; `further`: those before a place."""
    before = " AND (u.at, u.id) < (:at, :id)" if further else ""
    return (
        f"SELECT {COLUMNS} FROM live_update u WHERE u.article_id = :article AND NOT u.removed"
        f"{before} ORDER BY u.at DESC, u.id DESC LIMIT :n"
    )


CHANGED = (
    f"SELECT {COLUMNS} FROM live_update u WHERE u.article_id = :article AND u.changed > :since"
    " ORDER BY u.changed LIMIT :n"
)
"""What was posted, edited or removed since a change, in that order."""

ONE = f"SELECT {COLUMNS} FROM live_update u WHERE u.article_id = :article AND u.id = :id"
