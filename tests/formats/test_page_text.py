"""Copied text of news pages: their parts in many orders, in two languages; nothing lost or doubled."""

from collections import Counter
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.attribution import known_sources
from app.formats.page import parse
from app.formats.page.model import NotAPage, Page
from app.language import date_reading

ARABIC = {
    "date": "الثلاثاء 20 أكتوبر / October 2026",
    "headline": "مرفأ الصيادين يستعيد رصيفه الشرقي بعد عام من الإصلاح",
    "share": "شارك القصة",
    "lead": "صيادون على الرصيف الجديد صباح الثلاثاء - رويترز",
    "summary": "عاد الرصيف الشرقي إلى العمل بعد عام كامل.",
    "p1": "افتتحت إدارة المرفأ الرصيف الشرقي صباح الثلاثاء، بعد عام من الأعمال التي تعطلت مرارًا بسبب العواصف وتأخر المواد.",
    "h1": "ماذا يتغير على الركاب",
    "p2": "وأفادت وكالة فرانس برس بأن عبارتين ستنطلقان كل ساعة، وأن أول رحلة نقلت ثمانين راكبًا إلى الجزر القريبة.",
    "figure": "العبارة الأولى وهي تغادر المرفأ القديم - فرانس برس",
    "p3": "ويقول الصيادون إنهم انتظروا هذا اليوم منذ أن كسرت عاصفة الشتاء الماضي الرصيف القديم إلى نصفين متباعدين.",
    "continue": "تابع القراءة",
    "sources": "المصادر: العربي - وكالات",
    "close": "إغلاق",
}
ENGLISH = {
    "date": "Tuesday 20 October 2026",
    "headline": "Fishing harbour gets its eastern quay back after a year",
    "share": "Share this story",
    "lead": "Fishermen on the new quay on Tuesday morning - Reuters",
    "summary": "The eastern quay is open again after a whole year.",
    "p1": "The harbour board opened the eastern quay on Tuesday morning, after a year of works that storms and late deliveries held up.",
    "h1": "What changes for passengers",
    "p2": "Two ferries will leave every hour, and the first one carried eighty people to the islands nearby, AFP news agency reported.",
    "figure": "The first ferry leaving the old harbour - AFP",
    "p3": "Fishermen say that they had waited for this day since a storm broke the old quay into two pieces in the winter before.",
    "continue": "Continue reading",
    "sources": "Sources: Al Araby - agencies",
    "close": "Close",
}
ORDERS = {
    "as-usual": "date headline headline share lead lead summary p1 h1 p2 figure figure continue p3 sources close",
    "headline-first": "headline date share lead summary p1 p2 h1 p3 sources",
    "date-last-of-top": "headline summary share date lead p1 h1 p2 figure p3 sources close",
    "no-picture": "date headline summary p1 h1 p2 p3 sources",
    "no-date": "headline share lead summary p1 p2 p3 sources close",
    "no-sources": "date headline lead summary p1 h1 p2 figure p3",
    "sources-above": "date headline sources lead summary p1 h1 p2 p3",
    "share-between": "date headline lead summary p1 share p2 share h1 p3 continue sources close close",
    "figure-first": "date headline headline p1 figure p2 h1 p3 sources",
    "bare": "headline p1 p2 p3",
    "close-on-top": "close date headline lead summary p1 h1 p2 p3 sources",
    "captions-once": "date headline lead summary p1 figure p2 h1 p3 sources",
}
KNOWN = [(words, order) for words in ("ARABIC", "ENGLISH") for order in ORDERS]


def read(text: str) -> Page:
    return parse.parse(
        text.encode(), tz=ZoneInfo("Asia/Beirut"), now=datetime(2026, 11, 1, tzinfo=UTC),
        known=known_sources.kind_of,
    )  # fmt: skip


def accounted(text: str, page: Page) -> None:
    """Each line of a text stands in one field, or among those left out with a reason."""
    given = Counter(line.strip() for line in text.split("\n") if line.strip())
    assert Counter(line.text for line in page.lines) == given
    assert all(bool(line.field) != bool(line.reason) for line in page.lines)
    fields = [line.field for line in page.lines if line.field and line.field.startswith("blocks[")]
    shown = [block.text for block in page.blocks if block.type in ("paragraph", "heading")]
    assert Counter(shown) <= given and len(fields) >= len(shown)


