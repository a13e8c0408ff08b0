"""What readers are answered: documents and cards, their holes filled, through the gate."""

import asyncio
import copy
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote

import orjson
from starlette.requests import Request
from starlette.responses import Response

from app.access.authentication import NOBODY, READER, Caller, Door
from app.config import Settings
from app.db import time_budget as spending
from app.db.database import Database, Rows
from app.delivery import counts as counting
from app.delivery import list_plan as paging
from app.delivery import not_found as absent
from app.errors import Unauthorized
from app.http.responses import Representation, answer, coding_for, etag_of
from app.language import date_formatting as display
from app.models.base import FOREVER, from_column, postgresql_time, sqlite_time, time_of
from app.models.key import Scope
from app.queries import articles
from app.queries.article_lists import Match, Pages, Place
from app.queries.visibility import BOUNDARY, HEAD
from app.rendering import desk_fields, documents
from app.rendering import live_updates as live
from app.rendering.placeholders import fill, named_in, put_translations
from app.request import cursors
from app.request import filters as grammar
from app.request import output as forms
from app.request.filters import Filter
from app.request.output import PLAIN, Form, put_display

Row = Sequence[Any]
Json = dict[str, Any]
Displays = Sequence[display.Display]
MOST_TERMS = 10_000
"""Names of terms that a process remembers."""
MOST_QUERIES, LONG_QUERY = 1_000, 300
"""Query strings of lists that a process remembers, and the bytes from which on it doesn't."""
LONG = 200_000
"""Bytes of a story from which on telling it in another form takes a while."""
NOTHING = "This house shows nothing without a key."
BY_CLOCK = ("scheduled", "expired")
NO_STAMP = ""
"""What no document is stamped with."""
ENDLESS = (sqlite_time(FOREVER), postgresql_time(FOREVER))
"""For ever, as either driver gives it."""


@dataclass(slots=True)
class Current:
    """A whole story as a caller reads it now."""

    body: bytes
    etag: str
    keys: str
    coded: bytes | None
    modified: datetime
    boundary: datetime | None
    head: int
    composed: bool
    ends: bool = False
    """Whether it goes, or something in it, at a moment of its own."""
    id: str = ""
    group: str | None = None
    holes: str | None = None


@dataclass(slots=True)
class Page:
    """A page of a list: rows of `articles.CARD`, and the cursors to the pages beside it."""

    rows: Sequence[Row]
    next: str | None
    prev: str | None
    head: int
    boundary: datetime | None
    pages: Pages
    beyond: str | None
    """The story behind the last, if there is one."""


Mark = tuple[int, datetime | None]
NOT_COUNTED: Json = {"count": None, "count_kind": "none", "facets": None}
ReadWords = Callable[["Delivery", str], Awaitable[Match]]
Tell = Callable[["Delivery", Row, Form, datetime], Awaitable[Current]]
TellPage = Callable[
    ["Delivery", Sequence[Row], Form, datetime], Awaitable[tuple[list[bytes], list[str]]]
]


