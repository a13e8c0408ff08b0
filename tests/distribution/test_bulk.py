"""`/v1/articles.ndjson`: a whole list as lines, that can be cut off anywhere and loses nothing."""

import gzip
import json
import random
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import zstandard

from app.delivery import lists
from app.models.article import ArticleRow
from tests.conftest import Client
from tests.delivery.test_versions import counted

Told = Callable[..., ArticleRow]
Json = dict[str, Any]
URL = "/v1/articles.ndjson"
PLAIN = {"Accept-Encoding": "identity"}


def lines(client: Client, **params: Any) -> list[Json]:
    answer = client.get(URL, params=params)
    assert answer.status_code == 200, answer.text[:300]
    assert answer.headers["content-type"] == "application/x-ndjson; charset=utf-8"
    return [json.loads(line) for line in answer.text.splitlines()]


def every(client: Client, **params: Any) -> list[Json]:
    """The same list, page by page."""
    found: list[Json] = []
    cursor: str | None = None
    while True:
        place: dict[str, str] = {"cursor": cursor} if cursor else {}
        page = client.get("/v1/articles", params={"limit": 7, **params, **place}).json()
        found += page["items"]
        if not (cursor := page["next"]):
            return found


@pytest.mark.parametrize(
    "asked",
    [
        {}, {"section": "coast"}, {"lang": "ar", "sort": "published_at"},
        {"fields": "headline,section.name"}, {"include": "body,related(limit=2)"}, {"q": "harbour"},
        {"include": "jsonld,versions", "fields": "url"}, {"display": "ar-LB", "kind": "-news"},
    ],
)  # fmt: skip
def test_the_stream_equals_the_list(demo: Client, demo_desk: Client, asked: dict[str, str]) -> None:
    client = demo_desk if "versions" in asked.get("include", "") else demo
    *items, last = lines(client, **asked)
    assert items == every(client, **asked)
    assert last.keys() == {"next", "changes_cursor"} and last["next"] is None


def test_limit_and_cursor_return_the_stream_in_parts(demo: Client) -> None:
    whole = lines(demo)[:-1]
    found: list[Json] = []
    cursor: str | None = None
    while True:
        place: dict[str, str] = {"cursor": cursor} if cursor else {}
        *items, last = lines(demo, limit=9, **place)
        assert len(items) <= 9
        found += items
        if not (cursor := last["next"]):
            break
    assert found == whole


def test_mark_every_adds_lines_with_cursors(demo: Client) -> None:
    told = lines(demo, mark_every=10)
    marks = [at for at, one in enumerate(told) if "next" in one]
    assert marks[:2] == [10, 21] and marks[-1] == len(told) - 1
    rest = lines(demo, cursor=told[10]["next"])
    assert rest == [one for one in told[11:] if "id" in one] + [told[-1]]


@pytest.mark.parametrize(("coding", "read"), [
    ("gzip", gzip.decompress), ("zstd", lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body)),
])  # fmt: skip
def test_the_stream_is_compressed_while_it_is_sent(
    demo: Client, coding: str, read: Callable[[bytes], bytes]
) -> None:
    plain = demo.get(URL, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    with demo.stream("GET", URL, headers={"Accept-Encoding": coding}) as answer:
        assert answer.headers["content-encoding"] == coding
        body = b"".join(answer.iter_raw())
    assert read(body) == plain.content and len(body) < len(plain.content) / 3


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("limit=0", "limit"), ("limit=x", "limit"), ("limit=1000001", "limit"), ("limit=", "limit"),
        ("limit=1&limit=2", "limit"), ("mark_every=0", "mark_every"), ("mark_every=-1", "mark_every"),
        ("cursor=x", None), ("secton=coast", "secton"), ("fields=headlin", "fields"),
        ("include=x", "include"), ("count=exact", "count"), ("facets=tag", "facets"),
        ("section=nowhere", "section"), ("ids=art_x&limit=1", "limit"), ("state=draft", None),
    ],
)  # fmt: skip
def test_an_invalid_query_is_400_before_the_stream_begins(
    demo: Client, query: str, name: str | None
) -> None:
    answer = demo.get(f"{URL}?{query}")
    assert answer.status_code in (400, 403), answer.text[:200]
    assert answer.headers["content-type"].startswith("application/problem+json")
    if name:
        assert name in [one["parameter"] for one in answer.json()["errors"]]


def test_cursors_of_lists_and_of_other_queries_are_400(demo: Client) -> None:
    page = demo.get("/v1/articles?limit=2").json()["next"]
    assert demo.get(URL, params={"cursor": page}).status_code == 400
    mine = lines(demo, limit=2)[-1]["next"]
    assert demo.get("/v1/articles", params={"cursor": mine}).status_code == 400
    assert demo.get(URL, params={"cursor": mine, "lang": "ar"}).status_code == 400
    assert demo.get(URL, params={"cursor": mine[:-2] + "AA"}).status_code == 400


def test_a_head_request_reads_few_rows(demo: Client) -> None:
    with counted(demo.served) as statements:
        answer = demo.head(URL, params={"limit": 1000})
    assert answer.status_code == 200 and answer.content == b""
    assert len(statements) <= 10


def test_a_disconnecting_client_stops_the_stream(
    client: Client, told: Told, monkeypatch: Any
) -> None:
    for number in range(40):
        told(slug=f"s{number}")
    monkeypatch.setattr("app.distribution.ndjson.PAGE", 1)
    with counted(client.served) as statements:
        with client.stream("GET", URL) as answer:
            next(answer.iter_raw())
            monkeypatch.setattr("app.distribution.ndjson.asyncio.sleep", slowly(0.05))
        time.sleep(0.3)
        before = len(statements)
        time.sleep(0.3)
        assert len(statements) <= before + 1, "it went on for nobody"


