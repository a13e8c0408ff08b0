"""A source corrects or kills its own item: what rests on it is flagged, held, or taken back."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from app import worker
from app.desk.catalog import verbs
from app.desk.transaction import BATCH, at_desk
from app.models.base import new_id
from app.models.source import DispatchRow, SourceRow
from tests.conftest import Client

KILLED = {"status": "killed", "note": "Kill kill kill: the minister was misquoted."}


@pytest.fixture
def wire(db):
    """Two items: the second passes the first one on."""

    def make(policy: dict[str, str] | None = None) -> tuple[str, str]:
        with at_desk(db) as desk:
            reuters = desk.session.get_one(SourceRow, "src_reuters")
            reuters.upstream = policy or {}
            first, second = new_id("dsp"), new_id("dsp")
            for id, source, via in ((first, "src_reuters", None), (second, "src_afp", first)):
                row = DispatchRow(id=id, source_id=source, item_id=id, via_id=via,
                                  received_at=desk.now, modified_at=desk.now)  # fmt: skip
                verbs.add_dispatch(desk, row)
        return first, second

    return make


def resting(told, dispatch: str, **more: Any) -> Any:
    """A story whose second block rests on a dispatch, through another link of the chain."""
    given = {
        "body": [
            {"type": "paragraph", "id": "b1", "text": "Our own words."},
            {"type": "paragraph", "id": "b2", "text": "The minister said so."},
        ],
        "attributions": [
            {"id": "a1", "source": "reuters", "scope": {"block": "b2"}, "dispatch_id": dispatch},
            {"id": "a2", "source": "interfax", "scope": {"block": "b2"}, "via": "a1"},
        ],
    }  # fmt: skip
    return told(**(given | more))


def statuses(story: dict[str, Any]) -> dict[str, str | None]:
    return {one["id"]: one["source_status"] for one in (*story["body"], *story["attributions"])}


def test_stories_based_on_a_killed_item_are_flagged_and_listed(
    client: Client, editor: Client, told, wire
) -> None:
    first, second = wire()
    direct = resting(told, first, slug="direct")
    resting(told, second, slug="relayed")
    told(slug="qissa", lang="ar", translation_of="direct")
    told(slug="other")
    before = client.get("/v1/articles/direct").json()
    assert before["source_status"] is None
    answer = editor.put(f"/v1/dispatches/{first}/source-status", json=KILLED)
    assert answer.status_code == 200, answer.text
    told_of = answer.json()
    assert (told_of["status"], told_of["policy"], told_of["flagged_count"]) == ("killed", "flag", 3)
    places = {
        (one["article"]["slug"], *one["scope"].items(), one["how"]) for one in told_of["flagged"]
    }
    assert places == {
        ("direct", ("block", "b2"), "rests"), ("relayed", ("block", "b2"), "rests"),
        ("qissa", ("article", places_id(told_of, "qissa")), "translates"),
    }  # fmt: skip
    story = client.get("/v1/articles/direct").json()
    assert story["source_status"] == "killed"
    assert statuses(story) == {"b1": None, "b2": "killed", "a1": "killed", "a2": "killed"}
    assert story["version"] == before["version"] and story["modified_at"] > before["modified_at"]
    assert story["body"][1]["text"] == "The minister said so."
    for slug, status in (("relayed", "killed"), ("qissa", "killed"), ("other", None)):
        assert client.get(f"/v1/articles/{slug}").json()["source_status"] == status, slug
    found = client.get("/v1/articles?source_status=killed").json()["items"]
    assert {one["slug"] for one in found} == {"direct", "relayed", "qissa"}
    assert client.get("/v1/articles?source_status=corrected").json()["items"] == []
    assert editor.get(f"/v1/dispatches/{first}/source-status").json() | {"warnings": []} == told_of
    item = client.get(f"/v1/dispatches/{first}").json()
    assert (item["source_status"], item["source_status_note"]) == ("killed", None)
    assert direct.id in client.get("/v1/articles/direct").headers["surrogate-key"]


def places_id(told_of: dict[str, Any], slug: str) -> str:
    return str(next(o["article"]["id"] for o in told_of["flagged"] if o["article"]["slug"] == slug))


def test_a_review_removes_the_flag(client: Client, editor: Client, told, wire) -> None:
    first, _ = wire({"killed": "hold"})
    resting(told, first, slug="story")
    editor.put(f"/v1/dispatches/{first}/source-status", json=KILLED)
    block = client.get("/v1/articles/story").json()["body"][1]
    assert (block["text"], block["html"]) == (None, None)
    assert block["withheld"] == {"reason": "source.killed"}
    assert client.get("/v1/articles/story").json()["body"][0]["text"] == "Our own words."
    seen = editor.delete("/v1/articles/story/source-status")
    assert seen.status_code == 200, seen.text
    story = client.get("/v1/articles/story").json()
    assert (story["source_status"], story["body"][1]["text"]) == (None, "The minister said so.")
    [flag] = editor.get("/v1/articles/story/source-status").json()["flags"]
    assert flag["reviewed_at"] and flag["reviewed_by"].startswith("key_")
    assert editor.delete("/v1/articles/story/source-status").status_code == 409


def test_withheld_blocks_survive_an_edit_of_the_story_as_read(editor: Client, told, wire) -> None:
    first, _ = wire({"killed": "hold"})
    resting(told, first, slug="story")
    editor.put(f"/v1/dispatches/{first}/source-status", json=KILLED)
    read = editor.get("/v1/articles/story").json()
    sent = editor.put(
        "/v1/articles/story", json=read | {"headline": "New"}, headers={"If-Match": '"v1"'}
    )
    assert sent.status_code == 200, sent.text
    editor.delete("/v1/articles/story/source-status")
    assert editor.get("/v1/articles/story").json()["body"][1]["text"] == "The minister said so."


def test_the_hold_policy_withholds_images_and_whole_stories(
    client: Client, editor: Client, db, told, wire
) -> None:
    from app.models.image import ImageRow

    with at_desk(db) as desk:
        image = ImageRow(created_at=desk.now, modified_at=desk.now, credit={"en": "Reuters"})
        verbs.add(desk, image)
    first, _ = wire({"killed": "hold", "corrected": "flag"})
    told(
        slug="picture", lead_image={"id": image.id}, body=[{"type": "paragraph", "text": "Words."}],
        attributions=[{"source": "reuters", "scope": {"image": image.id}, "dispatch_id": first}],
    )  # fmt: skip
    told(slug="whole", body=[{"type": "paragraph", "text": "Words."}],
         attributions=[{"source": "reuters", "dispatch_id": first}])  # fmt: skip
    editor.put(f"/v1/dispatches/{first}/source-status", json={"status": "corrected"})
    story = client.get("/v1/articles/picture").json()
    assert (story["lead_image"]["source_status"], story["lead_image"]["withheld"]) == (
        "corrected", None,
    )  # fmt: skip
    editor.put(f"/v1/dispatches/{first}/source-status", json=KILLED)
    story = client.get("/v1/articles/picture").json()
    assert story["lead_image"]["withheld"] == {"reason": "source.killed"}
    assert story["body"][0]["text"] == "Words."
    assert client.get("/v1/articles/whole").json()["body"][0]["text"] is None


def test_the_withdraw_policy_unpublishes_stories(
    client: Client, editor: Client, told, wire
) -> None:
    first, _ = wire({"killed": "withdraw"})
    row = resting(told, first, slug="out")
    resting(told, first, slug="draft", publish=False)
    resting(told, first, slug="later", publish=False)
    editor.put("/v1/articles/later/schedule", json={"at": "2099-01-01T00:00:00Z"})
    answer = editor.put(f"/v1/dispatches/{first}/source-status", json=KILLED).json()
    assert len(answer["unpublished"]) == 2
    assert client.get("/v1/articles/out").status_code == 404
    states = {s: editor.get(f"/v1/articles/{s}").json()["state"] for s in ("out", "draft", "later")}
    assert states == {"out": "unpublished", "draft": "draft", "later": "draft"}
    assert editor.get("/v1/articles/out").json()["source_status"] == "killed"
    log = editor.get("/v1/changes?noun=article&limit=100").json()["items"]
    [gone] = [one for one in log if (one["type"], one["id"]) == ("unpublished", row.id)]
    assert first in gone["reason"]
    assert editor.put("/v1/articles/out/publication").status_code == 200


def test_a_cleared_status_removes_the_flags(client: Client, editor: Client, told, wire) -> None:
    first, _ = wire({"killed": "hold"})
    resting(told, first, slug="story")
    url = f"/v1/dispatches/{first}/source-status"
    assert editor.delete(url).status_code == 404
    editor.put(url, json=KILLED)
    assert editor.delete(url).status_code == 204
    story = client.get("/v1/articles/story").json()
    assert (story["source_status"], story["body"][1]["withheld"]) == (None, None)
    assert editor.get(url).status_code == 404


def test_the_same_status_is_a_conflict_and_a_worse_one_flags_again(
    client: Client, editor: Client, told, wire
) -> None:
    first, _ = wire()
    resting(told, first, slug="story")
    url = f"/v1/dispatches/{first}/source-status"
    assert editor.put(url, json={"status": "corrected"}).status_code == 200
    again = editor.put(url, json={"status": "corrected"})
    assert (again.status_code, again.json()["state"]) == (409, "corrected")
    editor.delete("/v1/articles/story/source-status")
    assert editor.put(url, json={"status": "corrected", "item_version": "2"}).status_code == 200
    assert client.get("/v1/articles/story").json()["source_status"] == "corrected"
    editor.delete("/v1/articles/story/source-status")
    assert editor.put(url, json=KILLED).status_code == 200
    assert client.get("/v1/articles/story").json()["source_status"] == "killed"


def test_killing_a_story_flags_its_translations(client: Client, editor: Client, told) -> None:
    told(slug="original")
    told(slug="qissa", lang="ar", translation_of="original")
    told(slug="recit", lang="fr", translation_of="original")
    editor.put("/v1/articles/original/withdrawal", json={"kind": "kill"})
    for slug in ("qissa", "recit"):
        assert client.get(f"/v1/articles/{slug}").json()["source_status"] == "killed"
    editor.delete("/v1/articles/qissa/source-status")
    assert client.get("/v1/articles/qissa").json()["source_status"] is None
    answer = editor.request("DELETE", "/v1/articles/original/withdrawal", json={"reason": "wrong"})
    assert answer.status_code == 200, answer.text
    assert client.get("/v1/articles/recit").json()["source_status"] is None


def test_vanishing_a_story_flags_no_translation(client: Client, editor: Client, told) -> None:
    told(slug="original")
    told(slug="qissa", lang="ar", translation_of="original")
    editor.put("/v1/articles/original/withdrawal", json={"kind": "vanish"})
    assert client.get("/v1/articles/qissa").json()["source_status"] is None


def test_a_story_saved_later_is_flagged_with_a_warning(
    client: Client, editor: Client, told, wire
) -> None:
    first, second = wire()
    editor.put(f"/v1/dispatches/{first}/source-status", json=KILLED)
    link = {"source": "afp", "dispatch_id": second}
    made = editor.post(
        "/v1/articles", json={"lang": "en", "headline": "Late", "attributions": [link]}
    ).json()
    assert made["source_status"] == "killed"
    assert second in made["warnings"][0]
    after = editor.patch(
        f"/v1/articles/{made['id']}", json={"attributions": []}, headers={"If-Match": '"v1"'}
    ).json()
    assert after["source_status"] is None


def test_many_stories_are_flagged_at_once_and_logged_by_the_worker(
    client: Client, editor: Client, db, told, wire
) -> None:
    first, _ = wire({"killed": "hold"})
    for number in range(BATCH + 12):
        resting(told, first, slug=f"s{number}")
    answer = editor.put(f"/v1/dispatches/{first}/source-status", json=KILLED)
    assert answer.json()["flagged_count"] == BATCH + 12
    for number in (0, BATCH + 11):
        assert client.get(f"/v1/articles/s{number}").json()["body"][1]["text"] is None
    worker.work_through(db)
    rows = [
        one for one in editor.get("/v1/changes?noun=article&limit=1000").json()["items"]
        if one["type"] == "rerendered"
    ]  # fmt: skip
    assert rows and client.get(f"/v1/articles/s{BATCH + 11}").json()["source_status"] == "killed"


def test_an_invalid_status_is_422_and_of_two_at_once_one_succeeds(
    client: Client, editor: Client, told, wire
) -> None:
    first, _ = wire()
    url = f"/v1/dispatches/{first}/source-status"
    for sent, pointer in (
        ({"status": "gone"}, "#/status"), ({}, "#/status"), ({**KILLED, "x": 1}, "#/x"),
        ({**KILLED, "at": "yesterday"}, "#/at"), ({**KILLED, "note": "x" * 3000}, "#/note"),
    ):  # fmt: skip
        answer = editor.put(url, json=sent)
        assert answer.status_code == 422
        assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]
    assert editor.put("/v1/dispatches/none/source-status", json=KILLED).status_code == 404
    assert (
        editor.put(f"/v1/dispatches/{told(slug='x').id}/source-status", json=KILLED).status_code
        == 404
    )
    assert client.put(url, json=KILLED).status_code == 401
    assert client.get("/v1/articles?source_status=odd").status_code == 400
    with ThreadPoolExecutor(4) as hands:
        answers = list(hands.map(lambda _: editor.put(url, json=KILLED).status_code, range(4)))
    assert sorted(answers) == [200, 409, 409, 409]
