"""Parse the query string of a list. Every fault is reported; none is repaired silently. docs/lists.md."""

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import orjson
from pydantic import BaseModel

from app.errors import BadRequest, Fault
from app.language import date_formatting
from app.models.article import ListedArticle
from app.models.base import EARLIEST, FOREVER, RFC3339
from app.models.card import Kind
from app.models.source import Role
from app.models.validated_text import a_language
from app.request import output
from app.request.hints import nearest

Values = dict[str, Any]
Term = tuple[str, bool, list[str]]
"""A list filter: its name, whether it excludes, its alternatives."""

NOUNS = {"section": "path", "tag": "slug", "source": "slug", "contributor": "slug"}
COLUMNS = ("lang", "kind", "urgency")
MANY = (*NOUNS, *COLUMNS, "type", "country", "role", "credit", "rights", "withdrawn")
"""List filters: they may be repeated."""

MOMENTS = ("published", "first_published", "updated", "modified", "corrected")
OF_NOUNS = ("created", "received")
"""Times that tags, images and their like have, and stories' lists are not narrowed by."""

ENDS = (("_from", ">="), ("_to", "<"))
TIMES = {f"{one}{end}": sign for one in (*MOMENTS, *OF_NOUNS) for end, sign in ENDS}
STATUSES = ("corrected", "killed")
STATES = ("draft", "scheduled", "published", "unpublished", "expired")
"""What a list can be asked for; what was withdrawn is sealed."""

ORDERS = ("published_at", "first_published_at", "updated_at", "modified_at", "created_at")
SORTS = tuple(f"{way}{one}" for one in ORDERS for way in ("-", ""))
NEWEST = "-published_at"
RELEVANCE = "relevance"
COUNTS = ("none", "exact", "estimate")
FACETS = (*NOUNS, "lang", "kind")
Choices = Mapping[str, Collection[str]]
CHOICES: Choices = {
    "kind": list(Kind), "urgency": [str(one) for one in range(1, 10)], "state": STATES,
    "source_status": STATUSES, "sort": SORTS, "count": COUNTS, "facets": FACETS,
}  # fmt: skip
ENVELOPE = ("limit", "cursor", "count", "facets", "display", *output.SHAPES)
"""What says how the answer looks, and not which stories it has."""

KNOWN = (
    *NOUNS, *COLUMNS, *(f"{one}{end}" for one in MOMENTS for end, _ in ENDS), "q", "source_status",
    "state", "ids", "sort", *ENVELOPE,
)  # fmt: skip
MOST_IDS = 100
LARGEST_PAGE = 100
MOST_ALTERNATIVES = 50
MOST_FILTERS = 20
MOST_VALUES = 100
"""Alternatives of all list filters together."""
MOST_PARAMETERS = 100
MOST_FAULTS = 20
"""Faults of one query that are told."""
LANG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
COUNTRY = re.compile(r"[A-Z]{2}")
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
BROKEN = re.compile("[\ud800-\udfff]")
TWICE = "Stands twice; it takes one value."


@dataclass
class Filter:
    """The parsed filters of a list. Every value is a list of alternatives; a term may be
    excluded."""

    terms: list[Term] = field(default_factory=list)
    columns: list[Term] = field(default_factory=list)
    times: dict[str, datetime] = field(default_factory=dict)
    states: list[str] | None = None
    source_status: list[str] | None = None
    ids: list[str] | None = None
    q: str | None = None
    sort: str | None = None
    limit: int = 20
    cursor: str | None = None
    count: str = "none"
    facets: list[str] = field(default_factory=list)
    displays: list[date_formatting.Display] = field(default_factory=list)
    shapes: dict[str, str] = field(default_factory=dict)
    form: output.OutputOptions = output.PLAIN
    """How items are shown; `PLAIN`: as they are stored."""

    @property
    def order(self) -> tuple[str, bool]:
        """Return the field to sort by, and whether descending. Drafts: by creation."""
        sort = self.sort or ("-created_at" if self.states == ["draft"] else NEWEST)
        return sort.removeprefix("-"), sort.startswith("-")

    @property
    def narrowed(self) -> bool:
        """Whether there are filters besides words and state."""
        given = self.terms or self.columns or self.times or self.source_status
        return bool(given) or self.ids is not None

    @cached_property
    def question(self) -> str:
        """Return what a cursor is bound to: the filters and the order, not the page."""
        parts = [
            sorted(self.terms), sorted(self.columns),
            {name: at.isoformat() for name, at in sorted(self.times.items())}, self.ids,
            *([sorted(self.states)] if self.states else []),
            *([["flagged", *sorted(self.source_status)]] if self.source_status else []),
            *([["q", self.q]] if self.q else []),
            *([["sort", *self.order]] if self.order != ("published_at", True) else []),
        ]  # fmt: skip
        return hashlib.sha256(orjson.dumps(parts)).hexdigest()[:16]


