"""What each HTML element means in a body: handlers that the reader calls when an element begins."""

import re

from app.formats import table_grid
from app.formats.body import style, voice
from app.formats.body.element import Element
from app.formats.body.frames import (
    Block,
    Figure,
    Film,
    Flow,
    Heading,
    List,
    Opaque,
    Quote,
    Table,
    embed,
)
from app.formats.body.line import Mark
from app.formats.body.losses import Dropped
from app.formats.body.reader import Handler, Reader
from app.formats.body.style import Attributes
from app.formats.body.word_processor import is_item
from app.formats.embeds import SOCIAL

BOXES = frozenset(
    "html head body p div section article main header nav aside address details summary form"
    " fieldset legend center dl dt dd pre hgroup search colgroup col picture".split()
)
"""Elements whose edges part lines, and that have nothing else to say."""
EMPTY = frozenset("meta link base basefont input frame keygen bgsound".split())
"""Elements without words, that are nothing of a story."""
LEVELS = {"h1": 2, "h2": 2, "h3": 3, "h4": 4, "h5": 4, "h6": 4}
GROUPS = {"thead": "head", "tbody": "body", "tfoot": "foot"}
"""What `type` of an ordered list may be. HTML, section 4.4.5."""
NUMBERING = ("start", "reversed", "type")
CREDIT = re.compile(r"(?:^|[\s_-])credits?(?=$|[\s_-])|copyright|photographer", re.IGNORECASE)
SHOWN = frozenset(["related", "correction", "embed"])
PICTURE = {
    "src", "srcset", "sizes", "alt", "title", "width", "height", "loading", "decoding", "data-image",
}  # fmt: skip


def take(reader: Reader, element: Element, given: Attributes) -> None:
    """Handle the start of any element: our own blocks by their attributes, others by tag name."""
    if isinstance(reader.frame, Opaque):
        take_shown(reader, reader.frame, element, given)
    elif "data-withheld" in given or given.get("data-type") in SHOWN:
        take_opaque(reader, element, given)
    else:
        HANDLERS.get(element.tag, take_inline)(reader, element, given)


def take_box(reader: Reader, element: Element, given: Attributes) -> None:
    """Begin a block-level element; its bold and italic styles apply to its text."""
    reader.box(element, given)
    declared = style.style_of(given)
    if isinstance(reader.frame, Flow):
        element.item = is_item(given, declared)
    put_marks(reader, element, style.marks_of(element.tag, given, declared))


def take_inline(reader: Reader, element: Element, given: Attributes) -> None:
    """Begin inline formatting of the text, or ignore the element."""
    if isinstance(reader.frame, Figure) and reader.frame.part and is_credit(element.tag, given):
        take_credit(reader, reader.frame, element)
        return
    if element.tag in EMPTY:
        reader.dropped.note("empty", element.tag)
        return
    marks = style.marks_of(element.tag, given, style.style_of(given))
    known = {"href", "hreflang"} if element.tag == "a" else set()
    if repeats_direction(reader, element, marks):
        known, marks = {"dir"}, marks[1:]
    for mark in marks:
        known |= mark.attributes.keys()
    if element.tag == "a" and (link := style.link_of(given, reader.dropped.note, reader.site)):
        marks.insert(0, link)
        known |= link.attributes.keys()
        if isinstance(reader.frame, Quote):
            reader.frame.links.append(link.attributes["href"])
    put_marks(reader, element, marks)
    if direction := reader.stated(element, given):
        element.direction, element.unused = direction, "dir" in given and "dir" not in known
        known.add("dir")
        reader.turning.append(element)
    if not marks and not (element.tag == "a" and "href" in given):
        reader.dropped.note("element", element.tag)
    reader.left(element.tag, given, known)


def repeats_direction(reader: Reader, element: Element, marks: list[Mark]) -> bool:
    """Return whether a span only states the direction that its text has anyway."""
    if element.tag != "span" or not marks or marks[0].tag != "bdi":
        return False
    there = any(mark.tag == "bdi" for mark in reader.line.marks)
    return not there and marks[0].attributes["dir"] == reader.voice.direction


def put_marks(reader: Reader, element: Element, marks: list[Mark]) -> None:
    element.marks = [mark for mark in marks if reader.line.open(mark)]


def is_credit(tag: str, given: Attributes) -> bool:
    return tag in ("cite", "small") or bool(CREDIT.search(given.get("class", "")))


def take_credit(reader: Reader, figure: Figure, element: Element) -> None:
    """Begin the credit within a caption."""
    reader.flush()
    before, figure.part = figure.part, "credit"

    def undo() -> None:
        reader.flush()
        figure.part = before

    element.undo = undo


def take_break(reader: Reader, element: Element, given: Attributes) -> None:
    reader.line.end_line()


