"""List paragraphs of word processors: paragraphs that look like list items, with the marker as
text."""

import re
from typing import Any

from app.formats.body.style import Attributes
from app.models.block import DEEPEST_ITEM

CLASS = re.compile(r"(?:^|\s)MsoListParagraph")
LIST = re.compile(r"(l\d+)\s+level(\d{1,3})\s+(lfo\d+)")
NUMBERED = re.compile(r"\W*(?:[0-9٠-٩۰-۹]{1,4}|[A-Za-z]{1,4}|[ء-ي]{1,2})\W+")
BEGINNING = re.compile(
    r"(?P<open>(?:<[a-z][^>]*>)*)"
    r"(?:(?P<bullet>[·•§▪◦■●○‣⁃–—*+\uf0b7\uf0a7\uf0d8-]|[oüØvq](?=&nbsp;))"
    r"|(?P<number>\(?(?:[0-9٠-٩۰-۹]{1,3}|[A-Za-z]|[أابتثجحخدهـ]{1,2})[.)\-]))"
    r"(?:&nbsp;| )+(?P<close>(?:</[a-z]+>)*)"
)
"""A marker that stands in the text itself, with the marks around it."""
AROUND_NOTHING = re.compile(r"<([a-z]+)(?: [^>]*)?></\1>")


def is_item(attributes: Attributes, declared: dict[str, str]) -> "Item | None":
    """Return the list paragraph that an element is, or None."""
    given = declared.get("mso-list", "")
    found = LIST.search(given)
    if found or (CLASS.search(attributes.get("class", "")) and given not in ("none", "skip")):
        return Item(f"{found[1]} {found[3]}", int(found[2])) if found else Item(None, 1)
    return None


class Item:
    """One list paragraph and its level; `marker` collects the text of its bullet or number."""

    def __init__(self, known_list: str | None, level: int) -> None:
        self.known_list, self.level = known_list, min(max(level, 1), DEEPEST_ITEM)
        self.marker: str | None = None

    def block(self, html: str) -> dict[str, Any]:
        """Return a list with this item, to be joined with its neighbours; or a paragraph, if it
        has no list marker."""
        if self.marker is not None:
            return self.item(html, bool(NUMBERED.match(self.marker + " ")))
        if found := BEGINNING.match(html):
            rest = found["open"] + found["close"] + html[found.end() :]
            return self.item(AROUND_NOTHING.sub("", rest), found["number"] is not None)
        if self.known_list:
            return self.item(html, ordered=False)
        return {"type": "paragraph", "html": html}

    def item(self, html: str, ordered: bool) -> dict[str, Any]:
        loose = self.known_list or str(ordered)
        place = {"level": self.level, "ordered": ordered, "value": None}
        return {
            "type": "list", "ordered": ordered, "items": [html], "outline": [place], "loose": loose,
        }  # fmt: skip
