"""Related stories as they are answered: the editor's first, then those that are alike, each with the
reason. Never a story that the caller may not see; of those that are alike none that readers may not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from app.db.database import Rows
from app.delivery import not_found as absent
from app.delivery.context import Delivery
from app.http.responses import Representation, answer, etag_of
from app.queries import articles, related
from app.queries.related import Subject
from app.request.output import Form

Json = dict[str, Any]
USUAL = 5
BY_EDITOR: Json = {"kind": "editor", "shared": []}


async def listing(here: Delivery, request: Request, name: str, limit: int, form: Form) -> Response:
    """The list of what is related to a story."""
    now = datetime.now(UTC)
    condition, values = articles.named(here.caller, name, None)
    rows = await here.reader.rows(articles.whole(here.caller, condition, ""), values | {"now": now})
    if not rows:
        return await absent.told(here, request, name)
    one = await here.current(rows[0], now)
    found = await related_to(here, [one.id], limit, now)
    there = await here.cards(found.ids, now)
    items = [form.tell(card, here.settings.zone) for card in found.cards(one.id, there)]
    shape = {
        "items": items, "next": None, "prev": None, "count": None, "count_kind": "none",
        "facets": None,
    }  # fmt: skip
    body = orjson.dumps(shape)
    # Only visible articles: the log row that publishes a hidden one also names the articles that
    # name it, and `articles`. docs/decisions/0024-what-leaves.md
    keys = " ".join([one.keys, "articles", *there])
    held = Representation(body, etag_of(body), keys=keys)
    boundary = await here.boundary(now, one.boundary)
    return answer(
        request, held, now=now, head=one.head, boundary=boundary, shared=here.shared, ends=one.ends
    )


@dataclass
class Found:
    """Stories that are related to others: of each the ids, with the reason as JSON."""

    of: dict[str, dict[str, Json]]
    limit: int

    @property
    def ids(self) -> list[str]:
        return list(dict.fromkeys(id for some in self.of.values() for id in some))

    def cards(self, id: str, there: Mapping[str, bytes]) -> list[Json]:
        """The cards of what is related to a story, as far as they are there."""
        found = self.of.get(id, {}).items()
        shown = [orjson.loads(there[one]) | {"reason": why} for one, why in found if one in there]
        return shown[: self.limit]


async def related_to(
    here: Delivery, ids: Sequence[str], limit: int, now: datetime,
    chosen: Mapping[str, list[str]] | None = None,
) -> Found:  # fmt: skip
    """What is related to stories, in two statements, however many they are: what their editors
    named (`chosen` says it of other versions), and what is like them for readers."""
    rows = await here.reader.rows(
        related.about(here.reader.dialect), {"ids": list(ids)}, light=False
    )
    subjects = related.subjects(rows)
    for id, named in (chosen or {}).items():
        subjects[id].chosen = named
    alike: Rows = []
    if pairs := related.pairs(subjects.values()):
        sql, values = related.alike(here.as_readers().caller, pairs)
        alike = await here.reader.rows(sql, dict(values) | {"now": now}, light=False)
    found = {id: with_reasons(one, alike, limit) for id, one in subjects.items()}
    return Found(found, limit)


def with_reasons(of: Subject, alike: Rows, limit: int) -> dict[str, Json]:
    """Ids and reasons: the editor's choice, and enough that is like it should none of that show."""
    chosen = dict.fromkeys(of.chosen, BY_EDITOR)
    likest = related.ranked(alike, of, {*chosen, of.id}, limit)
    return chosen | {one.id: one.reason() for one in likest}