def slowly(seconds: float) -> Any:
    from asyncio import sleep

    async def wait(_: float) -> None:
        await sleep(seconds)

    return wait


def test_long_stories_are_read_in_small_batches(
    client: Client, told: Told, monkeypatch: Any
) -> None:
    for number in range(5):
        told(slug=f"s{number}", body=[{"type": "paragraph", "text": "word " * 100}])
    monkeypatch.setattr("app.delivery.includes.CEILING", 2_000)
    *items, last = lines(client, include="body")
    assert len(items) == 5 and last["next"] is None


class Build:
    """A static site: it reads the stream as far as that goes, goes on, and then follows the log."""

    def __init__(self, client: Client, chance: random.Random) -> None:
        self.client, self.chance = client, chance
        self.stories: dict[str, Json] = {}
        self.mark: Json = {"next": None}
        self.complete = False

    def read_some(self) -> None:
        """A request that breaks off after any number of bytes, or comes to its end."""
        params = {"mark_every": self.chance.choice([1, 2, 5])}
        if self.mark["next"]:
            params["cursor"] = self.mark["next"]
        stop = self.chance.choice([1, 2_000, 9_000, 40_000, 10**9])
        with self.client.stream("GET", URL, params=params, headers=PLAIN) as answer:
            assert answer.status_code == 200
            got = b""
            for part in answer.iter_raw(1000):
                got += part
                if len(got) >= stop:
                    break
        whole, _, _ = got.rpartition(b"\n")
        for line in whole.splitlines():
            self.take(json.loads(line))

    def take(self, one: Json) -> None:
        if "id" in one:
            self.stories[one["id"]] = one
            return
        self.mark, self.complete = one, one["next"] is None

    def follow(self) -> None:
        cursor, more = self.mark["changes_cursor"], True
        while more:
            params = {"cursor": cursor, "include": "card", "limit": 3, "noun": "article"}
            page = self.client.get("/v1/changes", params=params).json()
            for row in page["items"]:
                item = row["item"]
                if item is None or item["state"] != "published":
                    self.stories.pop(row["id"], None)
                else:
                    self.stories[row["id"]] = item
            cursor, more = page["next"], page["has_more"]


def write_something(editor: Client, chance: random.Random, slugs: list[str], number: int) -> None:
    """Something that the desk does."""
    slug, act = chance.choice(slugs), chance.choice(["new", "edit", "kill", "vanish", "down", "up"])
    if act == "new":
        made = editor.post("/v1/articles", json={"lang": "en", "headline": f"New {number}"}).json()
        editor.put(f"/v1/articles/{made['id']}/publication")
        slugs.append(made["slug"])
    elif act == "edit":
        found = editor.get(f"/v1/articles/{slug}")
        if found.status_code == 200:
            etag = found.headers["etag"]
            editor.patch(
                f"/v1/articles/{slug}", json={"headline": f"Edit {number}"},
                headers={"If-Match": etag, "Content-Type": "application/merge-patch+json"},
            )  # fmt: skip
    elif act in ("kill", "vanish"):
        editor.put(f"/v1/articles/{slug}/withdrawal", json={"kind": act})
    elif act == "down":
        editor.delete(f"/v1/articles/{slug}/publication")
    else:
        editor.put(f"/v1/articles/{slug}/publication")


@pytest.mark.parametrize("seed", range(4))
def test_a_stream_cut_off_anywhere_can_be_continued(
    client: Client, editor: Client, told: Told, monkeypatch: Any, seed: int
) -> None:
    chance = random.Random(seed)
    monkeypatch.setattr("app.distribution.ndjson.PAGE", 4)
    slugs = [told(slug=f"s{number}").slug for number in range(24)]
    build = Build(client, chance)
    for number in range(200):
        build.read_some()
        for _ in range(chance.randrange(3)):
            write_something(editor, chance, slugs, number)
        if build.complete:
            break
    assert build.complete
    for number in range(5):
        write_something(editor, chance, slugs, 1000 + number)
    build.follow()
    now = {one["id"]: one for one in every(client, limit=100)}
    assert build.stories.keys() == now.keys()
    assert build.stories == now


def test_a_stream_without_its_last_line_was_cut_off(
    client: Client, told: Told, monkeypatch: Any
) -> None:
    for number in range(6):
        told(slug=f"s{number}")
    monkeypatch.setattr("app.distribution.ndjson.PAGE", 2)
    real, calls = lists.items, []

    async def failing(*given: Any) -> Any:
        calls.append(1)
        if len(calls) == 3:
            raise RuntimeError("the disk is gone")
        return await real(*given)

    monkeypatch.setattr(lists, "items", failing)
    got: list[bytes] = []
    with pytest.raises(httpx.RemoteProtocolError):
        take_all(client, got)
    assert got and b"changes_cursor" not in b"".join(got)


def take_all(client: Client, got: list[bytes]) -> None:
    with client.stream("GET", URL, headers=PLAIN) as answer:
        got.extend(answer.iter_raw())


def test_editors_and_readers_get_their_own_view(client: Client, editor: Client, told: Told) -> None:
    told(slug="out")
    told(slug="draft", publish=False)
    assert [one["slug"] for one in lines(client)[:-1]] == ["out"]
    assert [one["slug"] for one in lines(editor)[:-1]] == ["out"]
    assert [one["slug"] for one in lines(editor, state="draft")[:-1]] == ["draft"]
