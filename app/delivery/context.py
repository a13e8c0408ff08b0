"""What a read needs: where rows come from, who asks, and how stories are rendered anew.

`Services` is what one application shares between its requests; `for_request` makes the context of one.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from app.access.authentication import NOBODY, READER, Caller, KeyAuthenticator
from app.config import Settings
from app.db.database import Database, Reader
from app.errors import Unauthorized
from app.http.responses import OfferedResponse, Representation, answer
from app.models.key import Scope
from app.queries import log_position
from app.queries.list_plan import ListPlan
from app.rendering import documents
from app.rendering import live_updates as live

NOTHING = "Reading needs a key here."
NO_STAMP = ""
"""What no document is stamped with."""


class Renderer(Protocol):
    """Renders stories while they are read: where another renderer made the stored document, or a moment
    in it passed."""

    async def stories(self, ids: list[str], reveal: bool) -> dict[str, documents.Built]:
        """Stories by id. `reveal`: with the names of confidential sources."""

    async def live_updates(self, ids: list[str], reveal: bool) -> dict[str, live.Rendered]:
        """Updates of live stories by id."""

    def finish(self, body: bytes) -> bytes:
        """JSON as it leaves: a preview puts its token into the addresses of files."""


@dataclass(frozen=True, slots=True)
class StoredRenderer:
    """Renders from the rows of the database, in a thread."""

    db: Database

    async def stories(self, ids: list[str], reveal: bool) -> dict[str, documents.Built]:
        return await asyncio.to_thread(self.render, ids, reveal)

    def render(self, ids: list[str], reveal: bool) -> dict[str, documents.Built]:
        with self.db.reading() as session:
            built = documents.build(session, self.db.settings, ids, reveal)
            return {one.row.id: one for one in built}

    async def live_updates(self, ids: list[str], reveal: bool) -> dict[str, live.Rendered]:
        return await asyncio.to_thread(self.render_updates, ids, reveal)

    def render_updates(self, ids: list[str], reveal: bool) -> dict[str, live.Rendered]:
        with self.db.reading() as session:
            return live.renewed(session, self.db.settings, ids, reveal)

    def finish(self, body: bytes) -> bytes:
        return body


@dataclass(frozen=True, slots=True)
class Preview:
    """What a preview token opens: one story, in one version, or None for the newest."""

    article_id: str
    version: int | None
    token: str


@dataclass(slots=True)
class ListMemory:
    """Cached facts about lists in this process: plans of plain query strings, surrogate keys of
    terms."""

    plans: dict[tuple[str, bytes], ListPlan] = field(default_factory=dict)
    terms: dict[tuple[str, str], str] = field(default_factory=dict)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while a long query is read, or many names are looked up: such requests wait for each other, and
    short ones for one of them at most."""


@dataclass(frozen=True, slots=True)
class ReadContext:
    """What one read needs; two callers have two of them."""

    reader: Reader
    settings: Settings
    caller: Caller
    stamp: str
    """Documents with this stamp are answered as they are stored."""

    renderer: Renderer
    open_session: Callable[[], AbstractContextManager[Session]]
    memory: ListMemory
    preview: Preview | None = None
    """What a token in the address opens."""

    def seen_by(self, caller: Caller) -> "ReadContext":
        """Return this context for another caller."""
        return replace(self, caller=caller, stamp=stamp_for(caller, self.settings))

    def as_readers(self) -> "ReadContext":
        """Return this context with a reader's view, for responses that never show drafts."""
        return self.seen_by(READER) if self.for_desk else self

    @property
    def shared(self) -> bool:
        """Whether a shared cache may keep what this caller is answered."""
        return self.caller.key_id is None

    @property
    def for_desk(self) -> bool:
        """Whether the caller reads the fields that are for editors."""
        return self.caller.sees == "all"

    @property
    def reads_past(self) -> bool:
        """Whether the caller may read earlier versions, and the files that only those show."""
        return self.settings.public_versions or self.for_desk

    def require_versions(self) -> None:
        """Refuse a caller who may not read earlier versions: 401 without a key, 403 with one."""
        if not self.reads_past:
            self.caller.need("editor", Scope.read)

    def is_stale(self, id: str, stamp: str) -> bool:
        """Whether a story has to be rendered for this caller, whatever is stored."""
        previewed = self.preview is not None and id == self.preview.article_id
        return stamp != self.stamp or previewed

    async def render(self, ids: list[str]) -> dict[str, documents.Built]:
        """Stories rendered now, for this caller."""
        return await self.renderer.stories(ids, self.caller.reads_confidential)


def stamp_for(caller: Caller, settings: Settings) -> str:
    """The stamp of documents that this caller is answered as they are stored: who reads the names
    of confidential sources none, so that every story is rendered with them as it is read."""
    return NO_STAMP if caller.reads_confidential else documents.stamp_of(settings)


class Services:
    """What all requests of an application share."""

    def __init__(self, db: Database, settings: Settings) -> None:
        self.db, self.settings, self.reader = db, settings, db.reader
        caller: Caller = READER if settings.anonymous == "published" else NOBODY
        self.door = KeyAuthenticator(db, caller, settings.proxies)
        self.anonymous = ReadContext(
            db.reader, settings, caller, stamp_for(caller, settings), StoredRenderer(db), db.reading,
            ListMemory(),
        )  # fmt: skip
        self.watch: Any = None
        self.desks = ThreadPoolExecutor(max_workers=16, thread_name_prefix="desk")

    async def last_change(self) -> int:
        """The number of the log's last change."""
        return await log_position.last_change(self.reader)

    async def next_moment(self, now: datetime) -> datetime | None:
        """When the clock changes something next."""
        return await log_position.next_moment(self.reader, now, None)


def services(request: Request) -> Services:
    """Return what all requests of an application share."""
    found: Services = request.app.state.services
    return found


async def for_request(request: Request) -> ReadContext:
    """Return the context of a request. Raises Unauthorized for an invalid key, and without a key
    if anonymous reading is off."""
    shared: Services = request.app.state.services
    caller = await shared.door.caller(request.scope)
    if caller.sees == "none":
        raise Unauthorized("missing", NOTHING)
    if caller is shared.anonymous.caller:
        return shared.anonymous
    caller.need("anonymous", Scope.read)
    return shared.anonymous.seen_by(caller)


def reply(context: ReadContext, request: Request, held: Representation, **more: Any) -> Response:
    """Return the response, cacheable as far as the caller's view allows. `more`: arguments of
    `answer`."""
    answered = answer(request, held, shared=context.shared, **more)
    return unkept(answered) if context.preview else answered


def unkept(answer: Response) -> Response:
    """An answer that no cache keeps."""
    answer.headers["Cache-Control"] = "no-store"
    if "surrogate-key" in answer.headers:
        del answer.headers["surrogate-key"]
    if isinstance(answer, OfferedResponse):
        answer.offer = None
    return answer
