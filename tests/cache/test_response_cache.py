"""The response cache by itself: a source that says what it is told, an application that counts."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from app.cache._store import NEVER
from app.cache.response_cache import ResponseCache
from app.http.responses import Representation, answer, etag_of

pytestmark = pytest.mark.anyio
LONG = b"x" * 4000
NUMBERS = itertools.count(1)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class Told:
    """A source that has happened to it what a test says."""

    head: int = 7
    boundary: float = NEVER
    well: bool = True
    looks: int = 0
    waiting: list[set[str] | None] = field(default_factory=list)
    soon: bool = False

    def begin(self, drop: Callable[[Iterable[str] | None], None]) -> None:
        self.drop = drop

    async def catch_up(self) -> bool:
        await asyncio.sleep(0.01)
        self.well = self.well or self.soon
        return self.soon

    def look(self, now: float) -> bool:
        self.looks += 1
        for keys in self.waiting:
            self.drop(keys)
        self.waiting.clear()
        return self.well

    def happen(self, *keys: str) -> None:
        """A row of the log that names these."""
        self.head += 1
        self.waiting.append(set(keys))


@dataclass
class House:
    """An application: what it answers, how often it was asked, and what it waits for first."""

    body: bytes = LONG
    keys: str = "articles art_1"
    boundary: datetime | None = None
    longest: int = 30
    made: int = 0
    before: Callable[[], Awaitable[None]] | None = None
    after: Callable[[Response], Response] = lambda answered: answered

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.made += 1
        if self.before:
            await self.before()
        request = Request(scope)
        held = Representation(self.body, etag_of(self.body), keys=self.keys)
        now = datetime.now(UTC)
        answered = answer(
            request, held, now=now, head=1, boundary=self.boundary, longest=self.longest
        )
        await self.after(answered)(scope, receive, send)


@pytest.fixture
def source() -> Told:
    return Told()


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def cache(source: Told, house: House) -> ResponseCache:
    return made(house, source)


def made(house: Any, source: Told, room: int = 1_000_000) -> ResponseCache:
    return ResponseCache(
        house, source, room, [(b"access-control-allow-origin", b"*")],
        lambda: b"id-%d" % next(NUMBERS), lambda given: given.isalnum(),
    )  # fmt: skip


@pytest.fixture
async def client(cache: ResponseCache) -> AsyncIterator[httpx.AsyncClient]:
    async with asking(cache) as found:
        yield found


def asking(app: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://house",
        headers={"Accept-Encoding": "identity"},
    )  # fmt: skip


async def test_a_cached_response_is_served_again(client, house, source) -> None:
    first, second = await client.get("/a?b=1"), await client.get("/a?b=1")
    assert house.made == 1 and first.content == second.content == LONG
    for name in ("etag", "vary", "surrogate-key", "cache-control", "content-type"):
        assert first.headers[name] == second.headers[name]
    assert second.headers["isnad-change"] == "7"
    assert second.headers["access-control-allow-origin"] == "*"
    assert (await client.get("/a?b=2")).content and house.made == 2


async def test_a_request_during_a_log_check_waits_for_it(client, cache, house, source) -> None:
    await client.get("/a")
    source.well, source.soon = False, True
    answers = await asyncio.gather(*[client.get("/a") for _ in range(30)])
    assert {answered.content for answered in answers} == {LONG}
    assert house.made == 1 and cache.hits == 30
    source.well = source.soon = False  # it can't be told for longer: nothing kept is used
    await client.get("/a")
    assert house.made == 2


async def test_head_and_conditional_requests_are_served_from_the_cache(client, house) -> None:
    first = await client.get("/a")
    etag = first.headers["etag"]
    head = await client.head("/a")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(LONG))
    for known in (etag, f"W/{etag}", f'"no", {etag}', "*", f'"{etag[1:-1]}-gzip"'):
        for accepted in ("identity", "zstd", "br;q=1, gzip;q=.5"):
            asked = {"If-None-Match": known, "Accept-Encoding": accepted}
            same = await client.get("/a", headers=asked)
            assert (same.status_code, same.content) == (304, b""), asked
            assert "content-type" not in same.headers and "surrogate-key" in same.headers
    other = await client.get("/a", headers={"If-None-Match": '"other"'})
    assert other.status_code == 200 and house.made == 1


async def test_each_encoding_is_made_once(client, cache, house) -> None:
    await client.get("/a")
    seen = set()
    for coding in ("zstd", "br", "gzip", "identity"):
        found = await client.get("/a", headers={"Accept-Encoding": coding})
        assert found.content == LONG and "Accept-Encoding" in found.headers["vary"]
        assert found.headers.get("content-encoding", "identity") == coding
        seen.add(found.headers["etag"])
    [entry] = cache.shelf.entries.values()
    assert house.made == 1 and len(seen) == 4 and len(entry.variants) == 4
    await client.get("/a", headers={"Accept-Encoding": "zstd, gzip;q=.1, nonsense;q=x"})
    plain = await client.get("/a", headers={"Accept-Encoding": "identity, gzip;q=.5, br;q=.9"})
    assert "content-encoding" not in plain.headers
    assert len(entry.variants) == 4


async def test_a_cached_response_has_the_request_id_of_its_request(client) -> None:
    await client.get("/a")
    given = await client.get("/a", headers={"X-Request-Id": "abc1"})
    bad = await client.get("/a", headers={"X-Request-Id": "no good"})
    assert given.headers["x-request-id"] == "abc1"
    assert bad.headers["x-request-id"].startswith("id-")


async def test_only_responses_with_a_logged_key_are_dropped(client, house, source, cache) -> None:
    for path, keys in (("/1", "art_1 articles"), ("/2", "art_2"), ("/3", "art_3 articles")):
        house.keys = keys
        await client.get(path)
    source.happen("art_2", "changes")
    house.keys = "art_2"
    assert await asked(client, house, "/1", "/2", "/3") == [0, 1, 0]
    source.happen("articles")
    assert await asked(client, house, "/1", "/2", "/3") == [1, 0, 1]
    source.waiting.append(None)
    assert await asked(client, house, "/1", "/2", "/3") == [1, 1, 1]
    assert cache.dropped == 6


async def asked(client: httpx.AsyncClient, house: House, *paths: str) -> list[int]:
    """How often each of these was made anew."""
    found = []
    for path in paths:
        before = house.made
        await asyncio.sleep(0)  # a socket takes a turn of the loop; this client takes none
        await client.get(path)
        found.append(house.made - before)
    return found


async def test_no_entry_outlives_its_transition(client, house, source) -> None:
    house.boundary = datetime.now(UTC) + timedelta(seconds=1.2)
    assert (await client.get("/a")).headers["cache-control"].endswith("s-maxage=1")
    assert (await client.get("/a")).headers["cache-control"].endswith("s-maxage=1")
    assert house.made == 1
    await asyncio.sleep(0.4)
    assert (await client.get("/a")).headers["cache-control"].endswith("s-maxage=0")
    assert house.made == 1
    await asyncio.sleep(0.9)
    house.boundary = None
    assert (await client.get("/a")).headers["cache-control"].endswith("s-maxage=30")
    assert house.made == 2


async def test_a_new_transition_shortens_the_lifetime_of_cached_lists(
    client, house, source
) -> None:
    await client.get("/list")
    house.keys = "art_1"
    await client.get("/one")
    source.boundary = datetime.now(UTC).timestamp() + 9.5
    assert (await client.get("/list")).headers["cache-control"].endswith("s-maxage=9")
    assert (await client.get("/one")).headers["cache-control"].endswith("s-maxage=30")
    assert house.made == 2


async def test_an_entry_expires_with_its_s_maxage(client, house) -> None:
    house.longest = 0
    await client.get("/a")
    await client.get("/a")
    assert house.made == 2


async def test_the_cache_is_bypassed_when_changes_are_unknown(client, house, source, cache) -> None:
    await client.get("/a")
    source.well = False
    assert await asked(client, house, "/a", "/a", "/b") == [1, 1, 1]
    source.well = True
    assert await asked(client, house, "/a", "/b") == [0, 1]


async def test_a_change_during_the_computation_prevents_caching(
    client, house, source, cache
) -> None:
    async def written() -> None:
        source.drop({"art_1"})

    house.before = written
    await client.get("/a")
    house.before = None
    assert not cache.shelf.entries
    assert await asked(client, house, "/a", "/a") == [1, 0]


async def test_changes_are_checked_once_per_turn_of_the_event_loop(client, source) -> None:
    await client.get("/a")
    before = source.looks
    async with anyio.create_task_group() as group:
        for _ in range(100):
            group.start_soon(client.get, "/a")
    assert source.looks - before < 20


async def test_a_thousand_simultaneous_misses_are_one_computation(client, house, cache) -> None:
    async def slowly() -> None:
        await asyncio.sleep(0.05)

    house.before = slowly
    answers = await asyncio.gather(*(client.get("/a") for _ in range(1000)))
    assert house.made == 1 and {one.content for one in answers} == {LONG}
    assert not cache.flights


async def test_a_change_while_many_wait_causes_one_new_computation(
    client, house, source, cache
) -> None:
    async def written() -> None:
        await asyncio.sleep(0.02)
        if house.made == 1:
            house.body = LONG + b"new"
            source.happen("art_1")
            source.look(0)

    house.before = written
    answers = await asyncio.gather(*(client.get("/a") for _ in range(50)))
    assert house.made == 2
    assert {one.content for one in answers[1:]} == {LONG + b"new"}


async def test_a_failed_computation_fails_only_its_own_request(cache, house) -> None:
    async def fails() -> None:
        await asyncio.sleep(0.02)
        if house.made == 1:
            raise RuntimeError("the first")

    house.before = fails
    async with asking(cache) as client:
        found = await asyncio.gather(*(client.get("/a") for _ in range(20)), return_exceptions=True)
    assert sum(isinstance(one, RuntimeError) for one in found) == 1
    assert sum(getattr(one, "content", b"") == LONG for one in found) == 19


async def test_a_computation_whose_client_disconnects_is_taken_over(cache, house) -> None:
    async def slowly() -> None:
        await asyncio.sleep(0.05)

    house.before = slowly
    async with asking(cache) as client:
        first = asyncio.create_task(client.get("/a"))
        await asyncio.sleep(0.01)
        others = [asyncio.create_task(client.get("/a")) for _ in range(20)]
        await asyncio.sleep(0.01)
        others.pop().cancel()
        first.cancel()
        assert [(await one).content for one in others] == [LONG] * 19
    assert not cache.flights


@pytest.mark.parametrize(
    "spoiled",
    [
        {"Cache-Control": "no-store"}, {"Cache-Control": "private"}, {"Set-Cookie": "a=b"},
    ],
)  # fmt: skip
async def test_private_responses_are_not_cached(client, house, cache, spoiled) -> None:
    def spoil(answered: Response) -> Response:
        answered.headers.update(spoiled)
        return answered

    house.after = spoil
    assert await asked(client, house, "/a", "/a") == [1, 1]
    assert not cache.shelf.entries


async def test_errors_and_responses_without_keys_are_not_cached(client, house, cache) -> None:
    house.after = lambda _: PlainTextResponse("no", 404)
    assert await asked(client, house, "/a", "/a") == [1, 1]
    house.after, house.keys = (lambda answered: answered), ""
    assert await asked(client, house, "/a", "/a") == [1, 1]
    assert not cache.shelf.entries


@pytest.mark.parametrize("query", ["preview=x", "a=1&as_of=2026-01-01", "min_change=3"])
async def test_some_urls_are_never_cached(client, house, query) -> None:
    assert await asked(client, house, f"/a?{query}", f"/a?{query}") == [1, 1]


async def test_requests_with_a_key_bypass_the_cache(client, house, cache) -> None:
    await client.get("/a")
    for headers in ({"Authorization": "Bearer x"}, {"If-Match": "*"}):
        before = house.made
        await client.get("/a", headers=headers)
        assert house.made == before + 1


async def test_min_change_is_answered_from_the_cache_only_when_it_knows_the_change(
    client, house, source
) -> None:
    await client.get("/a")
    for wanted, made in (("7", 0), ("0", 0), ("8", 1), ("x", 1), ("9" * 30, 1), ("", 1)):
        before = house.made
        await client.get("/a", headers={"Isnad-Min-Change": wanted})
        assert house.made - before == made, wanted


async def test_campaign_parameters_do_not_make_another_feed_entry(client, house) -> None:
    first = await client.get("/feeds/all.rss?lang=ar")
    marked = await client.get("/feeds/all.rss?utm_source=x&lang=ar&fbclid=1&utm%5Fid=2")
    assert house.made == 1 and marked.content == first.content
    await client.get("/v1/articles?utm_source=x")
    assert house.made == 2


async def test_the_size_of_the_cache_is_bounded(source, house) -> None:
    cache = made(house, source, room=100_000)
    async with asking(cache) as client:
        for number in range(200):
            house.keys = f"art_{number} articles"
            await client.get(f"/{number}", headers={"Accept-Encoding": "gzip"})
            await client.get("/0", headers={"Accept-Encoding": "br"})
    shelf = cache.shelf
    assert 0 < shelf.taken <= 100_000
    assert shelf.taken == sum(entry.size for entry in shelf.entries.values())
    assert {one for some in shelf.by_key.values() for one in some} == set(shelf.entries)
    assert (b"/0", b"") in shelf.entries and (b"/1", b"") not in shelf.entries
    shelf.drop(["articles"])
    assert (shelf.taken, shelf.entries, shelf.by_key) == (0, {}, {})


async def test_a_response_that_is_too_large_is_not_cached(source, house) -> None:
    cache = made(house, source, room=20_000)
    async with asking(cache) as client:
        assert await asked(client, house, "/a", "/a") == [1, 1]
    assert cache.shelf.taken == 0


async def test_a_repeated_conditional_header_bypasses_the_cache(client, house) -> None:
    await client.get("/a")
    etag = (await client.get("/a")).headers["etag"]
    twice = [("If-None-Match", '"x"'), ("If-None-Match", etag)]
    assert (await client.get("/a", headers=twice)).status_code == 200
    assert house.made == 2
