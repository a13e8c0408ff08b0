"""The database of a command."""

from app.config import Settings
from app.db import migrate
from app.db.database import Database


def current() -> Database:
    """The database, which is at this release's schema. Raises SchemaMismatch where it isn't."""
    db = Database(Settings())
    migrate.require_current(db.engine)
    return db


def migrated() -> Database:
    """The database, brought to this release's schema."""
    db = Database(Settings())
    migrate.migrate(db.engine)
    return db
