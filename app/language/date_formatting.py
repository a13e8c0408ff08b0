"""Dates for people: a story's times in words, as `display=` asks for them. docs/dates.md

A BCP 47 tag says language and region, and so the names of the months: `ar-LB` تشرين الثاني, `ar-EG`
نوفمبر, `ar-MA` نونبر. A slash adds the month in another language: `ar/en` gives
السبت 16 نوفمبر / November 2024. Names, order and digits are CLDR's, by Babel.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.dates import (
    DateTimeFormat,
    get_timezone_gmt,
    get_timezone_location,
    get_timezone_name,
    tokenize_pattern,
)
from hijridate import Gregorian, Hijri

MOST = 5
"""Tags in one request."""
TAG = re.compile(
    r"(?P<language>[A-Za-z]{2,3})(?:-(?P<script>[A-Za-z]{4}))?(?:-(?P<region>[A-Za-z]{2}|\d{3}))?"
    r"(?:-[uU](?P<options>(?:-[A-Za-z0-9]{2,8})+))?"
)
HIJRI = "islamic-umalqura"
HIJRI_LANGUAGES = ("ar", "bn", "en", "tr")
ZEROS = {
    "latn": 0x30, "arab": 0x660, "arabext": 0x6F0, "adlm": 0x1E950, "beng": 0x9E6, "cakm": 0x11136,
    "deva": 0x966, "hmnp": 0x1E140, "mtei": 0xABF0, "mymr": 0x1040, "nkoo": 0x7C0, "olck": 0x1C50,
    "tibt": 0xF20,
}  # fmt: skip
"""The digit 0 of each numbering system that is some language's own."""
OPTIONS: dict[str, Sequence[str]] = {
    "nu": [*ZEROS], "ca": ["gregory", HIJRI], "hc": ["h12", "h23"],
}  # fmt: skip
CLOCKS = {"h12": "hmv", "h23": "Hmv"}
MONTHS_OF = {"ar_EH": "ar_MA"}
"""Where CLDR has no names of a region's own: whose are used there."""
CITIES = {"Asia/Hebron": "الخليل"}
"""Where CLDR's Arabic has the English name of a city first."""
ARABIC = re.compile(r"[\u0600-\u06ff]")


@dataclass(frozen=True)
class Display:
    """One way to say a date. The first locale writes it; others add their name of the month."""

    tag: str
    locales: tuple[Locale, ...]
    digits: str
    hijri: bool
    clock: str


def parse(value: str) -> list[Display]:
    """Parse the tags of `display=`; a ValueError says what is wrong."""
    tags = value.split(",")
    if len(tags) > MOST:
        raise ValueError(f"At most {MOST} languages.")
    if len({tag.lower() for tag in tags}) < len(tags):
        raise ValueError("A language stands twice.")
    return [display_of(tag) for tag in tags]


def fault(value: str) -> str | None:
    """What is wrong with a `display=`, or None."""
    try:
        parse(value)
    except ValueError as wrong:
        return str(wrong)
    return None


@lru_cache(maxsize=256)
def display_of(tag: str) -> Display:
    first, *others = tag.split("/")
    locale, options = read(first)
    more = [read(other) for other in others]
    if any(given for _, given in more):
        raise ValueError(f"{tag!r}: -u- goes with the first language alone.")
    made = Display(
        tag=tag, locales=(locale, *(other for other, _ in more)),
        digits=options.get("nu") or str(locale.default_numbering_system),
        hijri=options.get("ca") == HIJRI, clock=CLOCKS.get(options.get("hc", "")) or clock_of(locale),
    )  # fmt: skip
    check(made)
    return made


def check(made: Display) -> None:
    if made.hijri:
        for locale in made.locales:
            if locale.language not in HIJRI_LANGUAGES:
                known = ", ".join(HIJRI_LANGUAGES)
                raise ValueError(f"Hijri months have names here in {known} only.")
    named = ("field", ("M", 4)) in tokenize_pattern(date_pattern(made.locales[0]))
    if len(made.locales) > 1 and not named:
        raise ValueError(f"{made.tag!r}: this language counts its months; a name can't be added.")


def read(tag: str) -> tuple[Locale, dict[str, str]]:
    """The locale that a tag means, and its options."""
    found = TAG.fullmatch(tag)
    if found is None:
        raise ValueError(f"{tag!r} is no language tag (BCP 47), such as ar-LB or ar-EG-u-nu-arab.")
    locale = locale_of(found["language"].lower(), found["script"], found["region"])
    if locale is None:
        raise ValueError(f"Unknown language {tag!r}.")
    return locale, options_of((found["options"] or "").lower())


