"""Lists walked while they change: what stands still is seen once, what changes is seen again."""

import os
import random
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from sqlmodel import Session, select

from app.access.authentication import READER
from app.db.database import Database
from app.db.dialects import NAMED, SQLite, insert_rows
from app.models.article import ArticleRow, CardRow
from app.models.base import FOREVER, new_id
from app.queries import articles, dependents, past_documents
from app.queries.list_plan import ListPlan
from app.request.filters import Filter
from tests.conftest import Client, Maker, Signed

MANY = int(os.environ.get("ISNAD_WALK", 2_000))
"""`ISNAD_WALK=100000` walks as many as a large house has (docs/checks.md)."""
SAME = min(MANY, 10_000)
"""Stories of one second."""

SECOND = datetime(2026, 2, 1, 12, tzinfo=UTC)


def rows(number: int, at: datetime, told: datetime) -> list[dict[str, object]]:
    return [
        {
            "id": (id := new_id("art")), "kind": "news", "lang": "en", "state": "published",
            "version": 1, "slug": id, "slug_key": id, "created_at": at, "published_at": at,
            "first_published_at": at, "modified_at": told, "live_from": at, "live_to": FOREVER,
            "public_from": at,
        }
        for _ in range(number)
    ]  # fmt: skip


def put(session: Session, made: list[dict[str, object]]) -> None:
    """Stories that are rows alone: their cards say their id, and when they were updated."""
    stamp = session.exec(select(CardRow.stamp)).first() or ""
    cards = [
        {
            "article_id": row["id"], "stamp": stamp, "valid_until": FOREVER, "etag": "x",
            "body": b'{"id":"%s","state":"published"}' % str(row["id"]).encode(),
        }
        for row in made
    ]  # fmt: skip
    insert_rows(session, ArticleRow, made)
    insert_rows(session, CardRow, cards)


def pages(http: httpx.Client, **params: str | int) -> Iterator[list[str]]:
    cursor = None
    while True:
        more: dict[str, str] = {"cursor": cursor} if cursor else {}
        answer = http.get("/v1/articles", params={"limit": 100, **params, **more}).json()
        yield [one["id"] for one in answer["items"]]
        cursor = answer["next"]
        if not cursor:
            return


def test_a_walk_returns_each_unmoved_story_once_while_others_write(
    client: Client, db: Database, told
):
    told(slug="one", published_at=SECOND - timedelta(days=1))
    chance = random.Random(5)
    with Session(db.engine) as session:
        made = [
            rows(1, SECOND - timedelta(minutes=chance.randrange(900)), SECOND)[0]
            for _ in range(MANY)
        ]
        put(session, made)
        session.commit()
    ids = [str(row["id"]) for row in made]
    with httpx.Client(base_url=client.served.url, timeout=60) as http:
        for sort in ("-published_at", "updated_at"):
            seen: list[str] = []
            changed: dict[str, int] = {}
            for page in pages(http, sort=sort):
                seen += page
                changed[disturb(db, chance, ids)] = len(seen)
            moved = changed if sort == "updated_at" else {}
            standing = {id for id in ids if id not in moved}
            assert sorted(id for id in seen if id in standing) == sorted(standing), sort
            last = {id: at for at, id in enumerate(seen)}
            assert all(id in last for id in ids)
            for id, at in moved.items():  # what was behind the walker comes again, as it last was
                assert at == len(seen) or last[id] >= at


def disturb(db: Database, chance: random.Random, ids: list[str]) -> str:
    """One story more, and one that is updated: its id."""
    with Session(db.engine) as session:
        put(session, rows(1, SECOND - timedelta(minutes=chance.randrange(900)), SECOND))
        row = session.get_one(ArticleRow, chance.choice(ids))
        row.updated_at = row.modified_at = datetime.now(UTC)
        session.commit()
        return row.id


