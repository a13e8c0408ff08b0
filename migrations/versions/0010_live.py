"""Updates of live stories, and where their images stand."""

import sqlalchemy as sa
from alembic import op

from app.models.base import Code, JsonText, UTCDateTime

revision = "live"
down_revision = "fronts"

INDEXES = (
    ("ix_live_update_article_id_at_id", ["article_id", "at", "id"], False),
    ("ix_live_update_article_id_is_key_at_id", ["article_id", "is_key", "at", "id"], False),
    ("ix_live_update_article_id_pinned_at_id", ["article_id", "pinned", "at", "id"], False),
    (
        "ix_live_update_article_id_author_id_removed",
        ["article_id", "author_id", "removed"],
        False,
    ),
    ("uq_live_update_article_id_changed", ["article_id", "changed"], True),
    ("ix_live_update_author_id", ["author_id"], False),
    ("ix_live_update_stamp", ["stamp"], False),
    ("ix_live_update_valid_until", ["valid_until"], False),
)


def upgrade() -> None:
    op.create_table(
        "live_update",
        sa.Column("id", Code(), nullable=False),
        sa.Column("article_id", Code(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("created_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("modified_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=True),
        sa.Column("author_id", Code(), nullable=True),
        sa.Column("is_key", sa.Boolean(), nullable=False),
        sa.Column("pinned", sa.Boolean(), nullable=False),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.Column("born", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("content", JsonText(), nullable=False),
        sa.Column("stamp", Code(), nullable=False),
        sa.Column("valid_until", UTCDateTime(timezone=True), nullable=False),
        sa.Column("holes", sa.String(), nullable=True),
        sa.Column("keys", sa.String(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_live_update_article_id")
        ),
        sa.ForeignKeyConstraint(
            ["author_id"], ["contributor.id"], name=op.f("fk_live_update_author_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_live_update")),
    )
    for name, columns, unique in INDEXES:
        op.create_index(op.f(name), "live_update", columns, unique=unique)
    op.add_column("image_use", sa.Column("update_id", Code(), nullable=True))
    op.create_index(op.f("ix_image_use_update_id"), "image_use", ["update_id"], unique=False)
