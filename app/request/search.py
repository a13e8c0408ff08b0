"""What a query string asks of a search: a list's filter, the words, and how they are looked for."""

import hashlib
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import orjson

from app.db.fulltext import FIELDS
from app.errors import BadRequest
from app.models.envelopes import SearchHit
from app.request import filters, search_words
from app.request.filters import RELEVANCE, Filter, Values
from app.request.hints import nearest

SORTS = (RELEVANCE, "newest", *filters.SORTS)
CHOICES: filters.Choices = {**filters.CHOICES, "sort": SORTS}
MARKS = ("text", "html", "none")
OWN = ("q_fields", "highlight")
KNOWN = (*filters.KNOWN, *OWN)
LONG_QUERY = 300
"""Bytes of a query string from which on it is read each time."""


@dataclass
class SearchParams:
    """The parsed parameters of a search: a list's filters, the words, and how to search them."""

    q: str = ""
    fields: Sequence[str] = FIELDS
    sort: str = RELEVANCE
    highlight: str = "text"
    filter: Filter = field(default_factory=Filter)
    built: dict[Hashable, tuple[str, Values]] = field(default_factory=dict)
    """Statements that were made of it."""

    @property
    def streams(self) -> bool:
        """Whether pages come in the order of the index, so that nothing is counted for them."""
        uncounted = self.filter.count == "none" and not self.filter.facets
        return uncounted and self.filter.ids is None and self.by_time

    @cached_property
    def narrowed(self) -> bool:
        """Whether there are filters besides the words."""
        return self.filter.narrowed

    @property
    def by_time(self) -> bool:
        """Whether results are sorted by time of publication."""
        return self.sort in (filters.NEWEST, "published_at")

    @cached_property
    def question(self) -> str:
        """Return what a cursor is bound to."""
        parts = [self.q, list(self.fields), self.sort, self.filter.question]
        return hashlib.sha256(orjson.dumps(parts)).hexdigest()[:16]


def parse(query: str, zone: ZoneInfo) -> SearchParams:
    """Parse the parameters of a search; every error is reported at once."""
    wanted, faults, rest, seen = SearchParams(), [], [], set[str]()
    for name, value in filters.split_query(query):
        own = name in OWN or (name == "sort" and value in (RELEVANCE, "newest"))
        if name == "sort" and name in seen:
            faults.append({"detail": filters.TWICE, "parameter": name})
        elif not own:
            rest.append((name, value))
        elif fault := filters.parameter_fault(name, value, seen, KNOWN) or apply_parameter(
            wanted, name, value
        ):
            faults.append({"detail": fault, "parameter": name})
        seen.add(name)
    if "q" not in seen:
        faults.append({"detail": "What to look for.", "parameter": "q"})
    try:
        text = urlencode(rest, errors="surrogateescape")
        wanted.filter = filters.parse(text, zone, KNOWN, SearchHit, CHOICES)
    except BadRequest as wrong:
        faults += wrong.errors
    if faults:
        raise BadRequest("The query has errors.", errors=faults)
    wanted.q, wanted.filter.q = wanted.filter.q or "", None
    wanted.sort, wanted.filter.sort = wanted.filter.sort or wanted.sort, None
    return wanted


def read(query: bytes, zone: ZoneInfo) -> SearchParams:
    """The parameters of a request's query string, remembered for a short one; nothing changes them."""
    return (
        parse(filters.decode_query(query), zone)
        if len(query) > LONG_QUERY
        else read_short(query, zone)
    )


@lru_cache(maxsize=1_000)
def read_short(query: bytes, zone: ZoneInfo) -> SearchParams:
    return parse(filters.decode_query(query), zone)


def apply_parameter(wanted: SearchParams, name: str, value: str) -> str | None:
    """Set one parameter of search alone. Returns its error, if it has one."""
    if name == "q_fields":
        return apply_fields(wanted, value.split(","))
    if name == "sort":
        wanted.sort = {"newest": filters.NEWEST}.get(value, value)
        return None
    wanted.highlight = value
    return choice_fault([value], MARKS)


def apply_fields(wanted: SearchParams, names: list[str]) -> str | None:
    """Set the fields to look in. Returns their error."""
    if fault := choice_fault(names, tuple(search_words.NAMES)):
        return fault
    chosen = {search_words.NAMES[name] for name in names}
    wanted.fields = tuple(one for one in FIELDS if one in chosen)
    return None


def choice_fault(given: Sequence[str], known: Sequence[str]) -> str | None:
    """What is wrong with values of a parameter that has few."""
    wrong = next((one for one in given if one not in known), None)
    if wrong is None:
        return None
    return f"No {wrong!r}; expected one of {', '.join(known)}.{nearest(wrong, known)}"
