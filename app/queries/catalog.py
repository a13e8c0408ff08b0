"""The nouns beside stories, for readers: sections, tags, contributors, sources, images."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import or_, text
from sqlmodel import Session, col, select

from app import attribution, references, urls
from app.arabic import slugs
from app.auth import Caller
from app.config import Settings
from app.documents import links_of, select_live
from app.errors import Moved, NotFound
from app.models.article import ArticleRow
from app.models.base import timestamp
from app.models.image import ImageRow
from app.models.section import ContributorRow, FormerSlug, SectionRow, TagRow
from app.models.source import AttributionRow, DispatchRow, SourceRow
from app.queries.gate import shown, visible

Json = dict[str, Any]


class Catalog:
    """One reader's look at the catalogue."""

    def __init__(self, session: Session, settings: Settings, caller: Caller) -> None:
        self.session, self.settings, self.caller = session, settings, caller
        self.now = datetime.now(UTC)

    def times(self, row: Any, noun: str) -> Json:
        return {
            "version": row.version, "created_at": timestamp(row.created_at),
            "modified_at": timestamp(row.modified_at),
            "links": {"self": urls.api(self.settings, noun, row.id)},
        }  # fmt: skip

    def gated(self, table: str) -> Any:
        """Rows shown by a story that the caller may see."""
        return text(shown(self.caller, f"{table}.id")).bindparams(now=self.bound_now())

    def bound_now(self) -> Any:
        lite = self.settings.is_sqlite
        return self.now.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if lite else self.now

    def sections(self) -> list[Json]:
        """Every section, depth first, in the desk's order."""
        rows = {row.path: row for row in self.session.exec(select(SectionRow))}

        def place(path: str) -> list[tuple[int, str]]:
            return [
                (rows[up].position, rows[up].slug) for up in [*references.ancestors_of(path), path]
            ]

        return [self.section(rows[path], rows) for path in sorted(rows, key=place)]

    def section(self, row: SectionRow, rows: dict[str, SectionRow]) -> Json:
        return references.section_ref(self.settings, row, rows) | {
            "slug": row.slug, "parent": row.path.rpartition("/")[0] or None,
            "depth": row.path.count("/"), "description": row.description,
            **self.times(row, "sections"),
        }  # fmt: skip

    def one_section(self, name: str) -> Json:
        wanted = name if name.startswith("sec_") else name.strip("/")
        listed = self.sections()
        for section in listed:
            if wanted in (section["path"], section["id"]):
                return section
        id = self.former("section", wanted)
        raise Moved(next(section["path"] for section in listed if section["id"] == id))

    def former(self, noun: str, name: str) -> str:
        row = self.session.get(FormerSlug, (noun, slugs.key(name)))
        if row is None:
            raise NotFound(f"There is no {noun} {name!r}.")
        return row.object_id

    def tags(self) -> list[Json]:
        rows = select(TagRow).where(self.gated("tag")).order_by(TagRow.slug)
        return [self.tag(row) for row in self.session.exec(rows)]

    def tag(self, row: TagRow) -> Json:
        return references.tag_ref(self.settings, row) | {
            "wikidata": row.wikidata, "mediatopic": row.mediatopic, "same_as": row.same_as,
            **self.times(row, "tags"),
        }  # fmt: skip

    def contributors(self) -> list[Json]:
        rows = select(ContributorRow).where(self.gated("contributor"))
        return [self.contributor(row) for row in self.session.exec(rows.order_by("slug"))]

    def contributor(self, row: ContributorRow) -> Json:
        portrait = self.session.get(ImageRow, row.image_id) if row.image_id else None
        shape = references.contributor_ref(self.settings, row, "", portrait)
        shape.pop("role")
        return shape | {
            "biography": row.biography,
            "same_as": row.same_as,
            **self.times(row, "contributors"),
        }

    def sources(self) -> list[Json]:
        known = or_(col(SourceRow.needs_review).is_(False), self.gated("source"))
        rows = select(SourceRow).where(known).order_by(SourceRow.slug)
        return [self.source(row) for row in self.session.exec(rows)]

    def source(self, row: SourceRow) -> Json:
        shape = references.source_ref(row) | {
            "credit": row.credit, "aliases": row.aliases, "country": row.country,
            "same_as": row.same_as, "needs_review": row.needs_review,
            **self.times(row, "sources"),
        }  # fmt: skip
        shape["links"]["dependents"] = shape["links"]["self"] + "/dependents"
        return shape

    def images(self) -> list[Json]:
        rows = select(ImageRow).where(self.gated("image")).order_by(col(ImageRow.id).desc())
        return [self.image(row) for row in self.session.exec(rows)]

    def image(self, row: ImageRow) -> Json:
        source = self.session.get(SourceRow, row.source_id) if row.source_id else None
        return {
            "id": row.id, "alt": row.alt, "caption": row.caption, "credit": row.credit,
            "photographer": row.photographer,
            "source": references.source_ref(source) if source else None,
            "copyright": row.copyright, "rights": row.rights or None, "mime": row.mime,
            "bytes": row.bytes, **references.file_of(self.settings, row, self.now),
            **self.times(row, "images"),
        }  # fmt: skip

    def pick(self, noun: str, listed: list[Json], name: str) -> Json:
        """One of a list by id or slug, or by a slug that it had."""
        for one in listed:
            if name in (one["id"], one.get("slug")):
                return one
        id = self.former(noun, name)
        for one in listed:
            if one["id"] == id:
                raise Moved(one["slug"])
        raise NotFound(f"There is no {noun} {name!r}.")

    def dependents(self, condition: Any) -> list[Json]:
        """All that rests on the attributions that meet a condition, through the chain too."""
        seen = text(visible(self.caller, "article")).bindparams(now=self.bound_now())
        rows = self.session.exec(
            select(AttributionRow.article_id, AttributionRow.id)
            .join(ArticleRow, col(ArticleRow.id) == AttributionRow.article_id)
            .where(condition, seen)
            .order_by(AttributionRow.article_id, AttributionRow.id)
        )
        named: dict[str, list[str]] = {}
        for article_id, id in rows:
            named.setdefault(article_id, []).append(id)
        live = self.session.exec(select_live(sorted(named))).all() if named else []
        live = sorted(live, key=lambda pair: (pair[0].published_at, pair[0].id), reverse=True)
        return [
            one for article, version in live
            for one in self.resting(article, version.content, named[article.id])
        ]  # fmt: skip

    def resting(self, article: ArticleRow, content: Json, named: list[str]) -> list[Json]:
        return [
            {
                "scope": link.scope, "id": link.scope_id, "article": self.article(article, content),
                "role": link.role, "attribution": link.id, "through": through,
            }
            for link, through in attribution.dependents(links_of(content), named)
        ]  # fmt: skip

    def article(self, row: ArticleRow, content: Json) -> Json:
        section = self.session.get(SectionRow, row.section_id) if row.section_id else None
        url = urls.article(self.settings, row.lang, section.path if section else None, row.slug)
        return {
            "id": row.id, "lang": row.lang, "slug": row.slug, "headline": content["headline"],
            "url": url,
        }  # fmt: skip

    def dispatch(self, id: str) -> Json:
        row = self.session.get(DispatchRow, id)
        dependents = self.dependents(col(AttributionRow.dispatch_id) == id)
        if row is None or not dependents:
            raise NotFound(f"There is no dispatch {id!r}.")
        source = self.session.get_one(SourceRow, row.source_id)
        return {
            "id": row.id, "source": references.source_ref(source),
            "item_id": row.item_id, "item_version": row.item_version, "via": row.via_id,
            "headline": row.headline, "lang": row.lang, "url": row.url,
            "sent_at": timestamp(row.sent_at) if row.sent_at else None,
            "version": row.version,
            "received_at": timestamp(row.received_at), "modified_at": timestamp(row.modified_at),
            "dependents": dependents, "links": {"self": urls.api(self.settings, "dispatches", id)},
        }  # fmt: skip
