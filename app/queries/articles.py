"""Stories for readers: documents by key, cards by page. SQL text, one statement a page."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from difflib import get_close_matches
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import orjson

from app import display
from app.auth import Caller
from app.dialects import Dialect
from app.errors import BadRequest, Forbidden
from app.models.card import Kind
from app.models.source import Role
from app.queries import cursors
from app.queries.gate import (
    BOUNDARY,
    HEAD,
    gone,
    out_now,
    shown,
    shown_before,
    shown_image,
    state_now,
    visible,
)

Values = dict[str, Any]
NOUNS = {"section": "path", "tag": "slug", "source": "slug", "contributor": "slug"}
COLUMNS = {"lang": "lang", "kind": "kind"}
STATUSES = ("corrected", "killed")
TIMES = {"published_from": ">=", "published_to": "<", "corrected_from": ">=", "corrected_to": "<"}
KNOWN = [*NOUNS, *COLUMNS, *TIMES, "source_status", "state", "ids", "limit", "cursor", "display"]
MOST_IDS = 100
STATES = ("draft", "scheduled", "published", "unpublished", "expired")
"""What a list can be asked for; what was withdrawn is sealed."""

LANG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


@dataclass
class Filter:
    """What a list was asked for. Every value is a list of alternatives; a term may be excluded."""

    terms: list[tuple[str, bool, list[str]]] = field(default_factory=list)
    columns: list[tuple[str, bool, list[str]]] = field(default_factory=list)
    times: dict[str, datetime] = field(default_factory=dict)
    states: list[str] | None = None
    source_status: list[str] | None = None
    ids: list[str] | None = None
    limit: int = 20
    cursor: str | None = None
    displays: list[display.Display] = field(default_factory=list)

    @property
    def question(self) -> str:
        """What a cursor is bound to: the filters, not the page."""
        parts = [
            sorted(self.terms), sorted(self.columns),
            {name: at.isoformat() for name, at in sorted(self.times.items())}, self.ids,
            *([sorted(self.states)] if self.states else []),
            *([["flagged", *sorted(self.source_status)]] if self.source_status else []),
        ]  # fmt: skip
        return hashlib.sha256(orjson.dumps(parts)).hexdigest()[:16]


def parse(query: str, zone: ZoneInfo, known: Sequence[str] = KNOWN) -> Filter:
    """The filter that a query string means; every fault is told, none is guessed away."""
    wanted, faults = Filter(), []
    seen: set[str] = set()
    for name, value in parse_qsl(query, keep_blank_values=True, errors="surrogateescape"):
        fault = one_fault(name, value, seen, known) or take(wanted, name, value, zone)
        if fault:
            faults.append({"detail": fault, "parameter": name})
        seen.add(name)
    if faults:
        raise BadRequest("The query has faults.", errors=faults)
    return wanted


def one_fault(name: str, value: str, seen: set[str], known: Sequence[str]) -> str | None:
    if name not in known:
        near = get_close_matches(name, known, 1)
        return f"Unknown parameter.{f' Did you mean {near[0]!r}?' if near else ''}"
    if not value.strip():
        return "Empty value."
    if any("\udc80" <= letter <= "\udcff" for letter in value):
        return "Not UTF-8."
    if name in seen and name not in NOUNS:
        return "Stands twice; it takes one value."
    return None


def take(wanted: Filter, name: str, value: str, zone: ZoneInfo) -> str | None:
    """Put one parameter in the filter; the fault, if it has one."""
    if name in NOUNS or name in COLUMNS:
        return take_list(wanted, name, value)
    if name in TIMES:
        moment = read_time(value, zone)
        if moment is None:
            return "Not a date (2026-11-20) or RFC 3339 time with its offset."
        wanted.times[name] = moment
    elif name == "limit":
        if not value.isascii() or not value.isdigit() or not 1 <= int(value[:9]) <= 100:
            return "A whole number from 1 to 100."
        wanted.limit = int(value)
    elif name == "source_status":
        wanted.source_status = list(dict.fromkeys(value.split(",")))
        if unknown := [one for one in wanted.source_status if one not in STATUSES]:
            return f"No status {unknown[0]!r}; there are {', '.join(STATUSES)}."
    elif name == "state":
        wanted.states = list(dict.fromkeys(value.split(",")))
        if unknown := [one for one in wanted.states if one not in STATES]:
            return f"No state {unknown[0]!r} to list; there are {', '.join(STATES)}."
    elif name == "ids":
        wanted.ids = list(dict.fromkeys(value.split(",")))
        if len(wanted.ids) > MOST_IDS:
            return f"At most {MOST_IDS} ids."
    elif name == "display":
        if fault := display.fault(value):
            return fault
        wanted.displays = display.parse(value)
    else:
        wanted.cursor = value
    return None


def take_list(wanted: Filter, name: str, value: str) -> str | None:
    excluded = value.startswith("-")
    values = value.removeprefix("-").split(",")
    if not all(values) or len(values) > 50:
        return "An empty alternative, or more than 50."
    if name == "kind" and (unknown := [one for one in values if one not in set(Kind)]):
        return f"No kind {unknown[0]!r}; there are {', '.join(Kind)}."
    if name == "source":
        roles = [one.partition(":")[2] for one in values if ":" in one]
        if unknown := [role for role in roles if role not in set(Role)]:
            return f"No role {unknown[0]!r}; there are {', '.join(Role)}."
    (wanted.terms if name in NOUNS else wanted.columns).append((name, excluded, values))
    return None


def asked(query: bytes, known: Sequence[str]) -> dict[str, str]:
    """The parameters of an address that takes no filters: each known, each once."""
    found: dict[str, str] = {}
    faults = []
    given = query.decode("latin-1")
    for name, value in parse_qsl(given, keep_blank_values=True, errors="surrogateescape"):
        fault = one_fault(name, value, set(), known)
        if name in found:
            fault = "Stands twice; it takes one value."
        elif name == "lang" and not LANG.fullmatch(value):
            fault = "Not a language code."
        elif name == "display":
            fault = fault or display.fault(value)
        if fault:
            faults.append({"detail": fault, "parameter": name})
        found[name] = value
    if faults:
        raise BadRequest("The query has faults.", errors=faults)
    return found


def read_time(value: str, zone: ZoneInfo) -> datetime | None:
    """A moment with its offset, or a day, which begins at midnight in the house's zone."""
    try:
        if len(value) == 10:
            return datetime.combine(date.fromisoformat(value), time.min, zone).astimezone(UTC)
        moment = datetime.fromisoformat(value.replace(" ", "+"))
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else None


