"""What a preview's token shows: one story as it would be published, with its images.

The token stands in the query, so that a browser can follow it; whatever it opens is kept by nobody
(`no-store`) and found by nobody (`noindex`), and no log says it: docs/previews.md.
"""

import asyncio
import copy
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

import orjson
from sqlmodel import Session, col, func, select
from starlette.requests import Request
from starlette.responses import Response

from app import urls
from app.access.authentication import READER, hash_of, misspelt
from app.delivery.context import Delivery, Row
from app.errors import BadRequest, NotFound, Unauthorized
from app.http.responses import Answered, etag_of
from app.language import slugs
from app.models.article import ArticleRow, VersionRow
from app.models.base import from_column
from app.models.card import State
from app.models.image import ImageRow
from app.models.preview import PREFIX
from app.models.publication_window import wanted_time
from app.models.section import ContributorRow
from app.rendering import documents
from app.rendering import live_updates as live
from app.rendering.references import References
from app.request.output import PLAIN, Form

Json = dict[str, Any]
NAME = "preview"
HINT = NAME.encode()
ADDRESSES = ("url", "srcset", "image", "poster", "next")
"""Fields that hold addresses of files, and of more updates."""

TOKEN = (
    "SELECT a.id, a.slug_key, p.version, p.expires_at, p.revoked_at, a.state FROM preview p"
    " JOIN article a ON a.id = p.article_id WHERE p.hash = :hash"
)
FORMER = "SELECT 1 FROM former_slug WHERE noun = 'article' AND slug = :slug AND object_id = :id"


class Previewed(Delivery):
    """The delivery plane as the holder of a token sees it: what readers see, and one story more,
    in the version that the token names, as it would be published."""

    def __init__(self, here: Delivery, article_id: str, version: int | None, token: str) -> None:
        vars(self).update(vars(here))
        self.article_id, self.version, self.token = article_id, version, token
        self.caller = replace(READER, previews=article_id)

    async def by_name(
        self, request: Request, name: str, known: Sequence[str] = ("lang",)
    ) -> Response:
        return unkept(await super().by_name(request, self.article_id, known))

    async def story(
        self, request: Request, condition: str, *, form: Form = PLAIN, also: str = "",
        **values: Any,
    ) -> Response | None:  # fmt: skip
        only = f"({condition}) AND a.id = :only"
        return await super().story(
            request, only, form=form, also=also, only=self.article_id, **values
        )

    async def file(self, key: str, now: datetime) -> Row | None:
        return await asyncio.to_thread(self.file_now, key)

    def stale(self, id: str, stamp: str) -> bool:
        return id == self.article_id or super().stale(id, stamp)

    def render_now(self, ids: list[str]) -> dict[str, documents.Built]:
        others = super().render_now([id for id in ids if id != self.article_id])
        if self.article_id not in ids:
            return others
        with self.db.reading() as session:
            row, content = self.live(session)
            [built] = documents.build_of(session, self.settings, [(row, content)])
        built.whole = orjson.dumps(self.with_token(orjson.loads(built.whole)))
        built.etag = etag_of(built.whole, row.version)
        return others | {self.article_id: built}

    def live(self, session: Session) -> tuple[ArticleRow, Json]:
        """The story as it would be published now, and the content of the version."""
        row = session.get_one(ArticleRow, self.article_id)
        number = self.version or row.version
        version = session.get(VersionRow, (row.id, number))
        if version is None:
            raise NotFound(f"Version {number} is not kept any more.")
        shown = References(session, self.settings, datetime.now(UTC))
        shown.load([version.content], documents.image_ids(version.content))
        return published(row, number), shown.still(version.content)

    def file_now(self, key: str) -> Row | None:
        """The file and media type of an image that the previewed version shows."""
        with self.db.reading() as session:
            _, content = self.live(session)
            people = [who["id"] for who in content["contributors"]]
            portraits = select(ContributorRow.image_id).where(col(ContributorRow.id).in_(people))
            ids = documents.image_ids(content) | {id for id in session.exec(portraits) if id}
            ids |= live.image_ids(session, self.article_id)
            copies = select(func.max(ImageRow.withdrawn)).where(ImageRow.file == key)
            named = select(ImageRow.file, ImageRow.mime, copies.scalar_subquery())
            shown = named.where(ImageRow.file == key, col(ImageRow.id).in_(ids))
            return session.exec(shown).first()

    def with_token(self, value: Any, name: str = "") -> Any:
        """The same JSON, in which addresses of our files carry the token."""
        if isinstance(value, dict):
            return {key: self.with_token(one, key) for key, one in value.items()}
        if isinstance(value, list):
            return [self.with_token(one, name) for one in value]
        if name not in ADDRESSES or not isinstance(value, str):
            return value
        base = f"{self.settings.public_url}/media/"
        if value.startswith(base):
            return re.sub(rf"{re.escape(base)}[^\s?,]+", rf"\g<0>?{NAME}={self.token}", value)
        own = urls.api(self.settings, "articles", self.article_id, "updates")
        return f"{value}&{NAME}={self.token}" if value.startswith(f"{own}?") else value


