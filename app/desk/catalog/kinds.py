"""What the kinds of catalog items differ in: names, fields, relations, and how they are added and changed."""

from collections.abc import Mapping
from itertools import count
from typing import Any, ClassVar

from sqlmodel import select

from app.db import dialects
from app.desk import confidential_sources
from app.desk.catalog import verbs
from app.desk.transaction import Desk
from app.errors import Conflict, Unprocessable
from app.json_types import Json
from app.language import slugs
from app.models.base import In, new_id
from app.models.image import ImageRow, ImageWrite
from app.models.section import (
    ContributorRow,
    ContributorWrite,
    SectionRow,
    SectionWrite,
    TagRow,
    TagWrite,
)
from app.models.source import DispatchRow, DispatchWrite, SourceRow, SourceWrite
from app.rendering import confidential

AT_A_LOOK = 20
"""Slugs that are looked up together when a free one is sought."""

ALWAYS = {
    "id": "it is assigned at creation", "version": "each save raises it",
    "created_at": "it is when it was made", "modified_at": "each change moves it",
    "links": "the server makes them",
}  # fmt: skip
BY_FILE = "the file has it: PUT …/file replaces that"


class CatalogKind:
    """A kind of catalog item. `relations`: fields that name another item, and its kind;
    `renamed`: fields whose column has another name; `needed`: what stands in for a required field
    that a change leaves out."""

    name: ClassVar[str]
    plural: ClassVar[str]
    prefix: ClassVar[str]
    row: ClassVar[type[Any]]
    write: ClassVar[type[In]]
    governs: ClassVar[dict[str, str]]
    known_by: ClassVar[str] = "id, slug, or a slug that it had"
    key: ClassVar[str | None] = "slug"
    tail: ClassVar[str] = "{name}"
    relations: ClassVar[dict[str, str]] = {}
    renamed: ClassVar[dict[str, str]] = {}
    needed: ClassVar[Json] = {"name": {"en": "-"}}

    @property
    def address(self) -> str:
        """The path of an item, after `/v1`."""
        return f"/{self.plural}/{self.tail}"

    def columns(self, write: In, names: set[str], found: Mapping[str, str | None]) -> Json:
        """The columns of the fields `names`. `found`: the ids of related items, by field."""
        dumped = write.model_dump(mode="json", include=names)
        return {
            self.renamed.get(name, name): found.get(name) if name in self.relations else dumped[name]
            for name in names
        }  # fmt: skip

    def add(self, desk: Desk, columns: Json) -> Any:
        """Add an item; without a slug it gets one made of its name."""
        id = new_id(self.prefix)
        if "name" in columns:
            columns["slug"] = self.slug_for(desk, id, columns)
        row = self.row(id=id, created_at=desk.now, modified_at=desk.now, **columns)
        return verbs.add(desk, row)

    def slug_for(self, desk: Desk, id: str, columns: Json, above: str = "") -> str:
        """The slug that was sent, which must be free; else a free one made of the name. `above`: the path of
        the parent section."""
        dialects.wait_for_name(desk.session, f"slugs of {self.plural}")
        if given := columns["slug"]:
            verbs.refuse_taken(desk, self.name, {id: above + given})
            return str(given)
        base = slugs.key(slugs.slugify(columns["name"][desk.settings.default_lang], self.name))
        numbered = (f"{base[: slugs.LONGEST - 6].rstrip('-')}-{n}" for n in count(2))
        tried = [base]
        while True:
            tried += [next(numbered) for _ in range(AT_A_LOOK)]
            owned = verbs.owners_of(desk, self.name, [above + slug for slug in tried])
            for slug in tried:
                if slugs.key(above + slug) not in owned:
                    return slug
            tried = []

    def change(self, desk: Desk, row: Any, columns: Json) -> int:
        """Change an item. Returns how many articles are rendered again."""
        if self.key == "slug" and columns.get("slug", row.slug) != row.slug:
            verbs.refuse_taken(desk, self.name, {row.id: columns["slug"]})
        return verbs.change(desk, row, **columns)


