"""Caches in front of us are told what changes: each target is a cursor into the log.

A row of the log is sent to every target at least once, in order; a target's cursor moves on its 2xx
alone, so whatever was away catches up by itself. Who sends holds the target's lease: any number of
workers may run. docs/purge.md
"""

import asyncio
import contextlib
import logging
import random
import secrets
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import stamina
from sqlalchemy import CursorResult, text, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, or_, select

from app.cache.cdn_targets import Batch, Target, refusal, targets_of
from app.change_log import record, surrogate_keys
from app.change_log.transaction import write_transaction
from app.db.database import Database
from app.db.failures import Retrying
from app.models.change import ChangeRow
from app.models.purge import Lag, PurgeCursor

PAUSE = 0.25
"""Seconds between looks at the log."""

LEASE = timedelta(seconds=30)
MANY = 500
"""Rows of the log that are sent together."""

TOO_MANY = 10_000
"""Rows after which it is cheaper to have everything dropped."""

LONGEST_WAIT = 60.0
PATIENCE = 5.0
"""Seconds that a cache has to answer."""

LARGEST = 65_536
"""Bytes that are read of what it answers."""

AHEAD = ("scheduled", "unscheduled", "embargoed", "embargo_lifted", "expiry_set", "restored")
"""What moves a moment that answers may not be kept past."""

HOLDER = secrets.token_hex(8)
"""This process, as a lease has it."""

stamina.instrumentation.set_on_retry_hooks([])  # what failed is told once, here

START = datetime(2000, 1, 1, tzinfo=UTC)
Client = Callable[[], httpx.Client]
log = logging.getLogger("isnad.purge")


class Failed(Exception):
    """A purge failed: the class of failure, and when to retry."""

    def __init__(self, error: str, wait: float | None = None) -> None:
        super().__init__(error)
        self.error, self.wait = error, wait


def client() -> httpx.Client:
    """Calls to the operator's caches: bounded in time, and led nowhere else."""
    return httpx.Client(timeout=PATIENCE, follow_redirects=False)


def step(db: Database, now: datetime | None = None, open_client: Client = client) -> int:
    """Tell every target its next batch. Returns how many rows of the log were sent."""
    now = now or datetime.now(UTC)
    targets, failures, sent = targets_of(db.settings), list[Exception](), 0
    for target in targets:
        try:
            sent += step_of(db, target, now, open_client)
        except Exception as failure:  # whatever is wrong with one target, the others are told
            failures.append(failure)
    if failures:
        raise failures[0]
    return sent


def step_of(db: Database, target: Target, now: datetime, open_client: Client) -> int:
    """One target's next batch, and what is to be sent to it once more."""
    cursor, head = look(db, target, now)
    again = cursor.again_at is not None and cursor.again_at <= now
    if (cursor.seq >= head and not again) or not claimed(db, cursor, now):
        return 0
    cursor, head = look(db, target, now)  # whoever held the lease before may have moved it
    again = cursor.again_at is not None and cursor.again_at <= now
    try:
        with open_client() as calls:
            if again:
                repeat(db, target, cursor, now, calls)
            return forward(db, target, cursor, head, now, calls)
    except Failed as failed:
        put_off(db, cursor, failed, now)
        return 0


def look(db: Database, target: Target, now: datetime) -> tuple[PurgeCursor, int]:
    """Return the target's cursor and the number of the last change. A new target begins there,
    because nothing is cached from long before."""
    with db.reading() as session:
        head = record.head(session)
        cursor = session.get(PurgeCursor, target.id)
    if cursor is None:
        cursor = PurgeCursor(target=target.id, seq=head, leased_until=now, not_before=now)
        try:
            with write_transaction(db) as session:
                session.add(cursor)
        except IntegrityError:  # another worker came first
            return look(db, target, now)
    return cursor, head


def claimed(db: Database, cursor: PurgeCursor, now: datetime) -> bool:
    """Return whether this process may send: it takes the lease if that is free."""
    if cursor.not_before > now:
        return False
    if cursor.holder == HOLDER and cursor.leased_until > now + LEASE / 2:
        return True
    free = or_(col(PurgeCursor.holder) == HOLDER, col(PurgeCursor.leased_until) <= now)
    return changed(db, cursor, free, holder=HOLDER, leased_until=now + LEASE)


