"""Views: taken from people, once each, of stories that are out; nothing is kept of who they are."""

import sqlite3
import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlmodel import select

from app import worker
from app.audience import beacons
from app.audience.beacons import ViewRecorder
from app.change_log import record
from app.change_log.transaction import write_transaction
from app.db.database import Database
from app.desk import withdrawals
from app.desk.articles import publishing
from app.desk.transaction import at_desk
from app.models.view import StoryView, StoryViewDay, StoryViewHour, ViewSalt
from app.models.withdrawal import WithdrawalWrite
from app.queries import views
from tests.conftest import Client

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1"
CUBOT = "Mozilla/5.0 (Linux; Android 13; CUBOT P80) AppleWebKit/537.36 Chrome/120.0 Mobile"


def viewed(client: Client, article: str, agent: str = FIREFOX, **more: Any) -> httpx.Response:
    headers = {"User-Agent": agent} | more.pop("headers", {})
    return client.post("/v1/views", json={"article": article} | more, headers=headers)


def viewing_of(client: Client) -> ViewRecorder:
    found: ViewRecorder = client.served.app.state.viewing
    return found


def counted(client: Client, db: Database) -> dict[str, int]:
    """Views by story, all that was taken written."""
    one = viewing_of(client)
    while one.write():
        pass
    found: dict[str, int] = {}
    with db.reading() as session:
        for row in session.exec(select(StoryViewHour)):
            found[row.article_id] = found.get(row.article_id, 0) + row.views
    return found


def test_a_view_counts_once_an_hour(client: Client, db: Database, told) -> None:
    a, b = told(slug="first"), told(slug="ثان", lang="ar", headline="ثانٍ")
    for _ in range(3):
        answer = viewed(client, a.id)
        assert (answer.status_code, answer.content) == (202, b"")
        assert answer.headers["cache-control"] == "no-store"
    viewed(client, "first")
    viewed(client, "FIRST", SAFARI)
    viewed(client, b.slug)
    assert counted(client, db) == {a.id: 2, b.id: 1}


def test_the_same_view_sent_twice_counts_once(client: Client, db: Database, told) -> None:
    """Also in the next hour, and from where the browser says otherwise what it is."""
    row = told()
    for agent in (FIREFOX, SAFARI):
        viewed(client, row.id, agent, id="e1")
    viewed(client, row.id, CUBOT, id="e2")
    assert counted(client, db) == {row.id: 2}


def test_query_parameters_are_400(client: Client, db: Database, told) -> None:
    row = told()
    headers = {"User-Agent": FIREFOX}
    answer = client.post("/v1/views?article=x", json={"article": row.id}, headers=headers)
    assert answer.status_code == 400
    assert [one["parameter"] for one in answer.json()["errors"]] == ["article"]
    assert counted(client, db) == {}


def test_a_batch_of_views_is_accepted_as_json_and_as_text(
    client: Client, db: Database, told
) -> None:
    a, b = told(), told()
    body = f'{{"views": [{{"article": "{a.id}"}}, {{"article": "{b.id}", "referrer": null}}]}}'
    headers = {"User-Agent": FIREFOX, "Content-Type": "text/plain;charset=UTF-8"}
    assert client.post("/v1/views", content=body, headers=headers).status_code == 202
    assert counted(client, db) == {a.id: 1, b.id: 1}


