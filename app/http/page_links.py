"""`Link` headers to the next and previous page of a list. RFC 8288."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from starlette.types import Scope


def page_links(public_url: str, scope: Scope, cursors: Mapping[str, Any]) -> str | None:
    """Return the value of `Link` for the cursors `next` and `prev` of a page; None without any."""
    base = f"<{public_url}{without_cursor(scope['path'], scope['query_string'])}"
    found = [f'{base}{cursors[rel]}>; rel="{rel}"' for rel in ("next", "prev") if cursors.get(rel)]
    return ", ".join(found) or None


@lru_cache(maxsize=256)
def without_cursor(path: str, query: bytes) -> str:
    """Return path and query of a page, with `cursor=` at the end and without its value."""
    parts = query.decode("latin-1").split("&")
    others = [part for part in parts if part and not part.startswith("cursor=")]
    return f"{quote(path)}?{'&'.join([*others, 'cursor'])}="
