"""Direction, table grids, lists, links, control characters and quotation marks of bodies, on every
way in and in every form out."""

from typing import Any

import pytest

from app.formats import inline_html
from app.formats.body import html_in, markdown_in
from app.formats.markup_limits import TooMuch
from app.formats.table_grid import Cell, Space, TooManyCells, grid
from tests.conftest import Client
from tests.desk.test_writing import faults, made, match

Json = dict[str, Any]
SITE = "https://site.example"


def read(html: str, lang: str = "en") -> list[Json]:
    return html_in.read(html, lang, frozenset(), SITE)[0]


def warnings(html: str, lang: str = "en") -> str:
    return " ".join(html_in.read(html, lang, frozenset(), SITE)[1].sentences())


RTL = {
    "attribute": '<p dir="rtl">قال: «نعم».</p>', "capitals": "<p dir=RTL>قال</p>",
    "style": '<p style="direction:rtl">قال</p>', "heading": "<h2 dir=rtl>قال</h2>",
    "list": "<ul dir=rtl><li>قال</ul>", "items": "<ul><li dir=rtl>قال<li dir=rtl>قال</ul>",
    "quote": "<blockquote><p dir=rtl>قال</blockquote>", "ancestor": "<div dir=rtl><section><p>قال",
    "table": "<table dir=rtl><tr><td>قال<td>قال</table>", "auto": "<p dir=auto>12 قال abc",
    "body": "<body dir=rtl><p>قال", "with lang": "<p lang=fr dir=rtl>قال",
}  # fmt: skip


@pytest.mark.parametrize("name", RTL)
def test_the_direction_of_a_block_is_kept(name: str) -> None:
    [block] = read(RTL[name])
    assert block["dir"] == "rtl"
    assert block.get("lang") == ("fr" if name == "with lang" else None)
    assert "dir" not in warnings(RTL[name])


def test_the_articles_own_direction_is_not_stored() -> None:
    html = '<div dir="rtl"><p dir="ltr">x</p></div><p dir=auto>abc قال</p><html dir=ltr><p>x'
    assert [block.get("dir") for block in read(html)] == [None, None, None]
    assert [block.get("dir") for block in read("<p dir=ltr>x<p dir=rtl>قال", "ar")] == ["ltr", None]
    assert [block.get("dir") for block in read("<p lang=ar dir=rtl>ق<p lang=ar dir=ltr>x")] == [
        None, "ltr",
    ]  # fmt: skip


def test_an_item_of_another_direction_is_isolated() -> None:
    [block] = read("<ul><li dir=rtl>قال<li>said</ul>")
    assert (block["items"], block.get("dir")) == (['<bdi dir="rtl">قال</bdi>', "said"], None)


GRIDS = {
    "rows": (
        "<tr><th>Port<th>2024<th>2025<tr><td rowspan=2>Zayn<td>3<td>4<tr><td>5<td>6",
        [["Port", "2024", "2025"], ["Zayn", "3", "4"], ["", "5", "6"]],
    ),
    "columns": (
        "<thead><tr><th rowspan=2>Port<th colspan=2>Fish<tr><th>2024<th>2025<tbody><tr><td>Z<td>1<td>2",
        [["Port", "Fish", ""], ["", "2024", "2025"], ["Z", "1", "2"]],
    ),
    "both": (
        "<tr><td colspan=2 rowspan=2>A<td>b<tr><td>c<tr><td>d<td>e<td>f",
        [["A", "", "b"], ["", "", "c"], ["d", "e", "f"]],
    ),
    "rest of the group": (
        "<tbody><tr><td rowspan=0>A<td>b<tr><td>c<tbody><tr><td>d<td>e",
        [["A", "b"], ["", "c"], ["d", "e"]],
    ),
    "beyond the group": (
        "<thead><tr><th rowspan=9>A<th>b<tbody><tr><td>d<td>e", [["A", "b"], ["d", "e"]],
    ),
    "absurd": (
        "<tr><td>a<td>b<tr><td colspan=100000>Sum<tr><td rowspan=99999>c<td>d",
        [["a", "b"], ["Sum", ""], ["c", "d"]],
    ),
    "ragged": ("<tr><td>a<td>b<td>c<tr><td>d", [["a", "b", "c"], ["d", "", ""]]),
    "foot first": (
        "<tfoot><tr><td>Sum<td>3<tbody><tr><td>a<td>1<tr><td>b<td>2",
        [["a", "1"], ["b", "2"], ["Sum", "3"]],
    ),
    "no number": ("<tr><td colspan=x rowspan=-1>a<td>b", [["a", "b"]]),
}  # fmt: skip


