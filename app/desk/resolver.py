"""Looks up the items that a request or an import names by id, slug, path or name.

With `making`, as imports have it, unknown tags, contributors and sources are added (sources marked for review).
Without it an unknown name is an error at its JSON Pointer.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import and_, or_
from sqlmodel import col, select

from app.attribution import known_sources
from app.db import dialects
from app.desk import confidential_sources
from app.desk.transaction import Desk
from app.errors import Faults
from app.language import slugs
from app.language.folding import fold
from app.models.article import ArticleRow
from app.models.base import Names, new_id
from app.models.image import ImageRow
from app.models.section import ContributorRow, FormerSlug, SectionRow, TagRow
from app.models.source import DispatchRow, SourceAlias, SourceKind, SourceRefWrite, SourceRow


class Resolver:
    """Looks up what a body names, each name once; errors are gathered in `faults`."""

    def __init__(self, desk: Desk, making: bool = False, lang: str | None = None) -> None:
        self.desk, self.session, self.making = desk, desk.session, making
        self.lang = lang or desk.settings.default_lang
        self.faults = Faults()
        self.made_sources: list[str] = []
        self.known: dict[tuple[str, str], str] = {}
        self.section_names: dict[str, str] = {}

    def section(self, given: str, pointer: str) -> str | None:
        """The id of a section, by id, path, or a path that it had."""
        return self.cached("section", given) or self.remember(
            "section", given, pointer,
            self.first(SectionRow, SectionRow.id == given, SectionRow.path == given)
            or self.former(SectionRow, "section", given),
        )  # fmt: skip

    def section_by_name(self, names: list[str]) -> str | None:
        """The section with one of these names in any language; the last name is tried first."""
        if not self.section_names:
            for row in self.session.exec(select(SectionRow)):
                self.section_names |= {
                    fold(name): row.id for name in [row.slug, *row.name.values()]
                }
        found = [self.section_names.get(fold(name)) for name in reversed(names)]
        return next((id for id in found if id), None)

    def tag(self, given: str, pointer: str) -> str | None:
        """The id of a tag; with `making` of a new keyword."""
        return self.by_slug(TagRow, "tag", given, pointer, type="keyword")

    def contributor(self, given: str, pointer: str) -> str | None:
        """The id of a contributor; with `making` of a new one."""
        return self.by_slug(ContributorRow, "contributor", given, pointer)

    def by_slug(
        self, table: Any, kind: str, given: str, pointer: str, **columns: Any
    ) -> str | None:
        """The id of what has this id or slug, had it, or has the slug made of this name; with `making` of a new item,
        which has these `columns`."""
        if known := self.cached(kind, given):
            return known
        slug = slugs.slugify(given, kind)

        def look() -> str | None:
            id = self.first(table, table.id == given, table.slug == given, table.slug == slug)
            return id or self.former(table, kind, given)

        id = look()
        if id is None and self.making:
            id = self.look_again_locked(f"{kind}s", look)
            id = id or self.make(table, kind, given, slug, **columns)
        return self.remember(kind, given, pointer, id)

    def source(
        self, given: str | SourceRefWrite, pointer: str, story: str | None = None
    ) -> str | None:
        """The id of a source, by id, slug or name. A confidential source is found by callers who read its name;
        others find it by its opaque id in `story`, an article that names it already."""
        if isinstance(given, SourceRefWrite):
            given = given.id or given.slug or ""
        if known := self.cached("source", given):
            return known
        name = given
        if confidential_sources.is_opaque(name):
            id = (
                confidential_sources.find_by_opaque_id(self.session, story, name) if story else None
            )
            return self.remember("source", name, pointer, id)
        named = or_(col(SourceRow.id) == name, col(SourceRow.slug) == name)
        if not self.desk.caller.reads_confidential:
            named = and_(named, ~col(SourceRow.confidential))

        def look() -> str | None:
            id = self.first(SourceRow, named)
            return id or self.source_by_name(name) or self.former(SourceRow, "source", name)

        id = look()
        if id is None and self.making and name.strip():
            id = self.look_again_locked("sources", look) or self.make_source(name)
        return self.remember("source", given, pointer, id)

    def look_again_locked(self, plural: str, look: Callable[[], str | None]) -> str | None:
        """Look up again under a lock, because a concurrent transaction may have created the item."""
        dialects.wait_for_name(self.session, f"slugs of {plural}")
        return look()

    def image(self, given: str | None, pointer: str) -> str | None:
        """The id of an image, if there is one with it."""
        return self.cached("image", given or "") or self.remember(
            "image", given or "", pointer, self.first(ImageRow, ImageRow.id == given)
        )

    def dispatch(self, given: str | None, pointer: str) -> str | None:
        """The id of a dispatch, if there is one with it; None for None."""
        if given is None:
            return None
        return self.cached("dispatch", given) or self.remember(
            "dispatch", given, pointer, self.first(DispatchRow, DispatchRow.id == given)
        )

    def article(self, given: str, pointer: str) -> str | None:
        """The id of an article, by id, slug, or a slug that it had."""
        return self.cached("article", given) or self.remember(
            "article", given, pointer,
            self.first(
                ArticleRow, ArticleRow.id == given, ArticleRow.slug_key == slugs.key(given)
            )
            or self.former(ArticleRow, "article", given),
        )  # fmt: skip

    def cached(self, noun: str, given: str) -> str | None:
        """The id that this name was resolved to before."""
        return self.known.get((noun, given))

    def remember(self, noun: str, given: str, pointer: str, id: str | None) -> str | None:
        """Remember what a name was resolved to; report an error if there is nothing of this name."""
        if id is None:
            self.faults.add(pointer, f"There is no {noun} {given!r}.")
        else:
            self.known[noun, given] = id
        return id

    def first(self, table: Any, *conditions: Any) -> str | None:
        """Return the id of the first item that meets one of the conditions, and lock it until
        this transaction ends: a concurrent change or deletion of the item waits, and then
        finds the story that uses it."""
        wanted = select(table.id).where(or_(*conditions))
        if table is not ArticleRow:
            wanted = wanted.with_for_update(read=True)
        return self.session.exec(wanted).first()

    def former(self, table: Any, noun: str, given: str) -> str | None:
        """The id of the item that had this slug, if it still exists."""
        held = self.former_id(noun, given)
        return self.first(table, table.id == held) if held else None

    def former_id(self, noun: str, given: str) -> str | None:
        """The id that is recorded with a former slug."""
        row = self.session.get(FormerSlug, (noun, slugs.key(given)))
        return row.object_id if row else None

    def source_by_name(self, name: str) -> str | None:
        """The id of the source that imports find by this name."""
        row = self.session.get(SourceAlias, known_sources.key(name))
        return self.first(SourceRow, SourceRow.id == row.source_id) if row else None

    def free_slug(self, table: Any, noun: str, slug: str) -> str:
        """The first of `slug`, `slug-2`, `slug-3` … that no item has, or had."""
        number, free = 1, slug
        while self.first(table, table.slug == free) or self.former_id(noun, free):
            number += 1
            free = f"{slug}-{number}"
        return free

    def make(self, table: Any, what: str, name: str, slug: str, **columns: Any) -> str:
        """Add an item with this name, recorded in the change log; returns its id."""
        row = table(
            slug=self.free_slug(table, what, slug), name=self.names(name),
            created_at=self.desk.now, modified_at=self.desk.now, **columns,
        )  # fmt: skip
        self.session.add(row)
        self.session.flush()
        self.desk.record("created", what, row.id, slug=row.slug)
        return str(row.id)

    def make_source(self, name: str) -> str:
        """Add a source of this name, to be reviewed by the desk; returns its id."""
        self.made_sources.append(name)
        slug, outlet = slugs.slugify(name, "source"), SourceKind.outlet
        id = self.make(SourceRow, "source", name, slug, kind=outlet, needs_review=True)
        if folded := known_sources.key(name):
            self.session.add(SourceAlias(folded=folded, source_id=id))
        return id

    def names(self, name: str) -> Names:
        """Check names by language: the default language is required."""
        return {self.lang: name.strip(), self.desk.settings.default_lang: name.strip()}


def new_attribution_id() -> str:
    """A new id of an attribution, such as `at_4f2k…`."""
    return "at_" + new_id("a")[-10:]
