"""Alembic runs here: on the engine that it is given, or the one of the settings."""

from alembic import context

from app import models  # noqa: F401
from app.config import Settings
from app.dialects import engine_for
from app.migrating import METADATA

engine = context.config.attributes.get("engine") or engine_for(Settings().database_url)

with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=METADATA, transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
