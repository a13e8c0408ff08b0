"""What is no part of a text is published nowhere: struck words and comments, on every way in."""

import contextlib
import json
import re
import sys
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.db.fulltext import FIELDS
from app.formats import markup_limits
from app.formats.body import html_in, inline_in, markdown_in, struck_tags
from app.formats.body.losses import Dropped
from app.formats.page import parse
from app.formats.page.model import Page
from app.language.analyzer import Analyser
from app.language.lexicon import Lexicon
from app.models.block import DEEPEST_ITEM
from app.request import search_words
from tests.conftest import Client
from tests.formats.test_page_html import HEAD, ONE, THREE, TWO, document

Json = dict[str, Any]
SECRET = re.compile("zzstruck|zzcomment")
COMMENTS = (
    "<div style='mso-element:comment-list'><div style='mso-element:comment'>"
    "<p class=MsoCommentText><a href='#_msoanchor_1'>[NA1]</a>zzcomment</p></div></div>"
)
BODIES: dict[str, Any] = {
    "html": {"html": f"<p>Kept <s>zzstruck</s> words.</p>{COMMENTS}"},
    "markdown": {"markdown": f"Kept ~~zzstruck~~ words.\n\n{COMMENTS}"},
    "blocks": [
        {"type": "paragraph", "html": "Kept <span style='text-decoration:line-through'>zzstruck</span> words."},
        {"type": "list", "items": ["one <del>zzstruck</del>two", "<s>zzstruck</s>"]},
    ],
}  # fmt: skip


def hold(story: Json) -> None:
    """Fail where a struck word is anywhere but in a warning, or where no warning quotes it."""
    warnings = story.pop("warnings")
    assert not SECRET.search(json.dumps(story))
    assert [one for one in warnings if one.startswith("Struck words were left out: “zzstruck”")]
    assert story["body"][0]["text"] == "Kept words."


def test_struck_text_is_published_nowhere(editor: Client, client: Client) -> None:
    for form, body in BODIES.items():
        sent = {"lang": "en", "headline": f"Tale in {form}", "body": body, "kind": "live"}
        made = editor.post("/v1/articles", json=sent)
        assert made.status_code == 201, made.text
        story = made.json()
        hold(dict(story))
        url, match = f"/v1/articles/{story['id']}", {"If-Match": f'"v{story["version"]}"'}
        again = editor.put(url, json=sent, headers=match)
        assert again.status_code == 200, again.text
        hold(again.json())
        update = editor.post(f"{url}/updates", json={"body": body})
        assert update.status_code == 201, update.text
        hold(update.json())
        assert editor.put(f"{url}/publication").status_code == 200
        for path in (url, f"{url}?body=html", f"{url}?body=text", f"{url}?body=markdown",
                     f"{url}/updates", "/feeds/all.rss", "/v1/articles.ndjson"):  # fmt: skip
            answer = client.get(path)
            assert answer.status_code == 200, (path, answer.text)
            assert not SECRET.search(answer.text), path
    assert client.get("/v1/search?q=zzstruck").json()["items"] == []


def test_a_patched_block_loses_its_struck_text(editor: Client) -> None:
    sent = {"lang": "en", "headline": "x", "body": [{"type": "paragraph", "text": "Old."}]}
    story = editor.post("/v1/articles", json=sent).json()
    headers = {"If-Match": '"v1"', "Content-Type": "application/json-patch+json"}
    patch = [
        {"op": "replace", "path": "/body/0/html", "value": "Kept <strike>zzstruck</strike> words."}
    ]
    hold(editor.patch(f"/v1/articles/{story['id']}", json=patch, headers=headers).json())


def test_html_of_a_block_that_costs_too_much_is_refused(editor: Client) -> None:
    html = "<s>x</s>" + "<b>" * (markup_limits.MOST_DEPTH + 1)
    sent = {"lang": "en", "headline": "x", "body": [{"type": "paragraph", "html": html}]}
    answer = editor.post("/v1/articles", json=sent)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == "#/body/0/html"


def test_text_without_struck_parts_stays_unchanged() -> None:
    dropped = Dropped()
    for html in ("A  <b>strong</b> word", "five < six &amp; <u>x</u>", "delete <q>this</q>"):
        assert inline_in.without_omitted(html, dropped) == html
    assert dropped.sentences() == []


# pages


