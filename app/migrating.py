"""Bring a database to the present schema."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine
from sqlmodel import SQLModel

from app import models

METADATA = SQLModel.metadata
TABLES = models.__all__


def folder() -> Path:
    """The migrations: beside the package in a checkout, inside it when installed."""
    beside = Path(__file__).parent.parent / "migrations"
    return beside if beside.is_dir() else Path(__file__).parent / "migrations"


def migrate(engine: Engine) -> None:
    """Run what has not run yet."""
    config = configuration()
    config.attributes["engine"] = engine
    command.upgrade(config, "head")


def configuration() -> Config:
    config = Config()
    config.set_main_option("script_location", str(folder()))
    return config


def newest() -> str:
    """The revision that this release's migrations lead to."""
    return ScriptDirectory.from_config(configuration()).get_current_head() or ""


def present(connection: Connection) -> str | None:
    """The revision that a database is at, if it is one of ours."""
    return MigrationContext.configure(connection).get_current_revision()