async def seen(request: Request, name: str | None = None) -> tuple[Delivery, Request]:
    """The delivery plane as whoever asks may see it, and the request without a token. With `name`
    the token must be of the story of this name."""
    here: Delivery = request.app.state.delivery
    query = request.scope["query_string"]
    token = token_in(query) if HINT in query else None
    if token is None:
        return await here.seen_by(request), request
    await here.door.caller(request.scope)  # a key that comes along is no good: 401 as ever
    id, version, state = await checked(here, request, token, name)
    plain = Request({**request.scope, "query_string": without(query)})
    if state in (State.killed, State.vanished):
        anyone = copy.copy(here)
        anyone.caller = READER
        return anyone, plain
    return Previewed(here, id, version, token), plain


async def checked(
    here: Delivery, request: Request, token: str, name: str | None
) -> tuple[str, int | None, str]:
    """The story and version of a token, and the story's state; or 401."""
    found = await story_of(here, token)
    if found is None or (name is not None and not await is_called(here, found, name)):
        here.door.failure(f"{NAME} {here.door.peer(request.scope)}")
        raise Unauthorized("unknown", "This token shows nothing here.")
    id, _, version, expires, revoked, state = found
    if revoked is not None:
        raise Unauthorized("revoked", "This preview was revoked.")
    ends = from_column(expires)
    if ends is None or ends <= datetime.now(UTC):
        raise Unauthorized("expired", "This preview has expired.")
    return id, version, state


async def story_of(here: Delivery, token: str) -> Row | None:
    """The story and the rest of a token's row; a misspelt one is not even looked up."""
    if misspelt(token, PREFIX):
        return None
    rows = await here.reader.rows(TOKEN, {"hash": hash_of(token)})
    return rows[0] if rows else None


async def is_called(here: Delivery, row: Row, name: str) -> bool:
    """Whether this is the story's id, or a slug that it has or had."""
    key = slugs.key(name)
    if name == row[0] or key == row[1]:
        return True
    return bool(await here.reader.rows(FORMER, {"slug": key, "id": row[0]}))


def token_in(query: bytes) -> str | None:
    """The token that an address carries, once."""
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    found = [value for name, value in pairs if name == NAME]
    if len(found) > 1:
        detail = "Stands twice; it takes one value."
        raise BadRequest(errors=[{"detail": detail, "parameter": NAME}])
    return found[0] if found else None


def without(query: bytes) -> bytes:
    """The query less its token."""
    return b"&".join(part for part in query.split(b"&") if not names_token(part))


def names_token(part: bytes) -> bool:
    return unquote_plus(part.partition(b"=")[0].decode("latin-1")) == NAME


def unkept(answer: Response) -> Response:
    """An answer that no cache keeps."""
    answer.headers["Cache-Control"] = "no-store"
    if "surrogate-key" in answer.headers:
        del answer.headers["surrogate-key"]
    if isinstance(answer, Answered):
        answer.offer = None
    return answer


def published(row: ArticleRow, version: int) -> ArticleRow:
    """The row as publication would leave it, apart from any session."""
    shown = at if (at := row.first_published_at) else row.published_at if wanted_time(row) else None
    moment = shown or datetime.now(UTC).replace(microsecond=0)
    return ArticleRow(**row.model_dump() | {
        "state": State.published, "version": version, "first_published_at": moment,
        "published_at": row.published_at if row.first_published_at else moment,
    })  # fmt: skip
