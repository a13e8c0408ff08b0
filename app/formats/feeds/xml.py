"""XML elements for feeds that take any text, and the vocabularies that RSS and Atom share."""

from typing import Any

from lxml import etree

from app.formats.feeds.feed import Feed, Media, credit_line, sources, text_of, xml_text
from app.json_types import Json

Element = Any
ATOM = "http://www.w3.org/2005/Atom"
CONTENT = "http://purl.org/rss/1.0/modules/content/"
DC = "http://purl.org/dc/elements/1.1/"
MRSS = "http://search.yahoo.com/mrss/"
NAR = "http://iptc.org/std/nar/2006-10-01/"
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def add(parent: Element, tag: str, text: str | None = None, **attributes: Any) -> Element:
    """Add a child with its text and the attributes that have a value."""
    given = {name: xml_text(str(value)) for name, value in attributes.items() if value is not None}
    element: Any = etree.SubElement(parent, tag, given)
    if text is not None:
        element.text = xml_text(text)
    return element


def to_bytes(root: Element) -> bytes:
    return bytes(etree.tostring(root, encoding="utf-8", xml_declaration=True))


def add_page_links(parent: Element, feed: Feed, media_type: str) -> None:
    """Add the feed's own URL and those of the pages beside it. RFC 5005."""
    links = {"self": feed.self_url, "first": feed.first_url, "previous": feed.prev_url,
             "next": feed.next_url}  # fmt: skip
    for rel, url in links.items():
        if url:
            add(parent, f"{{{ATOM}}}link", rel=rel, type=media_type, href=url)


def add_credit(parent: Element, feed: Feed, story: Json) -> None:
    """Add Dublin Core's `source` for each source, and NewsML-G2's `creditline`."""
    for source in sources(feed, story):
        add(parent, f"{{{DC}}}source", source["name"])
    if line := credit_line(feed, story):
        add(parent, f"{{{NAR}}}creditline", line)


def add_media(parent: Element, shown: list[Media]) -> None:
    """Media RSS 1.5.1: https://www.rssboard.org/media-rss"""
    for at, one in enumerate(shown):
        content = add(
            parent, f"{{{MRSS}}}content", url=one.url, medium=one.medium, type=one.mime,
            width=one.width, height=one.height, fileSize=one.size, duration=one.duration,
            isDefault="true" if at == 0 else None,
        )  # fmt: skip
        add_words(content, one)


def add_words(content: Element, one: Media) -> None:
    """Add caption, credits and copyright. The caption is a title, because feedparser reads
    `media:description` as the story's text or summary. The credit to show comes first: some readers keep one."""
    if one.caption:
        add(content, f"{{{MRSS}}}title", one.caption, type="plain")
    if one.poster:
        add(content, f"{{{MRSS}}}thumbnail", url=one.poster)
    if one.credit and one.credit != one.photographer:
        add(content, f"{{{MRSS}}}credit", one.credit)
    if one.photographer:
        add(content, f"{{{MRSS}}}credit", one.photographer, role="photographer", scheme="urn:ebu")
    if one.copyright:
        add(content, f"{{{MRSS}}}copyright", one.copyright)


def usage_terms(story: Json) -> str | None:
    rights = story.get("rights")
    return text_of(rights.get("usage_terms")) if isinstance(rights, dict) else None
