"""A server whose answers are those of a later release: values and fields that no client knows."""

import copy
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.support.contract import Contract

Json = dict[str, Any]
UNHEARD = "unheard_of"
WORDS = ("code", "noun", "reason", "type")
"""Fields whose values are words, though the document lists none of them."""

MORE: Json = {UNHEARD: {"of": [1]}}
PASSED = ("content-type", "etag", "location")


def changed(schemas: Json, schema: Json, value: Any, more: Json) -> Any:
    """`value` as a later release may send it, by the schema, which lists what it knows; `more` are
    the fields that every object has beside."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    if "x-extensible-enum" in schema and value is not None:
        return UNHEARD
    for option in schema.get("anyOf", []):
        value = changed(schemas, option, value, more)
    if isinstance(value, list) and "items" in schema:
        made = [changed(schemas, schema["items"], one, more) for one in value]
        return [*made, unheard_block(made[0], more)] if is_blocks(schema) and made else made
    if isinstance(value, dict) and "properties" in schema:
        known = schema["properties"]
        words = {name: UNHEARD for name in WORDS if isinstance(value.get(name), str)}
        fields = {
            name: changed(schemas, known.get(name, {}), one, more) for name, one in value.items()
        }
        return fields | words | more
    return value


def is_blocks(schema: Json) -> bool:
    return str(schema["items"].get("$ref", "")).endswith("/Block")


def unheard_block(known: Json, more: Json) -> Json:
    """A block with what every block has, and fields that none had."""
    kept = ("id", "lang", "dir", "html", "text", "withheld", "source_status", "type")
    return {name: copy.deepcopy(known[name]) for name in kept} | more


def application(origin: str, contract: Contract, more: Json = MORE) -> Starlette:
    """Pass requests on to `origin`, and change what it answers."""
    schemas = contract.published["components"]["schemas"]

    async def answer(request: Request) -> Response:
        url = origin + request.url.path + (f"?{request.url.query}" if request.url.query else "")
        kept = {name: value for name, value in request.headers.items() if name != "host"}
        async with httpx.AsyncClient() as client:
            got = await client.request(
                request.method, url, headers=kept, content=await request.body()
            )
        headers = {name: got.headers[name] for name in PASSED if name in got.headers}
        pointer = contract.pointer(got, got.headers["content-type"])
        made = httpx.Response(200, json=changed(schemas, {"$ref": pointer}, got.json(), more))
        return Response(made.content, got.status_code, headers)

    methods = ["GET", "PATCH"]
    return Starlette(routes=[Route("/{path:path}", answer, methods=methods)])
