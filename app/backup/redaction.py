"""An export without the names of confidential sources.

Each such source becomes one row for each story and each image that names it, with the opaque id that
readers know there and the desk's label as its name: so no line tells that two stories share a person.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
import zstandard
from sqlalchemy import Connection, Table, select, union
from sqlmodel import col

from app.db import migrate
from app.http.responses import etag_of
from app.models.image import ImageRow
from app.models.source import CONFIDENTIAL, AttributionRow, SourceRow
from app.rendering import confidential
from app.rendering.confidential import HIDDEN, PREFIX, TERM, Known

Row = dict[str, Any]
NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
"""When a source of one story was made: its own time would be the same in each."""

WITHOUT_ID = f"{PREFIX}0"
"""What the log names in place of a confidential source."""


class Redaction:
    """Replaces the names of confidential sources in the rows of one snapshot."""

    def __init__(self, connection: Connection, default_lang: str) -> None:
        table = migrate.METADATA.tables["source"]
        wanted = select(table).where(table.c.confidential)
        self.sources = {
            str(row["id"]): SourceRow(**row) for row in connection.execute(wanted).mappings()
        }
        self.known = Known(self.sources, default_lang)
        self.marks = [id.encode() for id in self.sources]
        named: Any = union(
            select(col(AttributionRow.source_id), col(AttributionRow.article_id)),
            select(col(ImageRow.source_id), col(ImageRow.id)),
        )
        self.owners: dict[str, list[str]] = {id: [] for id in self.sources}
        for id, owner in connection.execute(named) if self.sources else ():
            if id in self.owners:
                self.owners[id].append(owner)

    def rows(self, table: Table, row: Row) -> Iterator[Row]:
        """Return the exported rows for a row."""
        change = CHANGES.get(str(table.name))
        if change is None or not self.sources:
            yield row
        else:
            yield from change(self, row)

    def id_in(self, id: str, owner: str) -> str:
        return confidential.opaque_id(self.sources[id], owner)

    def source(self, row: Row) -> Iterator[Row]:
        if row["id"] not in self.sources:
            yield row
            return
        for owner in sorted(self.owners[row["id"]]):
            opaque = self.id_in(row["id"], owner)
            yield row | {
                "id": opaque, "slug": opaque, "kind": confidential.KIND,
                "name": row["public_label"], "credit": {}, "aliases": [], "country": None,
                "site": None, "same_as": [], "upstream": {}, "needs_review": False,
                "opaque_key": None, "created_at": NO_TIME, "modified_at": NO_TIME, "version": 1,
            }  # fmt: skip

    def attribution(self, row: Row) -> Iterator[Row]:
        if row["source_id"] in self.sources:
            opaque = self.id_in(row["source_id"], row["article_id"])
            row |= {"source_id": opaque, "dispatch_id": None}
        yield row

    def image(self, row: Row) -> Iterator[Row]:
        if source := self.sources.get(row["source_id"]):
            words = confidential.image_words(ImageRow(**row), source, reveal=False)
            row |= words | {"source_id": self.id_in(source.id, row["id"])}
        yield row

    def version(self, row: Row) -> Iterator[Row]:
        links = [self.link(one, row["article_id"]) for one in row["content"]["attributions"]]
        yield row | {"content": row["content"] | {"attributions": links}}

    def link(self, link: Row, article_id: str) -> Row:
        if link["source"] not in self.sources:
            return link
        return link | dict.fromkeys(HIDDEN) | {"source": self.id_in(link["source"], article_id)}

    def term(self, row: Row) -> Iterator[Row]:
        id, _, role = row["term"].removeprefix(TERM).partition(":")
        if id in self.sources and not role:
            yield row | {"term": TERM + self.id_in(id, row["article_id"])}
        elif id not in self.sources and not row["term"].startswith(TERM):
            yield row

    def rendered(self, row: Row) -> Iterator[Row]:
        """Redact a stored document, which may be older than its source's mark."""
        packed = "zstd" in row
        body = zstandard.decompress(row["zstd"]) if packed else row["body"]
        if any(mark in body for mark in self.marks):
            story = orjson.loads(body)
            confidential.complete(story)
            confidential.redact(story, self.known)
            confidential.hide_links(story)
            body = orjson.dumps(story)
            row |= {"zstd": zstandard.compress(body, 3)} if packed else {"body": body}
            if "etag" in row:
                row["etag"] = etag_of(body, story["version"])
        if "keys" in row:
            row["keys"] = self.known.open_keys(row["keys"])
        yield row

    def update(self, row: Row) -> Iterator[Row]:
        """Redact a rendered live update; render it again if it is older than a mark."""
        if any(mark in row["document"] for mark in self.marks):
            row |= {"document": b"{}", "stamp": "", "valid_until": NO_TIME}
        yield row | {"keys": self.known.open_keys(row["keys"])}

    def change(self, row: Row) -> Iterator[Row]:
        if row["noun"] == CONFIDENTIAL:
            row |= {"object_id": WITHOUT_ID, "slug": None, "reason": None, "keys": ""}
        yield row | {"keys": self.known.open_keys(row["keys"])}

    def job(self, row: Row) -> Iterator[Row]:
        if row["key"].removeprefix(TERM) not in self.sources:
            yield row  # stories that wait for the others are rendered as they are read


CHANGES: dict[str, Callable[[Redaction, Row], Iterator[Row]]] = {
    "source": Redaction.source, "attribution": Redaction.attribution, "image": Redaction.image,
    "article_version": Redaction.version, "article_term": Redaction.term,
    "card": Redaction.rendered, "document": Redaction.rendered, "edition": Redaction.rendered,
    "live_update": Redaction.update, "change": Redaction.change, "job": Redaction.job,
}  # fmt: skip
"""What becomes of the rows of each table that may tell of a confidential source."""
