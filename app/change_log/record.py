"""Writes the change log. Rows are gathered in the session and numbered last, just before the commit."""

from collections.abc import Container, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, col, select

from app.change_log import surrogate_keys
from app.db import dialects
from app.db.array_parameter import among
from app.db.dialects import dialect_of
from app.db.write_batch import Batch
from app.json_types import Json
from app.models.article import ArticleRow, TermRow
from app.models.change import ChangeRow, ChangeStory
from app.queries.visibility import MOMENT

Row = tuple[Any, ...]
Numbered = tuple[int, Any, list[str] | None]
"""The last of some new numbers, the next moment of the clock, and what stories' terms are."""

NAMING = select(TermRow.term, TermRow.article_id).where(among(col(TermRow.term)))
"""What some nouns or stories are named by."""


def record(
    session: Session, *, type: str, noun: str, object_id: str, now: datetime, **more: Any
) -> None:
    """Record a change; it gets its number at the commit."""
    row = {
        "type": type, "noun": noun, "object_id": object_id, "at": now, "effective_at": now,
        "by_clock": False, "version": None, "lang": None, "slug": None, "section": None,
        "reason": None, "actor": None, "keys": object_id, "ids": [],
        "public": False,
    }  # fmt: skip
    session.info.setdefault("changes", []).append(row | more)


def record_passed(session: Session, *, effective_at: datetime, **more: Any) -> None:
    """Record a due moment that has passed; it is numbered before the changes of this transaction."""
    record(session, **more)
    row = session.info["changes"].pop() | {"effective_at": effective_at, "by_clock": True}
    session.info.setdefault("passed", []).append(row)


def keys_of(
    session: Session, articles: Sequence[ArticleRow], new: Container[str] = (),
    left: Set[str] = frozenset(),
) -> dict[str, str]:  # fmt: skip
    """The surrogate keys that a change of each of these articles makes stale: its own, and those of articles
    whose responses contain it (translations, and articles that name it). `left`: groups whose translations
    they were before."""
    found: dict[str, set[str]] = {article.id: set() for article in articles}
    if old := [id for id in found if id not in new]:  # nobody names a story before it is there
        for named, by in session.exec(NAMING, params={"ids": old}):
            found[named].add(by)
    groups = {*left, *(article.group_id for article in articles)} - {None}
    if groups:
        members = select(ArticleRow.group_id, ArticleRow.id)
        rows = session.exec(members.where(col(ArticleRow.group_id).in_(groups))).all()
        for article in articles:
            mine = {article.group_id, *left}
            found[article.id] |= {id for group, id in rows if group in mine}
    return {id: " ".join([id, *sorted(others - {id})]) for id, others in found.items()}


@dataclass(frozen=True, slots=True)
class Appended:
    """What a commit adds to the change log."""

    head: int
    rows: list[Row]
    """As `surrogate_keys.ROWS` tells them."""
    moment: Any = None
    """The next at which a story appears or goes by itself."""
    terms: list[str] | None = None
    """Of the stories that changed; None where they are too many, or nobody wants to know."""

    @property
    def before(self) -> int:
        """The number of the last row before them."""
        return self.head - len(self.rows)


def append_recorded(session: Session, told: bool = False) -> Appended | None:
    """Number and write the recorded changes. The counter row is the last lock before the commit,
    so numbers have no gaps and follow commit order. `told`: the caller wants to know what
    becomes stale."""
    passed: list[dict[str, Any]] = session.info.pop("passed", [])
    passed.sort(key=lambda row: (row["effective_at"], row["object_id"]))
    rows: list[dict[str, Any]] = passed + session.info.pop("changes", [])
    if not rows:
        return None
    session.flush()
    head, moment, terms = (
        next_number_and_stale(session, rows) if told else next_number(session, len(rows))
    )
    first = head - len(rows) + 1
    numbered = [row | {"seq": first + place} for place, row in enumerate(rows)]
    batch = Batch(session)
    batch.insert(ChangeRow, numbered)
    batch.insert(ChangeStory, [one for row in numbered for one in stories_of(row)])
    batch.send()
    session.info["head"] = head
    return Appended(head, [log_row(row) for row in numbered], moment, terms)


def next_number(session: Session, n: int) -> Numbered:
    """The last of so many new numbers."""
    found = session.execute(text(dialect_of(session).number), {"n": n})
    return found.one()[0], None, None


def next_number_and_stale(session: Session, rows: Sequence[Json]) -> Numbered:
    """The last of the rows' new numbers, the next due moment, and the terms of the rows' articles, in one
    statement."""
    dialect = dialect_of(session)
    ids = surrogate_keys.changed([log_row(row) for row in rows])
    few = len(ids) <= surrogate_keys.FEW
    terms = f"(SELECT {dialect.joined}(x.term, ' ') FROM ({surrogate_keys.terms_of(dialect)}) x)"
    told = f"{dialect.number}, {MOMENT} AS moment, {terms} AS terms"
    given = {"n": len(rows), "ids": ids if few else [], "now": datetime.now(UTC)}
    found = session.execute(text(told), dialects.session_values(session, given)).one()
    return found.seq, found.moment, (found.terms or "").split() if few else None


def log_row(row: Json) -> Row:
    """A row in the form of `surrogate_keys.ROWS`."""
    return row.get("seq"), row["type"], row["noun"], row["public"], row["keys"]


def stories_of(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The articles that a row names, for `change_story`."""
    return [
        {"seq": row["seq"], "place": place, "article_id": id}
        for place, id in enumerate(row["ids"], 1)
    ]


def head(session: Session) -> int:
    """The number of the newest row."""
    return int(session.execute(text("SELECT seq FROM log_head")).scalar_one())
