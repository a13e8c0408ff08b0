"""The structure of imported pages: tables, lists, direction, films, plain text, limits of markup."""

import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from app.db.database import Database
from app.formats.page import measures, parse
from app.formats.page.model import Found, NotAPage, Page
from app.ingest import pages
from tests.conftest import Client

WORDS = (
    "<p>"
    + "The storm reached the coast on Monday evening and two ferries stayed in port. " * 5
    + "</p>"
)


def page(html: str, before: str = "<h1>A storm</h1>", url: str | None = None) -> Page:
    head = f"<html lang=en><title>A storm</title><article>{before}"
    whole = f"{head}{WORDS}{html}{WORDS}</article>"
    return parse.parse(whole.encode(), tz=UTC, now=datetime.now(UTC), url=url)


def one(html: str, type: str, url: str | None = None) -> Found:
    [block] = [block for block in page(html, url=url).blocks if block.type == type]
    return block


def test_a_table_of_a_page_keeps_its_grid() -> None:
    html = (
        "<table><tr><th>Port<th>2024<th>2025<tr><td rowspan=2>Zayn<td>3<td>4<tr><td>5<td>6</table>"
    )
    [table] = [block for block in page(html).blocks if block.type == "table"]
    assert table.rows == [["Port", "2024", "2025"], ["Zayn", "3", "4"], ["", "5", "6"]]


@pytest.mark.parametrize(
    "html",
    ["<div>" * 90_000, "<ul><li>" * 60_000, "<p " + "a=1 " * 100_000 + ">", "<a><div></a>" * 9_000],
    ids=["divs", "lists", "attributes", "links"],
)
def test_a_page_that_is_nested_too_deep_is_refused(html: str) -> None:
    with pytest.raises(NotAPage, match=r"deeper than 150|more than 250 attributes"):
        page(html)


def test_addresses_of_a_page_resolve_against_it() -> None:
    html = '<base href="/deep/"><p>The master wrote it in <a href="log">his log</a> on Monday night.</p>'
    whole = f"<html lang=en><title>A storm</title><article><h1>A storm</h1>{WORDS}{html}{WORDS}"
    found = parse.parse(whole.encode(), tz=UTC, now=datetime.now(UTC), url="https://x.y/a/b")
    assert any('href="https://x.y/deep/log"' in block.html for block in found.blocks)


def test_control_characters_of_a_page_are_letters_with_a_warning() -> None:
    found = page("<p>He said \u0093yes\u0094 and left the harbour on the last boat of the day.</p>")
    assert any("“yes”" in block.text for block in found.blocks)
    assert any("windows-1252" in one for one in found.warnings)


# what a page may hold, and what it costs


@pytest.mark.parametrize(
    ("html", "why"),
    [
        ("<li>x" * 20_000, "20,000 elements"),
        ("x<br>" * 20_000, "20,000 elements"),
        ("<b><p>x</b>" * 7_000, "20,000 elements"),
        ("<p>The same words again.</p>" * 10_001, "10,000 blocks"),
        (f"<p>{'&' * 50_001}</p>", "50,000 ampersands"),
        (f"<ul><li>{'&' * 50_001}</ul>", "50,000 ampersands"),
        (f"<table><tr><td><q>{'&' * 50_001}</q><td>b<tr><td>c<td>d</table>", "50,000 ampersands"),
        (f"<p>{'&' * 45_000}</p>" * 6, "250,000 ampersands"),
    ],
    ids=["items", "breaks", "misnested", "blocks", "paragraph", "item", "cell", "page"],
)
def test_a_page_with_too_much_of_something_is_refused(html: str, why: str) -> None:
    with pytest.raises(NotAPage, match=f"more than {why}"):
        page(html)