def page(html: str, format: str = "auto") -> Page:
    now = datetime(2026, 11, 1, tzinfo=UTC)
    return parse.parse(html.encode(), tz=ZoneInfo("UTC"), now=now, format=format)


def test_an_imported_page_has_no_struck_text() -> None:
    struck = '<style>.gone{text-decoration:line-through}</style><p class="gone">zzthree</p>'
    table = (
        "<table><tr><th>Port</th><th>Ships</th><th>Boats</th></tr><tr><td>Zayn</td>"
        "<td style='text-decoration:line-through'>zz9</td><td>7</td></tr></table>"
    )
    ld = {
        "@type": "NewsArticle",
        "headline": f"{HEAD} <s>zzhead</s>",
        "description": "A &lt;s&gt;zztold&lt;/s&gt; one.",
    }
    head = f'<script type="application/ld+json">{json.dumps(ld)}</script>'
    found = page(document(
        f"<article><h1>{HEAD} <del>zzhead</del></h1><p>{ONE} It<s> zznever</s> opened<ins>twice</ins>.</p>"
        f"<p>{TWO}<sup><a href='#_ftn1'>1</a></sup></p>{struck}{table}<p>{THREE}</p>{COMMENTS}"
        f"<figure><img src='https://x.y/quay.jpg'><figcaption>The <strike>zzold</strike> quay</figcaption></figure>"
        f"<p><a href='#_ftnref1'>1</a> A footnote of this story.</p></article>", head,
    ))  # fmt: skip
    warnings, found.warnings = found.warnings, []
    assert "zz" not in repr(found)
    assert found.headline == HEAD
    texts = [block.text for block in found.blocks if block.type == "paragraph"]
    assert texts[0].endswith("It openedtwice.")
    assert texts[1].endswith("[1]")
    assert texts[-1] == "[1] A footnote of this story."
    assert [block.rows[1] for block in found.blocks if block.rows] == [["Zayn", "", "7"]]
    for words in ("zzhead", "zznever", "zzthree", "zz9", "zzold", "zztold"):
        assert [one for one in warnings if words in one and one.startswith("Struck")], words
    assert warnings[-1].startswith("No part of the text, and left out: comments")


def test_copied_text_loses_the_comments_at_its_end() -> None:
    text = (
        f"{HEAD}\n\n{ONE}\n\nThe first[a] boat left the harbour at seven on Tuesday morning, and the second[b] at nine.\n\n"
        f"{TWO} See note [c].\n\n[a]zzfirst: who says so?\n[b]zzsecond\nzzthird line of it\n"
    )
    found = page(text, "text")
    said = [*(block.text for block in found.blocks), found.summary or "", found.headline]
    assert "zz" not in " ".join(said) and "[a]" not in " ".join(said)
    assert "[c]" in " ".join(said), "brackets that no comment has are text"
    assert found.warnings == ["No part of the text, and left out: comments."]
    assert {line.reason for line in found.lines if "zz" in line.text} == {"comment"}


def test_brackets_that_begin_a_line_are_text_where_no_mark_leads_there() -> None:
    text = (
        f"{HEAD}\n\n{ONE}\n\n{TWO}\n\n[a]n editor wrote this line about the quay and its boats.\n"
    )
    found = page(text, "text")
    assert found.warnings == []
    assert [block for block in found.blocks if block.text.startswith("[a]n editor")]


# the parts


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("one<del> two</del><ins>three</ins>", "one three"),
        ("Mon<del>t</del><ins>d</ins>ay", "Monday"),
        ("one<s> two</s>, three", "one, three"),
        ("one <s>two</s> three", "one three"),
        ("one<s> two </s>three", "one three"),
        ("<span style='white-space:pre'>one <s>two</s> three</span>", "one three"),
        ("واحد<del> اثنان</del><ins>ثلاثة</ins>", "واحد ثلاثة"),
        ("5,000<a href='#_ftn1'><sup>1</sup></a> boats", "5,000[1] boats"),
    ],
)
def test_words_around_an_omission_are_neither_joined_nor_split(html: str, text: str) -> None:
    [block] = html_in.read(f"<p>{html}</p>", "en")[0]
    assert block["html"].replace("<sup>", "").replace("</sup>", "") == text


