"""Background work, which can be interrupted and run any number of times at once."""

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
from app.search import upkeep

PAUSE = 1.0
JOB_TARGETS: dict[str, tuple[Any, Any]] = {
    "rerender": (col(TermRow.article_id), col(TermRow.term)),
    "flagged": (col(FlagRow.article_id), col(FlagRow.root)),
}
"""The stories that a job goes through, and the column that its key is in."""


log = logging.getLogger("isnad.worker")


def rerender_step(db: Database, now: datetime | None = None) -> int:
    """Do the next batch of the oldest job in one transaction: claim it, render, log, advance.
    Returns how many stories were rendered; 0 if no job is free."""
    now = now or datetime.now(UTC)
    with db.reading() as session:  # a look first: an idle worker takes no write lock
        if session.exec(select(Job.id).limit(1)).first() is None:
            return 0
    with at_desk(db, by="worker", now=now) as desk:
        claim = select(Job).where(col(Job.kind).in_(JOB_TARGETS)).order_by(col(Job.id)).limit(1)
        job = desk.session.exec(claim.with_for_update(skip_locked=True)).first()
        if job is None:
            return 0
        article_id, key = JOB_TARGETS[job.kind]
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
    """Render up to 50 documents that another renderer or a passed time made stale, without a row
    in the change log or a new `modified_at`. Stories that are being written are skipped."""
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


def refresh_updates_step(db: Database, now: datetime | None = None) -> int:
    """Render stale updates of live stories, as `refresh_step` does stories."""
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


def cleanup_step(db: Database, now: datetime | None = None) -> int:
    """Delete expired idempotency records and old page views."""
    now = now or datetime.now(UTC)
    idempotency.forget_old(db, now)
    return delete_old_views(db, views.hour_of(now - timedelta(days=db.settings.views_days)))


def delete_old_views(db: Database, before: datetime) -> int:
    """Delete some thousand views of hours before this one. Returns how many."""
    with db.reading() as session:
        old = select(StoryView.hour).where(col(StoryView.hour) < before)
        if session.exec(old.limit(1)).first() is None:
            return 0
    with write_transaction(db) as session:
        return views.forget(session, before)


STEPS = (moments_step, rerender_step, refresh_step, refresh_updates_step, cleanup_step)


def work_through(db: Database) -> int:
    """Do all waiting work now. A failing step does not delay the others; the first failure is
    raised at the end."""
    done, failures = 0, list[Exception]()
    while step := sum(try_step(one, db, failures) for one in STEPS):
        done += step
    if failures:
        raise failures[0]
    return done


def try_step(step: Callable[[Database], int], db: Database, failures: list[Exception]) -> int:
    """Return how much a step did; 0 if it fails."""
    try:
        return step(db)
    except Exception as failure:
        failures.append(failure)
        return 0


async def run(db: Database) -> None:
    """Work, keep the search index, and purge caches in front, until cancelled."""
    if not targets_of(db.settings):
        await asyncio.gather(work(db), upkeep.run(db))
        return
    from app.cache import cdn_purge  # with an HTTP client, which nothing else here wants

    await asyncio.gather(work(db), upkeep.run(db), cdn_purge.run(db))


async def work(db: Database) -> None:
    """Work until cancelled; a failed step is logged and tried again."""
    retrying = Retrying(log, "the worker", PAUSE)
    while True:
        try:
            done = await asyncio.to_thread(work_through, db)
            retrying.worked()
        except Exception as failed:
            await asyncio.sleep(retrying.failed(failed))
        else:
            await asyncio.sleep(0 if done else PAUSE)
