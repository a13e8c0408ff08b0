"""Relations by id, slug, path or name, as the desk and imports send them, to rows.

With `making`, unknown tags, contributors and sources are made (sources marked for review), as
imports need; without it they are faults that name the field.
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
    """Looks relations up, each once; faults gather in `faults` with their pointers."""

    def __init__(self, desk: Desk, making: bool = False, lang: str | None = None) -> None:
        self.desk, self.session, self.making = desk, desk.session, making
        self.lang = lang or desk.settings.default_lang
        self.faults = Faults()
        self.made_sources: list[str] = []
        self.known: dict[tuple[str, str], str] = {}
        self.section_names: dict[str, str] = {}

    def section(self, given: str, pointer: str) -> str | None:
        return self.cached("section", given) or self.remember(
            "section", given, pointer,
            self.first(SectionRow, SectionRow.id == given, SectionRow.path == given)
            or self.former(SectionRow, "section", given),
        )  # fmt: skip

    def section_by_name(self, names: list[str]) -> str | None:
        """The section with one of these names in any language, the last name first."""
        if not self.section_names:
            for row in self.session.exec(select(SectionRow)):
                self.section_names |= {
                    fold(name): row.id for name in [row.slug, *row.name.values()]
                }
        found = [self.section_names.get(fold(name)) for name in reversed(names)]
        return next((id for id in found if id), None)

    def tag(self, given: str, pointer: str) -> str | None:
        if known := self.cached("tag", given):
            return known
        slug = slugs.slugify(given, "tag")

        def look() -> str | None:
            row = self.first(TagRow, TagRow.id == given, TagRow.slug == given, TagRow.slug == slug)
            return row or self.former(TagRow, "tag", given)

        id = look()
        if id is None and self.making:
            id = self.look_again_locked("tags", look) or self.make_tag(given, slug)
        return self.remember("tag", given, pointer, id)

    def contributor(self, given: str, pointer: str) -> str | None:
        if known := self.cached("contributor", given):
            return known
        slug = slugs.slugify(given, "contributor")

        def look() -> str | None:
            return self.first(
                ContributorRow, ContributorRow.id == given, ContributorRow.slug == given,
                ContributorRow.slug == slug,
            ) or self.former(ContributorRow, "contributor", given)  # fmt: skip

        id = look()
        if id is None and self.making:
            id = self.look_again_locked("contributors", look) or self.make_contributor(given, slug)
        return self.remember("contributor", given, pointer, id)

    def source(
        self, given: str | SourceRefWrite, pointer: str, story: str | None = None
    ) -> str | None:
        """A source; a confidential one only for who reads its name, or by its opaque id in `story`,
        the story that names it already."""
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
        """Look again once nobody else makes one: whoever did so meanwhile may have made this one."""
        dialects.wait_for_name(self.session, f"slugs of {plural}")
        return look()

    def image(self, given: str | None, pointer: str) -> str | None:
        return self.cached("image", given or "") or self.remember(
            "image", given or "", pointer, self.first(ImageRow, ImageRow.id == given)
        )

    def dispatch(self, given: str | None, pointer: str) -> str | None:
        if given is None:
            return None
        return self.cached("dispatch", given) or self.remember(
            "dispatch", given, pointer, self.first(DispatchRow, DispatchRow.id == given)
        )

    def article(self, given: str, pointer: str) -> str | None:
        return self.cached("article", given) or self.remember(
            "article", given, pointer,
            self.first(
                ArticleRow, ArticleRow.id == given, ArticleRow.slug_key == slugs.key(given)
            )
            or self.former(ArticleRow, "article", given),
        )  # fmt: skip

    def cached(self, noun: str, given: str) -> str | None:
        return self.known.get((noun, given))

    def remember(self, noun: str, given: str, pointer: str, id: str | None) -> str | None:
        if id is None:
            self.faults.add(pointer, f"There is no {noun} {given!r}.")
        else:
            self.known[noun, given] = id
        return id

    def first(self, table: Any, *conditions: Any) -> str | None:
        """The id of what meets one of the conditions. A noun is held until this transaction ends:
        who changes or deletes it waits, and then finds the story that shows it."""
        wanted = select(table.id).where(or_(*conditions))
        if table is not ArticleRow:
            wanted = wanted.with_for_update(read=True)
        return self.session.exec(wanted).first()

    def former(self, table: Any, noun: str, given: str) -> str | None:
        """The id of what had this slug, if it is still there."""
        held = self.former_id(noun, given)
        return self.first(table, table.id == held) if held else None

    def former_id(self, noun: str, given: str) -> str | None:
        row = self.session.get(FormerSlug, (noun, slugs.key(given)))
        return row.object_id if row else None

    def source_by_name(self, name: str) -> str | None:
        row = self.session.get(SourceAlias, known_sources.key(name))
        return self.first(SourceRow, SourceRow.id == row.source_id) if row else None

    def free_slug(self, table: Any, noun: str, slug: str) -> str:
        number, free = 1, slug
        while self.first(table, table.slug == free) or self.former_id(noun, free):
            number += 1
            free = f"{slug}-{number}"
        return free

    def make_tag(self, name: str, slug: str) -> str:
        row = TagRow(
            slug=self.free_slug(TagRow, "tag", slug), type="keyword", name=self.names(name),
            created_at=self.desk.now, modified_at=self.desk.now,
        )  # fmt: skip
        return self.add(row, "tag")

    def make_contributor(self, name: str, slug: str) -> str:
        row = ContributorRow(
            slug=self.free_slug(ContributorRow, "contributor", slug), name=self.names(name),
            created_at=self.desk.now, modified_at=self.desk.now,
        )  # fmt: skip
        return self.add(row, "contributor")

    def make_source(self, name: str) -> str:
        """A name that nobody knows yet: a source for the desk to look at."""
        row = SourceRow(
            slug=self.free_slug(SourceRow, "source", slugs.slugify(name, "source")),
            kind=SourceKind.outlet, name=self.names(name), needs_review=True,
            created_at=self.desk.now, modified_at=self.desk.now,
        )  # fmt: skip
        self.made_sources.append(name)
        id = self.add(row, "source")
        if folded := known_sources.key(name):
            self.session.add(SourceAlias(folded=folded, source_id=id))
        return id

    def names(self, name: str) -> Names:
        """The house's default language is always there."""
        return {self.lang: name.strip(), self.desk.settings.default_lang: name.strip()}

    def add(self, row: Any, noun: str) -> str:
        self.session.add(row)
        self.session.flush()
        self.desk.record("created", noun, row.id, slug=row.slug)
        return str(row.id)


def new_attribution_id() -> str:
    return "at_" + new_id("a")[-10:]
