"""A house filled fast: some stories through the real import, the rest as copies of all their rows.

A copy has ids, a number (in headline, slug, address and identity) and times of its own, wherever they
stand: in columns, in stored JSON, in the index's terms. What is computed from those is computed anew.
"""

import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from types import SimpleNamespace
from typing import Any, cast

import zstandard
from sqlalchemy import text

from app.db.database import Database
from app.db.migrate import METADATA
from app.desk.catalog import verbs
from app.desk.transaction import at_desk
from app.formats.page.model import Page
from app.http.responses import etag_of
from app.ingest import pages
from app.models.article import ArticleRow
from app.models.base import new_id, sqlite_time, timestamp
from app.rendering.documents import gzipped
from app.search_index import writer as indexing
from bench.stories import EVERY, NEWEST, SECTION

SEED = 2_000
"""Stories that are imported; all others are copies of them."""
CHUNK = 500

OWNED = {
    "article": "id", "image": "id", "article_version": "article_id", "card": "article_id",
    "document": "article_id", "article_term": "article_id", "attribution": "article_id",
    "image_use": "article_id", "image_word": "image_id", "headline_key": "article_id", "change": "object_id",
    "search_a": "article_id", "search_b": "article_id",
}  # fmt: skip
"""Tables of which a story has rows, and the column that says whose they are."""
SHARED = {"log_head", "search_state", "section", "source", "source_alias", "name_key", "tag",
          "contributor"}  # fmt: skip
"""Tables in which an import may leave rows that all stories share."""

Row = list[Any]


@dataclass
class Filled:
    """How long it took."""

    imported: int
    import_seconds: float
    copied: int = 0
    copy_seconds: float = 0.0


def fill(
    db: Database, articles: int, source: Callable[[int], Iterator[Page]],
    sections: Sequence[str] = (SECTION,), *, seed: int = SEED,
) -> Filled:  # fmt: skip
    """A house with so many stories."""
    before = counts(db)
    done = imported(db, source(min(articles, seed)), sections)
    grown = {name for name, count in counts(db).items() if count != before[name]}
    assert grown <= OWNED.keys() | SHARED, f"nobody copies {grown - OWNED.keys() - SHARED}"
    began = time.perf_counter()
    if articles > done.imported:
        Copying(db, done.imported).fill(articles)
        done.copied, done.copy_seconds = articles - done.imported, time.perf_counter() - began
    return done


def counts(db: Database) -> dict[str, int]:
    with db.reading() as session:
        return {
            name: session.execute(text(f"SELECT count(*) FROM {name}")).scalar_one()
            for name in METADATA.tables
        }


def imported(db: Database, source: Iterator[Page], sections: Sequence[str]) -> Filled:
    """Parsed articles taken in, in batches, and published."""
    with at_desk(db) as desk:
        for path in sections:
            verbs.add_section(desk, path, {"ar": "قياس", "en": "Bench"})
    number, began = 0, time.perf_counter()
    while batch := list(islice(source, 50)):
        section = sections[number // 50 % len(sections)]
        results = pages.take(db, batch, pages.Options(publish=True, licensed=True, section=section))
        assert all(isinstance(one, pages.Taken) for one in results), results[:1]
        number += len(batch)
    return Filled(number, time.perf_counter() - began)


@dataclass
class Cell:
    """A value with something of the story's own in it: pieces, and what stands between them."""

    at: int
    pieces: list[Any]
    names: list[str]
    glue: Any

    def filled(self, new: dict[str, Any]) -> Any:
        pieces = self.pieces
        pieces[1::2] = [new[name] for name in self.names]
        return self.glue.join(pieces)


@dataclass
class Template:
    """A row of a story: what stays, and what is a copy's own."""

    table: str
    row: Row
    whole: list[tuple[int, str]] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)

    def filled(self, new: dict[str, Any]) -> Row:
        row = self.row.copy()
        for at, name in self.whole:
            row[at] = new[name]
        for cell in self.cells:
            row[cell.at] = cell.filled(new)
        return row


