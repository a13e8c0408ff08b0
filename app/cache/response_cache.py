"""The response cache: it stands before everything and answers what it has answered before.

It knows nothing of the application but what `Source` reports: how far the log is, which surrogate keys its
rows name, and when the clock changes something. docs/caching.md, docs/decisions/0017-response-cache.md
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.cache._store import NEVER, Address, CacheStore, Entry, Headers, Variant
from app.http.responses import (
    CACHE_OFFER,
    FEEDS,
    REMEMBERED_LENGTH,
    SMALLEST_COMPRESSED,
    WHOLE,
    CacheableResponse,
    cache_control,
    cache_query,
    header_lines,
    matches_etag,
    negotiate_encoding,
    unmodified_since,
    whole_sender,
)

ASKED = frozenset((
    b"host", b"accept-encoding", b"if-none-match", b"if-modified-since", b"x-request-id",
    b"isnad-min-change", b"authorization", b"if-match", b"content-length", b"transfer-encoding",
))  # fmt: skip
"""Headers that it looks at."""

ASIDE = frozenset((b"authorization", b"if-match", b"content-length", b"transfer-encoding"))
"""Headers of requests that it lets through: answers to a key are that key's."""

LOOKS = 3
"""Times that a request waits until what was just written is known."""

Dropping = Callable[[Iterable[str] | None], None]


class Source(Protocol):
    """What the cache needs to know about changes: an interface."""

    head: int
    """The row of the log up to which everything has been told."""

    boundary: float
    """When the clock changes something next."""

    def begin(self, drop: Dropping) -> None:
        """Call `drop` with the surrogate keys that the log names from now on, or with None if
        they are unknown."""

    def look(self, now: float) -> bool:
        """Report what has happened until now; return whether cached responses may be used."""

    async def catch_up(self) -> bool:
        """Wait, if that is for a moment, until it may be used; whether to look again."""


class InFlight:
    """An answer being made, which others wait for."""

    __slots__ = ("alone", "dropped", "landed", "offer", "since")

    def __init__(self, since: float) -> None:
        self.since = since
        self.offer: CacheableResponse | None = None
        self.landed = asyncio.Event()
        self.alone = True
        self.dropped: set[str] | None = set()
        """Keys that the log has named since; None: all of them."""

    def take(self, offer: CacheableResponse) -> None:
        self.offer = offer


