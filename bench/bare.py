"""The bare server: an ASGI application that answers the same requests with the same bytes."""

import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

FOLDER = Path(os.environ.get("BENCH_BYTES", "."))
ASKED: dict[str, str] = json.loads((FOLDER / "bare.json").read_text())
"""Names of files by raw path: the server reads the same address as the API does."""
BODIES = {path.encode(): (FOLDER / name).read_bytes() for path, name in ASKED.items()}


async def app(
    scope: dict[str, Any], receive: Callable[[], Awaitable[Any]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:  # fmt: skip
    if scope["type"] != "http":
        return
    body = BODIES[scope["raw_path"]]
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
