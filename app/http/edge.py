"""The outermost ASGI layer: request ids, checks of URL and size, HEAD, CORS, waiting for a
change."""

import asyncio
import itertools
import logging
import re
import secrets
import time
from collections.abc import Awaitable, Callable

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import errors
from app.db.failures import Failure, failure_of
from app.db.time_budget import SPENT, ClientGone, DatabaseTime
from app.http.responses import NONE, WHOLE, whole_sender

LONGEST_QUERY = 8192
LONGEST_PATH = 4096
LARGEST_BODY, LARGEST_IMAGE = 10_000_000, 30_000_000
IMAGE_UPLOAD = re.compile(r"/v1/images(/[^/]+/file)?")
REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
BROKEN_OCTET = re.compile(rb"[\x00-\x1f\x7f]|%(?![0-9A-Fa-f]{2})|%[01]|%7[Ff]")
CHANGE_WAIT_SECONDS = 1.0
"""Seconds that a request waits for the change that it names."""
LAST_CHANGE = 2**53 - 1
"""The largest number of a change that every client reads. RFC 7493 section 2.2."""

MIN_CHANGE = re.compile(rb"(?:^|&)min_change=([^&]*)")
CONTROL = re.compile(rb"[\x00-\x1f\x7f]|%[01][0-9A-Fa-f]|%7[Ff]")

POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
"""Of answers that are no pages: opened as one they load and run nothing. Pages have policies of their own."""

CORS = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers",
     b"ETag, Link, Location, Retry-After, RateLimit, RateLimit-Policy, Isnad-Change, X-Request-Id,"
     b" Allow, Idempotency-Replayed, Server-Timing, WWW-Authenticate"),
    (b"x-content-type-options", b"nosniff"),
    POLICY,
]  # fmt: skip
TIMED = (b"timing-allow-origin", b"*")
"""Whose pages may read `Server-Timing`."""

CORS_LINES = b"".join([b"%b: %b\r\n" % one for one in CORS])
TIMED_LINES = b"server-timing: %%b\r\n%b: %b\r\n" % TIMED

NO_CACHE = (b"cache-control", b"no-cache")
"""What an answer says that says nothing of its keeping: ask again before each use."""

