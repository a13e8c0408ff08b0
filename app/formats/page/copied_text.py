"""The text of a news page as a browser copies it, taken apart by its structure.

Every line that is not blank ends in one field, or is left out with the reason. The rules, in order:

0. Comments that Google Docs or Word put at the end of a text go, with their marks in it.
1. Lines that are no story go: share words, "continue reading", "close", counters, navigation.
2. Lines with a form of their own are taken by it: a date alone, "Sources: …", "By …", "Tags: …",
   "caption - agency", bullets.
3. The headline is a line that stands twice before the text, else the first with four words or more.
4. A line that stands again is left out as repeated.
5. Of what remains, long lines and sentences are paragraphs; a short line without a full stop before
   a paragraph is a sub-heading. The first sentence after the headline is the summary, if it is
   shorter than the paragraph that follows it, and two more follow.
6. The first caption before the text belongs to the lead image, later ones to figures at their place.
"""

import re
from collections import Counter
from datetime import datetime, tzinfo

from app.formats.page import vocabulary
from app.formats.page.attributions import credit
from app.formats.page.closing_credits import read_credits
from app.formats.page.copied_comments import leave_out_comments
from app.formats.page.copied_lines import BULLET, FULL_STOP, LONG, SHORT_WORDS, Raw, is_path, split
from app.formats.page.copied_writer import WRITER, take_writer
from app.formats.page.model import Contributor, Found, Line, Mention, NotAPage, Page, Picture
from app.formats.page.page_language import language_of
from app.formats.page.source_mentions import (
    MEDIA,
    PICTURE_CAPTION,
    Known,
    dateline_source,
    is_credit,
    is_signature,
    nobody,
    split_credit,
)
from app.language import date_reading

NUMBERED = re.compile(r"^[(]?(?:\d{1,2}|[٠-٩]{1,2})[.)\-]\s+(?=\S)")
BYLINE = re.compile(
    r"^(?:by|written by|reporting by|reported by|story by)\s+(?=[A-Z])"
    r"|^(?:بواسطة|بقلم|كتب|كتبت)\s+(?=\S)",
    re.IGNORECASE,
)
HASHTAGS = re.compile(r"(?:#\S+\s*)+")
READ_MORE = frozenset(
    map(vocabulary.plain, ["اقرأ المزيد", "إقرأ المزيد", "read more", "بیشتر بخوانید"])
)
MENU_WORDS, MENU_LINES = 4, 3
"""Words of a line of a menu at most, and lines of a menu at least."""


def parse(
    text: str, *, tz: tzinfo, now: datetime, lang: str | None = None, known: Known = nobody
) -> Page:
    """The page that a text holds; `NotAPage` says why it holds none."""
    lines = split(text)
    if not lines:
        raise NotAPage("There are no words in it.")
    return Parsing(lines, lang or language_of(text), tz, known).page()


