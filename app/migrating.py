"""Bring a database to the present schema. Alembic is loaded where something is to be done: a process that
only serves does without its 9 MB."""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text
from sqlmodel import SQLModel

from app import models

if TYPE_CHECKING:
    from alembic.config import Config

METADATA = SQLModel.metadata
TABLES = models.__all__


def folder() -> Path:
    """The migrations: beside the package in a checkout, inside it when installed."""
    beside = Path(__file__).parent.parent / "migrations"
    return beside if beside.is_dir() else Path(__file__).parent / "migrations"


def migrate(engine: Engine) -> None:
    """Run what has not run yet."""
    with engine.execution_options(isnad_reads=True).connect() as connection:
        if present(connection) == newest():
            return
    from alembic import command

    config = configuration()
    config.attributes["engine"] = engine
    command.upgrade(config, "head")


def configuration() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(folder()))
    return config


def newest() -> str:
    """The revision that this release's migrations lead to: their files are numbered, and named so."""
    return max((folder() / "versions").glob("[0-9]*.py")).stem.partition("_")[2]


def present(connection: Connection) -> str | None:
    """The revision that a database is at, if it is one of ours."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision
