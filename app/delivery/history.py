"""What a story was: its versions as they were rendered, and what readers saw at a time.

Today's gate stands before yesterday's text: the story must be one that the caller may open now,
images are shown as far as today's rights allow, and other stories that show in it (translations,
related ones) are filled in as they are now. Addresses are today's, too.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, get_origin
from urllib.parse import unquote

import orjson
import zstandard
from starlette.requests import Request
from starlette.responses import Response

from app.attribution import chain
from app.delivery import not_found
from app.delivery.cards import BY_CLOCK, by_id, translations
from app.delivery.context import ReadContext, reply
from app.errors import NotFound
from app.http.responses import Representation, etag_of
from app.json_types import Json
from app.models.article import Article
from app.models.base import FOREVER, from_column, passed, time_of, timestamp
from app.models.upstream import SOURCE_WITHDRAWN
from app.queries import articles, past_documents
from app.rendering import blocks, confidential, desk_fields, documents, live_updates
from app.rendering.placeholders import fill, named_in
from app.rendering.references import end_of, withheld_by


@dataclass(slots=True)
class PastVersion:
    """A version of a story as it was rendered."""

    version: int
    since: datetime
    story: Json
    holes: Json
    keys: str
    stamp: str
    until: Any
    state: str
    stands: bool
    content: str
    """What it was rendered from, as JSON."""

    def put(self, id: str, others: list[Json], there: dict[str, bytes]) -> None:
        """Fill its holes, as a read of the story does."""
        self.story = orjson.loads(fill(orjson.dumps(self.story), id, others, self.holes, there))


class History:
    """One story's past, as one request sees it."""

    def __init__(
        self, context: ReadContext, request: Request, row: Sequence[Any], now: datetime
    ) -> None:
        self.context, self.request, self.now = context, request, now
        self.id, self.version, self.group, live_to, self.head, boundary = row
        self.ends = from_column(boundary)
        self.end_by([time_of(live_to)])
        self.shown: list[str] = []
        """Ids of other stories that the answer shows."""

    async def of(self, versions: Iterable[int]) -> dict[int, PastVersion]:
        """Versions as they were rendered, as far as the caller may see them."""
        sql = past_documents.of_versions(self.context.caller, self.context.reader.dialect)
        return {one.version: one for one in await self.read(sql, versions=list(set(versions)))}

    async def at(self, moment: datetime) -> PastVersion:
        """What readers were shown at that time."""
        found = await self.read(past_documents.at(self.context.caller), at=moment)
        if not found:
            raise NotFound(f"Readers saw no story here at {timestamp(moment)}.")
        return found[0]

    async def read(self, sql: str, **values: Any) -> list[PastVersion]:
        """Return versions of a statement's rows, with confidential names redacted."""
        values |= {"id": self.id, "now": self.now}
        rows = await self.context.reader.rows(sql, values, light=False)
        base = self.context.settings.public_url
        found = await asyncio.to_thread(lambda: [past_version(row, base) for row in rows])
        if not self.context.caller.reads_confidential:
            await self.redact(found)
        return found

    async def redact(self, versions: Sequence[PastVersion]) -> None:
        """Take out what tells who a source is that was not confidential when this was rendered."""
        ids = {id for one in versions for id in confidential.sources_in(one.story)}
        if not (named := sorted(id for id in ids if not id.startswith(confidential.PREFIX))):
            return
        sql = past_documents.sources(self.context.reader.dialect, confidential.SOURCE)
        rows = await self.context.reader.rows(sql, {"ids": named}, light=False)
        known = confidential.known(rows, self.context.settings.default_lang)
        for one in versions:
            confidential.redact(one.story, known)
            one.keys = known.open_keys(one.keys)

    async def complete(self, versions: Sequence[PastVersion]) -> None:
        """Make of what was rendered what may be shown today."""
        for one in versions:
            await self.renew(one)
        await self.drop_removed(versions)
        await self.withhold(versions)
        await self.fill(versions)

    async def renew(self, one: PastVersion) -> None:
        """Render the present version again if a read of the story would."""
        if one.stands and (
            self.context.is_stale(self.id, one.stamp) or passed(one.until, self.now)
        ):
            fresh = (await self.context.render([self.id]))[self.id]
            one.story, one.holes = orjson.loads(fresh.whole), orjson.loads(fresh.holes or "{}")
        if one.state in BY_CLOCK:
            one.story["state"] = one.state

    async def drop_removed(self, versions: Sequence[PastVersion]) -> None:
        """Take out updates that were removed since: of those nothing is shown, whenever it was."""
        lists = [
            some for one in versions if not one.stands
            for some in (one.story.get("updates") or {}).values() if isinstance(some, list)
        ]  # fmt: skip
        if not any(lists):
            return
        rows = await self.context.reader.rows(past_documents.REMOVED, {"id": self.id})
        removed = {row[0] for row in rows}
        for some in lists:
            some[:] = [update for update in some if update["id"] not in removed]

    async def withhold(self, versions: Sequence[PastVersion]) -> None:
        """Take out what today's rights no longer allow, what was withdrawn since, and what rests
        on a dispatch that was."""
        self.restore_desk_fields(versions)
        before = [one.story for one in versions if not one.stands]
        await self.withhold_pictures(before)
        for story in before:
            for _, block in blocks_of(story):
                if block["type"] == "figure" and block["image"]["withheld"]:
                    blocks.withhold(block, block["image"]["withheld"]["reason"])
        await self.withhold_parts(before)
        if not self.context.caller.reads_confidential:
            for one in versions:
                confidential.hide_links(one.story)
        self.end_by(time_of(one.until) for one in versions if one.stands)
        if not self.context.for_desk:
            for one in versions:
                desk_fields.hide(one.story["attributions"])

    def restore_desk_fields(self, versions: Sequence[PastVersion]) -> None:
        """Put in what only editors read: which dispatches a version rests on decides, for every
        caller, what of it is withheld today."""
        address = documents.versions_address(self.context.settings, self.id)
        for one in versions:
            if one.story["attributions"]:
                kept = desk_fields.kept_fields(orjson.loads(one.content))
                desk_fields.restore(one.story["attributions"], kept)
            one.story["links"]["versions"] = address

    async def withhold_pictures(self, stories: Sequence[Json]) -> None:
        """Withhold images by today's rights, and portraits that were withdrawn."""
        uses = [use for story in stories for use in pictures(story)]
        people = [who for story in stories for who in story["contributors"] if who["image"]]
        if not uses and not people:
            return
        ids, files = {use["id"] for use in uses}, {file_in(who["image"]) for who in people}
        sql = past_documents.pictures(self.context.reader.dialect)
        rows = await self.context.reader.rows(sql, {"ids": sorted(ids), "files": sorted(files)})
        said = {
            id: withheld_by(orjson.loads(rights), withdrawn, self.now)
            for id, _, rights, withdrawn in rows
        }
        sealed = {file for _, file, _, withdrawn in rows if withdrawn}
        for use in uses:
            if reason := said.get(use["id"], GONE):
                blocks.withhold_image(use, reason["reason"])
        for who in people:
            if file_in(who["image"]) in sealed:
                who["image"] = None
        self.end_by(end for _, _, rights, _ in rows if (end := end_of(orjson.loads(rights))))

    def end_by(self, moments: Iterable[datetime]) -> None:
        """The answer is good until the first of these moments that lies ahead."""
        ahead = [one for one in moments if self.now < one < FOREVER]
        self.ends = min([*ahead, *([self.ends] if self.ends else [])], default=None)

    async def withhold_parts(self, stories: Sequence[Json]) -> None:
        """Withhold parts that rest on a dispatch that was withdrawn or is held."""
        named = {link["dispatch_id"] for story in stories for link in story["attributions"]}
        if not (ids := sorted(named - {None})):
            return
        sql = past_documents.withdrawn(self.context.reader.dialect)
        rows = await self.context.reader.rows(sql, {"ids": ids, "id": self.id})
        gone = frozenset(cause for cause, status in rows if status is None)
        causes = [(cause, status) for cause, status in rows if status is not None]
        for story in stories:
            links = story["attributions"]
            held = dict.fromkeys(chain.resting(links, gone), SOURCE_WITHDRAWN)
            for cause, status in causes:
                held |= dict.fromkeys(chain.resting(links, {cause}), f"source.{status}")
            blocks.withhold_parts(story, held)
            for update in updates_of(story):
                live_updates.withhold(self.id, update["body"], held)

    async def fill(self, versions: Sequence[PastVersion]) -> None:
        """Put in what other stories say today, in as many statements for many as for one."""
        others: list[Json] = []
        if self.group:
            found = (await translations(self.context, [self.group], self.now)).get(self.group, [])
            others = [one for one in found if one["id"] != self.id]
        named = dict.fromkeys(id for one in versions for id in named_in(one.holes))
        there = await by_id(self.context, list(named), self.now)
        for one in versions:
            one.put(self.id, others, there)
        self.shown += [*(one["id"] for one in others), *there]

    async def fill_ids(self, versions: Sequence[PastVersion]) -> None:
        """Fill placeholders with ids only, which is enough for a comparison."""
        named = dict.fromkeys(id for one in versions for id in named_in(one.holes))
        if not named:
            return
        sql = past_documents.open_now(self.context.caller, self.context.reader.dialect)
        rows = await self.context.reader.rows(sql, {"ids": list(named), "now": self.now})
        for one in versions:
            one.put(self.id, [], {row[0]: orjson.dumps({"id": row[0]}) for row in rows})

    def respond(
        self, body: bytes, version: int, modified: datetime | None = None, keys: str = ""
    ) -> Response:
        """The answer, with a lifetime that ends where the story's does."""
        composed = bool(self.group or self.shown)
        held = Representation(
            body, etag_of(body, version), modified=None if composed else modified,
            keys=" ".join(dict.fromkeys(
                ["articles", "nouns", self.id, *keys.split(), *self.shown]
            )),
        )  # fmt: skip
        return reply(
            self.context, self.request, held, now=self.now, head=self.head, boundary=self.ends,
            ends=self.ends is not None,
        )  # fmt: skip


