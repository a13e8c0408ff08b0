"""What a preview's token shows: one story as it would be published, with its images.

The token stands in the query, so that a browser can follow it; whatever it opens is kept by nobody
(`no-store`) and found by nobody (`noindex`), and no log says it: docs/previews.md.
"""

import asyncio
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

import orjson
from sqlmodel import Session, col, func, select
from starlette.requests import Request

from app import urls
from app.access.authentication import READER, hash_of, is_malformed
from app.config import Settings
from app.db.database import Reader
from app.delivery import files
from app.delivery.cards import Row
from app.delivery.context import (
    Preview,
    ReadContext,
    Services,
    StoredRenderer,
    for_request,
    services,
)
from app.errors import BadRequest, NotFound, Unauthorized
from app.http.responses import etag_of
from app.json_types import Json
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

NAME = "preview"
HINT = NAME.encode()
ADDRESSES = ("url", "srcset", "image", "poster", "next")
"""Fields that hold addresses of files, and of more updates."""

TOKEN = (
    "SELECT a.id, a.slug_key, p.version, p.expires_at, p.revoked_at, a.state FROM preview p"
    " JOIN article a ON a.id = p.article_id WHERE p.hash = :hash"
)
FORMER = "SELECT 1 FROM former_slug WHERE noun = 'article' AND slug = :slug AND object_id = :id"


@dataclass(frozen=True, slots=True)
class PreviewRenderer:
    """Renders the previewed story as it would be published, in the version that the token names; other
    stories as readers see them."""

    stored: StoredRenderer
    preview: Preview

    async def stories(self, ids: list[str], reveal: bool) -> dict[str, documents.Built]:
        return await asyncio.to_thread(self.render, ids, reveal)

    def render(self, ids: list[str], reveal: bool) -> dict[str, documents.Built]:
        others = self.stored.render([id for id in ids if id != self.preview.article_id], reveal)
        if self.preview.article_id not in ids:
            return others
        db = self.stored.db
        with db.reading() as session:
            row, content = live_now(session, db.settings, self.preview)
            [built] = documents.build_of(session, db.settings, [(row, content)])
        built.whole = self.finish(built.whole)
        built.etag = etag_of(built.whole, row.version)
        return others | {self.preview.article_id: built}

    async def live_updates(self, ids: list[str], reveal: bool) -> dict[str, live.Rendered]:
        return await self.stored.live_updates(ids, reveal)

    def finish(self, body: bytes) -> bytes:
        return orjson.dumps(self.with_token(orjson.loads(body)))

    def with_token(self, value: Any, name: str = "") -> Any:
        """Return JSON in which URLs of our files contain the token."""
        if isinstance(value, dict):
            return {key: self.with_token(one, key) for key, one in value.items()}
        if isinstance(value, list):
            return [self.with_token(one, name) for one in value]
        if name not in ADDRESSES or not isinstance(value, str):
            return value
        settings = self.stored.db.settings
        base = f"{settings.public_url}/media/"
        if value.startswith(base):
            return re.sub(
                rf"{re.escape(base)}[^\s?,]+", rf"\g<0>?{NAME}={self.preview.token}", value
            )
        own = urls.api(settings, "articles", self.preview.article_id, "updates")
        return f"{value}&{NAME}={self.preview.token}" if value.startswith(f"{own}?") else value


def live_now(session: Session, settings: Settings, preview: Preview) -> tuple[ArticleRow, Json]:
    """The story as it would be published now, and the content of the version."""
    row = session.get_one(ArticleRow, preview.article_id)
    number = preview.version or row.version
    kept = session.get(VersionRow, (row.id, number))
    if kept is None:
        raise NotFound(f"Version {number} is not kept any more.")
    shown = References(session, settings, datetime.now(UTC))
    shown.load([kept.content], documents.image_ids(kept.content))
    return published(row, number), shown.still(kept.content)


async def file(context: ReadContext, key: str, now: datetime) -> Row | None:
    """Return the file and media type of an image, if the caller may see it; with a preview token,
    also those of the previewed version."""
    if context.preview is None:
        return await files.file(context, key, now)
    return await asyncio.to_thread(previewed_file, context, context.preview, key)


