"""Markdown into blocks: made into HTML, then read as that is, so that one rule holds for both.

The parser takes time in proportion to what it reads, whatever that is.
"""

import pyromark

from app.formats.body import html_in
from app.formats.body.dropped import Dropped
from app.formats.body.frames import Block

MARKDOWN = pyromark.Markdown(
    options=pyromark.Options.ENABLE_TABLES | pyromark.Options.ENABLE_STRIKETHROUGH
)


def read(
    markdown: str, lang: str, notices: frozenset[str] = frozenset()
) -> tuple[list[Block], Dropped]:
    """The blocks of a body in Markdown, and what of it was left out; see `html_in.read`."""
    return html_in.read(MARKDOWN.html(markdown), lang, notices)
