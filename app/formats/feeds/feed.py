"""What all feed formats share: a feed and its tombstones as data, and the values that a format
takes from a story.

A story is the JSON of an article. No field is trusted: one that is missing, null or invalid is
left out, and the story stays.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import inf
from mimetypes import guess_type
from typing import Any
from urllib.parse import quote, urlsplit

from app.json_types import Json
from app.models.base import pick, timestamp

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""The time of what has none, an empty feed for one."""
LANGUAGE = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*")
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
SURROGATE = re.compile("[\ud800-\udfff]")
NOT_XML = re.compile(f"{CONTROL.pattern}|{SURROGATE.pattern}")
ORIGINAL = ("origin", "relayed", "translated")
"""Roles of a source whose own page is the original of ours, the nearest first."""


@dataclass(frozen=True)
class Tombstone:
    """A withdrawn story in the language `lang`, for those who keep copies. `notice` is by language."""

    id: str
    at: datetime
    notice: dict[str, str] = field(default_factory=dict)
    lang: str | None = None


@dataclass(frozen=True)
class Feed:
    """Stories in order, with the feed's title and links. `authority` begins every id (RFC 4151)."""

    title: str
    publisher: str
    authority: str
    name: str
    """What the feed's own id is made of: it stays when paths and hosts change."""
    home_url: str
    self_url: str
    default_lang: str
    stories: Sequence[Json]
    description: str | None = None
    lang: str | None = None
    full: bool = True
    about: str | None = None
    first_url: str | None = None
    prev_url: str | None = None
    next_url: str | None = None
    tombstones: Sequence[Tombstone] = ()

    @property
    def id(self) -> str:
        return self.id_of(f"feed:{self.name}")

    def id_of(self, thing: str) -> str:
        """Return a tag: URI of one of our ids. RFC 4151."""
        return f"tag:{self.authority}:{quote(xml_text(thing), safe=':/?=&,;@~-')}"

    @property
    def updated(self) -> datetime:
        """Return when anything in the feed last changed."""
        times = [updated_at(story) for story in self.stories]
        return max([*times, *(one.at for one in self.tombstones)], default=EARLIEST)

    @property
    def withdrawn(self) -> list[Tombstone]:
        """Return the newest tombstone of each story that is not in the feed, the newest first."""
        present = {str(story.get("id")) for story in self.stories}
        newest = {one.id: one for one in sorted(self.tombstones, key=lambda one: one.at)}
        found = [one for one in newest.values() if one.id not in present]
        return sorted(found, key=lambda one: one.at, reverse=True)

    def lang_of(self, story: Json) -> str:
        """Return the story's language, else the feed's. RFC 5646."""
        lang = story.get("lang")
        known = isinstance(lang, str) and LANGUAGE.fullmatch(lang)
        return str(lang) if known else self.lang or self.default_lang


@dataclass(frozen=True)
class Media:
    """An image, video or recording of a story, with its credit."""

    url: str
    medium: str
    mime: str | None
    caption: str | None = None
    credit: str | None = None
    photographer: str | None = None
    copyright: str | None = None
    width: int | None = None
    height: int | None = None
    size: int | None = None
    duration: int | None = None
    poster: str | None = None


@dataclass(frozen=True)
class Person:
    name: str
    url: str | None = None
    image: str | None = None


@dataclass(frozen=True)
class Topic:
    """A category of a story."""

    term: str
    name: str
    url: str | None = None


def text_of(value: Any) -> str | None:
    """Return a field as non-empty text that every format can hold, or None."""
    if not isinstance(value, str) or not xml_text(value).strip():
        return None
    return SURROGATE.sub("\ufffd", value) if NOT_XML.search(value) else value


def xml_text(text: str) -> str:
    """Return text without what XML 1.0 cannot hold; line breaks become spaces."""
    if not NOT_XML.search(text):  # as good as always
        return text
    spaced = text.replace("\x0b", " ").replace("\x0c", " ")
    return SURROGATE.sub("\ufffd", CONTROL.sub("", spaced))


def uri(value: Any) -> str | None:
    """Return an absolute http or https URL in ASCII, or None. RFC 3987 section 3.1."""
    text = text_of(value)
    try:
        parts = urlsplit(text.strip()) if text else None
    except ValueError:
        return None
    if not text or not parts or parts.scheme.lower() not in ("http", "https") or not parts.netloc:
        return None
    return quote(xml_text(text.strip()), safe="%/:=&?~#+!$,;'@()*[]")


def title_of(story: Json) -> str:
    """Return the headline, else another name of the story."""
    fields = ("headline", "short_headline", "summary", "slug", "id")
    return next((text for name in fields if (text := text_of(story.get(name)))), "—")


def summary_of(story: Json) -> str:
    """Return the summary, else the title: readers show another text where a summary is missing."""
    return text_of(story.get("summary")) or title_of(story)


