"""Articles: the live row, its versions, its documents, and the JSON in and out."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from pydantic import Field as Say
from sqlalchemy import Column, Computed, Index, LargeBinary, text
from sqlmodel import Field

from app.models.base import (
    ENDING,
    FOREVER,
    Code,
    In,
    JsonText,
    Moment,
    Names,
    Out,
    Stamp,
    Table,
    UTCDateTime,
    Words,
    new_id,
)
from app.models.block import MOST_BLOCKS, Block, BlocksSent
from app.models.card import ArticleCard, Kind, RelatedCard, State
from app.models.image import ImageUseWrite, Rights
from app.models.live import LiveUpdates
from app.models.section import ContributorRole
from app.models.source import Attribution, AttributionWrite
from app.models.validated_text import Language, Line, Lines, Text, Texts

UPDATED_ORDER = "coalesce(updated_at, first_published_at, published_at)"
"""What was never updated is sorted as of its first publication."""


class ArticleRow(Table, table=True):
    """The live columns that the gate and the lists read. The text is in its versions.

    `live_from` and `live_to` bound the time in which a published story may be seen; both are
    never null, so that one comparison decides.
    """

    __tablename__ = "article"
    __table_args__: ClassVar[Any] = (
        # the database makes it: lists are sorted by it, and no writer can forget it
        Column("updated_order", UTCDateTime(), Computed(UPDATED_ORDER), nullable=False),
        Index("ix_article_state_published_at_id", "state", "published_at", "id"),
        Index("ix_article_state_lang_published_at_id", "state", "lang", "published_at", "id"),
        Index("ix_article_state_kind_published_at_id", "state", "kind", "published_at", "id"),
        Index("ix_article_state_urgency_published_at_id", "state", "urgency", "published_at", "id"),
        Index("ix_article_state_first_published_at_id", "state", "first_published_at", "id"),
        Index("ix_article_state_updated_order_id", "state", "updated_order", "id"),
        Index("ix_article_state_modified_at_id", "state", "modified_at", "id"),
        Index("ix_article_state_created_at_id", "state", "created_at", "id"),
    )
    __mapper_args__: ClassVar[dict[str, Any]] = {"exclude_properties": ["updated_order"]}

    id: str = Field(default_factory=lambda: new_id("art"), primary_key=True, sa_type=Code)
    kind: str = Field(sa_type=Code)
    lang: str = Field(sa_type=Code)
    state: str = Field(default=State.draft, sa_type=Code)
    version: int = 1
    slug: str = Field(sa_type=Code)
    slug_key: str = Field(sa_type=Code, unique=True, description="Folded by case, for look-ups.")
    urgency: int | None = None
    section_id: str | None = Field(default=None, foreign_key="section.id", sa_type=Code, index=True)
    group_id: str | None = Field(
        default=None, sa_type=Code, index=True, description="Translations share it."
    )
    identity: str | None = Field(
        default=None, sa_type=Code, unique=True, description="What an import knows it by."
    )
    fingerprint: str | None = Field(
        default=None, sa_type=Code, description="Hash of what the import last brought."
    )
    created_at: datetime = Field(sa_type=UTCDateTime)
    published_at: datetime = Field(sa_type=UTCDateTime, description="Drafts: created_at.")
    first_published_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    updated_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    modified_at: datetime = Field(sa_type=UTCDateTime)
    embargo_until: datetime | None = Field(default=None, sa_type=UTCDateTime)
    expires_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    live_from: datetime = Field(sa_type=UTCDateTime)
    live_to: datetime = Field(default=FOREVER, sa_type=UTCDateTime)
    public_from: datetime | None = Field(
        default=None, sa_type=UTCDateTime,
        description="From when readers could first see it; ahead while it waits, null: never.",
    )  # fmt: skip
    before_schedule: datetime | None = Field(
        default=None, sa_type=UTCDateTime, description="published_at, should it be called off."
    )


class VersionRow(Table, table=True):
    """What an editor saved: `content` is ArticleContent as JSON, relations by id."""

    __tablename__ = "article_version"

    article_id: str = Field(foreign_key="article.id", primary_key=True, sa_type=Code)
    version: int = Field(primary_key=True)
    content: Any = Field(sa_type=JsonText, nullable=False)
    at: datetime = Field(sa_type=UTCDateTime)
    by: str | None = None
    note: str | None = None


class MomentRow(Table, table=True):
    """A time at which the clock alone shows or hides a published story, and cache lifetimes end.
    The row stays until the transition is in the change log."""

    __tablename__ = "moment"

    at: datetime = Field(primary_key=True, sa_type=UTCDateTime)
    article_id: str = Field(foreign_key="article.id", primary_key=True, sa_type=Code, index=True)
    type: str = Field(sa_type=Code, description="What the log will say: published or expired.")


class CardRow(Table, table=True):
    """The card as readers get it, apart from the whole story so that a list reads little."""

    __tablename__ = "card"
    article_id: str = Field(foreign_key="article.id", primary_key=True, sa_type=Code)
    stamp: str = Field(sa_type=Code)
    valid_until: datetime = Field(default=FOREVER, sa_type=UTCDateTime)
    etag: str = Field(sa_type=Code)
    body: bytes = Field(sa_type=LargeBinary)


class DocumentRow(Table, table=True):
    """The whole story as readers get it, and what HTTP needs to know of it.

    `holes` names the stories to fill in at read: {"related": [ids], "blocks": {block: [ids]}}.
    Readers are shown it from `shown_from` until `shown_to`, or until another replaces it.
    """

    __tablename__ = "document"
    __table_args__ = (
        Index(
            "ix_document_ending", "valid_until", sqlite_where=text(ENDING),
            postgresql_where=text(ENDING),
        ),
    )  # fmt: skip
    article_id: str = Field(foreign_key="article.id", primary_key=True, sa_type=Code)
    version: int
    since: datetime = Field(sa_type=UTCDateTime)
    shown_from: datetime = Field(sa_type=UTCDateTime)
    shown_to: datetime = Field(sa_type=UTCDateTime)
    stamp: str = Field(sa_type=Code, index=True)
    valid_until: datetime = Field(default=FOREVER, sa_type=UTCDateTime)
    etag: str = Field(sa_type=Code)
    holes: str | None = None
    keys: str = Field(description="Surrogate keys, parted by blanks.")
    body: bytes = Field(sa_type=LargeBinary)
    zstd: bytes = Field(sa_type=LargeBinary)
    gzip: bytes = Field(sa_type=LargeBinary)


class TermRow(Table, table=True):
    """What a story shows and can be found by: ids of sections (with ancestors), tags, sources
    and contributors (also `src_…:role`, `con_…:role`) and images. In list order, so a filtered page is one walk.
    """

    __tablename__ = "article_term"
    __table_args__ = (
        Index("ix_article_term_term_published_at_article_id", "term", "published_at", "article_id"),
    )

    article_id: str = Field(foreign_key="article.id", primary_key=True, sa_type=Code)
    term: str = Field(primary_key=True, sa_type=Code)
    published_at: datetime = Field(sa_type=UTCDateTime)


class CorrectionRow(Table, table=True):
    """A public notice on an article."""

    __tablename__ = "correction"
    __table_args__ = (Index("ix_correction_at_article_id", "at", "article_id"),)
    article_id: str = Field(foreign_key="article.id", primary_key=True, sa_type=Code)
    id: str = Field(default_factory=lambda: new_id("cor"), primary_key=True, sa_type=Code)
    kind: str = Field(sa_type=Code)
    text: Any = Field(sa_type=JsonText, nullable=False)
    blocks: Any = Field(default_factory=list, sa_type=JsonText, nullable=False)
    from_version: int | None = None
    to_version: int | None = None
    at: datetime = Field(sa_type=UTCDateTime)


class CorrectionKind(StrEnum):
    correction = "correction"
    clarification = "clarification"
    update = "update"
    editors_note = "editors_note"


class Correction(Out):
    id: str
    kind: CorrectionKind
    text: Names
    blocks: list[str] = Say(description="Ids of the blocks that it concerns.")
    from_version: int | None
    to_version: int | None
    at: Stamp


class CorrectionSaved(Correction):
    """A notice, the story that it is on, and what the desk should know."""

    article: str
    warnings: list[str]


class Article(ArticleCard):
    """A whole story."""

    body: list[Block] | str = Say(
        union_mode="left_to_right",
        description="Blocks; a string where `?body=` asks for html, text or markdown.",
    )
    attributions: list[Attribution]
    corrections: list[Correction]
    related: list[RelatedCard]
    rights: Rights
    updates: LiveUpdates | None = Say(description="Of a live story; of others null.")


class ListedArticle(ArticleCard):
    """A story in a list, with what `include=` asks for: with `body` it is whole."""

    body: list[Block] | str = Say(
        default=[], union_mode="left_to_right", description="There only beside `include=body`."
    )
    attributions: list[Attribution] = Say(
        default=[], description="There only beside `include=attributions` or `body`."
    )
    corrections: list[Correction] = Say(
        default=[], description="There only beside `include=corrections` or `body`."
    )
    related: list[RelatedCard] = Say(
        default=[], description="There only beside `include=related` or `body`."
    )
    rights: Rights = Say(
        default=Rights(), description="There only beside `include=rights` or `body`."
    )
    updates: LiveUpdates | None = Say(
        default=None, description="There only beside `include=updates` or `body`."
    )


class ArticleSaved(Article):
    """A story as it is after a write, and what the desk should know of it."""

    warnings: list[str]


class ContributionWrite(In):
    """Who made it. `contributor`: id, slug, or a name in any language."""

    contributor: str
    role: ContributorRole = ContributorRole.reporter


class CorrectionWrite(In):
    """A notice as the desk sends it. Versions left out: the last two."""

    id: str | None = Say(default=None, max_length=40, pattern=r"^[A-Za-z0-9_-]+$")
    kind: CorrectionKind
    text: Texts
    blocks: list[str] = Say(default=[], max_length=200)
    from_version: int | None = Say(default=None, ge=1)
    to_version: int | None = Say(default=None, ge=1)
    at: Moment | None = None


class CorrectionChange(In):
    """What can be changed of a notice."""

    kind: CorrectionKind = CorrectionKind.correction
    text: Texts = {}
    blocks: list[str] = Say(default=[], max_length=200)


class ArticleWrite(In):
    """A story as the desk or an import sends it. Relations by id, slug, path or known name."""

    never_cleared: ClassVar[tuple[str, ...]] = ("slug", "published_at")

    kind: Kind = Kind.news
    lang: Language
    slug: str | None = Say(default=None, description="Left out: made from the headline.")
    slug_latin: str | None = None
    kicker: Line | None = None
    headline: Line
    short_headline: Line | None = None
    summary: Text | None = None
    urgency: int | None = Say(default=None, ge=1, le=9)
    section: str | None = Say(default=None, description="Path or id of the primary section.")
    sections: list[str] = Say(default=[], max_length=50)
    tags: list[str] = Say(default=[], max_length=100)
    contributors: list[ContributionWrite] = Say(default=[], max_length=100)
    lead_image: ImageUseWrite | None = None
    body: BlocksSent = Say(default=[], max_length=MOST_BLOCKS)
    attributions: list[AttributionWrite] = Say(default=[], max_length=1000)
    credit_line_override: Lines | None = None
    corrections: list[CorrectionWrite] = Say(default=[], max_length=200)
    translation_of: str | None = Say(default=None, description="Id or slug of any of the group.")
    related: list[str] = Say(default=[], max_length=50, description="Ids or slugs.")
    date_line: Line | None = None
    published_at: Moment | None = None
    embargo_until: Moment | None = None
    expires_at: Moment | None = None
    rights: Rights = Rights()
    note: Words | None = Say(
        default=None, max_length=1000,
        description="What this save is about: kept with the version for the desk's eyes, no part of the"
        " story.",
    )  # fmt: skip
