"""What a document carries that is no part of its text: struck words, and what programs add around it.

Comments, tracked changes, page headers and footers, codes of fields, marks of footnotes: as Word,
Word's relatives (WPS, OnlyOffice, Outlook), LibreOffice, Google Docs, CKEditor, Froala, TinyMCE and
editors made of ProseMirror write them. Pure functions of an element's name, attributes and style;
`reader.py` asks them while a body goes by, `tree.py` for pages and blocks.
"""

import re
from collections.abc import Mapping

Attributes = Mapping[str, str]

STRUCK = frozenset(
    "del s strike strikethrough delete deleted deletion ac:del w:del w:deltext text:deletion"
    " text:tracked-changes".split()
)
DECORATIONS = (
    "text-decoration", "text-decoration-line", "-webkit-text-decoration",
    "-webkit-text-decoration-line", "-webkit-text-decorations-in-effect",
)  # fmt: skip
STRUCK_CLASS = re.compile(
    r"(?<![\w:-])(?:(?!no)[\w-]*?strike-?through|(?:text-(?:decoration-)?)?line-through"
    r"|msodel|fr-tracking-deleted|ice-del|[\w-]*suggestion-marker-deletion|trackchangetextdeletion"
    r"|(?:docx-|tracked?-(?:changes?-)?|suggestion-|diff-)(?:delet(?:e|ed|ion)|del))(?![\w-])",
    re.IGNORECASE,
)
"""Classes that strike words, or mark them as deleted."""
DELETED_CLASS = re.compile(
    r"(?<![\w:-])(?:docx?-|tracked?-(?:changes?-)?|change-|suggestion-?|diff-?)?"
    r"(?:delet(?:e|ed|ion)|del)(?:-mark)?(?![\w-])"
    r"|(?<![\w:-])(?:ql-|text-|font-|is-)?striked?(?![\w-])",
    re.IGNORECASE,
)
"""The same, of inline elements alone: on a block such a name may mean anything."""
INLINE = frozenset(["span", "font", "mark", "ins"])
CHANGES = re.compile(
    r"data-(?:mce-)?(?:track(?:ed|ing)?|suggestion|change|diff|revision)"
    r"(?:-(?:type|action|op|operation|kind|changes?|deleted?|deletion))*"
)
"""Attributes of an editor's change tracking."""
DELETED = re.compile(r"delet|del$|remov", re.IGNORECASE)
DELETING = re.compile(r"-delet(?:ed?|ion)$")
NOT = frozenset(["false", "0", "no"])
WITH_AUTHOR = ("datetime", "cite", "data-user", "data-userid", "data-username", "data-author")

START_BEFORE, START_AFTER = "data-suggestion-start-before", "data-suggestion-start-after"
END_BEFORE, END_AFTER = "data-suggestion-end-before", "data-suggestion-end-after"
"""Where CKEditor's changes begin or end beside a block: names with commas between them."""
MARKERS = ("data-suggestion-", "data-comment-start-", "data-comment-end-")
DELETION = re.compile(r"(?<![\w:-])deletion(?![\w-])[^\"'<>\s,]*")
RANGE_END = re.compile(
    r"<suggestion(?:-end)?\b[^<>]*|data-suggestion-end-(?:after|before)\s*=[^<>]*", re.IGNORECASE
)
OLD_NAME = re.compile(r"\sid\s*=\s*[\"']?([^\"'\s<>]+)")
STRUCK_START, STRUCK_END = "struck-start", "struck-end"
RANGES = frozenset(["suggestion", "suggestion-start", "suggestion-end", STRUCK_START, STRUCK_END])
"""Elements at the ends of a deletion: CKEditor's, and those of `struck_tags.py`."""

