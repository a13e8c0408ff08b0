"""Files of images, as far as a story shows them that the caller may see."""

from datetime import datetime

from app.delivery.cards import Row
from app.delivery.context import ReadContext
from app.queries import media_files
from app.request import filters


async def file(context: ReadContext, key: str, now: datetime) -> Row | None:
    """The file and media type of an image that a story shows which this caller may see."""
    sql = media_files.file(context.caller, context.reads_past)
    rows = await context.reader.rows(sql, {"key": key, "now": now})
    return rows[0] if rows else None


async def surrogate_keys(context: ReadContext, key: str, now: datetime) -> str:
    """The surrogate keys of a file: its images, and the stories by which it may be seen; of too
    many, that of all."""
    sql = media_files.surrogate_keys(context.caller, context.reads_past)
    rows = await context.reader.rows(sql, {"key": key, "now": now})
    ids = [row[0] for row in rows]
    return " ".join(ids if len(ids) <= filters.MOST_IDS else ["articles", "nouns"])
