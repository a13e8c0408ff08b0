"""HTML to blocks: sanitised, its text unchanged, with notes of what was left out.

The parser is libxml2's, in its streaming form: no tree is built, so the time depends on the
length alone.
"""

from typing import Any

from lxml import etree

from app.formats import markup_limits
from app.formats.body import omitted, struck_tags
from app.formats.body.elements import take
from app.formats.body.frames import Block
from app.formats.body.losses import Dropped
from app.formats.body.reader import Reader
from app.formats.body.sheet import Sheet
from app.formats.table_grid import check_cells
from app.models.block import MOST_BLOCKS

CHUNK = 16_384


def read(
    html: str,
    lang: str,
    notices: frozenset[str] = frozenset(),
    site: str = "",
    most: int = MOST_BLOCKS,
) -> tuple[list[Block], Dropped]:
    """Return the blocks of a body in HTML, at most `most`, and what was left out. `lang` is the
    story's language; `notices` are the ids of its corrections, whose HTML is ignored; relative
    URLs are resolved against `site`."""
    check_cells(html)
    reader = Reader(lang, notices, site, take)
    reader.ranges = omitted.ended_deletions(html)
    html, styles = struck_tags.rewrite(html)
    reader.sheet = Sheet(styles)
    target: Any = reader  # its stub wants methods that lxml only calls where they are
    parser = etree.HTMLParser(target=target, huge_tree=True)
    for start in range(0, len(html), CHUNK):
        parser.feed(html[start : start + CHUNK])
        if len(reader.root.out) > most:
            break
    blocks: list[Block] = parser.close() if html else []
    for selector in reader.sheet.unread:
        reader.dropped.note("sheet", selector, 0)
    if len(blocks) > most:
        raise markup_limits.TooMuch(f"A body has at most {most:,} blocks.")
    return blocks, reader.dropped
