"""Updates of live stories as readers get them, and what the story's own document has of them.

An update is rendered when it changes, as a story is. What it shows of others (images, its author)
may change too: `forget` has it rendered again, by whoever reads it first or by the worker.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import literal, literal_column, union_all, update
from sqlmodel import Session, col, select

from app import urls
from app.config import Settings
from app.json_types import Json
from app.models.article import ArticleRow, VersionRow
from app.models.base import FOREVER, timestamp
from app.models.image import ImageRow, ImageUseRow
from app.models.live import LiveUpdateRow
from app.models.section import ContributorRole
from app.models.source import AttributionRow, SourceRow
from app.queries import dispatches, upstream
from app.rendering import blocks, confidential, source_marks
from app.rendering.references import References, rights_end
from app.request import cursors

Holds = Mapping[str, Mapping[str, str]]
NEWEST, KEY_MOMENTS, MOST_PINNED = 10, 50, 10
PAST = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class Rendered:
    """An update as readers get it, and what it depends on."""

    document: bytes
    holes: str | None = None
    valid_until: datetime = FOREVER
    keys: str = ""


@dataclass
class Held:
    """What a live story's document has of its updates."""

    shape: Json = field(default_factory=dict)
    terms: set[str] = field(default_factory=set)
    holes: dict[str, list[str]] = field(default_factory=dict)
    valid_until: datetime = FOREVER


NO_UPDATES = Held()
"""What the document of an article that is not live has."""


def render(
    session: Session, settings: Settings, rows: Sequence[LiveUpdateRow], lang: str, now: datetime,
    holds: Holds, reveal: bool = False,
) -> dict[str, Rendered]:  # fmt: skip
    """Updates of stories in this language, rendered in a fixed number of statements. `reveal`: for a
    caller who reads the names of confidential sources."""
    shown = References(session, settings, now, reveal)
    standing = [row for row in rows if not row.removed]
    people = [{"id": row.author_id} for row in standing if row.author_id]
    named = {"sections": [], "tags": [], "contributors": people, "attributions": []}
    shown.load([named], {use["id"] for row in standing for _, use in uses_of(row)})
    return {row.id: one(shown, row, lang, now, holds.get(row.article_id, {})) for row in rows}


def holds_of(session: Session, ids: Iterable[str]) -> Holds:
    """What of these stories is held because of what it rests on, by the story."""
    link = AttributionRow
    resting = select(link.article_id, link.dispatch_id).where(
        col(link.article_id).in_(list(ids)), col(link.dispatch_id).is_not(None)
    )
    rows = session.exec(resting).all()
    if not rows:
        return {}
    withdrawn = dispatches.withdrawn(session, [dispatch for _, dispatch in rows if dispatch])
    articles = sorted({article for article, _ in rows})
    flags = upstream.open_flags(session, articles)
    present = select(VersionRow).join(
        ArticleRow,
        (col(ArticleRow.id) == VersionRow.article_id)
        & (col(ArticleRow.version) == VersionRow.version),
    )
    return {
        id: source_marks.marks(id, one.content["attributions"], withdrawn, flags.get(id, ())).held
        for one in session.exec(present.where(col(VersionRow.article_id).in_(articles)))
        if (id := one.article_id)
    }  # fmt: skip


def uses_of(row: LiveUpdateRow) -> list[tuple[str, Json]]:
    """Every image use of an update, with the id of its block."""
    return [(kept["id"], use) for kept in row.content["body"] for use in blocks.images_of(kept)]


def one(
    shown: References, row: LiveUpdateRow, lang: str, now: datetime, held: Mapping[str, str]
) -> Rendered:
    """One update's bytes. Stories that its text names are holes, as in a story's document."""
    if row.removed:
        return Rendered(orjson.dumps(to_json(row, None, [])))
    body = [
        blocks.show(kept, lambda use: shown.image(use, lang, row.article_id), {}, lang)
        for kept in row.content["body"]
    ]
    withhold(row.article_id, body, held)
    holes = {}
    for kept, block in zip(row.content["body"], body, strict=True):
        if kept["type"] == "related" and not block["withheld"]:
            place = f"{row.id}/{kept['id']}"
            holes[place], block["articles"] = kept.get("articles", []), {"$fill": place}
    author = shown.contributor(row.author_id, "reporter", lang) if row.author_id else None
    images = [shown.images[use["id"]] for _, use in uses_of(row)]
    ends = [end for image in images if (end := rights_end(image)) and end > now]
    named = {image.source_id for image in images if image.source_id}
    keys = {image.id for image in images} | {row.author_id}
    keys |= {id for id in named if not shown.sources[id].confidential}
    return Rendered(
        orjson.dumps(to_json(row, author, body)), orjson.dumps(holes).decode() if holes else None,
        min(ends, default=FOREVER), " ".join(sorted(filter(None, keys))),
    )  # fmt: skip


