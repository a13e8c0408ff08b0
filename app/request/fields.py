"""Which fields an answer has: `fields=headline,lead_image(url,renditions(url)),section.name`.

A list of names; what a name holds is asked for by a dot or in parentheses, to any depth. Names are
held against the models of what is served, so that a misspelt one is told: docs/fields.md
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, lru_cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from app.models.base import DisplayTag, Lang
from app.request.hints import nearest

MOST_DEPTH = 12
MOST_NAMES = 500
TOKEN = re.compile(r"[^,().]+|[,().]")
ANY = re.compile(r"[@\w][\w:@-]{0,63}")
LANG = re.compile(r"(?=.{2,35}\Z)[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
DISPLAY = re.compile(
    r"(?=.{2,64}\Z)[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*(/[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*)*"
)
KEYS = {
    ANY: "", LANG: "; they are language tags (BCP 47)",
    DISPLAY: "; they are languages as `display` takes them (docs/dates.md)",
}  # fmt: skip
"""The keys that maps have, and what is told of one that can't be."""

ALWAYS = "id"
"""What every item has, asked for or not."""

Project = Callable[[Any], Any]


class Wrong(ValueError):
    """An invalid `fields` expression; the message is a sentence."""


@dataclass(frozen=True)
class Shape:
    """The fields of a value that can be selected: those of its models, or the keys of a map."""

    models: tuple[type[BaseModel], ...] = ()
    keys: re.Pattern[str] | None = None
    values: "Shape | None" = None

    def field(self, name: str) -> "Shape | None":
        """The shape of a field, or None where there is none of this name."""
        if found := fields_of(self.models).get(name):
            return found
        return self.values if self.keys and self.keys.fullmatch(name) else None

    @property
    def known(self) -> list[str]:
        """The names of the fields."""
        return list(fields_of(self.models))


FREE = Shape(keys=ANY)
object.__setattr__(FREE, "values", FREE)
"""Of JSON that no model describes."""


@cache
def fields_of(models: tuple[type[BaseModel], ...]) -> dict[str, Shape]:
    """Every field that one of these models has."""
    found: dict[str, list[Any]] = {}
    for model in models:
        for name, about in model.model_fields.items():
            found.setdefault(about.alias or name, []).append(about.annotation)
    return {name: shape_of(*annotations) for name, annotations in found.items()}


def shape_of(*annotations: Any) -> Shape:
    """What may be asked of a value of one of these types; of a list that is what its items have."""
    models: dict[type[BaseModel], None] = {}
    keys, held = None, []
    left = list(annotations)
    while left:
        one = left.pop(0)
        origin, inside = get_origin(one), get_args(one)
        if one is Any:
            return FREE
        if origin is Annotated:
            left.insert(0, inside[0])
        elif origin in (Union, UnionType, list):
            left[:0] = inside
        elif origin is dict:
            mine = keys_of(inside[0])
            keys = mine if keys in (None, mine) else ANY
            held.append(inside[1])
        elif isinstance(one, type) and issubclass(one, BaseModel):
            models[one] = None
    return Shape(tuple(models), keys, shape_of(*held) if held else None)


def keys_of(annotation: Any) -> re.Pattern[str]:
    """Return what a map's keys can be."""
    if get_origin(annotation) is Literal:
        return re.compile("|".join(map(re.escape, get_args(annotation))))
    return LANG if annotation is Lang else DISPLAY if annotation is DisplayTag else ANY


@dataclass
class Node:
    """A name in the `fields` expression, with the names selected inside it."""

    name: str
    shape: Shape
    depth: int
    whole: bool = False
    inside: dict[str, "Node"] = field(default_factory=dict)

    def project(self) -> Project | None:
        """A function that selects the fields of a value; None selects all of it."""
        if self.whole:
            return None
        plan = {name: node.project() for name, node in self.inside.items()}

        def project(value: Any) -> Any:
            if type(value) is dict:
                return {
                    name: one if (part := plan[name]) is None else part(one)
                    for name, one in value.items() if name in plan
                }  # fmt: skip
            if type(value) is list:
                return [project(one) for one in value]
            return value

        return project


