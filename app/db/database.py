"""Database connections: sync sessions for the desk, rows of SQL text for delivery."""

import asyncio
import contextlib
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import Engine, make_url, update
from sqlmodel import Session, col

from app.config import Settings
from app.db import dialects
from app.db.failures import Unreachable
from app.db.time_budget import SPENT, cancel_on_disconnect, seconds_left
from app.errors import Unavailable
from app.models.key import KeyRow

if TYPE_CHECKING:
    from app.db._asyncpg_pool import ConnectionPool

MOST_SECONDS = 5.0
"""Seconds that one read may take."""
NETWORK_SECONDS = 1.0
"""Seconds more until a database that should have stopped it is one that doesn't answer."""
MOST_CONNECTIONS = 6
"""Connections of a process that reads, of either kind."""
STEPS, MOST_STEP_ROUNDS = 50_000, 3
"""Steps of SQLite's machine, and how many times as many one statement may take in the event loop: some
ten milliseconds. A page takes some thousand steps."""
TOO_SLOW = (
    f"This question takes more than {MOST_SECONDS:g} seconds; narrow it, for example by section, tag,"
    " source or published_from, or ask without count=exact and facets."
)

Rows = Sequence[Sequence[Any]]


class Reader(Protocol):
    """Reads for delivery: SQL with `:name` parameters in, rows out. `light`: a look-up by key or
    a page along one index."""

    @property
    def dialect(self) -> dialects.Dialect: ...

    async def rows(self, sql: str, values: Mapping[str, Any], *, light: bool = True) -> Rows: ...
    async def close(self) -> None: ...


class Database:
    """The connections of both kinds, opened on first use."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        if settings.is_sqlite:
            settings.sqlite_path.parent.mkdir(parents=True, exist_ok=True)
        self.engine: Engine = dialects.engine_for(settings.database_url)
        self.reader: Reader = (
            SQLiteReader(settings.sqlite_path)
            if settings.is_sqlite
            else PostgreSQLReader(settings.database_url)
        )

    @contextlib.contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a session that only reads."""
        with Session(self.engine.execution_options(isnad_reads=True)) as session:
            yield session

    def mark_used(self, key_id: str, now: datetime) -> None:
        """Record that a key was used, without a row in the change log."""
        with Session(self.engine) as session:
            used = update(KeyRow).where(col(KeyRow.id) == key_id).values(last_used_at=now)
            session.execute(used)
            session.commit()

    async def close(self) -> None:
        await self.reader.close()
        self.engine.dispose()


class SQLiteReader:
    """Read-only connections: one in the event loop for light statements (a thread switch costs
    more than the row), others in a few threads."""

    def __init__(self, path: Path) -> None:
        self.dialect = dialects.SQLite()
        self.path = path
        self.near: sqlite3.Connection | None = None
        self.far = threading.local()
        self.threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="read")
        self.walked = 0

    async def rows(self, sql: str, values: Mapping[str, Any], *, light: bool = True) -> Rows:
        sql, bound = self.dialect.bind(sql, values)
        began, spent = time.perf_counter(), SPENT.get()
        try:
            found = self.rows_in_loop(sql, bound) if light else None
            return (
                await cancel_on_disconnect(self.rows_in_thread(sql, bound))
                if found is None
                else found
            )
        finally:
            if spent is not None:
                spent.add(time.perf_counter() - began)

    def rows_in_loop(self, sql: str, bound: dict[str, Any]) -> Rows | None:
        """Run a statement in the event loop; None if the database is locked or the statement
        takes too many steps."""
        if self.near is None:
            self.near = self.connect(timeout=0)
            self.near.set_progress_handler(self.count_steps, STEPS)
        self.walked = 0
        try:
            return self.near.execute(sql, bound).fetchall()
        except sqlite3.OperationalError as busy:
            if not any(sign in str(busy) for sign in ("locked", "busy", "interrupted")):
                raise
        return None

    def count_steps(self) -> bool:
        """Return whether to interrupt the statement in the event loop."""
        self.walked += 1
        return self.walked > MOST_STEP_ROUNDS

    async def rows_in_thread(self, sql: str, bound: dict[str, Any]) -> Rows:
        """Run a statement in a thread; interrupt it when it is cancelled or takes too long."""
        running = ThreadStatement(seconds_left(MOST_SECONDS))
        loop = asyncio.get_running_loop()
        alarm = loop.call_later(running.seconds, running.stop)
        try:
            return await loop.run_in_executor(self.threads, self.run_in_thread, sql, bound, running)
        except asyncio.CancelledError:
            running.stop()
            raise
        finally:
            alarm.cancel()

    def run_in_thread(self, sql: str, bound: dict[str, Any], running: "ThreadStatement") -> Rows:
        if not hasattr(self.far, "connection"):
            self.far.connection = self.connect(timeout=MOST_SECONDS)
        connection: sqlite3.Connection = self.far.connection
        try:
            if not running.start(connection):
                raise Unavailable(TOO_SLOW)
            return connection.execute(sql, bound).fetchall()
        except sqlite3.OperationalError as stopped:
            if "interrupted" in str(stopped):
                raise Unavailable(TOO_SLOW) from stopped
            raise
        finally:
            running.end()

    def connect(self, timeout: float) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode=rw", uri=True, timeout=timeout,
            isolation_level=None, check_same_thread=False, cached_statements=512,
        )  # fmt: skip
        connection.execute("PRAGMA query_only=ON")
        connection.execute("PRAGMA mmap_size=268435456")
        return connection

    async def close(self) -> None:
        self.threads.shutdown()
        if self.near is not None:
            self.near.close()


