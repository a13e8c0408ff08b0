"""The language of a page: by the script and the small words of its text."""

import re
from collections import Counter

from app.formats.page.source_mentions import ARABIC

ARABIC_SCRIPT = frozenset("ar fa ur ps sd ug ckb arc arz".split())
SAMPLE = 20_000


def language_of(text: str) -> str:
    """By script and its letters: Arabic, Persian, Urdu; French by its small words; else English."""
    sample = text[:SAMPLE]
    if is_arabic(sample):
        if re.search("[ٹڈڑے]", sample):
            return "ur"
        return "fa" if re.search("[پچژگ].*ی", sample, re.DOTALL) and "ي" not in sample else "ar"
    small = Counter(
        re.findall(r"\b(?:le|la|les|des|une|est|dans|the|of|and|to|in|is)\b", sample.lower())
    )
    french = sum(small[word] for word in ("le", "la", "les", "des", "une", "est", "dans"))
    return "fr" if french > sum(small.values()) / 2 else "en"


def is_arabic(text: str) -> bool:
    """Whether most letters are of the Arabic script."""
    return len(ARABIC.findall(text)) > len(re.findall("[A-Za-z]", text))


def confirmed(stated: str | None, text: str) -> str:
    """The language that a page states, unless the script of its text contradicts it."""
    if stated is None or (stated in ARABIC_SCRIPT) != is_arabic(text[:SAMPLE]):
        return language_of(text)
    return stated
