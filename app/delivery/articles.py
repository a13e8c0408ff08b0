"""One story as a caller reads it now: found by id or slug, current, and answered."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from app.delivery import includes, not_found
from app.delivery.cards import (
    BY_CLOCK,
    LONG,
    Row,
    by_id,
    put_state,
    translations,
)
from app.delivery.context import ReadContext, reply
from app.http.responses import Representation, etag_of, negotiate_encoding
from app.models.base import ENDLESS, passed, time_of
from app.queries import articles, log_position
from app.rendering import desk_fields, documents
from app.rendering.placeholders import fill, named_in
from app.request import filters, output
from app.request.output import PLAIN, OutputOptions


@dataclass(slots=True)
class Current:
    """A whole story as a caller reads it now."""

    body: bytes
    etag: str
    keys: str
    coded: bytes | None
    modified: datetime
    boundary: datetime | None
    head: int
    composed: bool
    ends: bool = False
    """Whether it goes, or something in it, at a moment of its own."""
    id: str = ""
    version: int = 0
    group: str | None = None
    holes: str | None = None


async def by_name(
    context: ReadContext, request: Request, name: str, known: Sequence[str] = ("lang",)
) -> Response:
    """A story by id, by slug, or by a former slug, which leads to the current one. With `lang`
    it is the story in that language: itself, or its translation."""
    query = request.scope["query_string"]
    params = filters.parse_params(query, known) if query else {}
    lang, form = params.get("lang"), output.parse(params) if params else PLAIN
    condition, values = articles.named(context.caller, name, lang)
    found = await story(context, request, condition, form=form, **values)
    return found or await not_found.respond(context, request, name, lang)


async def story(
    context: ReadContext, request: Request, condition: str, *, form: OutputOptions = PLAIN, also: str = "",
    **values: Any,
) -> Response | None:  # fmt: skip
    """A whole story, or None where this caller sees none. `also`: the keys of what else makes it
    stale, whose moments end it too."""
    now = datetime.now(UTC)
    coding = negotiate_encoding(request.headers.get("accept-encoding", ""), 10_000)
    stored = coding if coding in ("zstd", "gzip") else ""
    if context.preview:
        condition, values["only"] = f"({condition}) AND a.id = :only", context.preview.article_id
    sql = articles.whole(context.caller, condition, stored)
    values["now"] = now
    rows = await context.reader.rows(sql, values)
    if not rows:
        return None
    one = await current(context, rows[0], now, filled=not form.include)
    if form.include:
        await put_beside(context, one, form, now)
    if also:
        one.keys = one.keys + also
        one.boundary = await log_position.next_moment(context.reader, now, one.boundary)
    if form is not PLAIN and form and not form.include:
        show(one, await in_form(context, one.body, form))
    held = Representation(
        one.body, one.etag, modified=one.modified, keys=one.keys, composed=one.composed,
        zstd=one.coded if stored == "zstd" else None, gzip=one.coded if stored == "gzip" else None,
    )  # fmt: skip
    return reply(
        context, request, held, now=now, head=one.head, boundary=one.boundary, ends=one.ends
    )


async def put_beside(
    context: ReadContext, one: Current, form: OutputOptions, now: datetime
) -> None:
    """Put beside a story, whose holes are open, what `include` asks for."""
    bare = includes.UnfilledStory(one.id, one.body, orjson.loads(one.holes or "{}"))
    body, keys = await includes.beside(context, bare, one.group, form, now)
    show(one, body)
    one.keys = " ".join(dict.fromkeys([*one.keys.split(), *keys.split()]))
    one.boundary = await log_position.next_moment(context.reader, now, one.boundary)


def show(one: Current, body: bytes) -> None:
    """Show a story in another form, for which nothing is stored."""
    one.body, one.coded, one.composed = body, None, True
    one.etag = etag_of(body, one.version)


async def current(context: ReadContext, row: Row, now: datetime, *, filled: bool = True) -> Current:
    """Return the story of a row of `articles.whole`, rendered again if it is stale, with
    placeholders filled (unless the caller fills them)."""
    (
        body, coded, etag, keys, holes, stamp, until, modified, live_to, id, version, group,
        head, state, content,
    ) = row  # fmt: skip
    boundary = min((time_of(end) for end in (until, live_to) if end not in ENDLESS), default=None)
    ends = boundary is not None
    if context.is_stale(id, stamp) or passed(until, now):
        fresh = (await context.render([id]))[id]
        body, coded, etag, keys, holes = fresh.whole, None, fresh.etag, fresh.keys, fresh.holes
    if state in BY_CLOCK:
        body, coded = put_state(body, state), None
        etag = etag_of(body, version)
    if context.for_desk:
        address = documents.versions_address(context.settings, id)
        body = desk_fields.for_editors(body, content, address)
        coded, etag = None, etag_of(body, version)
    composed = bool(group or holes)
    if composed and filled:
        body, shown = await fill_holes(context, body, id, group, orjson.loads(holes or "{}"), now)
        coded, etag, keys = None, etag_of(body, version), " ".join([keys, *shown])
        boundary = await log_position.next_moment(context.reader, now, boundary)
    return Current(
        body,
        etag,
        keys,
        coded,
        time_of(modified),
        boundary,
        head,
        composed,
        ends,
        id,
        version,
        group,
        holes,
    )


async def fill_holes(
    context: ReadContext, body: bytes, id: str, group: str | None, holes: dict[str, Any],
    now: datetime,
) -> tuple[bytes, list[str]]:  # fmt: skip
    """The document with what others say in its holes, and whom it now shows."""
    others, shown = [], []
    if group:
        others = (await translations(context, [group], now)).get(group, [])
        shown += [one["id"] for one in others if one["id"] != id]
    there = await by_id(context, named_in(holes), now)
    return fill(body, id, others, holes, there), [*shown, *there]


async def in_form(context: ReadContext, body: bytes, form: OutputOptions) -> bytes:
    """A story in the form that was asked for; a long one in a thread, for others wait."""
    if len(body) < LONG:
        return form.apply(body, context.settings.zone)
    return await asyncio.to_thread(form.apply, body, context.settings.zone)


async def attributions(context: ReadContext, request: Request, name: str) -> Response:
    """A story's chain of attribution, and the credit line that it makes."""
    plain = Request({**request.scope, "headers": []})
    whole = await by_name(context, plain, name)
    if whole.status_code != 200:
        return whole
    found = orjson.loads(bytes(whole.body))
    kept = ("attributions", "sources", "credit_line", "credit_line_override")
    return part(context, request, whole, {"article": found["id"]} | {x: found[x] for x in kept})


def part(
    context: ReadContext, request: Request, whole: Response, shape: dict[str, Any]
) -> Response:
    """A part of a story's answer, as long as that."""
    body, offer = orjson.dumps(shape), getattr(whole, "offer", None)
    held = Representation(body, etag_of(body), keys=offer.representation.keys if offer else "")
    head = whole.headers.get("isnad-change")
    return reply(
        context, request, held, now=datetime.now(UTC), head=int(head) if head else None,
        boundary=offer.boundary if offer else None, ends=offer is not None and not offer.stale,
    )  # fmt: skip
