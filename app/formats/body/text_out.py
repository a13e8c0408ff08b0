"""A body as plain text: what is read, a blank line between the blocks."""

from app.formats.body.html_out import notice_text, unplaced
from app.json_types import Json


def whole(body: list[Json], corrections: list[Json], lang: str) -> str:
    """The words of each block; corrections that no block shows stand at the end."""
    texts = [words(block) for block in body if not block["withheld"]]
    texts += [notice_text(one, lang) for one in unplaced(body, corrections)]
    return "\n\n".join(text for text in texts if text)


def words(block: Json) -> str:
    """Return a block's text, and what is read beside it."""
    more = None
    if block["type"] == "quote":
        more = block["who"] and f"— {block['who']}"
    elif block["type"] == "related":
        more = "\n".join(card["headline"] for card in block["articles"])
    return "\n".join(filter(None, [block["text"], more]))
