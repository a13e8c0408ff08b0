"""Frames collect lines and blocks while HTML is read, and become blocks when they close.

A frame takes lines (inline HTML) and blocks. Content that is not allowed in it splits it: the
part so far becomes a block, then follows the content, then a new part.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from app.formats import inline_html
from app.formats.body.line import escaped
from app.formats.body.voice import Voice, isolated, shared_voice
from app.formats.embeds import provider_of
from app.formats.table_grid import MOST_CELLS, Cell, Space, TooManyCells, grid
from app.models.block import DEEPEST_ITEM

Block = dict[str, Any]
Note = Callable[[str, str], None]
"""`note(kind, name)`: what was left out."""

Spoken = tuple[str, Voice]
"""A line and its language and direction."""

CREDITED = re.compile(r"(?:[\s—–―-]|&nbsp;)*<cite(?: [^>]*)?>(.*)</cite>", re.DOTALL)
TAGS = re.compile(r"<([a-z]+)")
DASHES = " \t\n—–―-\u00a0"


def plain(html: str, note: Note, voice: Voice, *meant: str) -> str:
    """Return a line as plain text, for fields without formatting; notes the marks that are lost."""
    for tag in TAGS.findall(html):
        if tag not in ("br", *inline_html.SHOWN_AS_TEXT, *meant):
            note("element", tag)
    return inline_html.text_of(html, voice.spoken)


class Frame:
    """Collects lines and blocks. `named` puts its id, language and direction on its first block.
    `speaking` is the language and direction of the next line."""

    def __init__(self, note: Note, id: str | None, voice: Voice) -> None:
        self.note, self.id, self.voice = note, id, voice
        self.speaking = voice
        self.out: list[Block] = []

    def named(self, block: Block) -> Block:
        if self.id:
            block["id"], self.id = self.id, None
        return self.voice.mark(block)

    def line(self, html: str) -> Block | None:
        """Add a line; return the block that it became, if it became one by itself."""
        raise NotImplementedError

    def block(self, block: Block) -> None:
        """Add a block, which splits the frame."""
        self.end()
        self.out.append(block)

    def end(self) -> None:
        """Turn what was collected into a block."""

    def close(self) -> list[Block]:
        self.end()
        return self.out


class Flow(Frame):
    """Running text: each line becomes a paragraph."""

    def line(self, html: str) -> Block | None:
        block: Block = {"type": "paragraph", "html": html}
        self.out.append(block)
        return block

    def block(self, block: Block) -> None:
        last = self.out[-1] if self.out else None
        if last and block.get("loose") and last.get("loose") == block["loose"]:
            last["items"] += block["items"]
            last["outline"] += block["outline"]
        else:
            self.out.append(block)


class Heading(Frame):
    """A heading: a single line."""

    def __init__(self, level: int, *named: Any) -> None:
        super().__init__(*named)
        self.level, self.lines = level, list[str]()

    def line(self, html: str) -> Block | None:
        self.lines.append(html.replace("<br>", " "))
        return None

    def end(self) -> None:
        if self.lines:
            html = re.sub(r"</?strong(?: [^>]*)?>", "", " ".join(self.lines))
            self.out.append(self.named({"type": "heading", "level": self.level, "html": html}))
        self.lines = []


class Quote(Frame):
    """A quote and its speaker: a footer, a caption, or a last line in `cite`."""

    def __init__(self, social: bool, *named: Any) -> None:
        super().__init__(*named)
        self.social, self.lines, self.who = social, list[Spoken](), list[str]()
        self.footer = False
        self.links: list[str] = []

    def line(self, html: str) -> Block | None:
        if self.footer:
            self.who.append(html)
        else:
            self.lines.append((html, self.speaking))
        return None

    def end(self) -> None:
        self.voice = shared_voice(self.voice, [voice for _, voice in self.lines])
        html = "<br>".join(isolated(line, voice, self.voice) for line, voice in self.lines)
        said, _, last = html.rpartition("<br>")
        if said and not self.who and (cited := CREDITED.fullmatch(last)):
            html, self.who = said, [cited[1]]
        names = [plain(one, self.note, self.voice, "cite") for one in self.who]
        who = " ".join(names).lstrip(DASHES) or None
        if self.social and self.links:
            self.out.append(self.named(self.post(who)))
        elif html:
            self.out.append(self.named({"type": "quote", "html": html, "who": who}))
        elif who:
            self.out.append(self.named({"type": "paragraph", "html": escaped(who)}))
        self.lines, self.who, self.social = [], [], False

    def post(self, who: str | None) -> Block:
        """Return a post of another site as an embed, with the text as its fallback."""
        said = [plain(line, self.note, self.voice) for line, _ in self.lines]
        return embed(self.links[-1], "\n".join([*said, *([who] if who else [])]))


def embed(url: str | None, fallback: str, ratio: float | None = None) -> Block:
    return {
        "type": "embed", "url": url, "provider": provider_of(url or ""), "ratio": ratio,
        "fallback": fallback or None, "tracks": None,
    }  # fmt: skip


@dataclass
class ListLevel:
    """A list or nested list, and the number of its next item if one is given."""

    ordered: bool
    value: int | None = None


class List(Frame):
    """A list. Items of nested lists become its items at a deeper level, and so does text after
    them at its own level."""

    def __init__(self, ordered: bool, given: Block, *named: Any) -> None:
        super().__init__(*named)
        self.ordered, self.given, self.fresh = ordered, given, True
        self.open = [ListLevel(ordered)]
        self.items: list[list[Spoken]] = []
        self.outline: list[Block] = []

    def enter(self, ordered: bool, start: int | None) -> None:
        """Begin a nested list."""
        self.open.append(ListLevel(ordered, start))
        self.fresh = True

    def leave(self) -> None:
        self.open.pop()
        self.fresh = True

    def item(self, value: int | None) -> None:
        """Begin an item; `value` is its explicit number."""
        self.fresh = True
        if value is not None:
            self.open[-1].value = value

    def line(self, html: str) -> Block | None:
        if self.fresh:
            self.items.append([])
            self.outline.append(self.place())
        self.items[-1].append((html, self.speaking))
        self.fresh = False
        return None

    def place(self) -> Block:
        counting = self.open[-1]
        value, counting.value = counting.value, None
        level = min(len(self.open), DEEPEST_ITEM)
        if level < len(self.open):
            self.note("level", f"{DEEPEST_ITEM:,}")
        ordered = counting.ordered
        return {"level": level, "ordered": ordered, "value": value if ordered else None}

    def end(self) -> None:
        if self.items:
            voices = [voice for item in self.items for _, voice in item]
            self.voice = shared_voice(self.voice, voices)
            items = ["<br>".join(isolated(*one, self.voice) for one in item) for item in self.items]
            block = {"type": "list", "ordered": self.ordered, "items": items, **self.given}
            self.out.append(self.named(block | {"outline": outline_of(self.outline)}))
        self.items, self.outline, self.given, self.fresh = [], [], dict.fromkeys(self.given), True


def outline_of(places: list[Block]) -> list[Block] | None:
    """Return the outline of a list; None if it is flat and numbered consecutively."""
    flat = all(one["level"] == 1 and one["value"] is None for one in places)
    return None if flat else places


LOOSE = frozenset(["paragraph", "list"])
"""What a cell of a table of data may hold; with more in it the table only lays a page out."""


PARTS = ("head", "body", "foot")


@dataclass
class Row:
    """A table row: its cells with their spans, and whether all are header cells."""

    cells: list[tuple[Flow, int, int]] = field(default_factory=list)
    head: bool = True


@dataclass
class Group:
    """Rows of one row group: no cell spans beyond them."""

    part: str
    rows: list[Row] = field(default_factory=list)


class Table(Frame):
    """A table: data, or only layout, which becomes its blocks in order."""

    def __init__(self, space: Space, *named: Any) -> None:
        super().__init__(*named)
        self.space = space
        self.groups: list[Group] = []
        self.caption: list[str] = []
        self.own = self.id is not None
        self.part = "body"

    def group(self, part: str = "body") -> None:
        """Begin a row group: `head`, `body` or `foot`."""
        self.part = part
        self.groups.append(Group(part))

    def row(self) -> None:
        if not self.groups:
            self.group()
        self.groups[-1].rows.append(Row())

    def cell(self, head: bool, across: int, down: int) -> Flow:
        if not self.groups or not self.groups[-1].rows:
            self.row()
        self.space.begun += 1
        if self.space.begun > MOST_CELLS:
            raise TooManyCells
        row = self.groups[-1].rows[-1]
        cell = Flow(self.note, None, self.voice)
        row.cells.append((cell, across, down))
        row.head = row.head and (head or self.part == "head")
        return cell

    def line(self, html: str) -> Block | None:
        if self.part == "caption":
            self.caption.append(html)
        else:  # words between the cells stand before the table, as in a browser
            self.out.append({"type": "paragraph", "html": html})
        return None

    def block(self, block: Block) -> None:
        self.out.append(block)

    def end(self) -> None:
        rows = [row for group in self.groups for row in group.rows]
        blocks = [block for row in rows for cell, _, _ in row.cells for block in cell.out]
        most = max((len(row.cells) for row in rows), default=0)
        data = most > 1 and LOOSE.issuperset(block["type"] for block in blocks)
        if self.own or data:
            self.out.append(self.named(self.table()))
            self.out += [block for block in blocks if not lines_of(block)]
        else:
            lines = [{"type": "paragraph", "html": html} for html in self.caption]
            self.out += [*lines, *blocks]

    def table(self) -> Block:
        """Return the rows in the order of a browser: headers first, footers last."""
        groups = sorted(self.groups, key=lambda group: PARTS.index(group.part))
        heads = [row.head for group in groups for row in group.rows if row.cells]
        texts = grid([[self.texts(row) for row in group.rows] for group in groups], self.space)
        header = bool(heads) and heads[0]
        if header and not any(texts[0]):
            texts, header = texts[1:], False
        caption = " ".join(plain(line, self.note, self.voice) for line in self.caption)
        return {"type": "table", "caption": caption or None, "header": header, "rows": texts}

    def texts(self, row: Row) -> list[Cell]:
        return [Cell(self.text(cell), across, down) for cell, across, down in row.cells]

    def text(self, cell: Flow) -> str:
        lines = [line for block in cell.out for line in lines_of(block)]
        return "\n".join(plain(line, self.note, self.voice) for line in lines)


def lines_of(block: Block) -> list[str]:
    """Return the text of a block as lines of inline HTML."""
    if block["type"] == "list":
        return list(block["items"])
    return [block["html"]] if "html" in block else []


class Figure(Frame):
    """Images, videos, quotes or tables with a caption."""

    def __init__(self, gallery: bool, *named: Any) -> None:
        super().__init__(*named)
        self.gallery, self.own = gallery, self.id is not None
        self.parts: list[Block] = []
        self.said: list[tuple[str, str]] = []
        self.part: str | None = None

    def line(self, html: str) -> Block | None:
        if self.part is None:
            self.parts.append({"type": "paragraph", "html": html})
        else:
            self.said.append((self.part, plain(html, self.note, self.voice)))
        return None

    def block(self, block: Block) -> None:
        self.parts.append(block)

    def words(self) -> tuple[str | None, str | None]:
        """Return the caption, and the credit at its end."""
        credit = self.said.pop()[1] if self.said and self.said[-1][0] == "credit" else None
        return " ".join(text for _, text in self.said).strip() or None, credit

    def end(self) -> None:
        caption, credit = self.words()
        pictures = [one["image"] for one in self.parts if "image" in one]
        first = next((at for at, one in enumerate(self.parts) if "image" in one), 0)
        rest = [one for one in self.parts[first:] if "image" not in one]
        self.out += self.parts[:first]
        if self.gallery or len(pictures) > 1:
            self.out.append(self.named({"type": "gallery", "images": pictures}))
        elif pictures:
            caption, credit = self.caption_image(pictures[0], caption, credit)
            self.out.append(self.named({"type": "figure", "image": pictures[0]}))
        elif len(rest) == 1 and self.caption_other(rest[0], caption, credit):
            self.named(rest[0])
            caption = credit = None
        self.out += rest
        self.out += [
            {"type": "paragraph", "html": escaped(text)} for text in (caption, credit) if text
        ]

    def caption_image(
        self, image: Block, caption: str | None, credit: str | None
    ) -> tuple[str | None, str | None]:
        """Put caption and credit on the image, unless it has its own."""
        if image["caption"] and caption:
            return caption, credit
        image["caption"] = caption or image["caption"]
        image["credit"] = credit or image["credit"]
        return None, None

    def caption_other(self, block: Block, caption: str | None, credit: str | None) -> bool:
        """Put caption and credit on a video, quote, table or embed that has none."""
        whole = " ".join(filter(None, [caption, credit]))
        if block["type"] in ("video", "audio"):
            block["caption"], block["credit"] = caption, credit
        elif block["type"] == "quote" and not block["who"]:
            block["who"] = whole.lstrip(DASHES) or None
        elif block["type"] == "table" and not block["caption"]:
            block["caption"] = whole or None
        elif block["type"] == "embed" and not block["fallback"]:
            block["fallback"] = whole or None
        else:
            return not whole
        return True


class Film(Frame):
    """A video or audio with its files and tracks; the text inside is for browsers that cannot
    play it."""

    def __init__(self, kind: str, given: Block, *named: Any) -> None:
        super().__init__(*named)
        self.film: Block = {"type": kind, "caption": None, "credit": None, "tracks": []} | given

    def line(self, html: str) -> Block | None:
        return None

    def block(self, block: Block) -> None:
        self.out.append(block)

    def end(self) -> None:
        if self.film["url"] or self.id:
            self.out.insert(0, self.named(self.film))


class Opaque(Frame):
    """One of our own blocks that HTML only displays: an embed, related stories, a notice,
    withheld content.

    Its attributes describe it. Its text is kept as `said`, to notice whether somebody edited it.
    """

    def __init__(self, given: Block, *named: Any) -> None:
        super().__init__(*named)
        self.given = given
        self.links: list[str] = []
        self.articles: list[str] = []
        self.listed = False
        self.title: list[str] = []
        self.said: list[str] = []

    def line(self, html: str) -> Block | None:
        (self.said if self.listed else self.title).append(
            inline_html.text_of(html, self.voice.spoken)
        )
        return None

    def block(self, block: Block) -> None:
        self.out.append(block)

    def end(self) -> None:
        self.out.insert(0, self.named(self.given | self.more()))

    def more(self) -> Block:
        words = "\n".join(self.title)
        if self.given["type"] == "related":
            return {"title": words or None, "articles": self.articles, "said": self.said}
        if self.given["type"] == "embed":
            url = self.links[0] if self.links else None
            return {"url": url, "fallback": words or None}
        return {"said": [*self.title, *self.said]}
