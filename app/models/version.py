"""Versions: the documents that were replaced, kept whole, and the JSON that tells of them."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import ConfigDict
from pydantic import Field as Say
from sqlalchemy import Index, LargeBinary
from sqlmodel import Field

from app.models.base import Code, Names, Out, Stamp, Table, UTCDateTime
from app.models.block import BlockType


class EditionRow(Table, table=True):
    """A document that another one replaced. Readers were shown it from `shown_from` until
    `shown_to`; nobody was, where these are not in that order."""

    __tablename__ = "edition"
    __table_args__ = (
        Index(
            "ix_edition_article_id_version_number_shown_from_shown_to",
            "article_id", "version", "number", "shown_from", "shown_to",
        ),
    )  # fmt: skip

    article_id: str = Field(foreign_key="article.id", primary_key=True, sa_type=Code)
    number: int = Field(primary_key=True, description="In the order in which they were replaced.")
    version: int
    stamp: str = Field(sa_type=Code)
    since: datetime = Field(sa_type=UTCDateTime)
    shown_from: datetime = Field(sa_type=UTCDateTime)
    shown_to: datetime = Field(sa_type=UTCDateTime)
    holes: str | None = None
    keys: str
    zstd: bytes = Field(sa_type=LargeBinary)


class EditionImageRow(Table, table=True):
    """An image that readers were shown in an edition of a story: its file stays open with that."""

    __tablename__ = "edition_image"

    article_id: str = Field(foreign_key="article.id", primary_key=True, sa_type=Code)
    image_id: str = Field(foreign_key="image.id", primary_key=True, sa_type=Code, index=True)


class ChangeKind(StrEnum):
    """What a reader sees changed."""

    first = "first"
    headline = "headline"
    kicker = "kicker"
    short_headline = "short_headline"
    summary = "summary"
    image = "image"
    block_added = "block_added"
    block_removed = "block_removed"
    block_changed = "block_changed"
    block_moved = "block_moved"
    credit = "credit"
    byline = "byline"
    section = "section"
    tags = "tags"
    correction = "correction"
    related = "related"
    date = "date"
    address = "address"
    kind = "kind"
    lang = "lang"
    rights = "rights"


class Changed(Out):
    """One thing that a reader sees changed, in words where it has words."""

    model_config = ConfigDict(populate_by_name=True)

    kind: ChangeKind
    block: str | None = Say(description="Id of the block.")
    type: BlockType | None = Say(description="Type of the block.")
    from_: str | None = Say(alias="from")
    to: str | None


class Author(Out):
    """Whose hand it was: a key, or a command of the operator's."""

    key: str
    name: str | None


class Version(Out):
    """A save of a story. What changed is told against the version before it in this list."""

    version: int
    at: Stamp = Say(description="When it was saved.")
    shown_from: Stamp | None = Say(description="When readers first saw it.")
    summary: list[Changed]
    summary_text: Names = Say(description="The same as a sentence, by language.")
    author: Author | None = Say(description="Null unless the desk asks.")
    note: str | None = Say(description="The author's. Null unless the desk asks.")
    links: dict[str, str]


class Operation(Out):
    """An operation of JSON Patch. RFC 6902."""

    model_config = ConfigDict(populate_by_name=True)

    op: Literal["add", "remove", "replace", "move"]
    path: str
    from_: str = Say(default="", alias="from", description="Of a move.")
    value: Any = Say(default=None, description="Of an addition or replacement.")


class Diff(Out):
    """What makes one version of another: for a machine, and for a reader."""

    model_config = ConfigDict(populate_by_name=True)

    from_: int = Say(alias="from")
    to: int
    patch: list[Operation] = Say(
        description="Applied to the JSON of one version it gives that of the other, exactly."
    )
    summary: list[Changed]
    summary_text: Names
