"""The two databases: the one place where their names and differences appear."""

import contextlib
import re
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import URL, Engine, Table, create_engine, event, func, insert, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.exc import InvalidatePoolError, OperationalError
from sqlmodel import Session, SQLModel

from app.errors import StillRunning
from app.models.base import sqlite_time

CHANNEL = "isnad_log"
RESTED = 2.0
"""Seconds after which a connection is asked whether it is still there."""
GONE = {
    "connect_timeout": "5", "tcp_user_timeout": "10000", "keepalives_idle": "10",
    "keepalives_interval": "5", "keepalives_count": "3",
}  # fmt: skip
"""When a server that has left without a word is given up: at the system's own measure the desk would
wait for it a quarter of an hour. What the database's URL says of it counts. PostgreSQL 18, libpq,
section 34.1.2."""
OF_LIBPQ = (*GONE, "keepalives", "options")
"""Words of a database's URL that the other driver must not pass on: libpq's own, which the server refuses,
and `options`, which it is given with ours in front (`session_options`)."""
SESSION = {
    "DateStyle": "ISO,MDY", "TimeZone": "UTC", "IntervalStyle": "postgres", "bytea_output": "hex",
    "extra_float_digits": "1", "client_encoding": "UTF8", "standard_conforming_strings": "on",
    "transform_null_equals": "off", "gin_fuzzy_search_limit": "0",
    "default_transaction_isolation": "read committed", "default_transaction_deferrable": "off",
    "search_path": '"$user",public', "lock_timeout": "0", "statement_timeout": "0",
}  # fmt: skip
"""Session settings that the code relies on, set by each connection, so that none of a role, a database or
`postgresql.conf` counts. `default_transaction_read_only` is not among them: an operator closes a database
with it. PostgreSQL, chapter 20.11."""
LOCK_NOT_AVAILABLE, QUERY_CANCELED = "55P03", "57014"
"""Values of SQLSTATE. PostgreSQL, appendix A."""
NAMED = re.compile(r"(?<!:):([a-z_][a-z0-9_]*)")


WAITS = 3_600_000
"""Milliseconds that a migration of SQLite waits for another to end."""


def engine_for(url: str) -> Engine:
    """Create the engine of the desk: sync, one transaction for each request."""
    if url.startswith("sqlite"):
        return sqlite_engine(url)
    import psycopg

    said = make_url(url).query
    gone = {name: value for name, value in GONE.items() if name not in said}
    gone["options"] = session_options(url)
    engine = create_engine(url, pool_size=5, max_overflow=20, connect_args=gone)

    @event.listens_for(engine, "checkout")
    def ask(connection: Any, record: Any, _: Any) -> None:
        """A connection that has rested may have been cut off meanwhile; asked each time it would
        cost every request a round trip."""
        last, record.info["used"] = record.info.get("used"), time.monotonic()
        if last is not None and time.monotonic() - last > RESTED:
            try:
                engine.dialect.do_ping(connection)
            except psycopg.Error as cut:
                raise InvalidatePoolError from cut

    return engine


def session_options(url: str) -> str:
    """Return the command-line options of a session: ours, then those of the database URL, which
    override them. PostgreSQL, section 34.1.2, `options`."""
    own = (f"-c {name}={escape_option(value)}" for name, value in SESSION.items())
    said = make_url(url).normalized_query.get("options", ())
    return " ".join([*own, *said])


def escape_option(value: str) -> str:
    """Escape a value for `options`: a backslash before each space."""
    return re.sub(r"([\\\s])", r"\\\1", value)


def names_schema(url: str | URL) -> bool:
    """Return whether a database URL names the schema of the tables."""
    return any("search_path" in one for one in make_url(url).normalized_query.get("options", ()))


