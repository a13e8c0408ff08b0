"""Writing stories over HTTP: what is sent, what is refused, and that nothing is lost."""

from typing import Any

import httpx

from tests.conftest import Client

STORY = {
    "lang": "en",
    "headline": "Rain in the hills",
    "body": [{"type": "paragraph", "text": "It rained."}],
}


def made(editor: Client, **more: Any) -> dict[str, Any]:
    answer = editor.post("/v1/articles", json=STORY | more)
    assert answer.status_code == 201, answer.text
    story: dict[str, Any] = answer.json()
    return story


def match(story: dict[str, Any]) -> dict[str, str]:
    return {"If-Match": f'"v{story["version"]}"'}


def faults(answer: httpx.Response) -> dict[str, str]:
    assert answer.status_code == 422, answer.text
    return {one["pointer"]: one["detail"] for one in answer.json()["errors"]}


def test_a_story_reaches_readers_only_when_published(client: Client, editor: Client) -> None:
    story = made(editor)
    assert story["state"] == "draft"
    assert client.get(f"/v1/articles/{story['id']}").status_code == 404
    seen = editor.get(f"/v1/articles/{story['id']}")
    assert seen.json() | {"warnings": []} == story
    assert seen.headers["cache-control"].startswith("private")
    out = editor.put(f"/v1/articles/{story['id']}/publication")
    assert out.status_code == 200, out.text
    plain = {"Accept-Encoding": "identity"}
    served = client.get("/v1/articles/rain-in-the-hills", headers=plain)
    assert served.json()["headline"] == "Rain in the hills"
    version = served.headers["etag"].partition("-")[0]
    assert version == out.headers["etag"].partition("-")[0]  # editors read more fields
    again = editor.put(f"/v1/articles/{story['id']}/publication")
    assert (again.status_code, again.json()["state"]) == (409, "published")


def test_what_is_read_can_be_sent_back(editor: Client) -> None:
    story = made(editor, tags=[], credit_line_override={"en": "Sources: us"})
    read = editor.get(f"/v1/articles/{story['id']}")
    sent = editor.put(
        f"/v1/articles/{story['id']}", json=read.json(), headers={"If-Match": read.headers["etag"]}
    )
    assert sent.status_code == 200, sent.text
    after = sent.json()
    assert after["version"] == 2
    same = {"version", "modified_at", "warnings"}
    assert {n: v for n, v in after.items() if n not in same} == {
        n: v for n, v in read.json().items() if n not in same
    }


def test_the_response_to_a_write_can_be_sent_back(editor: Client) -> None:
    story = made(editor, summary="Short.")
    sent = editor.put(f"/v1/articles/{story['id']}", json=story, headers=match(story))
    assert (sent.status_code, sent.json()["version"]) == (200, 2), sent.text


def test_put_without_the_current_version_is_refused(editor: Client) -> None:
    story = made(editor)
    url = f"/v1/articles/{story['id']}"
    assert editor.put(url, json={"headline": "x"}).status_code == 428
    first = editor.put(url, json={"headline": "One"}, headers=match(story))
    assert first.status_code == 200
    second = editor.put(url, json={"headline": "Two"}, headers=match(story))
    assert (second.status_code, second.json()["version"]) == (412, 2)
    assert editor.get(url).json()["headline"] == "One"
    assert editor.get(url).json()["body"] == story["body"]


def test_all_errors_of_a_story_are_reported_at_once(editor: Client) -> None:
    story = made(editor)
    told = faults(
        editor.put(
            f"/v1/articles/{story['id']}",
            json={
                "hedline": "x", "word_count": 9, "urgency": 77, "section": "nowhere",
                "tags": ["none"], "embargo_until": "2030-01-01T00:00:00Z",
                "body": [{"type": "paragraph", "text": "a", "level": 3}, {"type": "nosuch"}],
            },
            headers=match(story),
        )
    )  # fmt: skip
    assert "headline" in told["#/hedline"]
    assert "computed" in told["#/word_count"]
    assert "/embargo" in told["#/embargo_until"]
    assert {"#/urgency", "#/section", "#/tags/0", "#/body/1/type"} <= told.keys()


def test_both_patch_formats_change_a_story(editor: Client) -> None:
    story = made(editor, credit_line_override={"en": "A", "ar": "ب"})
    url = f"/v1/articles/{story['id']}"
    answer = editor.patch(url, json={"credit_line_override": {"en": None}}, headers=match(story))
    assert answer.json()["credit_line_override"] == {"ar": "ب"}
    patch = [{"op": "replace", "path": "/body/0/text", "value": "It poured."}]
    answer = editor.patch(
        url, json=patch,
        headers={**match(answer.json()), "Content-Type": "application/json-patch+json"},
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    [block] = answer.json()["body"]
    assert (block["id"], block["text"]) == (story["body"][0]["id"], "It poured.")


def test_a_repeated_request_with_an_idempotency_key_is_replayed(editor: Client) -> None:
    headers = {"Idempotency-Key": "one"}
    first = editor.post("/v1/articles", json=STORY, headers=headers)
    second = editor.post("/v1/articles", json=STORY, headers=headers)
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    assert second.headers["idempotency-replayed"] == "true"
    other = editor.post("/v1/articles", json=STORY | {"headline": "Other"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-reused")
    assert len(editor.get("/v1/articles?state=draft").json()["items"]) == 1


def test_a_draft_is_deleted_and_a_published_story_is_not(editor: Client) -> None:
    story = made(editor)
    url = f"/v1/articles/{story['id']}"
    assert editor.delete(url).status_code == 428
    assert editor.delete(url, headers=match(story)).status_code == 204
    assert editor.get(url).status_code == 404
    story = made(editor)
    url = f"/v1/articles/{story['id']}"
    assert editor.put(f"{url}/publication").status_code == 200
    refused = editor.delete(url, headers=match(story))
    assert refused.status_code == 409
    assert f"{url}/withdrawal" in refused.json()["detail"]


def test_a_new_headline_keeps_a_given_slug(editor: Client) -> None:
    for slug, headline, after in (
        ("calm-sea", "Calm", "calm-sea"), (None, "Storm", "storm-again"), ("storm-7", "Storm", "storm-again-2"),
    ):  # fmt: skip
        story = made(editor, headline=headline, slug=slug)
        url = f"/v1/articles/{story['id']}"
        saved = editor.put(url, json={"headline": f"{headline} again"}, headers=match(story))
        assert saved.json()["slug"] == after
