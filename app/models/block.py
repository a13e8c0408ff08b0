"""Blocks: the typed pieces of a body. docs/blocks.md."""

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from app.models.base import In, Lang, Out
from app.models.card import ArticleCard
from app.models.image import ImageUse, ImageUseWrite

MOST_BLOCKS = 10_000
"""Blocks of a body."""
DEEPEST_ITEM = 20
"""Lists inside lists."""
Marker = Literal["decimal", "lower-alpha", "upper-alpha", "lower-roman", "upper-roman"]


class Withheld(Out):
    """Why a block or image is not shown to this caller."""

    reason: str = Field(examples=["rights.territory"])


class BlockBase(Out):
    """What every block has, so that an unknown type can be shown or skipped."""

    id: str = Field(description="Survives edits; `data-block` in HTML.")
    lang: str | None = Field(description="Null where as the article's.")
    dir: Literal["rtl", "ltr"] | None = Field(
        description="Null where as the article's; else as sent, or as that of `lang`."
    )
    html: str | None = Field(description="Safe inline HTML of the block, null when withheld.")
    text: str | None = Field(description="The visible text, null when withheld.")
    withheld: Withheld | None
    source_status: Literal["corrected", "killed"] | None = Field(
        description="What its source did to the item that it rests on."
    )


class Paragraph(BlockBase):
    type: Literal["paragraph"]


class Heading(BlockBase):
    type: Literal["heading"]
    level: int = Field(ge=2, le=4)


class Figure(BlockBase):
    type: Literal["figure"]
    image: ImageUse


class Gallery(BlockBase):
    type: Literal["gallery"]
    images: list[ImageUse]


class Track(In):
    """A text track of a video or audio."""

    kind: Literal["captions", "subtitles", "descriptions", "chapters"]
    lang: Lang
    url: str


class Media(BlockBase):
    url: str | None
    mime: str | None
    poster: str | None
    duration: float | None = Field(description="Seconds.")
    caption: str | None
    credit: str | None
    tracks: list[Track]


class Video(Media):
    type: Literal["video"]


class Audio(Media):
    type: Literal["audio"]


class Quote(BlockBase):
    type: Literal["quote"]
    who: str | None


class ListPlace(In):
    """Where an item of a list stands."""

    level: int = Field(ge=1, le=DEEPEST_ITEM, description="1, or deeper in lists inside lists.")
    ordered: bool = Field(description="Whether the list in which it stands is numbered.")
    value: int | None = Field(
        default=None, ge=-(2**31) + 1, le=2**31 - 1,
        description="Its number, where that is not the one that follows.",
    )  # fmt: skip


class ListBlock(BlockBase):
    type: Literal["list"]
    ordered: bool
    items: list[str] = Field(description="Inline HTML of each item.")
    start: int | None = Field(description="Number of the first item; null: as usual.")
    reversed: bool = Field(description="Whether the numbers go down.")
    marker: Marker | None = Field(description="How items are numbered: a `list-style-type` of CSS.")
    outline: list[ListPlace] = Field(
        description="The place of each item, as many as `items`; empty where the list is flat and"
        " its numbers follow each other."
    )


class Table(BlockBase):
    type: Literal["table"]
    caption: str | None
    header: bool = Field(description="Whether the first row is a heading.")
    rows: list[list[str]] = Field(description="Text of each cell.")


class Embed(BlockBase):
    type: Literal["embed"]
    provider: str | None
    url: str | None
    ratio: float | None = Field(description="Width by height.")
    tracks: Literal["yes", "no", "unknown"] = Field(description="Whether it follows the reader.")
    fallback: str | None


class Related(BlockBase):
    type: Literal["related"]
    title: str | None
    articles: list[ArticleCard] = Field(description="Filled at read, through the gate.")


class CorrectionBlock(BlockBase):
    type: Literal["correction"]
    correction: str | None = Field(description="The id in `corrections`.")
    kind: str


class Divider(BlockBase):
    type: Literal["divider"]


