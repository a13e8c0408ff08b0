"""Who said it: the sources that a page names, put where they speak; and days that disagree."""

from datetime import tzinfo

from app.formats.page import vocabulary
from app.formats.page.model import Mention, MentionRole, Page, Quoted
from app.formats.page.source_mentions import (
    Known,
    closing_sources,
    dateline_source,
    find_mentions,
    find_quoted,
    split_sources_line,
)
from app.language import date_reading


def credit(page: Page, known: Known, tz: tzinfo) -> None:
    """Fill the page's mentions and suggestions from its sources line, credits and text, and warn
    where the text calls another weekday today than the date line."""
    for name in split_sources_line(page.sources_line or "", known):
        role: MentionRole = "compiled" if known(name) == "generic" else "origin"
        page.mentions.append(Mention(name, role, "article", phrase=page.sources_line or ""))
    for place, picture in enumerate(page.pictures()):
        said = picture.credit or ""
        for name in credited(said, known):
            mention = Mention(name, "photographed", "image", picture=place, phrase=said)
            page.mentions.append(mention)
    for place, block in enumerate(page.blocks):
        read_block(page, place, block.text or " ".join(block.items), known)
    read_dateline(page, known)
    read_signature(page, known)
    compare_days(page, tz)


def compare_days(page: Page, tz: tzinfo) -> None:
    """A date line may be the day on which the page was read: the text says another day."""
    line = date_reading.read(page.date_line, tz) if page.date_line else None
    if line is None:
        return
    true = line.day.weekday()
    if line.weekday not in (None, true):
        page.warnings.append(
            f"The date line says {date_reading.weekday_name(line.weekday or 0)}, but {line.day} is a"
            f" {date_reading.weekday_name(true)}."
        )
    texts = [page.summary or "", *(block.text for block in page.blocks)]
    told = set().union(*(date_reading.todays_in(text) for text in texts))
    if told and true not in told:
        days = ", ".join(date_reading.weekday_name(day) for day in sorted(told))
        page.warnings.append(
            f"The date line is a {date_reading.weekday_name(true)} ({page.date_line}), but the text calls"
            f" {days} today: the line may be the day on which the page was read. --published decides."
        )


def credited(credit: str, known: Known) -> list[str]:
    """The sources of a picture's credit: known ones; else the whole of it, if it is short."""
    names = [name for name in split_sources_line(credit, known) if not name.isdigit()]
    media = [name for name in names if known(name)]
    if media or not names:
        return media
    return [] if vocabulary.plain(credit) in vocabulary.GENERIC_WORDS else names[:1]


def read_block(page: Page, place: int, text: str, known: Known) -> None:
    """The sources and the people that a block names."""
    for named in find_mentions(text, known):
        page.mentions.append(
            Mention(named.name, named.role, "block", block=place, phrase=named.phrase)
        )
    page.quoted += [Quoted(name, place, phrase) for name, phrase in find_quoted(text)]


def read_dateline(page: Page, known: Known) -> None:
    """The agency of the first paragraph's dateline is where the story comes from."""
    first = next((block.text for block in page.blocks if block.type == "paragraph"), "")
    named = {mention.name for mention in page.mentions if mention.scope == "article"}
    if (agency := dateline_source(first, known)) and agency not in named:
        phrase = first[: first.find(agency) + len(agency)]
        page.mentions.append(Mention(agency, "origin", "article", phrase=phrase))


def read_signature(page: Page, known: Known) -> None:
    """The agencies in brackets at the end of the last paragraph."""
    last = next((block.text for block in page.blocks[::-1] if block.type == "paragraph"), "")
    named = {mention.name for mention in page.mentions if mention.scope == "article"}
    for name in closing_sources(last, known):
        if name not in named:
            role: MentionRole = "compiled" if known(name) == "generic" else "origin"
            page.mentions.append(Mention(name, role, "article", phrase=last[-60:]))