def whole(caller: Caller, by: str, encoded: str) -> str:
    """One story's document. `by`: a condition on `a`; `encoded`: zstd, gzip or nothing."""
    coded = f"d.{encoded}" if encoded else "NULL"
    return (
        f"SELECT d.body, {coded}, d.etag, d.keys, d.holes, d.stamp, d.valid_until, a.modified_at,"
        f" a.live_to, a.id, a.version, a.group_id, {HEAD}, {state_now(caller)}"
        " FROM article a JOIN document d ON d.article_id = a.id"
        f" WHERE {by} AND {visible(caller)}"
    )


def card(caller: Caller) -> str:
    """What a page needs of each story."""
    return (
        "SELECT c.body, c.etag, c.stamp, c.valid_until, a.id, a.group_id, a.published_at,"
        f" {HEAD}, {BOUNDARY}, {state_now(caller)} FROM"
    )


BY_ARTICLE = "article a CROSS JOIN card c WHERE c.article_id = a.id"
BY_TERM = f"article_term t CROSS JOIN {BY_ARTICLE} AND a.id = t.article_id"
"""CROSS JOIN: SQLite then walks the left table first, in its index's order, and stops at the limit."""


def page(
    caller: Caller, wanted: Filter, dialect: Dialect, secrets: list[bytes], now: datetime
) -> tuple[str, Values, bool, bool]:
    """One page's statement, its values, whether it goes backwards, and whether it is light."""
    values: Values = {"now": now, "n": wanted.limit + 1}
    back, here = position(wanted, secrets)
    if wanted.ids is not None:
        values |= {"ids": wanted.ids, "n": len(wanted.ids)}
        conditions = [in_state(caller, wanted), *matching(wanted, values)]
        sql = f"{cards(caller, dialect)} AND {' AND '.join(conditions)} LIMIT :n"
        return sql, values, False, True
    conditions = [in_state(caller, wanted), *column_conditions(wanted, values)]
    positive = [term for term in wanted.terms if not term[1] and len(term[2]) == 1]
    driver = positive[0] if positive else None
    ordered = "t.published_at, t.article_id" if driver else "a.published_at, a.id"
    for at, term in enumerate(wanted.terms):
        condition = term_condition(term, at, values)
        if term is driver:
            conditions.append(f"t.term = {condition}")
        else:
            conditions.append(exists(condition, excluded=term[1]))
    if here:
        conditions.append(f"({ordered}) {'>' if back else '<'} (:here_at, :here_id)")
        values |= {"here_at": datetime.fromisoformat(here[0]), "here_id": here[1]}
    way = "ASC" if back else "DESC"
    source = f"{card(caller)} {BY_TERM if driver else BY_ARTICLE}"
    order = ", ".join(f"{column} {way}" for column in ordered.split(", "))
    sql = f"{source} AND {' AND '.join(conditions)} ORDER BY {order} LIMIT :n"
    light = len(wanted.terms) < 2 and not wanted.columns
    light = light and not any(name.startswith("corrected") for name in wanted.times)
    light = light and not wanted.source_status
    return sql, values, back, light


