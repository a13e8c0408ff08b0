"""What rests on a dispatch is read in the order of the stories, page by page."""

from alembic import op

revision = "dispatched"
down_revision = "portraits"


def upgrade() -> None:
    op.create_index(
        op.f("ix_attribution_dispatch_id_article_id"), "attribution", ["dispatch_id", "article_id"]
    )
    op.drop_index(op.f("ix_attribution_dispatch_id"), "attribution")