@pytest.mark.parametrize("name", GRIDS)
def test_every_table_row_has_the_same_number_of_cells(name: str) -> None:
    html, rows = GRIDS[name]
    [block] = read(f"<table>{html}</table>")
    assert block["rows"] == rows
    if name in ("rows", "both", "absurd"):
        assert "spans several places" in warnings(f"<table>{html}</table>")
    if name == "absurd":
        assert "colspan=100000" in warnings(f"<table>{html}</table>")


@pytest.mark.parametrize(
    "rows",
    [
        [[Cell("x", 1000, 65_534)] * 300] * 300,
        [[Cell("x")] * 1000] + [[Cell("x")]] * 1000,
        [[Cell("x", 1000, 0)]] + [[Cell("y", 1000)] * 40] * 2000,
    ],
)
def test_a_table_with_too_many_empty_cells_is_refused(rows: list[list[Cell]]) -> None:
    with pytest.raises(TooManyCells):
        grid([rows], Space())


def test_short_table_rows_in_json_are_filled_with_empty_cells(editor: Client) -> None:
    table = {"type": "table", "rows": [["a", "b"], ["c"]]}
    story = made(editor, lang="en", headline="x", body=[table])
    assert story["body"][0]["rows"] == [["a", "b"], ["c", ""]]
    assert "different lengths" in " ".join(story["warnings"])
    wide = [{"type": "table", "rows": [["a"] * 1000] + [["b"]] * 1000}]
    answer = editor.post("/v1/articles", json={"lang": "en", "headline": "x", "body": wide})
    assert "50,000" in faults(answer)["#/body/0/rows"]


LISTS = (
    '<ol start="5"><li>a<ul><li>b<ol><li value="3">c</li></ol></li></ul></li><li>d</li></ol>'
    '<ol reversed type="i"><li>e</li></ol>'
)


def test_nested_lists_survive_a_round_trip(editor: Client) -> None:
    story = made(editor, lang="en", headline="x", body={"html": LISTS})
    first, second = story["body"]
    assert (first["start"], first["items"]) == (5, ["a", "b", "c", "d"])
    places = [(one["level"], one["ordered"], one["value"]) for one in first["outline"]]
    assert places == [(1, True, None), (2, False, None), (3, True, 3), (1, True, None)]
    assert (second["reversed"], second["marker"], second["outline"]) == (True, "lower-roman", [])
    for form in ("html", "markdown"):
        url = f"/v1/articles/{story['id']}"
        text = editor.get(f"{url}?body={form}").json()["body"]
        again = editor.put(url, json={"body": {form: text}}, headers=match(story)).json()
        assert (again["body"], again["warnings"]) == (story["body"], [])
        story["version"] = again["version"]


def test_an_outline_that_does_not_match_its_items_is_refused(editor: Client) -> None:
    place = {"level": 1, "ordered": False}
    block = {"type": "list", "items": ["a", "b"], "outline": [place]}
    answer = editor.post("/v1/articles", json={"lang": "en", "headline": "x", "body": [block]})
    assert "Outline" in " ".join(faults(answer).values())