class Sections(CatalogKind):
    """Sections, which form a tree."""

    name, plural, prefix, row, write = "section", "sections", "sec", SectionRow, SectionWrite
    known_by, key, tail = "id, path, or a path that it had", "path", "{name:path}"
    relations, renamed = {"parent": "section"}, {"parent": "parent_id"}
    governs = ALWAYS | {
        "path": "it follows from parent and slug", "url": "it follows from path",
        "depth": "it follows from parent", "ancestors": "they follow from parent",
    }  # fmt: skip

    def add(self, desk: Desk, columns: Json) -> SectionRow:
        """Add a section below its parent."""
        rows = desk.session.exec(select(SectionRow.id).limit(verbs.MOST_SECTIONS)).all()
        if len(rows) == verbs.MOST_SECTIONS:
            raise Conflict(f"There are at most {verbs.MOST_SECTIONS:,} sections.")
        parent_id = columns["parent_id"]
        parent = desk.session.get_one(SectionRow, parent_id) if parent_id else None
        above = f"{parent.path}/" if parent else ""
        id = new_id(self.prefix)
        slug = self.slug_for(desk, id, columns, above)
        verbs.refuse_depth(above + slug)
        columns |= {"slug": slug, "path": above + slug}
        row = SectionRow(id=id, created_at=desk.now, modified_at=desk.now, **columns)
        added: SectionRow = verbs.add(desk, row)
        return added

    def change(self, desk: Desk, row: SectionRow, columns: Json) -> int:
        """Change a section; another slug or parent moves it with everything below."""
        slug, parent_id = columns.pop("slug", row.slug), columns.pop("parent_id", row.parent_id)
        moved = (slug, parent_id) != (row.slug, row.parent_id)
        if moved:
            parent = desk.session.get_one(SectionRow, parent_id) if parent_id else None
            verbs.move_subtree(desk, row, parent, slug)
        return verbs.change(desk, row, moved=moved, **columns)


class Tags(CatalogKind):
    """Tags."""

    name, plural, prefix, row, write = "tag", "tags", "tag", TagRow, TagWrite
    governs = ALWAYS | {"url": "it follows from slug"}


class Contributors(CatalogKind):
    """Contributors."""

    name, plural, prefix = "contributor", "contributors", "con"
    row, write = ContributorRow, ContributorWrite
    governs = ALWAYS | {"url": "it follows from slug"}
    relations, renamed = {"image": "image"}, {"image": "image_id"}


class Sources(CatalogKind):
    """Sources, some of them confidential."""

    name, plural, prefix, row, write = "source", "sources", "src", SourceRow, SourceWrite
    governs, renamed = ALWAYS, {"url": "site"}
    needed = {"name": {"en": "-"}, "kind": "outlet"}

    def add(self, desk: Desk, columns: Json) -> SourceRow:
        """Add a source; imports find it by its names."""
        self.check(desk, None, columns)
        if columns["confidential"]:
            columns |= {"slug": confidential.new_slug(), "opaque_key": confidential.new_key()}
        row: SourceRow = super().add(desk, columns)
        verbs.learn_names(desk, row)
        return row

    def change(self, desk: Desk, row: SourceRow, columns: Json) -> int:
        """Change a source; marking it confidential replaces its slug by one without meaning."""
        self.check(desk, row, columns)
        secret = columns.get("confidential", row.confidential)
        if secret and not row.confidential:
            columns |= {"slug": confidential.new_slug(), "opaque_key": confidential.new_key()}
        elif row.confidential and not secret:
            named = {"slug": columns.get("slug"), "name": columns.get("name", row.name)}
            columns |= {"slug": self.slug_for(desk, row.id, named), "opaque_key": None}
        count = super().change(desk, row, columns)
        if count > 1 and row.confidential:
            desk.warnings.append(
                f"{count} stories change at this moment: whoever compares them may guess that they"
                " share a source."
            )
        return count

    def check(self, desk: Desk, row: SourceRow | None, columns: Json) -> None:
        """Refuse to mark or label a source without the scope; 422 for a confidential source without a label."""
        if columns.get("confidential") or columns.get("public_label"):
            desk.caller.need_confidential()
        if faults := confidential_sources.faults_of(desk, row, columns):
            raise Unprocessable(errors=faults)


