"""The body of a page's story: its elements walked in order, each a block or left out with why."""

import re
from dataclasses import dataclass

from app import inline
from app.formats.embeds import SOCIAL, provider_of
from app.formats.page import words
from app.formats.page.addresses import joined
from app.formats.page.html_pictures import picture_of
from app.formats.page.html_tree import (
    BLANKS,
    INLINE,
    Node,
    children,
    furniture_reason,
    label,
    visible,
)
from app.formats.page.shape import Found, NotAPage
from app.formats.page.sources import Known
from app.formats.table_grid import MOST_ACROSS, MOST_DOWN, Cell, Space, TooManyCells, grid, span

BLOCKS_INSIDE = (
    "p,div,section,article,figure,img,picture,amp-img,ul,ol,table,blockquote,h1,h2,h3,h4,h5,h6"
    ",iframe,video,audio,hr"
)
HEADINGS = {"h2": 2, "h3": 3, "h4": 4, "h5": 4, "h6": 4}
BREAKS = re.compile(r"(?:<br>\s*){2,}")
ENDED = re.compile(r"[.!?؟…:»”\"]\s*$")
PICTURED = re.compile(
    r"(?:^|[\s_-])(?:wp-caption|caption|image|photo|figure|picture|media|img)(?=$|[\s_-]|[A-Z\d])",
    re.IGNORECASE,
)
SIGNATURE = re.compile(r"<em>[^<]{2,40}</em>")
"""A short last line in italics: who wrote it."""
VIDEO = re.compile(
    r"(?:^|[\s_-])video-?(?:container|ct|box|player|wrapper|embed|module)?(?=$|[\s_-])"
)
LINK = re.compile(r'(href=")([^"]*)(")')


@dataclass
class Piece:
    """A block, or a text that was left out and why."""

    text: str
    block: Found | None = None
    reason: str | None = None


