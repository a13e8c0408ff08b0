"""What is wrong with a feed, by the rules of the formats that a parser doesn't ask about."""

import re
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
from jsonschema import Draft4Validator
from lxml import etree
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

from app.formats.feeds.xml import ATOM, CONTENT, DC, LANG, MRSS, TOMBSTONES

A = f"{{{ATOM}}}"
TAG_URI = re.compile(r"tag:[A-Za-z0-9._@-]+,\d{4}(-\d\d){0,2}:[\x21-\x7e]+")
LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
ZULU = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
MIME = re.compile(r"[\w.+-]+/[\w.+-]+")
MEDIUM = {"image", "audio", "video", "document", "executable"}


def absolute(url: str | None) -> bool:
    """RFC 3986: an absolute address, all ASCII."""
    return bool(
        url and url.isascii() and " " not in url and urlsplit(url).scheme and urlsplit(url).netloc
    )


def tree_of(body: bytes) -> Any:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
    return etree.fromstring(body, parser)


def rss_faults(body: bytes, url: str) -> list[str]:
    """RSS 2.0.1, the best practices profile, content, Dublin Core, Media RSS 1.5.1."""
    root, faults = tree_of(body), []
    channels = root.findall("channel")
    if root.tag != "rss" or root.get("version") != "2.0" or len(channels) != 1:
        return ["not one channel of RSS 2.0"]
    channel = channels[0]
    faults += [
        f"channel needs one {name}" for name in ("title", "link", "description")
        if len(channel.findall(name)) != 1 or not channel.findtext(name)
    ]  # fmt: skip
    language = channel.findtext("language")
    if language is not None and not LANGUAGE.fullmatch(language):
        faults.append(f"language {language!r}")
    faults += self_faults(channel.findall(f"{A}link"), url, "application/rss+xml")
    guids = [item.findtext("guid") for item in channel.iter("item")]
    if len(set(guids)) < len(guids):
        faults.append("a guid twice")
    for item in channel.iter("item"):
        faults += item_faults(item)
    return faults


def item_faults(item: Any) -> list[str]:
    faults = [
        f"item has {len(item.findall(name))} {name}"
        for name in ("title", "description", "guid", "pubDate") if len(item.findall(name)) != 1
    ]  # fmt: skip
    faults += [
        f"{n} twice"
        for n in ("link", "enclosure", f"{{{CONTENT}}}encoded")
        if len(item.findall(n)) > 1
    ]
    if not (item.findtext("title") or "").strip():
        faults.append("blank title")
    tags = [child.tag for child in item]
    encoded = f"{{{CONTENT}}}encoded"
    if encoded in tags and tags.index(encoded) < tags.index("description"):
        faults.append("description behind content:encoded")
    guid = item.find("guid")
    if guid is not None and (
        guid.get("isPermaLink") != "false" or not TAG_URI.fullmatch(guid.text)
    ):
        faults.append(f"guid {guid.text!r}")
    if (link := item.findtext("link")) is not None and not absolute(link):
        faults.append(f"link {link!r}")
    if parsedate_to_datetime(item.findtext("pubDate")).tzinfo is None:
        faults.append("pubDate without zone")
    for one in item.findall("enclosure"):
        whole = absolute(one.get("url")) and one.get("length", "").isdigit()
        if not whole or not MIME.fullmatch(one.get("type", "")):
            faults.append(f"enclosure {dict(one.attrib)}")
    for one in item.findall("category"):
        if not (one.text or "").strip():
            faults.append("blank category")
    return faults + media_faults(item)


def media_faults(parent: Any) -> list[str]:
    faults = []
    for one in parent.findall(f"{{{MRSS}}}content"):
        if not absolute(one.get("url")) or one.get("medium") not in MEDIUM:
            faults.append(f"media:content {dict(one.attrib)}")
        numbers = [one.get(name) for name in ("width", "height", "fileSize") if one.get(name)]
        if not all(number.isdigit() and int(number) > 0 for number in numbers):
            faults.append(f"media:content {numbers}")
        for credit in one.findall(f"{{{MRSS}}}credit"):
            role = credit.get("role")
            if not credit.text or (
                role and (role != role.lower() or credit.get("scheme") != "urn:ebu")
            ):
                faults.append("media:credit")
    if len(parent.findall(f"{{{MRSS}}}content[@isDefault='true']")) > 1:
        faults.append("two defaults")
    return faults + [f"blank {name}" for name in ("source", "creator", "rights")
                     if any(not (e.text or "").strip() for e in parent.findall(f"{{{DC}}}{name}"))]  # fmt: skip


def self_faults(links: list[Any], url: str, kind: str) -> list[str]:
    """One exact self; pages by RFC 5005, none of them twice, all another address."""
    by_rel: dict[str, list[str]] = {}
    for link in links:
        by_rel.setdefault(link.get("rel"), []).append(link.get("href"))
    faults = [f"{rel} twice" for rel, hrefs in by_rel.items() if len(hrefs) > 1]
    if by_rel.get("self") != [url]:
        faults.append(f"self is {by_rel.get('self')}, not {url}")
    turned = [rel for rel in ("next", "previous") if url in by_rel.get(rel, [])]
    faults += [f"{rel} is the page itself" for rel in turned]
    for link in links:
        if not absolute(link.get("href")):
            faults.append(f"link {link.get('href')!r}")
        if link.get("rel") in ("self", "next", "previous", "first") and link.get("type") != kind:
            faults.append(f"type of {link.get('rel')}")
    return faults


