"""`isnad export` and `isnad import` of what it wrote: the same house, on either database."""

import asyncio
import gzip
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import zstandard
from sqlalchemy import Boolean, Float, Integer, LargeBinary, Table
from sqlmodel import Session, select
from typer.testing import CliRunner

from app import worker
from app.backup import dump_format, restore
from app.backup.dump_format import BadDump
from app.backup.export import Export
from app.change_log.transaction import write_transaction
from app.cli import check, main
from app.config import Settings
from app.db import migrate
from app.db.database import Database
from app.db.dialects import insert_rows
from app.desk import keys
from app.desk.catalog import seed, verbs
from app.desk.transaction import at_desk
from app.main import create_app
from app.models.base import JsonText, UTCDateTime
from app.models.change import Job
from app.models.key import KeyRole, KeyWrite
from app.models.source import SourceRow
from app.search import rebuild
from scripts.examples import ASKED, BASE
from tests.cli.test_commands import environment, isnad
from tests.conftest import KINDS, Client, Maker, Served, copied, settings_of
from tests.distribution.test_changes import asked, changes, put_out, saved, written
from tests.support.databases import fresh_postgres

Row = dict[str, Any]
New = Callable[[str], Settings]


@pytest.fixture
def new(tmp_path: Path, request: pytest.FixtureRequest) -> New:
    """Settings of a house that is not there yet, in a database of a kind."""

    def make(kind: str) -> Settings:
        folder = tmp_path / f"new-{kind}"
        folder.mkdir(exist_ok=True)
        if kind == "sqlite":
            return settings_of(f"sqlite:///{folder}/isnad.db", folder / "media")
        return settings_of(fresh_postgres(request.getfixturevalue("postgres")), folder / "media")

    return make


@pytest.fixture
def settings(
    kind: str, templates: Maker, tmp_path: Path, request: pytest.FixtureRequest
) -> Settings:
    """A house with the demo stories."""
    return copied(kind, templates(kind, True), tmp_path, request)


@pytest.fixture
def other(kind: str, new: New) -> Settings:
    """A house that is not there yet, on the other database."""
    return new(next(one for one in KINDS if one != kind))


@pytest.fixture(params=KINDS)
def each(request: pytest.FixtureRequest, new: New) -> Settings:
    """A house that is not there yet, on either database."""
    return new(request.param)


def exported(settings: Settings, path: Path, media: bool = True) -> list[bytes]:
    """The lines of an export, without a process of its own."""
    db = Database(settings)
    path.write_bytes(b"".join(Export(db, media).lines()))
    db.engine.dispose()
    return path.read_bytes().splitlines()


def restored(settings: Settings, path: Path) -> restore.Restored:
    db = Database(settings)
    done = restore.restore(db, path)
    assert check.faults(db) == []
    db.engine.dispose()
    return done


def contents(settings: Settings) -> dict[str, list[Row]]:
    """Every row of every table that is kept, and of the search index that is asked."""
    db = Database(settings)
    found = {}
    with db.engine.connect() as connection:
        for table in migrate.METADATA.sorted_tables:
            if table.name not in dump_format.LEFT_OUT:
                rows = connection.execute(table.select().order_by(*table.primary_key.columns))
                found[table.name] = [dict(row) for row in rows.mappings()]
    db.engine.dispose()
    [state] = found.pop("search_state")
    places = [found.pop("search_a"), found.pop("search_b")]
    for row in places[state["place"]]:
        row.pop("words")  # postings, each database's own way
    return found | {"index": places[state["place"]]}


def answers(
    settings: Settings, paths: list[str], key: str
) -> dict[str, tuple[int, str | None, bytes]]:
    """Status, ETag and bytes of each address, for anybody and for an administrator."""

    async def ask() -> dict[str, tuple[int, str | None, bytes]]:
        app = create_app(settings.model_copy(update={"public_url": BASE}))
        transport = httpx.ASGITransport(app)
        found = {}
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url=BASE) as client,
        ):
            client.headers["X-Request-Id"] = "the-same"
            for who, headers in (("anybody", {}), ("admin", {"Authorization": f"Bearer {key}"})):
                for path in paths:
                    told = await client.get(path, headers=headers)
                    found[f"{who} {path}"] = (
                        told.status_code,
                        told.headers.get("etag"),
                        told.content,
                    )
        return found

    return asyncio.run(ask())


