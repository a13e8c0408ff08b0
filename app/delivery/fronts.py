"""What a screen is answered: a front with its places filled, in one request.

A place that can't be shown (embargoed, killed, not in this language, its time not context) leaves no
hole: the next one moves up, and the fallback fills the rest. All through the gate, as readers see it.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NoReturn

import orjson
from sqlmodel import Session, col, or_, select

from app import urls
from app.delivery import lists
from app.delivery.cards import by_id as cards_by_id
from app.delivery.cards import of_rows
from app.delivery.context import ReadContext
from app.errors import Moved, NotFound
from app.json_types import Json
from app.models.article import ArticleRow
from app.models.base import direction, time_of, timestamp
from app.models.front import FrontRow
from app.models.section import FormerSlug, SectionRow
from app.queries import log_position
from app.rendering.references import References, section_ref
from app.request import filters


@dataclass
class Screen:
    """A front in one language: its stored settings, and what it shows."""

    row: FrontRow | None
    section: Json | None
    name: Json
    lang: str
    size: int
    others: dict[str, list[str]] = field(default_factory=dict)
    """Translations in this language, by the story that a slot names."""

    images: dict[int, Json] = field(default_factory=dict)
    """The images of slots that have their own, by the slot's place."""


async def answer(
    context: ReadContext, name: str, lang: str | None, size: int | None
) -> tuple[Json, Any]:
    """Front as JSON, and the moment at which the clock changes it."""
    now = datetime.now(UTC)
    lang = lang or context.settings.default_lang
    screen = await asyncio.to_thread(look_up, context, name, lang, now)
    screen.size = size or screen.size
    return await fill(context, screen, now)


def look_up(context: ReadContext, name: str, lang: str, now: datetime) -> Screen:
    """The front with this slug or id, else that of the section with this path, else the section."""
    with context.open_session() as session:
        return look_up_in(context, session, name, lang, now)


def look_up_in(
    context: ReadContext, session: Session, name: str, lang: str, now: datetime
) -> Screen:
    """The front of this id, slug or section path, with the articles that it names. Raises
    NotFound."""
    either = or_(col(FrontRow.id) == name, col(FrontRow.slug) == name)
    row = session.exec(select(FrontRow).where(either)).first()
    sections = {one.path: one for one in session.exec(select(SectionRow))}
    if row is None:
        section = sections.get(name) or by_id(sections, name)
        if section is None:
            raise_former(session, name, sections)
        row = front_of(session, section, lang)
    else:
        section = by_id(sections, row.section_id)
    screen = Screen(
        row, section_ref(context.settings, section, sections, lang) if section else None,
        row.name if row else section.name if section else {}, lang, row.size if row else 20,
    )  # fmt: skip
    if row:
        screen.others = translations(session, row, lang)
        screen.images = images(context, session, row, lang, now)
    return screen


def by_id(sections: dict[str, SectionRow], id: str | None) -> SectionRow | None:
    """The section with this id."""
    return next((one for one in sections.values() if one.id == id), None)


def front_of(session: Session, section: SectionRow, lang: str) -> FrontRow | None:
    """The section's front in this language, else its front of every language."""
    mine = col(FrontRow.section_id) == section.id
    either = or_(col(FrontRow.lang) == lang, col(FrontRow.lang).is_(None))
    found = session.exec(select(FrontRow).where(mine, either)).all()
    return min(found, key=lambda row: row.lang is None, default=None)


def raise_former(session: Session, name: str, sections: dict[str, SectionRow]) -> NoReturn:
    """A name that a front or a section had leads to the present one."""
    if row := session.get(FormerSlug, ("front", name.casefold())):
        if front := session.get(FrontRow, row.object_id):
            raise Moved(front.slug)
    if row := session.get(FormerSlug, ("section", name.casefold())):
        if section := by_id(sections, row.object_id):
            raise Moved(section.path)
    raise NotFound(f"There is no front and no section {name!r}.")


def translations(session: Session, row: FrontRow, lang: str) -> dict[str, list[str]]:
    """For each story of a slot or the banner those that are it in this language, itself first."""
    named = [slot["article"] for slot in row.slots]
    named += [row.banner["article"]] if row.banner and row.banner["article"] else []
    own = select(ArticleRow.id, ArticleRow.group_id).where(col(ArticleRow.id).in_(named))
    groups = dict(session.exec(own).all())
    in_lang = select(ArticleRow.id, ArticleRow.group_id).where(
        or_(
            col(ArticleRow.id).in_(named),
            col(ArticleRow.group_id).in_([one for one in groups.values() if one]),
        ),
        ArticleRow.lang == lang,
    )
    found = session.exec(in_lang.order_by(ArticleRow.id)).all()
    return {
        id: sorted(
            (other for other, its in found if other == id or (group and its == group)),
            key=lambda other: other != id,
        )
        for id, group in groups.items()
    }  # fmt: skip


def images(
    context: ReadContext, session: Session, row: FrontRow, lang: str, now: datetime
) -> dict[int, Json]:
    """The images that slots have of their own, as readers may see them."""
    uses = {place: slot["image"] for place, slot in enumerate(row.slots) if slot["image"]}
    if not uses:
        return {}
    shown = References(session, context.settings, now)
    empty: Json = {"sections": [], "tags": [], "contributors": [], "attributions": []}
    shown.load([empty], {use["id"] for use in uses.values()})
    return {
        place: shown.image(use, lang, use["id"])
        for place, use in uses.items()
        if use["id"] in shown.images
    }


