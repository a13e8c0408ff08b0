"""What the style sheets inside a document say of its classes, as far as it decides what is text.

Word, LibreOffice, Google Docs and Cocoa (Pages, TextEdit) write `text-decoration: line-through` as
a class. Only single elements and classes are read (`s1`, `span.s1`): rules inside `@media` and the
like, states and descendants say nothing of a text that was copied. CSS 2.2, section 4.1.
"""

import re

SIMPLE = re.compile(r"([a-z][a-z0-9]*)?(?:\.([\w-]+))?", re.IGNORECASE)
COMMENT = re.compile(r"/\*|\*/|<!--|-->")
EDGE = re.compile(r"[{}]")
READ = re.compile(
    r"text-decoration|text-line-through|mso-element|display|visibility|mso-hide", re.IGNORECASE
)
MOST = 2_000
"""Rules that are kept at most."""

Declared = dict[str, str]


def declarations(text: str) -> Declared:
    """The declarations of a `style` or of a rule, in lower case."""
    found: Declared = {}
    for one in text.split(";"):
        name, colon, value = one.partition(":")
        if colon:
            found[name.strip().lower()] = value.strip().lower()
    return found


class Sheet:
    """The rules that were read so far, by `tag`, `.class` or `tag.class`."""

    def __init__(self) -> None:
        self.rules: dict[str, Declared] = {}

    def __bool__(self) -> bool:
        return bool(self.rules)

    def read(self, css: str) -> None:
        """The rules of one `style` element, in time proportional to its length."""
        text, depth, start, selector = without_comments(css), 0, 0, ""
        for edge in EDGE.finditer(text):
            piece, start = text[start : edge.start()], edge.end()
            if edge[0] == "{":
                depth += 1
                selector = piece.rpartition(";")[2] if depth == 1 else ""
            else:
                depth = max(0, depth - 1)
                if not depth and selector:
                    self.rule(selector, piece)

    def rule(self, selectors: str, body: str) -> None:
        said = {
            name: value for name, value in declarations(body).items() if READ.match(name)
        } if READ.search(body) else {}  # fmt: skip
        if not said:
            return
        for selector in selectors.split(","):
            found = SIMPLE.fullmatch(selector.strip())
            if found and selector.strip() and len(self.rules) < MOST:
                key = (found[1] or "").lower() + (f".{found[2]}" if found[2] else "")
                self.rules.setdefault(key, {}).update(said)

    def of(self, tag: str, classes: str) -> Declared:
        """What the rules say of an element."""
        found = dict(self.rules.get(tag, ()))
        for name in classes.split():
            found |= self.rules.get(f".{name}", {})
            found |= self.rules.get(f"{tag}.{name}", {})
        return found


def without_comments(css: str) -> str:
    """A sheet without its comments, and without the signs that hide it from old browsers."""
    kept, start, inside = [], 0, False
    for mark in COMMENT.finditer(css):
        if not inside:
            kept.append(css[start : mark.start()])
        if mark[0] == "/*":
            inside = True
        elif mark[0] == "*/":
            inside = False
        start = mark.end()
    return "".join(kept if inside else [*kept, css[start:]])