Block = Annotated[
    Paragraph | Heading | Figure | Gallery | Video | Audio | Quote | ListBlock | Table | Embed
    | Related | CorrectionBlock | Divider,
    Field(discriminator="type"),
]  # fmt: skip


class BlockType(StrEnum):
    paragraph = "paragraph"
    heading = "heading"
    figure = "figure"
    gallery = "gallery"
    video = "video"
    audio = "audio"
    quote = "quote"
    list = "list"
    table = "table"
    embed = "embed"
    related = "related"
    correction = "correction"
    divider = "divider"


COMMON = frozenset(["type", "id", "lang", "dir"])
"""What the desk may say of a block of any type."""

OWN_FIELDS: dict[str, set[str]] = {
    "paragraph": {"html", "text"},
    "heading": {"html", "text", "level"},
    "figure": {"image"},
    "gallery": {"images"},
    "video": {"url", "mime", "poster", "duration", "caption", "credit", "tracks"},
    "audio": {"url", "mime", "poster", "duration", "caption", "credit", "tracks"},
    "quote": {"html", "text", "who"},
    "list": {"ordered", "items", "start", "reversed", "marker", "outline"},
    "table": {"caption", "header", "rows"},
    "embed": {"provider", "url", "ratio", "tracks", "fallback"},
    "related": {"title", "articles"},
    "correction": {"correction"},
    "divider": set(),
}


class BlockWrite(In):
    """A block as the desk sends it: `type`, and the fields that this type has.

    Text is `html` (inline, sanitised) or `text` (plain); `html` wins when both are sent.
    """

    type: BlockType
    id: str | None = Field(default=None, max_length=40, pattern=r"^[A-Za-z0-9_-]+$")
    lang: Lang | None = None
    dir: Literal["rtl", "ltr"] | None = None
    html: str | None = None
    text: str | None = None
    level: int | None = Field(default=None, ge=2, le=4)
    image: ImageUseWrite | None = None
    images: list[ImageUseWrite] | None = None
    url: str | None = None
    mime: str | None = None
    poster: str | None = None
    duration: float | None = Field(default=None, ge=0)
    caption: str | None = None
    credit: str | None = None
    tracks: list[Track] | Literal["yes", "no", "unknown"] | None = None
    who: str | None = None
    ordered: bool | None = None
    items: list[str] | None = None
    start: int | None = Field(default=None, ge=-(2**31) + 1, le=2**31 - 1)
    reversed: bool | None = None
    marker: Marker | None = None
    outline: list[ListPlace] | None = None
    header: bool | None = None
    rows: list[list[str]] | None = None
    provider: str | None = None
    ratio: float | None = Field(default=None, gt=0)
    fallback: str | None = None
    title: str | None = None
    articles: list[str] | None = Field(default=None, description="Ids of articles, at most 20.")
    correction: str | None = None

    @model_validator(mode="after")
    def only_its_own_fields(self) -> "BlockWrite":
        given = self.model_fields_set - COMMON
        foreign = {name for name in given if getattr(self, name) is not None}
        foreign -= OWN_FIELDS[self.type]
        if foreign:
            raise ValueError(f"a {self.type} has no {', '.join(sorted(foreign))}")
        if self.outline and len(self.outline) != len(self.items or []):
            raise ValueError("outline has a place for each of the items, or is empty")
        return self

    def stored(self) -> dict[str, Any]:
        """What the version keeps: the type's own fields, nothing derived."""
        keep = {*COMMON, *OWN_FIELDS[self.type]}
        return self.model_dump(mode="json", include=keep, exclude_none=True)


class BodyHtml(In):
    """A body as HTML, converted to blocks; `data-block` names the block that an element is."""

    html: str


class BodyMarkdown(In):
    """A body as Markdown (CommonMark with tables), converted to blocks."""

    markdown: str


def as_blocks(sent: Any) -> Any:
    """The desk has HTML and Markdown converted before a story is read; what comes here is blocks."""
    return sent


BlocksSent = Annotated[
    list[BlockWrite],
    BeforeValidator(as_blocks, json_schema_input_type=list[BlockWrite] | BodyHtml | BodyMarkdown),
]
