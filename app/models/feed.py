"""JSON Feed 1.1 as the contract has it. It has no nulls: what there is not is left out."""

from typing import Literal

from pydantic import Field as Say

from app.models.base import Names, Out, Stamp


class FeedPerson(Out):
    name: str
    url: str = Say(default="")
    avatar: str = Say(default="")


class FeedAttachment(Out):
    url: str
    mime_type: str
    title: str = Say(default="")
    size_in_bytes: int = Say(default=0)
    duration_in_seconds: int = Say(default=0)


class FeedSource(Out):
    """Whom a story rests on."""

    name: str
    kind: str = Say(default="")
    slug: str = Say(default="")
    url: str = Say(default="")


class FeedNotice(Out):
    kind: str
    at: Stamp
    text: Names


class FeedMedia(Out):
    url: str
    caption: str = Say(default="")
    credit: str = Say(default="")
    photographer: str = Say(default="")
    copyright: str = Say(default="")


class FeedExtension(Out):
    """What Isnad says of an item beyond JSON Feed: whom it is from."""

    about: str = Say(description="Where this is described.")
    id: str = Say(description="The article's id.")
    version: int
    dir: Literal["rtl", "ltr"]
    credit_line: str = Say(default="", description="In the story's language.")
    sources: list[FeedSource] = Say(default=[], description="In the order of credit.")
    corrections: list[FeedNotice] = Say(default=[])
    media: list[FeedMedia] = Say(default=[], description="Every file that the story shows.")


class FeedWithdrawal(Out):
    """A story that was withdrawn from the feed."""

    id: str = Say(description="The item's id while it was in the feed.")
    at: Stamp
    notice: Names = Say(default={}, description="What readers are told, by language.")


class FeedChannelExtension(Out):
    """What Isnad says of a feed beyond JSON Feed."""

    about: str = Say(description="Where this is described.")
    withdrawn: list[FeedWithdrawal] = Say(
        default=[], description="Withdrawn in the last 30 days; on the first page."
    )


class FeedItem(Out):
    id: str = Say(description="A tag: URI; it stays when the story is corrected or moves.")
    url: str = Say(default="")
    external_url: str = Say(default="", description="Where the story was first, if elsewhere.")
    title: str
    content_html: str = Say(default="")
    content_text: str = Say(default="", description="In place of content_html: content=summary.")
    summary: str = Say(default="")
    image: str = Say(default="")
    date_published: Stamp
    date_modified: Stamp
    authors: list[FeedPerson] = Say(default=[])
    author: FeedPerson = Say(default=FeedPerson(name=""), deprecated=True)
    tags: list[str] = Say(default=[])
    language: str
    attachments: list[FeedAttachment] = Say(default=[])
    isnad: FeedExtension = Say(alias="_isnad")


class JsonFeed(Out):
    """A feed by https://www.jsonfeed.org/version/1.1/"""

    version: Literal["https://jsonfeed.org/version/1.1"]
    title: str
    home_page_url: str
    feed_url: str
    description: str = Say(default="")
    next_url: str = Say(default="")
    language: str = Say(default="", description="Where all items have one.")
    authors: list[FeedPerson]
    isnad: FeedChannelExtension = Say(alias="_isnad")
    items: list[FeedItem]
