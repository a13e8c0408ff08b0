"""Answers to searches: find matching articles, rank the best, show cards with highlights."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from operator import itemgetter
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from app.db import time_budget
from app.db.database import Rows
from app.db.fulltext import FIELDS, FulltextQuery
from app.delivery import cards, lists
from app.delivery import counts as counting
from app.delivery.cards import Row
from app.delivery.context import ReadContext, reply
from app.errors import BadRequest
from app.http.page_links import page_links
from app.http.responses import Representation, etag_of
from app.models.base import from_column
from app.models.envelopes import NOT_COUNTED
from app.queries import articles, list_plan, log_position
from app.queries.filter_conditions import SelectiveFilter
from app.queries.list_plan import ListPlan, Match, PagePosition, Statement
from app.queries.log_position import LogPosition
from app.queries.search import (
    BITS,
    CANDIDATES,
    ENOUGH,
    FIRST,
    TABLES,
    Search,
    edge_of,
)
from app.request import cursors, search
from app.request.filters import RELEVANCE
from app.request.output import PLAIN
from app.request.search import SearchParams
from app.request.search_words import Question
from app.search import bm25
from app.search import highlights as highlighting
from app.search.did_you_mean import Spelling
from app.search.highlights import DIGEST, NO_MARKS
from app.search_index import active_index
from app.search_index.active_index import Index, TermCounts

WEIGHED = 3_000
"""Stories of which the candidates are chosen; of more that match the newest."""
WIDER = 8
"""How much further than likely enough a page by time looks, before it looks everywhere."""


RANK = 12
"""Where the rank is in a row of `Search.stream`."""
FEW_STATEMENTS = 4
"""Statements that are remembered with a query."""
OVER = 2
"""Stories that are read beyond a page, so that it seldom ends within a second."""
PART = 0.5
"""The weight of a word of a name beside the name's own."""
COMMON = 50
"""One story in so many has a word that is common enough to be met along the index."""
Ends = dict[str, str | None]
MORE = "more"
"""There is more, but nothing of it is on this page."""


async def listing(context: ReadContext, request: Request) -> Response:
    """Answer a search: a page of what was found, in the list's envelope."""
    params = search.read(request.scope["query_string"], context.settings.zone)
    time_budget.begin()
    rare = None
    if params.narrowed:
        rare = await lists.rare_filter(context, params.filter, datetime.now(UTC))
    known = active_index.last(context.settings)
    if known and params.streams:
        run = run_on(known, context, params, rare)
        if found := await run.page_in_one_statement():
            return await run.respond(request, *found)
    index = await active_index.active(context.reader, context.settings)
    return await run_on(index, context, params, rare).answer(request)


def run_on(
    index: Index, context: ReadContext, params: SearchParams, rare: SelectiveFilter | None = None
) -> "SearchRun":
    """A search of this index. Raises BadRequest for words that it can't be asked for."""
    question = index.read(params.q, params.fields)
    if isinstance(question, str):
        raise BadRequest.at("q", question)
    return SearchRun(context, params, question, index, rare)


