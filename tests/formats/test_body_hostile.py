"""Hostile HTML and Markdown: bounded in time, no word lost, nothing stored but the safe set."""

import re
import sys
import time
from collections import Counter
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from app.formats.body import html_in, markdown_in
from app.formats.markup_limits import MOST_ELEMENTS, TooMuch
from app.models.block import BlockWrite
from app.rendering import blocks
from tests.conftest import Client
from tests.desk.test_writing import faults
from tests.support.lengths import times

Json = dict[str, Any]
SAFE = {
    "a": {"href", "hreflang", "lang", "dir"}, "strong": {"lang", "dir"}, "em": {"lang", "dir"},
    "q": {"lang", "dir"}, "cite": {"lang", "dir"}, "bdi": {"lang", "dir"},
    "sup": set(), "sub": set(), "br": set(),
}  # fmt: skip
AROUND = ["<div>{}</div>", "<svg><desc>{}</desc></svg>", "<math><mtext>{}</mtext></math>",
          "<table><tr><td>{}</td></tr></table>", "<select><option>{}</option></select>"]  # fmt: skip
ADDRESS = re.compile(r"https?://|mailto:")


def hold(html: str) -> None:
    """Fail where another parser finds in it, wherever it stands, what is not safe."""
    for frame in AROUND:
        plain = LexborHTMLParser(frame.format("x")).html or ""
        names = {node.tag for node in LexborHTMLParser(plain).css("*")}
        for node in LexborHTMLParser(frame.format(html)).css("*"):
            if node.tag in SAFE:
                assert set(node.attributes) <= SAFE[node.tag], html
                assert ADDRESS.match(node.attributes.get("href") or "http://"), html
            else:
                assert node.tag in names and not node.attributes, html


def stored(found: list[Json]) -> list[Json]:
    """The blocks as a story would keep them."""
    kept = []
    for block in found:
        if block["type"] in ("empty", "figure", "gallery", "correction") or "withheld" in block:
            continue
        sent = {name: one for name, one in block.items() if name not in ("said", "id")}
        kept.append(blocks.keep(BlockWrite.model_validate(sent)))
    return kept


def check(found: list[Json]) -> None:
    for block in stored(found):
        for html in [block.get("html") or "", *block.get("items", [])]:
            hold(html)
        for name in ("url", "poster"):
            assert ADDRESS.match(block.get(name) or "http://"), block


WORDS = [" alpha ", " beta ", "\ngamma ", " delta\n"]
TAGS = (
    "p div span b i u em strong a q cite bdi sup sub ul ol li table tr td th caption thead h1 h3 h6"
    " blockquote figure figcaption footer hr br section font pre dl dt dd center tbody o:p custom-x"
).split()
HARMLESS = st.sampled_from(
    [*WORDS, *(f"<{tag}>" for tag in TAGS), *(f"</{tag}>" for tag in TAGS),
     '<a href="http://x.y/?a=1&b=2">', "<b style='font-weight:normal'>", '<span style="font-style:italic">',
     '<p data-block="b1">', "<p lang=fr dir=ltr>", '<p class=MsoListParagraph>·&nbsp;', "&amp;lt;", "&nbsp;",
     '<span dir="ltr">', "<img src=http://x.y/z alt=''>", "<p style='white-space:pre'>", "<!-- x -->"]
)  # fmt: skip
WICKED = st.sampled_from(
    ["<script>", "</script>", "<style>", "</style>", "<svg>", "</svg>", "<math>", "<mtext>", "<mglyph>",
     "<malignmark>", "<foreignObject>", "<annotation-xml encoding='text/html'>", "<title>", "</title>",
     "<template>", "<noscript>", "</noscript>", "<textarea>", "</textarea>", "<select>", "<option>",
     "<iframe src='https://x.y/' srcdoc='<script>'>", "</iframe>", "<object data=x>", "<embed src=//x.y/z>",
     "<plaintext>", "<xmp>", "<form action=javascript:x>", "<input onfocus=x autofocus>", "<isindex>",
     "<a href='javascript:alert(1)'>", "<a href=' java\tscript:x'>", "<a href='vbscript:x'>", "<a href=&#106;avascript:x>",
     "<a href='data:text/html,<script>x</script>'>", "<a href='//x.y'>", "<a href='http:x'>", "<a href='HTTP://x.y'>",
     "<a href='http://x.y/\"onclick=x'>", "<img src=x onerror=alert(1)>", "<p onclick=x>", "<q dir=x lang='\"><script>'>",
     "<bdi dir=rtl lang=ar onmouseover=x>", "<p style='background:url(javascript:x)'>", "<!--", "-->", "<![CDATA[", "]]>",
     "<!DOCTYPE x [<!ENTITY a 'b'>]>", "&a;", "&#0;", "&#xD800;", "&#x202E;", "&lt;script&gt;", "<", "<<", "</", "<a <b>",
     "\"'>", "<video src=javascript:x poster='data:x'>", "<video src=https://x.y/v>", "<track src=x srclang=ar>", "</video>",
     "<aside data-type=embed>", "<aside data-type=related>", "<aside data-withheld=x data-type=figure>", "</aside>",
     "<figure data-type=gallery data-block='&quot;><script>'>", "<meta http-equiv=refresh content='0;url=x'>", "<base href=//x>"]
)  # fmt: skip


