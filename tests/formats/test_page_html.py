"""HTML of news pages: the shapes that sites have, and what is no story at all."""

import gzip
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.attribution import known_sources
from app.formats.page import parse
from app.formats.page.model import NotAPage, Page
from scripts import page_accuracy

ONE = "The harbour board opened the eastern quay on Tuesday after a winter of repairs and delays."
TWO = "Two ferries an hour will leave from it, and the first one carried eighty people to the islands."
THREE = "Fishermen had asked for the quay since the storm of last January broke the old one in two."
AR_ONE = "افتتحت إدارة المرفأ صباح الثلاثاء الرصيف الشرقي بعد شتاء طويل من أعمال الإصلاح والتأخير."
AR_TWO = (
    "وقالت وكالة رويترز إن أول عبارة نقلت ثمانين راكبًا إلى الجزر، وإن الرحلات ستكون كل نصف ساعة."
)
HEAD = "Eastern quay opens after the repairs"


def read(html: str, **more: Any) -> Page:
    return parse.parse(
        html.encode(), tz=more.pop("tz", ZoneInfo("Asia/Beirut")), now=datetime(2026, 11, 1, tzinfo=UTC),
        known=known_sources.kind_of, **more,
    )  # fmt: skip


def texts(page: Page, kind: str = "paragraph") -> list[str]:
    return [block.text for block in page.blocks if block.type == kind]


def document(body: str, head: str = "", lang: str = "en") -> str:
    return f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">{head}</head><body>{body}</body></html>'


JSON_LD = {
    "@context": "https://schema.org", "@type": "NewsArticle", "headline": HEAD,
    "datePublished": "2026-10-20T08:30:00+03:00", "dateModified": "2026-10-20T11:00:00+03:00",
    "description": "The quay is open again.", "author": {"@type": "Person", "name": "Nour Haddad"},
    "publisher": {"@type": "Organization", "name": "Harbour Gazette"},
    "image": {"@type": "ImageObject", "url": "https://example.org/quay.jpg", "width": 1600, "height": 900},
    "mainEntityOfPage": "https://example.org/news/quay", "articleSection": "Coast",
}  # fmt: skip


def ld(*nodes: object) -> str:
    return "".join(
        f'<script type="application/ld+json">{json.dumps(node)}</script>' for node in nodes
    )


SEMANTIC = f"""
<nav><a href="/">Home</a><a href="/coast">Coast</a></nav>
<main><article>
  <h1>{HEAD}</h1>
  <p class="standfirst">The quay is open again after ten months of works.</p>
  <div class="byline">By Nour Haddad</div><time datetime="2026-10-20T08:30:00+03:00">20 October</time>
  <figure><img src="/quay.jpg" srcset="/quay-640.jpg 640w, /quay-1600.jpg 1600w" alt="The quay">
    <figcaption>Passengers on the new quay <span class="credit">Photo: Reuters</span></figcaption></figure>
  <p>{ONE} <a href="/map" onclick="steal()">See the map</a>.</p>
  <h2>What changes</h2>
  <ul><li>Two ferries an hour</li><li>A night boat on <strong>Fridays</strong></li></ul>
  <p>{TWO}</p>
  <aside class="related"><h3>Related</h3><a href="/x">Another story</a></aside>
  <blockquote><p>We waited a year for this.</p><cite>Salim Kassar, fisherman</cite></blockquote>
  <iframe src="https://www.youtube.com/embed/abc" title="The first ferry"></iframe>
  <table><caption>Departures</caption><tr><th>From</th><th>At</th></tr><tr><td>Quay</td><td>07:00</td></tr></table>
  <p>{THREE}</p>
  <p>Sources: Reuters - agencies</p>
  <script>evil()</script>
</article></main>
<footer>All rights reserved</footer>
"""


