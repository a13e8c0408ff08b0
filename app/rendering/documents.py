"""What readers see, rendered when it changes: cards and whole stories as JSON bytes.

A document holds no other article's text or state: `translations`, `related` and related
blocks are holes that the read fills, through the gate. docs/architecture.md.
"""

import gzip
import hashlib
from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
import zstandard
from sqlalchemy import update
from sqlmodel import Session, col, select

from app import urls
from app.attribution import chain
from app.config import Settings
from app.db.array_parameter import among
from app.db.write_batch import Batch
from app.formats import inline_html
from app.http.responses import etag_of
from app.json_types import Json
from app.models.article import ArticleRow, CardRow, CorrectionRow, DocumentRow, TermRow, VersionRow
from app.models.base import FOREVER, direction, optional_timestamp, pick, timestamp
from app.models.card import Kind, State
from app.models.image import ImageUseRow
from app.models.source import AttributionRow
from app.queries import past_documents, upstream
from app.rendering import blocks, confidential, desk_fields, live_updates, source_marks
from app.rendering.references import References, ancestors_of, known, rights_end
from app.search_index import writer

SHAPE = "7"
"""Raise it when the JSON of a document changes, or its terms: old ones are then rendered again."""

WORDS_A_MINUTE = {"ar": 180}
TRANSLATIONS_HOLE = b'"translations":[]'
RELATED_HOLE = b'"related":[]'

Row = Any

OWN = "coalesce(update_id, '') = ''"
"""That a use of an image is the story's own, not one of its updates': said so that SQLite, which keeps
no statistics, doesn't walk the index of all that are."""

LIVE = (
    select(ArticleRow, VersionRow)
    .join(VersionRow, (col(VersionRow.article_id) == ArticleRow.id)
          & (col(VersionRow.version) == ArticleRow.version))
    .where(among(col(ArticleRow.id)))
)  # fmt: skip
"""Some stories with their current versions."""
NOTICES = (
    select(CorrectionRow)
    .where(among(col(CorrectionRow.article_id)))
    .order_by(col(CorrectionRow.at), col(CorrectionRow.id))
)
"""The corrections of some stories, in their order."""


@dataclass(slots=True)
class Built:
    """A story rendered: the rows of its document, and what it can be found by."""

    row: Row
    card: bytes
    whole: bytes
    etag: str
    holes: str | None
    terms: set[str]
    valid_until: datetime
    content: Json

    @property
    def keys(self) -> str:
        """Surrogate keys: the article, and the catalog items that it shows."""
        nouns = {term for term in self.terms if ":" not in term and not term.startswith("art_")}
        return " ".join([self.row.id, *sorted(nouns)])


def stamp_of(settings: Settings) -> str:
    """The renderer's stamp: the shape and every setting that a document contains."""
    parts = [
        SHAPE, settings.public_url, settings.site, settings.article_url, settings.section_url,
        settings.tag_url, settings.contributor_url, settings.short_url, settings.langs,
        chain.STAMP, str(settings.public_versions),
    ]  # fmt: skip
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def expire(session: Session, ids: Sequence[str], now: datetime) -> None:
    """Mark documents of these stories as stale, so that reads render them until the worker does."""
    for table in (CardRow, DocumentRow):
        mine = col(table.article_id).in_(ids)
        session.execute(update(table).where(mine).values(valid_until=now))


def expire_showing(session: Session, keys: Sequence[str], now: datetime) -> None:
    """Mark documents of all stories that show one of these as stale."""
    showing = select(TermRow.article_id).where(col(TermRow.term).in_(keys))
    for table in (CardRow, DocumentRow):
        mine = col(table.article_id).in_(showing)
        session.execute(update(table).where(mine).values(valid_until=now))


def write(
    session: Session, settings: Settings, ids: Sequence[str], new: Container[str] = (),
    *, now: datetime, silent: bool = False,
) -> list[Built]:  # fmt: skip
    """Render these stories and put what readers get in place, in this transaction. Those that are
    `new` in it have nothing that would have to go; of others the old documents become editions."""
    session.flush()
    built = build(session, settings, ids)
    stamp, batch = stamp_of(settings), Batch(session)
    since: dict[str, datetime] = {}
    if old := [id for id in ids if id not in new]:
        versions = {one.row.id: one.row.version for one in built if one.row.id not in new}
        since = past_documents.keep(session, versions, now, silent)
        for table in (CardRow, DocumentRow, TermRow, AttributionRow):
            batch.delete(table, "article_id", old)
        batch.delete(ImageUseRow, "article_id", old, OWN)
    batch.insert(CardRow, [card_row(one, stamp) for one in built])
    documents = [document_row(one, stamp, since.get(one.row.id, now)) for one in built]
    batch.insert(DocumentRow, documents)
    batch.insert(TermRow, [row for one in built for row in term_rows(one)])
    batch.insert(AttributionRow, [row for one in built for row in attribution_rows(one)])
    batch.insert(ImageUseRow, [row for one in built for row in image_rows(one)])
    writer.write(batch, settings, built, new)
    batch.send()
    return built


