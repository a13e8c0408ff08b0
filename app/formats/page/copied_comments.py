"""The comments that Google Docs or Word put at the end of a copied text."""

import re

from app.formats.body.losses import Dropped
from app.formats.page.copied_lines import Raw
from app.formats.page.model import Page

COMMENT = re.compile(r"\[([a-z]{1,2}|[A-Z]{1,4}\d{1,3})\](?=\S)")
"""The mark before a comment at the end of a text that Google Docs or Word wrote."""


def leave_out_comments(lines: list[Raw], page: Page) -> None:
    """Comments stand at the end, each behind the mark that it has in the text: `[a]`."""
    marks = {found[0] for line in lines if (found := COMMENT.match(line.text))}
    above = [line for line in lines if not COMMENT.match(line.text)]
    marks = {mark for mark in marks if any(line.text.find(mark) > 0 for line in above)}
    begun = False
    for line in lines:
        found = COMMENT.match(line.text)
        begun = begun or bool(found and found[0] in marks)
        if begun:
            line.reason = "comment"
        else:
            line.text = without_marks(line.text, marks)
    if marks:
        dropped = Dropped()
        dropped.note("office", "comments")
        page.warnings += dropped.sentences()


def without_marks(text: str, marks: set[str]) -> str:
    for mark in marks:
        text = text.replace(mark, "")
    return text
