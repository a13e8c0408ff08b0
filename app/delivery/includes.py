"""Stories told as they are asked for: what `include=` adds to one or to a page of them, in a number of
statements that doesn't grow with them. docs/fields.md"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from app import urls
from app.cache.fragments import Fragments
from app.config import Settings
from app.delivery import _projection, similar
from app.delivery.cards import LONG, Row, bare_wholes, by_id, of_rows, translations
from app.delivery.context import ReadContext
from app.delivery.similar import Found
from app.errors import BadRequest, Fault
from app.formats import jsonld
from app.json_types import Json
from app.models.base import from_column, optional_timestamp, time_of, timestamp
from app.models.card import ArticleCard
from app.queries import articles, past_documents
from app.rendering.placeholders import fill, named_in
from app.request.output import PARTS, OutputOptions

CEILING = 8_000_000
"""Bytes of the stories that a page is made of, and of the page."""

MOST_BESIDE = 500
"""Related stories, or versions, on a page: its `limit` times theirs."""


class PageTooLarge(BadRequest):
    """So much of a list can't be answered at once."""


ORDERS: dict[str, tuple[str, ...]] = {}
"""The order of a card's fields, by the renderer's stamp."""

CUT = Fragments(8_000_000)
"""Cards with some of their fields, by the card's ETag and what cut them out."""

IN_CARDS = frozenset(ArticleCard.model_fields)


@dataclass
class UnfilledStory:
    """A story before others are filled in: its JSON, what is named in it, its translations' ids."""

    id: str
    body: bytes
    holes: Json = field(default_factory=dict)
    others: list[Json] = field(default_factory=list)


@dataclass
class Included:
    """What is included beside stories: cards by id, and for each story its related stories and
    versions."""

    cards: Mapping[str, bytes] = field(default_factory=dict)
    related: Found | None = None
    versions: dict[str, list[Json]] = field(default_factory=dict)


async def beside(
    context: ReadContext, bare: UnfilledStory, group: str | None, form: OutputOptions, now: datetime
) -> tuple[bytes, str]:
    """Return one whole story with its includes, and the surrogate keys of what it shows."""
    if group:
        found = await translations(context, [group], now)
        bare.others = [other for other in found.get(group, []) if other["id"] != bare.id]
    more = await gathered(context, [bare], form, now)
    story = Story(context.settings, form, more)
    body = await in_thread(len(bare.body), lambda: orjson.dumps(story.serialize(bare)))
    return body, keys_of("", [bare], more)


async def page(
    context: ReadContext, rows: Sequence[Row], form: OutputOptions, now: datetime
) -> tuple[list[bytes], list[str]]:
    """Return the items of a page of cards (whole stories if requested), and the keys of what else
    they show. A page that would be too large is refused."""
    if not form.include:
        return told_alone(
            context, *await of_rows(context, rows, now, form.wants("translations")), form
        ), []
    refuse_many(len(rows), form)
    bare = await (wholes if form.whole else cards)(context, rows, form, now)
    beside = await gathered(context, bare, form, now)
    story = Story(context.settings, form, beside)
    size = sum(len(one.body) for one in bare)
    items = await in_thread(size, lambda: [orjson.dumps(story.serialize(one)) for one in bare])
    if len(items) > 1:
        refuse_large(sum(map(len, items)), form)
    return items, keys_of("", bare, beside).split()


def told_alone(
    context: ReadContext, bodies: list[bytes], etags: list[str], form: OutputOptions
) -> list[bytes]:
    """Cards with nothing beside them."""
    zone = context.settings.zone
    if not form.cut or not bodies:
        return [form.apply(body, zone) for body in bodies]
    if context.stamp not in ORDERS:
        ORDERS[context.stamp] = tuple(orjson.loads(bodies[0]))
    cut = _projection.cutter(form.fields, form.model, ORDERS[context.stamp])
    found = []
    for body, etag in zip(bodies, etags, strict=True):
        made = CUT.get((etag, cut))
        if made is None:
            made = cut(body) or form.apply(body, zone)
            CUT.put((etag, cut), made)
        found.append(made)
    return found


async def cards(
    context: ReadContext, rows: Sequence[Row], form: OutputOptions, now: datetime
) -> list[UnfilledStory]:
    """Cards of rows as articles that are not filled yet."""
    bodies, _ = await of_rows(context, rows, now, form.wants("translations"))
    found = [UnfilledStory(row[4], body) for row, body in zip(rows, bodies, strict=True)]
    if "translations" in form.include:
        for one in found:
            one.others = orjson.loads(one.body)["translations"]
    return found