def build(
    session: Session, settings: Settings, ids: Sequence[str], reveal: bool = False
) -> list[Built]:
    """Stories rendered, in a number of statements that does not grow with them. `reveal`: for a
    caller who reads the names of confidential sources."""
    told = in_hand(session, ids)
    if told is None:
        pairs = session.exec(LIVE, params={"ids": ids}).all()
        told = [(row, version.content) for row, version in pairs]
    return build_of(session, settings, told, reveal)


def in_hand(session: Session, ids: Sequence[str]) -> list[tuple[ArticleRow, Json]] | None:
    """A story and its current version where this transaction has them already."""
    if len(ids) != 1:
        return None
    row = known(session, ArticleRow, ids[0])
    version = known(session, VersionRow, (row.id, row.version)) if row else None
    return [(row, version.content)] if row and version else None


def build_of(
    session: Session, settings: Settings, told: Sequence[tuple[ArticleRow, Json]],
    reveal: bool = False,
) -> list[Built]:  # fmt: skip
    """Render contents that are not the stored present version: old versions, previews."""
    now = datetime.now(UTC)
    contents = [content for _, content in told]
    shown = References(session, settings, now, reveal)
    shown.load(contents, {id for content in contents for id in image_ids(content)})
    shown.flags = upstream.open_flags(session, [row.id for row, _ in told])
    notices = corrections_of(session, [row.id for row, _ in told])
    holds = {row.id: marks_of(shown, row, content).held for row, content in told}
    live = {row.id: content["lang"] for row, content in told if content["kind"] == Kind.live}
    stamp = stamp_of(settings)
    reported = live_updates.held(session, settings, live, stamp, now, holds, reveal) if live else {}
    return [
        render(settings, shown, row, content, notices.get(row.id, []), reported.get(row.id), now)
        for row, content in told
    ]


def use_list(content: Json) -> list[tuple[str, Json]]:
    """Every image use, with the id of its block (empty: the lead)."""
    lead = [("", content["lead_image"])] if content["lead_image"] else []
    return lead + [(kept["id"], use) for kept in content["body"] for use in blocks.images_of(kept)]


def image_ids(content: Json) -> set[str]:
    """Ids of the images that an article uses."""
    return {use["id"] for _, use in use_list(content)}


def corrections_of(session: Session, ids: Sequence[str]) -> dict[str, list[CorrectionRow]]:
    """The corrections of articles, by article."""
    found: dict[str, list[CorrectionRow]] = {}
    for row in session.exec(NOTICES, params={"ids": ids}):
        found.setdefault(row.article_id, []).append(row)
    return found


def render(
    settings: Settings, shown: References, row: ArticleRow, content: Json,
    notices: list[CorrectionRow], reported: live_updates.Held | None, now: datetime,
) -> Built:  # fmt: skip
    """One story's bytes."""
    lang = content["lang"]
    corrections = {notice.id: correction(settings, notice, lang) for notice in notices}
    body = [
        blocks.show(kept, lambda use: shown.image(use, lang, row.id), corrections, lang)
        for kept in content["body"]
    ]
    lead = content["lead_image"] and shown.image(content["lead_image"], lang, row.id)
    marks = marks_of(shown, row, content)
    parts = {"id": row.id, "lead_image": lead, "body": body}
    blocks.flag_parts(parts, marks.status)
    blocks.withhold_parts(parts, marks.held)
    card = card_of(settings, shown, row, content, body, lead, marks)
    rest = rest_of(shown, row, content, body, list(corrections.values()), marks)
    rest["updates"] = reported.shape if reported else None
    reported = reported or live_updates.NO_UPDATES
    whole = orjson.dumps(card | rest)
    return Built(
        row=row, card=orjson.dumps(card), whole=whole, etag=etag_of(whole, row.version),
        holes=holes_of(content, reported.holes), content=content,
        terms=terms_of(shown, content) | reported.terms,
        valid_until=min(valid_until(shown, content, now), reported.valid_until),
    )  # fmt: skip


def marks_of(shown: References, row: ArticleRow, content: Json) -> source_marks.Marks:
    """What sources did to the items that an article rests on."""
    flags = shown.flags.get(row.id, ())
    if not flags and not shown.withdrawn:
        return source_marks.NO_MARKS
    return source_marks.marks(row.id, content["attributions"], shown.withdrawn, flags)


