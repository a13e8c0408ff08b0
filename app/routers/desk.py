"""The route class of the desk plane: one request, one thread, one transaction, one answer.

A function of the desk says in its signature who may call it and what it takes:

    def publish_article(desk: Publisher, id_or_slug: str, sent: Publication) -> Answer

`desk` carries the role and the scope; names of the path are text; a model is the JSON body, read
and checked; `sent: Raw` is the body as it came; what else there is are query parameters.
"""

import asyncio
import inspect
import itertools
import typing
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
from fastapi import Depends, Request
from fastapi.routing import APIRoute
from pydantic import BaseModel
from sqlalchemy.exc import DBAPIError, IntegrityError
from starlette.responses import Response

from app.access.authentication import Caller
from app.change_log.transaction import write_transaction
from app.config import Settings
from app.db.failures import is_conflict
from app.delivery.context import NOTHING, Services, services
from app.desk import idempotency, read_back
from app.desk.transaction import Desk, at_desk
from app.errors import BadRequest, Conflict, TooLarge, Unauthorized, UnsupportedMedia
from app.http.edge import largest_body
from app.http.responses import etag_of
from app.json_types import Json
from app.models.article import ArticleRow
from app.models.envelopes import envelope
from app.models.key import Scope
from app.request import json_body
from app.request.filters import parse_params

PLAIN = ("application/json",)
MERGE = "application/merge-patch+json"
PATCH = "application/json-patch+json"
MERGES, PATCHES = (*PLAIN, MERGE), (*PLAIN, MERGE, PATCH)
"""What a PATCH takes that knows merge patches alone, or both kinds of patch."""

TRIES = 3
"""Times that a write is tried whose transaction has to give way to another."""


class Needs:
    """The role and the scope that a route requires."""

    def __init__(self, role: str, scope: Scope) -> None:
        self.role, self.scope = role, scope

    def __call__(self) -> None:
        """FastAPI calls it for the contract alone; `DeskRoute` asks."""


Anyone = Annotated[Desk, Depends(Needs("anonymous", Scope.read))]
Editor = Annotated[Desk, Depends(Needs("editor", Scope.read))]
Writer = Annotated[Desk, Depends(Needs("editor", Scope.write))]
Publisher = Annotated[Desk, Depends(Needs("editor", Scope.publish))]
Withdrawer = Annotated[Desk, Depends(Needs("editor", Scope.withdraw))]
Admin = Annotated[Desk, Depends(Needs("admin", Scope.keys))]


def no_parameters() -> None:
    """Nothing that the contract would show."""


Raw = Annotated[Any, Depends(no_parameters)]
"""The body's JSON as it came, for what a model can't say."""


class ReadEarly:
    """Reads a body before the transaction opens, so that slow reading holds no lock."""

    def __init__(self, read: Callable[[Settings, bytes, str], Any]) -> None:
        self.read = read

    def __call__(self) -> None:
        """FastAPI calls it for the contract alone."""


@dataclass
class Answer:
    """The response of a desk function. `shape`: its JSON; `version`: of the item shown; `etag`: that of a GET;
    `secret_of`: URL of what was created, where the response shows its secret."""

    shape: Any
    status: int = 200
    version: int | None = None
    etag: str | None = None
    location: str | None = None
    secret_of: str | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def response(self, desk: Desk, reads: bool) -> Response:
        """The HTTP response; writes have the desk's warnings in it. `reads`: the route is a GET."""
        headers = {"Cache-Control": "private, no-store"} | self.headers
        if self.location:
            headers["Location"] = self.location
        if self.shape is None:
            return Response(status_code=self.status, headers=headers)
        if not reads and isinstance(self.shape, dict):
            self.etag = self.etag or etag_of(orjson.dumps(self.shape), self.version)
            self.shape = self.shape | {"warnings": desk.warnings}
        body = orjson.dumps(self.shape)
        headers["ETag"] = f'"{self.etag or etag_of(body, self.version)}"'
        return Response(body, self.status, headers, "application/json")


def article_answer(desk: Desk, article: ArticleRow, status: int = 200) -> Answer:
    """The article as a GET gives it now, with warnings."""
    shown, etag = read_back.story(desk, article.id)
    location = shown["links"]["self"] if status == 201 else None
    return Answer(shown, status, article.version, etag=etag, location=location)


