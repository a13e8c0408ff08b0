"""Moments that pass: in the log once, whoever is awake, in the right place; whatever the clock does."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlmodel import col, select

from app.change_log import due_moments
from app.change_log.transaction import write_transaction
from app.cli import check
from app.db.database import Database
from app.desk import withdrawals
from app.desk.articles import publishing, schedule
from app.desk.catalog import verbs
from app.desk.due_moments import moments_step
from app.desk.transaction import at_desk
from app.models.article import ArticleRow, ArticleWrite, MomentRow
from app.models.change import ChangeRow
from app.models.withdrawal import Restoration, WithdrawalWrite
from tests.conftest import Client

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def scheduled(
    db: Database, count: int, at: datetime, now: datetime, expires: datetime | None = None
) -> list[str]:
    """Stories that come out at a moment; the desk works at `now`."""
    ids = []
    for start in range(0, count, 50):
        with at_desk(db, now=now) as desk:
            for number in range(start, min(start + 50, count)):
                sent = ArticleWrite(lang="en", headline=f"Story {number}", expires_at=expires)
                row = schedule.schedule(desk, publishing.create(desk, sent), at)
                ids.append(row.id)
    return ids


def by_clock(db: Database) -> list[ChangeRow]:
    with db.reading() as session:
        rows = select(ChangeRow).where(col(ChangeRow.by_clock)).order_by(col(ChangeRow.seq))
        return list(session.exec(rows))


def kept(db: Database) -> list[tuple[datetime, str]]:
    with db.reading() as session:
        rows = session.exec(select(MomentRow.at, MomentRow.type).order_by(col(MomentRow.at)))
        return list(rows.all())


def log_of(db: Database, id: str) -> list[str]:
    with db.reading() as session:
        rows = select(ChangeRow.type).where(ChangeRow.object_id == id)
        return list(session.exec(rows.order_by(col(ChangeRow.seq))))


def at_once(*works: Callable[[], object]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_transition_found_by_many_writers_is_logged_once(db: Database) -> None:
    """Four workers and four desks wake at the same time."""
    now = datetime.now(UTC)
    ids = scheduled(db, 130, now - HOUR, now - 2 * HOUR, expires=now - MINUTE)
    assert by_clock(db) == []

    def work() -> None:
        while moments_step(db):
            pass

    def write() -> None:
        for number in range(3):
            with at_desk(db) as desk:
                name = f"Another {threading.get_ident()} {number}"
                sent = ArticleWrite(lang="en", headline=name)
                publishing.publish(desk, publishing.create(desk, sent))

    at_once(*[work] * 4, *[write] * 4)
    work()
    found = by_clock(db)
    assert Counter(row.type for row in found) == {"published": 130, "expired": 130}
    assert {row.object_id for row in found} == set(ids)
    assert len({(row.object_id, row.type) for row in found}) == 260
    assert {row.effective_at for row in found} == {now - HOUR, now - MINUTE}
    assert all(row.public and row.at >= row.effective_at for row in found)
    assert kept(db) == []
    assert [one for one in check.faults(db) if "log" in one] == []
    for id in ids[:3]:
        assert log_of(db, id) == ["created", "scheduled", "published", "expired"]


def test_one_transaction_logs_a_bounded_number_of_transitions(db: Database) -> None:
    now = datetime.now(UTC)
    scheduled(db, 60, now - HOUR, now - 2 * HOUR)
    with at_desk(db):
        pass
    assert len(by_clock(db)) == due_moments.AT_ONCE
    with at_desk(db):
        pass
    assert len(by_clock(db)) == 60


def test_a_transition_is_logged_before_later_changes(db: Database) -> None:
    now = datetime.now(UTC)
    [first] = scheduled(db, 1, now - HOUR, now - 2 * HOUR)
    scheduled(db, 60, now - HOUR, now - 2 * HOUR)  # so that the desk can't take them all
    with at_desk(db, now=now) as desk:
        publishing.unpublish(desk, publishing.get(desk, first))
    assert log_of(db, first) == ["created", "scheduled", "published", "unpublished"]
    with db.reading() as session:
        rows = session.exec(select(ChangeRow).where(ChangeRow.object_id == first)).all()
    public = {row.type: (row.public, row.effective_at) for row in rows}
    assert public["published"] == (True, now - HOUR)
    assert public["unpublished"] == (True, now)


def test_rendering_again_loses_no_transition(db: Database) -> None:
    now = datetime.now(UTC)
    [id] = scheduled(db, 1, now - HOUR, now - 2 * HOUR, expires=now + HOUR)
    with at_desk(db, now=now) as desk:
        verbs.rerender(desk, [id], "touched")
    assert log_of(db, id) == ["created", "scheduled", "published", "rerendered"]
    assert kept(db) == [(now + HOUR, "expired")]


def test_touch_updates_transitions_after_raw_sql(db: Database) -> None:
    now = datetime.now(UTC)
    [id] = scheduled(db, 1, now + HOUR, now)
    with write_transaction(db) as session:
        row = session.get_one(ArticleRow, id)
        row.live_from = row.published_at = now + 2 * HOUR
        session.add(row)
    with at_desk(db) as desk:
        verbs.rerender(desk, [id], "touched")
    assert kept(db) == [(now + 2 * HOUR, "published")]


def test_transitions_follow_changes_of_schedule_embargo_and_expiry(db: Database) -> None:
    now = datetime.now(UTC)
    [id] = scheduled(db, 1, now + HOUR, now, expires=now + 3 * HOUR)
    both = [(now + HOUR, "published"), (now + 3 * HOUR, "expired")]
    assert kept(db) == both

    def with_story(work: Callable[..., object], *more: object, when: datetime = now) -> None:
        with at_desk(db, now=when) as desk:
            work(desk, publishing.get(desk, id), *more)

    with_story(schedule.unschedule)
    assert kept(db) == []
    with_story(schedule.schedule, now + HOUR)
    with_story(schedule.embargo, now + 2 * HOUR)
    assert kept(db) == [(now + 2 * HOUR, "published"), (now + 3 * HOUR, "expired")]
    with_story(schedule.expire, now + 2 * HOUR)
    assert kept(db) == []  # it goes when it comes: there is nothing to tell
    with_story(schedule.expire, now + 3 * HOUR)
    kill = WithdrawalWrite.model_validate({"kind": "kill"})
    with at_desk(db, now=now) as desk:
        withdrawals.withdraw(desk, id, kill)
    assert kept(db) == []
    with at_desk(db, now=now) as desk:
        withdrawals.restore(desk, id, Restoration(reason="x"))
    assert kept(db) == [(now + 2 * HOUR, "published"), (now + 3 * HOUR, "expired")]
    with_story(publishing.publish, when=now + MINUTE)  # its schedule is called off, not its embargo
    assert kept(db) == [(now + 2 * HOUR, "published"), (now + 3 * HOUR, "expired")]
    with_story(schedule.lift_embargo, when=now + 2 * MINUTE)
    assert kept(db) == [(now + 3 * HOUR, "expired")]
    with_story(publishing.unpublish, when=now + 3 * MINUTE)
    assert kept(db) == [] and by_clock(db) == []


def test_an_ordinary_story_has_no_transition(db: Database, told) -> None:
    told()
    told(published_at="2020-01-01T00:00:00Z")
    told(publish=False, expires_at=datetime.now(UTC) + HOUR)
    assert kept(db) == []


def test_a_clock_that_jumps_ahead_and_back_logs_nothing_twice(client: Client, db: Database) -> None:
    """A machine whose clock is an hour ahead logs the moment; readers are told by their own."""
    now = datetime.now(UTC)
    [id] = scheduled(db, 1, now + timedelta(seconds=1.5), now)
    assert moments_step(db, now=now + HOUR) == 1
    assert client.get(f"/v1/articles/{id}").status_code == 404
    while datetime.now(UTC) < now + timedelta(seconds=1.6):
        threading.Event().wait(0.05)
    assert client.get(f"/v1/articles/{id}").status_code == 200
    assert moments_step(db) == 0
    with at_desk(db):
        pass
    assert log_of(db, id) == ["created", "scheduled", "published"]


def test_a_clock_set_back_passes_the_same_transition_again(db: Database) -> None:
    now = datetime.now(UTC)
    [id] = scheduled(db, 1, now + HOUR, now)
    assert moments_step(db, now=now + 2 * HOUR) == 1
    with at_desk(db, now=now) as desk:  # the clock is right again: the story is scheduled still
        schedule.expire(desk, publishing.get(desk, id), now + 3 * HOUR)
    assert kept(db) == [(now + HOUR, "published"), (now + 3 * HOUR, "expired")]
    assert moments_step(db, now=now + 2 * HOUR) == 1
    assert [row.type for row in by_clock(db)] == ["published"]
    assert log_of(db, id) == ["created", "scheduled", "published", "expiry_set"]


def test_readers_find_the_transition_in_the_change_log(client: Client, db: Database) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    [id] = scheduled(db, 1, now - HOUR, now - 2 * HOUR)
    assert client.get(f"/v1/articles/{id}").status_code == 200  # with nobody awake
    assert by_clock(db) == []
    [row] = client.get("/v1/changes?noun=article").json()["items"]
    assert (row["type"], row["effective_at"]) == (
        "published", (now - HOUR).isoformat().replace("+00:00", "Z"),
    )  # fmt: skip
    assert row["at"] > row["effective_at"]  # whoever asks the log has it told
    assert len(by_clock(db)) == 1 and moments_step(db) == 0


def test_surrogate_keys_of_a_transition_cover_all_pages_of_the_story(db: Database, told) -> None:
    now = datetime.now(UTC)
    [id] = scheduled(db, 1, now - HOUR, now - 2 * HOUR)
    naming = told(related=[id])
    with at_desk(db) as desk:
        publishing.get(desk, id)
    [row] = by_clock(db)
    assert row.keys == f"{id} {naming.id}" or row.keys == id  # logged with the naming or before it
    assert row.actor is None
