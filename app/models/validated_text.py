"""What the desk may write in a name, a caption, an address: text that shows as it was meant.

Marks of direction are harmless where they are closed where they were opened, and needed in mixed
lines; what overrides the order of letters makes a text read as another one, and is refused. UAX 9.
"""

import re
from functools import cache
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from app.language import windows_1252

OPENING = {
    "\u202a": "\u202c",
    "\u202b": "\u202c",
    "\u2066": "\u2069",
    "\u2067": "\u2069",
    "\u2068": "\u2069",
}
CLOSING = frozenset(OPENING.values())
OVERRIDES = frozenset("\u202d\u202e")
DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069]")
INVISIBLE = re.compile("[\\s\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]+")
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
BREAKS = re.compile("[\t\n\r\u2028\u2029]")
NOT_COUNTRIES = frozenset("AC CP CQ DG EA EU EZ IC QO TA UN XA XB ZZ".split())
"""What the list of territories has beyond ISO 3166-1; XK is no member but in use everywhere."""

MOST_LANGUAGES = 50
LONGEST_ADDRESS = 2048
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def a_text(text: str) -> str:
    """Text of any number of lines."""
    if not INVISIBLE.sub("", text):
        raise ValueError("there is nothing to be seen in it")
    if found := CONTROL.search(text):
        raise ValueError(f"it has the control character U+{ord(found[0]):04X}")
    if wrong := misdirected(text):
        raise ValueError(wrong)
    return text


def a_line(text: str) -> str:
    """Text of one line."""
    if BREAKS.search(text):
        raise ValueError("it is one line")
    return a_text(text)


def mended(text: str | None) -> str | None:
    """Text from elsewhere as it may be written here: without control characters, and without marks
    of direction that are not closed where they were opened. None where nothing is to be seen."""
    if not text:
        return None
    text = CONTROL.sub("", windows_1252.repair(text)[0])
    if misdirected(text):
        text = DIRECTIONS.sub("", text)
    return text if INVISIBLE.sub("", text) else None


def mended_line(text: str | None) -> str | None:
    """Return text with control characters replaced, on one line."""
    return mended(BREAKS.sub(" ", text)) if text else None


def misdirected(text: str) -> str | None:
    """Return what is wrong with the direction marks in a text, or None."""
    open: list[str] = []
    for mark in DIRECTIONS.findall(text):
        if mark in OVERRIDES:
            return f"it overrides the direction of its letters (U+{ord(mark):04X})"
        if mark in OPENING:
            open.append(OPENING[mark])
        elif not open or open.pop() != mark:
            return f"it closes a direction that it did not open (U+{ord(mark):04X})"
    return "it opens a direction that it does not close" if open else None


def a_language(tag: str) -> str:
    """A language tag in its canonical form. RFC 5646 section 2.1.1."""
    if not LANGUAGE.fullmatch(tag):
        raise ValueError("a language is written as BCP 47 says: ar, en, pt-BR")
    first, *rest = tag.split("-")
    canonical = "-".join([first.lower(), *map(subtag, rest)])
    if canonical != tag:
        raise ValueError(f"this language is written {canonical!r}")
    if len(first) == 2 and first not in languages():
        raise ValueError(f"there is no language {first!r}")
    return tag


def subtag(part: str) -> str:
    """A script, a region or a variant as it is written."""
    if len(part) == 4 and part.isalpha():
        return part.title()
    return part.upper() if len(part) == 2 else part.lower()


@cache
def languages() -> frozenset[str]:
    """The two-letter languages, ISO 639-1: a closed list."""
    from babel import Locale

    return frozenset(code for code in map(str, Locale.parse("en").languages) if len(code) == 2)


@cache
def countries() -> frozenset[str]:
    """The countries, ISO 3166-1 alpha-2."""
    from babel import Locale

    codes = map(str, Locale.parse("en").territories)
    return frozenset(code for code in codes if len(code) == 2 and code.isalpha()) - NOT_COUNTRIES


def a_country(code: str) -> str:
    if code not in countries():
        near = f"; this is {code.upper()!r}" if code.upper() in countries() else ""
        raise ValueError(f"a country is an ISO 3166-1 code of two capitals: LB, EG, GB{near}")
    return code


def an_address(url: str) -> str:
    """An absolute address of the web."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname)
        good = good and parts.username is None and parts.port != 0
    except ValueError:
        good = False
    if not good or INVISIBLE.search(url) or CONTROL.search(url):
        raise ValueError("an address begins with https:// or http:// and a host")
    return url


def each_once(values: list[str]) -> list[str]:
    if len(set(values)) < len(values):
        twice = next(value for value in values if values.count(value) > 1)
        raise ValueError(f"{twice!r} stands twice")
    return values


def few_languages(given: Any) -> Any:
    """A map that is not read where it is too large to be meant."""
    if isinstance(given, dict) and len(given) > MOST_LANGUAGES:
        raise ValueError(f"there are at most {MOST_LANGUAGES} languages")
    return given


Line = Annotated[str, StringConstraints(min_length=1, max_length=500), AfterValidator(a_line)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=10_000), AfterValidator(a_text)]
Language = Annotated[
    str,
    StringConstraints(pattern=f"^{LANGUAGE.pattern}$", max_length=35),
    AfterValidator(a_language),
]
Country = Annotated[str, StringConstraints(max_length=10), AfterValidator(a_country)]
Address = Annotated[str, StringConstraints(max_length=LONGEST_ADDRESS), AfterValidator(an_address)]
FEW = (Field(max_length=MOST_LANGUAGES), BeforeValidator(few_languages))
Lines = Annotated[dict[Language, Line], *FEW]
"""A line by language."""

Texts = Annotated[dict[Language, Text], *FEW]
"""Text by language."""

Elsewhere = Annotated[list[Address], Field(max_length=50), AfterValidator(each_once)]
"""Addresses of the same thing elsewhere."""
