"""Errors as domain words with a status; one handler renders them. RFC 9457, DESIGN section 4."""

import logging
from typing import Any
from urllib.parse import quote

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

log = logging.getLogger("isnad")

Fault = dict[str, str]


class Problem(Exception):
    """Something that the caller is told: status, a code that never changes, a sentence."""

    status, code, title = 500, "internal", "Something went wrong here"

    def __init__(
        self, detail: str | None = None, *, errors: list[Fault] | None = None,
        headers: dict[str, str] | None = None, **more: Any,
    ) -> None:  # fmt: skip
        super().__init__(detail or self.title)
        self.detail, self.errors = detail or self.title, errors or []
        self.headers, self.more = headers or {}, more


class Moved(Exception):
    """What was asked for by a former name; `name` is its present one."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class BadRequest(Problem):
    status, code, title = 400, "bad-request", "The request has a fault"


class CursorInvalid(Problem):
    status, code, title = 400, "cursor-invalid", "This cursor doesn't continue this list"

    def __init__(self) -> None:
        super().__init__(
            "Start again without `cursor`; a cursor goes with the filters that it came from.",
            errors=[{"detail": "Not a cursor of this list.", "parameter": "cursor"}],
        )


class NotFound(Problem):
    status, code, title = 404, "not-found", "There is nothing here"


class MethodNotAllowed(Problem):
    status, code, title = 405, "method-not-allowed", "This address doesn't take that method"


class Conflict(Problem):
    status, code, title = 409, "conflict", "That doesn't fit the state of things"


class PreconditionFailed(Problem):
    status, code, title = 412, "precondition-failed", "It has changed since you read it"


class TooLarge(Problem):
    status, code, title = 413, "too-large", "The body is too large"


class UriTooLong(Problem):
    status, code, title = 414, "uri-too-long", "The address is too long"


class Unprocessable(Problem):
    status, code, title = 422, "unprocessable", "The content has faults"


class Unavailable(Problem):
    status, code, title = 503, "unavailable", "Not now; try again"

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail, headers={"Retry-After": "1"})


PROBLEMS: dict[str, type[Problem]] = {
    kind.code: kind
    for kind in (
        Problem, BadRequest, CursorInvalid, NotFound, MethodNotAllowed, Conflict,
        PreconditionFailed, TooLarge, UriTooLong, Unprocessable, Unavailable,
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


def response(problem: Problem, public_url: str, request_id: str) -> Response:
    lifetime = "public, max-age=0, s-maxage=10" if problem.status == 404 else "no-store"
    return Response(
        body_of(problem, public_url, request_id), problem.status,
        {"Cache-Control": lifetime} | problem.headers, "application/problem+json",
    )  # fmt: skip


def install(app: FastAPI, public_url: str) -> None:
    """One handler for each way to be wrong; all answer in the same shape."""

    async def answer(request: Request, error: Exception) -> Response:
        return response(as_problem(error), public_url, request.scope["request_id"])

    async def lead_on(request: Request, moved: Exception) -> Response:
        query = request.scope["query_string"].decode("latin-1")
        path = request.scope["route"].path.rpartition("/{")[0]
        to = f"{path}/{quote(str(moved))}"
        return RedirectResponse(f"{to}?{query}" if query else to, 308)

    app.add_exception_handler(Moved, lead_on)
    for kind in (Problem, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, answer)


def unexpected(error: Exception, public_url: str, request_id: str) -> Response:
    """What nobody foresaw: logged here whole, told to the caller as a number to ask about."""
    log.error("request %s failed", request_id, exc_info=error)
    return response(Problem(), public_url, request_id)


def as_problem(error: Exception) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, RequestValidationError):
        return misread(error)
    if isinstance(error, HTTPException):
        kind = {404: NotFound, 405: MethodNotAllowed, 413: TooLarge}.get(
            error.status_code, BadRequest
        )
        return kind(headers=dict(error.headers or {}))
    return Problem()


def misread(error: RequestValidationError) -> Problem:
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
