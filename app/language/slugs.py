"""Slugs that people read, in any script."""

import re
import unicodedata

LONGEST = 80
MARKS = re.compile("[\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u08d3-\u08ff\u0640]")
CONTROLS = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u206f\u061c\ufeff\u00ad]")
NOT_A_WORD = re.compile(r"[^\w]+", re.UNICODE)
ID_PREFIX = re.compile(
    r"^(art|sec|tag|con|img|src|dsp|cor|att|frt|key|upd|wdr|prv|grp)_", re.IGNORECASE
)
LOOK_ALIKE = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"})
RESERVED = frozenset({"by-url", "new", "all", "articles", "search", "versions", "null", "none"})


def slugify(text: str, fallback: str = "story") -> str:
    """A slug from a headline: letters and digits of any script, words parted by `-`."""
    plain = CONTROLS.sub("", MARKS.sub("", unicodedata.normalize("NFKC", text)))
    words = [word for word in NOT_A_WORD.sub(" ", plain.replace("_", " ")).lower().split() if word]
    slug = cut(words)
    return slug if slug and malformed(slug) is None else cut([fallback, *words]) or fallback


def cut(words: list[str]) -> str:
    """The words that fit, whole; a single word that is too long is cut."""
    slug = ""
    for word in words:
        longer = f"{slug}-{word}" if slug else word[:LONGEST]
        if len(longer) > LONGEST:
            break
        slug = longer
    return slug


def fault(slug: str) -> str | None:
    """What is wrong with a slug that somebody chose, or None."""
    return malformed(slug) or look_alikes(slug)


def look_alikes(slug: str) -> str | None:
    """A word of letters that look alike and are others: `раypal` is half Cyrillic. Other scripts
    may meet in a word, as Arabic and Latin do in names."""
    for word in slug.split("-"):
        names = {unicodedata.name(letter, "").partition(" ")[0] for letter in word}
        if len(mixed := sorted(names & LOOK_ALIKE)) > 1:
            return f"{word!r} mixes {' and '.join(one.title() for one in mixed)} letters."
    return None


def malformed(slug: str) -> str | None:
    """What makes it no slug, or None."""
    if not slug or len(slug) > LONGEST:
        return f"A slug has 1 to {LONGEST} characters."
    if unicodedata.normalize("NFKC", slug) != slug or MARKS.search(slug) or CONTROLS.search(slug):
        return "A slug is NFKC, without tashkeel, tatweel or invisible characters."
    if slug.startswith("-") or ID_PREFIX.match(slug):
        return "A slug doesn't start with '-' or like an id."
    if re.search(r"[^\w-]", slug):
        return "A slug has letters, digits and '-' alone."
    if key(slug) in RESERVED:
        return f"{slug!r} is a reserved word."
    return None


def key(slug: str) -> str:
    """What two slugs that count as one share: NFC, folded by case."""
    return unicodedata.normalize("NFC", slug).casefold()
