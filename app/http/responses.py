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
LONGEST = 30
"""Seconds a shared cache may keep an answer while no purge is set up."""
MOST_KEYS = 4_000
"""Bytes of surrogate keys in a header: caches take lines of 8 kB, and other headers beside."""
SMALLEST = 500
"""Bytes below which nothing is compressed."""
USUAL = 256
"""Bytes of a query or header up to which what was read in it is remembered."""


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
    tagged: bool = False
    """Whether its keys are told as Cloudflare reads them, too."""


@dataclass(frozen=True, slots=True)
class CachePolicy:
    """For how many seconds caches in front may keep what they can be told to drop, and use it while
    it is fetched anew, or can't be. Without a purge: for a moment, and never longer."""

    longest: int = LONGEST
    stale: int = 0
    tagged: bool = False


BRIEF = CachePolicy()


@dataclass(frozen=True, slots=True)
class CacheableResponse:
    """An answer as a cache may keep it, whatever the one who asked has of it: valid until one of
    the representation's keys is named by the log, until `boundary`, and for `longest` seconds."""

    held: Representation
    links: str | None
    boundary: datetime | None
    longest: int
    stale: int


TAKER = "isnad.offer"
"""Where a request's scope has what takes offers."""

WHOLE = "isnad.whole"
"""The extension of a server that sends a whole answer at once: `{"send": SendWhole}`. Who stands
between puts its own in its place, which adds what it would have added to the messages."""

SendWhole = Callable[[int, bytes, bytes], bool]
"""Status, lines of the head, body; false where it must go the usual way."""


