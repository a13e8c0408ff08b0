"""`Idempotency-Key`: the same again is answered as the first time, and done once."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import select

from app.db.database import Database
from app.desk.transaction import at_desk
from app.models.article import ArticleRow
from app.models.idempotency import IdempotencyRow
from app.worker import cleanup_step
from tests.conftest import Client, Signed

STORY = {"lang": "en", "headline": "Told once"}


def keyed(name: str, **more: str) -> dict[str, str]:
    return {"Idempotency-Key": name, **more}


def count(db: Database) -> int:
    with db.reading() as session:
        return len(session.exec(select(ArticleRow.id)).all())


def test_eight_simultaneous_posts_with_one_key_create_one_story(
    editor: Client, db: Database
) -> None:
    with ThreadPoolExecutor(8) as hands:
        answers = list(
            hands.map(
                lambda _: editor.post("/v1/articles", json=STORY, headers=keyed("k")), range(8)
            )
        )
    assert {one.status_code for one in answers} == {201}
    assert len({one.text for one in answers}) == 1
    assert len({one.headers["etag"] for one in answers}) == 1
    assert sum("idempotency-replayed" in one.headers for one in answers) == 7
    assert count(db) == 1


def test_eight_simultaneous_publications_with_one_key_are_one(editor: Client, told) -> None:
    first, second = told(slug="one", publish=False), told(slug="two", publish=False)

    def press(row: ArticleRow, headers: dict[str, str]) -> httpx.Response:
        return editor.put(f"/v1/articles/{row.id}/publication", headers=headers)

    with ThreadPoolExecutor(8) as hands:
        plain = list(hands.map(lambda _: press(first, {}), range(8)))
        same = list(hands.map(lambda _: press(second, keyed("press")), range(8)))
    assert sorted(one.status_code for one in plain) == [200] + [409] * 7
    assert [one.status_code for one in same] == [200] * 8
    assert len({one.text for one in same}) == 1


def test_a_repeat_of_a_running_request_is_409(
    client: Client, editor: Client, db: Database, told
) -> None:
    row = told(slug="slow", publish=False)
    url = f"/v1/articles/{row.id}/publication"
    with ThreadPoolExecutor(2) as hands:
        with at_desk(db) as desk:  # somebody else holds the story
            desk.session.exec(
                select(ArticleRow).where(ArticleRow.id == row.id).with_for_update()
            ).one()
            first = hands.submit(editor.put, url, headers=keyed("slow"))
            time.sleep(0.3)
            second = editor.put(url, headers=keyed("slow"))
            assert (second.status_code, second.json()["code"]) == (409, "idempotency-running")
        assert first.result().status_code == 200
    assert editor.put(url, headers=keyed("slow")).text == first.result().text


@pytest.mark.parametrize(
    ("status", "sent"),
    [(422, {"lang": "en"}), (409, {"lang": "en", "headline": "x", "slug": "taken"})],
)
def test_a_refused_request_is_replayed(
    editor: Client, db: Database, told, status: int, sent: dict[str, Any]
) -> None:
    row = told(slug="taken")
    first = editor.post("/v1/articles", json=sent, headers=keyed("k"))
    assert first.status_code == status
    with at_desk(db) as desk:
        desk.session.get_one(ArticleRow, row.id).slug_key = "free-now"
    again = editor.post("/v1/articles", json=sent, headers=keyed("k"))
    assert again.status_code == status
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json()["errors"] == first.json()["errors"]
    assert again.json()["detail"] == first.json()["detail"]


def test_errors_before_the_write_are_not_replayed(
    client: Client, editor: Client, signed: Signed, told, db: Database
) -> None:
    row = told(slug="one")
    url = f"/v1/articles/{row.id}"
    missing = {"headline": "New"}
    assert editor.put(url, json=missing, headers=keyed("a")).status_code == 428
    assert (
        editor.put(url, json=missing, headers=keyed("a", **{"If-Match": '"v9"'})).status_code == 412
    )
    assert editor.put("/v1/articles/none", json={}, headers=keyed("b")).status_code == 404
    assert editor.post("/v1/articles", content=b"{", headers=keyed("c")).status_code == 400
    assert client.post("/v1/articles", json=STORY, headers=keyed("d")).status_code == 401
    assert signed("reader").post("/v1/articles", json=STORY, headers=keyed("e")).status_code == 403
    with db.reading() as session:
        assert session.exec(select(IdempotencyRow)).all() == []
    right = editor.put(url, json=missing, headers=keyed("a", **{"If-Match": '"v1"'}))
    assert right.status_code == 200


def test_an_idempotency_key_belongs_to_its_caller_and_route(signed: Signed, db: Database) -> None:
    one, other = signed("editor"), signed("editor")
    made = [
        who.post("/v1/articles", json=STORY | {"headline": f"{n}"}, headers=keyed("k")).json()
        for n, who in enumerate((one, other))
    ]
    assert made[0]["id"] != made[1]["id"]
    for story in made:
        out = one.put(f"/v1/articles/{story['id']}/publication", headers=keyed("k"))
        assert out.status_code == 200
    assert count(db) == 2


@pytest.mark.parametrize("given", ["", "a" * 256, "ü", 'a"b'])
def test_an_invalid_idempotency_key_is_400(editor: Client, given: str) -> None:
    answer = editor.post(
        "/v1/articles", json=STORY, headers=[(b"Idempotency-Key", given.encode("latin-1"))]
    )
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["parameter"] == "Idempotency-Key"


def test_quotes_belong_to_the_header_not_to_the_key(editor: Client, db: Database) -> None:
    for given in ('"k-1"', "k-1"):
        assert editor.post("/v1/articles", json=STORY, headers=keyed(given)).status_code == 201
    assert count(db) == 1


def test_after_a_day_it_is_a_new_request(editor: Client, db: Database) -> None:
    editor.post("/v1/articles", json=STORY, headers=keyed("k"))
    with at_desk(db) as desk:
        for row in desk.session.exec(select(IdempotencyRow)):
            row.at -= timedelta(hours=24, seconds=1)
    assert (
        "idempotency-replayed"
        not in editor.post("/v1/articles", json=STORY, headers=keyed("k")).headers
    )
    assert count(db) == 2
    editor.post("/v1/articles", json=STORY, headers=keyed("other"))
    with at_desk(db) as desk:
        for row in desk.session.exec(select(IdempotencyRow)):
            row.at -= timedelta(days=2)
    cleanup_step(db)
    with db.reading() as session:
        assert session.exec(select(IdempotencyRow)).all() == []


def test_many_keys_at_once_do_not_hold_each_other_up(editor: Client, db: Database) -> None:
    started = threading.Barrier(16)

    def write(number: int) -> int:
        started.wait()
        sent = STORY | {"headline": f"Number {number}"}
        return editor.post("/v1/articles", json=sent, headers=keyed(f"k{number}")).status_code

    with ThreadPoolExecutor(16) as hands:
        assert set(hands.map(write, range(16))) == {201}
    assert count(db) == 16


def test_a_refusal_that_names_lost_blocks_is_replayed_as_it_was(editor: Client) -> None:
    block = {"id": "b1", "type": "paragraph", "text": "The boats are back."}
    link = {"role": "reported", "source": "reuters", "scope": {"block": "b1"}}
    story = editor.post("/v1/articles", json=STORY | {"body": [block], "attributions": [link]})
    headers = keyed("k", **{"If-Match": story.headers["etag"]})
    url = f"/v1/articles/{story.json()['id']}"
    first, second = (editor.patch(url, json={"body": []}, headers=headers) for _ in range(2))
    assert (first.status_code, first.json()["code"]) == (409, "loses-blocks")
    assert second.headers["idempotency-replayed"] == "true"
    told = [{**one.json(), "request_id": None} for one in (first, second)]
    assert told[0] == told[1]