@pytest.mark.parametrize(
    ("html", "texts"),
    [
        ("<s><p>zz one</p><p>zz two</p></s><p>kept</p>", ["kept"]),
        ("<p>One <s>zz</p><p>zz too</s> kept.</p>", ["One", "kept."]),
        ("<p>One <s>zz</p><p>zz too</p><ul><li>zz</li></ul>", ["One"]),
        ("<p>One <strike>zz</p><h2>zz</strike> Head</h2>", ["One", "Head"]),
        ("<p>One <del>zz</p><p>zz</del> two</p>", ["One", "two"]),
        ("<p>One <del>zz</p><p>two</p>", ["One", "two"]),
        ("<p>a <b>bold <s>zz</b>zz</s> kept</p>", ["a bold kept"]),
        ("<div>a <s>zz</div>zz</s> b", ["a", "b"]),
        ("<s>zz<div>zz</s>a</div>b", ["a", "b"]),
        ("<p>a <s>zz <del>zz</p><p>zz</s> zz</del> b</p>", ["a", "b"]),
        ("<p hidden>a <s>b</p><p>zz</s> c</p>", ["c"]),
        ("<p>a <s>zz<span hidden></p><p>zz</s></span> c</p>", ["a", "c"]),
        ("<u class=strikethrough><p>zz</p></u><p>a <del>zz</del><ins>b</ins></p>", ["a b"]),
        ("<b style='text-decoration:line-through'><p>zz</p></b><p>a</p>", ["a"]),
        ("<S>zz</S ><STRIKE title='<s>'>zz</STRIKE> a <script>'<s>'</script>b", ["a b"]),
        ("<p>a</p><a href='#_msoanchor_1'>[N1]</a>zz<br>zz<p>b</p>", ["a", "b"]),
        ("a<br><a href='#cmnt_ref1'>[a]</a>zz", ["a"]),
        ("<p>a <a class=msocomoff href='#_msoanchor_1'>[N1]</a>zz</p><p>b</p>", ["a", "b"]),
        ("<div><a href='#cmnt_ref1'>[a]</a>zz<p>b</p></div>", ["b"]),
        ("<p>a<a href='file:///C:/a.htm#_msocom_1'>[N1]</a></p>", ["a"]),
        ("<p>a <a href='https://blog.example/x#cmnt1'>words</a></p>", ["a words"]),
        ("<p>a <span class=ql-strike>zz</span></p><p class=strike>b</p>", ["a", "b"]),
        (
            "<p>a<suggestion-start name='deletion:1'></suggestion-start>zz<suggestion-end name='deletion:1'>",
            ["a"],
        ),
        ("<p>a <s><span style='text-decoration:none'>zz</span></s></p>", ["a"]),
    ],
)
def test_misnested_tags_strike_what_a_browser_strikes(html: str, texts: list[str]) -> None:
    blocks, dropped = html_in.read(html, "en")
    found = [line for block in blocks for line in block.get("items", [block.get("html")])]
    assert [re.sub("<[^>]*>", "", line) for line in found] == texts
    quoted = " ".join(dropped.sentences())
    assert ("Struck words" in quoted or "left out: comment" in quoted) == ("words" not in html)


