"""Lists of tags, contributors, sources, images and dispatches: what each is narrowed and sorted by."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import and_, func, literal, not_, or_, tuple_
from sqlmodel import col, select

from app.arabic.analyse import normal_words
from app.models.base import UTCDateTime, timestamp
from app.models.image import ImageRow
from app.models.search import NameKey
from app.models.section import ContributorRow, FormerSlug, TagRow, TagType
from app.models.source import DispatchRow, SourceKind, SourceRow
from app.queries.completing import LAST
from app.queries.grammar import STATUSES, Choices, Filter, Term
from app.searchable import key


@dataclass(frozen=True)
class Kind:
    """How a kind of noun is listed. `beside` is what it shows; the first of `orders` is the usual
    one, from its other end where it is a time."""

    row: Any
    filters: tuple[str, ...]
    orders: tuple[str, ...]
    words: tuple[tuple[str, type[Any]], ...] = ()
    beside: tuple[str, Any] | None = None

    @property
    def usual(self) -> str:
        return self.orders[0] if self.orders[0] == "slug" else f"-{self.orders[0]}"

    @cached_property
    def known(self) -> tuple[str, ...]:
        """Every parameter of its list."""
        times = [name.removesuffix("_at") for name in self.orders if name != "slug"]
        bounds = [f"{name}{end}" for name in times for end in ("_from", "_to")]
        return (*self.filters, *bounds, "sort", "limit", "cursor")

    @cached_property
    def choices(self) -> Choices:
        sorts = [f"{way}{name}" for name in self.orders for way in ("", "-")]
        given = {name: [str(one) for one in words] for name, words in self.words}
        return {"sort": sorts, "source_status": STATUSES, **given}


NAMED = ("slug", "created_at", "modified_at")
KINDS = {
    "tag": Kind(TagRow, ("type", "lang", "q"), NAMED, (("type", TagType),)),
    "contributor": Kind(ContributorRow, ("lang", "q"), NAMED, beside=("image_id", ImageRow)),
    "source": Kind(SourceRow, ("kind", "country", "lang", "q"), NAMED, (("kind", SourceKind),)),
    "image": Kind(
        ImageRow, ("source",), ("created_at", "modified_at"), beside=("source_id", SourceRow)
    ),
    "dispatch": Kind(
        DispatchRow, ("source", "lang", "source_status"), ("received_at", "modified_at"),
        beside=("source_id", SourceRow),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Place:
    """Where a page begins: `way` is "f", behind this one, or "b", before it."""

    way: str
    value: str
    id: str

    @property
    def back(self) -> bool:
        return self.way == "b"


def page(kind: Kind, noun: str, wanted: Filter, place: Place | None) -> Any:
    """The statement for a page, one longer than its limit; backwards in reverse."""
    statement = select(kind.row).where(*conditions(kind, noun, wanted))
    name, down = wanted.order
    down = down != (place is not None and place.back)
    columns = kind.row.__table__.columns
    column, id = columns[name], columns["id"]
    if place:
        at = place.value if name == "slug" else datetime.fromisoformat(place.value)
        here = tuple_(literal(at, column.type), literal(place.id, id.type))
        pair = tuple_(column, id)
        statement = statement.where(pair < here if down else pair > here)
    order = (column.desc(), id.desc()) if down else (column, id)
    return statement.order_by(*order).limit(wanted.limit + 1)


def ends(kind: Kind, wanted: Filter, rows: Sequence[Any]) -> list[list[str]]:
    """The places of the first and the last row of a page."""
    name = wanted.order[0]
    values = [(getattr(row, name), row.id) for row in (*rows[:1], *rows[-1:])]
    return [[value if name == "slug" else timestamp(value), id] for value, id in values]


def conditions(kind: Kind, noun: str, wanted: Filter) -> list[Any]:
    """What was asked for, but for what the caller may see."""
    found = [listed(kind, noun, term) for term in wanted.columns]
    found += [of_source(kind, term) for term in wanted.terms]
    for name, at in wanted.times.items():
        what, _, end = name.rpartition("_")
        column = col(getattr(kind.row, f"{what}_at"))
        moment = literal(at, UTCDateTime())
        found.append(column >= moment if end == "from" else column < moment)
    if wanted.source_status:
        found.append(col(kind.row.source_status).in_(wanted.source_status))
    if wanted.q:
        found.append(called(kind, noun, wanted.q))
    return found


def listed(kind: Kind, noun: str, term: Term) -> Any:
    """A list filter over a column, or over the languages that something has names in."""
    name, excluded, values = term
    if name == "lang" and not hasattr(kind.row, "lang"):
        keys = select(NameKey.object_id).where(NameKey.noun == noun, col(NameKey.lang).in_(values))
        inside: Any = col(kind.row.id).in_(keys)
    else:
        column = col(getattr(kind.row, name))
        inside = and_(column.is_not(None), column.in_(values))
    return not_(inside) if excluded else inside


def of_source(kind: Kind, term: Term) -> Any:
    """What is of these sources, by slug, id or a slug that they had."""
    _, excluded, values = term
    former = select(FormerSlug.object_id).where(
        FormerSlug.noun == "source", col(FormerSlug.slug).in_([one.casefold() for one in values])
    )
    named = or_(
        col(SourceRow.slug).in_(values),
        col(SourceRow.id).in_(values),
        col(SourceRow.id).in_(former),
    )
    inside = func.coalesce(kind.row.source_id, "").in_(select(SourceRow.id).where(named))
    return not_(inside) if excluded else inside


def called(kind: Kind, noun: str, q: str) -> Any:
    """What has a name that goes on so, from one of its first words on."""
    words = normal_words(q)
    if not words:
        return literal(False)
    start = key(words)
    keys = select(NameKey.object_id).where(
        NameKey.noun == noun, NameKey.key >= start, NameKey.key < start + LAST
    )
    return col(kind.row.id).in_(keys)
