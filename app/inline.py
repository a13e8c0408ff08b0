"""Inline HTML: the small safe set that a block's `html` may hold. DESIGN section 4."""

import html
import re

import nh3

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


def clean(source: str) -> str:
    """The same words in the safe set; what is not in it is dropped, its words kept."""
    for old, new in RENAMED:
        source = old.sub(new, source)
    return nh3.clean(
        "\ufeff" + source.replace("\0", ""),  # the parser takes one off, as a mark of encoding
        tags=TAGS,
        attributes=ATTRIBUTES,
        clean_content_tags=DROPPED_WHOLE,
        url_schemes={"http", "https", "mailto"},
        link_rel=None,
        strip_comments=True,
        attribute_filter=absolute_links,
    )


def absolute_links(tag: str, attribute: str, value: str) -> str | None:
    if attribute == "href":
        return value if value.startswith(("http://", "https://", "mailto:")) else None
    if attribute == "dir":
        return value if value in ("rtl", "ltr", "auto") else None
    return value


def text_of(safe: str) -> str:
    """The visible text of cleaned inline HTML."""
    if "<" not in safe and "&" not in safe:
        return safe
    return html.unescape(TAG.sub("", BREAK.sub("\n", safe)))


def escape(text: str) -> str:
    """Plain text as inline HTML."""
    return html.escape(text, quote=False)


def words(text: str) -> int:
    return len(text.split())
