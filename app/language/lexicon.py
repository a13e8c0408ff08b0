"""The lexicon: tables kept by hand in `data/arabic`, and the learnt word list."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.resources import files

from app.language.tokens import WORD, normal, spans

Pairs = dict[str, str]
TABLES = (
    "countries.tsv", "english.txt", "frequencies.txt", "names.tsv", "places.tsv", "plurals.tsv",
    "short.txt", "spellings.tsv", "verbs.tsv", "whole.txt", "words.txt",
)  # fmt: skip


@dataclass(frozen=True)
class Lexicon:
    """What the analyser knows of words. `words`: in how many stories each is;
    `own_spellings`: lines of own spellings, as in `spellings.tsv`."""

    words: Mapping[str, int] = field(default_factory=dict)
    own_spellings: str = ""

    @cached_property
    def counts(self) -> dict[str, int]:
        """How often each word is written: in general, and in the installation's articles."""
        general = frequencies()
        return (
            general | {word: general.get(word, 0) + count for word, count in self.words.items()}
            if self.words
            else general
        )

    @cached_property
    def spellings(self) -> Pairs:
        """Words as they are kept, by their other spellings."""
        given = [*lines("spellings.tsv"), *said(self.own_spellings)]
        pairs = other_places() | single_names() | pairs_of(given)
        return {old: new for old, new in pairs.items() if old != new}

    @cached_property
    def version(self) -> str:
        """A hash of everything that decides which term a word gets."""
        learnt = "\n".join(f"{word} {count}" for word, count in sorted(self.words.items()))
        parts = [tables_text(), self.own_spellings, learnt]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def counted(texts: Iterable[str]) -> dict[str, int]:
    """In how many texts each word is: what is learnt from the stories."""
    found: dict[str, int] = {}
    for text in texts:
        for word in set(WORD.findall(text)):
            found[word] = found.get(word, 0) + 1
    return normalised(found)


def normalised(counts: Mapping[str, int]) -> dict[str, int]:
    """Counts of words as they stand in texts, by the one form of their spellings."""
    found: dict[str, int] = {}
    for run, count in counts.items():
        for word in {normal(word) for word, _, _ in spans(run)}:
            found[word] = found.get(word, 0) + count
    return found


@cache
def tables_text() -> str:
    return "\0".join(
        files("app").joinpath(f"data/arabic/{name}").read_text("utf-8") for name in TABLES
    )


def lines(name: str) -> Iterator[str]:
    """The lines of a table that say something."""
    return said(tables_text().split("\0")[TABLES.index(name)])


def said(text: str) -> Iterator[str]:
    return (line for line in text.splitlines() if line.strip() and not line.startswith("#"))


def words_of(text: str) -> list[str]:
    """The words of a line, normalised; `_` joins what is two words and so no table's matter."""
    return [normal(word) for word in text.split() if "_" not in word]


def pairs_of(given: Iterable[str]) -> Pairs:
    found: Pairs = {}
    for line in given:
        variants, _, kept = line.partition("|")
        for word in words_of(kept)[:1]:
            found |= dict.fromkeys(words_of(variants), word)
    return found


@cache
def frequencies() -> dict[str, int]:
    """How often words are written in general."""
    found: dict[str, int] = {}
    for line in lines("frequencies.txt"):
        number, *words = line.split(" ")
        found |= dict.fromkeys(words, int(number))
    return found


@cache
def countries() -> list[tuple[str, list[str], list[str]]]:
    """Countries and regions: the name without article, other names, adjectives."""
    rows = [line.split("|") for line in lines("countries.tsv")]
    return [
        (normal(name.removeprefix("ال")), words_of(others), words_of(adjectives))
        for name, others, adjectives in rows if "_" not in name
    ]  # fmt: skip


@cache
def places() -> frozenset[str]:
    """Names of countries: their endings are no endings."""
    return frozenset(name for name, _, _ in countries())


@cache
def other_places() -> Pairs:
    """Names of countries by their other names, with and without article."""
    return {
        form: name for name, others, _ in countries() for other in others
        for form in (other, other.removeprefix("ال"))
    }  # fmt: skip


@cache
def adjectives() -> Pairs:
    """Names of countries by adjective."""
    return {one: name for name, _, found in countries() for one in found}


@cache
def plurals() -> Pairs:
    """Singulars by broken plural."""
    rows = [words_of(line) for line in lines("plurals.tsv")]
    return {many: one for one, *forms in rows for many in forms}


@cache
def verbs() -> Pairs:
    """Nouns by forms of their verbs; further endings are cut."""
    rows = [words_of(line) for line in lines("verbs.tsv")]
    return {form: noun for noun, *given in rows for one in given for form in conjugated(one)}


def conjugated(form: str) -> list[str]:
    """A third person with its feminine, of the present with the first person plural too."""
    if form.startswith("ي"):
        return [f"{letter}{form[1:]}" for letter in "يتن"]
    return [form, f"{form.removesuffix('ي')}ت"]


@cache
def names() -> list[tuple[list[str], str]]:
    """Return names and words for one thing, each as its words, with the common term."""
    return [
        (normal_words, normal(kept))
        for line in [*lines("names.tsv"), *lines("places.tsv")]
        for variants, _, kept in [line.partition("|")] for variant in variants.split(";")
        if (normal_words := [normal(word) for word in variant.split()])
    ]  # fmt: skip


@cache
def single_names() -> Pairs:
    """What stands for names of one word."""
    return {words[0]: kept for words, kept in names() if len(words) == 1}


@cache
def english() -> frozenset[str]:
    """English words that are no Arabic names, though they sound like one."""
    return frozenset(word for line in lines("english.txt") for word in line.split())


@cache
def whole() -> frozenset[str]:
    """Words that begin with their own letters, whatever these look like."""
    return frozenset(word for line in lines("whole.txt") for word in words_of(line)) | places()


@cache
def short() -> frozenset[str]:
    """Nouns of two letters: less than a stem has, but that what hangs on them may go."""
    return frozenset(word for line in lines("short.txt") for word in words_of(line))


@cache
def seed() -> frozenset[str]:
    """Words that are known before any was learnt: those of all tables."""
    listed = {word for line in lines("words.txt") for word in words_of(line)}
    pairs = plurals() | pairs_of(lines("spellings.tsv"))
    return frozenset(listed | set(pairs) | set(pairs.values()) | whole() | short())
