"""How far the change log is, and when the clock changes something next: one statement each."""

from datetime import datetime

from app.db.database import Reader
from app.models.base import from_column
from app.queries.visibility import BOUNDARY, HEAD

LogPosition = tuple[int, datetime | None]
"""The number of the last change, and the next time at which the clock changes something."""


async def read(reader: Reader, now: datetime) -> LogPosition:
    """The position of the change log. Read it before what an answer shows: changes meanwhile then come
    after it."""
    [[head, boundary]] = await reader.rows(f"SELECT {HEAD}, {BOUNDARY}", {"now": now})
    return head, from_column(boundary)


async def last_change(reader: Reader) -> int:
    """The number of the log's last change."""
    [[head]] = await reader.rows(f"SELECT {HEAD}", {})
    return int(head)


async def next_moment(reader: Reader, now: datetime, other: datetime | None) -> datetime | None:
    """The next time at which the clock changes something, or `other` if that comes first."""
    [[boundary]] = await reader.rows(f"SELECT {BOUNDARY}", {"now": now})
    return min((one for one in (from_column(boundary), other) if one), default=None)
