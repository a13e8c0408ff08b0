"""HTTP validation and lifetimes: ETag, 304, Cache-Control. RFC 9110 section 13, RFC 9111."""

import gzip
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import unquote_plus

import brotli
import zstandard
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.errors import PreconditionFailed

CODINGS = ("zstd", "br", "gzip")
DEFAULT_SECONDS = 30
"""Seconds a shared cache may keep an answer while no purge is set up."""
MOST_KEYS = 4_000
"""Bytes of surrogate keys in a header: caches take lines of 8 kB, and other headers beside."""
SMALLEST_COMPRESSED = 500
"""Bytes below which nothing is compressed."""
REMEMBERED_LENGTH = 256
"""Bytes of a query or header up to which what was read in it is remembered."""


@dataclass(frozen=True, slots=True)
class Representation:
    """The present representation of a resource. `etag` has no quotes and no encoding suffix."""

    body: bytes
    etag: str
    modified: datetime | None = None
    zstd: bytes | None = None
    gzip: bytes | None = None
    keys: str = ""
    media_type: str = "application/json"
    composed: bool = False
    """Whether it shows other things too, so that its own time of change does not tell all."""
    tagged: bool = False
    """Whether its keys are told as Cloudflare reads them, too."""


@dataclass(frozen=True, slots=True)
class CachePolicy:
    """Seconds for which caches in front may keep a response that can be purged (`longest`), and
    may serve it stale (`stale`)."""

    longest: int = DEFAULT_SECONDS
    stale: int = 0
    tagged: bool = False


WITHOUT_PURGE = CachePolicy()


@dataclass(frozen=True, slots=True)
class CacheableResponse:
    """A response as the response cache may store it, independent of its request: valid until the
    change log names one of its surrogate keys, until `boundary`, and for `longest` seconds."""

    representation: Representation
    links: str | None
    boundary: datetime | None
    longest: int
    stale: int


CACHE_OFFER = "isnad.offer"
"""Where a request's scope has what takes offers."""

WHOLE = "isnad.whole"
"""The extension of a server that sends a whole answer at once: `{"send": SendWhole}`. Who stands
between puts its own in its place, which adds what it would have added to the messages."""

SendWhole = Callable[[int, bytes, bytes], bool]
"""Status, lines of the head, body; false where it must go the usual way."""


