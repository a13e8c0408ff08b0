"""Pages of stories: what a query string asks for, found, shown as cards or whole, in the list's envelope."""

import hashlib
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import orjson
from starlette.requests import Request
from starlette.responses import Response

from app.db import time_budget
from app.db.database import Rows
from app.delivery import cards, counts, includes, unknown_names
from app.delivery.cards import Row
from app.delivery.context import ReadContext, reply
from app.http.page_links import page_links
from app.http.responses import Representation, etag_of
from app.models.base import from_column
from app.models.envelopes import NOT_COUNTED
from app.queries import catalog_names
from app.queries.filter_conditions import SelectiveFilter, selective_filters
from app.queries.list_plan import ListPlan, Match, PagePosition
from app.queries.log_position import LogPosition
from app.request import cursors, filters
from app.request.filters import Filter
from app.request.output import PLAIN, OutputOptions
from app.search_index.active_index import read_words

MOST_TERMS = 10_000
"""Names of terms that a process remembers."""
FEW_NAMES = 10
"""Names of a query that are looked up whatever other requests do."""
MOST_QUERIES, LONG_QUERY = 1_000, 300
"""Query strings of lists that a process remembers, and the bytes from which on it doesn't."""


@dataclass(slots=True)
class Page:
    """A page of a list: rows of `articles.card`, and the cursors to the pages beside it."""

    rows: Sequence[Row]
    next: str | None
    prev: str | None
    head: int
    boundary: datetime | None
    plan: ListPlan
    beyond: str | None
    """The story behind the last, if there is one."""


async def listing(context: ReadContext, request: Request) -> Response:
    """A page of cards in the list's envelope."""
    now = datetime.now(UTC)
    plan = await plan_of_query(context, request.scope["query_string"])
    filter, found = plan.filter, await page_of(context, plan, now)
    bodies, etags, shown = await items(context, found.rows, filter.form, now)
    ends = {"next": found.next, "prev": found.prev, **NOT_COUNTED}
    if filter.count != "none" or filter.facets:
        ends |= await counts.counted(context, plan, now)
    tail = orjson.dumps(ends)[1:]
    body = b"".join([b'{"items":[', b",".join(bodies), b"],", tail])
    marks = hashlib.blake2b("".join(etags).encode() + tail, digest_size=10).hexdigest()
    keys = [*await keys_of(context, filter, found, plain=filter.form is PLAIN), *shown]
    held = Representation(body, f"0-{marks}", keys=" ".join(dict.fromkeys(keys)))
    return reply(
        context, request, held, now=now, head=found.head, boundary=found.boundary,
        links=page_links(context.settings.public_url, request.scope, ends),
    )  # fmt: skip


async def items(
    context: ReadContext, rows: Sequence[Row], form: OutputOptions, now: datetime
) -> tuple[list[bytes], list[str], list[str]]:
    """The items of a page in the form that was asked for, ETags of them, each or together, and
    the keys of what they show of others."""
    if form is PLAIN:
        return *await cards.of_rows(context, rows, now), []
    bodies, shown = await includes.page(context, rows, form, now)
    return bodies, [etag_of(b",".join(bodies))], shown


async def keys_of(
    context: ReadContext, filter: Filter, page: Page, plain: bool = True
) -> list[str]:
    """The surrogate keys of a list: `articles`, the term without which no story enters it, where
    there is one, what its names and words rest on, its stories and the next one. `plain`: it
    shows nothing else."""
    one = next((term for term in filter.terms if not term[1] and len(term[2]) == 1), None)
    alone = plain and filter.count == "none" and not filter.facets and not filter.q
    bound = []
    if one and alone and page.rows and filter.ids is None:
        bound = [await key_of_term(context, one[0], one[2][0])]
    nouns = ["nouns"] if filter.facets or len(filter.terms) > len(bound) else []
    words = ["search"] if filter.q else []
    stories = [row[4] for row in page.rows] + ([page.beyond] if page.beyond else [])
    return ["articles", *bound, *nouns, *words, *stories]


async def key_of_term(context: ReadContext, noun: str, name: str) -> str:
    """The key of lists of one term. Remembered without expiry: a name is never given to another item."""
    term, terms = (noun, name), context.memory.terms
    if term not in terms:
        parted = role = ""
        if noun == "source":
            name, parted, role = name.partition(":")
        sql = f"SELECT {catalog_names.id_by_name(noun, ':name', ':folded')}"
        [[id]] = await context.reader.rows(sql, {"name": name, "folded": name.casefold()})
        if len(terms) >= MOST_TERMS:
            terms.clear()
        terms[term] = f"articles:{id}{parted}{role}"
    return terms[term]


async def page(context: ReadContext, filter: Filter, now: datetime, *, strict: bool = True) -> Page:
    """The articles that a list shows, in its order. `strict`: an unknown name is a fault; else no
    article meets it."""
    return await page_of(context, await plan_for(context, filter), now, strict=strict)


