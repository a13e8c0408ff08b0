"""Fronts: a screen in one request, curated and filled up, without holes."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.desk.catalog import verbs
from app.desk.transaction import at_desk
from app.models.image import ImageRow
from tests.conftest import Client

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def house(db, told) -> dict[str, str]:
    """Two sections and eight stories; `n` counts up with the time of publication."""
    with at_desk(db) as desk:
        for path, name in (("coast", "الساحل"), ("coast/islands", "الجزر"), ("sport", "رياضة")):
            verbs.add_section(desk, path, {"ar": name, "en": path})
    ids = {}
    for number in range(8):
        row = told(
            slug=f"s{number}", section="coast" if number % 2 else "sport", headline=f"S {number}",
            published_at=START + timedelta(hours=number),
        )  # fmt: skip
        ids[row.slug] = row.id
    return ids


def front(editor: Client, **more: Any) -> dict[str, Any]:
    sent = {"slug": "home", "name": {"ar": "الرئيسية", "en": "Home"}, "size": 4}
    answer = editor.post("/v1/fronts", json=sent | more)
    assert answer.status_code == 201, answer.text
    shape: dict[str, Any] = answer.json()
    return shape


def shown(client: Client, name: str = "home", **params: Any) -> list[tuple[str, str]]:
    answer = client.get(f"/v1/fronts/{name}", params={"lang": "en", **params})
    assert answer.status_code == 200, answer.text
    return [(one["article"]["slug"], one["by"]) for one in answer.json()["slots"]]


C, F = "curated", "fallback"


def test_a_section_without_a_curated_front_shows_its_newest(client: Client, house) -> None:
    assert shown(client, "coast", limit=3) == [("s7", F), ("s5", F), ("s3", F)]
    screen = client.get("/v1/fronts/coast?lang=en").json()
    assert (screen["id"], screen["version"], screen["section"]["path"]) == (None, None, "coast")
    assert screen["name"]["en"] == "coast"
    empty = client.get("/v1/fronts/coast/islands").json()
    assert (empty["slots"], empty["lang"], empty["dir"]) == ([], "ar", "rtl")
    assert client.get("/v1/fronts/nowhere").status_code == 404
    assert client.get("/v1/fronts/coast/nowhere").status_code == 404


def test_curated_slots_come_first_and_the_fallback_fills_the_rest(client, editor, house) -> None:
    made = front(editor, curated=[{"article": "s2"}, {"article": house["s1"]}])
    assert shown(client) == [("s2", C), ("s1", C), ("s7", F), ("s6", F)]
    assert shown(client, made["id"], limit=3) == [("s2", C), ("s1", C), ("s7", F)]
    filled = {"fallback": "section=sport&kind=-opinion", "curated": [{"article": "s6"}]}
    editor.patch("/v1/fronts/home", json=filled, headers={"If-Match": '"v1"'})
    assert shown(client) == [("s6", C), ("s4", F), ("s2", F), ("s0", F)]


def test_a_hidden_story_leaves_no_empty_slot(client, editor, house) -> None:
    front(editor, curated=[{"article": f"s{n}"} for n in (0, 1, 2, 3)])
    assert shown(client) == [(f"s{n}", C) for n in (0, 1, 2, 3)]
    editor.put("/v1/articles/s1/withdrawal", json={"kind": "kill"})
    editor.put("/v1/articles/s2/embargo", json={"until": "2099-01-01T00:00:00Z"})
    assert shown(client) == [("s0", C), ("s3", C), ("s7", F), ("s6", F)]
    screen = client.get("/v1/fronts/home?lang=en").text
    assert house["s1"] not in screen and house["s2"] not in screen and "curated" in screen
    assert client.get("/v1/fronts/home").json()["curated"] is None
    mine = editor.get("/v1/fronts/home?lang=en").json()
    assert [one["article"] for one in mine["curated"]] == [house[f"s{n}"] for n in (0, 1, 2, 3)]
    assert len(mine["slots"]) == 4


def test_a_slot_can_have_its_own_headline_and_image(client, editor, db, house) -> None:
    with at_desk(db) as desk:
        image = ImageRow(created_at=desk.now, modified_at=desk.now, credit={"en": "AFP"})
        verbs.add(desk, image)
    slot = {
        "article": "s3", "headline": {"en": "Shorter", "ar": "أقصر"},
        "image": {"id": image.id, "caption": "The quay"},
    }  # fmt: skip
    front(editor, curated=[slot, {"article": "s2"}])
    first, second, *_ = client.get("/v1/fronts/home?lang=en").json()["slots"]
    assert (first["headline"], first["article"]["headline"]) == ("Shorter", "S 3")
    assert (first["image"]["id"], first["image"]["caption"], first["image"]["credit"]) == (
        image.id, "The quay", "AFP",
    )  # fmt: skip
    assert (second["headline"], second["image"]) == ("S 2", None)
    editor.put(f"/v1/images/{image.id}/withdrawal", json={"kind": "kill"})
    first, *_ = client.get("/v1/fronts/home?lang=en").json()["slots"]
    assert first["image"]["withheld"] == {"reason": "withdrawn"}


def test_slots_and_banner_appear_and_disappear_by_the_clock(client, editor, house) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=1.5)
    banner = {"text": {"en": "Storm!", "ar": "عاصفة!"}, "article": "s5", "until": soon.isoformat()}
    slots = [
        {"article": "s0", "ends_at": soon.isoformat()},
        {"article": "s1", "starts_at": soon.isoformat()},
    ]
    front(editor, banner=banner, curated=slots, size=2)
    answer = client.get("/v1/fronts/home?lang=en")
    screen = answer.json()
    assert (screen["banner"]["text"], screen["banner"]["article"]["slug"]) == ("Storm!", "s5")
    assert client.get("/v1/fronts/home?lang=ar").json()["banner"]["text"] == "عاصفة!"
    assert client.get("/v1/fronts/home?lang=fr").json()["banner"] is None
    assert int(answer.headers["cache-control"].partition("s-maxage=")[2]) <= 1
    assert shown(client) == [("s0", C), ("s7", F)]
    time.sleep(max(0.0, (soon - datetime.now(UTC)).total_seconds()) + 0.05)
    assert shown(client) == [("s1", C), ("s7", F)]
    assert client.get("/v1/fronts/home?lang=en").json()["banner"] is None


def test_a_banner_stays_when_its_story_is_hidden(client, editor, house) -> None:
    front(editor, banner={"text": {"en": "Storm!"}, "article": "s5"})
    editor.put("/v1/articles/s5/withdrawal", json={"kind": "kill"})
    banner = client.get("/v1/fronts/home?lang=en").json()["banner"]
    assert banner == {"text": "Storm!", "article": None, "until": None}


def test_each_language_has_its_own_front(client, editor, told, house) -> None:
    told(slug="qissa", lang="ar", headline="قصة", translation_of="s3", section="coast")
    front(editor, curated=[{"article": "s3"}, {"article": "s2"}], section="coast", slug="coast-all")
    assert shown(client, "coast", lang="ar") == [("qissa", C)]
    assert shown(client, "coast")[:2] == [("s3", C), ("s2", C)]
    other = {"slug": "coast-ar", "name": {"ar": "الساحل"}, "section": "coast", "lang": "ar"}
    assert editor.post("/v1/fronts", json=other).status_code == 201
    assert shown(client, "coast", lang="ar") == [("qissa", F)]
    again = editor.post("/v1/fronts", json=other | {"slug": "again"})
    assert again.status_code == 409


def test_a_front_has_versions_former_slugs_and_can_be_deleted(client, editor, house) -> None:
    front(editor, section="coast", curated=[{"article": "s0"}])
    assert editor.put("/v1/fronts/home", json={"size": 2}).status_code == 428
    match = {"If-Match": '"v1"'}
    read = editor.get("/v1/fronts/home").json()
    sent = editor.put("/v1/fronts/home", json=read | {"slug": "first"}, headers=match)
    assert (sent.status_code, sent.json()["version"]) == (200, 2), sent.text
    assert sent.json()["curated"] == read["curated"]
    assert editor.put("/v1/fronts/first", json={"size": 2}, headers=match).status_code == 412
    moved = client.get("/v1/fronts/home")
    assert (moved.status_code, moved.headers["location"][-16:]) == (308, "/v1/fronts/first")
    assert client.get("/v1/fronts").json()["items"][0]["slug"] == "first"
    cleared = editor.put("/v1/fronts/first", json={"curated": []}, headers={"If-Match": '"v2"'})
    assert cleared.json()["curated"] == []
    gone = editor.delete("/v1/fronts/first", headers={"If-Match": '"v3"'})
    assert gone.status_code == 204
    assert client.get("/v1/fronts/first").status_code == 404
    assert shown(client, "coast", limit=1) == [("s7", F)]


@pytest.mark.parametrize(
    ("sent", "pointers"),
    [
        ({"name": {"en": "x"}}, {"#/name"}),
        ({"slug": "a/b"}, {"#/slug"}),
        ({"curated": [{"article": "none"}]}, {"#/curated/0/article"}),
        ({"curated": [{"article": "s1"}, {"article": "s1"}]}, {"#/curated/1"}),
        ({"curated": [{"article": "s1", "image": {"id": "none"}}]}, {"#/curated/0/image/id"}),
        ({"curated": [{"article": "s1", "starts_at": "2026-01-02T00:00:00Z",
                       "ends_at": "2026-01-01T00:00:00Z"}]}, {"#/curated/0/ends_at"}),
        ({"fallback": "sekshun=a&state=draft&limit=5"}, {"#/fallback"}),
        ({"fallback": "kind=nwes"}, {"#/fallback"}),
        ({"size": 0, "section": "x", "colour": 1}, {"#/size", "#/colour"}),
        ({"banner": {"text": {}}}, {"#/banner/text"}),
        ({"section": "nowhere"}, {"#/section"}),
        ({"curated": [{"article": "s1"}] * 101}, {"#/curated"}),
    ],
)  # fmt: skip
def test_errors_of_a_front_have_pointers(editor, house, sent, pointers) -> None:
    whole = {"name": {"ar": "الرئيسية"}} | sent
    answer = editor.post("/v1/fronts", json=whole)
    assert answer.status_code == 422
    assert {one["pointer"] for one in answer.json()["errors"]} == pointers


def test_a_front_has_an_etag_and_a_cache_lifetime(client, editor, house) -> None:
    front(editor, curated=[{"article": "s0"}])
    answer = client.get("/v1/fronts/home?lang=en")
    known = {"If-None-Match": answer.headers["etag"]}
    assert client.get("/v1/fronts/home?lang=en", headers=known).status_code == 304
    assert house["s0"] in answer.headers["surrogate-key"]
    for wrong in ("limit=0", "limit=101", "lang=x!", "cursor=a", "limit=1&limit=2"):
        assert client.get(f"/v1/fronts/home?{wrong}").status_code == 400, wrong
    assert client.post("/v1/fronts", json={}).status_code == 401
