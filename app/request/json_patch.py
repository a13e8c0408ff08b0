"""JSON Patch (RFC 6902) of a document, all of it or nothing, limited in size at every step. A member of a list can
be named by its id as well as by its index: `/body/b_k2m/text`."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson

from app.errors import Conflict, Fault, TooLarge, Unprocessable
from app.http.edge import LARGEST_BODY
from app.request.hints import nearest
from app.request.json_body import DEEPEST, MISSING, pointer, value_faults
from app.request.strict_json import equal

Json = Any
Saved = TypeVar("Saved")
MOST = 1_000
"""Operations of one patch."""

NEEDS = {
    "add": ("value",), "remove": (), "replace": ("value",), "move": ("from",), "copy": ("from",),
    "test": ("value",),
}  # fmt: skip
PLACE = re.compile(r"0|[1-9][0-9]{0,8}")


@dataclass(slots=True)
class Operation:
    """One operation of a patch, its pointers split into parts."""

    number: int
    op: str
    path: list[str]
    origin: list[str]
    value: Json

    def at(self, member: str) -> str:
        """The JSON Pointer of a member of this operation."""
        return pointer(self.number, member)


class OperationFailed(Exception):
    """An operation that the document does not allow; `member` of it is to blame."""

    def __init__(self, detail: str, member: str = "path") -> None:
        super().__init__(detail)
        self.member = member


def parse(sent: Json) -> list[Operation]:
    """The operations of a patch. Raises 422 with every error in their form."""
    if not isinstance(sent, list):
        raise Unprocessable.at("#", "A JSON Patch is a list.")
    if len(sent) > MOST:
        raise Unprocessable.at("#", f"A JSON Patch has at most {MOST:,} operations.")
    faults: list[Fault] = []
    for number, one in enumerate(sent):
        faults += operation_faults(number, one, faults)
    if faults:
        raise Unprocessable("The patch has faults.", errors=faults)
    return [
        Operation(number, one["op"], split_pointer(one["path"]), split_pointer(one.get("from", "")), one.get("value"))
        for number, one in enumerate(sent)
    ]  # fmt: skip


def operation_faults(number: int, one: Json, faults: list[Fault]) -> list[Fault]:
    """Return the errors of one operation. `faults`: those of the operations before it."""
    if not isinstance(one, dict):
        return [{"detail": "An operation is an object.", "pointer": pointer(number)}]
    op = one.get("op")
    if not isinstance(op, str) or op not in NEEDS:
        hint = nearest(op, NEEDS, faults) if isinstance(op, str) else ""
        return [{"detail": f"No operation of JSON Patch.{hint}", "pointer": pointer(number, "op")}]
    told = [(name, member_fault(name, one.get(name, MISSING))) for name in ("path", *NEEDS[op])]
    return [{"detail": detail, "pointer": pointer(number, name)} for name, detail in told if detail]


def member_fault(name: str, given: Json) -> str | None:
    """Return the error in a member of an operation."""
    if given is MISSING:
        return f"{name} is missing."
    if name == "value":
        return None
    if not isinstance(given, str) or (given and given[0] != "/") or re.search("~(?![01])", given):
        return "Not a JSON pointer (RFC 6901)."
    return f"Deeper than {DEEPEST}." if given.count("/") > DEEPEST else None


def split_pointer(given: str) -> list[str]:
    """The parts of a JSON Pointer, unescaped."""
    return [one.replace("~1", "/").replace("~0", "~") for one in given.split("/")[1:]]


def patched(
    current: dict[str, Any], sent: Json, what: str, save: Callable[[dict[str, Any]], Saved]
) -> Saved:
    """Apply a JSON Patch to a document and save the fields of the result; fields that it removed are null.

    Errors of the result are reported at the operations that caused them. `what` begins the message
    where the result is no object.
    """
    patch = Patch(current)
    document = patch.apply(parse(sent))
    if not isinstance(document, dict):
        raise Unprocessable.at(patch.origin("#"), f"{what} is an object.")
    try:
        return save(document | dict.fromkeys(current.keys() - document.keys()))
    except Unprocessable as wrong:
        wrong.errors = patch.located(wrong.errors)
        raise


class Patch:
    """A document while a patch is applied, with the origin of each changed value in the patch."""

    def __init__(self, document: Json) -> None:
        whole = orjson.dumps(document)
        self.document, self.size = orjson.loads(whole), len(whole)
        self.origins: dict[Any, tuple[str, bool]] = {}
        """Pointers into the patch, by the id of a value or by that of its parent and its name."""
        self.alive: list[Json] = []
        """What has an id in `made`: while it lives, nothing else has."""

    def apply(self, operations: list[Operation]) -> Json:
        """The document after all operations. Raises 422 for the one that failed."""
        for one in operations:
            try:
                DO[one.op](self, one)
            except OperationFailed as misfit:
                fault = {"detail": str(misfit), "pointer": one.at(misfit.member)}
                raise Unprocessable("The patch cannot be applied.", errors=[fault]) from misfit
        if faults := value_faults(self.document):
            raise Unprocessable(errors=self.located(faults))
        return self.document

    def check_size(self, one: Operation, value: Json, member: str) -> bytes:
        """The value as JSON, unless the document would become too large."""
        try:
            bytes = orjson.dumps(value)
        except TypeError as deep:
            raise OperationFailed(f"Nested deeper than {DEEPEST}.", member) from deep
        self.size += len(bytes)
        if self.size > LARGEST_BODY:
            fault = {"detail": "This is where it grows too large.", "pointer": one.at(member)}
            detail = f"A story, with all that a patch adds, has at most {LARGEST_BODY:,} bytes."
            raise TooLarge(detail, errors=[fault])
        return bytes

    def add(self, one: Operation) -> None:
        """Operation `add`."""
        self.check_size(one, one.value, "value")
        self.set_value(one.path, one.value, one.at("value"), exact=True)

    def remove(self, one: Operation) -> None:
        """Operation `remove`."""
        self.remove_value(one.path, "path", one.at("path"))

    def replace(self, one: Operation) -> None:
        """Operation `replace`."""
        self.check_size(one, one.value, "value")
        if one.path:
            container, key = self.member(one.path, "path")
            container[key] = one.value
        else:
            container, self.document = None, one.value
        name = one.path[-1] if one.path else ""
        self.record_origin(container, name, one.value, one.at("value"), exact=True)

    def move(self, one: Operation) -> None:
        """Operation `move`."""
        start, end = self.resolved(one.origin), self.resolved(one.path)
        if start == end[: len(start)] and len(start) < len(end):
            raise OperationFailed("What is moved can't go into itself.")
        value = self.remove_value(one.origin, "from", one.at("from"))
        self.set_value(one.path, value, one.at("from"), exact=False)

    def copy(self, one: Operation) -> None:
        """Operation `copy`."""
        bytes = self.check_size(one, self.value(one.origin, "from"), "from")
        self.set_value(one.path, orjson.loads(bytes), one.at("from"), exact=False)

    def test(self, one: Operation) -> None:
        """Operation `test`; 409 where it fails."""
        if not equal(self.value(one.path, "path"), one.value):
            fault = {"detail": "It has another value.", "pointer": one.at("value")}
            raise Conflict(
                f"The test in operation {one.number} failed: nothing was changed.",
                errors=[fault], operation=one.number,
            )  # fmt: skip

    def set_value(self, path: list[str], value: Json, at: str, exact: bool) -> None:
        """Set a field, or insert into a list before an index or id; `-` is its end."""
        if not path:
            self.document, container = value, None
        else:
            container = self.value(path[:-1], "path")
            if isinstance(container, list):
                end = len(container)
                place = end if path[-1] == "-" else index_of(container, path[-1], "path", end)
                container.insert(place, value)
            elif isinstance(container, dict):
                container[path[-1]] = value
            else:
                raise OperationFailed("There is no object or list to add to.")
        self.record_origin(container, path[-1] if path else "", value, at, exact)

    def remove_value(self, path: list[str], member: str, at: str) -> Json:
        """Remove a value and return it."""
        if not path:
            raise OperationFailed("The story itself can't go.", member)
        container, key = self.member(path, member)
        value = container.pop(key)
        self.record_origin(container, path[-1], None, at, exact=False)
        return value

    def value(self, path: list[str], member: str) -> Json:
        """The value at a path."""
        at = self.document
        for part in path:
            container, key = step_into(at, part, member)
            at = container[key]
        return at

    def member(self, path: list[str], member: str) -> tuple[Any, str | int]:
        """Return the location of the value at a path: its container, and its name or index there."""
        return step_into(self.value(path[:-1], member), path[-1], member)

    def resolved(self, path: list[str]) -> list[str]:
        """The path with indices in place of ids, as far as it exists."""
        at, found = self.document, list(path)
        for depth, part in enumerate(path):
            try:
                at, key = step_into(at, part, "path")
            except OperationFailed:
                break
            at, found[depth] = at[key], str(key)
        return found

    def record_origin(self, container: Json, key: str, value: Json, at: str, exact: bool) -> None:
        """Record which operation a value comes from. `exact`: the value itself stands in the patch."""
        if isinstance(container, dict):
            self.origins[id(container), key] = at, exact
        if exact and isinstance(value, dict | list):
            self.origins[id(value)] = at, exact
        self.alive += [container, value]

    def located(self, faults: list[Fault]) -> list[Fault]:
        """Make errors of the resulting document point at the operations that caused them."""
        return [{**fault, "pointer": self.origin(fault["pointer"])} for fault in faults]

    def origin(self, at: str) -> str:
        """Return the pointer in the patch from which the value at a pointer of the document
        comes."""
        path, here, found = split_pointer(at[1:]), self.document, at
        if whole := self.origins.get(id(here)):
            found = whole[0] + at[1:]
        for depth, part in enumerate(path):
            hit = self.origins.get((id(here), part))
            try:
                container, key = step_into(here, part, "path")
                here = container[key]
            except OperationFailed:
                here = MISSING
            hit = self.origins.get(id(here), hit)
            if hit:
                found = hit[0] + (pointer(*path[depth + 1 :])[1:] if hit[1] else "")
        return found


DO: dict[str, Callable[[Patch, Operation], None]] = {
    "add": Patch.add, "remove": Patch.remove, "replace": Patch.replace, "move": Patch.move,
    "copy": Patch.copy, "test": Patch.test,
}  # fmt: skip


def step_into(at: Json, part: str, member: str) -> tuple[Any, str | int]:
    """The container and the name or index of one part of a path."""
    if isinstance(at, list):
        return at, index_of(at, part, member, len(at) - 1)
    if isinstance(at, dict) and part in at:
        return at, part
    raise OperationFailed(f"There is no {part!r} here.", member)


def index_of(items: list[Json], part: str, member: str, last: int) -> int:
    """Return the index that a path segment names, by number or by the id of a member."""
    if PLACE.fullmatch(part):
        if int(part) <= last:
            return int(part)
        raise OperationFailed(f"The list has {len(items)} members.", member)
    for place, one in enumerate(items):
        if isinstance(one, dict) and one.get("id") == part:
            return place
    raise OperationFailed(
        f"{part!r} is neither an index of the list nor the id of a member.", member
    )
