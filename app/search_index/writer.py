"""The search index, written in the article's transaction, and made anew while it serves.

The index has two places. Questions go to one; `isnad reindex` fills the other, in batches, while
every write goes to both, and then exchanges them. What one place holds is of one analyser's version.
"""

import hashlib
from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from sqlalchemy import BigInteger, delete, false, update
from sqlmodel import Session, col, select

from app.config import Settings
from app.db import fulltext
from app.db.array_parameter import among
from app.db.dialects import dialect_of, insert_rows
from app.db.write_batch import Batch
from app.language import learned_lexicons
from app.language.analyzer import Analyser
from app.models.article import ArticleRow, DocumentRow
from app.models.card import State
from app.models.image import ImageRow
from app.models.search import (
    ENTRIES,
    Entry,
    HeadlineKey,
    ImageWord,
    NameKey,
    SearchLexicon,
    SearchState,
)
from app.models.section import ContributorRow, SectionRow, TagRow
from app.models.source import CONFIDENTIAL, SourceRow
from app.queries.search import BITS
from app.search_index.text import Texts, image_words, keys_of, name_keys, texts_of

NAMED: dict[str, Any] = {
    "section": SectionRow, "tag": TagRow, "contributor": ContributorRow, "source": SourceRow,
}  # fmt: skip
FORGET = datetime(1970, 1, 1, tzinfo=UTC)
"""The time of a learnt word list that has words of an article which was killed or erased since."""
SEALED = (State.killed, State.vanished)

STATE = select(SearchState).execution_options(populate_existing=True)
IN_ENTRY = ("rank", "article_id", *fulltext.FIELDS)
STANDING: dict[type[Entry], Any] = {
    table: select(*[getattr(table, name) for name in IN_ENTRY]).where(
        among(col(table.article_id)) | among(col(table.rank), "ranks", BigInteger)
    )
    for table in ENTRIES
}
"""The entries of some stories, and those that have some ranks, by place."""
Row = dict[str, Any]


class Rendered(Protocol):
    """What the index needs of a rendered story."""

    row: ArticleRow
    whole: bytes


@dataclass(frozen=True)
class Place:
    """One of the two index tables, and the analyser of its entries."""

    table: type[Entry]
    analyser: Analyser


def write(batch: Batch, settings: Settings, built: Sequence[Rendered], new: Container[str]) -> None:
    """Update the index entries of these stories, when the batch is sent."""
    stories = {one.row.id: one for one in built}
    there = {id: texts_of(one.whole) for id, one in stories.items() if one.row.state not in SEALED}
    old = [id for id in stories if id not in new]
    if len(there) < len(stories):
        forget_words(batch.session)
    for place in places(batch.session, settings):
        put(batch, place, stories, there, old)
    batch.delete(HeadlineKey, "article_id", old)
    batch.insert(HeadlineKey, [row for id, one in there.items() for row in keys_of(id, one.title)])


def forget(session: Session, ids: list[str]) -> None:
    """Take stories that are deleted out of the index, in both places."""
    fulltext.words_for(dialect_of(session)).hold(session, alone=False)
    batch = Batch(session)
    for table in ENTRIES:
        take_out(batch, table, entries_of(session, table, ids))
    batch.delete(HeadlineKey, "article_id", ids)
    batch.send()
    forget_words(session)


def forget_words(session: Session) -> None:
    """Have the words of articles learnt anew soon: some of them may be nobody's now."""
    session.execute(update(SearchLexicon).values(at=FORGET))


def name(session: Session, noun: str, row: Any) -> None:
    """Make a section, tag, contributor or source findable by its names, an image by the words of
    its texts."""
    if noun in NAMED or noun == CONFIDENTIAL:
        unname(session, row.id)
        insert_rows(session, NameKey, name_keys(noun, row.id, row.name))
    elif noun == "image":
        unname(session, row.id)
        source = session.get(SourceRow, row.source_id) if row.source_id else None
        credit = {} if source and source.confidential else row.credit
        insert_rows(session, ImageWord, image_words(row.id, row.caption, row.alt, credit))


def name_images_of(session: Session, source: SourceRow) -> None:
    """Make the images of a source findable by the texts that may be shown now."""
    session.flush()
    for row in session.exec(select(ImageRow).where(ImageRow.source_id == source.id)):
        name(session, "image", row)


def unname(session: Session, id: str) -> None:
    """Take a catalog item's names and an image's words out of the index."""
    session.execute(delete(NameKey).where(col(NameKey.object_id) == id))
    session.execute(delete(ImageWord).where(col(ImageWord.image_id) == id))


def places(session: Session, settings: Settings) -> list[Place]:
    """The places that a write goes to: those whose analyser this process has."""
    words = fulltext.words_for(dialect_of(session))
    words.hold(session, alone=False)
    state = state_of(session)
    if not state.version:
        state.version = analyser_for(session, settings, state.lexicon).version
        session.add(state)
        session.flush()
    given = [(state.place, state.version, state.lexicon)]
    if state.making:
        given.append((1 - state.place, state.making, state.making_lexicon))
    found = [
        (Place(ENTRIES[place], analyser_for(session, settings, lexicon)), version)
        for place, version, lexicon in given
    ]  # fmt: skip
    return [place for place, version in found if place.analyser.version == version]


def state_of(session: Session) -> SearchState:
    """The state of the two indexes."""
    return session.exec(STATE).one()


def analyser_for(session: Session, settings: Settings, lexicon: str) -> Analyser:
    """The analyser that knows a learnt list; made once in a process."""

    def load() -> bytes:
        return session.get_one(SearchLexicon, lexicon).words

    return learned_lexicons.analyser(lexicon, settings.own_spellings, load)


