"""Copied text: menus, datelines, names, credits, related stories and comments around the text."""

from datetime import UTC, datetime

from app.attribution import known_sources
from app.formats.page import parse
from app.formats.page.model import Contributor, Page

HEAD = "Island council keeps the night boat for two more winters"
ONE = "The island council decided on Monday to keep the night boat for two more winters, against the advice of its treasurer."
TWO = "Forty people spoke at the meeting, which lasted until midnight, and most of them had come to the hall by that boat."
AR_HEAD = "مجلس الجزيرة يبقي قارب الليل شتاءين آخرين"
AR_ONE = "قرر مجلس الجزيرة مساء الاثنين الإبقاء على قارب الليل شتاءين آخرين، خلافًا لنصيحة أمين الصندوق الذي طلب وقفه."
AR_TWO = "وتحدث أربعون شخصًا في الجلسة التي استمرت حتى منتصف الليل، وكان معظمهم قد جاء إلى القاعة على متن ذلك القارب."


def read(*lines: str) -> Page:
    return parse.parse(
        "\n".join(lines).encode(), tz=UTC, now=datetime(2026, 11, 1, tzinfo=UTC),
        known=known_sources.kind_of,
    )  # fmt: skip


def texts(page: Page) -> list[str]:
    return [block.text for block in page.blocks]


def test_a_menu_of_short_lines_above_the_headline_is_left_out():
    menu = ["Skip to main content", "World", "Business news today", "Arts and ideas", "Sport"]
    page = read(*menu, HEAD, "By Lina Berg", "3 March 2025", ONE, TWO)
    assert (page.headline, page.byline, texts(page)) == (HEAD, ["Lina Berg"], [ONE, TWO])


def test_a_name_between_headline_and_date_is_the_byline():
    page = read(AR_HEAD, "ريم الخطيب", "الأحد 2 مارس 2025", AR_ONE, AR_TWO)
    assert (page.byline, texts(page)) == (["ريم الخطيب"], [AR_ONE, AR_TWO])


def test_what_the_writer_is_and_where_is_no_text():
    page = read(
        HEAD, "3 March 2025", "Lina Berg", "Coast reporter", "Reporting from Visby", ONE, TWO
    )
    assert (page.byline, texts(page)) == (["Lina Berg"], [ONE, TWO])


def test_a_section_word_above_the_headline_takes_no_headline_as_its_value():
    page = read("حوار", "القبطان سليم: لا أنام في الشتاء", "2 مارس 2025", AR_ONE, AR_TWO)
    assert (page.headline, page.byline) == ("القبطان سليم: لا أنام في الشتاء", [])


def test_a_dateline_alone_is_a_source_and_no_picture():
    page = read(AR_HEAD, "2 مارس 2025", "صنعاء - رويترز:", AR_ONE, AR_TWO)
    assert page.lead_image is None
    assert [(one.name, one.role) for one in page.mentions] == [("رويترز", "origin")]


def test_a_dateline_with_dashes_names_its_agency():
    page = read(AR_HEAD, "2 مارس 2025", f"لندن - أ ف ب - {AR_ONE}", AR_TWO)
    assert [one.name for one in page.mentions if one.scope == "article"] == ["أ ف ب"]


def test_closing_agencies_in_brackets_are_the_sources_line():
    page = read(AR_HEAD, "2 مارس 2025", AR_ONE, AR_TWO, "(الأناضول، فرانس برس)")
    assert page.sources_line == "الأناضول، فرانس برس"
    assert texts(page) == [AR_ONE, AR_TWO]


def test_a_credit_with_a_word_for_picture_is_a_caption():
    page = read(HEAD, "3 March 2025", "The night boat at its pier (Photo: Bo Ek)", ONE, TWO)
    assert page.lead_image
    assert (page.lead_image.caption, page.lead_image.credit) == (
        "The night boat at its pier", "Bo Ek",
    )  # fmt: skip


def test_closing_credits_are_contributors_with_roles():
    line = "Reporting by Lina Berg in Visby; Additional reporting by Bo Ek; Editing by Ann Holt"
    page = read(HEAD, "3 March 2025", ONE, TWO, line)
    assert texts(page) == [ONE, TWO]
    assert page.contributors == [
        Contributor("Lina Berg"), Contributor("Bo Ek"), Contributor("Ann Holt", "editor"),
    ]  # fmt: skip


def test_comments_of_readers_are_left_out():
    talk = ["التعليقات (2)", "أبو مازن", "قبل يومين", "كلام جميل ويستحق القراءة من كل أهل الجزيرة."]
    page = read(AR_HEAD, "2 مارس 2025", AR_ONE, AR_TWO, *talk)
    assert texts(page) == [AR_ONE, AR_TWO]


def test_tags_one_a_line_are_all_tags():
    page = read(AR_HEAD, "2 مارس 2025", AR_ONE, AR_TWO, "وسوم", "جزر", "قوارب الليل", "مجالس")
    assert page.tags == ["جزر", "قوارب الليل", "مجالس"]


def test_read_more_takes_the_short_line_below_it():
    page = read(AR_HEAD, "2 مارس 2025", AR_ONE, "اقرأ المزيد", "خبراء: القوارب قديمة", AR_TWO)
    assert texts(page) == [AR_ONE, AR_TWO]
