"""The body of a page's story: its elements walked in order, each a block or left out with why."""

import re
from typing import Any

from app.formats import inline_html
from app.formats.body.elements import spans, track_of
from app.formats.body.losses import Dropped
from app.formats.body.style import allowed_url
from app.formats.body.tree import attributes_of
from app.formats.embeds import SOCIAL, host_of, provider_of
from app.formats.page import vocabulary
from app.formats.page.addresses import joined
from app.formats.page.html_paragraphs import PART, is_bold, paragraphs, unbold, unglued
from app.formats.page.html_pictures import picture_of
from app.formats.page.html_pieces import Piece, with_labels, without_related, without_tail
from app.formats.page.html_tree import BLANKS, INLINE, Node, children, furniture_reason, label
from app.formats.page.inline_text import (
    inner,
    letters_within,
    plain,
    plain_text,
    safe_html,
    unboxed,
)
from app.formats.page.lists import ListReader
from app.formats.page.measures import Measures
from app.formats.page.model import Found, NotAPage
from app.formats.page.source_mentions import Known, split_credit
from app.formats.page.voices import Voices
from app.formats.table_grid import Cell, Space, TooManyCells, grid
from app.models.block import MOST_BLOCKS

BLOCKS_INSIDE = (
    "p div section article figure img picture amp-img ul ol table blockquote h1 h2 h3 h4 h5 h6"
    " iframe video audio hr".split()
)
HEADINGS = {"h2": 2, "h3": 3, "h4": 4, "h5": 4, "h6": 4}
PICTURED = re.compile(
    r"(?:^|[\s_-])(?:wp-caption|caption|image|photo|figure|picture|media|img)(?=$|[\s_-]|[A-Z\d])",
    re.IGNORECASE,
)
VIDEO = re.compile(
    r"(?:^|[\s_-])video-?(?:container|ct|box|player|wrapper|embed|module)?(?=$|[\s_-])"
)
LONGEST_QUOTE = 1200
CAPTION_BOX = re.compile(
    r"(?:^|[\s_-])(?:caption|(?:photo|image|picture|thumbnail|img)[\s_-]?(?:caption|credit|source)s?)(?=$|[\s_-])",
    re.IGNORECASE,
)
LONGEST_CAPTION = 700
LINK = re.compile(r'(href=")([^"]*)(")')


