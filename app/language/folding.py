"""Folding of Arabic and Latin text, so that spellings of one word meet."""

import re
import unicodedata

DELETED = re.compile(
    "[\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u08d3-\u08ff"
    "\u0640\u200b-\u200f\u202a-\u202e\u2060-\u206f\u061c\ufeff\u00ad]"
)
LETTERS = [
    ("أإآٱٲٳ", "ا"), ("ؤ", "و"), ("ئ", "ي"), ("ى", "ي"), ("ة", "ه"), ("کڪگڭ", "ك"), ("یېےۍ", "ي"),
    ("ہھەۀۃ", "ه"), ("پ", "ب"), ("چ", "ج"), ("ژ", "ز"), ("ڤ", "ف"), ("ٹ", "ت"), ("ڈ", "د"),
    ("ڑ", "ر"), ("ں", "ن"), ("ۆۋ", "و"),
]  # fmt: skip
PAIRS = [(one, to) for many, to in LETTERS for one in many]
PAIRS += [(chr(base + n), str(n)) for base in (0x660, 0x6F0) for n in range(10)]
ANYTHING = re.compile("[" + "".join(old for old, _ in PAIRS) + "]")
BLANKS = re.compile(r"\s+")


def fold(text: str) -> str:
    """One form of a text for look-ups: marks off, letters unified, case folded, blanks single."""
    text = DELETED.sub("", unicodedata.normalize("NFKC", text))
    if ANYTHING.search(text):  # a chain of replace; str.translate is far slower on Arabic
        for old, new in PAIRS:
            text = text.replace(old, new)
    if not text.isascii():
        bare = unicodedata.normalize("NFD", text)
        text = "".join(letter for letter in bare if unicodedata.category(letter) != "Mn")
    return BLANKS.sub(" ", text).strip().casefold()
