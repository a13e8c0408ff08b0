"""A client for load: some kept connections, each asking again as soon as it is answered."""

import asyncio
import time
from collections.abc import Callable
from typing import cast
from urllib.parse import urlsplit

import uvloop

CONNECTIONS = 16


class Asking(asyncio.Protocol):
    """One connection. Every answer to one URL has the same length, so bytes are counted, not read;
    the first answer is read whole, and must have the status."""

    def __init__(self, request: bytes, status: int, counts: list[int]) -> None:
        self.request, self.status, self.counts = request, status, counts
        self.first, self.size, self.left = b"", -1, 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        if self.size < 0:
            self.learn(data)
            return
        if not self.left:
            data, self.first = self.first + data, b""
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self.first = data
                return
            self.left = end + 4 + self.size
        self.left -= len(data)
        if self.left <= 0:
            self.answered()

    def learn(self, data: bytes) -> None:
        self.first += data
        head, parted, body = self.first.partition(b"\r\n\r\n")
        if not parted:
            return
        if not head.startswith(b"HTTP/1.1 %d" % self.status):
            raise SystemExit(f"the load met an answer that is not {self.status}: {head[:200]!r}")
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        size = int(fields.get(b"content-length", 0))
        if len(body) >= size:
            self.size, self.first = size, b""
            self.answered()

    def answered(self) -> None:
        self.left = 0
        self.counts[0] += 1
        self.transport.write(self.request)


class Answers(asyncio.Protocol):
    """A connection whose answers may differ in length: each is read whole, and must be 200."""

    held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.ask()

    def data_received(self, data: bytes) -> None:
        self.held += data
        head, parted, body = self.held.partition(b"\r\n\r\n")
        if not parted:
            return
        at = head.lower().index(b"content-length: ") + 16
        if len(body) >= int(head[at : at + 12].split(b"\r")[0]):
            if not head.startswith(b"HTTP/1.1 200"):
                raise SystemExit(f"the load met an answer that is not 200: {head[:200]!r}")
            self.held = b""
            self.answered()

    def ask(self) -> None:
        """Send what is to be asked next."""
        raise NotImplementedError

    def answered(self) -> None:
        """Take note of an answer, and go on."""
        raise NotImplementedError


class Awake:
    """Keeps the load's core from sleeping between two answers where nobody else wants it: on a virtual
    machine the server pays for each waking, some 15 µs, unless it is so fast that the load never
    sleeps, as the bare one is."""

    wanted = False
    """Set for the houses whose database isn't a server, which would want that core."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop, self.on = loop, self.wanted
        self.again()

    def again(self) -> None:
        if self.on:
            self.loop.call_soon(self.again)


async def asked(
    url: str, seconds: float, known: str | None, meter: Callable[[], float]
) -> tuple[float, float]:
    """Answers a second, and how far the meter went for each."""
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    condition = f"If-None-Match: {known}\r\n" if known else ""
    request = f"GET {target} HTTP/1.1\r\nHost: {parts.netloc}\r\n{condition}\r\n".encode()
    counts = [0]
    loop = asyncio.get_running_loop()
    opened = [
        await loop.create_connection(
            lambda: Asking(request, 304 if known else 200, counts),
            parts.hostname or "",
            parts.port or 80,
        )
        for _ in range(CONNECTIONS)
    ]
    awake = Awake(loop)
    await asyncio.sleep(min(1.0, seconds / 3))  # warm
    began, before, stood = time.perf_counter(), counts[0], meter()
    await asyncio.sleep(seconds)
    awake.on = False
    count, took, went = counts[0] - before, time.perf_counter() - began, meter() - stood
    for transport, _ in opened:
        transport.abort()
    return count / took, went / max(count, 1)


def rate(url: str, seconds: float, known: str | None = None) -> float:
    """Answers a second; to those who have this ETag, 304."""
    return uvloop.run(asked(url, seconds, known, time.perf_counter))[0]


def cost(url: str, seconds: float, meter: Callable[[], float]) -> float:
    """How far a meter goes for each answer."""
    return uvloop.run(asked(url, seconds, None, meter))[1]