def take_heading(reader: Reader, element: Element, given: Attributes) -> None:
    reader.box(element, given)
    if isinstance(reader.frame, Flow | Figure | Quote) and not reader.full:
        level = LEVELS[element.tag]
        reader.begin(Heading(level, *reader.naming(element)), element)


def take_quote(reader: Reader, element: Element, given: Attributes) -> None:
    reader.box(element, given)
    if not isinstance(reader.frame, Quote) and not reader.full:
        social = bool(SOCIAL.search(given.get("class", "")))
        reader.begin(Quote(social, *reader.naming(element)), element)


def take_footer(reader: Reader, element: Element, given: Attributes) -> None:
    """Begin the text below a quote or an image: a speaker or caption."""
    reader.box(element, given)
    frame = reader.frame
    if isinstance(frame, Quote):
        frame.footer = True
        element.undo = lambda: setattr(frame, "footer", False)
    elif isinstance(frame, Figure) and element.tag == "figcaption":
        frame.part = "caption"
        element.undo = lambda: setattr(frame, "part", None)


def take_list(reader: Reader, element: Element, given: Attributes) -> None:
    """Begin a list; inside another list its items become deeper items of that one."""
    ordered = element.tag == "ol"
    reader.box(element, given, *(NUMBERING if ordered else ()))
    start = style.integer(given.get("start")) if ordered else None
    frame = reader.frame
    if isinstance(frame, List):
        frame.enter(ordered, start)
        element.undo = frame.leave
        for name in ("reversed", "type"):
            if name in given and ordered:
                reader.dropped.note("attribute", name)
    elif not reader.full:
        numbering = numbering_of(given, ordered)
        reader.begin(List(ordered, numbering, *reader.naming(element)), element)


def numbering_of(given: Attributes, ordered: bool) -> Block:
    """Return how the items of a list are numbered, by its attributes."""
    marker = given.get("type") if ordered else None
    return {
        "start": style.integer(given.get("start")) if ordered else None,
        "reversed": True if ordered and "reversed" in given else None,
        "marker": style.OL_TYPES.get(marker or ""),
    }


def take_item(reader: Reader, element: Element, given: Attributes) -> None:
    """Begin a list item."""
    reader.box(element, given, "value")
    frame = reader.frame
    if isinstance(frame, List):
        frame.item(style.integer(given.get("value")))
        element.undo = lambda: setattr(frame, "fresh", True)


def take_table(reader: Reader, element: Element, given: Attributes) -> None:
    reader.box(element, given)
    if not reader.full:
        reader.begin(Table(reader.space, *reader.naming(element)), element)


def take_table_part(reader: Reader, element: Element, given: Attributes) -> None:
    """Begin a caption, row group, row or cell; outside a table it is only a block boundary."""
    reader.box(element, given, "scope", "colspan", "rowspan")
    table = reader.frame
    if not isinstance(table, Table):
        return
    if element.tag == "caption":
        table.part = "caption"
        element.undo = lambda: setattr(table, "part", "body")
    elif element.tag in GROUPS:
        table.group(GROUPS[element.tag])
        element.undo = table.group
    elif element.tag == "tr":
        table.row()
    elif element.tag in ("td", "th"):
        across, down = spans(reader.dropped, given)
        reader.frames.append(table.cell(element.tag == "th", across, down))
        element.undo = lambda: end_cell(reader)


def spans(dropped: Dropped, given: Attributes) -> tuple[int, int]:
    """Return how many columns and rows a cell spans, within the limits of the standard, with a
    warning."""
    across, wide = table_grid.span(given.get("colspan"), table_grid.MOST_ACROSS)
    down, long = table_grid.span(given.get("rowspan"), table_grid.MOST_DOWN, least=0)
    if across != 1 or down != 1:
        dropped.note("span", "several places")
    if wide:
        dropped.note("reduced", f"colspan={given['colspan']}")
    if long:
        dropped.note("reduced", f"rowspan={given['rowspan']}")
    return across, down


def end_cell(reader: Reader) -> None:
    """Keep the text of a cell at its end."""
    reader.frames.pop()


def take_figure(reader: Reader, element: Element, given: Attributes) -> None:
    reader.box(element, given)
    if not reader.full:
        gallery = given.get("data-type") == "gallery"
        reader.begin(Figure(gallery, *reader.naming(element)), element)


def take_image(reader: Reader, element: Element, given: Attributes) -> None:
    """Add an image, by its id or URL; or the emoji that a small picture shows."""
    if letters := style.emoji_of(given):
        reader.say(letters, kept=True)
        return
    reader.left(element.tag, given, PICTURE)
    image = {
        "id": given.get("data-image") or None, "src": reader.picture(given.get("src")),
        "alt": given.get("alt") or None, "caption": None, "title": given.get("title") or None, "credit": None,
        "at": reader.dropped.length,
    }  # fmt: skip
    reader.emit({"type": "figure", "image": image})


