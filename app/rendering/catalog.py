"""The nouns beside stories, for whoever asks: sections, tags, contributors, sources, images,
dispatches."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import or_, text
from sqlmodel import Session, col, select

from app import urls
from app.access.authentication import Caller
from app.config import Settings
from app.db import session_reader
from app.db.session_reader import SessionReader
from app.errors import Gone, Moved, NotFound
from app.json_types import Json
from app.language import slugs
from app.models.article import ArticleRow
from app.models.base import optional_timestamp, timestamp
from app.models.image import ImageRow
from app.models.section import ContributorRow, FormerSlug, SectionRow, TagRow
from app.models.source import DispatchRow, SourceRow
from app.models.withdrawal import WithdrawalRow
from app.queries import catalog_lists
from app.queries.catalog_lists import KINDS
from app.rendering import confidential, dependents, references
from app.rendering.dependents import DependencyTarget


class Catalog:
    """One reader's look at the catalogue."""

    def __init__(self, session: Session, settings: Settings, caller: Caller) -> None:
        self.session, self.settings, self.caller = session, settings, caller
        self.now = datetime.now(UTC)
        self.primed: list[Any] = []
        self.visible: set[str] = set()
        self.hidden: dict[str, bool] = {}
        """Whether a source that was looked up stays unnamed to this caller, by its id."""

    @property
    def for_desk(self) -> bool:
        """Whether the caller reads the fields that are for editors."""
        return self.caller.sees == "all"

    def find_visible(self, dispatches: Iterable[str | None]) -> None:
        """Note which of these dispatches the caller may see, in one statement for all."""
        if ids := [id for id in dispatches if id]:
            wanted = select(DispatchRow.id).where(col(DispatchRow.id).in_(ids))
            self.visible |= set(self.session.exec(wanted.where(self.seen("dispatch"))))

    def find_hidden(self, ids: Iterable[str | None]) -> None:
        """Record which of these sources need review and are in no story that the caller may see,
        in one statement. A confidential one is shown by its label."""
        new = {id for id in ids if id} - self.hidden.keys()
        if new and not self.for_desk:
            open_to = or_(col(SourceRow.confidential), self.seen("source"))
            seen = set(self.session.exec(
                select(SourceRow.id).where(col(SourceRow.id).in_(new), open_to)
            ))  # fmt: skip
            self.hidden |= {id: id not in seen for id in new}

    def times(self, row: Any, noun: str) -> Json:
        """What every catalog item has: version, times and its own address."""
        return {
            "version": row.version, "created_at": timestamp(row.created_at),
            "modified_at": timestamp(row.modified_at),
            "links": {"self": urls.api(self.settings, noun, row.id)},
        }  # fmt: skip

    def listed(self, noun: str, ids: Sequence[str]) -> list[Json]:
        """Return those of these ids that the caller may see, as lists show them, in this order."""
        row = KINDS[noun].row
        found = self.session.exec(select(row).where(col(row.id).in_(ids), self.seen(noun)))
        rows = {one.id: one for one in found}
        return self.shown(noun, [rows[id] for id in ids if id in rows])

    def shown(self, noun: str, rows: Sequence[Any]) -> list[Json]:
        """Rows as a list shows them."""
        kind = KINDS[noun]
        if kind.beside:
            self.prime(kind.beside[1], [getattr(row, kind.beside[0]) for row in rows])
        if noun == "dispatch":
            self.find_visible(row.via_id for row in rows)
        elif noun == "image":
            self.find_hidden(row.source_id for row in rows)
        shape = getattr(self, noun if noun != "dispatch" else "dispatch_card")
        return [shape(row) for row in rows]

    def one(self, noun: str, name: str) -> Json:
        """Return one item of a kind as JSON."""
        shape: Json = getattr(self, noun)(self.row(noun, name))
        return shape

    def row(self, noun: str, name: str) -> Any:
        """Return one item of a kind by id or slug. Raises `Moved` for a former slug."""
        kind = KINDS[noun]
        named = kind.row.id == name
        if "slug" in kind.orders:
            named = or_(named, col(kind.row.slug) == slugs.key(name))
        row = self.session.exec(select(kind.row).where(named, self.seen(noun))).first()
        if row is None:
            raise Moved(self.moved(noun, name).slug)
        if noun == "dispatch" and row.withdrawn:
            raise self.gone(row)
        return row

    def gone(self, row: DispatchRow) -> Gone:
        """What is told of a dispatch that was withdrawn."""
        wanted = select(WithdrawalRow).where(WithdrawalRow.object_id == row.id)
        held = self.session.exec(wanted.where(col(WithdrawalRow.restored_at).is_(None))).one()
        return Gone(notice=held.notice, withdrawn_at=timestamp(held.at), replaced_by=None)

    def moved(self, noun: str, name: str) -> Any:
        """What had this name, if the caller may see it."""
        former = self.session.get(FormerSlug, (noun, slugs.key(name)))
        row = None
        if former is not None:
            table = SectionRow if noun == "section" else KINDS[noun].row
            seen = text("1 = 1") if noun == "section" else self.seen(noun)
            row = self.session.exec(select(table).where(table.id == former.object_id, seen)).first()
        if row is None:
            raise NotFound(f"There is no {noun} {name!r}.")
        return row

    def seen(self, noun: str) -> Any:
        """What of a kind the caller may see: what a story shows that they may see."""
        condition = text(catalog_lists.seen(self.caller, noun))
        if ":now" in condition.text:
            condition = condition.bindparams(now=self.bound_now())
        return condition

    def bound_now(self) -> Any:
        """The time of the request as the driver takes it in SQL text."""
        lite = self.settings.is_sqlite
        return self.now.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if lite else self.now

    def prime(self, table: Any, ids: Sequence[str | None]) -> None:
        """Load rows that `session.get` will need, in one statement."""
        wanted = {id for id in ids if id}
        if wanted:
            self.primed += self.session.exec(select(table).where(col(table.id).in_(wanted)))

    def sections(self) -> list[Json]:
        """Every section, depth first, in the desk's order."""
        rows = {row.path: row for row in self.session.exec(select(SectionRow))}

        def place(path: str) -> list[tuple[int, str]]:
            return [
                (rows[up].position, rows[up].slug) for up in [*references.ancestors_of(path), path]
            ]

        return [self.section(rows[path], rows) for path in sorted(rows, key=place)]

    def section(self, row: SectionRow, rows: dict[str, SectionRow] | None = None) -> Json:
        """A section as JSON. `rows`: sections by path, with those above it."""
        return references.section_ref(self.settings, row, rows or self.above(row)) | {
            "slug": row.slug, "parent": row.path.rpartition("/")[0] or None,
            "depth": row.path.count("/"), "description": row.description,
            "position": row.position, **self.times(row, "sections"),
        }  # fmt: skip

    def above(self, row: SectionRow) -> dict[str, SectionRow]:
        """The sections above one, by path."""
        up = references.ancestors_of(row.path)
        found = (
            self.session.exec(select(SectionRow).where(col(SectionRow.path).in_(up))) if up else ()
        )
        return {one.path: one for one in found}

    def one_section(self, name: str) -> Json:
        """The section of this id or path as JSON. Raises Moved for a former path."""
        path = slugs.key(name.strip("/"))
        named = or_(col(SectionRow.id) == name, col(SectionRow.path) == path)
        row = self.session.exec(select(SectionRow).where(named)).first()
        if row is None:
            raise Moved(self.moved("section", path).path)
        return self.section(row)

    def tag(self, row: TagRow) -> Json:
        """A tag as JSON."""
        return references.tag_ref(self.settings, row) | {
            "wikidata": row.wikidata, "mediatopic": row.mediatopic, "same_as": row.same_as,
            **self.times(row, "tags"),
        }  # fmt: skip

    def contributor(self, row: ContributorRow) -> Json:
        """A contributor as JSON, without a role."""
        portrait = self.session.get(ImageRow, row.image_id) if row.image_id else None
        shape = references.contributor_ref(self.settings, row, "", portrait)
        shape.pop("role")
        return shape | {
            "biography": row.biography,
            "same_as": row.same_as,
            **self.times(row, "contributors"),
        }

    def source(self, row: SourceRow) -> Json:
        """A source by itself: who may not read the name of a confidential one never comes here."""
        label = row.public_label if self.caller.reads_confidential else None
        shape = confidential.source_ref(row, row.id, reveal=True) | {
            "credit": row.credit, "aliases": row.aliases, "country": row.country,
            "same_as": row.same_as,
            "upstream": {"corrected": "flag", "killed": "flag"} | (row.upstream or {})
            if self.for_desk else None,
            "needs_review": row.needs_review if self.for_desk else None,
            "public_label": label,
            **self.times(row, "sources"),
        }  # fmt: skip
        shape["links"]["dependents"] = shape["links"]["self"] + "/dependents"
        return shape

    def image(self, row: ImageRow) -> Json:
        """An image as JSON, as far as the caller may know its source."""
        self.find_hidden([row.source_id])
        source = self.session.get(SourceRow, row.source_id) if row.source_id else None
        if source and self.hidden.get(source.id):
            source = None
        reveal = self.caller.reads_confidential
        return {
            "id": row.id, "alt": row.alt, "caption": row.caption,
            **confidential.image_words(row, source, reveal),
            "source": confidential.source_ref(source, row.id, reveal) if source else None,
            "rights": row.rights or None, "mime": row.mime,
            "bytes": row.bytes, **references.file_of(self.settings, row, self.now),
            **self.times(row, "images"),
        }  # fmt: skip

    def dispatch_card(self, row: DispatchRow) -> Json:
        """A dispatch as lists show it."""
        source = self.session.get_one(SourceRow, row.source_id)
        return {
            "id": row.id, "source": confidential.source_ref(source, row.id),
            "item_id": row.item_id if self.for_desk else None,
            "item_version": row.item_version if self.for_desk else None,
            "via": row.via_id if row.via_id in self.visible else None,
            "headline": row.headline, "lang": row.lang, "url": row.url,
            "sent_at": optional_timestamp(row.sent_at),
            "source_status": row.source_status,
            "source_status_at": optional_timestamp(row.source_status_at),
            "source_status_note": row.source_status_note if self.for_desk else None,
            "version": row.version,
            "received_at": timestamp(row.received_at), "modified_at": timestamp(row.modified_at),
            "links": {"self": urls.api(self.settings, "dispatches", row.id)},
        }  # fmt: skip

    def dispatch(self, row: DispatchRow) -> Json:
        """A dispatch as JSON, with the first articles that rest on it."""
        on = DependencyTarget(
            SessionReader(self.session), self.caller, self.settings, "dispatch_id", row.id
        )
        found = session_reader.run_sync(dependents.page(on, dependents.FIRST, None, self.now))
        self.find_visible([row.via_id])
        shape = self.dispatch_card(row)
        shape["links"]["dependents"] = shape["links"]["self"] + "/dependents"
        return shape | {"dependents": found["items"], "dependents_next": found["next"]}

    def article(self, row: ArticleRow, content: Json) -> Json:
        """An article as JSON of a few fields."""
        section = self.session.get(SectionRow, row.section_id) if row.section_id else None
        url = urls.article(self.settings, row.lang, section.path if section else None, row.slug)
        return {
            "id": row.id, "lang": row.lang, "slug": row.slug, "headline": content["headline"],
            "url": url,
        }  # fmt: skip
