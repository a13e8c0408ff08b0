"""Did you mean: another spelling for a word that no story has which the caller may see. Offered,
never put in its place."""

from collections.abc import Iterable, Iterator
from typing import Any

from app.language.analyzer import Analyser
from app.language.folding import DELETED
from app.language.tokens import normal, spans
from app.queries import articles, suggestions
from app.queries.search import Search
from app.request.search_words import Question
from app.search_index.active_index import ReadRows
from app.search_index.text import texts_of

LETTERS = {True: "abcdefghijklmnopqrstuvwxyz", False: "ابتثجحخدذرزسشصضطظعغفقكلمنهويء"}
"""Of ASCII words, and of others."""
SHORTEST = 4
"""Letters of a word from which on another is looked for."""
TRIED = 6
"""Candidates that are looked up."""


class Spelling:
    """Other spellings for one question. `unseen`: its terms that no article has which the caller may
    see; `rows`: runs a statement."""

    def __init__(
        self,
        question: Question,
        unseen: set[str],
        search: Search,
        analyser: Analyser,
        rows: ReadRows,
    ) -> None:
        self.question, self.unseen, self.search = question, unseen, search
        self.analyser, self.rows = analyser, rows

    async def offered(self) -> str | None:
        """The question with its unseen words spelt as stories spell them, or None."""
        wrong = [
            typed for typed, term in self.question.spoken
            if term in self.unseen and len(normal(typed)) >= SHORTEST
        ][:2]  # fmt: skip
        if not wrong:
            return None
        near = await self.near_headlines(wrong)
        tried = {typed: self.candidates(typed, near) for typed in wrong}
        seen = await self.seen([word for words in tried.values() for word in words])
        text, changed = self.question.text, False
        for typed, words in tried.items():
            for word in words:
                if word in seen:
                    text, changed = text.replace(typed, seen[word], 1), True
                    break
        return text if changed else None

    async def near_headlines(self, wrong: list[str]) -> set[str]:
        """Words with which visible headlines go on from a word that begins alike."""
        starts = [lexicon_key(word)[:2] for word in wrong]
        rows = await self.rows(suggestions.beginnings(self.search.caller, starts))
        return {key.partition(" ")[0] for (key,) in rows}

    def candidates(self, typed: str, near: set[str]) -> list[str]:
        """Words like this one, the likeliest first: one step away and known, else two steps away
        in a headline."""
        word = normal(typed)
        counts = self.analyser.stemmer.counts
        known = {one: counts.get(one, 0) for one in edits(word)
                 if one in counts or one in self.analyser.stemmer.seed or one in near}  # fmt: skip
        found = sorted(known, key=lambda one: (-known[one], one))
        key = lexicon_key(word)
        found += sorted(one for one in near if one not in known and distance(key, one, 2) <= 2)
        return found[:TRIED]

    async def seen(self, words: Iterable[str]) -> dict[str, str]:
        """Return those of the words that stories visible to the caller have, in one of these
        spellings."""
        words = list(dict.fromkeys(words))
        if not words:
            return {}
        terms = [self.analyser.term(word) for word in words]
        values: dict[str, Any] = {}
        columns = self.search.seen(terms, values)
        [row] = await self.rows((f"SELECT {', '.join(columns)}", values))
        found = {word: id for word, id in zip(words, row, strict=True) if id}
        sql = articles.wholes(self.search.dialect)
        rows = await self.rows((sql, {"ids": sorted({*found.values()})})) if found else []
        texts = {id: texts_of(body).together for id, body, *_ in rows}
        return {word: self.as_spelt(word, texts.get(id, "")) for word, id in found.items()}

    def as_spelt(self, word: str, text: str) -> str:
        """A word as a text spells it: with its hamza and ta marbuta, without its marks."""
        term = self.analyser.term(word)
        alike = [said for said, _, _ in spans(text) if self.analyser.term(said) == term]
        same = [said for said in alike if normal(said) == word]
        return DELETED.sub("", [*same, *alike, word][0])


def lexicon_key(word: str) -> str:
    """A word as headlines are looked up by: folded, without its article."""
    folded = normal(word)
    return folded.removeprefix("ال") if len(folded) > 3 else folded


def edits(word: str) -> Iterator[str]:
    """Every word one step away: a letter missing, doubled, wrong, or two exchanged."""
    for at in range(len(word) + 1):
        head, tail = word[:at], word[at:]
        if tail:
            yield head + tail[1:]
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]
        for letter in LETTERS[word.isascii()]:
            yield head + letter + tail
            if tail:
                yield head + letter + tail[1:]


def distance(one: str, other: str, most: int) -> int:
    """Steps from one word to another; more than `most` is `most` + 1."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one, 1):
        last, before, row = before, row, [at]
        for place, letter_there in enumerate(other, 1):
            steps = min(
                row[-1] + 1, before[place] + 1, before[place - 1] + (letter != letter_there)
            )
            if at > 1 and place > 1 and one[at - 2] == letter_there and letter == other[place - 2]:
                steps = min(steps, last[place - 2] + 1)
            row.append(steps)
        if min(row) > most:
            return most + 1
    return min(row[-1], most + 1)
