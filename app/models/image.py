"""Images: an original with its own texts and rights, and its use in an article."""

from datetime import datetime
from typing import Any, ClassVar, Literal

from pydantic import Field as Say
from sqlalchemy import Index
from sqlmodel import Field

from app.models.base import (
    Code,
    In,
    JsonText,
    Moment,
    Names,
    Out,
    Saved,
    Stamp,
    Table,
    UTCDateTime,
    new_id,
)
from app.models.validated_text import Country, Line, Lines, Texts


class FocalPoint(In):
    """The point to keep when cropping, as shares of width and height from the top left."""

    x: float = Say(ge=0, le=1)
    y: float = Say(ge=0, le=1)


class Rights(In):
    """What may be done, and until when. Null means nothing was said."""

    usage_terms: str | None = None
    territories: list[str] | None = Say(default=None, description="ISO 3166-1 alpha-2.")
    valid_until: Moment | None = None
    public_domain: bool = False


class ImageRow(Table, table=True):
    """An original. Texts are maps by language."""

    __tablename__ = "image"
    __table_args__ = (
        Index("ix_image_created_at_id", "created_at", "id"),
        Index("ix_image_modified_at_id", "modified_at", "id"),
    )
    id: str = Field(default_factory=lambda: new_id("img"), primary_key=True, sa_type=Code)
    caption: Any = Field(default_factory=dict, sa_type=JsonText, nullable=False)
    alt: Any = Field(default_factory=dict, sa_type=JsonText, nullable=False)
    credit: Any = Field(default_factory=dict, sa_type=JsonText, nullable=False)
    photographer: str | None = None
    source_id: str | None = Field(default=None, foreign_key="source.id", sa_type=Code, index=True)
    copyright: str | None = None
    rights: Any = Field(default_factory=dict, sa_type=JsonText, nullable=False)
    focal_x: float | None = None
    focal_y: float | None = None
    thumbhash: str | None = None
    color: str | None = None
    file: str | None = Field(
        default=None, sa_type=Code, index=True, description="Key in the media store."
    )
    origin_url: str | None = Field(default=None, description="Where an import saw it.")
    mime: str | None = None
    width: int | None = None
    height: int | None = None
    bytes: int | None = None
    withdrawn: str | None = Field(default=None, sa_type=Code, description="kill or vanish")
    created_at: datetime = Field(sa_type=UTCDateTime)
    version: int = 1
    modified_at: datetime = Field(sa_type=UTCDateTime)


class ImageUseRow(Table, table=True):
    """Where an image stands: the lead (`block_id` empty), a block, or a block of an update. Rows for
    questions only."""

    __tablename__ = "image_use"

    article_id: str = Field(foreign_key="article.id", primary_key=True, sa_type=Code)
    image_id: str = Field(foreign_key="image.id", primary_key=True, sa_type=Code, index=True)
    block_id: str = Field(default="", primary_key=True, sa_type=Code)
    update_id: str | None = Field(
        default=None, sa_type=Code, index=True,
        description="Where it stands in an update of a live story; then it is in `block_id` too.",
    )  # fmt: skip


class Rendition(Out):
    """A file of an image."""

    name: str
    crop: str | None
    url: str
    width: int | None
    height: int | None
    format: str | None
    bytes: int | None


class WithheldImage(Out):
    """Why the file is not shown to this caller."""

    reason: str


class ImageUse(Out):
    """An image as a story uses it: its texts in one language, with the story's own words first."""

    id: str
    alt: str | None
    caption: str | None
    credit: str | None
    photographer: str | None
    source: "SourceRef | None"
    copyright: str | None
    rights: Rights | None
    lang: str | None
    dir: Literal["rtl", "ltr"] | None
    source_status: Literal["corrected", "killed"] | None
    width: int | None
    height: int | None
    focal_point: FocalPoint | None
    thumbhash: str | None
    color: str | None
    url: str | None = Say(description="Null while no file is there.")
    srcset: str | None
    renditions: list[Rendition]
    withheld: WithheldImage | None


class Image(Out):
    """An image in the library: texts are maps by language."""

    id: str
    alt: Names
    caption: Names
    credit: Names
    photographer: str | None
    source: "SourceRef | None"
    copyright: str | None
    rights: Rights | None
    width: int | None
    height: int | None
    focal_point: FocalPoint | None
    thumbhash: str | None
    color: str | None
    mime: str | None
    bytes: int | None
    url: str | None
    srcset: str | None
    renditions: list[Rendition]
    withheld: WithheldImage | None
    version: int
    created_at: Stamp
    modified_at: Stamp
    links: dict[str, str]


class ImageRights(Rights):
    """Rights as the desk sends them."""

    usage_terms: Line | None = None
    territories: list[Country] | None = Say(
        default=None, max_length=300, description="ISO 3166-1 alpha-2; null: everywhere."
    )
    valid_until: Moment | None = None


class ImageWrite(In):
    """An image as the desk sends it, beside its file or without one."""

    alt: Texts = {}
    caption: Texts = {}
    credit: Lines = {}
    photographer: Line | None = None
    source: str | None = Say(default=None, description="Id, slug, or a name that it is known by.")
    copyright: Line | None = None
    rights: ImageRights | None = None
    focal_point: FocalPoint | None = None


class ImageUseWrite(In):
    """An image in a story, by id (or, from imports and demo stories, by `file`).

    Texts sent here are this story's own; what is left out is the image's.
    """

    never_cleared: ClassVar[tuple[str, ...]] = ("id",)

    id: str | None = None
    alt: str | None = None
    caption: str | None = None
    credit: str | None = None


class ImageSaved(Image, Saved):
    """An image as it is after a write."""


from app.models.source import SourceRef  # noqa: E402  (two nouns that name each other)

ImageUse.model_rebuild()
Image.model_rebuild()
ImageSaved.model_rebuild()