def matching(wanted: Filter, values: Values) -> list[str]:
    """What was asked for as conditions on `a`, but for states, ids and the place in the list."""
    terms = [
        exists(term_condition(term, at, values), excluded=term[1])
        for at, term in enumerate(wanted.terms)
    ]
    return [*column_conditions(wanted, values), *terms]


def in_state(caller: Caller, wanted: Filter) -> str:
    """SQL for the states that a list shows: what is out, unless the desk asks for another."""
    if wanted.states is None:
        return out_now(caller)
    if caller.sees != "all" and wanted.states != ["published"]:
        raise Forbidden("States other than published are for editors' keys.")
    names = ", ".join(f"'{one}'" for one in wanted.states)  # of STATES
    return f"{visible(caller)} AND {state_now(caller)} IN ({names})"


def position(wanted: Filter, secrets: list[bytes]) -> tuple[bool, list[str]]:
    if wanted.cursor is None:
        return False, []
    way, *here = cursors.read(secrets, wanted.question, wanted.cursor, 3)
    return way == "b", here


def column_conditions(wanted: Filter, values: Values) -> list[str]:
    conditions = []
    for at, (name, excluded, alternatives) in enumerate(wanted.columns):
        places = []
        for number, one in enumerate(alternatives):
            values[f"c{at}_{number}"] = one
            places.append(f":c{at}_{number}")
        inside = "NOT IN" if excluded else "IN"
        conditions.append(f"a.{COLUMNS[name]} {inside} ({', '.join(places)})")
    for name, moment in wanted.times.items():
        values[name] = moment
        if name.startswith("published"):
            conditions.append(f"a.published_at {TIMES[name]} :{name}")
    corrected = [name for name in wanted.times if name.startswith("corrected")]
    if corrected:
        meets = " AND ".join(f"k.at {TIMES[name]} :{name}" for name in corrected)
        conditions.append(
            f"EXISTS (SELECT 1 FROM correction k WHERE k.article_id = a.id AND {meets})"
        )
    if wanted.source_status:
        conditions.append(flagged(wanted.source_status))
    return conditions


def flagged(statuses: list[str]) -> str:
    """SQL for "its sources' items have this status", the worst of them: killed before corrected."""
    one = (
        "EXISTS (SELECT 1 FROM source_flag q WHERE q.article_id = a.id AND q.reviewed_at IS NULL"
        " AND q.status = '{}')"
    )
    killed, corrected = one.format("killed"), one.format("corrected")
    meets = {"killed": killed, "corrected": f"({corrected} AND NOT {killed})"}
    return f"({' OR '.join(meets[status] for status in statuses)})"


def term_condition(term: tuple[str, bool, list[str]], at: int, values: Values) -> str:
    """The term or terms as SQL: names are looked up in the statement itself."""
    noun, _, alternatives = term
    found = []
    for number, one in enumerate(alternatives):
        name, _, role = one.partition(":") if noun == "source" else (one, "", "")
        values |= {f"t{at}_{number}": name, f"k{at}_{number}": name.casefold()}
        id = look_up(noun, f"t{at}_{number}", f"k{at}_{number}")
        if role:
            values[f"r{at}_{number}"] = f":{role}"
            id = f"({id} || CAST(:r{at}_{number} AS TEXT))"
        found.append(id)
    return found[0] if len(found) == 1 else "(" + ", ".join(found) + ")"


def look_up(noun: str, given: str, folded: str) -> str:
    """SQL for the id of a noun by id, slug or path, or by a former one."""
    return (
        f"(SELECT coalesce((SELECT id FROM {noun} WHERE {NOUNS[noun]} = :{given} OR id = :{given}),"
        f" (SELECT n.id FROM former_slug f JOIN {noun} n ON n.id = f.object_id"
        f" WHERE f.noun = '{noun}' AND f.slug = :{folded})))"
    )


