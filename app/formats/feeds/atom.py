"""Atom: RFC 4287, with paging (RFC 5005) and tombstones (RFC 6721).

https://www.rfc-editor.org/rfc/rfc4287 · Ids are tag: URIs (RFC 4151) of our own stable ids. Atom has no
direction: `dir` stands inside the content.
"""

from typing import Any
from urllib.parse import quote

from lxml import etree

from app.formats.feeds import content_html
from app.formats.feeds.feed import (
    Feed,
    Media,
    Person,
    Topic,
    enclosures,
    media,
    original_url,
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
    DC,
    LANG,
    MRSS,
    NAR,
    TOMBSTONES,
    Element,
    add,
    add_credit,
    add_media,
    add_page_links,
    to_bytes,
    usage_terms,
)
from app.json_types import Json

MEDIA_TYPE = "application/atom+xml"
NAMESPACES = {None: ATOM, "at": TOMBSTONES, "dc": DC, "media": MRSS, "nar": NAR}


def add_text(parent: Element, tag: str, text: str | None = None, **attributes: Any) -> Element:
    return add(parent, f"{{{ATOM}}}{tag}", text, **attributes)


def render(feed: Feed) -> bytes:
    """Return the feed as Atom, its tombstones before its stories."""
    root = etree.Element(f"{{{ATOM}}}feed", nsmap=NAMESPACES)
    if feed.lang:
        root.set(LANG, feed.lang)
    add_text(root, "id", feed.id)
    add_text(root, "title", feed.title)
    if feed.description:
        add_text(root, "subtitle", feed.description)
    add_text(root, "updated", rfc3339(feed.updated))
    add_person(root, "author", Person(feed.publisher, feed.home_url))
    add_text(root, "generator", "Isnad")
    add_text(root, "link", rel="alternate", type="text/html", href=feed.home_url)
    add_page_links(root, feed, MEDIA_TYPE)
    add_tombstones(root, feed)  # before the entries: so RFC 4287's grammar has room for them
    for story in feed.stories:
        add_entry(root, feed, story)
    return to_bytes(root)


def add_entry(root: Element, feed: Feed, story: Json) -> None:
    entry = add_text(root, "entry")
    entry.set(LANG, feed.lang_of(story))
    add_text(entry, "id", feed.id_of(str(story.get("id"))))
    add_text(entry, "title", title_of(story), type="text")
    add_text(entry, "updated", rfc3339(updated_at(story)))
    add_text(entry, "published", rfc3339(published_at(story)))
    shown = media(story)
    add_links(entry, feed, story, shown)
    for person in people(feed, story, ["reporter"]):
        add_person(entry, "author", person)
    for person in people(feed, story, ["editor", "translator", "photographer"]):
        add_person(entry, "contributor", person)
    for topic in topics(feed, story):
        add_text(entry, "category", term=topic.term, label=topic.name, scheme=scheme_of(topic))
    add_words(entry, feed, story)
    if terms := usage_terms(story):
        add_text(entry, "rights", terms)
    add_credit(entry, feed, story)
    add_media(entry, shown)


def add_links(entry: Element, feed: Feed, story: Json, shown: list[Media]) -> None:
    lang = feed.lang_of(story)
    page = uri(story.get("url"))
    add_text(
        entry, "link", rel="alternate", type="text/html", hreflang=lang, href=page or feed.home_url
    )
    for one in enclosures(shown):
        add_text(entry, "link", rel="enclosure", type=one.mime, href=one.url, length=one.size)
    if original := original_url(story):
        add_text(entry, "link", rel="via", href=original)


def scheme_of(topic: Topic) -> str | None:
    """Return the URL of a topic's vocabulary: the topic's URL without the term."""
    term = quote(topic.term, safe="/")
    return topic.url.removesuffix(term) if topic.url and topic.url.endswith(term) else None


def add_words(entry: Element, feed: Feed, story: Json) -> None:
    """Add the summary and the content, which is the summary again in a feed of summaries: without
    one, @rowanmanning/feed-parser shows the caption inside `media:content` as the content."""
    kind, content = "text", summary_of(story)
    add_text(entry, "summary", content, type="text")
    if feed.full:
        kind, content = "html", content_html.render(feed, story)
    add_text(entry, "content", content, type=kind).set(LANG, feed.lang_of(story))


def add_person(parent: Element, tag: str, person: Person) -> None:
    element = add_text(parent, tag)
    add_text(element, "name", person.name)
    if person.url:
        add_text(element, "uri", person.url)


def add_tombstones(root: Element, feed: Feed) -> None:
    """Add withdrawn stories (RFC 6721), with the notice in the feed's language, else the story's."""
    for one in feed.withdrawn:
        gone = add(
            root, f"{{{TOMBSTONES}}}deleted-entry", ref=feed.id_of(one.id), when=rfc3339(one.at)
        )
        wanted = (feed.lang, one.lang, feed.default_lang, *one.notice)
        if lang := next((lang for lang in wanted if lang in one.notice), None):
            add(gone, f"{{{TOMBSTONES}}}comment", one.notice[lang]).set(LANG, lang)
