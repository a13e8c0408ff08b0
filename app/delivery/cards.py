"""Cards and whole stories, many at once, as a caller reads them now: their holes filled, through the
visibility condition, in a number of statements that doesn't grow with them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from app.db.database import Rows
from app.delivery.context import ReadContext
from app.http.responses import etag_of
from app.json_types import Json
from app.models.base import passed
from app.queries import articles
from app.rendering import desk_fields, documents
from app.rendering.placeholders import fill, named_in, put_translations

Row = Sequence[Any]
BY_CLOCK = ("scheduled", "expired")
LONG = 200_000
"""Bytes of a story from which on telling it in another form takes a while."""


async def by_id(context: ReadContext, ids: list[str], now: datetime) -> dict[str, bytes]:
    """Cards by id, whole, as far as this caller may see them."""
    if not ids:
        return {}
    sql = articles.cards(context.caller, context.reader.dialect)
    rows = await context.reader.rows(sql, {"ids": ids, "now": now})
    bodies, _ = await of_rows(context, rows, now)
    return dict(zip([row[4] for row in rows], bodies, strict=True))


async def of_rows(
    context: ReadContext, rows: Rows, now: datetime, translated: bool = True
) -> tuple[list[bytes], list[str]]:
    """Return the cards of rows of `articles.card`, current and filled, with an ETag of each.
    `translated`: look up translations."""
    columns = [*zip(*rows, strict=True)]
    if columns and not context.for_desk and as_stored(context, columns):
        return list(columns[0]), list(columns[1])
    old = [row[4] for row in rows if row[3] or row[2] != context.stamp]
    fresh = await context.render(old) if old else {}
    ids = list({row[5] for row in rows if row[5]}) if translated else []
    others = await translations(context, ids, now) if ids else {}
    bodies, etags = [], []
    for row in rows:
        card, etag, id, group, state = row[0], row[1], row[4], row[5], row[9]
        if id in fresh:
            card, etag = fresh[id].card, etag_of(fresh[id].card, fresh[id].row.version)
        if state in BY_CLOCK:
            card = put_state(card, state)
        if group:
            mine = [one for one in others.get(group, ()) if one["id"] != id]
            card = put_translations(card, mine)
        if context.for_desk:
            card = with_versions(context, id, card)
        bodies.append(card)
        changed = group or state in BY_CLOCK or context.for_desk
        etags.append(etag_of(card) if changed else etag)
    return bodies, etags


def as_stored(context: ReadContext, columns: Sequence[Row]) -> bool:
    """Return whether all cards of a page can be sent as stored: by this renderer, without
    translations, and in no state that depends on the clock."""
    old, groups, states = columns[3], columns[5], columns[9]
    settled = not any(old) and not any(groups) and set(states).isdisjoint(BY_CLOCK)
    return settled and set(columns[2]) == {context.stamp}


async def translations(
    context: ReadContext, groups: list[str], now: datetime
) -> dict[str, list[Json]]:
    """Translations that this caller may open, by group."""
    found: dict[str, list[Json]] = {}
    sql = articles.translations(context.caller, context.reader.dialect)
    rows = await context.reader.rows(sql, {"groups": groups, "now": now})
    old = [row[1] for row in rows if context.is_stale(row[1], row[3]) or passed(row[4], now)]
    fresh = await context.render(old) if old else {}
    for group, id, body, *_ in rows:
        card = orjson.loads(fresh[id].card if id in fresh else body)
        kept = {name: card[name] for name in ("id", "lang", "dir", "headline", "url")}
        found.setdefault(group, []).append(kept)
    return found


async def wholes(context: ReadContext, ids: list[str], now: datetime) -> dict[str, bytes]:
    """Whole stories by id, as far as this caller may see them, their holes filled."""
    bare = await bare_wholes(context, ids, now)
    groups = list({group for _, _, group in bare.values() if group})
    others = await translations(context, groups, now) if groups else {}
    named = [one for _, holes, _ in bare.values() for one in named_in(holes)]
    there = await by_id(context, list(dict.fromkeys(named)), now)
    return {
        id: fill(body, id, others.get(group or "", []), holes, there)
        for id, (body, holes, group) in bare.items()
    }


async def bare_wholes(
    context: ReadContext, ids: list[str], now: datetime
) -> dict[str, tuple[bytes, Json, str | None]]:
    """Whole stories by id, with their holes and groups, one statement for all."""
    sql = articles.whole(context.caller, context.reader.dialect.any_of("a.id", "ids"), "")
    rows = await context.reader.rows(sql, {"ids": ids, "now": now}, light=False)
    old = [row[9] for row in rows if row[5] != context.stamp or passed(row[6], now)]
    fresh = await context.render(old) if old else {}
    found = {}
    for row in rows:
        id, group, state = row[9], row[11], row[13]
        body, holes = (fresh[id].whole, fresh[id].holes) if id in fresh else (row[0], row[4])
        body = put_state(body, state) if state in BY_CLOCK else body
        if context.for_desk:
            address = documents.versions_address(context.settings, id)
            body = desk_fields.for_editors(body, row[14], address)
        found[id] = body, orjson.loads(holes or "{}"), group
    return found


def with_versions(context: ReadContext, id: str, body: bytes) -> bytes:
    """A card or a whole article with the address of its versions, for editors."""
    return desk_fields.with_versions(body, documents.versions_address(context.settings, id))


def put_state(body: bytes, state: str) -> bytes:
    """The state that follows from the clock, for the desk's eyes."""
    return body.replace(b'"state":"published"', b'"state":"' + state.encode() + b'"', 1)
