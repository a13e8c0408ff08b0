"""Live stories: updates posted to an article, short pieces of news with a time of their own."""

from datetime import datetime
from typing import Any

from pydantic import Field as Say
from sqlalchemy import Index, LargeBinary, text
from sqlmodel import Field

from app.models.base import (
    FOREVER,
    Code,
    In,
    JsonText,
    Moment,
    Out,
    Stamp,
    Table,
    UTCDateTime,
    Words,
    new_id,
)
from app.models.block import Block, BlocksSent
from app.models.section import ContributorRef

MOST_BLOCKS = 100


class LiveUpdateRow(Table, table=True):
    """An update, and as readers get it (`document`, rendered when it changes).

    `born` and `changed` are places in the order in which the story's updates were changed: each
    post, edit and removal takes the next one.
    """

    __tablename__ = "live_update"
    __table_args__ = (
        Index("ix_live_update_article_id_at_id", "article_id", "at", "id"),
        Index("ix_live_update_article_id_is_key_at_id", "article_id", "is_key", "at", "id"),
        Index("ix_live_update_article_id_pinned_at_id", "article_id", "pinned", "at", "id"),
        # whose updates a story has: read from the index alone
        Index("ix_live_update_article_id_author_id_removed", "article_id", "author_id", "removed"),
        Index("uq_live_update_article_id_changed", "article_id", "changed", unique=True),
        Index(
            "ix_live_update_naming", "article_id",
            sqlite_where=text("holes IS NOT NULL"), postgresql_where=text("holes IS NOT NULL"),
        ),
    )  # fmt: skip

    id: str = Field(default_factory=lambda: new_id("upd"), primary_key=True, sa_type=Code)
    article_id: str = Field(foreign_key="article.id", sa_type=Code)
    version: int = 1
    at: datetime = Field(sa_type=UTCDateTime, description="The time that readers see.")
    created_at: datetime = Field(sa_type=UTCDateTime)
    modified_at: datetime = Field(sa_type=UTCDateTime)
    by: str | None = None
    author_id: str | None = Field(
        default=None, foreign_key="contributor.id", sa_type=Code, index=True
    )
    is_key: bool = False
    pinned: bool = False
    removed: bool = False
    born: int
    changed: int
    content: Any = Field(
        sa_type=JsonText, nullable=False, description="Headline, and body as kept."
    )
    stamp: str = Field(sa_type=Code, index=True)
    valid_until: datetime = Field(default=FOREVER, sa_type=UTCDateTime, index=True)
    holes: str | None = Field(
        default=None, description="Stories that its blocks name, by the place."
    )
    keys: str = Field(description="Surrogate keys of what it shows, parted by blanks.")
    document: bytes = Field(sa_type=LargeBinary)


class LiveUpdate(Out):
    """An update of a live story. Of one that was removed nothing is left but that it was there."""

    id: str
    version: int = Say(description="Each edit raises it: what If-Match names.")
    at: Stamp = Say(description="What updates are ordered by.")
    modified_at: Stamp
    author: ContributorRef | None
    key: bool = Say(description="A key moment of the story.")
    pinned: bool = Say(description="To be shown above the others.")
    headline: str | None
    body: list[Block]
    removed: bool


class LiveUpdateSaved(LiveUpdate):
    """An update as it is after a write, and what the desk should know of it."""

    warnings: list[str]


class LiveUpdates(Out):
    """What a whole live story carries of its updates, each list newest first."""

    pinned: list[LiveUpdate]
    key: list[LiveUpdate] = Say(description="The newest 50 key moments.")
    newest: list[LiveUpdate] = Say(description="The newest 10, whatever else they are.")
    next: str | None = Say(description="Where older ones are.")


class LiveUpdateWrite(In):
    """An update as the desk sends it: a headline, or a body, or both."""

    at: Moment | None = Say(default=None, description="Left out: now.")
    author: str | None = Say(default=None, description="Id, slug or name of a contributor.")
    key: bool = False
    pinned: bool = False
    headline: Words | None = Say(default=None, max_length=500)
    body: BlocksSent = Say(default=[], max_length=MOST_BLOCKS)
    removed: bool = False
