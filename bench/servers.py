"""Servers under load: started, pinned to a core, looked into, stopped."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import httpx

FIRST = int(os.environ.get("BENCH_PORT", "18180"))
BARE, API, NAIVE, KEPT, LARGE = range(FIRST, FIRST + 5)
TICKS = os.sysconf("SC_CLK_TCK")

ALL = frozenset(os.sched_getaffinity(0))
"""The cores that this run was given."""

Process = subprocess.Popen[bytes]


def isnad(port: int, *more: str) -> list[str]:
    return [sys.executable, "-m", "app", "serve", "--no-worker", "--port", str(port), *more]


def uvicorn(app: str, port: int) -> list[str]:
    return [sys.executable, "-m", "uvicorn", app, "--port", str(port), "--no-access-log",
            "--log-level", "warning"]  # fmt: skip


@contextlib.contextmanager
def serving(
    command: Sequence[str], port: int, environment: Mapping[str, str], path: str = "/healthz",
    *, pinned: bool = True, cwd: Path | None = None,
) -> Iterator[Process]:  # fmt: skip
    """A server on the first core, while this process and its load stay on the second; or, not
    `pinned`, both on whichever is free."""
    cores = sorted(ALL)
    refuse_taken(port)
    process = subprocess.Popen(command, env=environment, cwd=cwd, stdout=subprocess.DEVNULL)
    if pinned:
        os.sched_setaffinity(process.pid, {cores[0]})
        os.sched_setaffinity(0, {cores[-1]})
    try:
        wait(f"http://127.0.0.1:{port}{path}", process)
        yield process
    finally:
        os.sched_setaffinity(0, set(ALL))
        process.terminate()
        process.wait()


@contextlib.contextmanager
def beside() -> Iterator[None]:
    """What is started in the block stays on the load's core: left to itself, the kernel has a database
    work where its questions come from, and the server shares its one core with it."""
    os.sched_setaffinity(0, {max(ALL)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, set(ALL))


def refuse_taken(port: int) -> None:
    """Two runs at once would ask each other's servers."""
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            raise SystemExit(
                f"Port {port} is taken: set BENCH_PORT to the first of five."
            ) from None


def wait(url: str, process: Process) -> None:
    for _ in range(600):
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(url).status_code == 200:
                return
        if process.poll() is not None:
            raise SystemExit(f"{process.args!r} ended with {process.returncode}")
        time.sleep(0.1)
    raise SystemExit(f"{url} doesn't answer")


def memory(process: Process) -> float:
    """The proportional set size, in MB."""
    lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines()
    [pss] = [line.split()[1] for line in lines if line.startswith("Pss:")]
    return int(pss) / 1024


def spent(process: Process) -> float:
    """Seconds that a server's process has had of a core, its own and the system's for it."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