@pytest.mark.parametrize(
    ("html", "texts"),
    [
        ("<p>Kept.</p><table><tr><td><a href='#_msoanchor_1'>[N1]</a></td><td>zz</td></tr><tr><td>"
         "<p><a href='#_msoanchor_2'>[N2]</a></p></td><td>zz</td></tr></table>", ["Kept."]),
        ("<p>Kept.</p><table><tr><td style='mso-element:comment'>zz</td><td>zz</td></tr></table>", ["Kept."]),
        ("<p>Kept.</p><table><tr><td><p class=MsoCommentText>zz</p></td><td><p>zz</p></td></tr></table>", ["Kept."]),
        ("<p>Kept.</p><table><tr><td><p class=MsoCommentText>zz</p><p>words</p></td></tr></table>",
         ["Kept.", "words"]),
        ("<p>Kept <office:annotation><dc:creator>zz</dc:creator><text:p>zz</text:p></office:annotation>words.</p>",
         ["Kept words."]),
        ("<p>Kept<a href='#sdcomment1sym'><sup>c</sup></a>.</p><div id=sdcomment1><p>"
         "<a href='#sdcomment1anc'>c</a>zz</p></div>", ["Kept."]),
        ("<p>Kept <ac:del>zz</ac:del><ac:placeholder>zz</ac:placeholder><ac:inline-comment-marker ac:ref=a>words"
         "</ac:inline-comment-marker>.</p>", ["Kept words."]),
        ("<p>Kept <text:deletion>zz</text:deletion><delete data-user=1>zz</delete><insert>words</insert>.</p>",
         ["Kept words."]),
        ("<p>Kept <span class='TrackChangeTextDeletion TrackedChange'>zz</span>words.</p>", ["Kept words."]),
        ("<p>Kept</p><p data-diff=deleted>zz</p><p class=suggestion-delete>zz</p><p role=comment>zz</p>", ["Kept"]),
        ("<p>Kept <span data-track-deleted=true>zz</span><span data-track-deleted=false>words</span></p>",
         ["Kept words"]),
        ("<p>Kept <span role=deletion>zz</span><span role=insertion>words</span></p>", ["Kept words"]),
        ("<p>Kept <w:del>zz</w:del>words <w:del><w:r><w:deltext>zz</w:deltext></w:r></w:del></p>", ["Kept words"]),
        ("<p>Kept <s>zz</s><span style='mso-hide:all'>zz</span><b style='display:none'>zz</b> words</p>", ["Kept words"]),
        ("<p>Kept <a href='#cmnt_ref1'>[a]</a>zz <b>zz</b></p>", ["Kept"]),
    ],
)  # fmt: skip
def test_struck_text_and_comments_of_many_editors_are_left_out(html: str, texts: list[str]) -> None:
    blocks, dropped = html_in.read(html, "en")
    assert [re.sub("<[^>]*>", "", block["html"]) for block in blocks] == texts
    assert "zz" not in inline_in.without_omitted(html, Dropped())
    told = " ".join(dropped.sentences())
    assert "Struck words" in told or "left out: comment" in told
    found = page(
        document(f"<article><h1>{HEAD}</h1><p>{ONE}</p><p>{TWO}</p>{html}<p>{THREE}</p></article>")
    )
    told = " ".join(found.warnings)
    assert "Struck words" in told or "left out: comment" in told
    found.warnings = []
    assert "zz" not in repr(found)
    assert texts[0] in repr(found)


@pytest.mark.parametrize(
    "place", ["#{}", "file:///C:/a%20b.htm#{}", "https://docs.google.com/document/d/1/edit#{}"]
)
@pytest.mark.parametrize(("mark", "back"), [("_ftn1", "_ftnref1"), ("ftnt1", "ftnt_ref1"),
                                            ("sdfootnote1sym", "sdfootnote1anc")])  # fmt: skip
def test_footnotes_are_known_by_absolute_addresses_too(place: str, mark: str, back: str) -> None:
    html = (
        f"<p>5,000<sup><a href='{place.format(mark)}'>1</a></sup> boats</p>"
        f"<p><a href='{place.format(back)}'>1</a>The note.</p>"
    )
    blocks, dropped = html_in.read(html, "en")
    assert [one["html"] for one in blocks] == ["5,000<sup>[1]</sup> boats", "[1] The note."]
    assert dropped.sentences() == []


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("Kept {--zz--} words {++more++}.", "Kept words more."),
        ("one{-- zz--}{++two++}", "one two"),
        ("Mon{~~zz~>d~~}ay {>>zz why?<<}{==of==} May", "Monday of May"),
        ("Kept {--zz.\n\nzz--} words", "Kept words"),
        ("{++Kept {--zz--} words++}", "Kept words"),
        ("قال {--zz--}{++نعم++}{>>zz<<}", "قال نعم"),
        ("Kept {-- words", "Kept {-- words"),
        (r"Kept \{--words--}", "Kept {--words--}"),
        ("--} Kept <<} words ~>", "--} Kept <<} words ~&gt;"),
    ],
)
def test_critic_markup_deletions_are_left_out(markdown: str, text: str) -> None:
    [block], dropped = markdown_in.read(markdown, "en")
    assert block["html"].replace("&lt;", "<") == text.replace("&lt;", "<")
    assert ("zz" in markdown) == (
        "Struck words were left out: “zz" in " ".join(dropped.sentences())
    )


def test_text_like_critic_markup_survives_a_markdown_round_trip(editor: Client) -> None:
    sent = {
        "lang": "en",
        "headline": "x",
        "body": [{"type": "paragraph", "text": "A {--b--} {==c==} {~~d~>e~~}"}],
    }
    story = editor.post("/v1/articles", json=sent).json()
    url = f"/v1/articles/{story['id']}"
    markdown = editor.get(f"{url}?body=markdown").json()["body"]
    again = editor.patch(
        url, json={"body": {"markdown": markdown}}, headers={"If-Match": '"v1"'}
    ).json()
    assert again["body"][0]["text"] == "A {--b--} {==c==} {~~d~>e~~}"


