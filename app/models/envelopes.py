"""Envelopes: every list has the same one."""

from typing import Any, Generic, Literal, TypeVar

from pydantic import Field as Say

from app.models.article import ListedArticle
from app.models.base import Names, Out
from app.models.card import ArticleCard, RelatedCard
from app.models.front import FrontInfo
from app.models.image import Image
from app.models.key import Key
from app.models.live import LiveUpdate
from app.models.preview import Preview
from app.models.section import Contributor, Section, Tag
from app.models.source import Attribution, Dependent, DispatchCard, Source, SourceRef
from app.models.version import Version
from app.models.withdrawal import WithdrawalRecord

Item = TypeVar("Item")


class Envelope(Out, Generic[Item]):
    items: list[Item]
    next: str | None
    prev: str | None
    count: int | None
    count_kind: Literal["none", "exact", "estimate"]
    facets: dict[str, dict[str, int]] | None


NOT_COUNTED: dict[str, Any] = {"count": None, "count_kind": "none", "facets": None}


def envelope(items: Any, next: str | None = None) -> dict[str, Any]:
    """A page of a list without counts, as JSON; `next` is the cursor of the page behind it."""
    return {"items": items, "next": next, "prev": None, **NOT_COUNTED}


class ArticleList(Envelope[ListedArticle]):
    """Cards, newest first."""


class TrendingCard(ArticleCard):
    """A story that is opened much."""

    views: int | None = Say(description="How often, in the window. Editors; null for others.")


class TrendingList(Envelope[TrendingCard]):
    """Cards, the most opened first."""


class BulkMark(Out):
    """The line of a stream that says where to go on."""

    next: str | None = Say(description="`cursor` of the rest; null where all was told.")
    changes_cursor: str = Say(
        description="`cursor` of `/v1/changes`: what has changed since the first line was read."
    )


class Highlight(Out):
    """Where in a story the words are. `ranges` are [start, length] in UTF-16 units of the snippet,
    as JavaScript, Dart, Kotlin and Swift count."""

    field: Literal["headline", "short_headline", "kicker", "summary", "body"]
    block_id: str | None = Say(description="Of the body: the block whose `text` it is a slice of.")
    snippet: str
    ranges: list[list[int]]
    html: str | None = Say(description="With `highlight=html`: the same, marked with `mark`.")


class SearchHit(ListedArticle):
    """A story that was found."""

    highlights: list[Highlight]


class SearchList(Envelope[SearchHit]):
    """What was found, the best first."""

    match: Literal["all", "any"] = Say(
        description="`all`: every story has every word; `any`: too few have, others have some."
    )
    did_you_mean: str | None = Say(description="Another spelling of the question that finds more.")


class Completion(Out):
    """A story whose headline goes on as typed."""

    id: str
    lang: str
    dir: Literal["rtl", "ltr"]
    headline: str
    url: str


class Entity(Out):
    """Something with a name that goes on as typed."""

    noun: Literal["section", "tag", "contributor", "source"]
    id: str
    slug: str = Say(description="What filters take: the slug, of a section its path.")
    name: str
    lang: str
    url: str | None


class Suggestions(Out):
    """What completes what was typed so far."""

    q: str
    completions: list[Completion]
    entities: list[Entity]
    did_you_mean: str | None


class SectionList(Envelope[Section]):
    """Every section, depth first."""


class TagList(Envelope[Tag]):
    """Tags that a story shows."""


class ContributorList(Envelope[Contributor]):
    """Contributors that a story shows."""


class SourceList(Envelope[Source]):
    """Known sources."""


class ImageList(Envelope[Image]):
    """Images that a story shows, newest first."""


class DispatchList(Envelope[DispatchCard]):
    """Items of sources that a story rests on, the newest first."""


class DependentList(Envelope[Dependent]):
    """What rests on a source or a dispatch."""


class FrontList(Envelope[FrontInfo]):
    """Every front that the desk curates."""


class RelatedList(Envelope[RelatedCard]):
    """Stories like a story: the editor's first."""


class KeyList(Envelope[Key]):
    """Every key, the newest first."""


class PreviewList(Envelope[Preview]):
    """A story's previews, the newest first."""


class VersionList(Envelope[Version]):
    """A story's versions, the newest first."""


class WithdrawalList(Envelope[WithdrawalRecord]):
    """Withdrawals, the newest first."""


class LiveUpdateList(Envelope[LiveUpdate]):
    """Updates of a live story."""


class Attributions(Out):
    """A story's chain and its credit line."""

    article: str
    attributions: list[Attribution]
    sources: list[SourceRef]
    credit_line: Names
    credit_line_override: Names | None
