"""The change log: what happened, in order, in the transaction in which it happened."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from app.models.base import Code, Json, UTCDateTime


class LogHead(SQLModel, table=True):
    """One row: the newest number. Locked last before commit, so commit order is log order."""

    __tablename__ = "log_head"

    id: int = Field(primary_key=True)
    seq: int


class ChangeRow(SQLModel, table=True):
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
    url: str | None = None
    former_slugs: Any = Field(default_factory=list, sa_type=Json, nullable=False)
    reason: str | None = None
    actor: str | None = None
    keys: str = ""
    public: bool = Field(default=False, description="Whether readers could see that it happened.")
    ids: Any = Field(
        default_factory=list, sa_type=Json, nullable=False, description="rerendered: which."
    )


class Job(SQLModel, table=True):
    """Work left for the worker, with where it has come to: a re-rendering too large for a write."""

    id: int | None = Field(default=None, primary_key=True)
    kind: str = Field(sa_type=Code)
    key: str = Field(sa_type=Code, description="Surrogate key whose stories are to be rendered.")
    after: str = Field(default="", sa_type=Code, description="Last article id that is done.")
    reason: str | None = None
    created_at: datetime = Field(sa_type=UTCDateTime)