class Reading:
    """Parses an expression name by name; deep nesting uses no stack."""

    def __init__(self, shape: Shape) -> None:
        self.root = Node("", shape, 0)
        self.open, self.here, self.last = [self.root], self.root, self.root
        self.names = 0

    def read(self, text: str) -> None:
        """Parse the expression."""
        wanted, closed = True, False
        for found in TOKEN.finditer(text):
            token, place = found[0], found.start() + 1
            if wanted:
                if token in ",().":
                    raise Wrong(f"A name is missing at place {place}.")
                self.last, wanted, closed = self.name(token, place), False, False
            elif token == ")":
                self.close(closed, place)
                closed = True
            elif token == ",":
                self.end(closed)
                self.here, wanted = self.open[-1], True
            elif closed or token not in ".(":
                raise Wrong(f"A comma is missing at place {place}.")
            else:
                self.here, wanted = self.last, True
                if token == "(":
                    self.open.append(self.last)
        if wanted:
            raise Wrong(f"A name is missing at place {len(text) + 1}.")
        self.end(closed)
        if len(self.open) > 1:
            raise Wrong(f"The parenthesis after `{self.open[-1].name}` is not closed.")

    def close(self, closed: bool, place: int) -> None:
        """A closing parenthesis."""
        self.end(closed)
        if len(self.open) == 1:
            raise Wrong(f"Nothing to close at place {place}.")
        self.open.pop()

    def end(self, closed: bool) -> None:
        """The end of a name: without a selection below it, all of it is selected."""
        if not closed:
            self.last.whole = True

    def name(self, name: str, place: int) -> Node:
        """The node of a name below the current one."""
        if there := self.here.inside.get(name):
            return there
        shape = self.here.shape.field(name)
        if shape is None:
            raise Wrong(unknown(self.here, name, place))
        self.names += 1
        if self.here.depth >= MOST_DEPTH or self.names > MOST_NAMES:
            raise Wrong(f"At most {MOST_NAMES} names, {MOST_DEPTH} deep; at place {place}.")
        node = self.here.inside[name] = Node(name, shape, self.here.depth + 1)
        return node


def unknown(holder: Node, name: str, place: int) -> str:
    """The message for a name that is no field."""
    known, short = holder.shape.known, name if len(name) < 64 else f"{name[:60]}…"
    if not known and not holder.shape.keys:
        return f"`{holder.name}` has no fields, so no {short!r} (place {place})."
    inside = f" in `{holder.name}`" if holder.name else ""
    if not known and holder.shape.keys:
        keys = holder.shape.keys
        told = KEYS.get(keys, f"; expected one of {', '.join(keys.pattern.split('|'))}")
        return f"{short!r} is no key{inside} (place {place}){told}."
    return f"Unknown field {short!r}{inside} (place {place}).{nearest(name, known)}"


@dataclass(frozen=True)
class Fields:
    """The selected fields."""

    root: Node

    @property
    def names(self) -> frozenset[str]:
        """The outermost names."""
        return frozenset(self.root.inside)

    def plan(self) -> dict[str, Project | None]:
        """For each selected field of an item a function that selects below it; None: all of it."""
        return {ALWAYS: None} | {name: node.project() for name, node in self.root.inside.items()}

    def project(self, beside: tuple[str, ...] = ()) -> Project:
        """Return only the selected fields of an item, its id, and the `beside` ones."""
        root = Node("", self.root.shape, 0, inside=dict(self.root.inside))
        for name in (ALWAYS, *beside):
            root.inside.setdefault(name, Node(name, FREE, 1, whole=True))
        made = root.project()
        assert made is not None  # the root is never whole
        return made


@lru_cache(maxsize=1024)
def read(text: str, model: type[BaseModel]) -> Fields:
    """Parse a `fields` expression for a model; raises `Wrong` with the reason."""
    reading = Reading(Shape((model,)))
    reading.read(text)
    return Fields(reading.root)


@lru_cache(maxsize=1024)
def projector(fields: str, model: type[BaseModel], beside: tuple[str, ...] = ()) -> Project:
    """Return the projection of a `fields` expression for repeated use."""
    return read(fields, model).project(beside)
