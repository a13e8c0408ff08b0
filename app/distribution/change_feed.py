"""`/v1/changes`: pages of the change log in the caller's view, with the stories that they are
about. docs/changes.md"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import orjson
from pydantic import BaseModel
from sqlalchemy.exc import DBAPIError
from starlette.requests import Request
from starlette.responses import Response

from app import urls
from app.db.database import Database
from app.db.failures import failure_of
from app.delivery import not_found
from app.delivery.cards import by_id, wholes
from app.delivery.context import ReadContext, reply
from app.desk.due_moments import moments_step
from app.errors import BadRequest, LogRewound
from app.http.responses import Representation, etag_of
from app.json_types import Json
from app.models.article import Article
from app.models.base import from_column, time_of, timestamp
from app.models.card import ArticleCard
from app.models.change import NOUNS, TYPES
from app.models.envelopes import envelope
from app.queries import change_feed
from app.queries.change_feed import LARGEST, START, WINDOW, ChangeParams, LogPosition
from app.request import filters, output
from app.request.hints import nearest
from app.request.output import PLAIN, OutputOptions

logger = logging.getLogger("isnad.changes")

KNOWN = ("cursor", "limit", "noun", "type", "include", "latest", "fields")
INCLUDES: dict[str, type[BaseModel]] = {"card": ArticleCard, "article": Article}
MOST, MOST_WITH_STORIES = 1000, 100
CEILING = 8_000_000
"""Bytes of stories after which a page ends."""

FRESH = 2
"""Seconds that a shared cache may keep a page of the log."""

TOLD_REASONS = ("moved",)
"""Reasons that readers see: fixed words of the program. Those that the desk writes are internal."""


@dataclass
class Page:
    """A page of the change log."""

    changes: list[Json]
    next: str
    has_more: bool
    head: int
    boundary: datetime | None


async def listing(context: ReadContext, request: Request, db: Database) -> Response:
    """Return the page that a request asks for."""
    now = datetime.now(UTC)
    asked = filters.parse_params(request.scope["query_string"], KNOWN)
    wanted, include = parse(asked)
    form = output.parse(fields_only(asked), INCLUDES[include]) if include else PLAIN
    found = await page(context, db, asked.get("cursor"), wanted, now, include, form)
    body = orjson.dumps(envelope(found.changes, found.next) | {"has_more": found.has_more})
    held = Representation(body, etag_of(body), keys="changes")
    return reply(
        context, request, held, now=now, head=found.head, boundary=found.boundary,
        links=link_to(context, request, found.next), longest=FRESH,
    )  # fmt: skip


def link_to(context: ReadContext, request: Request, cursor: str) -> str:
    """Return the `Link` header to the next page. RFC 8288."""
    query = request.scope["query_string"].decode("latin-1")
    kept = [part for part in query.split("&") if part and not part.startswith("cursor=")]
    base = f"{context.settings.public_url}/v1/changes"
    return f'<{base}?{"&".join([*kept, f"cursor={cursor}"])}>; rel="next"'


def parse(asked: dict[str, str]) -> tuple[ChangeParams, str | None]:
    """Parse the query of `/v1/changes`; report every error."""
    wanted, faults = ChangeParams(), []
    include = asked.get("include")
    most = MOST_WITH_STORIES if include else MOST
    checks: dict[str, Callable[[str], str | None]] = {
        "limit": lambda text: filters.number_fault(text, most),
        "noun": lambda text: unknown_values(text, NOUNS),
        "type": lambda text: unknown_values(text, TYPES),
        "include": lambda text: None if text in INCLUDES else "card or article.",
        "fields": lambda text: None if include in INCLUDES else "Only beside `include`.",
        "latest": lambda text: None if text in ("true", "false") else "true or false.",
    }
    for name, check in checks.items():
        if name in asked and (fault := check(asked[name])):
            faults.append({"detail": fault, "parameter": name})
    if faults:
        raise BadRequest("The query has errors.", errors=faults)
    wanted.limit = int(asked.get("limit", wanted.limit))
    wanted.nouns, wanted.types = comma_list(asked.get("noun")), comma_list(asked.get("type"))
    wanted.latest = asked.get("latest") == "true"
    return wanted, include


def fields_only(asked: dict[str, str]) -> dict[str, str]:
    return {name: text for name, text in asked.items() if name == "fields"}


def comma_list(text: str | None) -> list[str]:
    return list(dict.fromkeys(text.split(","))) if text else []


def unknown_values(text: str, known: tuple[str, ...]) -> str | None:
    for one in text.split(","):
        if one not in known:
            return f"{one!r} is none of them.{nearest(one, known)}"
    return None


async def page(
    context: ReadContext, db: Database, cursor: str | None, wanted: ChangeParams, now: datetime,
    include: str | None = None, form: OutputOptions = PLAIN,
) -> Page:  # fmt: skip
    """Return changes after a cursor, oldest first. `next` is where the walk ended, so a page may
    contain fewer changes than the limit, or none, although more follow."""
    after = (
        START
        if cursor is None
        else LogPosition(LARGEST)
        if cursor == "now"
        else change_feed.read_cursor(cursor)
    )
    until = min(after.seq + WINDOW, LARGEST)
    values = {"after": min(after.seq, LARGEST), "until": until, "now": now}
    head, began, ended, boundary = await log_bounds(context, db, values)
    end = change_feed.place(min(head, until), from_column(ended))
    if cursor == "now":
        return Page([], end.cursor, False, head, from_column(boundary))
    refuse_rewound(after, head, from_column(began))
    sql, values = change_feed.page(context.caller, wanted, after, end.seq, context.reader.dialect)
    light = wanted.limit <= 100 and not (wanted.latest or wanted.nouns or wanted.types)
    rows = await context.reader.rows(sql, values | {"now": now}, light=light)
    full = len(rows) > wanted.limit
    rows = rows[: wanted.limit]
    changes = [change_json(context, row) for row in rows]
    if include:
        kept = await put_stories(context, changes, include, now, form)
        full, rows, changes = full or kept < len(rows), rows[:kept], changes[:kept]
    following = changes[-1]["cursor"] if full else end.cursor
    return Page(changes, following, full or end.seq < head, head, from_column(boundary))


async def log_bounds(context: ReadContext, db: Database, values: Json) -> tuple[int, Any, Any, Any]:
    """Return the bounds of the log, after logging the transitions that have passed."""
    [[*told, first]] = await context.reader.rows(change_feed.BOUNDS, values)
    if first is not None and time_of(first) <= values["now"]:
        await asyncio.to_thread(catch_up, db, values["now"])
        [[*told, first]] = await context.reader.rows(change_feed.BOUNDS, values)
    head, began, ended, boundary = told
    return head, began, ended, boundary


def catch_up(db: Database, now: datetime) -> None:
    """Log the transitions that have passed. On a read-only database reading continues without
    that."""
    try:
        while moments_step(db, now):
            pass
    except DBAPIError as failed:
        failure = failure_of(failed)
        if failure is None:
            raise
        logger.warning("the log could not be told of what the clock did: %s", failure.line)


def refuse_rewound(after: LogPosition, head: int, began: datetime | None) -> None:
    """Raise 409 if the cursor is not a position of this log: it was restored from an earlier
    backup."""
    other = after.mark is not None and (began is None or change_feed.mark_of(began) != after.mark)
    if after.seq > head or other:
        raise LogRewound(head)


def change_json(context: ReadContext, row: Any) -> Json:
    """Return one change as JSON; for a vanished story only its id and `removed`."""
    (
        seq, inside, at, effective_at, type, noun, id, version, lang, slug, section, reason, actor,
        keys, state, is_last, former,
    ) = row  # fmt: skip
    desk = context.caller.sees == "all"
    place = change_feed.place(seq, time_of(at))
    told = {
        "cursor": (place if is_last else replace(place, inside=inside)).cursor, "seq": seq,
        "at": timestamp(time_of(at)), "effective_at": timestamp(time_of(effective_at)),
        "type": type, "noun": noun, "id": id, "version": version, "lang": lang, "slug": slug,
        "url": urls.article(context.settings, lang, section, slug) if lang and slug else None,
        "former_slugs": former.split(",") if former else [],
        "reason": reason if desk or reason in TOLD_REASONS else None, "item": None,
        "actor": actor if desk else None,
        "touches": touched_ids(id, inside, keys) if desk else None,
    }  # fmt: skip
    return told | REMOVED if noun == "article" and state == "vanished" else told


REMOVED: Json = {
    "type": "removed", "version": None, "lang": None, "slug": None, "url": None,
    "former_slugs": [], "reason": None,
}  # fmt: skip


def touched_ids(id: str, inside: int | None, keys: str) -> list[str]:
    return keys.split() if inside is None else [id]


async def put_stories(
    context: ReadContext, changes: list[Json], include: str, now: datetime, form: OutputOptions
) -> int:
    """Put each story, as the caller may see it now, into its changes. Returns how many changes
    fit into a page."""
    ids = list(dict.fromkeys(one["id"] for one in changes if one["noun"] == "article"))
    there = await (by_id if include == "card" else wholes)(context, ids, now)
    if form:
        there = {id: form.apply(story, context.settings.zone) for id, story in there.items()}
    if gone := [id for id in ids if id not in there]:
        by = context.reader.dialect.any_of("a.id", "ids")
        left = await not_found.tombstones(context, by, now, ids=gone)
        there |= {id: orjson.dumps(told) for id, told in left.items()}
    size = 0
    for count, one in enumerate(changes):
        story = there.get(one["id"])
        if story is not None:
            one["item"] = orjson.Fragment(story)
            size += len(story)
        if size > CEILING and count:
            return count
    return len(changes)
