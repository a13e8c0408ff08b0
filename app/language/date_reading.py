"""Dates as news pages write them, in fifteen languages, read without guessing."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo

from babel.dates import get_day_names, get_month_names

from app.language.folding import fold

ARABIC_MONTHS = [
    "يناير كانون_الثاني جانفي", "فبراير شباط فيفري فبراير", "مارس اذار", "ابريل نيسان افريل",
    "مايو ايار ماي", "يونيو حزيران جوان يونيه", "يوليو تموز جويليه يوليوز يوليه",
    "اغسطس اب اوت غشت", "سبتمبر ايلول شتنبر", "اكتوبر تشرين_الاول",
    "نوفمبر تشرين_الثاني نونبر", "ديسمبر كانون_الاول دجنبر",
]  # fmt: skip
ENGLISH_MONTHS = [
    "january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul",
    "august aug", "september sept sep", "october oct", "november nov", "december dec",
]  # fmt: skip
LOCALES = "fa ur fr de es pt it tr ru nl sv nb da pl id".split()
"""Languages whose months and weekdays are read by their names in CLDR."""
MONTHS = {
    fold(name): number
    for locale in LOCALES
    for context in ("format", "stand-alone")
    for number, name in get_month_names("wide", context, locale).items()
} | {
    name.replace("_", " "): number
    for names in (ARABIC_MONTHS, ENGLISH_MONTHS)
    for number, line in enumerate(names, 1)
    for name in line.split()
}
ARABIC_DAYS = ["الاثنين", "الثلاثاء", "الاربعاء", "الخميس", "الجمعه", "السبت", "الاحد"]
ENGLISH_DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
SHORT_DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS = (
    {
        fold(name): number
        for locale in LOCALES
        for number, name in get_day_names("wide", locale=locale).items()
    }
    | {
        fold(name): number
        for names in (ARABIC_DAYS, ENGLISH_DAYS)
        for number, name in enumerate(names)
    }
    | {"الثلاثا": 1, "الاربعا": 2, "الاتنين": 0, "tues": 1, "thur": 3, "thurs": 3, "weds": 2}
)
HIJRI = re.compile(
    r"(?:محرم|صفر|ربيع ال\w+|جمادي ال\w+|رجب|شعبان|رمضان|شوال|ذو القعده|ذي القعده|ذو الحجه|ذي الحجه)"
)

MONTH = "|".join(sorted(map(re.escape, MONTHS), key=len, reverse=True))
DAY = "|".join(sorted([*map(re.escape, DAYS), *SHORT_DAYS], key=len, reverse=True))
WORD = r"(?<![^\W\d_])(?:%s)(?![^\W\d_])"
MONTHS_AT = re.compile(WORD % MONTH)
DAYS_AT = re.compile(WORD % DAY)
JALALI_MONTHS = [
    fold(name)
    for name in "فروردین اردیبهشت خرداد تیر مرداد شهریور مهر آبان آذر دی بهمن اسفند".split()
]
JALALI = re.compile(rf"(?<!\d)(\d{{1,2}})\s+({'|'.join(JALALI_MONTHS)})\s+(1[34]\d\d)(?!\d)")
NOWRUZ = (1399, date(2020, 3, 20))
"""A year of the Persian calendar and the day on which it began."""
NUMERIC = re.compile(r"(?<!\d)(\d{1,4})\s*([/.\-])\s*(\d{1,2})\s*\2\s*(\d{1,4})(?!\d)")
ISO = re.compile(
    r"(?<!\d)(\d{4})-(\d{2})-(\d{2})t(\d{2}):(\d{2})(?::\d{2}(?:\.\d+)?)?\s?(z|[+-]\d{2}:?\d{2})?"
)
YEAR = re.compile(r"(?<!\d)(?:19|20)\d{2}(?!\d)")
DAY_NUMBER = re.compile(r"(?<![\d:])(\d{1,2})(?:st|nd|rd|th)?(?![\d:])")
CLOCK = re.compile(
    r"(?<![\d:])(\d{1,2})[:.h](\d{2})(?::\d{2})?(?![\d:])"
    r"\s*((?:am|pm|a\.m|p\.m)(?![^\W\d_])|صباحا|مساء|ظهرا|فجرا|ليلا|عصرا|ب\.ظ|ق\.ظ|ص(?![^\W\d_])|م(?![^\W\d_]))?"
)
HOUR = re.compile(r"(?<![\d:])(\d{1,2})\s*(am|pm|a\.m\.?|p\.m\.?|صباحا|مساء)(?![^\W\d_])")
ZONES = {
    "gmt": 0, "utc": 0, "غرينتش": 0, "جرينتش": 0, "bst": 1, "cet": 1, "est": -5, "edt": -4,
    "pst": -8, "pdt": -7, "مكه": 3, "بيروت": None, "القاهره": None,
}  # fmt: skip
OFFSET = re.compile(r"(?:gmt|utc|غرينتش)?\s*([+-])(\d{1,2})(?::?(\d{2}))?(?!\d)")
LATE = ("pm", "p.m", "مساء", "عصرا", "م", "ب.ظ")
EARLY = ("am", "a.m", "صباحا", "فجرا", "ص", "ق.ظ")
AGO = re.compile(r"(?:updated\s+)?\d+\s+(?:minutes?|hours?|days?)\s+ago")
UPDATED = re.compile("اب ?ديت")
"""An Urdu word for "updated", which begins with a month of the Levant."""
LABELS = re.compile(
    r"(?<![^\W\d_])(?:first|published|updated|posted|created|last|modified|update|publish|as of|date|on|at|time|of|the"
    r"|تاريخ|(?:تم |و)?(?:نشره|نشرها|نشر|نشرت|اضيف|اضيفت|كتب|كتبت|منشور|حدث|تحديثه|التحديث|تحديث)|النشر|الاضافه|اخر"
    r"|الساعه|بتوقيت|بالتوقيت|توقيت|بتاريخ|الموافق|يوم|اليوم|المحلي|المكرمه|القدس|في|هـ|م|ه|ad|هجري|ميلادي|عند|ساعه"
    r"|انتشار|زمان|بروز|رساني|روز|شايع|كي|كو|وقت|اشاعت|هوا|شده"
    r"|publie|mis|mise|a jour|le|et|modifie|veroffentlicht|aktualisiert|erstellt|stand|am|um|uhr|vom|den|und"
    r"|publicado|actualizado|atualizado|en|em|el|de|del|a las|las|as|a|h|horas|hrs|pubblicato|aggiornato|il|alle|ore"
    r"|yayınlanma|guncelleme|tarihi|son|saat|giris|kl|publicerad|uppdaterad|publisert|oppdatert|op|om"
    r"|опубликовано|обновлено|в|г|года)(?![^\W\d_])"
)
LONGEST = 160


@dataclass(frozen=True)
class DateLine:
    """A date line as it stands, and what it says."""

    text: str
    day: date
    time: time | None
    weekday: int | None
    """As written, Monday 0; None where no weekday is written."""
    at: datetime
    """Aware; noon where no time is written."""


def read(line: str, tz: tzinfo) -> DateLine | None:
    """The one date of a short line, or None. Relative words ("two hours ago") are no date."""
    if not line or len(line) > LONGEST:
        return None
    folded = UPDATED.sub(" ", fold(line))
    stated = iso(folded, tz)
    if stated:
        return DateLine(line, stated.date(), stated.timetz(), weekday_of(folded), stated)
    day = named_day(folded) or jalali_day(folded) or numeric_day(folded)
    if day is None:
        return None
    clock, zone = clock_of(folded), zone_of(folded)
    at = datetime.combine(day, clock or time(12), zone or tz)
    moment = in_utc(at)
    return DateLine(line, day, clock, weekday_of(folded), moment) if moment else None


def iso(folded: str, tz: tzinfo) -> datetime | None:
    found = ISO.search(folded)
    if not found:
        return None
    try:
        moment = datetime.fromisoformat(found[0].replace(" ", "").upper())
    except ValueError:
        return None
    return in_utc(moment if moment.tzinfo else moment.replace(tzinfo=tz))


def in_utc(moment: datetime) -> datetime | None:
    """The same moment in UTC; None where its year is then before 1 or after 9999."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return None


