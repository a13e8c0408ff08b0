"""Documents that the clock makes wrong are found by an index of those alone."""

import sqlalchemy as sa
from alembic import op

revision = "ending"
down_revision = "purge"
ENDING = sa.text("valid_until < '9999-12-31T00:00:00.000000Z'")


def upgrade() -> None:
    op.create_index(
        "ix_document_ending", "document", ["valid_until"], sqlite_where=ENDING,
        postgresql_where=ENDING,
    )  # fmt: skip
