"""Language and direction of a page's elements, as they and the elements around them state them."""

from app.formats.body.style import stated_direction
from app.formats.body.tree import attributes_of
from app.formats.body.voice import Direction, Voice, stated_language, strong_direction
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
        given = attributes_of(node)
        if "dir" not in given and "lang" not in given and "style" not in given:
            return around
        value = stated_direction(node.tag or "", given)
        value = strong_direction(self.measures.text(node)) if value == "auto" else value
        dir = around.dir if value is None else Direction(value)
        lang = stated_language(node.tag or "", given, around)
        return (
            around if (dir, lang) == (around.dir, around.lang) else Voice(around.story, lang, dir)
        )
