"""The log, for whoever keeps a copy of what we publish."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.delivery.context import for_request, services
from app.distribution import change_feed
from app.http.direct_route import DirectRoute
from app.models.change import NOUNS, TYPES, ChangeList
from app.routers.parameters import choice, operation, parameter, whole

router = APIRouter(prefix="/v1/changes", tags=["changes"], route_class=DirectRoute)
ASKED = [
    parameter(
        "cursor",
        "The `next` of the answer before, or the `cursor` of a change; `now` begins at the head."
        " Left out: from the beginning.",
    ),
    whole("limit", "1 to 1000, or to 100 beside `include`; 100 unless said.", change_feed.MOST),
    parameter("noun", f"A comma lists alternatives: {', '.join(NOUNS)}."),
    parameter("type", f"A comma lists alternatives: {', '.join(TYPES)}."),
    parameter(
        "latest", "`true`: of each thing its last change alone.", type="boolean", default=False
    ),
    choice("include", "The story as it is now, or its tombstone.", list(change_feed.INCLUDES)),
    parameter("fields", "Of the stories that are included, these fields alone (docs/fields.md)."),
]


@router.get("", **operation(ChangeList, *ASKED))
async def list_changes(request: Request) -> Response:
    """What happened, oldest first, in the caller's view; `next` is where to go on, always."""
    return await change_feed.listing(await for_request(request), request, services(request).db)
