"""Validates request bodies: every error is reported at once, each with its JSON Pointer. What is read can be
written: a computed field that comes back unchanged is ignored, a changed one is an error that names what sets
it. docs/json.md; RFC 6901 (JSON Pointer), RFC 7396 (merge patch)."""

import re
from collections.abc import Iterable, Mapping, Sized
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ValidationError

from app.errors import BadRequest, Fault, Faults, Unprocessable
from app.json_types import Json
from app.language import windows_1252
from app.models.base import In
from app.request import strict_json
from app.request.hints import nearest

Model = TypeVar("Model", bound=BaseModel)
DEEPEST = 64
BESIDE = {"warnings", "rerendered"}
"""What answers to writes say beside the thing itself: sent back with it, it means nothing."""

MOST_FAULTS = 200
"""Faults that are told of one body: nobody reads more, and a body of junk has a million."""

EXPECTED = {
    "bool_type": "expected true or false", "int_type": "expected a whole number",
    "int_from_float": "expected a whole number", "float_type": "expected a number",
    "string_type": "expected a string", "list_type": "expected a list",
    "dict_type": "expected a JSON object", "model_type": "expected a JSON object",
}  # fmt: skip
"""Messages for values of another JSON type, by pydantic's type of error."""

NO_OBJECT: Fault = {"detail": "Expected a JSON object.", "pointer": "#"}

MISSING = object()
C1 = re.compile(rb"\xc2[\x80-\x9f]|\\u00[89]")
"""UTF-8 and JSON escapes of the control characters U+0080 to U+009F."""


def pointer(*parts: str | int) -> str:
    """A JSON pointer as a fragment: `#/body/3/text`."""
    return "#" + "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def parse_as(model: type[Model], sent: Any) -> Model:
    """The body as this model. Raises 422 with every error."""
    read, faults = validate(model, sent)
    if read is None:
        raise Unprocessable(errors=faults)
    return read


def validate(model: type[Model], sent: Any) -> tuple[Model | None, list[Fault]]:
    """The body as this model, or None with its errors."""
    if not isinstance(sent, dict):
        return None, [NO_OBJECT]
    try:
        # as JSON, for there strict means by JSON's types: an enumeration takes its string
        return model.model_validate_json(orjson.dumps(sent), strict=True), []
    except ValidationError as wrong:
        faults: list[Fault] = []
        for one in wrong.errors(include_url=False, include_input=False)[:MOST_FAULTS]:
            faults.append(fault_of(model, sent, one, faults))
        return None, faults


def fault_of(model: type[BaseModel], sent: Json, error: Any, faults: Sized = ()) -> Fault:
    """An error of pydantic as a fault. `faults`: those before it."""
    place = path_in(sent, error["loc"])
    if error["type"] == "extra_forbidden":
        known = model.model_fields if len(place) == 1 else ()
        return unknown_field(str(place[-1]), known, pointer(*place), faults)
    detail = EXPECTED.get(error["type"]) or error["msg"].removeprefix("Value error, ")
    return {"detail": detail[:1].upper() + detail[1:] + ".", "pointer": pointer(*place)}


def path_in(sent: Any, loc: Iterable[str | int]) -> list[str | int]:
    """The parts of pydantic's location that are in the JSON; names of union members are not. The last part may
    be missing there."""
    found: list[str | int] = []
    at: Any = sent
    parts = list(loc)
    for place, part in enumerate(parts):
        if has_member(at, part):
            at = at[part]
        elif place < len(parts) - 1 or not isinstance(at, dict) or "[" in str(part):
            continue
        found.append(part)
    return found


def has_member(at: Any, part: str | int) -> bool:
    """Whether a value is an object or list with this member."""
    if isinstance(at, dict):
        return part in at
    return isinstance(at, list) and isinstance(part, int) and part < len(at)


def unknown_field(name: str, known: Iterable[str], at: str, faults: Sized = ()) -> Fault:
    """The error of an unknown field, with the most similar known name. `faults`: errors before it."""
    return {"detail": f"Unknown field.{nearest(name, list(known), faults)}", "pointer": at}


def add_unknown_field(name: str, known: Iterable[str], at: str, faults: list[Fault]) -> None:
    """Add the same error, unless there are too many already."""
    if len(faults) < MOST_FAULTS:
        faults.append(unknown_field(name, known, at, faults))


def read_json(sent: bytes, warnings: list[str] | None = None) -> Any:
    """The body's JSON. Raises 400 if it is none, 422 for values that no field may have. Control characters
    U+0080 to U+009F become the windows-1252 letters that were meant, with a warning."""
    try:
        read = strict_json.loads(sent)
    except strict_json.NotJson as wrong:
        raise BadRequest(f"The body is not JSON: {wrong}.") from wrong
    if faults := value_faults(read):
        raise Unprocessable(errors=faults)
    if C1.search(sent):
        read = repair_letters(read, warnings if warnings is not None else [])
    if isinstance(read, dict):
        read = {name: one for name, one in read.items() if name not in BESIDE}
    return read


