"""The response cache in a house: what it goes by, and when it stands aside."""

import asyncio
import os
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.cache.invalidation import AGAIN, PATIENCE, LogFollower, PostgreSQLWatch
from app.cache.response_cache import ResponseCache
from app.change_log import transaction
from app.config import Settings
from app.db import database
from app.db.database import Database
from app.desk.articles import publishing
from app.desk.catalog import verbs
from app.desk.transaction import at_desk
from app.routers import site
from tests.conftest import Client, Signed


def cache_of(client: Client) -> ResponseCache:
    front = client.served.app.front
    assert isinstance(front, ResponseCache)
    return front


def watch_of(client: Client) -> LogFollower:
    found: LogFollower = client.served.app.state.services.watch
    return found


def hits(client: Client, url: str) -> int:
    """How often the cache answered one question."""
    before = cache_of(client).hits
    client.get(url)
    return cache_of(client).hits - before


def until(meets: Callable[[], bool], seconds: float = 5.0) -> float:
    """How long it took until this was so."""
    began = time.monotonic()
    while not meets():
        assert time.monotonic() - began < seconds
        time.sleep(0.02)
    return time.monotonic() - began


def condition(client: Client) -> str:
    return str(client.get("/readyz").json()["cache"])


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Writes are another process's: nobody here is told."""
    monkeypatch.setattr(transaction, "WATCHING", {})


@pytest.fixture
def story(told) -> str:
    return str(told(slug="one", headline="Before").id)


def rename(db: Database, id: str, slug: str) -> int:
    """Another slug for a story; the row of the log that says so."""
    with at_desk(db) as desk:
        row = publishing.get(desk, id)
        publishing.rename(desk, row, slug)
        publishing.record_change(desk, "updated", row, public=True)
    head: int = desk.session.info["head"]
    return head


def slug(client: Client, id: str, **headers: str) -> str:
    return str(client.get(f"/v1/articles/{id}", headers=headers).json()["slug"])


def told_within(client: Client, id: str, wanted: str) -> float:
    """Seconds until the story is told with this slug."""
    return until(lambda: slug(client, id) == wanted)


def told_again(client: Client, url: str) -> None:
    """Wait until the cache has the answer."""
    until(lambda: hits(client, url) == 1)


def test_a_write_of_this_process_shows_in_its_next_response(client: Client, db, story) -> None:
    for number in range(20):
        head = rename(db, story, f"slug-{number}")
        answer = client.get(f"/v1/articles/{story}")
        assert answer.json()["slug"] == f"slug-{number}"
        assert int(answer.headers["isnad-change"]) >= head
        until(lambda: hits(client, f"/v1/articles/{story}") == 1)


def test_a_write_of_another_process_shows_within_a_second(
    client: Client, db, story, kind: str, elsewhere
) -> None:
    for number in range(10):
        until(lambda: hits(client, f"/v1/articles/{story}") == 1)
        wanted, head = f"slug-{number}", rename(db, story, f"slug-{number}")
        if kind == "sqlite":
            assert slug(client, story) == wanted
        elif number % 2:
            assert slug(client, story, **{"Isnad-Min-Change": str(head)}) == wanted
        else:
            assert told_within(client, story, wanted) < 1


def test_a_change_that_readers_cannot_see_drops_nothing(client: Client, editor, db, story) -> None:
    url = "/v1/articles?limit=5"
    until(lambda: hits(client, url) == 1)
    with at_desk(db) as desk:  # a write without a row of the log
        desk.session.execute(text("UPDATE api_key SET last_used_at = NULL"))
    assert hits(client, url) == 1
    editor.post("/v1/articles", json={"lang": "en", "headline": "A draft"})
    until(lambda: hits(client, url) == 1, 1)
    assert cache_of(client).shelf.entries


def test_polling_continues_when_the_listener_is_killed(
    client: Client, db, story, kind: str, elsewhere
) -> None:
    if kind == "sqlite":
        return
    listening = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"

    def pids() -> list[int]:
        with db.engine.connect() as connection:
            return list(connection.execute(text(listening)).scalars())

    until(lambda: len(pids()) == 1)
    [pid] = pids()
    until(lambda: hits(client, f"/v1/articles/{story}") == 1)
    with db.engine.connect() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
    rename(db, story, "without-a-listener")
    assert until(lambda: slug(client, story) == "without-a-listener") < 1
    assert condition(client) == "ok"
    until(lambda: pids() not in ([], [pid]), AGAIN + 4)


