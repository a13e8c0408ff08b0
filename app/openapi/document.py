"""Complete the OpenAPI document: what FastAPI reads from the routes, with what holds for all of
them."""

import re
import warnings
from copy import deepcopy
from functools import cache
from importlib.resources import files

import orjson
from fastapi import FastAPI
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from pydantic.warnings import UnsupportedFieldAttributeWarning

from app.http.edge import LAST_CHANGE
from app.json_types import Json
from app.models.article import ArticleWrite
from app.models.envelopes import BulkMark
from app.models.feed import JsonFeed
from app.models.front import FrontWrite
from app.models.image import ImageWrite
from app.models.live import LiveUpdateWrite
from app.models.section import ContributorWrite, SectionWrite, TagWrite
from app.models.site import Problem
from app.models.source import DispatchWrite, SourceWrite
from app.models.view import ViewsWrite, ViewWrite
from app.openapi.schemas import refine
from app.request import json_patch

TAKEN: tuple[type[BaseModel], ...] = (
    ArticleWrite, SectionWrite, TagWrite, ContributorWrite, SourceWrite, ImageWrite, DispatchWrite,
    LiveUpdateWrite, FrontWrite, ViewWrite, ViewsWrite,
)  # fmt: skip
"""Bodies that no signature names."""

VERSION = "1.0.0"
"""The contract's own version, apart from the release: docs/versioning.md. CHANGELOG.md names it too."""

TEMPLATE = "#/components/schemas/{model}"
MIN_CHANGE = {
    "name": "min_change", "in": "query",
    "schema": {"type": "integer", "minimum": 0, "maximum": LAST_CHANGE},
    "description": "Wait up to a second until the log is here; else 503."
    " The header `Isnad-Min-Change` says the same.",
}  # fmt: skip
MIN_CHANGE_HEADER = {
    **MIN_CHANGE, "name": "Isnad-Min-Change", "in": "header",
    "description": "As `min_change`; with both, the larger counts.",
}  # fmt: skip
NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "schema": {"type": "string"},
    "description": "ETags that the caller has; 304 where one of them holds.",
}
MATCH = {
    "name": "If-Match",
    "in": "header",
    "schema": {"type": "string"},
    "description": 'The ETag that was read, or `"v3"`: the version that the write is of.',
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "maxLength": 255, "pattern": "^[!#-[\\]-~][ !#-[\\]-~]{0,254}$"},
    "description": "The same again within a day is answered as the first time, and done once."
    ' Visible ASCII without `"` and `\\`; spaces not in front.',
}
KEY = {
    "type": "http", "scheme": "bearer",
    "description": "`Authorization: Bearer isn_…`; `isnad key create` makes the first.",
}  # fmt: skip
BINARY = {"type": "string", "format": "binary"}
WRITTEN: Json = {
    "JsonPatch": {
        "description": "JSON Patch (RFC 6902): all of it is done, or nothing.",
        "type": "array",
        # not `items`: openapi-python-client asks isinstance(body, list[…]), and no PATCH is sent
        "unevaluatedItems": {"$ref": TEMPLATE.format(model="JsonPatchOperation")},
    },
    "JsonPatchOperation": {
        "type": "object", "required": ["op", "path"],
        "properties": {
            "op": {"type": "string", "enum": [*json_patch.NEEDS]},
            "path": {"type": "string", "description": "A JSON Pointer (RFC 6901)."},
            "from": {"type": "string", "description": "Of `move` and `copy`."},
            "value": {"description": "Of `add`, `replace` and `test`."},
        },
    },
    "ImageFile": BINARY,
    "ImageForm": {
        "type": "object", "required": ["file"],
        "properties": {"file": BINARY, "image": {"$ref": TEMPLATE.format(model="ImageWrite")}},
    },
    "ViewReport": {
        "description": "One view, or several.",
        "anyOf": [{"$ref": TEMPLATE.format(model=one)} for one in ("ViewWrite", "ViewsWrite")],
    },
}  # fmt: skip
"""Schemas of bodies that no model has."""

UNMOVED = ("dependents", "dispatches/{name}", "images/{name}")
"""What has no name that could change."""

UNCHANGED = {"description": "The caller has it already."}
ELSEWHERE = {
    "description": "That was a former name.",
    "headers": {"Location": {"description": "The present one.", "schema": {"type": "string"}}},
}


