"""What makes one version of a story of another, for machines: JSON Patch (RFC 6902) that touches a
body by whole blocks or by their fields."""

from bisect import bisect_left
from typing import Any

import orjson

from app.json_types import Json

MISSING = object()


def patch(old: Json, new: Json) -> list[Json]:
    """Operations that make `new` of `old`."""
    rest = {name: value for name, value in old.items() if name != "body"}
    wanted = {name: value for name, value in new.items() if name != "body"}
    return fields("", rest, wanted) + body(old["body"], new["body"])


def fields(at: str, old: Json, new: Json) -> list[Json]:
    """Operations on an object: its objects by their fields, all else as a whole."""
    done: list[Json] = [
        {"op": "remove", "path": f"{at}/{escaped(name)}"} for name in old if name not in new
    ]
    for name, value in new.items():
        path, before = f"{at}/{escaped(name)}", old.get(name, MISSING)
        if before is MISSING:
            done.append({"op": "add", "path": path, "value": value})
        elif isinstance(before, dict) and isinstance(value, dict):
            done += fields(path, before, value)
        elif not same(before, value):
            done.append({"op": "replace", "path": path, "value": value})
    return done


def body(old: list[Json], new: list[Json]) -> list[Json]:
    """Operations on the blocks: what went, what came or moved, then what changed inside."""
    before, after = by_id(old), by_id(new)
    order = [block["id"] for block in old]
    done = [
        {"op": "remove", "path": f"/body/{place}"}
        for place, id in reversed(list(enumerate(order)))
        if not stays(before[id], after.get(id))
    ]  # fmt: skip
    order = [id for id in order if stays(before[id], after.get(id))]
    done += ordered(order, new, before)
    for place, block in enumerate(new):
        if stays(block, before.get(block["id"])):
            done += fields(f"/body/{place}", before[block["id"]], block)
    return done


def ordered(order: list[str], new: list[Json], before: dict[str, Json]) -> list[Json]:
    """Additions and moves that bring the blocks that stay, `order`, in the new order."""
    done: list[Json] = []
    still = in_order(order, [block["id"] for block in new])
    for place, block in enumerate(new):
        id = block["id"]
        if id in still:
            continue
        if stays(block, before.get(id)):
            start = order.index(id)
            order.pop(start)
            to = after_last(order, new, place)
            done.append({"op": "move", "from": f"/body/{start}", "path": f"/body/{to}"})
        else:
            to = after_last(order, new, place)
            done.append({"op": "add", "path": f"/body/{to}", "value": block})
        order.insert(to, id)
    return done


def after_last(order: list[str], new: list[Json], place: int) -> int:
    """Return the index after the block that precedes this one."""
    return order.index(new[place - 1]["id"]) + 1 if place else 0


def stays(block: Json, other: Json | None) -> bool:
    """Whether the two are one block; one of another type is another block."""
    return other is not None and block["type"] == other["type"]


def in_order(old: list[str], new: list[str]) -> set[str]:
    """The most ids that stand in the same order in both: those that needn't move."""
    places = {id: place for place, id in enumerate(old)}
    least: list[int] = []  # the least place that a run of each length can end with
    ends: list[str] = []
    before: dict[str, str | None] = {}
    for id in (one for one in new if one in places):
        length = bisect_left(least, places[id])
        before[id] = ends[length - 1] if length else None
        least[length : length + 1], ends[length : length + 1] = [places[id]], [id]
    return set(chain(ends[-1] if ends else None, before))


def chain(id: str | None, before: dict[str, str | None]) -> list[str]:
    """A block's id, and the ids before it: from itself to the first."""
    found = []
    while id is not None:
        found.append(id)
        id = before[id]
    return found


def by_id(blocks: list[Json]) -> dict[str, Json]:
    """Blocks by id."""
    return {block["id"]: block for block in blocks}


def same(one: Any, other: Any) -> bool:
    """Equal as JSON, where true is not 1 and 1.0 is not 1."""
    return one is other or bytes_of(one) == bytes_of(other)


def bytes_of(value: Any) -> bytes:
    """JSON with sorted keys, so that equal values are equal bytes."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def escaped(name: str) -> str:
    """A name as a JSON Pointer has it. RFC 6901 section 3."""
    return name.replace("~", "~0").replace("/", "~1")