def calls(html: str) -> int:
    """How many functions are called, Python's and C's, while a page is read."""
    count = 0

    def counted(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    page("")  # what is set up once
    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        page(html)
    finally:
        sys.setprofile(before)
    return count


NESTED = {
    "div": ("<div>", "</div>"), "span": ("<span>", "</span>"), "quote": ("<blockquote>", "</blockquote>"),
    "figure": ("<figure class=caption>", "</figure>"), "video": ("<div class='video-box'>", "</div>"),
    "item": ("<ul><li>", "</li></ul>"), "cell": ("<table><tr><td>", "</table>"),
    "named": ("<div class='caption nav'>", "</div>"), "turned": ("<div dir=auto>", "</div>"),
}  # fmt: skip


@pytest.mark.parametrize("kind", NESTED)
def test_depth_adds_nothing_to_what_a_paragraph_costs(kind: str) -> None:
    begin, end = NESTED[kind]
    text = "<p>Two ferries stayed in port.</p>" * 300
    depth = 100 // begin.count("<")
    flat = begin + end + text
    assert calls(begin * depth + text + end * depth) < 1.3 * calls(flat) + 300 * 100


def test_the_text_of_an_element_is_gathered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    hear = measures.Measures.hear

    def noted(self: measures.Measures, text: str) -> None:
        read.append(text)
        hear(self, text)

    monkeypatch.setattr(measures.Measures, "hear", noted)
    page("<div>" * 120 + "<p>Two ferries stayed in port.</p>" * 50 + "</div>" * 120)
    assert sum("ferries stayed in port." in text for text in read) == 52


@pytest.mark.parametrize(
    "html",
    [
        f"<p>see <span title='{'<a ' * 40_000}'>it</span></p>",
        f"<p>see <span><!-- {'<a &quot;' * 4_000} --> it</span></p>",
        f"<ul><li>x{'<br>' * 15_000}y</ul>",
    ],
    ids=["tags in an attribute", "tags in a comment", "breaks in an item"],
)
def test_what_looks_like_tags_costs_no_more_than_its_length(html: str) -> None:
    """Patterns that search from each of them to the end would not come back within minutes."""
    assert len(page(html).blocks) >= 2


# lists


def test_lists_inside_a_list_are_deeper_items_of_it() -> None:
    block = one(
        "<ol start=3><li>three<ul><li>a<ul><li>deep</ul><li>b</ul>after<li>four</ol>", "list"
    )
    assert block.items == ["three", "a", "deep", "b", "after", "four"]
    places = [(place["level"], place["ordered"]) for place in block.outline or []]
    assert places == [(1, True), (2, False), (3, False), (2, False), (1, True), (1, True)]
    assert (block.start, block.ordered) == (3, True)


def test_words_of_items_are_never_glued() -> None:
    block = one("<ul><li><p>four</p><p>five</p><ul><li>six</ul><ul><li>seven</ul></ul>", "list")
    assert block.items == ["four<br>five", "six", "seven"]
    loose = one("<ul><li>one</li><ul><li>two</li></ul><li>three<div>four</div></li></ul>", "list")
    assert loose.items == ["one", "two", "three<br>four"]
    in_span = one("<ul><li><b>one<ul><li>two</ul></b></ul>", "list")
    assert [item.replace("<strong>", "").replace("</strong>", "") for item in in_span.items] == [
        "one", "two",
    ]  # fmt: skip


def test_numbers_of_a_list_are_kept() -> None:
    block = one("<ol reversed type=a start=9><li>nine<li value=4>four<li>three</ol>", "list")
    assert (block.start, block.reversed, block.marker) == (9, True, "lower-alpha")
    assert [place["value"] for place in block.outline or []] == [None, 4, None]
    plain = one("<ul><li>one<li>two</ul>", "list")
    assert (plain.start, plain.reversed, plain.marker, plain.outline) == (None, None, None, None)


# direction


@pytest.mark.parametrize(
    ("html", "type", "dir"),
    [
        ("<p dir=rtl>قال الوزير إن الميناء مغلق.</p>", "paragraph", "rtl"),
        ("<div dir=rtl><p>قال الوزير إن الميناء مغلق.</p></div>", "paragraph", "rtl"),
        ("<div dir=rtl>قال الوزير إن <b>الميناء</b> مغلق.</div>", "paragraph", "rtl"),
        ("<p style='direction:rtl'>قال الوزير إن الميناء مغلق.</p>", "paragraph", "rtl"),
        ("<p dir=auto>قال الوزير إن الميناء مغلق.</p>", "paragraph", "rtl"),
        ("<h2 dir=RTL>الميناء الشرقي</h2>", "heading", "rtl"),
        ("<ul dir=rtl><li>الميناء<li>البحر</ul>", "list", "rtl"),
        ("<ul><li dir=rtl>الميناء<li dir=rtl>البحر</ul>", "list", "rtl"),
        ("<blockquote dir=rtl>لن يغلق الميناء مرة أخرى.</blockquote>", "quote", "rtl"),
        ("<table dir=rtl><tr><td>أ<td>ب<tr><td>ج<td>د</table>", "table", "rtl"),
        ("<blockquote dir=ltr>We stay.</blockquote>", "quote", None),
        ("<div dir=rtl><blockquote dir=ltr>We stay.</blockquote></div>", "quote", None),
        ("<blockquote dir=auto>We stay.</blockquote>", "quote", None),
        ("<blockquote dir=no>We stay.</blockquote>", "quote", None),
    ],
)
def test_direction_of_a_block_is_kept(html: str, type: str, dir: str | None) -> None:
    found = [block for block in page(html).blocks if block.type == type]
    assert [block.dir for block in found if "storm" not in block.text] == [dir]


def test_items_that_differ_in_direction_are_isolated() -> None:
    block = one("<ul><li>Harbour<li dir=rtl>الميناء</ul>", "list")
    assert (block.dir, block.items) == (None, ["Harbour", '<bdi dir="rtl">الميناء</bdi>'])


# tables, films, plain text


def test_spread_spans_of_a_table_are_named() -> None:
    found = page(
        "<table><tr><th colspan=2>Ports<th>2025<tr><td rowspan=70000>Zayn<td>a<td>4</table>"
    )
    said = " ".join(found.warnings)
    assert "A table cell that spans several places" in said and "2 times" in said
    assert "The rowspan=70000 of a table cell is more than HTML allows" in said
    laid_out = page("<table><tr><td colspan=2><p>Two ferries stayed in port.</p></table>")
    assert not laid_out.warnings


def test_the_tables_of_a_page_have_a_limit_together() -> None:
    table = "<table><tr><td colspan=100>a<td>b" + "<tr>" + "<td>c" * 100 + "<tr><td>d" * 250
    with pytest.raises(NotAPage, match="50,000 cells"):
        page((table + "</table>") * 2)


def test_films_keep_their_poster_and_tracks() -> None:
    film = one(
        "<video src=/a.mp4 poster=/a.jpg><track src=/en.vtt srclang=en kind=captions>"
        "<track src=/ar.vtt srclang=ar></video>",
        "video",
        url="https://x.y/news/1",
    )
    assert (film.url, film.poster) == ("https://x.y/a.mp4", "https://x.y/a.jpg")
    assert film.tracks == [
        {"kind": "captions", "lang": "en", "url": "https://x.y/en.vtt"},
        {"kind": "subtitles", "lang": "ar", "url": "https://x.y/ar.vtt"},
    ]


def test_posters_and_tracks_that_a_story_cannot_hold_are_named() -> None:
    found = page(
        "<video src=https://x.y/a.mp4 poster='javascript:x'><track src=https://x.y/en.vtt>"
        "<track src=https://x.y/m.vtt srclang=en kind=metadata></video>"
    )
    [film] = [block for block in found.blocks if block.type == "video"]
    assert (film.poster, film.tracks) == (None, None)
    said = " ".join(found.warnings)
    assert "An address of the kind javascript: was left out" in said
    assert "The element track was left out, 2 times" in said


def test_marks_of_fields_without_marks_are_said_by_characters() -> None:
    found = page(
        "<figure><img src=https://x.y/a.jpg><figcaption>The <q>old</q> pier<br>of 40 m<sup>2</sup>"
        " <small class=credit>Photo: H<sub>2</sub>O Agency</small></figcaption></figure>"
        "<blockquote>We stay.<cite>The <q>Captain</q></cite></blockquote>"
        "<table><caption>CO<sub>2</sub></caption><tr><td>5 m<sup>3</sup><td>b<tr><td>c<td>d</table>",
        before="<h1>A <q>storm</q><sup>2</sup></h1>"
        "<p class=standfirst>The <q>storm</q> came with 10<sup>5</sup> drops.<br>Ferries stayed.</p>",
    )
    assert found.headline == "A “storm”²"
    assert found.summary == "The “storm” came with 10⁵ drops. Ferries stayed."
    [picture] = found.pictures()
    assert (picture.caption, picture.credit) == ("The “old” pier of 40 m²", "H₂O Agency")
    [quote] = [block for block in found.blocks if block.type == "quote"]
    assert quote.who == "The “Captain”"
    [table] = [block for block in found.blocks if block.type == "table"]
    assert (table.caption, table.rows[0]) == ("CO₂", ["5 m³", "b"])


def test_quotation_marks_are_those_of_the_pages_language() -> None:
    text = "وصلت العاصفة إلى الساحل مساء الاثنين وبقيت عبّارتان في الميناء. " * 6
    html = f"<html lang=ar><title>عاصفة</title><article><h1>عاصفة <q>كبيرة</q></h1><p>{text}</p>"
    found = parse.parse(html.encode(), tz=UTC, now=datetime.now(UTC))
    assert found.headline == "عاصفة «كبيرة»"


STRUCTURED = (
    "<ol start=3><li>three<ul dir=rtl><li>أ</ul></ol><h2 dir=rtl>الميناء</h2>"
    "<video src=/a.mp4 poster=/a.jpg><track src=/en.vtt srclang=en></video>"
)


def imported(client: Client, db: Database, html: str) -> tuple[pages.Taken, dict[str, Any]]:
    found = page(html, url="https://x.y/news/shape")
    [taken] = pages.take(
        db,
        [found],
        pages.Options(publish=True, licensed=True, published=datetime(2026, 3, 12, tzinfo=UTC)),
    )
    assert isinstance(taken, pages.Taken), taken
    story: dict[str, Any] = client.get(f"/v1/articles/{taken.id}").json()
    return taken, story


def test_the_structure_of_a_page_reaches_the_story(client: Client, db: Database) -> None:
    _, story = imported(client, db, STRUCTURED)
    of = {block["type"]: block for block in story["body"]}
    assert (of["list"]["start"], of["list"]["items"][0]) == (3, "three")
    assert [place["level"] for place in of["list"]["outline"]] == [1, 2]
    assert of["heading"]["dir"] == "rtl"
    assert of["video"]["poster"] == "https://x.y/a.jpg"
    assert of["video"]["tracks"][0]["url"] == "https://x.y/en.vtt"
    again, _ = imported(client, db, STRUCTURED)
    assert again.did == "unchanged"


def test_what_a_page_says_since_counts_only_where_it_says_it() -> None:
    """A page that was imported by an earlier release is the same page."""
    assert pages.said_by(Found("list")).keys().isdisjoint(pages.LATER)
    assert pages.said_by(Found("list", start=3))["start"] == 3
    assert "caption" in pages.said_by(Found("list"))
