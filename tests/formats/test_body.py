"""Bodies as HTML and Markdown over HTTP: in, out, back again, and what is held against what."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from app.db.database import Database
from app.demo.load import load
from app.desk.catalog import verbs
from app.desk.transaction import at_desk
from app.models.image import ImageRow
from tests.conftest import Client
from tests.desk.test_writing import faults, made, match

Json = dict[str, Any]
PATCH = {"Content-Type": "application/json-patch+json"}


@pytest.fixture
def house(db: Database, editor: Client) -> Client:
    """An editor's hand in the house with the demo stories."""
    load(db)
    return editor


def everything(editor: Client) -> list[str]:
    listed = editor.get("/v1/articles?limit=100&state=published,scheduled,expired").json()
    return [card["id"] for card in listed["items"]]


def put(editor: Client, story: Json, **sent: Any) -> httpx.Response:
    query = sent.pop("query", "")
    return editor.put(f"/v1/articles/{story['id']}{query}", json=sent, headers=match(story))


@pytest.mark.parametrize("form", ["html", "markdown"])
def test_every_demo_story_survives_a_round_trip(house: Client, form: str) -> None:
    for id in everything(house):
        story = house.get(f"/v1/articles/{id}").json()
        told = house.get(f"/v1/articles/{id}?body={form}").json()
        assert isinstance(told["body"], str)
        assert told | {"body": story["body"]} == story
        answer = put(house, story, body={form: told["body"]})
        assert answer.status_code == 200, answer.text
        assert answer.json()["body"] == story["body"]
        assert answer.json()["attributions"] == story["attributions"]
        assert answer.json()["warnings"] == []


def test_body_text_returns_plain_text(house: Client) -> None:
    for id in everything(house):
        story = house.get(f"/v1/articles/{id}").json()
        text = house.get(f"/v1/articles/{id}?body=text").json()["body"]
        place = 0
        for block in story["body"]:
            place = text.index(block["text"], place) + len(block["text"])


def test_body_html_returns_html(house: Client) -> None:
    answer = house.get("/v1/articles/harbour-lights?body=html")
    body = answer.json()["body"]
    assert '<p data-block="b2">وكما أفادت وكالة إنترفاكس' in body
    assert 'data-type="correction" data-correction="cor1"' in body
    assert answer.headers["etag"] != house.get("/v1/articles/harbour-lights").headers["etag"]
    unknown = house.get("/v1/articles/harbour-lights?body=pdf")
    assert unknown.json()["errors"][0]["parameter"] == "body"


STORM: Json = {
    "lang": "en", "headline": "Storm",
    "body": [
        {"type": "paragraph", "id": "b1", "text": "The storm reached the coast on Monday evening."},
        {"type": "paragraph", "id": "b2", "text": "Two ferries stayed in port, the harbour master said."},
        {"type": "heading", "id": "b3", "text": "What comes next"},
        {"type": "paragraph", "id": "b4", "text": "Schools open again on Thursday."},
    ],
    "attributions": [{"id": "a1", "role": "reported", "source": "reuters", "scope": {"block": "b2"}}],
}  # fmt: skip


def ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code in (200, 201), answer.text
    return [block["id"] for block in answer.json()["body"]]


def types(answer: httpx.Response) -> list[str]:
    assert answer.status_code in (200, 201), answer.text
    return [block["type"] for block in answer.json()["body"]]


@pytest.mark.parametrize(
    "body",
    [
        {"html": "<p>The storm reached the coast on Tuesday evening.</p><p>New.</p>"
                 "<p>Two ferries stayed in port, the harbour master said.</p><h2>What comes next</h2>"},
        {"markdown": "The storm reached the coast on Tuesday evening.\n\nNew.\n\nTwo ferries stayed in"
                     " port, the harbour master said.\n\n## What comes next"},
        [{"type": "paragraph", "text": text} for text in (
            "The storm reached the coast on Tuesday evening.", "New.",
            "Two ferries stayed in port, the harbour master said.")]
        + [{"type": "heading", "text": "What comes next"}],
    ],
    ids=["html", "markdown", "blocks"],
)  # fmt: skip
def test_blocks_are_recognised_by_similarity(editor: Client, body: Any) -> None:
    story = made(editor, **STORM)
    after = ids(put(editor, story, body=body))
    assert [after[0], *after[2:]] == ["b1", "b2", "b3"]
    assert after[1] not in ("b1", "b2", "b3", "b4"), "a new paragraph takes nobody's id"


