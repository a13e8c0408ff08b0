"""Markdown to blocks: converted to HTML and read as HTML, so that the same rules hold. The time
is proportional to the length."""

import re

import pyromark

from app.formats.body import html_in
from app.formats.body.frames import Block
from app.formats.body.losses import Dropped
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
CRITIC = re.compile(r"(?<!\\)\{(?:--|\+\+|~~|>>|==)|(?:--|\+\+|~~|<<|==)\}|~>")
"""The signs of CriticMarkup: {--deleted--}, {++added++}, {~~old~>new~~}, {>>comment<<}, {==marked==}."""
ENDS = {"{--": "--}", "{++": "++}", "{~~": "~~}", "{>>": "<<}", "{==": "==}"}
TILDES = re.compile(r"~~[^\n]{0,40}")


def read(
    markdown: str, lang: str, notices: frozenset[str] = frozenset(), site: str = ""
) -> tuple[list[Block], Dropped]:
    """Return the blocks of a body in Markdown, and what was left out; see `html_in.read`."""
    struck: list[str] = []
    comments = 0
    if "{" in markdown:
        markdown, comments = without_critic(markdown, struck)
    if "~" in markdown:  # the parser puts the words of struck alternative texts into `alt`
        markdown = ALT.sub(lambda alt: without_struck(alt[0], struck), markdown)
    html, _ = windows_1252.repair(MARKDOWN.html(markdown))  # of character references
    html = NOTE.sub(r"<div><p><sup>\1</sup> ", REFERENCE.sub(r"<sup>\1</sup>", html))
    blocks, dropped = html_in.read(html, lang, notices, site)
    for words in struck:
        dropped.strike(words, 0)
    for _ in range(comments):
        dropped.note("office", "comments", 0)
    for left in TILDES.findall("".join(dropped.text)) if "~~" in markdown else ():
        dropped.note("tildes", left)
    return blocks, dropped


def without_critic(markdown: str, struck: list[str]) -> tuple[str, int]:
    """Return text without CriticMarkup deletions, which are noted in `struck`, and comments; with
    the number of comments. https://github.com/CriticMarkup/CriticMarkup-toolkit"""
    begun: dict[str, re.Match[str]] = {}
    cuts: list[tuple[int, int]] = []
    comments = 0
    for sign in CRITIC.finditer(markdown):
        if sign[0] in ENDS:
            begun[ENDS[sign[0]]] = sign
            begun.pop("~>", None)
        elif sign[0] == "~>":
            begun.setdefault("~>", sign)
        elif start := begun.pop(sign[0], None):
            old = sign if sign[0] == "--}" else begun.pop("~>", None) if sign[0] == "~~}" else None
            if old:
                struck.append(markdown[start.end() : old.start()])
                cuts += [(start.start(), old.end()), (sign.start(), sign.end())]
            elif sign[0] == "<<}":
                comments += 1
                cuts.append((start.start(), sign.end()))
            elif sign[0] != "~~}":
                cuts += [start.span(), sign.span()]
    return without_spans(markdown, sorted(cuts)), comments


def without_spans(text: str, cuts: list[tuple[int, int]]) -> str:
    """Return text without some spans. Words are not joined where the spaces were part of a span."""
    kept, at, blank = [""], 0, False
    for start, end in [*cuts, (len(text), len(text))]:
        if end < at or (end == at and end < len(text)):
            continue
        piece, cut = text[at : max(at, start)], text[max(at, start) : end]
        if piece and blank and kept[-1][-1:].isalnum() and piece[0].isalnum():
            kept.append(" ")
        kept += [piece] if piece else []
        blank = (blank and not piece) or any(sign.isspace() for sign in (cut[3:4], cut[-4:-3]))
        at = end
    return "".join(kept)


def without_struck(alt: str, struck: list[str]) -> str:
    """Return an alternative text without struck text, which is noted in `struck`."""

    def leave_out(found: re.Match[str]) -> str:
        struck.append(found[2])
        return ""

    return STRUCK.sub(leave_out, alt)
