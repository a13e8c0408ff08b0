"""Views of stories, their counts by the hour, and the salt of the day."""

import sqlalchemy as sa
from alembic import op

from app.models.base import Code, UTCDateTime

revision = "views"
down_revision = "ending"


def upgrade() -> None:
    op.create_table(
        "story_view",
        sa.Column("hour", UTCDateTime(timezone=True), nullable=False),
        sa.Column("article_id", Code(), nullable=False),
        sa.Column("visitor", Code(), nullable=False),
        sa.Column("event", Code(), nullable=True),
        sa.Column("referrer", sa.String(), nullable=True),
        sa.Column("at", UTCDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("hour", "article_id", "visitor", name=op.f("pk_story_view")),
        sa.UniqueConstraint("event", name=op.f("uq_story_view_event")),
    )
    op.create_table(
        "story_view_hour",
        sa.Column("hour", UTCDateTime(timezone=True), nullable=False),
        sa.Column("article_id", Code(), nullable=False),
        sa.Column("views", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("hour", "article_id", name=op.f("pk_story_view_hour")),
    )
    op.create_table(
        "story_view_salt",
        sa.Column("day", Code(), nullable=False),
        sa.Column("salt", Code(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_story_view_salt")),
    )
