"""What stands between and after the paragraphs of a page: captions, links, marks, credits."""

from app.formats.page.model import Contributor
from tests.formats.test_page_html import HEAD, ONE, THREE, TWO, document, read, texts


def story(*parts: str) -> str:
    return document(f"<article><h1>{HEAD}</h1>{''.join(parts)}</article>")


P1, P2, P3 = (f"<p>{text}</p>" for text in (ONE, TWO, THREE))


def test_a_caption_box_belongs_to_the_picture_above_it():
    picture = (
        "<div><img src='https://a.example/q.jpg'></div><div class='caption-full'>The quay.</div>"
    )
    page = read(story(P1, picture, P2, P3))
    assert texts(page) == [ONE, TWO, THREE]
    assert [one.caption for one in page.pictures()] == ["The quay."]


def test_a_heading_that_is_all_link_to_a_story_of_the_site_is_left_out():
    page = read(story(P1, "<h4><a href='/x'>Storm closes the western quay</a></h4>", P2, P3))
    assert texts(page, "heading") == []


def test_a_heading_that_links_to_another_host_stays():
    link = "<h3><a href='https://shop.example/x'>A boat to hire</a></h3>"
    page = read(story(P1, link, P2, P3), url="https://a.example/1")
    assert texts(page, "heading") == ["A boat to hire"]


def test_paragraphs_between_empty_marks_are_parted():
    mark = "<span data-at='1'></span>"
    page = read(story(f"<div>{ONE}{mark}{mark}<b>What changes</b>{mark}{TWO}{mark}{THREE}</div>"))
    assert texts(page) == [ONE, TWO, THREE]
    assert texts(page, "heading") == ["What changes"]


def test_an_empty_mark_inside_a_sentence_parts_nothing():
    page = read(story(f"<p>{ONE[:20]}<span data-at='1'></span>{ONE[20:]}</p>", P2, P3))
    assert texts(page) == [ONE, TWO, THREE]


def test_closing_credits_of_a_page_are_contributors_with_roles():
    page = read(story(P1, P2, P3, "<p>Reporting by Lina Berg; Editing by Ann Holt</p>"))
    assert page.contributors == [Contributor("Lina Berg"), Contributor("Ann Holt", "editor")]
    assert texts(page) == [ONE, TWO, THREE]


def test_what_the_writer_is_and_where_to_follow_are_no_text():
    bio = "<p>Lina Berg is our coast correspondent. She writes from Visby.</p>"
    page = read(story(P1, P2, P3, "<p>Write to Lina Berg at lina@a.example</p>", bio))
    assert texts(page) == [ONE, TWO, THREE]


def test_a_heading_related_ends_at_the_next_heading_of_the_story():
    more = "<h3>Related stories</h3><ul><li><a href='/x'>Storm</a> closes a quay</li></ul>"
    page = read(story(P1, more, "<h3>What changes</h3>", P2, P3))
    assert texts(page, "heading") == ["What changes"]
    assert texts(page, "list") == []


def test_a_source_alone_in_brackets_ends_the_story_as_its_sources_line():
    page = read(story(P1, P2, P3, "<p>--(Reuters, AFP)</p>"))
    assert (page.sources_line, texts(page)) == ("Reuters, AFP", [ONE, TWO, THREE])


def test_the_script_of_the_text_decides_against_the_stated_language():
    text = "أعلنت بلدية المرسى أنها ستبدأ الأسبوع المقبل توسيع الرصيف البحري على طول كيلومترين من الشاطئ."
    page = read(
        document(f"<article><h1>توسيع الرصيف</h1><p>{text}</p><p>{text} الآن.</p></article>")
    )
    assert page.lang == "ar"


def test_the_only_headline_that_contains_the_title_wins():
    page = read(
        document(f"<article><h1>{HEAD}</h1>{P1}{P2}</article>", "<title>Eastern quay</title>")
    )
    assert page.headline == HEAD


def test_a_portrait_of_the_writer_is_no_lead_picture():
    face = "<a href='/lina'><img src='https://a.example/f.jpg' alt='Author picture of Lina' sizes='64px'></a>"
    head = "<meta property='og:image' content='https://a.example/quay.jpg'>"
    page = read(
        document(f"<main><h1>{HEAD}</h1><div>{face}</div><div>{P1}{P2}{P3}</div></main>", head)
    )
    assert page.lead_image and page.lead_image.url == "https://a.example/quay.jpg"


def test_an_author_with_a_name_of_the_outlet_is_no_person():
    head = "<meta name='author' content='Quay Post - quaypost.example'><meta name='twitter:site' content='@quaypost'>"
    assert read(document(f"<article><h1>{HEAD}</h1>{P1}{P2}</article>", head)).byline == []


def test_a_date_in_an_element_named_so_is_the_date_line():
    meta = "<div class='post-meta'>By Lina Berg, coast reporter | <span class='date-created'>3 March 2025 - 10:15</span></div>"
    clock = "<div class='header-date'>1 December 2026</div>"
    page = read(document(f"{clock}<div><h1>{HEAD}</h1>{meta}<div>{P1}{P2}{P3}</div></div>"))
    assert page.date_line == "3 March 2025 - 10:15"


def test_tags_in_one_text_are_parted_and_wire_codes_left_out():
    head = "<meta property='article:tag' content='sea life ، piers'><meta property='article:tag' content='XQ:ENV'>"
    page = read(document(f"<article><h1>{HEAD}</h1>{P1}{P2}</article>", head))
    assert page.tags == ["sea life", "piers"]
