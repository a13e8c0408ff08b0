"""What a feed needs beside its stories: its section, what was withdrawn from it, what came back."""

from dataclasses import replace
from datetime import datetime, timedelta

from app.access.authentication import Caller
from app.db.dialects import Dialect
from app.queries.filter_conditions import matching
from app.queries.visibility import gone
from app.request.filters import Filter, Values

REMEMBERED = timedelta(days=30)
"""How long a feed tells of a story that was withdrawn."""
MOST = 100

SECTION = "SELECT id, path, name, description FROM section WHERE path = :folded OR id = :name"

FORMER_SECTION = (
    "SELECT s.path FROM former_slug f JOIN section s ON s.id = f.object_id"
    " WHERE f.noun = 'section' AND f.slug = :name"
)


def tombstones(
    caller: Caller, filter: Filter, dialect: Dialect, now: datetime
) -> tuple[str, Values]:
    """Return SQL for the killed stories of a feed that readers saw, the newest first. The filter
    `q` does not apply, because it would reveal what a sealed story said, and a reader may have
    it by a word of an earlier version. Nor do `modified_` filters, because the kill changed
    that time."""
    times = {name: at for name, at in filter.times.items() if not name.startswith("modified")}
    filter = replace(filter, times=times)
    values: Values = {"now": now, "since": now - REMEMBERED, "n": MOST}
    conditions = [gone(caller), "w.public", "w.at > :since", *matching(filter, values)]
    if filter.ids is not None:
        values["ids"] = filter.ids
        conditions.append(dialect.any_of("a.id", "ids"))
    return (
        "SELECT a.id, a.lang, w.at, w.notice FROM withdrawal w JOIN article a ON a.id = w.object_id"
        f" WHERE w.restored_at IS NULL AND {' AND '.join(conditions)}"
        " ORDER BY w.at DESC, a.id LIMIT :n"
    ), values


def restored(dialect: Dialect) -> str:
    """When stories that were withdrawn came back."""
    return (
        "SELECT object_id, max(restored_at) FROM withdrawal"
        f" WHERE {dialect.any_of('object_id', 'ids')} AND restored_at IS NOT NULL"
        " GROUP BY object_id"
    )
