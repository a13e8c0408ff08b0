"""What sources do to their own items afterwards, and the desk's look at what rests on them."""

from fastapi import APIRouter

from app.desk import upstream, withdrawals
from app.desk.articles import publishing
from app.errors import NotFound
from app.models.article import ArticleSaved
from app.models.source import DispatchRow
from app.models.upstream import ArticleFlags, SourceStatusWrite, UpstreamSaved, UpstreamStatus
from app.routers.desk import Answer, DeskRoute, Editor, Publisher, article_answer
from app.routers.parameters import operation

router = APIRouter(prefix="/v1", route_class=DeskRoute)
ITEM = "/dispatches/{id}/source-status"
STORY = "/articles/{id_or_slug}/source-status"


@router.get(ITEM, tags=["dispatches"], **operation(UpstreamStatus))
def get_source_status(desk: Editor, id: str) -> Answer:
    """What the source did to its item, and everything that is based on it."""
    row = desk.session.get(DispatchRow, id)
    if row is None or row.source_status is None or row.withdrawn == "vanish":
        raise NotFound(f"Nothing was said of {id!r} by its source.")
    return Answer(upstream.to_json(desk, row), version=row.version)


@router.put(ITEM, tags=["dispatches"], **operation(UpstreamSaved))
def set_source_status(desk: Publisher, id: str, sent: SourceStatusWrite) -> Answer:
    """The source corrected or killed its item: all that rests on it is flagged and listed, and the
    source's policy is followed."""
    row, taken = upstream.set_status(desk, id, sent)
    return Answer(upstream.to_json(desk, row, taken), version=row.version)


@router.delete(ITEM, tags=["dispatches"], **operation(status=204))
def clear_source_status(desk: Publisher, id: str) -> Answer:
    """The source takes it back: nothing is flagged for it any longer."""
    upstream.clear(desk, id)
    return Answer(None, 204)


@router.get(STORY, tags=["articles"], **operation(ArticleFlags))
def get_article_flags(desk: Editor, id_or_slug: str) -> Answer:
    """Why a story is flagged, or was until the desk looked."""
    return Answer(upstream.article_flags(desk, withdrawals.unsealed(desk, id_or_slug)))


@router.delete(STORY, tags=["articles"], **operation(ArticleSaved))
def review_article(desk: Publisher, id_or_slug: str) -> Answer:
    """Record that the desk has checked a story: its flags are removed, and what they withheld is
    shown."""
    return article_answer(desk, upstream.review(desk, publishing.get(desk, id_or_slug)))
