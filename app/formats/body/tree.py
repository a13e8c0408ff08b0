"""The same as `omitting.py`, for HTML that is parsed as a tree: news pages.

One walk in document order decides. Then the elements are removed, the last first, so that none is
touched after its parent is gone.
"""

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

from app.formats.body import omitted
from app.formats.body.line import Mark
from app.formats.body.losses import Dropped
from app.formats.body.omitting import BOXES, CELLS, THINGS
from app.formats.body.sheet import Known, Sheet, declarations
from app.formats.body.style import is_hidden, marks_of, with_rules

Node = LexborNode

NOTED = ("-text", "-comment", "_comment")
MOST_ABOVE = 20
STRIKING = re.compile(
    r"(?:-webkit-)?text-decoration|text-line-through|mso-|vertical-align", re.IGNORECASE
)
"""What is read of a page's style sheets: what pages hide, they show by scripts."""
DECIDING = re.compile(
    r"(?:-webkit-)?text-decoration[^:]*:.*line-through|text-line-through:(?!none)|mso-"
    r"|vertical-align:su(?:per|b)$"
)
"""The declarations among them that leave words out, or raise or lower them."""
MAY_DECIDE = re.compile(r"line-through|mso-|:\s*su(?:per|b)\b", re.IGNORECASE)
"""What a document's style sheets must have somewhere to be read at all."""
INLINE = frozenset("a b em font i ins mark small span strong sub sup u".split())
"""Elements whose words are left out where they are not shown; hidden blocks of a page have a reason
of their own."""
CARRYING = frozenset(["sup", "sub", "bdi"])
"""Marks without which words mean something else."""
Step = tuple[Node, bool]
"""An element that begins, or one that ends."""
PARTS = "p,div,li,td,th,br,h1,h2,h3,h4"


def leave_out(
    tree: LexborHTMLParser, dropped: Dropped, styles: list[str], ranges: frozenset[str]
) -> None:
    """Remove from a tree what is not part of its text. `styles` are its style sheets, `ranges`
    the names of deletions that have an end."""
    if tree.body is None:
        return
    if not any(map(MAY_DECIDE.search, styles)):
        styles = []
    walk = Walk(Sheet(styles, STRIKING, DECIDING), dropped)
    walk.ranges = ranges
    walk.through(children(tree.body))
    walk.end_ranges()
    for selector in walk.sheet.unread:
        dropped.note("sheet", selector, 0)
    for node, text in reversed(walk.going):
        replace(node, text)
    kept = [one for one in walk.marked if not walk.goes(one[0])]
    for box in [box for box in walk.boxes.values() if not walk.goes(box.parent)]:
        box.decompose()
    for node, mark in reversed(kept):
        wrap(tree, node, mark)


