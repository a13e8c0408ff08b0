"""What a parser of HTML tells, made into blocks: elements that are open, frames that gather.

`Reader` is a target of lxml's parser. It keeps the line that is being said (`line.py`), the frames
that it goes to (`frames.py`) and the note of what is left out (`dropped.py`); what single elements
mean stands in `elements.py`.
"""

import re
from collections.abc import Callable
from typing import Any

from app.formats import inline_html
from app.formats.body import omitted, omitting, style
from app.formats.body.element import Element
from app.formats.body.frames import Block, Film, Flow, Frame, outline_of
from app.formats.body.line import Line
from app.formats.body.losses import Dropped
from app.formats.body.sheet import Sheet
from app.formats.body.struck_tags import KEPT
from app.formats.body.style import Attributes
from app.formats.body.voice import Direction, Voice, stated_language, strong_direction
from app.formats.markup_limits import MOST_DEPTH, TooMuch
from app.formats.table_grid import Space
from app.language import windows_1252

WHOLE = frozenset(
    "script style template noscript object applet canvas svg math xml title select option datalist"
    " textarea noframes noembed frameset plaintext xmp".split()
)
"""Elements that go with all that is in them: it is no text of the story."""
CODE = frozenset(["script", "style", "template", "title", "xml"])
"""Those of them that say nothing to a reader."""
PARTING = frozenset("p div br li td th tr h1 h2 h3 h4 h5 h6 blockquote table ul ol dd dt".split())
"""Elements that part the words of what is left out."""
BREAKING_OUT = frozenset(
    "b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 hr i img li menu"
    " nobr ol p pre ruby s small span strong strike sub sup table tt u ul var".split()
)
"""What ends a drawing or a formula that was never closed. HTML, section 13.2.6.5."""
SILENT = frozenset(["html", "head", "body", "picture", "source", "wbr", "br", "track", "param"])
"""Elements whose attributes say nothing of the text."""
TURNING = re.compile("[\u202a\u202b\u202d\u202e]")
STROKES = re.compile("[\u0335\u0336]")
STRUCK_LETTERS = re.compile(
    r"[^\s\u0335\u0336]{0,60}[\u0335\u0336](?:[^\s]|\s(?=[\u0335\u0336])){0,199}"
)
"""Words with U+0335 or U+0336, the strokes that chats and generators strike letters with."""
MOST_FRAMES = 30
"""Quotes, tables and figures inside each other; what is deeper stays text of the innermost."""


Handler = Callable[["Reader", Element, Attributes], None]


