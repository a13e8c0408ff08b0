"""What is asked without the response cache, beyond one story and a plain list: some fields, searches,
many connections at once."""

import asyncio
import random
import time
from collections.abc import Sequence
from urllib.parse import quote, urlsplit

import uvloop

from bench.figures import Figure
from bench.load import Answers, rate
from bench.servers import API, BARE
from bench.stories import SELDOM, WORDS

FIELDS = "headline,url,published_at,section.name,lead_image(url,alt,credit)"
RANKED = 200
"""Questions by relevance, of one to three words, each asked once."""
MANY = 32

LEAST = {
    "sqlite": {"fields": 0.08, "newest": 0.07}, "postgresql": {"fields": 0.06, "newest": 0.015},
}  # fmt: skip
MOST = {"sqlite": {"ranked": 50, "many": 100}, "postgresql": {"ranked": 80, "many": 250}}


class Timing(Answers):
    """One connection that asks for its addresses one after the other, and notes how long each took."""

    def __init__(self, requests: Sequence[bytes], took: list[float]) -> None:
        self.waiting, self.took = list(reversed(requests)), took
        self.done = asyncio.get_running_loop().create_future()

    def ask(self) -> None:
        if not self.waiting:
            self.done.set_result(None)
            return
        self.began = time.perf_counter()
        self.transport.write(self.waiting.pop())

    def answered(self) -> None:
        self.took.append((time.perf_counter() - self.began) * 1000)
        self.ask()


async def timed(base: str, shares: Sequence[Sequence[str]]) -> list[float]:
    """Milliseconds of each answer, in their order: every share of addresses has a connection."""
    parts, took = urlsplit(base), list[float]()
    opened = []
    for paths in shares:
        requests = [f"GET {one} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode() for one in paths]
        opened.append(
            await asyncio.get_running_loop().create_connection(
                lambda requests=requests: Timing(requests, took),  # type: ignore[misc]
                parts.hostname or "", parts.port or 80,
            )
        )  # fmt: skip
    await asyncio.gather(*[protocol.done for _, protocol in opened])
    for transport, _ in opened:
        transport.abort()
    return sorted(took)


def asked_for(listed: str) -> dict[str, str]:
    """Addresses by what they ask."""
    return {
        "list with fields": f"{listed}&fields={FIELDS}",
        "search newest, medium word": newest(SELDOM[0]),
        "search newest, common word": newest(WORDS[0]),
    }


def rates(kind: str, listed: str, seconds: float, rounds: int) -> list[Figure]:
    """Answers a second beside the bare server's, in turn with it; the best round of each."""
    bare, base = (f"http://127.0.0.1:{port}" for port in (BARE, API))
    beside = {"list": bare + listed, "search": f"{bare}/v1/search"}
    urls = beside | {what: base + path for what, path in asked_for(listed).items()}
    best = dict.fromkeys(urls, 0.0)
    for _ in range(rounds):
        for what, url in urls.items():
            best[what] = max(best[what], rate(url, seconds))
    return [
        Figure(
            kind, what, best[what], "/s", best[what] / best[what.partition(" ")[0]],
            LEAST[kind]["fields" if "fields" in what else "newest"],
        )
        for what in asked_for(listed)
    ]  # fmt: skip


def times(kind: str, listed: str, rounds: int) -> list[Figure]:
    """Milliseconds until an answer is there, of the slowest few; the best round of each."""
    many = {"list": listed, "search newest": newest(SELDOM[0])}
    asked: dict[str, tuple[list[list[str]], float, str]] = {
        "search by relevance, p95": ([questions(RANKED)], 0.95, "ranked")
    }
    for what, path in many.items():
        asked[f"{what}, {MANY} at once, p99"] = ([[path] * 40] * MANY, 0.99, "many")
    found = []
    for what, (shares, share, most) in asked.items():
        tried = [uvloop.run(timed(f"http://127.0.0.1:{API}", shares)) for _ in range(rounds)]
        value = min(at(one, share) for one in tried)
        found.append(Figure(kind, what, value, "ms", most=MOST[kind][most]))
    return found


def newest(word: str) -> str:
    return f"/v1/search?q={quote(word)}&sort=newest&limit=20"


def questions(count: int) -> list[str]:
    """Addresses of searches by relevance, of common and medium words."""
    chance = random.Random(4)
    words = [*WORDS, *SELDOM]
    return [
        f"/v1/search?q={quote(' '.join(chance.sample(words, chance.randint(1, 3))))}"
        for _ in range(count)
    ]


def at(times: Sequence[float], share: float) -> float:
    return times[min(int(len(times) * share), len(times) - 1)]