def test_a_page_keeps_what_styles_raise_and_turn_headers_and_languages() -> None:
    html = (
        "<style>.c3{vertical-align:super}</style>"
        "<p>The quay is 12 m<span class=c3>2</span> of H<span style='vertical-align:sub;color:red'>2</span>O, he"
        " said: <span dir=rtl>نعم<span style='vertical-align:super'>1</span></span>.</p>"
        "<p lang=ar dir=rtl>قال الوزير إن الميناء مفتوح اليوم للسفن.</p>"
        "<table><thead><tr><td>Port</td><td>Boats</td></tr></thead><tr><td>Zayn</td><td>3</td></tr></table>"
        "<table><tr><td>Port</td><td>Boats</td></tr><tr><td>Zayn</td><td>3</td></tr></table>"
    )
    blocks = page(
        document(f"<article><h1>{HEAD}</h1><p>{ONE}</p><p>{TWO}</p>{html}</article>")
    ).blocks
    raised, arabic, named, bare = blocks[2:6]
    assert "12 m² of H₂O" in raised.text
    assert '<bdi dir="rtl">نعم<sup>1</sup></bdi>' in raised.html
    assert (arabic.lang, arabic.dir) == ("ar", None)
    assert (named.header, bare.header) == (True, False)
    [block, *_], _ = html_in.read(html, "en")
    assert block["html"].startswith("The quay is 12 m<sup>2</sup> of H<sub>2</sub>O")


def test_a_struck_cell_ends_with_its_cell() -> None:
    html = "<table><tr><td>a<s>zz</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table><p>e</p>"
    table, after = html_in.read(html, "en")[0]
    assert (table["rows"], after["html"]) == ([["a", "b"], ["c", "d"]], "e")


@pytest.mark.parametrize(
    "piece",
    ["<p><s>x", "<b><s></b></s>", "<td><del>x", "</s></del>", "<i><p><s></i>", "<s><p></s>"],
)
def test_misnested_tags_cost_linear_steps(piece: str) -> None:
    few, many = (calls(piece * number) for number in (300, 1_200))
    assert many < 4.5 * few


def calls(html: str) -> int:
    """How many functions rewriting the tags of a text calls, until it is refused."""
    count = 0

    def note(*_: Any) -> None:
        nonlocal count
        count += 1

    sys.setprofile(note)
    try:
        with contextlib.suppress(markup_limits.TooMuch):
            struck_tags.rewrite(html)
    finally:
        sys.setprofile(None)
    return count


def test_text_that_only_looks_struck_stays_with_a_warning() -> None:
    blocks, dropped = html_in.read("<p>Now h\u0336i\u0336 ~there~</p>", "en")
    assert blocks[0]["html"] == "Now h\u0336i\u0336 ~there~"
    [told] = dropped.sentences()
    assert "“h\u0336i\u0336”" in told
    blocks, dropped = markdown_in.read("~~one\n\ntwo~~ and ~three~", "en")
    assert [block["html"] for block in blocks] == ["~~one", "two~~ and"]
    assert [one.split(" ")[0] for one in dropped.sentences()] == ["Struck", "The", "The"]


def test_struck_text_is_removed_from_alternative_texts_of_markdown() -> None:
    blocks, dropped = markdown_in.read("![The ~~zz~~ quay ~~zz too~~](https://x.y/z.png)", "en")
    assert blocks[0]["image"]["alt"] == "The  quay "
    assert len([one for one in dropped.sentences() if "zz" in one]) == 2


def test_an_inline_element_gives_its_direction_to_the_blocks_in_it() -> None:
    html = (
        "<b dir=rtl style='font-weight:normal'><p>one</p><ul dir=ltr><li>two</ul></b><p>three</p>"
    )
    blocks, dropped = html_in.read(html, "en")
    assert [block.get("dir") for block in blocks] == ["rtl", None, None]
    assert "dir" not in " ".join(dropped.sentences())


def test_levels_of_word_are_the_outline_of_the_list() -> None:
    item = "<p class=MsoListParagraph style='mso-list:l0 level{} lfo1'><span style='mso-list:Ignore'>1.</span>x</p>"
    [block] = html_in.read("".join(item.format(level) for level in (1, 2, 99)), "en")[0]
    assert [place["level"] for place in block["outline"]] == [1, 2, DEEPEST_ITEM]
    [block] = html_in.read(item.format(1) * 2, "en")[0]
    assert "outline" not in block and "loose" not in block


