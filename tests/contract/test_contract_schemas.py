"""Rules that the schemas of openapi.yaml keep so that generated clients work."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from app.openapi.schemas import body_schemas, never_cleared, operations, reachable, refs_of, walk
from tests.support.contract import FILE

Json = dict[str, Any]
CONTRACT: Json = yaml.safe_load(FILE.read_text())
SCHEMAS: Json = CONTRACT["components"]["schemas"]
WRITTEN = reachable(SCHEMAS, refs_of(body_schemas(CONTRACT)))
READ = reachable(SCHEMAS, refs_of([one["responses"] for *_, one in operations(CONTRACT)]))
NOUNS = ("Article Section Tag Contributor Source Dispatch Image Front LiveUpdate").split()


def objects(names: set[str]) -> Iterator[tuple[str, Json]]:
    for name in sorted(names):
        for schema in walk(SCHEMAS[name]):
            yield name, schema


def test_request_schemas_and_response_schemas_are_separate() -> None:
    assert set(SCHEMAS) == WRITTEN | READ and not WRITTEN & READ
    assert len(WRITTEN) > 40 and len(READ) > 60


def test_no_schema_has_a_default() -> None:
    """Generators send a declared default, or require the field: only parameters declare any."""
    assert [(name, one) for name, one in objects(set(SCHEMAS)) if "default" in one] == []


def test_only_scalar_parameters_have_defaults() -> None:
    found = [
        parameter["schema"]
        for *_, operation in operations(CONTRACT)
        for parameter in operation.get("parameters", [])
        if "default" in parameter["schema"]
    ]
    assert len(found) > 10
    assert {one["type"] for one in found} <= {"string", "integer", "boolean"}
    assert [one for one in found if one["default"] is None] == []


def test_null_is_never_the_only_type() -> None:
    """It stands beside one other type, in `anyOf`."""
    for name, schema in objects(set(SCHEMAS)):
        options = schema.get("anyOf", [])
        if {"type": "null"} in options:
            assert len(options) > 1, name
        nulls = [one for key, one in schema.items() if key != "anyOf" and one == {"type": "null"}]
        assert nulls == [] and schema.get("type") != ["null"], name
        for field, one in schema.get("properties", {}).items():
            assert one != {"type": "null"} and one.get("type") != "null", f"{name}.{field}"


def test_every_body_is_a_named_schema() -> None:
    for _, _, operation in operations(CONTRACT):
        for media, told in operation.get("requestBody", {}).get("content", {}).items():
            assert list(told["schema"]) == ["$ref"], (operation["operationId"], media)


@pytest.mark.parametrize("noun", NOUNS)
def test_post_put_and_patch_have_schemas_of_their_own(noun: str) -> None:
    made, put, patch = (SCHEMAS[noun + one] for one in ("Write", "Replace", "Patch"))
    assert put["properties"].keys() == patch["properties"].keys() <= made["properties"].keys()
    assert "required" not in patch
    assert put.get("required", []) == made.get("required", [])
    for name, field in patch["properties"].items():
        never = [*made.get("required", []), *never_cleared(f"{noun}Write")]
        can_clear = name not in never
        assert ({"type": "null"} in field.get("anyOf", [])) == can_clear, name


def test_a_patch_requires_nothing_at_any_depth() -> None:
    """But in the members of lists, which it replaces, and in unions, of which it sends one."""
    patches = [name for name in WRITTEN if name.endswith("Patch") and name != "JsonPatch"]
    assert len(patches) > len(NOUNS)
    for name in patches:
        assert "required" not in SCHEMAS[name], name
        for field, schema in SCHEMAS[name]["properties"].items():
            options = [one for one in schema.get("anyOf", [schema]) if one != {"type": "null"}]
            if len(options) == 1 and "$ref" in options[0]:
                assert options[0]["$ref"].endswith("Patch"), f"{name}.{field}"


def test_methods_take_the_schemas_of_their_kind() -> None:
    for method, path_item, operation in operations(CONTRACT):
        for told in operation.get("requestBody", {}).get("content", {}).values():
            name = told["schema"]["$ref"].rpartition("/")[2]
            if method == "post":
                assert not name.endswith(("Replace", "Patch", "Change")), operation["operationId"]
            if method == "patch":
                assert name.endswith(("Patch", "Change")), operation["operationId"]
            if method == "put" and "patch" in path_item:
                assert name.endswith("Replace"), operation["operationId"]


def test_response_schemas_allow_unknown_fields_and_values() -> None:
    for name, schema in objects(READ):
        assert "enum" not in schema and "const" not in schema, name
        assert schema.get("additionalProperties") is not False, name
        assert "oneOf" not in schema and "discriminator" not in schema, name
        assert len(refs_of(schema.get("anyOf", []))) < 2, f"{name}: a union of objects"


def test_request_schemas_forbid_unknown_fields() -> None:
    for name, schema in objects(WRITTEN):
        assert "x-extensible-enum" not in schema, name
        assert "properties" not in schema or schema["additionalProperties"] is False, name
        assert "oneOf" not in schema, f"{name}: Go needs a library for it"


def test_open_enums_list_their_known_values() -> None:
    listed = {name for name, schema in objects(READ) if "x-extensible-enum" in schema}
    assert {"Kind", "State", "Role", "Block", "ContributorRole", "CorrectionKind"} <= listed


def test_values_of_an_enum_differ_in_more_than_case() -> None:
    """Generators name the members of an enum by its values, in capital letters."""
    for schema in walk([CONTRACT["paths"], list(SCHEMAS.values())]):
        names = [str(one).casefold() for one in schema.get("enum", [])]
        assert len(names) == len(set(names)), names


def test_fields_that_need_a_parameter_are_optional() -> None:
    for name in ("Article", "ArticleCard", "ListedArticle", "SearchHit"):
        added = {"display", "translation_cards", "versions", "jsonld"}
        if name in ("ListedArticle", "SearchHit"):
            added |= {"body", "attributions", "corrections", "related", "rights", "updates"}
        assert SCHEMAS[name]["properties"].keys() - SCHEMAS[name]["required"] == added
