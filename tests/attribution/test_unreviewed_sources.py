"""A source that no editor has looked at is named by nothing that readers get, until a story names it."""

from typing import Any

import pytest

from tests.conftest import Client

Json = dict[str, Any]
NEW = {
    "name": {"ar": "الوكالة الجديدة", "en": "Unseen Wire"},
    "slug": "unseen-wire",
    "kind": "agency",
}


@pytest.fixture
def source(editor: Client) -> Json:
    made: Json = editor.post("/v1/sources", json=NEW).raise_for_status().json()
    return made


def published(editor: Client, **more: Any) -> str:
    """The address of a new story that is out."""
    sent = {"lang": "en", "headline": "Rain", "body": []} | more
    made = editor.post("/v1/articles", json=sent).raise_for_status().json()
    editor.put(f"/v1/articles/{made['id']}/publication").raise_for_status()
    return f"/v1/articles/{made['id']}"


def told(client: Client, addresses: list[str]) -> str:
    return " ".join(client.get(one).text for one in addresses)


def review(editor: Client) -> None:
    sent = {"needs_review": False}
    editor.patch(
        f"/v1/sources/{NEW['slug']}", json=sent, headers={"If-Match": "*"}
    ).raise_for_status()


def test_a_dispatch_is_hidden_until_its_source_is_public(
    client: Client, editor: Client, source: Json
) -> None:
    sent = {"source": source["id"], "item_id": "1", "headline": "Item"}
    item = editor.post("/v1/dispatches", json=sent).raise_for_status().json()["id"]
    published(editor, attributions=[{"source": "reuters", "dispatch_id": item}])
    lists = [
        "/v1/dispatches?count=exact",
        "/v1/dispatches?source=unseen-wire",
        "/v1/changes?limit=1000",
    ]
    one = f"/v1/dispatches/{item}"
    for address in (one, f"{one}/dependents"):
        assert client.get(address).status_code == 404
    assert client.get(lists[0]).json()["count"] == 0
    seen = told(client, lists)
    assert item not in seen and source["id"] not in seen
    assert editor.get(one).json()["source"]["id"] == source["id"]
    review(editor)
    assert client.get(one).json()["source"]["id"] == source["id"]
    assert [found["id"] for found in client.get(lists[1]).json()["items"]] == [item]


def test_a_portrait_does_not_show_an_unreviewed_source(
    client: Client, editor: Client, source: Json
) -> None:
    sent = {"source": source["id"], "credit": {"en": "A credit"}}
    image = editor.post("/v1/images", json=sent).raise_for_status().json()["id"]
    person = {"name": {"ar": "ليلى", "en": "Leila"}, "image": image}
    leila = editor.post("/v1/contributors", json=person).raise_for_status().json()["id"]
    published(editor, contributors=[{"id": leila, "role": "reporter"}])
    one, facets = f"/v1/images/{image}", "/v1/images?facets=source"
    addresses = [one, "/v1/images", "/v1/images?source=unseen-wire", facets]
    shown = client.get(one).json()
    assert (shown["source"], shown["credit"]) == (None, {"en": "A credit"})
    unknown = client.get("/v1/images?source=unseen-wire")
    assert unknown.status_code == client.get("/v1/images?source=no-such").status_code == 400
    assert client.get(facets).json()["facets"]["source"] == {}
    assert source["id"] not in told(client, addresses)
    assert editor.get(one).json()["source"]["id"] == source["id"]
    assert editor.get(facets).json()["facets"]["source"] == {"unseen-wire": 1}
    url = published(editor, attributions=[{"source": "unseen-wire"}])
    assert client.get(one).json()["source"]["id"] == source["id"]
    assert client.get(facets).json()["facets"]["source"] == {"unseen-wire": 1}
    editor.delete(f"{url}/publication").raise_for_status()
    assert client.get(one).json()["source"] is None
    assert client.get(facets).json()["facets"]["source"] == {}
