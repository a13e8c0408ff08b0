"""BM25F over analysed terms: the same order on both databases, whatever each of them can rank."""

import math
from collections.abc import Mapping, Sequence

WEIGHTS = (6.0, 3.0, 1.0)
"""Of title, summary and body."""
LENGTH = (0.5, 0.5, 0.75)
"""How much the length of each of them counts against a term in it."""
K1 = 1.2


def idf(stories: int, having: int) -> float:
    """What it says of a story that it has a term which `having` of all have."""
    return math.log(1 + (stories - having + 0.5) / (having + 0.5)) if having <= stories else 0.0


def score(
    fields: Sequence[Sequence[str]], wanted: Mapping[str, float], averages: Sequence[float]
) -> float:
    """How well a story answers: `wanted` has the idf of each term, `fields` the story's terms."""
    found = 0.0
    for term, weight in wanted.items():
        frequency = 0.0
        for field, heavy, length, average in zip(fields, WEIGHTS, LENGTH, averages, strict=True):
            if count := field.count(term):
                frequency += heavy * count / (1 - length + length * len(field) / (average or 1))
        found += weight * frequency * (K1 + 1) / (frequency + K1)
    return found
