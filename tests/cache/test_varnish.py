"""A real Varnish in front: what was purged is never told again, what is sealed is nowhere kept."""

import os
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from app.cache import cdn_purge
from app.config import Settings
from app.db.database import Database
from app.desk.transaction import at_desk
from app.models.key import KeyWrite
from tests.conftest import Maker, Served, copied
from tests.support import oracle
from tests.support.lengths import times
from tests.support.varnish import Varnish, free_port

CYCLES = int(os.environ.get("ISNAD_CYCLES", times(25, 300)))
"""How often it is published, purged and read. docs/purge.md has a run of a thousand."""

WRITES = int(os.environ.get("ISNAD_WRITES", times(5, 40)))


class House:
    """An origin, a Varnish before it, an editor, and readers who ask Varnish."""

    def __init__(self, settings: Settings, folder: Path, work: bool = False, **more: float) -> None:
        from app.desk import keys

        port = free_port()
        purge = {"purge": f"varnish:http://127.0.0.1:{port}", **more}
        self.served = Served(settings.model_copy(update=purge), work=work)
        self.varnish = Varnish(folder, self.served.port, port)
        self.db = Database(self.served.settings)
        with at_desk(self.db, by="test") as desk:
            key = keys.make(desk, KeyWrite.model_validate({"role": "editor"}))[1]
        head = {"Authorization": f"Bearer {key}"}
        self.editor = httpx.Client(base_url=self.served.url, headers=head, timeout=30)
        self.reader = httpx.Client(base_url=self.varnish.url, timeout=30)
        if not work:
            cdn_purge.step(self.db)

    def write(self, method: str, url: str, **more: object) -> httpx.Response:
        answer = self.editor.request(method, url, **more)  # type: ignore[arg-type]
        assert answer.is_success, answer.text
        return answer

    def purge(self) -> None:
        while cdn_purge.step(self.db):
            pass

    def read(self, url: str) -> httpx.Response:
        """What readers get, twice: the second time from Varnish."""
        self.reader.get(url)
        return self.reader.get(url)

    def close(self) -> None:
        self.reader.close()
        self.editor.close()
        self.varnish.stop()
        self.served.stop()
        self.db.engine.dispose()


@pytest.fixture
def house(settings: Settings, tmp_path: Path) -> Iterator[House]:
    made = House(settings, tmp_path)
    yield made
    made.close()


def test_publish_purge_read_shows_each_purge_at_once(house: House) -> None:
    """Every purge shows at once, while others read all the time."""
    lists = (
        "/v1/articles",
        "/v1/articles?lang=en&limit=5",
        "/feeds/all.rss",
        "/v1/search?q=storm&sort=-published_at",
    )
    stop = threading.Event()

    def hammer() -> None:
        with httpx.Client(base_url=house.varnish.url) as client:
            while not stop.is_set():
                client.get(f"/v1/articles/storm-{len(known)}")
                client.get(lists[0])

    known: list[str] = []
    hands = [threading.Thread(target=hammer) for _ in range(2)]
    for one in hands:
        one.start()
    hits, stale = 0, []
    try:
        for number in range(CYCLES):
            slug, words = f"storm-{number}", f"Storm number {number}"
            assert house.read(f"/v1/articles/{slug}").status_code == 404
            for url in lists:
                hits += house.read(url).headers["x-cache"] == "hit"
            story = {"lang": "en", "headline": words, "slug": slug}
            made = house.write("POST", "/v1/articles", json=story).json()
            house.write("PUT", f"/v1/articles/{made['id']}/publication")
            known.append(slug)
            house.purge()
            stale += [url for url in lists if words not in house.reader.get(url).text]
            if words not in house.reader.get(f"/v1/articles/{slug}").text:
                stale.append(slug)
    finally:
        stop.set()
        for one in hands:
            one.join()
    assert not stale
    assert hits > 2 * CYCLES, "it was a cache"


