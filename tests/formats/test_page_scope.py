"""Which part of a page is the story: not the boxes beside, behind and over it."""

import re
from pathlib import Path

from tests.formats.test_page_html import HEAD, ONE, THREE, TWO, document, read, texts

STORY = f"<h1>{HEAD}</h1><div class='story'><p>{ONE}</p><p>{TWO}</p><p>{THREE}</p></div>"
OTHER = "A teaser of another story, which says what one would read there, if one went there now."
COOKIES = (
    "We store small files on your device, some of which are needed for the page to work at all."
)


def test_a_consent_box_with_more_text_than_the_story_is_left_out():
    box = f"<div class='site-modal'>{f'<p>{COOKIES}</p>' * 6}</div>"
    assert texts(read(document(STORY + box))) == [ONE, TWO, THREE]


def test_teasers_in_a_box_after_the_story_are_left_out():
    page = f"<div><h1>{HEAD}</h1><div class='text'><p>{ONE}</p><p>{TWO}</p><p>{THREE}</p></div>"
    page += f"<div class='onwards'><div>{OTHER}</div></div></div>"
    assert texts(read(document(page))) == [ONE, TWO, THREE]


def test_a_second_box_of_the_story_with_the_same_class_is_read():
    page = (
        f"<h1>{HEAD}</h1><div><div class='t'><p>{ONE}</p><p>{TWO}</p></div><div class='ad'></div>"
    )
    page += f"<div class='t'><p>{THREE}</p></div></div>"
    assert texts(read(document(page))) == [ONE, TWO, THREE]


def test_a_story_whose_boxes_all_are_named_as_furniture_is_read():
    page = f"<h1>{HEAD}</h1><div class='widget'><p>{ONE}</p><p>{TWO}</p><p>{THREE}</p></div>"
    assert texts(read(document(page))) == [ONE, TWO, THREE]


def test_the_article_with_the_headline_wins_over_longer_lists_of_others():
    teasers = f"<div class='rail'>{f'<div>{OTHER}</div>' * 4}</div>"
    page = f"<main><article>{STORY}<p>{COOKIES}</p></article></main>{teasers}"
    assert texts(read(document(page))) == [ONE, TWO, THREE, COOKIES]


def test_no_rule_names_a_host():
    names = re.compile(r"[a-z0-9-]+\\?\.(?:com|org|net|example|co\\?\.uk|de|fr|eg|sa|ae)\b")
    ours = re.compile(r"schema\.org|facebook\\\.com")  # a vocabulary, and a counting pixel
    for path in Path("app/formats/page").glob("*.py"):
        found = names.findall(ours.sub("", path.read_text()))
        assert not found, f"{path.name}: {found}"


def test_the_only_h1_that_has_the_short_title_in_it_is_the_headline():
    page = f"<title>Seals</title><article><h1>Seals return to the northern pier</h1><p>{ONE}</p><p>{TWO}</p></article>"
    assert read(f"<html lang=en>{page}</html>").headline == "Seals return to the northern pier"


def test_a_name_and_an_office_above_the_text_are_the_byline():
    for line in ("By Ann Lee", "<span>By Ann Lee</span><span>Correspondent</span>"):
        found = read(document(f"<h1>{HEAD}</h1><div>{line}</div><p>{ONE}</p><p>{TWO}</p>"))
        assert (found.byline, texts(found)) == (["Ann Lee"], [ONE, TWO]), line


def test_a_sentence_that_begins_with_by_is_text():
    first = "By Monday the wardens of the harbour had counted forty seals on the pier."
    found = read(document(f"<h1>{HEAD}</h1><p>{first}</p><p>{ONE}</p><p>{TWO}</p>"))
    assert (found.byline, texts(found)) == ([], [first, ONE, TWO])


def test_furniture_is_known_by_its_name_in_capitals_too():
    slides = f"<div class='Carousel-slides'><p>{OTHER}</p><p>1 of 12 |</p></div>"
    page = f"<article><h1>{HEAD}</h1><div class='Page'>{slides}<p>{ONE}</p><p>{TWO}</p><p>{THREE}</p></div></article>"
    assert texts(read(document(page))) == [ONE, TWO, THREE]
