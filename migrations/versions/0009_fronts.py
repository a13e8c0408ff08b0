"""Fronts: curated screens."""

import sqlalchemy as sa
from alembic import op

from app.models.base import Code, JsonText, UTCDateTime

revision = "fronts"
down_revision = "upstream"


def upgrade() -> None:
    op.create_table(
        "front",
        sa.Column("id", Code(), nullable=False),
        sa.Column("slug", Code(), nullable=False),
        sa.Column("name", JsonText(), nullable=False),
        sa.Column("section_id", Code(), nullable=True),
        sa.Column("lang", Code(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("fallback", sa.String(), nullable=True),
        sa.Column("banner", JsonText(), nullable=True),
        sa.Column("slots", JsonText(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("modified_at", UTCDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["section_id"], ["section.id"], name=op.f("fk_front_section_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_front")),
        sa.UniqueConstraint("slug", name=op.f("uq_front_slug")),
    )
    op.create_index("ix_front_section_id_lang", "front", ["section_id", "lang"], unique=False)
