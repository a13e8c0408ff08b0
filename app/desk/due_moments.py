"""Logs publications and expiries that fell due since the last write."""

from datetime import UTC, datetime

from sqlmodel import col, select

from app.change_log import due_moments
from app.db.database import Database
from app.desk.transaction import at_desk
from app.models.article import MomentRow


def moments_step(db: Database, now: datetime | None = None) -> int:
    """Log the transitions that have passed. Returns how many."""
    now = now or datetime.now(UTC)
    with db.reading() as session:
        passed = select(MomentRow.at).where(col(MomentRow.at) <= now)
        if session.exec(passed.limit(1)).first() is None:
            return 0
    with at_desk(db, by="worker", now=now) as desk:
        return due_moments.log_passed(desk.session, now)
