"""Whether the recorded answer of a write may be shown once more: what it shows must be visible today."""

import re
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import unquote

import orjson
from sqlmodel import Session, col, select

from app.language import slugs
from app.models.article import ArticleRow
from app.models.card import State
from app.models.front import FrontRow
from app.models.image import ImageRow
from app.models.live import LiveUpdateRow
from app.models.section import ContributorRow, SectionRow, TagRow
from app.models.source import DispatchRow, SourceRow

ID = re.compile(rb'"((?:art|img|dsp|upd)_[a-z0-9]+)"')
"""Ids in a JSON body of what can be withdrawn or removed."""

ARTICLE = re.compile(r"/v1/articles/([^/]+)")
TABLES: dict[str, Any] = {
    "art": ArticleRow, "sec": SectionRow, "tag": TagRow, "con": ContributorRow, "src": SourceRow,
    "img": ImageRow, "dsp": DispatchRow, "upd": LiveUpdateRow, "frt": FrontRow,
}  # fmt: skip
SEALED = (State.killed, State.vanished)


def visible(session: Session, path: str, body: bytes) -> bool:
    """Whether all that the recorded answer of a write to `path` shows may be seen today. `body`: what
    was answered, JSON or empty."""
    if not body:
        return True
    answer = orjson.loads(body)
    shown = {id.decode() for id in ID.findall(body)}
    if path.endswith("/withdrawal"):  # the record of a withdrawal outlives what was withdrawn
        return not hidden(session, shown - {one["id"] for one in answer.get("went", ())})
    return not (
        hidden(session, shown) or is_missing(session, answer.get("id")) or is_sealed(session, path)
    )


def hidden(session: Session, ids: Iterable[str]) -> bool:
    """Whether one of these was withdrawn or removed."""
    sealed: Sequence[tuple[Any, Any]] = (
        (ArticleRow, col(ArticleRow.state).in_(SEALED)),
        (ImageRow, col(ImageRow.withdrawn) == "vanish"),
        (DispatchRow, col(DispatchRow.withdrawn).is_not(None)),
        (LiveUpdateRow, col(LiveUpdateRow.removed)),
    )
    named = sorted(ids)
    return bool(named) and any(
        session.exec(select(table.id).where(table.id.in_(named), condition).limit(1)).first()
        for table, condition in sealed
    )


def is_missing(session: Session, id: Any) -> bool:
    """Whether what an answer was about is there no longer."""
    table = TABLES.get(id.partition("_")[0]) if isinstance(id, str) else None
    if table is None:
        return False
    return session.exec(select(table.id).where(table.id == id)).first() is None


def is_sealed(session: Session, path: str) -> bool:
    """Whether the article of this path was withdrawn."""
    found = ARTICLE.search(path)
    if found is None:
        return False
    name = unquote(found[1])
    named = (ArticleRow.id == name) | (ArticleRow.slug_key == slugs.key(name))
    sealed = select(ArticleRow.id).where(named, col(ArticleRow.state).in_(SEALED))
    return session.exec(sealed).first() is not None
