"""What sources do to their items afterwards: flags on stories, a policy on each source."""

import sqlalchemy as sa
from alembic import op

from app.models.base import Code, JsonText, UTCDateTime

revision = "upstream"
down_revision = "states"


def upgrade() -> None:
    op.create_table(
        "source_flag",
        sa.Column("article_id", Code(), nullable=False),
        sa.Column("cause_id", Code(), nullable=False),
        sa.Column("root", Code(), nullable=False),
        sa.Column("status", Code(), nullable=False),
        sa.Column("action", Code(), nullable=False),
        sa.Column("at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("reviewed_at", UTCDateTime(timezone=True), nullable=True),
        sa.Column("reviewed_by", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_source_flag_article_id")
        ),
        sa.PrimaryKeyConstraint("article_id", "cause_id", "root", name=op.f("pk_source_flag")),
    )
    op.create_index(op.f("ix_source_flag_root"), "source_flag", ["root"], unique=False)
    op.add_column("source", sa.Column("upstream", JsonText(), nullable=False, server_default="{}"))
    op.add_column("dispatch", sa.Column("source_status", Code(), nullable=True))
    op.add_column("dispatch", sa.Column("source_status_at", UTCDateTime(timezone=True)))
    op.add_column("dispatch", sa.Column("source_status_note", sa.String(), nullable=True))
