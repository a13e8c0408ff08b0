"""`include=`: what stands beside stories, for a page of them as cheap as for one."""

from collections.abc import Callable
from typing import Any

import pytest

from app.models.article import ArticleRow
from tests.conftest import Client
from tests.delivery.test_versions import counted

Told = Callable[..., ArticleRow]
STORY = "/v1/articles/harbour-lights"
EVERY = (
    "body,related(limit=3),versions(limit=2),translations,jsonld,attributions,corrections,rights,"
    "updates"
)
MOST = 10


def page(client: Client, **params: Any) -> list[dict[str, Any]]:
    answer = client.get("/v1/articles", params=params)
    assert answer.status_code == 200, answer.text[:500]
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def whole(client: Client, id: str, **params: Any) -> dict[str, Any]:
    story: dict[str, Any] = client.get(f"/v1/articles/{id}", params=params).json()
    return story


def test_include_body_returns_whole_stories_as_items(demo_desk: Client) -> None:
    items = page(demo_desk, limit=50, include="body")
    assert len(items) > 10
    for one in items:
        assert one == whole(demo_desk, one["id"])


@pytest.mark.parametrize("name", ["attributions", "corrections", "rights", "updates"])
def test_include_of_one_field_adds_that_field_of_the_whole_story(
    demo_desk: Client, name: str
) -> None:
    cards = page(demo_desk, limit=50)
    for one, card in zip(page(demo_desk, limit=50, include=name), cards, strict=True):
        assert one == card | {name: whole(demo_desk, one["id"])[name]}


@pytest.mark.parametrize("include", ["related(limit=4)", "translations", "versions", "jsonld"])
def test_includes_of_a_card_equal_those_of_the_story(demo_desk: Client, include: str) -> None:
    name = {"related(limit=4)": "related", "translations": "translation_cards"}.get(
        include, include
    )
    cards = page(demo_desk, limit=50)
    found = False
    for one, card in zip(page(demo_desk, limit=50, include=include), cards, strict=True):
        story = whole(demo_desk, one["id"], include=include)
        assert one == card | {name: one[name]}
        assert one[name] == story[name]
        assert story == whole(demo_desk, one["id"]) | {name: story[name]}
        found = found or bool(one[name])
    assert found


def test_include_translations_leaves_the_field_translations_unchanged(demo_desk: Client) -> None:
    story = whole(demo_desk, "harbour-lights", include="translations")
    refs, cards = story["translations"], story["translation_cards"]
    assert refs == [{name: card[name] for name in refs[0]} for card in cards]


def test_included_versions_equal_those_of_the_versions_list(demo_desk: Client) -> None:
    story = whole(demo_desk, "art_demofishpricesen", include="versions")
    listed = demo_desk.get("/v1/articles/art_demofishpricesen/versions").json()["items"]
    names = ("version", "at", "shown_from", "links")
    for one in listed:
        one["links"].pop("diff", None)
    assert story["versions"] == [{name: one[name] for name in names} for one in listed]
    newest = whole(demo_desk, "art_demofishpricesen", include="versions(limit=1)")["versions"]
    assert newest == story["versions"][:1]


def test_all_includes_combine_with_fields(demo_desk: Client) -> None:
    story = whole(
        demo_desk, "harbour-lights", include=EVERY, fields="headline,versions.version,body.text"
    )
    assert set(story) == {
        "id", "headline", "versions", "body", "related", "translation_cards", "jsonld",
        "attributions", "corrections", "rights", "updates",
    }  # fmt: skip
    assert all(set(one) == {"version"} for one in story["versions"])
    [item] = page(demo_desk, limit=1, include="body", fields="body(type)", body="blocks")
    assert set(item) == {"id", "body"}
    [item] = page(demo_desk, limit=1, include="body", fields="headline", body="text")
    assert isinstance(item["body"], str)


@pytest.fixture
def crowd(told: Told) -> Callable[[int], None]:
    """Stories that name, translate and resemble each other, with several versions."""

    def make(count: int) -> None:
        for number in range(count):
            told(
                slug=f"s{number}", attributions=[{"source": "reuters"}],
                related=[f"s{number - 1}"] if number else [],
                body=[{"type": "related", "articles": ["s0"]}] if number else [],
                **({"translation_of": f"s{number - 1}"} if number % 2 else {}),
            )  # fmt: skip

    return make


@pytest.mark.public_versions
def test_a_page_costs_as_many_statements_as_one_story(
    client: Client, editor: Client, crowd: Callable[[int], None]
) -> None:
    crowd(24)
    counts: dict[str, set[int]] = {}
    for include in (EVERY, "body", "related(limit=3)", "translations", "versions", "jsonld"):
        for limit in (2, 20):
            for caller in (client, editor):
                with counted(caller.served) as statements:
                    assert len(page(caller, limit=limit, include=include)) == limit
                assert len(statements) <= MOST, statements
                name = f"{include} {caller is client}"
                counts.setdefault(name, set()).add(len(statements))
        with counted(client.served) as statements:
            client.get("/v1/articles/s5", params={"include": include}).raise_for_status()
        assert len(statements) <= MOST, statements
    assert all(len(found) == 1 for found in counts.values()), counts


