"""What is sent, held against what may be sent: every fault at once, each with its JSON pointer.

What is read can be written: a computed field that comes back unchanged is ignored, changed it is a
fault that names what governs it. DESIGN section 4; RFC 6901 (pointers), RFC 7396 (merge patch).
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ValidationError

from app.errors import BadRequest, Fault, Unprocessable

Json = dict[str, Any]
Model = TypeVar("Model", bound=BaseModel)
DEEPEST = 64
BESIDE = {"warnings", "rerendered"}
"""What answers to writes say beside the thing itself: sent back with it, it means nothing."""

MOST_FAULTS = 200
"""Faults that are told of one body: nobody reads more, and a body of junk has a million."""

MISSING = object()


def pointer(*parts: str | int) -> str:
    """A JSON pointer as a fragment: `#/body/3/text`."""
    return "#" + "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def checked(model: type[Model], sent: Any) -> Model:
    """The model that was sent, or 422 with all that is wrong with it."""
    read, faults = tried(model, sent)
    if read is None:
        raise Unprocessable(errors=faults)
    return read


def tried(model: type[Model], sent: Any) -> tuple[Model | None, list[Fault]]:
    if not isinstance(sent, dict):
        return None, [{"detail": "A JSON object is wanted here.", "pointer": "#"}]
    try:
        return model.model_validate(sent), []
    except ValidationError as wrong:
        return None, [fault_of(model, sent, one) for one in wrong.errors()[:MOST_FAULTS]]


def fault_of(model: type[BaseModel], sent: Json, error: Any) -> Fault:
    place = path_in(sent, error["loc"])
    if error["type"] == "extra_forbidden":
        known = model.model_fields if len(place) == 1 else ()
        return unknown(str(place[-1]), known, pointer(*place))
    detail = error["msg"].removeprefix("Value error, ")
    return {"detail": detail[:1].upper() + detail[1:] + ".", "pointer": pointer(*place)}


def path_in(sent: Any, loc: Iterable[str | int]) -> list[str | int]:
    """The parts of pydantic's location that are in the JSON: names of union members are not. The
    last may be missing there."""
    found: list[str | int] = []
    at: Any = sent
    parts = list(loc)
    for place, part in enumerate(parts):
        if has(at, part):
            at = at[part]
        elif place < len(parts) - 1 or not isinstance(at, dict) or "[" in str(part):
            continue
        found.append(part)
    return found


def has(at: Any, part: str | int) -> bool:
    if isinstance(at, dict):
        return part in at
    return isinstance(at, list) and isinstance(part, int) and part < len(at)


def unknown(name: str, known: Iterable[str], at: str) -> Fault:
    """A field that is not known, with the nearest that is."""
    near = get_close_matches(name, list(known), 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return {"detail": f"Unknown field.{hint}", "pointer": at}


def read_json(sent: bytes) -> Any:
    """The body's JSON; NUL, which no database keeps, is refused with its place."""
    try:
        read = orjson.loads(sent)
    except orjson.JSONDecodeError as wrong:
        raise BadRequest(f"The body is not JSON: {wrong}.") from wrong
    if faults := unfit_text(read):
        raise Unprocessable(errors=faults)
    if isinstance(read, dict):
        read = {name: one for name, one in read.items() if name not in BESIDE}
    return read


def unfit_text(sent: Any) -> list[Fault]:
    """Where text holds NUL, or JSON is nested too deep to mean anything."""
    faults: list[Fault] = []
    waiting: list[tuple[Any, tuple[str | int, ...]]] = [(sent, ())]
    while waiting and len(faults) < MOST_FAULTS:
        value, path = waiting.pop()
        if len(path) > DEEPEST:
            return [{"detail": f"Nested deeper than {DEEPEST}.", "pointer": pointer(*path[:4])}]
        if isinstance(value, str) and "\0" in value:
            faults.append({"detail": "Text can't hold NUL.", "pointer": pointer(*path)})
        elif isinstance(value, dict):
            if bad := next((name for name in value if "\0" in name), None):
                faults.append({"detail": "A name can't hold NUL.", "pointer": pointer(*path, bad)})
            waiting += [(one, (*path, name)) for name, one in value.items()]
        elif isinstance(value, list):
            waiting += [(one, (*path, place)) for place, one in enumerate(value)]
    return faults


def merged(shown: Any, patch: Any) -> Any:
    """What `shown` becomes by a merge patch. RFC 7396 section 2."""
    if not isinstance(patch, dict):
        return patch
    both = dict(shown) if isinstance(shown, dict) else {}
    for name, value in patch.items():
        if value is None:
            both.pop(name, None)
        else:
            both[name] = merged(both.get(name), value)
    return both


def without_computed(
    sent: Mapping[str, Any], shown: Mapping[str, Any], writable: Iterable[str],
    governs: Mapping[str, str], at: tuple[str | int, ...], faults: list[Fault],
) -> Json:  # fmt: skip
    """What of `sent` is new: fields that are as shown are left out, computed ones that are not,
    and unknown ones, are faults."""
    new: Json = {}
    known = {*writable, *shown}
    for name, value in sent.items():
        if value == shown.get(name, MISSING):
            continue
        if name in writable:
            new[name] = value
        elif name in shown:
            governed = governs.get(name, "the house computes it")
            faults.append({
                "detail": f"{name} is computed: {governed}.", "pointer": pointer(*at, name),
            })  # fmt: skip
        else:
            faults.append(unknown(name, known, pointer(*at, name)))
    return new
