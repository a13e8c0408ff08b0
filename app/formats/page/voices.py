"""The direction of a page's elements, as they and the elements around them state it."""

from app.formats.body.style import stated_direction
from app.formats.body.tree import attributes_of
from app.formats.body.voice import Direction, Voice, strong
from app.formats.page.html_tree import Node
from app.formats.page.measures import Measures


class Voices:
    """The voice of each element, worked out once: `lang` is the story's language."""

    def __init__(self, lang: str, measures: Measures) -> None:
        self.story, self.measures = Voice(lang), measures
        self.known: dict[int, Voice] = {}

    def of(self, node: Node | None) -> Voice:
        """The voice of the words in an element."""
        waiting: list[Node] = []
        while node is not None and node.mem_id not in self.known:
            waiting.append(node)
            node = node.parent
        voice = self.known[node.mem_id] if node is not None else self.story
        for one in reversed(waiting):
            voice = self.known[one.mem_id] = self.inside(one, voice)
        return voice

    def inside(self, node: Node, around: Voice) -> Voice:
        value = stated_direction(node.tag or "", attributes_of(node))
        if value is None:
            return around
        value = strong(self.measures.text(node)) if value == "auto" else value
        return Voice(around.story, around.lang, Direction(value))
