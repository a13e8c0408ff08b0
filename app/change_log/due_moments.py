"""Due moments: times at which the clock alone publishes or expires an article, and their rows in the change log.
No job publishes anything: the visibility condition compares `live_from` and `live_to` with the clock. Moments
that have passed are logged once, by the first write after them."""

from collections.abc import Container, Iterable, Sequence
from datetime import datetime

from sqlalchemy import bindparam
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from app.change_log import record
from app.db.array_parameter import among
from app.models import publication_window
from app.models.article import ArticleRow, MomentRow
from app.models.base import UTCDateTime
from app.models.change import ChangeRow
from app.models.section import SectionRow

AT_ONCE = 50
"""Moments that one transaction logs for others."""

ORDER = col(MomentRow.at), col(MomentRow.article_id)
THEIRS = (
    select(MomentRow).where(among(col(MomentRow.article_id))).order_by(*ORDER).with_for_update()
)
"""The moments of some stories, locked."""
EARLIER = aliased(MomentRow)
FOLLOWS = (
    select(EARLIER.article_id)
    .where(EARLIER.article_id == col(MomentRow.article_id), EARLIER.at < col(MomentRow.at))
    .exists()
)
PASSED = (
    select(MomentRow.article_id)
    .where(col(MomentRow.at) <= bindparam("now", type_=UTCDateTime), ~FOLLOWS)
    .order_by(*ORDER).limit(AT_ONCE).with_for_update(skip_locked=True)
)  # fmt: skip
"""Stories of which a moment has passed that is their first, unless another has them locked."""


def lock_moments(session: Session, ids: Sequence[str]) -> list[MomentRow]:
    """Lock the due moments of these stories, so that no other transaction logs them."""
    return list(session.exec(THEIRS, params={"ids": ids}))


def log_passed(session: Session, now: datetime) -> int:
    """Log moments that have passed, of up to 50 articles. Returns their number. An article whose first moment
    another transaction is logging is left to it, so that its moments are logged in order."""
    ids = list(session.exec(PASSED, params={"now": now}))
    rows = [row for row in lock_moments(session, ids) if row.at <= now] if ids else []
    log_moments(session, rows, now)
    return len(rows)


def update_moments(
    session: Session, articles: Iterable[ArticleRow], now: datetime, new: Container[str]
) -> None:
    """Update the table `moment` to the future transitions of these stories; past ones are logged."""
    stories = {article.id: article for article in articles}
    old = [id for id in stories if id not in new]
    held = {(row.at, row.article_id): row for row in (lock_moments(session, old) if old else [])}
    log_moments(session, [row for row in held.values() if row.at <= now], now)
    wanted = {
        (at, id): type
        for id, one in stories.items()
        for at, type in publication_window.ahead(one, now).items()
    }
    for key, row in held.items():
        if row.at > now and wanted.get(key) != row.type:
            session.delete(row)
    session.flush()
    for (at, id), type in wanted.items():
        if (at, id) not in held or held[at, id].type != type:
            session.add(MomentRow(at=at, article_id=id, type=type))
    session.flush()


def log_moments(session: Session, rows: Sequence[MomentRow], now: datetime) -> None:
    """Log these moments, before the other changes of this transaction."""
    if not rows:
        return
    ids = list({row.article_id for row in rows})
    articles = session.exec(select(ArticleRow).where(col(ArticleRow.id).in_(ids)))
    stories = {article.id: article for article in articles}
    keys = record.keys_of(session, list(stories.values()))
    paths = paths_of(session, list(stories.values()))
    known = logged(session, ids)
    for row in rows:
        session.delete(row)
        if (row.article_id, row.type, row.at) not in known:
            story = stories[row.article_id]
            record.record_passed(
                session, type=row.type, noun="article", object_id=story.id, now=now,
                effective_at=row.at, version=story.version, lang=story.lang, slug=story.slug,
                section=paths.get(story.section_id or ""), public=True, keys=keys[story.id],
            )  # fmt: skip
    session.flush()


def paths_of(session: Session, stories: Sequence[ArticleRow]) -> dict[str, str]:
    """The paths of these articles' sections, by id."""
    wanted = {story.section_id for story in stories} - {None}
    rows = select(SectionRow.id, SectionRow.path).where(col(SectionRow.id).in_(wanted))
    return dict(session.exec(rows).all())


def logged(session: Session, ids: Sequence[str]) -> set[tuple[str, str, datetime]]:
    """Return the transitions of these stories that are logged already: after a clock was set
    back, one can pass again."""
    wanted = select(ChangeRow.object_id, ChangeRow.type, ChangeRow.effective_at)
    by_clock = col(ChangeRow.by_clock) & col(ChangeRow.object_id).in_(ids)
    return set(session.exec(wanted.where(by_clock)))