def atom_faults(body: bytes, url: str) -> list[str]:
    """RFC 4287 beyond its grammar, RFC 5005, RFC 6721."""
    root = tree_of(body)
    faults = self_faults(root.findall(f"{A}link"), url, "application/atom+xml")
    if len(root.findall(f"{A}author")) < 1:
        faults.append("no author")
    entries = root.findall(f"{A}entry")
    ids = [entry.findtext(f"{A}id") for entry in entries]
    if len(set(ids)) < len(ids):
        faults.append("an id twice")
    for id in [root.findtext(f"{A}id"), *ids]:
        if not TAG_URI.fullmatch(id or ""):
            faults.append(f"id {id!r}")
    for date in root.iter(f"{A}updated", f"{A}published"):
        if not ZULU.fullmatch(date.text):
            faults.append(f"{date.tag} {date.text}")
    for entry in entries:
        faults += entry_faults(entry)
    return faults + tombstone_faults(root, set(ids))


def entry_faults(entry: Any) -> list[str]:
    faults = []
    links = entry.findall(f"{A}link")
    alternates = [
        (one.get("type"), one.get("hreflang")) for one in links if one.get("rel") == "alternate"
    ]
    if len(set(alternates)) < len(alternates):
        faults.append("alternate twice")
    if not alternates and entry.find(f"{A}content") is None:
        faults.append("neither content nor alternate")
    faults += [f"link {one.get('href')!r}" for one in links if not absolute(one.get("href"))]
    if not LANGUAGE.fullmatch(entry.get(LANG, "")):
        faults.append(f"language {entry.get(LANG)!r}")
    if not (entry.findtext(f"{A}title") or "").strip():
        faults.append("blank title")
    for one in entry.findall(f"{A}category"):
        if not one.get("term") or (one.get("scheme") and not absolute(one.get("scheme"))):
            faults.append("category")
    return faults + media_faults(entry)


def tombstone_faults(root: Any, there: set[str | None]) -> list[str]:
    seen, faults = set(), []
    for one in root.findall(f"{{{TOMBSTONES}}}deleted-entry"):
        ref, when = one.get("ref"), one.get("when")
        if not TAG_URI.fullmatch(ref or "") or not ZULU.fullmatch(when or ""):
            faults.append(f"tombstone {ref} {when}")
        if ref in seen or ref in there:
            faults.append(f"tombstone {ref} again")
        seen.add(ref)
    return faults


def json_faults(body: bytes, url: str) -> list[str]:
    """JSON Feed 1.1."""
    feed, faults = orjson.loads(body), []
    if feed["version"] != "https://jsonfeed.org/version/1.1" or feed["feed_url"] != url:
        faults.append("version or feed_url")
    if feed.get("next_url") == url:
        faults.append("next_url is the page itself")
    ids = [item["id"] for item in feed["items"]]
    if len(set(ids)) < len(ids) or not all(TAG_URI.fullmatch(id) for id in ids):
        faults.append("ids")
    for item in feed["items"]:
        if ("content_html" in item) == ("content_text" in item):
            faults.append("content_html or content_text")
        urls = [item.get("url"), item.get("image"), item.get("external_url")]
        urls += [one["url"] for one in item.get("attachments", [])]
        faults += [f"url {one!r}" for one in urls if one is not None and not absolute(one)]
        faults += [
            f"mime {one}"
            for one in item.get("attachments", [])
            if not MIME.fullmatch(one["mime_type"])
        ]
        for name in ("date_published", "date_modified"):
            if datetime.fromisoformat(item[name]).tzinfo is None:
                faults.append(name)
    return faults + nulls(feed, "")


def nulls(value: Any, at: str) -> list[str]:
    if value is None:
        return [f"null at {at}"]
    pairs = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else []
    )
    return [fault for name, one in pairs for fault in nulls(one, f"{at}/{name}")]


class Schemas:
    """The grammars that others wrote, read from the shared folder."""

    def __init__(self, shared: Path) -> None:
        self.atom = etree.RelaxNG(etree.parse(shared / "schemas/atom/atom.rng"))
        old, new = (
            orjson.loads((shared / f"schemas/jsonfeed/{name}").read_bytes())
            for name in ("feed-1.json", "feed.json")
        )
        found = Registry().with_resources([
            (uri, Resource.from_contents(old, default_specification=DRAFT4))
            for uri in ("feed-1", "https://json.schemastore.org/feed-1", "https://json.schemastore.org/feed-1.json")
        ])  # fmt: skip
        self.json = Draft4Validator(new, registry=found)

    def atom_faults(self, body: bytes) -> list[str]:
        return [] if self.atom.validate(tree_of(body)) else [str(self.atom.error_log)[:500]]

    def json_faults(self, body: bytes) -> list[str]:
        return [
            f"{one.json_path}: {one.message[:200]}"
            for one in self.json.iter_errors(orjson.loads(body))
        ]


FAULTS = {"rss": rss_faults, "atom": atom_faults, "json": json_faults}