class Walk:
    """Decides what to remove: `going` are elements, or replacement texts; `boxes` are paragraphs
    that are comments."""

    def __init__(self, sheet: Sheet, dropped: Dropped) -> None:
        self.sheet, self.dropped = sheet, dropped
        self.going: list[tuple[Node, str | None]] = []
        self.boxes: dict[int, Node] = {}
        self.rules: dict[int, Known] = {}
        self.marked: list[tuple[Node, Mark]] = []
        """Elements that raise, lower or turn their words by a style."""
        self.ranges: frozenset[str] = frozenset()
        self.deletions: set[str] = set()
        self.deleted: list[str] = []

    def goes(self, node: Node | None) -> bool:
        """Return whether an element is in a paragraph that is a comment."""
        above = node if self.boxes else None
        while above is not None:
            if above.mem_id in self.boxes:
                return True
            above = above.parent
        return False

    def through(self, nodes: Iterator[Node]) -> None:
        """Visit all nodes, without recursion."""
        stack: list[Step] = [(node, True) for node in nodes][::-1]
        while stack:
            node, begins = stack.pop()
            if not begins:
                self.end(node)
            elif node.tag == "-text":
                self.take_text(node)
            elif node.tag not in NOTED:
                marked = omitted.has_ranges(node.tag or "", given := attributes_of(node))
                if marked:
                    self.begin(node.tag or "", given)
                    stack.append((node, False))
                if not self.takes(node, given):
                    stack += [(child, True) for child in children(node)][::-1]

    def begin(self, tag: str, given: omitted.Attributes) -> None:
        """Begin the deletions that CKEditor marks at an element."""
        self.end_names(omitted.deletions(given, omitted.END_BEFORE))
        whole = omitted.whole_deletions(given)
        begun = set(omitted.deletions(given, omitted.START_BEFORE)) - whole
        if found := omitted.range_edge(tag, given):
            begins, name = found
            if begins:
                begun.add(name)
            else:
                self.end_names([name])
        self.deletions |= begun & self.ranges

    def end(self, node: Node) -> None:
        given = attributes_of(node)
        self.end_names(omitted.deletions(given, omitted.END_AFTER))
        self.deletions |= self.ranges.intersection(omitted.deletions(given, omitted.START_AFTER))

    def end_names(self, names: list[str]) -> None:
        if self.deletions and self.deletions.intersection(names):
            self.deletions.difference_update(names)
            if not self.deletions:
                self.end_ranges()

    def end_ranges(self) -> None:
        """Quote the text deleted since the beginning of the first of the ranges."""
        if "".join(self.deleted).strip():
            self.dropped.strike("".join(self.deleted))
        self.deletions.clear()
        self.deleted.clear()

    def takes(self, node: Node, given: omitted.Attributes) -> bool:
        """Return whether a whole element is removed."""
        tag = node.tag or ""
        declared = declarations(given["style"]) if "style" in given else {}
        if self.sheet:
            known = self.rules.setdefault(node.parent.mem_id if node.parent else 0, {})
            said = self.sheet.of(tag, given, lambda: around(node), known)
            given, declared = with_rules(dict(given), said), said | declared
        if omitted.is_tracked(tag, given, declared):
            self.dropped.note("office", "marks of tracked changes")
        if self.deletions:
            if tag in PARTS.split(","):
                self.deleted.append(" ")
            if tag in THINGS:
                self.going.append((node, None))
                return True
        if omitted.is_struck(tag, given, declared):
            self.strike(node)
            return True
        elif part := omitted.office_part(tag, given, declared):
            self.dropped.note("office", part)
            if part == "comments" and (row := row_of(node)) is not None:
                self.boxes[row.mem_id] = row
            else:
                self.going.append((node, between(node, node.text(deep=True) or "")))
            return True
        elif omitted.leads_back_from_comment(tag, given):
            self.dropped.note("office", "comments")
            for box in boxes_of(node):
                self.boxes[box.mem_id] = box
            return True
        elif tag == "a" and (kind := omitted.note_link(given, declared, is_raised(node))):
            return self.take_note_link(node, kind, given.get("href", ""))
        elif (
            tag in INLINE and given and is_hidden(dict(given), declarations(given.get("style", "")))
        ):
            self.dropped.note("hidden", tag)
            self.going.append((node, between(node, node.text(deep=True) or "")))
            return True
        elif tag in ("span", "font") and given:
            self.marked += [(node, mark) for mark in marks_of(tag, dict(given), declared)
                            if mark.tag in CARRYING]  # fmt: skip
        return False

    def strike(self, node: Node) -> None:
        text = node.text(deep=True, separator=" " if node.css_first(PARTS) else "") or ""
        if text.strip():
            self.dropped.strike(text)
        if node.tag in CELLS:
            self.going += [(child, None) for child in children(node)]
        else:
            self.going.append((node, between(node, text)))

    def take_note_link(self, node: Node, kind: str, href: str) -> bool:
        text = node.text(deep=True) or ""
        number = omitted.note_number(text, href)
        if number is None and not omitted.ARROWS.fullmatch(text):
            return False
        after = " " if number and kind == "back" else ""
        self.going.append((node, f"{number or ''}{after}"))
        return True

    def take_text(self, node: Node) -> None:
        text = node.text(deep=False) or ""
        if self.deletions:
            self.deleted.append(text)
            self.going.append((node, None))
        elif text.endswith("]") and omitted.BRACKETED.fullmatch(text) and is_comment_mark(node):
            self.dropped.note("office", "comment marks")
            self.going.append((node, None))


