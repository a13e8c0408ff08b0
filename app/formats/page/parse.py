"""Which parser a page needs: the one of HTML, or the one of copied text."""

import re
from datetime import datetime, tzinfo

from app.formats.page import copied_text
from app.formats.page.decode import to_text
from app.formats.page.model import NotAPage, Page
from app.formats.page.source_mentions import Known, nobody
from app.language import windows_1252

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
    words, letters = windows_1252.repair(to_text(data, content_type))
    words = windows_1252.WITHOUT_LETTER.sub("", words)
    page = page_of(words, tz=tz, now=now, url=url, format=format, known=known)
    if letters:
        page.warnings.append(windows_1252.warning(letters))
    return page


def page_of(
    words: str, *, tz: tzinfo, now: datetime, url: str | None, format: str, known: Known
) -> Page:
    """The page of this text, by the parser that it needs."""
    markup = MARKUP.match(words) or INSIDE.search(words[:200_000])
    if format == "html" or (format != "text" and markup):
        from app.formats.page import html  # heavy: loaded when a page needs it

        return html.parse(words, url=url, tz=tz, now=now, known=known)
    return copied_text.parse(words, tz=tz, now=now, known=known)