def test_data_block_takes_precedence_over_similarity(editor: Client) -> None:
    story = made(editor, **STORM)
    html = (
        '<h2 data-block="b4">Schools open again on Thursday.</h2>'
        '<p data-block="b1">Nothing of what it was.</p>'
        '<p data-block="b2">Two ferries stayed in port,</p>'
        '<p data-block="b2">the harbour master said.</p><p data-block="b3"><br></p>'
    )
    answer = put(editor, story, body={"html": html})
    assert ids(answer)[:3] == ["b4", "b1", "b2"]
    assert types(answer) == ["heading", "paragraph", "paragraph", "paragraph"]
    assert len(set(ids(answer))) == 4
    assert answer.json()["attributions"][0]["scope"] == {"block": "b2"}


def test_an_image_is_found_by_its_id_or_url_and_others_are_left_out(
    house: Client, client: Client
) -> None:
    image = client.get("/v1/images/img_democoastmap").json()
    body = (
        f'<p>Before</p><img src="{image["url"]}" alt="A map"><figure><img data-image="{image["id"]}">'
        "<figcaption>By sea <cite>Maya</cite></figcaption></figure>"
        '<figure><img src="https://elsewhere.example/x.jpg" alt="x"><figcaption>Kept words'
        '</figcaption></figure><img src="data:image/png;base64,AAAA"><img src="file:///C:/x.png">'
    )
    answer = house.post(
        "/v1/articles", json={"lang": "ar", "headline": "ص", "body": {"html": body}}
    )
    assert types(answer) == ["paragraph", "figure", "figure", "paragraph"]
    _, first, second, words = answer.json()["body"]
    assert (first["image"]["id"], first["image"]["alt"]) == (image["id"], "A map")
    assert first["image"]["caption"] == image["caption"]["ar"], (
        "what was not said is the image's own"
    )
    assert (second["image"]["caption"], second["image"]["credit"]) == ("By sea", "Maya")
    assert words["text"] == "Kept words"
    for name in ("https://elsewhere.example/x.jpg", "data:image/png", "file:///C:/x.png"):
        assert [one for one in answer.json()["warnings"] if f"No image was made of {name}" in one]


def test_warnings_name_what_was_left_out(editor: Client) -> None:
    html = (
        '<p onclick="x()">The <u>mayor</u> <a href="javascript:x()">said</a> so.</p>'
        "<script>x()</script><p><u>And</u> left.</p>"
    )
    answer = editor.post(
        "/v1/articles", json={"lang": "en", "headline": "x", "body": {"html": html}}
    )
    assert [block["html"] for block in answer.json()["body"]] == ["The mayor said so.", "And left."]
    assert answer.json()["warnings"] == [
        "An address of the kind javascript: was left out (near “said so. And left.”).",
        "The element u was taken off, its words kept, 2 times (near “mayor said so. And left.”).",
        "The element script was left out with what was in it (near “And left.”).",
        "The attribute onclick was left out (near “The mayor said so. And”).",
    ]


@pytest.mark.parametrize(
    "body", [{"html": 5}, {"htm": "x"}, {}, {"html": "x", "markdown": "y"}, {"markdown": None}, "x"]
)
def test_a_body_of_an_unknown_form_is_422(editor: Client, body: Any) -> None:
    answer = editor.post(
        "/v1/articles", json={"lang": "en", "headline": "x", "hedline": 1, "body": body}
    )
    assert {"#/body", "#/hedline"} <= faults(answer).keys()


