"""asyncpg connections, lent to one reader after the other.

asyncpg's own pool costs more than a small statement does: it resets, shields and times what only reads,
and has nothing to reset.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg

from app.models.base import postgresql_time

if TYPE_CHECKING:
    Lent: TypeAlias = asyncpg.Connection[asyncpg.Record]
else:
    Lent = asyncpg.Connection  # which takes no parameter when it is run
CLOSING = 5.0
"""Seconds that a connection has to end what it was told to stop."""


class Connections:
    """At most so many at once; whoever comes when all are lent waits for one, in turn."""

    def __init__(self, url: str, most: int, settings: Mapping[str, str]) -> None:
        self.url, self.left, self.settings = url, most, dict(settings)
        self.idle: list[Lent] = []
        self.waiting: deque[asyncio.Future[Lent | None]] = deque()
        self.ending: set[asyncio.Task[None]] = set()

    async def fetch(self, sql: str, bound: Sequence[Any]) -> Sequence[Sequence[Any]]:
        """Rows. A connection whose statement was cancelled goes: its end is nobody's business."""
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

    async def take(self) -> Lent:
        """One that is idle, or one more, or what the first who has one gives back."""
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
            return await connected(self.url, self.settings)
        except BaseException:
            self.give(None)
            raise

    @cached_property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop that these connections belong to; asyncio looks for it with a system call."""
        return asyncio.get_running_loop()

    async def turn(self) -> Lent | None:
        """Wait for a connection, or for the place of one that is gone."""
        mine = self.loop.create_future()
        self.waiting.append(mine)
        try:
            return await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():
                self.give(mine.result())  # it was for me: the next in turn has it
            raise

    def give(self, connection: Lent | None) -> None:
        """Hand a connection, or the place of one that is gone, to the next in turn: left for whoever
        comes first, it would go to who asks without a pause, and the next would wait again."""
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

    def drop(self, connection: Lent) -> None:
        """Let a connection end what it was told to stop, and close."""
        ending = self.loop.create_task(self.end(connection))
        self.ending.add(ending)
        ending.add_done_callback(self.ending.discard)

    async def end(self, connection: Lent) -> None:
        with contextlib.suppress(Exception):
            await connection.close(timeout=CLOSING)
        self.give(None)

    async def close(self) -> None:
        for connection in self.idle:
            await connection.close(timeout=CLOSING)
        self.idle.clear()
        await asyncio.gather(*self.ending, return_exceptions=True)


async def connected(url: str, settings: Mapping[str, str]) -> Lent:
    """A connection that gives times as they come: `from_column` reads them. A page has one of each
    story, of which a cursor needs the last, and to make them all is a tenth of its cost."""
    connection = await asyncpg.connect(url, server_settings=dict(settings))
    await connection.set_type_codec(
        "timestamptz", schema="pg_catalog", format="binary", encoder=postgresql_time, decoder=bytes
    )
    return connection
