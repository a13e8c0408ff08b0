"""The inline HTML of a page's elements, made safe, and its plain text."""

import re
from html import unescape

from app.formats import inline_html, markup_limits
from app.formats.page.html_tree import BLANKS, Node, children
from app.formats.page.measures import Measures
from app.formats.page.model import NotAPage

SAID_BY_CHARACTERS = ("q", "sub", "sup")
EDGES = re.compile(r"</?(?:br|p|div|li|ul|ol|t[dhr]|h[1-6]|section)\b[^>]*>")
TOKENS = re.compile(r'<!--.*?-->|<(/?)([a-z0-9-]*)[^>"]*+(?:"[^"]*"[^>"]*+)*+>', re.DOTALL)
"""Comments and tags of HTML that was serialised: values of attributes are in double quotes."""


def safe_html(html: str) -> str:
    """Inline HTML of a page in the safe set, tidied; `NotAPage` where it has too many ampersands."""
    try:
        markup_limits.check_references(html)
    except markup_limits.TooMuch as much:
        raise NotAPage(str(much)) from much
    return tidy(inline_html.clean(html))


def plain_text(node: Node, lang: str, measures: Measures) -> str:
    """The text of an element for a field without marks: `q` in the quotation marks of the language,
    `sup` and `sub` as raised and lowered characters, blanks single, lines and blocks parted."""
    if not measures.holds(node, *SAID_BY_CHARACTERS):
        return measures.text(node)
    return BLANKS.sub(" ", plain(safe_html(EDGES.sub("<br>", inner(node))), lang))


def node_html(node: Node) -> str:
    """The HTML of a node itself."""
    return (
        inline_html.escape(node.text(deep=False) or "") if node.tag == "-text" else node.html or ""
    )


def inner(node: Node) -> str:
    """The HTML inside an element."""
    return "".join(map(node_html, children(node)))


def unboxed(html: str) -> str:
    """Paragraphs inside an item or a quote, as lines of it."""
    return re.sub(r"</(?:p|div)>\s*<(?:p|div)[^>]*>", "<br>", html)


def tidy(safe: str) -> str:
    """Blanks single, no break at an end, no link or emphasis around nothing."""
    safe = BLANKS.sub(" ", safe)
    safe = re.sub(r"<(a|strong|em|q|cite|bdi|sup|sub)(?: [^>]*)?>\s*</\1>", "", safe)
    safe = re.sub(r"<a>(.*?)</a>", r"\1", safe)
    safe = re.sub(r"\s*<br>\s*", "<br>", safe)
    start, end = 0, len(safe.rstrip())
    while safe.startswith("<br>", start):
        start += len("<br>")
    while end > start and safe.endswith("<br>", start, end):
        end -= len("<br>")
    return safe[start:end].strip()


def plain(safe: str, lang: str) -> str:
    return inline_html.text_of(safe, lang).strip()


def letters_within(tag: str, html: str) -> int:
    """Letters inside the elements of one kind, of HTML that was serialised from a tree."""
    if f"<{tag}" not in html:
        return 0
    count, inside, at = 0, 0, 0
    for token in TOKENS.finditer(html):
        if inside:
            count += len(unescape(html[at : token.start()]))
        if token[2] == tag:
            inside += -1 if token[1] else 1
        at = token.end()
    return count
