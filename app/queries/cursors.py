"""Cursors: a position, signed, bound to the question that it continues. DESIGN section 5."""

import base64
import hmac
from functools import lru_cache

import orjson

from app.errors import CursorInvalid

SIGNATURE = 9


def write(secrets: list[bytes], question: str, position: list[str]) -> str:
    """Equal position and question, equal bytes."""
    return written(secrets[0], question, orjson.dumps(position))


@lru_cache(maxsize=4096)
def written(secret: bytes, question: str, body: bytes) -> str:
    return base64.urlsafe_b64encode(sign(secret, question, body) + body).decode().rstrip("=")


def read(secrets: list[bytes], question: str, cursor: str, length: int) -> list[str]:
    """The position, if we signed it for this question."""
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
    message = question.encode() + b"\0" + body
    return hmac.digest(secret, message, "sha256")[:SIGNATURE]
