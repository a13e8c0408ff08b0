"""RSS 2.0: https://www.rssboard.org/rss-specification

With content:encoded, Dublin Core, Media RSS 1.5.1 and atom:link for the feed's own address and its
pages (RFC 5005). A story that was withdrawn leaves the feed; RSS has no words for more.
"""

from datetime import datetime
from email.utils import format_datetime
from html import escape

from lxml import etree

from app.formats.feeds import content_html
from app.formats.feeds.feed import (
    Feed,
    enclosures,
    media,
    people,
    published_at,
    rfc3339,
    summary_of,
    title_of,
    topics,
    updated_at,
    uri,
)
from app.formats.feeds.xml import (
    ATOM,
    CONTENT,
    DC,
    LANG,
    MRSS,
    NAR,
    Element,
    add,
    add_credit,
    add_media,
    add_page_links,
    to_bytes,
    usage_terms,
)
from app.json_types import Json

MEDIA_TYPE = "application/rss+xml"
NAMESPACES = {"atom": ATOM, "content": CONTENT, "dc": DC, "media": MRSS, "nar": NAR}


def render(feed: Feed) -> bytes:
    """Return the feed as RSS."""
    rss = etree.Element("rss", {"version": "2.0"}, nsmap=NAMESPACES)
    channel = add(rss, "channel")
    add(channel, "title", feed.title)
    add(channel, "link", feed.home_url)
    add(channel, "description", feed.description or feed.title)
    if feed.lang:
        add(channel, "language", feed.lang)
    add(channel, "lastBuildDate", rfc822(feed.updated))
    add(channel, "generator", "Isnad")
    add_page_links(channel, feed, MEDIA_TYPE)
    for story in feed.stories:
        add_item(channel, feed, story)
    return to_bytes(rss)


def add_item(channel: Element, feed: Feed, story: Json) -> None:
    item = add(channel, "item")
    item.set(LANG, feed.lang_of(story))
    add(item, "title", title_of(story))
    if link := uri(story.get("url")):
        add(item, "link", link)
    add_words(item, feed, story)
    add(item, "guid", feed.id_of(str(story.get("id"))), isPermaLink="false")
    updated = rfc3339(updated_at(story))
    # before pubDate: npm's feedparser takes the first of the two as the time of the update
    add(item, f"{{{DC}}}date", updated)
    add(item, "pubDate", rfc822(published_at(story)))
    add(item, f"{{{ATOM}}}updated", updated)
    for person in people(feed, story, ["reporter"]):
        add(item, f"{{{DC}}}creator", person.name)
    for topic in topics(feed, story):
        add(item, "category", topic.name, domain=topic.url)
    add(item, f"{{{DC}}}language", feed.lang_of(story))
    if terms := usage_terms(story):
        add(item, f"{{{DC}}}rights", terms)
    add_credit(item, feed, story)
    shown = media(story)
    for one in enclosures(shown)[:1]:  # several are not safe in RSS
        add(item, "enclosure", url=one.url, length=one.size or 0, type=one.mime)
    add_media(item, shown)


def add_words(item: Element, feed: Feed, story: Json) -> None:
    """Add the summary, which RSS treats as HTML, and after it the whole text."""
    add(item, "description", escape(summary_of(story), quote=False))
    if feed.full:
        whole = content_html.render(feed, story)
        add(item, f"{{{CONTENT}}}encoded", whole).set(LANG, feed.lang_of(story))


def rfc822(moment: datetime) -> str:
    return format_datetime(moment.replace(microsecond=0), usegmt=True)