def test_errors_in_html_point_at_the_html(editor: Client) -> None:
    html = '<aside data-type="related"><a data-article="art_none" href="https://x.y/">x</a></aside>'
    sent = {"lang": "en", "headline": "x", "body": {"html": html}}
    assert faults(editor.post("/v1/articles", json=sent)) == {
        "#/body/html": "There is no article 'art_none'."
    }
    assert (
        "NUL"
        in faults(editor.post("/v1/articles", json=sent | {"body": {"html": "a\0b"}}))[
            "#/body/html"
        ]
    )
    many = {"html": "<hr>" * 10_001}
    assert (
        "10,000" in faults(editor.post("/v1/articles", json=sent | {"body": many}))["#/body/html"]
    )


# what blocks carry

KEPT = STORM["body"][:1] + STORM["body"][2:]
WITHOUT = {
    "html": {"body": {"html": "<p data-block=b1>The storm reached the coast on Monday evening.</p>"}},
    "markdown": {"body": {"markdown": "The storm reached the coast on Monday evening."}},
    "blocks": {"body": KEPT},
    "null": {"body": None},
}  # fmt: skip


@pytest.mark.parametrize("sent", WITHOUT.values(), ids=WITHOUT.keys())
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_losing_a_block_with_attributions_is_409(editor: Client, sent: Json, method: str) -> None:
    story = made(editor, **STORM)
    url = f"/v1/articles/{story['id']}"
    answer = editor.request(method, url, json=sent, headers=match(story))
    assert (answer.status_code, answer.json()["code"]) == (409, "loses-blocks"), answer.text
    [block] = answer.json()["blocks"]
    assert block == {
        "id": "b2", "type": "paragraph", "text": "Two ferries stayed in port, the harbour master said.",
        "attributions": ["a1"], "corrections": [], "rights": [],
    }  # fmt: skip
    assert editor.get(url).json()["version"] == 1
    answer = editor.request(method, f"{url}?detach=true", json=sent, headers=match(story))
    assert answer.status_code == 200, answer.text
    [link] = answer.json()["attributions"]
    assert (link["id"], link["scope"]) == ("a1", {"article": story["id"]})
    assert answer.json()["warnings"][-1:] == [
        "The attribution a1 speaks for the story now; its block b2 is gone."
    ]


def test_losing_a_block_with_attributions_by_json_patch_is_409(editor: Client) -> None:
    story = made(editor, **STORM)
    url, headers = f"/v1/articles/{story['id']}", match(story) | PATCH
    gone = [{"op": "remove", "path": "/body/1"}]
    assert editor.patch(url, json=gone, headers=headers).status_code == 409
    harmless = [{"op": "remove", "path": "/body/3"}]
    assert ids(editor.patch(url, json=harmless, headers=headers)) == ["b1", "b2", "b3"]
    headers = match({"version": 2}) | PATCH
    assert editor.patch(f"{url}?detach=perhaps", json=gone, headers=headers).status_code == 400
    assert ids(editor.patch(f"{url}?detach=true", json=gone, headers=headers)) == ["b1", "b3"]


def test_removing_a_block_with_its_attributions_is_accepted(editor: Client) -> None:
    story = made(editor, **STORM)
    answer = put(editor, story, body=KEPT, attributions=[])
    assert (answer.status_code, answer.json()["warnings"]) == (200, [])


def test_losing_a_block_with_corrections_or_rights_is_409(house: Client) -> None:
    story = house.get("/v1/articles/harbour-lights").json()
    told = [one for one in story["body"] if one["type"] == "correction"]
    [pictured] = [one for one in story["body"] if one["type"] == "figure"][:1]
    source = [
        one for one in story["attributions"] if one["scope"] == {"image": pictured["image"]["id"]}
    ]
    rest = [one for one in story["body"] if one not in (told[0], pictured)]
    answer = put(house, story, body=rest)
    assert answer.status_code == 409, answer.text
    carried = {one["id"]: one for one in answer.json()["blocks"]}
    assert carried[told[0]["id"]]["corrections"] == ["cor1"]
    if source:
        assert carried[pictured["id"]]["attributions"] == [one["id"] for one in source]
    answer = put(house, story, body=rest, query="?detach=true")
    assert answer.status_code == 200, answer.text
    gone = {told[0]["id"], pictured["id"]}
    assert not gone & {id for one in answer.json()["corrections"] for id in one["blocks"]}
    assert not gone & {one["scope"].get("block") for one in answer.json()["attributions"]}


