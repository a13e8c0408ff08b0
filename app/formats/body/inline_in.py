"""Remove what is not part of the text from the HTML of a block or field: see `omitted.py`. HTML
without such parts is returned unchanged."""

import re

from app.formats.body import html_in
from app.formats.body.frames import lines_of
from app.formats.body.losses import Dropped

MAY = re.compile(
    r"<(?:s\b|[a-z]+:|[^<>]*?(?:del|strik|through|remov|mso|comment|cmnt|suggest|track|chang|diff))",
    re.IGNORECASE,
)
"""What HTML has that is worth reading it."""
KINDS = ("struck", "struck-thing", "office")


def without_omitted(html: str, dropped: Dropped, lang: str = "", site: str = "") -> str:
    """Return HTML without struck text and the like, which is noted in `dropped`. Raises `TooMuch`
    as for a body."""
    if not MAY.search(html):
        return html
    blocks, found = html_in.read(html, lang, site=site)
    left = [(kind, name, note) for (kind, name), note in found.notes.items() if kind in KINDS]
    for kind, name, note in left:
        dropped.note(kind, name, dropped.length, note.times)
    return "<br>".join(line for block in blocks for line in lines_of(block)) if left else html
