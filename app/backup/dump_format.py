"""An installation as JSON lines: what `isnad export` writes and `isnad import` takes back.

    {"isnad": "export", "format": 1, "release", "schema", "at", "log", "lexicon", "settings",
     "tables"}
    {"table": "section", "row": {"id": …}}          every row, tables in the order of dependence
    {"media": "ab/cdef.jpg", "size", "from", "data"}   originals of images, base64, in parts
    {"end": {"rows": {"section": 9, …}, "media": 20, "sha256"}}

Times are RFC 3339 in UTC, bytes base64, columns of JSON are JSON: the same on both databases.
"""

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import orjson
import zstandard
from sqlalchemy import Boolean, Column, Float, Integer, LargeBinary, Table

from app.db import migrate
from app.media import storage
from app.models.base import JsonText, UTCDateTime, timestamp
from app.rendering import documents
from app.request import strict_json

FORMAT = 1
FIRST = re.compile(rb'\s*\{\s*"isnad"\s*:\s*"export"')
"""How every dump begins."""

LONGEST = 64 << 20
"""Bytes of a line; no row is as long."""

PART = 384 << 10
"""Bytes of a file in one line."""

LEFT_OUT = ("idempotency", "purge_cursor", "story_view_salt")
"""Tables that are not exported: answers kept for a day, how far the caches of this installation are, what
marks of readers were made with; good for nobody else."""

INDEX = ("search_state", "search_a", "search_b", "headline_key", "name_key", "image_word")
"""Nor these: an import makes the search index of the stories."""

PRESSED = {"document": ("body", "gzip")}
"""Columns that are not exported: an import makes them of what the row's `zstd` holds."""

SETTINGS = (
    "name", "langs", "timezone", "anonymous", "public_url", "site_url", "article_url",
    "section_url", "tag_url", "contributor_url", "short_url", "preview_url", "tag_authority",
    "public_versions",
)  # fmt: skip
"""What answers depend on beside the rows. No secret."""

Row = dict[str, Any]


class BadDump(Exception):
    """A file that cannot be restored; the message says where and why."""


class Item(NamedTuple):
    """A row of a table, or a part of a file by its key, with the size of its line."""

    of: Table | str
    content: Any
    size: int


def tables() -> list[Table]:
    """Return the exported tables, in an order in which rows refer only to earlier tables."""
    without = {*LEFT_OUT, *INDEX}
    return [table for table in migrate.METADATA.sorted_tables if table.name not in without]


def columns(table: Table) -> list[Column[Any]]:
    """Return the exported columns of a table."""
    made = PRESSED.get(table.name, ())
    return [one for one in table.columns if one.name not in made and one.computed is None]


def line(value: Any) -> bytes:
    return orjson.dumps(value) + b"\n"


def row_line(table: Table, row: Any) -> bytes:
    """Return a row as a line."""
    told = {column.name: json_value(row[column.name]) for column in columns(table)}
    return line({"table": table.name, "row": told})