def test_killed_and_unpublished_stories_leave_the_cache(house: House) -> None:
    made = house.write("POST", "/v1/articles", json={"lang": "en", "headline": "A claim"}).json()
    url = f"/v1/articles/{made['id']}"
    house.write("PUT", f"{url}/publication")
    house.purge()
    assert house.read(url).headers["x-cache"] == "hit"
    assert "A claim" in house.read("/v1/articles").text
    house.write("DELETE", f"{url}/publication")
    house.purge()
    assert house.reader.get(url).status_code == 404
    assert "A claim" not in house.reader.get("/v1/articles").text
    house.write("PUT", f"{url}/publication")
    house.purge()
    assert house.read(url).status_code == 200
    house.write("PUT", f"{url}/withdrawal", json={"kind": "kill"})
    house.purge()
    assert house.reader.get(url).status_code == 410
    for listed in ("/v1/articles", "/feeds/all.json", "/v1/changes?include=card"):
        assert "A claim" not in house.reader.get(listed).text


def test_a_response_from_before_a_purge_is_not_cached(house: House) -> None:
    """Varnish knows how far the log was purged: an answer from before that is told and forgotten."""
    assert house.read("/v1/articles").headers["x-cache"] == "hit"
    head = {"xkey-purge": "all", "isnad-change": "1000000"}
    purged = httpx.Request("PURGE", house.varnish.url, headers=head)
    assert house.reader.send(purged).status_code == 200
    assert house.read("/v1/articles").headers["x-cache"] == "miss"


def test_equal_requests_share_one_cache_entry(house: House) -> None:
    for url in ("/feeds/all.rss?lang=en", "/feeds/all.rss"):
        assert house.read(url).headers["x-cache"] == "hit"
    for url in (
        "/feeds/all.rss?utm_source=a&lang=en", "/feeds/all.rss?lang=en&fbclid=b&UTM_x=1",
        "/feeds/all.rss?gclid=1", "/feeds/all.rss?utm_source=a&utm_medium=b",
    ):  # fmt: skip
        answer = house.reader.get(url, headers={"Accept-Encoding": "br, gzip", "Cookie": "a=b"})
        assert (answer.status_code, answer.headers["x-cache"]) == (200, "hit"), url
    assert house.reader.get("/v1/articles?utm_source=a").status_code == 400
    assert "xkey" not in house.reader.get("/v1/articles").headers


def test_requests_of_one_caller_are_passed_through(house: House) -> None:
    house.write("POST", "/v1/articles", json={"lang": "en", "headline": "A draft"})
    key = {"Authorization": house.editor.headers["Authorization"]}
    seen = house.reader.get("/v1/articles?state=draft", headers=key)
    assert "A draft" in seen.text and seen.headers["x-cache"] == "miss"
    assert house.reader.get("/v1/articles?state=draft").status_code == 403
    head = house.editor.get("/v1").json()["change"]
    assert house.reader.get(f"/v1/articles?min_change={head}").status_code == 200


def test_only_allowed_addresses_may_purge(house: House) -> None:
    assert house.read("/v1/articles").headers["x-cache"] == "hit"
    elsewhere = httpx.HTTPTransport(local_address="127.0.0.2")
    with httpx.Client(transport=elsewhere) as client:
        purged = httpx.Request("PURGE", house.varnish.url, headers={"xkey-purge": "all"})
        assert client.send(purged).status_code == 403
    assert house.reader.get("/v1/articles").headers["x-cache"] == "hit"


@pytest.fixture
def short(settings: Settings, tmp_path: Path) -> Iterator[House]:
    """The same, where answers are fresh for a second and a minute stale."""
    made = House(settings, tmp_path, cache_seconds=1, cache_stale=60)
    yield made
    made.close()


def published(house: House, headline: str) -> str:
    made = house.write("POST", "/v1/articles", json={"lang": "en", "headline": headline}).json()
    house.write("PUT", f"/v1/articles/{made['id']}/publication")
    return f"/v1/articles/{made['id']}"


def test_stale_responses_are_served_while_the_origin_is_down(short: House) -> None:
    """What is stale by a minute at most is told; what was killed, or has an end, is not."""
    kept, killed, ending = (published(short, words) for words in ("Kept", "Killed", "Ending"))
    end = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    short.write("PUT", f"{ending}/expiry", json={"at": end})
    short.purge()
    for url in (kept, killed, ending, "/v1/articles"):
        assert short.read(url).headers["x-cache"] == "hit", url
    short.write("PUT", f"{killed}/withdrawal", json={"kind": "kill"})
    short.purge()
    assert "Killed" not in short.read("/v1/articles").text
    short.served.stop()
    time.sleep(3)
    answer = short.reader.get(kept)
    assert answer.status_code == 200 and answer.json()["headline"] == "Kept"
    assert int(answer.headers["age"]) >= 1
    listed = short.reader.get("/v1/articles")
    assert listed.status_code == 200 and "Kept" in listed.text and "Killed" not in listed.text
    for url in (killed, ending):
        assert short.reader.get(url).status_code == 503, url