def named_day(folded: str) -> date | None:
    """A day, a month's name (perhaps twice, in two languages) and a year, in any order."""
    months = {MONTHS[found[0]] for found in MONTHS_AT.finditer(folded)}
    years = [int(found[0]) for found in YEAR.finditer(folded)]
    if len(months) != 1 or not years:
        return None
    rest = CLOCK.sub(" ", HOUR.sub(" ", folded))
    if HIJRI.search(rest):  # the Hijri day stands beside its own month
        rest = re.sub(rf"\d{{1,2}}\s*{HIJRI.pattern}\s*(?:\d{{4}})?", " ", rest)
    around = MONTHS_AT.search(rest)
    numbers = [
        (int(one[1]), one.start()) for one in DAY_NUMBER.finditer(rest) if 1 <= int(one[1]) <= 31
    ]
    if not around or not numbers:
        return None
    nearest = min(numbers, key=lambda pair: abs(pair[1] - around.start()))
    return day_of(years[-1] if len(years) == 1 else years[0], months.pop(), nearest[0])


def jalali_day(folded: str) -> date | None:
    """A day of the Persian calendar, as pages in Persian and Dari write it."""
    found = JALALI.search(folded)
    if not found:
        return None
    day, month, year = int(found[1]), JALALI_MONTHS.index(found[2]), int(found[3])
    first, began = NOWRUZ
    span = range(min(first, year), max(first, year))
    days = sum(366 if (25 * one + 11) % 33 < 8 else 365 for one in span)
    within = month * 30 + min(month, 6) + day - 1
    return began + timedelta(days=(days if year >= first else -days) + within)