def test_markdown_keeps_numbers_and_footnotes() -> None:
    found, dropped = markdown_in.read("3. a\n4. b\n\nText[^1] and.\n\n[^1]: The note.\n", "en")
    assert (found[0]["start"], found[0]["items"]) == (3, ["a", "b"])
    assert [one["html"] for one in found[1:]] == [
        "Text<sup>1</sup> and.", "<sup>1</sup> The note.",
    ]  # fmt: skip
    assert dropped.sentences() == []


def test_relative_urls_are_resolved_and_fragment_links_removed_with_a_warning() -> None:
    html = (
        '<p><a href="/news/1">a</a> <a href="//x.y/z">b</a> <a href="?p=1">c</a> <a href="#top">d</a>'
        ' <a href="javascript:x">e</a> <a href="mailto:a@b.c">f</a></p>'
        '<video src="/v.mp4" poster="/p.jpg"><track src="/t.vtt" srclang=ar></video>'
        '<iframe src="//www.youtube.com/embed/x"></iframe>'
    )
    text, film, frame = read(html)
    assert text["html"] == (
        f'<a href="{SITE}/news/1">a</a> <a href="https://x.y/z">b</a> <a href="{SITE}?p=1">c</a> d e '
        '<a href="mailto:a@b.c">f</a>'
    )
    assert (film["url"], film["poster"]) == (f"{SITE}/v.mp4", f"{SITE}/p.jpg")
    assert film["tracks"][0]["url"] == f"{SITE}/t.vtt"
    assert frame["url"] == "https://www.youtube.com/embed/x"
    assert "#top, a place in the same text" in warnings(html)
    assert "javascript:" in warnings(html)


def test_relative_links_of_json_blocks_are_resolved(editor: Client) -> None:
    body = [
        {"type": "paragraph", "html": '<a href="/n">a</a> <a href="javascript:x">b</a>'},
        {"type": "video", "url": "/v.mp4", "poster": "//x.y/p.jpg"},
    ]
    text, film = made(editor, lang="en", headline="x", body=body)["body"]
    assert '<a href="http' in text["html"] and "/n" in text["html"]
    assert "javascript" not in text["html"]
    assert film["url"].endswith("/v.mp4") and film["url"].startswith("http")
    assert film["poster"] == "https://x.y/p.jpg"


QUOTED = "He <q>said <q>yes</q></q> m<sup>2</sup> H<sub>2</sub>O 10<sup>5</sup> 5<sup>th</sup> x<sup>2k</sup>"
SAID = {
    "en": "He “said ‘yes’” m² H₂O 10⁵ 5th x^(2k)", "ar": "He «said ‹yes›» m² H₂O 10⁵ 5th x^(2k)",
    "fr": "He «\u00a0said «\u00a0yes\u00a0»\u00a0» m² H₂O 10⁵ 5th x^(2k)",
    "de-AT": "He „said ‚yes‘“ m² H₂O 10⁵ 5th x^(2k)",
}  # fmt: skip


@pytest.mark.parametrize("lang", SAID)
def test_plain_text_expresses_superscripts_and_quotes(lang: str) -> None:
    assert inline_html.text_of(QUOTED, lang) == SAID[lang]


def test_every_plain_text_form_has_quotation_marks(editor: Client) -> None:
    html = (
        f"<p>{QUOTED}</p><p lang=ar>قال <q>نعم</q></p><table><caption><q>a</q></caption><tr><td><q>b</q>"
        "<td>m<sup>2</sup></table><blockquote>x<footer><q>c</q></footer></blockquote>"
    )
    story = made(editor, lang="en", headline="x", body={"html": html})
    first, second, table, quote = story["body"]
    assert (first["text"], second["text"]) == (SAID["en"], "قال «نعم»")
    assert (table["caption"], table["rows"], quote["who"]) == ("“a”", [["“b”", "m²"]], "“c”")
    text = editor.get(f"/v1/articles/{story['id']}?body=text").json()["body"]
    assert SAID["en"] in text and "قال «نعم»" in text
    assert "<q>" in editor.get(f"/v1/articles/{story['id']}?body=markdown").json()["body"]


