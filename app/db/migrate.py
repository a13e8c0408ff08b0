"""Migrate a database to the schema of this release. Alembic (9 MB) is loaded only if something
has to be done."""

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
    """The database does not have this release's schema; the message says what to do."""


def folder() -> Path:
    """Return the folder of migrations: beside the package in a checkout, inside it when
    installed."""
    beside = Path(__file__).parents[2] / "migrations"
    return beside if beside.is_dir() else Path(__file__).parents[1] / "migrations"


def migrate(engine: Engine) -> None:
    """Run the pending migrations. Of several processes at once, one runs them and the others
    wait. Raises SchemaMismatch for a database of a newer release."""
    with engine.execution_options(isnad_reads=True).connect() as connection:
        if known_revision(connection, engine) == newest_revision():
            return
    with engine.execution_options(isnad_waits=True).connect() as connection:
        connection.detach()  # it may wait long for a lock, which no other transaction should
        with connection.begin():
            dialects.lock_schema(connection)
            if known_revision(connection, engine) != newest_revision():
                upgrade(connection)


def upgrade(connection: Connection) -> None:
    """Run the migrations in the open transaction."""
    from alembic import command

    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def alembic_config() -> "Config":
    """Return Alembic's configuration for the folder of migrations."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(folder()))
    return config


def revisions() -> list[str]:
    """Return the revisions of this release, in order: files are numbered and named by their
    revision."""
    files = sorted((folder() / "versions").glob("[0-9]*.py"))
    return [FIRST, *(file.stem.partition("_")[2] for file in files[1:])]


def newest_revision() -> str:
    """Return the revision of this release."""
    return revisions()[-1]


def require_current(engine: Engine) -> None:
    """Raise SchemaMismatch unless the database has the schema of this release."""
    with engine.execution_options(isnad_reads=True).connect() as connection:
        revision = known_revision(connection, engine)
    if revision is None:
        raise SchemaMismatch(f"The database has no tables yet: {RUN}")
    if revision != newest_revision():
        raise SchemaMismatch(f"The database is of an older release: {RUN}")


def known_revision(connection: Connection, engine: Engine) -> str | None:
    """Return the revision of a database, None for an empty one. Raises SchemaMismatch for an
    unknown revision."""
    revision = present_revision(connection)
    if revision is None:
        refuse_other_schema(connection, engine)
    elif revision not in revisions():
        raise SchemaMismatch(
            f"The database is of a newer release than this one (revision {revision[:40]!r}):"
            " run that release, or restore a copy of the database from before its upgrade."
        )
    return revision


def present_revision(connection: Connection) -> str | None:
    """Return the revision stored in a database, if it is one of Isnad's."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def refuse_other_schema(connection: Connection, engine: Engine) -> None:
    """Raise SchemaMismatch if the tables are in a PostgreSQL schema that the database URL does
    not name; the search path of a role or database is not used."""
    if connection.dialect.name == "sqlite" or dialects.names_schema(engine.url):
        return
    elsewhere = "SELECT schemaname FROM pg_tables WHERE tablename = 'log_head' ORDER BY 1 LIMIT 1"
    if schema := connection.scalar(text(elsewhere)):
        raise SchemaMismatch(
            f"The tables are in the schema {schema!r}: add ?options=-csearch_path%3D{schema} to"
            " ISNAD_DATABASE_URL."
        )
