"""HTML into blocks: whatever it is, sanitised, its text to the letter, what is left out noted.

The parser is libxml2's, which tells elements as they come: no tree is made, so that depth, length
and disorder cost no more than what they say.
"""

from typing import Any

from lxml import etree

from app.formats.body.dropped import Dropped
from app.formats.body.elements import take
from app.formats.body.frames import Block
from app.formats.body.reader import Reader

CHUNK = 16_384
MOST_STEPS = 1_000_000_000


class TooDeep(ValueError):
    """HTML with so many elements open at once that reading it would take too long."""


def read(
    html: str, lang: str, notices: frozenset[str] = frozenset()
) -> tuple[list[Block], Dropped]:
    """The blocks of a body in HTML, and what of it was left out. `lang` is the story's; `notices`
    are the ids of its corrections, which the house shows by itself."""
    reader = Reader(lang, notices, take)
    target: Any = reader  # its stub wants methods that lxml only calls where they are
    parser = etree.HTMLParser(target=target, huge_tree=True)
    steps = 0
    for start in range(0, len(html), CHUNK):
        chunk = html[start : start + CHUNK]
        steps += chunk.count("</") * (len(reader.open) + chunk.count("<"))
        if steps > MOST_STEPS:  # the parser looks through all open elements for each end tag
            raise TooDeep("Too many elements are open at once.")
        parser.feed(chunk)
    blocks: list[Block] = parser.close() if html else []
    return blocks, reader.dropped
