"""What a page says of itself: JSON-LD (schema.org), Open Graph, meta elements, links."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from html import unescape
from typing import Any

from rapidfuzz.distance import Indel
from selectolax.lexbor import LexborHTMLParser

from app.formats.body.inline_in import without_omitted
from app.formats.body.losses import Dropped
from app.formats.embeds import host_of
from app.formats.markup_limits import TooMuch
from app.formats.page.addresses import joined
from app.formats.page.model import Picture
from app.json_types import Json
from app.language import date_reading, windows_1252
from app.language.folding import fold
from app.models.validated_text import languages

ARTICLE_TYPES = re.compile(r"(Article|BlogPosting|Report|Posting|Review)$")
CONTROL = re.compile(r"[\x00-\x1f]+")
TRAILING_COMMA = re.compile(r",\s*([}\]])")
SITE_TAIL = re.compile(r"\s+[-–—|»·:]\s+[^-–—|»·:]{2,40}$")
BLANKS = re.compile(r"\s+")
MOST_SCRIPTS = 60
MOST_METAS, MOST_ARTICLES = 500, 100
"""Meta elements and articles in JSON-LD that are read."""


@dataclass
class Metadata:
    """What was found, each field by the best of its places."""

    headline: str | None = None
    alternatives: list[str] = field(default_factory=list)
    description: str | None = None
    url: str | None = None
    lang: str | None = None
    site_name: str | None = None
    published_at: datetime | None = None
    updated_at: datetime | None = None
    authors: list[str] = field(default_factory=list)
    section: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    images: list[Picture] = field(default_factory=list)
    body: str | None = None
    houses: set[str] = field(default_factory=set)
    """Names that the page has for its outlet, folded and without blanks."""
    is_article: bool = False


def read(
    tree: LexborHTMLParser, url: str | None, tz: tzinfo, dropped: Dropped | None = None
) -> Metadata:
    """The page's own words about itself; struck words in them go to `dropped`."""
    dropped = dropped or Dropped()
    metas = meta_values(tree, dropped)
    canonical = canonical_url(tree, metas, url)
    node = without_struck(own_node(list(nodes(tree)), canonical, metas), dropped)
    found = Metadata(url=canonical, is_article=bool(node) or metas.get("og:type") == ["article"])
    base = canonical or url or ""
    from_json(found, node, tz, base)
    from_metas(found, metas, tz, base)
    html = tree.css_first("html")
    locale = first(metas, "og:locale", "content-language", "dc.language")
    given = (html.attributes.get("lang") if html else None) or found.lang or locale
    found.lang = language(given)
    return found


def without_struck(node: Json, dropped: Dropped) -> Json:
    """An article's JSON-LD without the words that HTML in its texts strikes."""
    texts = {name: node.get(name) for name in ("headline", "name", "description", "articleBody")}
    new = {
        name: unstruck(unescape(text) if "&lt;" in text else text, dropped)
        for name, text in texts.items() if isinstance(text, str)
    }  # fmt: skip
    return node | new


def unstruck(text: str, dropped: Dropped) -> str:
    """A text of the metadata without struck words; one that is too costly to read says nothing."""
    try:
        return without_omitted(text, dropped)
    except TooMuch:
        return ""


def meta_values(tree: LexborHTMLParser, dropped: Dropped) -> dict[str, list[str]]:
    """Every meta element's content by its name, property, itemprop or http-equiv."""
    found: dict[str, list[str]] = {}
    for node in tree.css("meta[content]")[:MOST_METAS]:
        content = clean(unstruck(node.attributes.get("content") or "", dropped))
        for attribute in ("property", "name", "itemprop", "http-equiv"):
            name = (node.attributes.get(attribute) or "").lower()
            if name and content:
                found.setdefault(name, []).append(content)
    return found


def first(metas: dict[str, list[str]], *names: str) -> str | None:
    return next((metas[name][0] for name in names if metas.get(name)), None)


def clean(value: Any) -> str:
    """Text without entities and tags, blanks single."""
    if not isinstance(value, str):
        return ""
    value = unescape(unescape(value)) if "&" in value else value
    value = windows_1252.repair(value)[0]
    return BLANKS.sub(" ", re.sub(r"</?[a-zA-Z][^>]{0,300}>", "", value)).strip()


