"""What a parser of news pages finds: plain data, nothing fetched, nothing saved.

Both parsers (`html`, `text`) return a `Page`; `importing.py` turns it into an article.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

BlockType = Literal[
    "paragraph", "heading", "figure", "gallery", "video", "audio",
    "quote", "list", "table", "embed", "divider",
]  # fmt: skip
MentionScope = Literal["article", "block", "image"]
MentionRole = Literal[
    "origin", "reported", "relayed", "translated", "compiled", "quoted", "photographed"
]  # fmt: skip


Role = Literal["reporter", "editor", "translator", "photographer"]


class NotAPage(ValueError):
    """The bytes hold no news page; the message says why, for a person."""


@dataclass
class Picture:
    """A picture the page shows or only names: `url` is null when the text only names it."""

    url: str | None = None
    caption: str | None = None
    credit: str | None = None
    alt: str | None = None
    width: int | None = None
    height: int | None = None


@dataclass
class Found:
    """One block of the body, in page order. `html` is safe inline HTML, `text` its visible text."""

    type: BlockType
    text: str = ""
    html: str = ""
    level: int | None = None  # heading: 2-4
    ordered: bool = False  # list
    items: list[str] = field(default_factory=list)  # list: inline HTML of each item
    rows: list[list[str]] = field(default_factory=list)  # table: text of each cell
    header: bool | None = None  # table: whether the first row names the columns
    pictures: list[Picture] = field(default_factory=list)  # figure: one; gallery: more
    url: str | None = None  # embed, video, audio
    provider: str | None = None  # embed: "youtube", "x", …
    caption: str | None = None  # video, audio, table
    credit: str | None = None  # video, audio
    who: str | None = None  # quote: the person or body quoted
    lang: str | None = None  # the language, where the page states one that is not the story's
    dir: str | None = None  # the direction, where the page states one that is not the language's
    start: int | None = None  # list: the number of its first item
    reversed: bool | None = None  # list: whether the numbers go down
    marker: str | None = None  # list: how items are numbered
    outline: list[dict[str, Any]] | None = None  # list: level, kind and number of each item
    poster: str | None = None  # video, audio
    tracks: list[dict[str, Any]] | None = None  # video, audio: kind, lang and url of each


@dataclass
class Mention:
    """A source the page names, and where: becomes an attribution."""

    name: str  # as the page writes it, without quotes: إنترفاكس
    role: MentionRole
    scope: MentionScope
    block: int | None = None  # scope block: index into Page.blocks
    picture: int | None = None  # scope image: 0 is the lead image, then Page.pictures() in order
    phrase: str = ""  # the words of the page it was read from


@dataclass
class Contributor:
    """A person whom the page credits, and for what."""

    name: str
    role: Role = "reporter"


@dataclass
class Quoted:
    """A person quoted: offered to the desk as a suggestion, never asserted."""

    name: str
    block: int | None
    phrase: str


@dataclass
class Line:
    """One line of the input and the one field it ended in, or the reason it was left out."""

    number: int  # from 1; for HTML the order in the document
    text: str
    field: str | None  # "headline", "summary", "blocks[3]", "lead_image.caption", …
    reason: str | None = None  # left out: "share words", "repeated headline", "navigation", …


@dataclass
class Page:
    """A news page, taken apart. Every text is to the letter as the page has it, only trimmed."""

    format: Literal["html", "text"]
    headline: str
    lang: str | None = None
    url: str | None = None  # canonical, absolute
    kicker: str | None = None
    summary: str | None = None
    published_at: datetime | None = None  # aware; only what metadata or a time element says
    updated_at: datetime | None = None
    date_line: str | None = None  # to the letter: "السبت 16 نوفمبر / November 2024"
    byline: list[str] = field(default_factory=list)  # names of writers
    contributors: list[Contributor] = field(default_factory=list)  # of closing credits
    site_name: str | None = None  # the publishing outlet, from metadata
    section: list[str] = field(default_factory=list)  # breadcrumb or articleSection, outer first
    tags: list[str] = field(default_factory=list)
    lead_image: Picture | None = None
    blocks: list[Found] = field(default_factory=list)
    sources_line: str | None = None  # to the letter, without its label: "العربي - وكالات"
    mentions: list[Mention] = field(default_factory=list)
    quoted: list[Quoted] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def pictures(self) -> list[Picture]:
        """Every picture, the lead first, then in page order: what `Mention.picture` counts."""
        lead = [self.lead_image] if self.lead_image else []
        return lead + [picture for block in self.blocks for picture in block.pictures]