def parse(
    query: str, zone: ZoneInfo, known: Sequence[str] = KNOWN,
    model: type[BaseModel] = ListedArticle, choices: Choices = CHOICES,
) -> Filter:  # fmt: skip
    """The filter in a query string. `model`: of the items; `choices`: the values of parameters that have few.
    Raises 400 with every error."""
    wanted, faults = Filter(), list[Fault]()
    seen: set[str] = set()
    for name, value in split_query(query):
        fault = parameter_fault(name, value, seen, known, faults) or apply_parameter(
            wanted, name, value, zone, choices
        )
        if fault:
            faults.append({"detail": fault, "parameter": name})
        if len(faults) == MOST_FAULTS:
            raise BadRequest(f"The query has errors; the first {MOST_FAULTS}.", errors=faults)
        seen.add(name)
    if odd := combination_fault(wanted, seen):
        faults.append(odd)
    if wanted.shapes or wanted.displays:
        try:
            wanted.form = output.parse(wanted.shapes, model, wanted.displays) or output.PLAIN
        except BadRequest as wrong:
            faults += wrong.errors
    if faults:
        raise BadRequest("The query has errors.", errors=faults)
    return wanted


def split_query(query: str) -> list[tuple[str, str]]:
    """Split a query into names and values. A name that is not UTF-8 is unknown; it can be shown
    with U+FFFD."""
    if query.count("&") >= MOST_PARAMETERS:
        raise BadRequest(f"A query has at most {MOST_PARAMETERS} parameters.")
    found = parse_qsl(query, keep_blank_values=True, errors="surrogateescape")
    return [(BROKEN.sub("\ufffd", name), value) for name, value in found]


def decode_query(query: bytes) -> str:
    """Decode a query string; bytes that are not UTF-8 are detected later."""
    return query.decode("utf-8", "surrogateescape")


def parameter_fault(
    name: str, value: str, seen: set[str], known: Sequence[str], faults: Sequence[Fault] = ()
) -> str | None:
    """Return the error of a parameter regardless of its meaning. `faults`: those found before."""
    if name not in known:
        return f"Unknown parameter.{nearest(name, known, faults)}"
    if not value.strip():
        return "Empty value."
    if BROKEN.search(value):
        return "Not UTF-8."
    if "\0" in value:
        return "Holds U+0000, which no text has."
    return TWICE if name in seen and name not in MANY else None


def combination_fault(wanted: Filter, seen: set[str]) -> dict[str, str] | None:
    """The error of parameters that are valid alone and contradict each other."""
    if wanted.ids is not None and "sort" in seen:
        return {"detail": "`ids` are answered in the order given.", "parameter": "sort"}
    if wanted.ids is not None and "limit" in seen and wanted.limit < len(wanted.ids):
        return {"detail": "Fewer than the `ids`, which are all answered.", "parameter": "limit"}
    if len(wanted.terms) + len(wanted.columns) > MOST_FILTERS:
        name = (wanted.terms or wanted.columns)[-1][0]
        return {"detail": f"At most {MOST_FILTERS} list filters.", "parameter": name}
    terms = [*wanted.terms, *wanted.columns]
    if sum(len(values) for _, _, values in terms) > MOST_VALUES:
        detail = f"At most {MOST_VALUES} values in all list filters together."
        return {"detail": detail, "parameter": terms[-1][0]}
    return None


def apply_parameter(
    wanted: Filter, name: str, value: str, zone: ZoneInfo, choices: Choices
) -> str | None:
    """Put one parameter into the filter. Returns its error, if it has one."""
    if name in MANY:
        return apply_list_filter(wanted, name, value, choices)
    if name in TIMES:
        moment = read_time(value, zone)
        if moment is None:
            return "Not a date (2026-11-20) or RFC 3339 time with its offset."
        wanted.times[name] = moment
    elif name == "limit":
        return apply_limit(wanted, value)
    elif name == "display":
        if fault := date_formatting.fault(value):
            return fault
        wanted.displays = date_formatting.parse(value)
    elif name in output.SHAPES:
        wanted.shapes[name] = value
    elif name == "ids":
        return apply_ids(wanted, value)
    elif name in choices:
        return apply_choice(wanted, name, value, choices)
    elif name == "q":
        wanted.q = value
    else:
        wanted.cursor = value
    return None


def apply_list_filter(wanted: Filter, name: str, value: str, choices: Choices) -> str | None:
    """Put a list filter into the filter: alternatives by comma, excluded by a leading minus. Returns its error."""
    excluded = value.startswith("-")
    values = value.removeprefix("-").split(",")
    if not all(one.strip() for one in values) or len(values) > MOST_ALTERNATIVES:
        return f"An empty alternative, or more than {MOST_ALTERNATIVES}."
    if any(one.startswith("-") for one in values):
        return "One leading `-` excludes all alternatives; to exclude and to want, say it twice."
    if name in choices and (fault := choice_fault(name, values, choices)):
        return fault
    if name == "country" and (wrong := [one for one in values if not COUNTRY.fullmatch(one)]):
        return f"Not a country's two capital letters (ISO 3166-1): {wrong[0]!r}."
    if name == "lang" and (fault := language_fault(values)):
        return fault
    if name == "source" and (fault := role_fault(values, choices)):
        return fault
    (wanted.terms if name in NOUNS else wanted.columns).append((name, excluded, values))
    return None


