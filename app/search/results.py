"""Answers to questions: the index asked, the best ranked, cards and highlights put together."""

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
    MOST_COUNTED,
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
from app.search_index.active_index import Index

MOST_TERMS = 20_000
WEIGHED = 3_000
"""Stories of which the candidates are chosen; of more that match the newest."""
RECENT = 1_000
"""Entries, the newest, of which is told how common a word is that very many have."""
WIDER = 8
"""How much further than likely enough a page by time looks, before it looks everywhere."""


RANK = 12
"""Where the rank is in a row of `Search.stream`."""
FEW_STATEMENTS = 4
"""Statements that are remembered with a query."""
OVER = 2
"""Stories that are read beyond a page, so that it seldom ends within a second."""
COMMON = 50
"""One story in so many has a word that is common enough to be met along the index."""
Ends = dict[str, str | None]
MORE = "more"
"""There is more, but nothing of it is on this page."""


async def listing(context: ReadContext, request: Request) -> Response:
    """A page of what was found, in the list's envelope."""
    wanted = search.read(request.scope["query_string"], context.settings.zone)
    time_budget.begin()
    rare = None
    if wanted.narrowed:
        rare = await lists.rare_filter(context, wanted.filter, datetime.now(UTC))
    known = active_index.last(context.settings)
    if known and wanted.streams:
        looking = await reading(context, wanted, index=known, rare=rare)
        assert looking is not None  # strict
        if found := await looking.streamed():
            return await looking.respond(request, *found)
    looking = await reading(context, wanted, rare=rare)
    assert looking is not None  # strict
    return await looking.answered(request)


async def reading(
    context: ReadContext, wanted: SearchParams, *, strict: bool = True, index: Index | None = None,
    rare: SelectiveFilter | None = None,
) -> "SearchRun | None":  # fmt: skip
    """The question, read by the analyser of the index that is asked; where it is none, it is refused,
    or not `strict` nothing."""
    index = index or await active_index.asked(context.reader, context.settings)
    question = index.read(wanted.q, wanted.fields)
    if not isinstance(question, str):
        return SearchRun(context, wanted, question, index, datetime.now(UTC), rare)
    if strict:
        raise BadRequest.at("q", question)
    return None


