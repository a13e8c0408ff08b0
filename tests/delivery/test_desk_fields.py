"""Fields and earlier versions that only editors read."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import Client, Signed

Json = dict[str, Any]
SOURCE = {"name": {"ar": "وكالة", "en": "Wire"}, "slug": "wire", "kind": "agency"}


@pytest.fixture
def made(editor: Client) -> Json:
    """A published article with a note, on a dispatch that passes on another one."""
    editor.post("/v1/sources", json=SOURCE).raise_for_status()
    first = {"source": "wire", "item_id": "W-1", "headline": "First"}
    via = editor.post("/v1/dispatches", json=first).json()["id"]
    second = first | {"item_id": "W-2", "item_version": "7", "via": via}
    dispatch = editor.post("/v1/dispatches", json=second).json()["id"]
    link = {"source": "wire", "dispatch_id": dispatch, "note": "Ask Leila"}
    story = {"lang": "en", "headline": "Rain", "body": [], "attributions": [link]}
    url = f"/v1/articles/{editor.post('/v1/articles', json=story).json()['id']}"
    editor.put(f"{url}/publication").raise_for_status()
    return {"url": url, "dispatch": dispatch, "via": via}


def links(client: Client, url: str) -> list[Json]:
    found: Json = client.get(url).json()
    return list(found["attributions"])


def test_only_editors_see_notes_and_item_ids_of_a_chain(
    client: Client, signed: Signed, editor: Client, made: Json
) -> None:
    url = made["url"]
    readers = [client, signed("reader"), signed("partner")]
    for path in (url, f"{url}/attributions", f"{url}?include=jsonld", f"{url}?body=text"):
        for reader in readers:
            [link] = links(reader, path)
            assert (link["note"], link["dispatch_id"]) == (None, None)
            answer = reader.get(path)
            assert "Ask Leila" not in answer.text
            assert made["dispatch"] not in answer.text
        [link] = links(editor, path)
        assert (link["note"], link["dispatch_id"]) == ("Ask Leila", made["dispatch"])
    for listed in (
        "/v1/articles?include=attributions,jsonld",
        "/v1/changes?noun=article&include=article",
    ):
        assert "Ask Leila" not in client.get(listed).text
        assert "Ask Leila" in editor.get(listed).text


def test_what_an_editor_reads_can_be_sent_back(editor: Client, made: Json) -> None:
    read = editor.get(made["url"])
    answer = editor.put(made["url"], json=read.json(), headers={"If-Match": read.headers["etag"]})
    assert answer.status_code == 200, answer.text
    [link] = links(editor, made["url"])
    assert (link["note"], link["dispatch_id"]) == ("Ask Leila", made["dispatch"])
    etag = editor.get(made["url"], headers={"Accept-Encoding": "identity"}).headers["etag"]
    assert answer.headers["etag"] == etag


def test_only_editors_see_internal_fields_of_sources_and_dispatches(
    client: Client, signed: Signed, editor: Client, made: Json
) -> None:
    item = f"/v1/dispatches/{made['dispatch']}"
    for reader in (client, signed("reader"), signed("partner")):
        source = reader.get("/v1/sources/wire").json()
        assert (source["needs_review"], source["upstream"]) == (None, None)
        [listed] = reader.get("/v1/dispatches").json()["items"]
        for dispatch in (reader.get(item).json(), listed):
            names = ("item_id", "item_version", "source_status_note", "via")
            assert [dispatch[name] for name in names] == [None] * 4
    source, dispatch = editor.get("/v1/sources/wire").json(), editor.get(item).json()
    assert source["needs_review"] is True and source["upstream"]["killed"] == "flag"
    assert (dispatch["item_id"], dispatch["via"]) == ("W-2", made["via"])


def test_a_source_is_public_when_reviewed_or_used(client: Client, editor: Client) -> None:
    made = editor.post("/v1/sources", json=SOURCE).json()

    def seen() -> list[bool]:
        listed = client.get("/v1/sources?limit=100&sort=-created_at").json()["items"]
        completed = client.get("/v1/sources?q=Wire").json()["items"]
        return [
            client.get("/v1/sources/wire").status_code == 200,
            "wire" in {one["slug"] for one in listed}, bool(completed),
            client.get("/v1/articles?source=wire").status_code == 200,
            made["id"] in client.get("/v1/changes?noun=source&limit=1000").text,
        ]  # fmt: skip

    assert made["needs_review"] is True
    story = {"lang": "en", "headline": "Draft", "attributions": [{"source": "wire"}]}
    url = f"/v1/articles/{editor.post('/v1/articles', json=story).json()['id']}"
    assert seen() == [False] * 5
    editor.put(f"{url}/publication").raise_for_status()
    assert seen() == [True] * 5
    editor.delete(f"{url}/publication").raise_for_status()
    assert seen() == [False] * 5
    reviewed = editor.patch(
        "/v1/sources/wire", json={"needs_review": False}, headers={"If-Match": "*"}
    )
    assert reviewed.status_code == 200, reviewed.text
    assert seen() == [True] * 5


PAST = ("/versions", "/versions/1", "/diff?from=1&to=1", "?as_of=2026-01-01", "?include=versions")


@pytest.mark.parametrize("rest", PAST)
def test_earlier_versions_are_for_editors(
    client: Client, signed: Signed, editor: Client, told: Callable[..., Any], rest: str
) -> None:
    url = f"/v1/articles/{told(slug='story').id}"
    assert client.get(url + rest).status_code == 401
    for role in ("reader", "partner"):
        assert signed(role).get(url + rest).status_code == 403
    assert editor.get(url + rest).status_code in (200, 404)
    if rest == "?include=versions":
        for path in ("/v1/articles", "/v1/articles.ndjson", "/v1/search?q=story&"):
            asked = f"{path}{'' if path.endswith('&') else '?'}include=versions"
            assert client.get(asked).status_code == 401, path
    assert client.get(url).json()["links"]["versions"] is None
    assert editor.get(url).json()["links"]["versions"] == f"{client.served.url}{url}/versions"
    [card] = editor.get("/v1/articles?fields=links").json()["items"]
    assert card["links"]["versions"]
    [card] = client.get("/v1/articles?fields=links").json()["items"]
    assert card["links"]["versions"] is None