def templates_of(table: str, rows: Sequence[Sequence[Any]], own: dict[Any, str]) -> list[Template]:
    """Rows with what is the story's own cut out. `own`: names by value, as text, bytes and times."""
    texts = pattern([one for one in own if isinstance(one, str)])
    blobs = re.compile(texts.pattern.encode())
    found = []
    for row in rows:
        made = Template(table, list(row))
        for at, value in enumerate(row):
            if isinstance(value, (str, datetime)) and value in own:
                made.whole.append((at, own[value]))
            elif isinstance(value, str) and texts.search(value):
                pieces = cast(list[Any], texts.split(value))
                made.cells.append(Cell(at, pieces, [own[one] for one in pieces[1::2]], ""))
            elif isinstance(value, bytes) and blobs.search(value):
                pieces = cast(list[Any], blobs.split(value))
                names = [f"{own[one.decode()]} bytes" for one in pieces[1::2]]
                made.cells.append(Cell(at, pieces, names, b""))
        found.append(made)
    return found


def pattern(values: Sequence[str]) -> re.Pattern[str]:
    """Any of these, the longest first."""
    longest = sorted(values, key=len, reverse=True)
    return re.compile(f"({'|'.join(re.escape(one) for one in longest)})")


class Copying:
    """The stories of a house, copied until it has so many."""

    def __init__(self, db: Database, seeds: int) -> None:
        self.db, self.seeds = db, seeds
        self.lite = db.settings.is_sqlite
        self.columns = {
            name: [one.name for one in METADATA.tables[name].columns if one.computed is None]
            for name in OWNED
        }
        with db.reading() as session:
            connection = session.connection()
            self.seq = int(connection.exec_driver_sql("SELECT seq FROM log_head").scalar_one())
            held = {
                name: [
                    tuple(row) for row in connection.exec_driver_sql(
                        f"SELECT {', '.join(columns)} FROM {name}"
                        + (" ORDER BY seq" if name == "change" else "")
                    )
                ]
                for name, columns in self.columns.items()
            }  # fmt: skip
        self.templates = self.cut(held)

    def cut(self, held: dict[str, list[tuple[Any, ...]]]) -> list[list[Template]]:
        """For each story, the newest first, the templates of its rows."""
        place = {
            name: {column: at for at, column in enumerate(columns)}
            for name, columns in self.columns.items()
        }
        uses = place["image_use"]
        image_of = {
            row[uses["article_id"]]: row[uses["image_id"]] for row in held["image_use"]
        }  # fmt: skip
        rows_of: dict[str, dict[str, list[tuple[Any, ...]]]] = {}
        for name, rows in held.items():
            at = place[name][OWNED[name]]
            for row in rows:
                rows_of.setdefault(row[at], {}).setdefault(name, []).append(row)
        article, found = place["article"], []
        for row in held["article"]:
            id, image = row[article["id"]], image_of[row[article["id"]]]
            number = str(row[article["identity"]]).rpartition("-")[2]
            own = {id: "id", image: "image", number: "number"}
            own |= self.times("published", row[article["published_at"]])
            own |= self.times("now", row[article["created_at"]])
            mine = [
                one for name in OWNED
                for one in templates_of(
                    name, rows_of[id].get(name, []) + rows_of[image].get(name, []), own
                )
            ]  # fmt: skip
            found.append((number, mine))
        return [mine for _, mine in sorted(found, key=lambda pair: pair[0])]

    def times(self, name: str, value: Any) -> dict[Any, str]:
        """A time as a column has it and as JSON does."""
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return {timestamp(moment): f"{name} text", value: name}

    def own(self, number: int, now: datetime) -> dict[str, Any]:
        """What a copy has of its own."""
        published = NEWEST - EVERY * number
        new: dict[str, Any] = {
            "id": new_id("art"), "image": new_id("img"), "number": f"{number:07}",
            "published text": timestamp(published), "now text": timestamp(now),
        }  # fmt: skip
        new |= {f"{name} bytes": value.encode() for name, value in new.items()}
        both = {"published": published, "now": now}
        if self.lite:
            both = {name: sqlite_time(at) for name, at in both.items()}  # type: ignore[misc]
            new |= {f"{name} bytes": str(at).encode() for name, at in both.items()}
        rank = indexing.rank_of(
            cast(ArticleRow, SimpleNamespace(id=new["id"], published_at=published))
        )
        return new | both | {"rank": rank}

    def made(self, numbers: Sequence[int], now: datetime) -> dict[str, list[Row]]:
        """Rows of copies, by table; those of documents still want what is computed of their bytes."""
        made: dict[str, list[Row]] = {name: [] for name in OWNED}
        rank, seq = (self.columns[name].index(name_) for name, name_ in RENUMBERED)
        for number in numbers:
            new = self.own(number, now)
            for one in self.templates[number % self.seeds]:
                row = one.filled(new)
                if one.table.startswith("search_"):
                    row[rank] = new["rank"]
                elif one.table == "change":
                    self.seq += 1
                    row[seq] = self.seq
                made[one.table].append(row)
        return made

    def code(self, made: dict[str, list[Row]]) -> dict[str, list[Row]]:
        """The ETags and coded variants of documents."""
        etag, body = (self.columns["card"].index(name) for name in ("etag", "body"))
        for row in made["card"]:
            row[etag] = etag_of(row[body], 1)
        at = {name: place for place, name in enumerate(self.columns["document"])}
        for row in made["document"]:
            whole = row[at["body"]]
            row[at["etag"]] = etag_of(whole, row[at["version"]])
            row[at["zstd"]], row[at["gzip"]] = zstandard.compress(whole, 3), gzipped(whole)
        return made

    def fill(self, articles: int) -> None:
        """Oldest first, so that the index grows at its end."""
        self.db.engine.dispose()
        writer = SQLiteLoad(self) if self.lite else PostgreSQLLoad(self)
        numbers = iter(range(articles - 1, self.seeds - 1, -1))
        now = datetime.now(UTC)
        with ThreadPoolExecutor(1) as pool:
            waiting: Future[dict[str, list[Row]]] | None = None
            while chunk := list(islice(numbers, CHUNK)):
                now = max(datetime.now(UTC), now + timedelta(microseconds=1))
                following = pool.submit(self.code, self.made(chunk, now))
                if waiting:
                    writer.put(waiting.result())
                waiting = following
            if waiting:
                writer.put(waiting.result())
        writer.end(self.seq)