def language_fault(values: Sequence[str]) -> str | None:
    """Return the error of a list of languages."""
    for one in values:
        try:
            a_language(one)
        except ValueError as wrong:
            return f"Not a language code: {one!r}; {wrong}."
    return None


def role_fault(values: Sequence[str], choices: Choices) -> str | None:
    """Return the error of the roles in `source=reuters:photographed`; images and dispatches take
    no roles."""
    roles = [one.partition(":")[2] for one in values if ":" in one]
    if roles and "kind" not in choices:
        return "A source has no role here."
    unknown = next((role for role in roles if role not in set(Role)), None)
    if unknown is None:
        return None
    told = f"No role {unknown!r}; expected one of {', '.join(Role)}."
    return f"{told}{nearest(unknown, list(Role))}"


def is_number(text: str, most: int) -> bool:
    """Whether a text is a whole number from 1 to `most`, in its one spelling: no sign, no zeros in
    front, ASCII digits."""
    spelt = text.isascii() and text.isdigit() and len(text) < 10 and text[0] != "0"
    return spelt and 1 <= int(text) <= most


def number_fault(text: str, most: int) -> str | None:
    """Return the error of a text that should be an integer from 1 to `most`."""
    return None if is_number(text, most) else f"A whole number from 1 to {most:,}."


def limit_in(asked: Mapping[str, str], usual: int, most: int = LARGEST_PAGE) -> int:
    """`limit` of a query, `usual` where it is left out. Raises BadRequest beyond 1 to `most`."""
    text = asked.get("limit", str(usual))
    if fault := number_fault(text, most):
        raise BadRequest.at("limit", fault)
    return int(text)


def apply_limit(wanted: Filter, value: str) -> str | None:
    """Set the page size. Returns its error."""
    if fault := number_fault(value, LARGEST_PAGE):
        return fault
    wanted.limit = int(value)
    return None


def apply_ids(wanted: Filter, value: str) -> str | None:
    """Set the ids. Returns their error."""
    wanted.ids = list(dict.fromkeys(value.split(",")))
    if not all(wanted.ids) or len(wanted.ids) > MOST_IDS:
        return f"An empty id, or more than {MOST_IDS}."
    wrong = next((one for one in wanted.ids if not one.startswith("art_")), None)
    return f"{wrong!r} is not the id of a story: these begin with `art_`." if wrong else None


def apply_choice(wanted: Filter, name: str, value: str, choices: Choices) -> str | None:
    """Set a parameter that takes one or several of some words."""
    if name in ("sort", "count"):
        setattr(wanted, name, value)
        return choice_fault(name, [value], choices)
    chosen = list(dict.fromkeys(value.split(",")))
    setattr(wanted, "states" if name == "state" else name, chosen)
    return choice_fault(name, chosen, choices)


def choice_fault(name: str, given: Sequence[str], choices: Choices) -> str | None:
    """Return the error for a value that a parameter does not accept."""
    known = choices[name]
    wrong = next((one for one in given if one not in known), None)
    if wrong is None:
        return None
    if name == "sort" and wrong.strip("-") == RELEVANCE and known == SORTS:
        return "Lists have no relevance; GET /v1/search does."
    hint = nearest(wrong, known)
    return f"No {name.replace('_', ' ')} {wrong!r}; expected one of {', '.join(known)}.{hint}"


def parse_params(query: bytes, known: Sequence[str]) -> dict[str, str]:
    """The parameters of a URL that takes no filters. Each is known and stands once; else 400 with every error."""
    found: dict[str, str] = {}
    faults: list[Fault] = []
    for name, value in split_query(decode_query(query)):
        fault = parameter_fault(name, value, set(), known, faults)
        if name in found:
            fault = TWICE
        elif name == "lang" and not LANG.fullmatch(value):
            fault = "Not a language code."
        elif name == "display":
            fault = fault or date_formatting.fault(value)
        if fault:
            faults.append({"detail": fault, "parameter": name})
        if len(faults) == MOST_FAULTS:
            break
        found[name] = value
    if faults:
        raise BadRequest("The query has errors.", errors=faults)
    return found


def read_time(value: str, zone: ZoneInfo) -> datetime | None:
    """Parse a time with an offset, or a day, which begins at midnight in the publisher's time
    zone."""
    value = value.replace(" ", "+")  # an offset's plus that was not escaped
    try:
        if DAY.fullmatch(value):
            moment = datetime.combine(date.fromisoformat(value), time.min, zone).astimezone(UTC)
        elif RFC3339.fullmatch(value):
            moment = datetime.fromisoformat(value.upper()).astimezone(UTC)
        else:
            return None
    except (ValueError, OverflowError):
        return None
    return moment if EARLIEST <= moment <= FOREVER else None
