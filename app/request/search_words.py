"""A question as somebody types it: words, "phrases", -what is not wanted; as terms to match."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from app.db.fulltext import FIELDS, FulltextQuery
from app.language import windows_1252
from app.language.analyzer import Analyser

LONGEST = 300
MOST_TERMS = 32
NO_WORD = "There is no word in it to look for."
PIECE = re.compile(r'(-?)(?:"([^"]*)"|«([^»]*)»|[“„]([^“”]*)[“”]|([^\s"«“„]+))')
PARTICLES = frozenset("وفبلك")
"""Letters that say nothing where they stand alone beside words."""
NAMES = {"headline": "title", "summary": "summary", "body": "body"}
"""What a caller may name in `q_fields`, and the field of the index that it is."""


@dataclass
class Question:
    """A parsed search: single words, phrases, and exclusions."""

    text: str
    words: list[str] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    """Terms of the words of names that are one term of `words`: a story may have these alone."""
    loose: list[str] = field(default_factory=list)
    """The words as they were typed; names of several words are one term."""
    phrases: list[list[str]] = field(default_factory=list)
    excluded: list[list[str]] = field(default_factory=list)
    fields: Sequence[str] = FIELDS
    spoken: list[tuple[str, str]] = field(default_factory=list)
    """Each loose word as it was typed, with its first term."""

    @cached_property
    def required(self) -> list[str]:
        """The terms of all words and phrases, once; of a question that is read to its end."""
        return list(dict.fromkeys([*self.words, *(one for terms in self.phrases for one in terms)]))

    @cached_property
    def some(self) -> list[str]:
        """The terms of which a story must have one, where none has them all."""
        return [*self.words, *self.parts]

    @cached_property
    def terms(self) -> list[str]:
        """Every term that is looked for, once."""
        return list(dict.fromkeys([*self.required, *self.parts]))

    @property
    def single(self) -> bool:
        """Whether one word is all there is to it."""
        return len(self.some) == 1 and not self.phrases and not self.excluded

    def query(self, every: bool = True) -> FulltextQuery:
        """All the words, or any of them; phrases and exclusions hold either way."""
        loose = [[word] for word in (self.words if every else self.some)]
        if every or self.phrases:
            wanted = [*(loose if every else ()), *self.phrases]
            return FulltextQuery(wanted, (), self.excluded, self.fields)
        return FulltextQuery((), loose, self.excluded, self.fields)


def read(text: str, fields: Sequence[str], analyser: Analyser) -> Question | str:
    """The question, or what is wrong with it."""
    if len(text) > LONGEST:
        return f"At most {LONGEST} characters."
    found = Question(text, fields=fields)
    for minus, *quoted, word in PIECE.findall(windows_1252.repair(text)[0]):
        add_piece(found, bool(minus), "".join(quoted), word, analyser)
    loose = " ".join(found.loose)
    words = list(dict.fromkeys(analyser.terms(loose, asked=True).split()))
    found.words = [word for word in words if word not in PARTICLES] or words
    single = dict.fromkeys(analyser.terms(loose).split())
    found.parts = [word for word in single if word not in (*words, *PARTICLES)]
    if not found.words and not found.phrases:
        return NO_WORD
    if len(found.terms) + sum(map(len, found.excluded)) > MOST_TERMS:
        return f"At most {MOST_TERMS} words."
    return found


def add_piece(found: Question, minus: bool, quoted: str, word: str, analyser: Analyser) -> None:
    """Put one piece where it belongs; what has neither letter nor digit says nothing."""
    terms = analyser.terms(quoted or word).split()
    if not terms:
        return
    if minus:
        found.excluded.append(terms)
    elif quoted and len(terms) > 1:
        found.phrases.append(terms)
    else:
        found.loose.append(quoted or word)
        if not quoted:
            found.spoken.append((word, terms[0]))
