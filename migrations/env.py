"""Alembic runs here: in the transaction that it is given, or in one of the database of the settings."""

from alembic import context
from sqlalchemy import Connection

from app import models  # noqa: F401
from app.config import Settings
from app.db.dialects import engine_for
from app.db.migrate import METADATA


def run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=METADATA, transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()


if given := context.config.attributes.get("connection"):
    run(given)
else:
    with engine_for(Settings().database_url).begin() as own:
        run(own)