COMMENT_CLASS = re.compile(r"(?<![\w-])Mso(?:CommentText|CommentSubject)|(?<![\w-])msocom", re.I)
ADDRESS = r"(?:file:[^#]*|https://docs\.google\.com/[^#]*)?"
"""What browsers put before the place in the same text, when they copy a link to it."""
LOCAL = re.compile(ADDRESS + r"(?=#)")
COMMENT_MARK = re.compile(ADDRESS + r"#(?:_msocom_|cmnt\d|sdcomment\d+sym)")
COMMENT_BACK = re.compile(ADDRESS + r"#(?:_msoanchor_|cmnt_ref\d|sdcomment\d+anc)")
COMMENTS = frozenset(["comment", "office:annotation", "ac:placeholder"])
SETTINGS = frozenset("ac:parameter ac:task-id ac:task-uuid ac:task-status".split())
"""Elements of Confluence that say how something is shown."""
OFFICE_PARTS = {
    "comment-list": "comments", "comment": "comments",
    "header": "page headers", "first-header": "page headers", "even-header": "page headers",
    "footer": "page footers", "first-footer": "page footers", "even-footer": "page footers",
    "footnote-separator": "footnote rules", "footnote-continuation-separator": "footnote rules",
    "footnote-continuation-notice": "footnote rules", "endnote-separator": "footnote rules",
    "endnote-continuation-separator": "footnote rules",
    "endnote-continuation-notice": "footnote rules",
}  # fmt: skip
"""Values of `mso-element` that are no part of the text."""
NOTE_LISTS = frozenset(["footnote-list", "endnote-list"])
BRACKETED = re.compile(r"\s*\[[^\W\d_]{0,8}\d{1,4}(?:R\d{1,3})?\]")
"""The mark of a comment as Word writes it: `[NA1]`, and `[NA1R2]` for an answer."""

NOTE_MARK = re.compile(
    r"#(?:user-content-)?_{0,2}(?:ftn|edn|fn|footnote|endnote|note|cite_note|sdfootnote|sdendnote)"
    r"[-_:.]?[\w.:-]*$",
    re.IGNORECASE,
)
NOTE_BACK = re.compile(
    r"#(?:user-content-)?_{0,2}(?:ftnref|ftnt_ref|ednref|fnref|footnote-?ref|cite_ref|noteref|ref)[-_:.]?\d"
    r"|#sd(?:foot|end)note\d+anc$|#.+-link$",
    re.IGNORECASE,
)
NOTE_NAME = re.compile(r"foot-?note|end-?note|note-?ref|fnref|cite_ref|sd(?:foot|end)note", re.I)
NUMBER = re.compile(
    r"[\s\[(]*([0-9٠-٩۰-۹]{1,3}|[*†‡§¶]{1,3}|[a-z]{1,2}|[ivxlc]{1,6})[\s\]).]*", re.I
)
ARROWS = re.compile(r"[\s\u2190-\u21ff\u2934\u2935\u2b05-\u2b0d\ufe0e\ufe0f^]+")
DIGITS = re.compile(r"\d+")


def is_struck(tag: str, given: Attributes, declared: Mapping[str, str]) -> bool:
    """Return whether an element marks its text as deleted."""
    if tag in STRUCK:
        return True
    if declared and any("line-through" in declared.get(name, "") for name in DECORATIONS):
        return True
    if declared and declared.get("text-line-through", "none").split()[:1] not in (["none"], []):
        return True
    if not given:
        return False
    classes = given.get("class") or ""
    if classes and (
        STRUCK_CLASS.search(classes) or (tag in INLINE and DELETED_CLASS.search(classes))
    ):
        return True
    return is_marked_deleted(given)


def is_marked_deleted(given: Attributes) -> bool:
    """Return whether an attribute of an editor's change tracking marks a deletion."""
    for name, value in given.items():
        if name.startswith("data-") and CHANGES.fullmatch(name):
            if DELETED.match(value or "") or (DELETING.search(name) and value not in NOT):
                return True
    if given.get("role") == "deletion":  # WAI-ARIA 1.2
        return True
    return bool(whole_deletions(given))


def whole_deletions(given: Attributes) -> set[str]:
    """Return the names of deletions that begin before an element and end after it."""
    return set(deletions(given, START_BEFORE)) & set(deletions(given, END_AFTER))


def deletions(given: Attributes, attribute: str) -> list[str]:
    """Return the names of deletions in one of CKEditor's attributes."""
    return DELETION.findall(given[attribute]) if given.get(attribute) else []


def has_ranges(tag: str, given: Attributes) -> bool:
    """Return whether deletions without an element of their own may begin or end at an element."""
    return tag in RANGES or any(name.startswith("data-suggestion-") for name in given)