def wrap(tree: LexborHTMLParser, node: Node, mark: Mark) -> None:
    """Put an inline element around the text of one that expresses it by style."""
    made = tree.create_node(mark.tag)
    for name, value in mark.attributes.items():
        made.attrs[name] = value
    within = list(children(node))
    for child in within:
        made.insert_child(child)  # copies it
    for child in reversed(within):
        child.decompose()
    node.insert_child(made)


def attributes_of(node: Node) -> dict[str, str]:
    """Return the attributes of an element, with an empty text for those without a value."""
    return {name: value or "" for name, value in node.attributes.items()}


def around(node: Node) -> list[tuple[str, omitted.Attributes]]:
    """Return the ancestors of an element, the innermost first."""
    found: list[tuple[str, omitted.Attributes]] = []
    above = node.parent
    while above is not None:
        found.append((above.tag or "", attributes_of(above)))
        above = above.parent
    return found


def children(node: Node) -> Iterator[Node]:
    child = node.child
    while child is not None:
        yield child
        child = child.next


def between(node: Node, text: str) -> str | None:
    """Return the space that replaces an element if the words around it would be joined."""
    if not text.strip():
        return text[:1] or None
    if not (text[0].isspace() or text[-1].isspace()) or node.tag in BOXES:
        return None
    before = node.prev.text(deep=True) if node.prev is not None else ""
    after = node.next.text(deep=True) if node.next is not None else ""
    return " " if (before or "")[-1:].isalnum() and (after or "")[:1].isalnum() else None


def replace(node: Node, text: str | None) -> None:
    """Replace an element by text; of two spaces one stays."""
    before, after = node.prev, node.next
    if not text and before is not None and after is not None and after.tag == "-text":
        following = after.text(deep=False) or ""
        if following[:1] == " " and before.tag == "-text" and (before.text() or "")[-1:] == " ":
            after.replace_with(following[1:])
    if text:
        node.replace_with(text)
    else:
        node.decompose()


def boxes_of(mark: Node) -> list[Node]:
    """Return the nodes of a comment: the paragraph that begins with this link, or what follows
    the link in its paragraph."""
    box, found, node = box_of(mark), [mark], mark
    begins = True
    while node.mem_id != box.mem_id and node.parent is not None:
        begins = begins and is_first(node)
        after = node.next
        while after is not None:
            found.append(after)
            after = after.next
        node = node.parent
    return [box] if begins else found


def box_of(mark: Node) -> Node:
    """Return the paragraph of a comment, and the box that begins with it."""
    box = mark
    for _ in range(MOST_ABOVE):
        if box.tag in BOXES or box.parent is None or box.parent.tag in ("body", "html"):
            break
        box = box.parent
    if (row := row_of(box)) is not None:
        return row
    around = box.parent
    if around is not None and around.tag == "div" and box.tag != "div" and is_first(box):
        if around.prev is not None and around.parent is not None:
            return around
    return box


def row_of(node: Node) -> Node | None:
    """Return the table row whose first cell holds only this: some programs put a comment's mark
    and text into two cells."""
    while node.tag not in CELLS and node.parent is not None and is_first(node) and is_last(node):
        node = node.parent
    above = node.parent
    return above if node.tag in CELLS and above is not None and is_first(node) else None


def is_last(node: Node) -> bool:
    after = node.next
    while after is not None and after.tag == "-text" and not (after.text() or "").strip():
        after = after.next
    return after is None


def is_first(node: Node) -> bool:
    before = node.prev
    while before is not None and before.tag == "-text" and not (before.text() or "").strip():
        before = before.prev
    return before is None


def is_raised(node: Node) -> bool:
    first = node.child
    above = node.parent
    return (above is not None and above.tag == "sup") or (first is not None and first.tag == "sup")


def is_comment_mark(node: Node) -> bool:
    """Return whether a text is styled by Word as the mark of a comment."""
    above = node.parent
    for _ in range(4):
        if above is None:
            return False
        if omitted.may_be_comment_mark({"class": above.attributes.get("class") or ""}):
            return True
        above = above.parent
    return False
