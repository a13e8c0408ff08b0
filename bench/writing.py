"""Publishing while others read: how long until it is seen, and what it costs the readers."""

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import httpx
import uvloop

from bench.load import Answers
from bench.stories import drafts

READERS = 20
PUBLISHED = 100
"""In each round, one after the other; the best round counts."""
ROUNDS = 3
WRITES = 20
"""A second, in the second half."""

Json = dict[str, Any]


class Reading(Answers):
    """One reader: asks again as soon as it is answered."""

    def __init__(self, request: bytes, counts: list[int]) -> None:
        self.request, self.counts = request, counts

    def ask(self) -> None:
        self.transport.write(self.request)

    def answered(self) -> None:
        self.counts[0] += 1
        self.ask()


@dataclass
class Readers:
    """Twenty of them, half on the list and half on a story."""

    base: str
    paths: list[str]
    counts: list[int] = field(default_factory=lambda: [0])
    opened: list[Any] = field(default_factory=list)

    async def __aenter__(self) -> "Readers":
        parts = urlsplit(self.base)
        loop = asyncio.get_running_loop()
        for number in range(READERS):
            path = self.paths[number % len(self.paths)]
            request = f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode()
            transport, _ = await loop.create_connection(
                lambda request=request: Reading(request, self.counts),  # type: ignore[misc]
                parts.hostname or "", parts.port or 80,
            )  # fmt: skip
            self.opened.append(transport)
        return self

    async def __aexit__(self, *_: object) -> None:
        for transport in self.opened:
            transport.abort()

    async def rate(self, seconds: float) -> float:
        began, before = time.perf_counter(), self.counts[0]
        await asyncio.sleep(seconds)
        return (self.counts[0] - before) / (time.perf_counter() - began)


@dataclass
class Found:
    """Milliseconds from pressing the button to being seen, and what readers keep of their rate."""

    p50: float
    p95: float
    kept: float


async def measure(base: str, key: str, section: str, seconds: float) -> Found:
    headers = {"Authorization": f"Bearer {key}"}
    async with (
        httpx.AsyncClient(base_url=base, headers=headers, timeout=30) as desk,
        httpx.AsyncClient(base_url=base, timeout=30) as reader,
    ):
        wanted = ROUNDS * (PUBLISHED + int(WRITES * seconds)) + 10
        made = [await create(desk, draft) for draft in drafts(wanted, section)]
        listed = f"/v1/articles?section={section}&limit=20"
        first = (await desk.get(listed)).json()["items"][0]["id"]
        ids = iter(made)
        async with Readers(base, [listed, f"/v1/articles/{first}"]) as readers:
            await asyncio.sleep(0.5)
            rounds, shares = [], []
            for _ in range(ROUNDS):
                times = [await seen(desk, reader, next(ids), listed) for _ in range(PUBLISHED)]
                rounds.append(sorted(times))
                shares.append(await share(readers, desk, ids, seconds / 2))
    best = min(rounds, key=lambda one: one[int(PUBLISHED * 0.95)])
    return Found(best[PUBLISHED // 2], best[int(PUBLISHED * 0.95)], max(shares))


async def share(readers: Readers, desk: httpx.AsyncClient, ids: Any, seconds: float) -> float:
    """What readers keep of their rate while stories are published."""
    alone = await readers.rate(seconds)
    writing = asyncio.create_task(publish_steadily(desk, ids))
    beside = await readers.rate(seconds)
    writing.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await writing
    return beside / alone


async def create(desk: httpx.AsyncClient, draft: Json) -> str:
    answer = await desk.post("/v1/articles", json=draft)
    answer.raise_for_status()
    return str(answer.json()["id"])


async def seen(desk: httpx.AsyncClient, reader: httpx.AsyncClient, id: str, listed: str) -> float:
    """Milliseconds from pressing the button until a reader sees the story in the list, at its own
    address and in the log, which are asked for together once the desk has its answer."""
    log = (await reader.get("/v1/changes?cursor=now")).json()["next"]
    began = time.perf_counter()
    (await desk.put(f"/v1/articles/{id}/publication")).raise_for_status()
    await asyncio.gather(
        until(reader, listed, id), until(reader, f"/v1/articles/{id}", id),
        until(reader, f"/v1/changes?cursor={log}", id),
    )  # fmt: skip
    return (time.perf_counter() - began) * 1000


async def until(reader: httpx.AsyncClient, path: str, id: str) -> None:
    """Ask until the answer has the story."""
    wanted = f'"id":"{id}"'.encode()
    while True:
        answer = await reader.get(path)
        if answer.status_code == 200 and wanted in answer.content:
            return


async def publish_steadily(desk: httpx.AsyncClient, ids: Any) -> None:
    """So many a second, whatever the last one took, until it is cancelled."""
    began, writes = time.perf_counter(), list[asyncio.Task[httpx.Response]]()
    try:
        for number in count():
            await asyncio.sleep(max(0.0, began + number / WRITES - time.perf_counter()))
            writes.append(asyncio.create_task(desk.put(f"/v1/articles/{next(ids)}/publication")))
    finally:  # what was begun is ended, or the desk would be closed under it
        await asyncio.gather(*writes)


def found(base: str, key: str, section: str, seconds: float) -> Found:
    return uvloop.run(measure(base, key, section, seconds))