PREVIEW_HEADERS = [(b"referrer-policy", b"no-referrer"), (b"x-robots-tag", b"noindex")]
"""What goes with every answer to an address that carries a preview's token."""
# `*` allows every header but Authorization (Fetch standard, section 3.3.4; no credentials are used);
# browsers that do not know it compare with the names.
PREFLIGHT = [
    (b"access-control-allow-methods", b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"),
    (b"access-control-allow-headers",
     b"*, Authorization, Content-Type, If-Match, If-None-Match, Idempotency-Key, Isnad-Min-Change,"
     b" X-Request-Id, X-Requested-With, Cache-Control, Pragma, traceparent, tracestate, baggage,"
     b" sentry-trace"),
    (b"access-control-max-age", b"86400"),
    (b"content-length", b"0"),
]  # fmt: skip


BODILESS = "isnad.bodiless"
"""Where a request's scope says that nobody reads the body."""

PROCESS_ID, numbers = secrets.token_hex(4), itertools.count(secrets.randbits(31))


def new_id() -> bytes:
    """Return a new request id: the process's random prefix and a counter. It is no secret."""
    return f"{PROCESS_ID}{next(numbers) & 0xFFFFFFFF:08x}".encode()


READS = ("GET", "HEAD", "OPTIONS")
log = logging.getLogger("isnad")


class Edge:
    """The outermost layer around the application. It runs for every request, so it must be fast."""

    def __init__(self, app: ASGIApp, public_url: str, head: Callable[[], Awaitable[int]]) -> None:
        self.app, self.public_url, self.head = app, public_url, head

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"")
        request_id = given if REQUEST_ID.fullmatch(given) else new_id()
        scope = {**scope, "request_id": request_id.decode()}
        bodiless = scope["method"] == "HEAD"
        started = False
        secret = b"preview" in scope["query_string"]
        added = [*CORS, *PREVIEW_HEADERS] if secret else CORS
        whole = whole_sender(scope)
        spent = DatabaseTime(receive)
        SPENT.set(spent)

        async def out(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                found = message.get("headers", ())
                with_id = [*added, (b"x-request-id", request_id)]
                if spent.statements and message["status"] == 200:
                    with_id += [(b"server-timing", spent.server_timing), TIMED]
                names = {name for name, _ in found}
                if b"cache-control" not in names:
                    with_id.append(NO_CACHE)
                if POLICY[0] in names:
                    with_id.remove(POLICY)
                message["headers"] = [*found, *with_id]
            elif bodiless:
                message = {**message, "body": b""}
            await send(message)

        def out_whole(status: int, head: bytes, body: bytes) -> bool:
            nonlocal started
            timed = TIMED_LINES % spent.server_timing if spent.statements and status == 200 else b""
            lines = b"%b%bx-request-id: %b\r\n%b" % (head, CORS_LINES, request_id, timed)
            assert whole is not None  # or this isn't asked for
            started = whole(status, lines, b"" if bodiless else body)
            return started

        if whole is not None:
            scope["extensions"] = NONE if secret else {WHOLE: {"send": out_whole}}
        preflight = scope["method"] == "OPTIONS" and b"access-control-request-method" in headers
        # a preflight is granted for every address: the error is for the request that follows
        if not preflight and (problem := request_problem(scope, headers)):
            answer = errors.response(problem, self.public_url, request_id.decode())
            await answer(scope, receive, out)
        elif scope["method"] == "OPTIONS":
            await out({"type": "http.response.start", "status": 204, "headers": PREFLIGHT})
            await out({"type": "http.response.body", "body": b""})
        else:
            try:
                if b"isnad-min-change" in headers or b"min_change=" in scope["query_string"]:
                    await self.wait_for_change(scope, headers)
                as_get = {**scope, "method": "GET", BODILESS: True}
                await self.app(as_get if bodiless else scope, receive, out)
            except errors.Problem as problem:  # of the waiting; the routes' own are handled there
                answer = errors.response(problem, self.public_url, request_id.decode())
                await answer(scope, receive, out)
            except (ClientGone, ClientDisconnect):
                return  # and so has whoever asked
            except Exception as error:
                failure = failure_of(error)
                if failure is not None:
                    log.warning("request %s: 503, %s", scope["request_id"], failure.line)
                elif started:
                    raise
                if started:
                    return  # too late for another answer: the server breaks the connection off
                answer = self.failed(error, failure, scope)
                await answer(scope, receive, out)

    def failed(self, error: Exception, failure: Failure | None, scope: Scope) -> Response:
        """Return 503 for a failure of the database, 500 for an unexpected error."""
        if failure is None:
            return errors.unexpected_error(error, self.public_url, scope["request_id"])
        problem = failure.problem(reads=scope["method"] in READS)
        return errors.response(problem, self.public_url, scope["request_id"])

    async def wait_for_change(self, scope: Scope, headers: dict[bytes, bytes]) -> None:
        """Wait until the log has reached the change that the request names, and remove
        `min_change` from its query. Raises 503 after `CHANGE_WAIT_SECONDS`."""
        given = MIN_CHANGE.findall(scope["query_string"])
        if given:
            scope["query_string"] = MIN_CHANGE.sub(b"", scope["query_string"]).lstrip(b"&")
        sent = headers.get(b"isnad-min-change")
        wanted = given if sent is None else [*given, sent]
        if len(given) > 1 or not all(map(is_change, wanted)):
            raise errors.BadRequest(errors=[
                {"detail": "The number of a change, once.", "parameter": "min_change"}
            ])  # fmt: skip
        least, until = max(map(int, wanted), default=0), time.monotonic() + CHANGE_WAIT_SECONDS
        while await self.head() < least:
            if time.monotonic() >= until:
                raise errors.Unavailable(f"Change {least} is not here yet.")
            await asyncio.sleep(0.05)


def is_change(text: bytes) -> bool:
    """Return whether a text is a change number in canonical form."""
    spelt = text.isdigit() and len(text) <= 16 and str(int(text)).encode() == text
    return spelt and int(text) <= LAST_CHANGE


def largest_body(path: str) -> int:
    """Return the limit of a body's bytes; uploads of images have a higher one."""
    return LARGEST_IMAGE if IMAGE_UPLOAD.fullmatch(path) else LARGEST_BODY


def is_plain(part: bytes) -> bool:
    """Return whether a part of the URL needs no further check; much faster than the check."""
    return b"%" not in part and part.decode("latin-1").isprintable()


def has_one_host(scope: Scope, headers: dict[bytes, bytes]) -> bool:
    """Return whether the request has exactly one Host header. RFC 9112 section 3.2."""
    if b"host" not in headers:
        return str(scope["http_version"]) != "1.1"
    twice = len(headers) < len(scope["headers"])  # some header is there more than once
    return not twice or [name for name, _ in scope["headers"]].count(b"host") == 1


def request_problem(scope: Scope, headers: dict[bytes, bytes]) -> errors.Problem | None:
    """Return the error for an invalid URL or a too large body, found before anything is read."""
    length = headers.get(b"content-length", b"")
    if length.isdigit() and int(length[:20]) > (largest := largest_body(scope["path"])):
        return errors.TooLarge(f"A body has at most {largest:,} bytes.")
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    if len(query) > LONGEST_QUERY or len(path) > LONGEST_PATH:
        limit = f"{LONGEST_PATH} bytes of path and {LONGEST_QUERY} of query"
        return errors.UriTooLong(f"An address has at most {limit}.")
    if not has_one_host(scope, headers):
        return errors.BadRequest("A request names one Host.")
    for part, name in ((path, "path"), (query, "query")):
        if part and not is_plain(part) and (found := BROKEN_OCTET.search(part)):
            control = CONTROL.match(part, found.start())
            wrong = "a control character" if control else "a broken percent-escape"
            return errors.BadRequest(f"The {name} has {wrong}.")
    if "\ufffd" in scope["path"] and b"%EF%BF%BD" not in path.upper():
        return errors.BadRequest("The path is not UTF-8.")
    return None