def test_a_search_query_converts_control_characters() -> None:
    analyser = Analyser(Lexicon())
    meant = search_words.read("“two words” more", FIELDS, analyser)
    found = search_words.read("\x93two words\x94\x81more", FIELDS, analyser)
    assert not isinstance(meant, str) and not isinstance(found, str)
    assert (found.words, found.phrases) == (meant.words, meant.phrases) and meant.phrases


def test_warnings_about_lost_text_come_first() -> None:
    html = "".join(f'<p a{at}="1"><u{at}>x</u{at}></p>' for at in range(60))
    html += "<img src='https://x.y/z.png'><a href='javascript:x'>y</a><s>zzstruck</s><math>1</math>"
    blocks, dropped = html_in.read(f"<style>p{{}}</style>{html}{COMMENTS}", "en")
    assert len(blocks) > 60
    kinds = [one.split(" ")[0] + " " + one.split(" ")[1] for one in dropped.sentences()]
    assert kinds == [
        "Struck words", "The element", "No part", "An address", "The elements", "The element",
        "The attributes",
    ]  # fmt: skip
    assert "40 more" in dropped.sentences()[-1]


def test_a_long_deletion_is_quoted_to_200_characters() -> None:
    sentence = html_in.read(f"<del>{'word ' * 100}</del>", "en")[1].sentences()[0]
    quote = sentence.partition("“")[2].partition("”")[0]
    assert len(quote) == 200 and quote.endswith("…")


@pytest.mark.parametrize(
    ("selector", "struck"),
    [
        (".old", True), ("span.old", True), ("p.old", False), (".old.new", False),
        (".old.mark", True), (".review .old", True), (".review span", True), ("p > .old", True),
        ("div > .old", False), (".review > p > span", True), ("div div .old", False),
        ("#desk .old", True), ("#other .old", False), ("*", True), ("[data-a]", True),
        ("span[data-a='1']", True), ("[data-a=2]", False), ("body div.review p span.old", True),
        ("i, .old", True), (".old:hover", False), ("p:first-child .old", False),
    ],
)  # fmt: skip
def test_rules_of_a_style_sheet_strike_text(selector: str, struck: bool) -> None:
    """Wherever the sheet stands; a page is read by the same rules."""
    sheet = f"<style><!-- /* x{{ */ {selector} {{color:red; text-decoration: line-through !important}} --></style>"
    span = "<p>kept <span class='old mark' data-a=1>zz</span> words</p>"
    for html in (
        f"{sheet}<div id=desk class=review>{span}</div>",
        f"<div id=desk class=review>{span}</div>{sheet}",
    ):
        blocks, dropped = html_in.read(html, "en")
        assert ("zz" in str(blocks)) is not struck or selector == "*"
        unread = [one for one in dropped.sentences() if "not understood" in one]
        assert len(unread) == (":first-child" in selector)
    text = f"<article><h1>{HEAD}</h1><p>{ONE}</p><p>{TWO}</p><div id=desk class=review>{span}</div></article>{sheet}"
    if selector != "*":
        assert ("zz" in repr(page(document(text)).blocks)) is not struck


def test_print_rules_are_ignored_and_later_and_more_specific_rules_win() -> None:
    struck = "{text-decoration:line-through}"
    sheet = (
        f"<style media=print>.a{struck}</style><style>@media print{{.b{struck}}} @media screen {{.c{struck}}}"
        f".d{struck} .d{{text-decoration:none}} .e{struck} p .f{{text-decoration:none}} .f{struck}"
        f"@media (max-width:9px){{ .g{struck} }} .h{struck}</style>"
    )
    html = "".join(f"<p><span class={name}>{name}</span></p>" for name in "abcdefgh")
    blocks, _ = html_in.read(html + sheet, "en")
    assert [block["html"] for block in blocks] == ["a", "b", "d", "f", "g"]


def test_matching_style_rules_costs_bounded_steps() -> None:
    rules = "".join(f".a{at} .x .y .x{{text-decoration:line-through}}" for at in range(3_000))
    html = f"<style>{rules}</style>" + "<div class=x>" * 400 + "<p class=x>words</p>" * 3_000
    with pytest.raises(markup_limits.TooMuch, match="style sheets"):
        html_in.read(html, "en")
    many = "".join(f".a{at}{{text-decoration:line-through}}" for at in range(20_000))
    blocks, _ = html_in.read(
        f"<style>{many}</style>" + "<p class=a19999>zz</p><p>x</p>" * 3_000, "en"
    )
    assert {block["html"] for block in blocks} == {"x"}


