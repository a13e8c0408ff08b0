"""What a question costs is told; one whose client has left, or that takes too long, is stopped."""

import asyncio
import socket
import threading
import time
from typing import Any

import pytest

from app.db import database, time_budget
from app.db.database import Database
from app.db.time_budget import SPENT, ClientGone, DatabaseTime
from app.delivery import lists
from app.errors import Unavailable
from tests.conftest import Client

ENDLESS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
    "postgresql": "SELECT pg_sleep(60)",
}
RUNNING = (
    "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)' AND state = 'active'"
)


def test_server_timing_reports_the_database_time(client: Client, told: Any) -> None:
    told()
    for path in ("/v1/articles", "/v1/articles?lang=en&count=exact", "/v1/search?q=story"):
        cost = client.get(path).headers["server-timing"]
        assert cost.startswith("db;dur=") and float(cost.removeprefix("db;dur=")) > 0, path
    for _ in range(100):  # until it is known that nothing was written since
        if "server-timing" not in (kept := client.get("/v1/articles")).headers:
            break
        time.sleep(0.05)
    assert "server-timing" not in kept.headers  # it cost the database nothing
    assert "server-timing" not in client.get("/v1/articles/nothing").headers


async def asked(db: Database, kind: str, spent: DatabaseTime | None) -> Any:
    SPENT.set(spent)
    try:
        return await db.reader.rows(ENDLESS[kind], {}, light=False)
    finally:
        SPENT.set(None)


async def stopped(db: Database, kind: str) -> None:
    """Nothing of the endless statements is left: every thread or connection answers again."""
    if kind == "postgresql":
        for _ in range(100):
            [[running]] = await db.reader.rows(RUNNING, {})
            if not running:
                return
            await asyncio.sleep(0.05)
        raise AssertionError("it still runs")
    every = await asyncio.gather(*[db.reader.rows("SELECT 1", {}, light=False) for _ in range(8)])
    assert [row[0] for [row] in every] == [1] * 8


def test_a_statement_stops_when_its_client_leaves(db: Database, kind: str) -> None:
    async def leave() -> None:
        async def receive() -> dict[str, str]:
            await asyncio.sleep(0.1)
            return {"type": "http.disconnect"}

        gone = [asked(db, kind, DatabaseTime(receive)) for _ in range(6)]
        found = await asyncio.gather(*map(asyncio.create_task, gone), return_exceptions=True)
        assert [type(one) for one in found] == [ClientGone] * 6
        await stopped(db, kind)
        await db.close()

    asyncio.run(leave())


def test_a_statement_stops_at_the_ceiling(
    db: Database, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "MOST_SECONDS", 0.2)
    monkeypatch.setattr(database, "NETWORK_SECONDS", 60.0)  # PostgreSQL was told the ceiling before

    async def wait() -> None:
        with pytest.raises(Unavailable, match="narrow it"):
            await asked(db, kind, None)
        await stopped(db, kind)
        await db.close()

    asyncio.run(wait())


def test_statements_of_one_request_share_a_time_limit(
    db: Database, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "MOST_SECONDS", 0.5)

    async def staying() -> Any:
        await asyncio.sleep(60)

    async def wait() -> None:
        SPENT.set(DatabaseTime(staying))
        time_budget.begin()
        await asyncio.sleep(0.4)  # as long as statements before it took
        began = time.perf_counter()
        with pytest.raises(Unavailable, match="narrow it"):
            await db.reader.rows(ENDLESS[kind], {}, light=False)
        assert time.perf_counter() - began < 0.3
        await asyncio.sleep(0.2)
        with pytest.raises(Unavailable, match="narrow it"):
            await db.reader.rows(ENDLESS[kind], {}, light=False)
        time_budget.begin()
        await stopped(db, kind)
        await db.close()

    asyncio.run(wait())


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_a_slow_statement_continues_in_a_thread(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :most)"
    asked, afar = list[int](), database.SQLiteReader.run_in_thread

    def noted(self: Any, sql: str, bound: Any, running: Any) -> Any:
        asked.append(bound["most"])
        return afar(self, sql, bound, running)

    monkeypatch.setattr(database.SQLiteReader, "run_in_thread", noted)

    async def ask() -> None:
        for most in (1_000_000, *[1_000] * 100):  # the steps of one don't count for the next
            [[found]] = await db.reader.rows(f"{many} SELECT max(i) FROM n", {"most": most})
            assert found == most
        await db.close()

    asyncio.run(ask())
    assert asked == [1_000_000]


def never_ending(kind: str) -> tuple[Any, threading.Event, list[type[BaseException]]]:
    """A read that doesn't end by itself, for a place that a plane of delivery is given; when it has
    begun, and by what it ended."""
    begun, ended = threading.Event(), list[type[BaseException]]()

    async def endless(here: Any, *_: Any) -> Any:
        begun.set()
        try:
            return await here.reader.rows(ENDLESS[kind], {}, light=False)
        except BaseException as error:
            ended.append(type(error))
            raise

    return endless, begun, ended


def test_a_request_whose_client_disconnects_stops_working(
    client: Client, kind: str, told: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told()
    endless, begun, ended = never_ending(kind)
    with monkeypatch.context() as patched:
        patched.setattr(lists, "read", endless)
        with socket.create_connection(("127.0.0.1", client.served.port)) as asking:
            asking.sendall(b"GET /v1/articles HTTP/1.1\r\nHost: here\r\n\r\n")
            assert begun.wait(5)
        for _ in range(200):
            if ended:
                break
            time.sleep(0.05)
    assert ended == [ClientGone]
    assert len(client.get("/v1/articles").json()["items"]) == 1
