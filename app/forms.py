"""How a story is told where somebody asks: its dates in words, its body as something else than blocks."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import orjson

from app import display
from app.errors import BadRequest
from app.formats.body import WRITERS

MOST_RELATED = 20
INCLUDE = re.compile(r"related(?:\(limit=(1?\d|20)(?<!=0)\))?")
BODIES = ("blocks", *WRITERS)
NAMES = ("display", "body")
"""The parameters that say it."""


@dataclass(frozen=True)
class Form:
    """What was asked for; empty where a story is told as it is kept."""

    displays: Sequence[display.Display] = ()
    body: str = "blocks"
    related: int = 0
    """How many related stories are to be there, those that are alike among them."""

    def __bool__(self) -> bool:
        return bool(self.displays) or self.body != "blocks" or bool(self.related)

    def told(self, body: bytes, zone: ZoneInfo) -> bytes:
        """A story's JSON in this form."""
        if self.body != "blocks":
            story = orjson.loads(body)
            written = WRITERS[self.body](story["body"], story["corrections"], story["lang"])
            body = orjson.dumps(story | {"body": written})
        return put_display(body, self.displays, zone) if self.displays else body


PLAIN = Form()


def put_display(body: bytes, displays: Sequence[display.Display], zone: ZoneInfo) -> bytes:
    """A card or a story with its dates in words."""
    story = orjson.loads(body)
    said = {
        one.tag: display.dates(one, story["published_at"], story["updated_at"], zone)
        for one in displays
    }
    return body[:-1] + b',"display":' + orjson.dumps(said) + b"}"


def read(asked: Mapping[str, str]) -> Form:
    """The form that a query asks for; another body than there is, is a fault."""
    body = asked.get("body", "blocks")
    if body not in BODIES:
        fault = {"detail": f"One of {', '.join(BODIES)}.", "parameter": "body"}
        raise BadRequest("The query has faults.", errors=[fault])
    displays = display.parse(asked["display"]) if "display" in asked else ()
    return Form(displays, body, included(asked["include"]) if "include" in asked else 0)


def included(value: str) -> int:
    """How many related stories `include=related` or `include=related(limit=8)` asks for."""
    found = INCLUDE.fullmatch(value)
    if not found:
        detail = f"related, or related(limit=1 to {MOST_RELATED})."
        fault = {"detail": detail, "parameter": "include"}
        raise BadRequest("The query has faults.", errors=[fault])
    return int(found[1] or 5)
