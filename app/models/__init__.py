"""Tables, and beside them the JSON in and out."""

from app.models import (
    article,
    block,
    change,
    idempotency,
    image,
    key,
    preview,
    search,
    section,
    source,
    state,
    version,
    withdrawal,
)

__all__ = [
    "article",
    "block",
    "change",
    "idempotency",
    "image",
    "key",
    "preview",
    "search",
    "section",
    "source",
    "state",
    "version",
    "withdrawal",
]