def sqlite_engine(url: str) -> Engine:
    engine = create_engine(url, connect_args={"timeout": 30, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def settle(connection: sqlite3.Connection, _: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, below
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # a deferred BEGIN that turns into a write fails at once with "locked", in WAL too
        reads = connection.get_execution_options().get("isnad_reads")
        if connection.get_execution_options().get("isnad_waits"):
            connection.exec_driver_sql(f"PRAGMA busy_timeout={WAITS}")
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine


def lock_name(session: Session, name: str) -> None:
    """Lock a name until this transaction ends; raise if another transaction holds it for too
    long. A writing transaction on SQLite is alone already."""
    if session.connection().dialect.name == "sqlite":
        return
    session.execute(text("SET LOCAL lock_timeout = '2s'"))
    try:
        session.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name}
        )
    except OperationalError as waited:
        if getattr(waited.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
            raise
        raise StillRunning("Ask again when the first request has ended.") from waited
    session.execute(text("SET LOCAL lock_timeout = 0"))


def lock_schema(connection: Connection) -> None:
    """Lock the schema until this transaction ends; other processes that migrate wait. A
    transaction on SQLite is alone from its start."""
    if connection.dialect.name != "sqlite":
        key = "SELECT pg_advisory_xact_lock(hashtextextended('isnad:schema', 0))"
        connection.execute(text(key))


def wait_for_name(session: Session, name: str) -> None:
    """Lock a name until this transaction ends, waiting for other holders. A writing transaction
    on SQLite is alone already."""
    if session.connection().dialect.name == "sqlite":
        return
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"turn:{name}"}
    )


def contains_text(session: Session, column: Any, text: str) -> Any:
    """Return the condition that a column of bytes contains this text, as UTF-8."""
    if session.connection().dialect.name == "sqlite":
        return func.instr(column, text.encode()) > 0
    return column.op("LIKE")(b"%" + text.encode().replace(b"_", rb"\_") + b"%")


def lock_names(session: Session, names: Iterable[str]) -> None:
    """Lock several names as `wait_for_name` does, always in one order, so that two transactions
    never deadlock."""
    if session.connection().dialect.name == "sqlite":
        return
    turns = sorted({f"turn:{name}" for name in names})
    wanted = "SELECT pg_advisory_xact_lock(hashtextextended(name, 0)) FROM unnest(CAST(:names AS text[])) name"
    session.execute(text(wanted), {"names": turns})


@contextlib.contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """Open a connection that reads one state of the database, row by row, however long it takes."""
    options: dict[str, Any] = {"isnad_reads": True, "yield_per": 50}
    if engine.dialect.name != "sqlite":
        options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with engine.connect().execution_options(**options) as connection:
        yield connection


def restart_sequence(session: Session, table: Table) -> None:
    """Set a table's sequence behind the largest number in use. PostgreSQL only."""
    column = table.autoincrement_column
    if column is None or session.connection().dialect.name == "sqlite":
        return
    highest = f"(SELECT coalesce(max({column.name}), 0) + 1 FROM {table.name})"
    serial = f"pg_get_serial_sequence('{table.name}', '{column.name}')"
    session.execute(text(f"SELECT setval({serial}, {highest}, false) WHERE {serial} IS NOT NULL"))


