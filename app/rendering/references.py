"""The nouns that a story shows, loaded in a fixed number of statements and put as references."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

from sqlalchemy.orm.util import identity_key
from sqlmodel import Session, SQLModel, col, select

from app import urls
from app.attribution.chain import Credited
from app.config import Settings
from app.db.array_parameter import among
from app.json_types import Json
from app.models.base import direction, pick
from app.models.image import ImageRow
from app.models.section import ContributorRow, SectionRow, TagRow
from app.models.source import SourceRow
from app.models.upstream import FlagRow
from app.queries import dispatches
from app.rendering import confidential
from app.rendering.confidential import source_ref

Noun = TypeVar("Noun", bound=SQLModel)


class References:
    """Every section, tag, contributor, image and source that some stories show."""

    def __init__(
        self, session: Session, settings: Settings, now: datetime, reveal: bool = False
    ) -> None:
        """`reveal`: for a caller who reads the names of confidential sources."""
        self.session, self.settings, self.now = session, settings, now
        self.reveal = reveal
        self.sections: dict[str, SectionRow] = {}
        self.paths: dict[str, SectionRow] = {}
        self.tags: dict[str, TagRow] = {}
        self.contributors: dict[str, ContributorRow] = {}
        self.images: dict[str, ImageRow] = {}
        self.sources: dict[str, SourceRow] = {}
        self.shown_sources: dict[tuple[str, str], Json] = {}
        self.withdrawn: frozenset[str] = frozenset()
        self.flags: dict[str, list[FlagRow]] = {}
        """Dispatches that nothing may rest on any more."""

    def load(self, contents: Sequence[Json], image_ids: Iterable[str]) -> None:
        """Load what these contents name, and what those items name in turn."""
        self.load_sections({id for content in contents for id in content["sections"]})
        self.tags = self.by_id(TagRow, {id for content in contents for id in content["tags"]})
        self.contributors = self.by_id(
            ContributorRow, {who["id"] for content in contents for who in content["contributors"]}
        )
        portraits = {row.image_id for row in self.contributors.values() if row.image_id}
        self.images = self.by_id(ImageRow, {*image_ids, *portraits})
        named = {link["source"] for content in contents for link in content["attributions"]}
        pictured = {row.source_id for row in self.images.values() if row.source_id}
        self.sources = self.by_id(SourceRow, named | pictured)
        rested = {link["dispatch_id"] for content in contents for link in content["attributions"]}
        self.withdrawn = dispatches.withdrawn(self.session, rested - {None})

    def load_sections(self, ids: set[str]) -> None:
        self.sections = self.by_id(SectionRow, ids)
        above = {path for row in self.sections.values() for path in ancestors_of(row.path)}
        self.paths = {row.path: row for row in self.sections.values()}
        if missing := above - self.paths.keys():
            rows = self.session.exec(select(SectionRow).where(col(SectionRow.path).in_(missing)))
            self.paths |= {row.path: row for row in rows}

    def by_id(self, noun: type[Noun], ids: set[str]) -> dict[str, Noun]:
        found = {id: row for id in ids if (row := known(self.session, noun, id))}
        if missing := ids - found.keys():
            rows = self.session.exec(by_id(noun), params={"ids": missing})
            found |= {row.id: row for row in rows}
        return found

    def still(self, content: Json) -> Json:
        """Return a version's content without catalog items that were deleted since."""
        links = [one for one in content["attributions"] if one["source"] in self.sources]
        left = {one["id"] for one in links}
        lead, section = content["lead_image"], content["section"]
        return content | {
            "section": section if section in self.sections else None,
            "sections": [id for id in content["sections"] if id in self.sections],
            "tags": [id for id in content["tags"] if id in self.tags],
            "contributors": [w for w in content["contributors"] if w["id"] in self.contributors],
            "lead_image": lead if lead and lead["id"] in self.images else None,
            "body": [block for one in content["body"] if (block := self.still_shown(one))],
            "attributions": [
                one if one["via"] in left else one | {"via": None} for one in links
            ],
        }  # fmt: skip

    def still_shown(self, block: Json) -> Json | None:
        """A block less the images that are gone; None where it was one of them."""
        if block["type"] == "figure":
            return block if block.get("image", {}).get("id") in self.images else None
        if block["type"] != "gallery":
            return block
        return block | {"images": [one for one in block["images"] if one["id"] in self.images]}

    def section(self, id: str, lang: str) -> Json:
        return section_ref(self.settings, self.sections[id], self.paths, lang)

    def tag(self, id: str, lang: str) -> Json:
        return tag_ref(self.settings, self.tags[id], lang)

    def contributor(self, id: str, role: str, lang: str) -> Json:
        row = self.contributors[id]
        portrait = self.images.get(row.image_id or "")
        return contributor_ref(self.settings, row, role, portrait, lang)

    def source(self, id: str, owner: str) -> Json:
        """A source as the story `owner` names it."""
        if (id, owner) not in self.shown_sources:
            self.shown_sources[id, owner] = source_ref(self.sources[id], owner, self.reveal)
        return self.shown_sources[id, owner]

    def attribution(self, link: Json, owner: str) -> Json:
        """Return a link of the chain of the story `owner`, as far as the caller may see it."""
        told = link | {"source": self.source(link["source"], owner)}
        hidden = confidential.hides(self.sources[link["source"]], self.reveal)
        return confidential.without_hidden(told) if hidden else told

    def credited(self) -> dict[str, Credited]:
        return {row.id: confidential.credited(row) for row in self.sources.values()}

    def image(self, use: Json, lang: str, owner: str) -> Json:
        """An image as the story `owner`, in this language, uses it, the story's own words first."""
        row = self.images[use["id"]]
        source = self.sources.get(row.source_id or "")
        words = {name: use.get(name) or self.own(row, name, lang) for name in ("alt", "caption")}
        own = confidential.image_words(row, source, self.reveal)
        credit = use.get("credit") or pick(own.pop("credit"), lang, self.settings.default_lang)
        if not credit and source is not None:
            credit = confidential.credited(source).any_form(lang, self.settings.default_lang)
        spoken = self.language_of(row, use, lang)
        return {
            "id": row.id, **words, "credit": credit or None, "photographer": own["photographer"],
            "source": source_ref(source, owner, self.reveal) if source else None,
            "copyright": own["copyright"], "rights": row.rights or None,
            "lang": spoken, "dir": direction(spoken), "source_status": None,
            **file_of(self.settings, row, self.now),
        }  # fmt: skip

    def own(self, row: ImageRow, name: str, lang: str) -> str | None:
        return pick(getattr(row, name), lang, self.settings.default_lang) or None

    def language_of(self, row: ImageRow, use: Json, lang: str) -> str:
        texts = row.caption or row.alt
        if use.get("caption") or not texts or lang in texts:
            return lang
        default = self.settings.default_lang
        return default if default in texts else str(next(iter(texts)))


