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


def found(kind: str, ports: tuple[int, int], listed: str, seconds: float) -> list[Figure]:
    """`ports`: of the bare server and of the API."""
    bare, base = (f"http://127.0.0.1:{port}" for port in ports)
    least, most = LEAST[kind], MOST[kind]
    plain = {"list": rate(bare + listed, seconds), "search": rate(f"{bare}/v1/search", seconds)}
    asked = {
        "list with fields": ("list", f"{listed}&fields={FIELDS}", least["fields"]),
        "search newest, medium word": ("search", newest(SELDOM[0]), least["newest"]),
        "search newest, common word": ("search", newest(WORDS[0]), least["newest"]),
    }
    figures = []
    for what, (beside, path, asked_for) in asked.items():
        value = rate(base + path, seconds)
        figures.append(Figure(kind, what, value, "/s", value / plain[beside], asked_for))
    ranked = uvloop.run(timed(base, [questions(RANKED)]))
    figures.append(
        Figure(kind, "search by relevance, p95", at(ranked, 0.95), "ms", most=most["ranked"])
    )
    for what, path in ("list", listed), ("search newest", newest(SELDOM[0])):
        times = uvloop.run(timed(base, [[path] * 40] * MANY))
        figures.append(
            Figure(kind, f"{what}, {MANY} at once, p99", at(times, 0.99), "ms", most=most["many"])
        )
    return figures


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