class Body:
    """Walks an element without recursion, so that depth costs nothing."""

    def __init__(
        self, base: str, known: Known, weight: dict[int, int], measures: Measures, lang: str,
        dropped: Dropped,
    ) -> None:  # fmt: skip
        self.base, self.known, self.weight = base, known, weight
        self.measures, self.lang, self.dropped = measures, lang, dropped
        self.voices = Voices(lang, measures)
        self.space = Space()
        self.found: list[Piece] = []
        self.blocks = 0
        self.around: Node | None = None  # what the inline content stands in
        self.run: list[str] = []

    def pieces(self, root: Node) -> list[Piece]:
        self.whole = max(1, self.weight.get(root.mem_id, 1))
        stack: list[Node | None] = [None, *list(children(root))[::-1]]
        while stack:
            node = stack.pop()
            if node is None:
                self.flush()
            elif not self.take(node):
                if node.tag not in INLINE:
                    self.flush()
                    stack.append(None)
                stack += list(children(node))[::-1]
        self.flush()
        return without_tail(without_related(with_labels(self.found)))

    def take(self, node: Node) -> bool:
        """Take an element whole; False where it has to be walked into."""
        tag = node.tag or ""
        if tag == "-text":
            self.gather(node, inline_html.escape(node.text(deep=False) or ""))
            return True
        if tag in ("_comment", "-comment", "h1", "noscript"):
            return True
        if tag == "br":
            self.gather(node, "<br>")
            return True
        reason = self.left_out(node)
        if reason:
            self.leave(node, reason)
            return True
        if tag not in ("figure", "figcaption", "table") and CAPTION_BOX.search(label(node)):
            if self.take_caption(node):
                return True
        if tag == "span" and not self.measures.letters(node) and self.is_mark(node):
            self.gather(node, PART)
            return True
        if tag in INLINE:
            if self.measures.holds(node, *BLOCKS_INSIDE):
                return False
            self.gather(node, node.html or "")
            return True
        if tag in ("div", "section") and VIDEO.search(label(node)) and self.take_video_box(node):
            return True
        handler = getattr(self, f"take_{HANDLERS.get(tag, '')}", None)
        if handler is not None:
            return bool(handler(node))
        return self.take_captioned(node) if PICTURED.search(label(node)) else False

    def left_out(self, node: Node) -> str | None:
        """Furniture, unless it holds a good part of the text; boxes that are mostly links."""
        held = self.weight.get(node.mem_id, 0)
        reason = furniture_reason(node)
        if reason and SOCIAL.search(label(node)):
            return None
        if reason and held < 0.3 * self.whole:
            return reason
        if node.tag in ("div", "section", "ul", "ol", "table") and held < 0.3 * self.whole:
            letters, linked = self.measures.letters(node), self.measures.linked(node)
            if linked > 0.75 * letters > 0 and self.measures.count(node, "a") >= 2:
                return "links"
        return None

    def leave(self, node: Node, reason: str) -> None:
        self.flush()
        text = self.measures.text(node)
        if text:
            self.found.append(Piece(text[:300], reason=reason))

    # text

    def gather(self, node: Node, html: str) -> None:
        """Inline content, until a block begins or ends."""
        if not self.run:
            self.around = node.parent
        self.run.append(html)

    def safe(self, html: str) -> str:
        return safe_html(self.absolute(html))

    def plain(self, safe: str) -> str:
        return plain(safe, self.lang)

    def text(self, node: Node) -> str:
        """The text of an element for a field without marks."""
        return plain_text(node, self.lang, self.measures)

    def spoken(self, node: Node | None) -> dict[str, Any]:
        """Language and direction of a block, where they are stated and not the story's."""
        return self.voices.of(node).mark({})

    def flush(self) -> None:
        """The inline content that has gathered, as paragraphs: two breaks part them."""
        html, self.run = "".join(self.run), []
        if html.strip():
            for part in paragraphs(unglued(BLANKS.sub(" ", html))):
                self.paragraph(part)

    def paragraph(self, html: str) -> None:
        safe = self.safe(html)
        text = self.plain(safe)
        if not text or not re.search(r"\w", text):
            return
        voice = self.spoken(self.around)
        if reason := self.reason_of(text, html):
            self.found.append(Piece(text, reason=reason))
        elif is_bold(safe, text):
            self.add(Found("heading", text=text, html=unbold(safe), level=3, **voice))
        else:
            self.add(Found("paragraph", text=text, html=safe, **voice))

    def reason_of(self, text: str, html: str) -> str | None:
        if reason := vocabulary.furniture(text):
            return reason
        said = vocabulary.related(text)
        if said is not None and ("<a " in html or not said):
            return "related link" if said else "related heading"
        if letters_within("time", html) > 0.5 * len(text):
            return "time"
        linked = letters_within("a", html)
        if linked > 0.9 * len(text.lstrip(">- ")) and len(text) < 200 and not text.endswith("."):
            return "related link"
        start = vocabulary.plain(text)
        if linked > 0.5 * len(text) and start.startswith(tuple(vocabulary.RELATED_WORDS)):
            return "related link"
        if linked > 0.7 * len(text) and start.startswith(tuple(vocabulary.TAG_WORDS)):
            return "tags"
        return None

    def add(self, block: Found, text: str = "") -> None:
        self.blocks += 1
        if self.blocks > MOST_BLOCKS:
            raise NotAPage(f"The text has more than {MOST_BLOCKS:,} blocks.")
        self.found.append(
            Piece(text or block.text or block.caption or block.url or block.type, block)
        )

    def absolute(self, html: str) -> str:
        return LINK.sub(lambda link: link[1] + safe_join(self.base, link[2]) + link[3], html)

    def take_p(self, node: Node) -> bool:
        if self.measures.holds(node, *BLOCKS_INSIDE):
            return False
        self.flush()
        self.run, self.around = [inner(node)], node
        self.flush()
        return True

    def take_heading(self, node: Node) -> bool:
        self.flush()
        safe = self.safe(inner(node)).replace("<br>", " ")
        text = self.plain(safe)
        if not text:
            return True
        reason = vocabulary.furniture(text)
        if vocabulary.related(text) is not None:
            reason = "related heading"
        elif self.is_link_alone(node) and not self.measures.holds(node, "h1"):
            reason = reason or self.link_reason(node)
        if reason:
            self.found.append(Piece(text, reason=reason))
        else:
            level, voice = HEADINGS[node.tag or "h4"], self.spoken(node)
            self.add(Found("heading", text=text, html=unbold(safe), level=level, **voice))
        return True

    def take_list(self, node: Node) -> bool:
        """A list with those inside it; one that holds pictures or the like is walked into."""
        self.flush()
        items = [item for item in children(node) if item.tag == "li"]
        if not items or self.measures.holds(node, "figure", "img", "h2", "h3", "table"):
            return False
        reader = ListReader(self.measures, self.voices, self.dropped.note, self.safe)
        block = reader.read(node)
        kept = block["items"] if block else []
        linked = sum(self.is_link_alone(item) for item in items)
        if kept and linked >= max(1, 0.7 * len(kept)):
            self.found.append(Piece(self.measures.text(node)[:300], reason="links"))
        elif block:
            text = " · ".join(map(self.plain, kept))
            self.add(Found(**{name: one for name, one in block.items() if one is not None}), text)
        return True

    def link_reason(self, node: Node) -> str | None:
        """Why a heading that is all link is left out: it leads to another story of the site."""
        link = node.css_first("a[href]")
        href = (link.attributes.get("href") or "") if link is not None else ""
        there = host_of(joined(self.base, href))
        other = href and not href.startswith("#") and there in ("", host_of(self.base))
        return "related link" if other else None

    def is_link_alone(self, item: Node) -> bool:
        letters, linked = self.measures.letters(item), self.measures.linked(item)
        return linked > 0.85 * max(1, letters) and self.measures.holds(item, "a")

    def take_quote(self, node: Node) -> bool:
        self.flush()
        if SOCIAL.search(label(node)):
            links = [link.attributes.get("href") or "" for link in node.css("a[href]")]
            given = node.attributes.get("cite") or node.attributes.get("data-instgrm-permalink")
            url = given or next((link for link in reversed(links) if link.startswith("http")), "")
            self.embed(url, self.text(node))
            return True
        cite = self.cite_of(node)
        said = self.measures.letters(node) - (self.measures.letters(cite) if cite else 0)
        if said > LONGEST_QUOTE or self.measures.holds(
            node, "figure", "img", "h2", "h3", "ul", "ol", "table"
        ):
            return False
        who = self.text(cite).lstrip("—–- ") if cite is not None else None
        if cite is not None:
            cite.decompose()
        safe = self.safe(unboxed(inner(node)))
        if text := self.plain(safe):
            voice = self.spoken(node)
            self.add(Found("quote", text=text, html=safe, who=who or None, **voice))
        return True

    def cite_of(self, quote: Node) -> Node | None:
        """What says whose words they are."""
        named = self.measures.holds(quote, "cite", "footer", "figcaption")
        return quote.css_first("cite,footer,figcaption") if named else None

    # pictures, media, the rest

    def take_figure(self, node: Node) -> bool:
        self.flush()
        if self.measures.holds(node, "blockquote"):
            quote = node.css_first("blockquote")
            return quote is not None and self.take_quote(quote)
        media = self.measures.holds(node, "iframe", "video", "audio", "table")
        if media and not self.measures.holds(node, "img"):
            return False
        return self.take_pictures(node)

    def take_captioned(self, node: Node) -> bool:
        """A box that is named as a picture's, with little text: the picture and its caption."""
        heavy = self.weight.get(node.mem_id, 0) > 0.2 * self.whole
        if heavy or self.measures.letters(node) > 400 or self.measures.count(node, "p") > 1:
            return False
        if not self.measures.holds(node, "img", "amp-img"):
            return False
        if self.measures.holds(node, "figure", "iframe", "video", "h2", "h3", "ul"):
            return False
        return self.take_pictures(node)

    def take_pictures(self, node: Node) -> bool:
        self.flush()
        pictures = picture_of(node, self.base, self.known, self.measures, self.lang)
        if pictures:
            kind = "figure" if len(pictures) == 1 else "gallery"
            text = self.measures.text(node) or pictures[0].alt or pictures[0].url or ""
            self.add(Found(kind, pictures=pictures), text)  # type: ignore[arg-type]
        elif text := self.measures.text(node):
            self.found.append(Piece(text[:300], reason="a figure without a picture"))
        return True

    def take_caption(self, node: Node) -> bool:
        """A box that is named a caption, without its picture: of the picture above it."""
        letters = self.measures.letters(node)
        if not 0 < letters <= LONGEST_CAPTION or self.measures.holds(node, "img", *HEADINGS):
            return False
        self.flush()
        text = self.text(node)
        last = next((one.block for one in self.found[::-1] if one.block), None)
        if last is None or last.type != "figure" or last.pictures[0].caption:
            self.found.append(Piece(text, reason="caption"))
        else:
            caption, credit = split_credit(text, self.known)
            last.pictures[0].caption = caption or None
            last.pictures[0].credit = last.pictures[0].credit or credit
            self.found.append(Piece(text, reason="caption of the picture above"))
        return True

    def is_mark(self, node: Node) -> bool:
        """Whether an empty element only marks a place in the text."""
        return any(name.startswith("data-") for name in node.attributes)

    def take_iframe(self, node: Node) -> bool:
        attributes = node.attributes
        url = attributes.get("src") or attributes.get("data-src") or ""
        if url and not url.startswith(("about:", "javascript:", "data:")):
            self.embed(url, attributes.get("title") or "")
        return True

    def embed(self, url: str, text: str) -> None:
        url = safe_join(self.base, url)
        if url.startswith(("http://", "https://")) and not re.search(
            r"doubleclick|googletag|adservice|facebook\.com/tr", url
        ):
            self.flush()
            self.add(Found("embed", text=text, url=url, provider=provider_of(url)), text or url)

    def take_media(self, node: Node) -> bool:
        """A video or audio with its poster and tracks."""
        self.flush()
        source = node.css_first("source[src]")
        url = node.attributes.get("src") or (source.attributes.get("src") if source else None)
        if url and not url.startswith(("blob:", "data:", "javascript:")):
            kind = "video" if node.tag in ("video", "amp-video") else "audio"
            film = Found(kind, url=safe_join(self.base, url))  # type: ignore[arg-type]
            film.poster = self.file(node.attributes.get("poster"))
            film.tracks = [track for one in node.css("track") if (track := self.track(one))] or None
            self.add(film, url)
        return True

    def file(self, given: str | None) -> str | None:
        """The address of a poster or a track; one that a story can't hold is named in a warning."""
        return allowed_url(given, self.dropped.note, self.base, mail=False) if given else None

    def track(self, node: Node) -> dict[str, Any] | None:
        given = attributes_of(node)
        track = track_of(given, self.file(given.get("src")))
        if track is None:
            self.dropped.note("empty", "track")
        return track

    def take_video_box(self, node: Node) -> bool:
        """A box that is named a video's and leads to its page: an embed of that page."""
        light = self.weight.get(node.mem_id, 0) < 0.2 * self.whole
        if not light or self.measures.letters(node) >= 600 or not self.measures.holds(node, "a"):
            return False
        if self.measures.holds(node, "iframe", "video", "amp-video", "amp-youtube"):
            return False
        if (link := node.css_first("a[href]")) is None:
            return False
        self.flush()
        self.embed(link.attributes.get("href") or "", self.text(node))
        return True

    def take_table(self, node: Node) -> bool:
        """A table of data; one that only lays the page out is walked into."""
        self.flush()
        laid_out = self.measures.holds(node, "p", "div", "img", "table")
        if laid_out and not self.measures.holds(node, "th"):
            return False
        noted = Dropped()  # of a table that is walked into nothing is lost
        try:
            whole = self.rows_of(node, noted)
            rows = [row for row in whole if any(row)]
        except TooManyCells as many:
            raise NotAPage(str(many)) from many
        if len(rows) < 2 or max(map(len, rows)) < 2:
            return False
        for (kind, name), note in noted.notes.items():
            self.dropped.note(kind, name, times=note.times)
        header = any(whole[0]) and is_header(node)
        caption = node.css_first("caption")
        text = " · ".join(cell for row in rows for cell in row if cell)
        said = self.text(caption) or None if caption is not None else None
        self.add(Found("table", rows=rows, header=header, caption=said, **self.spoken(node)), text)
        return True

    def rows_of(self, table: Node, noted: Dropped) -> list[list[str]]:
        """The rows of a table, each with as many cells as its grid: see `table_grid.grid`."""
        groups: dict[int, list[list[Cell]]] = {}
        for row in table.css("tr"):
            cells = [cell for cell in children(row) if cell.tag in ("td", "th")]
            parent = row.parent.mem_id if row.parent is not None else 0
            groups.setdefault(parent, []).append([self.cell_of(cell, noted) for cell in cells])
        return grid(list(groups.values()), self.space)

    def cell_of(self, cell: Node, noted: Dropped) -> Cell:
        return Cell(self.text(cell), *spans(noted, attributes_of(cell)))

    def take_divider(self, _: Node) -> bool:
        self.flush()
        if self.found and self.found[-1].block:
            self.add(Found("divider"))
        return True


HANDLERS = {
    "p": "p", "h2": "heading", "h3": "heading", "h4": "heading", "h5": "heading", "h6": "heading",
    "ul": "list", "ol": "list", "blockquote": "quote", "figure": "figure", "img": "pictures",
    "amp-img": "pictures", "picture": "pictures", "iframe": "iframe", "amp-iframe": "iframe", "video": "media",
    "audio": "media", "amp-video": "media", "table": "table", "hr": "divider",
}  # fmt: skip


def is_header(table: Node) -> bool:
    """Whether the first row of a table that has cells names its columns, as in a body."""
    for row in table.css("tr"):
        cells = {cell.tag for cell in children(row) if cell.tag in ("td", "th")}
        if cells:
            return cells == {"th"} or (row.parent is not None and row.parent.tag == "thead")
    return False


def safe_join(base: str, url: str) -> str:
    return joined(base, url.replace("&amp;", "&"))
