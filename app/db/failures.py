"""Why a database cannot answer now, for all three drivers. SQLSTATE: PostgreSQL, appendix A;
SQLite's result codes: https://www.sqlite.org/rescode.html. Errors of the statement itself (a
constraint, a mistake of ours) are not failures."""

import logging
import sqlite3
import sys
from dataclasses import dataclass, replace

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoneFree

from app.errors import Unavailable


class Unreachable(Exception):
    """A network error on the way to the database."""


@dataclass(frozen=True)
class Failure:
    """A failure as the caller (`problem`) and the operator (`line`) see it."""

    reason: str
    """A word that never changes."""

    detail: str
    """A sentence without its full stop: nothing of the statement, and no secret."""

    wait: int
    """Seconds after which to ask again: `Retry-After`."""

    said: str = ""
    """What the database said, for the log alone."""

    lost: bool = False
    """Whether the connection broke, so that nobody can tell whether a commit went through."""

    @property
    def line(self) -> str:
        """Return the sentence for the server's log."""
        return f"{self.detail} ({self.said})." if self.said else f"{self.detail}."

    def problem(self, reads: bool) -> Unavailable:
        """Return the 503 for the caller. `reads`: the request only reads."""
        told = "" if reads else ": nothing was saved"
        if self.lost and not reads:
            told = (
                ": whether it was saved is not known; look, or repeat it with its Idempotency-Key"
            )
        return Unavailable(f"{self.detail}{told}.", self.wait, reason=self.reason)


STARTING = Failure("starting", "The database is starting up", 2)
STOPPING = Failure("stopping", "The database is restarting", 2)
UNREACHABLE = Failure("unreachable", "The database can't be reached", 2)
CONNECTIONS = Failure("connections", "The database has no connection left", 1)
READ_ONLY = Failure("read-only", "The database is read-only", 5)
CONFLICT = Failure("conflict", "Two writes crossed", 1)
BUSY = Failure("busy", "The database is busy", 1)
CANCELLED = Failure("cancelled", "The database stopped the statement", 1)
FULL = Failure("disk-full", "The disk is full", 30)
MEMORY = Failure("memory", "The database is out of memory", 5)
DISK = Failure("disk", "The disk fails", 30)
DAMAGED = Failure("damaged", "The database is damaged", 60)
ACCESS = Failure("access", "The database refuses these credentials", 30)
MISSING = Failure("missing", "There is no such database", 30)
SCHEMA = Failure("schema", "The database is not at this release's schema: run `isnad migrate`", 30)
LIMITS = Failure("limits", "The database is at one of its limits", 5)

STATES = {
    "57P01": STOPPING, "57P02": STOPPING, "57P03": STARTING, "57P04": MISSING, "57P05": STOPPING,
    "57014": CANCELLED, "53100": FULL, "53200": MEMORY, "53300": CONNECTIONS, "53": LIMITS,
    "25006": READ_ONLY, "25P03": STOPPING, "25P04": CANCELLED, "40001": CONFLICT,
    "40P01": CONFLICT, "55P03": BUSY, "08": UNREACHABLE, "28": ACCESS, "42501": ACCESS, "3D": MISSING,
    "3F": SCHEMA, "42P01": SCHEMA, "42703": SCHEMA, "58": DISK, "XX001": DAMAGED, "XX002": DAMAGED,
}  # fmt: skip
"""By SQLSTATE, or by its class: its first two letters."""

SIGNS = {
    "starting up": STARTING, "not accepting": STARTING, "not yet accepting": STARTING, "recovery": STARTING,
    "shutting down": STOPPING, "too many": CONNECTIONS, "remaining connection": CONNECTIONS,
    "authentication": ACCESS, "no password supplied": ACCESS, "pg_hba": ACCESS, "role": ACCESS,
    "does not exist": MISSING, "terminat": STOPPING, "pipeline aborted": UNREACHABLE,
}  # fmt: skip
"""By words of psycopg's error: of a connection that was refused it has no SQLSTATE."""