class Parsing:
    """One text, on its way to a page."""

    def __init__(self, lines: list[Raw], lang: str, tz: tzinfo, known: Known) -> None:
        self.lines, self.tz, self.known = lines, tz, known
        self.found = Page(format="text", headline="", lang=lang)
        self.captions: dict[int, tuple[str, str | None]] = {}
        counts = Counter(line.text for line in lines)
        self.twice = {text for text, count in counts.items() if count > 1}

    def page(self) -> Page:
        leave_out_comments(self.lines, self.found)
        self.leave_out_furniture()
        self.take_labelled()
        self.take_headline()
        self.take_captions()
        take_writer(self.lines, self.found)
        self.leave_out_repeats()
        self.take_above()
        self.take_summary()
        self.take_body()
        credit(self.found, self.known, self.tz)
        self.found.lines = [Line(one.number, one.text, one.field, one.reason) for one in self.lines]
        return self.found

    def open(self) -> list[Raw]:
        return [line for line in self.lines if line.open]

    # 1: what is no story

    def leave_out_furniture(self) -> None:
        for line in self.open():
            line.reason = vocabulary.furniture(line.text)
            dated = date_reading.is_date_line(line.text, self.tz)
            if line.reason is None and len(line.text) < 160 and not dated and is_path(line.text):
                line.reason = "navigation"
        self.leave_out_related()

    def leave_out_discussion(self) -> None:
        """What follows a line that heads the comments of readers, below some text."""
        text = 0
        for place, line in enumerate(self.lines):
            text += line.open and line.running and len(line.text) >= LONG
            if text >= 2 and vocabulary.ends_the_story(line.text):
                for one in self.lines[place:]:
                    if one.open:
                        one.reason = "comments"
                return

    def leave_out_related(self) -> None:
        """ "Read also: …", or such a label and the short lines under it."""
        under = 0
        for line in self.lines:
            said = vocabulary.related(line.text)
            if said is not None and line.open:
                line.reason, under = "related link", 0 if said else len(self.lines)
            elif vocabulary.plain(line.text) in READ_MORE:
                under = 1
            elif under and line.open and not line.running and not line.gap:
                line.reason, under = "related link", under - 1
            elif line.open:
                under = 0

    # 2: lines with a form of their own

    def take_labelled(self) -> None:
        waiting: str | None = None
        for line in self.open():
            self.take_date(line)
        for line in self.open():
            if waiting and self.value_of_label(line, waiting):
                waiting = waiting if waiting == "tags" else None
                continue
            waiting = self.labelled(line)
        self.take_signatures()
        self.leave_out_discussion()

    def take_signatures(self) -> None:
        """Datelines alone, sources alone below the text, and closing credits."""
        text = False
        for line in self.open():
            agency = dateline_source(line.text, self.known) if line.words <= 6 else None
            if agency and line.text.endswith((":", "：", "-", "–", "—")):
                line.field = "mentions"
                self.found.mentions.append(Mention(agency, "origin", "article", phrase=line.text))
            elif text and is_signature(line.text, self.known):
                self.take_value(line, "sources_line", line.text.strip(" -–—.()[]"))
            elif text and line.text.startswith("*") and WRITER.search(line.text):
                line.reason = "what the writer is, or where"
            elif people := read_credits(line.text):
                self.found.contributors += people
                line.field = "contributors"
            text = text or (line.running and len(line.text) >= LONG)

    def labelled(self, line: Raw) -> str | None:
        """Take a labelled line; the field that the next line fills, where the label stood alone."""
        if (said := vocabulary.labelled(line.text, vocabulary.SOURCE_WORDS)) is not None:
            return self.take_value(line, "sources_line", said)
        if (said := vocabulary.labelled(line.text, vocabulary.TAG_WORDS)) is not None:
            return self.take_value(line, "tags", said)
        if HASHTAGS.fullmatch(line.text):
            return self.take_value(line, "tags", line.text.replace("#", "،").replace("_", " "))
        if (said := vocabulary.labelled(line.text, vocabulary.BYLINE_WORDS)) is not None:
            return self.take_value(line, "byline", said) if len(said) < LONG else None
        if (found := BYLINE.match(line.text)) and self.is_byline(line, found.end()):
            self.take_value(line, "byline", line.text[found.end() :])
        return None

    def is_byline(self, line: Raw, start: int) -> bool:
        rest = line.text[start:].split()
        return len(line.text) < LONG and len(rest) <= 6 and not FULL_STOP.search(line.text)

    def value_of_label(self, line: Raw, field: str) -> bool:
        """The line under a label alone is its value, unless it is running text; a byline's is short
        and has no colon."""
        if field == "byline" and (line.words > 5 or ":" in line.text):
            return False
        if field == "tags" and (line.running or line.words > MENU_WORDS):
            return False
        if len(line.text) > 2 * LONG or (line.sentence and len(line.text) > LONG):
            return False
        self.take_value(line, field, line.text)
        return True

    def take_value(self, line: Raw, field: str, said: str) -> str | None:
        if said == "":
            line.reason = "label"
            return field
        if field == "sources_line":
            if self.found.sources_line not in (None, said):
                said = f"{self.found.sources_line} - {said}"
            self.found.sources_line = said
        elif field == "tags":
            self.found.tags += [
                tag.strip(" #") for tag in re.split(r"[،,|#؛;•]", said) if tag.strip(" #")
            ]
        else:
            self.found.byline += [
                name.strip() for name in re.split(r"\s*[،,]\s*|\s+and\s+", said) if name.strip()
            ]
        line.field = field
        return None

    def take_date(self, line: Raw) -> None:
        if len(line.text) > date_reading.LONGEST or not re.search(r"[\d٠-٩۰-۹]", line.text):
            return
        if not date_reading.is_date_line(line.text, self.tz):
            return
        if self.found.date_line is None:
            self.found.date_line, line.field = line.text, "date_line"
        else:
            same = self.found.date_line == line.text
            line.reason = "repeated line" if same else "another date line"

    # 3: the headline

    def take_headline(self) -> None:
        candidates = self.above_the_text()
        chosen = next((line for line in candidates if self.stands_twice_as_headline(line)), None)
        chosen = chosen or self.below_the_menu(candidates)
        chosen = chosen or next(iter(candidates), None)
        if chosen is None:
            raise NotAPage("No headline was found: no line stands out above the text.")
        chosen.field, self.found.headline = "headline", chosen.text
        for line in self.open():
            if line.text == chosen.text:
                line.reason = "repeated headline"

    def below_the_menu(self, candidates: list[Raw]) -> Raw | None:
        """The first line with four words or more that is no item of a menu: a run of short lines.
        Of many such lines, the last before the date or the byline."""
        menu: set[int] = set()
        run: list[int] = []
        for line in candidates:
            run = [*run, line.number] if line.words <= MENU_WORDS else []
            menu |= set(run) if len(run) >= MENU_LINES else set()
        able = [line for line in candidates if line.words >= 4 and line.number not in menu]
        marked = [line.number for line in self.lines if line.field in ("date_line", "byline")]
        if len(able) > MENU_WORDS and marked:
            able = [line for line in able if line.number < max(marked)][-1:] or able
        return next(iter(able), None)

    def above_the_text(self) -> list[Raw]:
        """Lines that may be a headline: not running text, no caption with its credit, no item.
        Those above the first paragraph first; where there are none, the others."""
        above: list[Raw] = []
        for line in self.open():
            if line.running and len(line.text) >= LONG and above:
                break
            if (
                len(line.text) <= 300
                and not FULL_STOP.search(line.text)
                and not self.captioned(line)
            ):
                above.append(line)
        return above

    def captioned(self, line: Raw) -> bool:
        if BULLET.match(line.text) or len(line.text) > 400:
            return len(line.text) <= 400
        return split_credit(line.text, self.known)[1] is not None

    def stands_twice_as_headline(self, line: Raw) -> bool:
        return line.text in self.twice and line.words >= 3

    # 4: captions, repeats

    def take_captions(self) -> None:
        """Lines that end in a credit; lines that stand twice, one under the other, with any tail;
        a short line with a credit alone under it."""
        opened = self.open()
        for place, line in enumerate(opened):
            following = opened[place + 1] if place + 1 < len(opened) else None
            if not line.open or len(line.text) > 400:
                continue
            doubled = bool(following and following.text == line.text)
            caption, credit = split_credit(line.text, self.known, loose=doubled)
            if credit and not caption:
                self.take_credit_alone(line, credit, following)
                continue
            if credit is None and following and self.is_credit_line(following, line):
                credit = following.text.strip("()[] ")
                following.field = f"caption of line {line.number}"
            if credit is None and not (doubled and not line.sentence and len(line.text) < 2 * LONG):
                continue
            if credit and line.sentence and len(line.text) > 2 * LONG and not doubled:
                continue  # a paragraph that happens to end in a name
            self.captions[line.number] = (caption, credit)
            line.field = "caption"

    def take_credit_alone(self, line: Raw, credit: str, following: Raw | None) -> None:
        """A credit without words: of the caption under it, of the one above, or of all pictures."""
        last = max(self.captions, default=0)
        if following and (caption := PICTURE_CAPTION.match(following.text)):
            self.captions[line.number] = (caption[1].strip(), credit)
            line.field, following.field = "caption", f"caption of line {line.number}"
        elif last and self.captions[last][1] is None:
            self.captions[last] = (self.captions[last][0], credit)
            line.field = f"caption of line {last}"
        elif line.text.endswith(credit) and not self.known(credit) and "/" not in credit:
            self.found.contributors.append(Contributor(credit, "photographer"))
            line.field = "contributors"
        else:
            line.reason = "the credit of a picture that is not there"

    def is_credit_line(self, line: Raw, above: Raw) -> bool:
        """A credit alone on its line, right under a short line that is not the headline's."""
        if line.gap or above.running or above.field or len(line.text) > 60:
            return False
        bare = line.text.strip("()[] ")
        return bool(self.known(bare)) and is_credit(bare, self.known, loose=False)

    def leave_out_repeats(self) -> None:
        seen: set[str] = set()
        for line in self.lines:
            if line.reason is not None:
                continue
            if line.text in seen:
                line.field, line.reason = (
                    None,
                    ("repeated caption" if line.number in self.captions else "repeated line"),
                )
                self.captions.pop(line.number, None)
            seen.add(line.text)

    # 5: around the headline, the summary, the body

    def take_above(self) -> None:
        """Short lines above the headline: the last is its kicker, others navigation. A known
        source alone under it is whose story it is."""
        place = next(at for at, line in enumerate(self.lines) if line.field == "headline")
        above = [
            line
            for line in self.lines[:place]
            if line.open and not line.running and line.words <= 8
        ]
        for line in above[:-1]:
            line.reason = "navigation"
        if above:
            above[-1].field, self.found.kicker = "kicker", above[-1].text
        for line in self.lines[place + 1 :]:
            if line.open and not line.running and self.known(line.text.strip("()[] ")) in MEDIA:
                line.field = "mentions"
                self.found.mentions.append(
                    Mention(line.text.strip("()[] "), "origin", "article", phrase=line.text)
                )
            elif line.open:
                break

    def take_summary(self) -> None:
        texts = [
            line for line in self.open() if not self.heading_like(line) or line.words > SHORT_WORDS
        ]
        if len(texts) < 3:
            return
        first, second = texts[0], texts[1]
        deck = not FULL_STOP.search(first.text) and first.words > 5 and not first.running
        shorter = len(first.text) < 0.9 * len(second.text) and len(first.text) <= 350
        if BULLET.match(first.text) or dateline_source(first.text, self.known):
            return
        if shorter and (deck or self.first_of_text(first)):
            first.field, self.found.summary = "summary", first.text

    def first_of_text(self, line: Raw) -> bool:
        """Whether no sub-heading stands before it below the headline."""
        opened = self.open()
        return opened[0] is line

    def heading_like(self, line: Raw) -> bool:
        text = line.text
        return (
            len(text) <= 110 and line.words <= SHORT_WORDS and not FULL_STOP.search(text)
            and not text.endswith((":", "،", ",", "؛", ";")) and not BULLET.match(text)
        )  # fmt: skip

    def take_body(self) -> None:
        """Paragraphs, sub-headings, lists and figures in order; the first caption above the
        text is the lead image's."""
        below = self.end_of_text()
        items: Found | None = None
        for place, line in enumerate(self.lines):
            if line.number in self.captions and line.field == "caption":
                self.take_picture(line)
            elif not line.open:
                continue
            elif (
                BULLET.match(line.text)
                or (items and NUMBERED.match(line.text))
                or self.counted(place)
            ):
                items = self.take_item(line, items)
                continue
            elif self.heading_like(line) and not self.paragraph_below(place):
                self.take_leftover(line, place >= below)
            elif self.heading_like(line):
                self.take_block(line, Found("heading", text=line.text, level=2))
            else:
                self.take_block(line, Found("paragraph", text=line.text))
            items = None
        if not any(block.type in ("paragraph", "list") for block in self.found.blocks):
            if not self.found.summary:
                raise NotAPage("There is a headline, but no text under it.")

    def end_of_text(self) -> int:
        """The place after the last running line: short lines below it are no sub-headings."""
        running = [
            at for at, line in enumerate(self.lines) if line.open and not self.heading_like(line)
        ]
        return running[-1] + 1 if running else len(self.lines)

    def paragraph_below(self, place: int) -> bool:
        """Whether text follows, over captions and what was left out."""
        for line in self.lines[place + 1 :]:
            if line.open:
                return not self.heading_like(line)
        return False

    def counted(self, place: int) -> bool:
        """Whether a numbered list begins here: this line and the next are numbered."""
        if not NUMBERED.match(self.lines[place].text):
            return False
        following = next((line for line in self.lines[place + 1 :] if line.open), None)
        return bool(following and NUMBERED.match(following.text))

    def take_leftover(self, line: Raw, after_text: bool) -> None:
        """A short line that heads nothing: below the text it is left out, inside it is a paragraph
        (two short lines may be verse, a score, a signature)."""
        if after_text:
            line.reason = "after the end of the text"
        else:
            self.take_block(line, Found("paragraph", text=line.text))

    def take_item(self, line: Raw, items: Found | None) -> Found:
        bullet = BULLET.match(line.text) or NUMBERED.match(line.text)
        text = line.text[bullet.end() :] if bullet else line.text
        if items is None:
            items = Found("list", ordered=not BULLET.match(line.text))
            self.found.blocks.append(items)
        items.items.append(escaped(text))
        line.field = f"blocks[{len(self.found.blocks) - 1}]"
        return items

    def take_block(self, line: Raw, block: Found) -> None:
        self.found.blocks.append(block)
        line.field = f"blocks[{len(self.found.blocks) - 1}]"

    def take_picture(self, line: Raw) -> None:
        caption, credit = self.captions[line.number]
        picture = Picture(caption=caption or None, credit=credit)
        if self.found.lead_image is None and not self.found.blocks:
            self.found.lead_image, line.field = picture, "lead_image"
        else:
            self.take_block(line, Found("figure", pictures=[picture]))
        for other in self.lines:
            if other.field == f"caption of line {line.number}":
                other.field = f"{line.field}.credit"


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
