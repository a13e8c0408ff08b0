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
ALT = re.compile(r"!\[(?:[^\[\]\\]|\\.){0,5000}\]")
STRUCK = re.compile(r"(?<![~\\])(~~?)(?![\s~])([^~]*[^\s~])\1(?!~)")
"""An alternative text, and struck words in it. GFM, section 6.5."""
TILDES = re.compile(r"~~[^\n]{0,40}")


def read(
    markdown: str, lang: str, notices: frozenset[str] = frozenset(), site: str = ""
) -> tuple[list[Block], Dropped]:
    """The blocks of a body in Markdown, and what of it was left out; see `html_in.read`."""
    struck: list[str] = []
    if "~" in markdown:  # the parser puts the words of struck alternative texts into `alt`
        markdown = ALT.sub(lambda alt: without_struck(alt[0], struck), markdown)
    html, _ = windows_1252.repair(MARKDOWN.html(markdown))  # of character references
    html = NOTE.sub(r"<div><p><sup>\1</sup> ", REFERENCE.sub(r"<sup>\1</sup>", html))
    blocks, dropped = html_in.read(html, lang, notices, site)
    for words in struck:
        dropped.strike(words, 0)
    for left in TILDES.findall("".join(dropped.text)) if "~~" in markdown else ():
        dropped.note("tildes", left)
    return blocks, dropped


def without_struck(alt: str, struck: list[str]) -> str:
    """An alternative text without its struck words, which go to `struck`."""

    def leave_out(found: re.Match[str]) -> str:
        struck.append(found[2])
        return ""

    return STRUCK.sub(leave_out, alt)
