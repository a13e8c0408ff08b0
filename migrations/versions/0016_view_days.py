"""Views of stories by the day."""

import sqlalchemy as sa
from alembic import op

from app.models.base import Code, UTCDateTime

revision = "view_days"
down_revision = "views"


def upgrade() -> None:
    op.create_table(
        "story_view_day",
        sa.Column("day", UTCDateTime(timezone=True), nullable=False),
        sa.Column("article_id", Code(), nullable=False),
        sa.Column("views", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "article_id", name=op.f("pk_story_view_day")),
    )
    op.execute(  # an hour of one day is of that day, on both databases, as times are UTC
        "INSERT INTO story_view_day (day, article_id, views)"
        f" SELECT {start_of_day()}, article_id, sum(views) FROM story_view_hour GROUP BY 1, 2"
    )


def start_of_day() -> str:
    if op.get_bind().dialect.name == "sqlite":
        return "substr(hour, 1, 10) || 'T00:00:00.000000Z'"
    return "date_trunc('day', hour, 'UTC')"
