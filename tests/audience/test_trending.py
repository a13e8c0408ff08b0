"""What readers open most: in its order, through the gate, without holes."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.audience import trending
from app.change_log.transaction import write_transaction
from app.db.database import Database
from app.desk import withdrawals
from app.desk.articles import publishing
from app.desk.transaction import at_desk
from app.models.withdrawal import WithdrawalWrite
from app.queries import views
from tests.conftest import Client

NOW = datetime.now(UTC)


def put(db: Database, counts: dict[str, int], hours: float = 0) -> None:
    """So many views of stories, so many hours ago."""
    hour = views.hour_of(datetime.now(UTC) - timedelta(hours=hours))
    with write_transaction(db) as session:
        views.add_counts(session, [(hour, id, count) for id, count in counts.items()])


def ids(client: Client, query: str = "") -> list[str]:
    answer = client.get(f"/v1/trending{query}")
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["items"]]


def test_the_most_read_story_is_first_and_among_equals_the_newest(
    client: Client, db: Database, told
) -> None:
    a, b, c, d = (told(published_at=NOW - timedelta(days=day)) for day in (4, 3, 2, 1))
    put(db, {a.id: 9, b.id: 2, c.id: 2})
    put(db, {b.id: 1, c.id: 1}, 2)
    assert ids(client) == [a.id, c.id, b.id]
    assert ids(client, "?limit=2") == [a.id, c.id]
    told_all = client.get("/v1/trending").json()
    assert {name: told_all[name] for name in ("next", "prev", "count", "facets")} == dict.fromkeys(
        ("next", "prev", "count", "facets")
    )
    card = told_all["items"][0]
    assert card.pop("views") is None, "how many is the house's to know"
    assert card == client.get(f"/v1/articles?ids={a.id}").json()["items"][0]
    assert d.id not in ids(client)


def test_fields_and_display_apply_to_the_cards(
    client: Client, editor: Client, db: Database, told
) -> None:
    a, b = told(headline="First", lang="ar"), told(headline="Second")
    put(db, {a.id: 9, b.id: 2})
    items = client.get("/v1/trending?fields=headline,section.name(ar)").json()["items"]
    assert items == [
        {"id": a.id, "headline": "First", "section": None},
        {"id": b.id, "headline": "Second", "section": None},
    ]
    counts = editor.get("/v1/trending?fields=views").json()["items"]
    assert [one["views"] for one in counts] == [9, 2]
    assert client.get("/v1/trending?fields=views").json()["items"][0] == {"id": a.id, "views": None}
    dated = client.get("/v1/trending?display=ar-LB&fields=headline").json()["items"][0]
    assert set(dated) == {"id", "headline", "display"} and "ar-LB" in dated["display"]
    for query in ("fields=headlin", "fields=body", "fields=", "fields=id&fields=url"):
        answer = client.get(f"/v1/trending?{query}")
        assert answer.status_code == 400, query
        assert answer.json()["errors"][0]["parameter"] == "fields"


def test_each_window_contains_the_views_of_its_hours(client: Client, db: Database, told) -> None:
    rows = {hours: told().id for hours in (0, 4, 20, 100, 200)}
    for hours, id in rows.items():
        put(db, {id: 1000 - hours}, hours)
    for window, found in (("1h", 1), ("6h", 2), ("24h", 3), ("7d", 4)):
        assert ids(client, f"?window={window}") == list(rows.values())[:found]
    assert ids(client) == ids(client, "?window=24h")


def test_section_and_language_filter_the_list(
    client: Client, db: Database, editor: Client, told
) -> None:
    for path in ("world", "world/asia", "sport"):
        parent, _, slug = path.rpartition("/")
        body = {"slug": slug, "name": {"ar": slug, "en": slug}} | (
            {"parent": parent} if parent else {}
        )
        assert editor.post("/v1/sections", json=body).status_code == 201
    asia = told(section="world/asia")
    sport, arabic = told(section="sport"), told(section="world", lang="ar", headline="خبر")
    put(db, {asia.id: 1, sport.id: 3, arabic.id: 2})
    assert ids(client, "?section=world") == [arabic.id, asia.id]
    assert ids(client, "?section=world,sport&lang=en") == [sport.id, asia.id]
    assert ids(client, "?section=-sport") == [arabic.id, asia.id]
    assert ids(client, "?section=world&lang=fr") == []


@pytest.mark.parametrize(
    ("query", "name"),
    [("window=2h", "window"), ("window=1h&window=6h", "window"), ("window=", "window"),
     ("section=no-such", "section"), ("limit=0", "limit"), ("limit=101", "limit"),
     ("cursor=x", "cursor"), ("tag=x", "tag"), ("windw=1h", "windw"), ("state=draft", "state")],
)  # fmt: skip
def test_an_invalid_query_is_400(client: Client, query: str, name: str) -> None:
    answer = client.get(f"/v1/trending?{query}")
    assert answer.status_code == 400
    assert {one["parameter"] for one in answer.json()["errors"]} == {name}


def test_hidden_stories_are_left_out_before_the_limit(
    client: Client, db: Database, editor: Client, told
) -> None:
    rows = [told() for _ in range(5)]
    put(db, {row.id: 10 - place for place, row in enumerate(rows)})
    put(db, {told(publish=False).id: 99, "art_gone": 98}, 1)
    assert ids(client, "?limit=3") == [row.id for row in rows[:3]]
    with at_desk(db) as desk:
        withdrawals.withdraw(desk, rows[0].id, WithdrawalWrite.model_validate({"kind": "kill"}))
        publishing.unpublish(desk, publishing.get(desk, rows[1].id))
    for one in (client, editor):
        assert ids(one, "?limit=3") == [row.id for row in rows[2:]]
    assert [one["views"] for one in editor.get("/v1/trending").json()["items"]] == [8, 7, 6]


def test_the_number_of_statements_does_not_grow_with_the_list(
    client: Client, db: Database, kind: str, told
) -> None:
    rows = [told(headline=f"Story {number}") for number in range(30)]
    put(db, {row.id: place + 1 for place, row in enumerate(rows)})
    asked: list[str] = []
    reader = client.served.app.state.services.reader
    rows_of = type(reader).rows

    async def noted(self: Any, sql: str, *given: Any, **more: Any) -> Any:
        asked.append(sql)
        return await rows_of(self, sql, *given, **more)

    type(reader).rows = noted
    try:
        assert len(ids(client, "?limit=30")) == 30
    finally:
        type(reader).rows = rows_of
    assert len(asked) <= 5


def test_the_lifetime_is_short_because_views_purge_nothing(
    client: Client, db: Database, told
) -> None:
    row = told()
    put(db, {row.id: 1})
    answer = client.get("/v1/trending")
    assert seconds_in(answer) <= 30
    assert {row.id, "articles"} <= set(answer.headers["surrogate-key"].split())
    again = client.get("/v1/trending", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(("window", "seconds"), [("1h", 8), ("7d", 30)])
def test_the_lifetime_ends_with_the_hour_of_the_window(
    client: Client, db: Database, told, monkeypatch, window: str, seconds: int
) -> None:
    put(db, {told().id: 1})
    late = views.hour_of(datetime.now(UTC)).replace(hour=12) + timedelta(days=1, minutes=59)

    class Clock(datetime):
        @classmethod
        def now(cls, zone: Any = None) -> "Clock":
            return cls.fromtimestamp(late.timestamp() + 52, UTC)

    monkeypatch.setattr(trending, "datetime", Clock)
    assert seconds_in(client.get(f"/v1/trending?window={window}")) == seconds


def seconds_in(answer: Any) -> int:
    return int(answer.headers["cache-control"].rpartition("s-maxage=")[2])


def test_a_week_of_many_stories(client: Client, db: Database, told) -> None:
    row = told()
    for hours in range(168):
        put(db, {f"art_{hours % 7}x{number}": 1 for number in range(500)} | {row.id: 2}, hours)
    began = time.monotonic()
    assert ids(client, "?window=7d") == [row.id]
    assert time.monotonic() - began < 2
