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
        simplify(schema)
    for method, path_item, operation in operations(contract):
        for media in operation.get("requestBody", {}).get("content", {}).values():
            media["schema"] = body_schema(schemas, method, path_item, media["schema"])
    separate(contract)
    written = reachable(schemas, refs_of(bodies(contract)))
    for name in written:
        close(schemas[name])
    for name in schemas.keys() - written:
        for schema in walk(schemas[name]):
            open_up(schema)
    for name in schemas.keys() - written:
        for schema in walk(schemas[name]):
            flatten_union(schemas, schema)
    kept = reachable(schemas, refs_of(contract["paths"]))
    contract["components"]["schemas"] = {name: schemas[name] for name in sorted(kept)}


def walk(part: Any, properties: bool = False) -> Iterator[Json]:
    """Every JSON object of `part`, the outermost first; maps of properties are no schemas."""
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
    """Names of the schemas that `part` refers to."""
    return {ref for schema in walk(part) if (ref := ref_of(schema))}


def ref_of(schema: Json) -> str:
    ref = schema.get("$ref")
    return ref.removeprefix(PREFIX) if isinstance(ref, str) and ref.startswith(PREFIX) else ""


def reachable(schemas: Json, names: set[str]) -> set[str]:
    """`names`, and the schemas that those refer to, to any depth."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += refs_of(schemas[name])
    return found


def operations(contract: Json) -> Iterator[tuple[str, Json, Json]]:
    """Each operation, with its method and the path item that it is of."""
    for path_item in contract["paths"].values():
        for method, operation in path_item.items():
            yield method, path_item, operation


def bodies(contract: Json) -> list[Json]:
    return [one["requestBody"] for *_, one in operations(contract) if "requestBody" in one]


def simplify(schema: Json) -> None:
    """Leave out titles, which generators make class names of; write whole numbers as such, and maps
    by `additionalProperties`, since few generators know `patternProperties`."""
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
    """Name of the schema of a PUT: an absent optional field keeps its value."""
    return derived(schemas, name, "Replace", "A field that is left out keeps its value.")


def patch_of(schemas: Json, name: str) -> str:
    """Name of the schema of a merge patch (RFC 7396): nothing is required, in objects within it
    neither."""
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
    """Copy a schema without its defaults, unless that has been done; the copy's name."""
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
    """Optional fields of a schema's model that a PUT or PATCH can't set to null."""
    return next((one.never_cleared for one in In.__subclasses__() if one.__name__ == name), ())


def nullable(schema: Json) -> Json:
    """The schema of the same or null."""
    options = schema.get("anyOf", [schema])
    if {"type": "null"} in options:
        return schema
    description = {"description": schema.pop("description")} if "description" in schema else {}
    return {"anyOf": [*options, {"type": "null"}]} | description


def separate(contract: Json) -> None:
    """Give bodies their own copy of what is both written and read: one is closed, one is open."""
    schemas = contract["components"]["schemas"]
    answers = [operation["responses"] for *_, operation in operations(contract)]
    written = reachable(schemas, refs_of(bodies(contract)))
    shared = written & reachable(schemas, refs_of(answers))
    for name in shared:
        assert f"{name}Input" not in schemas, name
        schemas[f"{name}Input"] = deepcopy(schemas[name])
    copies = {f"{name}Input" for name in shared} | (written - shared)
    for schema in walk([*bodies(contract), *(schemas[name] for name in copies)]):
        if ref_of(schema) in shared:
            schema["$ref"] += "Input"
        if "enum" in (values := schemas.get(ref_of(schema), {})):
            del schema["$ref"]  # in place: Go's constants have no prefix, and clash
            schema |= deepcopy(values) | schema


def close(whole: Json) -> None:
    """Refuse unknown fields in what is written, and say defaults in words: of a declared one,
    generators require the field, or send it where it was left out."""
    for schema in walk(whole):
        if "properties" in schema:
            schema["additionalProperties"] = False
        value = schema.pop("default", None)
        if isinstance(value, str | int) and value != "":
            said = f"Left out: {str(value).lower() if isinstance(value, bool) else value}."
            schema["description"] = f"{schema.get('description', '')} {said}".strip()


def open_up(schema: Json) -> None:
    """Allow other fields and values in what is read. What has a default is there only on request:
    it is not required, and that is all that a client has to know."""
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
    """Replace a union of objects by one object with the fields of all: of the forms that have been
    tried only this one is read by every generator's client when a type comes that it never heard of."""
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
    """An object with the fields of all; what all have is required."""
    names = dict.fromkeys(name for member in members for name in member["properties"])
    return {
        "type": "object",
        "properties": {name: field_of(schemas, members, name) for name in names},
        "required": [name for name in names if all(name in one["required"] for one in members)],
    }


def field_of(schemas: Json, members: list[Json], name: str) -> Json:
    """A field of a union, with every type that it has in a member, and the members that have it."""
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
