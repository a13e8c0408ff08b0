"""One run: fill, render, serve, ask, and print each figure with the least that is asked of it."""

import argparse
import contextlib
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import httpx
import orjson
from sqlmodel import select

from app import documents, keys, migrating, seeding
from app.config import Settings
from app.db import Database
from app.desk import at_desk
from app.models.article import ArticleRow
from app.models.key import KeyRole, KeyWrite
from bench import bulk, kept, misses, writing
from bench.bulk import SECTION
from bench.figures import Figure
from bench.load import rate
from bench.stories import WORDS, pages
from tests.databases import postgres_url

BARE, API, NAIVE, KEPT = range(FIRST := int(os.environ.get("BENCH_PORT", "18180")), FIRST + 4)
ROUNDS = 5

LEAST = {"sqlite": {"article": 0.18, "list": 0.14}, "postgresql": {"article": 0.11, "list": 0.09}}


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--articles", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--json", type=Path, default=Path("data/bench.json"))
    parser.add_argument("--databases", default="sqlite,postgresql")
    given = parser.parse_args()
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder:
        for kind in given.databases.split(","):
            with database_url(kind, Path(folder)) as url:
                figures += measured(kind, url, Path(folder), given.articles, given.seconds)
    show(figures)
    write(given.json, given.articles, figures)
    return 0 if all(figure.holds for figure in figures) else 1


@contextlib.contextmanager
def database_url(kind: str, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder}/bench.db"
    else:
        with postgres_url(durable=True) as url:
            yield url


def measured(kind: str, url: str, folder: Path, articles: int, seconds: float) -> list[Figure]:
    settings = Settings(
        database_url=url, secret="bench", media_url=f"file:{folder}/media",
        public_url=f"http://127.0.0.1:{API}",
    )  # fmt: skip
    db = Database(settings)
    migrating.migrate(db.engine)
    seeding.seed_sources(db)
    figures = [filled(kind, db, articles), rendered(kind, db)]
    with at_desk(db) as desk:
        _, key = keys.make(desk, KeyWrite(role=KeyRole.editor))
    db.engine.dispose()
    environment = os.environ | {
        "ISNAD_DATABASE_URL": url, "ISNAD_SECRET": "bench", "ISNAD_MEDIA_URL": settings.media_url,
        "ISNAD_PUBLIC_URL": f"http://127.0.0.1:{API}", "BENCH_BYTES": str(folder),
    }  # fmt: skip
    isnad = [sys.executable, "-m", "app", "serve", "--no-worker", "--port"]
    uncached = environment | {"ISNAD_CACHE_BYTES": "0"}
    with serving([*isnad, str(API)], API, uncached) as process:
        figures.append(Figure(kind, "memory of an idle worker", memory(process), "MB", most=120))
        urls = addresses(folder)
        with (
            serving(uvicorn("bench.bare:app", BARE), BARE, environment, urls["list"]),
            serving(uvicorn("bench.naive:app", NAIVE), NAIVE, environment, "/openapi.json"),
        ):
            figures += asked(kind, urls, seconds)
            figures += misses.found(kind, (BARE, API), urls["list"], seconds)
            with serving([*isnad, str(KEPT)], KEPT, environment) as process:
                figures += kept.found(kind, (BARE, KEPT), urls, seconds / ROUNDS, ROUNDS)
                figures += written(kind, key, seconds)
                figures.append(Figure(kind, "memory after it all", memory(process), "MB", most=214))
    return figures


def written(kind: str, key: str, seconds: float) -> list[Figure]:
    """Publishing while twenty read."""
    found = writing.found(f"http://127.0.0.1:{KEPT}", key, SECTION, seconds)
    return [
        Figure(kind, "publishing, 20 readers, p50", found.p50, "ms"),
        Figure(kind, "publishing, 20 readers, p95", found.p95, "ms", most=50),
        Figure(kind, "reads under 20 writes/s, kept", 0, "", found.kept, least=0.7),
    ]


def filled(kind: str, db: Database, articles: int) -> Figure:
    """The house filled: the figure is of the stories that were imported."""
    done = bulk.fill(db, articles, pages)
    took = f"{done.import_seconds + done.copy_seconds:.0f} s"
    print(f"{kind}: {done.imported} stories imported, {done.copied} copied, in {took}", flush=True)
    value = done.imported / done.import_seconds
    return Figure(kind, "import of parsed articles", value, "/s", least=300)


def rendered(kind: str, db: Database) -> Figure:
    """Documents made from versions, in batches of 50, as the worker makes them."""
    with db.reading() as session:
        ids = list(session.exec(select(ArticleRow.id).limit(2000)))
        began = time.perf_counter()
        for start in range(0, len(ids), 50):
            documents.build(session, db.settings, ids[start : start + 50])
        value = len(ids) / (time.perf_counter() - began)
    return Figure(kind, "rendering of documents", value, "/s", least=1000)


