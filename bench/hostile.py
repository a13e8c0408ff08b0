"""What another client notices while one is hostile, and what its bytes cost the process.

    scripts/bench --only hostile          python -m bench.hostile

Each kind of hostility goes on while another client asks for a short list that is not kept. Printed are
the 99th percentile of its answers as a multiple of the usual one, and the memory that the process grew by.
"""

import contextlib
import multiprocessing
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from multiprocessing.synchronize import Event
from pathlib import Path

import httpx

from app.config import Settings
from app.db import migrate
from app.db.database import Database
from app.demo.load import load
from app.desk.catalog import seed
from bench.figures import Figure
from bench.house import server
from bench.servers import API, isnad, memory, serving

SECONDS = 4.0
ASKED = "/v1/articles?limit=3&lang="
GET, POST = b"GET / HTTP/1.1\r\nHost: a\r\n", b"POST /v1/articles HTTP/1.1\r\nHost: a\r\n"
NAMES = ",".join(f"t{number:03}" for number in range(50))
COSTLY = [
    "&".join(f"tag={NAMES}" for _ in range(30)), f"tag={NAMES}&source={NAMES}",
    "&".join(f"unknown{number}=1" for number in range(600)), f"tag={NAMES}",
]  # fmt: skip
"""Queries of up to 8 kB with names that there are not."""

SPAWN = multiprocessing.get_context("spawn")
START = 1.0
"""Seconds in which a hostile process begins."""
Stop = Event
Hostile = Callable[[Stop], None]


def endless_head(stop: Stop) -> None:
    """One connection after the other whose head does not end."""
    while not stop.is_set():
        with contextlib.suppress(OSError), connected() as made:
            made.sendall(GET)
            while not stop.is_set():
                made.sendall(b"X: " + b"a" * 60_000)


def slow_bodies(stop: Stop) -> None:
    """Fifty bodies that drip."""
    with contextlib.ExitStack() as stack:
        opened = [stack.enter_context(connected()) for _ in range(50)]
        for one in opened:
            one.sendall(POST + b"Content-Length: 9000000\r\n\r\n" + b"a" * 200_000)
        while not stop.wait(0.1):
            for one in opened:
                with contextlib.suppress(OSError):
                    one.sendall(b"a")


def costly_names(stop: Stop) -> None:
    """Eight clients that ask for names that there are not."""

    def ask(number: int) -> None:
        with httpx.Client(base_url=base(), timeout=60) as client:
            while not stop.is_set():
                client.get(f"/v1/articles?{COSTLY[number % len(COSTLY)]}&limit={number + 1}")

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()


KINDS: dict[str, Hostile] = {
    "an endless head": endless_head, "50 slow bodies": slow_bodies, "costly names": costly_names,
}  # fmt: skip


def base() -> str:
    return f"http://127.0.0.1:{API}"


def connected() -> socket.socket:
    return socket.create_connection(("127.0.0.1", API), timeout=10)


def found(kind: str) -> list[Figure]:
    """The figures, of a database of this kind with the demo stories."""
    figures = list[Figure]()
    with tempfile.TemporaryDirectory() as folder, server(kind, Path(folder)) as url:
        environment = prepared(Path(folder), url)
        with serving(isnad(API), API, environment) as process:
            asked(SECONDS / 2)  # warm
            usual = asked(SECONDS)
            figures.append(Figure(kind, "another client, usual p99", usual * 1e3, "ms"))
            for name, hostile in KINDS.items():
                before, stop = memory(process), SPAWN.Event()
                other = SPAWN.Process(
                    target=hostile, args=(stop,)
                )  # it has an interpreter of its own
                other.start()
                time.sleep(START)
                slowest = asked(SECONDS)
                grown = memory(process) - before
                stop.set()
                other.join()
                figures += [
                    Figure(kind, f"p99 beside {name}", slowest / usual, "×", most=3),
                    Figure(kind, f"memory by {name}", max(grown, 0), "MB", most=20),
                ]
    return figures


def prepared(folder: Path, url: str) -> dict[str, str]:
    """The environment of a server over a new database with the demo stories."""
    db = Database(Settings(database_url=url, media_url=f"file:{folder}/media", secret="bench"))
    migrate.migrate(db.engine)
    seed.seed_sources(db)
    load(db)
    db.engine.dispose()
    return {
        "ISNAD_DATABASE_URL": url, "ISNAD_MEDIA_URL": f"file:{folder}/media",
        "ISNAD_SECRET": "bench", "ISNAD_CACHE_BYTES": "0",
    }  # fmt: skip


def asked(seconds: float) -> float:
    """The 99th percentile of the seconds that answers to one client took."""
    times, until = list[float](), time.perf_counter() + seconds
    with httpx.Client(base_url=base(), timeout=60) as client:
        while (began := time.perf_counter()) < until:
            client.get(ASKED + ("ar", "en")[len(times) % 2]).raise_for_status()
            times.append(time.perf_counter() - began)
    return sorted(times)[int(len(times) * 0.99) - 1]


if __name__ == "__main__":
    for one in found("sqlite"):
        print(f"{one.what:<32} {one.value:8.1f} {one.unit}{'' if one.holds else '  MISSED'}")
