"""Where in a story the words are: snippets of its fields with ranges, by analysing what is shown."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any

import orjson

from app.cache.fragments import Fragments
from app.delivery.cards import Row
from app.delivery.context import ReadContext
from app.language.analyzer import Analyser, Token
from app.models.base import passed
from app.queries import articles
from app.search_index.text import TITLES

WINDOW = 30
"""Words of a snippet."""
DIGEST = 12
"""Bytes of the digest that stands before a story's highlights."""
NO_MARKS = b"-" * DIGEST + b"[]"
MARKED = Fragments(8_000_000)
"""Highlights, by the ETag of the story's document and what they are of."""


async def highlights(
    context: ReadContext, marker: "Marker", rows: Sequence[Row], now: datetime
) -> list[bytes]:
    """Of each story the places at which the words are found, as JSON behind a digest of it; `rows` as
    of `articles.hits`."""
    what = marker.what
    found = [None if row[11] else MARKED.get((row[10], what)) for row in rows]
    missing = [row[4] for row, made in zip(rows, found, strict=True) if made is None]
    marked = await marked_now(context, marker, missing, now) if missing else {}
    return [
        marked.get(row[4], NO_MARKS) if made is None else made
        for row, made in zip(rows, found, strict=True)
    ]


async def marked_now(
    context: ReadContext, marker: "Marker", ids: list[str], now: datetime
) -> dict[str, bytes]:
    """Read stories and return their highlights, by story."""
    sql = articles.wholes(context.reader.dialect)
    whole = await context.reader.rows(sql, {"ids": ids}, light=False)
    old = [id for id, _, until, _ in whole if passed(until, now)]
    fresh, found = await context.render(old) if old else {}, {}
    for id, body, _, etag in whole:
        made = orjson.dumps(marker.marks(fresh[id].whole if id in fresh else body))
        found[id] = made = hashlib.blake2b(made, digest_size=DIGEST).digest() + made
        if id not in fresh:
            MARKED.put((etag, marker.what), made)
    return found


class Marker:
    """Marks the terms of one question."""

    def __init__(
        self, analyser: Analyser, weights: Mapping[str, float], fields: Sequence[str], style: str
    ) -> None:
        self.analyser, self.weights, self.fields = analyser, weights, fields
        self.html = style == "html"
        self.what = "\n".join([analyser.version, style, *fields, *weights])

    def marks(self, whole: bytes) -> list[dict[str, Any]]:
        """The highlights of a story: its titles and summary where they have a term, and the best
        place of its body."""
        story = orjson.loads(whole)
        names = [*TITLES] if "title" in self.fields else []
        names += ["summary"] if "summary" in self.fields else []
        found = [self.mark(name, None, story[name]) for name in names if story[name]]
        if "body" in self.fields:
            texts = [(block["id"], block["text"]) for block in story["body"] if block["text"]]
            best = max(texts, key=lambda one: self.weight(one[1]), default=None)
            found += [self.mark("body", *best)] if best else []
        return [one for one in found if one]

    def weight(self, text: str) -> float:
        """How much a text has of what was looked for."""
        terms = set(self.analyser.terms(text).split())
        return sum(weight for term, weight in self.weights.items() if term in terms)

    def mark(self, field: str, block_id: str | None, text: str) -> dict[str, Any] | None:
        """A verbatim slice of the text with the ranges of what was found in it; None without any."""
        tokens = self.analyser.analyse(text)
        hits = [at for at, token in enumerate(tokens) if token.term in self.weights]
        if not hits:
            return None
        first, last = self.window(tokens, hits)
        start = 0 if first == 0 else tokens[first].start
        marked = apart([tokens[at] for at in hits if first <= at < last])
        end = max(tokens[last - 1].end, marked[-1].end) if last < len(tokens) else len(text)
        shown = {"field": field, "block_id": block_id, "snippet": text[start:end],
                 "ranges": [utf16_range(text, start, token) for token in marked]}  # fmt: skip
        return shown | {"html": html_of(text, start, end, marked) if self.html else None}

    def window(self, tokens: list[Token], hits: list[int]) -> tuple[int, int]:
        """The best window of a text: the one with the most of what was looked for."""
        if len(tokens) <= WINDOW:
            return 0, len(tokens)

        def worth(first: int) -> float:
            inside = {tokens[at].term for at in hits if first <= at < first + WINDOW}
            return sum(self.weights[term] for term in inside)

        first = max(hits, key=worth)
        last = max(at for at in hits if at < first + WINDOW)
        first = max(0, first - (WINDOW - (last - first + 1)) // 2)  # some words before it as well
        return min(first, len(tokens) - WINDOW), min(first + WINDOW, len(tokens))


def apart(tokens: list[Token]) -> list[Token]:
    """Tokens without those that a name before them has as its words."""
    kept = list[Token]()
    for token in tokens:
        if not kept or token.start >= kept[-1].end:
            kept.append(token)
    return kept


def utf16(text: str) -> int:
    """The length as JavaScript, Dart, Kotlin and Swift count it."""
    return len(text) + sum(letter > "\uffff" for letter in text)


def utf16_range(text: str, start: int, token: Token) -> list[int]:
    """Start and end of a word in a snippet that begins at `start`, in UTF-16 units."""
    return [utf16(text[start : token.start]), utf16(text[token.start : token.end])]


def html_of(text: str, start: int, end: int, marked: list[Token]) -> str:
    """The snippet as HTML, what was found in `mark`."""
    parts = []
    for token in marked:
        parts += [escape(text[start : token.start], quote=False), "<mark>",
                  escape(text[token.start : token.end], quote=False), "</mark>"]  # fmt: skip
        start = token.end
    return "".join([*parts, escape(text[start:end], quote=False)])
