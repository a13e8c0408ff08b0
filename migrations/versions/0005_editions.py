"""Documents know since when readers are shown them, and stay as editions when they are replaced."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

from app.models.base import FOREVER, Code, UTCDateTime, sqlite_time

revision = "editions"
down_revision = "previews"

NEVER = sqlite_time(FOREVER)
OUT = "(SELECT a.state = 'published' FROM article a WHERE a.id = document.article_id)"
FILL = (
    "version = (SELECT a.version FROM article a WHERE a.id = document.article_id)",
    "since = (SELECT a.modified_at FROM article a WHERE a.id = document.article_id)",
    f"shown_from = CASE WHEN {OUT} THEN (SELECT CASE WHEN a.live_from > a.modified_at"
    " THEN a.live_from ELSE a.modified_at END FROM article a WHERE a.id = document.article_id)"
    " ELSE shown_from END",
    f"shown_to = CASE WHEN {OUT} THEN (SELECT a.live_to FROM article a"
    " WHERE a.id = document.article_id) ELSE shown_to END",
)  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "edition",
        sa.Column("article_id", Code(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("stamp", Code(), nullable=False),
        sa.Column("since", UTCDateTime(timezone=True), nullable=False),
        sa.Column("shown_from", UTCDateTime(timezone=True), nullable=False),
        sa.Column("shown_to", UTCDateTime(timezone=True), nullable=False),
        sa.Column("holes", sa.String(), nullable=True),
        sa.Column("keys", sa.String(), nullable=False),
        sa.Column("zstd", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_edition_article_id")),
        sa.PrimaryKeyConstraint("article_id", "number", name=op.f("pk_edition")),
    )
    op.create_index(
        "ix_edition_article_id_version_number_shown_from_shown_to", "edition",
        ["article_id", "version", "number", "shown_from", "shown_to"],
    )  # fmt: skip
    number = sa.Column("version", sa.Integer(), nullable=False, server_default="1")
    op.add_column("document", number)
    for name in ("since", "shown_from", "shown_to"):
        moment: sa.Column[datetime] = sa.Column(
            name, UTCDateTime(timezone=True), nullable=False, server_default=NEVER
        )
        op.add_column("document", moment)
    op.execute(f"UPDATE document SET {', '.join(FILL)}")
    if op.get_bind().dialect.name == "postgresql":  # it is pressed already
        op.execute("ALTER TABLE edition ALTER COLUMN zstd SET STORAGE EXTERNAL")
