"""The element tree of a page: which parts are text, which are furniture."""

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

Node = LexborNode

INLINE = frozenset(
    "a abbr b bdi bdo big cite code data del dfn em font i ins kbd label mark nobr q rp rt ruby s samp"
    " small span strike strong sub sup time tt u var wbr".split()
)
DROPPED = (
    "script,style,template,svg,canvas,form,button,input,select,textarea,dialog,menu,object"
    ",link,meta,head"
)
FURNITURE = frozenset(["nav", "footer", "aside"])
ROLES = frozenset(
    "navigation complementary banner contentinfo search dialog alertdialog menu toolbar tablist".split()
)
NEGATIVE = re.compile(
    r"(?:^|[\s_-]|(?<=[a-z])(?=[A-Z]))(?:comments?|disqus|related|recirc|recirculation|recommend\w*|promo\w*"
    r"|newsletters?|subscri\w+|sign-?up|share|sharing|sharebar|social|sidebar|footer|breadcrumbs?|nav|navbar|menu"
    r"|cookies?|consent|banner|advert\w*|ads?|adv|dfp|sponsor\w*|taboola|outbrain|mostread|most-read|popular|trending"
    r"|read-?more|readmore|more-stories|see-?also|also-?read|toolbar|tags?|taglist|topics|byline|authors?|bio"
    r"|timestamp|paywall|donat\w+|post-?meta|entry-?meta|article-?meta|\w*postmeta|login|modal|popup|widget|copyright|disclaimer|rating|vote|poll|app-?download|follow"
    r"|print|onward|teasers?|caroussel|carousel|slider|playlist|skip|screen-?reader|sr-only|visually-?hidden"
    r"|prev-?next|next-?prev|(?:post|article|story)-?nav\w*|(?:next|prev|previous)-?(?:post|article|story)"
    r"|hidden|noprint|sticky|tooltip|pagination|pager|barra|publicidad|anzeige|pub)(?=$|[\s_-]|[A-Z0-9])"
)
SURE = re.compile(
    r"(?:^|[\s_-])(?:related|recirc|recommend\w*|promo\w*|newsletters?|share|comments?|advert\w*)(?=$|[\s_-])"
)
"""What counts for headings, which are often named after a widget."""
TITLES = frozenset(["h2", "h3", "h4", "h5", "h6"])
HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
BLANKS = re.compile(r"\s+")
FRAME = 1500
"""Letters in a form from which on it is the frame of a page."""


def tree_of(html: str) -> LexborHTMLParser:
    """The parsed page."""
    return LexborHTMLParser(html)


def drop(tree: LexborHTMLParser) -> None:
    """Take out what can't be text of the story; a form around the whole page is only its frame."""
    for node in tree.css("form"):
        if len(visible(node)) > FRAME or node.css_first("h1") is not None:
            node.unwrap()
    for node in tree.css(DROPPED):
        if node.tag not in ("head", "meta", "link"):
            node.decompose()


def visible(node: Node) -> str:
    """The text of an element, blanks single."""
    return BLANKS.sub(" ", node.text(deep=True) or "").strip()


def children(node: Node) -> Iterator[Node]:
    child = node.child
    while child is not None:
        yield child
        child = child.next


def label(node: Node) -> str:
    attributes = node.attributes
    return f"{attributes.get('class') or ''} {attributes.get('id') or ''}"


def furniture_reason(node: Node) -> str | None:
    """Why an element is no part of a story, by its tag, role, state or name."""
    tag = node.tag or ""
    if tag in FURNITURE:
        return {"nav": "navigation", "footer": "footer", "aside": "aside"}[tag]
    attributes = node.attributes
    if not attributes:
        return None
    if (attributes.get("role") or "") in ROLES:
        return f"{attributes['role']} region"
    if "hidden" in attributes or HIDDEN.search(attributes.get("style") or ""):
        return "hidden"
    names, given = SURE if tag in TITLES else NEGATIVE, label(node)
    if found := names.search(given) or (not given.islower() and names.search(given.lower())):
        return f"page furniture ({found[0].strip(' _-').lower()})"
    return None
