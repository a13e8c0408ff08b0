"""The search index in its two places, what it was made with, and what completes as one types."""

import sqlalchemy as sa
from alembic import op

from app.models.base import Code, UTCDateTime
from app.models.search import Rank, Vector

revision = "search"
down_revision = "editions"


def upgrade() -> None:
    op.create_table(
        "search_state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("version", Code(), nullable=False),
        sa.Column("lexicon", Code(), nullable=False),
        sa.Column("making", Code(), nullable=True),
        sa.Column("making_lexicon", Code(), nullable=False),
        sa.Column("since", UTCDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_state")),
    )
    op.create_table(
        "search_lexicon",
        sa.Column("id", Code(), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("at", UTCDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_lexicon")),
    )
    for name in ("search_a", "search_b"):
        entries(name)
    op.create_table(
        "headline_key",
        sa.Column("article_id", Code(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("key", Code(), nullable=False),
        sa.PrimaryKeyConstraint("article_id", "place", name=op.f("pk_headline_key")),
    )
    op.create_index("ix_headline_key_key", "headline_key", ["key"], unique=False)
    op.create_table(
        "name_key",
        sa.Column("object_id", Code(), nullable=False),
        sa.Column("lang", Code(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("noun", Code(), nullable=False),
        sa.Column("key", Code(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("object_id", "lang", "place", name=op.f("pk_name_key")),
    )
    op.create_index("ix_name_key_key", "name_key", ["key"], unique=False)
    # stories that were there before have no entry: the index is not of this analyser
    op.execute(
        "INSERT INTO search_state (id, place, version, lexicon, making_lexicon) SELECT 1, 0,"
        " CASE WHEN EXISTS (SELECT 1 FROM article) THEN 'none' ELSE '' END, '', ''"
    )


def entries(name: str) -> None:
    """One place of the index."""
    op.create_table(
        name,
        sa.Column("rank", Rank, autoincrement=False, nullable=False),
        sa.Column("article_id", Code(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("words", Vector, nullable=False),
        sa.PrimaryKeyConstraint("rank", name=op.f(f"pk_{name}")),
        sa.UniqueConstraint("article_id", name=op.f(f"uq_{name}_article_id")),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"CREATE INDEX ix_{name}_words ON {name} USING gin (words)")
        for column in ("title", "summary", "body", "words"):  # pressing them costs more than room
            op.execute(f"ALTER TABLE {name} ALTER COLUMN {column} SET STORAGE EXTERNAL")
    else:
        op.execute(
            f"CREATE VIRTUAL TABLE {name}_words USING fts5(title, summary, body, content='',"
            " tokenize='unicode61 remove_diacritics 0', columnsize=0)"
        )