def test_a_notification_is_noticed_before_the_next_poll(
    client: Client, db, story, kind: str, elsewhere
) -> None:
    if kind == "sqlite":
        return
    taken = []
    for number in range(5):
        until(lambda: hits(client, f"/v1/articles/{story}") == 1)
        rename(db, story, f"hurried-{number}")
        taken.append(told_within(client, story, f"hurried-{number}"))
    assert sorted(taken)[2] < 0.2


def test_a_failed_poll_bypasses_the_cache(
    client: Client, db, story, kind: str, monkeypatch, elsewhere
) -> None:
    watch, url = watch_of(client), f"/v1/articles/{story}"
    until(lambda: hits(client, url) == 1)
    if isinstance(watch, PostgreSQLWatch):

        async def fails(*_: Any, **__: Any) -> Any:
            raise OSError("away")

        monkeypatch.setattr(watch, "rows", fails)
        time.sleep(PATIENCE + 0.3)
    else:
        monkeypatch.setattr(watch, "open", lambda: (_ for _ in ()).throw(sqlite3.Error("away")))
        watch.close()  # type: ignore[attr-defined]
    assert condition(client) == "unreachable"
    assert hits(client, url) == 0
    rename(db, story, "while-it-failed")
    assert slug(client, story) == "while-it-failed"
    monkeypatch.undo()
    until(lambda: condition(client) == "ok")
    assert slug(client, story) == "while-it-failed"
    until(lambda: hits(client, url) == 1)


def test_a_hanging_database_bypasses_the_cache(
    client: Client, db, story, kind: str, monkeypatch, elsewhere
) -> None:
    watch = watch_of(client)
    if not isinstance(watch, PostgreSQLWatch):
        return
    until(lambda: hits(client, f"/v1/articles/{story}") == 1)

    async def hangs(*_: Any, **__: Any) -> Any:
        await asyncio.sleep(60)

    monkeypatch.setattr(watch, "rows", hangs)
    until(lambda: condition(client) == "behind", PATIENCE + 1)
    rename(db, story, "while-it-hung")
    assert slug(client, story) == "while-it-hung"


def test_a_database_that_never_answers_is_reported_in_time(
    client: Client, story, kind: str, monkeypatch
) -> None:
    if kind == "sqlite":
        return  # a file answers, or is busy
    reader = client.served.app.state.services.reader

    async def hangs(*_: Any) -> Any:
        await asyncio.sleep(60)

    for connections in (reader.near, reader.far):
        monkeypatch.setattr(connections, "fetch", hangs)
    monkeypatch.setattr(database, "MOST_SECONDS", 0.2)
    monkeypatch.setattr(database, "NETWORK_SECONDS", 0.2)
    monkeypatch.setattr(site, "PATIENCE", 0.3)
    time.sleep(PATIENCE)  # what was seen is too old by then
    for url in ("/readyz", f"/v1/articles/{story}", "/v1/articles?q=one", "/feeds/all.rss"):
        began = time.monotonic()
        answer = client.get(url)
        after = "1" if url == "/readyz" else "2"
        assert (answer.status_code, answer.headers["retry-after"]) == (503, after), url
        assert time.monotonic() - began < 2, url
    monkeypatch.undo()
    assert client.get(f"/v1/articles/{story}").status_code == 200
    assert client.get("/readyz").status_code == 200


def test_a_write_of_this_process_keeps_unrelated_entries(client, db, told, story) -> None:
    other = f"/v1/articles/{told(slug='two').id}"
    until(lambda: hits(client, other) == 1)
    for number in range(10):
        rename(db, story, f"name-{number}")
        assert hits(client, other) == 1
        assert slug(client, story) == f"name-{number}"


class Clock:
    """The time that the cache is told."""

    ahead = 0.0

    def time(self) -> float:
        return time.time() + self.ahead


def test_a_clock_set_back_bypasses_the_cache(client: Client, story, monkeypatch) -> None:
    url, clock = f"/v1/articles/{story}", Clock()
    monkeypatch.setattr("app.cache.response_cache.time", clock)
    until(lambda: hits(client, url) == 1)
    clock.ahead = 100.0  # past what the answer allows
    assert hits(client, url) == 0
    until(lambda: hits(client, url) == 1)
    clock.ahead = 97.0
    assert hits(client, url) == 0 and condition(client) == "clock"
    assert client.get(url).status_code == 200
    clock.ahead = 101.0
    until(lambda: condition(client) == "ok" and hits(client, url) == 1)


