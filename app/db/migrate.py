"""Bring a database to the present schema. Alembic is loaded where something is to be done: a process that
only serves does without its 9 MB."""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text
from sqlmodel import SQLModel

from app import models
from app.db import dialects

if TYPE_CHECKING:
    from alembic.config import Config

METADATA = SQLModel.metadata
TABLES = models.__all__
RUN = "run `isnad migrate`."
FIRST = "0001"
"""The revision of the first migration, the only one that isn't named as its file is."""


class SchemaMismatch(RuntimeError):
    """The database's schema is not this release's; the message says what to do."""


def folder() -> Path:
    """The migrations: beside the package in a checkout, inside it when installed."""
    beside = Path(__file__).parents[2] / "migrations"
    return beside if beside.is_dir() else Path(__file__).parents[1] / "migrations"


def migrate(engine: Engine) -> None:
    """Run the migrations that have not run yet. Where several processes do so at the same moment, one runs
    them and the others wait for it. Raises SchemaMismatch for a database of a newer release."""
    with engine.execution_options(isnad_reads=True).connect() as connection:
        if known(connection, engine) == newest():
            return
    with engine.execution_options(isnad_waits=True).connect() as connection:
        connection.detach()  # it may wait long for a lock, which no other transaction should
        with connection.begin():
            dialects.lock_schema(connection)
            if known(connection, engine) != newest():
                upgrade(connection)


def upgrade(connection: Connection) -> None:
    """Run the migrations in the transaction that is open."""
    from alembic import command

    config = configuration()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def configuration() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(folder()))
    return config


def revisions() -> list[str]:
    """This release's migrations, in order: their files are numbered, and named by their revision."""
    files = sorted((folder() / "versions").glob("[0-9]*.py"))
    return [FIRST, *(file.stem.partition("_")[2] for file in files[1:])]


def newest() -> str:
    """The revision that this release's migrations lead to."""
    return revisions()[-1]


def require_current(engine: Engine) -> None:
    """Raise SchemaMismatch unless the database is at the schema of this release."""
    with engine.execution_options(isnad_reads=True).connect() as connection:
        revision = known(connection, engine)
    if revision is None:
        raise SchemaMismatch(f"The database has no tables yet: {RUN}")
    if revision != newest():
        raise SchemaMismatch(f"The database is of an older release: {RUN}")


def known(connection: Connection, engine: Engine) -> str | None:
    """The revision of a database, None for an empty one. Raises SchemaMismatch for one that this release
    has no migration to."""
    revision = present(connection)
    if revision is None:
        refuse_elsewhere(connection, engine)
    elif revision not in revisions():
        raise SchemaMismatch(
            f"The database is of a newer release than this one (revision {revision[:40]!r}):"
            " run that release, or restore a copy of the database from before its upgrade."
        )
    return revision


def present(connection: Connection) -> str | None:
    """The revision that a database is at, if it is one of ours."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def refuse_elsewhere(connection: Connection, engine: Engine) -> None:
    """Raise SchemaMismatch where the tables are in a schema of PostgreSQL that the database's URL doesn't
    name: the search path of a role or a database does not count."""
    if connection.dialect.name == "sqlite" or dialects.names_schema(engine.url):
        return
    elsewhere = "SELECT schemaname FROM pg_tables WHERE tablename = 'log_head' ORDER BY 1 LIMIT 1"
    if schema := connection.scalar(text(elsewhere)):
        raise SchemaMismatch(
            f"The tables are in the schema {schema!r}: add ?options=-csearch_path%3D{schema} to"
            " ISNAD_DATABASE_URL."
        )
