"""Stories for load: about 10 kB of JSON each, from a few words of our own, always the same."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from app.formats.page.model import Found, Mention, Page, Picture

WORDS = [
    "المدينة", "الميناء", "الحكومة", "البرلمان", "الاقتصاد", "السوق", "النهر", "الجامعة",
    "المدرسة", "الطريق", "القطار", "البحر", "الشمال", "الجنوب", "الوزير", "اللجنة", "التقرير",
    "الاجتماع", "المشروع", "الاتفاق", "الشركة", "المصنع", "أعلن", "قال", "أكد", "يبدأ", "ينتهي",
    "يزور", "يفتتح", "يناقش", "بعد", "قبل", "خلال", "أمام", "حول", "منذ",
]  # fmt: skip
SELDOM = [
    f"{first}{last}" for first in ("قنطر", "زمرد", "خزف", "عنبر", "مرجل", "سندس")
    for last in ("ان", "ية", "ات", "ون")
]  # fmt: skip
"""Words that one story in two hundred has."""
SLUGS = ["reuters", "afp", "interfax", "ap", "anadolu"]
AGENCIES = ["رويترز", "فرانس برس", "إنترفاكس", "أسوشيتد برس", "الأناضول"]
NEWEST = datetime(2026, 11, 1, tzinfo=UTC)
EVERY = timedelta(minutes=1)
"""From one story to the next."""


def pages(count: int) -> Iterator[Page]:
    """Parsed pages, newest first."""
    chance = random.Random(1)
    for number in range(count):
        yield page(number, chance)


def page(number: int, chance: random.Random) -> Page:
    """A story; its number, in seven digits, is in its headline and address."""

    def said(words: int) -> str:
        return " ".join(chance.choices(WORDS, k=words))

    agency = chance.choice(AGENCIES)
    body = [Found(type="paragraph", text=f"{said(38)}.") for _ in range(9)]
    body.insert(4, Found(type="heading", text=said(4), level=2))
    if number % 200 < len(SELDOM):
        body[0] = Found(type="paragraph", text=f"{said(30)} {SELDOM[number % 200]}.")
    picture = Picture(caption=said(8), credit=agency)
    return Page(
        format="text", lang="ar", headline=f"{said(6)} {number:07}",
        url=f"https://bench.example/story-{number:07}", summary=said(20), lead_image=picture,
        blocks=body, published_at=NEWEST - EVERY * number,
        mentions=[
            Mention(name=agency, role="origin", scope="article"),
            Mention(name=agency, role="photographed", scope="image", picture=0),
        ],
    )  # fmt: skip


def short(count: int) -> Iterator[Page]:
    """Shorter ones that differ in more than words, for houses so large that a disk must hold them:
    each has one paragraph, a tag (a common, medium or rare one), a writer and a language."""
    chance = random.Random(3)
    for number in range(count):
        one = page(number, chance)
        one.blocks, one.summary = one.blocks[:1], " ".join((one.summary or "").split()[:8])
        one.lead_image = replace(one.lead_image or Picture(), caption=str(one.summary)[:20].strip())
        one.tags = ["rare" if number == RARE else "common" if number % 2 else f"tag{number % 50}"]
        one.byline = [f"Writer {number % 20}"]
        one.lang = "en" if number % 10 == 0 else "ar"
        yield one


RARE = 7
"""The number of the imported story whose tag, and whose copies', is rare."""


@dataclass(frozen=True)
class Told:
    """What a house is filled with."""

    name: str
    pages: Callable[[int], Iterator[Page]]
    sections: tuple[str, ...]


SECTION = "bench"
LONG = Told("long", pages, (SECTION,))
SHORT = Told("short", short, (SECTION, f"{SECTION}/east", f"{SECTION}/west"))


def drafts(count: int, section: str) -> Iterator[dict[str, Any]]:
    """Stories as an editor sends them, of the same size."""
    chance = random.Random(2)
    for number in range(count):
        texts = [" ".join(chance.choices(WORDS, k=38)) for _ in range(9)]
        yield {
            "lang": "ar", "headline": f"{' '.join(chance.choices(WORDS, k=7))} {number}",
            "summary": " ".join(chance.choices(WORDS, k=20)), "section": section,
            "body": [{"type": "paragraph", "text": text} for text in texts],
            "attributions": [{"source": chance.choice(SLUGS), "role": "origin"}],
        }  # fmt: skip
