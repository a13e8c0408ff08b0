"""Cards: a story as lists show it."""

from enum import StrEnum
from typing import Any, Literal

from pydantic import Field as Say

from app.models.base import DisplayTag, Names, Out, Stamp
from app.models.image import ImageUse
from app.models.section import ContributorRef, SectionRef, TagRef
from app.models.source import SourceRef


class Kind(StrEnum):
    news = "news"
    alert = "alert"
    live = "live"
    analysis = "analysis"
    opinion = "opinion"
    interview = "interview"
    feature = "feature"
    explainer = "explainer"
    video = "video"
    audio = "audio"
    gallery = "gallery"


class State(StrEnum):
    """What a reader would be told now; `scheduled` and `expired` follow from the clock."""

    draft = "draft"
    scheduled = "scheduled"
    published = "published"
    unpublished = "unpublished"
    expired = "expired"
    killed = "killed"
    vanished = "vanished"


class Translation(Out):
    """The same story in another language."""

    id: str
    lang: str
    dir: Literal["rtl", "ltr"]
    headline: str
    url: str


class DatesInWords(Out):
    """A story's times in one language and region."""

    published: str | None = Say(examples=["السبت 16 نوفمبر 2024، 12:00 م بتوقيت بيروت"])
    published_date: str | None = Say(examples=["السبت 16 نوفمبر 2024"])
    updated: str | None
    updated_date: str | None


class VersionRef(Out):
    """A version of a story, and when readers first saw it."""

    version: int
    at: Stamp = Say(description="When it was saved.")
    shown_from: Stamp | None = Say(description="When readers first saw it.")
    links: dict[str, str]


class SharedNoun(Out):
    noun: Literal["tag", "contributor", "source", "section"]
    id: str


class RelatedReason(Out):
    """Why a story is related: an editor said so, or what the two have in common."""

    kind: Literal["editor", "tags", "contributors", "sources", "section"] = Say(
        description="What weighs most."
    )
    shared: list[SharedNoun]


class ArticleCard(Out):
    """A story in a list: everything but the body and its evidence."""

    id: str
    kind: Kind
    state: State
    version: int
    lang: str
    dir: Literal["rtl", "ltr"]
    slug: str
    slug_latin: str | None
    url: str
    short_url: str | None
    kicker: str | None
    headline: str
    short_headline: str | None
    summary: str | None
    urgency: int | None
    section: SectionRef | None
    sections: list[SectionRef]
    tags: list[TagRef]
    contributors: list[ContributorRef]
    byline: str | None
    lead_image: ImageUse | None
    word_count: int
    read_minutes: int
    sources: list[SourceRef] = Say(description="In the order of credit.")
    credit_line: Names = Say(description="By language, computed from the chain.")
    credit_line_override: Names | None = Say(description="The editor's last word.")
    source_status: Literal["corrected", "killed"] | None = Say(
        description="A source corrected or killed an item that it rests on; the desk looks."
    )
    translations: list[Translation]
    date_line: str | None
    created_at: Stamp
    first_published_at: Stamp | None
    published_at: Stamp | None
    updated_at: Stamp | None
    modified_at: Stamp
    embargo_until: Stamp | None
    expires_at: Stamp | None
    links: dict[str, str | None] = Say(
        description="`versions` is null where the caller may not read earlier versions."
    )
    display: dict[DisplayTag, DatesInWords] = Say(
        default={}, description="There only where `display=` asks for it: dates in words, by tag."
    )
    translation_cards: "list[ArticleCard]" = Say(
        default=[],
        description="There only beside `include=translations`: cards of its translations.",
    )
    versions: list[VersionRef] = Say(
        default=[], description="There only beside `include=versions`: the newest first."
    )
    jsonld: dict[str, Any] = Say(
        default={}, description="There only beside `include=jsonld`: schema.org's NewsArticle."
    )


class RelatedCard(ArticleCard):
    """A story that goes with another, and why."""

    reason: RelatedReason
