"""What rests on a source, directly or through the chain, page by page.

A page goes along the index of attributions, story by story; of a story those first that name the source
themselves, then those that came through them.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from app import attribution, urls
from app.attribution import Link
from app.delivery import NOT_COUNTED, Delivery, Row
from app.queries import cursors, dependents, grammar
from app.shelving import look

Json = dict[str, Any]
KNOWN = ("limit", "cursor")


async def listing(here: Delivery, request: Request, name: str) -> Response:
    """The page that a request asks for: six statements."""
    now = datetime.now(UTC)
    query = grammar.text_of(request.scope["query_string"])
    wanted = grammar.parse(query, here.settings.zone, KNOWN)
    mark, secrets = await here.head(now), here.settings.secrets
    source = (await look(here, lambda catalog: catalog.one("source", name)))["id"]
    question = f"dependents {source} {here.caller.sees}"
    way, story, link = "f", None, None
    if wanted.cursor:
        way, story, link = cursors.read(secrets, question, wanted.cursor, 3)
    back, n = way == "b", wanted.limit + 1
    sql, values = dependents.stories(here.caller, source, n, story, back)
    ids = [row[0] for row in await here.reader.rows(sql, values | {"now": now}, light=False)]
    found = await resting(here, source, ids, now)
    found = behind(found[::-1] if back else found, story, link)
    more, found = len(found) > wanted.limit, found[: wanted.limit]
    found = found[::-1] if back else found
    ends = {
        "next": place("f", found[-1]) if found and (more or back) else None,
        "prev": place("b", found[0]) if found and (more if back else story) else None,
    }  # fmt: skip
    written = {
        rel: cursors.write(secrets, question, at) if at else None for rel, at in ends.items()
    }
    return here.plain(request, {"items": found, **written, **NOT_COUNTED}, mark)


def place(way: str, item: Json) -> list[str]:
    return [way, item["article"]["id"], item["attribution"]]


def behind(found: list[Json], story: str | None, link: str | None) -> list[Json]:
    """Those after the place of a cursor. Where it is there no longer its story comes again: better
    twice than never."""
    places = [(one["article"]["id"], one["attribution"]) for one in found]
    at = places.index((story, link)) + 1 if (story, link) in places else 0
    return found[at:]


async def resting(here: Delivery, source: str, ids: list[str], now: datetime) -> list[Json]:
    """What of these stories rests on the source, the story made last first."""
    if not ids:
        return []
    dialect, values = here.reader.dialect, {"ids": ids, "now": now}
    cards = await here.reader.rows(dependents.cards(here.caller, dialect), values, light=False)
    chains: dict[str, list[Link]] = {row[0]: [] for row in cards}
    rows = await here.reader.rows(dependents.links(dialect), {"ids": ids}, light=False)
    for story, id, of, role, scope, scope_id, via in rows:
        if story in chains:
            chains[story].append(Link(id, of, role, scope, scope_id, via, 0))
    stories = {row[0]: article(here, row) for row in cards}
    return [
        shape(link, through, stories[id])
        for id in sorted(stories, reverse=True) for link, through in chain(chains[id], source)
    ]  # fmt: skip


def chain(links: Sequence[Link], source: str) -> list[tuple[Link, list[str]]]:
    """The links that rest on the source, with those that they came through: the nearest first."""
    named = [link.id for link in links if link.source_id == source]
    found = attribution.dependents(links, named)
    return sorted(found, key=lambda pair: (len(pair[1]), pair[0].id))


def article(here: Delivery, row: Row) -> Json:
    """A story as what rests on somebody names it."""
    id, lang, slug, path, card = row
    url = urls.article(here.settings, lang, path, slug)
    headline = orjson.loads(card)["headline"]
    return {"id": id, "lang": lang, "slug": slug, "headline": headline, "url": url}


def shape(link: Link, through: list[str], story: Json) -> Json:
    """Dependent as JSON."""
    return {
        "scope": link.scope, "id": link.scope_id, "article": story, "role": link.role,
        "attribution": link.id, "through": through,
    }  # fmt: skip