class Images(CatalogKind):
    """Images; `desk.catalog.image_files` has their files."""

    name, plural, prefix, row, write = "image", "images", "img", ImageRow, ImageWrite
    known_by, key, needed = "id", None, {}
    governs = ALWAYS | dict.fromkeys(
        ("width", "height", "thumbhash", "color", "mime", "bytes", "url", "srcset", "renditions"),
        BY_FILE,
    ) | {"withheld": "it follows from rights and PUT …/withdrawal"}  # fmt: skip
    relations, renamed = {"source": "source"}, {"source": "source_id"}

    def columns(self, write: In, names: set[str], found: Mapping[str, str | None]) -> Json:
        """As of every kind; the focal point is two columns."""
        columns = super().columns(write, names, found)
        if "focal_point" in columns:
            point = columns.pop("focal_point") or {"x": None, "y": None}
            columns |= {"focal_x": point["x"], "focal_y": point["y"]}
        if "rights" in columns:
            columns["rights"] = columns["rights"] or {}
        return columns


class Dispatches(CatalogKind):
    """Dispatches: items that agencies sent."""

    name, plural, prefix = "dispatch", "dispatches", "dsp"
    row, write = DispatchRow, DispatchWrite
    known_by, key, needed = "id", None, {"source": "-", "item_id": "-"}
    governs = ALWAYS | {
        "received_at": "it is when it came in", "dependents": "stories name it in attributions",
        "dependents_next": "stories name it in attributions",
    }  # fmt: skip
    relations = {"source": "source", "via": "dispatch"}
    renamed = {"source": "source_id", "via": "via_id"}

    def columns(self, write: In, names: set[str], found: Mapping[str, str | None]) -> Json:
        """As of every kind; `sent_at` is a time."""
        columns = super().columns(write, names, found)
        if "sent_at" in columns:
            columns["sent_at"] = getattr(write, "sent_at", None)
        return columns

    def add(self, desk: Desk, columns: Json) -> DispatchRow:
        """Add a dispatch. Raises 409 if its source sent this item before."""
        id = new_id(self.prefix)
        self.refuse_twice(desk, id, columns["source_id"], columns["item_id"])
        row = DispatchRow(id=id, received_at=desk.now, modified_at=desk.now, **columns)
        return verbs.add_dispatch(desk, row)

    def change(self, desk: Desk, row: DispatchRow, columns: Json) -> int:
        """Change a dispatch."""
        source_id = columns.get("source_id", row.source_id)
        confidential_sources.refuse_dispatch(desk, source_id)
        self.refuse_twice(desk, row.id, source_id, columns.get("item_id", row.item_id))
        if columns.get("via_id"):
            verbs.refuse_circle(desk, row.id, columns["via_id"])
        return verbs.change(desk, row, **columns)

    def refuse_twice(self, desk: Desk, id: str, source_id: str, item_id: str) -> None:
        """Raise 409 if another dispatch has this source and item id."""
        same = (DispatchRow.source_id == source_id) & (DispatchRow.item_id == item_id)
        other = desk.session.exec(select(DispatchRow.id).where(same, DispatchRow.id != id)).first()
        if other:
            told = f"The source's item {item_id!r} is here already: {other}."
            raise Conflict(told, errors=[{"detail": told, "pointer": "#/item_id"}])


CATALOG_KINDS: dict[str, CatalogKind] = {
    kind.name: kind
    for kind in (Sections(), Tags(), Contributors(), Sources(), Images(), Dispatches())
}
