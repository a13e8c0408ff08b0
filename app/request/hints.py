"""The known name that is most like one that is unknown, within a budget: a hint helps whoever misspelt a
name or two, and a request of nothing but unknown names must cost no more than another."""

from collections.abc import Collection, Sized
from itertools import islice

from rapidfuzz import fuzz, process

LONGEST = 64
"""Characters of names that are compared."""
MOST_KNOWN = 200
"""Known names that it is compared with."""
ALIKE = 60
"""Percent that two names have in common at least."""
MOST_HINTS = 5
"""Errors of one request that have a hint: the first."""


def nearest(given: str, known: Collection[str], errors: Sized = ()) -> str:
    """A hint as the end of a sentence, or an empty text. `errors`: those of the request so far."""
    found = nearest_name(given, known) if len(errors) < MOST_HINTS else None
    return f" Did you mean {found!r}?" if found else ""


def nearest_name(given: str, known: Collection[str]) -> str | None:
    """The known name that is most similar, ignoring case."""
    if len(given) > LONGEST:
        return None
    folded = {
        text.casefold(): text
        for one in islice(known, MOST_KNOWN)
        if len(text := str(one)) <= LONGEST
    }
    near = process.extractOne(
        given.casefold(), folded.keys(), scorer=fuzz.ratio, score_cutoff=ALIKE
    )
    return folded[near[0]] if near else None
