"""Which stories are related to others: the editor's first, then those that are alike, each with the
reason. Of those that are alike none that readers may not see.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson

from app.db.database import Rows
from app.delivery.context import ReadContext
from app.json_types import Json
from app.queries import related
from app.queries.related import Subject

BY_EDITOR: Json = {"kind": "editor", "shared": []}


@dataclass
class Found:
    """Stories that are related to others: of each the ids, with the reason as JSON."""

    of: dict[str, dict[str, Json]]
    limit: int

    @property
    def ids(self) -> list[str]:
        """Ids of all articles that are related to any."""
        return list(dict.fromkeys(id for some in self.of.values() for id in some))

    def cards(self, id: str, there: Mapping[str, bytes]) -> list[Json]:
        """Return the cards of a story's related stories that are visible."""
        found = self.of.get(id, {}).items()
        shown = [orjson.loads(there[one]) | {"reason": why} for one, why in found if one in there]
        return shown[: self.limit]


async def related_to(
    context: ReadContext, ids: Sequence[str], limit: int, now: datetime,
    chosen: Mapping[str, list[str]] | None = None,
) -> Found:  # fmt: skip
    """Return the related stories of several stories, in two statements: those their editors chose
    (`chosen` overrides them for other versions), then similar ones that readers may see."""
    rows = await context.reader.rows(
        related.about(context.reader.dialect), {"ids": list(ids)}, light=False
    )
    subjects = related.subjects(rows)
    for id, named in (chosen or {}).items():
        subjects[id].chosen = named
    alike: Rows = []
    if pairs := related.pairs(subjects.values()):
        sql, values = related.alike(context.as_readers().caller, pairs)
        alike = await context.reader.rows(sql, dict(values) | {"now": now}, light=False)
    found = {id: with_reasons(one, alike, limit) for id, one in subjects.items()}
    return Found(found, limit)


def with_reasons(of: Subject, alike: Rows, limit: int) -> dict[str, Json]:
    """Ids and reasons: the editor's choice, and enough that is like it should none of that show."""
    chosen = dict.fromkeys(of.chosen, BY_EDITOR)
    likest = related.ranked(alike, of, {*chosen, of.id}, limit)
    return chosen | {one.id: one.reason() for one in likest}
