"""When the machine fails: nothing is acknowledged that is not kept, and reading goes on."""

import asyncio
import contextlib
import resource
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest
from sqlalchemy import event, make_url, text
from sqlalchemy.exc import OperationalError

from app.config import Settings
from app.db.database import Database, PostgreSQLReader, Rows
from app.db.dialects import engine_for
from tests.conftest import Client
from tests.support.soak import Server, soak

LONG = {
    "lang": "en",
    "headline": "A long story",
    "body": [{"type": "paragraph", "text": "x" * 60_000} for _ in range(20)],
}


@contextlib.contextmanager
def every_connection(db: Database, pragma: str) -> Iterator[None]:
    """Each connection of the desk says this first."""

    def say(connection: Any, _: Any) -> None:
        connection.execute(pragma)

    db.engine.dispose()
    event.listen(db.engine, "connect", say)
    try:
        yield
    finally:
        event.remove(db.engine, "connect", say)
        db.engine.dispose()


@contextlib.contextmanager
def read_only(client: Client) -> Iterator[None]:
    db = client.served.app.state.services.db
    if db.settings.is_sqlite:
        with every_connection(db, "PRAGMA query_only=ON"):
            yield
        return
    name = db.engine.url.database
    with db.engine.begin() as connection:
        connection.execute(text(f"ALTER DATABASE {name} SET default_transaction_read_only = on"))
    db.engine.dispose()
    try:
        yield
    finally:
        own = db.engine.execution_options(isolation_level="AUTOCOMMIT")
        with own.connect() as connection:
            connection.execute(text("SET default_transaction_read_only = off"))
            connection.execute(text(f"ALTER DATABASE {name} RESET default_transaction_read_only"))
        db.engine.dispose()


def test_a_read_only_database_refuses_writes_and_serves_reads(client: Client, editor, told) -> None:
    told(slug="before")
    head = client.get("/v1").json()["change"]
    with read_only(client):
        answer = editor.post("/v1/articles", json=LONG, headers={"Idempotency-Key": "k"})
        assert answer.status_code == 503
        assert "read-only" in answer.json()["detail"]
        assert answer.headers["retry-after"]
        assert client.get("/v1/articles/before").status_code == 200
        assert editor.put("/v1/articles/before/publication").status_code == 503
    assert client.get("/v1").json()["change"] == head
    again = editor.post("/v1/articles", json=LONG, headers={"Idempotency-Key": "k"})
    assert again.status_code == 201, "a 503 is not remembered"


@pytest.mark.parametrize("kind", ["sqlite"])  # PostgreSQL's own process meets its full disk
def test_a_full_database_refuses_writes_and_serves_reads(client: Client, editor, told) -> None:
    told(slug="before")
    head = client.get("/v1").json()["change"]
    with every_connection(client.served.app.state.services.db, "PRAGMA max_page_count=1"):
        answer = editor.post("/v1/articles", json=LONG)
        assert answer.status_code == 503
        assert "full" in answer.json()["detail"]
        assert client.get("/v1/articles/before").status_code == 200
    assert client.get("/v1").json()["change"] == head
    assert editor.get("/v1/articles?state=draft").json()["items"] == []


@pytest.mark.parametrize("kind", ["sqlite"])  # PostgreSQL's server writes its files, not we
def test_a_full_disk_is_503(settings: Settings, key) -> None:
    """The system itself refuses: no file may grow past a limit, as on a full disk."""
    with limited(settings) as server:
        headers = {"Authorization": f"Bearer {key()}"}
        with httpx.Client(base_url=server.url, headers=headers, timeout=30) as http:
            kept: list[str] = []
            refused: httpx.Response | None = None
            for number in range(200):
                answer = http.post("/v1/articles", json=LONG | {"headline": f"S {number}"})
                if answer.status_code != 201:
                    refused = answer
                    break
                kept.append(answer.json()["id"])
            assert refused is not None and kept
            assert refused.status_code == 503, refused.text
            assert "nothing was saved" in refused.json()["detail"]
            for id in kept:
                assert http.get(f"/v1/articles/{id}").status_code == 200
    db = Database(settings)
    with db.engine.connect() as connection:
        there = connection.execute(text("SELECT id FROM article")).scalars().all()
    db.engine.dispose()
    assert sorted(there) == sorted(kept)


@contextlib.contextmanager
def limited(settings: Settings) -> Iterator[Server]:
    """`isnad serve` that may write no file longer than 8 MB."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8_000_000, before[1]))
    try:
        server = Server(settings)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    try:
        yield server
    finally:
        server.kill()


@pytest.mark.parametrize("seed", [1, 2])
def test_a_server_that_is_killed_loses_and_doubles_nothing(settings: Settings, seed: int) -> None:
    assert "nothing lost" in soak(settings, writes=120, kills=2, seed=seed)


def test_an_unreachable_database_is_503(tmp_path) -> None:
    """No stack, one line, exit 2: a server that can't reach its database doesn't start."""
    done = subprocess.run(
        [sys.executable, "-m", "app", "key", "create", "--role", "admin"], text=True,
        capture_output=True, timeout=60,
        env={"ISNAD_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("isnad: ") and done.stderr.count("\n") == 1


def test_a_silent_database_times_out() -> None:
    """The desk doesn't wait for a server that takes a connection and never speaks."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        at = f"127.0.0.1:{silent.getsockname()[1]}"
        engine = engine_for(f"postgresql+psycopg://isnad:x@{at}/isnad?connect_timeout=2")
        with pytest.raises(OperationalError, match="timeout"):
            engine.connect()


def test_a_vanished_database_host_times_out(postgres: str) -> None:
    """As fast as we say, unless the address of the database says otherwise."""
    for more, wanted in ({}, "10000"), ({"tcp_user_timeout": "7000"}, "7000"):
        url = make_url(postgres).update_query_dict(more)
        engine = engine_for(url.render_as_string(hide_password=False))
        with engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert isinstance(driver, psycopg.Connection)
            said = driver.info.get_parameters()
        assert said["tcp_user_timeout"] == wanted
        assert said["keepalives_idle"] == "10" and said["connect_timeout"] == "5"
        engine.dispose()


def test_both_postgresql_drivers_accept_options_of_libpq(postgres: str) -> None:
    url = make_url(postgres).update_query_dict({"connect_timeout": "7", "keepalives": "1"})

    async def asked() -> Rows:
        reader = PostgreSQLReader(url.render_as_string(hide_password=False))
        try:
            return await reader.rows("SELECT 7", {})
        finally:
            await reader.close()

    assert [list(row) for row in asyncio.run(asked())] == [[7]]