class SearchRun:
    """One question, put to the index."""

    def __init__(
        self, context: ReadContext, wanted: SearchParams, question: Question, index: Index, now: datetime,
        rare: SelectiveFilter | None = None,
    ) -> None:  # fmt: skip
        self.context, self.wanted, self.question, self.index = context, wanted, question, index
        self.rare = rare
        self.now, self.every, self.unseen = now, True, set[str]()
        self.search = Search(context.caller, context.reader.dialect, index.place, wanted.filter)
        self.reader = context.reader
        self.counts = active_index.counts(context.settings, index)
        self.terms: dict[str, int] = {}
        """How many entries have each term of the question, once that is known."""

    async def rows(self, built: tuple[str, dict[str, Any]]) -> Any:
        sql, values = built
        if ":now" in sql:
            values["now"] = self.now
        return await self.context.reader.rows(sql, values, light=False)

    @property
    def asked(self) -> FulltextQuery:
        return self.question.asked(self.every)

    async def found(self) -> tuple[list[str], Ends]:
        """Ids of the page that was asked for, and the cursors beside it."""
        await self.count_terms()
        await self.choose_match()
        self.choose_side()
        return await self.page()

    async def streamed(self) -> tuple[Sequence[Row], Ends, LogPosition] | None:
        """The page by time in one statement. None where that isn't enough: it shows so few that
        others may have some of the words, it ends within a second, or the index was exchanged."""
        await self.count_terms()
        self.choose_side()
        if self.search.first:
            return None
        position, limit = self.position(), self.wanted.filter.limit
        back, up, here = self.start(position)
        common = self.likely(self.question.terms) * COMMON > self.counts.entries
        n, single = max(limit, ENOUGH) + OVER, self.question.single
        sql, values = self.built(
            lambda: self.search.stream(self.asked, n, here, up, common), common
        )
        light = single and not self.wanted.narrowed
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

    def built(self, build: Callable[[], Statement], common: bool) -> Statement:
        """The statement of a page by time: of one query, for one kind of database, caller and index,
        it is always the same."""
        caller, database = self.context.caller, self.reader.dialect.name
        name = database, caller.sees, caller.previews, self.index.mark, common
        if name not in self.wanted.built:
            if len(self.wanted.built) >= FEW_STATEMENTS:
                self.wanted.built.clear()
            self.wanted.built[name] = build()
        return self.wanted.built[name]

    async def answered(self, request: Request) -> Response:
        ids, ends = await self.found()
        found = {row[4]: row for row in await self.cards(ids)}
        mark = await log_position.read(self.reader, self.now)
        return await self.respond(request, [found[id] for id in ids if id in found], ends, mark)

    async def respond(
        self, request: Request, rows: Sequence[Row], ends: Ends, mark: LogPosition
    ) -> Response:
        """The answer with these stories, rows of `articles.hits`."""
        form, ids = self.wanted.filter.form, [row[4] for row in rows]
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
            b"".join((body[:-1], b',"highlights":', told[DIGEST:], b"}"))
            for body, told in zip(bodies, found, strict=True)
        ]
        if form.project:
            bodies = [orjson.dumps(form.project(orjson.loads(body))) for body in bodies]
        envelope = {"items": [], **ends, **await self.counted(), "match": self.match,
                    "did_you_mean": await self.other_spelling()}  # fmt: skip
        tail = orjson.dumps(envelope).removeprefix(b'{"items":[],')
        body = b"".join([b'{"items":[', b",".join(bodies), b"],", tail])
        told = "".join([*etags, form.fields]).encode() + b"".join([one[:DIGEST] for one in found])
        etag = etag_of(told + tail)
        nouns = ["nouns"] if self.wanted.filter.facets or self.wanted.filter.terms else []
        keys = " ".join(["articles", "search", *nouns, *ids, *shown])
        held = Representation(body, etag, keys=keys)
        return reply(
            self.context, request, held, now=self.now, head=mark[0], boundary=mark[1],
            links=page_links(self.context.settings.public_url, request.scope, ends),
        )  # fmt: skip

    @property
    def match(self) -> str:
        return "all" if self.every else "any"

    async def count_terms(self) -> None:
        """See to the counts of this question's terms; a process asks for each once a minute."""
        counts = self.counts
        if counts.due():
            counts.learn(await self.rows(self.search.spread()))
        if len(counts.having) > MOST_TERMS:
            counts.having = {}
        terms = self.question.terms
        self.terms = {term: counts.having[term] for term in terms if term in counts.having}
        if missing := [term for term in terms if term not in self.terms]:
            found = await self.counted_terms(missing)
            counts.having |= found
            self.terms |= found

    async def counted_terms(self, terms: Sequence[str]) -> dict[str, int]:
        """How many entries have each of these terms; of one that very many have, about how many."""
        [row] = await self.rows(self.search.having(terms))
        found = dict(zip(terms, row, strict=True))
        most = [term for term, count in found.items() if count >= MOST_COUNTED]
        if most:
            [row] = await self.rows(self.search.having(most, self.counts.reach(RECENT)))
            shares = [max(count, 1) / RECENT for count in row]
            found |= {
                term: max(MOST_COUNTED, int(self.counts.entries * min(share, 1)))
                for term, share in zip(most, shares, strict=True)
            }
        return found

    def likely(self, terms: Sequence[str]) -> int:
        """How many stories have the rarest of some terms, at most."""
        return min((self.having(term) for term in terms), default=0)

    def having(self, term: str) -> int:
        return self.terms.get(term, 0)

    @property
    def weights(self) -> dict[str, float]:
        entries = max(self.counts.entries, 1)
        return {
            term: bm25.idf(entries, min(self.having(term), entries)) for term in self.question.terms
        }

    async def choose_match(self) -> None:
        """Every word, if enough stories have them all, whatever the filters; else any of them.
        Where too few have, see which words no story has that this caller may see."""
        sql = self.search.some(self.question.asked(True), self.question.words)
        [[found, *seen]] = await self.rows(sql)
        self.every = found >= ENOUGH or len(self.question.words) + len(self.question.phrases) < 2
        if found < ENOUGH:
            there = dict(zip(self.question.words, seen, strict=True))
            self.unseen = {word for word, id in there.items() if id is None}

    def choose_side(self) -> None:
        """Find what is rare by the filter first, where more stories have the words."""
        self.search.first = self.rare if self.rare and self.reach > list_plan.RARE else None

    @property
    def reach(self) -> int:
        """How many stories match, at most, whatever the filters."""
        if self.every or self.question.phrases:
            return self.likely(self.question.terms)
        return sum(map(self.having, self.question.words))

    async def page(self) -> tuple[list[str], Ends]:
        """Ids of this page, and the cursors beside it."""
        position = self.position()
        if self.wanted.by_time:
            return await self.by_time(position, [], self.wanted.filter.limit)
        if self.wanted.sort != RELEVANCE:
            return await self.by_other_time(position)
        best, whole = await self.best()
        if position and position[0] != "r":
            return await self.after_best(position, best)
        start, limit = int(position[1]) if position else 0, self.wanted.filter.limit
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
        limit = self.wanted.filter.limit
        ids, ends = await self.by_time(position, best, limit)
        if ends["prev"] is None:
            ends["prev"] = self.cursor("r", str(max(0, len(best) - limit)))
        return ids, ends

    async def best(self) -> tuple[list[str], bool]:
        """Ids of the best stories, the best first; and whether no other matches."""
        weights, since, entries = self.weights, None, self.counts.entries
        if self.every or self.question.phrases:
            likely = self.likely(self.question.terms)
            if likely > WEIGHED and not self.wanted.narrowed:
                since = self.counts.reach(WEIGHED * entries // likely)
            rows = await self.rows(self.search.best(self.asked, weights, since))
            whole = since is None
        else:
            common = [term for term in self.question.words if self.having(term) > WEIGHED]
            if common:
                since = self.counts.reach(WEIGHED * entries // self.likely(common))
            rows = await self.rows(self.search.near(self.asked, weights, since, common))
            whole = sum(map(self.having, self.question.words)) <= FIRST
        ranked = sorted(self.ranked(row, weights) for row in rows)
        return [id for *_, id in ranked], whole and len(rows) < CANDIDATES

    def ranked(self, row: Any, weights: dict[str, float]) -> tuple[bool, float, str]:
        id, *texts = row
        fields = [
            text if name in self.question.fields else ""
            for name, text in zip(FIELDS, texts, strict=True)
        ]
        having, score = bm25.score(fields, weights, self.counts.lengths)
        return having < len(weights), -score, id

    async def by_time(
        self, position: list[str] | None, without: list[str], limit: int
    ) -> tuple[list[str], Ends]:
        """Ids of a page by time. A common word is looked for in the newest part of the index first:
        what is there is on the page, whatever the rest has."""
        back, up, here = self.start(position)
        rows: Any = []
        for bound in self.windows(limit + len(without) + 1, here, up):
            rows = await self.rows(
                self.search.page(self.asked, limit + 1, here, up, bound, without)
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
        """Where a page by time begins: whether it lies before the cursor, whether the index is read
        upwards for it, and from which time and id."""
        back = position is not None and position[0] == "b"
        up = back != (self.wanted.sort == "published_at")
        here = (datetime.fromisoformat(position[1]), position[2]) if position else None
        return back, up, here

    def ends(
        self, places: Sequence[tuple[Any, str]], more: bool, position: list[str] | None
    ) -> Ends:
        """The cursors beside a page by time of these stories, times and ids as they are shown."""
        ends: Ends = {"next": None, "prev": None}
        back, begun = position is not None and position[0] == "b", position is not None
        beside = partial(cursors.beside, self.context.settings.secrets[0], self.wanted.question)
        if places and (more or back):
            ends["next"] = beside("f", *places[-1])
        if places and (more if back else begun):
            ends["prev"] = beside("b", *places[0])
        return ends

    async def by_other_time(self, position: list[str] | None) -> tuple[list[str], Ends]:
        """Ids of a page sorted as lists are."""
        wanted = replace(self.wanted.filter, sort=self.wanted.sort)
        match = Match(TABLES[self.index.place], self.asked)
        place = PagePosition.of(*position) if position else None
        plan = ListPlan(self.context.caller, self.reader.dialect, wanted, match, place)
        rows, _ = await lists.read(self.context, plan, self.now, strict=True)
        more, rows = len(rows) > wanted.limit, rows[: wanted.limit]
        back = place is not None and place.back
        if back:
            rows = rows[::-1]
        ends = self.ends([(row[6], row[4]) for row in rows], more, position)
        return [row[4] for row in rows], ends

    def windows(self, n: int, here: tuple[datetime, str] | None, up: bool) -> list[int | None]:
        """How far to look for a page, one step after the other; the last looks everywhere."""
        if self.search.first:
            return [None]
        likely = self.likely(self.question.terms if self.every else self.question.words)
        if likely <= WEIGHED:
            return [None]
        size = WIDER * n * self.counts.entries // likely
        start = edge_of(here[0], up) if here else None
        bound = self.counts.reach(size, start, up)
        return [None] if bound is None else [bound, None]

    def position(self) -> list[str] | None:
        """Where the cursor is: "r" and a place among the best, or a way and a story's time and id."""
        cursor = self.wanted.filter.cursor
        if cursor is None:
            return None
        return cursors.read(self.context.settings.secrets, self.wanted.question, cursor, 3)

    def cursor(self, way: str, at: str, id: str = "") -> str:
        secrets = self.context.settings.secrets
        return cursors.write(secrets, self.wanted.question, [way, at, id])

    async def cards(self, ids: list[str]) -> Any:
        if not ids:
            return []
        sql = articles.hits(self.context.caller, self.context.reader.dialect)
        return await self.rows((sql, {"ids": ids}))

    async def counted(self) -> dict[str, Any]:
        """`count` and `facets`, as far as they were asked for."""
        wanted, shown = self.wanted.filter, dict(NOT_COUNTED)
        if wanted.count == "none" and not wanted.facets:
            return shown
        rows = await self.rows(self.search.counts(self.asked, wanted.facets))
        if wanted.count != "none":
            shown |= {
                "count": next(n for facet, _, n in rows if facet == ""),
                "count_kind": "exact",
            }
        if wanted.facets:
            shown["facets"] = counting.facets(rows, wanted.facets)
        return shown

    async def other_spelling(self) -> str | None:
        """The question with other words for those that no story has which the caller may see."""
        if not self.unseen or self.wanted.filter.cursor:
            return None
        return await Spelling(self, self.index.analyser).offered()

    async def highlights(self, rows: Sequence[Row]) -> list[bytes]:
        """Where the words are in each of these stories, as far as that is asked for."""
        style, fields = self.wanted.highlight, self.question.fields
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