# an edit in HTML is that edit and no other


def edited(house: Client, name: str, *changes: tuple[str, str]) -> tuple[Json, Json]:
    """A story before and after somebody changed its HTML."""
    story = house.get(f"/v1/articles/{name}").json()
    html = house.get(f"/v1/articles/{name}?body=html").json()["body"]
    for old, new in changes:
        assert old in html
        html = html.replace(old, new, 1)
    answer = put(house, story, body={"html": html})
    assert answer.status_code == 200, answer.text
    return story, answer.json()


def test_editing_the_caption_of_a_video_in_html_keeps_its_other_fields(house: Client) -> None:
    name = "watch-the-first-ferry-leaves-the-new-quay"
    before, after = edited(house, name, ("The first sailing from", "The first boat from"))
    film = after["body"][0]
    assert film["caption"] == "The first boat from the eastern quay"
    kept = ("id", "url", "mime", "poster", "duration", "credit", "tracks")
    assert [film[name] for name in kept] == [before["body"][0][name] for name in kept]
    assert after["body"][1:] == before["body"][1:]


def test_a_gallery_caption_changes_only_this_use_of_the_image(house: Client) -> None:
    name = "three-doors-of-the-old-town"
    story = house.get(f"/v1/articles/{name}").json()
    first, second = (use["caption"] for use in story["body"][0]["images"][:2])
    _, after = edited(house, name, (f"<figcaption>{first}", "<figcaption>Blue"))
    images = after["body"][0]["images"]
    assert [images[0]["caption"], images[1]["caption"]] == ["Blue", second]
    assert images[1:] == story["body"][0]["images"][1:]


def test_changing_one_letter_in_html_changes_one_block(house: Client) -> None:
    before, after = edited(house, "harbour-lights", ("وكما أفادت", "كما أفادت"))
    changed = [
        new["id"] for old, new in zip(before["body"], after["body"], strict=True) if old != new
    ]
    assert changed == ["b2"]
    assert after["attributions"] == before["attributions"]


def test_derived_content_of_the_html_is_not_stored_in_blocks(house: Client) -> None:
    notice = "ذكرت نسخة سابقة"
    before, after = edited(house, "harbour-lights", (f"<p>{notice}", f"<p>قالت {notice}"))
    assert after["body"] == before["body"]
    assert [one for one in after["warnings"] if "kept elsewhere" in one]


def test_a_correction_without_a_block_survives_a_round_trip(house: Client) -> None:
    story = house.get("/v1/articles/harbour-lights").json()
    said = {
        "kind": "clarification",
        "text": {"ar": "توضيح: «الرصيف» هو الشرقي.", "en": "The quay."},
    }
    made = house.post(f"/v1/articles/{story['id']}/corrections", json=said)
    assert made.status_code == 201, made.text
    story = house.get("/v1/articles/harbour-lights").json()
    for form in ("html", "markdown"):
        text = house.get(f"/v1/articles/{story['id']}?body={form}").json()["body"]
        assert "data-notice=" in text and "توضيح" in text
        answer = put(house, story, body={form: text})
        assert (answer.json()["body"], answer.json()["warnings"]) == (story["body"], [])
        story = answer.json()
    assert "توضيح" in house.get(f"/v1/articles/{story['id']}?body=text").json()["body"]


