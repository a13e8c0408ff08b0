"""`count` and `facets` of a list, as far as they were asked for."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from app.delivery.context import ReadContext
from app.errors import BadRequest
from app.json_types import Json
from app.queries.counts import ESTIMATED, MOST_FACETED, Counted, Stories
from app.queries.list_plan import ListPlan, Statement
from app.request.filters import Filter


async def counted(context: ReadContext, plan: ListPlan, now: datetime) -> Json:
    """`count`, `count_kind` and `facets` of a list of articles, as far as its query asks for them."""
    await plan.compare(context.reader, now)
    return await number_of(context, Stories(plan), plan.filter, now)


async def number_of(context: ReadContext, those: Counted, filter: Filter, now: datetime) -> Json:
    """The same of any list."""
    shown: Json = {}
    if filter.count != "none":
        shown |= await number(context, those, filter, now)
    if filter.facets:
        rows = await rows_of(context, those.faceted(filter.facets), now)
        if next(n for facet, _, n in rows if not facet) > MOST_FACETED:
            raise BadRequest.at(
                "facets",
                f"Facets are counted over at most {MOST_FACETED:,} {those.what}; {those.narrow}.",
            )
        shown["facets"] = facets(rows, filter.facets)
    return shown


async def number(context: ReadContext, those: Counted, filter: Filter, now: datetime) -> Json:
    """Every one counted, however long it takes up to the ceiling; or, for an estimate, those up to a
    bound, and beyond it as many as lie as close."""
    if filter.count == "exact":
        [[count]] = await rows_of(context, those.every(), now)
        return {"count": count, "count_kind": "exact"}
    reached = await rows_of(context, those.nearly(), now)
    count, *place = reached[0] if reached else (0,)
    if count < ESTIMATED:
        return {"count": count, "count_kind": "exact"}
    [[whole, until]] = await rows_of(context, those.share(*place), now)
    return {"count": rounded(count * whole / max(until, 1)), "count_kind": "estimate"}


def rounded(count: float) -> int:
    """Round to three digits, so that an estimate does not look exact."""
    return int(float(f"{max(count, ESTIMATED):.3g}"))


async def rows_of(context: ReadContext, statement: Statement, now: datetime) -> Sequence[Any]:
    """Rows of a statement at the time of a request; never read in the event loop."""
    sql, values = statement
    return await context.reader.rows(sql, values | {"now": now}, light=False)


def facets(rows: Iterable[Any], names: Sequence[str]) -> dict[str, dict[str, int]]:
    """Numbers of stories by facet and value, the most first."""
    found: dict[str, dict[str, int]] = {name: {} for name in names}
    for facet, value, n in sorted(rows, key=lambda row: (-row[2], row[1])):
        if facet:
            found[facet][value] = n
    return found
