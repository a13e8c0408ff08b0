"""`count` and `facets` of a list, as far as they were asked for."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from app.errors import BadRequest
from app.models.base import from_column
from app.paging import House
from app.queries import counting
from app.queries.counting import ESTIMATED, MOST_FACETED
from app.queries.pages import Built, Pages

Json = dict[str, Any]
NARROW = "narrow the list, for example by section, tag or published_from"


async def counted(here: House, pages: Pages, now: datetime) -> Json:
    """What the envelope says of how many stories there are."""
    shown: Json = {}
    if pages.wanted.count != "none":
        shown |= await number(here, pages, now)
    if pages.wanted.facets:
        rows = await asked(here, counting.of_list(pages, pages.wanted.facets), now)
        if next(n for facet, _, n in rows if not facet) > MOST_FACETED:
            told = f"Facets are counted over at most {MOST_FACETED:,} stories; {NARROW}."
            raise BadRequest(errors=[{"detail": told, "parameter": "facets"}])
        shown["facets"] = facets(rows, pages.wanted.facets)
    return shown


async def number(here: House, pages: Pages, now: datetime) -> Json:
    """Every story counted, however long it takes up to the ceiling; or, for an estimate, those up
    to a bound, and beyond it as many as lie as close."""
    if pages.wanted.count == "exact":
        [[count]] = await asked(here, counting.every(pages), now)
        return {"count": count, "count_kind": "exact"}
    [[count, reached]] = await asked(here, counting.nearly(pages), now)
    if count < ESTIMATED:
        return {"count": count, "count_kind": "exact"}
    at = from_column(reached)
    assert at is not None  # something was counted
    [[whole, until]] = await asked(here, counting.share(pages, at), now)
    return {"count": rounded(count * whole / max(until, 1)), "count_kind": "estimate"}


def rounded(count: float) -> int:
    """To three figures, so that nobody takes it for more than it is."""
    return int(float(f"{max(count, ESTIMATED):.3g}"))


async def asked(here: House, built: Built, now: datetime) -> Sequence[Any]:
    sql, values = built
    return await here.reader.rows(sql, values | {"now": now}, light=False)


def facets(rows: Iterable[Any], names: Sequence[str]) -> dict[str, dict[str, int]]:
    """Numbers of stories by facet and value, the most first."""
    found: dict[str, dict[str, int]] = {name: {} for name in names}
    for facet, value, n in sorted(rows, key=lambda row: (-row[2], row[1])):
        if facet:
            found[facet][value] = n
    return found
