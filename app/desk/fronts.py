"""Creates, changes and deletes the fronts that the desk curates."""

from typing import Any

from sqlmodel import col, select

from app.db import dialects
from app.desk.resolver import Resolver
from app.desk.transaction import Desk, check_version
from app.errors import BadRequest, Conflict, Fault, Faults, NotFound, Unprocessable
from app.json_types import Json
from app.language import slugs
from app.models.base import new_id, optional_timestamp
from app.models.front import BannerWrite, FrontRow, FrontWrite, Slot
from app.models.section import FormerSlug
from app.request import filters, json_body, output

COMPUTED = {
    "id": "it is assigned at creation", "dir": "it follows from lang",
    "slots": "they follow from curated and fallback", "version": "each save raises it",
    "modified_at": "each save moves it", "links": "the server makes them",
}  # fmt: skip
NOT_FILTERS = {"limit", "cursor", "state", "display", *output.SHAPES, "count", "facets", "sort"}


def create(desk: Desk, sent: Any, id: str | None = None) -> FrontRow:
    """Create a front from JSON. Raises 422 with every error."""
    write = json_body.parse_as(FrontWrite, sent)
    row = FrontRow(
        id=id or new_id("frt"), slug="", name=write.name, created_at=desk.now, modified_at=desk.now
    )
    if not write.slug:
        dialects.wait_for_name(desk.session, "fronts")
        base = slugs.slugify(next(iter(write.name.values()), "front"))
        row.slug = Resolver(desk).free_slug(FrontRow, "front", base)
    return save(desk, row, write, "created")


def replace(desk: Desk, row: FrontRow, sent: Any, shown: Json) -> FrontRow:
    """Change a front as sent; missing fields keep their value."""
    check_version(desk, row.version)
    sent, faults, kept = json_body.require_object(sent), Faults(), as_write(row)
    writable = set(FrontWrite.model_fields)
    base = {name: one for name, one in shown.items() if name not in writable}
    new = json_body.changed_fields(sent, base | kept, writable, COMPUTED, (), faults)
    faults += json_body.null_faults(FrontWrite, new)
    whole = kept | {name: section_id(name, value) for name, value in new.items()}
    write, wrong = json_body.validate(
        FrontWrite, {name: value for name, value in whole.items() if value is not None}
    )
    if write is None or faults:
        raise Unprocessable(errors=faults + wrong)
    row.version += 1
    row.modified_at = desk.now
    return save(desk, row, write, "updated")


def merge(desk: Desk, row: FrontRow, sent: Any, shown: Json) -> FrontRow:
    """Change a front by JSON Merge Patch. RFC 7396."""
    return replace(desk, row, json_body.merge_patched(as_write(row), sent), shown)


def delete(desk: Desk, row: FrontRow) -> None:
    """Delete a front; its section shows its newest articles again."""
    check_version(desk, row.version)
    desk.session.merge(
        FormerSlug(noun="front", slug=slugs.key(row.slug), object_id=row.id, since=desk.now)
    )
    desk.session.delete(row)
    desk.record("deleted", "front", row.id, public=True, slug=row.slug)


def get(desk: Desk, name: str) -> FrontRow:
    """The front with this id or slug, locked; else 404."""
    wanted = select(FrontRow).where((FrontRow.id == name) | (FrontRow.slug == name))
    row = desk.session.exec(wanted.with_for_update()).first()
    if row is None:
        raise NotFound(f"There is no front {name!r}; POST /v1/fronts makes one.")
    return row


def save(desk: Desk, row: FrontRow, write: FrontWrite, what: str) -> FrontRow:
    """Write what was sent into the row and record the change. `what`: the type of the change."""
    resolver = Resolver(desk)
    old = row.slug
    row.name, row.lang, row.size, row.fallback = write.name, write.lang, write.size, write.fallback
    row.section_id = resolver.section(write.section, "#/section") if write.section else None
    row.slots = [stored_slot(resolver, slot, place) for place, slot in enumerate(write.curated)]
    row.banner = stored_banner(resolver, write.banner) if write.banner else None
    row.slug = write.slug or row.slug
    resolver.faults += rule_faults(desk, row, write)
    resolver.faults.refuse()
    refuse_taken(desk, row)
    if what == "updated" and old != row.slug:
        desk.session.merge(
            FormerSlug(noun="front", slug=slugs.key(old), object_id=row.id, since=desk.now)
        )
    desk.session.add(row)
    desk.session.flush()
    desk.record(what, "front", row.id, public=True, slug=row.slug, version=row.version)
    return row


