"""Collect deletes and inserts of a transaction and send them together: one round trip on
PostgreSQL."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Table
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, SQLModel

from app.db.dialects import copy_rows, driver_rows

MANY = 200
"""Rows from which on COPY is faster than a pipeline of statements."""

Row = Mapping[str, Any]


class Batch:
    """Deletes and inserts of one transaction, executed in order by `send`. Each round trip under
    load waits for the thread's turn, so there should be few."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.lite = session.connection().dialect.name == "sqlite"
        self.waiting: list[tuple[str, list[Any]]] = []

    def delete(
        self, table: type[SQLModel], column: str, values: Sequence[str], more: str = ""
    ) -> None:
        """Delete rows with one of these values in `column`, narrowed by the condition `more`."""
        if not values:
            return
        given: Any = orjson.dumps(list(values)).decode() if self.lite else list(values)
        inside = "IN (SELECT value FROM json_each(?))" if self.lite else "= ANY(%s)"
        sql = f"DELETE FROM {table.__tablename__} WHERE {column} {inside}"
        self.waiting.append((f"{sql} AND {more}" if more else sql, [(given,)]))

    def insert(self, table: type[SQLModel] | Table, rows: Sequence[Row]) -> None:
        """Insert rows with equal columns."""
        if not rows:
            return
        if not isinstance(table, Table):
            table = table.metadata.tables[str(table.__tablename__)]
        connection, names = self.session.connection(), list(rows[0])
        if len(rows) > MANY and not self.lite:
            self.send()
            copy_rows(connection, table, rows)
            return
        places = ", ".join(["?" if self.lite else "%s"] * len(names))
        columns = ", ".join(f'"{name}"' for name in names)
        sql = f"INSERT INTO {table.name} ({columns}) VALUES ({places})"
        self.waiting.append((sql, list(driver_rows(connection, table, rows))))

    def add(self, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Add a statement with the driver's placeholders, for each of these rows of values."""
        if rows:
            self.waiting.append((sql, list(rows)))

    def send(self) -> None:
        """Execute everything collected so far."""
        waiting, self.waiting = self.waiting, []
        if not waiting:
            return
        connection = self.session.connection()
        if self.lite:
            for sql, rows in waiting:
                connection.exec_driver_sql(sql, rows if len(rows) > 1 else rows[0])
            return
        send_pipelined(connection, waiting)


def send_pipelined(connection: Connection, waiting: Sequence[tuple[str, list[Any]]]) -> None:
    """Send statements without waiting for each result; errors are raised as SQLAlchemy's."""
    import psycopg

    driver: Any = connection.connection.driver_connection
    try:
        with driver.pipeline(), driver.cursor() as cursor:
            for sql, rows in waiting:
                for row in rows:
                    cursor.execute(sql, row)
    except psycopg.Error as wrong:
        told = DBAPIError.instance(None, None, wrong, psycopg.Error, dialect=connection.dialect)
        raise told from wrong