def test_nothing_is_cached_past_a_transition(house: House) -> None:
    """An embargo's end and an expiry show by themselves, to the second, in lists that may be kept
    for an hour."""
    url = published(house, "Going")
    made = house.write(
        "POST", "/v1/articles", json={"lang": "en", "headline": "IncomingBody"}
    ).json()
    house.purge()
    assert house.read("/v1/articles").headers["x-cache"] == "hit"
    at = datetime.now(UTC) + timedelta(seconds=3)
    house.write("PUT", f"{url}/expiry", json={"at": at.isoformat()})
    house.write("PUT", f"/v1/articles/{made['id']}/schedule", json={"at": at.isoformat()})
    house.purge()
    before = house.read("/v1/articles").text
    assert "Going" in before and "IncomingBody" not in before
    assert house.read(url).status_code == 200
    while (left := (at - datetime.now(UTC)).total_seconds()) > 0:
        assert house.reader.get("/v1/articles").status_code == 200
        time.sleep(min(left, 0.2))
    after = house.reader.get("/v1/articles").text
    assert "Going" not in after and "IncomingBody" in after
    assert house.reader.get(url).status_code == 404


def test_a_worker_purges_by_itself(settings: Settings, tmp_path: Path) -> None:
    """What is published is out within a second, and `/readyz` says that nothing waits."""
    house = House(settings, tmp_path, work=True)
    try:
        for number in range(5):
            assert house.read("/v1/articles").status_code == 200
            published(house, f"Story {number}")
            until = time.monotonic() + 3
            while f"Story {number}" not in house.reader.get("/v1/articles").text:
                assert time.monotonic() < until, "it is late"
                time.sleep(0.02)
        time.sleep(1)
        [lag] = httpx.get(f"{house.served.url}/readyz").json()["purge"]
        assert lag == {"target": "varnish", "rows": 0, "seconds": 0, "error": None}
    finally:
        house.close()


@pytest.fixture
def demo_settings(
    kind: str, templates: Maker, tmp_path: Path, request: pytest.FixtureRequest
) -> Settings:
    return copied(kind, templates(kind, True), tmp_path, request)


def test_after_any_write_varnish_says_what_a_fresh_process_says(
    demo_settings: Settings, tmp_path: Path
) -> None:
    """Writes of every kind, by two processes, and moments that pass; purged, and asked for some of
    five hundred addresses. Nothing but the first purge is sent: no second one mends it."""
    port = free_port()
    purge = {"purge": f"varnish:http://127.0.0.1:{port}", "purge_again": 0.0}
    with oracle.house(demo_settings.model_copy(update=purge), seed=2) as o:
        varnish = Varnish(tmp_path, o.served.port, port)
        hits = 0
        try:
            o.record()
            cdn_purge.step(o.db)
            with httpx.Client(base_url=varnish.url, timeout=30) as front:
                for _ in range(WRITES):
                    urls = [*o.chance.sample(o.urls, 15), *o.urls[-2:]]
                    for url in urls:
                        front.get(url)
                    told, *_ = o.write()
                    while cdn_purge.step(o.db):
                        pass
                    for url in urls:
                        hits += compared(o, front, url, told)
        finally:
            varnish.stop()
    assert hits > WRITES, "it was a cache"


def compared(o: oracle.Oracle, front: httpx.Client, url: str, told: str) -> bool:
    """Whether Varnish had it; it is what another process says before and after."""
    for _ in range(5):  # a moment may pass between two questions
        before, seen, after = o.other.get(url), front.get(url), o.other.get(url)
        if not oracle.difference(before, after):
            assert seen.status_code == after.status_code, (told, url)
            assert seen.is_error or seen.content == after.content, (told, url)
            return seen.headers["x-cache"] == "hit"
    raise AssertionError(f"{url}: the other process doesn't agree with itself")
