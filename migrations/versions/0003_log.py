"""The log as readers follow it: where a story stood, and each story of a re-rendering as a row."""

import orjson
import sqlalchemy as sa
from alembic import op

from app.models.base import Code

revision = "log"
down_revision = "keys"


def upgrade() -> None:
    op.add_column("change", sa.Column("section", sa.String(), nullable=True))
    op.drop_column("change", "url")
    op.drop_column("change", "former_slugs")
    op.create_table(
        "change_story",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("article_id", Code(), nullable=False),
        sa.ForeignKeyConstraint(["seq"], ["change.seq"], name=op.f("fk_change_story_seq")),
        sa.PrimaryKeyConstraint("seq", "place", name=op.f("pk_change_story")),
    )
    op.create_index("ix_change_story_article_id_seq", "change_story", ["article_id", "seq"])
    fill_in()


def fill_in() -> None:
    """What the rows that are there already would have got."""
    op.execute(
        "UPDATE change SET section = (SELECT p.path FROM article a JOIN section p"
        " ON p.id = a.section_id WHERE a.id = change.object_id) WHERE noun = 'article'"
    )
    # such a row named drafts and published stories together: it stays the desk's
    op.execute("UPDATE change SET public = (1 = 0) WHERE type = 'rerendered'")
    rows = op.get_bind().execute(sa.text("SELECT seq, ids FROM change WHERE ids <> '[]'")).all()
    stories = [
        {"seq": seq, "place": place, "article_id": id}
        for seq, ids in rows for place, id in enumerate(orjson.loads(ids), 1)
    ]  # fmt: skip
    if stories:
        insert = (
            "INSERT INTO change_story (seq, place, article_id) VALUES (:seq, :place, :article_id)"
        )
        op.get_bind().execute(sa.text(insert), stories)