def list_answer(items: list[Json]) -> Answer:
    """A list that has no pages, in the envelope of all lists."""
    return Answer(envelope(items) | {"count": len(items), "count_kind": "exact"})


def takes(schema: str, *media: str) -> Json:
    """`openapi_extra` of a route whose body is `Raw`: the schema of its JSON, by media type."""
    shape = {"schema": {"$ref": f"#/components/schemas/{schema}"}}
    patch = {"schema": {"$ref": "#/components/schemas/JsonPatch"}}
    content = {one: patch if one == PATCH else shape for one in media or PLAIN}
    return {"requestBody": {"required": True, "content": content}, "x-media": list(content)}


class DeskRoute(APIRoute):
    """A route that writes. `responses` declares its responses, not the function's annotation."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **(more | {"response_model": None}))

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler: authenticates, reads the body, and runs the function in a thread."""
        call = Call(self)

        async def handle(request: Request) -> Response:
            shared = services(request)
            caller = await shared.door.caller(request.scope)
            if caller.sees == "none":
                raise Unauthorized("missing", NOTHING)
            caller.need(call.needs.role, call.needs.scope)
            sent = b"".join([part async for part in read_bounded(request)])
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(
                shared.desks, call.work, shared, request, caller, sent
            )

        return handle


async def read_bounded(request: Request) -> AsyncIterator[bytes]:
    """The body, chunk by chunk, until it is too large."""
    size, largest = 0, largest_body(request.url.path)
    async for part in request.stream():
        size += len(part)
        if size > largest:
            raise TooLarge(f"A body has at most {largest:,} bytes.")
        yield part


