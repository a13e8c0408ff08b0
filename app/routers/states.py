"""The states of an article: each is a resource that is read, put and deleted."""

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
from app.routers.desk import Answer, DeskRoute, Editor, Publisher, article_answer
from app.routers.parameters import operation

router = APIRouter(prefix="/v1/articles/{id_or_slug}", tags=["articles"], route_class=DeskRoute)


def locked(desk: Publisher, id_or_slug: str) -> ArticleRow:
    """The article, locked, at the version that `If-Match` names, if it names one."""
    article = publishing.get(desk, id_or_slug)
    check_match(desk, article.version)
    return article


@router.get("/publication", **operation(PublicationNow))
def get_publication(desk: Editor, id_or_slug: str) -> Answer:
    """When a story came out; 404 for one that is not published."""
    return Answer(schedule.publication_now(desk, withdrawals.unsealed(desk, id_or_slug)))


@router.put("/publication", **operation(ArticleSaved))
def publish_article(desk: Publisher, id_or_slug: str, sent: Publication | None = None) -> Answer:
    """Put a story out: readers, lists and the log see it at once. One that waits for its schedule
    comes out now."""
    published_at = sent.published_at if sent else None
    return article_answer(desk, publishing.publish(desk, locked(desk, id_or_slug), published_at))


@router.delete("/publication", **operation(ArticleSaved))
def unpublish_article(desk: Publisher, id_or_slug: str) -> Answer:
    """Take a story back. Published again it keeps its first time of publication."""
    return article_answer(desk, publishing.unpublish(desk, locked(desk, id_or_slug)))


@router.get("/schedule", **operation(ScheduleNow))
def get_schedule(desk: Editor, id_or_slug: str) -> Answer:
    """When a story will come out by itself; 404 for one that doesn't wait."""
    return Answer(schedule.schedule_now(desk, withdrawals.unsealed(desk, id_or_slug)))


@router.put("/schedule", **operation(ArticleSaved))
def schedule_article(desk: Publisher, id_or_slug: str, sent: Schedule) -> Answer:
    """Schedule the publication of a story; sent again, it moves the time."""
    return article_answer(desk, schedule.schedule(desk, locked(desk, id_or_slug), sent.at))


@router.delete("/schedule", **operation(ArticleSaved))
def unschedule_article(desk: Publisher, id_or_slug: str) -> Answer:
    """Call a schedule off before its time: the story is as it was before."""
    return article_answer(desk, schedule.unschedule(desk, locked(desk, id_or_slug)))


@router.get("/embargo", **operation(EmbargoNow))
def get_embargo(desk: Editor, id_or_slug: str) -> Answer:
    """The time until which a story is hidden; 404 without an embargo."""
    return Answer(schedule.embargo_now(desk, withdrawals.unsealed(desk, id_or_slug)))


@router.put("/embargo", **operation(ArticleSaved))
def embargo_article(desk: Publisher, id_or_slug: str, sent: Embargo) -> Answer:
    """Nobody may see the story until then; one that is out is taken away at once."""
    return article_answer(desk, schedule.embargo(desk, locked(desk, id_or_slug), sent.until))


@router.delete("/embargo", **operation(ArticleSaved))
def lift_embargo(desk: Publisher, id_or_slug: str) -> Answer:
    """The embargo ends now."""
    return article_answer(desk, schedule.lift_embargo(desk, locked(desk, id_or_slug)))


@router.get("/expiry", **operation(ExpiryNow))
def get_expiry(desk: Editor, id_or_slug: str) -> Answer:
    """When a story goes, or went, by itself; 404 for one that stays."""
    return Answer(schedule.expiry_now(desk, withdrawals.unsealed(desk, id_or_slug)))


@router.put("/expiry", **operation(ArticleSaved))
def expire_article(desk: Publisher, id_or_slug: str, sent: Expiry) -> Answer:
    """Set the time at which a story expires; sent again, it moves the time."""
    return article_answer(desk, schedule.expire(desk, locked(desk, id_or_slug), sent.at))


@router.delete("/expiry", **operation(ArticleSaved))
def keep_article(desk: Publisher, id_or_slug: str) -> Answer:
    """No expiry any more; a story that had expired is out again."""
    return article_answer(desk, schedule.remove_expiry(desk, locked(desk, id_or_slug)))
