"""Pictures of a page: the best address of each, its caption and its credit."""

import re
from html import unescape
from urllib.parse import unquote

from app.formats.page.addresses import joined, path_of
from app.formats.page.html_tree import Node, children, label
from app.formats.page.inline_text import plain_text
from app.formats.page.measures import Measures
from app.formats.page.model import Picture
from app.formats.page.source_mentions import Known, is_credit, split_credit

LAZY = (
    "data-src", "data-original", "data-lazy-src", "data-lazy", "data-url", "data-image",
    "data-full-src", "data-img-src", "data-echo", "data-hi-res-src", "data-srcset", "data-lazy-srcset",
)  # fmt: skip
CREDIT = re.compile(
    r"credit|copyright|photographer|source|agency|author|attribution", re.IGNORECASE
)
CAPTION = re.compile(
    r"caption|legend|description|bildunterschrift|pie-?foto|bildtext", re.IGNORECASE
)
DECORATION = re.compile(
    r"(?:^|[/_.\-\s])(?:logo\w*|icons?|avatar\w*|sprite\w*|spacer|blank|pixel|1x1|emoji\w*|gravatar|placeholder"
    r"|badge\w*|symbols?|loading|spinner|default-?image|no-?image|author\w*|profile\w*)(?=$|[/_.\-\s\d])",
    re.IGNORECASE,
)
SIZE = re.compile(
    r"[-_]\d{2,4}x\d{2,4}(?=\.\w+$)|[-_](?:scaled|large|medium|small|thumb|\d{3,4}w?)(?=\.\w+$)"
)
NUMBER = re.compile(r"\d+")
LONGEST_CREDIT = 120


def picture_of(
    holder: Node, base: str, known: Known, measures: Measures, lang: str
) -> list[Picture]:
    """The pictures of a figure or of a lone img, with what is said of them."""
    images = [holder] if holder.tag in ("img", "amp-img") else holder.css("img,amp-img")
    found = [one for image in images if (one := one_picture(image, base))]
    found = list({stem(one.url or ""): one for one in found}.values())
    if found and holder.tag not in ("img", "amp-img"):
        caption, credit = words_of(holder, known, measures, lang)
        for one in found:
            one.caption, one.credit = caption, credit
    return found


def one_picture(image: Node, base: str) -> Picture | None:
    attributes = image.attributes
    url = best_url(image)
    width, height = pixels(attributes.get("width")), pixels(attributes.get("height"))
    tiny = (width is not None and width < 100) or (height is not None and height < 60)
    decorative = DECORATION.search(path_of(url or "")) or DECORATION.search(label(image))
    drawn = path_of(url or "").lower().endswith(".svg")
    if not url or tiny or decorative or drawn:
        return None
    alt = unescape(unescape(attributes.get("alt") or "")).strip()
    return Picture(url=joined(base, url) or None, alt=alt or None, width=width, height=height)


PERSON = re.compile(
    r"(?:^|[^a-z])(?:author|avatar|portrait|headshot|byline|profile)(?=$|[^a-z])", re.IGNORECASE
)
SMALL = 200
"""Pixels below which a picture between the headline and the text is no lead picture."""


def is_portrait(holder: Node) -> bool:
    """Whether a picture shows who wrote: by its size, by the names on and around it, by its words."""
    image = holder if holder.tag in ("img", "amp-img") else holder.css_first("img,amp-img")
    if image is None:
        return False
    attributes = image.attributes
    sizes = [pixels(attributes.get(name)) for name in ("width", "height", "sizes")]
    words = f"{attributes.get('alt') or ''} {path_of(best_url(image) or '')}"
    around = [image, image.parent, image.parent.parent if image.parent is not None else None]
    names = " ".join(label(one) for one in around if one is not None)
    return any(0 < size <= SMALL for size in sizes if size) or bool(
        PERSON.search(f"{names} {words}")
    )


def best_url(image: Node) -> str | None:
    """The widest of srcset, of the picture element's sources, of lazy attributes, of src."""
    nodes = [image]
    if image.parent is not None and image.parent.tag == "picture":
        nodes += [child for child in children(image.parent) if child.tag == "source"]
    candidates: list[tuple[int, str]] = []
    for node in nodes:
        for name in ("srcset", "data-srcset", "data-lazy-srcset"):
            candidates += srcset(node.attributes.get(name))
    candidates = [one for one in candidates if usable(one[1])]
    if candidates:
        return max(candidates, key=lambda one: one[0])[1]
    given = [image.attributes.get(name) for name in LAZY] + [image.attributes.get("src")]
    return next((url.strip() for url in given if url and usable(url)), None)


def usable(url: str) -> bool:
    return bool(url.strip()) and not url.strip().startswith(
        ("data:", "blob:", "javascript:", "about:")
    )


def srcset(given: str | None) -> list[tuple[int, str]]:
    """Pairs of width (or density) and address. HTML, section 4.8.4.2.1."""
    found = []
    for part in re.split(r",\s+|,(?=https?:|//)", given or ""):
        address, _, size = part.strip().partition(" ")
        number = NUMBER.search(size)
        if address:
            found.append((int(number[0]) if number else 1, address))
    return found


def pixels(value: str | None) -> int | None:
    found = re.match(r"\s*(\d{1,5})(?:px)?\s*$", value or "")
    return int(found[1]) if found else None


def stem(url: str) -> str:
    """What two sizes of one picture share: its file's name without size and suffix."""
    path = unquote(path_of(url))
    name = path.rstrip("/").rpartition("/")[2]
    name = SIZE.sub("", name)
    return re.sub(r"\.\w{2,5}$", "", name).lower() or url


def words_of(
    holder: Node, known: Known, measures: Measures, lang: str
) -> tuple[str | None, str | None]:
    """Caption and credit of a figure: marked up apart, or at the caption's end."""
    box = holder.css_first("figcaption") or next(
        (
            node for node in holder.css("[class]")
            if measures.letters(node) and CAPTION.search(label(node))
        ),
        None,
    )  # fmt: skip
    text = plain_text(box, lang, measures) if box is not None else ""
    inside = box if box is not None else holder
    for node in inside.css("[class],[itemprop],small,cite"):
        if not 0 < measures.letters(node) <= LONGEST_CREDIT:
            continue
        marked = (
            CREDIT.search(label(node) + (node.attributes.get("itemprop") or ""))
            or node.tag == "small"
        )
        if not marked:
            continue
        said = plain_text(node, lang, measures)
        if said and (said != text or is_credit(said, known, loose=False)):
            rest = text.replace(said, "", 1).strip(" -–—|/.,،()©\n") if text else ""
            ended = text.replace(said, "", 1).rstrip(" -–—|/()©\n")
            return (ended.strip() if rest else None), bare(said)
    caption, credit = split_credit(text, known, loose=False) if text else ("", None)
    return caption or None, bare(credit) if credit else None


LABEL = re.compile(
    r"^(?:photo(?:graph)?(?: by| credit)?|image(?: source| credit)?|picture|credit|source|foto|bild|crédit|صورة|تصوير"
    r"|المصدر|مصدر الصورة|image source|copyright)\s*[,:：]\s*",
    re.IGNORECASE,
)


def bare(credit: str) -> str:
    """A credit without its label, sign and brackets."""
    return LABEL.sub("", credit.strip(" ()[]©")).strip(" ()[]©.،,")
