"""Publication, schedule, embargo and expiry, over HTTP; the clock decides, nobody's job does."""

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from sqlmodel import col, select

from app import worker
from app.db.database import Database
from app.desk.articles import publishing, schedule
from app.desk.due_moments import moments_step
from app.desk.transaction import at_desk
from app.models import publication_window
from app.models.article import ArticleRow, MomentRow
from app.models.base import timestamp
from app.models.change import ChangeRow
from tests.conftest import Client

HOUR, YEAR = timedelta(hours=1), timedelta(days=365)
SOON = timedelta(seconds=2)


def ahead(by: timedelta = YEAR) -> str:
    return timestamp((datetime.now(UTC) + by).replace(microsecond=0))


def url_of(row: ArticleRow, state: str = "") -> str:
    return f"/v1/articles/{row.id}" + (f"/{state}" if state else "")


def public(client: Client, row: ArticleRow) -> int:
    """What a reader is told, and that lists agree with it."""
    status = client.get(url_of(row)).status_code
    listed = {one["id"] for one in client.get("/v1/articles?limit=100").json()["items"]}
    assert (status == 200) == (row.id in listed)
    return status


def types(db: Database, row: ArticleRow) -> list[tuple[str, bool]]:
    """The log of a story: what happened, and whether readers could see it."""
    with db.reading() as session:
        rows = select(ChangeRow.type, ChangeRow.public).where(ChangeRow.object_id == row.id)
        return list(session.exec(rows.order_by(col(ChangeRow.seq))).all())