class Reader:
    """A target of lxml's parser that makes blocks of HTML. `lang` is the story's language;
    `notices` are the ids of its corrections; relative URLs are resolved against `site`; `take`
    handles the start of an element."""

    def __init__(self, lang: str, notices: frozenset[str], site: str, take: Handler) -> None:
        self.voice, self.notices, self.take = Voice(lang), notices, take
        self.site = site
        self.undirected: list[Direction] = []
        self.dropped, self.line = Dropped(), Line()
        self.root = Flow(self.dropped.note, None, self.voice)
        self.frames: list[Frame] = [self.root]
        self.open: list[Element] = []
        self.pieces: list[str] = []
        self.skipped: Element | None = None
        self.gathered: list[str] | None = None
        self.sheet = Sheet()
        self.ranges: frozenset[str] = frozenset()
        """Names of deletions that end somewhere in the text."""
        self.deletions: set[str] = set()
        self.deleted: list[str] = []
        """The deletions that go on here, though no element holds them, and their words."""
        self.commented = False
        """Whether the rest of the line is a comment."""
        self.in_notes = 0
        self.turning: list[Element] = []
        """Inline elements that are open and state a direction; no block is inside them yet."""
        self.blanks = 0
        self.id: str | None = None
        self.space = Space()

    @property
    def frame(self) -> Frame:
        return self.frames[-1]

    @property
    def full(self) -> bool:
        return len(self.frames) > MOST_FRAMES

    def file(self, given: str) -> str | None:
        """Return the URL of a file or embedded page; else note it, and return None."""
        return style.allowed_url(given, self.dropped.note, self.site, mail=False)

    def picture(self, given: str | None) -> str | None:
        """Return the URL of an image, resolved if it is relative."""
        return inline_html.resolve_url(given or "", self.site) or given or None

    # what the parser calls

    def start(self, tag: str, attributes: Any) -> None:
        self.heard()
        tag = tag.removeprefix(KEPT)
        element = Element(tag, self.voice)
        given = element.given = dict(attributes)
        self.open.append(element)
        if omitted.has_ranges(tag, given):
            omitting.open_ranges(self, element, given)
        if len(self.open) > MOST_DEPTH:  # the parser closes less than the standard says
            raise TooMuch(f"Elements are nested deeper than {MOST_DEPTH}.")
        if self.skipped is not None:
            if self.skipped.tag not in ("svg", "math") or tag not in BREAKING_OUT:
                self.passed(tag)
                return
            self.leave(self.skipped)
        if self.deletions and tag in PARTING:
            self.deleted.append(" ")
        declared = style.style_of(given) if given else {}
        if self.sheet:
            around = self.open[-2] if len(self.open) > 1 else element
            said = self.sheet.of(tag, given, self.around, around.rules)
            given, declared = style.with_rules(given, said), said | declared
        if self.left_out(element, given, declared):
            return
        self.take(self, element, given)
        element.taken, element.start = True, self.dropped.length
        if style.preserves_spaces(tag, declared):
            element.blanks = True
            self.blanks += 1

    def end(self, tag: str) -> None:
        self.heard()
        if not self.open:
            return
        element = self.open.pop()
        if self.skipped is element:
            self.leave(element)
        for name in element.ends:
            omitting.end_range(self, name)
        if element.taken:
            self.finish(element)
        for name in element.begins:
            omitting.begin_range(self, name)

    def around(self) -> list[tuple[str, Attributes]]:
        """Return the open elements, the innermost first."""
        return [(one.tag, one.given) for one in reversed(self.open[:-1])]

    def data(self, text: str) -> None:
        """Collect text, which the parser passes in pieces."""
        self.pieces.append(text)

    def heard(self) -> None:
        """Handle the complete text before a tag."""
        if not self.pieces:
            return
        text = windows_1252.WITHOUT_LETTER.sub("", "".join(self.pieces))
        self.pieces.clear()
        if self.gathered is not None:
            self.gathered.append(text)
        if self.skipped is not None or isinstance(self.frame, Film):
            return
        if self.deletions:
            self.deleted.append(text)
            return
        if self.commented:
            return
        if not self.blanks:
            self.say(text)
            return
        for at, part in enumerate(text.replace("\r\n", "\n").split("\n")):
            if at:
                self.line.end_line()
            self.say(part, kept=True)

    def comment(self, text: str) -> None:
        """Ignore comments."""
        if text.startswith("tinycomments"):  # TinyMCE keeps the comments of a text in one
            self.dropped.note("office", "comments")

    def close(self) -> list[Block]:
        """Return the blocks; the parser calls it at the end."""
        self.heard()
        if self.skipped is not None:
            self.leave(self.skipped)
        omitting.end_ranges(self)
        self.flush()
        for block in self.root.out:
            if block.pop("loose", None) and (outline := outline_of(block.pop("outline"))):
                block["outline"] = outline
        return self.root.out

    # words

    def say(self, text: str, kept: bool = False) -> None:
        shown = text if kept else text.strip(" \t\n\r\f")
        if shown and self.line.breaks > 1 and self.parts_at_breaks:
            self.flush()
        if not kept:
            self.hear(self.line.say(text))
        elif text:
            self.hear(self.line.put(text, self.line.blank))

    def hear(self, seen: str) -> None:
        if self.undirected and strong_direction(seen):
            for one in self.undirected:
                one.hear(seen)
            self.undirected.clear()
        for word in STRUCK_LETTERS.findall(seen) if STROKES.search(seen) else ():
            self.dropped.note("strokes", word)
        for letter in TURNING.findall(seen):
            self.dropped.note("turning", f"U+{ord(letter):04X}")
        self.dropped.hear(seen)

    @property
    def parts_at_breaks(self) -> bool:
        """Return whether two line breaks separate paragraphs here: not inside our own blocks."""
        return isinstance(self.frame, Flow) and self.id is None

    def flush(self) -> None:
        """End the line: pass it to the current frame."""
        self.commented = False
        if html := self.line.take():
            self.dropped.hear("\n")
            self.frame.speaking = self.voice
            made = self.frame.line(html)
            if made is not None:
                self.name(made)

    def name(self, block: Block) -> Block:
        if self.id and "id" not in block:
            block["id"], self.id = self.id, None
        return self.voice.mark(block)

    def emit(self, block: Block) -> None:
        """Add a block that stands by itself."""
        self.flush()
        self.frame.block(self.name(block))

    # elements

    def left_out(self, element: Element, given: Attributes, declared: dict[str, str]) -> bool:
        """Return whether an element is left out with its content."""
        tag = element.tag
        if declared.get("mso-list") == "ignore":
            self.gather(element, self.end_marker)
        elif tag in WHOLE or (tag.startswith(("v:", "w:", "m:")) and tag not in omitted.STRUCK):
            self.skip_whole(element)
        elif omitting.leave_out(self, element, given, declared):
            return True
        elif given and style.is_hidden(given, declared) and tag not in SILENT:
            self.dropped.note("hidden", tag)
            self.skipped = element
        elif given.get("data-notice") in self.notices:  # corrections are shown from `corrections`
            self.flush()
            self.skipped = element
        return self.skipped is not None

    def gather(self, element: Element, ended: Callable[[str], None]) -> None:
        """Leave out an element; at its end its text is passed to `ended`."""
        self.skipped, self.gathered, element.ended = element, [], ended

    def passed(self, tag: str) -> None:
        """Note the edges of an element inside one that is left out: they separate words."""
        if self.gathered is not None and tag in PARTING:
            self.gathered.append(" ")

    def leave(self, element: Element) -> None:
        """End an element that is left out."""
        text = "".join(self.gathered or ())
        self.skipped = self.gathered = None
        if element.ended is not None:
            element.ended(text)

    def end_marker(self, text: str) -> None:
        """Keep the bullet or number of a list paragraph."""
        if item := next((one.item for one in reversed(self.open) if one.item), None):
            item.marker = text

    def skip_whole(self, element: Element) -> None:
        """Leave out an element without text of the story."""
        tag, place = element.tag, self.dropped.length

        def ended(text: str) -> None:
            code = tag in CODE or ":" in tag or not text.strip()
            self.dropped.note("code" if code else "whole", tag, place)

        self.gather(element, ended)

    def finish(self, element: Element) -> None:
        """Undo what the element's start did."""
        if element.item is not None and (html := self.line.take()):
            self.dropped.hear("\n")
            self.frame.block(self.name(element.item.block(html)))
        if element.boxed:
            self.flush()
        for mark in reversed(element.marks):
            self.line.close(mark)
            if mark.tag == "a" and not mark.used:
                self.dropped.note("element", "a")
        self.blanks -= element.blanks
        self.in_notes -= element.notes
        if element.undo is not None:
            element.undo()
        if element in self.turning[-1:]:
            self.turning.pop()
            if element.unused:
                self.dropped.note("attribute", "dir", element.start)
        for _ in range(element.frames):
            self.end_frame()
        if element.boxed:
            self.end_id(element.id)
            self.voice, self.turning = element.voice, element.turning

    def end_id(self, id: str | None) -> None:
        """Add one of our own blocks that came back empty."""
        if id is not None and self.id == id:
            self.id = None
            self.frame.block({"type": "empty", "id": id})

    def box(self, element: Element, given: Attributes, *known: str) -> None:
        """Begin a block-level element: it ends the line, and its id and language apply inside."""
        self.flush()
        element.boxed = True
        self.turn(element)
        element.id = self.own_id(given)
        self.id = element.id or self.id
        self.voice = self.spoken(element, given)
        self.left(element.tag, given, {"data-block", "data-type", "lang", "dir", *known})

    def turn(self, box: Element) -> None:
        """Give a block the direction of the inline element around it, as in Google Docs."""
        box.turning, self.turning = self.turning, []
        if box.turning:
            around = box.turning[-1]
            around.unused = False
            self.voice = Voice(self.voice.story, self.voice.lang, around.direction)
            for mark in [one for one in around.marks if one.tag == "bdi"]:
                self.line.close(mark)
                around.marks.remove(mark)

    def own_id(self, given: Attributes) -> str | None:
        id = given.get("data-block")
        if id is None or style.BLOCK_ID.fullmatch(id):
            return id
        self.dropped.note("id", id)
        return None

    def spoken(self, element: Element, given: Attributes) -> Voice:
        """Return the language and direction inside an element."""
        dir = self.stated(element, given) or self.voice.dir
        return Voice(self.voice.story, stated_language(element.tag, given, self.voice), dir)

    def stated(self, element: Element, given: Attributes) -> Direction | None:
        """Return the direction that an element states."""
        value = style.stated_direction(element.tag, given) if given else None
        if value is None:
            return None
        dir = Direction(None if value == "auto" else value)
        self.undirected += [dir] if value == "auto" else []
        return dir

    def left(self, tag: str, given: Attributes, known: set[str]) -> None:
        """Note the attributes that have no meaning here."""
        if tag in SILENT:
            return
        for name in given:
            if name in known:
                continue
            if name.startswith(omitted.MARKERS):
                self.dropped.note("office", omitted.marker_name(name))
            elif name != "style" or not style.READ.issuperset(style.style_of(given)):
                self.dropped.note("attribute", name)

    def begin(self, frame: Frame, element: Element) -> None:
        self.frames.append(frame)
        element.frames += 1

    def naming(self, element: Element) -> tuple[Any, str | None, Voice]:
        """Return the arguments that every frame is created with."""
        id, self.id, element.id = self.id, None, None
        return self.dropped.note, id, self.voice

    def end_frame(self) -> None:
        self.flush()
        frame = self.frames.pop()
        blocks = frame.close()
        if frame.id is not None:
            blocks = blocks or [{"type": "empty"}]
            blocks[0].setdefault("id", frame.id)
        for block in blocks:
            self.frame.block(block)