def test_a_semantic_page_part_by_part() -> None:
    page = read(document(SEMANTIC, ld(JSON_LD)), url="https://example.org/news/quay")
    assert page.headline == HEAD and page.lang == "en"
    assert page.summary == "The quay is open again after ten months of works."
    assert page.published_at == datetime(2026, 10, 20, 5, 30, tzinfo=UTC)
    assert page.updated_at == datetime(2026, 10, 20, 8, tzinfo=UTC)
    assert page.byline == ["Nour Haddad"] and page.section == ["Coast"]
    assert page.url == "https://example.org/news/quay"
    kinds = [block.type for block in page.blocks]
    assert kinds == [
        "paragraph", "heading", "list", "paragraph", "quote", "embed", "table", "paragraph"
    ]  # fmt: skip
    assert page.blocks[1].level == 2 and page.blocks[2].items[1].endswith(
        "<strong>Fridays</strong>"
    )
    assert page.blocks[4].who == "Salim Kassar, fisherman"
    assert page.blocks[5].provider == "youtube"
    assert page.blocks[6].rows == [["From", "At"], ["Quay", "07:00"]]
    assert page.sources_line == "Reuters - agencies"
    lead = page.lead_image
    assert lead is not None and lead.url == "https://example.org/quay-1600.jpg"
    assert (lead.caption, lead.credit) == ("Passengers on the new quay", "Reuters")
    assert 'href="https://example.org/map"' in page.blocks[0].html
    assert "onclick" not in page.blocks[0].html


def test_each_text_of_a_page_ends_once() -> None:
    page = read(document(SEMANTIC, ld(JSON_LD)))
    said = [line.text for line in page.lines]
    for text in (ONE, TWO, THREE, "What changes", HEAD):
        assert sum(text in one for one in said) == 1, text
    out = {line.text: line.reason for line in page.lines if line.field is None}
    assert any("Another story" in text for text in out)
    assert all(line.field or line.reason for line in page.lines)
    assert "Another story" not in " ".join(texts(page))


DIV_SOUP = f"""
<div id="top"><div class="menu"><a href=/a>A</a> <a href=/b>B</a> <a href=/c>C</a></div></div>
<div class="wrap overflow-hidden sticky-columns"><div class="col widget">
  <div class="t1">{HEAD}</div>
  <div class="c9">{ONE}<br><br>{TWO}<br/><br/>{THREE}</div>
  <div class="share">Facebook Twitter</div>
</div></div>
"""
ARABIC = f"""
<div class="post tag-harbour category-coast"><h1 class="entry-title">الرصيف الشرقي يفتح أبوابه من جديد</h1>
<div class="post-meta">بيروت | الثلاثاء 20 أكتوبر 2026</div>
<div class="wp-caption"><img src="https://example.org/wp-content/rasif-750x375.jpg" width="750" height="375">
<p class="wp-caption-text">ركاب على الرصيف الجديد - رويترز</p></div>
<div class="entry-content"><p>{AR_ONE}</p><p>{AR_TWO}</p>
<p><strong>ماذا يتغير؟ </strong></p><p>{AR_ONE.replace("صباح", "ظهر")}</p>
<p>المصادر: العربي - وكالات</p><p>اقرأ أيضا: <a href="/other">خبر آخر لا صلة له</a></p></div>
<div id="comments"><p>{AR_TWO.replace("رويترز", "أحد القراء")}</p></div></div>
"""
AMP = f"""
<amp-sidebar><ul><li><a href="/">Home</a></li></ul></amp-sidebar>
<h1>{HEAD}</h1><amp-img src="https://example.org/quay.jpg" width="1200" height="675" alt="The quay"></amp-img>
<p>{ONE}</p><p>{TWO}</p><p>{THREE}</p>
"""
MICRODATA = f"""
<div itemscope itemtype="https://schema.org/NewsArticle"><h1 itemprop="headline">{HEAD}</h1>
<meta itemprop="datePublished" content="2026-10-20T08:30:00Z"><span itemprop="author">Nour Haddad</span>
<div itemprop="articleBody"><p>{ONE}</p><p>{TWO}</p></div></div>
"""
FORM = f'<form id="aspnet"><h1>{HEAD}</h1><div>{"<p>" + ONE + "</p>"}{"<p>" + TWO + "</p>"}{f"<p>{THREE}</p>" * 14}</div></form>'