def test_a_too_expensive_style_sheet_is_422(editor: Client) -> None:
    rules = "".join(f".a{at} .x .y .x{{text-decoration:line-through}}" for at in range(3_000))
    html = f"<style>{rules}</style>" + "<div class=x>" * 400 + "<p class=x>words</p>" * 3_000
    sent = {"lang": "en", "headline": "x", "body": {"html": html}}
    answer = editor.post("/v1/articles", json=sent)
    assert answer.status_code == 422, answer.text


RANGE = "<suggestion-{} name='deletion:1:u'></suggestion-{}>"
FROM, TO = RANGE.format("start", "start"), RANGE.format("end", "end")


@pytest.mark.parametrize(
    "html",
    [
        f"<p>Kept {FROM}zz</p><p>zz</p><h2>zz</h2><ul><li>zz{TO}</li></ul><p>end</p>",
        "<p>Kept</p><h2 data-suggestion-start-before='deletion:1:u'>zz</h2><p>zz</p>"
        "<p data-suggestion-end-after='deletion:1:u'>zz</p><p>end</p>",
        f"<p data-suggestion-start-after='insertion:2,deletion:1:u'>Kept</p><p>zz</p><p>{TO}end</p>",
        f"<p>Kept</p><p>{FROM}zz</p><p data-suggestion-end-before='deletion:1:u'>end</p>",
        "<p>Kept</p><figure class=table data-suggestion-start-before='deletion:1:u' data-suggestion-end-after="
        "'insertion:3,deletion:1:u'><table><tr><td>zz</td><td>zz</td></tr></table></figure><p>end</p>",
        f"<p>Kept</p>{FROM}<hr><table><tr><td>zz</td></tr></table><blockquote><p>zz</p></blockquote>{TO}<p>end</p>",
        f"<p>Kept {FROM}zz <s>zz</s></p><p>zz<s>zz</s>{TO}</p><p>end</p>",
        "<p>Kept <suggestion id='a:u' suggestion-type='deletion' type='start'></suggestion>zz</p><p>zz"
        "<suggestion id='a:u' suggestion-type='deletion' type='end'></suggestion></p><p>end</p>",
        "<p>Kept <suggestion-start name='insertion:1'></suggestion-start></p><p>end<suggestion-end name='insertion:1'>"
        "</suggestion-end></p><p data-suggestion-start-before='deletion:3' data-suggestion-end-after='deletion:3'>zz</p>",
    ],
)  # fmt: skip
def test_ckeditor_deletions_across_blocks_are_left_out(html: str) -> None:
    blocks, dropped = html_in.read(html, "en")
    assert [block["html"] for block in blocks] == ["Kept", "end"]
    told = dropped.sentences()
    assert told[0].startswith("Struck words were left out: “zz")
    assert not [one for one in told if "attribute" in one]
    found = page(
        document(f"<article><h1>{HEAD}</h1><p>{ONE}</p><p>{TWO}</p>{html}<p>{THREE}</p></article>")
    )
    assert [line for line in found.warnings if "Struck words" in line and "zz" in line]
    found.warnings = []
    assert "zz" not in repr(found)


def test_ckeditor_comment_marks_are_removed_and_commented_text_stays() -> None:
    blocks, dropped = html_in.read(
        "<p data-comment-start-before='c:1' data-comment-end-after='c:1'>One <comment-start name='d'>"
        "</comment-start>two<comment-end name='d'></comment-end></p><p>three</p>",
        "en",
    )
    assert [block["html"] for block in blocks] == ["One two", "three"]
    assert dropped.sentences() == ["No part of the text, and left out: comment marks."]


def test_a_rule_that_overrules_a_striking_one_in_a_page_still_holds() -> None:
    style = "<style>.a{text-decoration:line-through} p .b{text-decoration:none}</style>"
    story = f"<p>{ONE} <i class='a b'>Kept.</i> <i class=a>Struck.</i></p><p>{TWO}</p>"
    found = page(document(f"<h1>{HEAD}</h1>{style}{story}"), format="html")
    assert [block.text for block in found.blocks] == [f"{ONE} Kept.", TWO]
