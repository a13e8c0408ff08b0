"""The lists of what rests on a source, and of what rests on a dispatch."""

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from app.delivery.catalog import look
from app.delivery.context import ReadContext
from app.delivery.responses import plain
from app.models.envelopes import NOT_COUNTED
from app.queries import log_position
from app.rendering import dependents
from app.rendering.dependents import DependencyTarget
from app.request import filters

KNOWN = ("limit", "cursor")


async def listing(context: ReadContext, request: Request, noun: str, name: str) -> Response:
    """The page that a request asks for: six statements."""
    now = datetime.now(UTC)
    query = filters.decode_query(request.scope["query_string"])
    filter = filters.parse(query, context.settings.zone, KNOWN)
    mark = await log_position.read(context.reader, now)
    id = (await look(context, lambda catalog: catalog.row(noun, name))).id
    on = DependencyTarget(context.reader, context.caller, context.settings, f"{noun}_id", id)
    found = await dependents.page(on, filter.limit, filter.cursor, now)
    return plain(context, request, found | NOT_COUNTED, mark)