@pytest.mark.parametrize(
    ("html", "least"),
    [
        (document(DIV_SOUP, f"<title>{HEAD} | Harbour Gazette</title>"), [ONE, TWO, THREE]),
        (document(AMP), [ONE, TWO, THREE]),
        (document(MICRODATA), [ONE, TWO]),
        (document(FORM), [ONE, TWO]),
        (document(SEMANTIC), [TWO, THREE]),
        (f"<h1>{HEAD}</h1><p>{ONE}<p>{TWO}<p>{THREE}", [ONE, TWO, THREE]),
    ],
    ids=["div-soup", "amp", "microdata", "form", "no-metadata", "no-html"],
)
def test_other_shapes_of_pages(html: str, least: list[str]) -> None:
    page = read(html)
    assert page.headline == HEAD
    assert [one for one in least if one not in texts(page)] == []
    assert "Facebook Twitter" not in " ".join(texts(page))


def test_an_arabic_page_of_a_well_known_publishing_system() -> None:
    page = read(document(ARABIC, lang="ar"))
    assert page.headline == "الرصيف الشرقي يفتح أبوابه من جديد" and page.lang == "ar"
    assert texts(page)[:2] == [AR_ONE, AR_TWO] and len(texts(page)) == 3
    assert texts(page, "heading") == ["ماذا يتغير؟"]
    assert page.sources_line == "العربي - وكالات"
    assert page.date_line and "20 أكتوبر 2026" in page.date_line
    assert page.lead_image and page.lead_image.credit == "رويترز"
    named = [(one.name, one.scope, one.role) for one in page.mentions]
    assert ("رويترز", "block", "reported") in named and ("رويترز", "image", "photographed") in named
    assert ("العربي", "article", "origin") in named
    assert "أحد القراء" not in " ".join(texts(page))


def test_a_page_made_in_the_browser_is_read_from_its_metadata() -> None:
    body = f"{ONE}\n\n{TWO}\n\n{THREE}"
    page = read(document('<div id="app"></div>', ld({**JSON_LD, "articleBody": body})))
    assert texts(page) == [ONE, TWO, THREE] and page.headline == HEAD
    assert page.lead_image and page.lead_image.url == "https://example.org/quay.jpg"


def test_metadata_in_a_graph_and_with_faults() -> None:
    graph = {
        "@graph": [
            {"@type": "WebPage", "name": "x"},
            {**JSON_LD, "@type": ["Article", "NewsArticle"]},
        ]
    }
    broken = '<script type="application/ld+json">{"headline": </script>'
    page = read(document(f"<h1>{HEAD}</h1><p>{ONE}</p><p>{TWO}</p>", broken + ld(graph)))
    assert page.published_at == datetime(2026, 10, 20, 5, 30, tzinfo=UTC)
    assert page.byline == ["Nour Haddad"]


def test_open_graph_alone() -> None:
    head = (
        f'<meta property="og:title" content="{HEAD} - Harbour Gazette">'
        '<meta property="og:type" content="article"><meta property="og:site_name" content="Harbour Gazette">'
        '<meta property="article:published_time" content="2026-10-20T08:30:00Z">'
        '<meta property="og:image" content="https://example.org/quay.jpg">'
        '<link rel="canonical" href="https://example.org/news/quay">'
    )
    page = read(document(f"<h2>{HEAD}</h2><div><p>{ONE}</p><p>{TWO}</p></div>", head))
    assert page.headline == HEAD and page.url == "https://example.org/news/quay"
    assert page.lead_image and page.published_at == datetime(2026, 10, 20, 8, 30, tzinfo=UTC)


def test_one_picture_stands_once() -> None:
    body = f'<article><h1>{HEAD}</h1><p>{ONE}</p><figure><img src="https://example.org/quay-640x360.jpg">' \
        f"<figcaption>The quay at seven</figcaption></figure><p>{TWO}</p></article>"  # fmt: skip
    page = read(document(body, ld(JSON_LD)))
    assert page.lead_image and page.lead_image.caption == "The quay at seven"
    assert not [block for block in page.blocks if block.type == "figure"]


