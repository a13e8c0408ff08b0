"""Small answers of the read plane, made as they are asked for, and the links to pages beside them."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote

import orjson
from starlette.requests import Request
from starlette.responses import Response

from app.delivery.context import ReadContext, reply
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
        links=links(context, request, found),
    )  # fmt: skip


def plain_list(
    context: ReadContext, request: Request, found: list[Any], mark: LogPosition
) -> Response:
    """A list that is told whole."""
    filters.asked(request.scope["query_string"], [])
    return plain(context, request, envelope(found), mark)


def links(context: ReadContext, request: Request, ends: Json) -> str | None:
    """RFC 8288 links to the pages beside this one."""
    base = without_cursor(request.scope["path"], request.scope["query_string"])
    to = f"<{context.settings.public_url}{base}"
    there = [f'{to}{ends[rel]}>; rel="{rel}"' for rel in ("next", "prev") if ends.get(rel)]
    return ", ".join(there) or None


@lru_cache(maxsize=256)
def without_cursor(path: str, query: bytes) -> str:
    """The address of a page up to its cursor, which comes last."""
    parts = query.decode("latin-1").split("&")
    kept = [one for one in parts if one and not one.startswith("cursor=")]
    return f"{quote(path)}?{'&'.join([*kept, 'cursor'])}="
