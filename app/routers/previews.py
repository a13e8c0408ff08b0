"""Previews of a story, for the desk; the token itself is used on the story's own address."""

from fastapi import APIRouter

from app import urls
from app.desk import previews, withdrawals
from app.desk.articles import publishing
from app.models.envelopes import PreviewList
from app.models.preview import PreviewMade, PreviewWrite
from app.routers.desk import Answer, DeskRoute, Editor, Writer

router = APIRouter(
    prefix="/v1/articles/{id_or_slug}/previews", tags=["previews"], route_class=DeskRoute
)


@router.get("", operation_id="listPreviews", responses={200: {"model": PreviewList}})
def list_previews(desk: Editor, id_or_slug: str) -> Answer:
    """A story's previews, the newest first; their tokens are not kept."""
    article = withdrawals.unsealed(desk, id_or_slug)
    items = [previews.to_json(row) for row in previews.find(desk, article)]
    return Answer({"items": items, "next": None, "prev": None, "count": len(items),
                   "count_kind": "exact", "facets": None})  # fmt: skip


@router.post(
    "", operation_id="createPreview", status_code=201, responses={201: {"model": PreviewMade}}
)
def create_preview(desk: Writer, id_or_slug: str, sent: PreviewWrite | None = None) -> Answer:
    """A token that shows the story as it would be published. `token` is shown this once."""
    article = publishing.get(desk, withdrawals.unsealed(desk, id_or_slug).id)
    row, token = previews.make(desk, article, sent or PreviewWrite())
    return Answer(
        previews.made(desk, article, row, token), 201,
        secret_of=urls.api(desk.settings, "articles", article.id, "previews", row.id),
    )  # fmt: skip


@router.delete(
    "/{preview_id}", operation_id="revokePreview", status_code=204,
    openapi_extra={"x-unversioned": True},
)  # fmt: skip
def revoke_preview(desk: Writer, id_or_slug: str, preview_id: str) -> Answer:
    """The token shows nothing any more."""
    article = publishing.get(desk, withdrawals.unsealed(desk, id_or_slug).id)
    previews.revoke(desk, article, previews.get(desk, article, preview_id))
    return Answer(None, 204)
