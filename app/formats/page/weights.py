"""Where the story of a page stands: by where its running text is, not by a site's names."""

import re

from selectolax.lexbor import LexborHTMLParser

from app.formats.page.html_tree import INLINE, Node, children, furniture_reason, label
from app.formats.page.measures import Measures

TEXTS = frozenset(["-text", "_comment"])
OTHERS = re.compile(r"(?:^|[\s_-])(?:comments?|disqus|related)(?=$|[\s_-])")
"""Names of what may hold much text and yet is not the story's."""
MUCH = 0.3
"""The share of a page's running text from which on an element is no furniture."""
BOXES = frozenset(["div", "section", "aside", "article", "main", "table", "tbody", "tr", "td"])
AHEAD = 0.65
"""The share of the text that a box has at least if what follows it is of other stories."""
AMONG = 0.35
"""The share of the text from which on an article element with the headline is the story."""
LEAST, ENOUGH = 200, 0.3
"""Letters, and the share of a page's text, that furniture leaves at least if its names are right."""
GOOD = 40
"""Letters that a text has at least to count as running text."""


def weights(root: Node, measures: Measures) -> dict[int, int]:
    """Letters of running text below each element, by `mem_id`; furniture below counts nothing.

    Names are only hints: where the furniture that they show leaves too little of the page's text,
    what holds a good part of it is none.
    """
    order, parents = in_order(root)
    own = [own_text(node, measures) for node in order]
    whole = summed(own, parents)
    for most in (1.0, MUCH):
        left = list(own)
        off = [False] * len(order)
        for place, node in enumerate(order):
            share = whole[place] / max(1, whole[0])
            off[place] = (place > 0 and off[parents[place]]) or (
                place > 0 and is_furniture(node, share, measures, most)
            )
            if off[place]:
                left[place] = 0
        found = summed(left, parents)
        if found[0] >= max(LEAST, ENOUGH * whole[0]):
            break
    return {node.mem_id: found[place] for place, node in enumerate(order)}


def summed(own: list[int], parents: list[int]) -> list[int]:
    """The letters of each element with those of the elements in it."""
    whole = list(own)
    for place in range(len(own) - 1, 0, -1):
        whole[parents[place]] += whole[place]
    return whole


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


def is_furniture(node: Node, share: float, measures: Measures, most: float) -> bool:
    """By tag, role or name, where the element holds less than this share of the page's text."""
    if share >= most and not OTHERS.search(label(node)):
        return False
    return furniture_reason(node) is not None and not measures.holds(node, "h1")


def own_text(node: Node, measures: Measures) -> int:
    """Letters of running text that an element itself holds: a paragraph's, or a container's own."""
    if node.tag == "p":
        length = measures.letters(node)
        return length if length >= GOOD and measures.linked(node) < length * 0.6 else 0
    if node.tag in INLINE or node.tag in ("h1", "h2", "h3", "h4", "li", "figcaption", "a", "td"):
        return 0
    length = linked = 0
    for child in children(node):
        if child.tag == "-text":
            length += len(" ".join((child.text(deep=False) or "").split()))
        elif child.tag in INLINE:
            letters = measures.letters(child)
            length += letters
            linked += letters if child.tag == "a" else 0
    return length if length >= 2 * GOOD and linked < length * 0.5 else 0


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
        titled = articles[0].css_first("h1") is not None
        if best >= (AMONG if titled and best >= LEAST else 0.5) * whole:
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
    root = narrowed(scope, weight, 0.85)
    while (first := followed(root, weight)) is not None:
        root = narrowed(first, weight, 0.85)
    return root


def followed(node: Node, weight: dict[int, int]) -> Node | None:
    """The first child with text, where it holds most of it and only other boxes follow it."""
    heavy = [child for child in children(node) if weight.get(child.mem_id, 0)]
    if len(heavy) < 2 or weight[heavy[0].mem_id] < AHEAD * weight[node.mem_id]:
        return None
    boxes = all(child.tag in BOXES for child in heavy)
    names = {label(child) for child in heavy[1:]}
    return heavy[0] if boxes and label(heavy[0]) not in names else None


def narrowed(node: Node, weight: dict[int, int], share: float) -> Node:
    """Descend to the child that has this share of the text, as long as there is one."""
    while True:
        whole = weight.get(node.mem_id, 0)
        heavy = [child for child in children(node) if weight.get(child.mem_id, 0) >= share * whole]
        if not whole or not heavy or heavy[0].tag in ("p", "ul", "ol", "blockquote", "table"):
            return node
        node = heavy[0]
