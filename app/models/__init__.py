"""Tables, and beside them the JSON in and out."""

from app.models import (
    article,
    block,
    change,
    front,
    idempotency,
    image,
    key,
    live,
    preview,
    search,
    section,
    source,
    state,
    upstream,
    version,
    withdrawal,
)

__all__ = [
    "article",
    "block",
    "change",
    "front",
    "idempotency",
    "image",
    "key",
    "live",
    "preview",
    "search",
    "section",
    "source",
    "state",
    "upstream",
    "version",
    "withdrawal",
]