class OfferedResponse(Response):
    """A response that offers itself to the response cache when it is sent."""

    def __init__(
        self, status: int, body: bytes, headers: Mapping[str, str], offer: CacheableResponse | None
    ) -> None:
        self.status_code, self.body, self.offer, self.background = status, body, offer, None
        self.fields = headers

    # Starlette's is an attribute that is there from the start; most answers never need it
    @cached_property
    def raw_headers(self) -> list[tuple[bytes, bytes]]:  # type: ignore[override]
        """Return the headers as ASGI messages have them."""
        return [
            (name.lower().encode(), value.encode("latin-1")) for name, value in self.fields.items()
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.offer is not None and (take := scope.get(CACHE_OFFER)):
            take(self.offer)
        whole = whole_sender(scope)
        if whole is None or not whole(self.status_code, self.head, bytes(self.body)):
            await super().__call__(scope, receive, send)

    @property
    def head(self) -> bytes:
        """Return the header lines, with later changes of `raw_headers`."""
        if "raw_headers" in self.__dict__:
            return header_lines(self.raw_headers)
        lines = [f"{name.lower()}: {value}\r\n" for name, value in self.fields.items()]
        return "".join(lines).encode("latin-1")


def header_lines(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return headers as the lines of an HTTP/1.1 head."""
    return b"".join([b"%b: %b\r\n" % one for one in headers])


def whole_sender(scope: Scope) -> SendWhole | None:
    """Return the server's function to send a complete response at once, if it has one."""
    extension = scope.get("extensions", NONE).get(WHOLE)
    found: SendWhole | None = extension and extension["send"]
    return found


NONE: dict[str, Any] = {}


def etag_of(body: bytes, version: int | None = None) -> str:
    """Return `{version}-{hash of the body}`, with version 0 for a resource without versions."""
    return f"{version or 0}-{hashlib.blake2b(body, digest_size=10).hexdigest()}"


def cache_control(
    now: datetime, boundary: datetime | None, longest: int = DEFAULT_SECONDS, stale: int = 0
) -> str:
    """Return `Cache-Control` for shared caches; browsers revalidate each time. `stale`: seconds
    of stale-while-revalidate and stale-if-error (RFC 5861)."""
    kept = seconds(now, boundary, longest)
    told = f"public, max-age=0, must-revalidate, s-maxage={kept}"
    more = seconds(now, boundary, kept + stale) - kept
    return f"{told}, stale-while-revalidate={more}, stale-if-error={more}" if more else told


def seconds(now: datetime, boundary: datetime | None, longest: int) -> int:
    """Return a lifetime that ends before `boundary`, when the clock changes the response."""
    if boundary is None:
        return longest
    return max(0, min(longest, int((boundary - now).total_seconds())))


def answer(
    request: Request, representation: Representation, *, now: datetime, head: int | None = None,
    boundary: datetime | None = None, links: str | None = None, shared: bool = True,
    longest: int | None = None, ends: bool = False,
) -> Response:  # fmt: skip
    """Return 200 in the best encoding, 304 if the client has it, or raise 412 if `If-Match`
    fails.

    `longest`: a shorter lifetime than the policy's. `ends`: the resource has an end of its own
    and must never be served stale. `head`: the number of the last change, for `Isnad-Change`.
    """
    policy = policy_for(request, representation)
    stale = 0 if ends or longest is not None else policy.stale
    longest = policy.longest if longest is None else min(longest, policy.longest)
    if policy.tagged:
        representation = replace(representation, tagged=True)
    asked = dict(reversed(request.scope["headers"]))  # of a header sent twice the first counts
    accepted = asked.get(b"accept-encoding", b"").decode("latin-1")
    coding = negotiate_encoding(accepted, len(representation.body))
    headers = validator_headers(representation, coding, links)
    headers["Cache-Control"] = (
        cache_control(now, boundary, longest, stale)
        if shared
        else "private, max-age=0, must-revalidate"
    )
    if head is not None:
        headers["Isnad-Change"] = str(head)
    offer = (
        CacheableResponse(representation, links, boundary, longest, stale)
        if shared and representation.keys
        else None
    )
    if not_modified(asked, representation):
        return OfferedResponse(304, b"", headers, offer)
    body = encode(representation, coding)
    if coding:
        headers["Content-Encoding"] = coding
    return OfferedResponse(200, body, headers | content_headers(representation, body), offer)


def content_headers(representation: Representation, body: bytes) -> dict[str, str]:
    """Return the headers that a 304 does not repeat."""
    text = (
        representation.media_type.startswith("text/")
        and "charset=" not in representation.media_type
    )
    kind = f"{representation.media_type}; charset=utf-8" if text else representation.media_type
    return {"Content-Length": str(len(body)), "Content-Type": kind}


def policy_for(request: Request, representation: Representation) -> CachePolicy:
    """Return the cache policy; a response without surrogate keys cannot be purged and gets the
    short one."""
    app = request.scope.get("app")
    found: CachePolicy = (
        getattr(app.state, "keeping", WITHOUT_PURGE)
        if app and representation.keys
        else WITHOUT_PURGE
    )
    return found


def validator_headers(
    representation: Representation, coding: str, links: str | None
) -> dict[str, str]:
    """Return the headers that 200 and 304 share."""
    headers = {
        "ETag": f'"{representation.etag}{"-" + coding if coding else ""}"',
        "Vary": "Accept-Encoding, Authorization",
    }
    if representation.modified:
        headers["Last-Modified"] = representation.modified.strftime("%a, %d %b %Y %H:%M:%S GMT")
    if representation.keys:
        headers["Surrogate-Key"] = keys = keys_for_header(representation.keys)
        if representation.tagged:
            headers["Cache-Tag"] = keys.replace(" ", ",")
    if links:
        headers["Link"] = links
    return headers


def header_key(key: str) -> str:
    """Return a surrogate key as headers show it. The key of a dispatch is hashed, because a story
    may be based on a dispatch that its readers may not see."""
    if not key.startswith("dsp_"):
        return key
    return f"dispatch-{hashlib.blake2b(key.encode(), digest_size=10).hexdigest()}"


def keys_for_header(keys: str) -> str:
    """Return the surrogate keys, limited to the size of a header. If the ids do not fit,
    `articles` and `nouns` replace them: every change that readers see names one of these. The
    first key, the story's own, stays for purges by hand."""
    if len(keys) <= MOST_KEYS:
        if "dsp_" in keys:
            return " ".join(header_key(key) for key in keys.split())
        return keys
    own, *others = keys.split()
    coarse = [key for key in others if "_" not in key]
    return " ".join(dict.fromkeys([own, "articles", "nouns", *coarse]))


def not_modified(asked: Mapping[bytes, bytes], representation: Representation) -> bool:
    """Evaluate If-Match, then If-None-Match, else If-Modified-Since. RFC 9110 section 13.2.2."""
    if (wanted := asked.get(b"if-match")) and not matches_etag(
        wanted.decode("latin-1"), representation.etag
    ):
        raise PreconditionFailed()
    if (known := asked.get(b"if-none-match")) is not None:
        return matches_etag(known.decode("latin-1"), representation.etag)
    return unmodified_since(representation, asked.get(b"if-modified-since", b"").decode("latin-1"))


def unmodified_since(representation: Representation, since: str) -> bool:
    """Return whether it has not changed since an HTTP date; False if that is unknown."""
    if not since or representation.modified is None or representation.composed:
        return False
    try:
        return representation.modified.replace(microsecond=0) <= parsedate_to_datetime(since)
    except (ValueError, TypeError):
        return False


def matches_etag(header: str, etag: str) -> bool:
    """Return whether a list of ETags contains this one, weak or strong, in any encoding."""
    if header.strip() == "*":
        return True
    for part in header.split(","):
        tag = part.strip().removeprefix("W/").strip('"')
        if tag == etag or (tag.startswith(etag) and tag[len(etag) :] in ("-zstd", "-br", "-gzip")):
            return True
    return False


def negotiate_encoding(accepted: str, size: int, codings: Sequence[str] = CODINGS) -> str:
    """Return the best content coding that the client accepts, or an empty text. RFC 9110 section
    12.5.3."""
    if not accepted or size < SMALLEST_COMPRESSED:
        return ""
    read = cached_best_encoding if len(accepted) < REMEMBERED_LENGTH else best_encoding
    return read(accepted, tuple(codings))


def best_encoding(accepted: str, codings: Sequence[str]) -> str:
    """Return the coding with the largest weight in `Accept-Encoding`, or an empty text."""
    weights: dict[str, float] = {}
    for part in accepted.lower().split(","):
        name, _, parameter = part.strip().partition(";")
        _, _, weight = parameter.partition("=")
        try:
            weights[name.strip()] = float(weight) if weight else 1.0
        except ValueError:
            weights[name.strip()] = 0.0
    offered = [(weights.get(coding, weights.get("*", 0.0)), coding) for coding in codings]
    best, coding = max(offered, key=lambda pair: pair[0])
    return coding if best > 0 and best >= weights.get("identity", 0.0) else ""


cached_best_encoding = lru_cache(maxsize=256)(best_encoding)


def encode(representation: Representation, coding: str) -> bytes:
    """Return the body in a content coding, stored or compressed now."""
    if coding == "zstd":
        return representation.zstd or zstandard.compress(representation.body, 3)
    if coding == "gzip":
        return representation.gzip or gzip.compress(representation.body, 6, mtime=0)
    if coding == "br":
        return bytes(brotli.compress(representation.body, quality=4))
    return representation.body


FEEDS = b"/feeds/"
TRACKING = re.compile(
    "utm_[^=&]*|fbclid|gclid|gclsrc|gbraid|wbraid|dclid|msclkid|yclid|twclid|ttclid|igshid|srsltid"
    "|mc_cid|mc_eid|mkt_tok|oly_enc_id|vero_id|_hsenc|_hsmi|_ga|_gl|ref|_|cb|nocache|no_cache"
    "|cachebuster|rand|random|rnd|timestamp|ts",
    re.IGNORECASE,
)
"""Parameters that readers, trackers and proxies add to the address of a feed (`docs/feeds.md`)."""

NOT_CACHED = (b"preview", b"as_of", b"min_change")
"""What an address has in it whose answer is never kept."""


def cache_query(query: bytes, feed: bool) -> bytes | None:
    """Return the query that identifies a response in the cache; None if it must not be cached.
    The order of parameters counts, because links in the response repeat it."""
    if any(name in query for name in NOT_CACHED):
        return None
    if not feed:
        return query
    return b"&".join(part for part in query.split(b"&") if part and not is_tracking_parameter(part))


def is_tracking_parameter(part: bytes) -> bool:
    """Return whether a query parameter was added on the way and says nothing about a feed."""
    name = unquote_plus(part.partition(b"=")[0].decode("latin-1"))
    return TRACKING.fullmatch(name) is not None
