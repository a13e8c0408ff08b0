"""Whose portrait an image is, is looked up for each image of a list that no story shows."""

from alembic import op

revision = "portraits"
down_revision = "dependents"


def upgrade() -> None:
    op.create_index(op.f("ix_contributor_image_id"), "contributor", ["image_id"])