def locale_of(language: str, script: str | None, region: str | None) -> Locale | None:
    """CLDR's locale; one that it has no data of is the language, if the region is one at all."""
    if language == "und":
        return None
    try:
        locale = Locale.parse("_".join(filter(None, [language, script, region])))
    except UnknownLocaleError:
        known = region and region.upper() in Locale("en").territories
        return locale_of(language, script, None) if known else None
    usual = get_global("likely_subtags").get(language, "__").split("_")[1]
    written = locale.script or usual
    return locale if script is None or written.lower() == script.lower() else None


def options_of(given: str) -> dict[str, str]:
    """`-nu-arab-ca-islamic-umalqura` as a mapping. RFC 6067."""
    options: dict[str, str] = {}
    for part in filter(None, re.split(r"-(?=[a-z0-9]{2}(?:-|$))", given)):
        key, _, value = part.partition("-")
        if key not in OPTIONS or key in options:
            raise ValueError(f"-u-{key}: {', '.join(OPTIONS)} are known, each once.")
        if value not in OPTIONS[key]:
            raise ValueError(f"-u-{key}-{value}: it is one of {', '.join(OPTIONS[key])}.")
        options[key] = value
    return options


def clock_of(locale: Locale) -> str:
    pattern = tokenize_pattern(locale.time_formats["short"].pattern)
    twelve = any(kind == "field" and field[0] in "hK" for kind, field in pattern)
    return CLOCKS["h12" if twelve else "h23"]


def date_pattern(locale: Locale) -> str:
    """CLDR's full date; in Arabic without its comma, as pages of news write it."""
    pattern = str(locale.date_formats["full"].pattern)
    return pattern.replace("،", "") if locale.language == "ar" else pattern


def dates(display: Display, published: str | None, updated: str | None, zone: ZoneInfo) -> Any:
    """The JSON of one way: each time with its clock and zone, and its date alone."""
    shown: dict[str, str | None] = {}
    for name, moment in (("published", published), ("updated", updated)):
        said = in_words(display, moment, zone) if moment else (None, None)
        shown[name], shown[f"{name}_date"] = said
    return shown


@lru_cache(maxsize=8192)
def in_words(display: Display, moment: str, zone: ZoneInfo) -> tuple[str, str]:
    """A moment (RFC 3339) with its clock and zone, and its date alone."""
    local = datetime.fromisoformat(moment).astimezone(zone)
    locale = display.locales[0]
    written = DateTimeFormat(local, locale)
    date = said(date_pattern(locale), date_fields(display, local), written)
    clock = locale.datetime_skeletons[display.clock].pattern
    time = said(clock, {"v": zone_name(local, zone, locale)}, written)
    both = str(locale.datetime_formats["full"]).replace("{1}", date).replace("{0}", time)
    return in_digits(both, display.digits), in_digits(date, display.digits)


def said(pattern: str, own: Mapping[str, str], written: DateTimeFormat) -> str:
    """A pattern of CLDR filled in: fields of `own`, else Babel's."""
    parts = []
    for kind, token in tokenize_pattern(pattern):
        if kind == "chars":
            parts.append(str(token))
        else:
            letter, width = token[0], int(token[1])
            parts.append(own.get(letter) or written[letter * width])
    return "".join(parts).replace("\u202f", " ").replace("\xa0", " ")


def date_fields(display: Display, local: datetime) -> dict[str, str]:
    """What is not as Babel writes it: the month in several languages, the Hijri calendar."""
    if display.hijri and (day := hijri_of(local)):
        names = [day.month_name(locale.language) for locale in display.locales]  # type: ignore[arg-type]
        era = day.notation(display.locales[0].language)  # type: ignore[arg-type]
        return {"d": str(day.day), "M": " / ".join(names), "y": f"{day.year} {era}"}
    if date_pattern(display.locales[0]).count("MMMM") == 0:
        return {}
    return {"M": " / ".join(month_name(locale, local.month) for locale in display.locales)}


def hijri_of(local: datetime) -> Hijri | None:
    """The day by the tables of Umm al-Qura; None before 1924 and after 2077, which they don't know."""
    try:
        return Gregorian.fromdate(local.date()).to_hijri()
    except OverflowError:
        return None


def month_name(locale: Locale, number: int) -> str:
    whose = MONTHS_OF.get(str(locale))
    return str((Locale.parse(whose) if whose else locale).months["format"]["wide"][number])


def zone_name(local: datetime, zone: tzinfo, locale: Locale) -> str:
    """The zone: in Arabic by its city (بتوقيت بيروت) or its distance from Greenwich."""
    if locale.language != "ar":
        return get_timezone_name(local, "long", locale=locale)
    city = CITIES.get(str(zone)) or get_timezone_location(zone, locale, return_city=True)
    if not ARABIC.search(city):
        city = get_timezone_gmt(local, locale=locale).removesuffix("+00:00")
    return f"بتوقيت {city}"


def in_digits(text: str, system: str) -> str:
    if system == "latn":
        return text
    for number in range(10):
        text = text.replace(str(number), chr(ZEROS[system] + number))
    return text
