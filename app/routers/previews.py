"""Previews of a story, for the desk; the token itself is used on the story's own address."""

from fastapi import APIRouter

from app import urls
from app.desk import previews, withdrawals
from app.desk.articles import publishing
from app.json_types import Json
from app.models.envelopes import PreviewList
from app.models.preview import PreviewMade, PreviewWrite
from app.routers.desk import Answer, DeskRoute, Editor, Writer, list_answer
from app.routers.parameters import operation

router = APIRouter(
    prefix="/v1/articles/{id_or_slug}/previews", tags=["previews"], route_class=DeskRoute
)
UNVERSIONED: Json = {"x-unversioned": True}
"""A preview has no version, so its deletion takes no If-Match."""


@router.get("", **operation(PreviewList))
def list_previews(desk: Editor, id_or_slug: str) -> Answer:
    """A story's previews, the newest first; their tokens are not kept."""
    article = withdrawals.unsealed(desk, id_or_slug)
    return list_answer([previews.to_json(row) for row in previews.find(desk, article)])


@router.post("", **operation(PreviewMade, status=201))
def create_preview(desk: Writer, id_or_slug: str, sent: PreviewWrite | None = None) -> Answer:
    """A token that shows the story as it would be published. `token` is shown this once."""
    article = publishing.get(desk, withdrawals.unsealed(desk, id_or_slug).id)
    row, token = previews.make(desk, article, sent or PreviewWrite())
    return Answer(
        previews.made(desk, article, row, token), 201,
        secret_of=urls.api(desk.settings, "articles", article.id, "previews", row.id),
    )  # fmt: skip


@router.delete("/{preview_id}", **operation(status=204, **UNVERSIONED))
def revoke_preview(desk: Writer, id_or_slug: str, preview_id: str) -> Answer:
    """The token shows nothing any more."""
    article = publishing.get(desk, withdrawals.unsealed(desk, id_or_slug).id)
    previews.revoke(desk, article, previews.get(desk, article, preview_id))
    return Answer(None, 204)
