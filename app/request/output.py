"""How articles are shown: which fields, what is included, dates in words, the body in another form."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from pydantic import BaseModel

from app.errors import BadRequest, Fault
from app.formats.body import WRITERS
from app.json_types import Json
from app.language import date_formatting
from app.models.article import Article
from app.request import fields
from app.request.hints import nearest

MOST_RELATED = 20
MOST_INCLUDES = 20
ONE = re.compile(r"([^,()]*)(?:\(([^,()=]*)=([^,()]*)\))?")
LIMITS = {"related": (5, 20), "versions": (5, 20)}
"""Includes that take a limit: how many unless said, and the most."""

PARTS = ("attributions", "corrections", "rights", "updates")
"""What a whole story has beside its body, and a card has not."""

ADDED = {
    "body": "body", "related": "related", "translations": "translation_cards",
    "versions": "versions", "jsonld": "jsonld", **{name: name for name in PARTS},
}  # fmt: skip
"""Includes, and the fields that they add."""

OF_WHOLES = ("body", "jsonld", *PARTS)
"""Includes that whole documents are read for, in a list."""

BODIES = ("blocks", *WRITERS)
SHAPES = ("fields", "include", "body")
"""The parameters that shape the items of a list, beside `display`."""
NAMES = ("display", "body", "fields")
"""The parameters that shape one story, beside `include`."""


@dataclass(frozen=True)
class OutputOptions:
    """The options of a response; empty if stories are sent as stored."""

    displays: Sequence[date_formatting.Display] = ()
    body: str = "blocks"
    include: Mapping[str, int] = field(default_factory=dict)
    """What is told beside it, and how many where that takes a limit (else 0)."""

    project: fields.Project | None = None
    fields: str = ""
    model: type[BaseModel] = Article
    listed: bool = False
    """Whether it is of a list's items, which are cards."""

    names: frozenset[str] | None = None
    """The outermost fields that are asked for; None: all."""

    def __bool__(self) -> bool:
        return bool(self.displays or self.include or self.project) or self.body != "blocks"

    @property
    def whole(self) -> bool:
        """Whether a list's items need whole documents."""
        return any(name in self.include for name in OF_WHOLES)

    def wants(self, name: str) -> bool:
        """Whether this field is in the response."""
        return self.names is None or name in self.names

    @property
    def cut(self) -> bool:
        """Whether fields are all that is asked for, so that they can be cut out of cards' bytes."""
        return bool(self.fields) and not self.displays and not self.include

    @property
    def as_kept(self) -> bool:
        """Return whether whole stories are sent as stored."""
        shaped = self.displays or self.project or self.body != "blocks"
        return self.include.keys() == {"body"} and not shaped

    def tell(self, story: Json, zone: ZoneInfo) -> Any:
        """An article or card with these options applied."""
        if self.body != "blocks" and "body" in story:
            written = WRITERS[self.body](story["body"], story["corrections"], story["lang"])
            story = story | {"body": written}
        if self.displays:
            story = story | {"display": dates(story, self.displays, zone)}
        return self.project(story) if self.project else story

    def apply(self, body: bytes, zone: ZoneInfo) -> bytes:
        """The same of its JSON text."""
        return orjson.dumps(self.tell(orjson.loads(body), zone))


PLAIN = OutputOptions()


def dates(story: Json, displays: Sequence[date_formatting.Display], zone: ZoneInfo) -> Json:
    """A story's dates in words."""
    return {
        one.tag: date_formatting.dates(one, story["published_at"], story["updated_at"], zone)
        for one in displays
    }


