"""What rests on a source is read along an index."""

from alembic import op

revision = "dependents"
down_revision = "image_words"


def upgrade() -> None:
    op.create_index(
        op.f("ix_attribution_source_id_article_id"), "attribution", ["source_id", "article_id"]
    )
    op.drop_index(op.f("ix_attribution_source_id"), "attribution")
