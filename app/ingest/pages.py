"""Pages that a parser took apart, made into stories: found again, checked, saved in batches.

Identity: what the caller gave, else the page's canonical address, else headline and date line.
The same again changes nothing; the same with another text is a new version.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any, Literal

import orjson
from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from app import urls
from app.attribution import chain, known_sources
from app.db.database import Database
from app.desk.articles import publishing
from app.desk.articles.block_matching import with_matched_ids
from app.desk.resolver import Resolver
from app.desk.transaction import BATCH, Desk, at_desk
from app.errors import Problem
from app.formats.page.model import Found, Mention, Page, Picture
from app.ingest.page_hosts import host_of, is_foreign
from app.language import date_reading, slugs
from app.language.folding import fold
from app.models.article import ArticleRow, ArticleWrite
from app.models.base import new_id
from app.models.block import BlockWrite
from app.models.card import Kind, State
from app.models.image import ImageRow, ImageUseRow, ImageUseWrite
from app.models.search import ImageWord
from app.models.source import AttributionWrite
from app.models.validated_text import mended, mended_line
from app.search_index.text import image_words

Did = Literal["created", "updated", "unchanged"]


@dataclass(frozen=True)
class Options:
    """How to take a page in."""

    id: str | None = None
    publish: bool = False
    licensed: bool = False
    """Whether the newsroom may publish pages of other publishers."""
    published: datetime | None = None
    section: str | None = None
    by: str = "import"


@dataclass
class Taken:
    """What became of a page."""

    id: str
    slug: str
    did: Did
    warnings: list[str] = field(default_factory=list)


@dataclass
class Refused:
    """Why a page was not taken in; nothing of it is kept."""

    why: str
    error: Exception | None = None
    """What was raised, where nobody foresaw it."""


def take(db: Database, pages: list[Page], options: Options) -> list[Taken | Refused]:
    """Take pages in, up to 50 in a transaction; a page that is refused does not hold the others."""
    done: list[Taken | Refused] = []
    for start in range(0, len(pages), BATCH):
        batch = pages[start : start + BATCH]
        try:
            done += take_batch(db, batch, options)
        except Exception as wrong:  # whatever is wrong with one page, the others come in
            done += one_by_one(db, batch, options) if len(batch) > 1 else [refusal(wrong)]
    return done


def one_by_one(db: Database, pages: list[Page], options: Options) -> Iterable[Taken | Refused]:
    for page in pages:
        yield from take(db, [page], options)


def refusal(wrong: Exception) -> Refused:
    """Why a page was refused, for an operator to read."""
    if isinstance(wrong, IntegrityError):
        return Refused("Somebody else took this page in at the same moment; try again.")
    if isinstance(wrong, ValidationError):
        faults = wrong.errors()
        return Refused("; ".join(f"{[*one['loc'], 'page'][-1]}: {one['msg']}" for one in faults))
    if isinstance(wrong, Problem):
        return Refused("; ".join([one["detail"] for one in wrong.errors]) or wrong.detail)
    return Refused(unforeseen(wrong), wrong)


def unforeseen(wrong: Exception) -> str:
    """The class of an error that nobody foresaw, and the first line of what it says."""
    said = str(wrong).strip().partition("\n")[0][:200]
    return f"{type(wrong).__name__}: {said}" if said else type(wrong).__name__


def take_batch(db: Database, pages: list[Page], options: Options) -> list[Taken | Refused]:
    with at_desk(db, by=options.by, lenient=True) as desk, desk.session.no_autoflush:
        resolver = Resolver(desk, making=True)
        held = known_already(desk, [identity_of(page, options) for page in pages])
        wanted = [slugs.key(slugs.slugify(page.headline)) for page in pages]
        publishing.look_up_slugs(desk, wanted)
        return [take_page(desk, page, options, resolver, held) for page in pages]


def known_already(desk: Desk, identities: list[str]) -> dict[str, ArticleRow]:
    """The stories that these pages made before, locked in the order of their ids."""
    wanted = select(ArticleRow).where(col(ArticleRow.identity).in_(identities))
    rows = desk.session.exec(wanted.order_by(ArticleRow.id).with_for_update())
    return {row.identity or "": row for row in rows}


def take_page(
    desk: Desk, page: Page, options: Options, resolver: Resolver, held: dict[str, ArticleRow]
) -> Taken:
    """One page: new, changed, or the same."""
    resolver.lang = page.lang or desk.settings.default_lang
    identity, mark = identity_of(page, options), fingerprint(page, options)
    known = held.get(identity)
    warnings = list(page.warnings)
    refused = why_draft(desk, page, options)
    comes_out = options.publish and not refused
    if known and known.fingerprint == mark and not (comes_out and known.state == State.draft):
        return Taken(known.id, known.slug, "unchanged", warnings)
    did: Did = "updated" if known else "created"
    if known is None or known.fingerprint != mark:
        write = PageToArticle(desk, page, options, resolver, known, warnings).article()
        note = "imported again"
        if known:
            known = publishing.revise(desk, known, write, resolver, note)
        else:
            known = publishing.create(desk, write, resolver)
        known.identity, known.fingerprint = identity, mark
        held[identity] = known
    if known.state == State.draft and refused:
        warnings.append(refused)
    elif known.state == State.draft and comes_out:  # what the desk took back is none
        publishing.publish(desk, known)
    warnings += desk.warnings
    desk.warnings.clear()
    warnings += [
        f"The source {name!r} is new: the desk looks at it." for name in resolver.made_sources
    ]
    resolver.made_sources.clear()
    return Taken(known.id, known.slug, did, warnings)


def why_draft(desk: Desk, page: Page, options: Options) -> str | None:
    """Why a page may not be published by this import, as a warning; None where it may."""
    if is_foreign(page.url, desk.settings) and not options.licensed:
        return (
            f"{host_of(page.url)} is another publisher's: the story stays a draft with unknown rights."
            " --licensed, or ISNAD_IMPORT_HOSTS, says that you may publish it."
        )
    if date_of(page, options, desk) is None:
        return "No date was found: the story stays a draft without one. --published gives a date."
    return None


def date_of(page: Page, options: Options, desk: Desk) -> datetime | None:
    """The time of publication: the caller's, else the metadata's, else the date line's or its noon."""
    line = date_reading.read(page.date_line, desk.settings.zone) if page.date_line else None
    return options.published or page.published_at or (line.at if line else None)


