"""HTTP validation and lifetimes: ETag, 304, Cache-Control. RFC 9110 section 13, RFC 9111."""

import gzip
import hashlib
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

import brotli
import zstandard
from starlette.requests import Request
from starlette.responses import Response

from app.errors import PreconditionFailed

LONGEST = 30
"""Seconds a shared cache may keep an answer while no purge is set up."""
SMALLEST = 500
"""Bytes below which nothing is compressed."""


@dataclass(frozen=True, slots=True)
class Representation:
    """What an address holds now; `etag` is unquoted and unencoded."""

    body: bytes
    etag: str
    modified: datetime | None = None
    zstd: bytes | None = None
    gzip: bytes | None = None
    keys: str = ""
    media_type: str = "application/json"
    composed: bool = False
    """Whether it shows other things too, so that its own time of change does not tell all."""


def etag_of(body: bytes, version: int | None = None) -> str:
    """`{version}-{hash of the bytes}`; version 0 where the thing has none."""
    return f"{version or 0}-{hashlib.blake2b(body, digest_size=10).hexdigest()}"


def lifetime(now: datetime, boundary: datetime | None, longest: int = LONGEST) -> str:
    return f"public, max-age=0, must-revalidate, s-maxage={seconds(now, boundary, longest)}"


def seconds(now: datetime, boundary: datetime | None, longest: int) -> int:
    """Never past the next moment at which the clock alone changes the answer."""
    if boundary is None:
        return longest
    return max(0, min(longest, int((boundary - now).total_seconds())))


def answer(
    request: Request, held: Representation, *, now: datetime, head: int | None = None,
    boundary: datetime | None = None, links: str | None = None, shared: bool = True,
    longest: int = LONGEST,
) -> Response:  # fmt: skip
    """200 with the best encoding, 304 where the client has it, 412 where `If-Match` fails."""
    coding = coding_for(request.headers.get("accept-encoding", ""), len(held.body))
    headers = {
        "ETag": f'"{held.etag}{"-" + coding if coding else ""}"',
        "Cache-Control": lifetime(now, boundary, longest) if shared
        else "private, max-age=0, must-revalidate",
        "Vary": "Accept-Encoding, Authorization",
    }  # fmt: skip
    if held.modified:
        headers["Last-Modified"] = held.modified.strftime("%a, %d %b %Y %H:%M:%S GMT")
    if held.keys:
        headers["Surrogate-Key"] = held.keys
    if head is not None:
        headers["Isnad-Change"] = str(head)
    if links:
        headers["Link"] = links
    if not_modified(request, held):
        return Response(status_code=304, headers=headers)
    if coding:
        headers["Content-Encoding"] = coding
    return Response(encoded(held, coding), 200, headers, held.media_type)


def not_modified(request: Request, held: Representation) -> bool:
    """RFC 9110 section 13.2.2: If-Match, then If-None-Match, else If-Modified-Since."""
    if (wanted := request.headers.get("if-match")) and not names(wanted, held.etag):
        raise PreconditionFailed()
    if (known := request.headers.get("if-none-match")) is not None:
        return names(known, held.etag)
    since = request.headers.get("if-modified-since")
    if since is None or held.modified is None or held.composed:
        return False
    try:
        return held.modified.replace(microsecond=0) <= parsedate_to_datetime(since)
    except (ValueError, TypeError):
        return False


def names(header: str, etag: str) -> bool:
    """Whether a list of ETags has this one, weak or strong, in any encoding."""
    if header.strip() == "*":
        return True
    for part in header.split(","):
        tag = part.strip().removeprefix("W/").strip('"')
        if tag == etag or (tag.startswith(etag) and tag[len(etag) :] in ("-zstd", "-br", "-gzip")):
            return True
    return False


def coding_for(accepted: str, size: int) -> str:
    """The best content coding that the client takes, or none. RFC 9110 section 12.5.3."""
    if not accepted or size < SMALLEST:
        return ""
    weights: dict[str, float] = {}
    for part in accepted.lower().split(","):
        name, _, parameter = part.strip().partition(";")
        _, _, weight = parameter.partition("=")
        try:
            weights[name.strip()] = float(weight) if weight else 1.0
        except ValueError:
            weights[name.strip()] = 0.0
    offered = [(weights.get(coding, weights.get("*", 0.0)), coding) for coding in CODINGS]
    best, coding = max(offered, key=lambda pair: pair[0])
    return coding if best > 0 else ""


def encoded(held: Representation, coding: str) -> bytes:
    if coding == "zstd":
        return held.zstd or zstandard.compress(held.body, 3)
    if coding == "gzip":
        return held.gzip or gzip.compress(held.body, 6, mtime=0)
    if coding == "br":
        return bytes(brotli.compress(held.body, quality=4))
    return held.body


CODINGS = ("zstd", "br", "gzip")