def test_responses_to_a_key_are_not_shared_and_end_with_its_revocation(
    client: Client, signed: Signed, admin: Client, story
) -> None:
    reader, url = signed("reader"), f"/v1/articles/{story}"
    until(lambda: hits(client, url) == 1)
    answer = reader.get(url)
    assert answer.headers["cache-control"].startswith("private") and hits(reader, url) == 0
    [id] = [one["id"] for one in admin.get("/v1/keys").json()["items"] if one["role"] == "reader"]
    assert admin.delete(f"/v1/keys/{id}", headers={"If-Match": "*"}).is_success
    assert reader.get(url).status_code == 401


def test_invalid_requests_fill_no_cache_and_drop_nothing(client: Client, story) -> None:
    shelf, url = cache_of(client).shelf, f"/v1/articles/{story}"
    for bad in ("?bust=1", "?limit=abc", "?limit=5&limit=6", "?lang=en&lang=fr", "?x[]=1"):
        for _ in range(2):
            assert client.get(url + bad).status_code == 400
    assert client.get("/v1/articles/nothing").status_code == 404
    assert not shelf.entries
    plain = client.get(url)
    until(lambda: hits(client, url) == 1)
    for headers in (
        {"Range": "bytes=0-9"}, {"X-Padding": "x" * 30_000}, {"Accept-Encoding": "x" * 20_000},
        {"Accept-Encoding": "gzip;q=0, *;q=0"}, {"Accept": "text/html"}, {"Cookie": "a=b"},
        {"Cache-Control": "no-cache"}, {"X-Forwarded-Host": "evil.example"},
        {"If-None-Match": ", ".join(f'"{n}"' for n in range(2000))}, {"If-None-Match": '"'},
        {"If-Modified-Since": "never"},
    ):  # fmt: skip
        answer = client.get(url, headers=headers)
        assert (answer.status_code, answer.content) == (200, plain.content), headers
    assert len(shelf.entries) == 1
    permuted = [client.get(f"/v1/articles?{q}") for q in ("limit=1&lang=en", "lang=en&limit=1")]
    assert permuted[0].content == permuted[1].content
    assert "limit=1&lang=en" in permuted[0].request.url.query.decode()


@pytest.fixture
def workers(settings: Settings) -> Iterator[str]:
    """The house served by two processes; its address."""
    environment = os.environ | {
        "ISNAD_DATABASE_URL": settings.database_url, "ISNAD_MEDIA_URL": settings.media_url,
        "ISNAD_SECRET": settings.secret,
    }  # fmt: skip
    command = [sys.executable, "-m", "app", "serve", "--workers", "2", "--port", "0"]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
        assert found
        until(lambda: answers(found[0]), 120)
        yield found[0]
    finally:
        process.terminate()
        process.wait(30)


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz").status_code == 200
    except httpx.TransportError:
        return False


def test_two_serving_processes_see_each_others_writes(
    workers: str, db, told, kind: str, elsewhere
) -> None:
    id = told(slug="one").id

    def slugs(**headers: str) -> set[str]:
        """What twenty connections are told, of whichever process."""
        return {
            httpx.get(f"{workers}/v1/articles/{id}", headers=headers).json()["slug"]
            for _ in range(20)
        }

    slugs()
    for number in range(4):
        wanted, head = {f"slug-{number}"}, rename(db, id, f"slug-{number}")
        if kind == "sqlite":
            assert slugs() == wanted
        else:
            assert slugs(**{"Isnad-Min-Change": str(head)}) == wanted
            time.sleep(1)
            assert slugs() == wanted


