"""BM25F over analysed terms: the same order on both databases, whatever each of them can rank."""

import math
from collections.abc import Mapping, Sequence

WEIGHTS = (6.0, 3.0, 1.0)
"""Of title, summary and body."""
LENGTH = (0.5, 0.5, 0.75)
"""How much the length of each of them counts against a term in it."""
K1 = 1.2


def idf(stories: int, having: int) -> float:
    """Return the weight of a term that `having` of all stories have."""
    return math.log(1 + (stories - having + 0.5) / (having + 0.5)) if having <= stories else 0.0


def score(fields: Sequence[str], weights: Mapping[str, float], averages: Sequence[float]) -> float:
    """How well an article answers: `weights` has the idf of each term, `fields` the article's terms
    by field, separated by spaces, `averages` the mean length of each field."""
    # a blank for each term on either side, so that a term that stands twice is counted twice
    padded = [f" {text.replace(' ', '  ')} " for text in fields]
    lengths = [text.count(" ") + 1 for text in fields]
    found = 0.0
    for term, weight in weights.items():
        frequency, inside = 0.0, f" {term} "
        for at, text in enumerate(padded):
            if count := text.count(inside):
                long = lengths[at] / (averages[at] or 1)
                frequency += WEIGHTS[at] * count / (1 - LENGTH[at] + LENGTH[at] * long)
        found += weight * frequency * (K1 + 1) / (frequency + K1)
    return found
