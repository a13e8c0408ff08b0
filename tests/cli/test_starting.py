"""Commands at the same moment, on databases that are empty, older or newer than this release."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import make_url, text

from app.cli import check, main
from app.config import Settings
from app.db import migrate
from app.db.database import Database
from app.server import WITH_WORKER
from tests.cli.test_commands import environment
from tests.conftest import settings_of
from tests.support.databases import fresh_postgres

COMMANDS = [
    ["work", "--once"], ["key", "create", "--role", "admin"], ["key", "list"], ["import", __file__],
    ["kill", "a-story"], ["export"], ["check"], ["touch", "art_1"], ["reindex"],
]  # fmt: skip
NEWER = "ffff12345678"
Refused = Callable[[Settings, list[str], str], None]
Revision = Callable[[str], None]


def at_once(settings: Settings, *given: list[str]) -> list[tuple[int, str]]:
    """Exit codes and errors of commands that start together."""
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "app", *words], env=environment(settings),
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )
        for words in given
    ]  # fmt: skip
    ended = [(one.communicate(timeout=180)[1], one.returncode) for one in running]
    return [(code, said) for said, code in ended]


@pytest.fixture
def empty(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    """Settings over a database without a table."""
    url = f"sqlite:///{tmp_path}/isnad.db"
    if kind == "postgresql":
        url = fresh_postgres(request.getfixturevalue("postgres"))
    return settings_of(url, tmp_path / "media")


def test_commands_started_at_once_wait_for_one_migration(empty: Settings) -> None:
    given = [["demo"], ["migrate"], ["demo"]]
    assert at_once(empty, *given) == [(0, "")] * len(given)
    db = Database(empty)
    assert check.faults(db) == []
    with db.engine.connect() as connection:
        for sql in ("SELECT slug FROM source", "SELECT identity FROM article"):
            found = connection.execute(text(sql)).scalars().all()
            assert len(found) == len(set(found)) >= 28
    db.engine.dispose()


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Refused:
    """Hold that a command, run in this process, says one line and ends with 2."""

    def refuse(settings: Settings, words: list[str], says: str) -> None:
        monkeypatch.setattr(sys, "argv", ["isnad", *words])
        served = {"ISNAD_PUBLIC_URL": "http://127.0.0.1:8000", WITH_WORKER: ""}  # `serve` sets them
        for name, value in (environment(settings) | served).items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as ended:
            main.main()
        said = capsys.readouterr()
        assert ended.value.code == 2
        assert says in said.err and said.out == ""
        assert said.err.startswith("isnad: ") and said.err.count("\n") == 1, said.err

    return refuse


def test_a_command_on_an_empty_database_says_to_migrate(empty: Settings, refused: Refused) -> None:
    for words in COMMANDS if empty.is_sqlite else [*COMMANDS, ["serve", "--port", "0"]]:
        refused(empty, words, "run `isnad migrate`")


@pytest.fixture
def revision(settings: Settings) -> Iterator[Revision]:
    """Have the database say that it is at a revision."""
    db = Database(settings)

    def say(revision: str) -> None:
        with db.engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :r"), {"r": revision})

    yield say
    db.engine.dispose()


def test_an_older_release_on_a_newer_database_says_so(
    settings: Settings, revision: Revision, refused: Refused
) -> None:
    revision(NEWER)
    for words in [*COMMANDS, ["migrate"], ["demo"], ["serve", "--port", "0"]]:
        refused(settings, words, "of a newer release than this one")


def test_a_command_on_an_older_database_says_to_migrate(
    settings: Settings, revision: Revision, refused: Refused
) -> None:
    revision(migrate.FIRST)
    refused(settings, ["work", "--once"], "of an older release: run `isnad migrate`")


def test_migrations_are_known_by_the_names_of_their_files() -> None:
    scripts = ScriptDirectory.from_config(migrate.alembic_config())
    known = [script.revision for script in scripts.walk_revisions()]
    assert known[::-1] == migrate.revisions()


def test_tables_in_a_schema_missing_from_the_url_are_reported(
    postgres: str, tmp_path: Path
) -> None:
    url = make_url(fresh_postgres(postgres))
    named = url.update_query_dict({"options": "-csearch_path=news"})
    plain, there = (
        settings_of(one.render_as_string(hide_password=False), tmp_path) for one in (url, named)
    )
    db = Database(there)
    with db.engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA news"))
    migrate.migrate(db.engine)
    migrate.require_current(db.engine)
    db.engine.dispose()
    other = Database(plain)
    for work in (migrate.migrate, migrate.require_current):
        with pytest.raises(migrate.SchemaMismatch, match="options=-csearch_path%3Dnews"):
            work(other.engine)
    other.engine.dispose()
