"""What marks of inline HTML say in plain text: quotation marks of `q`, raised and lowered letters.

Quotation marks are those of CLDR 47 (`delimiters`), the data of the rendering section of the HTML
standard, with two exceptions: Arabic has the «…» of its newspapers, and French no-break spaces
inside « … ». Babel does not carry CLDR's delimiters. Raised and lowered digits and signs are the
characters of Unicode for them.
"""

import re
from functools import lru_cache

Marks = tuple[str, str, str, str]
"""Opening and closing marks, then those of a quotation inside another."""

ENGLISH: Marks = ("“", "”", "‘", "’")
GUILLEMETS: Marks = ("«", "»", "“", "”")
GERMAN: Marks = ("„", "“", "‚", "‘")
MARKS: dict[str, Marks] = {
    **dict.fromkeys("ca el es hy it pt-PT uk be br".split(), GUILLEMETS),
    **dict.fromkeys("de cs sk sl et lt lv is hsb dsb lb".split(), GERMAN),
    **dict.fromkeys("pl ro hu".split(), ("„", "”", "«", "»")),
    **dict.fromkeys("sv fi".split(), ("”", "”", "’", "’")),
    **dict.fromkeys("ja zh-Hant zh-TW zh-HK".split(), ("「", "」", "『", "』")),
    **dict.fromkeys("ar fa ku ckb az".split(), ("«", "»", "‹", "›")),
    "fr": ("«\u00a0", "\u00a0»", "«\u00a0", "\u00a0»"),
    "fr-CH": ("«", "»", "‹", "›"), "de-CH": ("«", "»", "‹", "›"), "rm": ("«", "»", "‹", "›"),
    "ru": ("«", "»", "„", "“"), "bg": ("„", "“", "„", "“"), "mk": ("„", "“", "’", "‘"),
    "sr": ("„", "“", "‘", "’"), "hr": ("„", "”", "‚", "’"), "bs": ("„", "”", "‘", "’"),
    "sq": ("«", "»", "“", "”"), "no": ("«", "»", "‘", "’"), "nb": ("«", "»", "‘", "’"),
    "nn": ("«", "»", "‘", "’"), "da": ("“", "”", "‘", "’"), "ka": ("„", "“", "«", "»"),
    "he": ("”", "”", "’", "’"), "ur": ("”", "“", "’", "‘"), "nl": ("‘", "’", "“", "”"),
    "eu": ("«", "»", "‹", "›"), "gl": ("«", "»", "“", "”"), "kk": ("“", "”", "‘", "’"),
}  # fmt: skip
"""By language, or by language and script or region; the others have those of English."""

RAISED = str.maketrans(
    "0123456789٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹+-−=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁰¹²³⁴⁵⁶⁷⁸⁹⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱ"
)
LOWERED = str.maketrans(
    "0123456789٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹+-−=()", "₀₁₂₃₄₅₆₇₈₉₀₁₂₃₄₅₆₇₈₉₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎"
)
APART = re.compile(r"[^\w]*|\s*[\[(]\s*\w+\s*[\])]\s*|\s*[^\W\d_]{1,5}\.?\s*")
"""What reads the same on the line: signs, a note's number in brackets, the letters of an ordinal."""
EDGES = re.compile(r"\A(\s*)(.*?)(\s*)\Z", re.DOTALL)


@lru_cache(maxsize=256)
def quotation_marks(lang: str) -> Marks:
    """The marks of a language: those of its region or script, else its own."""
    parts = lang.split("-")
    tried = [f"{parts[0].lower()}-{part}" for part in parts[1:]] + [parts[0].lower()]
    return next((MARKS[one] for one in tried if one in MARKS), ENGLISH)


def raised(text: str) -> str:
    """The words of `sup`: m², 10⁵, 5th; `^(…)` where Unicode has no such characters."""
    return moved(text, RAISED, "^")


def lowered(text: str) -> str:
    """The words of `sub`: H₂O; `_(…)` where Unicode has no such characters."""
    return moved(text, LOWERED, "_")


def moved(text: str, letters: dict[int, int], sign: str) -> str:
    found = EDGES.match(text)
    before, inside, after = found.groups() if found else ("", text, "")
    if inside and all(ord(letter) in letters for letter in inside):
        return before + inside.translate(letters) + after
    if APART.fullmatch(text):
        return text
    return f"{before}{sign}({inside}){after}"
