"""Lists are sorted by every time of a story; each order is an index."""

import sqlalchemy as sa
from alembic import op

from app.models.article import UPDATED_ORDER
from app.models.base import UTCDateTime

revision = "orders"
down_revision = "view_days"
ORDERS = ("first_published_at", "updated_order", "modified_at", "created_at")


def upgrade() -> None:
    # SQLite adds no stored one, PostgreSQL indexes no other
    stored = op.get_bind().dialect.name != "sqlite"
    made = sa.Computed(UPDATED_ORDER, persisted=stored)
    op.add_column("article", sa.Column("updated_order", UTCDateTime(), made, nullable=False))
    op.create_index(
        op.f("ix_article_state_urgency_published_at_id"), "article",
        ["state", "urgency", "published_at", "id"],
    )  # fmt: skip
    for column in ORDERS:
        op.create_index(op.f(f"ix_article_state_{column}_id"), "article", ["state", column, "id"])
