"""Updates that name other stories are found by an index of their own."""

import sqlalchemy as sa
from alembic import op

revision = "naming"
down_revision = "live"

NAMING = sa.text("holes IS NOT NULL")


def upgrade() -> None:
    op.create_index(
        "ix_live_update_naming", "live_update", ["article_id"],
        sqlite_where=NAMING, postgresql_where=NAMING,
    )  # fmt: skip
