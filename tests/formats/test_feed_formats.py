"""RSS, Atom and JSON Feed as pure functions: whatever a story holds, it is in the feed, and the feed
is one. Golden files: ISNAD_GOLDEN=write renews them."""

import calendar
import os
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import fastfeedparser
import feedparser
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.formats.feeds import atom, json_feed, rss
from app.formats.feeds.feed import Feed, Tombstone, published_at, title_of, updated_at, xml_text
from app.formats.feeds.xml import DC, LANG, NAR, TOMBSTONES
from tests.support import feed_rules

GOLDEN = Path(__file__).parent.parent / "golden"
RENDER = {"rss": rss.render, "atom": atom.render, "json": json_feed.render}
SITE = "https://news.example"
Json = dict[str, Any]


def feed_of(stories: list[Json], name: str = "rss", **more: Any) -> Feed:
    return Feed(**{
        "title": "Al Marsa – Harbour", "publisher": "Al Marsa", "authority": "news.example,2026",
        "name": "sec_harbour", "home_url": f"{SITE}/ar/harbour",
        "self_url": f"{SITE}/feeds/harbour.{name}", "default_lang": "ar", "stories": stories,
        "about": f"{SITE}/docs", **more,
    })  # fmt: skip


STORY: Json = orjson.loads((GOLDEN / "article.json").read_bytes())
GONE = [
    Tombstone("art_gone", datetime(2026, 3, 2, 9, tzinfo=UTC), {"ar": "سُحب الخبر."}),
    Tombstone("art_gone", datetime(2026, 3, 1, 9, tzinfo=UTC)),
    Tombstone(STORY["id"], datetime(2026, 3, 3, 9, tzinfo=UTC)),
]


@pytest.mark.parametrize("name", RENDER)
def test_each_format_equals_its_golden_file(name: str) -> None:
    made = RENDER[name](feed_of([STORY], name, tombstones=GONE, next_url=f"{SITE}/feeds/harbour.{name}?cursor=x",
                                first_url=f"{SITE}/feeds/harbour.{name}"))  # fmt: skip
    file = GOLDEN / f"story.{name}"
    if os.environ.get("ISNAD_GOLDEN") == "write":
        file.write_bytes(made)
    assert made == file.read_bytes()
    assert feed_rules.FAULTS[name](made, f"{SITE}/feeds/harbour.{name}") == []


def test_only_withdrawn_stories_have_a_tombstone() -> None:
    root = feed_rules.tree_of(atom.render(feed_of([STORY], "atom", tombstones=GONE)))
    [gone] = root.findall(f"{{{TOMBSTONES}}}deleted-entry")
    assert gone.get("ref") == "tag:news.example,2026:art_gone"
    assert gone.get("when") == "2026-03-02T09:00:00Z"
    [comment] = gone.findall(f"{{{TOMBSTONES}}}comment")
    assert (comment.text, comment.get(LANG)) == ("سُحب الخبر.", "ar")
    assert root.findtext(f"{feed_rules.A}updated") == "2026-03-03T09:00:00Z"


def test_a_tombstones_comment_has_the_best_language_of_the_notice() -> None:
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    for notice, lang, feed_lang, expected in (
        ({"ar": "سُحب.", "en": "Withdrawn."}, "en", None, "en"),
        ({"ar": "سُحب.", "en": "Withdrawn."}, "en", "ar", "ar"),
        ({"ar": "سُحب.", "fr": "Retiré."}, "en", None, "ar"),
        ({"fr": "Retiré."}, "en", None, "fr"),
    ):
        gone = [Tombstone("art_gone", at, notice, lang)]
        root = feed_rules.tree_of(atom.render(feed_of([], "atom", tombstones=gone, lang=feed_lang)))
        [comment] = root.iter(f"{{{TOMBSTONES}}}comment")
        assert (comment.get(LANG), comment.text) == (expected, notice[expected])


def test_json_feed_lists_withdrawals_in_its_extension() -> None:
    made = orjson.loads(json_feed.render(feed_of([STORY], "json", tombstones=GONE)))
    assert made["_isnad"]["withdrawn"] == [
        {"id": "tag:news.example,2026:art_gone", "at": "2026-03-02T09:00:00Z", "notice": {"ar": "سُحب الخبر."}}
    ]  # fmt: skip
    assert "expired" not in made


