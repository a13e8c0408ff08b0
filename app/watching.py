"""What the response cache is told: how far the log is, what it names, when the clock changes something.

It stands aside (`why` says so to `/readyz`) where that can't be told: the database can't be asked, or
the clock was put back, so that moments may come again which the log has had.
"""

import sqlite3
from datetime import UTC, datetime
from typing import Any, Literal

from app.db import SQLiteReader
from app.models.base import from_column
from app.queries import touched
from app.response_cache import Dropping
from app.shelf import NEVER

Why = Literal["ok", "unreachable", "behind", "clock"]
BY_CLOCK = ("articles", "changes")
"""What a moment that passes may change, beside answers that end with it."""


class SQLiteWatch:
    """Asks the file itself, each time: whether anything was written, a number in memory says."""

    def __init__(self, reader: SQLiteReader) -> None:
        self.reader = reader
        self.connection: sqlite3.Connection | None = None
        self.head, self.boundary = -1, NEVER
        self.version, self.latest = -1, 0.0
        self.why: Why = "ok"

    def begin(self, drop: Dropping) -> None:
        self.drop = drop

    def look(self, now: float) -> bool:
        if now < self.latest:
            self.why = "clock"
            return False
        self.latest = now
        try:
            connection = self.connection or self.open()
            [(version,)] = connection.execute("PRAGMA data_version").fetchall()
            if version != self.version or now >= self.boundary:
                self.catch_up(connection, now)
                self.version = version
        except sqlite3.Error:
            self.close()
            self.why = "unreachable"
            return False
        self.why = "ok"
        return True

    def open(self) -> sqlite3.Connection:
        """A connection of its own: what it says of itself is what others have written."""
        self.connection = self.reader.connect(timeout=0)
        self.version = -1
        return self.connection

    def catch_up(self, connection: sqlite3.Connection, now: float) -> None:
        """Tell what the log has had since, all of one moment."""
        connection.execute("BEGIN")
        try:
            rows = self.rows(connection, touched.ROWS, known=self.head)
            [(head, moment)] = self.rows(
                connection, touched.NOW, now=datetime.fromtimestamp(now, UTC)
            )
        finally:
            connection.execute("COMMIT")
        told(self, rows, head, moment, now)

    def rows(self, connection: sqlite3.Connection, sql: str, **values: Any) -> list[Any]:
        sql, bound = self.reader.dialect.bind(sql, values)
        return connection.execute(sql, bound).fetchall()

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None


def told(watch: SQLiteWatch, rows: list[Any], head: int, moment: Any, now: float) -> None:
    """Drop what these rows name, and what the clock has changed; know how far that goes."""
    known = 0 <= watch.head <= head and len(rows) <= touched.MOST
    keys = touched.keys_of(rows) if known else None
    if keys is not None and now >= watch.boundary:
        keys.update(BY_CLOCK)
    if keys is None or keys:
        watch.drop(keys)
    watch.head = head
    following = from_column(moment)
    watch.boundary = following.timestamp() if following else NEVER
