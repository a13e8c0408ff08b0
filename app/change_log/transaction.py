"""The transaction of every write: changes and their rows of the log commit together, or not at all."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Protocol

from sqlmodel import Session

from app.change_log import record
from app.change_log.record import Appended
from app.db.database import Database

WATCHING: dict[str, list["Watching"]] = {}
"""Who in this process wants to know, by the database, what a write of it adds to the log."""


class Watching(Protocol):
    """An observer of this process's commits, called in their threads."""

    def announced(self, head: int) -> None:
        """The log is about to reach this number; -1: it will not."""

    def committed(self, news: Appended) -> None:
        """Handle a commit."""


@contextlib.contextmanager
def write_transaction(db: Database) -> Iterator[Session]:
    """A transaction: the changes of the block and their rows of the log commit together, or not at all."""
    with Session(db.engine, expire_on_commit=False) as session:
        session.connection()
        yield session
        watching = tuple(WATCHING.get(db.settings.database_url, ()))
        news = record.append_recorded(session, told=bool(watching))
        with announced(watching if news else (), news.head if news else 0):
            session.commit()
    if news:
        for one in watching:
            one.committed(news)


@contextlib.contextmanager
def announced(watching: Sequence[Watching], head: int) -> Iterator[None]:
    """Announce a commit before it; take the announcement back if it fails."""
    for one in watching:
        one.announced(head)
    try:
        yield
    except BaseException:
        for one in watching:
            one.announced(-1)
        raise
