"""The change log. Rows gather in the session and are numbered last, just before the commit."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from app.dialects import insert_rows
from app.models.change import ChangeRow, ChangeStory


def record(
    session: Session, *, type: str, noun: str, object_id: str, now: datetime, **more: Any
) -> None:
    """Remember that something happened; its number comes with the commit."""
    row = {
        "type": type, "noun": noun, "object_id": object_id, "at": now, "effective_at": now,
        "by_clock": False, "version": None, "lang": None, "slug": None, "section": None,
        "reason": None, "actor": None, "keys": object_id, "ids": [],
        "public": False,
    }  # fmt: skip
    session.info.setdefault("changes", []).append(row | more)


def append_recorded(session: Session) -> int | None:
    """Number and write what was recorded. The head's row is the last lock before the commit,
    so numbers have no gaps and commit order is log order. Returns the new head."""
    rows: list[dict[str, Any]] = session.info.pop("changes", [])
    if not rows:
        return None
    session.flush()
    head: int = session.execute(
        text("UPDATE log_head SET seq = seq + :n RETURNING seq"), {"n": len(rows)}
    ).scalar_one()
    first = head - len(rows) + 1
    numbered = [row | {"seq": first + place} for place, row in enumerate(rows)]
    insert_rows(session, ChangeRow, numbered)
    insert_rows(session, ChangeStory, [one for row in numbered for one in stories_of(row)])
    session.info["head"] = head
    return head


def stories_of(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The stories of a row that is about several."""
    return [
        {"seq": row["seq"], "place": place, "article_id": id}
        for place, id in enumerate(row["ids"], 1)
    ]


def head(session: Session) -> int:
    """The newest number."""
    return int(session.execute(text("SELECT seq FROM log_head")).scalar_one())
