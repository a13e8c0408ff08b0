"""When readers see a story: its state by the clock, and the bounds that the visibility condition compares.

Functions of a row at hand; `queries/visibility.py` says the same in SQL.
"""

from datetime import datetime

from app.models.article import ArticleRow
from app.models.base import FOREVER
from app.models.card import State


def state_at(article: ArticleRow, now: datetime) -> State:
    """The state by the clock, of a row at hand: what `gate.state_now` says."""
    if article.state != State.published:
        return State(article.state)
    if article.live_to <= now:
        return State.expired
    return State.scheduled if article.live_from > now else State.published


def is_out(article: ArticleRow, now: datetime) -> bool:
    """Whether readers see it now: what the gate says, of a row at hand."""
    return state_at(article, now) == State.published


def has_been_out(article: ArticleRow, now: datetime) -> bool:
    """Whether readers could ever see it."""
    return article.public_from is not None and article.public_from <= now


def waits(article: ArticleRow, now: datetime) -> bool:
    """Whether it has a schedule that lies ahead."""
    return (
        article.state == State.published
        and article.before_schedule is not None
        and article.published_at > now
    )


def follows_embargo(article: ArticleRow, now: datetime) -> bool:
    """Return whether the publication time is the embargo's end: no other was given, and no reader
    has seen the story."""
    same = article.published_at == article.embargo_until and article.before_schedule is None
    return article.state == State.published and same and not has_been_out(article, now)


def set_window(article: ArticleRow, now: datetime) -> None:
    """The bounds that the gate compares with the clock; and, until it has been out for the first
    time, when that will be."""
    seen = has_been_out(article, now)
    article.live_from = max(article.published_at, article.embargo_until or article.published_at)
    article.live_to = article.expires_at or FOREVER
    if seen:
        return
    out, opens = article.state == State.published, max(article.live_from, now)
    article.first_published_at = article.live_from if out else None
    article.public_from = opens if out and opens < article.live_to else None


def ahead(article: ArticleRow, now: datetime) -> dict[datetime, str]:
    """The moments that lie before a story: when it appears and goes by itself. One that goes when
    it appears has none."""
    if article.state != State.published or article.live_from >= article.live_to:
        return {}
    both = {article.live_from: "published", article.live_to: "expired"}
    return {at: type for at, type in both.items() if now < at < FOREVER}


def wanted_time(article: ArticleRow) -> bool:
    """Whether the desk or an import gave a time of publication."""
    return article.first_published_at is not None or article.published_at != article.created_at