def test_a_withheld_block_is_empty_in_html_and_survives_a_round_trip(
    house: Client, db: Database
) -> None:
    with at_desk(db) as desk:
        image = desk.session.get_one(ImageRow, "img_democoastmap")
        verbs.change(desk, image, rights={"valid_until": "2020-01-01T00:00:00Z"})
    name = "طريق-الملح-يعود-إلى-الخريطة"
    story = house.get(f"/v1/articles/{name}").json()
    [held] = [block for block in story["body"] if block["withheld"]]
    for form in ("html", "markdown"):
        text = house.get(f"/v1/articles/{name}?body={form}").json()["body"]
        assert 'data-withheld="rights.expired"' in text and "الدرب كما رسمته" not in text
        answer = put(house, story, body={form: text})
        assert (answer.json()["body"], answer.json()["warnings"]) == (story["body"], [])
        story = answer.json()
    elsewhere = f'<p>x</p><div data-block="{held["id"]}" data-type="figure" data-withheld="rights.expired"></div>'
    other = house.post(
        "/v1/articles", json={"lang": "ar", "headline": "غير", "body": {"html": elsewhere}}
    )
    assert types(other) == ["paragraph"] and "withheld" in other.json()["warnings"][0]
    refused = put(house, story, body={"html": "<p>x</p>"})
    assert refused.status_code == 409
    [block] = [one for one in refused.json()["blocks"] if one["id"] == held["id"]]
    assert block["rights"] == ["img_democoastmap"]


def test_removing_an_image_reconnects_its_chain(house: Client) -> None:
    sent = {
        "lang": "en", "headline": "x",
        "body": [{"type": "figure", "id": "b1", "image": {"id": "img_democoastmap"}},
                 {"type": "paragraph", "id": "b2", "text": "Kept."}],
        "attributions": [
            {"id": "a1", "role": "photographed", "source": "reuters", "scope": {"image": "img_democoastmap"}},
            {"id": "a2", "role": "relayed", "source": "afp", "scope": {"block": "b1"}, "via": "a1"},
            {"id": "a3", "role": "quoted", "source": "bbc", "scope": {"block": "b2"}, "via": "a2"},
        ],
    }  # fmt: skip
    story = house.post("/v1/articles", json=sent).json()
    assert [one["id"] for one in story["attributions"]] == ["a1", "a2", "a3"], story
    refused = put(house, story, body={"html": "<p data-block=b2>Kept.</p>"})
    assert refused.json()["blocks"][0]["attributions"] == ["a1", "a2"]
    answer = put(
        house, story, body={"html": "<p data-block=b2>Kept.</p>"}, query="?detach=true"
    ).json()
    links = {one["id"]: (one["scope"], one["via"]) for one in answer["attributions"]}
    assert links == {"a2": ({"article": story["id"]}, None), "a3": ({"block": "b2"}, "a2")}
    assert "The attribution a1 went with its picture of the block b1." in answer["warnings"]


def test_every_route_to_a_story_takes_body(house: Client, client: Client) -> None:
    story = client.get("/v1/articles/harbour-lights").json()
    html = client.get("/v1/articles/harbour-lights?body=html").json()["body"]
    assert (
        client.get("/v1/articles/by-url", params={"url": story["url"], "body": "html"}).json()[
            "body"
        ]
        == html
    )
    assert client.get("/v1/articles/harbour-lights?lang=ar&body=html").json()["body"] == html
    assert client.get("/v1/articles/harbour-lights?body=blocks").json() == story
    when = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    seen = house.get("/v1/articles/harbour-lights", params={"as_of": when, "body": "text"})
    assert isinstance(seen.json()["body"], str)
    token = house.post(f"/v1/articles/{story['id']}/previews", json={}).json()["token"]
    there = client.get("/v1/articles/harbour-lights", params={"preview": token, "body": "html"})
    assert there.json()["body"].startswith('<p data-block="b1">')
    assert f"preview={token}" in there.json()["body"], "its pictures open with the token"


def test_body_html_has_its_own_etag(house: Client, client: Client) -> None:
    seen = client.get("/v1/articles/harbour-lights?body=html")
    match = {"If-None-Match": seen.headers["etag"]}
    assert client.get("/v1/articles/harbour-lights?body=html", headers=match).status_code == 304
    assert client.get("/v1/articles/harbour-lights", headers=match).status_code == 200
    sent = house.put(
        "/v1/articles/harbour-lights", json={"body": {"html": seen.json()["body"]}},
        headers={"If-Match": seen.headers["etag"]},
    )  # fmt: skip
    assert sent.status_code == 200, sent.text