class Body:
    """Walks an element without recursion, so that depth costs nothing."""

    def __init__(self, base: str, known: Known, weight: dict[int, int]) -> None:
        self.base, self.known, self.weight = base, known, weight
        self.found: list[Piece] = []
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
            self.run.append(inline.escape(node.text(deep=False) or ""))
            return True
        if tag in ("_comment", "h1", "noscript"):
            return True
        if tag == "br":
            self.run.append("<br>")
            return True
        reason = self.left_out(node)
        if reason:
            self.leave(node, reason)
            return True
        if tag in INLINE:
            if node.css_first(BLOCKS_INSIDE) is not None:
                return False
            self.run.append(node.html or "")
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
            links = node.css("a")
            text = len(visible(node))
            if len(links) >= 2 and sum(len(visible(link)) for link in links) > 0.75 * text > 0:
                return "links"
        return None

    def leave(self, node: Node, reason: str) -> None:
        self.flush()
        text = visible(node)
        if text:
            self.found.append(Piece(text[:300], reason=reason))

    # text

    def flush(self) -> None:
        """The inline content that has gathered, as paragraphs: two breaks part them."""
        html, self.run = "".join(self.run), []
        if html.strip():
            for part in paragraphs(BLANKS.sub(" ", html)):
                self.paragraph(part)

    def paragraph(self, html: str) -> None:
        safe = tidy(inline.clean(self.absolute(html)))
        text = plain(safe)
        if not text or not re.search(r"\w", text):
            return
        if reason := self.reason_of(text, html):
            self.found.append(Piece(text, reason=reason))
        elif is_bold(safe, text):
            self.add(Found("heading", text=text, html=unbold(safe), level=3))
        else:
            self.add(Found("paragraph", text=text, html=safe))

    def reason_of(self, text: str, html: str) -> str | None:
        if reason := words.furniture(text):
            return reason
        said = words.labelled(text, words.RELATED_WORDS)
        if said is not None and ("<a " in html or not said):
            return "related link"
        if len(within("time", html)) > 0.5 * len(text):
            return "time"
        linked = len(within("a", html))
        if linked > 0.9 * len(text.lstrip(">- ")) and len(text) < 200 and not text.endswith("."):
            return "related link"
        if linked > 0.5 * len(text) and words.plain(text).startswith(tuple(words.RELATED_WORDS)):
            return "related link"
        return None

    def add(self, block: Found, text: str = "") -> None:
        self.found.append(
            Piece(text or block.text or block.caption or block.url or block.type, block)
        )

    def absolute(self, html: str) -> str:
        return LINK.sub(lambda link: link[1] + safe_join(self.base, link[2]) + link[3], html)

    def take_p(self, node: Node) -> bool:
        if node.css_first(BLOCKS_INSIDE) is not None:
            return False
        self.flush()
        self.run.append(inner(node))
        self.flush()
        return True

    def take_heading(self, node: Node) -> bool:
        self.flush()
        safe = tidy(inline.clean(self.absolute(inner(node)))).replace("<br>", " ")
        text = plain(safe)
        if not text:
            return True
        reason = words.furniture(text)
        if words.labelled(text, words.RELATED_WORDS) is not None:
            reason = "related heading"
        if reason:
            self.found.append(Piece(text, reason=reason))
        else:
            self.add(
                Found("heading", text=text, html=unbold(safe), level=HEADINGS[node.tag or "h4"])
            )
        return True

    def take_list(self, node: Node) -> bool:
        self.flush()
        items = [item for item in children(node) if item.tag == "li"]
        if not items or any(
            item.css_first("p p,figure,img,h2,h3,table") is not None for item in items
        ):
            return False
        texts = [tidy(inline.clean(self.absolute(unboxed(inner(item))))) for item in items]
        kept = [safe for safe in texts if plain(safe)]
        linked = [item for item in items if item.css_first("a") and is_link_alone(item)]
        if kept and len(linked) >= max(1, 0.7 * len(kept)):
            self.found.append(Piece(visible(node)[:300], reason="links"))
        elif kept:
            self.add(
                Found("list", items=kept, ordered=node.tag == "ol"), " · ".join(map(plain, kept))
            )
        return True

    def take_quote(self, node: Node) -> bool:
        self.flush()
        if SOCIAL.search(label(node)):
            links = [link.attributes.get("href") or "" for link in node.css("a[href]")]
            given = node.attributes.get("cite") or node.attributes.get("data-instgrm-permalink")
            url = given or next((link for link in reversed(links) if link.startswith("http")), "")
            self.embed(url, visible(node))
            return True
        cite = node.css_first("cite,footer,figcaption")
        who = visible(cite).lstrip("—–- ") if cite is not None else None
        if cite is not None:
            cite.decompose()
        if len(visible(node)) > 1200 or node.css_first("figure,img,h2,h3,ul,table") is not None:
            return False
        safe = tidy(inline.clean(self.absolute(unboxed(inner(node)))))
        if plain(safe):
            self.add(Found("quote", text=plain(safe), html=safe, who=who or None))
        return True

    # pictures, media, the rest

    def take_figure(self, node: Node) -> bool:
        self.flush()
        if (quote := node.css_first("blockquote")) is not None:
            return self.take_quote(quote)
        if node.css_first("iframe,video,audio,table") is not None and node.css_first("img") is None:
            return False
        return self.take_pictures(node)

    def take_captioned(self, node: Node) -> bool:
        """A box that is named as a picture's, with little text: the picture and its caption."""
        image = node.css_first("img,amp-img")
        if (
            image is None
            or len(visible(node)) > 400
            or self.weight.get(node.mem_id, 0) > 0.2 * self.whole
        ):
            return False
        if node.css_first("figure,iframe,video,h2,h3,ul,p + p") is not None:
            return False
        return self.take_pictures(node)

    def take_pictures(self, node: Node) -> bool:
        self.flush()
        pictures = picture_of(node, self.base, self.known)
        if pictures:
            kind = "figure" if len(pictures) == 1 else "gallery"
            text = visible(node) or pictures[0].alt or pictures[0].url or ""
            self.add(Found(kind, pictures=pictures), text)  # type: ignore[arg-type]
        elif text := visible(node):
            self.found.append(Piece(text[:300], reason="a figure without a picture"))
        return True

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
        self.flush()
        source = node.css_first("source[src]")
        url = node.attributes.get("src") or (source.attributes.get("src") if source else None)
        if url and not url.startswith(("blob:", "data:", "javascript:")):
            kind = "video" if node.tag in ("video", "amp-video") else "audio"
            self.add(Found(kind, url=safe_join(self.base, url)), url)  # type: ignore[arg-type]
        return True

    def take_video_box(self, node: Node) -> bool:
        """A box that is named a video's and leads to its page: an embed of that page."""
        link = node.css_first("a[href]")
        short = len(visible(node)) < 600 and self.weight.get(node.mem_id, 0) < 0.2 * self.whole
        if link is None or not short or node.css_first("iframe,video,amp-video,amp-youtube"):
            return False
        self.flush()
        self.embed(link.attributes.get("href") or "", visible(node))
        return True

    def take_table(self, node: Node) -> bool:
        """A table of data; one that only lays the page out is walked into."""
        self.flush()
        if (
            node.css_first("table p,table div,table img,table table") is not None
            and len(node.css("th")) == 0
        ):
            return False
        try:
            rows = [row for row in rows_of(node) if any(row)]
        except TooManyCells as many:
            raise NotAPage(str(many)) from many
        if len(rows) < 2 or max(map(len, rows)) < 2:
            return False
        caption = node.css_first("caption")
        text = " · ".join(cell for row in rows for cell in row if cell)
        self.add(Found("table", rows=rows, caption=visible(caption) if caption else None), text)
        return True

    def take_divider(self, _: Node) -> bool:
        self.flush()
        if self.found and self.found[-1].block:
            self.add(Found("divider"))
        return True


