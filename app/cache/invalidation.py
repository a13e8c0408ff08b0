"""What the response cache is told: how far the log is, what it names, when the clock changes something.

It stands aside (`why` says so to `/readyz`) where that can't be told: the database can't be asked, or
the clock was put back, so that moments may come again which the log has had.
"""

import asyncio
import contextlib
import logging
import sqlite3
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from app.cache._store import NEVER
from app.cache.response_cache import Dropping
from app.change_log import surrogate_keys
from app.change_log.record import Appended
from app.change_log.transaction import WATCHING
from app.db import dialects
from app.db.database import Database, PostgreSQLReader, SQLiteReader
from app.db.dialects import CHANNEL
from app.models.base import from_column

Why = Literal["ok", "unreachable", "behind", "clock"]
BY_CLOCK = ("articles", "changes")
"""What a moment that passes may change, beside answers that end with it."""

EVERY = 0.25
"""Seconds between two looks at a database that doesn't tell by itself."""

PATIENCE = 0.9
"""Seconds after which what was seen there is too old to go by."""

AGAIN = 1.0
"""Seconds until a listener that was lost is tried again."""

log = logging.getLogger("isnad.cache")


class LogFollower:
    """How far the log and the clock have been followed."""

    def __init__(self) -> None:
        self.head, self.boundary = -1, NEVER
        self.latest = 0.0
        self.why: Why = "ok"

    def begin(self, drop: Dropping) -> None:
        self.drop = drop

    def look(self, now: float) -> bool:
        """Report what has happened until now; return whether cached responses may be used."""
        if now < self.latest:
            self.why = "clock"
            return False
        self.latest = now
        return self.knows(now)

    def knows(self, now: float) -> bool:
        raise NotImplementedError

    async def catch_up(self) -> bool:
        """Wait if cached responses can be used again in a moment; return whether to check again."""
        return False

    def apply_news(self, news: Sequence[Any], now: float, terms: Sequence[Any] | None) -> None:
        """Drop what these rows of `surrogate_keys.NEWS` and the clock have changed, and record
        how far the log was read. `terms`: those of the changed stories, if they are few."""
        head, moment = news[0][:2]
        rows = rows_in(news)
        whole = 0 <= self.head <= head and len(rows) <= surrogate_keys.MOST
        keys = surrogate_keys.keys_of(rows) if whole else None
        if keys is not None and terms is not None:
            keys = surrogate_keys.narrowed(keys, [row[0] for row in terms])
        if keys is not None and now >= self.boundary:
            keys.update(BY_CLOCK)
        if keys is None or keys:
            self.drop(keys)
        following = from_column(moment)
        self.boundary = following.timestamp() if following else NEVER
        self.head = head

    async def start(self) -> None:
        """Begin to watch."""

    async def stop(self) -> None:
        """Watch no longer."""


class SQLiteWatch(LogFollower):
    """Asks the file itself, each time: whether anything was written, a number in memory says."""

    def __init__(self, reader: SQLiteReader) -> None:
        super().__init__()
        self.reader = reader
        self.connection: sqlite3.Connection | None = None
        self.version = -1

    def knows(self, now: float) -> bool:
        try:
            connection = self.connection or self.open()
            [(version,)] = connection.execute("PRAGMA data_version").fetchall()
            if version != self.version or now >= self.boundary:
                at = datetime.fromtimestamp(now, UTC)
                news = self.asked(connection, surrogate_keys.NEWS, known=self.head, now=at)
                ids, terms = few_changed(news), None
                if ids is not None:
                    sql = surrogate_keys.terms_of(self.reader.dialect)
                    terms = self.asked(connection, sql, ids=ids) if ids else []
                self.apply_news(news, now, terms)
                self.version = version
        except sqlite3.Error:
            self.close()
            self.why = "unreachable"
            return False
        self.why = "ok"
        return True

    def asked(self, connection: sqlite3.Connection, sql: str, **values: Any) -> list[Any]:
        sql, bound = self.reader.dialect.bind(sql, values)
        return connection.execute(sql, bound).fetchall()

    def open(self) -> sqlite3.Connection:
        """A connection of its own: what it says of itself is what others have written."""
        self.connection = self.reader.connect(timeout=0)
        self.version = -1
        return self.connection

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    async def stop(self) -> None:
        self.close()