INDEX = "<main><h1>Coast</h1>" + "".join(
    f'<div><h2><a href="/s{n}">Story number {n} of the coast</a></h2><p>{ONE}</p></div>'
    for n in range(20)
)


@pytest.mark.parametrize(
    "html",
    [
        document("<h1>Not found</h1><p>There is nothing here.</p>"),
        document("<div>" + "<a href='/x'>Link to something else</a> " * 200 + "</div>"),
        document(INDEX),
        document(""),
        "<html></html>",
    ],
    ids=["404", "links", "index", "empty-body", "empty"],
)
def test_what_is_no_story_is_refused(html: str) -> None:
    with pytest.raises(NotAPage, match=r"\w{3,}"):
        read(html)


def test_hostile_markup_leaves_nothing_behind() -> None:
    bad = (
        f'<article><h1>{HEAD}</h1><p>{ONE}<img src=x onerror=alert(1)></p><p><a href="javascript:alert(1)">{TWO}</a> it'
        f' goes on and on for a while here.</p><p>{THREE}<svg onload=alert(1)><style>p{{}}</style></p>'
        '<iframe src="javascript:alert(1)"></iframe><img src="data:image/png;base64,AAAA">'
        '<p onclick="x()">The last paragraph of this story says nothing that is bad.</p></article>'
    )  # fmt: skip
    page = read(document(bad))
    whole = " ".join(block.html + (block.url or "") for block in page.blocks)
    assert not re.search(r"javascript:|onerror|onclick|<svg|<style|data:", whole)
    assert len(texts(page)) == 4


@pytest.mark.parametrize("depth", [100, 140])
def test_depth_costs_nothing(depth: int) -> None:
    inner = f"<p>{ONE}</p><p>{TWO}</p>"
    page = read(document(f"<h1>{HEAD}</h1>" + "<div>" * depth + inner + "</div>" * depth))
    assert page.headline == HEAD
    assert ONE in " ".join(line.text for line in page.lines)


def test_a_very_large_page() -> None:
    body = f"<article><h1>{HEAD}</h1>" + f"<p>{ONE}</p>" * 9_900 + "</article>"
    assert len(read(document(body)).blocks) == 9_900


@pytest.mark.parametrize("codec", ["windows-1256", "utf-16", "iso-8859-6"])
def test_encodings_of_arabic_pages(codec: str) -> None:
    html = document(ARABIC, lang="ar").replace("utf-8", codec).replace("؟", "؟")
    data = html.encode(codec, "replace")
    page = parse.parse(
        data, tz=UTC, now=datetime.now(UTC), known=known_sources.kind_of,
        content_type=None if codec == "utf-16" else f"text/html; charset={codec}",
    )  # fmt: skip
    assert page.headline == "الرصيف الشرقي يفتح أبوابه من جديد"


def pages_in(folder: Path) -> list[Path]:
    found = sorted([*folder.glob("*.html"), *folder.glob("*.html.gz")])
    assert found, folder
    return found


def test_real_pages_of_the_world(shared: Path) -> None:
    """Paragraphs against the truth files; four of them belong to another story than their page."""
    scores: dict[str, float] = {}
    for path in pages_in(shared / "samples/html-world"):
        page = page_accuracy.read(path)
        truth = path.with_name(path.name + ".truth.json")
        assert page.headline and page.published_at, path.name
        if not page_accuracy.is_of_another(page, truth):
            scores[path.name] = page_accuracy.score(page, truth)[2]
    assert len(scores) >= 10
    assert sum(scores.values()) / len(scores) >= 0.95, scores
    assert min(scores.values()) >= 0.85, scores


def test_real_pages_in_arabic(shared: Path) -> None:
    for path in pages_in(shared / "samples/html-ar"):
        page = page_accuracy.read(path)
        assert page.headline and page.lead_image and len(page.blocks) >= 3, path.name
        assert page.published_at or page.date_line, path.name


def test_packed_pages_are_unpacked() -> None:
    packed = gzip.compress(document(SEMANTIC).encode())
    page = parse.parse(packed, tz=UTC, now=datetime.now(UTC))
    assert page.headline == HEAD
