"""The pieces of a page's body in order, and those that only their neighbours show to be no text."""

import re
from dataclasses import dataclass

from app.formats import inline_html
from app.formats.page import vocabulary
from app.formats.page.html_paragraphs import ENDED
from app.formats.page.model import Found

SIGNATURE = re.compile(r"<em>[^<]{2,40}</em>")
"""A short last line in italics: who wrote it."""
BIO = re.compile(
    r"^(?:[A-Z][\w'’.-]+ ){1,3}is (?:an? |the |our |[\w ]{2,30}['’]s )(?:[\w-]+ ){0,4}"
    r"(?:correspondent|reporter|editor|writer|columnist|journalist)\b"
)
"""A paragraph at the end that says what the writer is."""


@dataclass
class Piece:
    """A block, or a text that was left out and why."""

    text: str
    block: Found | None = None
    reason: str | None = None


def with_labels(pieces: list[Piece]) -> list[Piece]:
    """A label that stands alone ("Source:"), with the short text or list that follows it."""
    found: list[Piece] = []
    for piece in pieces:
        last = found[-1] if found else None
        if last and last.block and piece.block and is_label(last) and len(piece.text) < 100:
            if piece.block.type in ("paragraph", "list"):
                text = f"{last.text.strip()} {piece.text}"
                found[-1] = Piece(
                    text, Found("paragraph", text=text, html=inline_html.escape(text))
                )
                continue
        found.append(piece)
    return found


def is_label(piece: Piece) -> bool:
    labels = vocabulary.SOURCE_WORDS | vocabulary.BYLINE_WORDS | vocabulary.TAG_WORDS
    return piece.text.rstrip().endswith(":") and vocabulary.labelled(piece.text, labels) == ""


def without_tail(pieces: list[Piece]) -> list[Piece]:
    """From the end: sub-headings and rules over nothing, appeals, the rules for comments."""
    for piece in reversed(pieces):
        block = piece.block
        if block is None or block.type in ("figure", "gallery", "embed", "video", "audio"):
            continue
        if block.type in ("heading", "divider"):
            piece.block, piece.reason = None, "a heading over nothing"
        elif block.type == "paragraph" and (reason := vocabulary.after_the_end(piece.text)):
            piece.block, piece.reason = None, reason
        elif block.type == "paragraph" and len(block.text) < 400 and BIO.match(block.text):
            piece.block, piece.reason = None, "what the writer is"
        elif SIGNATURE.fullmatch(block.html) and not ENDED.search(piece.text):
            piece.block, piece.reason = None, "byline"
        else:
            break
    return pieces


def is_teaser(piece: Piece, block: Found) -> bool:
    """Whether a block below a heading "Related" belongs to it: not another heading, nor text."""
    if block.type in ("heading", "paragraph"):
        short = block.type == "heading" or len(piece.text) < 120
        return (
            short
            and not ENDED.search(piece.text)
            and (block.type == "paragraph" or "<a " in block.html)
        )
    return block.type in ("list", "figure")


def without_related(pieces: list[Piece]) -> list[Piece]:
    """Leave out the links below a heading like "Related", up to the next text or heading."""
    under = False
    for piece in pieces:
        if piece.reason == "related heading":
            under = True
        elif piece.block is None:
            continue
        elif under and is_teaser(piece, piece.block):
            piece.block, piece.reason = None, "related link"
        else:
            under = False
    return pieces
