"""Who wrote, in copied text: a name beside the date, and what its owner is and where."""

import re

from app.formats.page.copied_lines import FULL_STOP, LONG, SHORT_WORDS, Raw
from app.formats.page.model import Page

WRITER = re.compile(
    r"\b(?:correspondent|reporter|editor|staff writer|columnist)\b|^reporting from\b"
    r"|^(?:\*+\s*)?(?:مراسل|مراسلة|محرر|محررة|كاتب|كاتبة|صحافي|صحافية|صحفي|صحفية|باحث|باحثة)(?:\s|$)",
    re.IGNORECASE,
)
"""A line that says what the writer is, or where."""


def take_writer(lines: list[Raw], page: Page) -> None:
    """Between the headline and the text, a name beside the date is the byline; what its owner
    is and where stands there too."""
    head, dates, texts = places(lines)
    named = False
    for place in range(head + 1, texts):
        line = lines[place]
        if not line.open or line.words > SHORT_WORDS / 2 or FULL_STOP.search(line.text):
            continue
        near = any(head < date and place < date for date in dates) or any(
            date < place and not any(one.open for one in lines[date + 1 : place]) for date in dates
        )
        if WRITER.search(line.text) and (named or near):
            line.reason, named = "what the writer is, or where", True
        elif near and line.name and not page.byline:
            page.byline, line.field, named = [line.text], "byline", True
        elif place < max(dates, default=0) and (
            (named and line.words <= 5) or (page.byline and line.words == 1)
        ):
            line.reason = "what the writer is, or where"


def places(lines: list[Raw]) -> tuple[int, list[int], int]:
    """Where the headline stands, lines of a date or a byline, and the first line of the text."""
    fields = [line.field for line in lines]
    head = fields.index("headline")
    below = range(head + 1, len(lines))
    long = (at for at in below if lines[at].open and len(lines[at].text) >= LONG)
    texts = next(long, head + 1)
    return head, [at for at in range(texts) if fields[at] in ("date_line", "byline")], texts