@pytest.mark.parametrize("blocks", [1, 50])
def test_one_request_returns_everything_for_a_page(
    client: Client, told: Told, drawn: Any, blocks: int
) -> None:
    lead, figure = drawn("red"), drawn("blue")
    body = [
        {"type": "figure", "image": {"id": figure, "caption": "Ships"}} if number % 5 == 4
        else {"type": "paragraph", "text": f"Line {number}"}
        for number in range(blocks)
    ]  # fmt: skip
    told(slug="original", lang="ar")
    told(
        slug="story", summary="Short.", lead_image={"id": lead, "caption": "The quay"}, body=body,
        attributions=[{"source": "reuters"}, {"source": "interfax", "scope": {"article": "self"}}][:1],
        date_line="Saturday", translation_of="original", related=["original"],
    )  # fmt: skip
    with counted(client.served) as statements:
        story = whole(client, "story", display="ar-LB,en", include="jsonld,related(limit=3)")
    assert len(statements) <= MOST, statements
    assert story["lead_image"]["caption"] and story["lead_image"]["credit"]
    assert story["url"] and story["summary"] and story["date_line"] and story["published_at"]
    assert story["display"]["en"]["published"] and story["credit_line"]["en"]
    assert len(story["body"]) == blocks
    figures = [one for one in story["body"] if one["type"] == "figure"]
    assert all(one["image"]["credit"] and one["image"]["url"] for one in figures)


@pytest.mark.parametrize(
    ("include", "said"),
    [
        ("relatd", "Did you mean 'related'"),
        ("body,", "No ''"),
        ("body,body", "stands twice"),
        ("body(limit=3)", "takes no limit"),
        ("related(limit=0)", "limit=1 to 20"),
        ("related(limit=21)", "limit=1 to 20"),
        ("related(limit=01)", "limit=1 to 20"),
        ("related(limit=٣)", "limit=1 to 20"),
        ("related(limit=-1)", "limit=1 to 20"),
        ("related(limit=)", "limit=1 to 20"),
        ("related(size=1)", "limit=1 to 20"),
        ("related(", "No 'related(' to include"),
        ("related(limit=99999999999999999999)", "limit=1 to 20"),
        ("versions((limit=3))", "to include"),
        ("x" * 7000, "to include"),
        ("body," * 1000, "At most 20 includes"),
    ],
)
def test_an_invalid_include_is_400(demo_desk: Client, include: str, said: str) -> None:
    for url in (STORY, "/v1/articles", "/v1/search?q=harbour"):
        answer = demo_desk.get(httpx_url(url, include))
        assert answer.status_code == 400, answer.text[:300]
        faults = [one for one in answer.json()["errors"] if one["parameter"] == "include"]
        assert any(said in one["detail"] for one in faults), faults[:3]


def httpx_url(url: str, include: str) -> Any:
    from urllib.parse import urlencode

    return f"{url}{'&' if '?' in url else '?'}{urlencode({'include': include})}"


def test_fields_of_a_missing_include_are_400(demo_desk: Client) -> None:
    for name, include in (("body.text", "body"), ("jsonld", "jsonld"), ("related.id", "related")):
        answer = demo_desk.get("/v1/articles", params={"fields": name})
        assert f"`include={include}`" in answer.json()["errors"][0]["detail"]
    assert demo_desk.get(STORY, params={"fields": "versions"}).status_code == 400
    assert demo_desk.get(STORY, params={"fields": "body,related"}).status_code == 200
    assert demo_desk.get("/v1/articles", params={"body": "text"}).status_code == 400


def test_a_page_that_would_be_too_large_is_refused(client: Client, told: Told, monkeypatch) -> None:
    for number in range(30):
        told(slug=f"s{number}", body=[{"type": "paragraph", "text": "word " * 200}])
    answer = client.get("/v1/articles?limit=30&include=related(limit=20)")
    assert answer.status_code == 400
    assert "at most 500" in answer.json()["errors"][0]["detail"]
    monkeypatch.setattr("app.delivery.includes.CEILING", 50_000)
    answer = client.get("/v1/articles?limit=30&include=body")
    assert answer.status_code == 400
    assert "a smaller `limit`" in answer.json()["errors"][0]["detail"]
    with counted(client.served) as statements:
        client.get("/v1/articles?limit=29&include=body&fields=id")
    assert not any("SELECT d.body" in one for one in statements), "refused before it is read"
    assert client.get("/v1/articles?limit=5&include=body").status_code == 200


def test_a_killed_story_has_no_includes(client: Client, editor: Client, told: Told) -> None:
    told(slug="first", attributions=[{"source": "reuters"}])
    told(slug="second", attributions=[{"source": "reuters"}], related=["first"])
    told(slug="third", translation_of="first", lang="ar")
    url = "/v1/articles?include=body,related(limit=3),translations,jsonld"
    before = client.get(url)
    assert "first" in before.text
    killed = client.get("/v1/articles/first").json()["id"]
    editor.put("/v1/articles/first/withdrawal", json={"kind": "kill"}).raise_for_status()
    assert killed not in client.get(url).text
    assert killed not in client.get("/v1/articles/second?include=related,translations,jsonld").text


def test_included_fields_are_ignored_when_sent_back(newsroom) -> None:
    newsroom.make()
    newsroom.publish()
    story = newsroom.editor.get(
        newsroom.url, params={"include": "versions,translations,jsonld", "display": "en"}
    ).json()
    newsroom.story = story
    assert newsroom.save(**story | {"headline": "Other"})["headline"] == "Other"