def addresses(client: Client, admin: Client) -> list[str]:
    """An address of every operation, every story, and the whole log."""
    ids = [one["id"] for one in changes(admin, "noun=article&latest=true")]
    stories = [f"/v1/articles/{id}" for id in ids]
    chains = [f"{path}/attributions" for path in stories]
    pages = [path for path, _ in ASKED.values() if path != "/healthz"]
    log = ["/v1/changes?limit=1000", "/v1/changes?latest=true&include=article"]
    search = [f"/v1/search?q={words}" for words in ("rain", "harbour", "العاصفة", "القوارب")]
    return [*pages, *stories, *chains, *log, *search]


@pytest.fixture
def lived_in(
    client: Client, admin: Client, editor: Client, db: Database, settings: Settings
) -> Client:
    """A house with demo stories, and what a desk has done to it since."""
    rain = written(editor, attributions=[{"source": "reuters"}])
    put_out(editor, rain)
    saved(editor, rain, slug="rain-again", headline="Rain, again")
    written(editor, headline="A draft", translation_of=rain["id"], lang="ar")
    admin.post("/v1/keys", json={"role": "partner", "partner": "the-times", "name": "قديم"})
    with at_desk(db, by="operator") as desk:
        source = desk.session.exec(select(SourceRow).where(SourceRow.slug == "reuters")).one()
        verbs.change(desk, source, name={"ar": "رويترز", "en": "Reuters, London"})
    worker.work_through(db)
    rebuild.remake(db, learn=True)
    return client


def unused(line: bytes) -> bytes:
    """A line without when its key was last used: we used it while we looked."""
    return re.sub(rb'"last_used_at":("[^"]*"|null)', b"", line)


def test_a_restored_database_gives_the_same_responses_and_rows(
    lived_in: Client, admin: Client, settings: Settings, each: Settings, tmp_path: Path
) -> None:
    other, key = each, admin.headers["Authorization"].removeprefix("Bearer ")
    admin.get("/v1")
    done = isnad(settings, "export", "--output", str(tmp_path / "dump.jsonl"))
    assert done.returncode == 0, done.stderr
    lines = (tmp_path / "dump.jsonl").read_bytes().splitlines()
    assert (tmp_path / "dump.jsonl").stat().st_mode & 0o077 == 0
    told = isnad(other, "import", str(tmp_path / "dump.jsonl"))
    assert told.returncode == 0, told.stderr
    assert f"the log is at {lived_in.get('/v1').json()['change']}" in told.stdout
    paths = addresses(lived_in, admin)
    assert answers(other, paths, key) == answers(settings, paths, key)
    again = exported(other, tmp_path / "again.jsonl")
    assert [unused(line) for line in again[1:-1]] == [unused(line) for line in lines[1:-1]]
    copied, real = contents(other), contents(settings)
    for rows in (*copied.values(), *real.values()):
        for row in rows:
            row.pop("last_used_at", None)
    assert copied == real
    media = lived_in.get("/v1/images?limit=1").json()["items"][0]["url"].rpartition("/media/")[2]
    kept = [Path(one.media_url.removeprefix("file:")) / media for one in (settings, other)]
    assert kept[0].read_bytes() == kept[1].read_bytes()


def test_the_change_log_continues_after_a_restore(
    lived_in: Client, admin: Client, settings: Settings, other: Settings, tmp_path: Path, contract
) -> None:
    place = asked(lived_in, "cursor=now")["next"]
    head = lived_in.get("/v1").json()["change"]
    exported(settings, tmp_path / "dump.jsonl")
    restored(other, tmp_path / "dump.jsonl")
    served = Served(other)
    with Client(served, contract) as there:
        assert asked(there, f"cursor={place}")["items"] == []
        there.headers["Authorization"] = admin.headers["Authorization"]
        story = written(there, headline="After the move")
        put_out(there, story)
        found = asked(there, f"cursor={place}")["items"]
        assert [one["seq"] for one in found] == [head + 1, head + 2]
        former = there.get("/v1/articles/rain-in-the-hills", follow_redirects=False)
        assert former.headers["location"].endswith("/rain-again")
    served.stop()