def time_of(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (TypeError, ValueError, OverflowError):
        return None


def published_at(story: Json) -> datetime:
    names = ("published_at", "first_published_at", "created_at")
    return next((at for name in names if (at := time_of(story.get(name)))), EARLIEST)


def updated_at(story: Json) -> datetime:
    """Return when the content last changed: a version, a correction notice, or a restore
    (`restored_at`), so that it is newer than its tombstone (RFC 6721)."""
    times = [time_of(story.get("updated_at")), time_of(story.get("restored_at"))]
    times += [time_of(one.get("at")) for one in dicts_of(story.get("corrections"))]
    return max([published_at(story), *(at for at in times if at)])


def rfc3339(moment: datetime) -> str:
    return timestamp(moment)


def dicts_of(value: Any) -> list[Json]:
    """Return the JSON objects in a list, or none."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def best_name(names: Any, lang: str, default: str) -> str | None:
    """Return a name by language, in the best available one."""
    if not isinstance(names, dict):
        return text_of(names)
    return text_of(pick({key: name for key, name in names.items() if name}, lang, default))


def credit_line(feed: Feed, story: Json) -> str | None:
    """Return the credit line in the story's language."""
    lines = story.get("credit_line_override") or story.get("credit_line")
    return best_name(lines, feed.lang_of(story), feed.default_lang)


def sources(feed: Feed, story: Json) -> list[Json]:
    """Return the sources in the order of credit, with a name in the story's language."""
    lang = feed.lang_of(story)
    found = [
        {"name": best_name(one.get("name"), lang, feed.default_lang), "kind": text_of(one.get("kind")),
         "slug": text_of(one.get("slug")), "url": uri(one.get("url"))}
        for one in dicts_of(story.get("sources"))
    ]  # fmt: skip
    return [
        {key: value for key, value in one.items() if value is not None}
        for one in found if one["name"]
    ]  # fmt: skip


def original_url(story: Json) -> str | None:
    """Return the URL of the original on another publisher's site, if there is one."""
    links = [
        link for link in dicts_of(story.get("attributions"))
        if isinstance(link.get("scope"), dict) and "article" in link["scope"]
    ]  # fmt: skip
    for role in ORIGINAL:
        for link in links:
            source = link.get("source")
            ours = isinstance(source, dict) and source.get("kind") == "house"
            if link.get("role") == role and not ours and (found := uri(link.get("url"))):
                return found
    return None


def people(feed: Feed, story: Json, roles: Iterable[str]) -> list[Person]:
    lang, wanted = feed.lang_of(story), set(roles)
    found: dict[str, Person] = {}
    for one in dicts_of(story.get("contributors")):
        name = best_name(one.get("name"), lang, feed.default_lang)
        if name and text_of(one.get("role")) in wanted:
            found.setdefault(name, Person(name, uri(one.get("url")), uri(one.get("image"))))
    return list(found.values())


def topics(feed: Feed, story: Json) -> list[Topic]:
    """Return the sections, the primary first, and the tags."""
    lang = feed.lang_of(story)
    primary = [story["section"]] if isinstance(story.get("section"), dict) else []
    found: dict[str, Topic] = {}
    filed = [*primary, *dicts_of(story.get("sections")), *dicts_of(story.get("tags"))]
    for one in filed:
        term = text_of(one.get("path") or one.get("slug"))
        name = best_name(one.get("name"), lang, feed.default_lang) or term
        if term and name:
            found.setdefault(term, Topic(term, name, uri(one.get("url"))))
    return list(found.values())


def media(story: Json) -> list[Media]:
    """Return all images, videos and recordings, the lead first, each file once."""
    found: dict[str, Media] = {}
    lead = [story["lead_image"]] if isinstance(story.get("lead_image"), dict) else []
    shown = [picture(use) for use in lead]
    for block in dicts_of(story.get("body")):
        shown += media_of(block)
    for one in filter(None, shown):
        found.setdefault(one.url, one)
    return list(found.values())


def enclosures(shown: list[Media]) -> list[Media]:
    """Return the files that a reader may download in advance: recordings, then the lead picture."""
    pictures = [one for one in shown if one.medium == "image"]
    recordings = [one for one in shown if one.medium != "image"]
    return [one for one in [*recordings, *pictures[:1]] if one.mime]


def media_of(block: Json) -> list[Media | None]:
    if block.get("withheld"):
        return []
    if block.get("type") == "figure" and isinstance(block.get("image"), dict):
        return [picture(block["image"])]
    if block.get("type") == "gallery":
        return [picture(use) for use in dicts_of(block.get("images"))]
    return [recording(block)] if block.get("type") in ("video", "audio") else []


def picture(use: Json) -> Media | None:
    url = uri(use.get("url"))
    if url is None or use.get("withheld"):
        return None
    file = next(iter(dicts_of(use.get("renditions"))), {})
    shape = text_of(file.get("format"))
    return Media(
        url=url, medium="image", mime=f"image/{shape}" if shape else guess_type(url)[0],
        caption=text_of(use.get("caption")), credit=text_of(use.get("credit")),
        photographer=text_of(use.get("photographer")), copyright=text_of(use.get("copyright")),
        width=whole_number(use.get("width")), height=whole_number(use.get("height")),
        size=whole_number(file.get("bytes")),
    )  # fmt: skip


def recording(block: Json) -> Media | None:
    url = uri(block.get("url"))
    if url is None:
        return None
    given = block.get("duration")
    seconds = given if isinstance(given, int | float) else 0
    return Media(
        url=url, medium=str(block["type"]), mime=text_of(block.get("mime")) or guess_type(url)[0],
        caption=text_of(block.get("caption")), credit=text_of(block.get("credit")),
        duration=max(1, round(seconds)) if 0 < seconds < inf else None,
        poster=uri(block.get("poster")),
    )  # fmt: skip


def whole_number(value: Any) -> int | None:
    fits = isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**53
    return value if fits else None
