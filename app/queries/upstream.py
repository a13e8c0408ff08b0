"""Flags of stories whose sources corrected or killed what they rest on."""

from collections.abc import Iterable, Sequence

from sqlmodel import Session, col, select

from app.db.array_parameter import among
from app.models.article import ArticleRow
from app.models.source import AttributionRow, DispatchRow
from app.models.upstream import FlagRow
from app.queries.dispatches import chains_up

MOST = 500
HELD = (
    "SELECT cause_id, status FROM source_flag"
    " WHERE article_id = :id AND reviewed_at IS NULL AND action = 'hold'"
)
"""SQL for the causes for which parts of a story are held, and what their sources did."""

OPEN = (
    select(FlagRow)
    .where(among(col(FlagRow.article_id)), col(FlagRow.reviewed_at).is_(None))
    .order_by(FlagRow.cause_id)
)
"""The flags of some stories that the desk has not looked at."""


def open_flags(session: Session, ids: Sequence[str]) -> dict[str, list[FlagRow]]:
    """The flags of these stories that the desk has not looked at, by story."""
    found: dict[str, list[FlagRow]] = {}
    for flag in session.exec(OPEN, params={"ids": ids}):
        found.setdefault(flag.article_id, []).append(flag)
    return found


def flags_of(session: Session, article_id: str) -> list[FlagRow]:
    """The source flags of an article, the oldest first."""
    mine = select(FlagRow).where(FlagRow.article_id == article_id)
    return list(session.exec(mine.order_by(col(FlagRow.at), col(FlagRow.cause_id))))


def rooted(session: Session, root: str) -> list[tuple[FlagRow, ArticleRow]]:
    """The flags that come of a dispatch's or story's status, with their stories, newest first."""
    both = select(FlagRow, ArticleRow).join(
        ArticleRow, col(ArticleRow.id) == col(FlagRow.article_id)
    )
    newest = (col(ArticleRow.published_at).desc(), col(ArticleRow.id).desc(), FlagRow.cause_id)
    return list(session.exec(both.where(FlagRow.root == root).order_by(*newest)))


def naming(session: Session, dispatches: Iterable[str]) -> list[tuple[str, str]]:
    """Stories that name one of these dispatches, and which, in the order of the stories' ids."""
    wanted = col(AttributionRow.dispatch_id).in_(list(dispatches))
    pairs = select(AttributionRow.article_id, AttributionRow.dispatch_id).where(wanted).distinct()
    rows = session.exec(
        pairs.order_by(col(AttributionRow.article_id), col(AttributionRow.dispatch_id))
    )
    return [(article, dispatch) for article, dispatch in rows if dispatch]


def said_of(session: Session, ids: Iterable[str]) -> list[tuple[str, DispatchRow]]:
    """Of these dispatches those that were corrected or killed at their source, or pass on one that
    was, each with the dispatch of which it was said."""
    if not (distinct := sorted(set(ids))):
        return []
    chains = chains_up(distinct, DispatchRow)
    said = chains.where(col(DispatchRow.source_status).is_not(None)).order_by("of")
    return [(of, row) for of, row in session.execute(said)]