def withhold(article_id: str, body: list[Json], held: Mapping[str, str]) -> None:
    """Withhold an update if its story as a whole is withheld, and images that are. Block ids are
    the story's: an update may have equal ones."""
    here = {id: why for id, why in held.items() if id == article_id or id.startswith("img_")}
    if here:
        blocks.withhold_parts({"id": article_id, "lead_image": None, "body": body}, here)


def to_json(row: LiveUpdateRow, author: Json | None, body: list[Json]) -> Json:
    """LiveUpdate as JSON."""
    there = not row.removed
    return {
        "id": row.id, "version": row.version, "at": timestamp(row.at),
        "modified_at": timestamp(row.modified_at), "author": author,
        "key": there and row.is_key, "pinned": there and row.pinned,
        "headline": row.content["headline"] if there else None, "body": body,
        "removed": row.removed,
    }  # fmt: skip


def keep(row: LiveUpdateRow, made: Rendered, stamp: str) -> None:
    """Put what readers get in its place."""
    row.document, row.holes, row.keys = made.document, made.holes, made.keys
    row.valid_until, row.stamp = made.valid_until, stamp


def is_fresh(row: LiveUpdateRow, stamp: str, now: datetime) -> bool:
    """Return whether the rendering of an update is of this renderer and still valid."""
    return row.stamp == stamp and row.valid_until > now


def held(
    session: Session, settings: Settings, langs: Mapping[str, str], stamp: str,
    now: datetime, holds: Holds, reveal: bool = False,
) -> dict[str, Held]:  # fmt: skip
    """What the documents of live stories have of their updates. `langs`: the stories' languages by id; `holds`:
    the withheld parts of each; `reveal`: as in `render`."""
    found: dict[str, dict[str, list[LiveUpdateRow]]] = {
        id: {"pinned": [], "key": [], "newest": []} for id in langs
    }
    for place, row in session.execute(shown_by(langs)):
        found[row.article_id][place].append(row)
    terms = terms_of(session, langs)
    return {
        id: held_by(session, settings, id, lists, langs[id], terms[id], stamp, now, holds, reveal)
        for id, lists in found.items()
    }


def shown_by(ids: Iterable[str]) -> Any:
    """The updates that these stories' documents show, with the list that each stands in."""
    row: Any = LiveUpdateRow
    parts = []
    for id in ids:
        there = row.article_id == id, row.removed.is_(False)
        lists = (
            ("pinned", (row.pinned.is_(True),), MOST_PINNED),
            ("key", (row.is_key.is_(True),), KEY_MOMENTS),
            ("newest", (), NEWEST + 1),
        )
        for place, conditions, most in lists:
            newest = (
                select(row.id).where(*there, *conditions).order_by(row.at.desc(), row.id.desc())
            )
            part = newest.limit(most).subquery()
            parts.append(select(literal(place).label("place"), part.c.id.label("id")))
    both = union_all(*parts).subquery()
    joined = select(both.c.place, row).join(both, both.c.id == row.id)
    return joined.order_by(row.at.desc(), row.id.desc())


def held_by(
    session: Session, settings: Settings, id: str, lists: dict[str, list[LiveUpdateRow]],
    lang: str, terms: set[str], stamp: str, now: datetime, holds: Holds, reveal: bool,
) -> Held:  # fmt: skip
    """The same for one story."""
    more = len(lists["newest"]) > NEWEST
    lists["newest"] = lists["newest"][:NEWEST]
    rows = {row.id: row for some in lists.values() for row in some}
    stale = [row for row in rows.values() if reveal or not is_fresh(row, stamp, now)]
    fresh = render(session, settings, stale, lang, now, holds, reveal) if stale else {}
    told = {
        row.id: fresh.get(row.id) or Rendered(row.document, row.holes, row.valid_until, row.keys)
        for row in rows.values()
    }
    shown: Json = {
        place: [orjson.Fragment(told[row.id].document) for row in some]
        for place, some in lists.items()
    }
    shown["next"] = older_than(settings, id, lists["newest"][-1]) if more else None
    holes = {place: ids for one in told.values() if one.holes
             for place, ids in orjson.loads(one.holes).items()}  # fmt: skip
    until = min((one.valid_until for one in told.values()), default=FOREVER)
    return Held(shown, terms, holes, until)


def older_than(settings: Settings, article_id: str, row: LiveUpdateRow) -> str:
    """Return the URL of the updates before this one."""
    cursor = cursor_of(article_id, "", [timestamp(row.at), row.id])
    return urls.api(settings, "articles", article_id, "updates") + f"?cursor={cursor}"


def cursor_of(article_id: str, after: str, position: list[str]) -> str:
    """A place among the updates. It stands in documents too, so it depends on no secret."""
    return cursors.write([CURSORS], f"{article_id} {after}", position)


def position_in(article_id: str, after: str, cursor: str, length: int) -> list[str]:
    """The position in a cursor of an article's updates. Raises CursorInvalid."""
    return cursors.read([CURSORS], f"{article_id} {after}", cursor, length)


CURSORS = b"updates"
"""What cursors of updates are signed with: a mistake is told, and nobody gains by another."""


