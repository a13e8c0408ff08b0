"""New entries go into PostgreSQL's search index at once. By default they wait in a list that every
search reads from end to end. PostgreSQL 18, section 65.4.4.1 (GIN fast update technique)."""

from alembic import op

revision = "search_pending"
down_revision = "confidential"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for name in ("ix_search_a_words", "ix_search_b_words"):
            op.execute(f"ALTER INDEX {name} SET (fastupdate = off)")
            op.execute(f"SELECT gin_clean_pending_list('{name}')")
