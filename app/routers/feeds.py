"""Feeds of all stories or of a section's, in three formats."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from app import feeds
from app.formats import atom, jsonfeed, rss
from app.models.feed import JsonFeed
from app.routers.articles import FILTERS, parameter, seen
from app.routers.direct import Direct

router = APIRouter(prefix="/feeds", tags=["feeds"], route_class=Direct)
OF = {
    "name": "section", "in": "path", "required": True, "schema": {"type": "string"},
    "description": "A section's path, or `all`. A former path leads to the present one (308).",
}  # fmt: skip
CONTENT = {
    **parameter("content", "The whole text, or the summary."),
    "schema": {"type": "string", "enum": [*feeds.CONTENTS], "default": "full"},
}
PARAMETERS = [OF, *(one for one in FILTERS if one["name"] != "display"), CONTENT]


def text(media_type: str) -> dict[int | str, dict[str, Any]]:
    content = {media_type: {"schema": {"type": "string"}}}
    return {200: {"description": "The feed.", "content": content}}


@router.get(
    "/{section:path}.rss", operation_id="getRssFeed", response_model=None, response_class=Response,
    responses=text(rss.MEDIA_TYPE), openapi_extra={"parameters": PARAMETERS},
)  # fmt: skip
async def get_rss(request: Request) -> Response:
    """Stories as RSS 2.0, newest first, by any filter of `/v1/articles`."""
    return await feeds.respond(await seen(request), request, request.path_params["section"], "rss")


@router.get(
    "/{section:path}.atom", operation_id="getAtomFeed", response_model=None,
    response_class=Response, responses=text(atom.MEDIA_TYPE),
    openapi_extra={"parameters": PARAMETERS},
)  # fmt: skip
async def get_atom(request: Request) -> Response:
    """Stories as Atom, newest first, by any filter of `/v1/articles`; what was withdrawn too."""
    return await feeds.respond(await seen(request), request, request.path_params["section"], "atom")


class FeedJson(Response):
    media_type = jsonfeed.MEDIA_TYPE


@router.get(
    "/{section:path}.json", operation_id="getJsonFeed", response_model=None,
    response_class=FeedJson, responses={200: {"model": JsonFeed}},
    openapi_extra={"parameters": PARAMETERS},
)  # fmt: skip
async def get_json(request: Request) -> Response:
    """Stories as JSON Feed 1.1, newest first, by any filter of `/v1/articles`."""
    return await feeds.respond(await seen(request), request, request.path_params["section"], "json")
