"""How a reader of a body leaves out what is not part of the text: see `omitted.py`.

Struck text is left out and quoted in a warning. Parts that programs add are left out and named
once. Footnotes stay: their marks as `[1]`, their text unchanged.
"""

from collections.abc import Mapping

from app.formats.body import omitted
from app.formats.body.element import Element, OpenReader
from app.formats.body.line import Mark

Attributes = dict[str, str]

MOST_ABOVE = 20
"""Elements that are looked through for the paragraph around the mark of a comment."""
CELLS = frozenset(["td", "th"])
LONG = frozenset("html body div section article main".split())
"""Boxes that may hold more than the paragraph that begins in them."""
THINGS = frozenset("img video audio iframe embed amp-img picture hr".split())
BOXES = frozenset(
    "p div section article aside header footer li ul ol table tr blockquote figure h1 h2 h3 h4 h5 h6"
    " hr pre dl dt dd".split()
)
"""Elements whose edges end a line, also where they are left out."""


def leave_out(
    reader: OpenReader, element: Element, given: Attributes, declared: Mapping[str, str]
) -> bool:
    """Leave out an element that is struck or added by a program around the text; return whether
    it was."""
    tag = element.tag
    if tag in CELLS and (row := row_of(reader)) is not None and row.comment:
        reader.gather(element, reader.line.leave_out)
        return True
    if omitted.is_tracked(tag, given, declared):
        reader.dropped.note("office", "marks of tracked changes")
    if tag in omitted.RANGES:
        return True
    if omitted.is_struck(tag, given, declared):
        strike(reader, element, given)
    elif omitted.leads_back_from_comment(tag, given):
        leave_comment(reader, element)
    elif part := omitted.office_part(tag, given, declared):
        if tag in BOXES:
            reader.flush()
        reader.dropped.note("office", part)
        if part == "comments":
            mark_row(reader)
        reader.gather(element, reader.line.leave_out)
    elif omitted.may_be_comment_mark(given):
        reader.gather(element, lambda text: end_comment_mark(reader, text))
    elif tag == "a" and (kind := omitted.note_link(given, declared, is_raised(reader))):
        reader.gather(element, lambda text: end_note_link(reader, kind, text, given))
    elif tag == "hr" and reader.in_notes:  # the rule above a word processor's footnotes
        reader.flush()
    elif declared.get("mso-element") in omitted.NOTE_LISTS:
        element.notes = True
        reader.in_notes += 1
        return False
    else:
        return bool(reader.deletions or reader.commented) and tag in THINGS
    return True


def strike(reader: OpenReader, element: Element, given: Attributes) -> None:
    """Leave out an element with struck text; a table cell stays, empty."""
    if element.tag in BOXES:
        reader.flush()
    place = reader.dropped.length
    if element.tag in CELLS:
        reader.take(reader, element, given)
        element.taken = True

    def ended(text: str) -> None:
        if text.strip():
            reader.dropped.strike(text, place)
        reader.line.leave_out(text)

    reader.gather(element, ended)


def leave_comment(reader: OpenReader, mark: Element) -> None:
    """Leave out a comment: the paragraph that begins with this link. If none does, the rest of
    the line or paragraph."""
    reader.dropped.note("office", "comments")
    above = [one for one in reader.open[-MOST_ABOVE:] if one.boxed and one.taken]
    box = above[-1] if above else mark
    if box.tag in LONG and not box.start == reader.dropped.length > 0:
        box = mark
    around = above[-2] if len(above) > 1 else mark
    if box is mark or reader.line.seen:
        box, reader.commented = mark, True
    elif around.tag == "div" and around.start == reader.dropped.length > 0:
        box = around
    mark_row(reader)
    reader.gather(box, reader.line.leave_out)


def row_of(reader: OpenReader) -> Element | None:
    """Return the table row around, if none of its text is visible yet."""
    rows = [one for one in reader.open[-MOST_ABOVE:] if one.tag == "tr"]
    return rows[-1] if rows and rows[-1].start == reader.dropped.length > 0 else None


def mark_row(reader: OpenReader) -> None:
    """Begin a comment in a table row: some programs put its mark and its text into two cells."""
    if (row := row_of(reader)) is not None:
        row.comment = True


def end_comment_mark(reader: OpenReader, text: str) -> None:
    """Decide at its end whether an element was the mark of a comment, or text in its style."""
    rest = omitted.BRACKETED.sub("", text)
    if rest != text or not text.strip():
        reader.dropped.note("office", "comment marks")
    if rest.strip():
        reader.say(rest)
    else:
        reader.line.leave_out(text)


def is_raised(reader: OpenReader) -> bool:
    return any(mark.tag == "sup" for mark in reader.line.marks)


def end_note_link(reader: OpenReader, kind: str, text: str, given: Attributes) -> None:
    """Write a footnote's number, in superscript for a mark; leave out an arrow back."""
    number = omitted.note_number(text, given.get("href", ""))
    if number is None:
        if not omitted.ARROWS.fullmatch(text):
            reader.say(text)
    elif kind == "back":
        reader.say(f"{number} ")
    else:
        raised = Mark("sup")
        opened = reader.line.open(raised)
        reader.say(number)
        if opened:
            reader.line.close(raised)


def open_ranges(reader: OpenReader, element: Element, given: Attributes) -> None:
    """Begin and end the deletions that CKEditor marks at an element."""
    whole = omitted.whole_deletions(given)
    for name in omitted.deletions(given, omitted.END_BEFORE):
        end_range(reader, name)
    for name in omitted.deletions(given, omitted.START_BEFORE):
        if name not in whole:
            begin_range(reader, name)
    ends = omitted.deletions(given, omitted.END_AFTER)
    element.ends = [name for name in ends if name not in whole]
    element.begins = omitted.deletions(given, omitted.START_AFTER)
    if (found := omitted.range_edge(element.tag, given)) is not None:
        begins, name = found
        (begin_range if begins else end_range)(reader, name)


def begin_range(reader: OpenReader, name: str) -> None:
    """Begin a tracked deletion that has no element of its own, only marks for its beginning and
    end."""
    if name == omitted.STRUCK_START or name in reader.ranges:
        reader.deletions.add(name)


def end_range(reader: OpenReader, name: str) -> None:
    if name in reader.deletions:
        reader.deletions.remove(name)
        if not reader.deletions:
            end_ranges(reader)


def end_ranges(reader: OpenReader) -> None:
    """Leave out the text since the first tracked deletion without an element of its own began."""
    text = "".join(reader.deleted)
    reader.deletions.clear()
    reader.deleted.clear()
    if text.strip():
        reader.dropped.strike(text)
    reader.line.leave_out(text)