class PostgreSQLWatch(LogFollower):
    """Asks the database four times a second, and at once when a listener or a writer of this process
    says that there is something new. What was seen too long ago is nothing to go by."""

    def __init__(self, reader: PostgreSQLReader, url: str) -> None:
        super().__init__()
        self.reader, self.url, self.rows = reader, url, reader.rows
        self.expected = 0
        """The row that a writer of this process has committed."""
        self.own = -1
        """The last that one is about to commit: of that it will tell more than a notice does."""
        self.seen = -PATIENCE
        self.failed = False
        self.tasks: list[asyncio.Task[None]] = []

    def knows(self, now: float) -> bool:
        if time.monotonic() - self.seen >= PATIENCE:
            self.why = "unreachable" if self.failed else "behind"
            return False
        self.why = "ok"
        if self.expected > self.head or now >= self.boundary:
            self.known.clear()
            self.hurry.set()
            return False
        return True

    async def catch_up(self) -> bool:
        """Wait until what a writer of this process has committed is seen: if all who ask meanwhile
        were let through, the question for it would stand behind theirs."""
        if self.why != "ok":
            return False
        with contextlib.suppress(TimeoutError):
            return await asyncio.wait_for(self.known.wait(), EVERY)
        return False

    def announced(self, head: int) -> None:
        self.own = head

    def committed(self, news: Appended) -> None:
        """Apply a commit of this process. Called in the writer's thread before its response, so
        every later request sees it."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody asks any more
            self.loop.call_soon_threadsafe(self.take, news)

    def take(self, news: Appended) -> None:
        """Apply changes that this process committed, without a query, if no other change lies in
        between. Transitions by the clock still need a query."""
        now, boundary = time.time(), self.boundary
        if news.head <= self.head:
            return
        if news.before != self.head or now >= boundary:
            self.expected = max(self.expected, news.head)
            self.known.clear()
            self.hurry.set()
            return
        terms = None if news.terms is None else [(term,) for term in news.terms]
        self.apply_news([(news.head, news.moment, *row) for row in news.rows], now, terms)
        self.boundary = min(self.boundary, boundary)

    def heard(self, payload: str) -> None:
        """Handle a notification of a commit; one of this process has been applied already."""
        if payload != str(self.own) and payload != str(self.head):
            self.hurry.set()

    async def start(self) -> None:
        self.loop, self.hurry = asyncio.get_running_loop(), asyncio.Event()
        self.known = asyncio.Event()
        WATCHING.setdefault(self.url, []).append(self)
        self.tasks = [asyncio.create_task(self.poll()), asyncio.create_task(self.listen())]

    async def stop(self) -> None:
        WATCHING[self.url].remove(self)
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def poll(self) -> None:
        while True:
            self.hurry.clear()
            try:
                await self.ask()
                self.failed = False
            except Exception as away:
                if not self.failed:
                    log.warning("the response cache stands aside: %s", type(away).__name__)
                self.failed = True
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.hurry.wait(), EVERY)

    async def ask(self) -> None:
        """Query the log's state; the result is as old as the start of the query."""
        began, now, expected, known = time.monotonic(), time.time(), self.expected, self.head
        values = {"known": known, "now": datetime.fromtimestamp(now, UTC)}
        news = await asyncio.wait_for(self.rows(surrogate_keys.NEWS, values), PATIENCE)
        ids, terms = few_changed(news), None
        if ids is not None:
            sql = surrogate_keys.terms_of(self.reader.dialect)
            terms = await asyncio.wait_for(self.rows(sql, {"ids": ids}), PATIENCE) if ids else []
        if self.head == known or news[0][0] >= self.head:  # else a writer has told more meanwhile
            self.apply_news(news, now, terms)
        self.seen = began
        self.known.set()
        if self.head < expected:  # the database was put back to an earlier state
            self.expected = self.head

    async def listen(self) -> None:
        """Hear of the log's rows when they are committed. It only hurries: without it, four times a
        second is enough."""
        import asyncpg

        while True:
            with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await self.hear()
            await asyncio.sleep(AGAIN)

    async def hear(self) -> None:
        import asyncpg

        settings = {"options": dialects.session_options(self.url)}
        connection = await asyncpg.connect(self.reader.url, server_settings=settings)
        gone = asyncio.Event()
        try:
            connection.add_termination_listener(lambda _: gone.set())
            await connection.add_listener(CHANNEL, lambda *heard: self.heard(heard[-1]))
            await gone.wait()
        finally:
            connection.terminate()


def rows_in(news: Sequence[Any]) -> list[Any]:
    """Return the rows of the log in a result of `surrogate_keys.NEWS`."""
    return [row[2:] for row in news if row[2] is not None]


def few_changed(news: Sequence[Any]) -> list[str] | None:
    """The stories that changed; None for too many to look at."""
    ids = surrogate_keys.changed(rows_in(news))
    return ids if len(ids) <= surrogate_keys.FEW else None


def watch_of(db: Database) -> LogFollower:
    """The watch over a database."""
    if isinstance(db.reader, PostgreSQLReader):
        return PostgreSQLWatch(db.reader, db.settings.database_url)
    assert isinstance(db.reader, SQLiteReader)
    return SQLiteWatch(db.reader)