def take_film(reader: Reader, element: Element, given: Attributes) -> None:
    """Begin a video or audio; its text is only for browsers that cannot play it."""
    known = {"src", "poster", "controls", "data-duration", "data-mime"}
    reader.box(element, given, *known)
    film: Block = {
        "url": film_url(reader, given), "mime": given.get("data-mime") or None,
        "poster": reader.file(given["poster"]) if given.get("poster") else None,
        "duration": style.number(given.get("data-duration")),
    }  # fmt: skip
    reader.begin(Film(element.tag, film, *reader.naming(element)), element)


def film_url(reader: Reader, given: Attributes) -> str | None:
    if not given.get("src"):
        return None
    return reader.file(given["src"])


def take_source(reader: Reader, element: Element, given: Attributes) -> None:
    """Use the first file of a video or audio that a story can hold."""
    frame = reader.frame
    if isinstance(frame, Film) and not frame.film["url"]:
        frame.film["url"] = film_url(reader, given)
        frame.film["mime"] = given.get("type") or frame.film["mime"]


def take_track(reader: Reader, element: Element, given: Attributes) -> None:
    """Add a text track of a video or audio."""
    frame = reader.frame
    if not isinstance(frame, Film):
        return
    if track := track_of(given, film_url(reader, given)):
        frame.film["tracks"].append(track)
    else:
        reader.dropped.note("empty", element.tag)


def track_of(given: Attributes, url: str | None) -> Block | None:
    """Return a text track with this URL, if a story can hold its kind and language."""
    kind, lang = given.get("kind", "subtitles"), given.get("srclang", "")
    if not url or not voice.LANG.fullmatch(lang):
        return None
    if kind not in ("captions", "subtitles", "descriptions", "chapters"):
        return None
    return {"kind": kind, "lang": lang, "url": url}


def take_frame(reader: Reader, element: Element, given: Attributes) -> None:
    """Add an embed by the URL of an `iframe`."""
    reader.left(element.tag, given, {"src", "data-src", "title", "width", "height", "data-block"})
    source = given.get("src") or given.get("data-src") or ""
    url = reader.file(source)
    if url is None:
        reader.dropped.note("element", element.tag)
    else:
        width, height = style.number(given.get("width")), style.number(given.get("height"))
        ratio = round(width / height, 4) if width and height else None
        reader.emit(embed(url, given.get("title", ""), ratio))
    reader.skipped = element


def take_divider(reader: Reader, element: Element, given: Attributes) -> None:
    reader.box(element, given)
    block: Block = {"type": "divider"}
    reader.frame.block(reader.name(block))
    element.id = None


def take_opaque(reader: Reader, element: Element, given: Attributes) -> None:
    """Begin one of our own blocks that is described by its attributes."""
    known = {name for name in given if name.startswith("data-")}
    reader.box(element, given, *known)
    block: Block = {"type": given.get("data-type", "paragraph")}
    if "data-withheld" in given:
        block["withheld"] = given["data-withheld"]
    elif block["type"] == "correction":
        block["correction"] = given.get("data-correction") or None
    elif block["type"] == "embed":
        tracks = given.get("data-tracks")
        block |= {
            "provider": given.get("data-provider") or None,
            "ratio": style.number(given.get("data-ratio")),
            "tracks": tracks if tracks in ("yes", "no", "unknown") else None,
        }  # fmt: skip
    reader.begin(Opaque(block, *reader.naming(element)), element)


def take_shown(reader: Reader, frame: Opaque, element: Element, given: Attributes) -> None:
    """Begin an element inside such a block: its text is ignored, its links count."""
    if element.tag == "br":
        reader.line.end_line()
    if element.tag == "a" and given.get("href"):
        url = style.allowed_url(given["href"], reader.dropped.note, reader.site)
        frame.links += [url] if url else []
    if given.get("data-article"):
        frame.articles.append(given["data-article"])
    if element.tag in ("ul", "ol"):
        reader.flush()
        frame.listed = True
    if element.tag in BOXES or (element.tag in HANDLERS and element.tag not in ("br", "img")):
        reader.flush()
        element.boxed = True


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(BOXES, take_box),
    **dict.fromkeys(LEVELS, take_heading),
    **dict.fromkeys(["ul", "ol", "menu", "dir"], take_list),
    **dict.fromkeys(["caption", "thead", "tbody", "tfoot", "tr", "td", "th"], take_table_part),
    **dict.fromkeys(["img", "image", "amp-img"], take_image),
    **dict.fromkeys(["video", "audio", "amp-video", "amp-audio"], take_film),
    **dict.fromkeys(["iframe", "amp-iframe", "embed"], take_frame),
    **dict.fromkeys(["footer", "figcaption"], take_footer),
    "br": take_break, "wbr": lambda *_: None, "blockquote": take_quote, "li": take_item,
    "table": take_table, "figure": take_figure, "source": take_source, "track": take_track,
    "hr": take_divider,
}  # fmt: skip
