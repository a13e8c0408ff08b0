"""The search index: written with the story, made anew while it serves, never of two analyses."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlmodel import col, select

from app.change_log.transaction import write_transaction
from app.cli import check
from app.db.database import Database
from app.desk.articles import publishing
from app.desk.catalog import verbs
from app.desk.transaction import at_desk
from app.language import learned_lexicons
from app.models.article import ArticleRow, ArticleWrite
from app.models.search import ENTRIES, HeadlineKey, SearchState
from app.models.source import SourceRow
from app.search import rebuild
from app.search_index import writer as indexing
from app.search_index.active_index import Counts
from tests.conftest import Client

Tell = Callable[..., ArticleRow]
MOMENT = datetime(2026, 3, 1, 9, tzinfo=UTC)


def found(client: Client, q: str, **more: Any) -> list[str]:
    answer = client.get("/v1/search", params={"q": q, "limit": 100, **more})
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


def entries(db: Database, place: int | None = None) -> dict[str, Any]:
    with db.reading() as session:
        at = indexing.state_of(session).place if place is None else place
        return {row.article_id: row for row in session.exec(select(ENTRIES[at]))}


def test_a_story_is_found_once_it_is_published_and_in_its_present_form(
    db: Database, client: Client, told: Tell
):
    assert found(client, "harbour") == []
    row = told(headline="The harbour opens", body=[{"type": "paragraph", "text": "Cranes came."}])
    assert found(client, "harbour") == found(client, "crane") == [row.id]
    with at_desk(db) as desk:
        again = publishing.get(desk, row.id)
        publishing.revise(desk, again, ArticleWrite(lang="en", headline="The quay opens"))
    assert found(client, "quay") == [row.id]
    assert found(client, "harbour") == found(client, "crane") == []
    assert check.faults(db) == []


def test_a_rolled_back_write_is_not_indexed(db: Database, client: Client):
    class Stop(Exception):
        pass

    def fail() -> None:
        with at_desk(db) as desk:
            row = publishing.create(desk, ArticleWrite(lang="en", headline="Nobody reads this"))
            publishing.publish(desk, row)
            desk.finish()
            raise Stop

    with pytest.raises(Stop):
        fail()
    assert found(client, "nobody") == [] and entries(db) == {}


def test_rendering_without_changed_words_keeps_the_index_entry(db: Database, told: Tell):
    row = told(headline="One", attributions=[{"source": "reuters", "role": "origin"}])
    before = entries(db)[row.id]
    with at_desk(db) as desk:
        source = desk.session.exec(select(SourceRow).where(SourceRow.slug == "reuters")).one()
        verbs.change(desk, source, name={"ar": "رويترز", "en": "Reuters!"})
    assert entries(db)[row.id] == before


def test_the_entry_moves_with_the_time_of_publication(db: Database, client: Client, told: Tell):
    rows = [told(headline=f"Tide {n}", published_at=MOMENT.replace(day=n + 1)) for n in range(3)]
    assert found(client, "tide", sort="-published_at") == [row.id for row in reversed(rows)]
    with at_desk(db) as desk:
        row = publishing.get(desk, rows[0].id)
        row.published_at = MOMENT.replace(day=20)
        verbs.rerender(desk, [row.id], "touched")
    assert found(client, "tide", sort="-published_at")[0] == rows[0].id


@pytest.mark.parametrize("state", ["killed", "vanished"])
def test_a_withdrawn_story_leaves_the_index(db: Database, client: Client, told: Tell, state: str):
    row = told(headline="A mistake", slug="mistake")
    with at_desk(db) as desk:
        again = publishing.get(desk, row.id)
        again.state = state
        desk.render(row.id)
    assert found(client, "mistake") == [] and entries(db) == {}
    with db.reading() as session:
        assert session.exec(select(HeadlineKey)).all() == []
    assert check.index_faults(db) == []


def test_many_stories_of_one_second_each_have_a_rank(db: Database, client: Client):
    ids = []
    with at_desk(db) as desk:
        for number in range(40):
            write = ArticleWrite(lang="en", headline=f"Bell {number}", published_at=MOMENT)
            ids.append(publishing.publish(desk, publishing.create(desk, write)).id)
        desk.finish()
        rows = indexing.entries_of(desk.session, ENTRIES[0], ids)
        crowded = [row | {"rank": 7} for row in rows]
        indexing.settle_ranks(desk.session, ENTRIES[0], crowded, set())
        assert len({row["rank"] for row in crowded}) == 40
    listed = [item["id"] for item in client.get("/v1/articles?limit=100").json()["items"]]
    assert found(client, "bell", sort="-published_at") == listed


def test_a_rebuild_includes_stories_written_meanwhile(db: Database, client: Client, told: Tell):
    early = [told(headline=f"Early tide {number}") for number in range(3)]
    version = rebuild.begin(db, None)
    assert client.get("/readyz").json()["search"] == "making"
    between = told(headline="Tide between")
    with at_desk(db) as desk:
        row = publishing.get(desk, early[0].id)
        publishing.revise(desk, row, ArticleWrite(lang="en", headline="Early flood"))
    assert len(found(client, "tide")) == 3 and set(entries(db, 1)) == {between.id, early[0].id}
    for ids in rebuild.batches(db):
        rebuild.fill(db, version, ids)
    assert rebuild.exchange(db, version) == 4
    assert client.get("/readyz").json()["search"] == "ok"
    assert len(found(client, "tide")) == 3 and found(client, "flood") == [early[0].id]
    rebuild.clear(db)
    assert entries(db, 0) == {} and len(entries(db)) == 4 and check.faults(db) == []
    told(headline="Tide after")
    assert len(found(client, "tide")) == 4


def test_a_rebuild_beside_many_writers_loses_nothing(db: Database, client: Client, told: Tell):
    for number in range(30):
        told(headline=f"Storm {number}")
    stopped = threading.Event()

    def write() -> None:
        number = 100
        while not stopped.is_set():
            told(headline=f"Storm {number}")
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert rebuild.remake(db, learn=True) >= 30
    finally:
        stopped.set()
        writer.join()
    assert check.faults(db) == []
    with db.reading() as session:
        assert len(found(client, "storm")) == min(100, len(session.exec(select(ArticleRow)).all()))


def test_an_interrupted_rebuild_is_restarted_and_the_older_one_stops(db: Database, told: Tell):
    row = told(headline="One")
    first = rebuild.begin(db, None)
    with write_transaction(db) as session:
        state = indexing.state_of(session)
        state.making = "of-another"
        session.add(state)
    with pytest.raises(Exception, match="begun since"):
        rebuild.fill(db, first, [row.id])
    assert rebuild.remake(db) == 1 and check.faults(db) == []


def test_reindex_learns_words_from_the_stories(db: Database, client: Client, told: Tell):
    name = "زنكوبار"
    for text in (f"زار الوفد {name} أمس", f"عاد {name} إلى البلدة", f"{name} يعود"):
        told(lang="ar", headline=text)
    row = told(lang="ar", headline=f"جائزة لزنكوبار ول{name}ين")
    assert row.id not in found(client, name)
    assert rebuild.remake(db, learn=True) == 4
    assert row.id in found(client, name)
    with db.reading() as session:
        assert indexing.state_of(session).lexicon
    told(lang="ar", headline=f"وصول {name}")
    assert len(found(client, f"ل{name}")) == 5


def test_an_index_of_another_analyser_is_503_until_it_is_rebuilt(
    db: Database, client: Client, told: Tell
):
    told(headline="The harbour opens")
    with write_transaction(db) as session:
        state = session.exec(select(SearchState)).one()
        state.version = "0-of-another-release"
        session.add(state)
    refused = client.get("/v1/search?q=harbour")
    assert refused.status_code == 503 and refused.json()["code"] == "search-unavailable"
    assert client.get("/readyz").json()["search"] == "mismatch"
    assert client.get("/v1/articles").status_code == 200
    assert any("isnad reindex" in fault for fault in check.faults(db))
    told(headline="The harbour closes")  # writing goes on; what is there is not mixed with it
    assert len(entries(db)) == 1
    assert rebuild.remake(db) == 2
    assert len(found(client, "harbour")) == 2 and check.faults(db) == []


def test_an_analyser_is_made_once_for_a_list_and_few_are_kept():
    one = learned_lexicons.analyser("", "", lambda: b"")
    assert learned_lexicons.analyser("", "", lambda: b"") is one
    for number in range(5):
        learned_lexicons.analyser("", f"a{number}|b{number}", lambda: b"")
    assert len(learned_lexicons.ANALYSERS) <= learned_lexicons.MOST_ANALYSERS


def test_headlines_have_keys_from_their_first_words_on(db: Database, told: Tell):
    row = told(lang="ar", headline="القِمّة العربية في مرسى زين", publish=False)
    with db.reading() as session:
        kept = select(HeadlineKey.key).where(HeadlineKey.article_id == row.id)
        keys = session.exec(kept.order_by(col(HeadlineKey.place))).all()
    assert keys[:2] == ["قمه العربيه في مرسي زين", "عربيه في مرسي زين"] and len(keys) == 5


def test_one_query_refreshes_the_word_counts_for_all() -> None:
    counts = Counts()
    assert counts.due() and counts.due()  # nothing is known yet: there is nothing to go by
    counts.learn([(1_000, 7, 8.0, 30.0, 300.0)])
    assert not counts.due()
    counts.until = 0.0
    assert [counts.due() for _ in range(3)] == [True, False, False]
    assert counts.entries == 1_000
    counts.until = 0.0  # whoever looked has left
    assert counts.due()
