"""The recorded answer of a write says what its caller could see, for a replay after that was narrowed."""

import sqlalchemy as sa
from alembic import op

revision = "replay_views"
down_revision = "sides"


def upgrade() -> None:
    op.add_column("idempotency", sa.Column("view", sa.String(), nullable=True))
