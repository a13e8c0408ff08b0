"""Bring a database to the present schema."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine
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
    config = Config()
    config.set_main_option("script_location", str(folder()))
    config.attributes["engine"] = engine
    command.upgrade(config, "head")