C1 = "He said \u0093yes\u0094 \u0096 it\u0092s"
MEANT = "He said “yes” – it’s"


@pytest.mark.parametrize(
    "body",
    [
        {"html": f"<p>{C1}</p>"}, {"markdown": C1}, [{"type": "paragraph", "text": C1}],
        {"markdown": "He said &#147;yes&#148; &#150; it&#146;s"},
        [{"type": "paragraph", "html": "He said &#147;yes&#148; &#x96; it&#146;s"}],
    ],
)  # fmt: skip
def test_control_characters_become_windows_1252_characters(editor: Client, body: Any) -> None:
    story = made(editor, lang="en", headline=C1, summary=C1, body=body)
    assert (story["headline"], story["summary"]) == (MEANT, MEANT)
    assert story["body"][0]["text"] == MEANT
    assert [one for one in story["warnings"] if "windows-1252" in one and "“ ” – ’" in one]


def test_control_characters_are_converted_in_catalog_items_corrections_and_captions(
    editor: Client,
) -> None:
    tag = editor.post("/v1/tags", json={"slug": "c1", "type": "keyword", "name": {"ar": C1}}).json()
    assert tag.get("name") == {"ar": MEANT}, tag
    assert "windows-1252" in " ".join(tag["warnings"])
    caption = {"type": "video", "url": "https://x.y/v", "caption": C1, "credit": C1}
    [film] = made(editor, lang="en", headline="x", body=[caption])["body"]
    assert (film["caption"], film["credit"]) == (MEANT, MEANT)


def test_control_characters_without_a_meaning_are_422(editor: Client) -> None:
    sent = {"lang": "en", "headline": "a\u0081", "body": [{"type": "paragraph", "text": "b\u009d"}]}
    told = faults(editor.post("/v1/articles", json=sent))
    assert "U+0081" in told["#/headline"] and "U+009D" in told["#/body/0/text"]


def test_a_direction_survives_a_round_trip_and_can_be_removed(editor: Client) -> None:
    story = made(editor, lang="en", headline="x", body={"html": RTL["attribute"]})
    url, [block] = f"/v1/articles/{story['id']}", story["body"]
    assert (block["lang"], block["dir"]) == (None, "rtl")
    for form in ("html", "markdown"):
        text = editor.get(f"{url}?body={form}").json()["body"]
        assert 'dir="rtl"' in text
        again = editor.put(url, json={"body": {form: text}}, headers=match(story)).json()
        assert (again["body"], again["warnings"]) == (story["body"], [])
        story["version"] = again["version"]
    sent = {"body": [block | {"dir": None}]}
    assert editor.put(url, json=sent, headers=match(story)).json()["body"][0]["dir"] is None


@pytest.mark.parametrize(
    "html", ["<b>" * 600 + "x", "<a " + "a=1 " * 300 + ">x", "&" * 60_000], ids=["b", "a", "&"]
)
def test_too_expensive_html_of_a_block_is_422_at_the_block(editor: Client, html: str) -> None:
    sent = {"lang": "en", "headline": "x", "body": [{"type": "paragraph", "html": html}]}
    assert "#/body/0/html" in faults(editor.post("/v1/articles", json=sent))
    if "&" not in html:
        with pytest.raises(TooMuch):
            html_in.read(html, "en")


@pytest.mark.parametrize("body", ["|a|b|\n|-|-|\n" + "|x|y|\n" * 25_001, "<td>" * 50_001])
def test_too_many_cells_are_refused_before_they_are_parsed(
    body: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.formats.body.struck_tags.rewrite", None)
    with pytest.raises(TooManyCells):
        (markdown_in if body[0] == "|" else html_in).read(body, "en")
