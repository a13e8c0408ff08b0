"""Choose the stories of a feed and describe it; `formats/feeds` turns it into bytes.
docs/feeds.md"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, unquote_plus
from zoneinfo import ZoneInfo

import orjson
from starlette.requests import Request
from starlette.responses import Response

from app import urls
from app.delivery import lists
from app.delivery.context import ReadContext, reply
from app.delivery.lists import Page
from app.errors import BadRequest, NotFound, redirect
from app.formats.feeds import atom, json_feed, rss
from app.formats.feeds.feed import Feed, Tombstone, rfc3339
from app.http.responses import Representation, etag_of, is_tracking_parameter
from app.json_types import Json
from app.language import slugs
from app.models.base import ENDLESS, passed, pick, time_of
from app.queries import articles, feeds
from app.request import filters, output

FORMATS: dict[str, tuple[str, Callable[[Feed], bytes]]] = {
    "rss": (rss.MEDIA_TYPE, rss.render),
    "atom": (atom.MEDIA_TYPE, atom.render),
    "json": (json_feed.MEDIA_TYPE, json_feed.render),
}
ALL = "all"
CONTENTS = ("full", "summary")
OF_JSON = ("display", *output.SHAPES, "count", "facets")
"""What lists of cards take and feeds don't: it shapes the JSON, not the choice of stories."""
KNOWN = [*(name for name in filters.KNOWN if name not in OF_JSON), "content"]
OF_A_PAGE = ("cursor", "limit")


@dataclass(frozen=True)
class Section:
    """The section of a feed: id, path and names."""

    id: str
    path: str
    name: dict[str, str]
    description: dict[str, str]


@dataclass(frozen=True)
class FeedQuery:
    """The parsed query of a feed: `parts` are its parameters as sent, without tracking
    parameters."""

    wanted: filters.Filter
    full: bool
    parts: Sequence[str]

    @property
    def name(self) -> str:
        """Return the parameters that distinguish feeds, in a fixed order."""
        return "&".join(sorted(part for part in self.parts if name_of(part) not in OF_A_PAGE))

    @property
    def lang(self) -> str | None:
        """Return the language, if the feed is limited to one."""
        langs = [values for name, excluded, values in self.wanted.columns
                 if name == "lang" and not excluded]  # fmt: skip
        return langs[0][0] if langs and len(langs[0]) == 1 else None


def not_found(feed_name: str) -> NotFound:
    """Return the 404 for a URL without a known format at its end."""
    known = ", ".join(f".{one}" for one in FORMATS)
    return NotFound(f"There is no feed {feed_name!r}; feeds end in {known}.")


async def respond(context: ReadContext, request: Request, name: str, extension: str) -> Response:
    """Return the feed of `all` or of a section's path, in the format of an extension. A former
    path redirects (308)."""
    asked = parse(request.scope["query_string"], context.settings.zone)
    section = None
    if name != ALL:
        found = await section_of(context, name)
        if isinstance(found, str):
            path = f"/feeds/{quote(found)}.{extension}"
            return redirect(context.settings.public_url, path, "&".join(asked.parts))
        section = found
        asked.wanted.terms.insert(0, ("section", False, [section.path]))
    now = datetime.now(UTC)
    page = await lists.page(context, asked.wanted, now)
    stories, until = await whole_stories(context, [row[4] for row in page.rows], now)
    gone = await tombstones(context, asked, now)
    address = f"{context.settings.public_url}/feeds/{quote(name)}.{extension}"
    feed = make_feed(context, asked, section, address, page, stories, gone)
    media_type, render = FORMATS[extension]
    body = await asyncio.to_thread(render, feed)
    keys = dict.fromkeys([*await lists.keys_of(context, asked.wanted, page), "nouns"])
    held = Representation(
        body, etag_of(body), keys=" ".join(keys),
        media_type=media_type if extension == "json" else f"{media_type}; charset=utf-8",
    )  # fmt: skip
    ends = [page.boundary, until, *(one.at + feeds.REMEMBERED for one in gone)]
    boundary = min((one for one in ends if one), default=None)
    return reply(
        context, request, held, now=now, head=page.head, boundary=boundary,
        links=links(feed, media_type),
    )  # fmt: skip


def parse(query: bytes, zone: ZoneInfo) -> FeedQuery:
    """Parse the query of a feed. Unknown parameters are errors, except tracking parameters."""
    given = quote(query, safe="/?:@!$&'()*+,;=%-._~[]")
    parts = [part for part in given.split("&") if part and not is_tracking_parameter(part.encode())]
    own = [part for part in parts if name_of(part) == "content"]
    values = [unquote_plus(part.partition("=")[2]) for part in own]
    if values == ["full"]:  # the default: the feed is the same, and so are its address and name
        parts = [part for part in parts if part not in own]
    if len(values) > 1 or not set(values) <= set(CONTENTS):
        raise BadRequest.at("content", f"One of {', '.join(CONTENTS)}, once.")
    rest = "&".join(part for part in parts if part not in own)
    return FeedQuery(filters.parse(rest, zone, KNOWN), values != ["summary"], parts)


