"""The bare server: an ASGI application that answers the same bytes, and nothing else."""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

FOLDER = Path(os.environ.get("BENCH_BYTES", "."))
BODIES = {f"/{file.stem}": file.read_bytes() for file in sorted(FOLDER.glob("*.bytes"))}


async def app(
    scope: dict[str, Any], receive: Callable[[], Awaitable[Any]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:  # fmt: skip
    if scope["type"] != "http":
        return
    body = BODIES[scope["path"]]
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
