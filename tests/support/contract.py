"""The contract, held against every answer that the tests see."""

import json
import re
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import yaml
from jsonschema_rs import Draft202012Validator
from pydantic import TypeAdapter

from app.models.block import Block

FILE = Path(__file__).parent.parent.parent / "openapi.yaml"


DEEP = ("/v1/sections/", "/feeds/")
"""Paths whose last parameter may hold slashes."""


class Contract:
    """`openapi.yaml`: which schema an answer must meet."""

    def __init__(self) -> None:
        self.published: dict[str, Any] = yaml.load(FILE.read_text(), Loader=yaml.CSafeLoader)
        self.whole: dict[str, Any] = deepcopy(self.published)
        schemas = self.whole["components"]["schemas"]
        precise_blocks(schemas)
        for name, schema in schemas.items():
            if "properties" in schema and name != "Problem":  # here nothing more than is promised
                schema.setdefault("additionalProperties", False)
            close_values(schema)
        self.paths: list[str] = sorted(self.whole["paths"], key=lambda path: path.count("{"))

    def hold(self, answer: httpx.Response) -> None:
        """Fail where a JSON answer is not what the contract says."""
        media = answer.headers.get("content-type", "")
        if "json" not in media or not answer.content:
            return
        pointer = self.pointer(answer, media)
        if media.startswith("application/x-ndjson"):
            self.hold_lines(answer)
        elif pointer:
            body = answer.json()
            partial = "fields" in answer.request.url.params
            validator = self.validator(pointer, partial)
            if not validator.is_valid(body):
                faults = [
                    f"{fault.instance_path}: {fault.message[:300]}"
                    for fault in validator.iter_errors(body)
                ]
                raise AssertionError(f"{answer.request.url} is not {pointer}: {faults[:3]}")

    def hold_lines(self, answer: httpx.Response) -> None:
        """The same of a stream: stories, and lines that say where to go on."""
        partial = "fields" in answer.request.url.params
        for line in answer.text.splitlines():
            name = "ListedArticle" if '"id":' in line else "BulkMark"
            validator = self.validator(f"#/components/schemas/{name}", partial)
            assert validator.is_valid(json.loads(line)), line[:300]

    def pointer(self, answer: httpx.Response, media: str) -> str | None:
        if answer.status_code >= 400:
            return "#/components/schemas/Problem"
        path = self.path_of(answer.request.url.path)
        if path is None:
            return None
        method = answer.request.method.lower().replace("head", "get")
        told: dict[str, Any] = self.whole["paths"][path][method]["responses"].get(
            str(answer.status_code)
        )
        assert told, f"{path} may not answer {answer.status_code}"
        kind = media.partition(";")[0]
        return str(told["content"][kind]["schema"].get("$ref", ""))

    def path_of(self, path: str) -> str | None:
        """The contract's template for a path."""
        for template in self.paths:
            inside = ".+" if template.startswith(DEEP) else "[^/]+"
            pattern = re.sub(r"\\{.*?\\}", inside, re.escape(template))
            if re.fullmatch(pattern, path):
                return template
        return None

    @cache  # noqa: B019  (one Contract lives as long as the tests)
    def validator(self, pointer: str, partial: bool = False) -> Draft202012Validator:
        components = part_of(self.whole["components"]) if partial else self.whole["components"]
        return Draft202012Validator({"$ref": pointer, "components": components})


def precise_blocks(schemas: dict[str, Any]) -> None:
    """Put the closed union of blocks, which is what this release sends, in place of the open one."""
    template = "#/components/schemas/{model}"
    made = TypeAdapter(Block).json_schema(mode="serialization", ref_template=template)
    for name, schema in made.pop("$defs").items():
        schemas.setdefault(name, schema)
    schemas["Block"] = made


def close_values(schema: Any) -> None:
    """Allow the values that are listed, and no others."""
    if isinstance(schema, dict):
        if values := schema.pop("x-extensible-enum", None):
            schema["enum"] = values
        schema = list(schema.values())
    if isinstance(schema, list):
        for one in schema:
            close_values(one)


def part_of(schema: Any, name: str = "") -> Any:
    """The schemas of answers to `fields=`: but for envelopes and errors nothing is required, so
    that a part of a block may be one of several types."""
    if isinstance(schema, list):
        return [part_of(one) for one in schema]
    if not isinstance(schema, dict) or name.endswith("List") or name == "Problem":
        return schema
    kept = {key: part_of(one, key) for key, one in schema.items() if key != "discriminator"}
    if isinstance(kept.get("required"), list):
        del kept["required"]
    if "oneOf" in kept:
        kept["anyOf"] = kept.pop("oneOf")
    return kept
