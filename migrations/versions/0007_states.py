"""Withdrawals; from when a story was public; moments that are logged once they have passed."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from app.models.base import FOREVER, Code, JsonText, UTCDateTime

revision = "states"
down_revision = "search"


def upgrade() -> None:
    op.create_table(
        "withdrawal",
        sa.Column("id", Code(), nullable=False),
        sa.Column("noun", Code(), nullable=False),
        sa.Column("object_id", Code(), nullable=False),
        sa.Column("kind", Code(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("notice", JsonText(), nullable=True),
        sa.Column("replaced_by", Code(), nullable=True),
        sa.Column("lead", Code(), nullable=True),
        sa.Column("was", Code(), nullable=True),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=True),
        sa.Column("restored_at", UTCDateTime(timezone=True), nullable=True),
        sa.Column("restored_by", sa.String(), nullable=True),
        sa.Column("restore_reason", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["replaced_by"], ["article.id"], name=op.f("fk_withdrawal_replaced_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_withdrawal")),
    )
    op.create_index(op.f("ix_withdrawal_lead"), "withdrawal", ["lead"], unique=False)
    op.create_index(
        "uq_withdrawal_open", "withdrawal", ["object_id"], unique=True,
        sqlite_where=sa.text("restored_at IS NULL"),
        postgresql_where=sa.text("restored_at IS NULL"),
    )  # fmt: skip
    op.add_column("article", sa.Column("public_from", UTCDateTime(timezone=True), nullable=True))
    op.add_column(
        "article", sa.Column("before_schedule", UTCDateTime(timezone=True), nullable=True)
    )
    op.execute(
        "UPDATE article SET public_from = CASE WHEN first_published_at > live_from"
        " THEN first_published_at ELSE live_from END"
        " WHERE first_published_at IS NOT NULL AND live_from < live_to"
    )
    for noun in ("image", "dispatch"):
        op.add_column(noun, sa.Column("withdrawn", Code(), nullable=True))
    op.execute(  # what rests on a dispatch is found by it, as by all that a story shows
        "INSERT INTO article_term (article_id, term, published_at)"
        " SELECT DISTINCT t.article_id, t.dispatch_id, a.published_at FROM attribution t"
        " JOIN article a ON a.id = t.article_id WHERE t.dispatch_id IS NOT NULL"
    )
    renew_moments()


def renew_moments() -> None:
    """Those that have passed belong to a time in which the log had no rows for them."""
    op.drop_table("moment")
    op.create_table(
        "moment",
        sa.Column("at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("article_id", Code(), nullable=False),
        sa.Column("type", Code(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_moment_article_id")),
        sa.PrimaryKeyConstraint("at", "article_id", name=op.f("pk_moment")),
    )
    op.create_index(op.f("ix_moment_article_id"), "moment", ["article_id"], unique=False)
    bounds = [
        sa.bindparam(name, moment, UTCDateTime(timezone=True))
        for name, moment in (("now", datetime.now(UTC)), ("forever", FOREVER))
    ]
    for type, column in (("published", "live_from"), ("expired", "live_to")):
        op.get_bind().execute(
            sa.text(
                f"INSERT INTO moment (at, article_id, type) SELECT {column}, id, '{type}'"
                f" FROM article WHERE state = 'published' AND live_from < live_to"
                f" AND {column} > :now AND {column} < :forever"
            ).bindparams(*bounds)
        )
