"""Cursors: a position in a list, signed, and bound to the query of the list. docs/lists.md."""

import base64
import hmac
from functools import lru_cache
from typing import Any

import orjson

from app.errors import CursorInvalid
from app.models.base import from_column

SIGNATURE = 9


def write(secrets: list[bytes], question: str, position: list[str]) -> str:
    """A cursor. Equal positions of equal queries have equal cursors."""
    body = orjson.dumps(position)
    signed = sign(secrets[0], question, body) + body
    return base64.urlsafe_b64encode(signed).decode().rstrip("=")


@lru_cache(maxsize=4096)
def beside(secret: bytes, question: str, way: str, at: Any, id: str) -> str:
    """The cursor to the articles before or after one. `at`: its value in the list's order, as a database driver
    gives it."""
    moment = from_column(at)
    assert moment is not None  # nothing is sorted by what may be missing
    return write([secret], question, [way, moment.isoformat(), id])


def read(secrets: list[bytes], question: str, cursor: str, length: int) -> list[str]:
    """The position in a cursor. Raises 400 `cursor-invalid` unless it was signed for this query."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except ValueError as wrong:
        raise CursorInvalid() from wrong
    if base64.urlsafe_b64encode(raw).decode().rstrip("=") != cursor:
        raise CursorInvalid()  # unused bits of the last character were changed
    signature, body = raw[:SIGNATURE], raw[SIGNATURE:]
    if not any(hmac.compare_digest(signature, sign(key, question, body)) for key in secrets):
        raise CursorInvalid()
    position = orjson.loads(body)
    if not isinstance(position, list) or len(position) != length:
        raise CursorInvalid()
    return position


def sign(secret: bytes, question: str, body: bytes) -> bytes:
    """The signature of a position."""
    message = question.encode() + b"\0" + body
    return hmac.digest(secret, message, "sha256")[:SIGNATURE]
