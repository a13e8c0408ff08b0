"""JSON from outside, read without guessing. RFC 8259; RFC 7493 (I-JSON) where that leaves a choice.

A name may stand once in an object, numbers are those that every program reads alike, and strings
are Unicode without lone surrogates. As in JSON Schema there is one type of number: 3.0 and 3e0 are
the integer 3.
"""

import json
from collections import Counter
from typing import Any

import orjson

Json = Any
LARGEST_NUMBER = 2**53
"""Whole numbers beyond it are not read alike by all programs. RFC 7493 section 2.2."""


class NotJson(ValueError):
    """The bytes are not JSON; the message says where."""


class Repeating(dict[str, Any]):
    """An object in which `name` stands more than once; the last value is in it."""

    name: str


def loads(sent: bytes) -> Json:
    """The value, with a `Repeating` for each object that repeats a name. Time is linear in the size.

    orjson checks syntax and encoding and stops at 1,024 levels; it keeps the last of repeated names
    silently, so the value comes from the standard library, which reports each member.
    """
    try:
        orjson.loads(sent)
        return json.loads(sent.decode(), object_pairs_hook=members, parse_float=number)
    except RecursionError:
        raise NotJson("it is nested too deep") from None
    except ValueError as wrong:  # also a number of more digits than Python reads
        raise NotJson(str(wrong)) from wrong


def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of its members."""
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    counts = Counter(name for name, _ in pairs)
    repeating = Repeating(made)
    repeating.name = next(name for name, count in counts.items() if count > 1)
    return repeating


def repeated_name(sent: bytes) -> str | None:
    """A name that an object of valid JSON repeats at any depth; its last in the text."""
    found: list[str] = []

    def note(pairs: list[tuple[str, Any]]) -> None:
        made = members(pairs)
        if isinstance(made, Repeating):
            found.append(made.name)

    json.loads(sent, object_pairs_hook=note)
    return found[-1] if found else None


def number(text: str) -> float | int:
    """A number with a fraction or an exponent; without a remainder it is an integer."""
    value = float(text)
    return int(value) if value.is_integer() and abs(value) <= LARGEST_NUMBER else value


def equal(one: Json, other: Json) -> bool:
    """Whether two JSON values are equal: numbers by value, and true is not 1. RFC 6902 section 4.6."""
    if isinstance(one, dict):
        return (
            isinstance(other, dict) and one.keys() == other.keys()
            and all(equal(one[name], other[name]) for name in one)
        )  # fmt: skip
    if isinstance(one, list):
        return (
            isinstance(other, list) and len(one) == len(other)
            and all(map(equal, one, other))
        )  # fmt: skip
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)
