"""The log as callers may read it: SQL for a page of it, and the places that cursors name.

Writing it is `queries/changes.py`'s. A row that names several stories is read as one change for
each, in its order, so a place in the log is a row and a place inside it.
"""

import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.access.authentication import Caller
from app.db.dialects import Dialect
from app.errors import CursorInvalid
from app.models.source import CONFIDENTIAL
from app.queries.visibility import BOUNDARY, rested_on, shown, visible

Values = dict[str, Any]
WINDOW = 5_000
"""Rows of the log that one request walks, at most: what a caller may not see costs time too."""

WHOLE = 1_000_000
"""The place after the last story of a row."""

LARGEST = 2**31 - 1
CURSOR = re.compile(r"(0|[1-9][0-9]{0,17})(?:\.([1-9][0-9]{0,5}))?(?:-([0-9a-f]{8}))?")
ADMINS = ("key",)
"""Nouns that editors don't see either."""


@dataclass(frozen=True)
class LogPosition:
    """A place in the log. `mark` is of the row's time: another log has another."""

    seq: int
    inside: int = WHOLE
    mark: str | None = None

    @property
    def cursor(self) -> str:
        """The position as a cursor."""
        inside = "" if self.inside == WHOLE else f".{self.inside}"
        return f"{self.seq}{inside}" + (f"-{self.mark}" if self.mark else "")


START = LogPosition(0)


def place(seq: int, at: datetime | None, inside: int = WHOLE) -> LogPosition:
    """The place after a row, whose time is `at`."""
    return LogPosition(seq, inside, mark_of(at) if at else None)


def mark_of(at: datetime) -> str:
    """It tells a log from another that was restored and written on, without any secret."""
    return hashlib.blake2b(at.isoformat().encode(), digest_size=4).hexdigest()


def read_cursor(text: str) -> LogPosition:
    """The place that a cursor names."""
    found = CURSOR.fullmatch(text)
    if not found:
        raise CursorInvalid()
    seq, inside, mark = found.groups()
    return LogPosition(int(seq), int(inside) if inside else WHOLE, mark)


@dataclass
class ChangeParams:
    """What a page of the log was asked for."""

    nouns: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    latest: bool = False
    limit: int = 100


BOUNDS = (
    "SELECT h.seq, (SELECT c.at FROM change c WHERE c.seq = :after),"
    " (SELECT c.at FROM change c WHERE c.seq = CASE WHEN h.seq < :until THEN h.seq ELSE :until END),"
    f" {BOUNDARY}, (SELECT min(m.at) FROM moment m) FROM log_head h"
)
"""The head, the times of the rows at `after` and at the end of the walk, the next moment, and the
first that the log has not been told of."""


def page(
    caller: Caller, params: ChangeParams, after: LogPosition, until: int, dialect: Dialect
) -> tuple[str, Values]:
    """One page's statement: rows after a place, up to a number, as one change for each story."""
    values: Values = {
        "first": after.seq, "inside": after.inside, "until": until, "n": params.limit + 1,
    }  # fmt: skip
    conditions = [
        "c.seq >= :first AND c.seq <= :until",
        "(c.seq > :first OR coalesce(s.place, 0) > :inside)",
        *conditions_of(caller, params, "c", "a", dialect, values),
    ]
    if params.latest:
        conditions += last(caller, params, dialect, values)
    sql = (
        "SELECT c.seq, s.place, c.at, c.effective_at, c.type, c.noun,"
        f" coalesce(s.article_id, c.object_id), {as_it_was(caller)}, c.reason, c.actor, c.keys, a.state,"
        " s.place IS NULL OR NOT EXISTS (SELECT 1 FROM change_story f WHERE f.seq = s.seq"
        f" AND f.place > s.place), {former_slugs(caller, dialect)}"
        " FROM change c LEFT JOIN change_story s ON s.seq = c.seq"
        " LEFT JOIN article a ON a.id = coalesce(s.article_id, c.object_id)"
        " LEFT JOIN section p ON p.id = a.section_id"
        f" WHERE {' AND '.join(conditions)} ORDER BY c.seq, s.place LIMIT :n"
    )
    return sql, values


