"""Changes of what many stories show: re-rendered at once or by the worker, logged, resumable."""

import threading

import pytest
from sqlmodel import col, select

from app import worker
from app.desk.articles import publishing
from app.desk.catalog import verbs
from app.desk.transaction import BATCH, at_desk
from app.models.article import ArticleRow
from app.models.change import ChangeRow, Job
from app.models.section import SectionRow
from app.models.source import SourceRow
from app.rendering import documents

LATEST = {"If-Match": '"v1"'}


def many(told, count: int) -> None:
    for number in range(count):
        told(slug=f"s{number}", section="world/asia", attributions=[{"source": "reuters"}])


@pytest.fixture
def sections(db) -> None:
    with at_desk(db) as desk:
        for path, name in (("world", "World"), ("world/asia", "Asia"), ("news", "News")):
            verbs.add_section(desk, path, {"ar": name, "en": name})


def rename(db, name: str) -> int:
    with at_desk(db) as desk:
        row = desk.session.exec(select(SourceRow).where(SourceRow.slug == "reuters")).one()
        return verbs.change(desk, row, name={"ar": name, "en": name})


def changes(db, after: int = 0) -> list[ChangeRow]:
    with db.reading() as session:
        rows = select(ChangeRow).where(col(ChangeRow.seq) > after).order_by(col(ChangeRow.seq))
        return list(session.exec(rows))


def test_up_to_twenty_stories_are_rendered_in_the_same_transaction(
    client, db, told, sections
) -> None:
    many(told, 20)
    head = changes(db)[-1].seq
    assert rename(db, "R") == 20
    rows = changes(db, head)
    assert [row.type for row in rows] == ["updated", "rerendered"]
    source = client.get("/v1/sources/reuters").json()
    assert rows[0].keys == source["id"]
    assert len(rows[1].ids) == 20
    story = client.get("/v1/articles/s7")
    assert story.json()["credit_line"]["en"] == "Source: R"
    assert source["id"] in story.headers["surrogate-key"].split()


def test_more_stories_are_rendered_by_the_worker_in_batches(client, db, told, sections) -> None:
    many(told, BATCH + 10)
    before = client.get("/v1/articles/s1")
    head = changes(db)[-1].seq
    assert rename(db, "Later") == BATCH + 10
    assert [row.type for row in changes(db, head)] == ["updated"]
    assert worker.rerender_step(db) == BATCH
    assert worker.rerender_step(db) == 10  # another worker would go on from here
    assert worker.rerender_step(db) == 0
    batches = [row.ids for row in changes(db, head) if row.type == "rerendered"]
    assert [len(ids) for ids in batches] == [BATCH, 10]
    assert len({id for ids in batches for id in ids}) == BATCH + 10
    after = client.get("/v1/articles/s1")
    assert after.json()["credit_line"]["en"] == "Source: Later"
    assert after.json()["version"] == before.json()["version"] == 1
    assert after.json()["modified_at"] > before.json()["modified_at"]
    with db.reading() as session:
        assert session.exec(select(Job)).all() == []


def test_a_failed_batch_is_repeated_once(db, told, sections, monkeypatch) -> None:
    many(told, 30)
    rename(db, "X")
    head = changes(db)[-1].seq
    real = verbs.rerender

    def broken(*given) -> None:
        real(*given)
        raise RuntimeError("the power went")

    monkeypatch.setattr(verbs, "rerender", broken)
    with pytest.raises(RuntimeError):
        worker.rerender_step(db)
    assert changes(db, head) == []
    monkeypatch.setattr(verbs, "rerender", real)
    assert worker.work_through(db) == 30
    assert [len(row.ids) for row in changes(db, head)] == [30]


def test_a_moved_section_redirects_from_its_old_path(client, db, told, sections) -> None:
    many(told, 3)
    with at_desk(db) as desk:
        by_path = {row.path: row for row in desk.session.exec(select(SectionRow))}
        verbs.move_section(desk, by_path["world/asia"], by_path["news"], "orient")
    story = client.get("/v1/articles/s0").json()
    assert story["section"]["path"] == "news/orient"
    assert story["url"].endswith("/en/news/orient/s0")
    assert len(client.get("/v1/articles?section=news").json()["items"]) == 3
    assert len(client.get("/v1/articles?section=world/asia").json()["items"]) == 3
    assert client.get("/v1/articles?section=world").json()["items"] == []
    moved = client.get("/v1/sections/world/asia")
    assert moved.status_code == 308
    assert moved.headers["location"].endswith("/v1/sections/news/orient")


def test_documents_of_another_renderer_are_refreshed_without_log_rows(client, db, told) -> None:
    told(slug="one")
    with db.reading() as session:
        before = session.exec(select(ArticleRow.modified_at)).one()
    head = changes(db)[-1].seq
    other = db.settings.model_copy(update={"public_url": "https://api.example"})
    db.settings = other
    assert worker.refresh_step(db) == 1
    assert worker.refresh_step(db) == 0
    assert changes(db, head) == []
    with db.reading() as session:
        assert session.exec(select(ArticleRow.modified_at)).one() == before


def test_a_write_during_a_refresh_wins(client, editor, db, told, monkeypatch) -> None:
    told(slug="one")
    db.settings = db.settings.model_copy(update={"public_url": "https://api.example"})
    build = documents.build
    writers: list[threading.Thread] = []

    def built_before_a_write(*given):
        found = build(*given)
        if not writers:
            writers.append(threading.Thread(target=rewrite))
            writers[0].start()
            writers[0].join(0.5)  # it waits until the story is free
        return found

    def rewrite() -> None:
        assert editor.patch(
            "/v1/articles/one", json={"headline": "Newer"}, headers=LATEST
        ).is_success

    monkeypatch.setattr(documents, "build", built_before_a_write)
    assert worker.refresh_step(db) == 1
    writers[0].join()
    assert client.get("/v1/articles/one").json()["headline"] == "Newer"


def test_a_refresh_skips_stories_that_are_being_written(db, told, kind) -> None:
    if kind == "sqlite":
        return  # one writer at a time
    told(slug="one")
    told(slug="two")
    db.settings = db.settings.model_copy(update={"public_url": "https://api.example"})
    with at_desk(db) as desk:
        publishing.get(desk, "one")
        assert worker.refresh_step(db) == 1
    assert worker.refresh_step(db) == 1
    assert worker.refresh_step(db) == 0
