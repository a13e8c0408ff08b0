"""Withdrawals: what was taken back, by whom, why, and what takes its place."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import Field as Say
from sqlalchemy import Index, text
from sqlmodel import Field

from app.models.base import Code, In, JsonText, Names, Out, Stamp, Table, UTCDateTime, Words, new_id
from app.models.card import State
from app.models.source import ArticleRef


class WithdrawalKind(StrEnum):
    kill = "kill"
    vanish = "vanish"


class WithdrawalRow(Table, table=True):
    """One withdrawal of an article, image or dispatch. It stays when it is undone."""

    __tablename__ = "withdrawal"
    __table_args__ = (
        Index(
            "uq_withdrawal_open", "object_id", unique=True,
            sqlite_where=text("restored_at IS NULL"),
            postgresql_where=text("restored_at IS NULL"),
        ),
    )  # fmt: skip

    id: str = Field(default_factory=lambda: new_id("wdr"), primary_key=True, sa_type=Code)
    noun: str = Field(sa_type=Code, description="article, image or dispatch")
    object_id: str = Field(sa_type=Code)
    kind: str = Field(sa_type=Code)
    reason: str | None = None
    notice: Any = Field(default=None, sa_type=JsonText, nullable=True)
    replaced_by: str | None = Field(default=None, foreign_key="article.id", sa_type=Code)
    lead: str | None = Field(
        default=None, sa_type=Code, index=True, description="The withdrawal that took it along."
    )
    was: str | None = Field(
        default=None, sa_type=Code, description="The state that it comes back to."
    )
    public: bool = Field(description="Whether readers had seen it.")
    at: datetime = Field(sa_type=UTCDateTime)
    by: str | None = None
    restored_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    restored_by: str | None = None
    restore_reason: str | None = None


class ReplacementWrite(In):
    """The story that takes its place, as the object that a read gave: `id` or `slug` is enough."""

    id: str | None = None
    slug: str | None = None
    url: str | None = None


class WithdrawalWrite(In):
    """A withdrawal. `kind` is enough; the rest may follow, and what is left out stays."""

    kind: WithdrawalKind | None = Say(
        default=None,
        description="kill: 410 with the notice; vanish: 404, no trace. May be left out later on.",
    )
    reason: Words | None = Say(default=None, description="For the desk alone.")
    notice: Names | None = Say(default=None, description="For readers, by language.")
    replaced_by: str | ReplacementWrite | None = Say(default=None, description="Id or slug.")
    translations: bool = Say(default=False, description="Take the other languages too.")


class Restoration(In):
    """Why a withdrawal is undone."""

    reason: Words
    translations: bool = Say(
        default=False, description="Bring back what this withdrawal took along, too."
    )


class Replacement(Out):
    """The story that takes its place, where whoever asks may see it."""

    id: str
    slug: str
    url: str


Noun = Literal["article", "image", "dispatch"]


class Withdrawn(Out):
    """Something that a withdrawal took."""

    noun: Noun
    id: str
    lang: str | None
    slug: str | None
    public: bool = Say(description="Whether readers had seen it.")


class WithdrawalRecord(Withdrawn):
    """What was withdrawn, when, by whom and why."""

    withdrawal: str
    kind: WithdrawalKind
    reason: str | None
    notice: Names | None
    replaced_by: Replacement | None
    was: State | None = Say(description="The state that a story comes back to.")
    withdrawn_at: Stamp
    withdrawn_by: str | None
    restored_at: Stamp | None
    restored_by: str | None
    restore_reason: str | None
    links: dict[str, str]


class Resting(Out):
    """A story that rests on what was withdrawn: what the desk looks at next."""

    how: Literal["related", "translation", "shows", "article", "block", "image"] = Say(
        description="It names it; is its translation; shows it; or rests on it so."
    )
    part: str | None = Say(description="The id of the block or image that rests on it.")
    state: State
    article: ArticleRef


class Beside(Out):
    """An image or dispatch that stays: the story showed it, or the dispatch passes this one on."""

    noun: Literal["image", "dispatch"]
    id: str
    elsewhere: int = Say(description="Other stories that show it or rest on it.")


class FrontNamed(Out):
    """A front on which the story stood."""

    id: str
    slug: str


class Withdrawal(WithdrawalRecord):
    """A withdrawal with all that it concerns."""

    went: list[Withdrawn] = Say(description="All that it took, this one first.")
    resting: list[Resting] = Say(description="At most 100; the newest first.")
    resting_count: int
    fronts: list[FrontNamed] = Say(description="Where it stood; it leaves no hole there.")
    beside: list[Beside] = Say(description="At most 100.")


class WithdrawalSaved(Withdrawal):
    """A withdrawal as it is now, and what the desk should know of it."""

    warnings: list[str]
