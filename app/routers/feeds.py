"""Feeds of all stories or of a section's: an operation for each format, at the same addresses."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.delivery.context import for_request
from app.distribution import feeds
from app.formats.feeds import atom, json_feed, rss
from app.http.direct_route import DirectRoute
from app.routers.parameters import FILTERS, SORT, WORDS, choice, path_parameter, text_content

router = APIRouter(prefix="/feeds", tags=["feeds"], route_class=DirectRoute)
FEED = path_parameter(
    "feed", "A section's path (`world/asia`), or `all`. A former path leads to the present one."
)
CONTENT = choice("content", "The whole text, or the summary.", feeds.CONTENTS, "full")
PARAMETERS = [
    FEED,
    WORDS,
    *(one for one in [*FILTERS, SORT] if one["name"] not in feeds.OF_JSON),
    CONTENT,
]


def described(operation: str, content: dict[str, Any]) -> dict[str, Any]:
    """What the contract says of one format."""
    return {
        "operation_id": operation, "response_model": None, "response_class": Response,
        "responses": {200: {"description": "The feed.", "content": content}},
        "openapi_extra": {"parameters": PARAMETERS},
    }  # fmt: skip


async def feed_of(request: Request, extension: str) -> Response:
    """The feed with this file extension."""
    name = request.path_params["feed"]
    return await feeds.respond(await for_request(request), request, name, extension)


@router.get("/{feed:path}.rss", **described("getRssFeed", text_content(rss.MEDIA_TYPE, "text/xml")))
async def get_rss_feed(request: Request) -> Response:
    """Stories as RSS 2.0, newest first, by any filter of `/v1/articles`."""
    return await feed_of(request, "rss")


@router.get(
    "/{feed:path}.atom", **described("getAtomFeed", text_content(atom.MEDIA_TYPE, "text/xml"))
)
async def get_atom_feed(request: Request) -> Response:
    """Stories as Atom (RFC 4287), newest first, by any filter of `/v1/articles`."""
    return await feed_of(request, "atom")


JSON_FEED = {json_feed.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/JsonFeed"}}}


@router.get("/{feed:path}.json", **described("getJsonFeed", JSON_FEED))
async def get_json_feed(request: Request) -> Response:
    """Stories as JSON Feed 1.1, newest first, by any filter of `/v1/articles`."""
    return await feed_of(request, "json")


@router.get("/{feed:path}", include_in_schema=False, response_model=None)
async def get_unknown_feed(request: Request) -> Response:
    """404: the address ends in no format's name."""
    raise feeds.not_found(request.path_params["feed"])
