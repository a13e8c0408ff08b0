"""Stories like a story: those that share its tags, sources, people and section, near it in time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.auth import Caller
from app.models.base import from_column
from app.queries.gate import out_now

WEIGHTS = {"tag_": 4.0, "con_": 1.5, "src_": 1.0, "sec_": 1.0}
NOUNS = {"tag_": "tag", "con_": "contributor", "src_": "source", "sec_": "section"}
KINDS = {"tag_": "tags", "con_": "contributors", "src_": "sources", "sec_": "section"}
MOST_TERMS = 12
OF_EACH = 40
"""Of the stories with a term, the newest that are looked at: so that common ones cost no more."""

HALF_LIFE = 45.0
"""Days after which a story counts half."""


@dataclass
class Likeness:
    """Why a story is like another."""

    id: str
    published_at: datetime
    shared: list[str] = field(default_factory=list)

    def score(self, at: datetime) -> float:
        days = abs((self.published_at - at).total_seconds()) / 86_400
        return float(sum(WEIGHTS[one[:4]] for one in self.shared) / (1 + days / HALF_LIFE))

    def reason(self) -> dict[str, Any]:
        """Reason as JSON: the kind that weighs most first."""
        ordered = sorted(self.shared, key=lambda one: -WEIGHTS[one[:4]])
        return {
            "kind": KINDS[ordered[0][:4]],
            "shared": [{"noun": NOUNS[one[:4]], "id": one} for one in ordered],
        }


TERMS = (
    "SELECT t.term, a.published_at, a.lang, a.section_id, a.group_id"
    " FROM article a JOIN article_term t ON t.article_id = a.id WHERE a.id = :id"
)


def wanted_terms(rows: Sequence[Sequence[Any]]) -> list[str]:
    """The terms of a story that say what it is about, those that weigh most first. Of sections its
    own alone; roles of sources and images say nothing here."""
    found = [
        row[0] for row in rows
        if row[0][:4] in WEIGHTS and ":" not in row[0]
        and (row[0][:4] != "sec_" or row[0] == row[3])
    ]  # fmt: skip
    return sorted(found, key=lambda one: (-WEIGHTS[one[:4]], one))[:MOST_TERMS]


def alike(caller: Caller, terms: Sequence[str]) -> tuple[str, Mapping[str, Any]]:
    """The newest stories with each of these terms, in one language, as readers may see them."""
    one = (
        "SELECT * FROM (SELECT t.term, t.article_id, t.published_at FROM article_term t"
        " JOIN article a ON a.id = t.article_id WHERE t.term = :t{at} AND a.lang = :lang"
        " AND (a.group_id IS NULL OR a.group_id <> :group)"
        f" AND {out_now(caller)} ORDER BY t.published_at DESC, t.article_id DESC LIMIT {OF_EACH})"
        " AS s{at}"
    )
    sql = " UNION ALL ".join(one.format(at=at) for at in range(len(terms)))
    return sql, {f"t{at}": term for at, term in enumerate(terms)}


def ranked(
    rows: Sequence[Sequence[Any]], at: datetime, without: set[str], most: int
) -> list[Likeness]:
    """The likest first; ties by time, then id."""
    found: dict[str, Likeness] = {}
    for term, id, published in rows:
        if id not in without:
            moment = from_column(published)
            assert moment is not None  # the column is never null
            found.setdefault(id, Likeness(id, moment)).shared.append(term)
    order = sorted(
        found.values(), key=lambda one: (one.score(at), one.published_at, one.id), reverse=True
    )
    return order[:most]
