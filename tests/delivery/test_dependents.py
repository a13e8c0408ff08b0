"""What rests on a source or a dispatch, page by page."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import Session

from app.db import migrate
from app.db.database import Database
from app.db.dialects import insert_rows
from app.models.article import ArticleRow
from tests.conftest import Client

STORY = ("article", "article_version", "card", "attribution")


def copied(db: Database, row: ArticleRow, source: str | None, n: int) -> list[str]:
    """So many more stories like this one, every tenth of them a draft; each rests on the source,
    or on what this one rests on."""
    ids = [f"art_copy{number:04}" for number in range(n)]
    tables = [migrate.METADATA.tables[name] for name in STORY]
    with Session(db.engine) as session:
        for table in tables:
            key = table.c["id" if table.name == "article" else "article_id"]
            rows = [
                dict(one) for one in session.execute(table.select().where(key == row.id)).mappings()
            ]
            rows = [{k: v for k, v in one.items() if not table.c[k].computed} for one in rows]
            more = [one | {key.name: id} for id in ids for one in rows]
            for number, one in enumerate(more):
                if table.name == "article":
                    state = "draft" if number % 10 == 9 else one["state"]
                    one |= {"slug": one["id"], "slug_key": one["id"], "state": state}
                if table.name == "attribution" and one["id"] == "first" and source:
                    one["source_id"] = source
            insert_rows(session, table, more)
        session.commit()
    return ids


@pytest.fixture
def read(client: Client, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each statement of the delivery plane gave."""
    reader, counts = client.served.app.state.services.reader, list[int]()
    rows = reader.rows

    async def counting(*given: Any, **more: Any) -> Any:
        found = await rows(*given, **more)
        counts.append(len(found))
        return found

    monkeypatch.setattr(reader, "rows", counting)
    return counts


def test_five_thousand_dependents_are_read_page_by_page(
    client: Client, editor: Client, db: Database, told: Callable[..., ArticleRow], read: list[int]
) -> None:
    row = told(slug="one", attributions=[
        {"id": "first", "source": "afp"}, {"id": "second", "source": "tass", "via": "first"},
    ])  # fmt: skip
    source = str(client.get("/v1/sources/reuters").json()["id"])
    ids = copied(db, row, source, 2_800)
    url, found, pages = (
        "/v1/sources/reuters/dependents?limit=100",
        list[dict[str, Any]](),
        list[Any](),
    )
    cursor = ""
    while cursor is not None:
        read.clear()
        pages.append(client.get(url + (f"&cursor={cursor}" if cursor else "")).json())
        assert len(read) <= 6 and max(read) <= 2 * 101 and sum(read) <= 500, read
        found += pages[-1]["items"]
        cursor = pages[-1]["next"]
    out = [id for number, id in enumerate(ids) if number % 10 != 9]
    assert len(found) == 5_040 and len(pages) == 51
    assert [(one["article"]["id"], one["attribution"]) for one in found] == [
        (id, link) for id in reversed(out) for link in ("first", "second")
    ]  # fmt: skip
    assert found[1]["through"] == ["first"] and found[1]["article"]["headline"] == "A story"
    back = client.get(f"{url}&cursor={pages[30]['prev']}").json()
    assert back["items"] == pages[29]["items"] and back["next"] == pages[29]["next"]
    assert len(editor.get(url).json()["items"]) == 100
    assert editor.get(f"{url}&cursor={pages[0]['next']}").status_code == 400, "another's list"
    odd = client.get("/v1/sources/reuters/dependents?limit=7").json()
    rest = client.get(f"/v1/sources/reuters/dependents?limit=7&cursor={odd['next']}").json()
    linked = client.get("/v1/sources/reuters/dependents?limit=7").links["next"]["url"]
    assert linked.endswith(f"/v1/sources/reuters/dependents?limit=7&cursor={odd['next']}")
    assert odd["items"] + rest["items"] == found[:14], "a story may lie across two pages"
    before = client.get(f"/v1/sources/reuters/dependents?limit=7&cursor={rest['prev']}").json()
    assert before["items"] == odd["items"] and before["prev"] is None
    assert client.get(f"{url}&sort=slug").status_code == 400


def test_a_dispatch_lists_a_hundred_dependents_and_a_cursor_for_the_rest(
    client: Client, editor: Client, db: Database, told: Callable[..., ArticleRow], read: list[int]
) -> None:
    item = editor.post("/v1/dispatches", json={"source": "afp", "item_id": "A-1"}).json()
    other = editor.post("/v1/dispatches", json={"source": "afp", "item_id": "A-2"}).json()
    url = f"/v1/dispatches/{item['id']}"
    assert item["dependents"] == [] and item["dependents_next"] is None
    row = told(slug="one", attributions=[
        {"id": "first", "source": "afp", "dispatch_id": item["id"]},
        {"id": "second", "source": "tass", "via": "first"},
        {"id": "third", "source": "afp", "dispatch_id": other["id"]},
    ])  # fmt: skip
    ids = copied(db, row, None, 1_200)
    whole = client.get(url).json()
    more, found = whole["links"]["dependents"], whole["dependents"]
    cursor = whole["dependents_next"]
    assert more == f"{client.served.url}{url}/dependents"
    assert len(found) == 100 and found[1]["through"] == ["first"]
    assert client.get(f"{more}?limit=100").json()["items"] == found
    while cursor:
        read.clear()
        page = client.get(more, params={"limit": 100, "cursor": cursor}).json()
        assert len(read) <= 6 and max(read) <= 3 * 101, read
        found, cursor = found + page["items"], page["next"]
    out = [row.id, *(id for number, id in enumerate(ids) if number % 10 != 9)]
    assert [(one["article"]["id"], one["attribution"]) for one in found] == [
        (id, link) for id in sorted(out, reverse=True) for link in ("first", "second")
    ]
    refused = editor.get(more, params={"cursor": whole["dependents_next"]})
    assert refused.status_code == 400, "another's list"
    seen = editor.get(url).json()
    assert len(seen["dependents"]) == 100 and seen["dependents_next"] != whole["dependents_next"]
    again = editor.patch(url, json=seen, headers={"If-Match": '"v1"'})
    assert again.status_code == 200, "what is read can be sent back"
    gone = editor.put(f"{url}/withdrawal", json={"kind": "kill"}).json()
    assert gone["resting_count"] == 2 * 1_201 and len(gone["resting"]) == 100
    assert client.get(f"{url}/dependents").status_code == 410
    assert client.get("/v1/dispatches/dsp_none/dependents").status_code == 404