def value_faults(sent: Any) -> list[Fault]:
    """Errors that no body may have: a repeated name, NUL, a number too large, nesting too deep."""
    faults = Faults()
    waiting: list[tuple[Any, tuple[str | int, ...]]] = [(sent, ())]
    while waiting and len(faults) < MOST_FAULTS:
        value, path = waiting.pop()
        if len(path) > DEEPEST:
            return [{"detail": f"Nested deeper than {DEEPEST}.", "pointer": pointer(*path[:4])}]
        if isinstance(value, dict):
            if bad := name_fault(value):
                faults.append(bad | {"pointer": pointer(*path, bad["pointer"])})
            waiting += [(one, (*path, name)) for name, one in value.items()]
        elif isinstance(value, list):
            waiting += [(one, (*path, place)) for place, one in enumerate(value)]
        elif detail := scalar_fault(value):
            faults.add(pointer(*path), detail)
    return faults


def name_fault(value: Json) -> Fault | None:
    """Return the error in an object's names; `pointer` is the name."""
    if isinstance(value, strict_json.Repeating):
        return {"detail": "The name stands more than once in this object.", "pointer": value.name}
    if bad := next((name for name in value if "\0" in name), None):
        return {"detail": "A name can't hold NUL.", "pointer": bad}
    return None


def scalar_fault(value: Any) -> str | None:
    """Return the error in a string or number."""
    if isinstance(value, str):
        return text_fault(value)
    largest = strict_json.LARGEST_NUMBER
    too_large = isinstance(value, int) and abs(value) > largest
    return f"A whole number lies between -{largest} and {largest}." if too_large else None


def text_fault(text: str) -> str | None:
    """Return why a text cannot be stored, or None."""
    if "\0" in text:
        return "Text can't hold NUL."
    if found := windows_1252.WITHOUT_LETTER.search(text):
        return f"Text can't hold the control character U+{ord(found[0]):04X}."
    return None


def repair_letters(read: Any, warnings: list[str]) -> Any:
    """The JSON, changed in place, with letters in place of control characters."""
    letters: list[str] = []
    waiting: list[Any] = [holder := [read]]

    def repair(value: Any) -> Any:
        if isinstance(value, str):
            value, found = windows_1252.repair(value)
            letters.append(found)
        else:
            waiting.append(value)
        return value

    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            value.update({name: repair(one) for name, one in value.items()})
        elif isinstance(value, list):
            value[:] = map(repair, value)
    if found := "".join(letters):
        warnings.append(windows_1252.warning(found))
    return holder[0]


def require_object(sent: Any) -> Json:
    """The body, which must be a JSON object; else 422."""
    if not isinstance(sent, dict):
        raise Unprocessable(errors=[NO_OBJECT])
    return sent


def merge_patched(current: Mapping[str, Any], sent: Any) -> Json:
    """The fields that a merge patch changes, with their new values. RFC 7396.

    A null at the top stays, and clears the field as it does in a PUT. Raises 422 where the patch is no object.
    """
    if not isinstance(sent, dict):
        raise Unprocessable.at("#", "A merge patch is an object.")
    return {
        name: value if value is None else apply_merge_patch(current.get(name), value)
        for name, value in sent.items()
    }


def apply_merge_patch(shown: Any, patch: Any) -> Any:
    """A value after a merge patch. RFC 7396 section 2."""
    if not isinstance(patch, dict):
        return patch
    both = dict(shown) if isinstance(shown, dict) else {}
    for name, value in patch.items():
        if value is None:
            both.pop(name, None)
        else:
            both[name] = apply_merge_patch(both.get(name), value)
    return both


def null_faults(model: type[In], new: Mapping[str, Any]) -> list[Fault]:
    """An error for each field that must not be null."""
    return [
        {"detail": "It can't be cleared. Leave it out to keep it.", "pointer": pointer(name)}
        for name in model.never_cleared if name in new and new[name] is None
    ]  # fmt: skip


def changed_fields(
    sent: Mapping[str, Any], shown: Mapping[str, Any], writable: Iterable[str],
    governs: Mapping[str, str], at: tuple[str | int, ...], faults: list[Fault],
) -> Json:  # fmt: skip
    """The writable fields of `sent` that differ from `shown`. Unknown fields, and computed ones that differ,
    are errors; `governs` says what sets those."""
    new: Json = {}
    known = {*writable, *shown}
    for name, value in sent.items():
        if strict_json.equal(value, shown.get(name, MISSING)):
            continue
        if name in writable:
            new[name] = value
        elif name in shown:
            if isinstance(value, str) and value == windows_1252.repair(str(shown[name]))[0]:
                continue  # kept before such characters were repaired
            governed = governs.get(name, "the server computes it")
            faults.append({
                "detail": f"{name} is computed: {governed}.", "pointer": pointer(*at, name),
            })  # fmt: skip
        else:
            add_unknown_field(name, known, pointer(*at, name), faults)
    return new
