"""What feed readers show of the demo stories: the table of docs/feeds.md, measured again.

A cell of the table is `✓` (right for every story), or the letters of the notes below it, which say why not.
"""

import html
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.formats.feeds.feed import published_at, updated_at
from tests.conftest import Client
from tests.formats.test_feed_formats import RENDER, STORY, feed_of
from tests.support import feed_readers
from tests.support.feed_readers import FIELDS, Entry

PAGE = (Path(__file__).parent.parent.parent / "docs/feeds.md").read_text()
FORMATS = {"RSS": "rss", "Atom": "atom", "JSON Feed": "json"}
Story = dict[str, Any]
Read = dict[tuple[str, str], list[Entry]]


def plain(text: str | None) -> str:
    """The words of HTML or of a text."""
    return " ".join(re.sub("<[^>]*>", " ", html.unescape(text or "")).split())


def names(story: Story) -> tuple[str, ...]:
    return tuple(
        one["name"].get(story["lang"]) or one["name"]["ar"]
        for one in story["contributors"] if one["role"] == "reporter"
    )  # fmt: skip


RIGHT: dict[str, Callable[[Entry, Story, str], bool]] = {
    "title": lambda entry, story, _: plain(entry.title) == story["headline"],
    "published": lambda entry, story, _: entry.published == published_at(story),
    "updated": lambda entry, story, _: entry.updated == updated_at(story),
    # without a reporter the publisher, who is the feed's author, stands for all: RFC 4287
    "authors": lambda entry, story, _: entry.authors == names(story)
    or (not names(story) and entry.authors in ((), ("Isnad",))),
    "summary": lambda entry, story, _: plain(entry.summary) == (story["summary"] or story["headline"]),
    "body": lambda entry, _, body: plain(entry.body) == plain(body),
    "picture": lambda entry, story, _: entry.picture == (story["lead_image"] or {}).get("url"),
    "credit": lambda entry, story, _: entry.credit == (story["lead_image"] or {}).get("credit"),
    "language": lambda entry, story, _: entry.language == story["lang"],
}  # fmt: skip


def documented() -> dict[tuple[str, str], dict[str, str]]:
    """The table of docs/feeds.md: cells by reader and format."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")]
            for line in PAGE.splitlines() if line.startswith("| ") and line.count("|") == 12]  # fmt: skip
    head, rows = rows[0], rows[1:]
    assert [name.lower() for name in head[2:]] == FIELDS
    return {(row[0], FORMATS[row[1]]): dict(zip(FIELDS, row[2:], strict=True)) for row in rows}


@pytest.fixture(scope="module")
def stories(demo: Client) -> list[Story]:
    ids = [card["id"] for card in demo.get("/v1/articles?limit=100").json()["items"]]
    return [demo.get(f"/v1/articles/{id}").json() for id in ids]


@pytest.fixture(scope="module")
def found(demo: Client) -> Read:
    """The entries of the feeds in full ("rss") and of the feeds of summaries ("rss, summary")."""
    feeds = {}
    for one in FORMATS.values():
        feeds[one] = demo.get(f"/feeds/all.{one}?limit=100").content
        feeds[f"{one}, summary"] = demo.get(f"/feeds/all.{one}?limit=100&content=summary").content
    return feed_readers.read(feeds)


def test_the_documented_table_is_what_readers_show(
    demo: Client, stories: list[Story], found: Read
) -> None:
    items = demo.get("/feeds/all.json?limit=100").json()["items"]
    bodies = [item["content_html"] for item in items]
    table = documented()
    assert {row for row in found if "summary" not in row[1]} == table.keys()
    for row, cells in table.items():
        shown = list(zip(found[row], stories, bodies, strict=True))
        right = {name for name, check in RIGHT.items() if all(check(*one) for one in shown)}
        assert right == {name for name, cell in cells.items() if cell == "✓"}, row


def test_each_gap_of_the_table_has_a_note() -> None:
    notes = set(re.findall(r"^- \*\*([a-z])\*\* ", PAGE, re.MULTILINE))
    cells = {cell for row in documented().values() for cell in row.values()} - {"✓"}
    assert cells == notes != set()


def test_a_reader_of_summaries_takes_no_caption_for_the_text(
    stories: list[Story], found: Read
) -> None:
    rows = {row: entries for row, entries in found.items() if "summary" in row[1]}
    assert len(rows) == len(documented())
    for row, entries in rows.items():
        for entry, story in zip(entries, stories, strict=True):
            assert RIGHT["summary"](entry, story, ""), row
            assert plain(entry.body) in ("", story["summary"] or story["headline"]), row


ALL, FIRST, LAST = ("ليلى", "رنا"), ("ليلى",), ("رنا",)
OF_TWO_REPORTERS = {
    ("reader", "rss"): LAST, ("reader", "atom"): LAST,
    ("atoma", "rss"): (), ("atoma", "json"): FIRST,
    **{("fastfeedparser", one): FIRST for one in RENDER},
    ("rss-parser", "rss"): FIRST, ("rss-parser", "atom"): FIRST,
    ("feedparser (npm)", "rss"): FIRST, ("feedparser (npm)", "atom"): ("Al Marsa",),
}  # fmt: skip
"""What readers show that do not show both."""


def test_readers_show_signs_of_markup_and_reporters_as_documented() -> None:
    title, summary = "AT&T قالت <قوارب> 3 < 5", "3.10 & <b>"
    reporters = [{"role": "reporter", "name": {"ar": name}} for name in ALL]
    story = {**STORY, "headline": title, "summary": summary, "contributors": reporters}
    feeds = {name: render(feed_of([story], name)) for name, render in RENDER.items()}
    for row, [entry] in feed_readers.read(feeds).items():
        assert entry.title == title, row
        assert html.unescape(entry.summary or "") == summary, row
        assert entry.authors == OF_TWO_REPORTERS.get(row, ALL), row
