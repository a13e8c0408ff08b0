"""Run the server: uvicorn, its processes, and a protocol that answers even invalid requests."""

import contextlib
import copy
import gc
import logging
import os
import re
import secrets
import socket
import sys
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, unquote

import uvicorn
import uvicorn.config
from fastapi import FastAPI
from sqlalchemy.exc import DBAPIError
from uvicorn.config import STARTUP_FAILURE
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.supervisors import Multiprocess

from app import errors, setting_advice
from app.cache.policy import policy_of
from app.config import Settings
from app.db import migrate
from app.db.database import Database
from app.db.failures import failure_of
from app.desk.catalog import seed
from app.http.bounded_protocol import IDLE, BoundedProtocol
from app.http.responses import WHOLE
from app.main import create_app
from app.models.preview import PREFIX

REQUEST_LINE = re.compile(rb"[A-Z]+ (/\S*+) HTTP/1\.[01]\r\n")
LETTERS = re.compile(rb"[\x80-\xff]+")
LIKE_TOKEN = re.compile(f"{PREFIX}[0-9a-z]{{20,}}")
WITH_WORKER = "ISNAD_WITH_WORKER"
HERE = "http://127.0.0.1:8000"


log = logging.getLogger("isnad")
AT_ONCE = 8
"""Connections that are taken in one turn of the event loops. docs/decisions/0021-several-listeners.md"""
STATUS = {200: b"HTTP/1.1 200 OK\r\n", 304: b"HTTP/1.1 304 Not Modified\r\n"}


def write_whole(cycle: RequestResponseCycle, status: int, head: bytes, body: bytes) -> bool:
    """Write a complete response at once; False if it must go the usual way: its line is to be
    logged, the connection is to be closed, or the client is slow."""
    if (
        cycle.access_log or not cycle.keep_alive or cycle.flow.write_paused
        or cycle.disconnected or cycle.response_started
    ):  # fmt: skip
        return False
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    lines = [b"%b: %b\r\n" % header for header in cycle.default_headers]
    cycle.transport.write(b"".join([STATUS[status], *lines, head, b"\r\n", body]))
    cycle.message_event.set()
    cycle.on_response()
    return True


class Protocol(BoundedProtocol):
    """The HTTP protocol of a connection. It accepts unescaped UTF-8 in URLs as curl sends it,
    answers invalid HTTP with a problem document, and sends complete responses at once."""

    def data_received(self, data: bytes) -> None:
        if self.stage == IDLE and not data.isascii():
            data = escape_target(data)
        super().data_received(data)

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        if self.cycle is not None:
            self.cycle.scope["extensions"] = {WHOLE: {"send": partial(write_whole, self.cycle)}}

    def answer_to(self, problem: errors.Problem) -> bytes:
        request_id = secrets.token_hex(8)
        body = errors.body_of(problem, os.environ.get("ISNAD_PUBLIC_URL", HERE), request_id)
        more = "".join(f"{name.lower()}: {value}\r\n" for name, value in problem.headers.items())
        head = (
            f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}\r\n"
            "content-type: application/problem+json\r\n"
            f"content-length: {len(body)}\r\nx-request-id: {request_id}\r\n{more}"
            "cache-control: no-store\r\naccess-control-allow-origin: *\r\nconnection: close\r\n\r\n"
        )
        return head.encode() + body


def escape_target(data: bytes) -> bytes:
    """Percent-encode the UTF-8 characters of a request's URL."""
    line = REQUEST_LINE.match(data)
    if line is None or line[1].isascii():
        return data
    try:
        line[1].decode()
    except UnicodeDecodeError:
        return data
    address = LETTERS.sub(lambda letters: quote(letters[0]).encode(), line[1])
    return data[: line.start(1)] + address + data[line.end(1) :]


class HidePreviewTokens(logging.Filter):
    """Remove preview tokens from lines of the access log."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                one if not isinstance(one, str) else without_tokens(one) for one in record.args
            )
        return True


def without_tokens(line: str) -> str:
    """Return a URL without anything that is or looks like a preview token, however it is escaped."""
    path, mark, query = line.partition("?")
    parts = ["(hidden)" if is_token_parameter(part) else part for part in query.split("&")]
    return LIKE_TOKEN.sub("(hidden)", path) + mark + "&".join(parts)


def is_token_parameter(part: str) -> bool:
    plain = unquote(part)
    return plain.startswith("preview=") or LIKE_TOKEN.search(plain) is not None


def log_config() -> dict[str, Any]:
    """Return uvicorn's logging configuration, without preview tokens."""
    config = copy.deepcopy(uvicorn.config.LOGGING_CONFIG)
    config["filters"] = {"discreet": {"()": "app.server.HidePreviewTokens"}}
    for handler in config["handlers"].values():
        handler["filters"] = ["discreet"]
    return config