def test_every_table_is_exported_or_deliberately_left_out() -> None:
    """Every table is exported or left out for a reason, and every column of it."""
    told = {str(table.name) for table in dump_format.tables()}
    assert told | {*dump_format.LEFT_OUT, *dump_format.INDEX} == set(migrate.METADATA.tables)
    assert set(dump_format.LEFT_OUT) == {"idempotency", "purge_cursor", "story_view_salt"}, (
        "what is left out must be good for nobody"
    )
    assert set(dump_format.INDEX) == {
        "search_state", "search_a", "search_b", "headline_key", "name_key", "image_word",
    }, "what is left out must be made by restoring.index"  # fmt: skip
    left = [
        f"{table.name}.{column.name}"
        for table in dump_format.tables() for column in table.columns
        if column not in dump_format.columns(table)
    ]  # fmt: skip
    assert left == ["article.updated_order", "document.body", "document.gzip"]


def some_value(column: Any, row: int) -> Any:
    """A value of a column's kind, another for each row."""
    kind = column.type
    if isinstance(kind, UTCDateTime):
        return datetime(2026, 1, 1, 12, 30, 0, row, tzinfo=UTC)
    if isinstance(kind, JsonText):
        return {"text": ["ب\u2028", row, 1.5, None, True]}
    if isinstance(kind, LargeBinary):
        return zstandard.compress(b"text %d" % row)
    if isinstance(kind, Boolean):
        return bool(row % 2)
    if isinstance(kind, Integer):
        return row
    return row + 0.1 if isinstance(kind, Float) else f'{column.name} "{row}"\n\\ ع \x7f 😀'


def some_rows(table: Table) -> list[Row]:
    """Three rows; those that point to others point to the first, or in their own table back."""
    rows = []
    for number in (1, 2, 3):
        row: Row = {}
        for column in table.columns:
            if column.computed is not None:
                continue
            pointing = next(iter(column.foreign_keys), None)
            row[column.name] = some_value(pointing.column if pointing else column, number)
            if pointing and pointing.column.table is table:
                above = {1: 3, 2: None, 3: 2}[number]  # not in the order of their keys
                row[column.name] = above and some_value(pointing.column, above)
        if table.name == "document":
            row["body"] = zstandard.decompress(row["zstd"])
            row["gzip"] = gzip.compress(row["body"], 4, mtime=0)
        rows.append(row)
    return sorted(rows, key=lambda row: [2, 3, 1].index(rows.index(row) + 1))


def test_every_exported_row_is_restored(db: Database, other: Settings, tmp_path: Path) -> None:
    """Also of tables that nobody thought of when this was written."""
    with write_transaction(db) as session:
        for table in reversed(migrate.METADATA.sorted_tables):
            if table.name != "search_state":
                session.execute(table.delete())
        for table in dump_format.tables():
            rows = [{"id": 1, "seq": 3}] if table.name == "log_head" else some_rows(table)
            for row in rows:
                insert_rows(session, table, [row])
    path = tmp_path / "dump.jsonl"
    path.write_bytes(b"".join(Export(db, with_confidential=True).lines()))
    target = Database(other)
    migrate.migrate(target.engine)
    with write_transaction(target) as session:
        restore.restore_items(session, other, dump_format.open_dump(path), restore.Restored())
    mine, theirs = contents(db.settings), contents(other)
    assert {name: len(rows) for name, rows in mine.items() if rows} == {
        str(table.name): 1 if table.name == "log_head" else 3 for table in dump_format.tables()
    }
    assert theirs == mine
    with write_transaction(target) as session:
        job = Job(kind="rerender", key="x", created_at=datetime.now(UTC))
        session.add(job)
        session.flush()
        assert job.id == 4
    target.engine.dispose()


def test_an_export_is_one_snapshot_while_others_write(
    client: Client, editor: Client, db: Database, other: Settings, tmp_path: Path
) -> None:
    put_out(editor, written(editor, headline="Before"))
    lines = Export(db).lines()
    kept = [next(lines) for _ in range(5)]
    put_out(editor, written(editor, headline="Meanwhile"))
    kept += lines
    path = tmp_path / "dump.jsonl"
    path.write_bytes(b"".join(kept))
    header, end = json.loads(kept[0]), json.loads(kept[-1])["end"]
    assert end["rows"]["change"] == header["log"]
    assert "Meanwhile" not in path.read_text()
    restored(other, path)