async def wholes(
    context: ReadContext, rows: Sequence[Row], form: OutputOptions, now: datetime
) -> list[UnfilledStory]:
    """Whole stories, unless they are too large together."""
    ids = [row[4] for row in rows]
    if not ids:
        return []
    values = {"ids": ids}
    [[size]] = await context.reader.rows(articles.size(context.reader.dialect), values, light=False)
    if len(ids) > 1:  # one alone is as good as its own address
        refuse_large(int(size or 0), form)
    found = await bare_wholes(context, ids, now)
    groups = list({group for _, _, group in found.values() if group})
    others = await translations(context, groups, now) if groups else {}
    return [
        UnfilledStory(id, *found[id][:2], [other for other in others.get(found[id][2] or "", [])
                                  if other["id"] != id])
        for id in ids if id in found
    ]  # fmt: skip


async def gathered(
    context: ReadContext, bare: Sequence[UnfilledStory], form: OutputOptions, now: datetime
) -> Included:
    """All that the includes of a form need."""
    if "versions" in form.include:
        context.require_versions()
    ids, found = [one.id for one in bare], Included()
    named = [id for one in bare for id in named_in(one.holes)]
    if not ids:
        return found
    if limit := form.include.get("related"):
        chosen = {one.id: one.holes["related"] for one in bare if one.holes}
        found.related = await similar.related_to(context, ids, limit, now, chosen)
        named += found.related.ids
    if "translations" in form.include:
        named += [other["id"] for one in bare for other in one.others]
    found.cards = await by_id(context, list(dict.fromkeys(named)), now)
    if limit := form.include.get("versions"):
        found.versions = await versions(context, ids, limit, now)
    return found


async def versions(
    context: ReadContext, ids: list[str], limit: int, now: datetime
) -> dict[str, list[Json]]:
    """Return the newest versions of stories that this caller may see."""
    sql = past_documents.newest(context.caller, context.reader.dialect)
    rows = await context.reader.rows(sql, {"ids": ids, "now": now, "n": limit}, light=False)
    found: dict[str, list[Json]] = {}
    for id, version, at, shown in rows:
        first = from_column(shown)
        address = urls.api(context.settings, "articles", id, "versions", str(version))
        found.setdefault(id, []).append({
            "version": version, "at": timestamp(time_of(at)),
            "shown_from": optional_timestamp(first), "links": {"self": address},
        })  # fmt: skip
    return found


@dataclass
class Story:
    """How each story of an answer is put together."""

    settings: Settings
    form: OutputOptions
    beside: Included

    def serialize(self, bare: UnfilledStory) -> Any:
        form, beside = self.form, self.beside
        body = fill(bare.body, bare.id, bare.others, bare.holes, dict(beside.cards))
        if form.as_kept:
            return orjson.Fragment(body)
        story: Json = orjson.loads(body)
        if beside.related:
            story["related"] = beside.related.cards(bare.id, beside.cards)
        if "translations" in form.include:
            ids = [other["id"] for other in bare.others]
            cards = beside.cards
            story["translation_cards"] = [orjson.loads(cards[id]) for id in ids if id in cards]
        if "versions" in form.include:
            story["versions"] = beside.versions.get(bare.id, [])
        if "jsonld" in form.include:
            story["jsonld"] = jsonld.render(story, publisher(self.settings))
        if form.listed and form.whole and "body" not in form.include:
            story = {name: one for name, one in story.items() if self.asked(name)}
        return form.tell(story, self.settings.zone)

    def asked(self, name: str) -> bool:
        """Whether a card has this field, or it is included."""
        related = name == "related" and "related" in self.form.include
        return name in IN_CARDS or related or (name in PARTS and name in self.form.include)


def publisher(settings: Settings) -> jsonld.Publisher:
    """The publisher as JSON-LD names it."""
    return jsonld.Publisher(settings.name, settings.site, settings.default_lang)


def keys_of(keys: str, bare: Sequence[UnfilledStory], beside: Included) -> str:
    """Surrogate keys of what is shown."""
    others = [other["id"] for one in bare for other in one.others]
    lists = ["articles"] if beside.related else []
    return " ".join(dict.fromkeys([*keys.split(), *others, *beside.cards, *lists]))


async def in_thread(size: int, work: Any) -> Any:
    """Return the result of `work`; for long stories it runs in a thread, so that other requests
    do not wait."""
    return work() if size < LONG else await asyncio.to_thread(work)


def refuse_many(count: int, form: OutputOptions) -> None:
    """Refuse a page on which too much would stand beside its stories."""
    for name, limit in form.include.items():
        if count * limit > MOST_BESIDE:
            narrower = f"a page has at most {MOST_BESIDE}: a smaller `limit`, or {name}(limit=…)."
            raise BadRequest.at(
                "include", f"{count} stories with {limit} of {name} each; {narrower}"
            )


def refuse_large(size: int, form: OutputOptions) -> None:
    """Refuse a page that is too large."""
    if size > CEILING:
        faults: list[Fault] = [{
            "detail": f"The stories of this page have {size:,} bytes; at most {CEILING:,} are"
            " answered: a smaller `limit`, or less to include.",
            "parameter": "include" if form.include else "limit",
        }]  # fmt: skip
        raise PageTooLarge("The page is too large.", errors=faults)