def addresses(folder: Path) -> dict[str, str]:
    """What is asked for, by name; the bare server is given the same answers to the same paths."""
    base = f"http://127.0.0.1:{API}"
    listed = f"/v1/articles?section={SECTION}&limit=20"
    with httpx.Client(base_url=base, headers={"Accept-Encoding": "identity"}) as client:
        first = client.get(listed).json()
        urls = {
            "article": f"/v1/articles/{quote(first['items'][0]['slug'])}",
            "article by id": f"/v1/articles/{first['items'][0]['id']}",
            "list": listed,
            "page": deep_page(client, listed, first["next"]),
            "search": f"/v1/search?q={quote(WORDS[0])}&limit=20",
            "feed": f"/feeds/{SECTION}.rss?limit=20",
        }
        answers = {name: client.get(url).raise_for_status().content for name, url in urls.items()}
    for name, body in answers.items():
        (folder / f"{name}.bytes").write_bytes(body)
    paths = {urls[name].partition("?")[0]: f"{name}.bytes" for name in urls if name != "page"}
    (folder / "bare.json").write_bytes(orjson.dumps(paths))
    return urls


def asked(kind: str, urls: dict[str, str], seconds: float) -> list[Figure]:
    """Each address of the API and of the bare server in turn, some times over; the best of each,
    because another guest of the machine can only slow one down."""
    slug = urls["article"].rpartition("/")[2]
    urls = {name: url for name, url in urls.items() if name not in ("search", "feed")}
    targets = {(API, name): url for name, url in urls.items()}
    targets |= {(BARE, name): url for name, url in urls.items() if name != "page"}
    targets[NAIVE, "article"] = f"/articles/{slug}"
    best = dict.fromkeys(targets, 0.0)
    for _ in range(ROUNDS):
        for (port, name), url in targets.items():
            found = rate(f"http://127.0.0.1:{port}{url}", seconds / ROUNDS)
            best[port, name] = max(best[port, name], found)
    return told(kind, best)


def told(kind: str, best: dict[tuple[int, str], float]) -> list[Figure]:
    least = LEAST[kind]
    found = [
        Figure(kind, f"bare, {name}", best[BARE, name], "/s")
        for name in ("article", "article by id", "list")
    ]
    for name, what in (
        ("article", "article by slug"), ("article by id", "article by id"),
        ("list", "list of 20 in a section"),
    ):  # fmt: skip
        value = best[API, name]
        share = value / best[BARE, name]
        found.append(Figure(kind, what, value, "/s", share, least[name.partition(" ")[0]]))
    page = best[API, "page"]
    found.append(Figure(kind, "page 500 beside page 1", page, "/s", page / best[API, "list"], 0.9))
    naive = best[NAIVE, "article"]
    share = naive / best[BARE, "article"]
    return [*found, Figure(kind, "naive ORM route", naive, "/s", share)]


def deep_page(client: httpx.Client, listed: str, cursor: str) -> str:
    """The address of page 500, or of the last full page of fewer stories."""
    for _ in range(498):
        following = client.get(f"{listed}&cursor={cursor}").raise_for_status().json()["next"]
        if following is None:
            break
        cursor = following
    return f"{listed}&cursor={cursor}"


def uvicorn(app: str, port: int) -> list[str]:
    return [sys.executable, "-m", "uvicorn", app, "--port", str(port), "--no-access-log",
            "--log-level", "warning"]  # fmt: skip


@contextlib.contextmanager
def serving(
    command: list[str], port: int, environment: dict[str, str], path: str = "/healthz"
) -> Iterator[subprocess.Popen[bytes]]:
    """A server on the first core, while this process and its load stay on the second."""
    cores = sorted(os.sched_getaffinity(0))
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    os.sched_setaffinity(process.pid, {cores[0]})
    os.sched_setaffinity(0, {cores[-1]})
    try:
        wait(f"http://127.0.0.1:{port}{path}", process)
        yield process
    finally:
        os.sched_setaffinity(0, set(cores))
        process.terminate()
        process.wait()


def wait(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(url).status_code == 200:
                return
        if process.poll() is not None:
            raise SystemExit(f"{process.args!r} ended with {process.returncode}")
        time.sleep(0.1)
    raise SystemExit(f"{url} doesn't answer")


def memory(process: subprocess.Popen[bytes]) -> float:
    """The proportional set size, in MB."""
    lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines()
    [pss] = [line.split()[1] for line in lines if line.startswith("Pss:")]
    return int(pss) / 1024


def show(figures: list[Figure]) -> None:
    print(f"{'database':<11} {'what':<28} {'figure':>12} {'share':>7} {'asked':>8}")
    for one in figures:
        asked = f"≥ {one.least:g}" if one.least else f"≤ {one.most:g}" if one.most else ""
        share = f"{one.share:.3f}" if one.share is not None else ""
        value = f"{one.value:,.0f} {one.unit}"
        missed = "" if one.holds else "  MISSED"
        print(f"{one.database:<11} {one.what:<28} {value:>12} {share:>7} {asked:>8}{missed}")


def write(path: Path, articles: int, figures: list[Figure]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    told = {
        "at": datetime.now(UTC), "python": platform.python_version(), "articles": articles,
        "cores": len(os.sched_getaffinity(0)), "figures": [asdict(one) for one in figures],
    }  # fmt: skip
    path.write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2))
    print(f"written to {path}")


if __name__ == "__main__":
    sys.exit(main())