class SearchRun:
    """One search: `every`: articles have all its words; `unseen`: words that no article has which the
    caller may see; `rare`: a part of its filter that few articles meet."""

    def __init__(
        self, context: ReadContext, params: SearchParams, question: Question, index: Index,
        rare: SelectiveFilter | None = None,
    ) -> None:  # fmt: skip
        self.context, self.params, self.question, self.index = context, params, question, index
        self.rare, self.now, self.every, self.unseen = rare, datetime.now(UTC), True, set[str]()
        self.search = Search(context.caller, context.reader.dialect, index.place, params.filter)
        self.reader = context.reader
        self.counts = active_index.counts(context.settings, index)
        self.terms = TermCounts(self.counts, question.terms)

    async def rows(self, statement: Statement) -> Any:
        """Rows of a statement at the time of the request."""
        sql, values = statement
        return await self.reader.rows(sql, values | {"now": self.now}, light=False)

    @property
    def query(self) -> FulltextQuery:
        """The question as the index takes it: every word, or any of them."""
        return self.question.query(self.every)

    async def found(self) -> tuple[list[str], Ends]:
        """Ids of the page, and the cursors to the pages beside it."""
        await self.terms.read(self.search, self.rows)
        await self.choose_match()
        self.choose_first_filter()
        return await self.page()

    async def page_in_one_statement(self) -> tuple[Sequence[Row], Ends, LogPosition] | None:
        """The rows, cursors and log position of a page by time. None where one statement is not enough:
        so few articles have every word that those with any may be due, the page ends within a second,
        or another index became active."""
        await self.terms.read(self.search, self.rows)
        self.choose_first_filter()
        if self.search.first:
            return None
        position, limit = self.position(), self.params.filter.limit
        back, up, here = self.start(position)
        common = self.terms.rarest(self.question.required) * COMMON > self.counts.entries
        n, single = max(limit, ENOUGH) + OVER, self.question.single
        sql, values = self.statement(
            lambda: self.search.stream(self.query, n, here, up, common), common
        )
        light = single and not self.params.narrowed
        found = await self.reader.rows(sql, values | {"now": self.now}, light=light)
        rows, more = whole_seconds(found, n)
        few = len(rows) < limit if more else len(rows) < (1 if single else ENOUGH)
        if few or rows[0][-1] != self.index.mark:
            return None
        mark = rows[0][7], from_column(rows[0][8])
        rows.sort(key=itemgetter(6, 4), reverse=not up)
        more, rows = more or len(rows) > limit, rows[:limit]
        rows = rows[::-1] if back else rows
        return rows, self.ends([(row[6], row[4]) for row in rows], more, position), mark

    def statement(self, build: Callable[[], Statement], common: bool) -> Statement:
        """The statement of a page by time, remembered with the query: by kind of database, caller and
        index it is always the same."""
        caller, database = self.context.caller, self.reader.dialect.name
        name = database, caller.sees, caller.previews, self.index.mark, common
        if name not in self.params.built:
            if len(self.params.built) >= FEW_STATEMENTS:
                self.params.built.clear()
            self.params.built[name] = build()
        return self.params.built[name]

    async def answer(self, request: Request) -> Response:
        """The answer, of articles that are found first and then read."""
        ids, ends = await self.found()
        sql = articles.hits(self.context.caller, self.reader.dialect)
        rows = await self.rows((sql, {"ids": ids})) if ids else []
        found = {row[4]: row for row in rows}
        position = await log_position.read(self.reader, self.now)
        return await self.respond(request, [found[id] for id in ids if id in found], ends, position)

    async def respond(
        self, request: Request, rows: Sequence[Row], ends: Ends, mark: LogPosition
    ) -> Response:
        """The answer with these articles, rows of `articles.hits`."""
        form, ids = self.params.filter.form, [row[4] for row in rows]
        if form is PLAIN:
            bodies, etags = await cards.of_rows(self.context, rows, self.now)
            found, shown = await self.highlights(rows), list[str]()
        else:
            whole = replace(form, project=None) or PLAIN
            bodies, etags, shown = await lists.items(self.context, rows, whole, self.now)
            marks = dict(zip(ids, await self.highlights(rows), strict=True))
            ids = [orjson.loads(body)["id"] for body in bodies]  # an article may be gone by now
            found = [marks[id] for id in ids]
        bodies = [
            b"".join((body[:-1], b',"highlights":', marked[DIGEST:], b"}"))
            for body, marked in zip(bodies, found, strict=True)
        ]
        if form.project:
            bodies = [orjson.dumps(form.project(orjson.loads(body))) for body in bodies]
        envelope = {"items": [], **ends, **await self.counted(), "match": "all" if self.every else "any",
                    "did_you_mean": await self.other_spelling()}  # fmt: skip
        tail = orjson.dumps(envelope).removeprefix(b'{"items":[],')
        body = b"".join([b'{"items":[', b",".join(bodies), b"],", tail])
        parts = "".join([*etags, form.fields]).encode() + b"".join([one[:DIGEST] for one in found])
        etag = etag_of(parts + tail)
        nouns = ["nouns"] if self.params.filter.facets or self.params.filter.terms else []
        keys = " ".join(["articles", "search", *nouns, *ids, *shown])
        held = Representation(body, etag, keys=keys)
        return reply(
            self.context, request, held, now=self.now, head=mark[0], boundary=mark[1],
            links=page_links(self.context.settings.public_url, request.scope, ends),
        )  # fmt: skip

    @property
    def weights(self) -> dict[str, float]:
        """How much each term of the question says of a story, by BM25."""
        entries = max(self.counts.entries, 1)
        return {
            term: bm25.idf(entries, min(self.terms.of(term), entries))
            * (PART if term in self.question.parts else 1)
            for term in self.question.terms
        }

    async def choose_match(self) -> None:
        """Match every word if `ENOUGH` articles have them all, whatever the filters; else any word. Where
        fewer have, find the words that no article has which this caller may see."""
        sql = self.search.some(self.question.query(True), self.question.words)
        [[found, *seen]] = await self.rows(sql)
        self.every = found >= ENOUGH or len(self.question.some) + len(self.question.phrases) < 2
        if found < ENOUGH:
            there = dict(zip(self.question.words, seen, strict=True))
            self.unseen = {word for word, id in there.items() if id is None}

    def choose_first_filter(self) -> None:
        """Begin with the rare part of the filter where more articles have the words."""
        self.search.first = self.rare if self.rare and self.reach > list_plan.RARE else None

    @property
    def reach(self) -> int:
        """How many articles match at most, whatever the filters."""
        if self.every or self.question.phrases:
            return self.terms.rarest(self.question.required)
        return sum(map(self.terms.of, self.question.some))

    async def page(self) -> tuple[list[str], Ends]:
        """Ids of this page, and the cursors beside it."""
        position = self.position()
        if self.params.by_time:
            return await self.by_time(position, [], self.params.filter.limit)
        if self.params.sort != RELEVANCE:
            return await self.by_other_time(position)
        best, whole = await self.best()
        if position and position[0] != "r":
            return await self.after_best(position, best)
        start, limit = int(position[1]) if position else 0, self.params.filter.limit
        ids = best[start : start + limit]
        ends: Ends = {"next": None, "prev": None}
        if start:
            ends["prev"] = self.cursor("r", str(max(0, start - limit)))
        if start + limit < len(best):
            ends["next"] = self.cursor("r", str(start + limit))
        elif not whole:
            rest, beside = await self.by_time(None, best, limit - len(ids))
            ids, ends["next"] = [*ids, *rest], beside["next"]
            if not rest and beside["next"] == MORE:
                ends["next"] = self.cursor("r", str(len(best)))
        return ids, ends

    async def after_best(self, position: list[str], best: list[str]) -> tuple[list[str], Ends]:
        """The stories behind the best, by time."""
        limit = self.params.filter.limit
        ids, ends = await self.by_time(position, best, limit)
        if ends["prev"] is None:
            ends["prev"] = self.cursor("r", str(max(0, len(best) - limit)))
        return ids, ends

    async def best(self) -> tuple[list[str], bool]:
        """Ids of the best stories, the best first; and whether no other matches."""
        weights, since, entries = self.weights, None, self.counts.entries
        if self.every or self.question.phrases:
            likely = self.terms.rarest(self.question.required)
            if likely > WEIGHED and not self.params.narrowed:
                since = self.counts.reach(WEIGHED * entries // likely)
            rows = await self.rows(self.search.best(self.query, weights, since))
            whole = since is None
        else:
            common = [term for term in self.question.some if self.terms.of(term) > WEIGHED]
            if common:
                since = self.counts.reach(WEIGHED * entries // self.terms.rarest(common))
            rows = await self.rows(self.search.near(self.query, weights, since, common))
            whole = sum(map(self.terms.of, self.question.some)) <= FIRST
        ranked = sorted(self.ranked(row, weights) for row in rows)
        return [id for *_, id in ranked], whole and len(rows) < CANDIDATES

    def ranked(self, row: Any, weights: dict[str, float]) -> tuple[float, str]:
        """The sort key of a candidate: by score, then by id."""
        id, *texts = row
        fields = [
            text if name in self.question.fields else ""
            for name, text in zip(FIELDS, texts, strict=True)
        ]
        return -bm25.score(fields, weights, self.counts.lengths), id

    async def by_time(
        self, position: list[str] | None, without: list[str], limit: int
    ) -> tuple[list[str], Ends]:
        """Return the ids of a page by time. For a common word the newest part of the index is
        searched first, because its matches come first in any case."""
        back, up, here = self.start(position)
        rows: Any = []
        for bound in self.windows(limit + len(without) + 1, here, up):
            rows = await self.rows(
                self.search.page(self.query, limit + 1, here, up, bound, without)
            )
            if len(rows) > limit:
                break
        more, rows = len(rows) > limit, list(rows[:limit])
        if back:
            rows.reverse()
        ends = self.ends([(at, id) for id, at in rows], more, position)
        if more and not rows:
            ends["next"] = MORE
        return [id for id, _ in rows], ends

    def start(self, position: list[str] | None) -> tuple[bool, bool, tuple[datetime, str] | None]:
        """Return where a page by time begins: whether it lies before the cursor, whether the
        index is read upwards, and from which time and id."""
        back = position is not None and position[0] == "b"
        up = back != (self.params.sort == "published_at")
        here = (datetime.fromisoformat(position[1]), position[2]) if position else None
        return back, up, here

    def ends(
        self, places: Sequence[tuple[Any, str]], more: bool, position: list[str] | None
    ) -> Ends:
        """The cursors beside a page by time of these stories, times and ids as they are shown."""
        ends: Ends = {"next": None, "prev": None}
        back, begun = position is not None and position[0] == "b", position is not None
        beside = partial(cursors.beside, self.context.settings.secrets[0], self.params.question)
        if places and (more or back):
            ends["next"] = beside("f", *places[-1])
        if places and (more if back else begun):
            ends["prev"] = beside("b", *places[0])
        return ends

    async def by_other_time(self, position: list[str] | None) -> tuple[list[str], Ends]:
        """Ids of a page sorted as lists are."""
        filter = replace(self.params.filter, sort=self.params.sort)
        match = Match(TABLES[self.index.place], self.query)
        place = PagePosition.of(*position) if position else None
        plan = ListPlan(self.context.caller, self.reader.dialect, filter, match, place)
        rows, _ = await lists.read(self.context, plan, self.now, strict=True)
        more, rows = len(rows) > filter.limit, rows[: filter.limit]
        back = place is not None and place.back
        if back:
            rows = rows[::-1]
        ends = self.ends([(row[6], row[4]) for row in rows], more, position)
        return [row[4] for row in rows], ends

    def windows(self, n: int, here: tuple[datetime, str] | None, up: bool) -> list[int | None]:
        """How far to look for a page, one step after the other; the last looks everywhere."""
        if self.search.first:
            return [None]
        likely = self.terms.rarest(self.question.required if self.every else self.question.some)
        if likely <= WEIGHED:
            return [None]
        size = WIDER * n * self.counts.entries // likely
        start = edge_of(here[0], up) if here else None
        bound = self.counts.reach(size, start, up)
        return [None] if bound is None else [bound, None]

    def position(self) -> list[str] | None:
        """Return the cursor's position: "r" and an index among the best, or a direction with a
        story's time and id."""
        cursor = self.params.filter.cursor
        if cursor is None:
            return None
        return cursors.read(self.context.settings.secrets, self.params.question, cursor, 3)

    def cursor(self, way: str, at: str, id: str = "") -> str:
        """A cursor to a place among the best ("r"), or after or before an article."""
        secrets = self.context.settings.secrets
        return cursors.write(secrets, self.params.question, [way, at, id])

    async def counted(self) -> dict[str, Any]:
        """`count` and `facets`, as far as they were asked for."""
        filter, shown = self.params.filter, dict(NOT_COUNTED)
        if filter.count == "none" and not filter.facets:
            return shown
        rows = await self.rows(self.search.counts(self.query, filter.facets))
        if filter.count != "none":
            shown |= {
                "count": next(n for facet, _, n in rows if facet == ""),
                "count_kind": "exact",
            }
        if filter.facets:
            shown["facets"] = counting.facets(rows, filter.facets)
        return shown

    async def other_spelling(self) -> str | None:
        """The question with other words for those that no story has which the caller may see."""
        if not self.unseen or self.params.filter.cursor:
            return None
        spelling = Spelling(self.question, self.unseen, self.search, self.index.analyser, self.rows)
        return await spelling.offered()

    async def highlights(self, rows: Sequence[Row]) -> list[bytes]:
        """Return where the words are in each of these stories, if requested."""
        style, fields = self.params.highlight, self.question.fields
        if style == "none":
            return [NO_MARKS] * len(rows)
        marker = highlighting.Marker(self.index.analyser, self.weights, fields, style)
        return await highlighting.highlights(self.context, marker, rows, self.now)


def whole_seconds(rows: Rows, n: int) -> tuple[list[Row], bool]:
    """The stories of the seconds that these `n` rows have whole, and whether there are others."""
    if len(rows) < n:
        return list(rows), False
    last = rows[-1][RANK] >> BITS
    return [row for row in rows if row[RANK] >> BITS != last], True
