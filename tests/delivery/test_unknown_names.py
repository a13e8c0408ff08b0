"""A name that no story shows which the caller may see is as unknown as one that nobody ever gave:
otherwise a filter would tell what a sealed story, or one that isn't out yet, is about."""

from collections.abc import Callable
from typing import Any

import pytest

from app.db.database import Database
from app.delivery.unknown_names import HINTS
from app.desk.catalog import verbs
from app.desk.transaction import at_desk
from app.models.article import ArticleRow
from app.models.section import ContributorRow, TagRow
from app.queries import catalog_names
from tests.conftest import Client

HIDDEN = ("killed", "vanished", "unpublished", "draft", "scheduled")
LISTS = (
    "/v1/articles?", "/v1/articles?sort=updated_at&", "/v1/articles.ndjson?", "/v1/search?q=harbour&", "/v1/articles?q=harbour&",
    "/v1/search?q=harbour&sort=-published_at&", "/feeds/all.rss?", "/feeds/all.atom?", "/feeds/all.json?",
)  # fmt: skip
ASKED = (
    "{noun}={name}", "{noun}=-{name}", "{noun}=stays,{name}", "{noun}=stays&{noun}={name}",
    "{noun}={name}&lang=en", "{noun}={name}&urgency=3",
)  # fmt: skip


@pytest.fixture
def house(
    client: Client, editor: Client, db: Database, told: Callable[..., ArticleRow]
) -> dict[str, str]:
    """Stories that alone show a tag and a contributor of their state's name; ids of tags by it."""
    ids = {}
    with at_desk(db) as desk:
        for slug in ("stays", *HIDDEN):
            more: dict[str, Any] = {
                "name": {"ar": "كلمة"},
                "modified_at": desk.now,
                "created_at": desk.now,
            }
            tag = verbs.add(desk, TagRow(slug=slug, type="keyword", **more))
            verbs.add(desk, ContributorRow(slug=slug, **more))
            ids[slug] = tag.id
    for slug in ids:
        who = [{"contributor": slug, "role": "reporter"}]
        out = slug not in ("draft", "scheduled")
        told(slug=slug, headline="Harbour", tags=[slug], contributors=who, publish=out)
    for path in LISTS:
        if "sort" not in path and "q=" not in path:  # they are remembered, as they were
            assert client.get(f"{path}tag=killed").status_code == 200
    for slug, kind in (("killed", "kill"), ("vanished", "vanish")):
        assert editor.put(f"/v1/articles/{slug}/withdrawal", json={"kind": kind}).is_success
    assert editor.delete("/v1/articles/unpublished/publication").is_success
    moment = {"at": "2090-01-01T00:00:00Z"}
    assert editor.put("/v1/articles/scheduled/schedule", json=moment).is_success
    return ids


def test_a_name_that_only_hidden_stories_show_is_unknown(
    client: Client, house: dict[str, str]
) -> None:
    for path in LISTS:
        for noun in ("tag", "contributor"):
            for query in ASKED:
                unknown = refused(client, f"{path}{query}", noun, "neither")
                for state in HIDDEN:
                    assert refused(client, f"{path}{query}", noun, state) == unknown, (path, state)
        for state in HIDDEN:
            by_id = refused(client, f"{path}tag={{name}}", "tag", house[state])
            assert by_id == refused(client, f"{path}tag={{name}}", "tag", "neither"), path
    for state in HIDDEN:
        assert client.get(f"/v1/tags/{state}").status_code == 404, "a detail says the same"
        near = client.get(f"/v1/articles?tag={state}s").json()["errors"][0]["detail"]
        assert state not in near.replace(f"{state}s", ""), "no spelling is offered that leads there"


def refused(client: Client, path: str, noun: str, name: str) -> str:
    """What is said of a name that is unknown, without the name."""
    answer = client.get(path.format(noun=noun, name=name))
    assert answer.status_code == 400, (path, name, answer.text[:300])
    problem = answer.json()
    assert [one["parameter"] for one in problem["errors"]] == [noun], (path, name)
    return f"{problem['code']} {problem['errors'][0]['detail']}".replace(f"{name!r}", "it")


def test_a_known_name_without_matching_stories_gives_an_empty_list(
    client: Client, editor: Client, house: dict[str, str]
) -> None:
    """An empty list is an answer; to the desk every name that there is, is known."""
    for path in LISTS:
        found = client.get(f"{path}tag=stays&lang=fr")
        assert found.status_code == 200, (path, found.text)
        assert "Harbour" not in found.text
        for state in HIDDEN:
            found = editor.get(f"{path}tag={state}")
            assert found.status_code == 200, (path, found.text)
            assert "Harbour" not in found.text
        assert editor.get(f"{path}tag=neither").status_code == 400


def test_the_nearest_name_is_found_among_many_that_begin_alike(
    client: Client, db: Database, told: Callable[..., ArticleRow], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Arabic names do: the one that is near is seldom among the first of its letter."""
    monkeypatch.setattr(catalog_names, "NEIGHBOURS", 5)
    slugs = [f"الموضوع-{number:03}" for number in range(150)] + ["النفط-والغاز", "كهرباء"]
    with at_desk(db) as desk:
        for slug in slugs:
            more: dict[str, Any] = {"modified_at": desk.now, "created_at": desk.now}
            verbs.add(desk, TagRow(slug=slug, type="keyword", name={"ar": slug}, **more))
    told(tags=slugs[:80])
    told(tags=slugs[80:])
    for wrong, near in (
        ("النفط-والغز", "النفط-والغاز"),
        ("ـكهرباء", "كهرباء"),
        ("كهربا", "كهرباء"),
    ):
        fault = client.get("/v1/articles", params={"tag": wrong}).json()["errors"][0]["detail"]
        assert fault == f"There is no tag {wrong!r}. Did you mean {near!r}?"
    many = ",".join(f"{near}{number}" for number in range(20))
    faults = client.get("/v1/articles", params={"tag": many}).json()["errors"]
    assert ["Did you mean" in one["detail"] for one in faults] == [True] * HINTS + [False] * 15