def insert_rows(
    session: Session, table: type[SQLModel] | Table, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Insert rows with equal columns: by COPY on PostgreSQL, where single statements take twice
    as long."""
    if not rows:
        return
    if not isinstance(table, Table):
        table = table.metadata.tables[str(table.__tablename__)]
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        connection.execute(insert(table), list(rows))
        return
    copy_rows(connection, table, rows)


def copy_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows with COPY. PostgreSQL only."""
    command = f"COPY {table.name} ({', '.join(rows[0])}) FROM STDIN"
    with connection.connection.cursor() as cursor, cursor.copy(command) as copy:  # type: ignore[attr-defined]
        for row in driver_rows(connection, table, rows):
            copy.write_row(row)


def driver_rows(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[Any, ...]]:
    """Yield rows as the driver's values, in the order of the first row's columns."""
    names = tuple(rows[0])
    kept = bind_processors(table, names, connection.dialect)
    for row in rows:
        yield tuple(
            bind(row[name]) if bind else row[name] for name, bind in zip(names, kept, strict=True)
        )


@lru_cache(maxsize=256)
def bind_processors(table: Table, names: tuple[str, ...], dialect: Any) -> list[Any]:
    """Return the conversion of each column's values for the driver; None where none is needed."""
    return [
        table.columns[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names
    ]


def insert_new(
    session: Session, table: type[SQLModel], rows: Sequence[Mapping[str, Any]], told: Sequence[str]
) -> list[tuple[Any, ...]]:
    """Insert the rows that do not exist yet. Returns the columns `told` of those that were new."""
    if not rows:
        return []
    into = table.metadata.tables[str(table.__tablename__)]
    lite = session.connection().dialect.name == "sqlite"
    made = sqlite.insert(into) if lite else postgresql.insert(into)
    new = made.on_conflict_do_nothing().returning(*(into.c[name] for name in told))
    return [tuple(row) for row in session.execute(new, list(rows))]


def insert_or_add(
    session: Session, table: type[SQLModel], rows: Sequence[Mapping[str, Any]], column: str
) -> None:
    """Insert rows; where one exists, add to its number in `column`."""
    if not rows:
        return
    into = table.metadata.tables[str(table.__tablename__)]
    lite = session.connection().dialect.name == "sqlite"
    made = sqlite.insert(into) if lite else postgresql.insert(into)
    added = {column: into.c[column] + made.excluded[column]}
    upsert = made.on_conflict_do_update(index_elements=list(into.primary_key), set_=added)
    session.execute(upsert, list(rows))


class SQLite:
    """SQL text for SQLite: named parameters, times as text, lists as JSON."""

    name = "sqlite"
    number = "UPDATE log_head SET seq = seq + :n RETURNING seq"
    joined = "group_concat"
    """The aggregate that joins texts."""

    @staticmethod
    def any_of(column: str, parameter: str) -> str:
        """Return the condition that the column is in a list parameter."""
        return f"{column} IN (SELECT value FROM json_each(:{parameter}))"

    @staticmethod
    def by_name(column: str, names: str, folded: str) -> str:
        """Return SQL for a JSON object with the value of `column` for each name of a list
        parameter. `column` may use `x.name`, and `x.folded` from the second list."""
        each = f"SELECT value AS name, json_extract(:{folded}, '$[' || key || ']') AS folded"
        return (
            f"(SELECT json_group_object(x.name, ({column}))"
            f" FROM ({each} FROM json_each(:{names})) x)"
        )

    @staticmethod
    def driver_values(values: Mapping[str, Any]) -> dict[str, Any]:
        """Convert values for the driver."""
        return {
            name: value if type(value) in AS_IT_IS else sqlite_value(value)
            for name, value in values.items()
        }

    @staticmethod
    def bind(sql: str, values: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        return sql, SQLite.driver_values(values)


AS_IT_IS = frozenset((str, int))


def sqlite_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return sqlite_time(value)
    if isinstance(value, list):
        return orjson.dumps(value).decode()
    return value


class PostgreSQL:
    """SQL text for asyncpg: numbered parameters."""

    name = "postgresql"
    number = f"UPDATE log_head SET seq = seq + :n RETURNING seq, pg_notify('{CHANNEL}', seq::text)"
    """The log's next numbers; whoever listens is told the last of them when they are committed."""
    joined = "string_agg"

    @staticmethod
    def any_of(column: str, parameter: str) -> str:
        return f"{column} = ANY(:{parameter})"

    @staticmethod
    def by_name(column: str, names: str, folded: str) -> str:
        """See `SQLite.by_name`."""
        given = f"unnest(CAST(:{names} AS TEXT[]), CAST(:{folded} AS TEXT[]))"
        found = f"CAST(json_object_agg(x.name, ({column})) AS TEXT)"  # psycopg would decode JSON
        return f"(SELECT {found} FROM {given} x(name, folded))"

    @staticmethod
    def driver_values(values: Mapping[str, Any]) -> dict[str, Any]:
        """Convert values for the driver."""
        return dict(values)

    @staticmethod
    def bind(sql: str, values: Mapping[str, Any]) -> tuple[str, list[Any]]:
        numbered, names = numbered_parameters(sql)
        return numbered, [values[name] for name in names]


@lru_cache(maxsize=2048)
def numbered_parameters(sql: str) -> tuple[str, tuple[str, ...]]:
    """Replace `:name` by `$1` …; return the SQL and the names in order."""
    names = tuple(dict.fromkeys(NAMED.findall(sql)))
    places = {name: f"${number}" for number, name in enumerate(names, 1)}
    return NAMED.sub(lambda found: places[found[1]], sql), names


Dialect = SQLite | PostgreSQL


def dialect_of(session: Session) -> Dialect:
    """Return the SQL dialect of a session's database."""
    return SQLite() if session.connection().dialect.name == "sqlite" else PostgreSQL()


def session_values(session: Session, values: Mapping[str, Any]) -> dict[str, Any]:
    """Convert parameters of SQL text for the desk's driver."""
    return dialect_of(session).driver_values(values)
