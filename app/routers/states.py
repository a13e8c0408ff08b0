"""What becomes of a story: its states, each a resource that is put and deleted."""

from typing import Any

from fastapi import APIRouter

from app import publishing
from app.models.article import ArticleSaved, Publication
from app.routers.articles import saved
from app.routers.desk import Answer, DeskRoute, Publisher

router = APIRouter(prefix="/v1/articles/{id_or_slug}", tags=["articles"], route_class=DeskRoute)
WHOLE: dict[int | str, dict[str, Any]] = {200: {"model": ArticleSaved}}


@router.put("/publication", operation_id="publishArticle", responses=WHOLE)
def publish_article(desk: Publisher, id_or_slug: str, sent: Publication | None = None) -> Answer:
    """Put a story out: readers, lists and the log see it at once."""
    article = publishing.get(desk, id_or_slug)
    publishing.publish(desk, article, sent.published_at if sent else None)
    return saved(desk, article)