def stored_slot(resolver: Resolver, slot: Slot, place: int) -> Json:
    """A slot as it is stored: the article by id, times as text."""
    at = f"#/curated/{place}"
    if slot.starts_at and slot.ends_at and slot.starts_at >= slot.ends_at:
        resolver.faults.add(f"{at}/ends_at", "It ends before it starts.")
    image = None
    if slot.image:
        id = resolver.image(slot.image.id, f"{at}/image/id")
        image = slot.image.model_dump(exclude_none=True) | {"id": id}
    return {
        "article": resolver.article(slot.article, f"{at}/article"),
        "headline": slot.headline or None, "image": image,
        "starts_at": optional_timestamp(slot.starts_at),
        "ends_at": optional_timestamp(slot.ends_at),
    }  # fmt: skip


def stored_banner(resolver: Resolver, banner: BannerWrite) -> Json:
    """A banner as it is stored: the article by id, its end as text."""
    article = resolver.article(banner.article, "#/banner/article") if banner.article else None
    until = optional_timestamp(banner.until)
    return {"text": banner.text, "article": article, "until": until}


def rule_faults(desk: Desk, row: FrontRow, write: FrontWrite) -> list[Fault]:
    """Return errors that the model cannot express: the slug, the fallback, repeated stories, the
    default language."""
    faults = Faults()
    if wrong := slugs.fault(row.slug):
        faults.add("#/slug", wrong)
    if desk.settings.default_lang not in write.name:
        faults.add(
            "#/name",
            f"A name in the default language, {desk.settings.default_lang!r}, is required.",
        )
    if write.banner and not write.banner.text:
        faults.add("#/banner/text", "A banner says something.")
    faults += fallback_faults(desk, write.fallback)
    seen: set[str] = set()
    for place, slot in enumerate(row.slots):
        if slot["article"] in seen and not slot["starts_at"] and not slot["ends_at"]:
            faults.add(f"#/curated/{place}", "It stands here twice.")
        seen.add(slot["article"])
    return faults


def fallback_faults(desk: Desk, query: str | None) -> list[Fault]:
    """Return the errors of a front's fallback filters."""
    if not query:
        return []
    known = [name for name in filters.KNOWN if name not in NOT_FILTERS]
    try:
        filters.parse(query, desk.settings.zone, known)
    except BadRequest as wrong:
        return [
            {"detail": f"{one.get('parameter')}: {one['detail']}", "pointer": "#/fallback"}
            for one in wrong.errors
        ]
    return []


def refuse_taken(desk: Desk, row: FrontRow) -> None:
    """Raise 409 for a slug of another front, or a section that has a front in this language."""
    dialects.wait_for_name(desk.session, "fronts")
    others = select(FrontRow).where(FrontRow.id != row.id)
    former = desk.session.get(FormerSlug, ("front", slugs.key(row.slug)))
    with desk.session.no_autoflush:
        if desk.session.exec(others.where(FrontRow.slug == row.slug)).first() or (
            former and former.object_id != row.id
        ):
            raise Conflict(f"The slug {row.slug!r} is taken.")
        if row.section_id:
            lang = col(FrontRow.lang)
            same = lang.is_(None) if row.lang is None else lang == row.lang
            mine = others.where(FrontRow.section_id == row.section_id, same)
            if other := desk.session.exec(mine).first():
                raise Conflict(f"{other.slug!r} is the front of this section already.")


def as_write(row: FrontRow) -> Json:
    """The stored front in the form of FrontWrite."""
    return {
        "slug": row.slug, "name": row.name, "section": row.section_id, "lang": row.lang,
        "size": row.size, "fallback": row.fallback, "banner": row.banner, "curated": row.slots,
    }  # fmt: skip


def section_id(name: str, value: Any) -> Any:
    """The value of a field; a section that came as an object is replaced by its id."""
    return value.get("id") if name == "section" and isinstance(value, dict) else value