def file_in(url: str) -> str:
    """The key in the media store that an address of ours has."""
    return unquote(url.rpartition("/media/")[2])


GONE = {"reason": "removed"}
EMPTY: Json = {
    name: [] if get_origin(field.annotation) is list else None
    for name, field in Article.model_fields.items()
    if field.is_required()
}
"""What a story says in fields that there were not yet when it was rendered."""


def past_version(row: Sequence[Any], base: str) -> PastVersion:
    """A row of `past_documents` as a version, its addresses and fields as they are today."""
    version, since, pressed, holes, keys, stamp, until, state, stands, content = row
    story = EMPTY | orjson.loads(zstandard.decompress(pressed))
    rebase(story, base)
    confidential.complete(story)
    return PastVersion(
        version, time_of(since), story, orjson.loads(holes or "{}"), keys, stamp, until, state,
        bool(stands), content,
    )  # fmt: skip


def blocks_of(story: Json) -> list[tuple[str, Json]]:
    """Every block of a story's JSON, those of its updates too, with the name of its hole."""
    inside = [
        (f"{one['id']}/{block['id']}", block) for one in updates_of(story) for block in one["body"]
    ]
    return [*((block["id"], block) for block in story["body"]), *inside]


def updates_of(story: Json) -> list[Json]:
    """The updates that a story's JSON has; one may stand in several of its lists."""
    lists = (story.get("updates") or {}).values()
    return [one for some in lists if isinstance(some, list) for one in some]


