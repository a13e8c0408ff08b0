"""What completes as one types: headlines and names, and another spelling where nothing does."""

from datetime import UTC, datetime
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from app import urls
from app.delivery.cards import by_id
from app.delivery.context import ReadContext, reply
from app.errors import BadRequest
from app.http.responses import Representation, etag_of
from app.json_types import Json
from app.language.analyzer import name_key, normal_words
from app.queries import log_position, suggestions
from app.request import filters
from app.request.search import SearchParams
from app.search.results import run_on
from app.search_index import active_index

MOST = 20
LONGEST = 100


class Suggesting:
    """One caller's suggestions."""

    def __init__(self, context: ReadContext) -> None:
        self.context, self.now = context, datetime.now(UTC)

    async def answered(self, request: Request) -> Response:
        q, lang, limit = self.asked(request)
        words = normal_words(q)
        typed = name_key(words) if words else ""
        completions = await self.headlines(typed, lang, limit) if typed else []
        entities = await self.entities(typed, lang, limit) if typed else []
        other = None if completions or entities else await self.other_spelling(q)
        found = {"q": q, "completions": completions, "entities": entities, "did_you_mean": other}
        head, boundary = await log_position.read(self.context.reader, self.now)
        body = orjson.dumps(found)
        held = Representation(body, etag_of(body), keys="articles nouns search")
        return reply(self.context, request, held, now=self.now, head=head, boundary=boundary)

    def asked(self, request: Request) -> tuple[str, str | None, int]:
        given = filters.parse_params(request.scope["query_string"], ["q", "lang", "limit"])
        faults = []
        if not given.get("q"):
            faults.append({"detail": "What was typed so far.", "parameter": "q"})
        elif len(given["q"]) > LONGEST:
            faults.append({"detail": f"At most {LONGEST} characters.", "parameter": "q"})
        limit = given.get("limit", "10")
        if fault := filters.number_fault(limit, MOST):
            faults.append({"detail": fault, "parameter": "limit"})
        if faults:
            raise BadRequest("The query has errors.", errors=faults)
        return given["q"], given.get("lang"), int(limit)

    async def rows(self, built: tuple[str, Json]) -> Any:
        """Rows of a statement at the time of the request."""
        sql, values = built
        return await self.context.reader.rows(sql, values | {"now": self.now}, light=False)

    async def headlines(self, typed: str, lang: str | None, limit: int) -> list[Json]:
        """Stories whose headline goes on as typed, from one of its first words on; newest first."""
        rows = await self.rows(suggestions.headlines(self.context.caller, typed, lang, limit))
        ids = [id for (id,) in rows]
        cards = await by_id(self.context, ids, self.now)
        stories = [orjson.loads(cards[id]) for id in ids if id in cards]
        names = ("id", "lang", "dir", "headline", "url")
        return [{name: story[name] for name in names} for story in stories]

    async def entities(self, typed: str, lang: str | None, limit: int) -> list[Json]:
        """Sections, tags, contributors and sources by name; each once, in the language asked for
        where it has a name in it."""
        rows = await self.rows(suggestions.names(self.context.caller, typed))
        best: dict[str, Any] = {}
        for row in rows:
            if row[0] not in best or (row[2] == lang != best[row[0]][2]):
                best[row[0]] = row
        kept = list(best.values())[:limit]
        ids: dict[str, list[str]] = {}
        for id, noun, *_ in kept:
            ids.setdefault(noun, []).append(id)
        places = suggestions.places(self.context.reader.dialect, ids)
        slugs: dict[str, str] = dict(await self.rows(places)) if kept else {}
        return [self.entity(row, slugs[row[0]]) for row in kept if row[0] in slugs]

    def entity(self, row: Any, slug: str) -> Json:
        """A catalog item as JSON."""
        id, noun, lang, name = row
        pages = {"section": urls.section, "tag": urls.tag, "contributor": urls.contributor}
        url = pages[noun](self.context.settings, slug, lang) if noun in pages else None
        return {"noun": noun, "id": id, "slug": slug, "name": name, "lang": lang, "url": url}

    async def other_spelling(self, q: str) -> str | None:
        """Return the query as articles spell it, if no article contains one of its words."""
        index = await active_index.active(self.context.reader, self.context.settings)
        params = SearchParams(q=q)
        if isinstance(index.read(q, params.fields), str):
            return None
        run = run_on(index, self.context, params)
        await run.choose_match()
        return await run.other_spelling()
