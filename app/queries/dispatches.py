"""The chain of dispatches: which passes which on."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlmodel import Session, col, select

from app.models.source import DispatchRow


def passing_on(session: Session, id: str) -> list[str]:
    """The dispatch, and all that pass it on, directly or through others."""
    down = select(DispatchRow.id).where(DispatchRow.id == id).cte("down", recursive=True)
    further = select(DispatchRow.id).join(down, col(DispatchRow.via_id) == down.c.id)
    both = down.union(further)
    return sorted(session.scalars(select(both.c.id)))


def withdrawn(session: Session, ids: Iterable[str]) -> frozenset[str]:
    """Return which of these dispatches are withdrawn, or relay one that is."""
    if not (distinct := sorted(set(ids))):
        return frozenset()
    chains = chains_up(distinct)
    return frozenset(session.scalars(chains.where(col(DispatchRow.withdrawn).is_not(None))))


def chains_up(ids: Sequence[str], *columns: Any) -> Any:
    """SELECT of each of these dispatches, as `of`, with itself and every dispatch that it passes on,
    directly or through others. `columns`: of the latter."""
    start: Any = select(col(DispatchRow.id).label("of"), DispatchRow.id, DispatchRow.via_id)
    up = start.where(col(DispatchRow.id).in_(ids)).cte("up", recursive=True)
    further = select(up.c.of, DispatchRow.id, DispatchRow.via_id)
    both = up.union(further.join(up, col(DispatchRow.id) == up.c.via_id))
    return select(both.c.of, *columns).join(DispatchRow, col(DispatchRow.id) == both.c.id)
