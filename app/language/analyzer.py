"""The analyser: a text as its terms with their places. One for indexing and asking, on both
databases, in plain Python, so that no server's configuration takes part."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Generic, NamedTuple, TypeVar, cast

from Stemmer import Stemmer as Snowball

from app.language.lexicon import Lexicon, english, names
from app.language.prepared_tables import Prepared, prepared
from app.language.stemmer import Stemmer
from app.language.tokens import WORD, normal, spans
from app.language.transliteration import LEAST, Transliterator

CODE = "3"
"""Raise it when the same lexicon gives other terms: the index is then made again."""
MOST_KEPT = 50_000
"""Words of a generation whose terms are remembered: texts repeat theirs."""


Names = dict[str, list[tuple[list[str], str]]]
"""Names of several words by their first term: each as its terms, with the term for it."""


class Token(NamedTuple):
    """A term, and where in the text the word stands that it is of."""

    term: str
    start: int
    end: int


class Analyser:
    """Terms of texts by one lexicon."""

    def __init__(self, lexicon: Lexicon, *, fresh: bool = False) -> None:
        """`fresh`: make all tables, though they are there already."""
        self.lexicon = lexicon
        self.version = f"{CODE}-{lexicon.version}"
        self.prepared = None if fresh else prepared(lexicon)
        self.stemmer = Stemmer(lexicon, self.prepared)
        self.spellings = self.stemmer.spellings
        self.english = Snowball("english")
        self.kept = Kept(self.line)
        self.pieces = Kept(self.tokens)

    def analyse(self, text: str) -> list[Token]:
        """Every term of a text with its place in the text as it was given; the term for a name of
        several words before the name's own."""
        pieces = self.pieces
        tokens = [
            Token(term, run.start() + start, run.start() + end)
            for run in WORD.finditer(text)
            for term, start, end in pieces[run.group()]
        ]
        terms, found = [token.term for token in tokens], list[Token]()
        for place, token in enumerate(tokens):
            if token.term in self.names:
                words, name = self.named(terms, place)
                if name:
                    found.append(Token(name, token.start, tokens[place + len(words) - 1].end))
            found.append(token)
        return found

    def terms(self, text: str, *, asked: bool = False) -> str:
        """Return the terms of a text in order, separated by spaces. A name of several words is
        followed by its common term; in a query (`asked`) that term replaces it."""
        terms = " ".join(filter(None, map(self.kept.__getitem__, WORD.findall(text)))).split(" ")
        found, done = list[str](), 0
        for place, term in enumerate(terms):
            if term in self.names and place >= done:
                words, name = self.named(terms, place)
                if name:
                    found += [*terms[done:place], *(() if asked else words), name]
                    done = place + len(words)
        return " ".join([*found, *terms[done:]])

    def named(self, terms: Sequence[str], place: int) -> tuple[Sequence[str], str]:
        """The longest name that begins at a place of a text's terms, with the term for it."""
        for words, name in self.names[terms[place]]:
            if terms[place : place + len(words)] == words:
                return words, name
        return (), ""

    @cached_property
    def names(self) -> Names:
        """Names of several words as terms, the longest first, by their first term."""
        if self.prepared:
            return cast(Names, self.prepared["phrases"])
        found: Names = {}
        for words, kept in names():
            terms = [self.term(word) for word in words]
            if len(terms) > 1:
                found.setdefault(terms[0], []).append((terms, self.term(kept)))
        return {first: sorted(some, key=lambda one: -len(one[0])) for first, some in found.items()}

    def dump(self) -> Prepared:
        """All tables as JSON."""
        return {"version": self.lexicon.version, "phrases": self.names, **self.stemmer.dump()}

    def line(self, run: str) -> str:
        """The terms of one run of letters: one, but for runs of two scripts."""
        return " ".join([token.term for token in self.tokens(run)])

    def tokens(self, run: str) -> list[Token]:
        found = [Token(self.term(word), start, end) for word, start, end in spans(run)]
        return [token for token in found if token.term]

    def term(self, word: str) -> str:
        """The term of one word; empty where it has no letter, as a stroke of tatweel."""
        word = normal(word)
        word = self.spellings.get(word, word)
        if not word.isascii():
            return self.stemmer.stem(word)
        if not word.isalpha():
            return word
        name = None if len(word) < LEAST or word in english() else self.latin.arabic(word)
        return self.stemmer.stem(name) if name else str(self.english.stemWord(word))

    @cached_property
    def latin(self) -> Transliterator:
        return Transliterator(self.stemmer.counts)


Made = TypeVar("Made")


class Kept(dict[str, Made], Generic[Made]):
    """A cache of recently analysed words in two generations: words that are used again move to
    the newer one."""

    def __init__(self, make: Callable[[str], Made]) -> None:
        self.make = make
        self.before: dict[str, Made] = {}

    def __missing__(self, word: str) -> Made:
        if len(self) >= MOST_KEPT:
            self.before = dict(self)
            self.clear()
        found = self.before.get(word)
        self[word] = made = self.make(word) if found is None else found
        return made


NORMAL = Kept(lambda run: " ".join(filter(None, [normal(word) for word, _, _ in spans(run)])))


def normal_words(text: str) -> list[str]:
    """The words of a text in the one form of their spellings, with all that hangs on them."""
    return " ".join(map(NORMAL.__getitem__, WORD.findall(text))).split()


LONGEST_KEY = 60


def name_key(words: list[str]) -> str:
    """Words as they are looked up while somebody types: without the article of the first."""
    first = words[0].removeprefix("ال") if len(words[0]) > 3 else words[0]
    return " ".join([first, *words[1:]])[:LONGEST_KEY]