def told_state(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("state")


def test_published_unpublished_and_published_again(
    client: Client, editor: Client, db, told
) -> None:
    row = told(publish=False)
    out = editor.put(url_of(row, "publication")).json()
    assert editor.get(url_of(row, "publication")).json() == {
        "article": row.id, "state": "published", "published_at": out["published_at"],
        "first_published_at": out["first_published_at"],
    }  # fmt: skip
    back = editor.delete(url_of(row, "publication"))
    assert told_state(back) == (200, "unpublished")
    assert back.json()["first_published_at"] == out["first_published_at"]
    assert public(client, row) == 404
    assert told_state(editor.get(url_of(row, "publication"))) == (404, "unpublished")
    assert told_state(editor.delete(url_of(row, "publication"))) == (409, "unpublished")
    other = "2026-01-02T03:04:05Z"
    again = editor.put(url_of(row, "publication"), json={"published_at": other}).json()
    assert (again["published_at"], again["first_published_at"]) == (
        other, out["first_published_at"],
    )  # fmt: skip
    assert public(client, row) == 200
    assert types(db, row) == [
        ("created", False), ("published", True), ("unpublished", True), ("published", True),
    ]  # fmt: skip
    with db.reading() as session:  # an ordinary story has no moment
        assert session.exec(select(MomentRow)).all() == []


def test_a_story_published_again_keeps_its_time_unless_another_is_given(editor, told) -> None:
    row = told(published_at="2026-01-02T03:04:05Z")
    editor.delete(url_of(row, "publication"))
    again = editor.put(url_of(row, "publication")).json()
    assert again["published_at"] == again["first_published_at"] == "2026-01-02T03:04:05Z"


def test_a_schedule_is_set_moved_and_cancelled(client: Client, editor: Client, db, told) -> None:
    row = told(publish=False)
    draft = editor.get(url_of(row)).json()
    first, second = ahead(), ahead(2 * YEAR)
    assert told_state(editor.put(url_of(row, "schedule"), json={"at": first})) == (200, "scheduled")
    assert told_state(editor.put(url_of(row, "schedule"), json={"at": first})) == (409, "scheduled")
    moved = editor.put(url_of(row, "schedule"), json={"at": second})
    assert moved.json()["published_at"] == moved.json()["first_published_at"] == second
    assert editor.get(url_of(row, "schedule")).json()["at"] == second
    assert public(client, row) == 404
    assert told_state(editor.delete(url_of(row, "publication"))) == (409, "scheduled")
    off = editor.delete(url_of(row, "schedule")).json()
    same = ("state", "published_at", "first_published_at", "version", "slug")
    assert {name: off[name] for name in same} == {name: draft[name] for name in same}
    assert told_state(editor.delete(url_of(row, "schedule"))) == (409, "draft")
    assert told_state(editor.get(url_of(row, "schedule"))) == (404, "draft")
    assert [type for type, public in types(db, row) if not public] == [
        "created", "scheduled", "scheduled", "unscheduled",
    ]  # fmt: skip
    assert editor.delete(url_of(row), headers={"If-Match": '"v1"'}).status_code == 204


def test_a_cancelled_schedule_leaves_an_unpublished_story_as_it_was(editor: Client, told) -> None:
    row = told(published_at="2026-01-02T03:04:05Z")
    editor.delete(url_of(row, "publication"))
    waits = editor.put(url_of(row, "schedule"), json={"at": ahead()}).json()
    assert waits["first_published_at"] == "2026-01-02T03:04:05Z"
    off = editor.delete(url_of(row, "schedule")).json()
    assert (off["state"], off["published_at"], off["first_published_at"]) == (
        "unpublished", "2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z",
    )  # fmt: skip


def test_a_scheduled_story_can_be_published_at_once(client: Client, editor: Client, told) -> None:
    row = told(publish=False)
    editor.put(url_of(row, "schedule"), json={"at": ahead()})
    assert told_state(editor.put(url_of(row, "publication"))) == (200, "published")
    assert public(client, row) == 200
    assert told_state(editor.put(url_of(row, "schedule"), json={"at": ahead()})) == (
        409, "published",
    )  # fmt: skip


def test_a_story_appears_and_disappears_by_the_clock(client: Client, editor: Client, db, told):
    row = told(publish=False)
    start = datetime.now(UTC)
    comes, goes = start + SOON, start + 2 * SOON
    assert editor.put(url_of(row, "schedule"), json={"at": timestamp(comes)}).status_code == 200
    assert editor.put(url_of(row, "expiry"), json={"at": timestamp(goes)}).status_code == 200
    told(headline="Another")
    seen: dict[bool, set[int]] = {}
    while (now := datetime.now(UTC)) < goes + SOON / 4:
        answer, then = client.get(url_of(row)), datetime.now(UTC)
        if any(now < moment <= then for moment in (comes, goes)):
            continue  # while the answer was made; either may be told
        seen.setdefault(comes <= now < goes, set()).add(answer.status_code)
        kept = int(answer.headers["cache-control"].partition("s-maxage=")[2])
        following = min((one for one in (comes, goes) if one > now), default=now + HOUR)
        assert now + timedelta(seconds=kept) <= following
    assert seen == {True: {200}, False: {404}}
    assert editor.get(url_of(row)).json()["state"] == "expired"
    assert types(db, row)[-2:] == [("scheduled", False), ("expiry_set", False)]
    assert moments_step(db) == 2
    assert moments_step(db) == 0
    assert types(db, row)[-2:] == [("published", True), ("expired", True)]


def test_an_embargo_hides_a_published_story_at_once(client: Client, editor: Client, db, told):
    row = told(slug="secret")
    until = ahead()
    held = editor.put(url_of(row, "embargo"), json={"until": until})
    assert told_state(held) == (200, "scheduled")
    assert public(client, row) == 404
    assert client.get("/v1/articles/secret").status_code == 404
    assert told_state(editor.put(url_of(row, "embargo"), json={"until": until})) == (
        409, "scheduled",
    )  # fmt: skip
    assert editor.get(url_of(row, "embargo")).json()["until"] == until
    free = editor.delete(url_of(row, "embargo")).json()
    assert (free["published_at"], free["first_published_at"]) == (
        held.json()["published_at"], held.json()["first_published_at"],
    )  # fmt: skip
    assert public(client, row) == 200
    assert told_state(editor.delete(url_of(row, "embargo"))) == (409, "published")
    assert told_state(editor.get(url_of(row, "embargo"))) == (404, "published")
    assert types(db, row)[-2:] == [("embargoed", True), ("embargo_lifted", True)]


def test_a_story_published_under_an_embargo_is_dated_by_its_end(client, editor, db, told) -> None:
    row = told(publish=False)
    first, second = ahead(), ahead(2 * YEAR)
    assert told_state(editor.put(url_of(row, "embargo"), json={"until": first})) == (200, "draft")
    waits = editor.put(url_of(row, "publication"))
    assert told_state(waits) == (200, "scheduled")
    assert waits.json()["published_at"] == waits.json()["first_published_at"] == first
    assert told_state(editor.put(url_of(row, "publication"))) == (409, "scheduled")
    later = editor.put(url_of(row, "embargo"), json={"until": second}).json()
    assert later["published_at"] == later["first_published_at"] == second
    lifted = editor.delete(url_of(row, "embargo")).json()
    assert lifted["state"] == "published" and lifted["published_at"] < first
    assert lifted["published_at"] == lifted["first_published_at"]
    assert types(db, row)[1:] == [
        ("embargoed", False), ("scheduled", False), ("embargoed", False), ("embargo_lifted", True),
    ]  # fmt: skip


def test_a_story_unpublished_under_its_embargo_never_was_public(editor: Client, told) -> None:
    row = told(publish=False)
    editor.put(url_of(row, "embargo"), json={"until": ahead()})
    editor.put(url_of(row, "publication"))
    back = editor.delete(url_of(row, "publication")).json()
    assert (back["state"], back["first_published_at"]) == ("draft", None)
    again = editor.put(url_of(row, "publication"))
    assert told_state(again) == (200, "scheduled")


def test_lifting_an_embargo_keeps_the_schedule(client: Client, editor: Client, told) -> None:
    row = told(publish=False)
    moment = ahead()
    editor.put(url_of(row, "schedule"), json={"at": moment})
    editor.put(url_of(row, "embargo"), json={"until": moment})
    free = editor.delete(url_of(row, "embargo")).json()
    assert (free["state"], free["published_at"]) == ("scheduled", moment)
    assert public(client, row) == 404


def test_an_expiry_is_set_moved_and_removed(client: Client, editor: Client, db, told) -> None:
    row = told()
    first = ahead()
    assert editor.put(url_of(row, "expiry"), json={"at": first}).json()["expires_at"] == first
    assert told_state(editor.put(url_of(row, "expiry"), json={"at": first})) == (409, "published")
    assert editor.get(url_of(row, "expiry")).json()["at"] == first
    assert editor.delete(url_of(row, "expiry")).json()["expires_at"] is None
    assert told_state(editor.delete(url_of(row, "expiry"))) == (409, "published")
    assert told_state(editor.get(url_of(row, "expiry"))) == (404, "published")
    assert types(db, row)[-2:] == [("expiry_set", True), ("expiry_set", True)]


def test_an_expired_story_is_published_again_without_its_expiry(
    client: Client, editor, db, told
) -> None:
    now = datetime.now(UTC)
    row = told(publish=False, expires_at=timestamp(now + HOUR))
    with at_desk(db, now=now - 2 * HOUR) as desk:
        article = publishing.get(desk, row.id)
        article.expires_at = now - HOUR
        publishing.publish(desk, article)
    assert public(client, row) == 404
    assert told_state(editor.put(url_of(row, "publication"))) == (409, "expired")
    assert told_state(editor.put(url_of(row, "schedule"), json={"at": ahead()})) == (409, "expired")
    assert told_state(editor.delete(url_of(row, "expiry"))) == (200, "published")
    assert public(client, row) == 200
    assert types(db, row)[1:] == [("published", True), ("expired", True), ("expiry_set", True)]


@pytest.mark.parametrize(
    ("state", "name"), [("schedule", "at"), ("embargo", "until"), ("expiry", "at")]
)
@pytest.mark.parametrize(
    ("moment", "says"),
    [
        ("2020-01-01T00:00:00Z", "passed"), ("2030-01-01T00:00:00", "offset"),
        ("2030-01-01", "offset"), (1900000000, "offset"), ("tomorrow", "offset"), (None, "offset"),
        ("9999-12-31T23:59:59-12:00", "UTC"), ("9999-12-31T23:59:59Z", "9999"),
        ("0001-01-01T00:00:00+12:00", "UTC"), ("0999-01-01T00:00:00Z", "1000"),
        ("2030-02-30T00:00:00Z", ""), ("2030-01-01T24:61:00Z", ""),
        ("2030-01-01T00:00:00+99:00", ""), ("\u0662\u0660\u0663\u0660-01-01T00:00:00Z", "offset"),
    ],
)  # fmt: skip
def test_an_invalid_time_is_422(editor: Client, told, state, name, moment, says) -> None:
    row = told(publish=False)
    answer = editor.put(url_of(row, state), json={name: moment})
    assert answer.status_code == 422, answer.text
    [fault] = answer.json()["errors"]
    assert fault["pointer"] == f"#/{name}"
    assert says in fault["detail"]


@pytest.mark.parametrize("state", ["schedule", "embargo", "expiry"])
def test_a_time_in_the_far_future_is_accepted(client, editor, told, state: str) -> None:
    row = told(publish=state == "expiry")
    name, moment = ("until" if state == "embargo" else "at"), "9999-01-01T00:00:00Z"
    assert editor.put(url_of(row, state), json={name: moment}).status_code == 200
    assert editor.get(url_of(row, state)).json()[name] == moment
    assert public(client, row) == (200 if state == "expiry" else 404)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Beirut"])
def test_an_hour_repeated_by_daylight_saving_is_two_times(editor: Client, told, zone: str) -> None:
    """The clocks go back: without its offset the hour would be either; with it it's one of two."""
    place = ZoneInfo(zone)
    day = datetime(2030, 10, 27, tzinfo=UTC)
    back = next(
        at for hours in range(48)
        if (at := day - timedelta(days=1) + hours * HOUR).astimezone(place).fold
    )  # fmt: skip
    first, second = ((back + shift).astimezone(place).isoformat() for shift in (-HOUR, 0 * HOUR))
    assert first[:19] == second[:19] and first != second
    row = told(publish=False)
    assert editor.put(url_of(row, "schedule"), json={"at": first[:19]}).status_code == 422
    moments_told = [
        editor.put(url_of(row, "schedule"), json={"at": at}).json()["published_at"]
        for at in (first, second)
    ]
    assert moments_told == [timestamp(back - HOUR), timestamp(back)]


def test_embargo_and_expiry_at_the_same_second_never_show_the_story(
    client: Client, editor: Client, db: Database, told
) -> None:
    row = told(publish=False)
    moment = datetime.now(UTC) + SOON
    editor.put(url_of(row, "embargo"), json={"until": timestamp(moment)})
    answer = editor.put(url_of(row, "expiry"), json={"at": timestamp(moment)})
    assert answer.status_code == 200
    out = editor.put(url_of(row, "publication"))
    assert told_state(out) == (200, "scheduled")
    while datetime.now(UTC) < moment + SOON / 4:
        assert client.get(url_of(row)).status_code == 404
    assert editor.get(url_of(row)).json()["state"] == "expired"
    worker.work_through(db)
    assert [type for type, public in types(db, row) if public] == []
    answer = editor.put(url_of(row, "withdrawal"), json={"kind": "kill"})
    assert answer.json()["public"] is False
    assert client.get(url_of(row)).status_code == 404


def test_an_expiry_before_the_publication_gives_a_warning(editor: Client, told) -> None:
    row = told(publish=False)
    editor.put(url_of(row, "schedule"), json={"at": ahead(2 * YEAR)})
    answer = editor.put(url_of(row, "expiry"), json={"at": ahead(YEAR)})
    assert "Nobody will see it" in answer.json()["warnings"][0]


def test_a_future_published_at_is_422(client: Client, editor: Client, told) -> None:
    row = told()
    sent = {"published_at": ahead()}
    put = editor.patch(url_of(row), json=sent, headers={"If-Match": '"v1"'})
    assert (put.status_code, put.json()["errors"][0]["pointer"]) == (422, "#/published_at")
    draft = told(publish=False)
    put = editor.put(url_of(draft, "publication"), json=sent)
    assert (put.status_code, put.json()["errors"][0]["pointer"]) == (422, "#/published_at")
    editor.put(url_of(draft, "schedule"), json={"at": ahead()})
    sent = {"published_at": "2020-01-01T00:00:00Z"}
    put = editor.patch(url_of(draft), json=sent, headers={"If-Match": '"v1"'})
    assert put.status_code == 422, "a save would have put it out"
    assert public(client, draft) == 404


def test_publishing_a_draft_with_a_future_time_schedules_it(
    client: Client, editor: Client, told
) -> None:
    row = told(publish=False, published_at=ahead())
    assert told_state(editor.put(url_of(row, "publication"))) == (200, "scheduled")
    assert editor.get(url_of(row, "schedule")).status_code == 200
    off = editor.delete(url_of(row, "schedule")).json()
    assert (off["state"], off["first_published_at"]) == ("draft", None)


def test_if_match_is_checked_when_it_is_sent(editor: Client, told) -> None:
    row = told(publish=False)
    wrong = {"If-Match": '"v9"'}
    for state, sent in (
        ("publication", {}), ("schedule", {"at": ahead()}), ("embargo", {"until": ahead()}),
        ("expiry", {"at": ahead()}), ("withdrawal", {"kind": "kill"}),
    ):  # fmt: skip
        answer = editor.put(url_of(row, state), json=sent, headers=wrong)
        assert (answer.status_code, answer.json()["version"]) == (412, 1)
    right = {"If-Match": editor.get(url_of(row)).headers["etag"]}
    assert editor.put(url_of(row, "publication"), headers=right).status_code == 200


def test_states_need_publish_and_withdrawals_need_withdraw(signed, told) -> None:
    row = told(publish=False)
    writer, publisher = signed("editor", scopes=["write"]), signed("editor", scopes=["publish"])
    for state, sent in (
        ("publication", {}), ("schedule", {"at": ahead()}), ("embargo", {"until": ahead()}),
        ("expiry", {"at": ahead()}),
    ):  # fmt: skip
        assert writer.put(url_of(row, state), json=sent).status_code == 403
        assert publisher.put(url_of(row, state), json=sent).status_code in (200, 409)
    assert publisher.put(url_of(row, "withdrawal"), json={"kind": "kill"}).status_code == 403


def presses(client: Client, *given: Any, **more: Any) -> list[httpx.Response]:
    """Eight hands at once."""
    answers: list[httpx.Response] = []
    together = threading.Barrier(8)

    def press() -> None:
        together.wait()
        answers.append(client.request(*given, **more))

    threads = [threading.Thread(target=press) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@pytest.mark.parametrize("begun", ["draft", "scheduled"])
def test_eight_simultaneous_publications_give_one_200_and_seven_409(
    editor: Client, db: Database, told, begun: str
) -> None:
    row = told(publish=False)
    if begun == "scheduled":
        editor.put(url_of(row, "schedule"), json={"at": ahead()})
    answers = presses(editor, "PUT", url_of(row, "publication"))
    assert Counter(one.status_code for one in answers) == {200: 1, 409: 7}
    assert {one.json()["state"] for one in answers} == {"published"}
    assert [type for type, _ in types(db, row)].count("published") == 1


def test_eight_publications_with_one_idempotency_key_are_one(
    editor: Client, db: Database, told
) -> None:
    row = told(publish=False)
    answers = presses(
        editor, "PUT", url_of(row, "publication"), headers={"Idempotency-Key": "press"}
    )
    assert [one.status_code for one in answers] == [200] * 8
    assert len({one.content for one in answers}) == 1
    assert [type for type, _ in types(db, row)].count("published") == 1


def test_eight_simultaneous_withdrawals_give_one_success(
    editor: Client, db: Database, told
) -> None:
    row = told()
    answers = presses(editor, "PUT", url_of(row, "withdrawal"), json={"kind": "kill"})
    assert Counter(one.status_code for one in answers) == {200: 1, 409: 7}
    assert [type for type, _ in types(db, row)].count("killed") == 1


def test_a_replayed_error_stays_an_error(editor: Client, told) -> None:
    row = told()
    headers = {"Idempotency-Key": "again"}
    first = editor.put(url_of(row, "publication"), headers=headers)
    editor.delete(url_of(row, "publication"))
    second = editor.put(url_of(row, "publication"), headers=headers)
    assert first.status_code == second.status_code == 409
    assert second.headers["idempotency-replayed"] == "true"


def test_importing_again_keeps_embargo_and_schedule(client, editor, db, told) -> None:
    """What a feed brings again changes words, not when they may be seen."""
    for state, sent in (("embargo", {"until": ahead()}), ("schedule", {"at": ahead()})):
        row = told(publish=False)
        assert editor.put(url_of(row, state), json=sent).status_code == 200
        if state == "embargo":
            editor.put(url_of(row, "publication"))
        with at_desk(db) as desk:
            article = publishing.get(desk, row.id)
            again = editor_write(headline="Other words", published_at="2020-01-01T00:00:00Z")
            publishing.revise(desk, article, again)
        assert public(client, row) == 404
        assert editor.get(url_of(row)).json()["headline"] == "Other words"


def editor_write(**write: Any) -> Any:
    from app.models.article import ArticleWrite

    return ArticleWrite.model_validate({"lang": "en", **write})


def test_a_draft_can_be_deleted_and_a_scheduled_story_cannot(editor: Client, told) -> None:
    row = told(publish=False)
    editor.put(url_of(row, "schedule"), json={"at": ahead()})
    headers = {"If-Match": '"v1"'}
    assert told_state(editor.delete(url_of(row), headers=headers)) == (409, "scheduled")
    editor.delete(url_of(row, "schedule"))
    assert editor.delete(url_of(row), headers=headers).status_code == 204


def test_a_cancelled_schedule_is_decided_after_the_lock(db: Database, told) -> None:
    """Who waited for a lock looks at the clock again: what came out meanwhile isn't called off."""
    row = told(publish=False)
    with at_desk(db) as desk:
        schedule.schedule(desk, publishing.get(desk, row.id), desk.now + SOON)
    with at_desk(db) as desk:
        began = desk.now
        threading.Event().wait(2 * SOON.total_seconds())
        article = publishing.get(desk, row.id)
        assert desk.now > began
        assert publication_window.has_been_out(article, desk.now)
    assert [type for type, _ in types(db, row)][-1] == "published"
