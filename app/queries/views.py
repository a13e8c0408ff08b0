"""Views counted: written once each, summed for trending, forgotten after a while."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, text
from sqlmodel import Session, col, select

from app.access.authentication import READER, Caller
from app.db import dialects
from app.models.view import StoryView, StoryViewDay, StoryViewHour, ViewSalt
from app.queries.filter_conditions import matching
from app.queries.visibility import out_now, visible
from app.request.filters import Filter

Values = dict[str, Any]
AN_HOUR = timedelta(hours=1)
COUNTS: dict[str, type[StoryViewHour] | type[StoryViewDay]] = {
    "hour": StoryViewHour, "day": StoryViewDay,
}  # fmt: skip
"""The counts that are kept, by how long each is: a week of many stories is summed in days."""
AT_ONCE = 10_000
"""Rows that are forgotten in one transaction."""


def hour_of(at: datetime) -> datetime:
    """When the hour of a time began."""
    return at.replace(minute=0, second=0, microsecond=0)


def start_of(at: datetime, span: str) -> datetime:
    """When the hour or the day of a moment began."""
    return hour_of(at).replace(hour=0) if span == "day" else hour_of(at)


def open_stories(session: Session, names: Sequence[str], now: datetime) -> dict[str, str]:
    """The ids of the stories that readers may see, by id and by folded slug."""
    dialect = dialects.dialect_of(session)
    named = " OR ".join(dialect.any_of(f"a.{column}", "names") for column in ("id", "slug_key"))
    sql = f"SELECT a.id, a.slug_key FROM article a WHERE ({named}) AND {visible(READER)}"
    values = dialects.session_values(session, {"names": list(names), "now": now})
    found: dict[str, str] = {}
    for id, slug in session.execute(text(sql), values):
        found |= {id: id, slug: id}
    return found


def add(session: Session, rows: Sequence[Values]) -> int:
    """Write views that are new, and count them. Returns how many were."""
    ordered = sorted(rows, key=lambda row: (row["hour"], row["article_id"], row["visitor"]))
    new = dialects.insert_new(session, StoryView, ordered, ("hour", "article_id"))
    add_counts(session, [(hour, id, 1) for hour, id in new])
    return len(new)


def add_counts(session: Session, counted: Sequence[tuple[Any, ...]]) -> None:
    """Add views to the counts of their hours and days."""
    for span, table in COUNTS.items():
        sums: Counter[tuple[datetime, str]] = Counter()
        for hour, id, count in counted:
            sums[start_of(hour, span), id] += count
        rows = [
            {span: start, "article_id": id, "views": count}
            for (start, id), count in sorted(sums.items())
        ]
        dialects.insert_or_add(session, table, rows, "views")


def forget(session: Session, before: datetime) -> int:
    """Let go of views of hours before this one, so many at once, and of counts and salts with them.
    Returns how many views went."""
    old = select(StoryView.hour).where(col(StoryView.hour) < before).order_by(col(StoryView.hour))
    last = session.exec(old.offset(AT_ONCE - 1).limit(1)).first()
    until = before if last is None else min(before, last + AN_HOUR)
    gone = session.execute(delete(StoryView).where(col(StoryView.hour) < until))
    session.execute(delete(StoryViewHour).where(col(StoryViewHour.hour) < until))
    session.execute(delete(StoryViewDay).where(col(StoryViewDay.day) < start_of(until, "day")))
    return int(gone.rowcount)  # type: ignore[attr-defined]


def salt_of(session: Session, day: str, fresh: str) -> str:
    """The day's salt, the same for all processes; those of days before are gone with this."""
    session.execute(delete(ViewSalt).where(col(ViewSalt.day) < day))
    dialects.insert_new(session, ViewSalt, [{"day": day, "salt": fresh}], ("day",))
    return session.exec(select(ViewSalt.salt).where(ViewSalt.day == day)).one()


def trending(
    caller: Caller, filter: Filter, span: str, since: datetime, now: datetime
) -> tuple[str, Values]:
    """One statement for the stories that were opened most since an hour or a day, those that are
    out, and its values: counts are summed first, so that each story is looked at once."""
    values: Values = {"since": since, "now": now, "n": filter.limit}
    conditions = [out_now(caller), *matching(filter, values)]
    sql = (
        "WITH seen AS (SELECT article_id, sum(views) AS views"
        f" FROM story_view_{span} WHERE {span} >= :since GROUP BY article_id)"
        " SELECT a.id, s.views FROM seen s JOIN article a ON a.id = s.article_id"
        f" WHERE {' AND '.join(conditions)}"
        " ORDER BY s.views DESC, a.published_at DESC, a.id DESC LIMIT :n"
    )
    return sql, values
