"""What the desk is shown of a story inside its own transaction: what a GET gives after it."""

from collections.abc import Coroutine, Mapping
from datetime import datetime
from typing import Any, TypeVar

import orjson
from sqlalchemy import text
from sqlmodel import Session

from app import dialects, documents, live, polled
from app.caching import etag_of
from app.db import Rows
from app.delivery import Delivery
from app.desk import Desk
from app.queries import articles

Json = dict[str, Any]
Result = TypeVar("Result")


class InTransaction:
    """Reads of the delivery plane inside a desk's transaction: they see what it has changed."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.dialect = dialects.dialect_of(session)

    async def rows(self, sql: str, values: Mapping[str, Any], *, light: bool = True) -> Rows:
        bound = dialects.for_session(self.session, values)
        return [tuple(row) for row in self.session.execute(text(sql), bound)]

    async def close(self) -> None:
        """The desk closes its session."""


class AtDesk(Delivery):
    """The delivery plane as one desk transaction sees it."""

    def __init__(self, desk: Desk) -> None:
        self.session, self.settings = desk.session, desk.settings
        self.reader = InTransaction(desk.session)
        self.stamp = documents.stamp_of(desk.settings)
        self.caller = desk.caller

    async def renewed(self, ids: list[str]) -> dict[str, live.Rendered]:
        return live.renewed(self.session, self.settings, ids)

    async def rendered(self, ids: list[str]) -> dict[str, documents.Built]:
        return {one.row.id: one for one in documents.build(self.session, self.settings, ids)}


def now(work: Coroutine[Any, Any, Result]) -> Result:
    """What a coroutine gives that waits for nothing."""
    try:
        work.send(None)
    except StopIteration as done:
        result: Result = done.value
        return result
    raise RuntimeError("this coroutine waits for something")  # pragma: no cover


def story(desk: Desk, id: str) -> tuple[Json, str]:
    """The whole story as this desk's caller reads it, and its ETag; documents are written first."""
    desk.finish()
    body, etag = now(whole(AtDesk(desk), id, desk.now))
    return orjson.loads(body), etag


async def whole(here: AtDesk, id: str, at: datetime) -> tuple[bytes, str]:
    sql = articles.whole(here.caller, "a.id = :name", "")
    [row] = await here.reader.rows(sql, {"name": id, "now": at})
    one = await here.current(row, at)
    return one.body, one.etag


def update(desk: Desk, article_id: str, id: str) -> tuple[Json, str]:
    """An update of a live story as this desk's caller reads it, and its ETag."""
    desk.finish()
    one, version = now(polled.whole(AtDesk(desk), article_id, id, desk.now))
    return orjson.loads(one.document), etag_of(one.document, version)
