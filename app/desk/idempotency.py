"""`Idempotency-Key`: the same request again is answered as the first time, and done once.

draft-ietf-httpapi-idempotency-key-header. The record is written in the write's
own transaction, so a crash leaves both or neither. 2xx, 409 and 422 are kept for a day; an answer
that shows a secret is not: its replay is a 409 that names what was made. A replay shows nothing that its
caller may not see today: 409 `replay-withheld` instead (docs/decisions/0024-what-leaves.md).
"""

import contextlib
import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import orjson
from sqlalchemy import delete, update
from sqlmodel import Session, col, select
from starlette.responses import Response

from app.access.authentication import CONFIDENTIAL, RANKS, Caller
from app.change_log.transaction import write_transaction
from app.db import dialects
from app.db.database import Database
from app.errors import (
    PROBLEMS,
    BadRequest,
    Conflict,
    KeyReused,
    Problem,
    ReplayWithheld,
    StillRunning,
)
from app.models.idempotency import IdempotencyRow
from app.queries import replays

KEPT = timedelta(hours=24)
PATIENCE = 2.0
"""Seconds that a repeated request waits for the first one to end."""

GOOD = re.compile(r'"?([\x21\x23-\x5b\x5d-\x7e][\x20-\x21\x23-\x5b\x5d-\x7e]{0,254})"?')
REPLAYED = {"Idempotency-Replayed": "true"}
running: dict[str, threading.Event] = {}


class Slot:
    """One key on one route for one caller, with the hash of what was sent."""

    def __init__(self, caller: Caller, route: str, given: str, sent: bytes) -> None:
        found = GOOD.fullmatch(given)
        if not found:
            raise BadRequest(errors=[
                {"detail": "1 to 255 visible ASCII characters.", "parameter": "Idempotency-Key"}
            ])  # fmt: skip
        parts = "\n".join([caller.key_id or "", route, found[1]])
        self.name = hashlib.sha256(parts.encode()).hexdigest()
        self.body_hash = hashlib.sha256(sent).hexdigest()
        self.caller, self.path = caller, route.partition(" ")[2]

    def replay(self, session: Session, now: datetime) -> Response | None:
        """Return the stored response, or None if there is none."""
        dialects.lock_name(session, self.name)
        row = session.exec(select(IdempotencyRow).where(IdempotencyRow.slot == self.name)).first()
        if row is not None and row.at <= now - KEPT:
            session.delete(row)
            session.flush()
            return None
        return self.answer(session, row) if row else None

    def answer(self, session: Session, row: IdempotencyRow) -> Response:
        """The recorded response, or the recorded problem raised. Raises 422 if the key was used for another
        request, 409 if the caller may not see the response any more."""
        if row.body_hash != self.body_hash:
            raise KeyReused("With this Idempotency-Key something else was sent; use a new one.")
        if not sees_as_much(self.caller, row.view) or not replays.visible(
            session, self.path, row.body
        ):
            raise ReplayWithheld(headers=REPLAYED.copy())
        if row.status < 400:
            return Response(row.body, row.status, row.headers | REPLAYED)
        kept = orjson.loads(row.body)
        kind = PROBLEMS[kept["code"]]
        problem = Problem.__new__(kind)
        Problem.__init__(
            problem, kept["detail"], errors=kept["errors"], headers=row.headers | REPLAYED,
            **kept["more"],
        )  # fmt: skip
        raise problem

    def keep(
        self, session: Session, now: datetime, response: Response, made: str | None = None
    ) -> None:
        """Record a response. `made`: URL of what was created, where the response shows its secret; a replay is
        then a 409."""
        if made is not None:
            problem = Conflict(f"{made} was made by the first request; its secret is shown once.")
            self.keep_problem(session, now, problem)
            return
        kept = {name: value for name, value in response.headers.items() if name != "content-length"}
        session.add(IdempotencyRow(
            slot=self.name, body_hash=self.body_hash, at=now, status=response.status_code,
            headers=kept, body=bytes(response.body), view=view_of(self.caller),
        ))  # fmt: skip

    def keep_problem(self, session: Session, now: datetime, problem: Problem) -> None:
        """Record a problem, to be raised again by a replay."""
        session.add(IdempotencyRow(
            slot=self.name, body_hash=self.body_hash, at=now, status=problem.status,
            headers=problem.headers, body=orjson.dumps(problem_json(problem)), view=view_of(self.caller),
        ))  # fmt: skip


def view_of(caller: Caller) -> str:
    """Return what a caller may see and do: the role and scopes (none: all)."""
    return " ".join([caller.role, *sorted(caller.scopes)])


def sees_as_much(caller: Caller, view: str | None) -> bool:
    """Whether a caller still has the role and scopes of a recorded view."""
    if view is None:
        return True
    role, *scopes = view.split()
    if CONFIDENTIAL in scopes and not caller.reads_confidential:
        return False
    kept_scopes = not caller.scopes or (bool(scopes) and caller.scopes >= set(scopes))
    return RANKS[caller.role] >= RANKS[role] and kept_scopes


def forget_naming(session: Session, id: str) -> None:
    """Delete the content of stored responses that name this; a repeat of such a request is told
    that it was done."""
    problem = Conflict("This was answered; the answer is not kept any more. Read how it is now.")
    session.flush()
    naming = dialects.contains_text(session, col(IdempotencyRow.body), id)
    session.execute(update(IdempotencyRow).where(naming).values(
        status=problem.status, headers={}, body=orjson.dumps(problem_json(problem)),
    ))  # fmt: skip


def problem_json(problem: Problem) -> dict[str, object]:
    """A problem as it is recorded."""
    return {
        "code": problem.code, "detail": problem.detail, "errors": problem.errors,
        "more": problem.more,
    }  # fmt: skip


@contextlib.contextmanager
def one_at_a_time(slot: Slot) -> Iterator[None]:
    """Wait briefly while this process handles the same request; raise 409 if it keeps running."""
    while other := running.setdefault(slot.name, mine := threading.Event()):
        if other is mine:
            break
        if not other.wait(PATIENCE):
            raise StillRunning("Ask again when the first request has ended.")
    try:
        yield
    finally:
        running.pop(slot.name).set()


def recording_refusals(
    db: Database, slot: Slot, now: datetime, work: Callable[[], Response]
) -> Response:
    """Do the work; record a 409 or 422 that it raises, so that a replay raises it again."""
    with one_at_a_time(slot):
        try:
            return work()
        except (KeyReused, StillRunning):
            raise
        except Problem as problem:
            if problem.status in (409, 422) and "Idempotency-Replayed" not in problem.headers:
                with write_transaction(db) as session:
                    slot.keep_problem(session, now, problem)
            raise


def forget_old(db: Database, now: datetime) -> None:
    """Delete records that are older than a day."""
    old = col(IdempotencyRow.at) <= now - KEPT
    with db.reading() as session:
        if session.exec(select(IdempotencyRow.slot).where(old).limit(1)).first() is None:
            return
    with write_transaction(db) as session:
        session.execute(delete(IdempotencyRow).where(old))