class Delivery:
    """The delivery plane of one application: its database, settings, stamp and door."""

    tell: Tell
    """A story with what `include=` puts beside it; `main.py` puts it here."""

    tell_page: TellPage
    """The same of a page of cards."""

    read_words: ReadWords
    """Reads what `q` looks for as search does; `main.py` puts it here."""

    def __init__(self, db: Database, settings: Settings) -> None:
        self.db, self.settings, self.reader = db, settings, db.reader
        self.stamp = documents.stamp_of(settings)
        self.caller: Caller = READER if settings.anonymous == "published" else NOBODY
        self.door = Door(db, self.caller, settings.proxies)
        self.watch: Any = None
        self.terms: dict[tuple[str, str], str] = {}
        self.plain_pages: dict[tuple[str, bytes], Pages] = {}
        self.desks = ThreadPoolExecutor(max_workers=16, thread_name_prefix="desk")

    async def seen_by(self, request: Request) -> "Delivery":
        """The same, as whoever asks sees it."""
        caller = await self.door.caller(request.scope)
        if caller.sees == "none":
            raise Unauthorized("missing", NOTHING)
        if caller is self.caller:
            return self
        caller.need("anonymous", Scope.read)
        other = copy.copy(self)
        other.caller = caller
        if caller.reads_confidential:
            other.stamp = self.stamp_for(caller)
        return other

    def stamp_for(self, caller: Caller) -> str:
        """The stamp of documents that this caller is answered as they are stored: who reads the names
        of confidential sources none, so that every story is rendered with them as it is read."""
        return NO_STAMP if caller.reads_confidential else documents.stamp_of(self.settings)

    def as_readers(self) -> "Delivery":
        """The same, as readers see it: for what shows no draft even to the desk."""
        if self.caller.sees != "all":
            return self
        other = copy.copy(self)
        other.caller, other.stamp = READER, self.stamp_for(READER)
        return other

    @property
    def shared(self) -> bool:
        """Whether a shared cache may keep what this caller is answered."""
        return self.caller.key_id is None

    async def story(
        self, request: Request, condition: str, *, form: Form = PLAIN, also: str = "",
        **values: Any,
    ) -> Response | None:  # fmt: skip
        """A whole story, or None where this caller sees none. `also`: the keys of what else makes it
        stale, whose moments end it too."""
        now = datetime.now(UTC)
        coding = coding_for(request.headers.get("accept-encoding", ""), 10_000)
        stored = coding if coding in ("zstd", "gzip") else ""
        sql = articles.whole(self.caller, condition, stored)
        rows = await self.reader.rows(sql, values | {"now": now})
        if not rows:
            return None
        return await self.story_of(request, rows[0], stored, now, form, also)

    async def story_of(
        self, request: Request, row: Row, stored: str, now: datetime, form: Form, also: str
    ) -> Response:
        one = await (self.tell(self, row, form, now) if form.include else self.current(row, now))
        if also:
            one.keys, one.boundary = one.keys + also, await self.boundary(now, one.boundary)
        if form and not form.include:
            one.body, one.coded, one.composed = await self.told(one.body, form), None, True
            one.etag = etag_of(one.body, row[10])
        held = Representation(
            one.body, one.etag, modified=one.modified, keys=one.keys, composed=one.composed,
            zstd=one.coded if stored == "zstd" else None,
            gzip=one.coded if stored == "gzip" else None,
        )  # fmt: skip
        return answer(
            request, held, now=now, head=one.head, boundary=one.boundary, shared=self.shared,
            ends=one.ends,
        )  # fmt: skip

    async def current(self, row: Row, now: datetime, *, filled: bool = True) -> Current:
        """The story of a row of `articles.whole`, rendered anew where it must be, its holes filled
        unless they are left for others to fill."""
        (
            body, coded, etag, keys, holes, stamp, until, modified, live_to, id, version, group,
            head, state, content,
        ) = row  # fmt: skip
        boundary = min(
            (time_of(end) for end in (until, live_to) if end not in ENDLESS), default=None
        )
        ends = boundary is not None
        if self.stale(id, stamp) or passed(until, now):
            fresh = (await self.rendered([id]))[id]
            body, coded, etag, keys, holes = fresh.whole, None, fresh.etag, fresh.keys, fresh.holes
        if state in BY_CLOCK:
            body, coded = put_state(body, state), None
            etag = etag_of(body, version)
        if self.for_desk:
            body = self.with_desk_fields(id, body, content)
            coded, etag = None, etag_of(body, version)
        composed = bool(group or holes)
        if composed and filled:
            body, shown = await self.filled(body, id, group, orjson.loads(holes or "{}"), now)
            coded, etag, keys = None, etag_of(body, version), " ".join([keys, *shown])
            boundary = await self.boundary(now, boundary)
        return Current(
            body, etag, keys, coded, time_of(modified), boundary, head, composed, ends, id, group,
            holes,
        )  # fmt: skip

    def stale(self, id: str, stamp: str) -> bool:
        """Whether another renderer made this document."""
        return stamp != self.stamp

    async def rendered(self, ids: list[str]) -> dict[str, documents.Built]:
        """Stories rendered now: another renderer made their documents, or a moment passed."""
        return await asyncio.to_thread(self.render_now, ids)

    def render_now(self, ids: list[str]) -> dict[str, documents.Built]:
        with self.db.reading() as session:
            reveal = self.caller.reads_confidential
            return {one.row.id: one for one in documents.build(session, self.settings, ids, reveal)}

    async def renewed(self, ids: list[str]) -> dict[str, live.Rendered]:
        """Updates of live stories rendered now."""
        return await asyncio.to_thread(self.renew_now, ids)

    def renew_now(self, ids: list[str]) -> dict[str, live.Rendered]:
        with self.db.reading() as session:
            return live.renewed(session, self.settings, ids, self.caller.reads_confidential)

    async def boundary(self, now: datetime, other: datetime | None) -> datetime | None:
        [[moment]] = await self.reader.rows(f"SELECT {BOUNDARY}", {"now": now})
        moments = [one for one in (from_column(moment), other) if one]
        return min(moments, default=None)

    async def filled(
        self, body: bytes, id: str, group: str | None, holes: dict[str, Any], now: datetime
    ) -> tuple[bytes, list[str]]:
        """The document with what others say in its holes, and whom it now shows."""
        others, shown = [], []
        if group:
            others = (await self.groups([group], now)).get(group, [])
            shown += [one["id"] for one in others if one["id"] != id]
        there = await self.cards(named_in(holes), now)
        return fill(body, id, others, holes, there), [*shown, *there]

    async def wholes(self, ids: list[str], now: datetime) -> dict[str, bytes]:
        """Whole stories by id, as far as this caller may see them, their holes filled: in a number
        of statements that doesn't grow with them."""
        bare = await self.bare_wholes(ids, now)
        groups = list({group for _, _, group in bare.values() if group})
        others = await self.groups(groups, now) if groups else {}
        named = [one for _, holes, _ in bare.values() for one in named_in(holes)]
        there = await self.cards(list(dict.fromkeys(named)), now)
        return {
            id: fill(body, id, others.get(group or "", []), holes, there)
            for id, (body, holes, group) in bare.items()
        }

    async def bare_wholes(
        self, ids: list[str], now: datetime
    ) -> dict[str, tuple[bytes, Json, str | None]]:
        """Whole stories by id, with their holes and groups, one statement for all."""
        sql = articles.whole(self.caller, self.reader.dialect.any_of("a.id", "ids"), "")
        rows = await self.reader.rows(sql, {"ids": ids, "now": now}, light=False)
        old = [row[9] for row in rows if row[5] != self.stamp or passed(row[6], now)]
        fresh = await self.rendered(old) if old else {}
        found = {}
        for row in rows:
            id, group, state = row[9], row[11], row[13]
            body, holes = (fresh[id].whole, fresh[id].holes) if id in fresh else (row[0], row[4])
            body = put_state(body, state) if state in BY_CLOCK else body
            if self.for_desk:
                body = self.with_desk_fields(id, body, row[14])
            found[id] = body, orjson.loads(holes or "{}"), group
        return found

    @property
    def for_desk(self) -> bool:
        """Whether the caller reads the fields that are for editors."""
        return self.caller.sees == "all"

    def with_desk_fields(self, id: str, body: bytes, content: str) -> bytes:
        """A whole article with the fields that only editors read; `content` is what it was rendered
        from, as JSON."""
        if desk_fields.NO_ATTRIBUTIONS not in body:
            body = desk_fields.restore_all(body, desk_fields.kept_fields(orjson.loads(content)))
        return self.with_versions(id, body)

    def with_versions(self, id: str, body: bytes) -> bytes:
        """A card or a whole article with the address of its versions, for editors."""
        return desk_fields.with_versions(body, documents.versions_address(self.settings, id))

    def require_versions(self) -> None:
        """Refuse a caller who may not read earlier versions: 401 without a key, 403 with one."""
        if not self.reads_past:
            self.caller.need("editor", Scope.read)

    @property
    def reads_past(self) -> bool:
        """Whether the caller may read earlier versions, and the files that only those show."""
        return self.settings.public_versions or self.for_desk

    async def groups(self, groups: list[str], now: datetime) -> dict[str, list[dict[str, Any]]]:
        """Translations that this caller may open, by group."""
        found: dict[str, list[dict[str, Any]]] = {}
        sql = articles.translations(self.caller, self.reader.dialect)
        rows = await self.reader.rows(sql, {"groups": groups, "now": now})
        old = [row[1] for row in rows if self.stale(row[1], row[3]) or passed(row[4], now)]
        fresh = await self.rendered(old) if old else {}
        for group, id, body, *_ in rows:
            card = orjson.loads(fresh[id].card if id in fresh else body)
            kept = {name: card[name] for name in ("id", "lang", "dir", "headline", "url")}
            found.setdefault(group, []).append(kept)
        return found

    async def cards(self, ids: list[str], now: datetime) -> dict[str, bytes]:
        """Cards by id, whole, as far as this caller may see them."""
        if not ids:
            return {}
        sql = articles.cards(self.caller, self.reader.dialect)
        rows = await self.reader.rows(sql, {"ids": ids, "now": now})
        bodies, _ = await self.card_bodies(rows, now)
        return dict(zip([row[4] for row in rows], bodies, strict=True))

    async def card_bodies(
        self, rows: Rows, now: datetime, translated: bool = True
    ) -> tuple[list[bytes], list[str]]:
        """The cards of rows of `CARD`, current and filled, and an ETag of each. Translations are
        looked up unless nobody is to be told of them."""
        columns = [*zip(*rows, strict=True)]
        if columns and not self.for_desk and self.as_stored(columns):
            return list(columns[0]), list(columns[1])
        old = [row[4] for row in rows if row[3] or row[2] != self.stamp]
        fresh = await self.rendered(old) if old else {}
        groups = list({row[5] for row in rows if row[5]}) if translated else []
        others = await self.groups(groups, now) if groups else {}
        bodies, etags = [], []
        for row in rows:
            card, etag, id, group, state = row[0], row[1], row[4], row[5], row[9]
            if id in fresh:
                card, etag = fresh[id].card, etag_of(fresh[id].card, fresh[id].row.version)
            if state in BY_CLOCK:
                card = put_state(card, state)
            if group:
                mine = [one for one in others.get(group, ()) if one["id"] != id]
                card = put_translations(card, mine)
            if self.for_desk:
                card = self.with_versions(id, card)
            bodies.append(card)
            changed = group or state in BY_CLOCK or self.for_desk
            etags.append(etag_of(card) if changed else etag)
        return bodies, etags

    def as_stored(self, columns: Sequence[Row]) -> bool:
        """Whether cards, given as columns of `CARD`, are told as they are kept: rendered by this
        renderer, of no group, and in no state of the clock's. One look at all of a page."""
        old, groups, states = columns[3], columns[5], columns[9]
        settled = not any(old) and not any(groups) and set(states).isdisjoint(BY_CLOCK)
        return settled and set(columns[2]) == {self.stamp}

    async def listing(self, request: Request) -> Response:
        """A page of cards in the list's envelope."""
        now = datetime.now(UTC)
        pages = await self.pages(request.scope["query_string"])
        wanted, page = pages.wanted, await self.page_of(pages, now)
        bodies, etags, shown = await self.items(page.rows, wanted.form, now)
        ends = {"next": page.next, "prev": page.prev, **NOT_COUNTED}
        if wanted.count != "none" or wanted.facets:
            ends |= await counting.counted(self, page.pages, now)
        tail = orjson.dumps(ends)[1:]
        body = b"".join([b'{"items":[', b",".join(bodies), b"],", tail])
        marks = hashlib.blake2b("".join(etags).encode() + tail, digest_size=10).hexdigest()
        keys = [*await self.keys_of(wanted, page, plain=not wanted.form), *shown]
        held = Representation(body, f"0-{marks}", keys=" ".join(dict.fromkeys(keys)))
        links = self.links(request, ends)
        return answer(
            request, held, now=now, head=page.head, boundary=page.boundary, links=links,
            shared=self.shared,
        )  # fmt: skip

    async def items(
        self, rows: Sequence[Row], form: Form, now: datetime
    ) -> tuple[list[bytes], list[str], list[str]]:
        """The items of a page in the form that was asked for, ETags of them, each or together, and
        the keys of what they show of others."""
        if not form:
            return *await self.card_bodies(rows, now), []
        bodies, shown = await self.tell_page(self, rows, form, now)
        return bodies, [etag_of(b",".join(bodies))], shown

    async def keys_of(self, wanted: Filter, page: Page, plain: bool = True) -> list[str]:
        """The surrogate keys of a list: `articles`, the term without which no story enters it, where
        there is one, what its names and words rest on, its stories and the next one. `plain`: it
        shows nothing else."""
        one = next((term for term in wanted.terms if not term[1] and len(term[2]) == 1), None)
        alone = plain and wanted.count == "none" and not wanted.facets and not wanted.q
        bound = []
        if one and alone and page.rows and wanted.ids is None:
            bound = [await self.bound(one[0], one[2][0])]
        nouns = ["nouns"] if wanted.facets or len(wanted.terms) > len(bound) else []
        words = ["search"] if wanted.q else []
        stories = [row[4] for row in page.rows] + ([page.beyond] if page.beyond else [])
        return ["articles", *bound, *nouns, *words, *stories]

    async def bound(self, noun: str, name: str) -> str:
        """The key of lists of one term. What a name leads to once it leads to for ever."""
        term = noun, name
        if term not in self.terms:
            parted = role = ""
            if noun == "source":
                name, parted, role = name.partition(":")
            sql = f"SELECT {articles.look_up(noun, ':name', ':folded')}"
            [[id]] = await self.reader.rows(sql, {"name": name, "folded": name.casefold()})
            if len(self.terms) >= MOST_TERMS:
                self.terms.clear()
            self.terms[term] = f"articles:{id}{parted}{role}"
        return self.terms[term]

    async def page(self, wanted: Filter, now: datetime, *, strict: bool = True) -> Page:
        """The stories that a list shows, in its order. `strict`: a name that nothing has is a
        fault; else nothing meets it."""
        return await self.page_of(await self.pages_for(wanted), now, strict=strict)

    async def pages(self, query: bytes) -> Pages:
        """What a query string asks for. A plain list means the same each time: it is read once."""
        name = self.caller.sees, query
        found = self.plain_pages.get(name)
        if found is None:
            found = await self.pages_for(grammar.parse(grammar.text_of(query), self.settings.zone))
            if found.lasts and len(query) < LONG_QUERY:
                if len(self.plain_pages) >= MOST_QUERIES:
                    self.plain_pages.clear()
                self.plain_pages[name] = found
        return found

    async def pages_for(self, wanted: Filter) -> Pages:
        match = await self.read_words(self, wanted.q) if wanted.q else None
        return Pages(self.caller, self.reader.dialect, wanted, match)

    async def page_of(self, pages: Pages, now: datetime, *, strict: bool = True) -> Page:
        """The same of statements that are there."""
        spending.begin()
        wanted = pages.wanted
        if pages.place is None:
            pages.place = self.place(wanted)
        place = pages.place
        rows, (head, boundary) = await paging.rows(self, pages, place, now, strict)
        back, first = place is not None and place.back, place is None
        more = wanted.ids is None and len(rows) > wanted.limit
        beyond = rows[wanted.limit][4] if more else None
        rows = rows[: wanted.limit] if wanted.ids is None else rows
        if back:
            rows = rows[::-1]
        return Page(
            rows, self.cursor(wanted, "f", rows[-1]) if rows and (more or back) else None,
            self.cursor(wanted, "b", rows[0]) if rows and (more if back else not first) else None,
            head, boundary, pages, beyond,
        )  # fmt: skip

    def place(self, wanted: Filter) -> Place | None:
        """Where the page begins."""
        if wanted.cursor is None:
            return None
        secrets = self.settings.secrets
        return Place.of(*cursors.read(secrets, self.asked(wanted), wanted.cursor, 3))

    def asked(self, wanted: Filter) -> str:
        """What a list's cursors are bound to: its filters, its order, and who asks."""
        return wanted.question + ("" if self.caller.sees == "published" else self.caller.sees)

    def put_display(self, body: bytes, displays: Displays) -> bytes:
        """A card or a story with its dates in words."""
        return put_display(body, displays, self.settings.zone)

    async def told(self, body: bytes, form: Form) -> bytes:
        """A story in the form that was asked for; a long one in a thread, for others wait."""
        if len(body) < LONG:
            return form.told(body, self.settings.zone)
        return await asyncio.to_thread(form.told, body, self.settings.zone)

    def cursor(self, wanted: Filter, way: str, row: Row) -> str:
        return cursors.beside(self.settings.secrets[0], self.asked(wanted), way, row[6], row[4])

    async def head(self, now: datetime) -> Mark:
        """How far the log is, and the next moment at which the clock changes something."""
        [[head, moment]] = await self.reader.rows(f"SELECT {HEAD}, {BOUNDARY}", {"now": now})
        return head, from_column(moment)

    async def changes(self) -> int:
        """The number of the log's last change."""
        [[head]] = await self.reader.rows(f"SELECT {HEAD}", {})
        return int(head)

    def links(self, request: Request, ends: dict[str, Any]) -> str | None:
        """RFC 8288 links to the pages beside this one."""
        base = without_cursor(request.scope["path"], request.scope["query_string"])
        to = f"<{self.settings.public_url}{base}"
        there = [f'{to}{ends[rel]}>; rel="{rel}"' for rel in ("next", "prev") if ends.get(rel)]
        return ", ".join(there) or None

    async def file_keys(self, key: str, now: datetime) -> str:
        """The surrogate keys of a file: its images, and the stories by which it may be seen; of too
        many, that of all."""
        sql = articles.file_keys(self.caller, self.reads_past)
        rows = await self.reader.rows(sql, {"key": key, "now": now})
        ids = [row[0] for row in rows]
        return " ".join(ids if len(ids) <= grammar.MOST_IDS else ["articles", "nouns"])

    async def file(self, key: str, now: datetime) -> Row | None:
        """The file and media type of an image that a story shows which this caller may see."""
        sql = articles.file(self.caller, self.reads_past)
        rows = await self.reader.rows(sql, {"key": key, "now": now})
        return rows[0] if rows else None

    def plain(self, request: Request, found: dict[str, Any], mark: Mark) -> Response:
        """A small answer, made on the spot, of what stories share; `mark` is from before it was
        looked for."""
        body = orjson.dumps(found)
        version, id = found.get("version"), found.get("id")
        keys = " ".join(["articles", "nouns", *([id] if id else [])])
        held, (head, boundary) = Representation(body, etag_of(body, version), keys=keys), mark
        return answer(
            request, held, now=datetime.now(UTC), head=head, boundary=boundary, shared=self.shared,
            links=self.links(request, found),
        )  # fmt: skip

    def part(self, request: Request, whole: Response, shape: dict[str, Any]) -> Response:
        """A part of a story's answer, as long as that."""
        body, offer = orjson.dumps(shape), getattr(whole, "offer", None)
        held = Representation(body, etag_of(body), keys=offer.held.keys if offer else "")
        head = whole.headers.get("isnad-change")
        return answer(
            request, held, now=datetime.now(UTC), head=int(head) if head else None,
            boundary=offer.boundary if offer else None, shared=self.shared,
            ends=offer is not None and not offer.stale,
        )  # fmt: skip

    def plain_list(self, request: Request, found: list[Any], mark: Mark) -> Response:
        """A list that is told whole."""
        grammar.asked(request.scope["query_string"], [])
        return self.plain(
            request, {"items": found, "next": None, "prev": None, **NOT_COUNTED}, mark
        )

    async def by_name(
        self, request: Request, name: str, known: Sequence[str] = ("lang",)
    ) -> Response:
        """A story by id, by slug, or by a former slug, which leads to the current one. With `lang`
        it is the story in that language: itself, or its translation."""
        query = request.scope["query_string"]
        asked = grammar.asked(query, known) if query else {}
        lang = asked.get("lang")
        condition, values = articles.named(self.caller, name, lang)
        found = await self.story(request, condition, form=forms.read(asked), **values)
        return found or await absent.told(self, request, name, lang)


@lru_cache(maxsize=256)
def without_cursor(path: str, query: bytes) -> str:
    """The address of a page up to its cursor, which comes last."""
    parts = query.decode("latin-1").split("&")
    kept = [one for one in parts if one and not one.startswith("cursor=")]
    return f"{quote(path)}?{'&'.join([*kept, 'cursor'])}="


def passed(value: Any, now: datetime) -> bool:
    return value not in ENDLESS and time_of(value) <= now


def put_state(body: bytes, state: str) -> bytes:
    """The state that follows from the clock, for the desk's eyes."""
    return body.replace(b'"state":"published"', b'"state":"' + state.encode() + b'"', 1)
