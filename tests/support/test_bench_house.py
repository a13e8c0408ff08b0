"""The house that the bench fills with copies is as if each story had been imported."""

import gzip
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import httpx
import pytest
import zstandard
from sqlmodel import Session, select

from app.cli import check
from app.config import Settings
from app.db.database import Database
from app.main import create_app
from app.models.article import ArticleRow, CardRow, DocumentRow, TermRow
from app.models.image import ImageRow, ImageUseRow
from app.models.search import HeadlineKey, ImageWord
from app.models.source import AttributionRow
from app.rendering import documents
from app.search_index import writer
from app.search_index.text import image_words, keys_of, texts_of
from bench import bulk
from bench.stories import NEWEST, SELDOM, WORDS, pages

STORIES, SEEDS = 300, 40


@pytest.fixture
def house(db: Database) -> Database:
    filled = bulk.fill(db, STORIES, pages, seed=SEEDS)
    assert (filled.imported, filled.copied) == (SEEDS, STORIES - SEEDS)
    return db


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def reader(house: Database) -> AsyncIterator[httpx.AsyncClient]:
    """Whoever reads it, at the address that its documents were made for."""
    app = create_app(house.settings)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url=house.settings.public_url
        ) as made,
    ):
        yield made


def test_copies_equal_a_rendering_of_each(house: Database):
    assert check.faults(house) == []
    with house.reading() as session:
        ids = list(session.exec(select(ArticleRow.id)))
        assert len(ids) == STORIES
        stamp = documents.stamp_of(house.settings)
        for one in documents.build(session, house.settings, ids):
            card = session.get_one(CardRow, one.row.id).model_dump()
            assert card == documents.card_row(one, stamp)
            kept = session.get_one(DocumentRow, one.row.id).model_dump()
            assert kept == documents.document_row(one, stamp, kept["since"])
            assert zstandard.decompress(kept["zstd"]) == gzip.decompress(kept["gzip"]) == one.whole
            assert kept["since"] == one.row.modified_at == one.row.created_at
            hold_rows(session, house.settings, one)


def by_columns(row: dict[str, Any]) -> str:
    """A sort key that is the same whatever order the row has its columns in."""
    return str(sorted(row.items()))


def hold_rows(session: Session, settings: Settings, one: documents.Built) -> None:
    """What a story is found by."""
    for table, wanted in (
        (TermRow, documents.term_rows(one)), (AttributionRow, documents.attribution_rows(one)),
        (ImageUseRow, [row | {"update_id": None} for row in documents.image_rows(one)]),
        (HeadlineKey, keys_of(one.row.id, texts_of(one.whole).title)),
    ):  # fmt: skip
        rows = session.exec(select(table).where(table.article_id == one.row.id))
        kept = sorted((row.model_dump() for row in rows), key=by_columns)
        assert kept == sorted(wanted, key=by_columns), table
    image = one.content["lead_image"]["id"]
    found = session.exec(select(ImageWord.word).where(ImageWord.image_id == image)).all()
    texts = session.get_one(ImageRow, image)
    words = image_words(image, texts.caption, texts.alt, texts.credit)
    assert sorted(found) == sorted(row["word"] for row in words)
    [place] = writer.places(session, settings)
    [entry] = writer.entries_of(session, place.table, [one.row.id])
    assert entry == writer.entry(place.analyser, one.row, texts_of(one.whole))


@pytest.mark.anyio
async def test_copied_stories_are_listed(reader: httpx.AsyncClient):
    walked, cursor = [], ""
    while cursor is not None:
        answer = await reader.get(f"/v1/articles?section=bench&limit=100{cursor}")
        walked += answer.json()["items"]
        cursor = (following := answer.json()["next"]) and f"&cursor={following}"
    assert [one["headline"][-7:] for one in walked] == [f"{at:07}" for at in range(STORIES)]
    assert datetime.fromisoformat(walked[0]["published_at"]) == NEWEST
    for number in (7, 299):
        story = (await reader.get(f"/v1/articles/{walked[number]['slug']}")).json()
        assert story["id"] == walked[number]["id"] == story["attributions"][0]["scope"]["article"]
        found = (await reader.get(f"/v1/search?q={number:07}&count=exact")).json()
        assert ([one["id"] for one in found["items"]], found["count"]) == ([story["id"]], 1)
    feed = (await reader.get("/feeds/bench.rss?limit=5")).text
    assert all(one["url"] in feed for one in walked[:5])


@pytest.mark.anyio
async def test_copied_stories_are_in_the_change_log(reader: httpx.AsyncClient):
    seen, cursor = set(), ""
    while items := (page := (await reader.get(f"/v1/changes{cursor}")).json())["items"]:
        seen |= {one["id"] for one in items if one["type"] == "published"}
        cursor = f"?cursor={page['next']}"
    assert len(seen) == STORIES


def test_a_medium_word_is_in_one_of_two_hundred_and_a_common_one_in_most():
    bodies = [" ".join(block.text or "" for block in one.blocks) for one in pages(400)]
    for word in SELDOM:
        assert sum(word in body for body in bodies) == 2
    assert sum(WORDS[0] in body for body in bodies) > 300
