"""Stories as nobody means them: each is refused with its place, or taken as it is; nothing fails."""

from typing import Any

import pytest

from tests.conftest import Client

STORY = {"lang": "ar", "headline": "عنوان", "body": [{"type": "paragraph", "text": "نص"}]}


def sent(editor: Client, **more: Any) -> Any:
    return editor.post("/v1/articles", json=STORY | more)


def pointers(answer: Any) -> set[str]:
    assert answer.status_code == 422, answer.text
    return {one["pointer"] for one in answer.json()["errors"]}


def test_nul_and_lone_surrogates_are_refused(editor: Client) -> None:
    assert pointers(sent(editor, headline="a\0b", summary="\0")) == {"#/headline", "#/summary"}
    assert pointers(sent(editor, body=[{"type": "paragraph", "html": "x\0"}])) == {"#/body/0/html"}
    for raw in (b'{"lang": "ar", "headline": "\\ud800"}', b'{"lang": "ar", "headline": "\xed\xa0\x80"}',
                b'{"lang": "ar", "headline": "\xff"}', b"", b"{", b"[1,", b'{"a": NaN}'):  # fmt: skip
        answer = editor.post(
            "/v1/articles", content=raw, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 400, (raw, answer.text)
    large = b'{"lang": "ar", "headline": "x", "urgency": 99999999999999999999999}'
    json = {"Content-Type": "application/json"}
    assert pointers(editor.post("/v1/articles", content=large, headers=json)) == {"#/urgency"}
    for raw in (b"[]", b"null", b'"x"', b"1"):
        answer = editor.post(
            "/v1/articles", content=raw, headers={"Content-Type": "application/json"}
        )
        assert pointers(answer) == {"#"}


def test_too_deep_and_too_large_bodies_are_refused(editor: Client) -> None:
    deep = b'{"lang": "ar", "headline": "x", "body": ' + b"[" * 500 + b"]" * 500 + b"}"
    json = {"Content-Type": "application/json"}
    assert editor.post("/v1/articles", content=deep, headers=json).status_code == 422
    deeper = b"[" * 100_000 + b"]" * 100_000
    assert editor.post("/v1/articles", content=deeper, headers=json).status_code in (400, 422)
    large = b'{"headline": "' + b"x" * 10_000_001 + b'"}'
    assert editor.post("/v1/articles", content=large, headers=json).status_code == 413
    chunked = (b"x" * 1_000_000 for _ in range(11))  # no Content-Length tells it in advance
    assert editor.post("/v1/articles", content=chunked, headers=json).status_code == 413
    assert sent(editor, headline="x" * 501).status_code == 422
    assert editor.post("/v1/articles", content=b"<a/>", headers={"Content-Type": "text/xml"}
                       ).status_code == 415  # fmt: skip


def test_unclosed_direction_marks_are_refused(client: Client, editor: Client) -> None:
    for wrong in ("\u202eniksalA", "\u202bopen", "\u2069closed", "\u200f\u200b"):
        assert pointers(sent(editor, headline=wrong)) == {"#/headline"}, wrong
    kept = "خبر \u2068CNN\u2069 \u200fاليوم\u200e"
    made = sent(editor, headline=kept).json()
    assert made["headline"] == kept, "harmless marks are the writer's"
    assert not any(mark in made["slug"] for mark in "\u2068\u2069\u200f\u200e")
    for slug in ("a\u202eb", "a\u200fb", "مـد", "مُد", "a\u00adb", "раypal", "Ａbc", "x" * 81):
        assert pointers(sent(editor, slug=slug)) == {"#/slug"}, slug


def test_too_many_members_of_a_list_are_refused(editor: Client) -> None:
    tags = [f"tag-{number}" for number in range(10_000)]
    answer = sent(editor, tags=tags)
    assert "#/tags" in pointers(answer)
    assert len(answer.content) < 100_000
    for name, crowd in (
        ("sections", ["coast"] * 1000), ("contributors", ["x"] * 1000), ("related", ["x"] * 1000),
        ("attributions", [{"source": "reuters"}] * 1001),
        ("body", [{"type": "paragraph", "text": "x"}] * 10_001),
        ("credit_line_override", {f"x{n:03}": "x" for n in range(400)}),
    ):  # fmt: skip
        assert sent(editor, **{name: crowd}).status_code == 422, name


def test_an_id_of_another_kind_of_item_is_refused(editor: Client, told) -> None:
    row = told(slug="story")
    answer = sent(
        editor, section=row.id, tags=["src_reuters"], related=["src_reuters"],
        contributors=[{"contributor": row.id}], lead_image={"id": row.id},
        attributions=[{"source": row.id, "dispatch_id": row.id}],
    )  # fmt: skip
    assert pointers(answer) == {
        "#/section", "#/tags/0", "#/related/0", "#/contributors/0", "#/lead_image/id",
        "#/attributions/0/source", "#/attributions/0/dispatch_id",
    }  # fmt: skip
    for path in ("src_reuters", row.id.upper(), "art_none", "%F0%9F%98%80", "%2e%2e%2fx", "a%2Fb"):
        assert editor.get(f"/v1/articles/{path}").status_code == 404, path


def test_a_story_cannot_refer_to_itself(editor: Client) -> None:
    links = [{"id": "a", "source": "reuters", "via": "b"}, {"id": "b", "source": "afp", "via": "a"}]
    assert pointers(sent(editor, attributions=links)) == {"#/attributions"}
    own = [{"id": "a", "source": "reuters", "via": "a"}]
    assert pointers(sent(editor, attributions=own)) == {"#/attributions"}
    story = sent(editor).json()
    url, match = f"/v1/articles/{story['id']}", {"If-Match": '"v1"'}
    answer = editor.patch(url, json={"translation_of": story["id"]}, headers=match)
    assert pointers(answer) == {"#/translation_of"}
    answer = editor.patch(url, json={"related": [story["id"]]}, headers=match)
    assert pointers(answer) == {"#/related/0"}
    other = sent(editor, lang="en", translation_of=story["id"]).json()
    round_trip = editor.patch(url, json={"translation_of": other["id"]}, headers=match)
    assert round_trip.status_code == 200, "the same group again is no circle"
    third = sent(editor, lang="fr").json()
    assert editor.patch(
        f"/v1/articles/{third['id']}", json={"translation_of": url.rpartition("/")[2]},
        headers=match,
    ).status_code == 200  # fmt: skip
    assert [one["lang"] for one in editor.get(url).json()["translations"]] == ["en", "fr"]


@pytest.mark.parametrize("path", ["", "/publication", "/corrections", "/withdrawal", "/previews"])
def test_a_body_that_is_not_an_object_is_refused(editor: Client, told, path: str) -> None:
    told(slug="story")
    method = "POST" if path in ("/corrections", "/previews") else "PUT"
    for raw in (b"[]", b'"x"', b"17"):
        answer = editor.request(
            method, f"/v1/articles/story{path}", content=raw,
            headers={"If-Match": '"v1"', "Content-Type": "application/json"},
        )  # fmt: skip
        assert answer.status_code in (400, 422), (path, raw, answer.text)


def test_the_second_of_two_editors_gets_412_and_a_rendering_disturbs_nobody(
    client: Client, editor: Client, signed, db, told
) -> None:
    """One 200, one 412, no block lost; a credit that is fixed in between disturbs neither."""
    told(slug="story", attributions=[{"source": "reuters"}],
         body=[{"type": "paragraph", "text": "One"}, {"type": "paragraph", "text": "Two"}])  # fmt: skip
    first, second = signed("editor"), signed("editor")
    read = [who.get("/v1/articles/story") for who in (first, second)]
    source = editor.get("/v1/sources/reuters")
    fixed = editor.patch(
        "/v1/sources/reuters", json={"name": source.json()["name"] | {"en": "Reuters News"}},
        headers={"If-Match": source.headers["etag"]},
    )  # fmt: skip
    assert (fixed.status_code, fixed.json()["rerendered"]) == (200, 1)
    added = {"type": "paragraph", "text": "Three"}
    answers = [
        who.put(
            "/v1/articles/story", json={"body": [*seen.json()["body"], added]},
            headers={"If-Match": seen.headers["etag"]},
        )
        for who, seen in zip((first, second), read, strict=True)
    ]  # fmt: skip
    assert [one.status_code for one in answers] == [200, 412]
    story = client.get("/v1/articles/story").json()
    assert [one["text"] for one in story["body"]] == ["One", "Two", "Three"]
    assert story["credit_line"]["en"] == "Source: Reuters News"
