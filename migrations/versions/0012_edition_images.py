"""Images of old versions, whose files stay open with them; images are found by their files."""

import sqlalchemy as sa
from alembic import op

from app.models.base import Code

revision = "edition_images"
down_revision = "naming"


def upgrade() -> None:
    op.create_table(
        "edition_image",
        sa.Column("article_id", Code(), nullable=False),
        sa.Column("image_id", Code(), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_edition_image_article_id")
        ),
        sa.ForeignKeyConstraint(["image_id"], ["image.id"], name=op.f("fk_edition_image_image_id")),
        sa.PrimaryKeyConstraint("article_id", "image_id", name=op.f("pk_edition_image")),
    )
    op.create_index(op.f("ix_edition_image_image_id"), "edition_image", ["image_id"])
    op.create_index(op.f("ix_image_file"), "image", ["file"])
