"""Upstream: what a source said of its own item afterwards, and what here rests on that item."""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import Field as Say
from sqlalchemy import Index, text
from sqlmodel import Field

from app.models.base import Code, In, Moment, Out, Stamp, Table, UTCDateTime
from app.models.source import ArticleRef, ScopeKind

SOURCE_WITHDRAWN = "source.withdrawn"


class SourceStatus(StrEnum):
    """What a source did to an item of its own."""

    corrected = "corrected"
    killed = "killed"


class Policy(StrEnum):
    """What becomes here of what rests on such an item: it is flagged; it is flagged and withheld;
    it is flagged and the story is unpublished until the desk has looked."""

    flag = "flag"
    hold = "hold"
    withdraw = "withdraw"


class FlagRow(Table, table=True):
    """Why a story is flagged: a dispatch that it names, or a story that it translates. `root` is
    the dispatch or story that the status was said of."""

    __tablename__ = "source_flag"
    __table_args__ = (
        Index(
            "ix_source_flag_open", "status", "article_id",
            sqlite_where=text("reviewed_at IS NULL"), postgresql_where=text("reviewed_at IS NULL"),
        ),
    )  # fmt: skip

    article_id: str = Field(foreign_key="article.id", primary_key=True, sa_type=Code)
    cause_id: str = Field(primary_key=True, sa_type=Code)
    root: str = Field(primary_key=True, sa_type=Code, index=True)
    status: str = Field(sa_type=Code)
    action: str = Field(sa_type=Code, description="flag, hold or withdraw")
    at: datetime = Field(sa_type=UTCDateTime)
    reviewed_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    reviewed_by: str | None = None


class SourceStatusWrite(In):
    """What the source said of its item."""

    status: SourceStatus
    note: str | None = Say(default=None, max_length=2000, description="Its own words, in short.")
    item_version: str | None = Say(default=None, max_length=100)
    at: Moment | None = Say(default=None, description="When it said so; left out: now.")


class Flagged(Out):
    """Something that rests on the item."""

    article: ArticleRef
    state: str
    scope: dict[ScopeKind, str]
    how: Literal["rests", "translates"]
    attribution: str | None
    through: list[str] = Say(description="Attribution ids up to the one that names the item.")
    cause: str = Say(description="The dispatch that is named, or the story that is translated.")
    action: Policy
    reviewed_at: Stamp | None
    reviewed_by: str | None


class UpstreamStatus(Out):
    """What the source said of an item, and everything here that rests on it."""

    dispatch: str
    status: SourceStatus
    at: Stamp
    note: str | None
    policy: Policy = Say(description="The source's, when the status came.")
    flagged: list[Flagged] = Say(description="At most 500, the newest stories first.")
    flagged_count: int = Say(description="Stories.")
    unpublished: list[str] = Say(description="Stories that this request took back for review.")


class UpstreamSaved(UpstreamStatus):
    warnings: list[str]


class FlagNow(Out):
    """One reason for which a story is flagged."""

    cause: str
    root: str
    status: SourceStatus
    action: Policy
    at: Stamp
    reviewed_at: Stamp | None
    reviewed_by: str | None


class ArticleFlags(Out):
    """All reasons for which a story is flagged, or was until the desk looked."""

    article: str
    source_status: SourceStatus | None
    flags: list[FlagNow]