def numeric_day(folded: str) -> date | None:
    """2026-11-20 or 20/11/2026; day before month unless that can't be."""
    found = NUMERIC.search(folded)
    if not found:
        return None
    first, second, last = int(found[1]), int(found[3]), int(found[4])
    if len(found[1]) == 4:
        return day_of(first, second, last)
    if len(found[4]) != 4:
        return None
    return day_of(last, second, first) if second <= 12 else day_of(last, first, second)


def day_of(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if 1900 <= year <= 2100 else None
    except ValueError:
        return None


def clock_of(folded: str) -> time | None:
    found = CLOCK.search(folded) or HOUR.search(folded)
    if not found:
        return None
    hour = int(found[1])
    minute = int(found[2]) if found.re is CLOCK else 0
    half = (found[found.lastindex or 1] or "").rstrip(".")
    if half in LATE and hour < 12:
        hour += 12
    if half in EARLY and hour == 12:
        hour = 0
    return time(hour, minute) if hour < 24 and minute < 60 else None


def zone_of(folded: str) -> tzinfo | None:
    """A zone written after the time, as far as it says one offset."""
    if CLOCK.search(folded) is None:
        return None
    tail = folded[CLOCK.search(folded).end() :]  # type: ignore[union-attr]
    if offset := OFFSET.search(tail):
        hours, minutes = int(offset[2]), int(offset[3] or 0)
        sign = 1 if offset[1] == "+" else -1
        return timezone(sign * timedelta(hours=hours, minutes=minutes)) if hours <= 14 else None
    for word in re.findall(r"[^\W\d_]+", tail):
        hours_off = ZONES.get(word.removeprefix("ال"), ZONES.get(word))
        if hours_off is not None:
            return timezone(timedelta(hours=hours_off))
    return None


def weekday_of(folded: str) -> int | None:
    found = DAYS_AT.search(folded)
    return number_of(found[0]) if found else None


def number_of(name: str) -> int:
    return DAYS[name] if name in DAYS else SHORT_DAYS.index(name)


def bare(line: str) -> str:
    """What is left of a date line without its date: nothing, if the line is a date alone."""
    folded = UPDATED.sub(" ", AGO.sub(" ", fold(line)))
    for pattern in (ISO, JALALI, NUMERIC, CLOCK, HOUR, MONTHS_AT, DAYS_AT, YEAR, HIJRI, DAY_NUMBER):
        folded = pattern.sub(" ", folded)
    folded = re.sub(r"\d{4}", " ", OFFSET.sub(" ", folded))
    for zone in ZONES:
        folded = re.sub(rf"(?<![^\W_])(?:ال)?{zone}(?![^\W_])", " ", folded)
    return re.sub(r"[\W_]+", " ", LABELS.sub(" ", folded)).strip()


def is_date_line(line: str, tz: tzinfo) -> bool:
    """Whether a line is a date alone, with words of publishing or, beside a time of day, a place."""
    stated = read(line, tz)
    most = 2 if stated and stated.time else 0
    return stated is not None and len(bare(line).split()) <= most


TODAY = re.compile(rf"(?:(?<![^\W\d_])اليوم|\btoday)[,،]?\s*(?:on\s)?({DAY})(?![^\W\d_])")


def todays_in(text: str) -> set[int]:
    """Weekdays that a text calls today: "اليوم الأربعاء", "today, Wednesday"."""
    return {number_of(found[1]) for found in TODAY.finditer(fold(text))}


def weekday_name(number: int) -> str:
    """A weekday for a warning, in English as all messages are."""
    return ENGLISH_DAYS[number].capitalize()
