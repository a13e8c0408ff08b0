"""The lists of what rests on a source, and of what rests on a dispatch."""

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from app.delivery.catalog import look
from app.delivery.context import NOT_COUNTED, Delivery
from app.rendering import dependents as resting
from app.rendering.dependents import Ground
from app.request import filters as grammar

KNOWN = ("limit", "cursor")


async def listing(here: Delivery, request: Request, noun: str, name: str) -> Response:
    """The page that a request asks for: six statements."""
    now = datetime.now(UTC)
    query = grammar.text_of(request.scope["query_string"])
    wanted = grammar.parse(query, here.settings.zone, KNOWN)
    mark = await here.head(now)
    id = (await look(here, lambda catalog: catalog.row(noun, name))).id
    on = Ground(here.reader, here.caller, here.settings, f"{noun}_id", id)
    found = await resting.page(on, wanted.limit, wanted.cursor, now)
    return here.plain(request, found | NOT_COUNTED, mark)
