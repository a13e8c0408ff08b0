"""Errors as domain words with a status; one handler renders them. RFC 9457."""

import asyncio
import logging
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.routing import Match

log = logging.getLogger("isnad")

Fault = dict[str, str]
"""One of a problem's `errors`: its `detail`, and a `pointer` into the body or a `parameter` of the query."""


class Problem(Exception):
    """An error response: a status, a `code` that never changes, a title and a detail."""

    status, code, title = 500, "internal", "Internal server error"
    kept = 10
    """Seconds that a shared cache may keep it: a 404 or 410, and only without a key."""

    def __init__(
        self, detail: str | None = None, *, errors: list[Fault] | None = None,
        headers: dict[str, str] | None = None, **more: Any,
    ) -> None:  # fmt: skip
        super().__init__(detail or self.title)
        self.detail, self.errors = detail or self.title, errors or []
        self.headers, self.more = headers or {}, more


class Moved(Exception):
    """Raised for a former name; `name` is the present one."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class BadRequest(Problem):
    status, code, title = 400, "bad-request", "Bad request"

    @classmethod
    def at(cls, parameter: str, detail: str) -> "BadRequest":
        """400 with one error, of a parameter."""
        return cls(errors=[{"detail": detail, "parameter": parameter}])


class CursorInvalid(Problem):
    status, code, title = 400, "cursor-invalid", "Invalid cursor: it does not continue this list"

    def __init__(self) -> None:
        super().__init__(
            "Start again without `cursor`; a cursor goes with the filters that it came from.",
            errors=[{"detail": "Not a cursor of this list.", "parameter": "cursor"}],
        )


class Unauthorized(Problem):
    """401 with `WWW-Authenticate` (RFC 6750 section 3) and the class of the reason."""

    status, code, title = 401, "unauthorized", "Unauthorized: a valid key is needed"

    def __init__(self, reason: str, detail: str) -> None:
        error = (
            "" if reason == "missing" else f', error="invalid_token", error_description="{reason}"'
        )
        super().__init__(
            detail, headers={"WWW-Authenticate": f'Bearer realm="isnad"{error}'}, reason=reason
        )


class Forbidden(Problem):
    status, code, title = 403, "forbidden", "Forbidden: this key may not do that"


class NotFound(Problem):
    status, code, title = 404, "not-found", "Not found"


class MethodNotAllowed(Problem):
    status, code, title = 405, "method-not-allowed", "Method not allowed"


class NotAcceptable(Problem):
    status, code, title = 406, "not-acceptable", "Not available in this format"


class RequestTimeout(Problem):
    status, code, title = 408, "request-timeout", "Request timeout"


class Conflict(Problem):
    status, code, title = 409, "conflict", "Conflict with the current state"


class LogRewound(Problem):
    """The log was restored from before the place that a cursor names."""

    status, code, title = (
        409,
        "log-rewound",
        "Conflict: the change log was restored from an earlier copy",
    )

    def __init__(self, head: int) -> None:
        super().__init__(
            "The log was restored from an earlier copy. Start again without `cursor`.",
            errors=[{"detail": "Not a place in this log.", "parameter": "cursor"}], head=head,
        )  # fmt: skip


class LosesBlocks(Problem):
    """What would be lost with blocks that are missing; `blocks` names them and what they carry."""

    status, code, title = (
        409,
        "loses-blocks",
        "Conflict: blocks with attributions, corrections or rights would be lost",
    )


class ReplayWithheld(Problem):
    """The recorded answer of a write shows what was withdrawn or deleted since, or what the key may no
    longer see."""

    status, code = 409, "replay-withheld"
    title = "Conflict: the stored answer may not be shown any more"


class StillRunning(Problem):
    status, code, title = (
        409,
        "idempotency-running",
        "Conflict: the first request with this Idempotency-Key is still running",
    )


class Gone(Problem):
    """The item was withdrawn; with `notice` by language, `withdrawn_at` and `replaced_by`."""

    status, code, title = 410, "gone", "Gone: it was withdrawn"


class PreconditionFailed(Problem):
    status, code, title = (
        412,
        "precondition-failed",
        "Precondition failed: it has changed since it was read",
    )


class TooLarge(Problem):
    status, code, title = 413, "too-large", "Request body too large"


class UriTooLong(Problem):
    status, code, title = 414, "uri-too-long", "URI too long"


class UnsupportedMedia(Problem):
    status, code, title = 415, "unsupported-media", "Unsupported media type"


class Unprocessable(Problem):
    status, code, title = 422, "unprocessable", "Unprocessable content"

    @classmethod
    def at(cls, pointer: str, detail: str) -> "Unprocessable":
        """422 with one error, at a JSON Pointer into the body."""
        return cls(errors=[{"detail": detail, "pointer": pointer}])


class Faults(list[Fault]):
    """Errors of one body, gathered so that all of them are reported at once."""

    def add(self, pointer: str, detail: str) -> None:
        """Add an error at a JSON Pointer into the body."""
        self.append({"detail": detail, "pointer": pointer})

    def refuse(self) -> None:
        """Raise 422 with the errors, if there are any."""
        if self:
            raise Unprocessable(errors=list(self))


class KeyReused(Problem):
    status, code, title = (
        422,
        "idempotency-reused",
        "Unprocessable: this Idempotency-Key was sent with another request",
    )


class PreconditionRequired(Problem):
    status, code, title = 428, "precondition-required", "Precondition required: send If-Match"


class HeadTooLarge(Problem):
    status, code, title = 431, "head-too-large", "Request header fields too large"


class TooManyRequests(Problem):
    status, code, title = 429, "too-many-requests", "Too many requests"

    def __init__(self, detail: str, wait: int) -> None:
        super().__init__(detail, headers={"Retry-After": str(wait)})


class Unavailable(Problem):
    status, code, title = 503, "unavailable", "Service unavailable; try again"

    def __init__(self, detail: str | None = None, wait: int = 1, **more: Any) -> None:
        super().__init__(detail, headers={"Retry-After": str(wait)}, **more)


class SearchUnavailable(Unavailable):
    code, title = "search-unavailable", "Search unavailable: the index is of another release"

    def __init__(self) -> None:
        super().__init__("Lists work without `q`; `isnad reindex` makes the index anew.")


LONG_QUERY = 200
"""Bytes of a query whose errors cost more than most answers."""
REFUSAL_SECONDS = 0.05
"""Until a long query is refused: a client that sends one after the other leaves time for the others."""

PROBLEMS: dict[str, type[Problem]] = {
    kind.code: kind
    for kind in (
        Problem, BadRequest, CursorInvalid, Unauthorized, Forbidden, NotFound, MethodNotAllowed,
        NotAcceptable, RequestTimeout, Conflict, LogRewound, LosesBlocks, ReplayWithheld, StillRunning, Gone,
        PreconditionFailed, TooLarge, UriTooLong, UnsupportedMedia, Unprocessable, KeyReused,
        PreconditionRequired, HeadTooLarge, TooManyRequests, Unavailable, SearchUnavailable,
    )
}  # fmt: skip


def body_of(problem: Problem, public_url: str, request_id: str) -> bytes:
    """The problem document."""
    return orjson.dumps(
        {
            "type": f"{public_url}/problems/{problem.code}", "title": problem.title,
            "status": problem.status, "detail": problem.detail, "code": problem.code,
            "errors": problem.errors, "request_id": request_id, **problem.more,
        }
    )  # fmt: skip


def response(problem: Problem, public_url: str, request_id: str, keyed: bool = False) -> Response:
    brief = problem.status in (404, 410) and not keyed
    headers = {"Cache-Control": "no-store"}
    if brief:
        lifetime = f"public, max-age=0, must-revalidate, s-maxage={problem.kept}"
        # a name that nothing has now may be a story's, or a section's, in a moment
        headers = {"Cache-Control": lifetime, "Surrogate-Key": "articles nouns"}
        headers["Vary"] = "Authorization"
    return Response(
        body_of(problem, public_url, request_id), problem.status, headers | problem.headers,
        "application/problem+json",
    )  # fmt: skip


def redirect(public_url: str, path: str, query: str) -> Response:
    """Return 308 to another URL of this API, below the path of the public URL. The Location names
    no host, so it works under every name that leads here."""
    to = urlsplit(public_url).path + path
    return RedirectResponse(f"{to}?{query}" if query else to, 308)


def query_of(request: Request) -> str:
    query: bytes = request.scope["query_string"]
    return query.decode("latin-1")


def install(app: FastAPI, public_url: str) -> None:
    """One handler for each way to be wrong; all answer in the same shape."""

    async def answer(request: Request, error: Exception) -> Response:
        secret = b"preview" in request.scope["query_string"]
        keyed = secret or "authorization" in request.headers
        problem = as_problem(error)
        if isinstance(problem, MethodNotAllowed):
            problem.headers["Allow"] = ", ".join(methods_at(request))
        if problem.status in (404, 410) and not keyed:
            problem.kept = await kept(request, problem)
        if problem.status == 400 and len(request.scope["query_string"]) >= LONG_QUERY:
            await asyncio.sleep(REFUSAL_SECONDS)
        return response(problem, public_url, request.scope["request_id"], keyed)

    async def lead_on(request: Request, moved: Exception) -> Response:
        path = request.scope["route"].path.rpartition("/{")[0]
        return redirect(public_url, f"{path}/{quote(str(moved))}", query_of(request))

    app.add_exception_handler(Moved, lead_on)
    for kind in (Problem, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, answer)


async def kept(request: Request, problem: Problem) -> int:
    """Return for how many seconds a 404 or 410 may be cached: never past a known publication."""
    now = datetime.now(UTC)
    try:
        moment = await request.app.state.services.next_moment(now)
    except Problem:
        return 0
    left = problem.kept if moment is None else int((moment - now).total_seconds())
    return max(0, min(problem.kept, left))


def methods_at(request: Request) -> list[str]:
    """Every method that this address takes, of whichever route."""
    found = {"OPTIONS"}
    for route in request.app.router.routes:
        if route.matches(request.scope)[0] != Match.NONE:
            found |= getattr(route, "methods", None) or set()
    return sorted(found | {"HEAD"} if "GET" in found else found)


def unexpected_error(error: Exception, public_url: str, request_id: str) -> Response:
    """Log an unexpected error completely, and return a 500 with only the request id."""
    log.error("request %s failed", request_id, exc_info=error)
    return response(Problem(), public_url, request_id)


def as_problem(error: Exception) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, RequestValidationError):
        return as_validation_problem(error)
    if isinstance(error, HTTPException):
        kind = {404: NotFound, 405: MethodNotAllowed, 413: TooLarge}.get(
            error.status_code, BadRequest
        )
        return kind(headers=dict(error.headers or {}))
    return Problem()


def as_validation_problem(error: RequestValidationError) -> Problem:
    """400 for what stands in the address or a header, 422 for what stands in the body."""
    inside = [fault for fault in error.errors() if fault["loc"][0] == "body"]
    if inside:
        return Unprocessable(errors=[
            {"detail": fault["msg"], "pointer": "#/" + "/".join(map(str, fault["loc"][1:]))}
            for fault in inside
        ])  # fmt: skip
    return BadRequest("The request has faults.", errors=[
        {"detail": fault["msg"], "parameter": str(fault["loc"][-1])} for fault in error.errors()
    ])  # fmt: skip
