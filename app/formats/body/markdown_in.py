"""Markdown into blocks: made into HTML, then read as that is, so that one rule holds for both.

The parser takes time in proportion to what it reads, whatever that is.
"""

import re

import pyromark

from app.formats.body import html_in
from app.formats.body.dropped import Dropped
from app.formats.body.frames import Block
from app.language import windows_1252

MARKDOWN = pyromark.Markdown(
    options=pyromark.Options.ENABLE_TABLES
    | pyromark.Options.ENABLE_STRIKETHROUGH
    | pyromark.Options.ENABLE_FOOTNOTES
)

REFERENCE = re.compile(r'<sup class="footnote-reference"><a href="#[^"]*">([^<]*)</a></sup>')
NOTE = re.compile(
    r'<div class="footnote-definition" id="[^"]*"><sup class="footnote-definition-label">([^<]*)</sup>\s*(?:<p>)?'
)
"""How the parser writes a footnote's number in the text and before its note."""


def read(
    markdown: str, lang: str, notices: frozenset[str] = frozenset(), site: str = ""
) -> tuple[list[Block], Dropped]:
    """The blocks of a body in Markdown, and what of it was left out; see `html_in.read`."""
    html, _ = windows_1252.repair(MARKDOWN.html(markdown))  # of character references
    html = NOTE.sub(r"<div><p><sup>\1</sup> ", REFERENCE.sub(r"<sup>\1</sup>", html))
    return html_in.read(html, lang, notices, site)
