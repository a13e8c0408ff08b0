"""Stories like a story: those that share its tags, sources, people and section, near it in time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from app.access.authentication import Caller
from app.db.dialects import Dialect
from app.models.base import time_of
from app.queries.visibility import out_now

WEIGHTS = {"tag_": 4.0, "con_": 1.5, "src_": 1.0, "sec_": 1.0}
NOUNS = {"tag_": "tag", "con_": "contributor", "src_": "source", "sec_": "section"}
KINDS = {"tag_": "tags", "con_": "contributors", "src_": "sources", "sec_": "section"}
MOST_TERMS = 12
MOST_PARTS = 400
"""Pairs of a term and a language in one statement: SQLite joins at most 500 selects."""
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
        """How alike: the weights of what is shared, halved with time between the articles."""
        days = abs((self.published_at - at).total_seconds()) / 86_400
        return float(sum(WEIGHTS[one[:4]] for one in self.shared) / (1 + days / HALF_LIFE))

    def reason(self) -> dict[str, Any]:
        """Reason as JSON: the kind that weighs most first."""
        ordered = sorted(self.shared, key=lambda one: (-WEIGHTS[one[:4]], one))
        return {
            "kind": KINDS[ordered[0][:4]],
            "shared": [{"noun": NOUNS[one[:4]], "id": one} for one in ordered],
        }


@dataclass
class Subject:
    """A story of which others are looked for."""

    id: str
    published_at: datetime
    lang: str
    group: str | None
    chosen: list[str]
    """Ids of the stories that its editor named."""

    terms: list[str] = field(default_factory=list)


def about(dialect: Dialect) -> str:
    """What stories are about, and which others their editors named."""
    return (
        "SELECT a.id, t.term, a.published_at, a.lang, a.section_id, a.group_id, d.holes"
        " FROM article a JOIN document d ON d.article_id = a.id"
        " LEFT JOIN article_term t ON t.article_id = a.id"
        f" WHERE {dialect.any_of('a.id', 'ids')}"
    )


def subjects(rows: Sequence[Sequence[Any]]) -> dict[str, Subject]:
    """The stories of rows of `about`; of very many the terms that weigh most, so that the statement has
    its bound."""
    found: dict[str, Subject] = {}
    for id, term, published, lang, section, group, holes in rows:
        if id not in found:
            chosen = orjson.loads(holes)["related"] if holes else []
            found[id] = Subject(id, time_of(published), lang, group, chosen)
        if term and says_something(term, section):
            found[id].terms.append(term)
    for one in found.values():
        one.terms = sorted(one.terms, key=lambda term: (-WEIGHTS[term[:4]], term))[:MOST_TERMS]
    most = MOST_TERMS
    while len(pairs(found.values())) > MOST_PARTS:
        most -= 1
        for one in found.values():
            one.terms = one.terms[:most]
    return found


def pairs(some: Iterable[Subject]) -> list[tuple[str, str]]:
    """Return what similar stories are searched by: each term in the story's language."""
    return list(dict.fromkeys((term, one.lang) for one in some for term in one.terms))


def says_something(term: str, section: str | None) -> bool:
    """Whether a term says what a story is about: of sections its own alone; roles of sources and
    images say nothing here."""
    return term[:4] in WEIGHTS and ":" not in term and (term[:4] != "sec_" or term == section)


def alike(caller: Caller, pairs: Sequence[tuple[str, str]]) -> tuple[str, Mapping[str, Any]]:
    """The newest stories with each of these terms, in a language, as readers may see them."""
    one = (
        "SELECT * FROM (SELECT t.term, t.article_id, t.published_at, a.lang, a.group_id"
        " FROM article_term t JOIN article a ON a.id = t.article_id"
        " WHERE t.term = :t{at} AND a.lang = :l{at}"
        f" AND {out_now(caller)} ORDER BY t.published_at DESC, t.article_id DESC LIMIT {OF_EACH})"
        " AS s{at}"
    )
    sql = " UNION ALL ".join(one.format(at=at) for at in range(len(pairs)))
    values: dict[str, Any] = {}
    for at, (term, lang) in enumerate(pairs):
        values |= {f"t{at}": term, f"l{at}": lang}
    return sql, values


def ranked(
    rows: Sequence[Sequence[Any]], of: Subject, without: set[str], most: int
) -> list[Likeness]:
    """Return the most similar stories first; ties by time, then id."""
    at, terms = of.published_at, set(of.terms)
    found: dict[str, Likeness] = {}
    for term, id, published, lang, group in rows:
        other = lang == of.lang and (group is None or group != of.group)
        if id not in without and term in terms and other:
            found.setdefault(id, Likeness(id, time_of(published))).shared.append(term)
    order = sorted(
        found.values(), key=lambda one: (one.score(at), one.published_at, one.id), reverse=True
    )
    return order[:most]
