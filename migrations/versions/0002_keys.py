"""Keys, kept answers, versions of every noun, and what of the log readers could see."""

import sqlalchemy as sa
from alembic import op

from app.models.base import Code, JsonText, UTCDateTime

revision = "keys"
down_revision = "0001"

NOUNS = ("section", "tag", "contributor", "source", "dispatch", "image")


def upgrade() -> None:
    op.create_table(
        "api_key",
        sa.Column("id", Code(), nullable=False),
        sa.Column("hash", Code(), nullable=False),
        sa.Column("hint", sa.String(), nullable=False),
        sa.Column("role", Code(), nullable=False),
        sa.Column("partner", Code(), nullable=True),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("scopes", JsonText(), nullable=False),
        sa.Column("networks", JsonText(), nullable=False),
        sa.Column("replaces", Code(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("modified_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", UTCDateTime(timezone=True), nullable=True),
        sa.Column("disabled_at", UTCDateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", UTCDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("hash", name=op.f("uq_api_key_hash")),
    )
    op.create_index(op.f("ix_api_key_partner"), "api_key", ["partner"], unique=False)
    op.create_table(
        "idempotency",
        sa.Column("slot", Code(), nullable=False),
        sa.Column("body_hash", Code(), nullable=False),
        sa.Column("at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", JsonText(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("slot", name=op.f("pk_idempotency")),
    )
    op.create_index(op.f("ix_idempotency_at"), "idempotency", ["at"], unique=False)
    for noun in NOUNS:
        op.add_column(noun, sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
    op.add_column(
        "change", sa.Column("public", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    # until now the log had no withdrawals: what readers could see is what was published and after
    op.execute(
        "UPDATE change SET public = (1 = 1) WHERE noun = 'article' AND type <> 'created'"
        " AND object_id IN (SELECT id FROM article WHERE first_published_at IS NOT NULL)"
    )