def terms_of(session: Session, ids: Iterable[str]) -> dict[str, set[str]]:
    """What all updates of these stories show: the terms that the stories are found by."""
    use, row, image = col(ImageUseRow.article_id), col(LiveUpdateRow.article_id), ImageRow
    pictured = (
        select(use, ImageUseRow.image_id, image.source_id, col(SourceRow.confidential))
        .join(image, col(image.id) == ImageUseRow.image_id)
        .outerjoin(SourceRow, col(SourceRow.id) == image.source_id)
        .where(use.in_(list(ids)), col(ImageUseRow.update_id).is_not(None)).distinct()
    )  # fmt: skip
    told: Any = (
        select(row, LiveUpdateRow.author_id, literal_column("NULL"), literal(False))
        .where(row.in_(list(ids)), col(LiveUpdateRow.author_id).is_not(None))
        .where(col(LiveUpdateRow.removed).is_(False)).distinct()
    )  # fmt: skip
    terms: dict[str, set[str]] = {id: set() for id in ids}
    for id, noun, source, hidden in session.execute(union_all(pictured, told)):
        terms[id].add(noun)
        if noun.startswith("con_"):
            terms[id].add(f"{noun}:{ContributorRole.reporter}")
        if source:
            own = (
                {confidential.term(source, True)} if hidden else {source, f"{source}:photographed"}
            )
            terms[id] |= own
    naming = select(row, LiveUpdateRow.holes).where(
        row.in_(list(ids)), col(LiveUpdateRow.holes).is_not(None)
    )
    for id, holes in session.execute(naming):
        terms[id] |= {one for named in orjson.loads(holes).values() for one in named}
    return terms


def image_ids(session: Session, article_id: str) -> set[str]:
    """Every image that the story's updates show."""
    uses = select(ImageUseRow.image_id).where(ImageUseRow.article_id == article_id)
    return set(session.exec(uses.where(col(ImageUseRow.update_id).is_not(None))))


def forget(session: Session, article_ids: Sequence[str], keys: Sequence[str] | None = None) -> None:
    """Updates of these stories that show one of these images, sources or people are to be rendered
    again; without `keys` all are. The stories' rows are locked: nobody is posting."""
    row: Any = LiveUpdateRow
    condition = row.article_id.in_(article_ids)
    if keys is not None and not any(key.startswith(RESTED_ON) for key in keys):
        named = [key for key in keys if key.startswith(SHOWN)]
        if not named:
            return
        condition &= showing(named)
    session.execute(update(LiveUpdateRow).where(condition).values(valid_until=PAST))


SHOWN = ("img_", "src_", "con_")
"""How the ids of what an update shows begin."""

RESTED_ON = "dsp_"
"""How the ids of dispatches begin: what rests on one may be held."""


def showing(keys: Sequence[str]) -> Any:
    """A condition of updates that show one of these."""
    uses = select(ImageUseRow.update_id).where(col(ImageUseRow.update_id).is_not(None))
    of_sources = select(ImageRow.id).where(col(ImageRow.source_id).in_(keys))
    pictured = col(ImageUseRow.image_id).in_(keys) | col(ImageUseRow.image_id).in_(of_sources)
    return col(LiveUpdateRow.author_id).in_(keys) | col(LiveUpdateRow.id).in_(uses.where(pictured))


def held_fast(session: Session, ids: Iterable[str]) -> list[str]:
    """Lock those of these updates that nobody is writing; return their ids."""
    query = select(LiveUpdateRow.id).where(col(LiveUpdateRow.id).in_(list(ids)))
    return list(session.exec(query.with_for_update(skip_locked=True)))


def stale(stamp: str, now: datetime) -> Any:
    """Return a SELECT of the ids of updates that another renderer made or that are past their
    time."""
    row = LiveUpdateRow
    conditions = row.stamp < stamp, row.stamp > stamp, row.valid_until <= now
    return union_all(*[select(row.id).where(one) for one in conditions])


def renewed(
    session: Session, settings: Settings, ids: Sequence[str], reveal: bool = False
) -> dict[str, Rendered]:
    """These updates, rendered now; `reveal`: as in `render`."""
    return {row.id: made for row, made in anew(session, settings, ids, reveal)}


def anew(
    session: Session, settings: Settings, ids: Sequence[str], reveal: bool = False
) -> list[tuple[LiveUpdateRow, Rendered]]:
    """Render updates again by id; return each row with its result, in its story's language."""
    now = datetime.now(UTC)
    pairs = session.exec(
        select(LiveUpdateRow, ArticleRow.lang)
        .join(ArticleRow, col(ArticleRow.id) == LiveUpdateRow.article_id)
        .where(col(LiveUpdateRow.id).in_(ids))
    ).all()  # fmt: skip
    holds = holds_of(session, {row.article_id for row, _ in pairs})
    found = []
    for lang in sorted({lang for _, lang in pairs}):
        rows = [row for row, spoken in pairs if spoken == lang]
        made = render(session, settings, rows, lang, now, holds, reveal)
        found += [(row, made[row.id]) for row in rows]
    return found