class Call:
    """How the function of a route is called; its signature is read once."""

    def __init__(self, route: APIRoute) -> None:
        self.endpoint = route.endpoint
        self.reads = "GET" in (route.methods or ())
        extra = dict(route.openapi_extra or {})
        self.media = extra.pop("x-media", list(PLAIN))
        hints = typing.get_type_hints(self.endpoint, include_extras=True)
        hints.pop("return", None)
        [(self.desk, desk)] = list(hints.items())[:1]
        self.needs: Needs = desk.__metadata__[0].dependency
        route.openapi_extra = extra | {
            "x-role": self.needs.role, "x-scope": self.needs.scope.value,
        }  # fmt: skip
        self.names = [name for name in hints if f"{{{name}" in route.path]
        rest = {name: one for name, one in hints.items() if name not in [self.desk, *self.names]}
        self.body = next((name for name, one in rest.items() if is_body(one)), None)
        self.hint = rest.pop(self.body) if self.body else None
        self.before = reader_in(self.hint)
        self.optional = self.body is not None and self.default(self.body) is None
        self.query = rest

    def default(self, name: str) -> Any:
        """The default of a parameter."""
        return inspect.signature(self.endpoint).parameters[name].default

    def work(self, shared: Services, request: Request, caller: Caller, sent: bytes) -> Response:
        """Run the request in this thread. A transaction that lost against another one is tried again."""
        if self.reads:
            return self.read(shared, request, caller)
        for attempt in itertools.count(1):
            try:
                return self.write(shared, request, caller, sent)
            except IntegrityError as wrong:
                raise Conflict(
                    "Somebody else did the same at this moment; read, then retry."
                ) from wrong
            except DBAPIError as wrong:
                if attempt == TRIES or not is_conflict(wrong):
                    raise
        raise AssertionError  # pragma: no cover

    def read(self, shared: Services, request: Request, caller: Caller) -> Response:
        """Run a GET, without a write transaction."""
        with shared.db.reading() as session:
            desk = Desk(session, shared.settings, caller.key_id, datetime.now(UTC), caller)
            answer: Answer = self.endpoint(desk, **self.given(request, b""))
            return answer.response(desk, reads=True)

    def write(self, shared: Services, request: Request, caller: Caller, sent: bytes) -> Response:
        """Run a write; with an `Idempotency-Key` once, and replayed afterwards."""
        route = f"{request.method} {request.url.path}"
        key = request.headers.get("idempotency-key")
        now = datetime.now(UTC)
        if key is None:
            return self.once(shared, request, caller, sent, now, None)
        whole = sent + b"\0" + request.scope["query_string"]
        slot = idempotency.Slot(caller, route, key, whole)
        return idempotency.recording_refusals(
            shared.db, slot, now, lambda: self.once(shared, request, caller, sent, now, slot)
        )

    def once(
        self, shared: Services, request: Request, caller: Caller, sent: bytes, now: datetime,
        slot: idempotency.Slot | None,
    ) -> Response:  # fmt: skip
        """Run a write in one transaction. `slot`: of its `Idempotency-Key`."""
        match, early = request.headers.get("if-match"), None
        if self.before:
            if slot and (known := replay_early(shared, slot, now)):
                return known
            media = request.headers.get("content-type", PLAIN[0])
            early = self.before.read(shared.settings, sent, media)
        with at_desk(shared.db, caller.key_id, caller=caller, match=match) as desk:
            if slot and (known := slot.replay(desk.session, now)):
                return known
            answer: Answer = self.endpoint(desk, **self.given(request, sent, early, desk.warnings))
            desk.finish()
            response = answer.response(desk, reads=False)
            if slot:
                slot.keep(desk.session, now, response, answer.secret_of)
        if head := desk.session.info.get("head"):
            response.headers["Isnad-Change"] = str(head)
        return response

    def given(
        self, request: Request, sent: bytes, early: Any = None, warnings: list[str] | None = None
    ) -> Json:
        """The arguments of the function: from path, query and body. `warnings`: see `json_body.read_json`."""
        found: Json = {name: request.path_params[name] for name in self.names}
        if query := request.scope["query_string"]:
            for name, text in parse_params(query, list(self.query)).items():
                found[name] = read_text(name, text, self.query[name])
        if self.body:
            found[self.body] = early if self.before else self.read_body(request, sent, warnings)
        return found

    def read_body(self, request: Request, sent: bytes, warnings: list[str] | None) -> Any:
        """The body as the function takes it. Raises 400 without one, 415 for another media type."""
        if not sent.strip():
            if self.optional:
                return None
            raise BadRequest("This needs a body of JSON.")
        media = request.headers.get("content-type", PLAIN[0]).partition(";")[0].strip().lower()
        if media not in self.media:
            raise UnsupportedMedia(f"This takes {' or '.join(self.media)}.")
        read = json_body.read_json(sent, warnings)
        if self.hint is Raw:
            return Sent(read, media)
        return json_body.parse_as(model_in(self.hint), read)


def replay_early(shared: Services, slot: idempotency.Slot, now: datetime) -> Response | None:
    """The recorded response to a request whose body takes long to read."""
    with write_transaction(shared.db) as session:
        return slot.replay(session, now)


@dataclass(frozen=True)
class Sent:
    """A raw body and its media type."""

    json: Any
    media: str


def is_body(hint: Any) -> bool:
    """Whether a parameter with this annotation is the body."""
    return hint is Raw or reader_in(hint) is not None or model_in(hint) is not None


def reader_in(hint: Any) -> ReadEarly | None:
    """The early reader of the body, if the annotation names one."""
    for one in getattr(hint, "__metadata__", ()):
        if isinstance(getattr(one, "dependency", None), ReadEarly):
            found: ReadEarly = one.dependency
            return found
    return None


def model_in(hint: Any) -> Any:
    """The pydantic model of an annotation, also of `Model | None`."""
    options = typing.get_args(hint) or (hint,)
    return next((o for o in options if isinstance(o, type) and issubclass(o, BaseModel)), None)


def read_text(name: str, text: str, hint: Any) -> Any:
    """A query parameter as the type that its annotation says. Raises 400."""
    if bool in (hint, *typing.get_args(hint)):
        if text not in ("true", "false"):
            raise BadRequest.at(name, "true or false.")
        return text == "true"
    if int in (hint, *typing.get_args(hint)):
        if not (text.isascii() and text.isdigit() and len(text) < 10 and str(int(text)) == text):
            raise BadRequest.at(name, "A whole number.")
        return int(text)
    return text
