"""Stories with a correction of some time, or on whose sources' items nobody has looked, are found first."""

import sqlalchemy as sa
from alembic import op

revision = "sides"
down_revision = "dispatched"


def upgrade() -> None:
    op.create_index(op.f("ix_correction_at_article_id"), "correction", ["at", "article_id"])
    op.create_index(
        op.f("ix_source_flag_open"), "source_flag", ["status", "article_id"],
        sqlite_where=sa.text("reviewed_at IS NULL"),
        postgresql_where=sa.text("reviewed_at IS NULL"),
    )  # fmt: skip
