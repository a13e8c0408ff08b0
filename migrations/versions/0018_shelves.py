"""Tags, contributors, sources, images and dispatches are listed by their times, too."""

from alembic import op

revision = "shelves"
down_revision = "orders"
TIMES = {
    "tag": "created_at", "contributor": "created_at", "source": "created_at", "image": "created_at",
    "dispatch": "received_at",
}  # fmt: skip


def upgrade() -> None:
    for table, first in TIMES.items():
        for column in (first, "modified_at"):
            op.create_index(op.f(f"ix_{table}_{column}_id"), table, [column, "id"])
