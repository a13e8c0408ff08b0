"""Database time of one request: reported in Server-Timing, limited, cancelled when the client
disconnects."""

import asyncio
import time
from collections.abc import Coroutine
from contextvars import ContextVar
from typing import Any, TypeVar

from starlette.types import Receive

Result = TypeVar("Result")


class ClientGone(BaseException):
    """The client disconnected: send no response and report no failure."""


class DatabaseTime:
    """Count the statements of one request and the seconds they took; `receive` reports a disconnect."""

    __slots__ = ("began", "receive", "seconds", "statements")

    def __init__(self, receive: Receive) -> None:
        self.receive, self.statements, self.seconds = receive, 0, 0.0
        self.began: float | None = None

    def add(self, seconds: float) -> None:
        self.statements += 1
        self.seconds += seconds

    @property
    def server_timing(self) -> bytes:
        """The value of `Server-Timing`, in milliseconds (W3C Server Timing, section 2). The number of
        statements is left out: it can depend on what the caller may not see."""
        return b"db;dur=%.1f" % (self.seconds * 1000)


SPENT: ContextVar[DatabaseTime | None] = ContextVar("spent", default=None)


def begin() -> None:
    """Limit the statements of this request together from here on, for a query that takes several;
    without it each statement has its own limit."""
    if spent := SPENT.get():
        spent.began = time.perf_counter()


def seconds_left(ceiling: float) -> float:
    """Return the seconds that the next statement of this request may take."""
    spent = SPENT.get()
    if spent is None or spent.began is None:
        return ceiling
    return max(0.0, ceiling - (time.perf_counter() - spent.began))


async def cancel_on_disconnect(work: Coroutine[Any, Any, Result]) -> Result:
    """Return the result of `work`; if the client disconnects first, cancel it and raise
    `ClientGone`."""
    spent = SPENT.get()
    if spent is None:
        return await work
    asked = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(disconnected(spent.receive))
    try:
        await asyncio.wait((asked, gone), return_when=asyncio.FIRST_COMPLETED)
        if not asked.done():
            raise ClientGone
        return asked.result()
    finally:
        gone.cancel()
        asked.cancel()


async def disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
