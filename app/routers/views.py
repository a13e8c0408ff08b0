"""Views of stories, and what is viewed most."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.audience import trending
from app.audience.beacons import MEDIA, ViewRecorder
from app.delivery.context import for_request, services
from app.http.direct_route import DirectRoute
from app.models.envelopes import TrendingList
from app.request.filters import LARGEST_PAGE
from app.routers.parameters import DISPLAY, FIELDS, LISTED, choice, operation, repeatable, whole

router = APIRouter(prefix="/v1", tags=["trending"], route_class=DirectRoute)
SENT = {"schema": {"$ref": "#/components/schemas/ViewReport"}}
WINDOW = choice("window", "How far back.", [*trending.WINDOWS], trending.DEFAULT_WINDOW)


@router.post(
    "/views", operation_id="createViews", response_model=None, status_code=202,
    responses={202: {"description": "Taken."}},
    openapi_extra={
        "requestBody": {"required": True, "content": dict.fromkeys(MEDIA, SENT)}, "x-beacon": True,
    },
)  # fmt: skip
async def create_views(request: Request) -> Response:
    """Report that a reader opened a story: one view, or `views`. The response does not reveal
    whether it counts or whether the story exists."""
    await for_request(request)  # a key that is wrong is told
    viewing: ViewRecorder = request.app.state.viewing
    await viewing.take(request, services(request).door.peer(request.scope))
    return Response(status_code=202, headers={"Cache-Control": "no-store"})


@router.get(
    "/trending",
    **operation(
        TrendingList,
        WINDOW,
        repeatable("section", f"Path or id; its descendants are included. {LISTED}"),
        repeatable("lang", f"BCP 47. {LISTED}"),
        whole("limit", "1 to 100; 20 unless said.", LARGEST_PAGE),
        DISPLAY,
        FIELDS,
    ),
)
async def list_trending(request: Request) -> Response:
    """Published stories, the most read first, and the newest first among equals."""
    return await trending.listing(await for_request(request), request)
