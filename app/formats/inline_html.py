"""Inline HTML: the small safe set that a block's `html` may hold. docs/blocks.md."""

import html
import re
from functools import partial
from urllib.parse import urljoin

import nh3

from app.language import windows_1252
from app.language.plain_text import lowered, quotation_marks, raised

TAGS = {"a", "strong", "em", "sup", "sub", "br", "bdi", "q", "cite"}
ATTRIBUTES = {
    "a": {"href", "hreflang", "lang", "dir"},
    "bdi": {"dir", "lang"},
    "q": {"lang", "dir"},
    "cite": {"lang", "dir"},
    "strong": {"lang", "dir"},
    "em": {"lang", "dir"},
}
DROPPED_WHOLE = {"script", "style", "iframe", "object", "embed", "template", "noscript", "svg"}
DROPPED_WHOLE |= {"del", "s", "strike"}  # words that no longer hold
RENAMED = [(re.compile(rf"<(/?){old}(?=[\s>/])", re.IGNORECASE), rf"<\1{new}")
           for old, new in (("b", "strong"), ("i", "em"))]  # fmt: skip
BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
TAG = re.compile(r"<[^>]*>")
PARTS = re.compile(r"(<[^>]*>)")
ABSOLUTE = ("http://", "https://", "mailto:")
RESOLVED = re.compile(r"https?://[^/?#]")
SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
SLASHES = re.compile(r"^//+")
WITHIN_ADDRESS = re.compile(r"[\t\r\n]")
AROUND_ADDRESS = "".join(map(chr, range(33)))
MARKED = re.compile(r"<(?:q|su[bp])[ >]")
LANG = re.compile(r' lang="([^"]*)"')
MOVED = {"sup": raised, "sub": lowered}
SHOWN_AS_TEXT = ("q", *MOVED)
"""Marks that plain text says by characters."""


def clean(source: str, base: str = "") -> str:
    """Sanitise inline HTML: other elements are removed, their text stays. Relative links are
    resolved against `base`, or removed without it."""
    for old, new in RENAMED:
        source = old.sub(new, source)
    safe = nh3.clean(
        "\ufeff" + source.replace("\0", ""),  # the parser takes one off, as a mark of encoding
        tags=TAGS,
        attributes=ATTRIBUTES,
        clean_content_tags=DROPPED_WHOLE,
        url_schemes={"http", "https", "mailto"},
        link_rel=None,
        strip_comments=True,
        attribute_filter=partial(allowed, base),
    )
    return windows_1252.WITHOUT_LETTER.sub("", safe)  # of character references


def allowed(base: str, tag: str, attribute: str, value: str) -> str | None:
    """Return an attribute's value as it is stored, or None."""
    if attribute == "href":
        return value if value.startswith(ABSOLUTE) else resolve_url(value, base)
    if attribute == "dir":
        return value if value in ("rtl", "ltr", "auto") else None
    return value


def resolve_url(address: str, base: str) -> str | None:
    """Resolve a relative or protocol-relative URL against the base; None for one with a scheme
    and for a fragment. WHATWG URL, section 4.4."""
    address = WITHIN_ADDRESS.sub("", address).strip(AROUND_ADDRESS).replace("\\", "/")
    address = SLASHES.sub("//", address)
    if not base or not address or address.startswith("#") or SCHEME.match(address):
        return None
    if address.startswith("//"):
        address = f"https:{address}"
    try:
        resolved = urljoin(base, address)
    except ValueError:
        return None
    return resolved if RESOLVED.match(resolved) else None


def text_of(safe: str, lang: str = "en") -> str:
    """Return sanitised inline HTML as plain text: `q` in the quotation marks of the language,
    `sup` and `sub` as Unicode characters."""
    if "<" not in safe and "&" not in safe:
        return safe
    if MARKED.search(safe):
        return plain_text(safe, lang)
    return plain_letters(safe)


def plain_letters(safe: str) -> str:
    """Return the text of sanitised inline HTML without expressing its formatting."""
    return html.unescape(TAG.sub("", BREAK.sub("\n", safe)))


def plain_text(safe: str, lang: str) -> str:
    """Return inline HTML as plain text, like `text_of`, with formatting expressed by characters.
    Quotation marks are those of the surrounding language: an Arabic quotation in English text
    has English ones, a nested one the inner marks."""
    texts: list[list[str]] = [[]]
    open: list[tuple[str, str]] = []
    langs, quoted = [lang], 0
    for at, part in enumerate(PARTS.split(BREAK.sub("\n", safe))):
        if at % 2 == 0:
            texts[-1].append(html.unescape(part))
        elif not part.startswith("</"):
            name = part[1:].partition(" ")[0].rstrip(">")
            marks = quotation_marks(langs[-1])[2 * (quoted % 2) :]
            open.append((name, marks[1]))
            given = LANG.search(part)
            langs.append(html.unescape(given[1]) if given else langs[-1])
            if name == "q":
                texts[-1].append(marks[0])
                quoted += 1
            elif name in MOVED:
                texts.append([])
        elif open:
            name, closing = open.pop()
            langs.pop()
            if name == "q":
                texts[-1].append(closing)
                quoted -= 1
            elif name in MOVED:
                texts[-2].append(MOVED[name]("".join(texts.pop())))
    return "".join("".join(one) for one in texts)


def escape(text: str) -> str:
    """Escape plain text as inline HTML."""
    return html.escape(text, quote=False)


def word_count(text: str) -> int:
    return len(text.split())
