"""Connections that come at once are taken at once."""

import asyncio
import socket
from collections.abc import Iterator
from typing import cast

import pytest
import uvicorn
import uvloop
from starlette.types import Receive, Scope, Send
from uvicorn.config import STARTUP_FAILURE

from app.server import AT_ONCE, listeners, serve

Sockets = list[socket.socket]


@pytest.fixture
def bound() -> Iterator[socket.socket]:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        yield one


async def turns(sockets: Sockets, callers: int) -> list[int]:
    """In which turn of the event loop each of so many connections is taken that came before it."""
    loop, turn, taken = asyncio.get_running_loop(), 0, list[int]()

    class Taking(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            taken.append(turn)
            cast(asyncio.Transport, transport).abort()

    for one in sockets:
        await loop.create_server(Taking, sock=one)
    called = [socket.create_connection(sockets[0].getsockname()) for _ in range(callers)]
    while len(taken) < callers:
        turn += 1
        await asyncio.sleep(0)
    for one in called:
        one.close()
    return taken


def test_simultaneous_connections_are_accepted_in_few_turns(bound: socket.socket) -> None:
    together = uvloop.run(turns(listeners(bound, 1), 4 * AT_ONCE))
    assert together[-1] - together[0] <= 8


def test_one_listener_accepts_one_connection_per_turn(bound: socket.socket) -> None:
    """Why there are more: where this fails, they are needed no longer."""
    alone = uvloop.run(turns([bound], 4 * AT_ONCE))
    assert alone[-1] - alone[0] >= 4 * AT_ONCE - 1


def test_a_failed_start_is_reported_to_the_parent_process() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no database"})

    config = uvicorn.Config(app, port=0, lifespan="on", log_level="critical")
    with pytest.raises(SystemExit) as ended:
        serve(config)
    assert ended.value.code == STARTUP_FAILURE


def test_several_processes_share_the_listeners(bound: socket.socket) -> None:
    for processes, each in ((1, AT_ONCE), (2, AT_ONCE // 2), (3, AT_ONCE // 3), (50, 1)):
        made = listeners(bound, processes)
        assert len(made) == each and made[0] is bound
        assert {one.getsockname() for one in made} == {bound.getsockname()}
        for one in made[1:]:
            one.close()
