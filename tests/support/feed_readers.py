"""Feeds as the readers of other people have them, in Python and in Node, in one shape.

An `Entry` has each value from the field that the reader documents for it, or None: the reader has no
such field, or the field is empty.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import struct_time
from typing import Any

import atoma
import fastfeedparser
import feedparser
import reader

ROOT = Path(__file__).parent.parent.parent
NODE = ROOT / "tests/clients/feed_readers.mjs"


@dataclass(frozen=True)
class Entry:
    """A story as a reader shows it; times are aware, in UTC."""

    title: str | None = None
    published: datetime | None = None
    updated: datetime | None = None
    authors: tuple[str, ...] = ()
    summary: str | None = None
    body: str | None = None
    picture: str | None = None
    credit: str | None = None
    language: str | None = None


FIELDS = [field.name for field in fields(Entry)]


def entry(authors: Sequence[str | None] = (), **values: Any) -> Entry:
    """An entry of what a reader gave: no blank texts, times by one type."""
    texts = {name: value or None for name, value in values.items()}
    for name in ("published", "updated"):
        texts[name] = time_of(texts.get(name))
    return Entry(authors=tuple(author for author in authors if author), **texts)


def time_of(value: Any) -> datetime | None:
    if value is None or isinstance(value, datetime):
        return value
    if isinstance(value, struct_time):
        return datetime(*value[:6], tzinfo=UTC)
    return datetime.fromisoformat(value) if value[0].isdigit() else parsedate_to_datetime(value)


def first_picture(files: Sequence[Any], url: str, kind: str = "type") -> str | None:
    """The first file that is an image, of mappings or of objects."""
    got = [one if isinstance(one, dict) else vars_of(one) for one in files]
    return next((one[url] for one in got if (one.get(kind) or "").startswith("image/")), None)


def vars_of(one: Any) -> dict[str, Any]:
    return {name: getattr(one, name) for name in dir(one) if not name.startswith("_")}


def read_with_feedparser(feed: bytes) -> Iterator[Entry] | None:
    found = feedparser.parse(feed)
    if not found.version:
        return None
    return (
        entry(
            title=one.title, published=one.published_parsed, updated=one.get("updated_parsed"),
            authors=[author.get("name") for author in one.get("authors", [])],
            summary=one.get("summary"), body=next((c.value for c in one.get("content", [])), None),
            picture=first_picture(one.get("media_content", []), "url"),
            credit=next((c.get("content") for c in one.get("media_credit", [])), None),
            language=one.title_detail.language,
        )
        for one in found.entries
    )  # fmt: skip


def read_with_fastfeedparser(feed: bytes) -> Iterator[Entry]:
    for one in fastfeedparser.parse(feed).entries:
        shown: list[Any] = [m for m in one.get("media_content", []) if m.get("medium") == "image"]
        pictures = [*shown, *one.get("enclosures", [])]
        yield entry(
            title=one.get("title"), published=one.get("published"), updated=one.get("updated"),
            authors=[author.get("name") for author in one.get("authors", [])],
            summary=one.get("description"),
            body=next((c["value"] for c in one.get("content", [])), None),
            picture=one.get("image") or first_picture(pictures, "url"),
            credit=next((m.get("credit") for m in shown), None),
            language=next((c.get("language") for c in one.get("content", [])), None),
        )  # fmt: skip


def read_with_reader(feed: bytes) -> Iterator[Entry] | None:
    name = (
        "feed.json" if feed.startswith(b"{") else "feed.xml"
    )  # it knows a file's type by its name
    with TemporaryDirectory() as folder:
        (Path(folder) / name).write_bytes(feed)
        made = reader.make_reader(":memory:", feed_root=folder)
        made.add_feed(name)
        made.update_feed(name)
        found = list(made.get_entries())
    return (
        entry(
            title=one.title, published=one.published, updated=one.updated,
            authors=[author.name for author in one.authors], summary=one.summary,
            body=next((content.value for content in one.content), None),
            picture=first_picture(one.enclosures, "href"),
            language=next((content.language for content in one.content), None),
        )
        for one in found
    )  # fmt: skip


def read_with_atoma(feed: bytes) -> Iterator[Entry]:
    if feed.startswith(b"{"):
        for item in atoma.parse_json_feed_bytes(feed).items:
            yield entry(
                title=item.title, published=item.date_published, updated=item.date_modified,
                authors=[item.author.name if item.author else None], summary=item.summary,
                body=item.content_html or item.content_text, picture=item.image,
            )  # fmt: skip
    elif b"<rss" in feed:
        for one in atoma.parse_rss_bytes(feed).items:
            yield entry(
                title=one.title, published=one.pub_date, authors=[one.author],
                summary=one.description, body=one.content_encoded,
                picture=first_picture(one.enclosures, "url"),
            )  # fmt: skip
    else:
        for it in atoma.parse_atom_bytes(feed).entries:
            yield entry(
                title=it.title.value, published=it.published, updated=it.updated,
                authors=[author.name for author in it.authors],
                summary=it.summary.value if it.summary else None,
                body=it.content.value if it.content else None,
                picture=first_picture(
                    [link for link in it.links if link.rel == "enclosure"], "href", "type_"
                ),
                language=it.title.lang,
            )  # fmt: skip


PYTHON: dict[str, Callable[[bytes], Iterator[Entry] | None]] = {
    "feedparser": read_with_feedparser,
    "fastfeedparser": read_with_fastfeedparser,
    "reader": read_with_reader,
    "atoma": read_with_atoma,
}


def read(feeds: dict[str, bytes]) -> dict[tuple[str, str], list[Entry]]:
    """The entries of each feed by each reader that takes it, by the reader's and the feed's name."""
    found = {}
    for name, read_with in PYTHON.items():
        for feed, body in feeds.items():
            entries = read_with(body)
            if entries is not None:
                found[name, feed] = list(entries)
    for row in in_node(feeds):
        if row["entries"] is not None:
            found[row["reader"], row["feed"]] = [entry(**one) for one in row["entries"]]
    return found


def in_node(feeds: dict[str, bytes]) -> list[dict[str, Any]]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["node", NODE], input=json.dumps({name: body.decode() for name, body in feeds.items()}),
        capture_output=True, text=True, timeout=60, env=os.environ | {"PATH": path},
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stderr[-2000:]} (scripts/node installs the readers)"
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows
