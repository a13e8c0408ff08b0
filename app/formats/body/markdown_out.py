"""A body as Markdown: CommonMark with the tables of GitHub's. What it has no words for, and what
would not come back as it was, is a line of HTML, which CommonMark allows.

https://spec.commonmark.org/0.31.2/
"""

import html as entities
import re
from typing import Any

from app.formats import inline_html
from app.formats.body import html_out
from app.formats.body.line import is_seen
from app.json_types import Json

TAG = re.compile(r"(<[^>]*>)")
SPECIAL = re.compile(r"([\\`*_\[\]<>#~|!]|\{(?=[-+=]))")
AMPERSAND = re.compile(r"&(?=#?\w+;)")
APART = re.compile(r"\n\s*\n")
BEGINNING = re.compile(r"^(\s*)(?:([-+=])|(\d+)([.)]))")
BLANK_EDGES = re.compile(r"^[ \t]+|[ \t]+$")
LINK = re.compile(r'<a href="([^"]*)"[^>]*>')
AROUND = {"strong": "**", "em": "*"}
MOST_NUMBER = 10**9
"""Numbers of Markdown have nine digits. CommonMark 0.31.2, section 5.2."""
WORD = re.compile(r"[^\W_]")


def whole(body: list[Json], corrections: list[Json], lang: str) -> str:
    """Return the body, with a blank line between blocks; lists that follow each other have
    different markers, because they would be one list otherwise."""
    written, other = [], False
    for before, one in zip([None, *body], body, strict=False):
        other = not other if before and before["type"] == one["type"] == "list" else False
        written.append(listing(one, other) if other and is_markdown_block(one) else block(one))
    notices = (html_out.notice_html(one, lang) for one in html_out.unplaced(body, corrections))
    return "\n\n".join(filter(None, [*written, *notices])) + "\n"


def block(shown: Json) -> str:
    """Return one block."""
    if not is_markdown_block(shown):
        return as_html(shown)
    written: str = WRITERS[shown["type"]](shown)
    return written


def is_markdown_block(shown: Json) -> bool:
    """Return whether Markdown can express a block so that it is read back as the same block."""
    if shown["type"] not in WRITERS or shown["withheld"] or shown["lang"] or shown["dir"]:
        return False
    if shown["type"] in ("figure", "table", "divider"):
        return True
    if shown["type"] == "list" and not is_simple_list(shown):
        return False
    lines = shown["items"] if shown["type"] == "list" else [shown["html"]]
    return bool(lines) and all(
        is_seen(one) and not APART.search(inline_html.text_of(one)) for one in lines
    )


def is_simple_list(shown: Json) -> bool:
    """Return whether a list is flat, and numbered as Markdown can express."""
    if shown.get("outline") or shown.get("reversed") or shown.get("marker"):
        return False
    first = shown.get("start")
    return first is None or (shown["ordered"] and 0 <= first < MOST_NUMBER - len(shown["items"]))


def as_html(shown: Json) -> str:
    """Return a block as one line of HTML."""
    return html_out.block(shown).replace("\n", "&#10;")


def line(html: str) -> str:
    """Return inline HTML as a line of Markdown; what Markdown cannot express stays HTML."""
    parts = TAG.split(html)
    found, closing = [], list[str]()
    for at, part in enumerate(parts):
        if at % 2 == 0:
            found.append(escaped(entities.unescape(part)))
        elif part.startswith("</"):
            found.append(closing.pop() if closing else "")
        elif part == "<br>":
            found.append("<br>")
        else:
            opened, closed = mark(part, parts, at)
            found.append(opened)
            closing.append(closed)
    return "".join(found)


def mark(tag: str, parts: list[str], at: int) -> tuple[str, str]:
    """Return how inline formatting begins and ends: as Markdown if the words around it allow
    that."""
    name = tag[1:].partition(" ")[0].rstrip(">")
    if link := LINK.fullmatch(tag):
        url = entities.unescape(link[1])
        if "lang=" not in tag and "dir=" not in tag and not re.search(r"[\s<>()\\]", url):
            return "[", f"]({url.replace('&', '&amp;')})"
    if tag == f"<{name}>" and name in AROUND and can_mark(parts, at, name):
        return AROUND[name], AROUND[name]
    return tag, f"</{name}>"


