"""`GET /v1/articles.ndjson`: lists as lines of JSON, for static sites and apps. docs/bulk.md

Each page is a short read of its own, so that neither memory nor a transaction grows with the
stream. The last line has the cursors to continue; a stream without it was cut off.
"""

import asyncio
import zlib
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

import orjson
import zstandard
from starlette.requests import Request
from starlette.responses import StreamingResponse

from app.db.database import Database
from app.delivery import lists
from app.delivery.context import ReadContext
from app.delivery.includes import PageTooLarge
from app.distribution import change_feed
from app.errors import BadRequest, Fault
from app.http.edge import BODILESS
from app.http.responses import negotiate_encoding
from app.queries.change_feed import ChangeParams
from app.request import cursors, filters
from app.request.filters import Filter

MEDIA_TYPE = "application/x-ndjson; charset=utf-8"
NUMBERS = ("limit", "mark_every")
NOT_HERE = ("count", "facets", *NUMBERS)
KNOWN = [*(name for name in filters.KNOWN if name not in NOT_HERE), *NUMBERS]
MOST = 1_000_000
PAGE, WHOLE_PAGE = 100, 25
"""Cards, and stories with what is included, in one read."""

QUESTION = "ndjson"


@dataclass
class ArticleStream:
    """One stream: its list, limit, and after how many lines a mark follows."""

    context: ReadContext
    wanted: Filter
    left: int | None
    mark_every: int | None
    changes: str = ""
    """The place in the log from which on nothing is missing: before the first story was read, by
    this stream or by the one that it goes on with."""

    async def begin(self, db: Database) -> None:
        if self.wanted.cursor is not None:
            secrets = self.context.settings.secrets
            read = cursors.read(secrets, QUESTION, self.wanted.cursor, 2)
            self.wanted.cursor, self.changes = read
            return
        now = datetime.now(UTC)
        self.changes = (await change_feed.page(self.context, db, "now", ChangeParams(), now)).next

    async def lines(self) -> AsyncGenerator[bytes]:
        """Yield the stream, a page at a time."""
        since = 0
        while True:
            told, count = await self.page(since)
            since += count
            self.left = None if self.left is None else self.left - count
            ended = not self.wanted.cursor or self.left == 0
            if ended or since == self.mark_every:
                told, since = told + self.mark(), 0
            yield told
            if ended:
                return
            await asyncio.sleep(0)  # others have their turn

    async def page(self, since: int) -> tuple[bytes, int]:
        """Return the lines of the next page, and the number of its stories."""
        size = WHOLE_PAGE if self.wanted.form.include else PAGE
        bounds = [size, self.left, self.mark_every and self.mark_every - since]
        self.wanted.limit = min(one for one in bounds if one is not None)
        now = datetime.now(UTC)
        found = await lists.page(self.context, self.wanted, now)
        try:
            items, _, _ = await lists.items(self.context, found.rows, self.wanted.form, now)
        except PageTooLarge:  # stories so long are read one by one
            self.wanted.limit = 1
            found = await lists.page(self.context, self.wanted, now)
            items, _, _ = await lists.items(self.context, found.rows, self.wanted.form, now)
        self.wanted.cursor = found.next
        return b"".join(item + b"\n" for item in items), len(found.rows)

    def mark(self) -> bytes:
        """Return the line with the cursors to continue, in the list and in the change log."""
        place = None
        if self.wanted.cursor:
            secrets = self.context.settings.secrets
            place = cursors.write(secrets, QUESTION, [self.wanted.cursor, self.changes])
        return orjson.dumps({"next": place, "changes_cursor": self.changes}) + b"\n"


async def respond(context: ReadContext, request: Request, db: Database) -> StreamingResponse:
    """Return the stream that a request asks for. Errors of the query are raised before it begins."""
    bulk = read(context, filters.decode_query(request.scope["query_string"]))
    if "versions" in bulk.wanted.form.include:
        context.require_versions()
    await bulk.begin(db)
    lines = bulk.lines()
    first = await anext(lines)
    coding = negotiate_encoding(request.headers.get("accept-encoding", ""), MOST, CODINGS)
    headers = {
        "Cache-Control": "no-store", "Vary": "Accept-Encoding, Authorization",
        **({"Content-Encoding": coding} if coding else {}),
    }  # fmt: skip
    if request.scope.get(BODILESS):
        await lines.aclose()
        return StreamingResponse(iter(()), headers=headers, media_type=MEDIA_TYPE)
    return StreamingResponse(
        compressed(first, lines, coding), headers=headers, media_type=MEDIA_TYPE
    )


def read(context: ReadContext, query: str) -> ArticleStream:
    """Parse the query of the stream; report every error."""
    numbers: dict[str, int] = {}
    faults: list[Fault] = []
    rest = []
    for name, value in filters.split_query(query):
        if name not in NUMBERS:
            rest.append((name, value))
        elif name in numbers:
            faults.append({"detail": filters.TWICE, "parameter": name})
        elif fault := filters.number_fault(value, MOST):
            faults.append({"detail": fault, "parameter": name})
        else:
            numbers[name] = int(value)
    try:
        text = urlencode(rest, errors="surrogateescape")
        wanted = filters.parse(text, context.settings.zone, KNOWN)
    except BadRequest as wrong:
        raise BadRequest("The query has errors.", errors=[*faults, *wrong.errors]) from wrong
    if wanted.ids is not None and numbers:
        faults.append({"detail": "`ids` are all answered.", "parameter": next(iter(numbers))})
    if faults:
        raise BadRequest("The query has errors.", errors=faults)
    return ArticleStream(context, wanted, numbers.get("limit"), numbers.get("mark_every"))


CODINGS = ("zstd", "gzip")
"""What a stream is compressed by as it goes."""


async def compressed(
    first: bytes, lines: AsyncIterator[bytes], coding: str
) -> AsyncIterator[bytes]:
    """Yield the stream in a content coding; each page can be decompressed as it arrives."""
    press = Compressor(coding)
    yield press.part(first)
    async for told in lines:
        yield press.part(told)
    if end := press.end():
        yield end


class Compressor:
    """Compress page by page."""

    def __init__(self, coding: str) -> None:
        self.zstd = zstandard.ZstdCompressor(3).compressobj() if coding == "zstd" else None
        self.gzip = zlib.compressobj(6, wbits=31) if coding == "gzip" else None

    def part(self, told: bytes) -> bytes:
        if self.zstd:
            flush = zstandard.COMPRESSOBJ_FLUSH_BLOCK
            return self.zstd.compress(told) + self.zstd.flush(flush)
        if self.gzip:
            return self.gzip.compress(told) + self.gzip.flush(zlib.Z_SYNC_FLUSH)
        return told

    def end(self) -> bytes:
        if self.zstd:
            return self.zstd.flush(zstandard.COMPRESSOBJ_FLUSH_FINISH)
        return self.gzip.flush() if self.gzip else b""
