"""The search index: two places for it, of which one is asked while the other may be made anew."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, Integer, LargeBinary, Text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlmodel import Field

from app.models.base import Code, Table, UTCDateTime

Rank = BigInteger().with_variant(Integer(), "sqlite")
"""On SQLite an INTEGER primary key is the row's own number."""

Vector = Text().with_variant(TSVECTOR(), "postgresql")


class SearchState(Table, table=True):
    """One row: which place is asked, by whose analysis it was made, and which is being made."""

    __tablename__ = "search_state"

    id: int = Field(primary_key=True)
    place: int = Field(description="0 or 1: the entries that questions are put to.")
    version: str = Field(sa_type=Code, description="The analyser's; empty while nothing is there.")
    lexicon: str = Field(sa_type=Code, description="The learnt list that it knows; empty: none.")
    making: str | None = Field(
        default=None, sa_type=Code, description="The version that the other place is made with."
    )
    making_lexicon: str = Field(default="", sa_type=Code)
    since: datetime | None = Field(default=None, sa_type=UTCDateTime)


class SearchLexicon(Table, table=True):
    """A word list learnt from the installation's own articles: JSON, compressed."""

    __tablename__ = "search_lexicon"

    id: str = Field(primary_key=True, sa_type=Code)
    words: bytes = Field(sa_type=LargeBinary)
    at: datetime = Field(sa_type=UTCDateTime)


class Entry(Table):
    """A story's analysed terms. `rank` grows with `published_at`: newest stories have the largest.

    On SQLite `words` is empty, and an FTS5 table of the same ranks has the postings; a contentless
    one needs the old terms to forget them, and the ranking wants them on both databases.
    """

    rank: int = Field(primary_key=True, sa_type=Rank, sa_column_kwargs={"autoincrement": False})
    article_id: str = Field(sa_type=Code, unique=True)
    title: str = Field(sa_type=Text)
    summary: str = Field(sa_type=Text)
    body: str = Field(sa_type=Text)
    words: Any = Field(default="", sa_type=Vector, nullable=False)


class EntryA(Entry, table=True):
    __tablename__ = "search_a"


class EntryB(Entry, table=True):
    __tablename__ = "search_b"


ENTRIES: tuple[type[EntryA], type[EntryB]] = (EntryA, EntryB)


class HeadlineKey(Table, table=True):
    """A headline from one of its words on, normalised and unstemmed: what a reader begins to type."""

    __tablename__ = "headline_key"
    __table_args__ = (Index("ix_headline_key_key", "key"),)

    article_id: str = Field(primary_key=True, sa_type=Code)
    place: int = Field(primary_key=True, description="Which word of the headline it begins with.")
    key: str = Field(sa_type=Code)


class ImageWord(Table, table=True):
    """A word of an image's caption, alt or credit, normalised and unstemmed."""

    __tablename__ = "image_word"
    __table_args__ = (Index("ix_image_word_word_image_id", "word", "image_id"),)

    image_id: str = Field(primary_key=True, sa_type=Code)
    word: str = Field(primary_key=True, sa_type=Code)


class NameKey(Table, table=True):
    """A name of a section, tag, contributor or source, the same way."""

    __tablename__ = "name_key"
    __table_args__ = (Index("ix_name_key_key", "key"),)

    object_id: str = Field(primary_key=True, sa_type=Code)
    lang: str = Field(primary_key=True, sa_type=Code)
    place: int = Field(primary_key=True)
    noun: str = Field(sa_type=Code)
    key: str = Field(sa_type=Code)
    name: str
