"""A source may be confidential: everybody but keys with a scope of their own reads a label instead."""

import sqlalchemy as sa
from alembic import op

revision = "confidential"
down_revision = "replay_views"


def upgrade() -> None:
    op.add_column(
        "source",
        sa.Column("confidential", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column(
        "source", sa.Column("public_label", sa.Text(), nullable=False, server_default="{}")
    )
    op.add_column("source", sa.Column("opaque_key", sa.String(), nullable=True))