def test_an_rss_feeds_build_date_is_that_of_a_later_withdrawal() -> None:
    made = rss.render(feed_of([STORY], tombstones=GONE))
    assert b"<lastBuildDate>Tue, 03 Mar 2026 09:00:00 GMT</lastBuildDate>" in made
    assert b"art_gone" not in made


def test_a_story_without_a_summary_is_summed_up_by_its_headline() -> None:
    story = {**STORY, "summary": None}
    for full in (True, False):
        [entry] = feedparser.parse(atom.render(feed_of([story], "atom", full=full))).entries
        assert entry.summary == story["headline"]
        [item] = orjson.loads(json_feed.render(feed_of([story], "json", full=full)))["items"]
        assert item["summary"] == story["headline"]


def test_a_caption_is_no_summary_and_the_first_credit_is_the_one_to_show() -> None:
    for name in ("rss", "atom"):
        for full in (True, False):
            [entry] = feedparser.parse(RENDER[name](feed_of([STORY], name, full=full))).entries
            words = entry.summary + entry.summary_detail.value
            words += "" if full else "".join(one.value for one in entry.get("content", []))
            assert "رحلة كل نصف ساعة" in words and "العبّارة الأولى" not in words
            assert len(entry.get("content", [])) == (full or name == "atom")
            credits = [one["content"] for one in entry.media_credit]
            assert credits[:2] == ["تصوير: كلير", "Claire Besson"]


def test_durations_are_whole_seconds() -> None:
    for seconds, told in ((366.5, 366), (128.0, 128), (0.2, 1), (61, 61)):
        sound = {"type": "audio", "url": f"{SITE}/a.mp3", "mime": "audio/mpeg", "duration": seconds}
        made = {name: RENDER[name](feed_of([{**STORY, "body": [sound]}], name)) for name in RENDER}
        assert f' duration="{told}"'.encode() in made["rss"]
        assert f' duration="{told}"'.encode() in made["atom"]
        [item] = orjson.loads(made["json"])["items"]
        assert len(item["attachments"]) == 2
        assert item["attachments"][0]["duration_in_seconds"] == told
        assert isinstance(item["attachments"][0]["duration_in_seconds"], int)


def test_a_recording_without_a_picture_is_one_enclosure() -> None:
    sound = {"type": "audio", "url": f"{SITE}/a.mp3", "mime": "audio/mpeg"}
    story = {**STORY, "lead_image": None, "body": [sound]}
    [item] = orjson.loads(json_feed.render(feed_of([story], "json")))["items"]
    assert [one["url"] for one in item["attachments"]] == [f"{SITE}/a.mp3"]
    assert atom.render(feed_of([story], "atom")).count(b'rel="enclosure"') == 1


def test_the_links_of_an_atom_entry_are_page_then_files_then_original() -> None:
    root = feed_rules.tree_of(atom.render(feed_of([STORY], "atom")))
    links = root.find(f"{feed_rules.A}entry").findall(f"{feed_rules.A}link")
    assert [link.get("rel") for link in links] == ["alternate", "enclosure", "enclosure", "via"]
    assert [link.get("type") for link in links[1:3]] == ["audio/mpeg", "image/jpeg"]
    assert (links[2].get("href"), links[2].get("length")) == (f"{SITE}/media/ferry.jpg", "45917")


def test_an_empty_feed_is_valid() -> None:
    for name, render in RENDER.items():
        made = render(feed_of([], name))
        assert feed_rules.FAULTS[name](made, f"{SITE}/feeds/harbour.{name}") == []


def test_direction_credit_and_rights_are_in_every_format() -> None:
    for name in ("rss", "atom"):
        root = feed_rules.tree_of(RENDER[name](feed_of([STORY], name)))
        [line] = root.iter(f"{{{NAR}}}creditline")
        assert line.text == "المصادر: المرسى - وكالات"
        assert [one.text for one in root.iter(f"{{{DC}}}source")] == [
            "المرسى",
            "رويترز",
            "فرانس برس",
        ]
        text = "".join(root.itertext())
        assert '<div lang="ar" dir="rtl">' in text
        assert '<p data-block="b2" lang="en" dir="ltr">' in text
        assert "<footer><p>المصادر: المرسى - وكالات</p></footer>" in text
        assert "تصوير: كلير" in text and "© 2026 Reuters" in text and "للنشر مرة واحدة" in text
    [item] = orjson.loads(json_feed.render(feed_of([STORY], "json")))["items"]
    assert item["_isnad"]["credit_line"] == "المصادر: المرسى - وكالات"
    assert [one["slug"] for one in item["_isnad"]["sources"]] == ["al-marsa", "reuters", "afp"]
    assert item["external_url"] == "https://www.reuters.com/world/ferry"
    assert item["attachments"][0]["mime_type"] == "audio/mpeg"


