"""How a page of stories is found: by one statement where that is enough, else by what the names and
their rarity say (`queries/pages.py`)."""

import threading
from datetime import datetime

from app.db.database import Rows
from app.delivery import log_position
from app.delivery.context import ReadContext
from app.delivery.log_position import Mark
from app.errors import BadRequest, Fault
from app.models.base import from_column
from app.queries import articles
from app.queries.article_lists import WINDOW, Built, Match, PagePosition, Pages
from app.queries.selective_filters import SelectiveFilter, sides_of
from app.request.filters import Filter
from app.request.hints import LONGEST, MOST_HINTS, nearest

HINTING = threading.Lock()
"""Held while hints are made; nobody waits for it."""
FEW_NAMES = 10
"""Names of a query that are looked up whatever other requests do."""
HINTS = MOST_HINTS
"""Unknown names of a query, of which the nearest that is known is looked for."""


async def rows(
    context: ReadContext, pages: Pages, place: PagePosition | None, now: datetime, strict: bool
) -> tuple[Rows, Mark]:
    """Rows of a page, one more than its limit where more follow; and how far the log was before any
    of it was looked at, with the next moment of the clock."""
    before = None if pages.plain else await look_up(context, pages, now, strict)
    found = await page(context, pages, place, now)
    if not found and before is None:
        if strict:
            await look_up(context, pages, now, strict)
        before = await log_position.mark(context.reader, now)
        found = await page(context, pages, place, now)  # what came meanwhile is behind that mark
    elif before is None:
        before = found[0][7], from_column(found[0][8])
    return found, before


async def page(
    context: ReadContext, pages: Pages, place: PagePosition | None, now: datetime
) -> Rows:
    wanted, n = pages.wanted, pages.wanted.limit + 1
    if wanted.ids is not None:
        found = await asked(context, pages, pages.by_ids(), now)
        places = {id: at for at, id in enumerate(wanted.ids)}
        return sorted(found, key=lambda row: places[row[4]])
    if pages.plain:
        return await asked(context, pages, pages.plain_walk(place), now)
    if pages.rare:
        return await asked(context, pages, pages.gather(n, place), now)
    found = await asked(context, pages, pages.walk(n, place, WINDOW), now)
    if len(found) == n:
        return found
    await weigh(context, pages, now)
    return await asked(context, pages, pages.gather(n, place), now)


async def weigh(context: ReadContext, pages: Pages, now: datetime) -> None:
    """See which side of a list has the fewest stories, where that isn't known."""
    if pages.weighable:
        [counts] = await asked(context, pages, pages.weigh(), now)
        pages.weighed(counts)


async def asked(context: ReadContext, pages: Pages, built: Built, now: datetime) -> Rows:
    sql, values = built
    return await context.reader.rows(sql, values | {"now": now}, light=pages.light)


async def look_up(context: ReadContext, pages: Pages, now: datetime, strict: bool) -> Mark:
    """See what the names lead to, and what is rare; of many names one request after the other."""
    if sum(len(term[2]) for term in pages.wanted.terms) <= FEW_NAMES:
        return await look_up_now(context, pages, now, strict)
    async with context.memory.turn:
        return await look_up_now(context, pages, now, strict)


async def look_up_now(context: ReadContext, pages: Pages, now: datetime, strict: bool) -> Mark:
    """See what the names lead to, and what is rare. `strict`: a name that leads nowhere is a
    fault, told with the nearest that does."""
    sql, values, named = pages.look_up()
    [[head, boundary, *row]] = await context.reader.rows(sql, values | {"now": now}, light=False)
    unknown = pages.learn(named, list(row))
    if unknown and strict:
        hints = await hints_at(context, unknown[:HINTS], now)
        hints += [""] * (len(unknown) - len(hints))
        errors: list[Fault] = [
            {"detail": f"There is no {noun} {name!r}.{hint}", "parameter": noun}
            for (noun, name), hint in zip(unknown, hints, strict=True)
        ]
        raise BadRequest("The query names what is not there.", errors=errors)
    return head, from_column(boundary)


async def refuse_unknown(context: ReadContext, wanted: Filter, now: datetime) -> None:
    """A filter with a name that leads nowhere is a fault."""
    if wanted.terms:
        await rare_side(context, wanted, now)


async def rare_side(context: ReadContext, wanted: Filter, now: datetime) -> SelectiveFilter | None:
    """A side of a filter that has few stories, if there is one; names that lead nowhere are told."""
    if not sides_of(wanted) and not wanted.terms:
        return None
    pages = Pages(context.caller, context.reader.dialect, wanted)
    await look_up(context, pages, now, strict=True)
    assert not isinstance(pages.rare, Match)  # no words were given
    return pages.rare


async def hints_at(
    context: ReadContext, unknown: list[tuple[str, str]], now: datetime
) -> list[str]:
    """Hints at names that are near; none while another request of the process is given its own, so that
    many requests of unknown names take no more of the database than one."""
    if not HINTING.acquire(blocking=False):
        return []
    try:
        return await near(context, unknown, now)
    finally:
        HINTING.release()


async def near(context: ReadContext, unknown: list[tuple[str, str]], now: datetime) -> list[str]:
    """For each name that leads nowhere, a hint at the known one that is most like it. Those beside them
    all are read by one statement."""
    values = {f"name{at}": name[:LONGEST].casefold() for at, (_, name) in enumerate(unknown)}
    sql = articles.like(context.caller, [noun for noun, _ in unknown])
    known: dict[int, list[str]] = {}
    for at, name in await context.reader.rows(sql, values | {"now": now}, light=False):
        known.setdefault(at, []).append(str(name))
    return [nearest(name, known.get(at, [])) for at, (_, name) in enumerate(unknown)]