class Answered(Response):
    """An answer that offers itself to whoever keeps answers, when it is sent."""

    def __init__(
        self, status: int, body: bytes, headers: Mapping[str, str], offer: CacheableResponse | None
    ) -> None:
        self.status_code, self.body, self.offer, self.background = status, body, offer, None
        self.fields = headers

    # Starlette's is an attribute that is there from the start; most answers never need it
    @cached_property
    def raw_headers(self) -> list[tuple[bytes, bytes]]:  # type: ignore[override]
        """Headers as ASGI's messages have them."""
        return [
            (name.lower().encode(), value.encode("latin-1")) for name, value in self.fields.items()
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.offer is not None and (take := scope.get(TAKER)):
            take(self.offer)
        whole = whole_of(scope)
        if whole is None or not whole(self.status_code, self.head, bytes(self.body)):
            await super().__call__(scope, receive, send)

    @property
    def head(self) -> bytes:
        """Headers as lines, with what was changed of them since."""
        if "raw_headers" in self.__dict__:
            return head_of(self.raw_headers)
        lines = [f"{name.lower()}: {value}\r\n" for name, value in self.fields.items()]
        return "".join(lines).encode("latin-1")


def head_of(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The lines of a head."""
    return b"".join([b"%b: %b\r\n" % one for one in headers])


def whole_of(scope: Scope) -> SendWhole | None:
    """How the server of a request sends a whole answer at once, if it does."""
    extension = scope.get("extensions", NONE).get(WHOLE)
    found: SendWhole | None = extension and extension["send"]
    return found


NONE: dict[str, Any] = {}


def etag_of(body: bytes, version: int | None = None) -> str:
    """`{version}-{hash of the bytes}`; version 0 where the thing has none."""
    return f"{version or 0}-{hashlib.blake2b(body, digest_size=10).hexdigest()}"


def lifetime(
    now: datetime, boundary: datetime | None, longest: int = LONGEST, stale: int = 0
) -> str:
    """`Cache-Control`: for browsers none, for shared caches so many seconds, and so many more while
    a stale answer is better than none. RFC 5861."""
    kept = seconds(now, boundary, longest)
    told = f"public, max-age=0, must-revalidate, s-maxage={kept}"
    more = seconds(now, boundary, kept + stale) - kept
    return f"{told}, stale-while-revalidate={more}, stale-if-error={more}" if more else told


def seconds(now: datetime, boundary: datetime | None, longest: int) -> int:
    """Never past the next moment at which the clock alone changes the answer."""
    if boundary is None:
        return longest
    return max(0, min(longest, int((boundary - now).total_seconds())))


def answer(
    request: Request, held: Representation, *, now: datetime, head: int | None = None,
    boundary: datetime | None = None, links: str | None = None, shared: bool = True,
    longest: int | None = None, ends: bool = False,
) -> Response:  # fmt: skip
    """200 with the best encoding, 304 where the client has it, 412 where `If-Match` fails. `longest`:
    seconds for what is not to be kept as long as the house says; `ends`: it goes at a moment of its
    own, and is not shown a second longer."""
    keeping = keeping_for(request, held)
    stale = 0 if ends or longest is not None else keeping.stale
    longest = keeping.longest if longest is None else min(longest, keeping.longest)
    if keeping.tagged:
        held = replace(held, tagged=True)
    asked = dict(reversed(request.scope["headers"]))  # of a header sent twice the first counts
    accepted = asked.get(b"accept-encoding", b"").decode("latin-1")
    coding = coding_for(accepted, len(held.body))
    headers = lasting(held, coding, links)
    headers["Cache-Control"] = (
        lifetime(now, boundary, longest, stale) if shared else "private, max-age=0, must-revalidate"
    )
    if head is not None:
        headers["Isnad-Change"] = str(head)
    offer = (
        CacheableResponse(held, links, boundary, longest, stale) if shared and held.keys else None
    )
    if not_modified(asked, held):
        return Answered(304, b"", headers, offer)
    body = encoded(held, coding)
    if coding:
        headers["Content-Encoding"] = coding
    return Answered(200, body, headers | described(held, body), offer)


def described(held: Representation, body: bytes) -> dict[str, str]:
    """What a 304 doesn't say again."""
    text = held.media_type.startswith("text/") and "charset=" not in held.media_type
    kind = f"{held.media_type}; charset=utf-8" if text else held.media_type
    return {"Content-Length": str(len(body)), "Content-Type": kind}


def keeping_for(request: Request, held: Representation) -> CachePolicy:
    """How long an answer may be kept: without keys nothing could drop it."""
    app = request.scope.get("app")
    found: CachePolicy = getattr(app.state, "keeping", BRIEF) if app and held.keys else BRIEF
    return found


def lasting(held: Representation, coding: str, links: str | None) -> dict[str, str]:
    """The headers of a representation that are the same whenever it is sent, and with a 304."""
    headers = {
        "ETag": f'"{held.etag}{"-" + coding if coding else ""}"',
        "Vary": "Accept-Encoding, Authorization",
    }
    if held.modified:
        headers["Last-Modified"] = held.modified.strftime("%a, %d %b %Y %H:%M:%S GMT")
    if held.keys:
        headers["Surrogate-Key"] = keys = told_keys(held.keys)
        if held.tagged:
            headers["Cache-Tag"] = keys.replace(" ", ",")
    if links:
        headers["Link"] = links
    return headers


def header_key(key: str) -> str:
    """A surrogate key as headers have it. That of a dispatch is a hash of its id, 20 hexadecimal digits
    behind `dispatch-`: a story may rest on a dispatch that its readers can't read."""
    if not key.startswith("dsp_"):
        return key
    return f"dispatch-{hashlib.blake2b(key.encode(), digest_size=10).hexdigest()}"


def told_keys(keys: str) -> str:
    """The keys that fit into a header. Where all don't, those of lists stand for the ids, for every
    change that readers see names one of them; a story's own, the first, is there to purge by hand."""
    if len(keys) <= MOST_KEYS:
        if "dsp_" in keys:
            return " ".join(header_key(key) for key in keys.split())
        return keys
    own, *others = keys.split()
    coarse = [key for key in others if "_" not in key]
    return " ".join(dict.fromkeys([own, "articles", "nouns", *coarse]))


def not_modified(asked: Mapping[bytes, bytes], held: Representation) -> bool:
    """RFC 9110 section 13.2.2: If-Match, then If-None-Match, else If-Modified-Since."""
    if (wanted := asked.get(b"if-match")) and not names(wanted.decode("latin-1"), held.etag):
        raise PreconditionFailed()
    if (known := asked.get(b"if-none-match")) is not None:
        return names(known.decode("latin-1"), held.etag)
    return unmodified(held, asked.get(b"if-modified-since", b"").decode("latin-1"))


def unmodified(held: Representation, since: str) -> bool:
    """Whether it has not changed since a date; false where that can't be told."""
    if not since or held.modified is None or held.composed:
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


def coding_for(accepted: str, size: int, codings: Sequence[str] = CODINGS) -> str:
    """The best content coding that the client takes, or none. RFC 9110 section 12.5.3."""
    if not accepted or size < SMALLEST:
        return ""
    read = best_before if len(accepted) < USUAL else best_of
    return read(accepted, tuple(codings))


def best_of(accepted: str, codings: Sequence[str]) -> str:
    """The best of these that the client takes."""
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


best_before = lru_cache(maxsize=256)(best_of)


def encoded(held: Representation, coding: str) -> bytes:
    if coding == "zstd":
        return held.zstd or zstandard.compress(held.body, 3)
    if coding == "gzip":
        return held.gzip or gzip.compress(held.body, 6, mtime=0)
    if coding == "br":
        return bytes(brotli.compress(held.body, quality=4))
    return held.body


FEEDS = b"/feeds/"
CAMPAIGN = re.compile(r"utm_.*|fbclid|gclid", re.IGNORECASE)
"""Parameters that links are given on their way and that say nothing about a feed."""

NOT_KEPT = (b"preview", b"as_of", b"min_change")
"""What an address has in it whose answer is never kept."""


def kept_as(query: bytes, feed: bool) -> bytes | None:
    """The query under whose name an answer is kept; None where it never is. Parameters in another
    order are another answer: its links to other pages and to itself have them so."""
    if any(name in query for name in NOT_KEPT):
        return None
    if not feed:
        return query
    return b"&".join(part for part in query.split(b"&") if part and not marks_campaign(part))


def marks_campaign(part: bytes) -> bool:
    name = unquote_plus(part.partition(b"=")[0].decode("latin-1"))
    return CAMPAIGN.fullmatch(name) is not None
