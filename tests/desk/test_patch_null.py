"""Null in a PATCH: each field of each schema is answered as the contract says of that field."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import Client, Signed

Json = dict[str, Any]
CONTRACT = yaml.load(
    (Path(__file__).parent.parent.parent / "openapi.yaml").read_text(), yaml.CSafeLoader
)
BESIDE = {"/v1/articles/{id_or_slug}/updates/{id}": {"headline": "x"}}
"""What is sent with each patch: an update has a headline or a body."""
NAME = {"en": "North", "ar": "شمال"}


def resolved(schema: Json) -> Json:
    reference = schema.get("$ref", "").rpartition("/")[2]
    return CONTRACT["components"]["schemas"][reference] if reference else schema


def patches() -> dict[str, Json]:
    """The schema of each operation that is a PATCH, by its path."""
    return bodies_of("patch")


def bodies_of(method: str) -> dict[str, Json]:
    """The schema of each operation of this method where there is a PATCH, by its path."""
    return {
        path: resolved(item[method]["requestBody"]["content"]["application/json"]["schema"])
        for path, item in CONTRACT["paths"].items() if "patch" in item and method in item
    }  # fmt: skip


def nullable(schema: Json) -> bool:
    return any(one.get("type") == "null" for one in schema.get("anyOf", [schema]))


def nouns(editor: Client, admin: Client) -> dict[str, tuple[Client, str]]:
    """Something to change under each path of the contract that has a PATCH."""

    def made(path: str, body: Json, by: Client = editor) -> str:
        answer = by.post(f"/v1/{path}", json=body)
        assert answer.status_code == 201, answer.text
        return f"/v1/{path}/{answer.json()['id']}"

    body = [{"type": "paragraph", "text": "It rains."}]
    image = made("images", {"focal_point": {"x": 0.5, "y": 0.5}, "rights": {"public_domain": True}})
    lead = {"id": image.rpartition("/")[2]}
    story = made(
        "articles", {"lang": "en", "headline": "Rain", "body": body, "lead_image": lead}
    )  # fmt: skip
    front = made("fronts", {"name": NAME, "banner": {"text": NAME}})
    tag = made("tags", {"name": NAME})
    live = made("articles", {"lang": "en", "headline": "Live", "kind": "live"})
    update = made(live.removeprefix("/v1/") + "/updates", {"headline": "x", "body": body})
    assert editor.put(f"{story}/publication").status_code == 200
    source = made("sources", {"name": NAME, "kind": "agency"})
    correction = editor.post(
        f"{story}/corrections", json={"kind": "correction", "text": {"en": "It rained."}}
    )
    assert correction.status_code == 201, correction.text
    return {
        "/v1/articles/{id_or_slug}": (editor, story),
        "/v1/articles/{id_or_slug}/updates/{id}": (editor, update),
        "/v1/articles/{id_or_slug}/corrections/{id}": (editor, f"{story}/corrections/{correction.json()['id']}"),
        "/v1/fronts/{name}": (editor, front),
        "/v1/sections/{name}": (editor, made("sections", {"name": NAME})),
        "/v1/tags/{name}": (editor, tag),
        "/v1/contributors/{name}": (editor, made("contributors", {"name": NAME})),
        "/v1/sources/{name}": (editor, source),
        "/v1/dispatches/{name}": (editor, made("dispatches", {"source": source.rpartition("/")[2], "item_id": "L1"})),
        "/v1/images/{name}": (editor, image),
        "/v1/keys/{id}": (admin, made("keys", {"role": "editor"}, admin)),
    }  # fmt: skip


def fields(schema: Json) -> Iterator[tuple[Json, str, bool]]:
    """For each field, also of objects inside: a patch that sets it to null, its pointer, and whether
    the schema says that it may be null."""
    for name, field in schema["properties"].items():
        for option in field.get("anyOf", [field]):
            if option.get("$ref", "").endswith("Patch"):
                for inner, pointer, may in fields(resolved(option)):
                    yield {name: inner}, f"#/{name}{pointer[1:]}", may
        yield {name: None}, f"#/{name}", nullable(field)


def test_null_in_a_patch_is_answered_as_the_contract_says(editor: Client, signed: Signed) -> None:
    there = nouns(editor, signed("admin"))
    assert there.keys() == patches().keys()
    wrong: list[str] = []
    asked = 0
    for path, schema in patches().items():
        client, url = there[path]
        for patch, pointer, may_be_null in fields(schema):
            etag = client.get(url).headers.get("ETag")
            sent = BESIDE.get(path, {}) | patch
            answer = client.patch(url, json=sent, headers={"If-Match": etag} if etag else {})
            pointers = [one["pointer"] for one in answer.json().get("errors", [])]
            asked += 1
            if (answer.status_code, pointers) != ((200, []) if may_be_null else (422, [pointer])):
                wrong.append(
                    f"{path} {patch}, null {may_be_null}: {answer.status_code} {answer.text}"
                )
            elif may_be_null and not is_cleared(answer.json(), pointer):
                wrong.append(f"{path} {patch}: null changed nothing: {answer.text}")
    assert wrong == [], "\n".join(wrong)
    assert asked > 80


def test_null_in_a_put_is_answered_as_the_contract_says(editor: Client, signed: Signed) -> None:
    there = nouns(editor, signed("admin"))
    wrong: list[str] = []
    asked = 0
    for path, schema in bodies_of("put").items():
        client, url = there[path]
        for name, field in schema["properties"].items():
            now = client.get(url)
            etag = now.headers.get("ETag")
            required = {one: now.json()[one] for one in schema.get("required", [])}
            sent = BESIDE.get(path, {}) | required | {name: None}
            answer = client.put(url, json=sent, headers={"If-Match": etag} if etag else {})
            pointers = [one["pointer"] for one in answer.json().get("errors", [])]
            asked += 1
            if (answer.status_code, pointers) != (
                (200, []) if nullable(field) else (422, [f"#/{name}"])
            ):
                wrong.append(
                    f"{path} {sent}, null {nullable(field)}: {answer.status_code} {answer.text}"
                )
            elif nullable(field) and not is_cleared(answer.json(), f"#/{name}"):
                wrong.append(f"{path} {name}: null changed nothing: {answer.text}")
    assert wrong == [], "\n".join(wrong)
    assert asked > 50


UNSET = {"#/kind": "news", "#/size": 20, "#/type": "keyword"}
"""What a field is where nobody sets it, if that is not empty."""
SHOWN_AS_OF_NOW = ("#/at", "#/lang")
"""Times of updates are those at which they were made; a front of every language is shown in one."""


def is_cleared(shown: Json, pointer: str) -> bool:
    """Whether a field is empty, or what it is where nobody sets it."""
    value: Any = shown
    for name in pointer[2:].split("/"):
        value = value.get(name) if isinstance(value, dict) else None
    if isinstance(value, dict):
        return not any(value.values())
    return not value or UNSET.get(pointer) == value or pointer in SHOWN_AS_OF_NOW
