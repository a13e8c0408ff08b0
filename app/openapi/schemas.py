"""Make the schemas of the OpenAPI document fit for generated clients.

What is written stays closed: an unknown field or value is refused, and the document says so. What
is read is open: fields and values are added within `/v1`, and a client that was generated before
must go on reading. docs/decisions/0023-open-schemas.md has the reason for each form.
"""

import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from app.desk.articles.round_trip import GIVEN_AT_FIRST
from app.json_types import Json
from app.models.base import In

PREFIX = "#/components/schemas/"
VALUES = "x-extensible-enum"
UNIONS = {
    "Paragraph": ("Block", "A piece of a body. `type` says which of the fields below it has."),
    "ArticleCard": ("ChangeItem", "The card, the whole story, or what is left of a killed one."),
}
"""What the unions of objects become, by their first member: a name and a description."""

ONLY_AT_FIRST = {"ArticleWrite": GIVEN_AT_FIRST}
"""Fields that a POST alone sets."""


def refine(contract: Json) -> None:
    """Rewrite the schemas of `contract` in place."""
    schemas = contract["components"]["schemas"]
    for schema in walk([contract["paths"], list(schemas.values())]):
        simplify_schema(schema)
    for method, path_item, operation in operations(contract):
        for media in operation.get("requestBody", {}).get("content", {}).values():
            media["schema"] = body_schema(schemas, method, path_item, media["schema"])
    separate(contract)
    written = reachable(schemas, refs_of(body_schemas(contract)))
    for name in written:
        close_requests(schemas[name])
    for name in schemas.keys() - written:
        for schema in walk(schemas[name]):
            open_response(schema)
    for name in schemas.keys() - written:
        for schema in walk(schemas[name]):
            flatten_union(schemas, schema)
    kept = reachable(schemas, refs_of(contract["paths"]))
    contract["components"]["schemas"] = {name: schemas[name] for name in sorted(kept)}


def walk(part: Any, properties: bool = False) -> Iterator[Json]:
    """Yield every JSON object of `part`, the outermost first, except maps of properties, which
    are no schemas."""
    if isinstance(part, list):
        for value in part:
            yield from walk(value)
    elif isinstance(part, dict):
        if not properties:
            yield part
        for name, value in list(part.items()):
            if properties or name not in ("example", "examples"):
                yield from walk(value, name == "properties" and not properties)


def refs_of(part: Any) -> set[str]:
    """Return the names of the schemas that `part` refers to."""
    return {ref for schema in walk(part) if (ref := ref_of(schema))}


def ref_of(schema: Json) -> str:
    ref = schema.get("$ref")
    return ref.removeprefix(PREFIX) if isinstance(ref, str) and ref.startswith(PREFIX) else ""