def can_mark(parts: list[str], at: int, name: str) -> bool:
    """Return whether asterisks would be parsed as formatting here: text inside at both ends, none
    beside it."""
    if parts[at + 2 : at + 3] != [f"</{name}>"]:
        return False
    before, inside, after = parts[at - 1], parts[at + 1], parts[at + 3]
    edges = re.match(r"\w", inside) and re.search(r"\w$", inside)
    beside = (at > 1 and not before) or (at + 4 < len(parts) and not after)
    return (
        bool(edges)
        and not beside
        and not re.search(r"[\w*]$", before)
        and not re.match(r"[\w*]", after)
    )


def escaped(text: str) -> str:
    """Escape text for Markdown."""
    text = SPECIAL.sub(r"\\\1", text)
    return AMPERSAND.sub("&amp;", text).replace("\u00a0", "&nbsp;").replace("\n", "&#10;")


def safe_beginning(written: str) -> str:
    """Return a line that does not begin like a list, a rule or code."""

    def kept(found: re.Match[str]) -> str:
        return rf"{found[1]}\{found[2]}" if found[2] else rf"{found[1]}{found[3]}\{found[4]}"

    written = BEGINNING.sub(kept, written)
    return BLANK_EDGES.sub(lambda edge: "&#32;" * len(edge[0]), written)


def paragraph(shown: Json) -> str:
    return safe_beginning(line(shown["html"]))


def heading(shown: Json) -> str:
    return f"{'#' * shown['level']} {safe_beginning(line(shown['html']))}"


def quote(shown: Json) -> str:
    said = [safe_beginning(line(one)) for one in [shown["html"]] if one]
    who = [f"— <cite>{escaped(shown['who'])}</cite>"] if shown["who"] else []
    return "\n>\n".join(f"> {one}" for one in [*said, *who])


def listing(shown: Json, other: bool = False) -> str:
    bullet, after = ("*", ")") if other else ("-", ".")
    return "\n".join(
        f"{f'{at}{after}' if shown['ordered'] else bullet} {safe_beginning(line(item))}"
        for at, item in enumerate(
            shown["items"], 1 if shown.get("start") is None else shown["start"]
        )
    )


def table(shown: Json) -> str:
    """Return a table; one with a caption, uneven rows, one column or no text is HTML."""
    rows, widths = shown["rows"], {len(row) for row in shown["rows"]}
    words = any(is_seen(inline_html.escape(cell)) for row in rows for cell in row)
    if shown["caption"] or len(widths) != 1 or widths <= {0, 1} or not words:
        return as_html(shown)
    [width] = widths
    head = rows[0] if shown["header"] else [""] * width
    rest = rows[1:] if shown["header"] else rows
    return "\n".join([row(head), row(["---"] * width, bare=True), *map(row, rest)])


def row(cells: list[str], bare: bool = False) -> str:
    texts = (
        cells
        if bare
        else ["<br>".join(escaped(line) for line in cell.split("\n")) for cell in cells]
    )
    return f"| {' | '.join(texts)} |"


def figure(shown: Json) -> str:
    """Return an image with its caption as title; with a credit it is HTML, where the credit is
    visible."""
    use = shown["image"]
    if use["credit"] or not use["url"]:
        return as_html(shown)
    title = f' "{escaped(use["caption"]).replace(chr(34), "&quot;")}"' if use["caption"] else ""
    return f"![{escaped(use['alt'] or '')}]({use['url']}{title})"


def divider(_: Json) -> str:
    return "---"


WRITERS: dict[str, Any] = {
    "paragraph": paragraph, "heading": heading, "quote": quote, "list": listing, "table": table,
    "figure": figure, "divider": divider,
}  # fmt: skip