def rows_of(table: Node) -> list[list[str]]:
    """The rows of a table, each with as many cells as its grid: see `table_grid.grid`."""
    groups: dict[int, list[list[Cell]]] = {}
    for row in table.css("tr"):
        cells = [cell for cell in children(row) if cell.tag in ("td", "th")]
        parent = row.parent.mem_id if row.parent is not None else 0
        groups.setdefault(parent, []).append([cell_of(cell) for cell in cells])
    return grid(list(groups.values()), Space())


def cell_of(cell: Node) -> Cell:
    across, _ = span(cell.attributes.get("colspan"), MOST_ACROSS)
    down, _ = span(cell.attributes.get("rowspan"), MOST_DOWN, least=0)
    return Cell(visible(cell), across, down)


HANDLERS = {
    "p": "p", "h2": "heading", "h3": "heading", "h4": "heading", "h5": "heading", "h6": "heading",
    "ul": "list", "ol": "list", "blockquote": "quote", "figure": "figure", "img": "pictures",
    "amp-img": "pictures", "picture": "pictures", "iframe": "iframe", "amp-iframe": "iframe", "video": "media",
    "audio": "media", "amp-video": "media", "table": "table", "hr": "divider",
}  # fmt: skip


def inner(node: Node) -> str:
    """The HTML inside an element."""
    return "".join(
        inline.escape(child.text(deep=False) or "") if child.tag == "-text" else child.html or ""
        for child in children(node)
    )


def unboxed(html: str) -> str:
    """Paragraphs inside an item or a quote, as lines of it."""
    return re.sub(r"</(?:p|div)>\s*<(?:p|div)[^>]*>", "<br>", html)


def tidy(safe: str) -> str:
    """Blanks single, no break at an end, no link or emphasis around nothing."""
    safe = BLANKS.sub(" ", safe)
    safe = re.sub(r"<(a|strong|em|q|cite|bdi|sup|sub)(?: [^>]*)?>\s*</\1>", "", safe)
    safe = re.sub(r"<a>(.*?)</a>", r"\1", safe)
    safe = re.sub(r"\s*<br>\s*", "<br>", safe)
    return re.sub(r"^(?:<br>|\s)+|(?:<br>|\s)+$", "", safe)


def plain(safe: str) -> str:
    return inline.text_of(safe).strip()


