"""Words of a text with their places in it: runs of letters, digits and what hangs on them."""

import re
import sys
import unicodedata
from collections.abc import Iterator

from app.language.folding import fold


def ranges(categories: tuple[str, ...], end: int = 0xFE30) -> str:
    """The characters of some Unicode categories, as the inside of a character class."""
    found: list[list[int]] = []
    for code in range(0x300, end):
        if unicodedata.category(chr(code)) in categories:
            if found and found[-1][1] == code - 1:
                found[-1][1] = code
            else:
                found.append([code, code])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in found)


MARKS = ranges(("Mn", "Mc", "Me"))
INVISIBLE = "".join(
    chr(code)
    for code in (0xAD, 0x61C, *range(0x200B, 0x2010), *range(0x202A, 0x202F),
                 *range(0x2060, 0x2070), 0xFEFF)
)  # fmt: skip
WORD = re.compile(rf"[^\W_]+(?:[{MARKS}{INVISIBLE}]+[^\W_]+)*[{MARKS}]*")
"""A mark or an invisible character splits no word; an invisible one that ends it is not of it."""

ARABIC = "\u0621-\u064a\u066e-\u06d3\u06d5\u06ee\u06ef\u06fa-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufefc"
SIGNS = f"{MARKS}{INVISIBLE}"
PART = re.compile(rf"[{ARABIC}](?:[{ARABIC}{SIGNS}])*|[^{ARABIC}]+")
MIXED = re.compile(
    rf"[{ARABIC}][{SIGNS}]*[^\W_{ARABIC}{SIGNS}]|[^\W_{ARABIC}{SIGNS}][{SIGNS}]*[{ARABIC}]"
)
PROCLITICS = frozenset("و ف ب ل ك ال وال بال فال كال لل ولل فلل وبال فبال وب ول وك فب فل".split())
"""What Arabic writes before a number or a foreign word without a blank: بـ200, الـVAR."""

NOT_OF_A_TERM = re.compile(r"[\W_]+")
LONGEST = 60
"""Letters of a term; longer runs are no words."""


def spans(text: str) -> Iterator[tuple[str, int, int]]:
    """Each word as it stands, with its start and end in the text."""
    for found in WORD.finditer(text):
        word = found.group()
        if MIXED.search(word):
            yield from parts(word, found.start())
        else:
            yield word, found.start(), found.end()


def parts(word: str, start: int) -> Iterator[tuple[str, int, int]]:
    """A run of two scripts as its words: an Arabic proclitic before a number is none."""
    pieces = [(piece.group(), piece.start()) for piece in PART.finditer(word)]
    for at, (piece, begin) in enumerate(pieces):
        if at < len(pieces) - 1 and normal(piece) in PROCLITICS:
            continue
        yield piece.rstrip(INVISIBLE), start + begin, start + begin + len(piece.rstrip(INVISIBLE))


def normal(word: str) -> str:
    """The word in the one form of all its spellings; the same object for the same word."""
    folded = NOT_OF_A_TERM.sub("", fold(word)) if not word.isascii() else word.lower()
    return sys.intern(folded[:LONGEST])