CODES = {
    sqlite3.SQLITE_BUSY: BUSY, sqlite3.SQLITE_LOCKED: BUSY, sqlite3.SQLITE_PROTOCOL: BUSY,
    sqlite3.SQLITE_READONLY: READ_ONLY, sqlite3.SQLITE_FULL: FULL, sqlite3.SQLITE_IOERR: DISK,
    sqlite3.SQLITE_CANTOPEN: replace(UNREACHABLE, detail="The database can't be opened"),
    sqlite3.SQLITE_CORRUPT: DAMAGED, sqlite3.SQLITE_NOTADB: DAMAGED, sqlite3.SQLITE_NOMEM: MEMORY,
    sqlite3.SQLITE_INTERRUPT: CANCELLED, sqlite3.SQLITE_PERM: ACCESS, sqlite3.SQLITE_AUTH: ACCESS,
    sqlite3.SQLITE_SCHEMA: SCHEMA, sqlite3.SQLITE_NOLFS: DISK,
}  # fmt: skip


def failure_of(error: BaseException) -> Failure | None:
    """Return why the database failed; None if the error is not a failure of the database."""
    if isinstance(error, NoneFree):
        return CONNECTIONS
    if isinstance(error, Unreachable):
        return replace(UNREACHABLE, said=first_line(error.__cause__ or error))
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    driver = error.orig if isinstance(error, DBAPIError) else error
    found = None if driver is None else failure_of_driver(driver)
    return replace(found, said=first_line(driver), lost=lost) if found and driver else None


def failure_of_driver(error: BaseException) -> Failure | None:
    """Classify the error of a driver."""
    if isinstance(error, sqlite3.Error):
        return failure_of_sqlite(error)
    if raised_by(error, "asyncpg", "InternalClientError"):
        return UNREACHABLE  # it was cut off while the driver was at it
    if raised_by(error, "asyncpg", "InterfaceError"):
        return UNREACHABLE if "closed" in str(error) else None
    if not raised_by(error, "psycopg", "Error") and not raised_by(
        error, "asyncpg", "PostgresError"
    ):
        return None
    if state := getattr(error, "sqlstate", None):
        return STATES.get(state) or STATES.get(state[:2])
    if not raised_by(error, "psycopg", "OperationalError"):
        return None
    said = str(error).lower()
    return next((failure for sign, failure in SIGNS.items() if sign in said), UNREACHABLE)


def raised_by(error: BaseException, driver: str, name: str) -> bool:
    """Return whether an error is of this class of a driver that may not be loaded."""
    return driver in sys.modules and isinstance(error, getattr(sys.modules[driver], name))


def failure_of_sqlite(error: sqlite3.Error) -> Failure | None:
    """Classify an error by SQLite's result code."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)
    if code == sqlite3.SQLITE_ERROR and str(error).startswith(("no such table", "no such column")):
        return SCHEMA
    return CODES.get(code & 0xFF)


def first_line(error: BaseException | None) -> str:
    """Return the first line of an error: PostgreSQL adds the statement on further lines."""
    said = str(getattr(error, "orig", None) or error or "").strip()
    return said.splitlines()[0].strip() if said else type(error).__name__


def is_conflict(error: BaseException) -> bool:
    """Return whether the transaction failed because of a conflict with another one, so that a
    retry can succeed."""
    failure = failure_of(error)
    return failure is not None and failure.reason == CONFLICT.reason


class Retrying:
    """Log failures of background work once for each reason, and compute growing pauses."""

    LONGEST = 30.0

    def __init__(self, log: logging.Logger, what: str, pause: float) -> None:
        self.log, self.what, self.first = log, what, pause
        self.pause, self.reason = pause, ""

    def failed(self, error: Exception) -> float:
        """Log a failure; return the seconds until the next try."""
        failure = failure_of(error)
        if failure is None:
            self.log.exception("%s failed; it is tried again", self.what)
            return self.first
        if failure.reason != self.reason:
            self.log.warning("%s waits: %s", self.what, failure.line)
        pause, self.reason = self.pause, failure.reason
        self.pause = min(self.pause * 2, self.LONGEST)
        return pause

    def worked(self) -> None:
        """Log that the work continues, after a failure."""
        if self.reason:
            self.log.warning("%s goes on", self.what)
        self.pause, self.reason = self.first, ""