def json_value(value: Any) -> Any:
    """Return a column's value as JSON can hold it: bytes as base64, times as text."""
    if isinstance(value, datetime):
        return timestamp(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value


@dataclass
class DumpReader:
    """An export that is being read: its header, then rows and parts, each checked. Reading to the
    end without `BadDump` proves that it is complete."""

    path: Path
    header: Row

    def __iter__(self) -> Iterator[Item]:
        return DumpChecker().items(self.path)


def open_dump(path: Path) -> DumpReader:
    """Open an export, if this release can restore it."""
    if not is_dump(path):
        raise BadDump("it is not an export.")
    with path.open("rb") as file:
        header = parse_line(next_line(file, 1), 1)
    if header.get("format") != FORMAT:
        raise BadDump(f"Exports of format {header.get('format')!r} are not known here.")
    schema, release = header.get("schema"), header.get("release")
    if schema != (here := migrate.newest_revision()):
        raise BadDump(
            f"Release {release} exported it with the schema {schema!r}; here it is {here!r}."
            " Import it with that release, then migrate."
        )
    if header.get("tables") != [table.name for table in tables()]:
        raise BadDump("It has other tables than this release.")
    return DumpReader(path, header)


def is_dump(path: Path) -> bool:
    """Return whether a file begins like an export."""
    with path.open("rb") as file:
        return FIRST.match(file.read(100)) is not None


def next_line(file: BinaryIO, number: int) -> bytes:
    text = file.readline(LONGEST)
    if not text.endswith(b"\n"):
        raise BadDump(f"It breaks off in line {number}.")
    return text


def parse_line(text: bytes, number: int) -> Row:
    """Parse a line of an export as a JSON object. Raises `BadDump` with its number."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as wrong:
        raise BadDump(f"Line {number} is not JSON: {wrong}.") from wrong
    if twice := strict_json.repeated_name(text):
        raise BadDump(f"Line {number} has the name {twice!r} more than once in one object.")
    if not isinstance(found, dict):
        raise BadDump(f"Line {number} is no object.")
    return found


class DumpChecker:
    """Check the lines of an export against the tables and its last line."""

    def __init__(self) -> None:
        self.tables = {str(table.name): table for table in tables()}
        self.places = {name: place for place, name in enumerate(self.tables)}
        self.rows = dict.fromkeys(self.tables, 0)
        self.media, self.place, self.number = 0, 0, 1
        self.file: tuple[str, int, Any] | None = None
        """The file whose parts are read: its key, how far, and the hash so far."""

    def items(self, path: Path) -> Iterator[Item]:
        with path.open("rb") as file:
            digest = hashlib.sha256(next_line(file, 1))
            while True:
                self.number += 1
                text = next_line(file, self.number)
                found = parse_line(text, self.number)
                if "end" in found:
                    self.check_end(found["end"], digest.hexdigest(), file.read(1))
                    return
                digest.update(text)
                of, content = self.part(found) if "media" in found else self.row(found)
                yield Item(of, content, len(text))

    def bad(self, why: str) -> BadDump:
        return BadDump(f"Line {self.number}: {why}.")

    def row(self, found: Row) -> tuple[Table | str, Any]:
        table, row = self.tables.get(str(found.get("table"))), found.get("row")
        if table is None or not isinstance(row, dict):
            raise self.bad("neither a row of a table nor a part of a file")
        place = self.places[str(table.name)]
        if self.media or self.file or place < self.place:
            raise self.bad(f"a row of {table.name} out of its order")
        if set(row) != {column.name for column in columns(table)}:
            raise self.bad(f"not the columns of {table.name}")
        self.place = place
        self.rows[str(table.name)] += 1
        return table, self.unpressed(table, {
            name: self.value(table.columns[name], one) for name, one in row.items()
        })  # fmt: skip

    def unpressed(self, table: Table, row: Row) -> Row:
        """Add the columns of a row that are derived from another one."""
        if table.name not in PRESSED:
            return row
        try:
            body = zstandard.decompress(row["zstd"])
        except zstandard.ZstdError as wrong:
            raise self.bad(f"{table.name}.zstd is not what it should be") from wrong
        return row | {"body": body, "gzip": documents.gzipped(body)}

    def value(self, column: Column[Any], told: Any) -> Any:
        """Convert a value for its column. Raises `BadDump`."""
        if told is None and column.nullable:
            return None
        try:
            return read_value(column, told)
        except (ValueError, TypeError) as wrong:
            raise self.bad(f"{column} is not what it should be") from wrong

    def part(self, found: Row) -> tuple[Table | str, Any]:
        """Check the next part of a file; the hash of the whole file must be its name."""
        key, size, start = str(found["media"]), found.get("size"), found.get("from")
        try:
            data = base64.b64decode(found.get("data", ""), validate=True)
        except (ValueError, TypeError) as wrong:
            raise self.bad("a part of a file that is not base64") from wrong
        known, at, digest = self.file or (key, 0, hashlib.sha256())
        end = at + len(data)
        if not storage.is_key(key) or (key, start) != (known, at) or not isinstance(size, int):
            raise self.bad(f"not the next part of {known}")
        if end > size or not (data or size == 0):
            raise self.bad(f"{key} has another size")
        digest.update(data)
        self.file = (key, end, digest)
        if end == size:
            self.file, self.media = None, self.media + 1
            if not storage.is_name_of(key, digest.hexdigest()):
                raise self.bad(f"{key} has other bytes than its name says")
        return key, data

    def check_end(self, end: Any, digest: str, more: bytes) -> None:
        whole = {"rows": self.rows, "media": self.media, "sha256": digest}
        if self.file or more or end != whole:
            raise self.bad("what stands here is not what was written")


def read_value(column: Column[Any], told: Any) -> Any:
    """Convert a JSON value for its column. Raises `ValueError` or `TypeError`."""
    if isinstance(column.type, JsonText):
        return told
    if isinstance(column.type, Boolean | Integer):
        if isinstance(told, bool) is isinstance(column.type, Boolean) and isinstance(told, int):
            return told
    elif isinstance(column.type, Float):
        if isinstance(told, int | float) and not isinstance(told, bool):
            return float(told)
    elif isinstance(told, str):
        if isinstance(column.type, UTCDateTime):
            return datetime.fromisoformat(told.removesuffix("Z") + "+00:00")
        return base64.b64decode(told, validate=True) if is_bytes(column) else told
    raise TypeError(told)


def is_bytes(column: Column[Any]) -> bool:
    return isinstance(column.type, LargeBinary)