def card_of(
    settings: Settings, shown: References, row: ArticleRow, content: Json, body: list[Json],
    lead: Json | None, marks: source_marks.Marks,
) -> Json:  # fmt: skip
    """The card: ArticleCard as a dict."""
    lang = content["lang"]
    links, sources = links_of(content), shown.credited()
    section = shown.section(content["section"], lang) if content["section"] else None
    count = sum(inline_html.word_count(block["text"] or "") for block in body)
    people = [shown.contributor(who["id"], who["role"], lang) for who in content["contributors"]]
    drafted = row.first_published_at is None
    url = urls.article(settings, lang, section["path"] if section else None, row.slug)
    return {
        "id": row.id, "kind": content["kind"], "state": row.state, "version": row.version,
        "lang": lang, "dir": direction(lang),
        "slug": row.slug, "slug_latin": content["slug_latin"], "url": url,
        "short_url": short_url(settings, row.id),
        "kicker": content["kicker"], "headline": content["headline"],
        "short_headline": content["short_headline"], "summary": content["summary"],
        "urgency": content["urgency"],
        "section": section, "sections": [shown.section(id, lang) for id in content["sections"]],
        "tags": [shown.tag(id, lang) for id in content["tags"]],
        "contributors": people, "byline": byline(settings, people, lang),
        "lead_image": lead,
        "word_count": count, "read_minutes": -(-count // WORDS_A_MINUTE.get(lang, 220)),
        "sources": [shown.source(id, row.id) for id in chain.credited(links, sources)],
        "credit_line": chain.credit_lines(
            links, sources, list(dict.fromkeys([*settings.languages, lang]))
        ),
        "credit_line_override": content["credit_line_override"], "source_status": marks.article,
        "translations": [], "date_line": content["date_line"],
        "created_at": timestamp(row.created_at),
        "first_published_at": optional_timestamp(row.first_published_at),
        "published_at": None if drafted else timestamp(row.published_at),
        "updated_at": optional_timestamp(row.updated_at), "modified_at": timestamp(row.modified_at),
        "embargo_until": optional_timestamp(row.embargo_until),
        "expires_at": optional_timestamp(row.expires_at),
        "links": {
            "self": urls.api(settings, "articles", row.id),
            "canonical": original_of(shown, row, content) or url,
            "attributions": urls.api(settings, "articles", row.id, "attributions"),
            "versions": versions_address(settings, row.id) if settings.public_versions else None,
        },
    }  # fmt: skip


def original_of(shown: References, row: ArticleRow, content: Json) -> str | None:
    """The address of another publisher's page that a story was imported from."""
    links = (link for link in content["attributions"] if link["id"] == chain.ORIGINAL)
    return next((shown.attribution(link, row.id)["url"] for link in links), None)


def versions_address(settings: Settings, id: str) -> str:
    """The address of an article's versions."""
    return urls.api(settings, "articles", id, "versions")


def rest_of(
    shown: References, row: ArticleRow, content: Json, body: list[Json], notices: list[Json],
    marks: source_marks.Marks,
) -> Json:  # fmt: skip
    """Return the fields of a whole story that its card lacks."""
    return {
        "body": body,
        "attributions": [
            shown.attribution(link, row.id) | dict.fromkeys(desk_fields.NAMES)
            | {"source_status": marks.status.get(link["id"])}
            for link in content["attributions"]
        ],
        "corrections": [
            {name: value for name, value in notice.items() if name != "shown_text"}
            for notice in notices
        ],
        "related": [], "rights": content["rights"],
    }  # fmt: skip


def correction(settings: Settings, row: CorrectionRow, lang: str) -> Json:
    """A correction as JSON, in the language of the article."""
    return {
        "id": row.id, "kind": row.kind, "text": row.text, "blocks": row.blocks,
        "from_version": row.from_version, "to_version": row.to_version, "at": timestamp(row.at),
        "shown_text": pick(row.text, lang, settings.default_lang),
    }  # fmt: skip


def links_of(content: Json) -> list[chain.Link]:
    """The attributions of an article as links of a chain."""
    return [
        chain.Link(
            id=link["id"], source_id=link["source"], role=link["role"],
            scope=next(iter(link["scope"])), scope_id=next(iter(link["scope"].values())),
            via=link["via"], position=place,
        )
        for place, link in enumerate(content["attributions"])
    ]  # fmt: skip


AND = {"ar": " و", "en": " and "}


def byline(settings: Settings, people: list[Json], lang: str) -> str | None:
    """The reporters' names as a sentence of the story's language."""
    names = [
        pick(who["name"], lang, settings.default_lang)
        for who in people if who["role"] == "reporter"
    ]  # fmt: skip
    if len(names) < 2:
        return names[0] if names else None
    comma = "، " if direction(lang) == "rtl" else ", "
    return comma.join(names[:-1]) + AND.get(lang, comma) + names[-1]


def short_url(settings: Settings, id: str) -> str | None:
    """The short address of an article, if the settings have a pattern for it."""
    return urls.fill_pattern(settings, settings.short_url, id=id) if settings.short_url else None


def holes_of(content: Json, reported: dict[str, list[str]]) -> str | None:
    """Return as JSON the ids of stories that each read fills in: `related`, and those of
    `related` blocks."""
    inside = {
        kept["id"]: kept.get("articles", [])
        for kept in content["body"] if kept["type"] == "related"
    } | reported  # fmt: skip
    if not inside and not content["related"]:
        return None
    return orjson.dumps({"related": content["related"], "blocks": inside}).decode()


def terms_of(shown: References, content: Json) -> set[str]:
    """Ids of what the story shows; a source or a contributor also with each role that it has."""
    terms = {*content["sections"], *content["tags"], *content["related"]}
    terms |= {id for kept in content["body"] for id in kept.get("articles", [])}
    for who in content["contributors"]:
        portrait = shown.contributors[who["id"]].image_id
        terms |= {who["id"], f"{who['id']}:{who['role']}"}
        terms |= {portrait} if portrait else set()
    for id in content["sections"]:
        terms |= {shown.paths[path].id for path in ancestors_of(shown.sections[id].path)}
    for link in content["attributions"]:
        hidden = shown.sources[link["source"]].confidential
        terms |= source_terms(link["source"], link["role"], hidden)
        if link["dispatch_id"]:
            terms.add(confidential.term(link["dispatch_id"], hidden))
    for _, use in use_list(content):
        terms.add(use["id"])
        if source := shown.images[use["id"]].source_id:
            terms |= source_terms(source, "photographed", shown.sources[source].confidential)
    return terms


def source_terms(id: str, role: str, hidden: bool) -> set[str]:
    """By what a story is found that names a source in this role; a confidential one is for
    re-renderings alone."""
    return {confidential.term(id, hidden)} if hidden else {id, f"{id}:{role}"}


def valid_until(shown: References, content: Json, now: datetime) -> datetime:
    """The moment at which the clock alone makes the document wrong: an image's rights end."""
    ends = [rights_end(shown.images[use["id"]]) for _, use in use_list(content)]
    return min((end for end in ends if end and end > now), default=FOREVER)


def card_row(one: Built, stamp: str) -> Json:
    """The row of a rendered card."""
    return {
        "article_id": one.row.id, "stamp": stamp, "valid_until": one.valid_until,
        "etag": etag_of(one.card, one.row.version), "body": one.card,
    }  # fmt: skip


def document_row(one: Built, stamp: str, since: datetime) -> Json:
    """The row of a rendered document. `since`: from when on it says what it says."""
    out = one.row.state == State.published
    return {
        "article_id": one.row.id, "version": one.row.version, "since": since,
        "shown_from": max(since, one.row.live_from) if out else FOREVER,
        "shown_to": one.row.live_to if out else FOREVER,
        "stamp": stamp, "valid_until": one.valid_until,
        "etag": one.etag, "holes": one.holes, "keys": one.keys, "body": one.whole,
        "zstd": zstandard.compress(one.whole, 3), "gzip": gzipped(one.whole),
    }  # fmt: skip


def gzipped(body: bytes) -> bytes:
    """Compress with gzip reproducibly: equal bytes for equal input."""
    return gzip.compress(body, 4, mtime=0)


def term_rows(one: Built) -> list[Json]:
    """The rows by which lists find an article."""
    return [
        {"article_id": one.row.id, "term": term, "published_at": one.row.published_at}
        for term in sorted(one.terms)
    ]


def attribution_rows(one: Built) -> list[Json]:
    """The rows of an article's attributions."""
    return [
        {
            "article_id": one.row.id, "id": link.id, "source_id": link.source_id,
            "role": link.role, "scope": link.scope, "scope_id": link.scope_id, "via": link.via,
            "dispatch_id": kept["dispatch_id"],
        }
        for link, kept in zip(links_of(one.content), one.content["attributions"], strict=True)
    ]  # fmt: skip


def image_rows(one: Built) -> list[Json]:
    """The rows of the images that an article uses."""
    uses = {(use["id"], block) for block, use in use_list(one.content)}
    return [
        {"article_id": one.row.id, "image_id": image, "block_id": block}
        for image, block in sorted(uses)
    ]