def test_only_an_empty_database_accepts_an_import(
    lived_in: Client, settings: Settings, other: Settings, new: New, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "dump.jsonl"
    exported(settings, path)
    before = contents(settings)
    refused = isnad(settings, "import", str(path))
    assert refused.returncode == 2
    assert "isn't empty" in refused.stderr and "Traceback" not in refused.stderr
    assert contents(settings) == before
    there = Database(other)
    migrate.migrate(there.engine)
    seed.seed_sources(there)  # the catalogue alone is a new house
    restored(other, path)
    with pytest.raises(BadDump, match="isn't empty"):
        restored(other, path)
    there.engine.dispose()
    keyed = new(kind)
    there = Database(keyed)
    migrate.migrate(there.engine)
    with at_desk(there, by="operator") as desk:
        keys.make(desk, KeyWrite(role=KeyRole.admin))
    with pytest.raises(BadDump, match="isn't empty"):
        restored(keyed, path)
    there.engine.dispose()


def test_different_settings_are_reported(
    lived_in, settings: Settings, other: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "dump.jsonl"
    exported(settings, path, media=False)
    there = other.model_copy(update={"langs": "en"})
    assert restored(there, path).notes == ["ISNAD_LANGS is 'en' here and was 'ar,en' there."]
    dump, past = dump_format.open_dump(path), other.model_copy(update={"public_versions": True})
    said = ["ISNAD_PUBLIC_VERSIONS is True here and was False there."]
    assert restore.differing_settings(past, dump) == said
    del dump.header["settings"]["public_versions"]  # a release before this setting
    assert restore.differing_settings(past, dump) == []
    assert not Path(other.media_url.removeprefix("file:")).exists()


@pytest.fixture(scope="module")
def dump(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """The lines of an export with files."""
    folder = tmp_path_factory.mktemp("dump")
    settings = settings_of(f"sqlite:///{folder}/isnad.db", folder / "media")
    assert isnad(settings, "demo").returncode == 0
    exported(settings, folder / "dump.jsonl")
    return (folder / "dump.jsonl").read_bytes().splitlines(keepends=True)


def line_with(dump: list[bytes], text: bytes) -> int:
    return next(place for place, line in enumerate(dump) if text in line)


def changed(dump: list[bytes], place: int, **more: Any) -> list[bytes]:
    told = json.loads(dump[place]) | more
    return [*dump[:place], json.dumps(told).encode() + b"\n", *dump[place + 1 :]]


def broken(dump: list[bytes]) -> dict[str, tuple[list[bytes], str]]:
    """Ways to be broken, and what is said."""
    row, part = line_with(dump, b'"table":"article"'), line_with(dump, b'{"media"')
    story = json.loads(dump[row])["row"]
    media = json.loads(dump[part])
    half = [line[: len(line) // 2] for line in dump]
    return {
        "empty": ([], "not an export"),
        "half its first line": ([half[0]], "breaks off in line 1"),
        "its first line alone": (dump[:1], "breaks off in line 2"),
        "half a row": ([*dump[:row], half[row]], f"breaks off in line {row + 1}"),
        "without its end": (dump[:-1], "breaks off"),
        "half its end": ([*dump[:-1], half[-1]], "breaks off"),
        "a row less": ([*dump[:row], *dump[row + 1 :]], "not what was written"),
        "a row twice": ([*dump[: row + 1], *dump[row:]], "not what was written"),
        "another letter": (changed(dump, row, row=story | {"slug": "x"}), "not what was written"),
        "two of them": (dump * 2, "not what was written"),
        "another type": (changed(dump, row, row=story | {"version": "1"}), "article.version"),
        "a null": (changed(dump, row, row=story | {"state": None}), "article.state"),
        "no time": (changed(dump, row, row=story | {"created_at": "x"}), "article.created_at"),
        "a column more": (changed(dump, row, row=story | {"x": 1}), "not the columns of article"),
        "another table": (changed(dump, row, table="x"), "neither a row"),
        "out of order": ([*dump[:-1], dump[row], dump[-1]], "out of its order"),
        "a list": ([*dump[:row], b"[]\n", *dump[row + 1 :]], "no object"),
        "not JSON": ([*dump[:row], b"{\n", *dump[row + 1 :]], "not JSON"),
        "another format": (changed(dump, 0, format=2), "format 2"),
        "another schema": (changed(dump, 0, schema="old"), "migrate"),
        "other tables": (changed(dump, 0, tables=["article"]), "other tables"),
        "a path": (changed(dump, part, media="../../x.jpg"), "not the next part"),
        "another size": (changed(dump, part, size=3), "another size"),
        "another part": (changed(dump, part, **{"from": 7}), "not the next part"),
        "other bytes": (changed(dump, part, data="AAAA", size=3), "other bytes"),
        "no base64": (changed(dump, part, data="*"), "not base64"),
        "half a file": (changed(dump, part, size=media["size"] + 1), "not the next part"),
        "a page": ([b"<html><body>\n"], "not an export"),
        "somebody's JSON": ([b'{"posts": []}\n'], "not an export"),
    }  # fmt: skip


WAYS = (
    "empty", "half its first line", "its first line alone", "half a row", "without its end",
    "half its end", "a row less", "a row twice", "another letter", "two of them", "another type",
    "a null", "no time", "a column more", "another table", "out of order", "a list", "not JSON",
    "another format", "another schema", "other tables", "a path", "another size", "another part",
    "other bytes", "no base64", "half a file", "a page", "somebody's JSON",
)  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_a_broken_file_imports_nothing(dump: list[bytes], way: str, tmp_path: Path) -> None:
    ways = broken(dump)
    assert set(ways) == set(WAYS)
    lines, says = ways[way]
    path = tmp_path / "dump.jsonl"
    path.write_bytes(b"".join(lines))
    settings = settings_of(f"sqlite:///{tmp_path}/new.db", tmp_path / "media")
    with pytest.raises(BadDump, match=says):
        restore.restore(Database(settings), path)
    assert not (tmp_path / "new.db").exists()
    assert not (tmp_path / "media").exists()


def test_a_failure_during_the_import_leaves_an_empty_database(
    dump: list[bytes], new: New, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "dump.jsonl"
    path.write_bytes(b"".join(dump))
    settings = new(kind)
    db = Database(settings)
    migrate.migrate(db.engine)
    before = contents(settings)

    def fail(session: Session, table: Table) -> None:
        if table.name == "document":
            raise OSError("No space left on device")

    monkeypatch.setattr(restore, "restart_sequence", fail)
    with pytest.raises(OSError, match="No space"):
        restore.restore(db, path)
    assert contents(settings) == before
    media = Path(settings.media_url.removeprefix("file:"))
    assert [one for one in media.rglob("*") if one.is_file()] == []
    monkeypatch.undo()
    assert restore.restore(db, path).rows["article"] == 28
    db.engine.dispose()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["--publish"], "as it is"),
        (["--section", "world"], "as it is"),
        (["other.html"], "alone"),
    ],
)
def test_an_export_cannot_be_imported_with_other_files(
    dump: list[bytes], tmp_path: Path, given: list[str], says: str
) -> None:
    path = tmp_path / "dump.jsonl"
    path.write_bytes(b"".join(dump))
    settings = settings_of(f"sqlite:///{tmp_path}/new.db", tmp_path / "media")
    done = CliRunner(env=environment(settings)).invoke(main.app, ["import", str(path), *given])
    assert done.exit_code == 2
    assert says in done.output
    assert not (tmp_path / "new.db").exists()


def test_a_database_without_the_schema_is_not_exported(tmp_path: Path, kind: str, new: New) -> None:
    settings = new(kind)
    done = isnad(settings, "export", "--output", str(tmp_path / "x.jsonl"))
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert list(tmp_path.glob("x.*")) == []
    page = tmp_path / "page.html"
    page.write_text("<html><h1>News</h1></html>")
    done = isnad(settings, "import", "--format", "export", str(page))
    assert done.returncode == 2 and "not an export" in done.stderr


def test_a_missing_image_file_is_reported(
    client: Client, settings: Settings, tmp_path: Path
) -> None:
    folder = Path(settings.media_url.removeprefix("file:"))
    lost = sorted(one for one in folder.rglob("*.jpg"))[3]
    lost.unlink()
    done = isnad(settings, "export", "--output", str(tmp_path / "x.jsonl"))
    assert done.returncode == 1
    assert f"missing in the media store: {lost.relative_to(folder)}" in done.stderr
    assert (tmp_path / "x.jsonl").exists()


def test_an_export_can_be_written_to_standard_output(client: Client, settings: Settings) -> None:
    done = isnad(settings, "export")
    assert done.returncode == 0
    assert json.loads(done.stdout.splitlines()[0])["isnad"] == "export"
    assert "end" in json.loads(done.stdout.splitlines()[-1])