def previewed_file(context: ReadContext, preview: Preview, key: str) -> Row | None:
    """The file and media type of an image that the previewed version shows."""
    with context.open_session() as session:
        _, content = live_now(session, context.settings, preview)
        people = [who["id"] for who in content["contributors"]]
        portraits = select(ContributorRow.image_id).where(col(ContributorRow.id).in_(people))
        ids = documents.image_ids(content) | {id for id in session.exec(portraits) if id}
        ids |= live.image_ids(session, preview.article_id)
        copies = select(func.max(ImageRow.withdrawn)).where(ImageRow.file == key)
        named = select(ImageRow.file, ImageRow.mime, copies.scalar_subquery())
        shown = named.where(ImageRow.file == key, col(ImageRow.id).in_(ids))
        return session.exec(shown).first()


async def opened(request: Request, name: str = "") -> tuple[ReadContext, Request, str]:
    """Return the context, the request without its token, and the story's name (with a token its
    id). The token must be for the story of `name`."""
    query = request.scope["query_string"]
    token = token_in(query) if HINT in query else None
    if token is None:
        return await for_request(request), request, name
    shared = services(request)
    await shared.door.caller(request.scope)  # a key that comes along is no good: 401 as ever
    id, version, state = await checked(shared, request, token, name)
    plain = Request({**request.scope, "query_string": without(query)})
    readers = shared.anonymous.seen_by(READER)
    if state in (State.killed, State.vanished):
        return readers, plain, name
    preview = Preview(id, version, token)
    renderer = PreviewRenderer(StoredRenderer(shared.db), preview)
    caller = replace(READER, previews=id)
    return replace(readers, caller=caller, renderer=renderer, preview=preview), plain, id


async def checked(
    shared: Services, request: Request, token: str, name: str
) -> tuple[str, int | None, str]:
    """The story and version of a token, and the story's state; or 401."""
    found = await story_of(shared.reader, token)
    if found is None or (name and not await is_called(shared.reader, found, name)):
        shared.door.count_failure(f"{NAME} {shared.door.peer(request.scope)}")
        raise Unauthorized("unknown", "This preview token is not valid for this article.")
    id, _, version, expires, revoked, state = found
    if revoked is not None:
        raise Unauthorized("revoked", "This preview was revoked.")
    ends = from_column(expires)
    if ends is None or ends <= datetime.now(UTC):
        raise Unauthorized("expired", "This preview has expired.")
    return id, version, state


async def story_of(reader: Reader, token: str) -> Row | None:
    """The story and the rest of a token's row; a misspelt one is not even looked up."""
    if is_malformed(token, PREFIX):
        return None
    rows = await reader.rows(TOKEN, {"hash": hash_of(token)})
    return rows[0] if rows else None


async def is_called(reader: Reader, row: Row, name: str) -> bool:
    """Whether this is the story's id, or a slug that it has or had."""
    key = slugs.key(name)
    if name == row[0] or key == row[1]:
        return True
    return bool(await reader.rows(FORMER, {"slug": key, "id": row[0]}))


def token_in(query: bytes) -> str | None:
    """The token that an address carries, once."""
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    found = [value for name, value in pairs if name == NAME]
    if len(found) > 1:
        raise BadRequest.at(NAME, "Stands twice; it takes one value.")
    return found[0] if found else None


def without(query: bytes) -> bytes:
    """The query less its token."""
    return b"&".join(part for part in query.split(b"&") if not names_token(part))


def names_token(part: bytes) -> bool:
    """Whether a part of a query string is the token of a preview."""
    return unquote_plus(part.partition(b"=")[0].decode("latin-1")) == NAME


def published(row: ArticleRow, version: int) -> ArticleRow:
    """The row as publication would leave it, apart from any session."""
    shown = at if (at := row.first_published_at) else row.published_at if wanted_time(row) else None
    moment = shown or datetime.now(UTC).replace(microsecond=0)
    return ArticleRow(**row.model_dump() | {
        "state": State.published, "version": version, "first_published_at": moment,
        "published_at": row.published_at if row.first_published_at else moment,
    })  # fmt: skip