def test_a_correction_changes_the_time_but_not_the_id() -> None:
    before = {**STORY, "corrections": [], "version": 1}
    for name in RENDER:
        one, other = (
            feedparser_ids(RENDER[name](feed_of([story], name)), name) for story in (before, STORY)
        )
        assert one == other == ["tag:news.example,2026:art_goldenferry"]
    assert updated_at(before) < updated_at(STORY) == datetime(2026, 2, 16, 8, tzinfo=UTC)


def feedparser_ids(body: bytes, name: str) -> list[str]:
    if name == "json":
        return [one["id"] for one in orjson.loads(body)["items"]]
    return [one.id for one in feedparser.parse(body).entries]


def test_withheld_content_is_in_no_format() -> None:
    secret = "https://news.example/media/secret.jpg"
    withheld = {"reason": "rights.territory"}
    story = {
        **STORY,
        "lead_image": {**STORY["lead_image"], "url": secret, "withheld": withheld},
        "body": [
            {"id": "x", "type": "paragraph", "html": "Secret words", "text": "Secret words", "withheld": withheld},
            {"id": "y", "type": "video", "url": secret, "html": "", "text": "", "withheld": withheld},
            {"id": "z", "type": "figure", "image": {"url": secret, "withheld": withheld}, "withheld": None},
        ],
    }  # fmt: skip
    for name, render in RENDER.items():
        made = render(feed_of([story], name))
        assert b"secret.jpg" not in made and b"Secret words" not in made


ARABIC = re.compile("[\u0621-\u0652 ]+")
NASTY = st.text(st.characters(exclude_categories=()), max_size=40)
CONTROLS = st.text(
    st.sampled_from("ab\x00\x01\x08\x0b\x0c\x1b\x7f\x85\x9f\ufffe\uffff\ud800\udfff\r\n\t"),
    max_size=12,
)
MARKUP = st.sampled_from(
    ["<b>bold</b> & co", "]]> &amp; <", "<script>alert(1)</script>", "a &lt; b", "&#0;", "{{x}}"]
)
PLAIN = st.sampled_from(["مرسى زين يفتح رصيفه", "Rain in the hills", "🚢🌊👩‍👩‍👧 alert", "مَطَرٌ في الـجبال", "x" * 10_000,
                         "خبر " * 2_500, "عاجل: rain 50%"])  # fmt: skip
TEXT = st.one_of(PLAIN, MARKUP, CONTROLS, NASTY)
ODD = st.one_of(st.none(), st.just(""), st.integers(), st.floats(), st.booleans(), st.just([]), st.just({}),
                st.lists(st.none(), max_size=2), st.just({"ar": None}), NASTY)  # fmt: skip