def test_a_walk_returns_stories_of_the_same_second_once(client: Client, db: Database, told):
    told(slug="one", published_at=SECOND - timedelta(days=1))
    with Session(db.engine) as session:
        made = rows(SAME, SECOND, SECOND)
        put(session, made)
        session.commit()
    right = sorted(str(row["id"]) for row in made)
    among = set(right)
    with httpx.Client(base_url=client.served.url, timeout=60) as http:
        for sort in (
            "published_at",
            "modified_at",
            "updated_at",
            "first_published_at",
            "created_at",
        ):
            up = [id for page in pages(http, sort=sort) for id in page if id in among]
            assert up == right, sort
        down = [id for page in pages(http, lang="en") for id in page]
        assert down[:SAME] == right[::-1]


def test_a_cursor_of_another_list_is_400(client: Client, editor: Client, signed: Signed, told):
    for number in range(4):
        told(slug=f"s{number}", published_at=SECOND + timedelta(hours=number))
    given: dict[str, Any] = {"limit": 2, "sort": "modified_at", "lang": "en"}
    cursor = client.get("/v1/articles", params=given).json()["next"]
    assert cursor == client.get("/v1/articles", params={**given, "display": "en"}).json()["next"]
    frees: list[dict[str, Any]] = [
        {},
        {"limit": 1},
        {"count": "exact"},
        {"facets": "lang"},
        {"display": "ar"},
    ]
    for free in frees:
        answer = client.get("/v1/articles", params={**given, **free, "cursor": cursor})
        assert answer.status_code == 200 and answer.json()["items"][0]["slug"] == "s2", free
    for one, bound in (
        (client, {"sort": "-modified_at"}), (client, {"sort": "updated_at"}), (client, {"lang": "en,ar"}),
        (client, {"kind": "news"}), (client, {"q": "story"}), (editor, {}),
        (client, {"cursor": cursor[:-1]}), (client, {"cursor": cursor[::-1]}), (client, {"cursor": "é"}),
    ):  # fmt: skip
        answer = one.get("/v1/articles", params={**given, "cursor": cursor, **bound})
        assert (answer.status_code, answer.json()["code"]) == (400, "cursor-invalid"), bound
        assert "without `cursor`" in answer.json()["detail"]


def test_a_list_without_count_runs_no_count_statement(client: Client, told, monkeypatch):
    told(slug="one", tags=[], lang="en")
    reader, said = client.served.app.state.services.reader, []
    rows_of = reader.rows

    async def listen(sql: str, values: object, **more: object) -> object:
        said.append(sql)
        return await rows_of(sql, values, **more)

    monkeypatch.setattr(reader, "rows", listen)
    for query, most in (
        ("", 1), ("source=reuters&lang=en&sort=updated_at&q=story", 6), ("lang=en", 1),
        ("sort=published_at", 1), ("kind=news&lang=en", 3),
    ):  # fmt: skip
        said.clear()
        assert client.get(f"/v1/articles?{query}").status_code in (200, 400)
        assert len(said) <= most, (query, said)
        assert not any("count(" in sql.lower() for sql in said), query
    said.clear()
    client.get("/v1/articles?count=exact&facets=lang")
    assert sum("count(" in sql for sql in said) == 2


def test_stories_that_are_named_are_looked_up_by_key(templates: Maker):
    """SQLite keeps no statistics: it would rather walk all that are published."""
    dialect = SQLite()
    named = ListPlan(READER, dialect, Filter(ids=["art_1"])).by_ids()[0]
    whole = articles.whole(READER, dialect.any_of("a.id", "ids"), "")
    with sqlite3.connect(templates("sqlite", False).url.removeprefix("sqlite:///")) as connection:
        for sql in (
            named, whole, articles.cards(READER, dialect), articles.hits(READER, dialect),
            articles.translations(READER, dialect), dependents.cards(READER, dialect),
            past_documents.newest(READER, dialect),
        ):  # fmt: skip
            values = dict.fromkeys(NAMED.findall(sql), "[]")
            plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
            assert any("article_1 (id=?)" in one or "group_id=?" in one for one in plan), plan
            assert not any("ix_article_state" in one for one in plan), plan
