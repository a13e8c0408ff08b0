"""This build beside an earlier one: both are served in one run and asked in turn.

    scripts/bench --against 4d1d3c3

Each build has a checkout, an environment and databases of its own, filled by its own code. A row is
the median ratio new/old of `PAIRS` pairs; the order within a pair alternates.
"""

import argparse
import contextlib
import os
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from bench import writing
from bench.house import environment, postgres_in
from bench.load import Awake, rate
from bench.misses import newest
from bench.servers import FIRST, memory, serving
from bench.stories import SECTION, SELDOM

PAIRS = 9
IMPORTED = 600
"""Stories of an import that is timed."""
ROOT = Path(__file__).parent.parent
FILL = """
import sys; from pathlib import Path; from bench.house import house; from bench.stories import LONG
kind, articles, keep = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
with house(kind, articles, LONG, keep) as made:
    print(made.filled.imported / made.filled.import_seconds if made.filled else 0)
"""
"""Run in a checkout: fills a database there with stories; prints imported stories per second."""

Measure = Callable[["Side"], float]


@dataclass(frozen=True)
class Target:
    """What the ratio new/old is to be."""

    least: float | None = None
    most: float | None = None

    def __str__(self) -> str:
        return f"≥ {self.least:g}" if self.least else f"≤ {self.most:g}"

    def holds(self, ratio: float) -> bool:
        return ratio >= self.least if self.least else ratio <= (self.most or 0)


SAME = Target(least=0.97)


@dataclass(frozen=True)
class Build:
    """A checkout with its environment; its servers listen on `port` and the second port after it."""

    tree: Path
    port: int

    @property
    def python(self) -> str:
        return str(self.tree / ".venv/bin/python")

    def run(self, *arguments: str, env: Mapping[str, str] | None = None) -> str:
        """Run its Python in its checkout; returns what was printed."""
        return subprocess.run(
            [self.python, *arguments], cwd=self.tree, env=env or os.environ, check=True,
            stdout=subprocess.PIPE, text=True,
        ).stdout  # fmt: skip

    def fill(self, kind: str, articles: int, keep: Path) -> float:
        """Stories imported per second; 0 where the database was there already."""
        return float(self.run("-c", FILL, kind, str(articles), str(keep)).split()[-1])


@dataclass(frozen=True)
class Side:
    """A build over one of its databases, and the base URL of the server that is measured."""

    build: Build
    database_url: str = ""
    folder: Path = Path()
    base: str = ""

    def environment(self, *, cached: bool = True) -> dict[str, str]:
        return environment(self.database_url, self.folder, cached=cached)

    def command(self, port: int) -> list[str]:
        return [self.build.python, "-m", "app", "serve", "--no-worker", "--port", str(port)]

    @contextlib.contextmanager
    def served(self, *, cached: bool) -> Iterator["Side"]:
        port = self.build.port + 2 * cached
        environment = self.environment(cached=cached)
        with serving(self.command(port), port, environment, cwd=self.build.tree):
            yield replace(self, base=f"http://127.0.0.1:{port}")


@dataclass(frozen=True)
class Comparison:
    """Prints rows, and knows whether all of them hold."""

    kind: str
    new: Side
    old: Side
    failed: list[str]

    def row(
        self, what: str, target: Target, unit: str, measure: Measure, pairs: int = PAIRS
    ) -> None:
        """Measure both sides in turn and print the medians, their ratio and its spread."""
        found: dict[str, list[float]] = {"new": [], "old": []}
        for number in range(pairs):
            for name in ("new", "old") if number % 2 else ("old", "new"):
                found[name].append(measure(self.new if name == "new" else self.old))
        if not all(found["old"]):
            raise SystemExit(f"{what}: no answer in time; give --seconds more")
        ratios = sorted(new / old for new, old in zip(found["new"], found["old"], strict=True))
        ratio = statistics.median(ratios)
        values = [f"{statistics.median(found[name]):10,.1f}" for name in ("old", "new")]
        missed = "" if target.holds(ratio) else "  MISSED"
        print(f"{self.kind:<11} {what:<34} {' '.join(values)} {unit:<3} {ratio:6.3f} "
              f"({ratios[0]:.3f}–{ratios[-1]:.3f}) {target}{missed}", flush=True)  # fmt: skip
        if missed:
            self.failed.append(f"{self.kind}: {what}")


def main(given: argparse.Namespace) -> int:
    """Compare; 1 if a target is missed."""
    failed, only = list[str](), set(given.only.split(","))
    tree = checkout(given.against)
    with contextlib.ExitStack() as stack:
        keep = given.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        builds = Build(ROOT, FIRST), Build(tree, FIRST + 1)
        print(f"{'database':<11} {'what':<34} {'old':>10} {'new':>10}      ratio (spread) target")
        for kind in given.databases.split(","):
            if "filling" in only:
                compare_imports(kind, builds, failed)
            with sides(kind, builds, given.articles, keep.absolute()) as (new, old):
                compare(Comparison(kind, new, old, failed), given.seconds / 5, only)
    return 1 if failed else 0


def checkout(revision: str) -> Path:
    """A worktree of a revision with its environment, in `data/`, kept for the next run."""
    commit = git("rev-parse", "--short", f"{revision}^{{commit}}")
    tree = ROOT / "data" / f"against-{commit}"
    if not tree.exists():
        git("worktree", "add", "--detach", str(tree), commit)
    subprocess.run([str(tree / "scripts/install"), "--dev"], check=True)
    return tree


def git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    ).stdout.strip()


