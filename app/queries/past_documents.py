"""What readers were shown before: documents put away as they are replaced, and found again."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, insert, literal, select, union
from sqlmodel import Session, col

from app.access.authentication import Caller
from app.db.array_parameter import among
from app.db.dialects import Dialect
from app.models.article import DocumentRow
from app.models.base import UTCDateTime
from app.models.version import EditionRow
from app.queries.upstream import HELD
from app.queries.visibility import BOUNDARY, HEAD, by_key, state_now, visible

Row = Any
CARRIED = ("article_id", "version", "stamp", "since", "shown_from", "holes", "keys", "zstd")
"""Columns that an edition has from its document."""


def keep(
    session: Session, versions: Mapping[str, int], now: datetime, silent: bool
) -> dict[str, datetime]:
    """Put away the documents of these stories, which new ones of these versions replace. Returns
    since when what the new ones say is so.

    One that readers were never shown is kept only as the last of its version. A `silent`
    replacement says what the old one said, unless the clock had made that wrong.
    """
    ends: dict[str, datetime] = {}
    since: dict[str, datetime] = {}
    seen: list[str] = []
    for row in session.execute(KNOWN, {"ids": versions}):
        same = silent and row.valid_until > now
        end = row.valid_until if silent and not same else now
        since[row.article_id] = row.since if same else end
        shown = row.shown_from < min(row.shown_to, end)
        if row.version != versions[row.article_id] or (shown and not same):
            ends[row.article_id] = end
            seen += [row.article_id] if shown else []
    for end in set(ends.values()):
        put_away(session, [id for id, one in ends.items() if one == end], end)
    keep_images(session, seen)
    return since


SHORT = [
    col(getattr(DocumentRow, name))
    for name in ("article_id", "version", "since", "valid_until", "shown_from", "shown_to")
]
KNOWN = select(*SHORT).where(among(col(DocumentRow.article_id)))
"""What is known of some stories' documents."""


def put_away(session: Session, ids: Sequence[str], end: datetime) -> None:
    """Documents as editions, in one statement, without a look at their bytes."""
    document: Any = DocumentRow
    before = select(func.coalesce(func.max(EditionRow.number), 0) + 1)
    number = before.where(col(EditionRow.article_id) == document.article_id).scalar_subquery()
    ending = literal(end, UTCDateTime)
    shown_to = case((document.shown_to < ending, document.shown_to), else_=ending)
    carried = [getattr(document, name) for name in CARRIED]
    rows = select(*carried, number, shown_to).where(document.article_id.in_(ids))
    session.execute(insert(EditionRow).from_select([*CARRIED, "number", "shown_to"], rows))


def keep_images(session: Session, ids: Sequence[str]) -> None:
    """Remember which images these stories show."""
    if not ids:
        return
    shown, kept = images_of(ids).subquery(), EditionRow.metadata.tables["edition_image"]
    there = select(kept.c.image_id).where(
        kept.c.article_id == shown.c.article_id, kept.c.image_id == shown.c.image_id
    )
    new = select(shown.c.article_id, shown.c.image_id).where(~there.exists())
    session.execute(insert(kept).from_select(["article_id", "image_id"], new))


def images_of(ids: Sequence[str]) -> Any:
    """Stories and their images, portraits of contributors too. Updates of live stories keep their
    own: one that is removed shows nothing, whenever it was."""
    tables = EditionRow.metadata.tables
    term, use, person, update = (
        tables[name] for name in ("article_term", "image_use", "contributor", "live_update")
    )
    own = select(use.c.article_id, use.c.image_id).where(use.c.update_id.is_(None))
    reports = select(update.c.author_id).where(
        update.c.article_id == term.c.article_id, update.c.author_id == person.c.id
    )
    named = select(term.c.article_id, person.c.image_id).join(person, person.c.id == term.c.term)
    portraits = named.where(person.c.image_id.is_not(None), ~reports.exists())
    return union(own.where(use.c.article_id.in_(ids)), portraits.where(term.c.article_id.in_(ids)))


def opened(caller: Caller, condition: str) -> str:
    """Return SQL for what is needed of a story besides its text. `condition`: on `a`."""
    return (
        f"SELECT a.id, a.version, a.group_id, a.live_to, {HEAD}, {BOUNDARY} FROM article a"
        f" WHERE {condition} AND {visible(caller)}"
    )


SAVED = (
    "(SELECT v.content FROM article_version v"
    " WHERE v.article_id = {row}.article_id AND v.version = {row}.version)"
)
"""The content that a version was rendered from, as JSON."""


def stands(caller: Caller) -> str:
    """SQL for a story's document as it stands."""
    return (
        "SELECT d.version, d.since, d.zstd, d.holes, d.keys, d.stamp, d.valid_until,"
        f" {state_now(caller)}, 1 AS stands, {SAVED.format(row='d')}"
        " FROM document d JOIN article a ON a.id = d.article_id"
        f" WHERE d.article_id = :id AND {visible(caller)}"
    )


def went(caller: Caller) -> str:
    """SQL for a story's editions. Readers get those that readers were shown."""
    shown = "" if caller.sees == "all" else " AND e.shown_from < e.shown_to"
    return (
        "SELECT e.version, e.since, e.zstd, e.holes, e.keys, e.stamp, e.shown_to, '', 0,"
        f" {SAVED.format(row='e')} FROM edition e JOIN article a ON a.id = e.article_id"
        f" WHERE e.article_id = :id AND {visible(caller)}{shown}"
    )


BEST = (
    "(SELECT x.number FROM edition x WHERE x.article_id = e.article_id AND x.version = e.version"
    " ORDER BY CASE WHEN x.shown_from < x.shown_to THEN 0 ELSE 1 END, x.number DESC LIMIT 1)"
)
"""A version's last rendering that readers were shown, else its last."""


