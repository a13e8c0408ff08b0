"""What uses a noun: stories in whatever state, other nouns, dispatches."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Text, func, literal, select, type_coerce, union
from sqlmodel import Session, col

from app.models.article import ArticleRow, TermRow
from app.models.card import State
from app.models.front import FrontRow
from app.models.image import ImageRow, ImageUseRow
from app.models.live import LiveUpdateRow
from app.models.section import ContributorRow, SectionRow
from app.models.source import AttributionRow, DispatchRow
from app.models.version import EditionImageRow

MOST_NAMED = 100
SEALED = (State.killed, State.vanished)

STORIES: dict[str, list[tuple[Any, Any]]] = {
    "section": [(ArticleRow.id, ArticleRow.section_id)],
    "contributor": [(LiveUpdateRow.article_id, LiveUpdateRow.author_id)],
    "image": [
        (ImageUseRow.article_id, ImageUseRow.image_id),
        (EditionImageRow.article_id, EditionImageRow.image_id),
    ],
    "source": [(AttributionRow.article_id, AttributionRow.source_id)],
    "dispatch": [(AttributionRow.article_id, AttributionRow.dispatch_id)],
}  # fmt: skip
"""Columns that name stories, and those that name what they use; besides, there are the terms."""

NOUNS: dict[str, list[tuple[Any, Any]]] = {
    "section": [(SectionRow.id, SectionRow.parent_id), (FrontRow.id, FrontRow.section_id)],
    "image": [(ContributorRow.id, ContributorRow.image_id)],
    "source": [(ImageRow.id, ImageRow.source_id), (DispatchRow.id, DispatchRow.source_id)],
    "dispatch": [(DispatchRow.id, DispatchRow.via_id)],
}


@dataclass(frozen=True)
class Usage:
    """What uses a catalog item: up to 100 ids, their number, and whether sealed stories use it,
    too."""

    ids: list[str]
    count: int
    sealed: bool

    def __bool__(self) -> bool:
        return bool(self.count or self.sealed)


def of(session: Session, noun: str, id: str) -> Usage:
    """Everything that uses it. Of what was withdrawn nothing is named or counted."""
    terms = (TermRow.article_id, TermRow.term)
    stories = union(*[named(pair, id) for pair in [terms, *STORIES.get(noun, [])]]).subquery()
    sealed = col(ArticleRow.state).in_(SEALED)
    there = select(literal(1)).where(sealed, col(ArticleRow.id).in_(select(stories.c.id)))
    users = union(
        select(col(ArticleRow.id)).where(~sealed, col(ArticleRow.id).in_(select(stories.c.id))),
        *[named(pair, id) for pair in NOUNS.get(noun, [])],
        *([in_slots(id)] if noun == "image" else []),
    ).subquery()
    ids = session.execute(select(users.c.id).order_by(users.c.id).limit(MOST_NAMED + 1)).scalars()
    listed = list(ids)
    count = len(listed)
    if count > MOST_NAMED:
        count = session.execute(select(func.count()).select_from(users)).scalar_one()
    hidden = session.execute(there.limit(1)).first() is not None
    return Usage(listed[:MOST_NAMED], count, hidden)


def in_slots(id: str) -> Any:
    """Fronts that show an image in a slot: their slots are JSON, and there are few fronts."""
    slots = type_coerce(FrontRow.slots, Text)
    return select(col(FrontRow.id).label("id")).where(slots.contains(f'"{id}"', autoescape=True))


def named(pair: tuple[Any, Any], id: str) -> Any:
    """SELECT of what names this id in a column, as `id`."""
    user, used = pair
    return select(col(user).label("id")).where(col(used) == id)
