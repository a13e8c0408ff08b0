"""What a document leaves open, as it changes without the story: its translations, and the cards that
related stories and blocks show. Pure functions of documents."""

from typing import Any

import orjson

from app.rendering import documents

MOST_RELATED = 20
BY_EDITOR = b',"reason":{"kind":"editor","shared":[]}}'


def named_in(holes: dict[str, Any]) -> list[str]:
    """Ids of the stories whose cards fill these holes."""
    inside = [one for ids in holes.get("blocks", {}).values() for one in ids]
    return list(dict.fromkeys([*holes.get("related", []), *inside]))[:100]


def fill(
    body: bytes, id: str, others: list[dict[str, Any]], holes: dict[str, Any],
    there: dict[str, bytes],
) -> bytes:  # fmt: skip
    """A document with what others say in its holes: its translations, and the cards that are there."""
    body = put_translations(body, [one for one in others if one["id"] != id])
    related = [there[one][:-1] + BY_EDITOR for one in holes.get("related", []) if one in there]
    listed = b",".join(related[:MOST_RELATED])
    body = body.replace(documents.RELATED_HOLE, b'"related":[' + listed + b"]", 1)
    for block, ids in holes.get("blocks", {}).items():
        filled = b",".join(there[one] for one in ids if one in there)
        hole = orjson.dumps({"$fill": block})
        # everywhere: an update may stand in several lists
        body = body.replace(b'"articles":' + hole, b'"articles":[' + filled + b"]")
    return body


def put_translations(body: bytes, others: list[dict[str, Any]]) -> bytes:
    """Fill the placeholder of the translations."""
    filled = b'"translations":' + orjson.dumps(others)
    return body.replace(documents.TRANSLATIONS_HOLE, filled, 1)
