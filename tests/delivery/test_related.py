"""Related stories: the editor's first, then those that are alike, with the reason."""

from datetime import UTC, datetime, timedelta

import pytest

from app.cache import cdn_purge
from app.change_log import record
from app.desk.catalog import verbs
from app.desk.transaction import at_desk
from app.models.section import TagRow
from tests.conftest import Client

START = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def about(db, told):
    """Make a story about some tags."""
    with at_desk(db) as desk:
        verbs.add_section(desk, "coast", {"ar": "الساحل"})
        verbs.add_section(desk, "sport", {"ar": "رياضة"})
        for slug in ("storm", "harbour", "ferry", "cup"):
            row = TagRow(slug=slug, type="keyword", name={"ar": slug}, created_at=desk.now,
                         modified_at=desk.now)  # fmt: skip
            verbs.add(desk, row)

    def tell(slug: str, *tags: str, days: int = 0, **more):
        given = {"section": "coast", "tags": list(tags), "published_at": START + timedelta(days)}
        return told(slug=slug, **(given | more))

    return tell


def related(client: Client, slug: str, **params) -> list[tuple[str, str]]:
    answer = client.get(f"/v1/articles/{slug}/related", params=params)
    assert answer.status_code == 200, answer.text
    return [(one["slug"], one["reason"]["kind"]) for one in answer.json()["items"]]


def test_related_stories_are_the_editors_first_then_the_most_similar(
    client: Client, about, told
) -> None:
    about("far", "cup", section="sport")
    about("one-tag", "storm", days=1)
    about("two-tags", "storm", "harbour", days=1)
    about("old", "storm", "harbour", days=-900)
    about("section-only", days=1)
    about("arabic", "storm", "harbour", lang="ar")
    about("story", "storm", "harbour", related=["far"])
    assert related(client, "story") == [
        ("far", "editor"), ("two-tags", "tags"), ("one-tag", "tags"), ("section-only", "section"),
        ("old", "tags"),
    ]  # fmt: skip
    assert related(client, "story", limit=2) == [("far", "editor"), ("two-tags", "tags")]


def test_the_reason_names_what_is_shared(client: Client, about) -> None:
    about("other", "storm", "ferry", attributions=[{"source": "reuters"}])
    about("story", "storm", "cup", attributions=[{"source": "reuters"}])
    [one] = client.get("/v1/articles/story/related").json()["items"]
    story = client.get("/v1/articles/story").json()
    tag = next(tag["id"] for tag in story["tags"] if tag["slug"] == "storm")
    assert one["reason"] == {
        "kind": "tags",
        "shared": [
            {"noun": "tag", "id": tag},
            {"noun": "section", "id": story["section"]["id"]},
            {"noun": "source", "id": "src_reuters"},
        ],
    }


def test_include_related_adds_them_to_a_story(client: Client, about) -> None:
    about("chosen", "cup")
    about("alike", "storm")
    about("story", "storm", related=["chosen"])
    plain = client.get("/v1/articles/story").json()["related"]
    assert [(one["slug"], one["reason"]["kind"]) for one in plain] == [("chosen", "editor")]
    asked = client.get("/v1/articles/story?include=related")
    assert [one["slug"] for one in asked.json()["related"]] == ["chosen", "alike"]
    assert asked.headers["etag"] != client.get("/v1/articles/story").headers["etag"]
    assert asked.json()["related"][1]["id"] in asked.headers["surrogate-key"]
    few = client.get("/v1/articles/story?include=related(limit=1)").json()["related"]
    assert [one["slug"] for one in few] == ["chosen"]
    for wrong in ("include=", "include=x", "include=related(limit=0)", "include=related(limit=99)",
                  "include=related(size=1)", "include=related,related", "include=related("):  # fmt: skip
        assert client.get(f"/v1/articles/story?{wrong}").status_code == 400, wrong


def test_related_never_contains_a_hidden_story(client: Client, editor: Client, about) -> None:
    about("killed", "storm")
    about("draft", "storm", publish=False)
    about("later", "storm", embargo_until=datetime.now(UTC) + timedelta(days=1))
    about("story", "storm", related=["killed", "draft"])
    editor.put("/v1/articles/killed/withdrawal", json={"kind": "kill"})
    assert related(client, "story") == []
    assert client.get("/v1/articles/story?include=related").json()["related"] == []
    assert [slug for slug, kind in related(editor, "story") if kind != "editor"] == []
    assert client.get("/v1/articles/draft/related").status_code == 404
    assert client.get("/v1/articles/killed/related").status_code == 410


def test_headers_name_no_hidden_neighbour_and_its_publication_drops_the_answer(
    client: Client, editor: Client, about, db
) -> None:
    hidden = [about(slug, "storm", publish=False) for slug in ("one", "two", "three", "four")]
    names = [row.slug for row in hidden]
    about("story", "storm", related=names, body=[{"type": "related", "articles": names}])
    for row, kind in zip(hidden[2:], ("kill", "vanish"), strict=True):
        editor.put(f"/v1/articles/{row.id}/publication").raise_for_status()
        editor.put(f"/v1/articles/{row.id}/withdrawal", json={"kind": kind}).raise_for_status()
    paths = [
        "/v1/articles/story", "/v1/articles/story/related", "/v1/articles?tag=storm",
        "/v1/articles/story?include=related,translations", "/v1/articles?include=related",
        "/v1/search?q=story", "/feeds/all.rss",
    ]  # fmt: skip
    keys = {}
    for path in paths:
        answer = client.get(path)
        for row in hidden:
            assert row.id not in str(answer.headers), (path, row.slug)
        keys[path] = set(answer.headers["surrogate-key"].split())
    with db.reading() as session:
        before = record.head(session)
    editor.put("/v1/articles/one/publication").raise_for_status()
    with db.reading() as session:
        dropped = set(cdn_purge.keys_between(session, before, record.head(session)) or ())
    for path in paths:
        assert dropped & keys[path], f"a cache in front keeps {path}"
        assert hidden[0].id in client.get(path).text or "/feeds/" in path or "search" in path
    assert ("one", "editor") in related(client, "story")
    editor.delete("/v1/articles/one/publication").raise_for_status()
    assert ("one", "editor") not in related(client, "story")


def test_its_own_translations_are_not_related(client: Client, about) -> None:
    about("story", "storm")
    about("same-group", "storm", translation_of="story")
    about("other", "storm")
    assert related(client, "story") == [("other", "tags")]


def test_an_invalid_request_for_related_stories_is_400(client: Client, about) -> None:
    about("story")
    assert related(client, "story") == []
    for wrong in ("limit=0", "limit=51", "cursor=x", "limit=1&limit=2"):
        assert client.get(f"/v1/articles/story/related?{wrong}").status_code == 400, wrong
