"""How far each cache in front of us has been told what changed."""

import sqlalchemy as sa
from alembic import op

from app.models.base import Code, UTCDateTime

revision = "purge"
down_revision = "edition_images"


def upgrade() -> None:
    op.create_table(
        "purge_cursor",
        sa.Column("target", Code(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("again_from", sa.Integer(), nullable=True),
        sa.Column("again_to", sa.Integer(), nullable=True),
        sa.Column("again_at", UTCDateTime(timezone=True), nullable=True),
        sa.Column("holder", Code(), nullable=True),
        sa.Column("leased_until", UTCDateTime(timezone=True), nullable=False),
        sa.Column("not_before", UTCDateTime(timezone=True), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("error", Code(), nullable=True),
        sa.PrimaryKeyConstraint("target", name=op.f("pk_purge_cursor")),
    )
