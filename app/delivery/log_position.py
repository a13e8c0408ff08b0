"""How far the change log is, and when the clock changes something next."""

from datetime import datetime

from app.db.database import Reader
from app.models.base import from_column
from app.queries.visibility import BOUNDARY, HEAD

Mark = tuple[int, datetime | None]
"""The number of the last change, and the next moment at which the clock changes something."""


async def mark(reader: Reader, now: datetime) -> Mark:
    """How far the log is, and the next moment at which the clock changes something."""
    [[head, moment]] = await reader.rows(f"SELECT {HEAD}, {BOUNDARY}", {"now": now})
    return head, from_column(moment)


async def last_change(reader: Reader) -> int:
    """The number of the log's last change."""
    [[head]] = await reader.rows(f"SELECT {HEAD}", {})
    return int(head)


async def next_moment(reader: Reader, now: datetime, other: datetime | None) -> datetime | None:
    """The next moment at which the clock changes something, or another that comes before it."""
    [[moment]] = await reader.rows(f"SELECT {BOUNDARY}", {"now": now})
    moments = [one for one in (from_column(moment), other) if one]
    return min(moments, default=None)
