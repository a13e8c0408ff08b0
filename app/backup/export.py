"""`isnad export`: write a whole installation as JSON lines, from one snapshot, row by row."""

import base64
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Select, Table, func, literal, select, text
from sqlmodel import col

from app import __version__
from app.backup import dump_format
from app.backup.dump_format import FORMAT, PART, SETTINGS, Row
from app.backup.redaction import Redaction
from app.config import ConfigError, Settings
from app.db import migrate
from app.db.database import Database
from app.db.dialects import snapshot
from app.media.storage import Storage
from app.models.base import timestamp
from app.models.image import ImageRow

FILES = (
    select(col(ImageRow.file)).where(col(ImageRow.file).is_not(None)).distinct()
    .order_by(col(ImageRow.file))
)  # fmt: skip
"""Keys of originals in the media store."""


class Export:
    """The lines of an export. Afterwards `missing` has the keys of files that could not be read."""

    def __init__(self, db: Database, media: bool = True, with_confidential: bool = False) -> None:
        """`with_confidential`: with the names of confidential sources, so that nothing is lost."""
        self.db, self.with_media, self.with_confidential = db, media, with_confidential
        self.rows: dict[str, int] = {}
        self.media = 0
        self.missing: list[str] = []
        self.digest = hashlib.sha256()

    def lines(self) -> Iterator[bytes]:
        """Yield every line; the last one proves that the others are complete."""
        if self.db.settings.is_sqlite and not self.db.settings.sqlite_path.exists():
            raise ConfigError(f"there is no database {self.db.settings.sqlite_path}")
        with snapshot(self.db.engine) as connection:
            for line in self.content(connection):
                self.digest.update(line)
                yield line
        end = {"rows": self.rows, "media": self.media, "sha256": self.digest.hexdigest()}
        yield dump_format.line({"end": end})

    def content(self, connection: Connection) -> Iterator[bytes]:
        redaction = None
        if not self.with_confidential:
            redaction = Redaction(connection, self.db.settings.default_lang)
        yield dump_format.line(
            header(self.db.settings, connection) | {"confidential": self.with_confidential}
        )
        for table in dump_format.tables():
            self.rows[str(table.name)] = 0
            for row in connection.execute(ordered_rows(table)).mappings():
                for told in redaction.rows(table, dict(row)) if redaction else (row,):
                    self.rows[str(table.name)] += 1
                    yield dump_format.row_line(table, told)
            refuse_cycle(connection, table, self.rows[str(table.name)])
        if self.with_media:
            for key in connection.execute(FILES).scalars():
                yield from self.file(str(key))

    def file(self, key: str) -> Iterator[bytes]:
        """Yield the lines of a file, in parts."""
        path = Storage(self.db.settings).path(key)
        try:
            file = path.open("rb")
        except OSError:
            self.missing.append(key)
            return
        with file:
            size = path.stat().st_size
            for start in range(0, size or 1, PART):
                data = base64.b64encode(file.read(PART)).decode()
                yield dump_format.line({"media": key, "size": size, "from": start, "data": data})
        self.media += 1


def header(settings: Settings, connection: Connection) -> Row:
    """Return the first line: the format, the release, and the settings that responses depend on."""
    schema = migrate.present_revision(connection)
    if schema != migrate.newest_revision():
        raise ConfigError("the database is not at this release's schema: run isnad migrate")
    one = connection.execute(text("SELECT h.seq, s.lexicon FROM log_head h, search_state s"))
    head, lexicon = one.one()
    return {
        "isnad": "export", "format": FORMAT, "release": __version__, "schema": schema,
        "at": timestamp(datetime.now(UTC)), "log": head, "lexicon": lexicon,
        "settings": {name: getattr(settings, name) for name in SETTINGS},
        "tables": [table.name for table in dump_format.tables()],
    }  # fmt: skip


def ordered_rows(table: Table) -> Select[Any]:
    """Yield the rows of a table by key; where rows refer to rows of the same table, those come
    first."""
    key = list(table.primary_key.columns)
    parents = [
        fk.parent for fk in table.foreign_keys if fk.column.table is table and fk.parent not in key
    ]
    if not parents:
        return select(table).order_by(*key)
    [parent], [id] = parents, key
    top = select(id.label("id"), literal(0).label("depth")).where(parent.is_(None))
    tree = top.cte("tree", recursive=True)
    below = table.alias("below")
    deeper = select(below.c[id.name], tree.c.depth + 1).join(
        tree, below.c[parent.name] == tree.c.id
    )
    tree = tree.union_all(deeper)
    return select(table).join(tree, tree.c.id == id).order_by(tree.c.depth, id)


def refuse_cycle(connection: Connection, table: Table, told: int) -> None:
    """Raise for rows that refer to each other in a cycle, which have no order."""
    if any(fk.column.table is table for fk in table.foreign_keys):
        there = connection.execute(select(func.count()).select_from(table)).scalar_one()
        if there != told:
            raise ConfigError(
                f"{there - told} rows of {table.name} point at each other in a circle"
            )
