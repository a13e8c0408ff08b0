"""Search by time in one statement: the same stories in the same order as any other way finds."""

from collections.abc import Iterator
from typing import Any

import pytest

from app.request.search import SearchParams
from app.search.highlights import MARKED
from app.search_index import active_index
from tests.conftest import Client, Maker, Served, copied
from tests.search.test_search import ask, fill, walked
from tests.support.contract import Contract


@pytest.fixture(scope="module", params=["sqlite-1", "sqlite-3", "postgresql-1", "postgresql-3"])
def archive(
    request: pytest.FixtureRequest, templates: Maker, contract: Contract,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Client]:  # fmt: skip
    """260 stories, one or three at each moment; a seventeenth is a word of few."""
    kind, _, together = request.param.partition("-")
    folder = tmp_path_factory.mktemp("by-time")
    made = copied(kind, templates(kind, False), folder, request)
    fill(made, int(together))
    served = Served(made)
    with Client(served, contract) as client:
        yield client
    served.stop()


@pytest.fixture
def statements(archive: Client, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    reader, asked = archive.served.app.state.services.db.reader, list[str]()
    rows = reader.rows

    async def counting(sql: str, *given: Any, **more: Any) -> Any:
        asked.append(sql)
        return await rows(sql, *given, **more)

    monkeypatch.setattr(reader, "rows", counting)
    return asked


QUESTIONS = ("harbour", "crane -tide lantern", '"tide storm"', "n7")


@pytest.mark.parametrize("sort", ["newest", "published_at"])
@pytest.mark.parametrize("limit", [7, 20])
def test_the_fast_search_by_time_equals_the_general_one(
    archive: Client, monkeypatch: pytest.MonkeyPatch, sort: str, limit: int
) -> None:
    for q in QUESTIONS:
        for more in ({}, {"lang": "ar", "source": "reuters"}):
            asked = {"q": q, "sort": sort, "limit": limit, **more}
            found = walked(archive, "/v1/search", **asked)
            with monkeypatch.context() as patched:
                patched.setattr(SearchParams, "streams", False)
                assert found == walked(archive, "/v1/search", **asked, count="none"), asked


@pytest.mark.parametrize("archive", ["sqlite-1", "postgresql-1"], indirect=True)
def test_a_search_by_time_takes_one_statement_and_one_for_new_highlights(
    archive: Client, statements: list[str]
) -> None:
    for q in ("harbour", "harbour crane"):
        ask(archive, q, sort="newest", lang="ar,en")  # the index is known, and words are counted
        MARKED.young.clear()
        MARKED.old.clear()
        for limit, expected in ((12, 2), (11, 1)):  # the fewer are marked already
            statements.clear()
            ask(archive, q, sort="newest", limit=limit)
            assert len(statements) == expected, statements


def test_a_swapped_index_is_noticed(archive: Client) -> None:
    house = active_index.house(archive.served.app.state.services.settings)
    before = ask(archive, "harbour", sort="newest")
    known = active_index.INDEXES[house]
    active_index.INDEXES[house] = active_index.Index(known.place, known.analyser, "1 other ")
    assert ask(archive, "harbour", sort="newest", limit=37)["items"][:20] == before["items"]
    assert active_index.INDEXES[house] == known
