"""Images are found by the words of their captions, alts and credits."""

from typing import Any

import orjson
import sqlalchemy as sa
from alembic import op

from app.models.base import Code
from app.search_index.text import image_words

revision = "image_words"
down_revision = "shelves"
TOGETHER = 1_000


def upgrade() -> None:
    words = op.create_table(
        "image_word",
        sa.Column("image_id", Code(), nullable=False),
        sa.Column("word", Code(), nullable=False),
        sa.PrimaryKeyConstraint("image_id", "word", name=op.f("pk_image_word")),
    )
    op.create_index(op.f("ix_image_word_word_image_id"), "image_word", ["word", "image_id"])
    last = ""
    while some := images_after(last):
        last = some[-1][0]
        found = [row for id, *texts in some for row in image_words(id, *map(orjson.loads, texts))]
        op.bulk_insert(words, found)


def images_after(id: str) -> list[Any]:
    wanted = sa.text(
        "SELECT id, caption, alt, credit FROM image WHERE id > :id ORDER BY id LIMIT :n"
    )
    return list(op.get_bind().execute(wanted, {"id": id, "n": TOGETHER}))