def as_it_was(caller: Caller) -> str:
    """Version, language, slug and section: the row's own; of a re-rendered story those it has,
    where the caller may see it."""
    seen = visible(caller, "a")
    pairs = (
        ("c.version", "a.version"),
        ("c.lang", "a.lang"),
        ("c.slug", "a.slug"),
        ("c.section", "p.path"),
    )
    return ", ".join(
        f"CASE WHEN s.place IS NULL THEN {own} WHEN {seen} THEN {now} END" for own, now in pairs
    )


def conditions_of(
    caller: Caller, params: ChangeParams, row: str, article: str, dialect: Dialect, values: Values
) -> list[str]:
    """The caller's view of the log, narrowed to what was asked for."""
    conditions = [readable(caller, row)]
    if params.nouns:
        values["nouns"] = params.nouns
        conditions.append(dialect.any_of(f"{row}.noun", "nouns"))
    if params.types:
        values["types"] = params.types
        shown_type = f"CASE WHEN {article}.state = 'vanished' THEN 'removed' ELSE {row}.type END"
        conditions.append(dialect.any_of(f"({shown_type})", "types"))
    return conditions


def readable(caller: Caller, row: str) -> str:
    """Return SQL for "this caller may see this row": for readers public rows, and changes of
    catalog items that they can see."""
    hidden = [*(() if caller.reads_confidential else (CONFIDENTIAL,))]
    hidden += () if caller.role == "admin" else ADMINS
    if caller.sees == "all":
        return (
            f"{row}.noun NOT IN ({', '.join(repr(noun) for noun in hidden)})" if hidden else "1 = 1"
        )
    source = f"EXISTS (SELECT 1 FROM source o WHERE o.id = {row}.object_id AND NOT o.needs_review)"
    return (
        f"({row}.public OR CASE {row}.noun WHEN 'section' THEN 1 = 1"
        f" WHEN 'source' THEN {source} OR {shown(caller, f'{row}.object_id')}"
        f" WHEN 'dispatch' THEN {rested_on(caller, f'{row}.object_id')}"
        f" WHEN 'tag' THEN {shown(caller, f'{row}.object_id')}"
        f" WHEN 'contributor' THEN {shown(caller, f'{row}.object_id')}"
        f" WHEN 'image' THEN {shown(caller, f'{row}.object_id')} ELSE 1 = 0 END)"
    )


def last(caller: Caller, params: ChangeParams, dialect: Dialect, values: Values) -> list[str]:
    """No later row in the same view is about the same thing."""
    alone = " AND ".join(conditions_of(caller, params, "n", "a", dialect, values))
    several = " AND ".join(conditions_of(caller, params, "m", "a", dialect, values))
    return [
        "NOT EXISTS (SELECT 1 FROM change n WHERE n.object_id = coalesce(s.article_id, c.object_id)"
        f" AND n.seq > c.seq AND {alone})",
        "NOT EXISTS (SELECT 1 FROM change_story y JOIN change m ON m.seq = y.seq"
        f" WHERE y.article_id = coalesce(s.article_id, c.object_id) AND y.seq > c.seq AND {several})",
    ]


def former_slugs(caller: Caller, dialect: Dialect) -> str:
    """SQL for the slugs that a row's story had, joined by commas, as far as the caller could know
    them."""
    public = (
        " AND f.since >= (SELECT min(w.effective_at) FROM change w WHERE w.object_id = f.object_id"
        " AND w.public)"
    )
    had = (
        "SELECT f.slug FROM former_slug f WHERE f.noun = 'article' AND f.object_id = a.id"
        f" AND a.state <> 'vanished'{'' if caller.sees == 'all' else public} ORDER BY f.since, f.slug"
    )
    return f"(SELECT {dialect.joined}(h.slug, ',') FROM ({had}) h)"
