"""Fields cut out of a card's bytes: what is not asked for isn't even read.

A card is written by one renderer, always with the same fields in the same order. A field's value lies
between its name and the next field's. No text can look like a name: a quotation mark in it is escaped.
Where a name stands in an object before it too, a field behind that object is looked for first; where
that doesn't help, there is no plan, and the card is read whole.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import orjson
from pydantic import BaseModel

from app.request import fields
from app.request.fields import LANG, Project, Shape, fields_of

Cut = Callable[[bytes], bytes | None]
Step = tuple[bytes, bytes | None, bool, Project | None]
"""A field's name as it stands, the next one's, whether it is told, and what is told of it."""


@lru_cache(maxsize=1024)
def cutter(text: str, model: type[BaseModel], order: tuple[str, ...]) -> Cut:
    """What cuts the fields of an expression out of a card with its fields in this order; the answer
    is None for a card that is not so."""
    plan = fields.read(text, model).plan()
    steps = steps_of([name for name in order if name in plan], order, model)
    if steps is None:
        return lambda _: None
    made = [
        (mark(at, order), mark(at + 1, order) if at + 1 < len(order) else None, told,
         plan.get(order[at])) for at, told in steps
    ]  # fmt: skip

    def cut(body: bytes) -> bytes | None:
        return cut_out(body, made)

    return cut


def cut_out(body: bytes, steps: Sequence[Step]) -> bytes | None:
    """Cut fields out of a card's JSON; None where a field is not where it was expected."""
    found, at = [], 0
    for name, following, told, part in steps:
        start = body.find(name, at)
        if start < 0:
            return None
        at = start + len(name)
        if not told:
            continue
        end = body.find(following, at) if following else len(body) - 1
        if end < 0:
            return None
        value = body[at:end]
        if part is not None:
            value = orjson.dumps(part(orjson.loads(value)))
        found.append(name[1:] + value)
        at = end
    return b"{" + b",".join(found) + b"}"


def mark(at: int, order: Sequence[str]) -> bytes:
    """How a field begins in JSON: its separator and its quoted name. `at`: its place in `order`."""
    return (b"," if at else b"{") + b'"' + order[at].encode() + b'":'


def steps_of(
    wanted: Sequence[str], order: Sequence[str], model: type[BaseModel]
) -> list[tuple[int, bool]] | None:
    """Return the positions to find in order, and which of them are included; None if the fields
    cannot be cut out of the bytes."""
    steps: list[tuple[int, bool]] = []
    passed = 0
    for name in wanted:
        at = order.index(name)
        if not clear(name, order[passed:at], model):
            behind = [
                one for one in range(at - 1, passed - 1, -1)
                if clear(name, order[one:at], model) and clear(order[one], order[passed:one], model)
            ]  # fmt: skip
            if not behind:
                return None
            steps.append((behind[0], False))
        if at + 1 < len(order) and not clear(order[at + 1], [name], model):
            return None
        steps.append((at, True))
        passed = at + 1
    return steps


def clear(name: str, between: Sequence[str], model: type[BaseModel]) -> bool:
    """Whether none of these fields can hold something of this name."""
    for one in between:
        shape = fields_of((model,)).get(one)
        if shape is None or may_hold(shape, name, set()):
            return False
    return True


def may_hold(shape: Shape, name: str, seen: set[Any]) -> bool:
    """Whether a field of this name may stand anywhere inside a shape."""
    if shape.models in seen:
        return False
    seen = seen | ({shape.models} if shape.models else set())
    if shape.keys and (shape.keys is not LANG or LANG.fullmatch(name)):
        return True
    inside = fields_of(shape.models)
    if name in inside or (shape.values and may_hold(shape.values, name, seen)):
        return True
    return any(may_hold(one, name, seen) for one in inside.values())
