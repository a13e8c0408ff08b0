"""The paragraphs of inline HTML: where lines are paragraphs, and which are sub-headings."""

import re

from app.formats.page.inline_text import plain

BREAKS = re.compile(r"(?:<br>\s*){2,}")
ENDED = re.compile(r"[.!?؟…:»”\"]\s*$")
PART = "<wbr data-part>"
"""Stands for an empty element in the text that only marks a place."""
GLUED = re.compile(r"(?<=[^\W\d_]</span)><(?=span(?: [^>]*)?>[A-Z])")


def paragraphs(html: str) -> list[str]:
    """Parted at two breaks; at one, where each part is a sentence of its own."""
    parts = BREAKS.split(re.sub(r"<br[^>]*>", "<br>", html))
    found: list[str] = []
    for part in parts:
        lines = [line for line in part.split("<br>") if line.strip()]
        found += split_lines(lines) or [part]
    return found


def unglued(html: str) -> str:
    """Words of neighbouring elements parted, and lines at empty marks where they are paragraphs."""
    if PART in html:
        lines = [line for line in html.split(PART) if line.strip()]
        apart = split_lines(lines)
        html = "<br><br>".join(apart) if apart else "".join(lines)
    return GLUED.sub("> <", html)


def split_lines(lines: list[str]) -> list[str] | None:
    """Lines that are paragraphs of their own: most are long and end as sentences do, or they are
    the turns of an interview. Short ones between them are sub-headings."""
    if len(lines) < 2:
        return None
    ended = [len(line) > 80 and bool(ENDED.search(plain(line, "en"))) for line in lines]
    if all(re.match(r"\s*[-*•–—]", plain(line, "en")) for line in lines[1:]):
        return lines if lines[0].lstrip()[:1] in "*-•–—" or len(lines) == 2 else None
    if len(lines) < 3 or sum(ended) < 0.6 * len(lines):
        return None
    return [
        f"<strong>{line}</strong>"
        if len(line) < 80 and not ENDED.search(plain(line, "en"))
        else line
        for line in lines
    ]


def is_bold(safe: str, text: str) -> bool:
    """A short paragraph all in bold is a sub-heading that was never marked as one."""
    safe = re.sub(r"(</?strong>)\1", r"\1", safe)
    bold = re.fullmatch(r"<strong(?: [^>]*)?>(.*?)</strong>:?", safe)
    return bool(
        bold
        and "<strong" not in bold[1]
        and len(text.split()) <= 14
        and not re.search(r"[.؛;]\s*$", text)
    )


def unbold(safe: str) -> str:
    return re.sub(r"</?strong(?: [^>]*)?>", "", safe)
