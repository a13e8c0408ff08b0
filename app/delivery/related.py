"""Related stories as they are answered: the editor's first, then those that are alike, each with the
reason. Never a story that the caller may not see; of those that are alike none that readers may not.
"""

from datetime import UTC, datetime

import orjson
from starlette.requests import Request
from starlette.responses import Response

from app.delivery import not_found
from app.delivery.articles import current
from app.delivery.cards import by_id
from app.delivery.context import ReadContext, reply
from app.delivery.similar import related_to
from app.http.responses import Representation, etag_of
from app.models.envelopes import envelope
from app.queries import articles, log_position
from app.request.output import OutputOptions

USUAL = 5


async def listing(
    context: ReadContext, request: Request, name: str, limit: int, form: OutputOptions
) -> Response:
    """The list of what is related to a story."""
    now = datetime.now(UTC)
    condition, values = articles.named(context.caller, name, None)
    rows = await context.reader.rows(
        articles.whole(context.caller, condition, ""), values | {"now": now}
    )
    if not rows:
        return await not_found.respond(context, request, name)
    one = await current(context, rows[0], now)
    found = await related_to(context, [one.id], limit, now)
    there = await by_id(context, found.ids, now)
    items = [form.tell(card, context.settings.zone) for card in found.cards(one.id, there)]
    body = orjson.dumps(envelope(items))
    # Only visible articles: the log row that publishes a hidden one also names the articles that
    # name it, and `articles`. docs/decisions/0024-what-leaves.md
    keys = " ".join([one.keys, "articles", *there])
    held = Representation(body, etag_of(body), keys=keys)
    boundary = await log_position.next_moment(context.reader, now, one.boundary)
    return reply(context, request, held, now=now, head=one.head, boundary=boundary, ends=one.ends)
