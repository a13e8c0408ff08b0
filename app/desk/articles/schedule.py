"""Schedules, embargoes and expiries of articles. A time that is set lies in the future."""

from datetime import datetime
from typing import NoReturn

from app.desk.articles import picture_credits, publishing
from app.desk.transaction import Desk
from app.errors import NotFound, Unprocessable
from app.json_types import Json
from app.models import publication_window
from app.models.article import ArticleRow
from app.models.base import timestamp
from app.models.card import State


def schedule(desk: Desk, article: ArticleRow, at: datetime) -> ArticleRow:
    """Schedule a publication; an existing schedule is moved."""
    publishing.refuse_sealed(article)
    refuse_passed(desk, at, "#/at")
    if publication_window.waits(article, desk.now):
        if article.published_at == at:
            publishing.refuse_in_state(desk, article, f"comes out at {timestamp(at)} already")
    elif article.state == State.published:
        publishing.refuse_in_state(desk, article, "is already published")
    else:
        picture_credits.check(desk, publishing.current_content(desk, article))
        article.before_schedule = article.published_at
    article.state, article.published_at = State.published, at
    publishing.touch(desk, article)
    warn_of_never(desk, article)
    publishing.record_change(desk, "scheduled", article)
    return article


def unschedule(desk: Desk, article: ArticleRow, reason: str | None = None) -> ArticleRow:
    """Cancel a schedule: the article is as it was before."""
    publishing.refuse_sealed(article)
    if not publication_window.waits(article, desk.now):
        publishing.refuse_in_state(desk, article, "has no schedule that waits")
    article.state = publishing.resting_state(article, desk.now)
    article.published_at = article.before_schedule or article.created_at
    article.before_schedule = None
    publishing.touch(desk, article)
    publishing.record_change(desk, "unscheduled", article, reason=reason)
    return article


def embargo(desk: Desk, article: ArticleRow, until: datetime) -> ArticleRow:
    """Hide an article until a time, at once if it is published."""
    publishing.refuse_sealed(article)
    refuse_passed(desk, until, "#/until")
    if article.embargo_until == until:
        said = f"is under an embargo until {timestamp(until)} already"
        publishing.refuse_in_state(desk, article, said)
    was_out = publication_window.is_out(article, desk.now)
    if publication_window.follows_embargo(article, desk.now):
        article.published_at = until
    article.embargo_until = until
    publishing.touch(desk, article)
    warn_of_never(desk, article)
    publishing.record_change(desk, "embargoed", article, public=was_out)
    return article


def lift_embargo(desk: Desk, article: ArticleRow) -> ArticleRow:
    """End the embargo now."""
    publishing.refuse_sealed(article)
    if article.embargo_until is None or article.embargo_until <= desk.now:
        publishing.refuse_in_state(desk, article, "is under no embargo")
    if publication_window.follows_embargo(article, desk.now):
        article.published_at = desk.now
    article.embargo_until = None
    publishing.touch(desk, article)
    publishing.record_change(
        desk, "embargo_lifted", article, public=publication_window.is_out(article, desk.now)
    )
    return article


def expire(desk: Desk, article: ArticleRow, at: datetime) -> ArticleRow:
    """Set the time at which a story expires."""
    publishing.refuse_sealed(article)
    refuse_passed(desk, at, "#/at")
    if article.expires_at == at:
        publishing.refuse_in_state(desk, article, f"expires at {timestamp(at)} already")
    return set_expiry(desk, article, at)


def remove_expiry(desk: Desk, article: ArticleRow) -> ArticleRow:
    """Remove the expiry; an expired article is published again."""
    publishing.refuse_sealed(article)
    if article.expires_at is None:
        publishing.refuse_in_state(desk, article, "has no expiry")
    return set_expiry(desk, article, None)


def set_expiry(desk: Desk, article: ArticleRow, at: datetime | None) -> ArticleRow:
    """Set or remove the expiry and record the change."""
    was_out = publication_window.is_out(article, desk.now)
    article.expires_at = at
    publishing.touch(desk, article)
    warn_of_never(desk, article)
    public = was_out or publication_window.is_out(article, desk.now)
    publishing.record_change(desk, "expiry_set", article, public=public)
    return article


def refuse_passed(desk: Desk, moment: datetime, pointer: str) -> None:
    """Raise 422 for a time that is not in the future."""
    if moment <= desk.now:
        raise Unprocessable.at(pointer, f"This moment has passed: it is {timestamp(desk.now)}.")


def warn_of_never(desk: Desk, article: ArticleRow) -> None:
    """Warn if a story would expire before it is published."""
    if article.state == State.published and article.live_from >= article.live_to:
        desk.warnings.append(
            f"Nobody will see it: it expires at {timestamp(article.live_to)}, before it is out."
        )


def publication_now(desk: Desk, article: ArticleRow) -> Json:
    """PublicationNow as JSON, or 404."""
    if article.state != State.published or publication_window.waits(article, desk.now):
        not_in_state(desk, article, "is not published")
    assert article.first_published_at is not None  # what is published has one
    return state_json(desk, article) | {
        "published_at": timestamp(article.published_at),
        "first_published_at": timestamp(article.first_published_at),
    }


def schedule_now(desk: Desk, article: ArticleRow) -> Json:
    """ScheduleNow as JSON, or 404."""
    if not publication_window.waits(article, desk.now):
        not_in_state(desk, article, "has no schedule that waits")
    return state_json(desk, article) | {"at": timestamp(article.published_at)}


def embargo_now(desk: Desk, article: ArticleRow) -> Json:
    """EmbargoNow as JSON, or 404."""
    if article.embargo_until is None or article.embargo_until <= desk.now:
        not_in_state(desk, article, "is under no embargo")
    return state_json(desk, article) | {"until": timestamp(article.embargo_until)}


def expiry_now(desk: Desk, article: ArticleRow) -> Json:
    """ExpiryNow as JSON, or 404."""
    if article.expires_at is None:
        not_in_state(desk, article, "has no expiry")
    return state_json(desk, article) | {"at": timestamp(article.expires_at)}


def state_json(desk: Desk, article: ArticleRow) -> Json:
    """What every state resource says of its article."""
    return {"article": article.id, "state": publication_window.state_at(article, desk.now)}


def not_in_state(desk: Desk, article: ArticleRow, said: str) -> NoReturn:
    """Raise 404 with the article's state by the clock."""
    state = publication_window.state_at(article, desk.now)
    raise NotFound(f"{article.slug!r} {said}; it is {state}.", state=state)
