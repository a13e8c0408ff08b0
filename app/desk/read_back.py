"""What the desk is shown of a story inside its own transaction: what a GET gives after it."""

from datetime import datetime
from typing import Any

import orjson

from app.db.session_reader import Inside, now
from app.delivery import live_updates as polled
from app.delivery.context import Delivery
from app.desk.transaction import Desk
from app.http.responses import etag_of
from app.queries import articles
from app.rendering import documents
from app.rendering import live_updates as live

Json = dict[str, Any]


class AtDesk(Delivery):
    """The delivery plane as one desk transaction sees it."""

    def __init__(self, desk: Desk) -> None:
        self.session, self.settings = desk.session, desk.settings
        self.reader = Inside(desk.session)
        self.caller = desk.caller
        self.stamp = self.stamp_for(desk.caller)

    async def renewed(self, ids: list[str]) -> dict[str, live.Rendered]:
        reveal = self.caller.reads_confidential
        return live.renewed(self.session, self.settings, ids, reveal)

    async def rendered(self, ids: list[str]) -> dict[str, documents.Built]:
        reveal = self.caller.reads_confidential
        return {
            one.row.id: one for one in documents.build(self.session, self.settings, ids, reveal)
        }


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