def put(
    batch: Batch, place: Place, stories: dict[str, Rendered], there: dict[str, Texts],
    old: list[str],
) -> None:  # fmt: skip
    """The stories' entries in one place; what did not change is left alone."""
    rows = {id: entry(place.analyser, stories[id].row, texts) for id, texts in there.items()}
    wanted = [row["rank"] for row in rows.values()]
    found = entries_of(batch.session, place.table, old, wanted)
    known = {row["article_id"]: row for row in found if row["article_id"] in set(old)}
    for id, row in list(rows.items()):
        if id in known and same(known[id], row):
            del rows[id], known[id]
    taken = {row["rank"] for row in found if row["article_id"] not in known}
    take_out(batch, place.table, list(known.values()))
    settle_ranks(batch.session, place.table, list(rows.values()), taken)
    put_in(batch, place.table, list(rows.values()))


def add(session: Session, place: Place, rows: list[Row]) -> None:
    """New entries in a place."""
    if rows:
        found = entries_of(session, place.table, [], [row["rank"] for row in rows])
        settle_ranks(session, place.table, rows, {row["rank"] for row in found})
        batch = Batch(session)
        put_in(batch, place.table, rows)
        batch.send()


def put_in(batch: Batch, table: type[Entry], rows: list[Row]) -> None:
    """Add entries to one of the two indexes."""
    if rows:
        fulltext.words_for(dialect_of(batch.session)).add(batch, table, rows)


def take_out(batch: Batch, table: type[Entry], known: list[Row]) -> None:
    """Entries with these terms, and their postings."""
    if known:
        words = fulltext.words_for(dialect_of(batch.session))
        words.forget(batch, str(table.__tablename__), known)
        batch.delete(table, "article_id", [row["article_id"] for row in known])


def entry(analyser: Analyser, row: ArticleRow, texts: Texts) -> Row:
    """The entry of an article: its terms by field."""
    return {
        "rank": rank_of(row), "article_id": row.id, "title": analyser.terms(texts.title),
        "summary": analyser.terms(texts.summary), "body": analyser.terms(texts.body),
    }  # fmt: skip


def rank_of(row: ArticleRow) -> int:
    """A number that grows with `published_at`, to the second; within one by the id's hash."""
    second = int(row.published_at.astimezone(UTC).timestamp() // 1)
    digest = hashlib.blake2b(row.id.encode(), digest_size=BITS // 8).digest()
    return (second << BITS) | int.from_bytes(digest)


def same(known: Row, row: Row) -> bool:
    """Whether an entry says the same; its rank may have given way to another's of its second."""
    return known["rank"] >> BITS == row["rank"] >> BITS and all(
        known[name] == row[name] for name in fulltext.FIELDS
    )


def entries_of(
    session: Session, table: type[Entry], ids: list[str], ranks: Sequence[int] = ()
) -> list[Row]:
    """The entries of these stories, and those that have these ranks."""
    if not ids and not ranks:
        return []
    found = session.execute(STANDING[table], {"ids": ids, "ranks": ranks})
    return [dict(zip(IN_ENTRY, row, strict=True)) for row in found]


def settle_ranks(session: Session, table: type[Entry], rows: list[Row], taken: set[int]) -> None:
    """Give way where another story of the same second has the same number; `taken`: those of the
    wanted numbers that others have."""
    for row in rows:
        while row["rank"] in taken:
            row["rank"] += 1
            taken |= set(session.exec(select(table.rank).where(table.rank == row["rank"])))
        taken.add(row["rank"])


def make_whole(session: Session, settings: Settings, lexicon: str) -> None:
    """The index of all stories, in a database to which their rows were brought together, with the
    words that their installation had learnt."""
    state = state_of(session)
    state.lexicon = lexicon
    analyser = analyser_for(session, settings, state.lexicon)
    state.version = analyser.version
    session.add(state)
    place, last = Place(ENTRIES[state.place], analyser), ""
    stories = select(ArticleRow, DocumentRow.body).join(
        DocumentRow, col(DocumentRow.article_id) == ArticleRow.id
    )
    while found := session.exec(
        stories.where(col(ArticleRow.id) > last).order_by(ArticleRow.id).limit(500)
    ).all():
        last = found[-1][0].id
        there = [(row, texts_of(body)) for row, body in found if row.state not in SEALED]
        add(session, place, [entry(analyser, row, texts) for row, texts in there])
        keys = [key for row, texts in there for key in keys_of(row.id, texts.title)]
        insert_rows(session, HeadlineKey, keys)
    name_all(session)


def name_all(session: Session) -> None:
    """Replace the stored names of all catalog items and the words of all images."""
    session.execute(delete(NameKey))
    session.execute(delete(ImageWord))
    own: Any = select(ImageRow.id, ImageRow.caption, ImageRow.alt, ImageRow.credit)
    texts = own.add_columns(col(SourceRow.confidential)).outerjoin(
        SourceRow, col(SourceRow.id) == ImageRow.source_id
    )
    for some in session.execute(texts).partitions(1_000):
        insert_rows(session, ImageWord, [
            row for id, caption, alt, credit, secret in some
            for row in image_words(id, caption, alt, {} if secret else credit)
        ])  # fmt: skip
    for noun, table in NAMED.items():
        known = table.confidential if noun == "source" else false()
        rows = [
            key for id, names, secret in session.exec(select(table.id, table.name, known))
            for key in name_keys(CONFIDENTIAL if secret else noun, id, names)
        ]  # fmt: skip
        insert_rows(session, NameKey, rows)