def identity_of(page: Page, options: Options) -> str:
    if options.id:
        return f"id:{options.id.strip()}"
    if page.url:
        return f"url:{urls.normalised(page.url)}"
    words = f"{fold(page.headline)}|{fold(page.date_line or '')}"
    return f"page:{hashlib.sha256(words.encode()).hexdigest()[:32]}"


def fingerprint(page: Page, options: Options) -> str:
    """Of everything that the story would say; where a line came from and warnings are no part."""
    said = {
        name: value for name, value in vars(page).items()
        if name not in ("lines", "warnings", "quoted", "format") and (value or name not in LATER)
    }  # fmt: skip
    given = [options.published, options.section]
    raw = orjson.dumps([said, given], default=said_by)
    return hashlib.sha256(raw).hexdigest()[:32]


def said_by(part: Any) -> dict[str, Any]:
    """What a part of a page says. Fields that were added later count only where they say something:
    pages that were imported before stay the same."""
    return {
        name: value for name, value in vars(part).items() if value is not None or name not in LATER
    }


LATER = frozenset("contributors dir start reversed marker outline poster tracks".split())


class PageToArticle:
    """A page as the story that the desk would have sent."""

    def __init__(
        self, desk: Desk, page: Page, options: Options, resolver: Resolver,
        known: ArticleRow | None, warnings: list[str],
    ) -> None:  # fmt: skip
        self.desk, self.page, self.options = desk, page, options
        self.resolver, self.known, self.warnings = resolver, known, warnings
        self.lang = page.lang or desk.settings.default_lang
        self.is_foreign = is_foreign(page.url, desk.settings)
        self.credits = {
            mention.picture: mention for mention in page.mentions if mention.scope == "image"
        }
        self.uses = [self.use(place, one) for place, one in enumerate(page.pictures())]
        self.body = self.blocks()

    def article(self) -> ArticleWrite:
        page = self.page
        return ArticleWrite.model_validate({
            "kind": self.known.kind if self.known else Kind.news, "lang": self.lang,
            "headline": mended_line(page.headline), "kicker": mended_line(page.kicker),
            "summary": mended(page.summary), "section": self.section(),
            "tags": page.tags[:50], "lead_image": self.uses[0] if page.lead_image else None,
            "contributors": self.contributors(),
            "body": self.body, "attributions": self.attributions(), "date_line": mended_line(page.date_line),
            "published_at": self.published_at(), "rights": self.rights(),
        })  # fmt: skip

    def contributors(self) -> list[dict[str, str]]:
        """The byline's names, then those of closing credits who are not among them."""
        roles = dict.fromkeys(self.page.byline, "reporter")
        for one in self.page.contributors:
            roles.setdefault(one.name, one.role)
        return [{"contributor": name, "role": role} for name, role in roles.items()]

    def section(self) -> str | None:
        """What the caller gave, else a section of ours with the name that the page gives."""
        if self.options.section:
            return self.options.section
        if self.known and self.known.section_id:
            return self.known.section_id
        return self.resolver.section_by_name(self.page.section)

    def published_at(self) -> datetime | None:
        """The time of publication, with a warning where it is only a date line's."""
        page, at = self.page, date_of(self.page, self.options, self.desk)
        if at is None or self.options.published or page.published_at:
            return at
        line = date_reading.read(page.date_line or "", self.desk.settings.zone)
        if line is not None and line.time is None:
            self.warnings.append(f"No time of publication; noon of the date line was taken ({at}).")
        else:
            self.warnings.append(f"The time of publication is the date line's ({at}).")
        return at

    def rights(self) -> dict[str, Any]:
        """The desk's, where there are some; else unknown for a page of another publisher."""
        if self.known and (old := publishing.current_content(self.desk, self.known)["rights"]):
            return dict(old)
        unknown = self.is_foreign and not self.options.licensed
        return {"usage_terms": f"Unknown: taken from {self.page.url}"} if unknown else {}

    def use(self, place: int, picture: Picture) -> ImageUseWrite:
        """The picture's use; its image is found again by address or words, or made. Only words
        that are not the image's own go with the use, so that a correction of the image shows."""
        image = self.image_again(picture)
        if image is None:
            return ImageUseWrite(id=self.new_image(place, picture))
        own = {
            name: text for name in ("alt", "caption", "credit")
            if (text := getattr(picture, name)) and text != getattr(image, name).get(self.lang)
        }  # fmt: skip
        return ImageUseWrite(id=image.id, **own)

    def image_again(self, picture: Picture) -> ImageRow | None:
        """The image of an earlier import of this story."""
        if self.known is None:
            return None
        uses = select(ImageRow).join(ImageUseRow).where(ImageUseRow.article_id == self.known.id)
        for image in self.desk.session.exec(uses):
            same_words = (picture.caption or "") == (image.caption or {}).get(self.lang, "")
            if (image.origin_url == picture.url) if picture.url else same_words:
                return image
        return None

    def new_image(self, place: int, picture: Picture) -> str:
        def texts(value: str | None) -> dict[str, str]:
            said = mended(value)
            return {self.lang: said} if said else {}

        credit = self.credits.get(place)
        source = self.resolver.source(credit.name, "#/lead_image") if credit else None
        id = new_id("img")
        words = [texts(one) for one in (picture.caption, picture.alt, picture.credit)]
        self.desk.add_row(
            ImageRow, id=id, rights={}, caption=words[0], alt=words[1], credit=words[2],
            source_id=source, origin_url=picture.url, width=picture.width, height=picture.height,
            created_at=self.desk.now, modified_at=self.desk.now,
        )  # fmt: skip
        for row in image_words(id, *words):
            self.desk.add_row(ImageWord, **row)
        self.resolver.known["image", id] = id
        self.desk.record("created", "image", id)
        return id

    def blocks(self) -> list[BlockWrite]:
        """The body; blocks that say what they said before keep their ids."""
        pictures = iter(self.uses[1:] if self.page.lead_image else self.uses)
        sent = [self.block(one, [next(pictures) for _ in one.pictures]) for one in self.page.blocks]
        if self.known:
            sent = with_matched_ids(sent, publishing.current_content(self.desk, self.known)["body"])
        taken = {block.id for block in sent if block.id}
        free = (f"b{number}" for number in count(1) if f"b{number}" not in taken)
        return [one if one.id else one.model_copy(update={"id": next(free)}) for one in sent]

    def block(self, found: Found, uses: list[ImageUseWrite]) -> BlockWrite:
        """A found block as the desk would send it."""
        sent: dict[str, Any] = {"type": found.type}
        if found.type in ("paragraph", "heading", "quote"):
            sent |= {"html": found.html} if found.html else {"text": found.text}
        for name in ("lang", "dir", *FIELDS.get(found.type, ())):
            if getattr(found, name) is not None:
                sent[name] = getattr(found, name)
        if found.type == "embed":
            sent["fallback"] = found.text or found.caption
        if found.type == "figure":
            sent["image"] = uses[0]
        if found.type == "gallery":
            sent["images"] = uses
        return BlockWrite.model_validate(sent)

    def attributions(self) -> list[AttributionWrite]:
        """The mentions as links of the chain, each once."""
        links: dict[tuple[str, str, str], AttributionWrite] = {}
        original = self.original()
        for mention in [*([original] if original else []), *self.page.mentions]:
            scope, own = self.scope(mention), mention is original
            link = AttributionWrite(
                id=chain.ORIGINAL if own else f"a{len(links) + 1}", role=mention.role,
                source=mention.name, scope=scope, note=mention.phrase or None,
                url=self.page.url if own else None,
            )  # fmt: skip
            key = (known_sources.key(mention.name), mention.role, str(scope))
            links.setdefault(key, link)
        return list(links.values())

    def original(self) -> Mention | None:
        """The publisher that a page of another publisher is taken from."""
        if not self.is_foreign:
            return None
        name = self.page.site_name or host_of(self.page.url)
        named = (one for one in self.page.mentions if (one.name, one.scope) == (name, "article"))
        return next(named, None) or Mention(name, "relayed", "article", phrase=name)

    def scope(self, mention: Mention) -> dict[str, str] | None:
        if mention.scope == "block" and mention.block is not None:
            return {"block": self.body[mention.block].id or ""}
        if mention.scope == "image" and mention.picture is not None:
            return {"image": self.uses[mention.picture].id or ""}
        return None


FILM = ("url", "caption", "credit", "poster", "tracks")
FIELDS: dict[str, tuple[str, ...]] = {
    "heading": ("level",), "quote": ("who",),
    "list": ("ordered", "items", "start", "reversed", "marker", "outline"),
    "table": ("rows", "header", "caption"), "embed": ("provider", "url"),
    "video": FILM, "audio": FILM,
}  # fmt: skip
