"""Corrections over HTTP: told in public, on the story, and found."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.conftest import Client


@pytest.fixture
def story(editor: Client, told) -> dict[str, Any]:
    row = told(slug="rain", body=[{"type": "paragraph", "id": "b1", "text": "Ten boats sank."}])
    answer = editor.patch(
        f"/v1/articles/{row.id}", headers={"If-Match": '"v1"'},
        json={"body": [{"type": "paragraph", "id": "b1", "text": "Nine boats sank."}]},
    )  # fmt: skip
    shape: dict[str, Any] = answer.json()
    return shape


NOTICE = {
    "kind": "correction",
    "text": {"en": "Nine boats sank, not ten.", "ar": "غرقت تسعة قوارب لا عشرة."},
    "blocks": ["b1"],
}


def test_a_correction_notice_is_public(client: Client, editor: Client, story) -> None:
    before = client.get("/v1/articles/rain")
    answer = editor.post("/v1/articles/rain/corrections", json=NOTICE)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["from_version"], made["to_version"], made["warnings"]) == (1, 2, [])
    after = client.get("/v1/articles/rain")
    [shown] = after.json()["corrections"]
    assert shown == {n: v for n, v in made.items() if n not in ("article", "warnings")}
    assert after.json()["version"] == before.json()["version"] == 2
    assert after.json()["modified_at"] > before.json()["modified_at"]
    assert after.headers["etag"] != before.headers["etag"]


def test_lists_find_corrected_stories(client: Client, editor: Client, story, told) -> None:
    told(slug="other")
    before = datetime.now(UTC)
    editor.post("/v1/articles/rain/corrections", json=NOTICE)

    def slugs(**params: str) -> list[str]:
        return [one["slug"] for one in client.get("/v1/articles", params=params).json()["items"]]

    assert slugs(corrected_from=before.isoformat()) == ["rain"]
    assert slugs(corrected_from=(before + timedelta(hours=1)).isoformat()) == []
    assert slugs(corrected_to=(before + timedelta(hours=1)).isoformat()) == ["rain"]
    assert slugs(corrected_from=before.isoformat(), kind="opinion") == []


def test_a_correction_notice_can_be_amended(client: Client, editor: Client, story) -> None:
    made = editor.post("/v1/articles/rain/corrections", json=NOTICE).json()
    url = f"/v1/articles/rain/corrections/{made['id']}"
    changed = editor.patch(url, json={"text": {"ar": "تسعة."}, "kind": "clarification"})
    assert changed.status_code == 200, changed.text
    assert changed.json()["at"] == made["at"]
    assert "'en'" in changed.json()["warnings"][0]
    [shown] = client.get("/v1/articles/rain").json()["corrections"]
    assert (shown["kind"], shown["text"], shown["blocks"]) == (
        "clarification", {"ar": "تسعة."}, ["b1"],
    )  # fmt: skip
    assert editor.delete(url).status_code == 405
    assert editor.patch(f"{url}x", json={"text": {"en": "x"}}).status_code == 404


def test_an_invalid_correction_notice_is_refused(editor: Client, story) -> None:
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    for sent, pointers in (
        ({"kind": "sorry", "text": {}}, {"#/kind"}),
        ({**NOTICE, "text": {}}, {"#/text"}),
        ({**NOTICE, "text": {"en": ""}}, {"#/text/en"}),
        ({**NOTICE, "blocks": ["b1", "b9"], "at": later}, {"#/blocks/1", "#/at"}),
        ({**NOTICE, "at": "2026-01-01T10:00:00"}, {"#/at"}),
        ({**NOTICE, "at": "2026-01-01"}, {"#/at"}),
        ({**NOTICE, "at": 5}, {"#/at"}),
        ({**NOTICE, "at": "0001-01-01T00:00:00+14:00"}, {"#/at"}),
        ({**NOTICE, "to_version": 9}, {"#/to_version"}),
        ({**NOTICE, "from_version": 2, "to_version": 1}, {"#/from_version"}),
        ({**NOTICE, "colour": 1}, {"#/colour"}),
    ):
        answer = editor.post("/v1/articles/rain/corrections", json=sent)
        assert answer.status_code == 422, sent
        assert {one["pointer"] for one in answer.json()["errors"]} == pointers, sent


def test_a_correction_can_refer_to_a_deleted_block(client: Client, editor: Client, story) -> None:
    editor.patch("/v1/articles/rain", headers={"If-Match": '"v2"'}, json={"body": []})
    answer = editor.post("/v1/articles/rain/corrections", json=NOTICE)
    assert answer.status_code == 201
    assert client.get("/v1/articles/rain").json()["corrections"][0]["blocks"] == ["b1"]


def test_a_story_that_was_never_public_cannot_be_corrected(editor: Client, told) -> None:
    told(slug="draft", publish=False)
    told(slug="later", published_at=datetime.now(UTC) + timedelta(days=1))
    for slug in ("draft", "later"):
        answer = editor.post(f"/v1/articles/{slug}/corrections", json={**NOTICE, "blocks": []})
        assert answer.status_code == 409, slug
    wrong = editor.post("/v1/articles/none/corrections", json=NOTICE)
    assert wrong.status_code == 404


def test_a_correction_of_another_version_is_refused(editor: Client, story) -> None:
    old = editor.post("/v1/articles/rain/corrections", json=NOTICE, headers={"If-Match": '"v1"'})
    assert old.status_code == 412