@pytest.mark.parametrize(("words", "order"), KNOWN, ids=[f"{one}-{two}" for one, two in KNOWN])
@pytest.mark.parametrize("gap", ["\n\n", "\n"], ids=["blank-lines", "no-blank-lines"])
def test_the_parts_in_many_orders(words: str, order: str, gap: str) -> None:
    parts = {"ARABIC": ARABIC, "ENGLISH": ENGLISH}[words]
    names = ORDERS[order].split()
    text = gap.join(parts[name] for name in names)
    page = read(text)
    accounted(text, page)
    assert page.headline == parts["headline"]
    assert page.lang == ("ar" if words == "ARABIC" else "en")
    assert (page.date_line == parts["date"]) is ("date" in names)
    shown = [block.text for block in page.blocks if block.type == "paragraph"]
    assert [one for one in ("p1", "p2", "p3") if parts[one] not in shown] == []
    headings = [block.text for block in page.blocks if block.type == "heading"]
    assert headings == ([parts["h1"]] if "h1" in names else [])
    if "sources" in names:
        assert page.sources_line == parts["sources"].partition(":")[2].strip()
    if "summary" in names:
        assert page.summary == parts["summary"]
    if "lead" in names:
        caption, _, credit = parts["lead"].rpartition(" - ")
        assert page.lead_image is not None
        assert (page.lead_image.caption, page.lead_image.credit) == (caption, credit)
    out = {line.text for line in page.lines if line.reason}
    assert {parts[name] for name in names if name in ("share", "close", "continue")} <= out
    [agency] = [one for one in page.mentions if one.scope == "block"]
    assert page.blocks[agency.block or 0].text == parts["p2"] and agency.role == "reported"


def test_a_list_a_byline_tags_and_quotes() -> None:
    text = "\n\n".join([
        ENGLISH["headline"], "By Nour Haddad", ENGLISH["p1"], "• Two ferries an hour\n• A night boat on Fridays",
        ENGLISH["p2"], "“We waited for a year, and nobody told us why it took so long,” said Salim Kassar.",
        ENGLISH["p3"], "Tags: harbour, ferries",
    ])  # fmt: skip
    page = read(text)
    accounted(text, page)
    assert page.byline == ["Nour Haddad"]
    [items] = [block.items for block in page.blocks if block.type == "list"]
    assert items == ["Two ferries an hour", "A night boat on Fridays"]
    assert [one.name for one in page.quoted] == ["Salim Kassar"]


@pytest.mark.parametrize(
    ("line", "day", "at"),
    [
        ("السبت 16 نوفمبر / November 2024", date(2024, 11, 16), "10:00"),
        ("Saturday, November 16, 2024", date(2024, 11, 16), "10:00"),
        ("16 Nov 2024 09:30", date(2024, 11, 16), "07:30"),
        ("نشر في: 16 تشرين الثاني 2024 الساعة 9:30 صباحًا", date(2024, 11, 16), "07:30"),
        ("الأحد ١٧ نونبر ٢٠٢٤ - ٢١:٠٥", date(2024, 11, 17), "19:05"),
        ("Last updated: 17/11/2024 09:05 PM GMT", date(2024, 11, 17), "21:05"),
        ("2024-11-17T21:05:00+03:00", date(2024, 11, 17), "18:05"),
        ("8 فيفري 2019", date(2019, 2, 8), "10:00"),
        ("28 آب/اغسطس 2013، آخر تحديث 14:00 (GMT+0400)", date(2013, 8, 28), "10:00"),
        ("2 تیر 1399", date(2020, 6, 22), "09:00"),
        ("الجمعة 14 جمادى الأولى 1446 هـ - 15 نوفمبر 2024 م", date(2024, 11, 15), "10:00"),
    ],
)
def test_date_lines(line: str, day: date, at: str) -> None:
    found = date_reading.read(line, ZoneInfo("Asia/Beirut"))
    assert found is not None and found.day == day
    if line != "2 تیر 1399":
        assert found.at.astimezone(UTC).strftime("%H:%M") == at


@pytest.mark.parametrize(
    "line", ["منذ ساعتين", "two hours ago", "31 فبراير 2024", "1,200", "12:30", ""]
)
def test_what_is_no_date(line: str) -> None:
    assert date_reading.read(line, UTC) is None


@pytest.mark.parametrize(
    "text", ["", "   \n\n ", "Share\nClose\nFacebook", "\x00\x01\x02" * 50, "…", "1 2 3"]
)
def test_what_is_no_page(text: str) -> None:
    with pytest.raises(NotAPage):
        read(text)


LINES = st.sampled_from(sorted({*ARABIC.values(), *ENGLISH.values(), "• one thing", "By A Person",
                                "Tags: a, b", "3 min read", "a - b", "© 2026", "x" * 300}))  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(LINES | st.text(max_size=60), min_size=1, max_size=25))
def test_no_order_loses_a_line(lines: list[str]) -> None:
    try:
        page = read("\n".join(lines) or "x")
    except NotAPage as refused:
        assert str(refused)
        return
    numbers = [line.number for line in page.lines]
    assert len(set(numbers)) == len(numbers) == len(page.lines)
    for line in lines:
        if line in ARABIC.values() or line in ENGLISH.values():
            assert any(line == one.text for one in page.lines)
    assert all(bool(line.field) != bool(line.reason) for line in page.lines)