def parse(
    asked: Mapping[str, str], model: type[BaseModel] = Article,
    shown: Sequence[date_formatting.Display] = (),
) -> OutputOptions:  # fmt: skip
    """Parse the output options of a query; every error is reported. `shown`: parsed `display`
    tags."""
    faults: list[Fault] = []
    body = asked.get("body", "blocks")
    if body not in BODIES:
        faults.append({"detail": f"One of {', '.join(BODIES)}.", "parameter": "body"})
    shown = parse_displays(asked["display"], faults) if "display" in asked else shown
    include = parse_include(asked["include"], faults) if "include" in asked else {}
    if not issubclass(model, Article) and body != "blocks" and "body" not in include:
        faults.append({"detail": "Only beside `include=body`.", "parameter": "body"})
    names, project = None, None
    if "fields" in asked:
        beside = (*(ADDED[one] for one in include), *(["display"] if shown else []))
        names, project = parse_fields(asked["fields"], model, beside, faults)
    if names and not faults:
        faults += fields_without_include(names, include, model)
        if "display" in names and not shown:
            detail = "`display` is there only beside `display=`."
            faults.append({"detail": detail, "parameter": "fields"})
    if faults:
        raise BadRequest("The query has errors.", errors=faults)
    listed = not issubclass(model, Article)
    text = asked.get("fields", "")
    return OutputOptions(shown, body, include, project, text, model, listed, names)


def parse_displays(text: str, faults: list[Fault]) -> Sequence[date_formatting.Display]:
    """The value of `display`; its error is added to `faults`."""
    if fault := date_formatting.fault(text):
        faults.append({"detail": fault, "parameter": "display"})
        return ()
    return date_formatting.parse(text)


def parse_fields(
    text: str, model: type[BaseModel], beside: tuple[str, ...], faults: list[Fault]
) -> tuple[frozenset[str], fields.Project | None]:
    """The top-level names of `fields`, and the function that selects the fields."""
    try:
        names = fields.read(text, model).names | set(beside)
        return names, fields.projector(text, model, beside)
    except fields.Wrong as wrong:
        faults.append({"detail": str(wrong), "parameter": "fields"})
        return frozenset(), None


def fields_without_include(
    names: frozenset[str], include: Mapping[str, int], model: type[BaseModel]
) -> list[Fault]:
    """Errors for fields that a card has only if they are included."""
    there = {ADDED[one] for one in include}
    there |= {name for name, about in model.model_fields.items() if about.is_required()}
    if "body" in include:
        there |= {"body", "related", *PARTS}
    wanted = [name for name in ADDED if ADDED[name] in names and ADDED[name] not in there]
    return [
        {"detail": f"`{ADDED[one]}` is there only beside `include={one}`.", "parameter": "fields"}
        for one in wanted
    ]  # fmt: skip


def parse_include(text: str, faults: list[Fault]) -> dict[str, int]:
    """The value of `include`, such as `body,related(limit=8)`: names with their limits."""
    found: dict[str, int] = {}
    parts = text.split(",")
    if len(parts) > MOST_INCLUDES:
        detail = f"At most {MOST_INCLUDES} includes."
        faults.append({"detail": detail, "parameter": "include"})
        return found
    for part in parts:
        match = ONE.fullmatch(part)
        name = match[1] if match else part
        fault = include_fault(name, match, found)
        if fault:
            faults.append({"detail": fault, "parameter": "include"})
        elif match:
            found[name] = int(match[3]) if match[3] else LIMITS.get(name, (0, 0))[0]
    return found


def include_fault(name: str, match: re.Match[str] | None, found: Mapping[str, int]) -> str | None:
    """Return the error of one include."""
    if match is None or name not in ADDED:
        hint = nearest(name.partition("(")[0], ADDED)
        return f"No {name[:40]!r} to include; expected one of {', '.join(ADDED)}.{hint}"
    if name in found:
        return f"{name!r} stands twice."
    if match[2] is None:
        return None
    if name not in LIMITS:
        return f"{name!r} takes no limit."
    most = LIMITS[name][1]
    number = match[3]
    good = number.isascii() and number.isdigit() and 1 <= int(number[:4]) <= most
    if match[2] != "limit" or not good or number.startswith("0"):
        return f"{name}, or {name}(limit=1 to {most})."
    return None
