"""Updates of live stories: polled by readers, posted by reporters."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from app import urls
from app.delivery import live_updates as polled
from app.delivery import previews
from app.desk import read_back
from app.desk.articles import live_updates as updates
from app.desk.articles import publishing
from app.http.direct_route import DirectRoute
from app.models.article import ArticleRow
from app.models.envelopes import LiveUpdateList
from app.models.live import LiveUpdate, LiveUpdateRow, LiveUpdateSaved
from app.request.filters import LARGEST_PAGE
from app.routers.desk import PATCH, PATCHES, Answer, DeskRoute, Raw, Writer, takes
from app.routers.parameters import (
    FIELDS,
    PREVIEW,
    WHICH,
    operation,
    parameter,
    path_parameter,
    whole,
)

PREFIX = "/v1/articles/{id_or_slug}/updates"
ID = path_parameter("id")
router = APIRouter(prefix=PREFIX, tags=["live"], route_class=DirectRoute)
ASKED = [
    WHICH,
    parameter(
        "after",
        "An update's id: what was posted, edited or removed since that one was posted, oldest change"
        " first. Left out: the newest.",
    ),
    whole("limit", "1 to 100; 20 unless said.", LARGEST_PAGE),
    parameter("cursor", "The `next` of the page before."),
    FIELDS,
    PREVIEW,
]


@router.get("", **operation(LiveUpdateList, *ASKED))
async def list_updates(request: Request) -> Response:
    """The newest updates of a live story; or, after one that the caller has, what changed since."""
    name = request.path_params["id_or_slug"]
    context, request, name = await previews.opened(request, name)
    return await polled.listing(context, request, name)


@router.get("/{id}", **operation(LiveUpdate, WHICH, ID, FIELDS, PREVIEW))
async def get_update(request: Request) -> Response:
    """One update; of one that was removed, that it was."""
    name, id = request.path_params["id_or_slug"], request.path_params["id"]
    context, request, name = await previews.opened(request, name)
    return await polled.detail(context, request, name, id)


desk_router = APIRouter(prefix=PREFIX, tags=["live"], route_class=DeskRoute)


@desk_router.post("", **operation(LiveUpdateSaved, status=201, **takes("LiveUpdateWrite")))
def create_update(desk: Writer, id_or_slug: str, sent: Raw) -> Answer:
    """A new update. On a published story it needs the scope publish too. The story's version stays."""
    article = publishing.get(desk, id_or_slug)
    return saved(desk, article, updates.post(desk, article, sent.json), 201)


@desk_router.put("/{id}", **operation(LiveUpdateSaved, **takes("LiveUpdateWrite")))
def replace_update(desk: Writer, id_or_slug: str, id: str, sent: Raw) -> Answer:
    """The update changed. A field that is left out keeps its value; null or [] clears it."""
    article = publishing.get(desk, id_or_slug)
    row = updates.get(desk, article, id)
    return saved(desk, article, updates.replace(desk, article, row, sent.json))


@desk_router.patch("/{id}", **operation(LiveUpdateSaved, **takes("LiveUpdateWrite", *PATCHES)))
def update_update(desk: Writer, id_or_slug: str, id: str, sent: Raw) -> Answer:
    """The update changed by JSON Merge Patch (RFC 7396) or JSON Patch (RFC 6902). `removed: false`
    brings one back."""
    article = publishing.get(desk, id_or_slug)
    row = updates.get(desk, article, id)
    change = updates.patch if sent.media == PATCH else updates.merge
    return saved(desk, article, change(desk, article, row, sent.json))


@desk_router.delete("/{id}", **operation(LiveUpdateSaved))
def remove_update(desk: Writer, id_or_slug: str, id: str) -> Answer:
    """Remove an update. Readers see that there was one, but not its content."""
    article = publishing.get(desk, id_or_slug)
    return saved(desk, article, updates.remove(desk, article, updates.get(desk, article, id)))


def saved(desk: Writer, article: ArticleRow, row: LiveUpdateRow, status: int = 200) -> Answer:
    """The update as a GET gives it now, with warnings."""
    shape, etag = read_back.update(desk, article.id, row.id)
    url = urls.api(desk.settings, "articles", article.id, "updates", row.id)
    return Answer(shape, status, row.version, etag=etag, location=url if status == 201 else None)
