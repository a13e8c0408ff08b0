"""The schema: migrations and models say the same, on both databases; the log has no gap."""

import threading

from alembic.script import ScriptDirectory
from sqlmodel import Session, col, select

from app.attribution.known_sources import entries
from app.cli import check
from app.db import migrate
from app.db.database import Database
from app.desk.articles import publishing
from app.desk.catalog import seed
from app.desk.transaction import at_desk
from app.errors import Conflict
from app.models.article import ArticleRow, ArticleWrite, VersionRow
from app.models.change import ChangeRow, LogHead
from app.models.source import SourceRow


def test_migrations_build_the_schema_of_the_models(db: Database) -> None:
    assert check.faults(db) == []


def test_migrations_have_one_newest_revision() -> None:
    scripts = ScriptDirectory.from_config(migrate.alembic_config())
    assert scripts.get_heads() == [migrate.newest_revision()]


def test_a_missing_column_is_reported(db: Database) -> None:
    with db.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE tag DROP COLUMN wikidata")
    assert any("schema differs" in fault for fault in check.faults(db))


def test_migrating_and_seeding_again_changes_nothing(db: Database) -> None:
    with db.reading() as session:
        before = session.exec(select(LogHead.seq)).one()
    migrate.migrate(db.engine)
    assert seed.seed_sources(db) == 0
    with db.reading() as session:
        assert session.exec(select(LogHead.seq)).one() == before
        assert len(session.exec(select(SourceRow)).all()) == len(entries()) >= 120


def test_many_writers_leave_a_log_without_gaps_and_every_story(db: Database) -> None:
    """Eight threads write 80 stories; numbers follow each other in the order of commits."""

    def write(number: int) -> None:
        for place in range(10):
            sent = ArticleWrite(lang="en", headline=f"Story {number} {place}")
            with at_desk(db) as desk:
                publishing.publish(desk, publishing.create(desk, sent))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with db.reading() as session:
        numbers = session.exec(select(ChangeRow.seq).order_by(col(ChangeRow.seq))).all()
        assert list(numbers) == list(range(1, len(numbers) + 1))
        assert session.exec(select(LogHead.seq)).one() == len(numbers)
        assert len(session.exec(select(ArticleRow)).all()) == 80
    assert check.faults(db) == []


def test_a_transaction_that_fails_leaves_nothing(db: Database) -> None:
    class Stop(Exception):
        pass

    with db.reading() as session:
        before = session.exec(select(LogHead.seq)).one()
    try:
        with at_desk(db) as desk:
            publishing.create(desk, ArticleWrite(lang="en", headline="Never"))
            desk.session.flush()
            raise Stop
    except Stop:
        pass
    with db.reading() as session:
        assert session.exec(select(ArticleRow)).all() == []
        assert session.exec(select(LogHead.seq)).one() == before


def test_publishing_twice_at_once_is_one_success(db: Database, told) -> None:
    row = told(publish=False)
    done: list[str] = []

    def publish() -> None:
        try:
            with at_desk(db) as desk:
                publishing.publish(desk, publishing.get(desk, row.id))
            done.append("published")
        except Conflict:
            done.append("conflict")

    threads = [threading.Thread(target=publish) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == ["conflict"] * 7 + ["published"]


def test_every_save_is_a_version_and_old_ones_stay(db: Database, told) -> None:
    row = told(headline="First")
    for headline in ("Second", "Third"):
        with at_desk(db) as desk:
            sent = ArticleWrite(lang="en", headline=headline)
            publishing.revise(desk, publishing.get(desk, row.id), sent)
    with Session(db.engine) as session:
        versions = session.exec(select(VersionRow).order_by(col(VersionRow.version))).all()
        assert [(one.version, one.content["headline"]) for one in versions] == [
            (1, "First"), (2, "Second"), (3, "Third"),
        ]  # fmt: skip
