"""The search of a house that was filled with a set of stories, as shared/arabic_search/score.py asks.

DATABASE is sqlite or postgresql; with LEARN=1 the house has learnt its own words.
"""

import asyncio
import contextlib
import os
import tempfile
from datetime import UTC, datetime
from typing import Any

from app.config import Settings
from app.db import migrate
from app.db.database import Database
from app.delivery.context import Services
from app.desk.articles import publishing
from app.desk.transaction import BATCH, at_desk
from app.models.article import ArticleWrite
from app.models.block import BlockWrite
from app.models.validated_text import mended, mended_line
from app.request.search import SearchParams
from app.search import rebuild, results
from app.search_index import active_index
from tests.support.databases import fresh_postgres, postgres_url

KEPT = contextlib.ExitStack()
"""What lives as long as the process: the folder and the server."""


def made() -> str:
    """The URL of a new database."""
    if os.environ.get("DATABASE") == "postgresql":
        base = server()
        return fresh_postgres(base)
    return f"sqlite:///{KEPT.enter_context(tempfile.TemporaryDirectory())}/isnad.db"


def server(started: list[str] = []) -> str:  # noqa: B006
    if not started:
        started.append(KEPT.enter_context(postgres_url()))
    return started[0]


class Adapter:
    """A house of its own."""

    def index(self, docs: list[dict[str, Any]]) -> None:
        settings = Settings(database_url=made(), secret="quality")
        self.db = Database(settings)
        migrate.migrate(self.db.engine)
        self.names: dict[str, str] = {}
        for start in range(0, len(docs), BATCH):
            with at_desk(self.db) as desk:
                for doc in docs[start : start + BATCH]:
                    row = publishing.create(desk, write_of(doc))
                    publishing.publish(desk, row)
                    self.names[row.id] = doc["id"]
        if os.environ.get("LEARN") == "1":
            rebuild.remake(self.db, learn=True)
        self.context = Services(self.db, settings).anonymous
        self.loop = asyncio.new_event_loop()

    def search(self, query: str, k: int) -> list[str]:
        return [self.names[id] for id in self.loop.run_until_complete(self.ids(query, k))]

    async def ids(self, query: str, k: int) -> list[str]:
        params = SearchParams(q=query)
        params.filter.limit = k
        index = await active_index.active(self.context.reader, self.context.settings)
        ids, _ = await results.run_on(index, self.context, params).found()
        return ids


def write_of(doc: dict[str, Any]) -> ArticleWrite:
    """A story as the set has it, mended as an import mends it; where the headline is blank a stroke
    stands for it."""
    body = filter(None, map(mended_line, doc["body"].splitlines()))
    return ArticleWrite(
        lang="ar", headline=mended_line(doc["title"]) or "—", summary=mended(doc["summary"]),
        body=[BlockWrite(type="paragraph", text=part) for part in body],
        published_at=datetime.fromisoformat(doc["time"]).astimezone(UTC),
    )  # fmt: skip


make = Adapter
