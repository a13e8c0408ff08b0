"""The index is rebuilt by itself: after another analyser, once there is enough to learn, after a kill."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import orjson
import pytest
import zstandard
from sqlmodel import select

from app.change_log.transaction import write_transaction
from app.cli import check
from app.db.database import Database
from app.models.article import ArticleRow
from app.models.search import SearchLexicon
from app.search import rebuild, upkeep
from app.search_index import writer
from tests.conftest import Client

Tell = Callable[..., ArticleRow]
NAME = "زنكوبار"
KILL = {"kind": "kill", "reason": "libel"}


@pytest.fixture(autouse=True)
def few_articles_are_enough_and_nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "ENOUGH", 3)
    monkeypatch.setattr(upkeep, "MOST_SECONDS", 0)


@pytest.fixture
def named(told: Tell) -> list[ArticleRow]:
    """Three public articles with a name that no table has."""
    headlines = (f"زار الوفد {NAME} أمس", f"عاد {NAME} إلى البلدة", f"{NAME} يعود")
    return [told(lang="ar", headline=headline) for headline in headlines]


def words(db: Database) -> dict[str, int]:
    """The words that are learnt."""
    with db.reading() as session:
        [lists] = [session.exec(select(SearchLexicon)).all()]
        return {
            word: count for one in lists
            for word, count in orjson.loads(zstandard.decompress(one.words)).items()
        }  # fmt: skip


def test_words_are_learnt_once_there_are_enough_public_articles(
    db: Database, client: Client, told: Tell, named: list[ArticleRow]
):
    told(lang="ar", headline="مسودة شخزبوطة", publish=False)
    told(lang="ar", headline="مسودة أخرى شخزبوطة", publish=False)
    assert upkeep.due(db, learning=False) is None
    assert upkeep.rebuild_if_due(db) and check.faults(db) == []
    assert NAME in words(db) and not any("شخزبوط" in word for word in words(db))
    row = told(lang="ar", headline=f"جائزة ل{NAME}")
    answer = client.get("/v1/search", params={"q": NAME}).json()
    assert row.id in [item["id"] for item in answer["items"]]
    assert not upkeep.rebuild_if_due(db)


def test_fewer_articles_teach_nothing(db: Database, told: Tell):
    told(headline="Nothing to learn")
    assert upkeep.due(db) is None


def test_words_are_learnt_anew_every_night(db: Database, named: list[ArticleRow]):
    upkeep.rebuild_if_due(db)
    today = datetime.now(UTC)
    hours = [today + timedelta(hours=hours) for hours in range(20, 45)]
    due = {hour.hour for hour in hours if upkeep.due(db, now=hour)}
    assert due == {upkeep.NIGHT}
    assert upkeep.due(db, now=today + timedelta(hours=19)) is None
    assert upkeep.due(db, now=today + timedelta(hours=49)) is True


def test_words_of_killed_articles_are_forgotten(
    db: Database, editor: Client, named: list[ArticleRow]
):
    upkeep.rebuild_if_due(db)
    for row in named[1:]:
        answer = editor.put(f"/v1/articles/{row.id}/withdrawal", json=KILL)
        assert answer.status_code in (200, 201), answer.text
    assert upkeep.rebuild_if_due(db)
    assert NAME not in words(db)
    assert not upkeep.rebuild_if_due(db)


def test_words_are_learnt_anew_after_an_article_was_deleted(db: Database, named: list[ArticleRow]):
    upkeep.rebuild_if_due(db)
    with write_transaction(db) as session:
        writer.forget(session, [named[0].id])
    assert upkeep.due(db) is True


def test_an_index_of_another_release_is_rebuilt(db: Database, client: Client, told: Tell):
    told(headline="The harbour opens")
    with write_transaction(db) as session:
        state = writer.state_of(session)
        state.version = "0-of-another-release"
        session.add(state)
    assert upkeep.due(db, learning=False) is False
    assert upkeep.rebuild_if_due(db)
    assert len(client.get("/v1/search?q=harbour").json()["items"]) == 1


def test_an_index_that_another_process_rebuilds_is_left_to_it(
    db: Database, named: list[ArticleRow]
):
    rebuild.begin(db, None)
    assert upkeep.due(db) is None
    assert not upkeep.rebuild_if_due(db)
