"""Lists of tags, contributors, sources, images and dispatches: what each is narrowed and sorted by, and
the statements that find and count them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from app.access.authentication import Caller
from app.db.dialects import Dialect
from app.errors import BadRequest
from app.language.analyzer import name_key, normal_words
from app.models.base import from_column, timestamp
from app.models.image import ImageRow
from app.models.section import ContributorRole, ContributorRow, TagRow, TagType
from app.models.source import CONFIDENTIAL, DispatchRow, SourceKind, SourceRow
from app.queries import counts, visibility
from app.queries.list_plan import Statement, order_by
from app.queries.suggestions import LAST
from app.request.filters import COUNTS, STATUSES, Choices, Filter, Term, Values
from app.request.search_words import MOST_TERMS, NO_WORD


@dataclass(frozen=True)
class Kind:
    """How a kind of noun is listed. `beside` is what it shows; the first of `orders` is the usual
    one, from its other end where it is a time; `facets`: the value of each, as SQL."""

    row: Any
    filters: tuple[str, ...]
    orders: tuple[str, ...]
    words: Mapping[str, Sequence[str]] = field(default_factory=dict)
    beside: tuple[str, Any] | None = None
    facets: Mapping[str, str] = field(default_factory=dict)

    @property
    def usual(self) -> str:
        """The order without `sort`."""
        return self.orders[0] if self.orders[0] == "slug" else f"-{self.orders[0]}"

    @cached_property
    def known(self) -> tuple[str, ...]:
        """Every parameter of its list."""
        times = [name.removesuffix("_at") for name in self.orders if name != "slug"]
        bounds = [f"{name}{end}" for name in times for end in ("_from", "_to")]
        faceted = ("facets",) if self.facets else ()
        return (*self.filters, *bounds, "sort", "limit", "cursor", "count", *faceted)

    @cached_property
    def choices(self) -> Choices:
        """The values that parameters with a fixed choice take."""
        sorts = [f"{way}{name}" for name in self.orders for way in ("", "-")]
        return {
            "sort": sorts, "source_status": STATUSES, "count": COUNTS, "facets": list(self.facets),
            **self.words,
        }  # fmt: skip


def has(column: str, part: str) -> str:
    """SQL for a column of JSON that has this part. A text in it has no bare quotation mark, so that
    a field is found as it stands."""
    text = part.replace(":", ":' || '")  # before a letter it would be taken for a parameter's
    return f"replace({column}, '{text}', '') <> {column}"


SAID = ('"usage_terms":"', '"territories":[', '"valid_until":"')
LIMITED = f"({' OR '.join(has('image.rights', one) for one in SAID)})"
FREE = has("image.rights", '"public_domain":true')
OF_IMAGES = {
    "credit": {
        "own": "image.credit <> '{}'", "source": "image.source_id IS NOT NULL",
        "none": f"(image.credit = '{{}}' AND image.source_id IS NULL AND NOT {FREE})",
    },
    "rights": {"public_domain": FREE, "limited": LIMITED, "none": f"NOT ({FREE} OR {LIMITED})"},
    "withdrawn": {"true": "image.withdrawn IS NOT NULL", "false": "image.withdrawn IS NULL"},
}  # fmt: skip
"""What images are narrowed by, as SQL: who is credited (`none`: by whom no story is published with it),
what was said of rights, and whether it was withdrawn."""

NAMED = ("slug", "created_at", "modified_at")
KINDS = {
    "tag": Kind(
        TagRow, ("type", "lang", "q"), NAMED, {"type": list(TagType)}, facets={"type": "tag.type"}
    ),
    "contributor": Kind(
        ContributorRow, ("role", "lang", "q"), NAMED, {"role": list(ContributorRole)},
        beside=("image_id", ImageRow),
    ),
    "source": Kind(
        SourceRow, ("kind", "country", "lang", "q"), NAMED, {"kind": list(SourceKind)},
        facets={"kind": "source.kind", "country": "source.country"},
    ),
    "image": Kind(
        ImageRow, ("source", "credit", "rights", "withdrawn", "q"), ("created_at", "modified_at"),
        {name: list(words) for name, words in OF_IMAGES.items()}, beside=("source_id", SourceRow),
        facets={
            "source": "(SELECT s.slug FROM source s WHERE s.id = image.source_id"
            " AND NOT s.confidential AND {reviewed})"
        },
    ),
    "dispatch": Kind(
        DispatchRow, ("source", "lang", "source_status"), ("received_at", "modified_at"),
        beside=("source_id", SourceRow),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class PagePosition:
    """Where a page begins: `way` is "f", behind this one, or "b", before it."""

    way: str
    value: str
    id: str

    @property
    def back(self) -> bool:
        """Whether the page lies before the position."""
        return self.way == "b"


def seen(caller: Caller, noun: str) -> str:
    """SQL for what of a kind the caller may see: what a story shows that they may see."""
    shown = {"image": visibility.shown_image, "dispatch": visibility.rested_on}.get(
        noun, visibility.shown
    )
    condition = f"{shown(caller, f'{noun}.id')}{visibility.UNSEALED.get(noun, '')}"
    if noun != "source":
        return condition
    return f"{visibility.reviewed(caller, 'source')}{visibility.named(caller, 'source')}"


class CatalogList:
    """Statements over those of a kind that a caller's filter means."""

    def __init__(self, noun: str, caller: Caller, dialect: Dialect, filter: Filter) -> None:
        self.noun, self.caller, self.dialect, self.filter = noun, caller, dialect, filter
        self.kind = KINDS[noun]
        self.column, self.down = filter.order
        self.what = f"{noun}es" if noun == "dispatch" else f"{noun}s"
        self.narrow = f"narrow the list, for example by {self.kind.filters[0]}"

    def page(self, place: PagePosition | None) -> Statement:
        """Ids of a page and where each stands in the order, one more than the limit where more
        follow; in the order of the list, or backwards against it."""
        values: Values = {"n": self.filter.limit + 1}
        conditions, down = self.conditions(values), self.down
        if place:
            down = down != place.back
            conditions.append(f"({self.column}, id) {'<' if down else '>'} (:here_value, :here_id)")
            values |= {"here_value": self.value_at(place), "here_id": place.id}
        return (
            f"SELECT id, {self.column} FROM {self.noun} WHERE {' AND '.join(conditions)}"
            f" {order_by(self.column, 'id', down)} LIMIT :n"
        ), values

    def value_at(self, place: PagePosition) -> Any:
        """The position's value of the order, as a driver takes it."""
        return place.value if self.column == "slug" else datetime.fromisoformat(place.value)

    def place_of(self, way: str, row: Sequence[Any]) -> list[str]:
        """What a cursor says of a row of a page."""
        id, value = row
        moment = None if self.column == "slug" else from_column(value)
        return [way, timestamp(moment) if moment else value, id]

    def every(self) -> Statement:
        """The number of those that are meant."""
        values: Values = {}
        return f"SELECT count(*) FROM {self.found(values)}", values

    def nearly(self) -> Statement:
        """Their number, counted up to a bound along the list; and the place of the last."""
        values: Values = {"most": counts.ESTIMATED}
        inner = (
            f"SELECT {self.column} AS at, id FROM {self.found(values)}"
            f" {order_by(self.column, 'id', self.down)} LIMIT :most"
        )
        return counts.up_to(inner, self.down), values

    def share(self, at: Any, id: str) -> Statement:
        """How many of the kind there are, and how many of them until there."""
        rows = f"SELECT count(*) FROM {self.noun}"
        until = counts.until_there(self.column, "id", self.down)
        return f"SELECT ({rows}), ({rows} WHERE {until})", {"reached": at, "reached_id": id}

    def faceted(self, names: Sequence[str]) -> Statement:
        """Facets; of more items than are counted only that there are more."""
        values: Values = {"most": counts.MOST_FACETED + 1}
        may_see = visibility.reviewed(self.caller, "s")
        columns = ", ".join(
            f"{self.kind.facets[name].format(reviewed=may_see)} AS {name}" for name in names
        )
        hit = f"SELECT {columns} FROM {self.found(values)} LIMIT :most"
        parts = " UNION ALL ".join([counts.ALL, *map(counts.by_column, names)])
        return f"WITH hit AS MATERIALIZED ({hit}) {parts}", values

    def found(self, values: Values) -> str:
        """FROM and WHERE of the items that are meant."""
        return f"{self.noun} WHERE {' AND '.join(self.conditions(values))}"

    def conditions(self, values: Values) -> list[str]:
        """The gate and everything that was asked for."""
        found = [seen(self.caller, self.noun)]
        if self.noun == "dispatch":
            found.append("dispatch.withdrawn IS NULL")
        terms = (*self.filter.columns, *self.filter.terms)
        found += [self.listed(term, values) for term in terms]
        for name, at in self.filter.times.items():
            what, _, end = name.rpartition("_")
            values[name] = at
            found.append(f"{self.noun}.{what}_at {'>=' if end == 'from' else '<'} :{name}")
        if self.filter.source_status:
            values["statuses"] = self.filter.source_status
            found.append(self.dialect.any_of("dispatch.source_status", "statuses"))
        if self.filter.q:
            found.append(self.called(values))
        return found

    @property
    def named_as(self) -> str:
        """Return SQL for the kinds under which the names of these items are stored."""
        both = self.noun == "source" and self.caller.reads_confidential
        return f"'{self.noun}', '{CONFIDENTIAL}'" if both else f"'{self.noun}'"

    def listed(self, term: Term, values: Values) -> str:
        """A list filter."""
        name, excluded, given = term
        at = f"v{len(values)}"
        values[at] = given
        inside = self.among(name, given, at, values)
        return f"NOT coalesce({inside}, false)" if excluded else inside

    def among(self, name: str, given: Sequence[str], at: str, values: Values) -> str:
        """SQL for "it has one of these", which may be null where it has none at all."""
        if name == "source":
            values[f"{at}_folded"] = [one.casefold() for one in given]
            return of_source(self.dialect, f"{self.noun}.source_id", at)
        if name in OF_IMAGES:
            del values[at]
            return f"({' OR '.join(OF_IMAGES[name][one] for one in given)})"
        if name == "role":
            del values[at]
            return has_role(self.caller, at, given, values)
        if name == "lang" and self.noun != "dispatch":
            del values[at]
            return has_name_in(f"{self.noun}.name", at, given, values)
        return self.dialect.any_of(f"{self.noun}.{name}", at)

    def called(self, values: Values) -> str:
        """What has a name that goes on so, from one of its first words on."""
        words = normal_words(self.filter.q or "")
        if not 0 < len(words) <= MOST_TERMS:
            detail = f"At most {MOST_TERMS} words." if words else NO_WORD
            raise BadRequest.at("q", detail)
        if self.noun == "image":
            return " AND ".join(
                says(word, at, values) for at, word in enumerate(dict.fromkeys(words))
            )
        start = name_key(words)
        values |= {"start": start, "end": start + LAST}
        keys = (
            f"SELECT k.object_id FROM name_key k WHERE k.noun IN ({self.named_as})"
            " AND k.key >= :start AND k.key < :end"
        )
        return f"{self.noun}.id IN ({keys})"


