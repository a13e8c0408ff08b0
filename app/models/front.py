"""Fronts: what a home screen or a section's page shows, curated, and filled up by a query."""

from datetime import datetime
from typing import Any, ClassVar, Literal

from pydantic import Field as Say
from sqlalchemy import Index
from sqlmodel import Field

from app.models.base import (
    Code,
    In,
    JsonText,
    Lang,
    Moment,
    Names,
    Out,
    Stamp,
    Table,
    UTCDateTime,
    new_id,
)
from app.models.card import ArticleCard
from app.models.image import ImageUse, ImageUseWrite
from app.models.section import SectionRef

MOST_SLOTS = 100


class FrontRow(Table, table=True):
    """A curated front. `slots` is a list of Slot as JSON, relations by id."""

    __tablename__ = "front"
    __table_args__ = (Index("ix_front_section_id_lang", "section_id", "lang"),)

    id: str = Field(default_factory=lambda: new_id("frt"), primary_key=True, sa_type=Code)
    slug: str = Field(sa_type=Code, unique=True)
    name: Any = Field(sa_type=JsonText, nullable=False)
    section_id: str | None = Field(default=None, foreign_key="section.id", sa_type=Code)
    lang: str | None = Field(default=None, sa_type=Code, description="Null: of every language.")
    size: int = 20
    fallback: str | None = Field(default=None, description="Query of /v1/articles.")
    banner: Any = Field(default=None, sa_type=JsonText, nullable=True)
    slots: Any = Field(default_factory=list, sa_type=JsonText, nullable=False)
    version: int = 1
    created_at: datetime = Field(sa_type=UTCDateTime)
    modified_at: datetime = Field(sa_type=UTCDateTime)


class Slot(In):
    """A place on a front, as the desk fills it."""

    article: str = Say(description="Id or slug.")
    headline: Names | None = Say(default=None, description="Instead of the story's, by language.")
    image: ImageUseWrite | None = Say(default=None, description="Instead of the story's.")
    starts_at: Moment | None = Say(default=None, description="It stands here from then on.")
    ends_at: Moment | None = Say(default=None, description="Until then.")


class BannerWrite(In):
    """A line above everything, gone at `until` by the clock."""

    text: Names
    article: str | None = Say(default=None, description="Id or slug of the story that it leads to.")
    until: Moment | None = None


class FrontWrite(In):
    """A front as the desk sends it."""

    never_cleared: ClassVar[tuple[str, ...]] = ("slug",)

    slug: str | None = Say(default=None, description="Left out: made from the name.")
    name: Names
    section: str | None = Say(default=None, description="Path or id of the section it is for.")
    lang: Lang | None = Say(default=None, description="Left out: for every language.")
    size: int = Say(default=20, ge=1, le=MOST_SLOTS, description="Places; what lacks is filled up.")
    fallback: str | None = Say(
        default=None, max_length=1000,
        description="Filters of /v1/articles that fill it up: `section=coast&kind=-opinion`. Left"
        " out: the section's newest, or all.",
    )  # fmt: skip
    banner: BannerWrite | None = None
    curated: list[Slot] = Say(default=[], max_length=MOST_SLOTS)


class SlotImage(Out):
    """The image of a place, by id, and its texts where they are not the image's own."""

    id: str
    alt: str = Say(default="", description="There only where it was sent.")
    caption: str = Say(default="", description="There only where it was sent.")
    credit: str = Say(default="", description="There only where it was sent.")


class Curated(Out):
    """A place as it was filled, whether or not it shows now."""

    article: str
    headline: Names | None
    image: SlotImage | None
    starts_at: Stamp | None
    ends_at: Stamp | None


class Banner(Out):
    text: str
    article: ArticleCard | None
    until: Stamp | None


class Shown(Out):
    """A place as readers see it."""

    by: Literal["curated", "fallback"]
    headline: str = Say(description="The slot's, else the story's.")
    image: ImageUse | None = Say(description="The slot's, else the story's lead image.")
    article: ArticleCard


class Front(Out):
    """A screen in one answer. Where nobody curated a section, its newest stories."""

    id: str | None = Say(description="Null where nobody curated it.")
    slug: str | None
    name: Names
    section: SectionRef | None
    lang: str
    dir: Literal["rtl", "ltr"]
    banner: Banner | None
    slots: list[Shown]
    size: int
    version: int | None
    modified_at: Stamp | None
    curated: list[Curated] | None = Say(description="For the desk: every place that was filled.")
    fallback: str | None = Say(description="For the desk.")
    links: dict[str, str]


class FrontInfo(Out):
    """A front in the list of fronts."""

    id: str
    slug: str
    name: Names
    section: str | None = Say(description="Its path.")
    lang: str | None
    version: int
    created_at: Stamp
    modified_at: Stamp
    links: dict[str, str]


class FrontSaved(Front):
    """A front as it is now, and what the desk should know of it."""

    warnings: list[str]
