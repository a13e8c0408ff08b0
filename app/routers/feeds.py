"""Feeds of all stories or of a section's, in each format."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from app import feeds
from app.formats import jsonfeed
from app.routers.articles import FILTERS, SORT, WORDS, parameter, seen
from app.routers.direct import Direct

router = APIRouter(prefix="/feeds", tags=["feeds"], route_class=Direct)
FEED = {
    "name": "feed", "in": "path", "required": True, "schema": {"type": "string"},
    "description": "A section's path, or `all`, and the format: `world/asia.atom`, `all.rss`,"
    " `all.json`. A former path leads to the present one.",
}  # fmt: skip
CONTENT = {
    **parameter("content", "The whole text, or the summary."),
    "schema": {"type": "string", "enum": [*feeds.CONTENTS], "default": "full"},
}
PARAMETERS = [
    FEED,
    WORDS,
    *(one for one in [*FILTERS, SORT] if one["name"] not in feeds.OF_JSON),
    CONTENT,
]
FORMATS = {
    media_type: {"schema": {"type": "string"}} for media_type, _ in feeds.FORMATS.values()
} | {jsonfeed.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/JsonFeed"}}}


@router.get(
    "/{feed:path}", operation_id="getFeed", response_model=None, response_class=Response,
    responses={200: {"description": "The feed.", "content": FORMATS}},
    openapi_extra={"parameters": PARAMETERS},
)  # fmt: skip
async def get_feed(request: Request) -> Response:
    """Stories as RSS, Atom or JSON Feed, newest first, by any filter of `/v1/articles`."""
    return await feeds.respond(await seen(request), request, request.path_params["feed"])
