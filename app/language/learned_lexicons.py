"""Learnt word lists: stored as bytes, identified by a hash, with one analyser for each."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable

import orjson
import zstandard

from app.language.analyzer import Analyser
from app.language.lexicon import Lexicon

MOST_WORDS = 100_000
LEAST = 2
"""Stories that must have a word before it is learnt."""
ANALYSERS: OrderedDict[tuple[str, str], Analyser] = OrderedDict()
MOST_ANALYSERS = 3
"""The one in use, the one that an index is being made with, and the one before."""
making = threading.Lock()


def known(lexicon: str, own_spellings: str) -> bool:
    """Whether this process has that analyser already."""
    return (lexicon, own_spellings) in ANALYSERS


def analyser(lexicon: str, own_spellings: str, load: Callable[[], bytes]) -> Analyser:
    """Return the analyser of a learnt list (empty: none) and own spellings; `load` loads the list."""
    wanted = (lexicon, own_spellings)
    if found := ANALYSERS.get(wanted):
        return found
    words = orjson.loads(zstandard.decompress(load())) if lexicon else {}
    with making:
        while len(ANALYSERS) >= MOST_ANALYSERS:
            ANALYSERS.popitem(last=False)
        found = ANALYSERS[wanted] = Analyser(Lexicon(words, own_spellings))
    return found


def packed(counts: dict[str, int]) -> tuple[str, bytes]:
    """A list as it is kept, of the words that enough stories have; and its hash."""
    known = [(count, word) for word, count in counts.items() if count >= LEAST and len(word) > 1]
    kept = sorted(known, key=lambda one: (-one[0], one[1]))[:MOST_WORDS]
    body = orjson.dumps({word: count for count, word in kept})
    return hashlib.sha256(body).hexdigest()[:12], zstandard.compress(body, 6)
