"""The element tree of a page: which parts are text, which are furniture, where the story stands."""

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
    r"|hidden|noprint|sticky|tooltip|pagination|pager|barra|publicidad|anzeige|pub)(?=$|[\s_-]|[A-Z0-9])"
)
SURE = re.compile(
    r"(?:^|[\s_-])(?:related|recirc|recommend\w*|promo\w*|newsletters?|share|comments?|advert\w*)(?=$|[\s_-])"
)
"""What counts for headings, which are often named after a widget."""
TITLES = frozenset(["h2", "h3", "h4", "h5", "h6"])
HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
BLANKS = re.compile(r"\s+")
TEXTS = frozenset(["-text", "_comment"])
OTHERS = re.compile(r"(?:^|[\s_-])(?:comments?|disqus|related)(?=$|[\s_-])")
"""Names of what may hold much text and yet is not the story's."""
MUCH = 0.3
"""The share of a page's running text from which on an element is no furniture."""
FRAME = 1500
"""Letters in a form from which on it is the frame of a page."""
GOOD = 40
"""Letters that a text has at least to count as running text."""


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
    if found := (SURE if tag in TITLES else NEGATIVE).search(label(node)):
        return f"page furniture ({found[0].strip(' _-').lower()})"
    return None


def weights(root: Node) -> dict[int, int]:
    """Letters of running text below each element, by `mem_id`; furniture below counts nothing.

    What is called furniture but holds a good part of the page's text is none: names are only hints,
    and some sites hang them on the whole story.
    """
    order, parents = in_order(root)
    own = [own_text(node) for node in order]
    whole = list(own)
    for place in range(len(order) - 1, 0, -1):
        whole[parents[place]] += whole[place]
    off = [False] * len(order)
    for place, node in enumerate(order):
        above = parents[place]
        off[place] = (above >= 0 and off[above]) or (
            place > 0 and is_furniture(node, whole[place] / max(1, whole[0]))
        )
        if off[place]:
            own[place] = 0
    for place in range(len(order) - 1, 0, -1):
        own[parents[place]] += own[place]
    return {node.mem_id: own[place] for place, node in enumerate(order)}


def in_order(root: Node) -> tuple[list[Node], list[int]]:
    """The elements below a root, parents first, and the place of each one's parent."""
    order: list[Node] = []
    parents: list[int] = []
    stack = [(root, -1)]
    while stack:
        node, parent = stack.pop()
        place = len(order)
        order.append(node)
        parents.append(parent)
        if node.tag != "p":
            stack += [(child, place) for child in children(node) if child.tag not in TEXTS]
    return order, parents


def is_furniture(node: Node, share: float) -> bool:
    """By tag, role or name, where the element does not hold a good share of the page's text."""
    if share >= MUCH and not OTHERS.search(label(node)):
        return False
    return furniture_reason(node) is not None and node.css_first("h1") is None


def own_text(node: Node) -> int:
    """Letters of running text that an element itself holds: a paragraph's, or a container's own."""
    if node.tag == "p":
        text = visible(node)
        links = sum(len(visible(link)) for link in node.css("a"))
        return len(text) if len(text) >= GOOD and links < len(text) * 0.6 else 0
    if node.tag in INLINE or node.tag in ("h1", "h2", "h3", "h4", "li", "figcaption", "a", "td"):
        return 0
    direct = "".join(child.text(deep=True) or "" for child in children(node)
                     if child.tag == "-text" or child.tag in INLINE)  # fmt: skip
    direct = BLANKS.sub(" ", direct).strip()
    linked = sum(len(visible(child)) for child in children(node) if child.tag == "a")
    return len(direct) if len(direct) >= 2 * GOOD and linked < len(direct) * 0.5 else 0


def scope_of(tree: LexborHTMLParser, weight: dict[int, int]) -> Node | None:
    """The element that holds the story with its headline: the article element with most text,
    else main, else the body."""
    body = tree.body
    if body is None:
        return None
    whole = weight.get(body.mem_id, 0)
    articles = sorted(
        tree.css("article,[role=article],[itemtype$=Article]"),
        key=lambda node: weight.get(node.mem_id, 0), reverse=True,
    )  # fmt: skip
    if articles and articles[0].tag not in ("html", "body"):
        best = weight.get(articles[0].mem_id, 0)
        if best >= 0.5 * whole:
            return articles[0]
    for main in tree.css("main,[role=main]"):
        if weight.get(main.mem_id, 0) >= 0.7 * whole:
            return main
    return body


def root_of(tree: LexborHTMLParser, scope: Node, weight: dict[int, int]) -> Node:
    """The smallest element that holds nearly all running text of the story."""
    whole = weight.get(scope.mem_id, 0)
    for named in scope.css("[itemprop=articleBody]"):
        if weight.get(named.mem_id, 0) >= 0.6 * whole and whole:
            return narrowed(named, weight, 0.97)
    return narrowed(scope, weight, 0.85)


def narrowed(node: Node, weight: dict[int, int], share: float) -> Node:
    """Down to the child that holds this share, as long as there is one."""
    while True:
        whole = weight.get(node.mem_id, 0)
        heavy = [child for child in children(node) if weight.get(child.mem_id, 0) >= share * whole]
        if not whole or not heavy or heavy[0].tag in ("p", "ul", "ol", "blockquote", "table"):
            return node
        node = heavy[0]
