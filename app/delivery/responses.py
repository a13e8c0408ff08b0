"""Answers about what articles share, such as tags and sources; computed for each request."""

from datetime import UTC, datetime
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from app.delivery.context import ReadContext, reply
from app.http.page_links import page_links
from app.http.responses import Representation, etag_of
from app.json_types import Json
from app.models.envelopes import envelope
from app.queries.log_position import LogPosition
from app.request import filters


def plain(context: ReadContext, request: Request, found: Json, mark: LogPosition) -> Response:
    """A small answer, made on the spot, of what stories share; `mark` is from before it was
    looked for."""
    body = orjson.dumps(found)
    version, id = found.get("version"), found.get("id")
    keys = " ".join(["articles", "nouns", *([id] if id else [])])
    held, (head, boundary) = Representation(body, etag_of(body, version), keys=keys), mark
    return reply(
        context, request, held, now=datetime.now(UTC), head=head, boundary=boundary,
        links=page_links(context.settings.public_url, request.scope, found),
    )  # fmt: skip


def plain_list(
    context: ReadContext, request: Request, found: list[Any], mark: LogPosition
) -> Response:
    """Respond with a list that has no pages."""
    filters.parse_params(request.scope["query_string"], [])
    return plain(context, request, envelope(found), mark)
