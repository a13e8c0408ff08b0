"""One run: fill, render, serve, ask, and print each figure with what is asked of it."""

import argparse
import os
import platform
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import orjson
from sqlmodel import select

from app.desk import keys
from app.desk.transaction import at_desk
from app.models.article import ArticleRow
from app.models.key import KeyRole, KeyWrite
from app.rendering import documents
from bench import against, growth, hostile, kept, misses, plain, workers, writing
from bench.figures import Figure
from bench.house import House, house
from bench.load import Awake
from bench.servers import ALL, API, BARE, KEPT, NAIVE, isnad, memory, serving, uvicorn
from bench.stories import LONG, SECTION, SHORT

ROUNDS = 5
FEW = 3
"""Rounds of what takes long by itself."""
PARTS = ("filling", "plain", "rates", "times", "kept", "publishing", "workers", "growth", "hostile",
         "starts")  # fmt: skip


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that servers are stopped
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=5.0, help="for each figure, in rounds")
    parser.add_argument("--json", type=Path, default=Path("data/bench.json"))
    parser.add_argument("--databases", default="sqlite,postgresql")
    parser.add_argument(
        "--growth", type=int, default=int(os.environ.get("BENCH_GROWTH", "1000000")),
        help="stories of the large house; 0: none (default: BENCH_GROWTH, or a million)",
    )  # fmt: skip
    parser.add_argument("--only", default=",".join(PARTS), help=f"parts: {', '.join(PARTS)}")
    parser.add_argument("--keep", type=Path, help="where houses stay, to be used again")
    parser.add_argument(
        "--against",
        metavar="REV",
        help="compare with this build of git's instead; see bench/against.py",
    )
    given = parser.parse_args()
    only = set(given.only.split(","))
    if unknown := only - set(PARTS):
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    if given.against:
        return against.main(given)
    began, figures = time.perf_counter(), list[Figure]()
    for found in parts(given, only):
        show(found)
        figures += found
        write(given, time.perf_counter() - began, figures)
    print(f"{(time.perf_counter() - began) / 60:.1f} minutes, written to {given.json}")
    return 0 if all(figure.holds for figure in figures) else 1


def parts(given: argparse.Namespace, only: set[str]) -> Iterator[list[Figure]]:
    """Figures of one house after the other."""
    kinds = given.databases.split(",")
    for kind in kinds if "hostile" in only else ():
        yield hostile.found(kind)
    for kind in kinds if only - {"growth", "hostile"} else ():
        with house(kind, given.articles, LONG, given.keep) as made:
            yield measured(made, given.seconds, only)
    if given.growth and "growth" in only and "sqlite" in kinds:
        yield grown(given.growth, given.seconds, given.keep)


def measured(made: House, seconds: float, only: set[str]) -> list[Figure]:
    """Everything but growth."""
    kind, figures = made.kind, list[Figure]()
    if "filling" in only:
        figures += [*imported(made), rendered(made)]
    uncached, part = made.environment(cached=False), seconds / ROUNDS
    Awake.wanted = kind == "sqlite"
    with serving(isnad(API), API, uncached) as process:
        if "filling" in only:
            idle = memory(process)
            figures.append(Figure(kind, "memory of an idle worker", idle, "MB", most=150))
        urls = plain.addresses(made.folder)
        with serving(uvicorn("bench.bare:app", BARE), BARE, uncached, urls["list"]):
            if "plain" in only:
                with serving(
                    uvicorn("bench.naive:app", NAIVE), NAIVE, uncached, "/openapi.json"
                ):  # fmt: skip
                    figures += plain.found(kind, urls, part, ROUNDS)
            if "rates" in only:
                figures += misses.rates(kind, urls["list"], part, ROUNDS)
            if "times" in only:
                figures += misses.times(kind, urls["list"], FEW)
            if {"kept", "publishing"} & only:
                figures += cached(made, urls, seconds, only)
    Awake.wanted = False
    if "workers" in only and kind == "sqlite":
        figures += workers.found(made, urls["article"], part, ROUNDS)
    return figures


def imported(made: House) -> list[Figure]:
    """How fast those stories of a house were taken in that are no copies."""
    if made.filled is None:
        return []
    value = made.filled.imported / made.filled.import_seconds
    return [Figure(made.kind, "import of parsed articles", value, "/s", least=300)]


def rendered(made: House) -> Figure:
    """Documents made from versions, in batches of 50, as the worker makes them."""
    with made.db.reading() as session:
        ids = list(session.exec(select(ArticleRow.id).limit(2000)))
        began = time.perf_counter()
        for start in range(0, len(ids), 50):
            documents.build(session, made.settings, ids[start : start + 50])
        value = len(ids) / (time.perf_counter() - began)
    return Figure(made.kind, "rendering of documents", value, "/s", least=1000)


def cached(made: House, urls: dict[str, str], seconds: float, only: set[str]) -> list[Figure]:
    """Answers of the response cache, publishing under readers, and what a worker then has."""
    kind, figures = made.kind, list[Figure]()
    with at_desk(made.db) as desk:
        _, key = keys.make(desk, KeyWrite(role=KeyRole.editor))
    made.db.engine.dispose()
    with serving(isnad(KEPT), KEPT, made.environment(cached=True)) as process:
        if "kept" in only:
            figures += kept.found(kind, urls, seconds / ROUNDS, ROUNDS)
        if "publishing" in only:
            figures += published(kind, key, seconds)
        figures.append(Figure(kind, "memory after it all", memory(process), "MB", most=214))
    return figures


def published(kind: str, key: str, seconds: float) -> list[Figure]:
    """Publishing while twenty read."""
    found = writing.found(f"http://127.0.0.1:{KEPT}", key, SECTION, seconds)
    return [
        Figure(kind, "publishing, 20 readers, p50", found.p50, "ms"),
        Figure(kind, "publishing, 20 readers, p95", found.p95, "ms", most=50),
        Figure(kind, "reads under 20 writes/s, kept", 0, "", found.kept, least=0.7),
    ]


def grown(articles: int, seconds: float, keep: Path | None) -> list[Figure]:
    """A small house and a large one."""
    with (
        house("sqlite", growth.SMALL, SHORT, keep) as small,
        house("sqlite", articles, SHORT, keep) as large,
    ):
        return growth.found(small, large, articles, seconds / ROUNDS, FEW)


def show(figures: list[Figure]) -> None:
    print(f"{'database':<11} {'what':<42} {'figure':>12} {'share':>7} {'asked':>8}")
    for one in figures:
        asked = f"≥ {one.least:g}" if one.least else f"≤ {one.most:g}" if one.most else ""
        share = f"{one.share:.3f}" if one.share is not None else ""
        value = f"{one.value:,.0f} {one.unit}"
        missed = "" if one.holds else "  MISSED"
        print(f"{one.database:<11} {one.what:<42} {value:>12} {share:>7} {asked:>8}{missed}")


def write(given: argparse.Namespace, took: float, figures: list[Figure]) -> None:
    given.json.parent.mkdir(parents=True, exist_ok=True)
    told = {
        "at": datetime.now(UTC), "python": platform.python_version(), "articles": given.articles,
        "growth": given.growth, "cores": len(ALL), "seconds": took,
        "figures": [asdict(one) for one in figures],
    }  # fmt: skip
    given.json.write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2))


if __name__ == "__main__":
    sys.exit(main())
