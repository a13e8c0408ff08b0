"""Limits on requests that are still arriving and on responses that are not read, for one process.
docs/limits.md

One sweep a second checks the incomplete connections; none has a timer of its own. No limit counts
by address: behind a proxy or a mobile network many clients share one.
"""

import asyncio
import resource
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from uvicorn.server import ServerState

HEAD_SECONDS = 15.0
"""From the first byte of a request's head, or from the start of the connection, to the head's end."""
BODY_SECONDS, BODY_RATE = 30.0, 2_000
"""A body arrives within so many seconds, and one more for each so many bytes that have arrived."""
UNREAD_SECONDS = 30.0
"""In which a client reads what waits to be sent, and one more for each `BODY_RATE` bytes of it."""
LINGER_SECONDS = 2.0
"""In which a refused client may read why and stop sending. RFC 9112 section 9.6."""
SWEEP_SECONDS = 1.0
MOST_INCOMPLETE = min(1000, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2)
"""Connections of the process whose request has not arrived completely."""
MOST_REFUSED = 200
"""Refused connections that are not closed yet."""
MOST_HELD = 64_000_000
"""Bytes of heads and bodies that the process holds at once, each until its request is answered."""
MOST_DRAINED = 30_000_000
"""Bytes of a body that are read and dropped after its request was answered."""
RANKED = 100
"""How many of the slowest connections are found in one search for them."""


class Connection(Protocol):
    """What `Intake` needs of a connection and of the request that arrives on it."""

    transport: asyncio.Transport
    since: float
    """When the part of the request began that arrives now, by the loop's clock."""
    held: int
    """Bytes of unanswered requests."""

    @property
    def part(self) -> Any:
        """Identify the part (head or body) that is arriving; None if nothing is missing."""

    @property
    def reading(self) -> bool:
        """Return False while the server itself has paused reading."""

    @property
    def is_answered(self) -> bool:
        """Return whether all complete requests have their response."""

    @property
    def seconds(self) -> float:
        """Return how long this part may take, given what has arrived of it."""

    def end_late(self) -> None: ...
    def end_for_others(self) -> None: ...


class Intake:
    """The incomplete connections of one process."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.incomplete: dict[Connection, Any] = {}
        """Each with the part of a request that it waits for."""
        self.unread: dict[Connection, float] = {}
        """Connections whose client does not read, each with the time until which it has to."""
        self.refused: dict[Connection, float] = {}
        """Connections that are closed as soon as their client has read why, or at this time."""
        self.held = 0
        self.swept: float | None = None
        """When the time until the next sweep began; None while none is due."""
        self.ranking: list[tuple[Connection, Any]] = []

    def note(self, connection: Connection) -> None:
        """Track what a connection waits for; call it after each change."""
        part = connection.part
        if part is None:
            self.incomplete.pop(connection, None)
            return
        if self.incomplete.get(connection) != part:
            connection.since = self.loop.time()
            self.incomplete[connection] = part
            self.start()
            if len(self.incomplete) > MOST_INCOMPLETE:
                self.drop_slowest()
        while self.held > MOST_HELD and self.drop_slowest(self.held // len(self.incomplete) // 2):
            if not self.incomplete:
                break

    def wait_for_reader(self, connection: Connection) -> None:
        """Start the time limit for a client to read what waits to be sent."""
        waiting = connection.transport.get_write_buffer_size()
        self.unread[connection] = self.loop.time() + UNREAD_SECONDS + waiting / BODY_RATE
        self.start()

    def linger(self, connection: Connection) -> None:
        """Start the time limit for a client to read an error before the connection is closed. The
        number of such clients is limited."""
        self.incomplete.pop(connection, None)
        self.refused[connection] = self.loop.time() + LINGER_SECONDS
        self.start()
        if len(self.refused) > MOST_REFUSED:
            next(iter(self.refused)).transport.abort()

    def forget(self, connection: Connection) -> None:
        """Stop tracking a closed connection."""
        self.incomplete.pop(connection, None)
        self.refused.pop(connection, None)
        self.unread.pop(connection, None)

    def start(self) -> None:
        """Schedule a sweep in a second, unless one is scheduled."""
        if self.swept is None:
            self.swept = self.loop.time()
            self.loop.call_later(SWEEP_SECONDS, self.sweep)

    def sweep(self) -> None:
        """End every connection that has used up its time."""
        now = self.loop.time()
        passed, self.swept = now - (self.swept or now), None
        for connection in list(self.incomplete):
            if not connection.reading:
                connection.since += passed
            elif self.used(connection, now) >= 1:
                connection.end_late()
        late = [one for one, until in self.unread.items() if now >= until]
        late += [one for one, until in self.refused.items() if now >= until and one.is_answered]
        for connection in late:
            connection.transport.abort()
        if self.incomplete or self.refused or self.unread:
            self.start()

    def used(self, connection: Connection, now: float) -> float:
        """Return the share of its time that a connection has used."""
        return (now - connection.since) / connection.seconds

    def drop_slowest(self, holding: int = 0) -> bool:
        """End the connection that has used the largest share of its time, among those with at
        least `holding` bytes. Returns False if there is none."""
        for _ in range(2):
            while self.ranking:
                connection, part = self.ranking.pop()
                if self.incomplete.get(connection) == part and connection.held >= holding:
                    connection.end_for_others()
                    return True
            self.rank(holding)
        return False

    def rank(self, holding: int) -> None:
        """Sort the slowest connections, the slowest last. Among equals the one that connected
        first counts as slowest."""
        now = self.loop.time()
        found = [one for one in self.incomplete.items() if one[0].held >= holding]
        found.sort(key=lambda one: self.used(one[0], now), reverse=True)
        self.ranking = found[:RANKED][::-1]


INTAKES: WeakKeyDictionary[ServerState, Intake] = WeakKeyDictionary()


def intake_of(state: ServerState, loop: asyncio.AbstractEventLoop) -> Intake:
    """Return the `Intake` of a server process, created on first use."""
    found = INTAKES.get(state)
    if found is None:
        found = INTAKES[state] = Intake(loop)
    return found
