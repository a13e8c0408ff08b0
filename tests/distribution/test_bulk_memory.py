"""`/v1/articles.ndjson` in memory that the number of stories has no part in, however slowly it is read."""

import socket
import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlmodel import Session

from app.db import migrate
from app.db.database import Database
from app.db.dialects import insert_rows
from app.models.article import ArticleRow
from tests.conftest import Client
from tests.delivery.test_versions import counted

COPIED = ("article", "card", "document")
MB = 1_000_000
PLAIN = {"Accept-Encoding": "identity"}
FORMS = {"cards": ({}, 500, 2_500), "whole": ({"include": "body"}, 100, 500)}
"""Query, and stories of a small house and of one five times as large."""


def grown(db: Database, row: ArticleRow, start: int, end: int) -> None:
    """The house with copies of a story, from one number to another."""
    with Session(db.engine) as session:
        for name in COPIED:
            table = migrate.METADATA.tables[name]
            key = table.c["id" if name == "article" else "article_id"]
            found = session.execute(table.select().where(key == row.id)).mappings().one()
            one = {name: value for name, value in found.items() if not table.c[name].computed}
            ids = [f"art_copy{number:05}" for number in range(start, end)]
            own = [{"slug": id, "slug_key": id} if name == "article" else {} for id in ids]
            insert_rows(
                session,
                table,
                [one | {key.name: id} | more for id, more in zip(ids, own, strict=True)],
            )
        session.commit()


@pytest.fixture
def long(told: Callable[..., ArticleRow]) -> ArticleRow:
    """A story of a card of some 3 kB and a body of some 20."""
    body = [{"type": "paragraph", "text": f"{number} harbour " * 40} for number in range(20)]
    return told(headline="Lights " * 20, summary="Lights at night. " * 100, body=body)


@pytest.fixture
def traced() -> Iterator[None]:
    tracemalloc.start(1)
    yield
    tracemalloc.stop()


def taken(client: Client, params: dict[str, Any]) -> tuple[int, int]:
    """Bytes of a whole answer that is read as it comes, and the most that were held at once."""
    length = 0
    tracemalloc.reset_peak()
    before, _ = tracemalloc.get_traced_memory()
    with client.stream("GET", "/v1/articles.ndjson", params=params, headers=PLAIN) as answer:
        assert answer.status_code == 200
        for part in answer.iter_raw():
            length += len(part)
            last = part
    assert b"changes_cursor" in last, "it was cut off"
    return length, tracemalloc.get_traced_memory()[1] - before


@pytest.mark.usefixtures("traced")
@pytest.mark.parametrize("form", FORMS)
def test_five_times_as_many_stories_need_no_more_memory(
    client: Client, db: Database, long: ArticleRow, form: str
) -> None:
    params, few, many = FORMS[form]
    grown(db, long, 0, few)
    taken(client, params)  # what is made once is there
    small, held = taken(client, params)
    grown(db, long, few, many)
    large, held_then = taken(client, params)
    assert large > 4 * small and large > 5 * MB
    assert held_then < 1.3 * held + MB / 4 and held_then < large / 2, (held, held_then, large)


@pytest.mark.usefixtures("traced")
def test_a_slow_client_slows_down_the_stream(
    client: Client, db: Database, long: ArticleRow
) -> None:
    grown(db, long, 0, 2_500)
    whole, _ = taken(client, {})
    [listening] = client.served.server.servers[0].sockets
    listening.setsockopt(
        socket.SOL_SOCKET, socket.SO_SNDBUF, 16_384
    )  # or the kernel takes megabytes
    with counted(client.served) as statements, socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
        slow.connect(("127.0.0.1", client.served.port))
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        slow.sendall(b"GET /v1/articles.ndjson HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        asked = settled(statements)
        held = tracemalloc.get_traced_memory()[1] - before
        assert asked < 10, "it is read from the database when somebody takes it"
        assert held < whole / 4
        slow.settimeout(20)
        length = sum(len(part) for part in iter(lambda: slow.recv(65_536), b""))
    assert length > whole
    assert len(statements) > asked


def settled(statements: list[str]) -> int:
    """How many there are when no more come."""
    before = -1
    while before != len(statements):
        before = len(statements)
        time.sleep(0.4)
    return before
