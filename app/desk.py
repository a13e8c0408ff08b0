"""A desk transaction: who works, when, and the documents that must be written before the commit."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session, SQLModel

from app import documents
from app.config import Settings
from app.db import Database
from app.dialects import insert_rows
from app.queries import changes

BATCH = 50
"""Stories in one transaction, at most: longer ones would hold the log's head too long."""


@dataclass
class Desk:
    """What a verb needs: the session, the settings, the hand and the clock."""

    session: Session
    settings: Settings
    by: str | None
    now: datetime
    stale: dict[str, None] = field(default_factory=dict)
    slugs: dict[str, str | None] = field(default_factory=dict)
    """Folded slugs that were looked up or given in this transaction: whose they are, None free."""

    new: set[str] = field(default_factory=set)
    """Stories made in this transaction."""
    waiting: dict[type[SQLModel], list[dict[str, Any]]] = field(default_factory=dict)
    """Rows of this transaction that are written together, by table."""

    def add_row(self, table: type[SQLModel], **values: Any) -> None:
        """A row that this transaction will not ask for as an object: the cheap way."""
        self.waiting.setdefault(table, []).append(values)

    def flush(self) -> None:
        """Have all that was changed so far in the database, for statements that look for it."""
        self.session.flush()
        for table, rows in self.waiting.items():
            insert_rows(self.session, table, rows)
        self.waiting.clear()

    def render(self, article_id: str) -> None:
        """Have the story's documents written before this transaction commits."""
        self.stale[article_id] = None

    def record(self, type: str, noun: str, object_id: str, **more: object) -> None:
        """A row of the log, numbered at the commit."""
        changes.record(
            self.session, type=type, noun=noun, object_id=object_id, now=self.now,
            **{"actor": self.by} | more,
        )  # fmt: skip


@contextlib.contextmanager
def at_desk(db: Database, by: str | None = None, now: datetime | None = None) -> Iterator[Desk]:
    """One transaction: rows, documents and log commit together, or nothing does."""
    with db.writing() as session:
        desk = Desk(session, db.settings, by, now or datetime.now(UTC))
        yield desk
        desk.flush()
        if desk.stale:
            documents.write(session, db.settings, list(desk.stale), desk.new)
