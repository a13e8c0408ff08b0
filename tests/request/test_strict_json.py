"""Strict input: values of another JSON type, names given twice, and numbers beyond what all read alike."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.backup.dump_format import BadDump, parse_line
from app.models.base import In
from app.request import strict_json
from app.request.json_body import validate
from tests.conftest import Client, Signed

Json = Any
STORY = {"lang": "en", "headline": "Rain"}
MERGE, PATCH = "application/merge-patch+json", "application/json-patch+json"
FORM = {"Content-Type": "multipart/form-data; boundary=b"}


def faults(answer: httpx.Response) -> dict[str, str]:
    assert answer.status_code == 422, answer.text
    return {one["pointer"]: one["detail"] for one in answer.json()["errors"]}


def raw(client: Client, path: str, text: str, method: str = "POST", **more: Any) -> httpx.Response:
    headers = {"Content-Type": "application/json"} | more
    return client.request(method, path, content=text, headers=headers)


@pytest.mark.parametrize(
    ("sent", "pointer", "words"),
    [
        ({"urgency": True}, "#/urgency", "a whole number"),
        ({"urgency": "3"}, "#/urgency", "a whole number"),
        ({"urgency": 3.5}, "#/urgency", "whole number"),
        ({"urgency": [3]}, "#/urgency", "a whole number"),
        ({"headline": 3}, "#/headline", "a string"),
        ({"rights": {"public_domain": "yes"}}, "#/rights/public_domain", "true or false"),
        ({"rights": {"public_domain": 1}}, "#/rights/public_domain", "true or false"),
        ({"rights": {"public_domain": "true"}}, "#/rights/public_domain", "true or false"),
        ({"tags": "a"}, "#/tags", "list"),
        ({"body": [{"type": "heading", "text": "x", "level": True}]}, "#/body/0/level", "whole"),
        ({"body": [{"type": "table", "rows": [["a"]], "header": "yes"}]}, "#/body/0/header", "true"),
        ({"body": [{"type": "video", "url": "https://a.example/v", "duration": "3"}]},
         "#/body/0/duration", "a number"),
        ({"published_at": 1700000000}, "#/published_at", "time"),
        ({"kind": 1}, "#/kind", ""),
    ],
)  # fmt: skip
def test_a_value_of_another_type_is_422(
    editor: Client, sent: Json, pointer: str, words: str
) -> None:
    for method in ("POST", "PUT"):
        path, headers = "/v1/articles", {}
        if method == "PUT":
            path += "/" + editor.post(path, json=STORY).json()["id"]
            headers = {"If-Match": '"v1"'}
        told = faults(editor.request(method, path, json=STORY | sent, headers=headers))
        assert words in told[pointer].lower(), told


def test_an_integer_may_be_written_with_a_zero_fraction(editor: Client) -> None:
    for text in ("3", "3.0", "3e0", "30E-1"):
        answer = raw(editor, "/v1/articles", f'{{"lang":"en","headline":"x","urgency":{text}}}')
        assert answer.status_code == 201 and answer.json()["urgency"] == 3, text
    assert isinstance(strict_json.loads(b"3.0"), int)
    assert strict_json.loads(b"-0.0") == 0 and strict_json.loads(b"0.5") == 0.5


def test_true_sent_back_for_one_counts_as_changed(editor: Client) -> None:
    """Equal in Python, not in JSON: it must not pass as unchanged."""
    story = editor.post("/v1/articles", json=STORY | {"urgency": 1}).json()
    path, match = f"/v1/articles/{story['id']}", {"If-Match": '"v1"'}
    assert "#/urgency" in faults(editor.put(path, json={"urgency": True}, headers=match))
    rights = {"rights": {"public_domain": 0}}
    assert faults(editor.patch(path, json=rights, headers=match | {"Content-Type": MERGE}))
    patch = [{"op": "replace", "path": "/urgency", "value": True}]
    assert faults(editor.patch(path, json=patch, headers=match | {"Content-Type": PATCH}))
    assert editor.get(path).json()["version"] == 1


def test_catalog_items_states_and_keys_are_parsed_strictly(editor: Client, signed: Signed) -> None:
    story = editor.post("/v1/articles", json=STORY).json()
    path = f"/v1/articles/{story['id']}"
    name = {"name": {"en": "North", "ar": "شمال"}}
    assert "#/position" in faults(editor.post("/v1/sections", json=name | {"position": True}))
    assert "#/position" in faults(editor.post("/v1/sections", json=name | {"position": "1"}))
    assert "#/needs_review" in faults(
        editor.post("/v1/sources", json=name | {"kind": "agency", "needs_review": "no"})
    )
    assert "#/focal_point/x" in faults(
        editor.post("/v1/images", json={"focal_point": {"x": "0.5", "y": True}})
    )
    assert "#/expires_in" in faults(editor.post(f"{path}/previews", json={"expires_in": "60"}))
    assert "#/expires_in" in faults(editor.post(f"{path}/previews", json={"expires_in": True}))
    assert "#/translations" in faults(
        editor.put(f"{path}/withdrawal", json={"kind": "kill", "translations": "yes"})
    )
    admin = signed("admin")
    made = admin.post("/v1/keys", json={"role": "editor"}).json()
    assert "#/overlap" in faults(
        admin.post(f"/v1/keys/{made['id']}/rotation", json={"overlap": "1"})
    )


TWICE = [
    ('{"lang":"en","headline":"a","headline":"b"}', "#/headline"),
    ('{"lang":"en","headline":"a","\\u0068eadline":"b"}', "#/headline"),
    ('{"lang":"en","headline":"a","rights":{"public_domain":false,"public_domain":true}}',
     "#/rights/public_domain"),
    ('{"lang":"en","headline":"a","body":[{"type":"paragraph","text":"x","text":"y"}]}',
     "#/body/0/text"),
    ('{"lang":"en","headline":"a","a/b":1,"a/b":1}', "#/a~1b"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "pointer"), TWICE)
def test_a_repeated_name_is_422(editor: Client, text: str, pointer: str) -> None:
    told = faults(raw(editor, "/v1/articles", text))
    assert "more than once" in told[pointer]
    story = editor.post("/v1/articles", json=STORY).json()
    path, match = f"/v1/articles/{story['id']}", {"If-Match": '"v1"'}
    for media in ("application/json", MERGE):
        answer = raw(editor, path, text, "PATCH", **match, **{"Content-Type": media})
        assert pointer in faults(answer)
    assert pointer in faults(raw(editor, path, text, "PUT", **match))
    patch = f'[{{"op":"add","path":"/rights","value":{text}}}]'
    answer = raw(editor, path, patch, "PATCH", **match, **{"Content-Type": PATCH})
    assert pointer.replace("#", "#/0/value") in faults(answer)
    assert editor.get(path).json()["version"] == 1


def test_a_repeated_name_in_other_bodies_is_422(client: Client, editor: Client) -> None:
    patch = '[{"op":"test","op":"remove","path":"/summary"}]'
    story = editor.post("/v1/articles", json=STORY).json()
    path = f"/v1/articles/{story['id']}"
    answer = raw(editor, path, patch, "PATCH", **{"Content-Type": PATCH, "If-Match": '"v1"'})
    assert "#/0/op" in faults(answer)
    part = '--b\r\nContent-Disposition: form-data; name="image"\r\n\r\n{"credit":{},"credit":{}}\r\n--b--'
    assert "#/credit" in faults(editor.post("/v1/images", content=part, headers=FORM))
    assert "#/credit" in faults(raw(editor, "/v1/images", '{"credit":{},"credit":{}}'))
    assert "#/article" in faults(raw(client, "/v1/views", '{"article":"a","article":"b"}'))
    several = '{"views":[{"article":"a","article":"b"}]}'
    assert "#/views/0/article" in faults(raw(client, "/v1/views", several))
    assert "#/views/0/article" in faults(client.post("/v1/views", json={"views": [{"article": 1}]}))
    assert "#/kind" in faults(
        raw(editor, f"{path}/withdrawal", '{"kind":"kill","kind":"vanish"}', "PUT")
    )


def test_an_export_file_is_parsed_strictly() -> None:
    assert parse_line(b'{"table":"x","row":{"a":1.0}}\n', 2)["row"] == {"a": 1.0}
    with pytest.raises(BadDump, match="'id' more than once"):
        parse_line(b'{"table":"x","row":{"id":"1","\\u0069d":"2"}}\n', 2)


@pytest.mark.parametrize(
    "value",
    ["NaN", "Infinity", "-Infinity", "1e400", "9" * 5000, '"\\ud800"', '"\\udc00x"', "01", "+1", ".5",
     "1.", "0x10", "'x'", "1_000", "٣", "[" * 2000 + "]" * 2000, '"\n"', "[1,]", "tru", "\ufeff1"],
)  # fmt: skip
def test_invalid_json_is_400(client: Client, value: str) -> None:
    text = f'{{"article":"a","id":{value}}}'
    answer = raw(client, "/v1/views", text)
    assert answer.status_code == 400, answer.text
    assert "not JSON" in answer.json()["detail"]


@pytest.mark.parametrize("body", [b'{"a":"\xff"}', b"\xff\xfe{\x00}\x00", b"\xef\xbb\xbf{}"])
def test_json_in_another_encoding_is_400(client: Client, body: bytes) -> None:
    answer = client.post("/v1/views", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400


def test_numbers_beyond_the_interoperable_range_are_refused(editor: Client) -> None:
    for number in (2**53 + 1, -(2**53) - 1, 10**30):
        told = faults(raw(editor, "/v1/articles", json.dumps(STORY | {"urgency": number})))
        assert "9007199254740992" in told["#/urgency"]
    told = faults(raw(editor, "/v1/articles", json.dumps(STORY | {"urgency": 1e300})))
    assert "#/urgency" in told


def test_too_deep_nesting_is_refused(editor: Client) -> None:
    for depth in (70, 900, 1020, 100_000):
        deep = "[" * depth + "]" * depth
        answer = raw(editor, "/v1/articles", f'{{"lang":"en","headline":"x","body":{deep}}}')
        assert answer.status_code in (400, 422), depth
        assert re.search("too deep|deeper than|depth limit", answer.text), depth


def test_many_names_cost_linear_steps() -> None:
    """A body of one object whose names repeat is one pass: its report names the first."""
    text = "{" + ",".join(f'"n{place % 50_000}":0' for place in range(100_000)) + "}"
    read = strict_json.loads(text.encode())
    assert isinstance(read, strict_json.Repeating) and read.name == "n0" and len(read) == 50_000


def test_every_model_that_reads_json_is_read_strictly() -> None:
    """The one validator is strict whatever the model: no number, truth value or text of another type
    passes in any field of any of them."""

    wrong: list[str] = []
    for model in subclasses(In):
        shape = model.model_json_schema()["properties"]
        for name, schema in shape.items():
            kinds = set(re.findall(r'"type": "(\w+)"', json.dumps(top(schema))))
            for value, fits in ((True, "boolean"), (1, "integer"), ("1", "string")):
                if not kinds or fits in kinds or (fits == "integer" and "number" in kinds):
                    continue
                _, told = validate(model, {name: value})
                if not any(one["pointer"].startswith(f"#/{name}") for one in told):
                    wrong.append(f"{model.__name__}.{name} takes {value!r}")
    assert wrong == []


def subclasses(model: type[In]) -> list[type[In]]:
    return [one for sub in model.__subclasses__() for one in (sub, *subclasses(sub))]


def top(schema: Json) -> Json:
    """A field's own types, without those inside lists, maps and other models."""
    if any("$ref" in one for one in schema.get("anyOf", [schema])):
        return {}
    return {"anyOf": [{"type": one.get("type")} for one in schema.get("anyOf", [schema])]}


def test_only_the_strict_parser_parses_bodies() -> None:
    """Another parser of JSON on the way of a request would read laxly again."""
    code = {path: path.read_text() for path in Path("app").rglob("*.py")}
    lax = [
        str(path) for path, text in code.items() if "request.json(" in text or "json.load(" in text
    ]
    assert lax == []