def canonical_url(
    tree: LexborHTMLParser, metas: dict[str, list[str]], url: str | None
) -> str | None:
    link = tree.css_first("link[rel=canonical][href]")
    given = (link.attributes.get("href") if link else None) or first(metas, "og:url")
    given = joined(url or "", given or "") or url
    return given if given and given.startswith(("http://", "https://")) else url


def nodes(tree: LexborHTMLParser) -> Iterator[Json]:
    """Every JSON-LD object of the page, with what lies in graphs and lists."""
    for script in tree.css('script[type*="ld+json"]')[:MOST_SCRIPTS]:
        yield from flat(loads(script.text(deep=True) or ""))


def loads(text: str) -> Any:
    """JSON as pages have it: in comments, with raw line ends, trailing commas."""
    text = text.strip().removeprefix("<!--").removesuffix("-->").strip().rstrip(";")
    text = text.removeprefix("//<![CDATA[").removesuffix("//]]>").strip()
    for attempt in (
        text,
        CONTROL.sub(" ", text),
        TRAILING_COMMA.sub(r"\1", CONTROL.sub(" ", text)),
    ):
        try:
            return json.loads(attempt, strict=False)
        except (ValueError, RecursionError):
            continue
    return None


def flat(value: Any) -> Iterator[Json]:
    waiting, seen = [value], 0
    while waiting and seen < 2000:
        one, seen = waiting.pop(0), seen + 1
        if isinstance(one, list):
            waiting = one + waiting
        elif isinstance(one, dict):
            yield one
            waiting += [
                one[name] for name in ("@graph", "mainEntity", "itemListElement") if name in one
            ]


def is_article(node: Json) -> bool:
    kinds = node.get("@type")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    return any(isinstance(kind, str) and ARTICLE_TYPES.search(kind) for kind in kinds)


def own_node(found: list[Json], canonical: str | None, metas: dict[str, list[str]]) -> Json:
    """The article that the page itself is, among those that it may list."""
    articles = [node for node in found if is_article(node)][:MOST_ARTICLES]
    title = fold(first(metas, "og:title", "twitter:title") or "")

    def fit(node: Json) -> float:
        headline = fold(clean(node.get("headline") or node.get("name")))
        alike = Indel.normalized_similarity(headline[:200], title[:200]) if title else 0.5
        here = canonical and canonical in (node.get("url"), node.get("@id"), main_entity(node))
        return alike + bool(here) + 0.5 * bool(node.get("articleBody"))

    best = max(articles, key=fit, default={})
    return best if best and (len(articles) == 1 or not title or fit(best) >= 0.5) else {}


def main_entity(node: Json) -> Any:
    entity = node.get("mainEntityOfPage")
    return entity.get("@id") if isinstance(entity, dict) else entity


def texts(value: Any, name: str = "name") -> list[str]:
    """A value, or its names, whether it is one or several."""
    listed = value if isinstance(value, list) else [value]
    found = [clean(one.get(name) if isinstance(one, dict) else one) for one in listed]
    return [one for one in found if one]


def from_json(found: Metadata, node: Json, tz: tzinfo, base: str) -> None:
    found.headline = clean(node.get("headline") or node.get("name")) or None
    found.description = clean(node.get("description")) or None
    found.published_at = moment(node.get("datePublished"), tz)
    found.updated_at = moment(node.get("dateModified"), tz)
    found.authors = [one for one in texts(node.get("author")) if not one.startswith("http")]
    found.section = texts(node.get("articleSection"))
    found.lang = clean(node.get("inLanguage")) or None
    found.site_name = (texts(node.get("publisher")) or [None])[0]  # type: ignore[list-item]
    if isinstance(body := node.get("articleBody"), str):
        found.body = windows_1252.repair(body)[0]
    keywords = texts(node.get("keywords"))
    found.tags = tags_of(keywords)
    images = node.get("image") or node.get("thumbnailUrl")
    for image in images if isinstance(images, list) else [images]:
        if picture := picture_of(image, base):
            found.images.append(picture)


WIRE_CODE = re.compile(r"[A-Z0-9]+[:_][A-Z0-9:_]+")


def tags_of(given: list[str]) -> list[str]:
    """Tags, several in a text parted; without codes of news wires and what is too long for one."""
    tags = (tag.strip(" #") for one in given for tag in re.split(r"[,،;؛]", one))
    return [tag for tag in tags if tag and len(tag) <= 60 and not WIRE_CODE.fullmatch(tag)]