def pictures(story: Json) -> list[Json]:
    """Every image use of a story's JSON."""
    inside = [
        use for _, block in blocks_of(story)
        for use in block.get("images") or [block.get("image")]
    ]  # fmt: skip
    return [use for use in (story["lead_image"], *inside) if use]


ADDRESSES = (
    "url", "srcset", "self", "canonical", "attributions", "versions", "image", "poster",
    "next",
)  # fmt: skip


def rebase(value: Any, base: str) -> None:
    """Addresses that began with where the API was when this was rendered begin where it is now."""
    before = str(value["links"]["self"]).rpartition("/v1/")[0]
    if before != base:
        move(value, before + "/", base + "/")


def move(value: Any, before: str, base: str) -> None:
    """Replace the beginning of addresses in JSON, in place."""
    if isinstance(value, list):
        for one in value:
            move(one, before, base)
    elif isinstance(value, dict):
        for name, one in value.items():
            if isinstance(one, str):
                if name in ADDRESSES and one.startswith(before):
                    value[name] = one.replace(before, base)
            else:
                move(one, before, base)


async def opened(
    context: ReadContext, request: Request, name: str, lang: str | None = None
) -> History | Response:
    """Return the versions of a story that the caller may read; else the response of
    `not_found.respond`."""
    now = datetime.now(UTC)
    condition, values = articles.named(context.caller, name, lang)
    rows = await context.reader.rows(
        past_documents.opened(context.caller, condition), values | {"now": now}
    )
    if not rows:
        return await not_found.respond(context, request, name, lang)
    return History(context, request, rows[0], now)
