"""Run the reads of delivery inside a session of the desk, so that they see its uncommitted changes."""

from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar

from sqlalchemy import text
from sqlmodel import Session

from app.db import dialects
from app.db.database import Rows

Result = TypeVar("Result")


class SessionReader:
    """A `Reader` over an open session."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.dialect = dialects.dialect_of(session)

    async def rows(self, sql: str, values: Mapping[str, Any], *, light: bool = True) -> Rows:
        bound = dialects.session_values(self.session, values)
        return [tuple(row) for row in self.session.execute(text(sql), bound)]

    async def close(self) -> None:
        """Do nothing: the owner of the session closes it."""


def run_sync(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine that never suspends, and return its result."""
    try:
        work.send(None)
    except StopIteration as done:
        result: Result = done.value
        return result
    raise RuntimeError("this coroutine waits for something")  # pragma: no cover
