"""The catalogue of well-known sources, our own data, and the key by which names are found."""

import re
from functools import cache
from importlib.resources import files

import orjson
from pydantic import BaseModel, ConfigDict

from app.language.folding import fold
from app.models.source import SourceKind


class Entry(BaseModel):
    """A source that ships with the product."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    slug: str
    kind: SourceKind
    name: dict[str, str]
    credit: dict[str, str] = {}
    aliases: list[str] = []
    country: str | None = None
    site: str | None = None

    def names(self) -> list[str]:
        return [*self.name.values(), *self.credit.values(), *self.aliases]


MARKS = re.compile(r"[\"'«»“”‘’()\[\].،,:؛;]")
LEAD = re.compile(
    r"^(?:[وفبلك]{0,2}?(?:ل?ل|ال)?"
    r"(?:وكاله|صحيفه|جريده|قناه|شبكه|موقع|مجله|اذاعه|تلفزيون|منصه)"
    r"(?: (?:انباء|الانباء|الاخبار|اخبار))?|the|news agency) "
)
TAIL = re.compile(r" (?:(?:ال\w{2,}يه)|news agency|newspaper|للانباء|الاخباريه|الاخباري|magazine)$")


@cache
def entries() -> list[Entry]:
    """Every source of the catalogue."""
    raw = orjson.loads(files("app").joinpath("data/sources.json").read_bytes())
    return [Entry.model_validate(one) for one in raw]


def key(name: str) -> str:
    """What two spellings of one source share: folded, without quotes, "agency", "newspaper"."""
    folded = fold(MARKS.sub(" ", name))
    return LEAD.sub("", folded) or folded


@cache
def keys() -> dict[str, Entry]:
    """Known sources by folded name; the first of equal names counts."""
    found: dict[str, Entry] = {}
    for entry in entries():
        for name in entry.names():
            found.setdefault(key(name), entry)
            found.setdefault(fold(name), entry)
    return found


def find(name: str) -> Entry | None:
    """The source that a name means, also behind "agency" and before a country's adjective."""
    known = keys()
    folded = key(name)
    return known.get(fold(name)) or known.get(folded) or known.get(TAIL.sub("", folded))


def kind_of(name: str) -> str | None:
    """The kind of the source that a name means, or None: what parsers of pages ask."""
    entry = find(name)
    return entry.kind if entry else None