def soup(*kinds: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(st.one_of(*kinds), max_size=30).map("".join)


@settings(max_examples=times(400, 2_000), deadline=None)
@given(html=soup(HARMLESS, WICKED))
def test_only_safe_html_is_stored(html: str) -> None:
    check(html_in.read(html, "en")[0])
    check(markdown_in.read(html, "en")[0])


@settings(max_examples=times(400, 2_000), deadline=None)
@given(html=soup(HARMLESS))
def test_no_word_is_lost_or_duplicated(html: str) -> None:
    found = Counter(re.findall("[a-z]+", words_of(html_in.read(html, "en")[0])))
    shown = LexborHTMLParser(html).body
    assert found == Counter(re.findall("[a-z]+", spaced(shown.html or "" if shown else ""))), html


def spaced(html: str) -> str:
    """A page's text, its words apart."""
    text = re.sub(r"<!--.*?-->|<[^>]*>", " ", html)
    return text.replace("&nbsp;", " ").replace("&lt;", " lt ").replace("&amp;", " ")


def words_of(value: Any) -> str:
    """Every text of some blocks, their words apart."""
    if isinstance(value, dict):
        skipped = ("id", "type", "lang", "url", "src", "provider")
        return " ".join(words_of(one) for name, one in value.items() if name not in skipped)
    if isinstance(value, list):
        return " ".join(map(words_of, value))
    return spaced(value) if isinstance(value, str) else ""


@settings(max_examples=200, deadline=None)
@given(html=soup(HARMLESS, WICKED))
def test_chunked_parsing_gives_the_same_blocks(html: str) -> None:
    whole = html_in.read(html, "en")[0]
    with mock.patch.object(html_in, "CHUNK", 3):
        assert html_in.read(html, "en")[0] == whole


DEEP = 10_000
LARGE = {
    "nested": "<div>" * 400 + "x", "lists": ("<ul>" + "<li>x" * 20 + "</ul>") * 400,
    "quotes in Markdown": "> " * 100 + "x",
    "5 MB of words": "word " * 1_000_000,
    "5 MB of paragraphs": ("<p>" + ("word " * 30 + "<b>bold</b> ") * 4 + "</p>") * 7_600,
    "end tags": "x" + "</p>" * 1_000_000,
    "links that are not closed": "<a href=http://x.y/>x" * 30_000,
    "misnested": "<b><i>x</b></i>" * 13_000,
    "unclosed comments": "x" + "<!--" * 1_200_000,
    "entities": "x" + "&" * 5_000_000,
    "a style": '<p style="' + "a:b;" * 1_200_000 + '">x',
    "a picture inside": 'x<img src="data:image/png;base64,' + "A" * 5_000_000 + '">',
    "signs": "x" + "<" * 5_000_000,
    "breaks": "x" + "<br>" * 30_000 + "x",
}  # fmt: skip
SECONDS = 20.0
"""Of the processor, for the worst of them; the limit is for what grows out of proportion."""


@pytest.mark.parametrize("name", LARGE)
def test_large_html_takes_time_in_proportion(name: str) -> None:
    started = time.process_time()
    read = markdown_in.read if "Markdown" in name else html_in.read
    found, dropped = read(LARGE[name], "en")
    assert time.process_time() - started < SECONDS
    assert re.search("x|word", words_of(found))
    assert len(dropped.sentences()) <= 41


FLOODS = {
    **{f"nested {tag}": f"<{tag}>" * DEEP + "x" for tag in
       "div blockquote ul table figure b span q bdi aside section details font".split()},
    "nested rows": "<table><tr><td>" * DEEP + "x" + "</td></tr></table>" * DEEP,
    "nested lists": "<ul><li>" * DEEP + "x" + "</li></ul>" * DEEP,
    "quotes in Markdown": "> " * DEEP + "x",
    "a million elements": "<div>" * 1_000_000 + "x",
    "marks that a tree would multiply": "".join(f"<b a={at}>" for at in range(30_000)) + "<p>x" * 9_000,
    "marks opened again": "<p>" + "".join(f"<b a={at}>" for at in range(400)) + "</p>" + "<p>x" * 9_000,
    "links around blocks": "<a><div></a>" * DEEP, "boxes that end nothing": "<div><button></div></button>" * DEEP,
    "a drawing": "<svg><style>" + "<g>" * DEEP,
    "attributes": "<p " + " ".join(f"a{at}=1" for at in range(400_000)) + ">x",
    "attributes of the root": "".join(f"<html a{at}=1>" for at in range(DEEP)) + "x",
    "end tags": "<div>" * 100_000 + "</x>" * 800_000, "blocks": "<hr>" * 1_250_000,
    "headings": "<h1>x</h2>" * 100_000,
    "nested deeper": "<div>a" * 300_000 + "</div>b" * 300_000,
    "tags that close nothing": "<p><button>" + "<span>" * 480 + "<div></div>" * 100_000,
    "unclosed tags": "x" + '<a "' * 1_200_000,
    "cells": "<table>" + "<tr><td>x<td>y" * 100_000,
}  # fmt: skip


def steps_of(html: str, read: Any) -> int:
    """How many calls of Python functions it takes to refuse it."""
    count = 0

    def step(frame: Any, event: str, given: Any) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(step)
    try:
        with pytest.raises(TooMuch):
            read(html, "en")
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("name", FLOODS)
def test_html_that_takes_too_many_steps_is_refused(name: str) -> None:
    """The calls are a bound on time that does not depend on the machine; most are of `cells`."""
    read = markdown_in.read if "Markdown" in name else html_in.read
    assert steps_of(FLOODS[name], read) < 10_000_000


HOSTILE = (
    '<p onclick="x()">One <a href="javascript:x()">two</a> <a href="vbscript:x">three</a> '
    '<a href="data:text/html,&lt;script&gt;x()&lt;/script&gt;">four</a></p><script>x()</script>'
    "<svg><style><img src=x onerror=x()></style></svg><math><mtext><table><mglyph><style><!--</style>"
    '<img title="--&gt;&lt;img src=1 onerror=x()&gt;"></math><p style="background:url(javascript:x())">'
    "five</p>" + "<div><b>" * 200 + "six"
)


def test_hostile_html_is_stored_harmless(editor: Client) -> None:
    sent = {"lang": "en", "headline": "x", "body": {"html": HOSTILE}}
    answer = editor.post("/v1/articles", json=sent)
    assert answer.status_code == 201, answer.text
    body = answer.json()["body"]
    assert [block["text"] for block in body if block["text"]] == [
        "One two three four",
        "five",
        "six",
    ]
    assert "<a" not in str([block["html"] for block in body])
    told = " ".join(answer.json()["warnings"])
    for name in ("onclick", "javascript:", "vbscript:", "data:", "script", "svg", "math", "style"):
        assert re.search(rf" {name}[ ,]", told), name
    for form in ("html", "markdown", "text"):
        text = editor.get(f"/v1/articles/{answer.json()['id']}?body={form}").json()["body"]
        assert "script" not in text and "onerror" not in text
    again = editor.get(f"/v1/articles/{answer.json()['id']}?body=html").json()["body"]
    for node in LexborHTMLParser(again).css("body *"):
        assert not [name for name in node.attributes if name.startswith("on")]


def test_unsafe_urls_are_served_harmless(editor: Client) -> None:
    sent = {
        "lang": "en", "headline": "x",
        "body": [
            {"type": "video", "url": "javascript:x()", "poster": "data:text/html,x"},
            {"type": "embed", "url": "javascript:x()", "fallback": "<script>"},
            {"type": "paragraph", "text": "<script>x()</script>", "lang": "fr"},
        ],
    }  # fmt: skip
    id = editor.post("/v1/articles", json=sent).json()["id"]
    for form in ("html", "markdown"):
        text = editor.get(f"/v1/articles/{id}?body={form}").json()["body"]
        assert "javascript:" not in text and "data:text" not in text
        assert LexborHTMLParser(text).css("script") == []


def test_too_large_html_is_422_at_the_html(editor: Client) -> None:
    sent = {"lang": "en", "headline": "x", "body": {"html": FLOODS["end tags"]}}
    assert "deeper than 500" in faults(editor.post("/v1/articles", json=sent))["#/body/html"]
    sent["body"] = {"markdown": "> " * 300_000 + "x"}
    assert "deeper than 500" in faults(editor.post("/v1/articles", json=sent))["#/body/markdown"]
    large = editor.post("/v1/articles", json=sent | {"body": {"html": "x" * 10_000_000}})
    assert large.status_code == 413


def test_too_many_elements_are_422(editor: Client) -> None:
    many = {
        "html": ("<br>", "<ul><li>a</ul>", "<p></p>", "a<b>b</b>"),
        "markdown": ("- a\n", "**a** b ", "[a](http://a.b/) "),
    }
    for form, texts in many.items():
        for text in texts:
            sent = {"lang": "en", "headline": "Many", "body": {form: text * (MOST_ELEMENTS + 1)}}
            told = faults(editor.post("/v1/articles", json=sent))[f"#/body/{form}"]
            assert "40,000 elements" in told, text
    rows = "<tr><td>a</td><td>b</td></tr>" * 15_000
    sent = {"lang": "en", "headline": "Rows", "body": {"html": f"<table>{rows}</table>"}}
    assert editor.post("/v1/articles", json=sent).status_code == 201
