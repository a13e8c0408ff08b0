"""The most read stories: cards of visible stories, ordered by views within a window."""

from datetime import UTC, datetime, timedelta
from urllib.parse import unquote_plus

import orjson
from starlette.requests import Request
from starlette.responses import Response

from app.delivery import lists
from app.delivery.cards import by_id
from app.delivery.context import ReadContext, reply
from app.errors import BadRequest
from app.http.responses import Representation, etag_of
from app.models.envelopes import TrendingCard
from app.queries import log_position, views
from app.request import filters
from app.request.output import OutputOptions

WINDOWS = {
    "1h": ("hour", timedelta(hours=1)), "6h": ("hour", timedelta(hours=6)),
    "24h": ("hour", timedelta(hours=24)), "7d": ("day", timedelta(days=7)),
}  # fmt: skip
"""How far back, and by which counts."""
SPANS = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
"""After how long such a window begins elsewhere."""
DEFAULT_WINDOW = "24h"
KNOWN = ["section", "lang", "limit", "display", "fields"]
FRESH = 30
"""Seconds that a shared cache may keep it: views are in no log, so no purge tells of them."""


async def listing(context: ReadContext, request: Request) -> Response:
    """Return the list that a request asks for. It takes two statements, and those that fill
    cards."""
    now = datetime.now(UTC)
    window, rest = split_window(request.scope["query_string"].decode("latin-1"))
    wanted = filters.parse(rest, context.settings.zone, [*KNOWN, "window"], TrendingCard)
    span, back = WINDOWS[window]
    public = context.as_readers()
    head, boundary = await log_position.read(context.reader, now)
    since = views.start_of(now - back, span)
    turn = views.start_of(now, span) + SPANS[span]
    boundary = min(boundary, turn) if boundary else turn
    sql, values = views.trending(public.caller, wanted, span, since, now)
    rows = await context.reader.rows(sql, values, light=False)
    ranked = {str(id): int(count) for id, count in rows}
    if not ranked:
        await lists.refuse_unknown(context, wanted, now)
    there = await by_id(public, list(ranked), now)
    desk = context.caller.sees == "all"
    cards = [
        with_views(context, there[id], wanted.form, count if desk else None)
        for id, count in ranked.items() if id in there
    ]  # fmt: skip
    tail = b'],"next":null,"prev":null,"count":null,"count_kind":"none","facets":null}'
    body = b'{"items":[' + b",".join(cards) + tail
    held = Representation(body, etag_of(body), keys=" ".join(["articles", "nouns", *there]))
    return reply(context, request, held, now=now, head=head, boundary=boundary, longest=FRESH)


def with_views(context: ReadContext, card: bytes, form: OutputOptions, count: int | None) -> bytes:
    """Return a card with `views` (null except for editors), in the requested form."""
    card = card[:-1] + b',"views":' + orjson.dumps(count) + b"}"
    return form.apply(card, context.settings.zone) if form else card


def split_window(query: str) -> tuple[str, str]:
    """Return the window, and the rest of the query."""
    parts = [part for part in query.split("&") if part]
    own = [part for part in parts if unquote_plus(part.partition("=")[0]) == "window"]
    values = [unquote_plus(part.partition("=")[2]) for part in own]
    if len(values) > 1 or not set(values) <= set(WINDOWS):
        raise BadRequest.at("window", f"Expected one of {', '.join(WINDOWS)}, at most once.")
    rest = "&".join(part for part in parts if part not in own)
    return (values or [DEFAULT_WINDOW])[0], rest
