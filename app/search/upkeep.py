"""The search index rebuilt by itself: after a release whose analyser differs, once there are articles to
learn words from, every night, and soon after an article was killed or erased."""

import asyncio
import logging
import time
from datetime import UTC, datetime, timedelta

from sqlmodel import Session, col, select

from app.db.database import MOST_SECONDS, Database
from app.errors import Conflict
from app.models.article import ArticleRow
from app.models.search import SearchLexicon
from app.search import rebuild
from app.search_index.writer import FORGET, analyser_for, state_of

ENOUGH = 300
"""Public articles from which words are learnt."""
PAUSE = 300.0
"""Seconds between two looks; the first words are learnt no sooner than this after the start."""
NIGHT = 3
"""The hour, in the installation's time zone, at which words are learnt anew."""
FRESH, OLD = timedelta(hours=20), timedelta(hours=48)
"""A list is not learnt anew before, and at any hour after, it has this age."""
log = logging.getLogger("isnad.search")


async def run(db: Database) -> None:
    """Rebuild the index whenever that is due, until cancelled; cancelling waits for one batch."""
    learning = False
    while True:
        try:
            await upkeep(db, learning)
        except Conflict:
            pass  # another process is at it
        except Exception:
            log.exception("The search index was not rebuilt; it is tried again.")
        learning = True
        await asyncio.sleep(PAUSE)


async def upkeep(db: Database, learning: bool) -> None:
    """Rebuild the index if that is due, a batch at a time."""
    learn = await asyncio.to_thread(due, db, learning)
    if learn is None:
        return
    steps = rebuild.rebuilding(db, learn=learn, unless_busy=True)
    while await asyncio.to_thread(next, steps, None) is not None:
        pass
    await asyncio.sleep(MOST_SECONDS)  # until the last search of the former index has ended
    await asyncio.to_thread(rebuild.clear, db)


def rebuild_if_due(db: Database) -> bool:
    """The same at once. Returns whether the index was rebuilt."""
    learn = due(db)
    if learn is None:
        return False
    rebuild.remake(db, learn=learn)
    time.sleep(MOST_SECONDS)
    rebuild.clear(db)
    return True


def due(db: Database, learning: bool = True, now: datetime | None = None) -> bool | None:
    """Whether to learn words in the rebuild that is due; None while none is. Without `learning` it is
    only due after a change of the analyser."""
    with db.reading() as session:
        state = state_of(session)
        if not state.version or rebuild.busy(state):
            return None
        known = session.get(SearchLexicon, state.lexicon)
        learn = known is not None or enough_to_learn(session)
        if state.version != analyser_for(session, db.settings, state.lexicon).version:
            return learn
        wanted = learning and learn and (known is None or outdated(db, known.at, now))
        return True if wanted else None


def outdated(db: Database, at: datetime, now: datetime | None) -> bool:
    """Whether a list learnt at this time is to be learnt anew."""
    now = now or datetime.now(UTC)
    night = now.astimezone(db.settings.zone).hour == NIGHT
    return at == FORGET or now - at > (FRESH if night else OLD)


def enough_to_learn(session: Session) -> bool:
    some = select(ArticleRow.id).where(rebuild.public(), col(ArticleRow.id) > "").limit(ENOUGH)
    return len(session.exec(some).all()) == ENOUGH
