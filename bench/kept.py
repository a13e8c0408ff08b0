"""Answers of the response cache, and 304, beside the bare server's."""

import httpx

from bench.figures import Figure
from bench.load import rate
from bench.servers import BARE, KEPT

NAMES = ("article", "list", "search", "feed")
HIT, SAME = 0.80, 0.90


def found(kind: str, urls: dict[str, str], seconds: float, rounds: int) -> list[Figure]:
    """Each address of the bare server and of the cache in turn, some times over; the best of each."""
    bare, kept = (f"http://127.0.0.1:{port}" for port in (BARE, KEPT))
    known = {name: etag_of(kept + urls[name]) for name in NAMES}
    best: dict[tuple[str, str], float] = {}
    for _ in range(rounds):
        for name in NAMES:
            rates = {
                "bare": rate(bare + urls[name], seconds), "hit": rate(kept + urls[name], seconds),
                "304": rate(kept + urls[name], seconds, known[name]),
            }  # fmt: skip
            for what, one in rates.items():
                best[name, what] = max(best.get((name, what), 0.0), one)
    return [figure for name in NAMES for figure in told(kind, name, best)]


def told(kind: str, name: str, best: dict[tuple[str, str], float]) -> list[Figure]:
    bare = best[name, "bare"]
    return [
        Figure(kind, f"{name}, {what}", best[name, what], "/s", best[name, what] / bare, least)
        for what, least in (("hit", HIT), ("304", SAME))
    ]


def etag_of(url: str) -> str:
    answer = httpx.get(url, headers={"Accept-Encoding": "identity"}).raise_for_status()
    return str(answer.headers["etag"])