@pytest.mark.parametrize(
    "headers",
    [
        {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"},
        {"User-Agent": "facebookexternalhit/1.1"}, {"User-Agent": "curl/8.5.0"},
        {"User-Agent": "python-requests/2.32"}, {"User-Agent": ""},
        {"User-Agent": "Mozilla/5.0 HeadlessChrome/120.0"},
        {"Sec-Purpose": "prefetch;prerender"}, {"Purpose": "prefetch"}, {"X-Moz": "prefetch"},
    ],
)  # fmt: skip
def test_programs_and_prefetches_are_not_counted(
    client: Client, db: Database, told, headers: dict[str, str]
) -> None:
    row = told()
    assert viewed(client, row.id, headers=headers).status_code == 202
    assert viewed(client, row.id, CUBOT).status_code == 202
    assert counted(client, db) == {row.id: 1}


def test_the_response_does_not_reveal_whether_a_story_exists(
    client: Client, db: Database, told
) -> None:
    draft, killed = told(publish=False), told()
    with at_desk(db) as desk:
        withdrawals.withdraw(desk, killed.id, WithdrawalWrite.model_validate({"kind": "kill"}))
        hidden = publishing.get(desk, told_later(desk))
    answers = [
        viewed(client, name)
        for name in (draft.id, draft.slug, killed.id, hidden.id, "no-such", "art_x")
    ]
    kept = ("x-request-id", "date")
    said = [
        (one.status_code, one.content, {k: v for k, v in one.headers.items() if k not in kept})
        for one in answers
    ]
    assert all(one == said[0] for one in said)
    assert counted(client, db) == {}


def told_later(desk: Any) -> str:
    from app.models.article import ArticleWrite

    write = ArticleWrite.model_validate(
        {"lang": "en", "headline": "Later", "embargo_until": "2090-01-01T00:00:00Z"}
    )
    return publishing.publish(desk, publishing.create(desk, write)).id


def test_no_personal_data_is_stored(client: Client, db: Database, told) -> None:
    a, b = told(), told()
    for row in (a, b):
        viewed(client, row.id, referrer="https://user:pw@social.example/u/jane?token=1")
    counted(client, db)
    with db.reading() as session:
        rows = session.exec(select(StoryView)).all()
        salt = session.exec(select(ViewSalt)).one()
    assert {row.referrer for row in rows} == {"social.example"}
    assert len({row.visitor for row in rows}) == 2, "a visitor is another in each story"
    kept = " ".join(str(row.model_dump()) for row in rows)
    for secret in ("127.0.0.1", "Firefox", "jane", "token", salt.salt):
        assert secret not in kept
    with write_transaction(db) as session:
        fresh = views.salt_of(session, "2090-01-01", "00" * 32)
        assert fresh != salt.salt and [one.day for one in session.exec(select(ViewSalt))] == [
            "2090-01-01"
        ]


def test_a_view_writes_no_change_and_drops_no_cached_response(
    client: Client, db: Database, told
) -> None:
    row = told()
    before, etag = client.get("/v1").json()["change"], client.get("/v1/articles").headers["etag"]
    viewed(client, row.id)
    assert counted(client, db) == {row.id: 1}
    with db.reading() as session:
        assert record.head(session) == before
    assert client.get("/v1/articles", headers={"If-None-Match": etag}).status_code == 304


def test_body_and_batch_size_are_limited(client: Client, db: Database, told, monkeypatch) -> None:
    row, head = told(), {"User-Agent": FIREFOX, "Content-Type": "application/json"}
    for content, status in (
        (b'{"article": "' + b"x" * 9_000 + b'"}', 413), (iter([b"x" * 5_000] * 3), 413),
        (b"{", 400), (b"", 400), (b"[]", 422), (b'"x"', 422), (b"{}", 422), (b'{"views": []}', 422),
        (b'{"article": ""}', 422), (b'{"article": "a", "ip": "1.2.3.4"}', 422),
        (b'{"article": 1}', 422), (b'{"views": [{"article": "a"}], "article": "b"}', 422),
        (b'{"article": "a\\u0000"}', 422), (b'{"article": "\\ud800"}', 400),
        (b'{"views": [' + b",".join([b'{"article":"a"}'] * 51) + b"]}", 422),
        (b'{"article": "' + b"x" * 201 + b'"}', 422),
    ):  # fmt: skip
        answer = client.post("/v1/views", content=content, headers=head)
        assert answer.status_code == status, (content, answer.text)
    form = {"User-Agent": FIREFOX, "Content-Type": "application/x-www-form-urlencoded"}
    assert client.post("/v1/views", content=b"article=a", headers=form).status_code == 415
    assert client.get("/v1/views").status_code == 405
    monkeypatch.setattr(beacons, "ROOM", 0)
    full = viewed(client, row.id)
    assert full.status_code == 503 and full.headers["retry-after"]
    assert counted(client, db) == {}


def test_views_of_one_address_are_limited_per_minute(client: Client, told) -> None:
    row, rate = told(), viewing_of(client).rate
    rate.most = 3
    rate.known.clear()
    answers = [viewed(client, row.id, f"Browser {number}") for number in range(9)]
    assert [one.status_code for one in answers[:3]] == [202] * 3
    assert {one.status_code for one in answers[6:]} == {429}
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    rate.known.clear()
    body = {"views": [{"article": row.id}] * 4}
    many = client.post("/v1/views", json=body, headers={"User-Agent": FIREFOX})
    assert many.status_code == 429
    for number in range(beacons.MOST_KNOWN + 5):
        rate.count(f"10.0.{number}", 1)
    assert len(rate.known) == beacons.MOST_KNOWN


@pytest.mark.parametrize(
    ("peer", "network"),
    [("192.0.2.7", "192.0.2.7"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
     ("::ffff:192.0.2.7", "192.0.2.7"), ("", ""), ("unix", "unix")],
)  # fmt: skip
def test_one_ipv6_network_counts_as_one_address(peer: str, network: str) -> None:
    assert beacons.network_of(peer) == network


def test_a_stopping_server_writes_waiting_views(
    client: Client, db: Database, told, monkeypatch
) -> None:
    row = told()
    monkeypatch.setattr(beacons, "A_TURN", 2)
    for number in range(7):
        viewed(client, row.id, f"Browser {number}")
    client.served.stop()
    with db.reading() as session:
        assert session.exec(select(StoryViewHour.views)).one() == 7


def test_views_wait_while_the_database_is_unavailable(
    client: Client, db: Database, told, monkeypatch
) -> None:
    row, one = told(), viewing_of(client)
    monkeypatch.setattr(beacons, "PAUSE", 60.0)

    def fails(*given: object) -> int:
        raise sqlite3.OperationalError("database is locked")

    with monkeypatch.context() as broken:
        broken.setattr(views, "add", fails)
        viewed(client, row.id)
        with pytest.raises(sqlite3.OperationalError):
            one.write()
    assert counted(client, db) == {row.id: 1}


def test_the_first_views_of_a_day_wait_for_the_salt_with_a_limit(
    client: Client, db: Database, told, monkeypatch
) -> None:
    row, one, thawed, asked = told(), viewing_of(client), threading.Event(), list[str]()
    salt_of = one.salt_of

    def frozen(day: str) -> bytes:
        asked.append(day)
        thawed.wait(30)
        return salt_of(day)

    monkeypatch.setattr(one, "salt_of", frozen)
    monkeypatch.setattr(beacons, "PATIENCE", 0.2)
    for answer in (viewed(client, row.id), viewed(client, row.id)):
        assert answer.status_code == 503 and answer.headers["retry-after"]
    thawed.set()
    monkeypatch.setattr(beacons, "PATIENCE", 30.0)
    assert viewed(client, row.id).status_code == 202
    assert len(asked) == 1
    assert counted(client, db) == {row.id: 1}


Filled = Callable[[int], None]


def fill(db: Database, ids: list[str], hours: int) -> None:
    """Views of these stories, each more than the one before, in hours until now."""
    now = datetime.now(UTC)
    rows = [
        {"hour": views.hour_of(now - timedelta(hours=back)), "article_id": id, "event": None,
         "visitor": f"{id}{back}{number}", "referrer": None, "at": now}
        for back in range(hours) for place, id in enumerate(ids) for number in range(place + 1)
    ]  # fmt: skip
    with write_transaction(db) as session:
        assert views.add(session, rows) == len(rows)
        assert views.add(session, rows[:5]) == 0


def test_counts_by_hour_and_day_equal_the_views(db: Database, told) -> None:
    fill(db, [told().id for _ in range(3)], 4)
    asked = {span: text(f"SELECT * FROM story_view_{span} ORDER BY 1, 2") for span in views.COUNTS}
    with db.reading() as session:
        counts = {span: session.execute(sql).all() for span, sql in asked.items()}
        seen = session.exec(select(StoryView.hour, StoryView.article_id)).all()
        for span, table in views.COUNTS.items():
            rows: list[Any] = list(session.exec(select(table)))
            summed = Counter((views.start_of(hour, span), id) for hour, id in seen)
            assert {(getattr(row, span), row.article_id): row.views for row in rows} == summed
    assert len(counts["hour"]) == 12 and sum(row[2] for row in counts["day"]) == 4 * (1 + 2 + 3)


def test_views_are_deleted_after_their_time(db: Database, told, monkeypatch) -> None:
    fill(db, [told().id], 50)
    monkeypatch.setattr(views, "AT_ONCE", 10)
    before = views.hour_of(datetime.now(UTC)) - timedelta(hours=20)
    while worker.delete_old_views(db, before):
        pass
    with db.reading() as session:
        for column in (StoryView.hour, StoryViewHour.hour):
            hours = session.exec(select(column)).all()
            assert len(hours) == 21 and min(hours) == before
        days = session.exec(select(StoryViewDay.day)).all()
        assert min(days) == views.start_of(before, "day")
