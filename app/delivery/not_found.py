"""A story that a caller doesn't find under its name: where it is by now, or what is left of it."""

from datetime import UTC, datetime
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from app.delivery.cards import by_id
from app.delivery.context import ReadContext
from app.errors import Gone, NotFound, Problem, query_of, redirect
from app.json_types import Json
from app.models.base import time_of, timestamp
from app.models.card import State
from app.queries import articles


async def respond(
    context: ReadContext, request: Request, name: str, lang: str | None = None
) -> Response:
    """Respond for a name without a visible story: a redirect for a former slug, 410 if it was
    killed, else 404."""
    column, key = articles.column_of(name)
    by = "a.id = :name" if column == "id" else articles.BY_ANY_SLUG
    if column != "id" and (found := await moved(context, request, key)):
        return found
    if lang is not None:
        by += f" OR a.lang = :lang AND {articles.beside(context.caller, column)}"
    said = f"There is no article {name!r}{f' in {lang!r}' if lang else ''}."
    raise await gone(context, said, by, name=key, lang=lang)


async def gone(context: ReadContext, said: str, by: str, **values: Any) -> Problem:
    """What to raise where this caller sees no story: 410 for one that was killed, if they may know,
    else 404. `by`: a condition on `a`."""
    found = await tombstones(context, by, datetime.now(UTC), **values)
    if not found:
        return NotFound(said)
    left = next(iter(found.values()))
    return Gone(**{name: left[name] for name in ("notice", "withdrawn_at", "replaced_by")})


async def tombstones(
    context: ReadContext, by: str, now: datetime, **values: Any
) -> dict[str, Json]:
    """Return what readers see of killed stories, by id, for this caller. `by`: a condition on
    `a`."""
    sql = articles.tombstones(context.caller, by)
    rows = await context.reader.rows(sql, values | {"now": now})
    there = await by_id(context, list({row[3] for row in rows if row[3]}), now)
    cards = {id: orjson.loads(body) for id, body in there.items()}
    return {
        id: {
            "id": id, "state": State.killed, "notice": orjson.loads(notice) if notice else None,
            "withdrawn_at": timestamp(time_of(at)),
            "replaced_by": {name: cards[other][name] for name in ("id", "slug", "url")}
            if other in cards else None,
        }
        for id, notice, at, other in rows
    }  # fmt: skip


async def moved(context: ReadContext, request: Request, key: str) -> Response | None:
    """308 to the story that had this slug formerly."""
    values = {"name": key, "now": datetime.now(UTC)}
    rows = await context.reader.rows(articles.moved(context.caller), values)
    if not rows:
        return None
    base, v1, noun, _, *rest = str(request.url.path).split("/")
    to = "/".join([base, v1, noun, rows[0][1], *rest])
    return redirect(context.settings.public_url, to, query_of(request))
