"""What becomes of a story: its states, each a resource that is put, read and deleted."""

from typing import Any

from fastapi import APIRouter

from app.desk import withdrawals
from app.desk.articles import publishing, schedule
from app.desk.transaction import check_match
from app.models.article import ArticleRow, ArticleSaved
from app.models.state import (
    Embargo,
    EmbargoNow,
    Expiry,
    ExpiryNow,
    Publication,
    PublicationNow,
    Schedule,
    ScheduleNow,
)
from app.routers.articles import saved
from app.routers.desk import Answer, DeskRoute, Editor, Publisher

router = APIRouter(prefix="/v1/articles/{id_or_slug}", tags=["articles"], route_class=DeskRoute)
Told = dict[int | str, dict[str, Any]]
WHOLE: Told = {200: {"model": ArticleSaved}}


def taken(desk: Publisher, id_or_slug: str) -> ArticleRow:
    """The story, locked, in the version that `If-Match` names, if it names one."""
    article = publishing.get(desk, id_or_slug)
    check_match(desk, article.version)
    return article


@router.get(
    "/publication", operation_id="getPublication", responses={200: {"model": PublicationNow}}
)
def get_publication(desk: Editor, id_or_slug: str) -> Answer:
    """When a story came out; 404 for one that is not published."""
    return Answer(schedule.publication_now(desk, withdrawals.unsealed(desk, id_or_slug)))


@router.put("/publication", operation_id="publishArticle", responses=WHOLE)
def publish_article(desk: Publisher, id_or_slug: str, sent: Publication | None = None) -> Answer:
    """Put a story out: readers, lists and the log see it at once. One that waits for its schedule
    comes out now."""
    published_at = sent.published_at if sent else None
    return saved(desk, publishing.publish(desk, taken(desk, id_or_slug), published_at))


@router.delete("/publication", operation_id="unpublishArticle", responses=WHOLE)
def unpublish_article(desk: Publisher, id_or_slug: str) -> Answer:
    """Take a story back. Published again it keeps its first time of publication."""
    return saved(desk, publishing.unpublish(desk, taken(desk, id_or_slug)))


@router.get("/schedule", operation_id="getSchedule", responses={200: {"model": ScheduleNow}})
def get_schedule(desk: Editor, id_or_slug: str) -> Answer:
    """When a story will come out by itself; 404 for one that doesn't wait."""
    return Answer(schedule.schedule_now(desk, withdrawals.unsealed(desk, id_or_slug)))


@router.put("/schedule", operation_id="scheduleArticle", responses=WHOLE)
def schedule_article(desk: Publisher, id_or_slug: str, sent: Schedule) -> Answer:
    """Have a story come out by itself; put again, at another time."""
    return saved(desk, schedule.schedule(desk, taken(desk, id_or_slug), sent.at))


@router.delete("/schedule", operation_id="unscheduleArticle", responses=WHOLE)
def unschedule_article(desk: Publisher, id_or_slug: str) -> Answer:
    """Call a schedule off before its time: the story is as it was before."""
    return saved(desk, schedule.unschedule(desk, taken(desk, id_or_slug)))


@router.get("/embargo", operation_id="getEmbargo", responses={200: {"model": EmbargoNow}})
def get_embargo(desk: Editor, id_or_slug: str) -> Answer:
    """Until when nobody may see a story; 404 where no embargo holds."""
    return Answer(schedule.embargo_now(desk, withdrawals.unsealed(desk, id_or_slug)))


@router.put("/embargo", operation_id="embargoArticle", responses=WHOLE)
def embargo_article(desk: Publisher, id_or_slug: str, sent: Embargo) -> Answer:
    """Nobody may see the story until then; one that is out is taken away at once."""
    return saved(desk, schedule.embargo(desk, taken(desk, id_or_slug), sent.until))


@router.delete("/embargo", operation_id="liftEmbargo", responses=WHOLE)
def lift_embargo(desk: Publisher, id_or_slug: str) -> Answer:
    """The embargo ends now."""
    return saved(desk, schedule.lift_embargo(desk, taken(desk, id_or_slug)))


@router.get("/expiry", operation_id="getExpiry", responses={200: {"model": ExpiryNow}})
def get_expiry(desk: Editor, id_or_slug: str) -> Answer:
    """When a story goes, or went, by itself; 404 for one that stays."""
    return Answer(schedule.expiry_now(desk, withdrawals.unsealed(desk, id_or_slug)))


@router.put("/expiry", operation_id="expireArticle", responses=WHOLE)
def expire_article(desk: Publisher, id_or_slug: str, sent: Expiry) -> Answer:
    """Have a story go by itself; put again, at another time."""
    return saved(desk, schedule.expire(desk, taken(desk, id_or_slug), sent.at))


@router.delete("/expiry", operation_id="keepArticle", responses=WHOLE)
def keep_article(desk: Publisher, id_or_slug: str) -> Answer:
    """No expiry any more; a story that had expired is out again."""
    return saved(desk, schedule.keep(desk, taken(desk, id_or_slug)))