def changed(db: Database, cursor: PurgeCursor, condition: Any, **values: Any) -> bool:
    """Change a cursor where the condition still holds."""
    with write_transaction(db) as session:
        own = update(PurgeCursor).where(col(PurgeCursor.target) == cursor.target, condition)
        done: CursorResult[Any] = session.execute(own.values(**values))  # type: ignore[assignment]
        return done.rowcount == 1


def mine() -> Any:
    """Condition: this process holds the lease of the cursor."""
    return col(PurgeCursor.holder) == HOLDER


def forward(
    db: Database, target: Target, cursor: PurgeCursor, head: int, now: datetime,
    calls: httpx.Client,
) -> int:  # fmt: skip
    """Send the next rows; with the answer the cursor moves, and they are noted to be sent once more,
    for an answer that was on its way to the cache meanwhile."""
    if cursor.seq >= head:
        return 0
    batch = batch_after(db, cursor.seq, head)
    send(target, batch, now, calls)
    values: dict[str, Any] = {"seq": batch.sequence, "failures": 0, "error": None}
    if cursor.again_at is None and db.settings.purge_again:
        values |= {"again_from": cursor.seq, "again_to": batch.sequence, "again_at": later(db, now)}
    return batch.sequence - cursor.seq if changed(db, cursor, mine(), **values) else 0


def repeat(
    db: Database, target: Target, cursor: PurgeCursor, now: datetime, calls: httpx.Client
) -> None:
    """Send once more what was sent a while ago, and note what was sent since."""
    assert cursor.again_from is not None and cursor.again_to is not None
    at, until = cursor.again_from, cursor.again_to
    while at < until:
        batch = batch_after(db, at, until)
        send(target, batch, now, calls)
        at = batch.sequence
    more = cursor.seq > until
    cursor.again_from, cursor.again_to = (until, cursor.seq) if more else (None, None)
    cursor.again_at = later(db, now) if more else None
    names = ("again_from", "again_to", "again_at")
    changed(db, cursor, mine(), **{name: getattr(cursor, name) for name in names})


def later(db: Database, now: datetime) -> datetime:
    """When a target that failed is asked again."""
    return now + timedelta(seconds=db.settings.purge_again)


def batch_after(db: Database, seq: int, until: int) -> Batch:
    """The keys of the next rows up to a number; of too many, everything."""
    if until - seq > TOO_MANY:
        return Batch(None, until)
    with db.reading() as session:
        until = min(until, seq + MANY)
        return Batch(keys_between(session, seq, until), until)


def keys_between(session: Session, seq: int, until: int) -> list[str] | None:
    """Return the surrogate keys that these rows of the log make stale, None for all. A transition
    that was moved makes lists stale, too, because cached ones may last too long."""
    rows = [
        row for row in session.execute(text(surrogate_keys.ROWS), {"known": seq}) if row[0] <= until
    ]
    keys = surrogate_keys.keys_of(rows)
    if keys is None:
        return None
    ahead = any(row[1] in AHEAD and row[2] == "article" for row in rows)
    return sorted(keys | {"articles"} if ahead else keys)


def send(target: Target, batch: Batch, now: datetime, calls: httpx.Client) -> int:
    """Tell a target; what fails is tried three times. Returns in how many calls."""
    count = 0
    for count, request in enumerate(target.requests(batch, now), 1):  # noqa: B007
        for attempt in stamina.retry_context(
            on=worth_repeating, attempts=3, timeout=3 * PATIENCE, wait_initial=0.1, wait_max=2.0,
            wait_jitter=0.3,
        ):  # fmt: skip
            with attempt:
                call(target, request, calls)
    return count


def worth_repeating(error: Exception) -> bool:
    """What may be otherwise in a second: not what is refused, nor what names its own time."""
    if not isinstance(error, Failed) or error.wait is not None:
        return False
    return not error.error.startswith("http-4") and error.error != "refused"


def call(target: Target, request: httpx.Request, calls: httpx.Client) -> None:
    """Send one purge. Failures are reported by class only, because addresses and tokens are
    secret."""
    until = time.monotonic() + PATIENCE
    try:
        answer = calls.send(request, stream=True)
        with contextlib.closing(answer):
            said = heard(answer, until)
    except httpx.TimeoutException:
        raise Failed("timeout") from None
    except httpx.ConnectError:
        raise Failed("connect") from None
    except httpx.HTTPError:
        raise Failed("broken") from None
    if wrong := refusal(target.kind, answer.status_code, said):
        raise Failed(wrong, wait_in(answer))