def run(
    host: str, port: int, *, processes: int, access_log: bool, with_worker: bool,
    say: Callable[[str], None],
) -> None:  # fmt: skip
    """Serve until stopped. The default public URL is the address that the server listens on."""
    port = free_port(host, port)
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host
    os.environ.setdefault("ISNAD_PUBLIC_URL", f"http://{shown}:{port}")
    os.environ[WITH_WORKER] = "1" if with_worker else ""
    settings = Settings()
    os.environ["ISNAD_PUBLIC_URL"] = settings.public_url  # as each process reads it
    settings.secrets  # noqa: B018  (a missing secret is told now, not at the first request)
    policy_of(settings)  # so are faults of the caches in front
    for line in setting_advice.advice(settings):
        log.warning("isnad: %s", line)
    prepare_database(settings)
    say(f"Isnad serves {settings.public_url} (try {settings.public_url}/docs)")
    config = uvicorn.Config(
        "app.server:make_app", factory=True, host=host, port=port, workers=processes,
        access_log=access_log, http=Protocol, log_level="warning" if not access_log else "info",
        log_config=log_config(), ws="none", server_header=False, date_header=True, proxy_headers=False,
        timeout_graceful_shutdown=10,
        timeout_worker_healthcheck=60,  # a laden machine starts a process slowly; it isn't dead
    )  # fmt: skip
    serve(config)


def serve(config: uvicorn.Config) -> None:
    """Serve in one or several processes, until stopped."""
    sockets = listeners(config.bind_socket(), config.workers)
    if config.workers > 1:
        Multiprocess(config, sockets).run()
        return
    server = uvicorn.Server(config)
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets)
    if not server.started:
        sys.exit(STARTUP_FAILURE)


def listeners(bound: socket.socket, processes: int) -> list[socket.socket]:
    """Return several copies of a listening socket, because the event loop accepts one connection
    from each in a turn. docs/decisions/0021-several-listeners.md"""
    return [bound, *[bound.dup() for _ in range(max(1, AT_ONCE // processes) - 1)]]


def free_port(host: str, port: int) -> int:
    """Return the port if it is free, any free one for 0. Raises the system's error."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((host, port))
        except OSError as wrong:
            raise OSError(f"can't listen on {host}:{port}: {wrong.strerror}") from wrong
        return int(tried.getsockname()[1])


def prepare_database(settings: Settings) -> None:
    """Migrate SQLite before it is served, and require PostgreSQL to be migrated. A database that
    is unreachable now is served all the same: requests are answered 503."""
    db = Database(settings)
    try:
        if settings.is_sqlite:
            migrate.migrate(db.engine)
            seed.seed_sources(db)
        else:
            migrate.require_current(db.engine)
    except DBAPIError as failed:
        failure = failure_of(failed)
        if settings.is_sqlite or failure is None:
            raise
        log.warning("isnad: %s It is tried again with each request.", failure.line)
    db.engine.dispose()


GARBAGE = 10_000
"""Objects that may come before young garbage is looked for: a page's rows alone are some hundred."""
TURN = 0.0005
"""Seconds after which a thread that works lets another go on. A write waits for the database some
twenty times, and each time then for its turn: at Python's 5 ms a busy event loop would hold it up."""


def make_app() -> FastAPI:
    """Create the application in each of uvicorn's processes."""
    sys.setswitchinterval(TURN)
    app = create_app(Settings(), work=bool(os.environ.get(WITH_WORKER)))
    gc.collect()
    gc.freeze()  # what is there now stays: no search for garbage walks through it again
    gc.set_threshold(GARBAGE)
    gc.enable()  # it is off while a server loads
    return app


def plain_settings() -> Settings:
    """Return default settings, whatever the environment says: the contract is the same
    everywhere."""
    return Settings.model_construct()