@cache
def by_id(noun: type[Noun]) -> Any:
    """The rows of some ids."""
    table: Any = noun
    return select(table).where(among(table.id))


def known(session: Session, table: type[Noun], key: Any) -> Noun | None:
    """A row that this transaction has in hand; it was read, or is being changed, here."""
    row: Noun | None = session.identity_map.get(identity_key(table, key))
    return row


def ancestors_of(path: str) -> list[str]:
    """`world/asia/japan` → `world`, `world/asia`."""
    parts = path.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]


def section_ref(
    settings: Settings, row: SectionRow, paths: dict[str, SectionRow], lang: str | None = None
) -> Json:
    """A section as articles refer to it. `paths`: the sections above it."""
    above = [paths[path] for path in ancestors_of(row.path)]
    return {
        "id": row.id, "path": row.path, "name": row.name,
        "url": urls.section(settings, row.path, lang),
        "ancestors": [
            {"path": up.path, "name": up.name, "url": urls.section(settings, up.path, lang)}
            for up in above
        ],
    }  # fmt: skip


def tag_ref(settings: Settings, row: TagRow, lang: str | None = None) -> Json:
    """A tag as articles refer to it."""
    return {
        "id": row.id, "slug": row.slug, "type": row.type, "name": row.name,
        "url": urls.tag(settings, row.slug, lang),
    }  # fmt: skip


def contributor_ref(
    settings: Settings, row: ContributorRow, role: str, portrait: ImageRow | None,
    lang: str | None = None,
) -> Json:  # fmt: skip
    """A contributor as articles refer to them, in a role."""
    return {
        "id": row.id, "slug": row.slug, "role": role, "name": row.name, "title": row.title,
        "url": urls.contributor(settings, row.slug, lang),
        "image": urls.media(settings, portrait.file)
        if portrait and portrait.file and not portrait.withdrawn else None,
    }  # fmt: skip


def file_of(settings: Settings, row: ImageRow, now: datetime) -> Json:
    """The file's part of an image's JSON: null and empty while there is none, or withheld."""
    withheld = withheld_by(row.rights, row.withdrawn, now)
    url = urls.media(settings, row.file) if row.file and not withheld else None
    focal = {"x": row.focal_x, "y": row.focal_y} if row.focal_x is not None else None
    shape = row.mime.removeprefix("image/") if row.mime else None
    original = {
        "name": "original", "crop": None, "url": url, "width": row.width, "height": row.height,
        "format": shape, "bytes": row.bytes,
    }  # fmt: skip
    return {
        "width": row.width, "height": row.height, "focal_point": focal,
        # a withdrawn picture isn't hinted at either
        "thumbhash": None if row.withdrawn else row.thumbhash,
        "color": None if row.withdrawn else row.color, "url": url,
        "srcset": f"{url} {row.width}w" if url and row.width else None,
        "renditions": [original] if url else [], "withheld": withheld,
    }  # fmt: skip


def withheld_by(rights: Json | None, withdrawn: str | None, now: datetime) -> Json | None:
    """Why an image with these rights may not be shown, or None."""
    if withdrawn:
        return {"reason": "withdrawn"}
    ended = end_of(rights)
    return {"reason": "rights.expired"} if ended and ended <= now else None


def rights_end(row: ImageRow) -> datetime | None:
    """When the rights to an image end, if they do."""
    return end_of(row.rights)


def end_of(rights: Json | None) -> datetime | None:
    """When these rights end, if they do."""
    until = (rights or {}).get("valid_until")
    return datetime.fromisoformat(until) if until else None