RENUMBERED = (("search_a", "rank"), ("change", "seq"))


class SQLiteLoad:
    """Rows put into a file that nobody else has open, with nothing to go back to."""

    def __init__(self, copying: Copying) -> None:
        self.columns = copying.columns
        self.connection = sqlite3.connect(copying.db.settings.sqlite_path, isolation_level=None)
        for pragma in (
            "journal_mode=OFF", "synchronous=OFF", "foreign_keys=OFF", "cache_size=-1000000"
        ):  # fmt: skip
            self.connection.execute(f"PRAGMA {pragma}")

    def put(self, made: dict[str, list[Row]]) -> None:
        self.connection.execute("BEGIN")
        for name, rows in made.items():
            columns = self.columns[name]
            places = ", ".join("?" * len(columns))
            into = f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({places})"
            self.connection.executemany(into, rows)
            if name.startswith("search_"):
                self.index(name, rows)
        self.connection.execute("COMMIT")

    def index(self, name: str, rows: list[Row]) -> None:
        """The postings of entries."""
        at = [self.columns[name].index(one) for one in ("rank", "title", "summary", "body")]
        self.connection.executemany(
            f"INSERT INTO {name}_words (rowid, title, summary, body) VALUES (?, ?, ?, ?)",
            [[row[place] for place in at] for row in rows],
        )

    def end(self, seq: int) -> None:
        self.connection.execute("UPDATE log_head SET seq = ?", [seq])
        self.connection.execute("PRAGMA journal_mode=WAL")
        self.connection.close()


class PostgreSQLLoad:
    """Rows by COPY, in one transaction; keys to other tables are not looked up."""

    def __init__(self, copying: Copying) -> None:
        self.columns, self.engine = copying.columns, copying.db.engine
        self.connection: Any = self.engine.raw_connection()
        self.cursor = self.connection.cursor()
        self.cursor.execute("SET session_replication_role = replica")

    def put(self, made: dict[str, list[Row]]) -> None:
        for name, rows in made.items():
            if rows:
                command = f"COPY {name} ({', '.join(self.columns[name])}) FROM STDIN"
                with self.cursor.copy(command) as copy:
                    for row in rows:
                        copy.write_row(row)

    def end(self, seq: int) -> None:
        """What autovacuum does to a house within a minute is done at once."""
        self.cursor.execute("UPDATE log_head SET seq = %s", [seq])
        self.connection.commit()
        self.cursor.execute("RESET session_replication_role")
        self.connection.commit()
        self.connection.close()
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM (ANALYZE)"))
