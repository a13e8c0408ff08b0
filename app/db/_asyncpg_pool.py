"""A pool of asyncpg connections for reading. asyncpg's own pool costs more than a small
statement: it resets, shields and times connections, which read-only ones do not need."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg

from app.models.base import postgresql_time

if TYPE_CHECKING:
    PooledConnection: TypeAlias = asyncpg.Connection[asyncpg.Record]
else:
    PooledConnection = asyncpg.Connection  # which takes no parameter when it is run
CLOSING = 5.0
"""Seconds that a connection has to end what it was told to stop."""


class ConnectionPool:
    """A limited number of connections. When all are in use, requests wait in order of arrival."""

    def __init__(self, url: str, most: int, settings: Mapping[str, str]) -> None:
        self.url, self.left, self.settings = url, most, dict(settings)
        self.idle: list[PooledConnection] = []
        self.waiting: deque[asyncio.Future[PooledConnection | None]] = deque()
        self.ending: set[asyncio.Task[None]] = set()

    async def fetch(self, sql: str, bound: Sequence[Any]) -> Sequence[Sequence[Any]]:
        """Run a statement and return its rows. The connection of a cancelled statement is closed."""
        there = self.idle and not self.idle[-1].is_closed()
        connection = self.idle.pop() if there else await self.take()
        try:
            rows: Sequence[Sequence[Any]] = await connection.fetch(sql, *bound)
        except asyncpg.PostgresError:
            self.give(connection)
            raise
        except BaseException:
            self.drop(connection)
            raise
        self.give(connection)
        return rows

    async def take(self) -> PooledConnection:
        """Return an idle connection, a new one, or the next one that is returned."""
        while self.idle:
            connection = self.idle.pop()
            if not connection.is_closed():
                return connection
            self.left += 1
        if self.left:
            self.left -= 1
        elif (given := await self.turn()) and not given.is_closed():
            return given
        try:
            return await connect(self.url, self.settings)
        except BaseException:
            self.give(None)
            raise

    @cached_property
    def loop(self) -> asyncio.AbstractEventLoop:
        """Return the event loop of these connections; asyncio finds it with a system call."""
        return asyncio.get_running_loop()

    async def turn(self) -> PooledConnection | None:
        """Wait for a connection; None: there is room for a new one."""
        mine = self.loop.create_future()
        self.waiting.append(mine)
        try:
            return await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():
                self.give(mine.result())  # it was for me: the next in turn has it
            raise

    def give(self, connection: PooledConnection | None) -> None:
        """Pass a connection, or the room for a new one (None), to the request that waits longest.
        An idle list would favour a busy client over the one that waits."""
        given = None if connection is None or connection.is_closed() else connection
        while self.waiting:
            one = self.waiting.popleft()
            if not one.done():
                one.set_result(given)
                return
        if given:
            self.idle.append(given)
        else:
            self.left += 1

    def drop(self, connection: PooledConnection) -> None:
        """Close a connection in the background, after its cancelled statement has ended."""
        ending = self.loop.create_task(self.end(connection))
        self.ending.add(ending)
        ending.add_done_callback(self.ending.discard)

    async def end(self, connection: PooledConnection) -> None:
        with contextlib.suppress(Exception):
            await connection.close(timeout=CLOSING)
        self.give(None)

    async def close(self) -> None:
        for connection in self.idle:
            await connection.close(timeout=CLOSING)
        self.idle.clear()
        await asyncio.gather(*self.ending, return_exceptions=True)


async def connect(url: str, settings: Mapping[str, str]) -> PooledConnection:
    """Open a connection that returns times as raw bytes, which `from_column` converts. A page has
    a time for each story, but needs only the last; converting all is a tenth of its cost."""
    connection = await asyncpg.connect(url, server_settings=dict(settings))
    await connection.set_type_codec(
        "timestamptz", schema="pg_catalog", format="binary", encoder=postgresql_time, decoder=bytes
    )
    return connection
