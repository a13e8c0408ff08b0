"""JSON Feed 1.1: https://www.jsonfeed.org/version/1.1/

What it cannot express is in `_isnad`: the credit line, the sources, the version, corrections.
"""

from typing import Any

import orjson

from app.formats.feeds import content_html
from app.formats.feeds.feed import (
    SURROGATE,
    Feed,
    Media,
    Person,
    Tombstone,
    credit_line,
    dicts_of,
    enclosures,
    media,
    original_url,
    people,
    published_at,
    rfc3339,
    sources,
    summary_of,
    text_of,
    time_of,
    title_of,
    topics,
    updated_at,
    uri,
    whole_number,
)
from app.json_types import Json

MEDIA_TYPE = "application/feed+json"
VERSION = "https://jsonfeed.org/version/1.1"


def render(feed: Feed) -> bytes:
    """Return the feed as JSON Feed."""
    return to_bytes(without_empty({
        "version": VERSION, "title": feed.title, "home_page_url": feed.home_url,
        "feed_url": feed.self_url, "description": feed.description, "next_url": feed.next_url,
        "language": feed.lang, "authors": [person(Person(feed.publisher, feed.home_url))],
        "_isnad": without_empty({
            "about": feed.about, "withdrawn": [withdrawal(feed, one) for one in feed.withdrawn],
        }),
        "items": [item(feed, story) for story in feed.stories],
    }))  # fmt: skip


def withdrawal(feed: Feed, one: Tombstone) -> Json:
    """Return a withdrawn story; JSON Feed's `expired` would say that the whole feed has ended."""
    return without_empty(
        {"id": feed.id_of(one.id), "at": rfc3339(one.at), "notice": one.notice or None}
    )


def item(feed: Feed, story: Json) -> Json:
    shown = media(story)
    lead = next((one for one in shown if one.medium == "image"), None)
    changed, published = updated_at(story), published_at(story)
    authors = [person(one) for one in people(feed, story, ["reporter"])]
    return without_empty({
        "id": feed.id_of(str(story.get("id"))), "url": uri(story.get("url")),
        "external_url": original_url(story), "title": title_of(story), **content_fields(feed, story),
        "summary": summary_of(story), "image": lead.url if lead else None,
        "date_published": rfc3339(published), "date_modified": rfc3339(changed),
        "authors": authors, "author": authors[0] if authors else None,
        "tags": [topic.name for topic in topics(feed, story)], "language": feed.lang_of(story),
        "attachments": [attachment(one) for one in enclosures(shown)],
        "_isnad": extension(feed, story, shown),
    })  # fmt: skip


def content_fields(feed: Feed, story: Json) -> Json:
    if not feed.full:
        return {"content_text": summary_of(story)}
    return {"content_html": content_html.render(feed, story)}


def extension(feed: Feed, story: Json, shown: list[Media]) -> Json:
    """Return `_isnad`, what Isnad adds to an item. `about` is the URL of its description."""
    notices = [notice(one) for one in dicts_of(story.get("corrections"))]
    return without_empty({
        "about": feed.about, "id": text_of(story.get("id")), "version": whole_number(story.get("version")),
        "dir": text_of(story.get("dir")), "credit_line": credit_line(feed, story),
        "sources": sources(feed, story), "corrections": [one for one in notices if one.get("text")],
        "media": [without_empty({
            "url": one.url, "caption": one.caption, "credit": one.credit,
            "photographer": one.photographer, "copyright": one.copyright,
        }) for one in shown],
    })  # fmt: skip


def notice(one: Json) -> Json:
    """Return a correction notice, by language."""
    at, texts = time_of(one.get("at")), one.get("text")
    said = texts.items() if isinstance(texts, dict) else []
    return without_empty({
        "kind": text_of(one.get("kind")), "at": rfc3339(at) if at else None,
        "text": {lang: text for lang, text in said if text_of(text)},
    })  # fmt: skip


def person(one: Person) -> Json:
    return without_empty({"name": one.name, "url": one.url, "avatar": one.image})


def attachment(one: Media) -> Json:
    return without_empty({
        "url": one.url, "mime_type": one.mime, "title": one.caption, "size_in_bytes": one.size,
        "duration_in_seconds": one.duration,
    })  # fmt: skip


def without_empty(fields: Json) -> Json:
    """Return fields without empty ones, because JSON Feed has no nulls; only `items` may be
    empty."""
    return {
        name: value for name, value in fields.items()
        if value is not None and (value != [] or name == "items")
    }  # fmt: skip


def to_bytes(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:  # half of a surrogate pair, which is no character
        return orjson.dumps(without_surrogates(value))


def without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return SURROGATE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {without_surrogates(name): without_surrogates(one) for name, one in value.items()}
    return [without_surrogates(one) for one in value] if isinstance(value, list) else value
