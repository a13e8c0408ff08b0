"""Related stories as they are answered: the editor's first, then those that are alike, each with the
reason. Never a story that the caller may not see; of those that are alike none that readers may not.
"""

from datetime import datetime
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from app.caching import Representation, answer, etag_of
from app.delivery import Current, Delivery
from app.models.base import from_column
from app.queries import articles, related

Json = dict[str, Any]
USUAL = 5


async def listing(
    here: Delivery, request: Request, name: str, limit: int, now: datetime
) -> Response:
    """The list of what is related to a story."""
    condition, values = here.named(name, None)
    rows = await here.reader.rows(articles.whole(here.caller, condition, ""), values | {"now": now})
    if not rows:
        return await here.absent(request, name)
    one = await here.current(rows[0], now)
    story = await add(here, one, rows[0][9], limit, now)
    shape = {
        "items": story["related"], "next": None, "prev": None, "count": None,
        "count_kind": "none", "facets": None,
    }  # fmt: skip
    body = orjson.dumps(shape)
    held = Representation(body, etag_of(body), keys=one.keys)
    return answer(
        request, held, now=now, head=one.head, boundary=one.boundary, shared=here.shared,
        ends=one.ends,
    )  # fmt: skip


async def add(here: Delivery, one: Current, id: str, limit: int, now: datetime) -> Json:
    """Fill a story's `related` up to so many with those that are alike; the story as JSON."""
    story: Json = orjson.loads(one.body)
    chosen = story["related"][:limit]
    more = await alike(here, id, limit - len(chosen), {card["id"] for card in chosen}, now)
    story["related"] = [*chosen, *more]
    one.body, one.coded, one.composed = orjson.dumps(story), None, True
    one.etag = etag_of(one.body, story["version"])
    one.keys = " ".join([one.keys, "articles", *(card["id"] for card in more)])
    one.boundary = await here.boundary(now, one.boundary)
    return story


async def alike(here: Delivery, id: str, most: int, without: set[str], now: datetime) -> list[Json]:
    """Cards of the stories that are likest, as readers may see them, with the reason."""
    rows = await here.reader.rows(related.TERMS, {"id": id})
    terms = related.wanted_terms(rows)
    if most < 1 or not terms:
        return []
    public = here.as_readers()
    sql, values = related.alike(public.caller, terms)
    at = from_column(rows[0][1])
    assert at is not None  # the column is never null
    both = dict(values) | {"lang": rows[0][2], "group": rows[0][4] or "", "now": now}
    found = related.ranked(await here.reader.rows(sql, both, light=False), at, without | {id}, most)
    cards = await public.cards([one.id for one in found], now)
    return [
        orjson.loads(cards[one.id]) | {"reason": one.reason()} for one in found if one.id in cards
    ]
