"""Rows of withdrawals: those that hold, and those that were undone."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import exists
from sqlmodel import Session, col, select

from app.models.article import ArticleRow, TermRow
from app.models.withdrawal import WithdrawalRow

MOST = 100
SEALED = ("killed", "vanished")
PATHS = {"article": "articles", "image": "images", "dispatch": "dispatches"}


def current(session: Session, id: str) -> WithdrawalRow | None:
    """The withdrawal that holds, or None."""
    query = select(WithdrawalRow).where(WithdrawalRow.object_id == id)
    return session.exec(query.where(col(WithdrawalRow.restored_at).is_(None))).first()


def led(session: Session, lead: str) -> list[WithdrawalRow]:
    """Withdrawals that hold and came along with this one."""
    query = select(WithdrawalRow).where(
        WithdrawalRow.lead == lead, col(WithdrawalRow.restored_at).is_(None)
    )
    return list(session.exec(query.order_by(WithdrawalRow.object_id).limit(MOST)))


def was_shown(session: Session, ids: Sequence[str], now: datetime) -> bool:
    """Whether a story that readers could see shows one of these images, or rests on one of these
    dispatches."""
    showing = exists().where(
        col(TermRow.term).in_(ids), col(TermRow.article_id) == ArticleRow.id,
        col(ArticleRow.public_from) <= now,
    )  # fmt: skip
    return bool(session.scalar(select(showing)))


def find(
    session: Session, noun: str | None, restored: bool, limit: int, after: str | None
) -> Sequence[WithdrawalRow]:
    """Withdrawals, the newest first: those that hold, or those that were undone."""
    query = select(WithdrawalRow)
    undone = col(WithdrawalRow.restored_at)
    query = query.where(undone.is_not(None) if restored else undone.is_(None))
    if noun:
        query = query.where(WithdrawalRow.noun == noun)
    if after:
        query = query.where(col(WithdrawalRow.id) < after)
    return session.exec(query.order_by(col(WithdrawalRow.id).desc()).limit(limit)).all()