class ResponseCache:
    """Answers of an application, kept; `added` are the headers that every answer has."""

    def __init__(
        self, app: ASGIApp, source: Source, room: int, added: Headers, new_id: Callable[[], bytes],
        good_id: Callable[[bytes], object],
    ) -> None:  # fmt: skip
        self.app, self.source = app, source
        self.new_id, self.good_id = new_id, good_id
        self.shelf = CacheStore(room, added)
        self.flights: dict[Address, InFlight] = {}
        self.looked = self.fresh = False
        self.now = 0.0
        self.head, self.change = -1, (b"", b"")
        self.hits = self.misses = self.dropped = 0
        source.begin(self.drop)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        request_headers: dict[bytes, bytes] = {}
        for name, value in scope["headers"]:
            if name in ASKED:
                if name in request_headers or name in ASIDE:
                    await self.app(scope, receive, send)
                    return
                request_headers[name] = value
        if b"host" not in request_headers:
            await self.app(scope, receive, send)
            return
        query: bytes = scope["query_string"]
        path: bytes = scope.get("raw_path") or scope["path"].encode()
        if query:
            reading = read_before if len(query) < REMEMBERED_LENGTH else cache_query
            kept = reading(query, path.startswith(FEEDS))
            if kept is None:
                await self.app(scope, receive, send)
                return
            query = kept
        address = path, query
        while (self.current() or await self.caught_up()) and self.reaches(request_headers):
            entry = self.shelf.find(address)
            if entry is not None and entry.since <= self.now < entry.until:
                await self.send_entry(entry, request_headers, scope, send)
                return
            flight = self.flights.get(address)
            if flight is None:
                await self.lead(address, scope, receive, send)
                return
            await flight.landed.wait()
            if flight.alone:
                break
        await self.app(scope, receive, send)

    def current(self) -> bool:
        """Return whether cached responses may be used. Checked once in a turn of the event loop,
        before any response of that turn, so after its requests arrived."""
        if not self.looked:
            self.looked = True
            asyncio.get_running_loop().call_soon(self.forget)
            self.now = time.time()
            self.fresh = self.source.look(self.now)
            if self.head != self.source.head:
                self.head = self.source.head
                self.change = (b"isnad-change", b"%d" % self.head)
        return self.fresh

    async def caught_up(self) -> bool:
        """Return whether cached responses may be used after a short wait."""
        for _ in range(LOOKS):
            if not await self.source.catch_up():
                return False
            if self.current():
                return True
        return False

    def forget(self) -> None:
        self.looked = False

    def reaches(self, request_headers: dict[bytes, bytes]) -> bool:
        """Whether the log is known as far as the request wants it."""
        least = request_headers.get(b"isnad-min-change")
        return least is None or (least.isdigit() and len(least) < 19 and int(least) <= self.head)

    async def send_entry(
        self, entry: Entry, request_headers: dict[bytes, bytes], scope: Scope, send: Send
    ) -> None:
        """Send a cached response in the client's encoding, or 304 if the client has it."""
        self.hits += 1
        variant = entry.plain
        if b"accept-encoding" in request_headers and len(entry.plain.body) >= SMALLEST_COMPRESSED:
            coding = negotiate_encoding(
                request_headers[b"accept-encoding"].decode("latin-1"), SMALLEST_COMPRESSED
            )
            if coding:
                variant = self.shelf.variant(entry, coding)
        given = request_headers.get(b"x-request-id")
        request_id = given if given and self.good_id(given) else self.new_id()
        same = self.has_it(entry, variant, request_headers)
        cache_control = self.lifetime(entry)
        body = b"" if same or scope["method"] == "HEAD" else variant.body
        whole = whole_sender(scope)
        if whole is not None and whole(
            304 if same else 200,
            b"%bcache-control: %b\r\nisnad-change: %b\r\nx-request-id: %b\r\n"
            % (
                variant.same_bytes if same else variant.found_bytes, cache_control, self.change[1],
                request_id,
            ),
            body,
        ):  # fmt: skip
            return
        headers = [
            *(variant.same if same else variant.found), (b"cache-control", cache_control), self.change,
            (b"x-request-id", request_id),
        ]  # fmt: skip
        status = 304 if same else 200
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def has_it(self, entry: Entry, variant: Variant, request_headers: dict[bytes, bytes]) -> bool:
        """Return whether the client has this response already. RFC 9110 section 13.2.2."""
        known = request_headers.get(b"if-none-match")
        if known is not None:
            return known == variant.etag or matches_etag(
                known.decode("latin-1"), entry.offer.representation.etag
            )
        since = request_headers.get(b"if-modified-since")
        return since is not None and unmodified_since(
            entry.offer.representation, since.decode("latin-1")
        )

    def lifetime(self, entry: Entry) -> bytes:
        """`Cache-Control` as it is now: never past a moment at which the clock changes the answer."""
        boundary, longest, stale = entry.boundary, entry.longest, entry.offer.stale
        if self.source.boundary < boundary and entry.clocked:
            boundary = self.source.boundary
        left, most = boundary - self.now, longest + stale
        same = (boundary, most if left >= most else int(left))
        if entry.said[0] != same:
            until = None if boundary == NEVER else datetime.fromtimestamp(boundary, UTC)
            now = datetime.fromtimestamp(self.now, UTC)
            entry.said = same, cache_control(now, until, longest, stale).encode()
        return entry.said[1]

    async def lead(self, address: Address, scope: Scope, receive: Receive, send: Send) -> None:
        """Compute a response for all requests that wait for it, and cache it if allowed."""
        self.misses += 1
        flight = self.flights[address] = InFlight(self.now)
        scope[CACHE_OFFER] = flight.take

        whole = whole_sender(scope)

        async def out(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.land(
                    address,
                    flight,
                    may_be_kept(message["status"], header_lines(message["headers"])),
                )
            await send(message)

        def out_whole(status: int, head: bytes, body: bytes) -> bool:
            self.land(address, flight, may_be_kept(status, head))
            return whole is not None and whole(status, head, body)

        if whole is not None:
            scope["extensions"] = {WHOLE: {"send": out_whole}}
        try:
            await self.app(scope, receive, out)
        finally:
            self.land(address, flight, None)

    def land(self, address: Address, flight: InFlight, good: bool | None) -> None:
        """Store a computed response if it is `good` (None: there is none) and no row of the log
        has named it since. Then release the requests that wait for it: they use it, or compute
        it themselves."""
        if flight.landed.is_set():
            return
        del self.flights[address]
        flight.landed.set()
        if good is None:  # whoever led has left: another leads
            flight.alone = False
        if flight.offer is None or not good:
            return
        entry = Entry(address, flight.offer, flight.since, self.shelf.added)
        if entry.until <= time.time():
            return
        if flight.dropped is None or not flight.dropped.isdisjoint(entry.keys):
            flight.alone = False
        else:
            flight.alone = not self.shelf.put(entry)

    def drop(self, keys: Iterable[str] | None) -> None:
        """Let go of what has one of these keys, and of what is being made of them; None: of all."""
        if keys is None:
            self.dropped += len(self.shelf.entries)
            self.shelf.clear()
            for flight in self.flights.values():
                flight.dropped = None
            return
        named = set(keys)
        self.dropped += self.shelf.drop(named)
        for flight in self.flights.values():
            if flight.dropped is not None:
                flight.dropped |= named


def may_be_kept(status: int, head: bytes) -> bool:
    """Whether an answer is one for everybody: the lines of its own head say so."""
    told = head.lower()
    public = b"cache-control: public" in told and b"set-cookie:" not in told
    return public and status in (200, 304)


read_before = lru_cache(maxsize=4096)(cache_query)
