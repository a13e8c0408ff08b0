"""Lists of a page, with the lists inside them: an item each, and in the outline where it stands."""

import re
from collections.abc import Callable, Iterator

from app.formats.body import style
from app.formats.body.elements import numbering_of
from app.formats.body.frames import Block, List, Note
from app.formats.body.tree import attributes_of
from app.formats.page.html_tree import INLINE, Node, children
from app.formats.page.inline_text import node_html, plain
from app.formats.page.measures import Measures
from app.formats.page.voices import Voices

LISTS = frozenset(["ul", "ol", "menu", "dir"])
APART = ("p", "div", "ul", "ol", "menu", "dir", "section", "blockquote", "dl")
"""Elements that an inline element may hold although they part lines."""
SEEN = re.compile(r"\w")


class ListReader:
    """Reads one list. `safe` makes inline HTML safe."""

    def __init__(
        self, measures: Measures, voices: Voices, note: Note, safe: Callable[[str], str]
    ) -> None:
        self.measures, self.voices, self.note, self.safe = measures, voices, note, safe
        self.run: list[str] = []

    def read(self, node: Node) -> Block | None:
        """The list as a block of a body; None where it has no words."""
        ordered = node.tag == "ol"
        voice = self.voices.of(node)
        self.frame = List(
            ordered, numbering_of(attributes_of(node), ordered), self.note, None, voice
        )
        stack: list[tuple[Node, bool]] = [(one, False) for one in backwards(node)]
        while stack:
            one, ended = stack.pop()
            if ended:
                self.end(one)
            elif self.begin(one):
                stack.append((one, True))
                stack += [(child, False) for child in backwards(one)]
        self.flush(node)
        blocks = self.frame.close()
        return blocks[0] if blocks else None

    def begin(self, node: Node) -> bool:
        """An element begins; whether it is walked into."""
        tag = node.tag or ""
        if tag in INLINE or tag in ("-text", "br"):
            if self.measures.holds(node, *APART):
                return True
            self.run.append(node_html(node))
            return False
        if tag[:1] in "-_":
            return False
        self.flush(node.parent)
        if tag in LISTS:
            ordered = tag == "ol"
            start = style.integer(node.attributes.get("start")) if ordered else None
            self.frame.enter(ordered, start)
        elif tag == "li":
            self.frame.item(style.integer(node.attributes.get("value")))
        return True

    def end(self, node: Node) -> None:
        tag = node.tag or ""
        if tag in INLINE:
            return
        self.flush(node)
        if tag in LISTS:
            self.frame.leave()
        elif tag == "li":
            self.frame.fresh = True

    def flush(self, around: Node | None) -> None:
        """The words so far are a line of the item."""
        html, self.run = "".join(self.run), []
        if html.strip() and SEEN.search(plain(safe := self.safe(html), "en")):
            self.frame.speaking = self.voices.of(around)
            self.frame.line(safe)


def backwards(node: Node) -> Iterator[Node]:
    return reversed(list(children(node)))
