"""Updates of a live story, as readers poll them: pages, and what changed since."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from app import urls
from app.delivery import not_found
from app.delivery.cards import by_id
from app.delivery.context import ReadContext, reply
from app.errors import BadRequest, CursorInvalid, NotFound
from app.http.responses import Representation, etag_of
from app.models.base import FOREVER, passed, time_of, timestamp
from app.models.card import Kind
from app.models.envelopes import envelope
from app.models.live import LiveUpdate
from app.queries import articles, log_position, updates
from app.rendering import live_updates
from app.rendering.placeholders import fill, named_in
from app.request import filters, output
from app.request.output import PLAIN, OutputOptions

Row = Sequence[Any]
KNOWN = ("limit", "after", "cursor", "fields")
FRESH = 5
"""Seconds that a shared cache may keep a page of updates."""


async def listing(context: ReadContext, request: Request, name: str) -> Response:
    """The newest updates of a story, or, `after` one, what was posted, edited or removed since."""
    now = datetime.now(UTC)
    params = filters.parse_params(request.scope["query_string"], KNOWN)
    limit, after, form = filters.limit_in(params, 20), params.get("after", ""), form_of(params)
    story = await opened(context, request, name, now, after)
    if isinstance(story, Response):
        return story
    sql, values = page(story, after, params.get("cursor"))
    rows = await context.reader.rows(sql, values | {"article": story[0], "n": limit + 1})
    more, rows = len(rows) > limit, rows[:limit]
    shown = await rendered(context, rows, now)
    cursor = following(story[0], after, rows[-1]) if more else None
    items = [orjson.Fragment(shaped(context, one, form)) for one in shown]
    body = orjson.dumps(envelope(items, cursor))
    return await answer(context, request, story, shown, body, now, next=cursor)


async def detail(context: ReadContext, request: Request, name: str, id: str) -> Response:
    """One update; of one that was removed, that it was."""
    now = datetime.now(UTC)
    form = form_of(filters.parse_params(request.scope["query_string"], ("fields",)))
    story = await opened(context, request, name, now)
    if isinstance(story, Response):
        return story
    one, version = await whole(context, story[0], id, now)
    return await answer(context, request, story, [one], shaped(context, one, form), now, version)


def form_of(params: dict[str, str]) -> OutputOptions:
    """The fields of updates that are asked for."""
    return output.parse({"fields": params["fields"]}, LiveUpdate) if "fields" in params else PLAIN


def shaped(context: ReadContext, one: live_updates.Rendered, form: OutputOptions) -> bytes:
    """An update as JSON in the form that was asked for."""
    return form.apply(one.document, context.settings.zone) if form else one.document


async def whole(
    context: ReadContext, article_id: str, id: str, now: datetime
) -> tuple[live_updates.Rendered, int]:
    """One update as this caller reads it, and its version."""
    rows = await context.reader.rows(updates.ONE, {"article": article_id, "id": id})
    if not rows:
        raise NotFound(f"The story has no update {id!r}.")
    [one] = await rendered(context, rows, now)
    return one, rows[0][3]


async def opened(
    context: ReadContext, request: Request, name: str, now: datetime, after: str = ""
) -> Row | Response:
    """The story of this name, if the caller may see it and it is live; else what would be said of
    the story itself."""
    column, key = articles.column_of(name)
    values = {"name": key, "now": now} | ({"after": after} if after else {})
    sql = updates.story(context.caller, f"a.{column} = :name", bool(after))
    rows = await context.reader.rows(sql, values)
    if not rows:
        return await not_found.respond(context, request, name)
    if rows[0][1] != Kind.live:
        raise NotFound(f"{rows[0][2]!r} is not a live story.")
    if after and rows[0][4] is None:
        raise BadRequest.at(
            "after", f"The story has no update {after!r}: start again without `after`."
        )
    return rows[0]


def page(story: Row, after: str, cursor: str | None) -> tuple[str, dict[str, Any]]:
    """The statement of a page, and the place where it begins."""
    if after:
        return updates.CHANGED, {"since": changed_at(story[0], after, cursor) or story[4]}
    if cursor is None:
        return updates.newest(False), {}
    at, id = live_updates.position_in(story[0], "", cursor, 2)
    return updates.newest(True), {"at": moment_in(at), "id": known_id(id)}


def changed_at(article_id: str, after: str, cursor: str | None) -> int | None:
    """The change number in a cursor of changes. Raises CursorInvalid."""
    if cursor is None:
        return None
    [place] = live_updates.position_in(article_id, after, cursor, 1)
    if not (isinstance(place, str) and place.isascii() and place.isdigit() and len(place) < 10):
        raise CursorInvalid()
    return int(place)


def moment_in(text: str) -> datetime:
    """The time in a cursor; anybody can make one, so what it says is looked at."""
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError) as wrong:
        raise CursorInvalid() from wrong
    if moment.tzinfo is None:
        raise CursorInvalid()
    return moment


def known_id(text: str) -> str:
    """An id from a cursor, if it can be one. Raises CursorInvalid."""
    if not (isinstance(text, str) and text.isascii() and text.isprintable()):
        raise CursorInvalid()
    return text


def following(article_id: str, after: str, last: Row) -> str:
    """The cursor to what follows a row."""
    position = [str(last[2])] if after else [timestamp(time_of(last[1])), last[0]]
    return live_updates.cursor_of(article_id, after, position)


async def rendered(
    context: ReadContext, rows: Sequence[Row], now: datetime
) -> list[live_updates.Rendered]:
    """Return the updates of these rows for this caller, rendered again if they are stale, with
    placeholders filled."""
    old = [row[0] for row in rows if row[5] != context.stamp or passed(row[6], now)]
    fresh = (
        await context.renderer.live_updates(old, context.caller.reads_confidential) if old else {}
    )
    shown = [
        fresh.get(row[0]) or live_updates.Rendered(row[4], row[7], time_of(row[6]), row[8])
        for row in rows
    ]
    holes = {place: ids for one in shown if one.holes
             for place, ids in orjson.loads(one.holes).items()}  # fmt: skip
    if holes:
        named = dict.fromkeys(id for ids in holes.values() for id in ids)
        there = await by_id(context, list(named), now)
        shown = [filled(one, there) if one.holes else one for one in shown]
    return shown


def filled(one: live_updates.Rendered, there: dict[str, bytes]) -> live_updates.Rendered:
    """An update with the cards of the stories that it names, those that are there."""
    holes = {"blocks": orjson.loads(one.holes or "{}")}
    keys = " ".join([one.keys, *(id for id in named_in(holes) if id in there)])
    return replace(one, document=fill(one.document, "", [], holes, there), keys=keys)


async def answer(
    context: ReadContext, request: Request, story: Row, shown: Sequence[live_updates.Rendered], body: bytes,
    now: datetime, version: int | None = None, next: str | None = None,
) -> Response:  # fmt: skip
    """The answer: for seconds in shared caches, for a preview in none."""
    body = context.renderer.finish(body)
    ends = [
        end for end in (time_of(story[3]), *(one.valid_until for one in shown)) if end != FOREVER
    ]
    boundary = min(ends, default=None)
    if any(one.holes for one in shown):
        boundary = await log_position.next_moment(context.reader, now, boundary)
    keys = " ".join(dict.fromkeys(key for one in shown for key in one.keys.split()))
    held = Representation(body, etag_of(body, version), keys=f"{story[0]} {keys}".rstrip())
    return reply(
        context, request, held, now=now, head=story[5], boundary=boundary,
        links=link_to(context, request, story[0], next) if next else None, longest=FRESH,
    )  # fmt: skip


def link_to(context: ReadContext, request: Request, article_id: str, cursor: str) -> str:
    """RFC 8288: where to go on."""
    query = request.scope["query_string"].decode("latin-1")
    kept = [part for part in query.split("&") if part and not part.startswith("cursor=")]
    base = urls.api(context.settings, "articles", article_id, "updates")
    return f'<{base}?{"&".join([*kept, f"cursor={cursor}"])}>; rel="next"'
