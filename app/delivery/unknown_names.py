"""The fault of a query that names catalog items which don't exist, with the nearest names that do."""

import threading
from collections.abc import Sequence
from datetime import datetime

from app.delivery.context import ReadContext
from app.errors import BadRequest, Fault
from app.queries import catalog_names
from app.queries.catalog_names import Name
from app.request.hints import LONGEST, MOST_HINTS, nearest

HINTING = threading.Lock()
"""Locked while hints are looked up; nobody waits for it."""
HINTS = MOST_HINTS
"""Unknown names of a query that get a hint."""


async def fault(context: ReadContext, unknown: Sequence[Name], now: datetime) -> BadRequest:
    """400 with an error for each unknown name."""
    hints = await hints_unless_busy(context, unknown[:HINTS], now)
    hints += [""] * (len(unknown) - len(hints))
    errors: list[Fault] = [
        {"detail": f"There is no {kind} {name!r}.{hint}", "parameter": kind}
        for (kind, name), hint in zip(unknown, hints, strict=True)
    ]
    return BadRequest("The query names what is not there.", errors=errors)


async def hints_unless_busy(
    context: ReadContext, unknown: Sequence[Name], now: datetime
) -> list[str]:
    """Hints for names; none while another request of the process looks up its own, so that many
    requests with unknown names cost the database no more than one."""
    if not HINTING.acquire(blocking=False):
        return []
    try:
        return await hints(context, unknown, now)
    finally:
        HINTING.release()


async def hints(context: ReadContext, unknown: Sequence[Name], now: datetime) -> list[str]:
    """For each name a hint at the most similar known one. One statement for all."""
    values = {f"name{at}": name[:LONGEST].casefold() for at, (_, name) in enumerate(unknown)}
    sql = catalog_names.neighbours(context.caller, [kind for kind, _ in unknown])
    known: dict[int, list[str]] = {}
    for at, name in await context.reader.rows(sql, values | {"now": now}, light=False):
        known.setdefault(at, []).append(str(name))
    return [nearest(name, known.get(at, [])) for at, (_, name) in enumerate(unknown)]