def heard(answer: httpx.Response, until: float) -> bytes:
    """Read the response of a cache, up to limits of size and time."""
    said = b""
    for part in answer.iter_bytes():
        said += part
        if len(said) >= LARGEST or time.monotonic() >= until:
            break
    return said


def wait_in(answer: httpx.Response) -> float | None:
    """Seconds that a cache asks to wait."""
    said = answer.headers.get("retry-after", "")
    return min(float(said[:6]), 300.0) if said.isascii() and said.isdigit() else None


def put_off(db: Database, cursor: PurgeCursor, failed: Failed, now: datetime) -> None:
    """After a failure: the same rows again, later each time, never at the same moment as others."""
    failures = cursor.failures + 1
    wait = failed.wait or min(LONGEST_WAIT, 2.0 ** min(failures, 10)) * random.uniform(0.5, 1)
    log.warning("purge of %s failed: %s", cursor.target.partition(":")[0], failed.error)
    changed(
        db, cursor, mine(), failures=min(failures, 1_000_000), error=failed.error,
        not_before=now + timedelta(seconds=wait),
    )  # fmt: skip


def lags_now(db: Database) -> list[Lag]:
    """How far each target is behind the log."""
    targets = targets_of(db.settings)
    if not targets:
        return []
    with db.reading() as session:
        return lags(session, targets, datetime.now(UTC))


def lags(session: Session, targets: Sequence[Target], now: datetime) -> list[Lag]:
    """How far each target is behind the log."""
    head = record.head(session)
    ids = [target.id for target in targets]
    query = select(PurgeCursor).where(col(PurgeCursor.target).in_(ids))
    cursors = {one.target: one for one in session.exec(query)}
    firsts = [one.seq + 1 for one in cursors.values()]
    since = select(ChangeRow.seq, ChangeRow.at).where(col(ChangeRow.seq).in_(firsts))
    times = dict(session.exec(since).all())
    return [lag_of(target, cursors.get(target.id), head, times, now) for target in targets]


def lag_of(
    target: Target, cursor: PurgeCursor | None, head: int, times: dict[int, datetime], now: datetime
) -> Lag:
    """How far one target is behind the log."""
    if cursor is None:  # no worker has looked yet
        return Lag(target=target.name, rows=0, seconds=0.0, error="not-begun")
    waited = (now - times.get(cursor.seq + 1, now)).total_seconds()
    return Lag(
        target=target.name, rows=max(0, head - cursor.seq), seconds=round(max(0.0, waited), 3),
        error=cursor.error,
    )  # fmt: skip


def by_hand(
    db: Database, keys: Sequence[str] | None, open_client: Client = client
) -> dict[str, str]:
    """Purge these keys at every target now, independent of the log; return for each target the
    number of calls, or the failure."""
    now, outcomes = datetime.now(UTC), {}
    with db.reading() as session:
        batch = Batch(keys, record.head(session))
    with open_client() as calls:
        for target in targets_of(db.settings):
            try:
                outcomes[target.name] = f"sent ({send(target, batch, now, calls)})"
            except Failed as failed:
                outcomes[target.name] = f"failed: {failed.error}"
    return outcomes


def work_through(db: Database) -> int:
    """All that waits and can be sent now."""
    done = 0
    while count := step(db):
        done += count
    return done


def release(db: Database) -> None:
    """Let another worker send at once."""
    with write_transaction(db) as session:
        session.execute(update(PurgeCursor).where(mine()).values(holder=None, leased_until=START))


async def run(db: Database) -> None:
    """Purge until cancelled. A failure of ours is logged and tried again."""
    targets = targets_of(db.settings)
    try:
        await asyncio.gather(*(serve(db, target) for target in targets))
    finally:
        if targets:
            await asyncio.to_thread(release, db)


async def serve(db: Database, target: Target) -> None:
    """Tell one target what changes: one that is slow delays no other."""
    retrying = Retrying(log, f"the purge of {target.name}", PAUSE)
    while True:
        try:
            done = await asyncio.to_thread(step_of, db, target, datetime.now(UTC), client)
            retrying.worked()
        except Exception as failed:
            await asyncio.sleep(retrying.failed(failed))
        else:
            await asyncio.sleep(0 if done else PAUSE)
