"""The desk transaction: caller, clock and session of a write; documents are written before the commit."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session, SQLModel

from app.access.authentication import Caller
from app.change_log import due_moments
from app.change_log import record as changes
from app.change_log.transaction import write_transaction
from app.config import Settings
from app.db.database import Database
from app.db.write_batch import Batch
from app.errors import PreconditionFailed, PreconditionRequired
from app.models.article import VersionRow
from app.models.section import SectionRow
from app.rendering import documents

BATCH = 50
"""Stories in one transaction, at most: longer ones would hold the log's head too long."""

DESK = Caller("all", "admin")
"""Whoever works from a terminal: imports, the worker, the operator."""


@dataclass
class Desk:
    """What every desk function needs: the session, the settings, the actor and the time."""

    session: Session
    settings: Settings
    by: str | None
    now: datetime
    caller: Caller = DESK
    ticking: bool = False
    """Whether the clock goes on: one that was given stands still."""

    match: str | None = None
    """`If-Match` of the request, where one asks."""

    warnings: list[str] = field(default_factory=list)
    """What the desk is told beside the answer."""

    lenient: bool = False
    """Whether what the desk can mend later is a warning, not a fault: imports."""

    stale: dict[str, None] = field(default_factory=dict)
    slugs: dict[str, str | None] = field(default_factory=dict)
    """Folded slugs that were looked up or given in this transaction: whose they are, None free."""

    version: VersionRow | None = None
    """The version that was looked at last: in hand, so that it isn't read again."""

    sections: dict[str, SectionRow] = field(default_factory=dict)
    """Sections, by id, that this transaction has looked up."""

    left: set[str] = field(default_factory=set)
    """Groups that stories have left in this transaction to be others' translations."""

    new: set[str] = field(default_factory=set)
    """Stories made in this transaction that have no documents yet."""
    waiting: dict[type[SQLModel], list[dict[str, Any]]] = field(default_factory=dict)
    """Rows of this transaction that are written together, by table."""

    timeless: set[str] = field(default_factory=set)
    """Stories that this transaction has locked, and that then had no moments before them."""

    def add_row(self, table: type[SQLModel], **values: Any) -> None:
        """Add a row that is written with the others of its table and not read again as an object."""
        self.waiting.setdefault(table, []).append(values)

    def flush(self) -> None:
        """Write all changes so far to the database, for statements that read them."""
        self.session.flush()
        batch = Batch(self.session)
        for table, rows in self.waiting.items():
            batch.insert(table, rows)
        self.waiting.clear()
        batch.send()

    def finish(self) -> None:
        """Render the documents of all changed articles, and update their due moments."""
        self.flush()
        if self.stale:
            ids, new = list(self.stale), self.new
            built = documents.write(self.session, self.settings, ids, new, now=self.now)
            due_moments.update_moments(
                self.session, [one.row for one in built], self.now, new | self.timeless
            )
            self.timeless.clear()
            self.new -= self.stale.keys()
            self.stale.clear()

    def tick(self) -> None:
        """Advance the clock, after a wait for a lock. A clock that was given stands still."""
        if self.ticking:
            self.now = max(self.now, datetime.now(UTC))

    def render(self, article_id: str) -> None:
        """Render the story's documents before this transaction commits."""
        self.stale[article_id] = None

    def record(self, type: str, noun: str, object_id: str, **more: object) -> None:
        """Add a row to the change log; it gets its number at the commit."""
        changes.record(
            self.session, type=type, noun=noun, object_id=object_id, now=self.now,
            **{"actor": self.by} | more,
        )  # fmt: skip


@contextlib.contextmanager
def at_desk(
    db: Database, by: str | None = None, now: datetime | None = None, **more: Any
) -> Iterator[Desk]:
    """A desk transaction: rows, documents and change log commit together, or none of them."""
    with write_transaction(db) as session:
        at = now or datetime.now(UTC)
        desk = Desk(session, db.settings, by, at, ticking=now is None, **more)
        yield desk
        desk.finish()
        desk.tick()
        due_moments.log_passed(session, desk.now)


def check_version(desk: Desk, version: int) -> None:
    """Compare `If-Match` with the present version: 428 without it, 412 if it differs. Only the
    version counts, so rendering again causes no conflict."""
    if desk.match is None:
        raise PreconditionRequired(f'Send If-Match: "v{version}", or the ETag that you read.')
    check_match(desk, version)


def check_match(desk: Desk, version: int) -> None:
    """Compare the optional `If-Match` with the present version: 412 if it differs."""
    if desk.match is not None and not if_match_names(desk.match, version):
        raise PreconditionFailed(f"It is at version {version} now.", version=version)


def if_match_names(header: str, version: int) -> bool:
    """Whether an `If-Match` header names this version: by `*`, `"v3"`, or an ETag of it, weak or strong."""
    for part in header.split(","):
        tag = part.strip().removeprefix("W/").strip('"')
        if tag == "*" or tag.removeprefix("v").partition("-")[0] == str(version):
            return True
    return False
