"""What a hundred times as many stories cost: CPU of the server for each answer, in both houses.

CPU, because it counts the work and not the wait for whoever else uses the machine; user and system
time of the server's process. The houses' stories are short, the same in both, so that the large one
is on a disk at all; both are served at once, without a response cache, and asked in turn.
"""

import random
from collections.abc import Callable, Sequence
from functools import partial

import uvloop
from sqlmodel import col, select

from app.models.article import ArticleRow
from bench import costly, misses, plain
from bench.figures import Figure
from bench.house import House
from bench.load import cost
from bench.servers import API, LARGE, Process, isnad, serving, spent

SMALL = 10_000
MOST, MOST_RANKED = 1.5, 3.0
STORIES = 1_000
"""Of all times, each asked for once in a round."""
RANKED = 100

Measure = Callable[[], float]


def found(small: House, large: House, articles: int, seconds: float, rounds: int) -> list[Figure]:
    """Figures at so many stories beside those at ten thousand, and the costliest questions."""
    with (
        serving(isnad(API), API, small.environment(cached=False)) as first,
        serving(isnad(LARGE), LARGE, large.environment(cached=False)) as second,
    ):
        before = measures(small, first, API, SMALL, seconds)
        after = measures(large, second, LARGE, articles, seconds)
        best: dict[str, list[float]] = {}
        for what in before:
            pairs = [(before[what](), after[what]()) for _ in range(rounds)]
            best[what] = [min(values) for values in zip(*pairs, strict=True)]
        figures = [told(what, one, other, articles) for what, (one, other) in best.items()]
        return figures + costly.found(f"http://127.0.0.1:{LARGE}", articles)


def told(what: str, before: float, after: float, articles: int) -> Figure:
    most = MOST_RANKED if what == "relevance" else MOST
    name = f"{what}: CPU at {articles:,}"
    return Figure("sqlite", name, after * 1e6, "µs", after / before, most=most)


def measures(
    house: House, process: Process, port: int, articles: int, seconds: float
) -> dict[str, Measure]:
    """What is asked, and how its CPU seconds an answer are found."""
    base, meter = f"http://127.0.0.1:{port}", partial(spent, process)
    urls = plain.addresses(house.folder, port)
    same = {"list of 20": urls["list"], "page 500": urls["page"]} | misses.asked_for(urls["list"])
    return {
        "article": partial(each, base, stories(house, articles), meter, seconds),
        **{what: partial(cost, base + path, seconds, meter) for what, path in same.items()},
        "relevance": partial(each, base, misses.questions(RANKED), meter, 0.0),
    }


def stories(house: House, articles: int) -> list[str]:
    """Addresses of stories of all times."""
    chance = random.Random(7)
    numbers = chance.sample(range(articles), STORIES)
    identities = [f"url:bench.example/story-{number:07}" for number in numbers]
    wanted = select(ArticleRow.id).where(col(ArticleRow.identity).in_(identities))
    with house.db.reading() as session:
        found = [f"/v1/articles/{id}" for id in session.exec(wanted)]
    assert len(found) == STORIES
    return found


def each(base: str, paths: Sequence[str], meter: Measure, seconds: float) -> float:
    """CPU seconds of an answer, where each is to another question; asked for so long at least."""
    stood, asked, took = meter(), 0, 0.0
    while not asked or took < seconds:
        took += sum(uvloop.run(misses.timed(base, [paths]))) / 1000
        asked += len(paths)
    return (meter() - stood) / asked
