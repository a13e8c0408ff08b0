"""Requests that do not end, bodies that drip, clients that do not read: each is bounded, and ended
with a problem where that is possible."""

import asyncio
import contextlib
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import Mock

import pytest
import uvicorn
from starlette.types import Message, Receive, Scope, Send

from app.http import bounded_protocol, intake
from app.http.bounded_protocol import LARGEST_HEAD, MOST_HEADERS, MOST_PIPELINED, BoundedProtocol
from app.server import Protocol
from tests.conftest import Client

GET = b"GET / HTTP/1.1\r\nHost: a\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\n"


@dataclass
class Small:
    """A small application: it reads the body, tells its size, and answers `/large` with 20 MB."""

    port: int = 0
    scopes: list[Scope] = field(default_factory=list)
    connections: list[BoundedProtocol] = field(default_factory=list)
    held: threading.Event = field(default_factory=threading.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        self.scopes.append(scope)
        body = b""
        if scope["path"] != "/unread":
            body = await self.body(receive)
        while scope["path"] == "/held" and not self.held.is_set():
            await asyncio.sleep(0.01)
        answer = b"x" * 20_000_000 if scope["path"] == "/large" else b"%d" % len(body)
        head = [(b"content-length", b"%d" % len(answer))]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": answer})

    async def body(self, receive: Receive) -> bytes:
        found, more = b"", True
        while more:
            message: Message = await receive()
            found += message.get("body", b"")
            more = message.get("more_body", False)
        return found

    @property
    def intake(self) -> intake.Intake:
        return self.connections[0].intake


@pytest.fixture
def small() -> Iterator[Small]:
    made = Small()

    class Seen(Protocol):
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            made.connections.append(self)

    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    made.port = listening.getsockname()[1]
    config = uvicorn.Config(made, http=Seen, lifespan="off", log_level="critical")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    eventually(lambda: server.started)
    yield made
    made.held.set()
    server.should_exit = server.force_exit = True
    thread.join(10)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deadlines of half a second."""
    for name in ("HEAD_SECONDS", "BODY_SECONDS", "UNREAD_SECONDS", "LINGER_SECONDS"):
        monkeypatch.setattr(intake, name, 0.5)
    monkeypatch.setattr(intake, "SWEEP_SECONDS", 0.05)
    monkeypatch.setattr(intake, "BODY_RATE", 1_000_000_000)


def eventually(holds: Callable[[], object]) -> None:
    until = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < until, "it never came to hold"
        time.sleep(0.01)


@contextlib.contextmanager
def connected(port: int, sent: bytes = b"") -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as made:
        with contextlib.suppress(OSError):  # who is refused early is cut off while it sends
            made.sendall(sent)
        yield made


def rest(connection: socket.socket) -> bytes:
    """What comes until the server closes."""
    found = b""
    with contextlib.suppress(ConnectionResetError):
        while part := connection.recv(65_536):
            found += part
    return found


def asked(port: int, sent: bytes) -> bytes:
    with connected(port, sent) as made:
        return rest(made)


def statuses(answers: bytes) -> list[int]:
    return [int(one) for one in re.findall(rb"HTTP/1\.1 (\d+) ", answers)]


def problem(answer: bytes, status: int) -> dict[str, Any]:
    """The problem that ends a connection."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert statuses(answer) == [status], answer[:300]
    assert b"content-type: application/problem+json" in head and b"connection: close" in head
    found: dict[str, Any] = json.loads(body)
    assert found["status"] == status and found["request_id"] in head.decode()
    return found


def head_of(size: int) -> bytes:
    """A head of so many bytes."""
    return GET + b"X: " + b"a" * (size - len(GET) - 7) + b"\r\n\r\n"


def test_a_too_large_request_head_is_431(small: Small) -> None:
    close = b"Connection: close\r\n\r\n"
    whole = GET + b"X: " + b"a" * (LARGEST_HEAD - len(GET) - 5 - len(close)) + b"\r\n" + close
    assert len(whole) == LARGEST_HEAD
    assert statuses(asked(small.port, whole)) == [200]
    assert problem(asked(small.port, head_of(LARGEST_HEAD + 1)), 431)["code"] == "head-too-large"


@pytest.mark.parametrize(
    "endless",
    [
        b"GET /" + b"a" * 300_000,
        GET + b"X" * 300_000,
        GET + b"X: " + b"a" * 300_000,
        GET + b"X: a\r\n" * 50_000,
        GET + b"X:\r\n" * (MOST_HEADERS + 1) + b"\r\n",
        b"\r\n" * 150_000,
        POST + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"a" * 300_000,
        POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n" + b"X: a\r\n" * 50_000,
    ],
    ids=["address", "name", "value", "headers", "count", "line ends", "extension", "trailers"],
)  # fmt: skip
def test_endless_input_is_refused_while_it_arrives(small: Small, endless: bytes) -> None:
    assert problem(asked(small.port, endless), 431)
    assert b"chunked" in endless or not small.scopes, "no application sees it"
    eventually(lambda: not small.intake.incomplete and not small.intake.held)


def test_bytes_that_arrive_one_by_one_are_counted_too(small: Small) -> None:
    with connected(small.port, GET) as made:
        for _ in range(70):
            with contextlib.suppress(OSError):
                made.sendall(b"X: " + b"a" * 995 + b"\r\n")
                time.sleep(0.001)
        assert problem(rest(made), 431)


def test_trailers_do_not_become_headers(small: Small) -> None:
    sent = b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\nX-Late: yes\r\n\r\n"
    assert statuses(asked(small.port, POST + sent)) == [200]
    assert not [name for name, _ in small.scopes[0]["headers"] if name == b"x-late"]


def test_bodies_of_any_framing_arrive_whole(small: Small) -> None:
    """Whatever is in them: ends of heads, whole requests."""
    body = (b"\r\n\r\n" * 300 + GET + b"\r\n" + bytes(range(256))) * 500
    for start in (0, 1, 3):
        part = body[start:]
        with connected(small.port, POST + b"Content-Length: %d\r\n\r\n" % len(part) + part) as made:
            made.sendall(POST + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n")
            for at in range(0, len(part), 50_000):
                piece = part[at : at + 50_000]
                made.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
            made.sendall(b"0\r\n\r\n")
            answers = rest(made)
        assert statuses(answers) == [200, 200]
        assert answers.count(b"\r\n\r\n%d" % len(part)) == 2


def test_pipelined_requests_beyond_the_limit_are_not_read(small: Small) -> None:
    """All are answered in their order; few are begun before that."""
    paths = [b"/held", *(b"/%d" % number for number in range(400)), b"/last"]
    sent = b"".join(b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n" % path for path in paths[:-1])
    sent += b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    with connected(small.port, sent) as made:
        eventually(lambda: small.connections and small.connections[0].unfed)
        assert len(small.connections[0].pipeline) <= MOST_PIPELINED + 1
        small.held.set()
        assert statuses(rest(made)) == [200] * len(paths)
    assert [scope["path"].encode() for scope in small.scopes] == paths


def test_an_upgrade_header_is_ignored(small: Small) -> None:
    upgrade = b"Connection: upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    sent = GET + upgrade + b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    assert statuses(asked(small.port, sent)) == [200]


def test_a_slow_request_head_times_out(small: Small, hurried: None) -> None:
    for sent in (b"G", GET, GET + b"X: a", b"\r\n"):
        assert problem(asked(small.port, sent), 408)["code"] == "request-timeout"
    assert asked(small.port, b"") == b"", "who asks nothing is told nothing"
    assert asked(small.port, GET + b"\r\n" + GET).count(b"HTTP/1.1") == 2, "the next one, too"


def test_a_slow_body_times_out(small: Small, hurried: None) -> None:
    for framing in (
        b"Content-Length: 1000\r\n\r\nabc",
        b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc",
    ):
        assert problem(asked(small.port, POST + framing), 408)
    unread = b"POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc"
    assert statuses(asked(small.port, unread)) == [200], "one that was answered is only closed"
    eventually(lambda: not small.intake.incomplete and not small.intake.held)


def test_a_body_that_keeps_the_minimum_rate_is_accepted(
    small: Small, hurried: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "BODY_RATE", 1000)
    with connected(small.port, POST + b"Connection: close\r\nContent-Length: 3000\r\n\r\n") as made:
        for _ in range(10):
            made.sendall(b"a" * 300)
            time.sleep(0.1)
        assert statuses(rest(made)) == [200]


def test_a_bad_pipelined_request_does_not_spoil_the_response_before_it(small: Small) -> None:
    for number, behind in enumerate((b"\0\0\0\r\n\r\n", b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000)):
        small.held.clear()
        with connected(small.port, b"GET /held HTTP/1.1\r\nHost: a\r\n\r\n" + behind) as made:
            while len(small.connections) == number:
                time.sleep(0.01)
            eventually(lambda: small.connections[-1].stage == bounded_protocol.REFUSED)
            small.held.set()
            assert statuses(rest(made)) == [200]


def test_beyond_the_limit_the_slowest_connection_is_ended(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.connections.clear()
    monkeypatch.setattr(intake, "MOST_INCOMPLETE", 20)
    with contextlib.ExitStack() as stack:

        def opened(sent: bytes) -> socket.socket:
            before = len(small.connections)
            made = stack.enter_context(connected(small.port, sent))
            eventually(lambda: len(small.connections) > before)
            part = bounded_protocol.HEAD
            eventually(lambda: small.connections[-1].stage >= part)
            return made

        oldest, *others = [opened(GET) for _ in range(20)]
        uploading = opened(POST + b"Content-Length: 9\r\n\r\n")
        assert problem(rest(oldest), 503)["code"] == "unavailable"
        second = opened(GET)
        assert problem(rest(others[0]), 503)
        for one in (*others[1:], second):
            one.sendall(b"Connection: close\r\n\r\n")
            assert statuses(rest(one)) == [200]
        uploading.sendall(b"123456789")
        assert uploading.recv(1000).startswith(b"HTTP/1.1 200")


def test_of_equally_slow_connections_the_first_is_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(intake, "MOST_INCOMPLETE", 2)
    loop = Mock(time=lambda: 7.0)
    opened = [Mock(since=7.0, held=0, seconds=15.0, part=0) for _ in range(3)]
    bounded = intake.Intake(loop)
    for connection in opened:
        bounded.note(connection)
    assert [one.end_for_others.call_count for one in opened] == [1, 0, 0]


def test_bytes_of_all_unanswered_bodies_are_limited(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.connections.clear()
    monkeypatch.setattr(intake, "MOST_HELD", 1_000_000)
    # three fit, also while one of them completes: its last bytes may arrive in pieces
    sent = POST + b"Content-Length: 320000\r\n\r\n" + b"a" * 300_000
    with contextlib.ExitStack() as stack:
        opened = [stack.enter_context(connected(small.port, sent)) for _ in range(8)]
        eventually(
            lambda: sum(one.stage == bounded_protocol.REFUSED for one in small.connections) >= 5
        )
        assert small.intake.held <= 1_000_000
        answers = []
        for one in opened:
            with contextlib.suppress(OSError):
                one.sendall(b"a" * 20_000)
            answers.append(one.recv(1000)[:12])
        assert answers.count(b"HTTP/1.1 200") == 3
        assert answers.count(b"HTTP/1.1 503") == 5
    eventually(lambda: not small.intake.incomplete and not small.intake.held)


def test_a_client_that_does_not_read_is_disconnected(small: Small, hurried: None) -> None:
    large = b"GET /large HTTP/1.1\r\nHost: a\r\n%b\r\n"
    for more in (b"", b"Connection: close\r\n"):
        with connected(small.port, large % more) as made:
            eventually(lambda: small.connections and small.connections[-1].intake.unread)
            eventually(lambda: not small.connections[-1].intake.unread)
            assert len(rest(made)) < 20_000_000


def test_a_steady_client_gets_a_large_response(small: Small) -> None:
    with connected(
        small.port, b"GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    ) as made:
        time.sleep(0.2)
        assert len(rest(made)) > 20_000_000
    eventually(lambda: not small.intake.unread)


def test_the_timer_stops_when_no_connection_waits(small: Small, hurried: None) -> None:
    asked(small.port, GET + b"Connection: close\r\n\r\n")
    eventually(lambda: small.intake.swept is None)
    assert not small.intake.incomplete and not small.intake.unread and not small.intake.held


def test_the_real_api_answers_the_same_under_limits(demo: Client) -> None:
    """In front of the real application; who has no key holds no bytes of a body."""
    port = demo.served.port
    told = problem(asked(port, head_of(LARGEST_HEAD + 1)), 431)
    path = told["type"][told["type"].index("/problems/") :]
    assert demo.get(path).status_code == 200, "its page is there"
    sent = (
        b"POST /v1/articles HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n" + b"a" * 500_000
    )
    with connected(port, sent) as made:
        assert made.recv(1000).startswith(b"HTTP/1.1 401")
        found = [one for one in demo.served.server.server_state.connections if one.body_bytes]  # type: ignore[union-attr]  # uvicorn types them as its own
        assert [one.held for one in found] == [0]  # type: ignore[union-attr]  # likewise
