"""`isnad import` of an export: restore it into an empty database, completely or not at all."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from sqlalchemy import Table, delete, update
from sqlmodel import Session, col, select

from app.backup import dump_format
from app.backup.dump_format import SETTINGS, BadDump, DumpReader, Item, Row
from app.change_log.transaction import write_transaction
from app.config import Settings
from app.db import migrate
from app.db.database import Database
from app.db.dialects import insert_rows, restart_sequence
from app.media.storage import Storage
from app.models.change import ChangeRow, ChangeStory, LogHead
from app.models.source import SourceAlias, SourceRow
from app.search_index import writer

TOGETHER, MUCH = 500, 4_000_000
"""Rows in one statement, and bytes of their lines."""

CATALOGUE = (ChangeStory, ChangeRow, SourceAlias, SourceRow)
"""Tables that a new database has rows in: the known sources, and their changes."""


@dataclass
class Restored:
    """What was restored, and what the operator should check."""

    rows: dict[str, int] = field(default_factory=dict)
    media: int = 0
    log: int = 0
    notes: list[str] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    """Files that were not there before."""


def restore(db: Database, path: Path) -> Restored:
    """Restore an export. It is read to its end first, so that a broken file changes nothing."""
    dump = dump_format.open_dump(path)
    for _ in dump:
        pass
    migrate.migrate(db.engine)
    done = Restored(log=dump.header["log"], notes=differing_settings(db.settings, dump))
    try:
        with write_transaction(db) as session:
            clear_new_database(session)
            restore_items(session, db.settings, dump, done)
            writer.make_whole(session, db.settings, dump.header["lexicon"])
    except BaseException:
        for file in done.files:
            file.unlink()
        raise
    return done


def clear_new_database(session: Session) -> None:
    """Delete the sources that a new database contains. Raises if it contains anything else."""
    session.exec(select(LogHead).with_for_update())
    if found := occupied_table(session):
        raise BadDump(
            f"The database isn't empty, there are rows in {found}: a dump needs a new one."
        )
    for table in CATALOGUE:
        session.execute(delete(table))


def occupied_table(session: Session) -> str | None:
    """Return a table with rows that a new database does not have."""
    own = {
        "log_head",
        "search_state",
        "name_key",
        *(str(table.__tablename__) for table in CATALOGUE),
    }
    others = col(ChangeRow.actor).is_distinct_from("catalogue")
    if session.exec(select(ChangeRow.seq).where(others).limit(1)).first():
        return "change"
    for table in migrate.METADATA.sorted_tables:
        if table.name not in own and session.execute(table.select().limit(1)).first():
            return table.name
    return None


def restore_items(session: Session, settings: Settings, dump: DumpReader, done: Restored) -> None:
    """Restore the rows, table by table, and the image files."""
    for of, items in groupby(dump, key=lambda item: item.of):
        if isinstance(of, Table):
            done.rows[str(of.name)] = sum(
                insert_batch(session, of, some) for some in batches(items)
            )
            restart_sequence(session, of)
        else:
            write_file(Storage(settings), of, (item.content for item in items), done)


def write_file(storage: Storage, key: str, parts: Iterator[bytes], done: Restored) -> None:
    done.media += 1
    if not storage.path(key).exists():
        storage.write(key, parts)
        done.files.append(storage.path(key))


def batches(items: Iterator[Item]) -> Iterator[list[Row]]:
    """Group rows into batches of limited number and size."""
    batch: list[Row] = []
    size = 0
    for item in items:
        batch.append(item.content)
        size += item.size
        if len(batch) == TOGETHER or size > MUCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def insert_batch(session: Session, table: Table, rows: list[Row]) -> int:
    """Insert a batch of rows of one table; return their number."""
    if table.name == LogHead.__tablename__:  # it is there, and locked
        session.execute(update(LogHead).values(seq=rows[0]["seq"]))
    else:
        insert_rows(session, table, rows)
    return len(rows)


def differing_settings(settings: Settings, dump: DumpReader) -> list[str]:
    """Return the settings that make responses differ from those of the exported installation."""
    told = dump.header.get("settings", {})
    return [
        f"ISNAD_{name.upper()} is {getattr(settings, name)!r} here and was {told.get(name)!r} there."
        for name in SETTINGS if name in told and getattr(settings, name) != told[name]
    ]  # fmt: skip