def picture_of(image: Any, base: str) -> Picture | None:
    if isinstance(image, str):
        image = {"url": image}
    if not isinstance(image, dict):
        return None
    address = image.get("url") or image.get("contentUrl") or image.get("@id")
    address = address[0] if isinstance(address, list) and address else address
    if not isinstance(address, str) or not address.strip() or address.startswith(("data:", "#")):
        return None
    url = joined(base, address)
    if not url.startswith(("http://", "https://", "/")):
        return None
    return Picture(
        url=url, caption=clean(image.get("caption")) or None,
        credit=(texts(image.get("creditText") or image.get("author")) or [None])[0],  # type: ignore[list-item]
        width=pixels(image.get("width")), height=pixels(image.get("height")),
    )  # fmt: skip


def pixels(value: Any) -> int | None:
    if isinstance(value, dict):
        value = value.get("value") or value.get("@value")
    digits = re.match(r"\d{1,5}", str(value or ""))
    return int(digits[0]) if digits else None


def from_metas(found: Metadata, metas: dict[str, list[str]], tz: tzinfo, base: str) -> None:
    """What JSON-LD left open."""
    titles = [
        first(metas, "og:title"),
        first(metas, "twitter:title"),
        first(metas, "parsely-title"),
    ]
    found.alternatives = [title for title in titles if title]
    found.description = found.description or first(
        metas, "og:description", "description", "twitter:description", "dc.description"
    )
    found.published_at = found.published_at or earliest(
        metas, tz, "article:published_time", "datepublished", "parsely-pub-date", "og:pubdate",
        "pubdate", "publishdate", "publish-date", "dc.date.issued", "dc.date", "dcterms.created",
        "date", "article_date_original", "sailthru.date", "article:published", "cxenseparse:recs:publishtime",
    )  # fmt: skip
    found.updated_at = found.updated_at or earliest(
        metas, tz, "article:modified_time", "og:updated_time", "datemodified", "lastmod",
        "last-modified", "dcterms.modified",
    )  # fmt: skip
    authors = metas.get("author", []) + metas.get("article:author", []) + metas.get("byl", [])
    found.authors = found.authors or [one for one in authors if not one.startswith("http")]
    found.section = found.section or metas.get("article:section", [])[:1]
    found.tags = found.tags or tags_of(metas.get("article:tag", []))
    publisher = found.site_name
    found.site_name = first(metas, "og:site_name") or publisher
    handle = (first(metas, "twitter:site") or "").lstrip("@")
    copyright = first(metas, "copyright", "dc.publisher", "publisher", "application-name")
    host = host_of(base).removeprefix("www.")
    names = (publisher, found.site_name, handle, copyright, host, host.partition(".")[0])
    found.houses = {fold(name).replace(" ", "") for name in names if name}
    if image := first(metas, "og:image:secure_url", "og:image", "og:image:url", "twitter:image"):
        picture = picture_of({
            "url": image, "width": first(metas, "og:image:width"),
            "height": first(metas, "og:image:height"),
        }, base)  # fmt: skip
        if picture:
            found.images.append(picture)


def earliest(metas: dict[str, list[str]], tz: tzinfo, *names: str) -> datetime | None:
    return next((at for name in names if (at := moment(first(metas, name), tz))), None)


def moment(value: Any, tz: tzinfo) -> datetime | None:
    """A time as metadata write it; one without a zone is in the publisher's."""
    given = clean(value[0] if isinstance(value, list) and value else value)
    if not given:
        return None
    try:
        at = datetime.fromisoformat(given.replace("Z", "+00:00").replace("z", "+00:00"))
    except ValueError:
        read_line = date_reading.read(given, tz)
        return read_line.at if read_line else None
    return at if at.tzinfo else at.replace(tzinfo=tz)


def language(given: str | None) -> str | None:
    """A language tag's primary part: `ar` of `ar_AE`; None where it is no tag or no language."""
    found = re.match(r"^\s*([a-zA-Z]{2,3})(?![a-zA-Z])", given or "")
    code = found[1].lower() if found else None
    return code if code and (len(code) == 3 or code in languages()) else None


def without_site(title: str) -> str:
    """A document title without the site's name behind it."""
    return SITE_TAIL.sub("", title) if len(title) > 25 else title
