"""Which parser a page needs: the one of HTML, or the one of copied text."""

import re
from datetime import datetime, tzinfo

from app.formats.page import text
from app.formats.page.decode import to_text
from app.formats.page.shape import NotAPage, Page
from app.formats.page.sources import Known, nobody

MARKUP = re.compile(
    r"\A\s*(<\?xml|<!doctype|<!--|<html|<head|<body|<article|<main|<div|<section|<h[12]|<p[ >])",
    re.IGNORECASE,
)
INSIDE = re.compile(r"</(p|div|html|body|article)>", re.IGNORECASE)


def parse(
    data: bytes, *, tz: tzinfo, now: datetime, content_type: str | None = None,
    url: str | None = None, format: str = "auto", known: Known = nobody,
) -> Page:  # fmt: skip
    """The page that these bytes hold; `NotAPage` says why they hold none."""
    if not data.strip():
        raise NotAPage("The file is empty.")
    words = to_text(data, content_type)
    markup = MARKUP.match(words) or INSIDE.search(words[:200_000])
    if format == "html" or (format != "text" and markup):
        from app.formats.page import html  # heavy: loaded when a page needs it

        return html.parse(words, url=url, tz=tz, now=now, known=known)
    return text.parse(words, tz=tz, now=now, known=known)
