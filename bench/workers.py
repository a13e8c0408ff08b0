"""Two workers beside one: how many more stories they answer.

Nothing is pinned: workers and load have both cores, and the load takes a tenth of one. The kernel
gives a connection to whichever worker takes it first, so every round opens new ones.
"""

from bench.figures import Figure
from bench.house import House
from bench.load import rate
from bench.servers import API, isnad, serving

LEAST = 1.4


def found(house: House, path: str, seconds: float, rounds: int) -> list[Figure]:
    """Answers a second, without the response cache; the best round of each."""
    best = {count: rates(house, path, count, seconds, rounds) for count in (1, 2)}
    return [
        Figure(house.kind, "article by slug, one worker", best[1], "/s"),
        Figure(house.kind, "two workers beside one", best[2], "/s", best[2] / best[1], LEAST),
    ]


def rates(house: House, path: str, count: int, seconds: float, rounds: int) -> float:
    command = isnad(API, "--workers", str(count))
    with serving(command, API, house.environment(cached=False), pinned=False):
        return max(rate(f"http://127.0.0.1:{API}{path}", seconds) for _ in range(rounds))
