"""A house to measure: a database filled with stories, in a folder that may be kept for the next run."""

import contextlib
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson
from sqlalchemy import text

from app.config import Settings
from app.db import migrate
from app.db.database import Database
from app.desk.catalog import seed
from app.rendering import documents
from bench import bulk, servers
from bench.servers import API
from bench.stories import Told
from tests.support import databases

PUBLIC_URL = f"http://127.0.0.1:{API}"
"""For which the stories are rendered, whichever port a server listens on."""


@dataclass
class House:
    """Where it is, and what filled it; nothing where it was there already."""

    kind: str
    folder: Path
    settings: Settings
    db: Database
    filled: bulk.Filled | None = None

    def environment(self, cached: bool) -> dict[str, str]:
        """What a server over it is started with."""
        given = environment(self.settings.database_url, self.folder, cached=cached)
        return given | {"BENCH_BYTES": str(self.folder)}


def environment(database_url: str, folder: Path, *, cached: bool) -> dict[str, str]:
    """What a server over a database in a folder is started with."""
    given = os.environ | {
        "ISNAD_DATABASE_URL": database_url, "ISNAD_SECRET": "bench",
        "ISNAD_MEDIA_URL": f"file:{folder}/media", "ISNAD_PUBLIC_URL": PUBLIC_URL,
    }  # fmt: skip
    return given if cached else given | {"ISNAD_CACHE_BYTES": "0"}


@contextlib.contextmanager
def house(kind: str, articles: int, told: Told, keep: Path | None) -> Iterator[House]:
    """A house with so many stories. `keep`: where houses stay, to be found again."""
    with folder_of(keep, f"{kind}-{articles}-{told.name}") as folder, server(kind, folder) as url:
        settings = Settings(
            database_url=url, secret="bench", media_url=f"file:{folder}/media",
            public_url=PUBLIC_URL,
        )  # fmt: skip
        made = House(kind, folder, settings, Database(settings))
        mark = orjson.dumps([articles, documents.stamp_of(settings), migrate.newest_revision()])
        marked = folder / "filled.json"
        if not marked.exists() or marked.read_bytes() != mark:
            marked.unlink(missing_ok=True)
            made.filled = filled(made, articles, told)
            marked.write_bytes(mark)
        yield made
        made.db.engine.dispose()


def filled(made: House, articles: int, told: Told) -> bulk.Filled:
    began = time.perf_counter()
    empty(made)
    migrate.migrate(made.db.engine)
    seed.seed_sources(made.db)
    done = bulk.fill(made.db, articles, told.pages, told.sections)
    took = f"{time.perf_counter() - began:.0f} s, {size(made) / 1e6:,.0f} MB"
    print(
        f"{made.kind}: {done.imported} stories imported, {done.copied} copied in {took}", flush=True
    )
    return done


def empty(made: House) -> None:
    """Nothing of an earlier house is left."""
    if made.kind == "sqlite":
        for one in made.folder.glob("bench.db*"):
            one.unlink()
        return
    with made.db.engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))


def size(made: House) -> int:
    """Bytes of its database."""
    if made.kind == "sqlite":
        return sum(one.stat().st_size for one in made.folder.glob("bench.db*"))
    with made.db.engine.connect() as connection:
        asked = text("SELECT pg_database_size(current_database())")
        return int(connection.execute(asked).scalar_one())


@contextlib.contextmanager
def folder_of(keep: Path | None, name: str) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="isnad-bench-") as made:
            yield Path(made)
        return
    folder = keep.absolute() / name
    folder.mkdir(parents=True, exist_ok=True)
    yield folder


@contextlib.contextmanager
def server(kind: str, folder: Path) -> Iterator[str]:
    """The URL of a database, which waits for the disk."""
    if kind == "sqlite":
        yield f"sqlite:///{folder}/bench.db"
    else:
        with postgres_in(folder) as url:
            yield url


@contextlib.contextmanager
def postgres_in(folder: Path) -> Iterator[str]:
    """A server whose data are in the folder when it doesn't run."""
    # while it does they are in /tmp: the path of its socket there is limited to about 100 bytes
    with tempfile.TemporaryDirectory(prefix="isnad-pg-", dir="/tmp") as name:
        place, data = Path(name), folder / "postgresql"
        if data.exists():
            shutil.move(data, place / "data")
        with servers.beside():
            process = databases.started(place, ())
        try:
            yield f"postgresql+psycopg://postgres:@/postgres?host={place}"
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(databases.PATIENCE)
            shutil.move(place / "data", data)
