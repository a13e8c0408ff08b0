"""The search index made anew while it serves: `isnad reindex`.

The other place is emptied and filled in batches; each write goes to both meanwhile. When every
story is in it, the places are exchanged, in one short transaction. A run that dies leaves the place
in use as it was; the next one begins again.
"""

import time
from collections.abc import Callable, Generator, Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlmodel import Session, col, select

from app.change_log.transaction import write_transaction
from app.db import fulltext
from app.db.database import Database
from app.db.dialects import dialect_of, insert_rows
from app.desk.transaction import BATCH, at_desk
from app.errors import Conflict
from app.language import learned_lexicons
from app.language.lexicon import normalised
from app.language.tokens import WORD
from app.models.article import ArticleRow, DocumentRow
from app.models.card import State
from app.models.search import ENTRIES, HeadlineKey, SearchLexicon, SearchState
from app.search_index import writer
from app.search_index.text import keys_of, texts_of
from app.search_index.writer import Place, analyser_for, state_of

TRIES = 5
SILENCE = timedelta(minutes=15)
"""A rebuild that has indexed nothing for so long has died."""


def remake(
    db: Database, *, learn: bool = False, report: Callable[[str], None] = lambda _: None
) -> int:
    """Build the index again, with words learnt from the public articles if requested. Returns how many
    articles it has."""
    steps, done = rebuilding(db, learn=learn), 0
    while True:
        try:
            indexed = next(steps)
        except StopIteration as end:
            return int(end.value)
        done += indexed
        if indexed and done % 5000 < BATCH:
            report(f"{done} stories indexed")


def rebuilding(
    db: Database, *, learn: bool = False, unless_busy: bool = False
) -> Generator[int, None, int]:
    """The same step by step, each with the number of articles that it indexed. `unless_busy`: leave
    it to another process that rebuilds the index now; raises Conflict."""
    lexicon = (yield from learnt(db)) if learn else None
    version = begin(db, lexicon, unless_busy=unless_busy)
    for ids in batches(db):
        fill(db, version, ids)
        yield len(ids)
    return exchange(db, version)


def learnt(db: Database) -> Generator[int, None, str]:
    """Count the words of all public articles and store the list. Returns its id."""
    counts: dict[str, int] = {}
    bodies = select(DocumentRow.body).join(ArticleRow, col(ArticleRow.id) == DocumentRow.article_id)
    for ids in batches(db, 500):
        with db.reading() as session:
            for body in session.exec(bodies.where(public(), col(ArticleRow.id).in_(ids))):
                for word in set(WORD.findall(texts_of(body).together)):
                    counts[word] = counts.get(word, 0) + 1
        yield 0
    id, words = learned_lexicons.packed(normalised(counts))
    with write_transaction(db) as session:
        session.merge(SearchLexicon(id=id, words=words, at=datetime.now(UTC)))
    return id


def public() -> ColumnElement[bool]:
    """The condition that everybody may see an article now."""
    now = datetime.now(UTC)
    return and_(
        col(ArticleRow.state) == State.published,
        col(ArticleRow.live_from) <= now, col(ArticleRow.live_to) > now,
    )  # fmt: skip


def batches(db: Database, size: int = BATCH) -> Iterator[list[str]]:
    """Ids of all stories, in order."""
    last = ""
    while True:
        with db.reading() as session:
            wanted = select(ArticleRow.id).where(col(ArticleRow.id) > last)
            ids = list(session.exec(wanted.order_by(ArticleRow.id).limit(size)))
        if not ids:
            return
        yield ids
        last = ids[-1]