def exists(condition: str, excluded: bool) -> str:
    inside = condition if condition.startswith("((") else f"({condition})"
    inner = f"SELECT 1 FROM article_term x WHERE x.article_id = a.id AND x.term IN {inside}"
    return f"{'NOT ' if excluded else ''}EXISTS ({inner})"


def unknown_names(caller: Caller, wanted: Filter) -> tuple[str, Values, list[tuple[str, str]]]:
    """A statement that says which of the names that were asked for are there, as far as the caller
    may know: a tag that a draft alone has is as unknown as any other."""
    asked = [(noun, one) for noun, _, values in wanted.terms for one in values]
    values: Values = {}
    columns = []
    for at, (noun, one) in enumerate(asked):
        name = one.partition(":")[0] if noun == "source" else one
        values |= {f"t{at}": name, f"k{at}": name.casefold()}
        id = look_up(noun, f"t{at}", f"k{at}")
        columns.append(f"(SELECT n.id FROM {noun} n WHERE n.id = {id} AND {known(caller, noun)})")
    return "SELECT " + ", ".join(columns), values, asked


def known(caller: Caller, noun: str) -> str:
    """SQL for "the caller may know that there is this `n`"."""
    if noun == "section":
        return "1 = 1"
    open_to_all = "NOT n.needs_review OR " if noun == "source" else ""
    return f"({open_to_all}{shown(caller, 'n.id')})"


def tombstones(caller: Caller, by: str) -> str:
    """What is told of killed stories. `by`: a condition on `a`."""
    return (
        "SELECT a.id, w.notice, w.at, w.replaced_by FROM article a JOIN withdrawal w"
        " ON w.object_id = a.id AND w.restored_at IS NULL"
        f" WHERE ({by}) AND {gone(caller)} ORDER BY a.id LIMIT 100"
    )


BY_ANY_SLUG = (
    "a.slug_key = :name OR a.id = (SELECT f.object_id FROM former_slug f"
    " WHERE f.noun = 'article' AND f.slug = :name)"
)


def translations(caller: Caller, dialect: Dialect) -> str:
    """Stories of these groups that the caller may open."""
    return (
        "SELECT a.group_id, a.id, c.body, c.stamp, c.valid_until"
        " FROM article a JOIN card c ON c.article_id = a.id"
        f" WHERE {dialect.any_of('a.group_id', 'groups')} AND {visible(caller)}"
        " ORDER BY a.lang, a.id"
    )


def cards(caller: Caller, dialect: Dialect) -> str:
    """Cards by id, for what is filled in at read."""
    return f"{card(caller)} {BY_ARTICLE} AND {dialect.any_of('a.id', 'ids')} AND {visible(caller)}"


def file(caller: Caller) -> str:
    """A file of the media store, if a story that the caller may see shows its image, or an old
    version of it does; and whether an image that is this file was withdrawn."""
    withdrawn = "(SELECT max(w.withdrawn) FROM image w WHERE w.file = i.file)"
    seen = f"({shown_image(caller, 'i.id')} OR {shown_before(caller, 'i.id')})"
    return f"SELECT i.file, i.mime, {withdrawn} FROM image i WHERE i.file = :key AND {seen}"


def file_keys(caller: Caller) -> str:
    """Ids of the images that are a file, and of the stories that the caller may see which show one,
    now or in an old version, or whose people have it as a portrait."""
    shows = (
        ("article_term s ON s.term = i.id", ""),
        ("edition_image s ON s.image_id = i.id", ""),
        ("contributor p ON p.image_id = i.id", " JOIN article_term s ON s.term = p.id"),
    )
    branches = "".join(
        f" UNION SELECT * FROM (SELECT s.article_id FROM image i JOIN {first}{then} JOIN article a"
        f" ON a.id = s.article_id WHERE i.file = :key AND {visible(caller)} LIMIT {MOST_IDS + 1}) b{at}"
        for at, (first, then) in enumerate(shows)
    )
    return f"SELECT i.id FROM image i WHERE i.file = :key{branches}"


def wholes(dialect: Dialect) -> str:
    """Documents by id, of stories that were found through the gate."""
    return (
        "SELECT d.article_id, d.body, d.valid_until FROM document d"
        f" WHERE {dialect.any_of('d.article_id', 'ids')}"
    )
