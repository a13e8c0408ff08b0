"""What rests on a source or a dispatch, directly or through the chain, page by page.

A page goes along an index of attributions, story by story; of a story those first that name it
themselves, then those that came through them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from app import urls
from app.access.authentication import Caller
from app.attribution import chain as attribution
from app.attribution.chain import Link
from app.config import Settings
from app.db.database import Reader
from app.json_types import Json
from app.queries import dependents
from app.request import cursors

Row = Sequence[Any]
FIRST = 100
"""Of what rests on a dispatch, as many come with it."""


@dataclass(frozen=True)
class DependencyTarget:
    """A source or dispatch whose dependents are listed, and the caller: `column` of a link names
    it."""

    reader: Reader
    caller: Caller
    settings: Settings
    column: str
    id: str

    @property
    def question(self) -> str:
        return f"dependents {self.id} {self.caller.sees}"


async def page(on: DependencyTarget, limit: int, cursor: str | None, now: datetime) -> Json:
    """Items of a page, and the cursors to those beside it: three statements."""
    secrets = on.settings.secrets
    way, story, link = "f", None, None
    if cursor:
        way, story, link = cursors.read(secrets, on.question, cursor, 3)
    back = way == "b"
    sql, values = dependents.stories(on.caller, on.column, on.id, limit + 1, story, back)
    ids = [row[0] for row in await on.reader.rows(sql, values | {"now": now}, light=False)]
    found = await parts(on, ids, now)
    found = behind(found[::-1] if back else found, story, link)
    more, found = len(found) > limit, found[:limit]
    found = found[::-1] if back else found
    ends = {
        "next": place("f", found[-1]) if found and (more or back) else None,
        "prev": place("b", found[0]) if found and (more if back else story) else None,
    }  # fmt: skip
    written = {
        rel: cursors.write(secrets, on.question, at) if at else None for rel, at in ends.items()
    }
    return {"items": found, **written}


def place(way: str, item: Json) -> list[str]:
    return [way, item["article"]["id"], item["attribution"]]


def behind(found: list[Json], story: str | None, link: str | None) -> list[Json]:
    """Return the dependents after a cursor. If its link no longer exists, its story is repeated
    rather than missed."""
    places = [(one["article"]["id"], one["attribution"]) for one in found]
    at = places.index((story, link)) + 1 if (story, link) in places else 0
    return found[at:]


async def parts(on: DependencyTarget, ids: list[str], now: datetime) -> list[Json]:
    """What of these stories rests on it, the story made last first."""
    if not ids:
        return []
    dialect, values = on.reader.dialect, {"ids": ids, "now": now}
    cards = await on.reader.rows(dependents.cards(on.caller, dialect), values, light=False)
    chains: dict[str, list[Link]] = {row[0]: [] for row in cards}
    named: dict[str, list[str]] = {row[0]: [] for row in cards}
    rows = await on.reader.rows(
        dependents.links(on.caller, dialect, on.column), {"ids": ids}, light=False
    )
    for story, id, of, role, scope, scope_id, via, ground in rows:
        if story in chains:
            chains[story].append(Link(id, of, role, scope, scope_id, via, 0))
            if ground == on.id:
                named[story].append(id)
    stories = {row[0]: article(on.settings, row) for row in cards}
    return [
        to_json(link, through, stories[id])
        for id in sorted(stories, reverse=True) for link, through in chain(chains[id], named[id])
    ]  # fmt: skip


def chain(links: Sequence[Link], named: Sequence[str]) -> list[tuple[Link, list[str]]]:
    """The links that rest on these, with those that they came through: the nearest first."""
    found = attribution.dependents(links, named)
    return sorted(found, key=lambda pair: (len(pair[1]), pair[0].id))


def article(settings: Settings, row: Row) -> Json:
    """Return a story as the list of dependents shows it."""
    id, lang, slug, path, card = row
    headline = orjson.loads(card)["headline"]
    url = urls.article(settings, lang, path, slug)
    return {"id": id, "lang": lang, "slug": slug, "headline": headline, "url": url}


def to_json(link: Link, through: list[str], story: Json) -> Json:
    """Dependent as JSON."""
    return {
        "scope": link.scope, "id": link.scope_id, "article": story, "role": link.role,
        "attribution": link.id, "through": through,
    }  # fmt: skip
