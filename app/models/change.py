"""The change log: what happened, in order, in the transaction in which it happened."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field as Say
from sqlalchemy import Index, text
from sqlmodel import Field

from app.models.article import Article
from app.models.base import Code, JsonText, Names, Out, Stamp, Table, UTCDateTime
from app.models.card import ArticleCard
from app.models.withdrawal import Replacement

NOUNS = (
    "article", "section", "tag", "contributor", "source", "dispatch", "image", "key", "preview",
    "front", "search", "confidential_source",
)  # fmt: skip
"""What the log has changes of."""

TYPES = (
    "created", "updated", "published", "scheduled", "unscheduled", "unpublished", "embargoed",
    "embargo_lifted", "expiry_set", "expired", "corrected", "killed", "vanished", "restored",
    "rerendered", "deleted", "removed", "rotated", "disabled", "revoked", "reindexed",
    "source_corrected", "source_killed", "source_cleared", "source_reviewed",
)  # fmt: skip
"""What the log knows to happen. docs/changes.md"""


class LogHead(Table, table=True):
    """One row: the newest number. Locked last before commit, so commit order is log order."""

    __tablename__ = "log_head"

    id: int = Field(primary_key=True)
    seq: int


class ChangeRow(Table, table=True):
    """One row of the log. `keys` are the surrogate keys that it makes stale."""

    __tablename__ = "change"
    __table_args__ = (
        Index(
            "uq_change_moment", "object_id", "type", "effective_at", unique=True,
            sqlite_where=text("by_clock"), postgresql_where=text("by_clock"),
        ),
        Index("ix_change_object_id_seq", "object_id", "seq"),
    )  # fmt: skip

    seq: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime = Field(sa_type=UTCDateTime)
    effective_at: datetime = Field(sa_type=UTCDateTime)
    by_clock: bool = Field(default=False, description="A moment that passed by itself.")
    type: str = Field(sa_type=Code, description="published, updated, rerendered, …")
    noun: str = Field(sa_type=Code)
    object_id: str = Field(sa_type=Code)
    version: int | None = None
    lang: str | None = None
    slug: str | None = None
    section: str | None = Field(default=None, description="Path of the story's section then.")
    reason: str | None = None
    actor: str | None = None
    keys: str = ""
    public: bool = Field(default=False, description="Whether readers could see that it happened.")
    ids: Any = Field(
        default_factory=list,
        sa_type=JsonText,
        nullable=False,
        description="rerendered: which, the row's own among them.",
    )


class ChangeStory(Table, table=True):
    """A story that a row with `ids` is about, in their order: readers get a change for each."""

    __tablename__ = "change_story"
    __table_args__ = (Index("ix_change_story_article_id_seq", "article_id", "seq"),)

    seq: int = Field(primary_key=True, foreign_key="change.seq")
    place: int = Field(primary_key=True, description="From 1.")
    article_id: str = Field(sa_type=Code)


class Job(Table, table=True):
    """Work left for the worker, with where it has come to: a re-rendering too large for a write."""

    id: int | None = Field(default=None, primary_key=True)
    kind: str = Field(sa_type=Code)
    key: str = Field(sa_type=Code, description="Surrogate key whose stories are to be rendered.")
    after: str = Field(default="", sa_type=Code, description="Last article id that is done.")
    reason: str | None = None
    created_at: datetime = Field(sa_type=UTCDateTime)


class Tombstone(Out):
    """What is left of a story that was killed."""

    id: str
    state: Literal["killed"]
    notice: Names | None = Say(description="What readers are told, by language.")
    withdrawn_at: Stamp
    replaced_by: Replacement | None


class Change(Out):
    """Something that happened, as the caller may know it."""

    cursor: str = Say(description="The place after this change: go on from here.")
    seq: int = Say(
        description="The number of the log's row; numbers that are missing are not yours."
    )
    at: Stamp = Say(description="When it was written.")
    effective_at: Stamp = Say(description="When it held: the moment, for what the clock did.")
    type: str = Say(description="published, updated, rerendered, removed, …: docs/changes.md")
    noun: str = Say(description="article, section, tag, source, …")
    id: str
    version: int | None
    lang: str | None
    slug: str | None = Say(description="As it was then.")
    url: str | None = Say(description="The story's page, as it was then.")
    former_slugs: list[str] = Say(description="Slugs that readers knew the story by before.")
    reason: str | None
    item: ArticleCard | Article | Tombstone | None = Say(
        description="With `include`: the story as it is now, or what is left of it."
    )
    actor: str | None = Say(
        description="Who did it: a key's id, operator, worker, import. Editors."
    )
    touches: list[str] | None = Say(description="Ids of all that it makes stale. Editors.")


class ChangeList(Out):
    """Changes, oldest first."""

    items: list[Change]
    next: str = Say(description="Where to go on: there is always one.")
    has_more: bool = Say(description="Whether to go on at once; else come back later.")
    prev: str | None = Say(description="Null: the log is read forwards.")
    count: int | None = Say(description="Null: the log is not counted.")
    count_kind: Literal["none"]
    facets: dict[str, dict[str, int]] | None = Say(description="Null: the log has none.")