def name_of(part: str) -> str:
    return unquote_plus(part.partition("=")[0])


async def section_of(context: ReadContext, name: str) -> Section | str:
    """Return the section of a path or id. Raises `Moved` for a former path, or one in other
    letter case."""
    rows = await context.reader.rows(feeds.SECTION, {"name": name, "folded": slugs.key(name)})
    if rows:
        id, path, names, description = rows[0]
        if name not in (id, path):
            return str(path)
        return Section(id, path, orjson.loads(names), orjson.loads(description))
    moved = await context.reader.rows(feeds.FORMER_SECTION, {"name": slugs.key(name)})
    if not moved:
        raise NotFound(f"There is no section {name!r}.")
    return str(moved[0][0])


async def whole_stories(
    context: ReadContext, ids: list[str], now: datetime
) -> tuple[list[Json], datetime | None]:
    """Return complete stories in this order, and when the first of them becomes outdated. Three
    statements, however many stories."""
    if not ids:
        return [], None
    sql = articles.whole(context.caller, context.reader.dialect.any_of("a.id", "ids"), "")
    rows = {
        row[9]: row
        for row in await context.reader.rows(sql, {"ids": ids, "now": now}, light=False)
    }  # fmt: skip
    old = [id for id, row in rows.items() if row[5] != context.stamp or passed(row[6], now)]
    fresh = await context.render(old) if old else {}
    bodies = [fresh[id].whole if id in fresh else rows[id][0] for id in ids if id in rows]
    ends = [time_of(end) for row in rows.values() for end in row[6:9:2] if end not in ENDLESS]
    until = min((end for end in ends if end > now), default=None)
    stories = [orjson.loads(body) for body in bodies]
    came_back = await context.reader.rows(feeds.restored(context.reader.dialect), {"ids": ids})
    back = {id: rfc3339(time_of(at)) for id, at in came_back}
    for story in stories:
        if story["id"] in back:
            story["restored_at"] = back[story["id"]]
    return stories, until


async def tombstones(context: ReadContext, asked: FeedQuery, now: datetime) -> list[Tombstone]:
    """Return recent withdrawals of the feed, on its first page."""
    if asked.wanted.cursor:
        return []
    sql, values = feeds.tombstones(context.caller, asked.wanted, context.reader.dialect, now)
    return [
        Tombstone(id, time_of(at), orjson.loads(notice or "null") or {}, lang)
        for id, lang, at, notice in await context.reader.rows(sql, values)
    ]


def make_feed(
    context: ReadContext, asked: FeedQuery, section: Section | None, address: str, page: Page,
    stories: list[Json], gone: list[Tombstone],
) -> Feed:  # fmt: skip
    """Build the `Feed` of a page of stories."""
    settings = context.settings
    lang = asked.lang or settings.default_lang
    name = f"{section.id if section else ALL}{f'?{asked.name}' if asked.name else ''}"
    title, described, home = settings.name, None, settings.site
    if section:
        title = f"{title} – {pick(section.name, lang, settings.default_lang)}"
        described = pick(section.description, lang, settings.default_lang) or None
        home = urls.section(settings, section.path, lang)
    paged = page.next or page.prev
    return Feed(
        title=title, publisher=settings.name, authority=settings.authority, name=name,
        home_url=home, self_url=with_query(address, asked.parts), default_lang=settings.default_lang,
        stories=stories, description=described, lang=asked.lang, full=asked.full,
        about=f"{settings.public_url}/docs",
        first_url=page_url(address, asked.parts, None) if paged else None,
        next_url=page_url(address, asked.parts, page.next) if page.next else None,
        tombstones=gone,
        prev_url=page_url(address, asked.parts, page.prev) if page.prev else None,
    )  # fmt: skip


def page_url(address: str, parts: Sequence[str], cursor: str | None) -> str:
    """Return the URL of another page of the feed."""
    kept = [part for part in parts if name_of(part) != "cursor"]
    return with_query(address, [*kept, *([f"cursor={cursor}"] if cursor else [])])


def with_query(address: str, parts: Sequence[str]) -> str:
    return f"{address}?{'&'.join(parts)}" if parts else address


def links(feed: Feed, media_type: str) -> str:
    """Return the `Link` header: the feed's own URL and its neighbouring pages. RFC 8288."""
    found: dict[str, Any] = {
        "self": feed.self_url, "first": feed.first_url, "prev": feed.prev_url,
        "next": feed.next_url,
    }  # fmt: skip
    return ", ".join(
        f'<{url}>; rel="{rel}"; type="{media_type}"' for rel, url in found.items() if url
    )
