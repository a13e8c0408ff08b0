"""A story that a caller doesn't find under its name: where it is by now, or what is left of it."""

from datetime import UTC, datetime
from typing import Any, Protocol

import orjson
from starlette.requests import Request
from starlette.responses import Response

from app.access.authentication import Caller
from app.config import Settings
from app.db.database import Reader
from app.errors import Gone, NotFound, Problem, query_of, redirect
from app.models.base import time_of, timestamp
from app.models.card import State
from app.queries import articles

Json = dict[str, Any]


class Here(Protocol):
    """What is needed of the delivery plane."""

    caller: Caller
    reader: Reader
    settings: Settings

    async def cards(self, ids: list[str], now: datetime) -> dict[str, bytes]: ...


async def told(here: Here, request: Request, name: str, lang: str | None = None) -> Response:
    """Where a story is that has this name no longer; 410 where it was killed; 404 where there is
    none."""
    column, key = articles.column_of(name)
    by = "a.id = :name" if column == "id" else articles.BY_ANY_SLUG
    if column != "id" and (found := await moved(here, request, key)):
        return found
    if lang is not None:
        by += f" OR a.lang = :lang AND {articles.beside(here.caller, column)}"
    said = f"There is no article {name!r}{f' in {lang!r}' if lang else ''}."
    raise await gone(here, said, by, name=key, lang=lang)


async def gone(here: Here, said: str, by: str, **values: Any) -> Problem:
    """What to raise where this caller sees no story: 410 for one that was killed, if they may know,
    else 404. `by`: a condition on `a`."""
    found = await tombstones(here, by, datetime.now(UTC), **values)
    if not found:
        return NotFound(said)
    left = next(iter(found.values()))
    return Gone(**{name: left[name] for name in ("notice", "withdrawn_at", "replaced_by")})


async def tombstones(here: Here, by: str, now: datetime, **values: Any) -> dict[str, Json]:
    """What is left of killed stories, by id, as far as this caller may know. `by`: a condition on
    `a`."""
    sql = articles.tombstones(here.caller, by)
    rows = await here.reader.rows(sql, values | {"now": now})
    there = await here.cards(list({row[3] for row in rows if row[3]}), now)
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


async def moved(here: Here, request: Request, key: str) -> Response | None:
    """308 to the story that had this slug formerly."""
    values = {"name": key, "now": datetime.now(UTC)}
    rows = await here.reader.rows(articles.moved(here.caller), values)
    if not rows:
        return None
    base, v1, noun, _, *rest = str(request.url.path).split("/")
    to = "/".join([base, v1, noun, rows[0][1], *rest])
    return redirect(here.settings.public_url, to, query_of(request))