async def plan_of_query(context: ReadContext, query: bytes) -> ListPlan:
    """The plan of a query string; one that depends on the query alone is remembered."""
    name, known = (context.caller.sees, query), context.memory.plans
    plan = known.get(name)
    if plan is None:
        plan = await plan_for(context, await parse(context, query))
        if plan.is_reusable and len(query) < LONG_QUERY:
            if len(known) >= MOST_QUERIES:
                known.clear()
            known[name] = plan
    return plan


async def parse(context: ReadContext, query: bytes) -> Filter:
    """The filter that a query string means: remembered for a short query, one after the other for
    long ones."""
    if len(query) < LONG_QUERY:
        return parse_short(query, context.settings.zone)
    async with context.memory.turn:
        return filters.parse(filters.decode_query(query), context.settings.zone)


@lru_cache(maxsize=MOST_QUERIES)
def parse_short(query: bytes, zone: ZoneInfo) -> Filter:
    """The filter that a query string means; nothing changes it afterwards."""
    return filters.parse(filters.decode_query(query), zone)


async def plan_for(context: ReadContext, filter: Filter) -> ListPlan:
    """The plan of a filter. Raises BadRequest for words or a cursor that can't be read."""
    match = None
    if filter.q:
        match = await read_words(context.reader, context.settings, filter.q)
    return ListPlan(
        context.caller, context.reader.dialect, filter, match, position(context, filter)
    )


async def page_of(
    context: ReadContext, plan: ListPlan, now: datetime, *, strict: bool = True
) -> Page:
    """The page of a plan, as `page` has it."""
    time_budget.begin()
    rows, log_position = await read(context, plan, now, strict)
    limit, all_at_once = plan.filter.limit, plan.filter.ids is not None
    back, first = plan.position is not None and plan.position.back, plan.position is None
    more = not all_at_once and len(rows) > limit
    beyond = rows[limit][4] if more else None
    rows = rows if all_at_once else rows[:limit]
    if back:
        rows = rows[::-1]
    return Page(
        rows, cursor(context, plan.filter, "f", rows[-1]) if rows and (more or back) else None,
        cursor(context, plan.filter, "b", rows[0]) if rows and (more if back else not first) else None,
        *log_position, plan, beyond,
    )  # fmt: skip


async def read(
    context: ReadContext, plan: ListPlan, now: datetime, strict: bool
) -> tuple[Rows, LogPosition]:
    """Rows of a page, one more than its limit where more follow; and the position of the change log
    from before they were read."""
    before = None if plan.is_plain else await look_up(context, plan, now, strict)
    rows = await plan.page(context.reader, now)
    if rows and before is None:
        return rows, (rows[0][7], from_column(rows[0][8]))
    if before is None:
        before = await look_up(context, plan, now, strict)
        rows = await plan.page(context.reader, now)
    return rows, before


async def look_up(context: ReadContext, plan: ListPlan, now: datetime, strict: bool) -> LogPosition:
    """Look up a filter's names; of many names one request after the other. Raises BadRequest where
    one is unknown and the list is `strict`."""
    many = sum(len(term[2]) for term in plan.filter.terms) > FEW_NAMES
    async with context.memory.turn if many else nullcontext():
        unknown, log_position = await plan.look_up(context.reader, now)
        if unknown and strict:
            raise await unknown_names.fault(context, unknown, now)
    return log_position


async def rare_filter(
    context: ReadContext, filter: Filter, now: datetime
) -> SelectiveFilter | None:
    """A part of a filter that few articles meet, if there is one. Raises BadRequest for an unknown name."""
    if not filter.terms and not selective_filters(filter):
        return None
    plan = ListPlan(context.caller, context.reader.dialect, filter)
    await look_up(context, plan, now, strict=True)
    assert not isinstance(plan.rare, Match)  # the plan has no words
    return plan.rare


async def refuse_unknown(context: ReadContext, filter: Filter, now: datetime) -> None:
    """Raise BadRequest for a filter with an unknown name."""
    if filter.terms:
        await rare_filter(context, filter, now)


def position(context: ReadContext, filter: Filter) -> PagePosition | None:
    """Return where the page begins. Raises BadRequest for a cursor of another list."""
    if filter.cursor is None:
        return None
    secrets = context.settings.secrets
    return PagePosition.of(*cursors.read(secrets, question(context, filter), filter.cursor, 3))


def question(context: ReadContext, filter: Filter) -> str:
    """Return what a list's cursors are bound to: its filters, order and the caller's view."""
    sees = context.caller.sees
    return filter.question + ("" if sees == "published" else sees)


def cursor(context: ReadContext, filter: Filter, way: str, row: Row) -> str:
    """The cursor to the page after (`way` "f") or before ("b") a row."""
    secret = context.settings.secrets[0]
    return cursors.beside(secret, question(context, filter), way, row[6], row[4])
