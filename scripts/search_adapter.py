"""The analyser and the ranking over stories in memory, as shared/arabic_search/score.py asks."""

import os
from typing import Any

from app.arabic.analyse import Analyser
from app.arabic.lexicon import Lexicon, counted
from app.queries.ranking import idf, score

FIELDS = ("title", "summary", "body")


class Adapter:
    """Every term from one story first, then the rest."""

    def index(self, docs: list[dict[str, Any]]) -> None:
        learns = os.environ.get("LEARN") == "1"
        texts = ("\n".join(doc[name] for name in FIELDS) for doc in docs)
        words = {word: many for word, many in counted(texts).items() if many > 1} if learns else {}
        self.analyser = Analyser(Lexicon(words))
        self.ids = [doc["id"] for doc in docs]
        self.fields = [[self.analyser.terms(doc[name]).split() for name in FIELDS] for doc in docs]
        self.averages = [sum(len(one[at]) for one in self.fields) / len(docs) for at in range(3)]
        self.having: dict[str, set[int]] = {}
        for at, fields in enumerate(self.fields):
            for term in {term for field in fields for term in field}:
                self.having.setdefault(term, set()).add(at)

    def search(self, query: str, k: int) -> list[str]:
        terms = dict.fromkeys(self.analyser.terms(query).split())
        wanted = {
            term: idf(len(self.ids), len(self.having[term])) for term in terms if term in self.having
        }  # fmt: skip
        found = {at for term in wanted for at in self.having[term]}
        every = set.intersection(*(self.having.get(term, set()) for term in terms or [""]))
        ranked = sorted(
            found,
            key=lambda at: (
                at not in every,
                -score(self.fields[at], wanted, self.averages),
                self.ids[at],
            ),
        )
        return [self.ids[at] for at in ranked[:k]]


make = Adapter