TIME = st.one_of(
    st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)).map(lambda at: at.replace(tzinfo=UTC).isoformat().replace("+00:00", "Z")),
    st.sampled_from(["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "yesterday", "2026-02-30T10:00:00Z", "2026-01-01T10:00:00"]),
)  # fmt: skip
URL = st.one_of(
    st.sampled_from(["https://news.example/ar/خبر", "https://news.example/a b?q=1&r=<x>", "ftp://x/y", "/relative", "https://[bad", "javascript:alert(1)", "http://"]),
    NASTY,
)  # fmt: skip


def odd(valid: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Mostly what a field holds, at times what it never should."""
    return st.one_of(valid, valid, valid, ODD)


NAMES = odd(st.dictionaries(st.sampled_from(["ar", "en", "fr", ""]), TEXT, max_size=3))
SOURCE = odd(
    st.fixed_dictionaries(
        {}, optional={"id": TEXT, "slug": TEXT, "kind": TEXT, "name": NAMES, "url": odd(URL)}
    )
)
IMAGE = odd(st.fixed_dictionaries({}, optional={
    "url": odd(URL), "alt": odd(TEXT), "caption": odd(TEXT), "credit": odd(TEXT), "photographer": odd(TEXT),
    "copyright": odd(TEXT), "width": odd(st.integers(1, 9000)), "height": odd(st.integers(1, 9000)),
    "withheld": st.none(), "renditions": odd(st.lists(st.fixed_dictionaries({"format": odd(st.just("jpeg")), "bytes": odd(st.integers(1, 10**9))}), max_size=2)),
}))  # fmt: skip
BLOCK = odd(st.fixed_dictionaries({"type": odd(st.sampled_from([
    "paragraph", "heading", "figure", "gallery", "video", "audio", "quote", "list", "table", "embed",
    "related", "correction", "divider", "hologram",
]))}, optional={
    "id": odd(TEXT), "lang": odd(st.just("en")), "dir": odd(st.just("ltr")), "html": odd(TEXT), "text": odd(TEXT),
    "withheld": st.none(), "level": odd(st.integers(2, 4)), "image": IMAGE, "images": odd(st.lists(IMAGE, max_size=2)),
    "url": odd(URL), "mime": odd(st.sampled_from(["video/mp4", "audio/mpeg"])), "poster": odd(URL),
    "duration": odd(st.floats(0, 9000)), "caption": odd(TEXT), "credit": odd(TEXT), "who": odd(TEXT),
    "ordered": odd(st.booleans()), "items": odd(st.lists(odd(TEXT), max_size=3)), "header": odd(st.booleans()),
    "rows": odd(st.lists(odd(st.lists(odd(TEXT), max_size=3)), max_size=3)), "title": odd(TEXT),
    "articles": odd(st.lists(odd(st.fixed_dictionaries({"url": odd(URL), "headline": odd(TEXT)})), max_size=2)),
    "correction": odd(TEXT),
}))  # fmt: skip
SECTION = odd(
    st.fixed_dictionaries(
        {}, optional={"path": odd(TEXT), "slug": odd(TEXT), "name": NAMES, "url": odd(URL)}
    )
)
PERSON = odd(st.fixed_dictionaries({}, optional={
    "name": NAMES, "role": odd(st.sampled_from(["reporter", "editor"])), "url": odd(URL), "image": odd(URL)}))  # fmt: skip
LINK = odd(st.fixed_dictionaries({}, optional={
    "role": odd(st.sampled_from(["origin", "relayed"])), "source": SOURCE, "scope": odd(st.just({"article": "x"})), "url": odd(URL)}))  # fmt: skip
NOTICE = odd(
    st.fixed_dictionaries(
        {}, optional={"id": odd(TEXT), "kind": odd(TEXT), "text": NAMES, "at": odd(TIME)}
    )
)
GENERATED = st.fixed_dictionaries({}, optional={
    "headline": odd(TEXT), "short_headline": odd(TEXT), "summary": odd(TEXT), "slug": odd(TEXT), "kind": odd(st.just("news")),
    "lang": odd(st.sampled_from(["ar", "en", "ar-LB", "zz zz", "x" * 40])), "dir": odd(st.sampled_from(["rtl", "ltr"])),
    "url": odd(URL), "version": odd(st.integers(1, 99)), "section": SECTION, "sections": odd(st.lists(SECTION, max_size=2)),
    "tags": odd(st.lists(SECTION, max_size=3)), "contributors": odd(st.lists(PERSON, max_size=3)), "lead_image": IMAGE,
    "body": odd(st.lists(BLOCK, max_size=5)), "sources": odd(st.lists(SOURCE, max_size=3)), "credit_line": NAMES,
    "credit_line_override": NAMES, "attributions": odd(st.lists(LINK, max_size=2)), "corrections": odd(st.lists(NOTICE, max_size=2)),
    "rights": odd(st.fixed_dictionaries({"usage_terms": odd(TEXT)})), "created_at": odd(TIME), "first_published_at": odd(TIME),
    "published_at": odd(TIME), "updated_at": odd(TIME), "modified_at": odd(TIME),
})  # fmt: skip


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(GENERATED, min_size=5, max_size=5), st.booleans())
def test_a_story_with_an_invalid_field_stays_in_the_feed(stories: list[Json], full: bool) -> None:
    """500 stories: valid by the rules, and read back with the same titles, ids and dates."""
    stories = [{**story, "id": f"art_{place}"} for place, story in enumerate(stories)]
    for name, render in RENDER.items():
        made = render(feed_of(stories, name, full=full))
        assert feed_rules.FAULTS[name](made, f"{SITE}/feeds/harbour.{name}") == []
        told = [(f"tag:news.example,2026:{one['id']}", published_at(one)) for one in stories]
        assert read_by_us(made, name) == [
            (id, shown(one, name), at.replace(microsecond=0) if name == "rss" else at)
            for (id, at), one in zip(told, stories, strict=True)
        ]  # fmt: skip
        if name == "json":
            continue
        there = feedparser.parse(made)
        assert not there.bozo, there.get("bozo_exception")
        assert [one.id for one in there.entries] == [id for id, _ in told]
        for one, (_, at), story in zip(there.entries, told, stories, strict=True):
            assert abs(calendar.timegm(one.published_parsed) - at.timestamp()) < 1
            if plain(title_of(story)):
                assert one.title == title_of(story).strip()


def plain(title: str) -> bool:
    """Whether a parser has nothing to guess at: it takes some letters for a wrong encoding."""
    return title == " ".join(title.split()) and bool(
        re.fullmatch("[\\w🚢🌊 -]+", title, re.ASCII) or ARABIC.fullmatch(title)
    )


def shown(story: Json, name: str) -> str:
    title = title_of(story)
    return title if name == "json" else xml_text(title)


def read_by_us(body: bytes, name: str) -> list[tuple[str, str, datetime]]:
    """Ids, titles and dates as XML and JSON have them."""
    if name == "json":
        return [
            (one["id"], one["title"], datetime.fromisoformat(one["date_published"]))
            for one in orjson.loads(body)["items"]
        ]
    root, a = feed_rules.tree_of(body), feed_rules.A
    if name == "rss":
        found = [(i.findtext("guid"), i.findtext("title"), i) for i in root.iter("item")]
    else:
        found = [(e.findtext(f"{a}id"), e.findtext(f"{a}title"), e) for e in root.iter(f"{a}entry")]
    return [(id, title, date_of(one, name)) for id, title, one in found]


def date_of(one: Any, name: str) -> datetime:
    if name == "atom":
        return datetime.fromisoformat(one.findtext(f"{feed_rules.A}published"))
    return parsedate_to_datetime(one.findtext("pubDate"))


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(stories=st.lists(GENERATED, min_size=5, max_size=5), full=st.booleans())
def test_feeds_of_generated_stories_are_valid(
    shared: Path, stories: list[Json], full: bool
) -> None:
    """The same kind of stories against RFC 4287's grammar and the schema of JSON Feed."""
    stories = [{**story, "id": f"art_{place}"} for place, story in enumerate(stories)]
    schemas = schemas_at(shared)
    assert (
        schemas.atom_faults(atom.render(feed_of(stories, "atom", full=full, tombstones=GONE))) == []
    )
    assert schemas.json_faults(json_feed.render(feed_of(stories, "json", full=full))) == []


MADE: dict[Path, feed_rules.Schemas] = {}


def schemas_at(shared: Path) -> feed_rules.Schemas:
    if shared not in MADE:
        MADE[shared] = feed_rules.Schemas(shared)
    return MADE[shared]


def test_the_validators_find_errors(shared: Path) -> None:
    schemas = schemas_at(shared)
    good = atom.render(feed_of([STORY], "atom"))
    assert schemas.atom_faults(good) == []
    assert schemas.atom_faults(
        good.replace(b"<updated>", b"<renewed>").replace(b"</updated>", b"</renewed>")
    )
    made = orjson.loads(json_feed.render(feed_of([STORY], "json")))
    del made["items"][0]["content_html"]
    assert schemas.json_faults(orjson.dumps(made))


@pytest.mark.parametrize("name", RENDER)
def test_a_feed_parser_reads_the_same_values(name: str) -> None:
    stories = [{**STORY, "id": f"art_{n}", "headline": f"خبر رقم {n} 🚢"} for n in range(20)]
    there = fastfeedparser.parse(RENDER[name](feed_of(stories, name)))
    assert [one["title"] for one in there.entries] == [one["headline"] for one in stories]
    assert [one["id"] for one in there.entries] == [
        f"tag:news.example,2026:{one['id']}" for one in stories
    ]
    assert {one["published"] for one in there.entries} == {"2026-02-14T06:30:00+00:00"}