def range_edge(tag: str, given: Attributes) -> tuple[bool, str] | None:
    """Return whether a deletion begins or ends at an element, and its name."""
    if tag in (STRUCK_START, STRUCK_END):
        return tag == STRUCK_START, STRUCK_START
    if tag == "suggestion":  # CKEditor 5 before version 25
        deletion = (given.get("suggestion-type") or "").startswith("deletion")
        return (given.get("type") == "start", given.get("id") or "") if deletion else None
    if tag not in RANGES:
        return None
    return tag == "suggestion-start", given.get("name") or ""


def marker_name(attribute: str) -> str:
    """Return the name of a marker attribute for warnings."""
    return "comment marks" if "comment" in attribute else "marks of tracked changes"


def ended_deletions(html: str) -> frozenset[str]:
    """Return the names of deletions that have an end; others must not delete the rest of a text."""
    found: set[str] = set()
    for tag in RANGE_END.findall(html):
        found.update(DELETION.findall(tag), OLD_NAME.findall(tag))
    return frozenset(found)


def is_tracked(tag: str, given: Attributes, declared: Mapping[str, str]) -> bool:
    """Return whether an element is a tracked change, deleted or not."""
    if tag in ("ins", "del") and any(name in given for name in WITH_AUTHOR):
        return True
    if "mso-prop-change" in declared or tag in ("suggestion", "suggestion-start"):
        return True
    return any(
        name.startswith("data-suggestion-") or CHANGES.fullmatch(name)
        for name in given
        if name.startswith("data-")
    )


def office_part(tag: str, given: Attributes, declared: Mapping[str, str]) -> str | None:
    """Return which part of an office document an element is, if that is not part of its text."""
    if tag in COMMENTS or given.get("role") == "comment":
        return "comments"
    if tag in ("comment-start", "comment-end", "office:annotation-end"):
        return "comment marks"
    if tag in SETTINGS:
        return "settings of macros"
    if declared:
        if (part := declared.get("mso-element")) in OFFICE_PARTS:
            return OFFICE_PARTS[part]
        special = declared.get("mso-special-character", "")
        if special == "comment":
            return "comment marks"
        if special.startswith(("footnote-", "endnote-")):
            return "footnote rules"
    if not given:
        return None
    if tag == "div" and given.get("title") in ("header", "footer"):  # LibreOffice
        return f"page {given['title']}s"
    if (classes := given.get("class")) and COMMENT_CLASS.search(classes):
        return "comment marks" if tag in ("a", "hr", "span") else "comments"
    if tag == "a" and COMMENT_MARK.match(given.get("href") or ""):
        return "comment marks"
    return None


def leads_back_from_comment(tag: str, given: Attributes) -> bool:
    """Return whether a link at the start of a comment leads back to the commented text."""
    return tag == "a" and bool(COMMENT_BACK.match(given.get("href") or ""))


def may_be_comment_mark(given: Attributes) -> bool:
    """Return whether an element is styled like the mark of a comment; its text decides."""
    return "MsoCommentReference" in (given.get("class") or "")


def note_link(given: Attributes, declared: Mapping[str, str], raised: bool) -> str | None:
    """Return whether a link is the mark of a footnote ("mark") or in the footnote ("back"); its
    text decides at its end. `raised`: it is in superscript."""
    href = LOCAL.sub("", given.get("href") or "", count=1)
    if not href.startswith("#"):
        return "mark" if "mso-footnote-id" in declared or "mso-endnote-id" in declared else None
    classes = given.get("class") or ""
    if NOTE_BACK.match(href) or "doc-backlink" in given.get("role", ""):
        return "back"
    if classes.startswith(("sdfootnotesym", "sdendnotesym")):
        return "back"
    named = f"{classes} {given.get('role') or ''} {given.get('rel') or ''} {given.get('epub:type') or ''}"
    known = NOTE_MARK.match(href) or NOTE_NAME.search(named) or href.startswith("#ftnt")
    return "mark" if raised or known else None


def note_number(text: str, href: str) -> str | None:
    """Return the number of a footnote as text, `[1]`, so that it is not joined to a word or
    figure. None if the link has another text."""
    if found := NUMBER.fullmatch(text):
        return f"[{found[1]}]"
    if not text.strip() and (digits := DIGITS.findall(href)):
        return f"[{digits[-1]}]"
    return None