def of_source(dialect: Dialect, column: str, at: str) -> str:
    """Return the condition for items of these sources, by slug, id or former slug. A confidential
    source matches nothing, for any caller."""
    had = "SELECT f.object_id FROM former_slug f WHERE f.noun = 'source'"
    return (
        f"{column} IN (SELECT s.id FROM source s WHERE NOT s.confidential"
        f" AND ({dialect.any_of('s.slug', at)} OR {dialect.any_of('s.id', at)}"
        f" OR s.id IN ({had} AND {dialect.any_of('f.slug', f'{at}_folded')})))"
    )


def has_role(caller: Caller, at: str, roles: Sequence[str], values: Values) -> str:
    """Who has one of these roles in a story that the caller may see."""
    parts = []
    for number, role in enumerate(roles):
        values[f"{at}_{number}"] = f":{role}"
        parts.append(visibility.shown_by_story(caller, f"contributor.id || :{at}_{number}"))
    return f"({' OR '.join(parts)})"


def says(word: str, at: int, values: Values) -> str:
    """What has a word that begins so in its caption, alt or credit."""
    start = name_key([word])
    values |= {f"start{at}": start, f"end{at}": start + LAST}
    words = f"w.word >= :start{at} AND w.word < :end{at}"
    return f"image.id IN (SELECT w.image_id FROM image_word w WHERE {words})"


def has_name_in(column: str, at: str, langs: Sequence[str], values: Values) -> str:
    """What has a name in one of these languages."""
    parts = []
    for number, lang in enumerate(langs):
        values[f"{at}_{number}"] = f'"{lang}":'
        parts.append(f"replace({column}, :{at}_{number}, '') <> {column}")  # as `has` does
    return f"({' OR '.join(parts)})"
