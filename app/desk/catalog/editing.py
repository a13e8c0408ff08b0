"""Creates, replaces, patches and deletes catalog items from JSON. `verbs.py` changes the rows."""

from typing import Any

from sqlmodel import col, or_, select

from app.db import dialects
from app.desk.catalog import verbs
from app.desk.catalog.kinds import CatalogKind
from app.desk.resolver import Resolver
from app.desk.transaction import Desk, check_version
from app.errors import Conflict, Faults, NotFound
from app.json_types import Json
from app.language import slugs
from app.models.base import In
from app.models.image import ImageRow
from app.models.section import FormerSlug
from app.queries import usage
from app.rendering.catalog import Catalog
from app.request import json_body
from app.request.json_body import MISSING, changed_fields, pointer


def create(desk: Desk, kind: CatalogKind, sent: Any, **given: Any) -> Any:
    """Add a catalog item from JSON; `given` are columns that no JSON sets."""
    lock_first(desk, kind)
    return kind.add(desk, ItemRevision(desk, kind).columns(sent) | given)


def replace(desk: Desk, kind: CatalogKind, name: str, sent: Any) -> tuple[Any, int]:
    """Change an item as sent; missing fields keep their value. Returns the row, and how many
    stories are rendered again."""
    row = changeable(desk, kind, name)
    return row, kind.change(desk, row, ItemRevision(desk, kind, row).columns(sent))


def merge(desk: Desk, kind: CatalogKind, name: str, sent: Any) -> tuple[Any, int]:
    """Change an item by JSON Merge Patch; returns what `replace` does. RFC 7396."""
    row = changeable(desk, kind, name)
    sending = ItemRevision(desk, kind, row)
    fields = json_body.merge_patched(sending.shown, sent)
    return row, kind.change(desk, row, sending.columns(fields))


def changeable(desk: Desk, kind: CatalogKind, name: str) -> Any:
    """The item, locked, if the caller may change this version of it."""
    lock_first(desk, kind)
    row = get(desk, kind, name)
    check_version(desk, row.version)
    refuse_sealed(row)
    return row


def delete(desk: Desk, kind: CatalogKind, name: str) -> None:
    """Delete an item that nothing uses; else 409 with the list of what does."""
    row = changeable(desk, kind, name)
    if used := usage.of(desk.session, kind.name, row.id):
        sealed = " Something that was withdrawn uses it." if used.sealed else ""
        raise Conflict(f"{row.id} is in use.{sealed}", used_by=used.ids, used_by_count=used.count)
    verbs.remove(desk, row)


def refuse_sealed(row: Any) -> None:
    """Raise 409 if the item is withdrawn: it can only be restored."""
    if kind := getattr(row, "withdrawn", None):
        detail = f"{row.id} is withdrawn: DELETE …/withdrawal restores it."
        raise Conflict(detail, state="killed" if kind == "kill" else "vanished")


def lock_first(desk: Desk, kind: CatalogKind) -> None:
    """Take the locks that must come before all others."""
    if kind.name == "section":
        dialects.wait_for_name(desk.session, "sections")  # else two moves could form a circle


def get(desk: Desk, kind: CatalogKind, name: str) -> Any:
    """The item with this id, slug or path, or a former one, locked; else 404. Confidential sources are found by
    callers who read their names."""
    key = slugs.key(name.strip("/"))
    named = [kind.row.id == name]
    if kind.key:
        former = select(FormerSlug.object_id).where(FormerSlug.noun == kind.name)
        named += [
            col(getattr(kind.row, kind.key)) == key,
            kind.row.id == former.where(FormerSlug.slug == key).scalar_subquery(),
        ]
    wanted = select(kind.row).where(or_(*named)).with_for_update(key_share=True)
    row = desk.session.exec(wanted).first()
    if row is None or (verbs.is_confidential(row) and not desk.caller.reads_confidential):
        raise NotFound(f"There is no {kind.name} {name!r}.")
    return row


def to_json(desk: Desk, kind: CatalogKind, row: Any) -> Json:
    """The item as a GET gives it to this caller."""
    catalog = Catalog(desk.session, desk.settings, desk.caller)
    shown: Json = getattr(catalog, kind.name)(row)
    return shown


class ItemRevision:
    """The changes that a body makes to an item, and every error in it."""

    def __init__(self, desk: Desk, kind: CatalogKind, row: Any = None) -> None:
        self.desk, self.kind, self.row = desk, kind, row
        self.shown: Json = to_json(desk, kind, row) if row else dict.fromkeys(kind.governs, MISSING)
        self.faults = Faults()

    def columns(self, sent: Any) -> Json:
        """The columns to change (of a new item, all). Raises 422 with every error."""
        new = self.changed(json_body.require_object(sent))
        write = self.parse(new)
        found = self.relations(new)
        self.check_name(new.get("name"))
        self.check_slug(new)
        if self.row:
            self.faults += json_body.null_faults(self.kind.write, new)
        self.faults.refuse()
        assert write is not None  # else there are faults
        names = set(new) if self.row else set(self.kind.write.model_fields)
        return self.kind.columns(write, names, found)

    def changed(self, sent: Json) -> Json:
        """The fields that differ from what a GET gives."""
        fields = self.kind.write.model_fields
        new = changed_fields(sent, self.shown, fields, self.kind.governs, (), self.faults)
        return {
            name: self.reference(name, value) if name in self.kind.relations else value
            for name, value in new.items()
        }

    def reference(self, name: str, value: Any) -> Any:
        """The id, slug, path or name of a related item; an object stands for its id."""
        if isinstance(value, dict):
            value = next((value[one] for one in ("id", "slug", "path") if value.get(one)), "")
        if self.kind.relations[name] == "image" and isinstance(value, str):
            return self.image_at(value) or value
        return value

    def image_at(self, url: str) -> str | None:
        """The id of the image whose file has this address."""
        file = url.removeprefix(f"{self.desk.settings.public_url}/media/")
        if file == url:
            return None
        wanted = select(ImageRow.id).where(ImageRow.file == file).order_by(ImageRow.id)
        return self.desk.session.exec(wanted).first()

    def parse(self, new: Json) -> In | None:
        """The fields as a model, or None with errors; required fields that a change leaves out are filled in."""
        stand_in = {} if self.row is None else {
            name: value for name, value in self.kind.needed.items() if name not in new
        }  # fmt: skip
        given = {name: value for name, value in new.items() if value is not None}
        write, wrong = json_body.validate(self.kind.write, stand_in | given)
        self.faults += wrong
        return write

    def relations(self, new: Json) -> dict[str, str | None]:
        """The ids of related items, by field."""
        resolver = Resolver(self.desk)
        found = {
            name: getattr(resolver, related)(new[name], pointer(name))
            for name, related in self.kind.relations.items() if isinstance(new.get(name), str)
        }  # fmt: skip
        self.faults += resolver.faults
        return found

    def check_name(self, name: Any) -> None:
        """Report a name that lacks the default language."""
        default = self.desk.settings.default_lang
        if isinstance(name, dict) and default not in name:
            self.faults.add("#/name", f"A name in the default language, {default!r}, is required.")

    def check_slug(self, new: Json) -> None:
        """Report a malformed slug."""
        slug = new.get("slug")
        if isinstance(slug, str):
            key = slugs.key(slug)  # equal slugs are the same text
            small = "" if slug == key else f"A slug has small letters: {key!r}."
            if wrong := slugs.fault(slug) or small:
                self.faults.add("#/slug", wrong)
