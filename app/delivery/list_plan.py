"""How a page of stories is found: by one statement where that is enough, else by what the names and
their rarity say (`queries/pages.py`)."""

import threading
from datetime import datetime
from typing import Protocol

from app.access.authentication import Caller
from app.db.database import Reader, Rows
from app.errors import BadRequest, Fault
from app.models.base import from_column
from app.queries import articles
from app.queries.article_lists import WINDOW, Built, Match, Pages, Place
from app.queries.selective_filters import Side, sides_of
from app.request.filters import Filter
from app.request.hints import LONGEST, MOST_HINTS, nearest


class House(Protocol):
    """Where stories are asked for, and by whom: a delivery plane."""

    @property
    def reader(self) -> Reader: ...
    @property
    def caller(self) -> Caller: ...
    async def head(self, now: datetime) -> "Mark": ...


HINTING = threading.Lock()
"""Held while hints are made; nobody waits for it."""
Mark = tuple[int, datetime | None]
HINTS = MOST_HINTS
"""Unknown names of a query, of which the nearest that is known is looked for."""


async def rows(
    here: House, pages: Pages, place: Place | None, now: datetime, strict: bool
) -> tuple[Rows, Mark]:
    """Rows of a page, one more than its limit where more follow; and how far the log was before any
    of it was looked at, with the next moment of the clock."""
    before = None if pages.plain else await look_up(here, pages, now, strict)
    found = await page(here, pages, place, now)
    if not found and before is None:
        if strict:
            await look_up(here, pages, now, strict)
        before = await here.head(now)
        found = await page(here, pages, place, now)  # what came meanwhile is behind that mark
    elif before is None:
        before = found[0][7], from_column(found[0][8])
    return found, before


async def page(here: House, pages: Pages, place: Place | None, now: datetime) -> Rows:
    wanted, n = pages.wanted, pages.wanted.limit + 1
    if wanted.ids is not None:
        found = await asked(here, pages, pages.by_ids(), now)
        places = {id: at for at, id in enumerate(wanted.ids)}
        return sorted(found, key=lambda row: places[row[4]])
    if pages.plain:
        return await asked(here, pages, pages.plain_walk(place), now)
    if pages.rare:
        return await asked(here, pages, pages.gather(n, place), now)
    found = await asked(here, pages, pages.walk(n, place, WINDOW), now)
    if len(found) == n:
        return found
    await weigh(here, pages, now)
    return await asked(here, pages, pages.gather(n, place), now)


async def weigh(here: House, pages: Pages, now: datetime) -> None:
    """See which side of a list has the fewest stories, where that isn't known."""
    if pages.weighable:
        [counts] = await asked(here, pages, pages.weigh(), now)
        pages.weighed(counts)


async def asked(here: House, pages: Pages, built: Built, now: datetime) -> Rows:
    sql, values = built
    return await here.reader.rows(sql, values | {"now": now}, light=pages.light)


async def look_up(here: House, pages: Pages, now: datetime, strict: bool) -> Mark:
    """See what the names lead to, and what is rare. `strict`: a name that leads nowhere is a
    fault, told with the nearest that does."""
    sql, values, named = pages.look_up()
    [[head, boundary, *row]] = await here.reader.rows(sql, values | {"now": now}, light=False)
    unknown = pages.learn(named, list(row))
    if unknown and strict:
        hints = await hints_at(here, unknown[:HINTS], now)
        hints += [""] * (len(unknown) - len(hints))
        errors: list[Fault] = [
            {"detail": f"There is no {noun} {name!r}.{hint}", "parameter": noun}
            for (noun, name), hint in zip(unknown, hints, strict=True)
        ]
        raise BadRequest("The query names what is not there.", errors=errors)
    return head, from_column(boundary)


async def refuse_unknown(here: House, wanted: Filter, now: datetime) -> None:
    """A filter with a name that leads nowhere is a fault."""
    if wanted.terms:
        await rare_side(here, wanted, now)


async def rare_side(here: House, wanted: Filter, now: datetime) -> Side | None:
    """A side of a filter that has few stories, if there is one; names that lead nowhere are told."""
    if not sides_of(wanted) and not wanted.terms:
        return None
    pages = Pages(here.caller, here.reader.dialect, wanted)
    await look_up(here, pages, now, strict=True)
    assert not isinstance(pages.rare, Match)  # no words were given
    return pages.rare


async def hints_at(here: House, unknown: list[tuple[str, str]], now: datetime) -> list[str]:
    """Hints at names that are near; none while another request of the process is given its own, so that
    many requests of unknown names take no more of the database than one."""
    if not HINTING.acquire(blocking=False):
        return []
    try:
        return await near(here, unknown, now)
    finally:
        HINTING.release()


async def near(here: House, unknown: list[tuple[str, str]], now: datetime) -> list[str]:
    """For each name that leads nowhere, a hint at the known one that is most like it. Those beside them
    all are read by one statement."""
    values = {f"name{at}": name[:LONGEST].casefold() for at, (_, name) in enumerate(unknown)}
    sql = articles.like(here.caller, [noun for noun, _ in unknown])
    known: dict[int, list[str]] = {}
    for at, name in await here.reader.rows(sql, values | {"now": now}, light=False):
        known.setdefault(at, []).append(str(name))
    return [nearest(name, known.get(at, [])) for at, (_, name) in enumerate(unknown)]