def paragraphs(html: str) -> list[str]:
    """Parted at two breaks; at one, where each part is a sentence of its own."""
    parts = BREAKS.split(re.sub(r"<br[^>]*>", "<br>", html))
    found: list[str] = []
    for part in parts:
        lines = [line for line in part.split("<br>") if line.strip()]
        found += split_lines(lines) or [part]
    return found


def split_lines(lines: list[str]) -> list[str] | None:
    """Lines that are paragraphs of their own: most are long and end as sentences do, or they are
    the turns of an interview. Short ones between them are sub-headings."""
    ended = [len(line) > 80 and bool(ENDED.search(plain(line))) for line in lines]
    if len(lines) >= 2 and all(re.match(r"\s*[-*•–—]", plain(line)) for line in lines[1:]):
        return lines if lines[0].lstrip()[:1] in "*-•–—" or len(lines) == 2 else None
    if len(lines) < 3 or sum(ended) < 0.6 * len(lines):
        return None
    return [
        f"<strong>{line}</strong>" if len(line) < 80 and not ENDED.search(plain(line)) else line
        for line in lines
    ]


def within(tag: str, html: str) -> str:
    """The text inside the elements of one kind."""
    return plain("".join(re.findall(rf"<{tag}\b[^>]*>(.*?)</{tag}>", html)))


def with_labels(pieces: list[Piece]) -> list[Piece]:
    """A label that stands alone ("Source:"), with the short text or list that follows it."""
    found: list[Piece] = []
    for piece in pieces:
        last = found[-1] if found else None
        if last and last.block and piece.block and is_label(last) and len(piece.text) < 100:
            if piece.block.type in ("paragraph", "list"):
                text = f"{last.text.strip()} {piece.text}"
                found[-1] = Piece(text, Found("paragraph", text=text, html=inline.escape(text)))
                continue
        found.append(piece)
    return found


def is_label(piece: Piece) -> bool:
    labels = words.SOURCE_WORDS | words.BYLINE_WORDS | words.TAG_WORDS
    return piece.text.rstrip().endswith(":") and words.labelled(piece.text, labels) == ""


def without_tail(pieces: list[Piece]) -> list[Piece]:
    """From the end: sub-headings and rules over nothing, appeals, the rules for comments."""
    for piece in reversed(pieces):
        block = piece.block
        if block is None or block.type in ("figure", "gallery", "embed", "video", "audio"):
            continue
        if block.type in ("heading", "divider"):
            piece.block, piece.reason = None, "a heading over nothing"
        elif block.type == "paragraph" and (reason := words.after_the_end(piece.text)):
            piece.block, piece.reason = None, reason
        elif SIGNATURE.fullmatch(block.html) and not ENDED.search(piece.text):
            piece.block, piece.reason = None, "byline"
        else:
            break
    return pieces


def is_bold(safe: str, text: str) -> bool:
    """A short paragraph all in bold is a sub-heading that was never marked as one."""
    bold = re.fullmatch(r"<strong(?: [^>]*)?>(.*?)</strong>:?", safe)
    return bool(
        bold
        and "<strong" not in bold[1]
        and len(text.split()) <= 14
        and not re.search(r"[.؛;]\s*$", text)
    )


def unbold(safe: str) -> str:
    return re.sub(r"</?strong(?: [^>]*)?>", "", safe)


def safe_join(base: str, url: str) -> str:
    return joined(base, url.replace("&amp;", "&"))


def is_link_alone(item: Node) -> bool:
    text = visible(item)
    return sum(len(visible(link)) for link in item.css("a")) > 0.85 * max(1, len(text))


def without_related(pieces: list[Piece]) -> list[Piece]:
    """What stands under a heading "Related" goes with it, until text or another heading comes."""
    under = False
    for piece in pieces:
        if piece.reason == "related heading":
            under = True
        elif piece.block is None:
            continue
        elif (under and piece.block.type in ("list", "figure", "heading")) or (
            under
            and piece.block.type == "paragraph"
            and len(piece.text) < 120
            and not ENDED.search(piece.text)
        ):
            piece.block, piece.reason = None, "related link"
        else:
            under = False
    return pieces