async def fill(context: ReadContext, screen: Screen, now: datetime) -> tuple[Json, Any]:
    """A front as JSON, and when the clock next changes it."""
    public = context.as_readers()
    row = screen.row
    named = [id for ids in screen.others.values() for id in ids]
    cards = await cards_by_id(public, list(dict.fromkeys(named)), now) if named else {}
    banner = shown_banner(screen, cards, now)
    slots = curated(screen, cards, now)[: screen.size]
    taken = {one["id"] for one in slots}
    for one in await fallback(public, screen, now, taken) if len(slots) < screen.size else []:
        slots.append(one)
    head, boundary = await log_position.read(context.reader, now)
    ends = [one for one in (boundary, *own_moments(row, now)) if one]
    desk = context.caller.sees == "all" and row is not None
    name = row.slug if row else (screen.section or {}).get("path", "")
    shape = {
        "id": row.id if row else None, "slug": row.slug if row else None, "name": screen.name,
        "section": screen.section, "lang": screen.lang, "dir": direction(screen.lang),
        "banner": banner, "slots": [one["shape"] for one in slots[: screen.size]],
        "size": screen.size, "version": row.version if row else None,
        "modified_at": timestamp(row.modified_at) if row else None,
        "curated": row.slots if desk and row else None,
        "fallback": row.fallback if desk and row else None,
        "links": {"self": urls.api(context.settings, "fronts", name)},
    }  # fmt: skip
    keys = ["articles", "nouns", *[one["id"] for one in slots]]
    keys += [row.id] if row else []
    return shape, {"boundary": min(ends, default=None), "head": head, "keys": " ".join(keys)}


def shown_banner(screen: Screen, cards: dict[str, bytes], now: datetime) -> Json | None:
    """The banner, until its moment, where it says something in this language."""
    banner = screen.row.banner if screen.row else None
    if not banner or screen.lang not in banner["text"]:
        return None
    if banner["until"] and datetime.fromisoformat(banner["until"]) <= now:
        return None
    story = first_card(screen, cards, banner["article"])
    return {
        "text": banner["text"][screen.lang], "until": banner["until"],
        "article": orjson.Fragment(story) if story else None,
    }  # fmt: skip


def curated(screen: Screen, cards: dict[str, bytes], now: datetime) -> list[Json]:
    """The places that can be shown now, in the desk's order, each story once."""
    found: dict[str, Json] = {}
    for place, slot in enumerate(screen.row.slots if screen.row else []):
        card = first_card(screen, cards, slot["article"])
        if card is None or not stands(slot, now):
            continue
        story = orjson.loads(card)
        headline = (slot["headline"] or {}).get(screen.lang) or story["headline"]
        image = screen.images.get(place) or story["lead_image"]
        found.setdefault(story["id"], place_of("curated", headline, image, card, story["id"]))
    return list(found.values())


def first_card(screen: Screen, cards: dict[str, bytes], id: str | None) -> bytes | None:
    """The card of an article in the best language that the caller may see it in."""
    return next((cards[one] for one in screen.others.get(id or "", []) if one in cards), None)


def stands(slot: Json, now: datetime) -> bool:
    """Whether a slot is shown at this time."""
    starts, ends = slot["starts_at"], slot["ends_at"]
    return (not starts or datetime.fromisoformat(starts) <= now) and (
        not ends or now < datetime.fromisoformat(ends)
    )


def place_of(by: str, headline: str, image: Json | None, card: bytes, id: str) -> Json:
    """A slot of a front as JSON, with the id of its article."""
    shape = {"by": by, "headline": headline, "image": image, "article": orjson.Fragment(card)}
    return {"id": id, "shape": shape}


async def fallback(
    context: ReadContext, screen: Screen, now: datetime, taken: set[str]
) -> list[Json]:
    """Stories that fill a front up: those of its query, else its section's newest, else the newest."""
    query = screen.row.fallback if screen.row else None
    if not query and screen.section:
        query = f"section={screen.section['id']}"
    filter = filters.parse(query or "", context.settings.zone)
    filter.columns.append(("lang", False, [screen.lang]))
    filter.limit = min(screen.size + len(taken), 100)
    page = await lists.page(context, filter, now, strict=False)
    rows = [row for row in page.rows if row[4] not in taken]
    bodies, _ = await of_rows(context, rows, now)
    found = []
    for row, card in zip(rows, bodies, strict=True):
        story = orjson.loads(card)
        found.append(place_of("fallback", story["headline"], story["lead_image"], card, row[4]))
    return found


def own_moments(row: FrontRow | None, now: datetime) -> list[datetime]:
    """When the clock alone changes the front: places and the banner come and go."""
    if row is None:
        return []
    texts = [slot[name] for slot in row.slots for name in ("starts_at", "ends_at")]
    texts += [row.banner["until"]] if row.banner else []
    moments = [time_of(datetime.fromisoformat(one)) for one in texts if one]
    return [one for one in moments if one > now]