def of_versions(caller: Caller, dialect: Dialect) -> str:
    """Versions of a story that this caller may see, as they were rendered: of each one row."""
    present = "(SELECT d.version FROM document d WHERE d.article_id = :id)"
    return (
        f"{stands(caller)} AND {dialect.any_of('d.version', 'versions')} UNION ALL {went(caller)}"
        f" AND {dialect.any_of('e.version', 'versions')} AND e.number = {BEST}"
        f" AND e.version <> {present}"
    )


def at(caller: Caller) -> str:
    """What readers were shown of a story at a time."""
    return (
        f"{stands(caller)} AND d.shown_from <= :at AND d.shown_to > :at UNION ALL {went(caller)}"
        " AND e.number = (SELECT max(x.number) FROM edition x WHERE x.article_id = :id"
        " AND x.shown_from <= :at AND x.shown_to > :at) ORDER BY stands DESC LIMIT 1"
    )


SHOWN = (
    "SELECT version, min(shown_from) AS shown_from FROM (SELECT version, shown_from FROM edition"
    " WHERE article_id = :id AND shown_from < shown_to UNION ALL SELECT version, shown_from"
    " FROM document WHERE article_id = :id AND shown_from < shown_to AND shown_from <= :now) one"
    " GROUP BY version"
)
"""Versions that readers were shown, and since when."""

KEPT = (
    "v.version IN (SELECT version FROM edition WHERE article_id = :id"
    " UNION ALL SELECT version FROM document WHERE article_id = :id)"
)


def listed(caller: Caller) -> str:
    """Return SQL for a page of a story's versions, the newest first; drafts only for editors."""
    join = "LEFT JOIN" if caller.sees == "all" else "JOIN"
    return (
        'SELECT v.version, v.at, s.shown_from, v."by", k.name, v.note FROM article a'
        " JOIN article_version v ON v.article_id = a.id"
        f" {join} ({SHOWN}) s ON s.version = v.version"
        ' LEFT JOIN api_key k ON k.id = v."by"'
        f" WHERE a.id = :id AND {visible(caller)} AND v.version < :before AND {KEPT}"
        " ORDER BY v.version DESC LIMIT :n"
    )


def newest(caller: Caller, dialect: Dialect) -> str:
    """The newest versions of some stories, as `listed` has them of one; of each at most `:n`."""
    mine = dialect.any_of("a.id", "ids")
    join = "LEFT JOIN" if caller.sees == "all" else "JOIN"
    shown = (
        "SELECT article_id, version, min(shown_from) AS shown_from FROM"
        " (SELECT e.article_id, e.version, e.shown_from FROM edition e"
        f" WHERE {dialect.any_of('e.article_id', 'ids')} AND e.shown_from < e.shown_to"
        " UNION ALL SELECT d.article_id, d.version, d.shown_from FROM document d"
        f" WHERE {dialect.any_of('d.article_id', 'ids')} AND d.shown_from < d.shown_to"
        " AND d.shown_from <= :now) one GROUP BY article_id, version"
    )
    kept = (
        "(EXISTS (SELECT 1 FROM edition e WHERE e.article_id = a.id AND e.version = v.version)"
        " OR EXISTS (SELECT 1 FROM document d WHERE d.article_id = a.id AND d.version = v.version))"
    )
    places = "row_number() OVER (PARTITION BY a.id ORDER BY v.version DESC) AS place"
    return (
        f"SELECT id, version, at, shown_from FROM (SELECT a.id, v.version, v.at, s.shown_from, {places}"
        " FROM article a JOIN article_version v ON v.article_id = a.id"
        f" {join} ({shown}) s ON s.article_id = a.id AND s.version = v.version"
        f" WHERE {mine} AND {by_key(visible(caller))} AND {kept}) one WHERE place <= :n"
        " ORDER BY id, version DESC"
    )


def pictures(dialect: Dialect) -> str:
    """Return SQL for the present data of images."""
    return (
        "SELECT id, file, rights, withdrawn FROM image"
        f" WHERE {dialect.any_of('id', 'ids')} OR {dialect.any_of('file', 'files')}"
    )


def withdrawn(dialect: Dialect) -> str:
    """Those of these dispatches that are withdrawn today, or pass on one that is (status null), and the
    causes for which parts of the article `:id` are held today, with what their sources did."""
    return (
        "WITH RECURSIVE up(id, at, via) AS (SELECT id, id, via_id FROM dispatch"
        f" WHERE {dialect.any_of('id', 'ids')} UNION SELECT up.id, d.id, d.via_id FROM up"
        " JOIN dispatch d ON d.id = up.via)"
        " SELECT up.id AS cause, CAST(NULL AS VARCHAR) AS status FROM up"
        " JOIN dispatch d ON d.id = up.at WHERE d.withdrawn IS NOT NULL"
        f" UNION ALL {HELD}"
    )


def open_now(caller: Caller, dialect: Dialect) -> str:
    """Which of these stories the caller may open."""
    mine = f"{dialect.any_of('a.id', 'ids')} AND {by_key(visible(caller))}"
    return f"SELECT a.id FROM article a WHERE {mine}"


REMOVED = "SELECT id FROM live_update WHERE article_id = :id AND removed"
"""Updates of a live story that readers are not to see any more."""


def sources(dialect: Dialect, columns: Sequence[str]) -> str:
    """Return SQL for the present data of these sources."""
    names = ", ".join(f"s.{name}" for name in columns)
    return f"SELECT {names} FROM source s WHERE {dialect.any_of('s.id', 'ids')}"