def reachable(schemas: Json, names: set[str]) -> set[str]:
    """Return `names` and all schemas that these refer to, to any depth."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += refs_of(schemas[name])
    return found


def operations(contract: Json) -> Iterator[tuple[str, Json, Json]]:
    """Yield each operation with its method and path item."""
    for path_item in contract["paths"].values():
        for method, operation in path_item.items():
            yield method, path_item, operation


def body_schemas(contract: Json) -> list[Json]:
    """Return the schemas of all request bodies."""
    return [one["requestBody"] for *_, one in operations(contract) if "requestBody" in one]


def simplify_schema(schema: Json) -> None:
    """Remove titles, from which generators make class names; write integers as such, and maps
    with `additionalProperties`, because few generators know `patternProperties`."""
    if isinstance(schema.get("title"), str):
        del schema["title"]
    for name in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
        if isinstance(schema.get(name), float) and schema[name].is_integer():
            schema[name] = int(schema[name])
    kinds = [option.get("type") for option in schema.get("anyOf", [])]
    if sorted(kinds, key=str) == ["array", "string"]:
        # as two types of one schema, which more generators can read than `anyOf`
        [array] = [option for option in schema.pop("anyOf") if option["type"] == "array"]
        schema |= array | {"type": ["array", "string"]}
    if patterns := schema.pop("patternProperties", None):
        [(pattern, values)] = patterns.items()
        schema |= {"additionalProperties": values, "propertyNames": {"pattern": pattern}}


def body_schema(schemas: Json, method: str, path_item: Json, schema: Json) -> Json:
    """The schema of a request body. `ArticleWrite` is POST's; PUT of what can be patched takes
    `ArticleReplace`, since an absent field keeps its value there; PATCH takes `ArticlePatch`."""
    options = schema.get("anyOf", [])
    if {"type": "null"} in options:  # that a body may be left out is said by `required`
        [schema] = [one for one in options if one != {"type": "null"}]
    name = ref_of(schema)
    if name.endswith("Write") and method == "patch":
        return {"$ref": PREFIX + patch_of(schemas, name)}
    if name.endswith("Write") and method == "put" and "patch" in path_item:
        return {"$ref": PREFIX + replacement_of(schemas, name)}
    return schema


def replacement_of(schemas: Json, name: str) -> str:
    """Return the name of the schema of a PUT, in which absent optional fields keep their value."""
    return derived(schemas, name, "Replace", "A field that is left out keeps its value.")


def patch_of(schemas: Json, name: str) -> str:
    """Return the name of the schema of a merge patch (RFC 7396), in which nothing is required, at
    any depth."""
    if name.removesuffix("Write") + "Patch" in schemas:
        return name.removesuffix("Write") + "Patch"
    new = derived(schemas, name, "Patch", "What is left out stays, null clears: RFC 7396.")
    schemas[new].pop("required", None)
    for field in schemas[new].get("properties", {}).values():
        options = [one for one in field.get("anyOf", [field]) if one != {"type": "null"}]
        inner = ref_of(options[0])
        if len(options) == 1 and inner and "properties" in schemas[inner]:
            options[0]["$ref"] = PREFIX + patch_of(schemas, inner)
    return new


def derived(schemas: Json, name: str, suffix: str, remark: str) -> str:
    """Copy a schema without its defaults, once; return the name of the copy."""
    new = name.removesuffix("Write") + suffix
    if new not in schemas:
        schemas[new] = deepcopy(schemas[name])
        for schema in walk(schemas[new]):
            schema.pop("default", None)
            if "description" in schema:  # what is made of an absent field is true of a POST alone
                said = re.sub(r" *Left out: [^.]*\.", "", schema.pop("description")).strip()
                schema |= {"description": said} if said else {}
        for field in ONLY_AT_FIRST.get(name, ()):
            del schemas[new]["properties"][field]
        for field, schema in schemas[new].get("properties", {}).items():
            if field in never_cleared(name):
                options = [one for one in schema.pop("anyOf", []) if one != {"type": "null"}]
                schema |= options[0] if options else {}
            elif field not in schemas[new].get("required", []):
                schemas[new]["properties"][field] = nullable(schema)
        schemas[new]["description"] = f"{schemas[name].get('description', '')} {remark}".strip()
    return new


def never_cleared(name: str) -> tuple[str, ...]:
    """Return the optional fields of a model that a PUT or PATCH cannot set to null."""
    return next((one.never_cleared for one in In.__subclasses__() if one.__name__ == name), ())


def nullable(schema: Json) -> Json:
    """Return a schema that also allows null."""
    options = schema.get("anyOf", [schema])
    if {"type": "null"} in options:
        return schema
    description = {"description": schema.pop("description")} if "description" in schema else {}
    return {"anyOf": [*options, {"type": "null"}]} | description


def separate(contract: Json) -> None:
    """Give request bodies their own copies of schemas that responses use, too: requests are
    closed, responses open."""
    schemas = contract["components"]["schemas"]
    answers = [operation["responses"] for *_, operation in operations(contract)]
    written = reachable(schemas, refs_of(body_schemas(contract)))
    shared = written & reachable(schemas, refs_of(answers))
    for name in shared:
        assert f"{name}Input" not in schemas, name
        schemas[f"{name}Input"] = deepcopy(schemas[name])
    copies = {f"{name}Input" for name in shared} | (written - shared)
    for schema in walk([*body_schemas(contract), *(schemas[name] for name in copies)]):
        if ref_of(schema) in shared:
            schema["$ref"] += "Input"
        if "enum" in (values := schemas.get(ref_of(schema), {})):
            del schema["$ref"]  # in place: Go's constants have no prefix, and clash
            schema |= deepcopy(values) | schema


def close_requests(whole: Json) -> None:
    """Forbid unknown fields in requests and describe defaults in words; generators would require
    a field with a declared default, or send it when it was left out."""
    for schema in walk(whole):
        if "properties" in schema:
            schema["additionalProperties"] = False
        value = schema.pop("default", None)
        if isinstance(value, str | int) and value != "":
            said = f"Left out: {str(value).lower() if isinstance(value, bool) else value}."
            schema["description"] = f"{schema.get('description', '')} {said}".strip()


def open_response(schema: Json) -> None:
    """Allow unknown fields and values in responses. Fields with a default are added on request,
    so they are not required."""
    schema.pop("default", None)
    schema.pop("propertyNames", None)
    if schema.get("additionalProperties") is False:
        del schema["additionalProperties"]
    values = schema.pop("enum", [])
    if "const" in schema:
        values = [schema.pop("const")]
    if values:
        list_values(schema, values)


def list_values(schema: Json, values: list[str]) -> None:
    schema |= {"type": "string", VALUES: values}
    said = f"{', '.join(f'`{value}`' for value in values)}; others may come."
    schema["description"] = f"{schema.get('description', '')} {said}".strip()


def flatten_union(schemas: Json, schema: Json) -> None:
    """Replace a union of objects by one object with the fields of all members. Only this form is
    read by all tested generators when an unknown type arrives."""
    options = schema.get("oneOf") or schema.get("anyOf") or []
    names = [ref for one in options if (ref := ref_of(one))]
    if len(names) < 2:
        return
    name, description = UNIONS[names[0]]
    if name not in schemas:
        members = [schemas[one] for one in names]
        schemas[name] = {"description": description} | union_of(schemas, members)
        for inner in walk(schemas[name]):
            flatten_union(schemas, inner)
    rest = [one for one in options if not ref_of(one)]
    for keyword in ("oneOf", "anyOf", "discriminator"):
        schema.pop(keyword, None)
    union = {"$ref": PREFIX + name}
    schema |= {"anyOf": [union, *rest]} if rest else union


def union_of(schemas: Json, members: list[Json]) -> Json:
    """Return an object with the fields of all members; what all require is required."""
    names = dict.fromkeys(name for member in members for name in member["properties"])
    return {
        "type": "object",
        "properties": {name: field_of(schemas, members, name) for name in names},
        "required": [name for name in names if all(name in one["required"] for one in members)],
    }


def field_of(schemas: Json, members: list[Json], name: str) -> Json:
    """Return a field of a union, with every type that members give it, and the members that have
    it."""
    holders = [member for member in members if name in member["properties"]]
    fields = [deepcopy(member["properties"][name]) for member in holders]
    open_values = [schemas.get(ref_of(field), field).get(VALUES, []) for field in fields]
    if all(open_values):
        field: Json = {}
        list_values(field, list(dict.fromkeys(value for one in open_values for value in one)))
        return field
    said = [field.pop("description", "") for field in fields]
    # of several types no generator but those for TypeScript and Python makes what can be read
    field = fields[0] if all(one == fields[0] for one in fields) else {}
    types = [
        value for one in holders for value in one["properties"].get("type", {}).get(VALUES, [])
    ]
    of = f"Of {', '.join(types)}." if types and len(holders) < len(members) else ""
    if description := " ".join(filter(None, [of, *dict.fromkeys(said)])):
        field["description"] = description
    return field
