"""Every operation with a JSON body refuses values of another JSON type and names given twice. The
operations, their fields and the types of these are read from openapi.yaml."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.conftest import Client
from tests.contract import test_parameters
from tests.contract.test_parameters import OPERATIONS, WHOLE, Operation, resolved

Json = dict[str, Any]
alone = test_parameters.alone
WRONG = ((True, "boolean"), ("yes", "string"), (1, "integer"), ("1", "string"))
MEDIA = ("application/json", "application/merge-patch+json")
BODIES = [
    (operation, media)
    for operation in OPERATIONS
    for media in operation.whole.get("requestBody", {}).get("content", {})
    if media in MEDIA
]


@pytest.fixture(scope="module")
def update(alone: Client) -> str:
    """The path of an update of a live story."""
    live = {"lang": "en", "headline": "Rain, live", "kind": "live"}
    path = f"/v1/articles/{alone.post('/v1/articles', json=live).json()['id']}/updates"
    made = alone.post(path, json={"headline": "It rains"}).json()
    return f"{path}/{made['id']}"


def address(client: Client, operation: Operation, update: str) -> str:
    """A path that leads to something that can be changed."""
    if operation.path.endswith("/updates"):
        return update.rpartition("/")[0]
    if "/updates/" in operation.path:
        return update
    if operation.path.startswith("/v1/fronts/"):
        return "/v1/fronts/home"
    return test_parameters.address(client, operation)


def types(schema: Json) -> Iterator[str]:
    """The JSON types that a schema admits."""
    if "$ref" in schema:
        schema = WHOLE["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    named = schema.get("type", [])
    yield from [named] if isinstance(named, str) else named
    for option in [*schema.get("anyOf", []), *schema.get("oneOf", [])]:
        yield from types(option)


def fields(operation: Operation, media: str) -> dict[str, set[str]]:
    """Names of the fields of a body, with the types of each; without those of any type."""
    schema = resolved(operation.whole["requestBody"]["content"][media]["schema"])
    found = {name: set(types(one)) for name, one in schema.get("properties", {}).items()}
    return {name: kinds for name, kinds in found.items() if kinds}


def send(client: Client, operation: Operation, media: str, path: str, text: str) -> httpx.Response:
    head = {"Content-Type": media, "If-Match": '"v1"'}
    return client.request(operation.method, path, content=text, headers=head)


def faults(answer: httpx.Response) -> dict[str, str]:
    assert answer.status_code == 422, answer.text
    return {one["pointer"]: one["detail"] for one in answer.json()["errors"]}


def test_the_contract_declares_request_bodies() -> None:
    assert len(BODIES) > 40
    assert sum(bool(fields(*one)) for one in BODIES) > len(BODIES) - 3


@pytest.mark.parametrize(("operation", "media"), BODIES, ids=str)
def test_a_body_is_read_strictly(
    alone: Client, update: str, operation: Operation, media: str
) -> None:
    path = address(alone, operation, update)
    known = fields(operation, media)
    for value, kind in WRONG:
        admits = {kind, "number"} if kind == "integer" else {kind}
        wrong = {name: value for name, kinds in known.items() if not kinds & admits}
        if wrong:
            told = faults(send(alone, operation, media, path, json.dumps(wrong)))
            refused = {pointer.split("/")[1] for pointer in told}
            assert refused >= wrong.keys(), (value, wrong.keys() - refused)
    for text, pointer in (
        ('{"x":1,"x":2}', "#/x"),
        ('{"x":[{"a":{"b":1,"b":1}}]}', "#/x/0/a/b"),
        ('{"x":{"~":1,"\\u007e":1}}', "#/x/~0"),
    ):
        told = faults(send(alone, operation, media, path, text))
        assert "more than once" in told[pointer], told
