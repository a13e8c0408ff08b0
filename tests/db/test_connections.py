"""Connections to PostgreSQL are lent in turn; none is lost, whatever becomes of who had it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from app.db._asyncpg_pool import ConnectionPool
from tests.support.databases import fresh_postgres

MOST = 3

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def url(postgres: str) -> str:
    return fresh_postgres(postgres).replace("postgresql+psycopg://", "postgresql://", 1)


@asynccontextmanager
async def lent(url: str) -> AsyncIterator[ConnectionPool]:
    made = ConnectionPool(url, MOST, {"statement_timeout": "5000"})
    yield made
    every = await asyncio.gather(*[made.fetch("SELECT $1::int", [n]) for n in range(20)])
    assert [row[0] for [row] in every] == list(range(20))  # all of them serve again
    while made.ending:
        await asyncio.sleep(0.01)
    assert made.left + len(made.idle) == MOST
    await made.close()


async def test_a_cancelled_request_stops_its_statement_and_frees_its_connection(url: str) -> None:
    async with lent(url) as made:
        slow = [asyncio.create_task(made.fetch("SELECT pg_sleep(60)", [])) for _ in range(5)]
        await asyncio.sleep(0.3)  # three run, two wait
        for one in slow:
            one.cancel()
        ended = await asyncio.gather(*slow, return_exceptions=True)
        assert [type(one) for one in ended] == [asyncio.CancelledError] * 5
    watch = await asyncpg.connect(url)
    running = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'"
    assert await watch.fetchval(f"{running} AND state = 'active'") == 0
    await watch.close()


async def test_a_request_that_leaves_the_queue_passes_its_turn_on(url: str) -> None:
    async with lent(url) as made:
        first = [asyncio.create_task(made.fetch("SELECT pg_sleep(.2)", [])) for _ in range(MOST)]
        await asyncio.sleep(0.1)
        waiting = [asyncio.create_task(made.fetch("SELECT 1", [])) for _ in range(4)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        await asyncio.wait_for(asyncio.gather(*first, *waiting[1:]), 5)


async def test_a_waiting_request_gets_the_connection_before_a_new_one(url: str) -> None:
    """However quickly: a reader that asks without a pause keeps nobody waiting longer than a turn."""
    made, turns = ConnectionPool(url, 1, {}), list[str]()

    async def ask(name: str, times: int) -> None:
        for _ in range(times):
            await made.fetch("SELECT pg_sleep(.01)", [])
            turns.append(name)

    await asyncio.gather(ask("a", 4), ask("b", 4), ask("c", 4))
    assert turns == ["a", "b", "c"] * 4
    await made.close()


async def test_broken_connections_are_replaced(url: str) -> None:
    async with lent(url) as made:
        await asyncio.gather(*[made.fetch("SELECT pg_sleep(.05)", []) for _ in range(MOST)])
        other = await asyncpg.connect(url)
        await other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await other.close()
        await asyncio.sleep(0.1)
        assert [row[0] for row in await made.fetch("SELECT 7", [])] == [7]


async def test_a_failed_statement_keeps_the_connection(url: str) -> None:
    async with lent(url) as made:
        for _ in range(10):
            with pytest.raises(asyncpg.DivisionByZeroError):
                await made.fetch("SELECT 1 / $1::int", [0])
        assert len(made.idle) == 1


async def test_an_unreachable_server_is_reported_each_time() -> None:
    made = ConnectionPool("postgresql://127.0.0.1:1/none", MOST, {})
    for _ in range(MOST + 1):
        with pytest.raises(OSError, match="Connect"):
            await asyncio.wait_for(made.fetch("SELECT 1", []), 5)