def begin(db: Database, lexicon: str | None, *, unless_busy: bool = False) -> str:
    """Empty the other place and have every write go there as well. Returns the version to make."""
    with write_transaction(db) as session:
        words = fulltext.words_for(dialect_of(session))
        words.hold(session, alone=True)
        state = state_of(session)
        if unless_busy and busy(state):
            raise Conflict("Another process rebuilds the search index.")
        state.making_lexicon = state.lexicon if lexicon is None else lexicon
        state.making = analyser_for(session, db.settings, state.making_lexicon).version
        state.since = datetime.now(UTC)
        session.add(state)
        words.empty(session, name_of(1 - state.place))
        writer.name_all(session)
        return state.making


def busy(state: SearchState) -> bool:
    """Whether a process rebuilds the index: it has indexed articles lately."""
    since = state.since or datetime.min.replace(tzinfo=UTC)
    return state.making is not None and datetime.now(UTC) - since < SILENCE


def name_of(place: int) -> str:
    """The table of one of the two indexes."""
    return str(ENTRIES[place].__tablename__)


def fill(db: Database, version: str, ids: list[str]) -> None:
    """Write these stories to the index that is being built, unless a concurrent write has done
    so; retried on conflicts."""
    for attempt in range(TRIES):
        try:
            with write_transaction(db) as session:
                fill_now(session, db, version, ids)
            return
        except (IntegrityError, OperationalError):  # a write of one of them at the same moment
            if attempt == TRIES - 1:
                raise
            time.sleep(0.05 * 2**attempt)


def fill_now(session: Session, db: Database, version: str, ids: list[str]) -> None:
    """Index a batch of articles, locked meanwhile. Raises Conflict if another rebuild began."""
    fulltext.words_for(dialect_of(session)).hold(session, alone=False)
    state = state_of(session)
    if state.making != version:
        raise Conflict("Another `isnad reindex` has begun since.")
    state.since = datetime.now(UTC)
    session.add(state)
    table = ENTRIES[1 - state.place]
    locked = select(ArticleRow).where(col(ArticleRow.id).in_(ids)).order_by(ArticleRow.id)
    rows = {row.id: row for row in session.exec(locked.with_for_update(read=True))}
    there = set(session.exec(select(table.article_id).where(col(table.article_id).in_(ids))))
    wanted = [id for id, row in rows.items() if id not in there and row.state not in writer.SEALED]
    bodies = select(DocumentRow.article_id, DocumentRow.body)
    found = session.exec(bodies.where(col(DocumentRow.article_id).in_(wanted)))
    place = Place(table, analyser_for(session, db.settings, state.making_lexicon))
    texts = {id: texts_of(body) for id, body in found}
    entries = [writer.entry(place.analyser, rows[id], said) for id, said in texts.items()]
    writer.add(session, place, entries)
    session.execute(delete(HeadlineKey).where(col(HeadlineKey.article_id).in_(wanted)))
    keys = [key for id, said in texts.items() for key in keys_of(id, said.title)]
    insert_rows(session, HeadlineKey, keys)


def exchange(db: Database, version: str) -> int:
    """Switch searches to the index that was built. Returns how many stories it has."""
    with at_desk(db, by="reindex") as desk:
        session = desk.session
        fulltext.words_for(dialect_of(session)).hold(session, alone=True)
        state = state_of(session)
        if state.making != version:
            raise Conflict("Another `isnad reindex` has begun since.")
        state.place, state.version = 1 - state.place, version
        state.lexicon, state.making = state.making_lexicon, None
        session.add(state)
        desk.record("reindexed", "search", "search", keys="search")
        count = session.execute(text(f"SELECT count(*) FROM {name_of(state.place)}"))
        return int(count.scalar_one())


def clear(db: Database) -> None:
    """Empty the place that is asked no more, and forget the lists that nothing knows now."""
    with write_transaction(db) as session:
        words = fulltext.words_for(dialect_of(session))
        words.hold(session, alone=True)
        state = state_of(session)
        if state.making is None:
            words.empty(session, name_of(1 - state.place))
            session.execute(
                text("DELETE FROM search_lexicon WHERE id <> :id"), {"id": state.lexicon}
            )