class ThreadStatement:
    """A statement in a thread, which another thread may interrupt; never the next statement of
    that thread."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        """It may take so many."""
        self.lock = threading.Lock()
        self.connection: sqlite3.Connection | None = None
        self.stopped = False

    def start(self, connection: sqlite3.Connection) -> bool:
        """Return whether the statement may begin."""
        with self.lock:
            self.connection = connection
            return not self.stopped

    def stop(self) -> None:
        with self.lock:
            self.stopped = True
            if self.connection is not None:
                self.connection.interrupt()

    def end(self) -> None:
        with self.lock:
            self.connection = None


class PostgreSQLReader:
    """Two pools of asyncpg connections: one for light statements, planned once; one for the rest,
    planned for their parameters."""

    def __init__(self, url: str) -> None:
        from app.db._asyncpg_pool import ConnectionPool  # not loaded for SQLite

        self.dialect = dialects.PostgreSQL()
        own = make_url(url).difference_update_query(dialects.OF_LIBPQ).set(drivername="postgresql")
        self.url = own.render_as_string(hide_password=False)
        reading = {
            "options": dialects.session_options(url),
            "statement_timeout": str(int(MOST_SECONDS * 1000)),
            "default_transaction_read_only": "on",
            "jit": "off",
            "max_parallel_workers_per_gather": "0",  # requests keep the cores busy already
            # a page is a walk along an index that stops at the limit; without fresh
            # statistics the planner would rather read everything and sort it
            "enable_sort": "off",
        }
        planned_once = reading | {"plan_cache_mode": "force_generic_plan"}
        self.near = ConnectionPool(self.url, MOST_CONNECTIONS, planned_once)
        self.far = ConnectionPool(self.url, MOST_CONNECTIONS, reading)

    async def rows(self, sql: str, values: Mapping[str, Any], *, light: bool = True) -> Rows:
        sql, bound = self.dialect.bind(sql, values)
        began, spent = time.perf_counter(), SPENT.get()
        try:
            if light:
                return await self.fetch(self.near, sql, bound)
            return await cancel_on_disconnect(
                self.fetch(self.far, sql, bound, seconds_left(MOST_SECONDS))
            )
        finally:
            if spent is not None:
                spent.add(time.perf_counter() - began)

    async def fetch(
        self, by: "ConnectionPool", sql: str, bound: list[Any], seconds: float | None = None
    ) -> Rows:
        """Run a statement, and cancel it in the database if it is cancelled here. `seconds`: a
        limit below the database's own."""
        sooner = seconds if seconds is not None and seconds < MOST_SECONDS else None
        began = time.monotonic()
        try:
            limit = MOST_SECONDS + NETWORK_SECONDS if sooner is None else sooner
            async with asyncio.timeout(limit) as timer:
                return await by.fetch(sql, bound)
        except OSError as away:
            if sooner is not None and timer.expired():
                raise Unavailable(TOO_SLOW) from away
            raise Unreachable from away
        except Exception as failed:
            stopped = getattr(failed, "sqlstate", None) == dialects.QUERY_CANCELED
            if (
                not stopped or time.monotonic() - began < MOST_SECONDS
            ):  # it wasn't the ceiling's doing
                raise
            raise Unavailable(TOO_SLOW) from failed

    async def close(self) -> None:
        await self.near.close()
        await self.far.close()
