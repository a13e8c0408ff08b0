"""What readers saw at a time, through every state that a story can be in."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select

from app.db.database import Database
from app.desk.catalog import verbs
from app.desk.due_moments import moments_step
from app.desk.transaction import at_desk
from app.models.article import ArticleRow
from app.models.image import ImageRow
from app.models.source import DispatchRow, SourceRow
from tests.conftest import Client
from tests.support.newsroom import Newsroom, at, moment, numbers, seen

pytestmark = pytest.mark.public_versions


def put(newsroom: Newsroom, state: str, **sent: Any) -> None:
    answer = newsroom.editor.put(f"{newsroom.url}/{state}", json=sent)
    assert answer.is_success, answer.text


def drop(newsroom: Newsroom, state: str, **sent: Any) -> None:
    answer = newsroom.editor.request("DELETE", f"{newsroom.url}/{state}", json=sent or None)
    assert answer.is_success, answer.text


def soon(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def wait_for(end: datetime) -> None:
    time.sleep(max(0.0, (end - datetime.now(UTC)).total_seconds()) + 0.01)


def status(client: Client, newsroom: Newsroom, when: str) -> int:
    return at(client, newsroom, when).status_code


def test_as_of_a_time_while_unpublished_is_404(client: Client, newsroom: Newsroom) -> None:
    newsroom.make()
    first = newsroom.publish()["first_published_at"]
    out = moment()
    drop(newsroom, "publication")
    away = moment()
    newsroom.save(headline="Never seen")
    assert client.get(f"{newsroom.url}/versions").status_code == 404
    newsroom.save(headline="Seen again")
    put(newsroom, "publication")
    again = moment()
    assert seen(client, newsroom.url)["first_published_at"] == first
    assert [status(client, newsroom, when) for when in (out, away, again)] == [200, 404, 200]
    assert at(client, newsroom, out).json()["headline"] == "Rain in the hills"
    assert at(client, newsroom, out).json()["state"] == "published"
    assert at(newsroom.editor, newsroom, away).status_code == 404
    assert numbers(client, newsroom) == [3, 1]
    assert client.get(f"{newsroom.url}/versions/2").status_code == 404
    assert "Never seen" not in client.get(f"{newsroom.url}/versions").text
    assert seen(client, f"{newsroom.url}/versions/1")["state"] == "published"
    assert numbers(newsroom.editor, newsroom) == [3, 2, 1]


def test_as_of_follows_embargo_and_expiry(client: Client, newsroom: Newsroom) -> None:
    newsroom.make()
    opens, ends = soon(2), soon(4)
    put(newsroom, "embargo", until=opens.isoformat())
    put(newsroom, "expiry", at=ends.isoformat())
    put(newsroom, "publication")
    held = moment()
    wait_for(opens)
    out = moment()
    assert status(client, newsroom, held) == 404
    assert at(client, newsroom, out).json()["version"] == 1
    [only] = seen(client, f"{newsroom.url}/versions")["items"]
    assert datetime.fromisoformat(only["shown_from"]) == opens
    lifetime = at(client, newsroom, out).headers["cache-control"]
    assert int(lifetime.rpartition("=")[2]) <= 2
    wait_for(ends)
    gone = moment()
    assert status(client, newsroom, out) == 404  # today's gate
    drop(newsroom, "expiry")
    back = moment()
    assert [status(client, newsroom, when) for when in (held, out, gone, back)] == [
        404, 200, 404, 200,
    ]  # fmt: skip


def test_as_of_before_a_schedule_is_404(client: Client, db: Database, newsroom: Newsroom) -> None:
    newsroom.make()
    opens = soon(1)
    put(newsroom, "schedule", at=opens.isoformat())
    waiting = moment()
    newsroom.keep(newsroom.editor.get(newsroom.url))
    newsroom.save(headline="Before it came out")
    wait_for(opens)
    moments_step(db)
    assert status(client, newsroom, waiting) == 404
    assert at(client, newsroom, moment()).json()["headline"] == "Before it came out"
    assert numbers(client, newsroom) == [2]


def test_withdrawal_seals_the_past_and_restoring_opens_it(
    client: Client, newsroom: Newsroom
) -> None:
    newsroom.make()
    newsroom.publish()
    then = moment()
    newsroom.save(headline="Rain")
    addresses = [
        "/versions",
        "/versions/1",
        "/diff?from=1&to=2",
        f"?as_of={then.replace('+', '%2B')}",
    ]
    for kind, told in (("kill", 410), ("vanish", 404)):
        put(newsroom, "withdrawal", kind=kind, reason="Wrong")
        for rest in addresses:
            for caller in (client, newsroom.editor):
                answer = caller.get(newsroom.url + rest)
                assert answer.status_code == told, (kind, rest)
                assert "Rain" not in answer.text
        sealed = moment()
        drop(newsroom, "withdrawal", reason="It was right")
        for rest in addresses:
            assert client.get(newsroom.url + rest).status_code == 200, (kind, rest)
        assert status(client, newsroom, sealed) == 404
    assert numbers(client, newsroom) == [2, 1]
    assert seen(client, f"{newsroom.url}/versions/1")["state"] == "published"


def test_withdrawn_content_is_in_no_old_version(
    client: Client, db: Database, newsroom: Newsroom
) -> None:
    with at_desk(db) as desk:
        source = desk.session.exec(select(SourceRow).where(SourceRow.slug == "reuters")).one()
        verbs.add_dispatch(desk, DispatchRow(id="dsp_a", source_id=source.id, item_id="1",
                                              received_at=desk.now, modified_at=desk.now))  # fmt: skip
        verbs.add(desk, ImageRow(id="img_a", file="a.jpg", mime="image/jpeg", created_at=desk.now,
                                  credit={"en": "Us"}, modified_at=desk.now))  # fmt: skip
    link = {"source": "reuters", "dispatch_id": "dsp_a", "scope": {"block": "b1"}}
    newsroom.make(lead_image={"id": "img_a"}, attributions=[link])
    newsroom.publish()
    then = moment()
    newsroom.save(lead_image=None, attributions=[], body=newsroom.body(b1="Changed."))
    for noun in ("images/img_a", "dispatches/dsp_a"):
        answer = newsroom.editor.put(f"/v1/{noun}/withdrawal", json={"kind": "kill"})
        assert answer.is_success, answer.text
    for rest in (
        "/versions",
        "/versions/1",
        "/diff?from=1&to=2",
        f"?as_of={then.replace('+', '%2B')}",
    ):
        answer = client.get(newsroom.url + rest)
        assert answer.status_code == 200
        assert "It rained." not in answer.text, rest
        assert "a.jpg" not in answer.text, rest
    assert client.get("/media/a.jpg").status_code in (404, 410)


def test_as_of_equals_the_recorded_response_of_that_time(
    client: Client, newsroom: Newsroom
) -> None:
    newsroom.make()
    steps: list[Callable[[], Any]] = [
        newsroom.publish,
        lambda: newsroom.save(headline="One"),
        lambda: drop(newsroom, "publication"),
        lambda: newsroom.save(headline="Two"),
        lambda: put(newsroom, "publication"),
        lambda: put(newsroom, "embargo", until=soon(3600).isoformat()),
        lambda: newsroom.save(headline="Three"),
        lambda: drop(newsroom, "embargo"),
        lambda: put(newsroom, "withdrawal", kind="kill"),
        lambda: drop(newsroom, "withdrawal", reason="no"),
        lambda: newsroom.save(headline="Four", body=[]),
        lambda: put(newsroom, "expiry", at=soon(3600).isoformat()),
        lambda: drop(newsroom, "expiry"),
        lambda: newsroom.editor.post(
            f"{newsroom.url}/corrections", json={"kind": "correction", "text": {"en": "It did."}}
        ).raise_for_status(),
    ]  # fmt: skip
    seen_then: list[tuple[str, int, Any]] = []
    for step in steps:
        step()
        when = moment()
        answer = client.get(newsroom.url)
        seen_then.append((when, answer.status_code, answer.json()))
    for when, code, story in seen_then:
        answer = at(client, newsroom, when)
        assert answer.status_code == (200 if code == 200 else 404), when
        if code == 200:
            assert answer.json() == story, when


def test_as_of_shows_a_live_story_between_two_updates(
    client: Client, newsroom: Newsroom, told: Callable[..., ArticleRow]
) -> None:
    told(slug="other")
    newsroom.make(kind="live")
    newsroom.publish()
    quiet = moment()
    sent = {"headline": "Wind", "pinned": True, "key": True,
            "body": [{"type": "related", "id": "r1", "articles": ["other"]}]}  # fmt: skip
    newsroom.editor.post(f"{newsroom.url}/updates", json=sent).raise_for_status()
    now = moment()
    story = seen(client, newsroom.url)
    for some in ("pinned", "key", "newest"):
        [update] = story["updates"][some]
        assert [card["slug"] for card in update["body"][0]["articles"]] == ["other"]
    assert at(client, newsroom, now).json() == story
    assert at(client, newsroom, quiet).json()["updates"]["newest"] == []
    assert numbers(client, newsroom) == [1]
