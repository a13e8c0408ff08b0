"""Pages of stories: what a query string asks for, found, shown as cards or whole, in the list's envelope."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson
from starlette.requests import Request
from starlette.responses import Response

from app.db import time_budget
from app.delivery import cards, counts, includes, list_plan
from app.delivery.cards import Row
from app.delivery.context import ReadContext, reply
from app.delivery.responses import links
from app.http.responses import Representation, etag_of
from app.models.envelopes import NOT_COUNTED
from app.queries import articles
from app.queries.article_lists import PagePosition, Pages
from app.request import cursors, filters
from app.request.filters import Filter
from app.request.output import OutputOptions
from app.search_index.active_index import read_words

MOST_TERMS = 10_000
"""Names of terms that a process remembers."""
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
    pages: Pages
    beyond: str | None
    """The story behind the last, if there is one."""


async def listing(context: ReadContext, request: Request) -> Response:
    """A page of cards in the list's envelope."""
    now = datetime.now(UTC)
    asked = await pages(context, request.scope["query_string"])
    wanted, found = asked.wanted, await page_of(context, asked, now)
    bodies, etags, shown = await items(context, found.rows, wanted.form, now)
    ends = {"next": found.next, "prev": found.prev, **NOT_COUNTED}
    if wanted.count != "none" or wanted.facets:
        ends |= await counts.counted(context, found.pages, now)
    tail = orjson.dumps(ends)[1:]
    body = b"".join([b'{"items":[', b",".join(bodies), b"],", tail])
    marks = hashlib.blake2b("".join(etags).encode() + tail, digest_size=10).hexdigest()
    keys = [*await keys_of(context, wanted, found, plain=not wanted.form), *shown]
    held = Representation(body, f"0-{marks}", keys=" ".join(dict.fromkeys(keys)))
    return reply(
        context, request, held, now=now, head=found.head, boundary=found.boundary,
        links=links(context, request, ends),
    )  # fmt: skip


async def items(
    context: ReadContext, rows: Sequence[Row], form: OutputOptions, now: datetime
) -> tuple[list[bytes], list[str], list[str]]:
    """The items of a page in the form that was asked for, ETags of them, each or together, and
    the keys of what they show of others."""
    if not form:
        return *await cards.of_rows(context, rows, now), []
    bodies, shown = await includes.page(context, rows, form, now)
    return bodies, [etag_of(b",".join(bodies))], shown


async def keys_of(
    context: ReadContext, wanted: Filter, page: Page, plain: bool = True
) -> list[str]:
    """The surrogate keys of a list: `articles`, the term without which no story enters it, where
    there is one, what its names and words rest on, its stories and the next one. `plain`: it
    shows nothing else."""
    one = next((term for term in wanted.terms if not term[1] and len(term[2]) == 1), None)
    alone = plain and wanted.count == "none" and not wanted.facets and not wanted.q
    bound = []
    if one and alone and page.rows and wanted.ids is None:
        bound = [await key_of_term(context, one[0], one[2][0])]
    nouns = ["nouns"] if wanted.facets or len(wanted.terms) > len(bound) else []
    words = ["search"] if wanted.q else []
    stories = [row[4] for row in page.rows] + ([page.beyond] if page.beyond else [])
    return ["articles", *bound, *nouns, *words, *stories]


async def key_of_term(context: ReadContext, noun: str, name: str) -> str:
    """The key of lists of one term. Remembered without expiry: a name is never given to another item."""
    term, terms = (noun, name), context.memory.terms
    if term not in terms:
        parted = role = ""
        if noun == "source":
            name, parted, role = name.partition(":")
        sql = f"SELECT {articles.look_up(noun, ':name', ':folded')}"
        [[id]] = await context.reader.rows(sql, {"name": name, "folded": name.casefold()})
        if len(terms) >= MOST_TERMS:
            terms.clear()
        terms[term] = f"articles:{id}{parted}{role}"
    return terms[term]


async def page(context: ReadContext, wanted: Filter, now: datetime, *, strict: bool = True) -> Page:
    """The stories that a list shows, in its order. `strict`: a name that nothing has is a
    fault; else nothing meets it."""
    return await page_of(context, await pages_for(context, wanted), now, strict=strict)


async def pages(context: ReadContext, query: bytes) -> Pages:
    """What a query string asks for. A plain list means the same each time: it is read once."""
    name, known = (context.caller.sees, query), context.memory.pages
    found = known.get(name)
    if found is None:
        found = await pages_for(context, await parse(context, query))
        if found.lasts and len(query) < LONG_QUERY:
            if len(known) >= MOST_QUERIES:
                known.clear()
            known[name] = found
    return found


async def parse(context: ReadContext, query: bytes) -> Filter:
    """The filter that a query string means; one long query after the other."""
    if len(query) < LONG_QUERY:
        return filters.parse(filters.text_of(query), context.settings.zone)
    async with context.memory.turn:
        return filters.parse(filters.text_of(query), context.settings.zone)


async def pages_for(context: ReadContext, wanted: Filter) -> Pages:
    match = None
    if wanted.q:
        match = await read_words(context.reader, context.settings, wanted.q)
    return Pages(context.caller, context.reader.dialect, wanted, match)


async def page_of(
    context: ReadContext, pages: Pages, now: datetime, *, strict: bool = True
) -> Page:
    """The same of statements that are there."""
    time_budget.begin()
    wanted = pages.wanted
    if pages.place is None:
        pages.place = place(context, wanted)
    at = pages.place
    rows, (head, boundary) = await list_plan.rows(context, pages, at, now, strict)
    back, first = at is not None and at.back, at is None
    more = wanted.ids is None and len(rows) > wanted.limit
    beyond = rows[wanted.limit][4] if more else None
    rows = rows[: wanted.limit] if wanted.ids is None else rows
    if back:
        rows = rows[::-1]
    return Page(
        rows, cursor(context, wanted, "f", rows[-1]) if rows and (more or back) else None,
        cursor(context, wanted, "b", rows[0]) if rows and (more if back else not first) else None,
        head, boundary, pages, beyond,
    )  # fmt: skip


def place(context: ReadContext, wanted: Filter) -> PagePosition | None:
    """Where the page begins."""
    if wanted.cursor is None:
        return None
    secrets = context.settings.secrets
    return PagePosition.of(*cursors.read(secrets, question(context, wanted), wanted.cursor, 3))


def question(context: ReadContext, wanted: Filter) -> str:
    """What a list's cursors are bound to: its filters, its order, and who asks."""
    sees = context.caller.sees
    return wanted.question + ("" if sees == "published" else sees)


def cursor(context: ReadContext, wanted: Filter, way: str, row: Row) -> str:
    secret = context.settings.secrets[0]
    return cursors.beside(secret, question(context, wanted), way, row[6], row[4])
