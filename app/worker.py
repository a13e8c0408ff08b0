"""Work that no request waits for, resumable and safe to run any number of times at once."""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlmodel import col, or_, select

from app.cache.cdn_targets import targets_of
from app.change_log.transaction import write_transaction
from app.db.database import Database
from app.db.failures import Retrying
from app.desk import idempotency
from app.desk.catalog import verbs
from app.desk.due_moments import moments_step
from app.desk.transaction import BATCH, at_desk
from app.models.article import ArticleRow, DocumentRow, TermRow
from app.models.change import Job
from app.models.upstream import FlagRow
from app.models.view import StoryView
from app.queries import views
from app.rendering import documents, live_updates
from app.rendering.confidential import TERM

PAUSE = 1.0
WHICH: dict[str, tuple[Any, Any]] = {
    "rerender": (col(TermRow.article_id), col(TermRow.term)),
    "flagged": (col(FlagRow.article_id), col(FlagRow.root)),
}
"""The stories that a job goes through, and the column that its key is in."""


log = logging.getLogger("isnad.worker")


def rerender_step(db: Database, now: datetime | None = None) -> int:
    """The next batch of the oldest job: claim, render, log, move on, in one transaction.
    Returns how many stories were rendered; 0 when no job is free."""
    now = now or datetime.now(UTC)
    with db.reading() as session:  # a look first: an idle worker takes no write lock
        if session.exec(select(Job.id).limit(1)).first() is None:
            return 0
    with at_desk(db, by="worker", now=now) as desk:
        claim = select(Job).where(col(Job.kind).in_(WHICH)).order_by(col(Job.id)).limit(1)
        job = desk.session.exec(claim.with_for_update(skip_locked=True)).first()
        if job is None:
            return 0
        article_id, key = WHICH[job.kind]
        # a story that is rendered meanwhile has the one term in place of the other
        either = key.in_([job.key, TERM + job.key])
        wanted = select(article_id).where(either, article_id > job.after).distinct()
        ids = list(desk.session.exec(wanted.order_by(article_id).limit(BATCH)))
        verbs.rerender(desk, ids, job.reason, [job.key])
        if len(ids) < BATCH:
            desk.session.delete(job)
        else:
            job.after = ids[-1]
        return len(ids) or 1


def refresh_step(db: Database, now: datetime | None = None) -> int:
    """Up to 50 documents that another renderer or a passed moment made stale: rendered with no
    row of the log and no new `modified_at`. Stories that somebody is writing are left to them."""
    now = now or datetime.now(UTC)
    stamp = documents.stamp_of(db.settings)
    stale = or_(col(DocumentRow.stamp) != stamp, col(DocumentRow.valid_until) <= now)
    wanted = select(DocumentRow.article_id).where(stale).limit(BATCH)
    with db.reading() as session:
        if session.exec(wanted.limit(1)).first() is None:
            return 0
    with write_transaction(db) as session:
        free = select(ArticleRow.id).where(col(ArticleRow.id).in_(wanted)).order_by(ArticleRow.id)
        held = session.exec(free.with_for_update(skip_locked=True)).all()
        # looked at again now that they are held: another worker may have been here meanwhile
        ids = list(session.exec(wanted.where(col(DocumentRow.article_id).in_(held))))
        documents.write(session, db.settings, ids, now=now, silent=True)
        return len(ids)


def renew_step(db: Database, now: datetime | None = None) -> int:
    """The same of updates of live stories."""
    now = now or datetime.now(UTC)
    stamp = documents.stamp_of(db.settings)
    wanted = live_updates.stale(stamp, now)
    with db.reading() as session:
        if session.execute(wanted.limit(1)).first() is None:
            return 0
    with write_transaction(db) as session:
        ids = live_updates.held_fast(session, session.execute(wanted.limit(BATCH)).scalars())
        found = live_updates.anew(session, db.settings, ids)
        for one, made in found:
            live_updates.keep(one, made, stamp)
            session.add(one)
        return len(found)


def tidy_step(db: Database, now: datetime | None = None) -> int:
    """What is kept for a while only goes when its time is over."""
    now = now or datetime.now(UTC)
    idempotency.forget_old(db, now)
    return forget_views(db, views.hour_of(now - timedelta(days=db.settings.views_days)))


def forget_views(db: Database, before: datetime) -> int:
    """Views of hours before this one go, some thousands at once. Returns how many."""
    with db.reading() as session:
        old = select(StoryView.hour).where(col(StoryView.hour) < before)
        if session.exec(old.limit(1)).first() is None:
            return 0
    with write_transaction(db) as session:
        return views.forget(session, before)


STEPS = (moments_step, rerender_step, refresh_step, renew_step, tidy_step)


def work_through(db: Database) -> int:
    """Everything that is waiting, now. A step that fails does not hold up the others; the first
    failure is raised when they are done."""
    done, failures = 0, list[Exception]()
    while step := sum(tried(one, db, failures) for one in STEPS):
        done += step
    if failures:
        raise failures[0]
    return done


def tried(step: Callable[[Database], int], db: Database, failures: list[Exception]) -> int:
    """What a step does; 0 where it fails."""
    try:
        return step(db)
    except Exception as failure:
        failures.append(failure)
        return 0


async def run(db: Database) -> None:
    """Work until cancelled, and tell the caches in front of us meanwhile."""
    if not targets_of(db.settings):
        await work(db)
        return
    from app.cache import cdn_purge  # with an HTTP client, which nothing else here wants

    await asyncio.gather(work(db), cdn_purge.run(db))


async def work(db: Database) -> None:
    """Work until cancelled; a step that fails is logged and tried again."""
    retrying = Retrying(log, "the worker", PAUSE)
    while True:
        try:
            done = await asyncio.to_thread(work_through, db)
            retrying.worked()
        except Exception as failed:
            await asyncio.sleep(retrying.failed(failed))
        else:
            await asyncio.sleep(0 if done else PAUSE)
