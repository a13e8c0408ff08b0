"""Public notices on stories."""

from fastapi import APIRouter

from app.desk import read_back
from app.desk.articles import corrections, publishing
from app.models.article import (
    ArticleRow,
    CorrectionChange,
    CorrectionRow,
    CorrectionSaved,
    CorrectionWrite,
)
from app.routers.desk import Answer, DeskRoute, Publisher
from app.routers.parameters import operation

router = APIRouter(
    prefix="/v1/articles/{id_or_slug}/corrections", tags=["articles"], route_class=DeskRoute
)


@router.post("", **operation(CorrectionSaved, status=201))
def correct_article(desk: Publisher, id_or_slug: str, sent: CorrectionWrite) -> Answer:
    """A notice on a story that was public: readers, feeds and the log see it at once."""
    article = publishing.get(desk, id_or_slug)
    return answer_with(desk, article, corrections.correct(desk, article, sent), 201)


@router.patch("/{id}", **operation(CorrectionSaved))
def amend_correction(desk: Publisher, id_or_slug: str, id: str, sent: CorrectionChange) -> Answer:
    """Other words for a notice, or other blocks. A notice itself stays."""
    article = publishing.get(desk, id_or_slug)
    return answer_with(desk, article, corrections.amend(desk, article, id, sent))


def answer_with(
    desk: Publisher, article: ArticleRow, row: CorrectionRow, status: int = 200
) -> Answer:
    """The correction as the article shows it now."""
    story, _ = read_back.story(desk, article.id)
    [shape] = [one for one in story["corrections"] if one["id"] == row.id]
    return Answer(shape | {"article": article.id}, status, location=story["links"]["self"])
