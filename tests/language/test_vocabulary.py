"""Words of a whole vocabulary meet themselves with article, conjunction and preposition."""

import gzip
import re
from collections import Counter

import orjson
import pytest

from app.language.analyzer import Analyser
from app.language.lexicon import Lexicon, frequencies, normalised
from app.language.tokens import WORD
from tests.conftest import SHARED

DOCUMENTS = SHARED / "arabic_search/docs_dev.jsonl.gz"
ARABIC = re.compile("[\u0621-\u064a]{3,}")
OFTEN, PAIR = 15, 3
"""Occurrences of a word, and of the same word with a particle, that make a pair worth asking for."""
EXCEPTIONS = set("وان مان ماني تقي اعنف فعليه فيس والدين".split())
"""Words that are another word behind ال (ألوان, ألمانيا, التقى), behind لل, or behind ف."""
ANALYSER = Analyser(Lexicon())


@pytest.fixture(scope="module")
def vocabulary() -> dict[str, int]:
    """How often each normalised word stands in the development set."""
    if not DOCUMENTS.is_file():
        pytest.skip(f"no development set at {SHARED}; set ISNAD_SHARED")
    found = Counter[str]()
    with gzip.open(DOCUMENTS) as lines:
        for line in lines:
            story = orjson.loads(line)
            for field in ("title", "summary", "body"):
                found.update(WORD.findall(story[field]))
    return normalised(found)


def differing(words: list[str]) -> list[str]:
    """Those that have another term with an article."""
    forms = ("", "ال", "وال", "بال", "لل")
    return [word for word in words if len({ANALYSER.term(form + word) for form in forms}) > 1]


def with_article(counts: dict[str, int], least: int) -> list[str]:
    return [
        word for word, count in counts.items()
        if ARABIC.fullmatch(word) and min(count, counts.get(f"ال{word}", 0)) >= least
    ]  # fmt: skip


def test_words_of_the_news_meet_themselves_with_an_article(vocabulary):
    words = with_article(vocabulary, OFTEN)
    assert len(words) > 2_500
    differ = differing(words)
    assert set(differ) <= EXCEPTIONS and len(differ) < 0.003 * len(words)


def test_frequent_words_of_the_shipped_list_meet_themselves_with_an_article():
    words = with_article(frequencies(), 100)
    assert len(words) > 1_500
    differ = differing(words)
    assert set(differ) <= EXCEPTIONS and len(differ) < 0.003 * len(words)


@pytest.mark.parametrize("particle", "لبفك")
def test_words_meet_themselves_behind_a_particle(vocabulary, particle):
    words = [
        word for word, count in vocabulary.items()
        if count >= OFTEN and len(word) > 3 and ARABIC.fullmatch(word) and word[:2] != "ال"
        and count > 2 * vocabulary.get(particle + word, 0) >= 2 * PAIR
    ]  # fmt: skip
    assert len(words) > 90
    meet = [word for word in words if ANALYSER.term(word) == ANALYSER.term(particle + word)]
    assert len(meet) >= 0.98 * len(words)
