"""Reads articles and live updates inside a desk transaction: what a GET gives after its commit."""

from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime

import orjson

from app.db.session_reader import SessionReader, run_sync
from app.delivery import live_updates as polled
from app.delivery.articles import current
from app.delivery.context import ListMemory, ReadContext, stamp_for
from app.desk.transaction import Desk
from app.http.responses import etag_of
from app.json_types import Json
from app.queries import articles
from app.rendering import documents
from app.rendering import live_updates as live


@dataclass(frozen=True, slots=True)
class DeskRenderer:
    """Renders from the rows that a desk transaction sees, its own changes among them."""

    desk: Desk

    async def stories(self, ids: list[str], reveal: bool) -> dict[str, documents.Built]:
        """Articles rendered from the transaction's rows, by id."""
        built = documents.build(self.desk.session, self.desk.settings, ids, reveal)
        return {one.row.id: one for one in built}

    async def live_updates(self, ids: list[str], reveal: bool) -> dict[str, live.Rendered]:
        """Live updates rendered from the transaction's rows, by id."""
        return live.renewed(self.desk.session, self.desk.settings, ids, reveal)

    def finish(self, body: bytes) -> bytes:
        """The body as it is: a desk transaction changes nothing in it."""
        return body


def context_of(desk: Desk) -> ReadContext:
    """The context of reads inside a desk transaction, as its caller reads."""
    return ReadContext(
        SessionReader(desk.session), desk.settings, desk.caller, stamp_for(desk.caller, desk.settings),
        DeskRenderer(desk), lambda: nullcontext(desk.session), ListMemory(),
    )  # fmt: skip


def story(desk: Desk, id: str) -> tuple[Json, str]:
    """The article as JSON, as this caller reads it, and its ETag; documents are written first."""
    desk.finish()
    body, etag = run_sync(whole(context_of(desk), id, desk.now))
    return orjson.loads(body), etag


async def whole(context: ReadContext, id: str, at: datetime) -> tuple[bytes, str]:
    """The bytes and the ETag of an article as the context's caller reads it."""
    sql = articles.whole(context.caller, "a.id = :name", "")
    [row] = await context.reader.rows(sql, {"name": id, "now": at})
    one = await current(context, row, at)
    return one.body, one.etag


def update(desk: Desk, article_id: str, id: str) -> tuple[Json, str]:
    """The live update as JSON, as this caller reads it, and its ETag."""
    desk.finish()
    one, version = run_sync(polled.whole(context_of(desk), article_id, id, desk.now))
    return orjson.loads(one.document), etag_of(one.document, version)
