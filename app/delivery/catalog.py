"""Lists of tags, contributors, sources, images and dispatches, as a request asks for them."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from fastapi import Request
from starlette.responses import Response

from app.db.time_budget import SPENT
from app.delivery import counts as counting
from app.delivery import lists
from app.delivery.context import ReadContext
from app.delivery.responses import plain
from app.models.envelopes import NOT_COUNTED
from app.queries import log_position
from app.queries.catalog_lists import KINDS, CatalogList, PagePosition
from app.rendering.catalog import Catalog
from app.request import cursors, filters

Look = Callable[[Catalog], Any]


async def look(context: ReadContext, at: Look) -> Any:
    """Run `at` with a `Catalog` over a new session, in a thread; its time counts as database time
    of the request."""

    def work() -> Any:
        began, spent = time.perf_counter(), SPENT.get()
        with context.open_session() as session:
            found = at(Catalog(session, context.settings, context.caller))
        if spent is not None:
            spent.add(time.perf_counter() - began)
        return found

    return await asyncio.to_thread(work)


async def listing(context: ReadContext, request: Request, noun: str) -> Response:
    """Return a page of a kind of catalog item, filtered and sorted as requested."""
    kind, now = KINDS[noun], datetime.now(UTC)
    query = filters.decode_query(request.scope["query_string"])
    filter = filters.parse(query, context.settings.zone, kind.known, choices=kind.choices)
    filter.sort = filter.sort or kind.usual
    question = f"{noun} {context.caller.sees} {filter.question}"
    mark, secrets = await log_position.read(context.reader, now), context.settings.secrets
    await lists.refuse_unknown(context, filter, now)
    place = None
    if filter.cursor:
        place = PagePosition(*cursors.read(secrets, question, filter.cursor, 3))
    catalog_list = CatalogList(noun, context.caller, context.reader.dialect, filter)
    rows = list(await counting.rows_of(context, catalog_list.page(place), now))
    back, more = place is not None and place.back, len(rows) > filter.limit
    rows = rows[: filter.limit][::-1] if back else rows[: filter.limit]
    items = await look(context, lambda catalog: catalog.listed(noun, [id for id, _ in rows]))
    ends = {
        "next": catalog_list.place_of("f", rows[-1]) if rows and (more or back) else None,
        "prev": catalog_list.place_of("b", rows[0]) if rows and (more if back else place) else None,
    }  # fmt: skip
    written = {
        name: cursors.write(secrets, question, end) if end else None for name, end in ends.items()
    }
    counts = NOT_COUNTED | await counting.number_of(context, catalog_list, filter, now)
    return plain(context, request, {"items": items, **written, **counts}, mark)