def test_a_change_drops_only_related_entries(client: Client, editor, db, told) -> None:
    with at_desk(db) as desk:
        for path in ("world", "world/asia", "sport"):
            verbs.add_section(desk, path, {"ar": path})
    asia = told(slug="asia", section="world/asia").id
    told(slug="sport", section="sport")
    told(slug="nowhere")
    urls = {
        "all": "/v1/articles", "world": "/v1/articles?section=world", "feed": "/feeds/all.rss",
        "sport": "/v1/articles?section=sport", "sport feed": "/feeds/sport.rss",
        "asia": "/v1/articles?section=world/asia", "story": f"/v1/articles/{asia}",
        "other": "/v1/articles/sport", "search": "/v1/search?q=story", "tree": "/v1/sections",
        "not sport": "/v1/articles?section=-sport", "two": "/v1/articles?section=sport,world",
    }  # fmt: skip

    def dropped() -> set[str]:
        """What has to be made anew; all of it is there again afterwards."""
        client.get("/healthz")
        until(lambda: getattr(watch_of(client), "wanted", 0) <= watch_of(client).head)
        gone = {name for name, url in urls.items() if hits(client, url) == 0}
        until(lambda: all(hits(client, url) == 1 for url in urls.values()))
        return gone

    dropped()
    assert dropped() == set()
    lists = {"all", "feed", "search", "tree", "not sport", "two"}
    told(slug="fresh", section="world/asia")
    assert dropped() == lists | {"world", "asia"}
    made = editor.post("/v1/articles", json={"lang": "en", "headline": "A draft"}).json()
    assert dropped() == {"search"}
    editor.delete(f"/v1/articles/{made['id']}", headers={"If-Match": "*"})
    assert dropped() == {"search"}
    move = {"section": "sport", "sections": []}
    assert editor.patch(f"/v1/articles/{asia}", json=move, headers={"If-Match": "*"}).is_success
    assert dropped() == lists | {"world", "asia", "sport", "sport feed", "story"}
    editor.post("/v1/tags", json={"slug": "x", "type": "keyword", "name": {"ar": "x"}})
    assert dropped() == {"feed", "sport feed", "tree", "not sport", "two"}


def test_a_change_of_the_story_after_a_page_drops_the_page(
    client: Client, editor, db, told
) -> None:
    with at_desk(db) as desk:
        verbs.add_section(desk, "one", {"ar": "one"})
        verbs.add_section(desk, "two", {"ar": "two"})
    last = told(slug="last", section="one", published_at="2024-01-01T00:00:00Z").id
    told(slug="first", section="one", published_at="2024-01-02T00:00:00Z")
    url = "/v1/articles?section=one&limit=1"
    until(lambda: hits(client, url) == 1)
    assert client.get(url).json()["next"]
    move = {"section": "two", "sections": []}
    assert editor.patch(f"/v1/articles/{last}", json=move, headers={"If-Match": "*"}).is_success
    assert client.get(url).json()["next"] is None


def test_a_story_that_becomes_anothers_translation_leaves_the_first(
    client: Client, editor, told
) -> None:
    first, second = told(slug="awwal", lang="ar"), told(slug="thani", lang="ar")
    third = told(slug="third", translation_of="awwal")
    for url, listed in (
        (f"/v1/articles/{first.id}", [third.id]),
        (f"/v1/articles/{second.id}", []),
    ):
        told_again(client, url)
        assert [one["id"] for one in client.get(url).json()["translations"]] == listed
    sent, headers = {"translation_of": second.id}, {"If-Match": "*"}
    assert editor.patch(f"/v1/articles/{third.id}", json=sent, headers=headers).is_success
    for id, listed in ((first.id, []), (second.id, [third.id])):
        story = client.get(f"/v1/articles/{id}").json()
        assert [one["id"] for one in story["translations"]] == listed


def test_a_commit_of_this_process_needs_no_log_query(
    client: Client, db, story, kind: str, monkeypatch
) -> None:
    """On PostgreSQL a process knows its own commits; an answer to a question from before changes
    nothing of that."""
    watch = watch_of(client)
    if not isinstance(watch, PostgreSQLWatch):
        assert kind == "sqlite"  # there it asks the file itself
        return
    told_again(client, f"/v1/articles/{story}")
    asked: list[int] = []
    rows = watch.rows

    async def slow(sql: str, values: dict[str, Any], **more: Any) -> Any:
        found = await rows(sql, values, **more)
        if "known" in values:
            asked.append(values["known"])
            await asyncio.sleep(0.4)
        return found

    monkeypatch.setattr(watch, "rows", slow)
    until(lambda: len(asked) > 1)
    for number in range(8):
        dropped = cache_of(client).dropped
        head = rename(db, story, f"slug-{number}")
        assert slug(client, story) == f"slug-{number}"
        assert watch.head == head and cache_of(client).dropped - dropped <= 5
        time.sleep(0.1)