@contextlib.contextmanager
def sides(
    kind: str, builds: tuple[Build, Build], articles: int, keep: Path
) -> Iterator[list[Side]]:
    """Both builds with a database of so many stories each."""
    with contextlib.ExitStack() as stack:
        found = []
        for build, name in zip(builds, ("new", "old"), strict=True):
            build.fill(kind, articles, keep / name)
            folder = keep / name / f"{kind}-{articles}-long"
            url = f"sqlite:///{folder}/bench.db"
            if kind == "postgresql":
                url = stack.enter_context(postgres_in(folder))
            found.append(Side(build, url, folder))
        yield found


def compare_imports(kind: str, builds: tuple[Build, Build], failed: list[str]) -> None:
    """Import of parsed pages, each time into an empty database."""

    def imported(side: Side) -> float:
        with tempfile.TemporaryDirectory() as folder:
            return side.build.fill(kind, IMPORTED, Path(folder))

    new, old = (Side(build) for build in builds)
    compared = Comparison(kind, new, old, failed)
    compared.row("import of parsed pages", Target(least=1.25), "/s", imported, 5)


def compare(compared: Comparison, seconds: float, only: set[str]) -> None:
    """The rows over databases that are filled."""
    Awake.wanted = compared.kind == "sqlite"
    if "starts" in only:
        compare_starts(compared)
    if "rates" in only:
        with both(compared, cached=False) as uncached:
            compare_misses(uncached, seconds)
    if {"kept", "publishing"} & only:
        with both(compared, cached=True) as cached:
            if "kept" in only:
                compare_hits(cached, seconds)
            if "publishing" in only:
                compare_publishing(cached)
    Awake.wanted = False


@contextlib.contextmanager
def both(compared: Comparison, *, cached: bool) -> Iterator[Comparison]:
    """Both builds served at once, of which one is asked at a time."""
    with compared.new.served(cached=cached) as new, compared.old.served(cached=cached) as old:
        yield Comparison(compared.kind, new, old, compared.failed)


def compare_starts(compared: Comparison) -> None:
    """A process from its start to its first answer and its first search, and its memory then."""
    searches: dict[int, list[float]] = {}
    sizes: dict[int, list[float]] = {}

    def start(side: Side) -> float:
        port, began = side.build.port, time.perf_counter()
        command = side.command(port)
        process = subprocess.Popen(
            command,
            cwd=side.build.tree,
            env=side.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            until_answered(port)
            took = time.perf_counter() - began
            sizes.setdefault(port, []).append(memory(process))
            began = time.perf_counter()
            get(f"http://127.0.0.1:{port}{newest(SELDOM[0])}")
            searches.setdefault(port, []).append(time.perf_counter() - began)
        finally:
            process.terminate()
            process.wait()
        return took * 1000

    compared.row("start to first answer", Target(most=0.7), "ms", start)
    compared.row("idle worker's memory", Target(most=0.85), "MB", recall(sizes))
    compared.row("first search of a process", Target(most=0.25), "ms", recall(searches, 1000))


def recall(found: Mapping[int, list[float]], scale: float = 1) -> Measure:
    """Take, one after the other, what was measured on the way."""
    return lambda side: found[side.build.port].pop(0) * scale


def until_answered(port: int) -> None:
    """Return at the first answer of a server that is starting."""
    for _ in range(4000):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)) as made:
            made.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            if made.recv(100):
                return
        time.sleep(0.005)
    raise SystemExit("The server does not start.")


def get(url: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
    return httpx.get(url, headers=headers, timeout=60).raise_for_status()


def compare_misses(compared: Comparison, seconds: float) -> None:
    """Answers that are made for each request."""
    listed = f"/v1/articles?section={SECTION}&limit=20"
    first = {
        side.base: get(side.base + listed).json()["items"][0]
        for side in (compared.new, compared.old)
    }

    def answers(side: Side, path: Callable[[Any], str]) -> float:
        return rate(side.base + path(first[side.base]), seconds)

    least = 1.2 if compared.kind == "sqlite" else 1.5
    for what, target, path in (
        ("article by slug", SAME, lambda one: f"/v1/articles/{quote(one['slug'])}"),
        ("article by id", SAME, lambda one: f"/v1/articles/{one['id']}"),
        ("list of 20, miss", Target(least=1.12), lambda _: listed),
        ("search newest, medium word, miss", Target(least=least), lambda _: newest(SELDOM[0])),
    ):
        compared.row(
            what, target, "/s",
            partial(answers, path=path),
        )  # fmt: skip


def compare_hits(compared: Comparison, seconds: float) -> None:
    """Answers of the response cache, and 304."""
    listed = f"/v1/articles?section={SECTION}&limit=20"
    etags = {
        side.base: get(side.base + listed, {"Accept-Encoding": "identity"}).headers["etag"]
        for side in (compared.new, compared.old)
    }
    compared.row("cache hit", SAME, "/s", lambda side: rate(side.base + listed, seconds))
    compared.row(
        "304", SAME, "/s", lambda side: rate(side.base + listed, seconds, etags[side.base])
    )


def compare_publishing(compared: Comparison) -> None:
    """How long until a published story is seen, under twenty readers."""
    keys = {
        side.base: side.build.run(
            "-m", "app", "key", "create", "--role", "editor", env=side.environment()
        )
        for side in (compared.new, compared.old)
    }
    compared.row(
        "publishing, 20 readers, p95", Target(most=1.08), "ms",
        lambda side: writing.found(side.base, keys[side.base].split()[-1], SECTION, 0.5).p95, 5,
    )  # fmt: skip