def install(app: FastAPI) -> None:
    """Make `app.openapi()` return the completed document, computed once."""
    made = app.openapi

    @cache
    def openapi() -> Json:
        with warnings.catch_warnings():  # as FastAPI does where it builds a schema at once
            warnings.simplefilter("ignore", UnsupportedFieldAttributeWarning)
            return completed_contract(made())

    app.openapi = openapi  # type: ignore[method-assign]


def completed_contract(contract: Json) -> Json:
    schemas = contract["components"]["schemas"]
    _, extra = models_json_schema(
        [*[(model, "validation") for model in TAKEN], (Problem, "serialization")],
        ref_template=TEMPLATE,
    )
    _, shown = models_json_schema(
        [(JsonFeed, "serialization"), (BulkMark, "serialization")], ref_template=TEMPLATE
    )
    for name, schema in (extra["$defs"] | shown["$defs"] | deepcopy(WRITTEN)).items():
        schemas.setdefault(name, schema)
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for path, methods in contract["paths"].items():
        for method, operation in methods.items():
            complete_operation(method, path, operation)
    refine(contract)
    contract["components"]["securitySchemes"] = {"key": KEY}
    contract["info"]["version"] = VERSION
    return contract


def complete_write(method: str, path: str, operation: Json) -> None:
    """Add the parameters of every write: `If-Match` and `Idempotency-Key`."""
    parameters = [*operation.get("parameters", []), IDEMPOTENCY_KEY]
    of_noun = method in ("put", "patch", "delete") and path.endswith(("}", "/file"))
    of_noun = of_noun and not operation.pop("x-unversioned", False)
    parameters.append({**MATCH, "required": of_noun})
    operation["parameters"] = parameters


def plain_parameter(given: Json) -> Json:
    """Remove what FastAPI derives from the Python function: a title, and null for a missing
    value."""
    schema = {name: one for name, one in given["schema"].items() if name != "title"}
    options = [one for one in schema.pop("anyOf", []) if one != {"type": "null"}]
    return {**given, "schema": {**(options[0] if options else {}), **schema}}


def path_parameters(path: str, known: set[str]) -> list[Json]:
    """Return parameters of the path that no signature declares."""
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)", path) if name not in known
    ]  # fmt: skip


def complete_operation(method: str, path: str, operation: Json) -> None:
    """Add what every operation has: the problem response, conditional headers, examples."""
    responses = operation["responses"]
    responses.pop("422", None)
    operation["summary"] = operation.get("description", "").partition(".")[0]
    known = [plain_parameter(one) for one in operation.get("parameters", [])]
    if known:
        operation["parameters"] = known
    if missing := path_parameters(path, {one["name"] for one in known}):
        operation["parameters"] = [*known, *missing]
    told = examples().get(operation["operationId"], {})
    role, past = operation.get("x-role", "anonymous"), operation.pop("x-past", False)
    operation["security"] = [{"key": []}] if role != "anonymous" else [{}, {"key": []}]
    for status, said in (("200", "What was asked for."), ("201", "What was made.")):
        content = responses.get(status, {}).get("content", {})
        if "json" in str(content):
            responses[status]["description"] = said
        if told and content:
            next(iter(content.values()))["examples"] = told
    if "204" in responses:
        responses["204"]["description"] = "It is gone."
    if operation.pop("x-beacon", False):
        pass  # what a browser sends as it leaves a page has no conditions
    elif method != "get":
        complete_write(method, path, operation)
    elif path.startswith(("/v1/", "/feeds/")):
        operation["parameters"] = [*operation.get("parameters", []), MIN_CHANGE, MIN_CHANGE_HEADER]
        if role == "anonymous" or past:
            operation["parameters"].append(NONE_MATCH)
            responses["304"] = UNCHANGED
            if "{" in path and not path.endswith(UNMOVED):
                responses["308"] = ELSEWHERE
    responses["default"] = {
        "description": "A problem (RFC 9457).",
        "content": {"application/problem+json": {
            "schema": {"$ref": "#/components/schemas/Problem"},
            "examples": examples()["problem"],
        }},
    }  # fmt: skip


@cache
def examples() -> Json:
    """Return real responses for the demo stories by operation, written by `scripts/openapi`."""
    found: Json = orjson.loads(files("app").joinpath("data/examples.json").read_bytes())
    return found
