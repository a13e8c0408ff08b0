"""Previews: the hash of a token, the story and version that it shows, and until when."""

import sqlalchemy as sa
from alembic import op

from app.models.base import Code, UTCDateTime

revision = "previews"
down_revision = "log"


def upgrade() -> None:
    op.create_table(
        "preview",
        sa.Column("id", Code(), nullable=False),
        sa.Column("article_id", Code(), nullable=False),
        sa.Column("hash", Code(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("created_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(), nullable=True),
        sa.Column("expires_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", UTCDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_preview_article_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_preview")),
        sa.UniqueConstraint("hash", name=op.f("uq_preview_hash")),
    )
    op.create_index(op.f("ix_preview_article_id"), "preview", ["article_id"], unique=False)
