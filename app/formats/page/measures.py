"""What stands below each element of a page: its text, its links, the elements that it holds.

Everything is gathered in one walk over the tree, so that a question about an element costs the same
however deep it stands and however much it holds.
"""

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass

from app.formats.page.html_tree import INLINE, Node, children


@dataclass(slots=True)
class Extent:
    """Where an element begins and ends: in the order of elements, in the text, and in the letters
    of links."""

    first: int
    text_start: int
    linked_start: int
    last: int = 0
    text_end: int = 0
    linked_end: int = 0


NOTHING = Extent(0, 0, 0, -1)


class Measures:
    """The visible text below a root, once, and the part of it that each element has. Elements that
    are not below the root have no text and hold nothing."""

    def __init__(self, root: Node) -> None:
        self.extents: dict[int, Extent] = {}
        self.places: defaultdict[str, list[int]] = defaultdict(list)
        self.pieces: list[str] = []
        self.length = self.in_links = self.order = 0
        self.blank = False
        self.walk(root)
        self.whole = "".join(self.pieces)

    def walk(self, root: Node) -> None:
        """Without recursion; None on the stack is the end of the element that was opened last."""
        stack: list[Node | None] = [root]
        open: list[tuple[Node, Extent]] = []
        while stack:
            node = stack.pop()
            if node is None:
                self.end(*open.pop())
            elif node.tag == "-text":
                self.hear(node.text(deep=False) or "")
            elif (tag := node.tag or "")[:1] not in "-_":
                open.append((node, self.begin(node, tag)))
                stack.append(None)
                stack += list(children(node))[::-1]

    def begin(self, node: Node, tag: str) -> Extent:
        self.blank = self.blank or tag not in INLINE
        extent = Extent(self.order, self.length, self.in_links)
        self.extents[node.mem_id] = extent
        self.places[tag].append(self.order)
        self.order += 1
        return extent

    def end(self, node: Node, extent: Extent) -> None:
        extent.last, extent.text_end, extent.linked_end = self.order - 1, self.length, self.in_links
        self.blank = self.blank or node.tag not in INLINE
        if node.tag == "a":
            self.in_links += self.length - extent.text_start

    def hear(self, text: str) -> None:
        words = " ".join(text.split())
        if not words:
            self.blank = self.blank or bool(text)
            return
        if self.length and (self.blank or text[0].isspace()):
            words = f" {words}"
        self.pieces.append(words)
        self.length += len(words)
        self.blank = text[-1].isspace()

    # questions

    def extent(self, node: Node) -> Extent:
        return self.extents.get(node.mem_id, NOTHING)

    def text(self, node: Node) -> str:
        """The text of an element, blanks single; the words of different blocks are parted."""
        extent = self.extent(node)
        return self.whole[extent.text_start : extent.text_end].strip()

    def letters(self, node: Node) -> int:
        """The length of its text, with the blank in front of it."""
        extent = self.extent(node)
        return extent.text_end - extent.text_start

    def linked(self, node: Node) -> int:
        """Letters of the links in an element."""
        extent = self.extent(node)
        return extent.linked_end - extent.linked_start

    def count(self, node: Node, tag: str) -> int:
        """How many elements of a kind stand in an element."""
        extent, places = self.extent(node), self.places.get(tag, [])
        return max(0, bisect_right(places, extent.last) - bisect_right(places, extent.first))

    def holds(self, node: Node, *tags: str) -> bool:
        """Whether an element of one of these kinds stands in an element."""
        extent = self.extent(node)
        if extent.last <= extent.first:
            return False
        for tag in tags:
            if places := self.places.get(tag):
                at = bisect_right(places, extent.first)
                if at < len(places) and places[at] <= extent.last:
                    return True
        return False
