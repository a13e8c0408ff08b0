"""Limits of incoming HTML, checked before it is parsed, in time proportional to its length.

HTML parsers search the open elements in many of their steps, the formatting elements for each
paragraph, and the attributes of an element for each of its attributes (HTML, sections 13.2.4.2,
13.2.4.3 and 13.2.5.33). So nesting and attributes are counted here first, by an approximation of
the standard's tree construction that counts too many rather than too few.
"""

import re

MOST_DEPTH = 500
"""Elements inside each other. Browsers stop at 512."""
MOST_ELEMENTS = 40_000
"""Elements of a body. Cells and rows of tables are not counted here; see `table_grid.MOST_CELLS`."""
MOST_ATTRIBUTES = 250
"""Attributes of one element."""
MOST_REFERENCES = 50_000
"""Ampersands in the inline HTML of one block."""
MOST_REOPENED = 100_000
"""Times that a formatting element which was not closed is opened again in a later paragraph."""
MOST_STEPS = 50
"""Open elements that are looked through for each tag, on average, beside a million."""

BEGIN = re.compile(r"<(?:(!--)|(/?)([A-Za-z][^ \t\n\r\f/>]*))")
ATTRIBUTE = re.compile(
    r"[ \t\n\r\f/]*([^ \t\n\r\f/>][^ \t\n\r\f/>=]*)"
    r"(?:[ \t\n\r\f]*=[ \t\n\r\f]*(?:\"[^\"]*(?:\"|\Z)|'[^']*(?:'|\Z)|[^ \t\n\r\f>\"'][^ \t\n\r\f>]*)?)?"
)
COMMENT_END = re.compile(r"--!?>")
CLOSING = re.compile(r"[ \t\n\r\f/]*>")
RAW = {
    name: re.compile(rf"</{name}(?=[ \t\n\r\f/>])", re.IGNORECASE)
    for name in "script style textarea title xmp iframe noembed noframes".split()
}
"""Elements whose content is text. HTML, section 13.2.6.2."""
OTHER_MEDIA = re.compile(r"""\smedia\s*=\s*["']?\s*(?!screen|all|only screen)\w""", re.IGNORECASE)
"""The `media` of a style sheet that is for print and the like."""
VOID = frozenset(
    "area base basefont bgsound br col embed frame hr image img input keygen link meta param source"
    " track wbr".split()
)
FORMATTING = frozenset("a b big code em font i nobr s small strike strong tt u".split())
IMPLIED = {
    "li": ("ul", "ol", "menu", "dir"), "dt": ("dl",), "dd": ("dl",), "p": ("button",),
    "option": ("select",), "optgroup": ("select",), "rt": ("ruby",), "rp": ("ruby",),
    "rb": ("ruby",), "rtc": ("ruby",),
    **dict.fromkeys("td th tr tbody thead tfoot caption colgroup".split(), ("table",)),
}  # fmt: skip
"""Elements that end where the next of their kind begins, and what keeps them open around it."""
GROUPS = {
    **dict.fromkeys(("dt", "dd"), frozenset(["dt", "dd"])),
    **dict.fromkeys(("rb", "rt", "rp", "rtc"), frozenset(["rb", "rt", "rp", "rtc"])),
    **dict.fromkeys(("td", "th"), frozenset(["td", "th"])),
    "tr": frozenset(["td", "th", "tr", "caption", "colgroup"]),
    **dict.fromkeys(
        ("tbody", "thead", "tfoot", "caption", "colgroup"),
        frozenset("td th tr tbody thead tfoot caption colgroup".split()),
    ),
}  # fmt: skip
ENDS_PARAGRAPH = frozenset(
    "address article aside blockquote center details dialog dir div dl fieldset figcaption figure"
    " footer form h1 h2 h3 h4 h5 h6 header hgroup hr main menu nav ol p pre section summary table ul"
    " li dt dd".split()
)
SCOPES = frozenset(
    "applet button caption marquee object select svg math table td template th".split()
)
"""Elements that an end tag inside them does not close anything around. HTML, section 13.2.4.2."""
CELLS = frozenset(["td", "th", "tr"])
FOREIGN = frozenset(["svg", "math"])
ROOTS = frozenset(["html", "head", "body", "frameset"])
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
"""The end tag of one closes any other. HTML, section 13.2.6.4.7."""


class TooMuch(ValueError):
    """HTML that exceeds a limit; the message is for a person."""


def check(html: str) -> None:
    """Raise `TooMuch` if a limit is exceeded."""
    Scan(html).run()


def body_scan(html: str) -> "Scan":
    """Return a scan with the limits of a body."""
    return Scan(html, elements=MOST_ELEMENTS, uncounted=CELLS)


def check_references(html: str) -> None:
    """Raise `TooMuch` if the inline HTML of one block has too many character references: the
    sanitiser's time grows with the square of their number."""
    if html.count("&") > MOST_REFERENCES:
        raise TooMuch(f"There are more than {MOST_REFERENCES:,} ampersands in one piece of text.")


def check_line(html: str) -> None:
    """Check the limits of the inline HTML of one block."""
    check_references(html)
    if len(html) > MOST_ATTRIBUTES and "<" in html:
        check(html)


class Scan:
    """One pass over the tags of an HTML text."""

    def __init__(
        self, html: str, depth: int = MOST_DEPTH, elements: int | None = None,
        uncounted: frozenset[str] = frozenset(),
    ) -> None:  # fmt: skip
        self.html = html
        self.most_depth, self.most_elements, self.uncounted = depth, elements, uncounted
        self.elements = 0
        self.open: list[str] = []
        self.tags: list[str] = []  # the start tags of the open elements that are formatting ones
        self.count: dict[str, int] = {}
        self.lost: list[str] = []  # start tags of formatting elements that are opened again
        self.on_root = 0
        self.reopened = 0
        self.steps = 1_000_000 + MOST_STEPS * html.count("<")
        self.at = (0, 0)  # where the tag that is read stands
        self.styles: list[str] = []  # style sheets that hold on a screen

    def run(self) -> None:
        at = 0
        while found := BEGIN.search(self.html, at):
            comment, end, name = found.groups()
            if comment:
                closed = COMMENT_END.search(self.html, found.start() + 2)
                if closed is None:
                    return
                at = closed.end()
            elif end:
                at = self.after_attributes(found.end(), limited=False)
                self.at = (found.start(), at)
                self.close(name.lower())
            else:
                at = self.after_attributes(found.end())
                self.at = (found.start(), at)
                name = name.lower()
                tag = self.html[found.start() : at]
                if self.start(name, tag):
                    if name == "plaintext" or not (raw := RAW[name].search(self.html, at)):
                        return
                    if name == "style" and not OTHER_MEDIA.search(tag):
                        self.styles.append(self.html[at : raw.start()])
                    at = raw.start()

    def after_attributes(self, at: int, limited: bool = True) -> int:
        """Return where the tag ends."""
        count = 0
        while True:
            if closed := CLOSING.match(self.html, at):
                return closed.end()
            attribute = ATTRIBUTE.match(self.html, at)
            if attribute is None:
                return len(self.html)
            at, count = attribute.end(), count + 1
            if limited and count > MOST_ATTRIBUTES:
                raise TooMuch(f"An element has more than {MOST_ATTRIBUTES} attributes.")

    def start(self, name: str, tag: str) -> bool:
        """Handle a start tag; return whether its content is raw text."""
        if name in ROOTS:  # a second one only gives its attributes to the first
            self.on_root += tag.count("=")
            if self.on_root > MOST_ATTRIBUTES:
                raise TooMuch(f"An element has more than {MOST_ATTRIBUTES} attributes.")
            return False
        foreign = any(self.count.get(one) for one in FOREIGN)
        if (foreign and tag.endswith("/>")) or (name == "form" and self.count.get(name)):
            return False
        if not foreign:
            self.end_implied(name)
            if name not in ENDS_PARAGRAPH and name not in IMPLIED:
                self.reopen()
            if name in RAW or name == "plaintext":
                return True
            if name in VOID:
                self.count_element(name)
                return False
        self.push(name, tag)
        if not foreign:
            self.reopen()
        return False

    def end_implied(self, name: str) -> None:
        """Close the elements that a start tag closes: the paragraph, item or cell before it."""
        if name in ENDS_PARAGRAPH and self.count.get("p"):
            self.close_to(frozenset(["p"]), SCOPES)
        if name in IMPLIED and name != "p":
            group = GROUPS.get(name, frozenset([name]))
            if any(self.count.get(one) for one in group):
                self.close_to(group, STOPS[name], every=name in TABLE)
        if name == "a" and self.count.get("a"):
            self.remove("a")
        if name in ("button", "nobr", "option") and self.count.get(name):
            self.remove(name)

    def close(self, name: str) -> None:
        """Handle an end tag."""
        if name in HEADINGS:
            name = next((one for one in HEADINGS if self.count.get(one)), name)
        if not self.count.get(name):
            self.lost = [tag for tag in self.lost if name_of(tag) != name]
        elif self.open[-1] == name:
            self.pop()
        elif name in FORMATTING:
            self.remove(name)
        else:
            stops = STOPS[name] if name in IMPLIED else SCOPES
            self.close_to(frozenset([name]), stops - {name})

    def close_to(self, names: frozenset[str], stops: frozenset[str], every: bool = False) -> None:
        """Close elements up to the innermost of these names (`every`: the outermost), unless a
        `stops` element is in between."""
        target = None
        place = 0
        for place in range(len(self.open) - 1, -1, -1):
            if self.open[place] in names:
                target = place
                if not every:
                    break
            elif self.open[place] in stops:
                break
        self.step(len(self.open) - place)
        while target is not None and len(self.open) > target:
            tag = self.tags[-1]
            if self.pop() in FORMATTING and self.lost.count(tag) < 3:
                self.lost.append(tag)

    def remove(self, name: str) -> int:
        """Close an element but not those inside it; return how many are around it."""
        for place in range(len(self.open) - 1, -1, -1):
            if self.open[place] == name:
                self.step(len(self.open) - place)
                del self.open[place], self.tags[place]
                self.count[name] -= 1
                return place
        return len(self.open)

    def reopen(self) -> None:
        """Reopen the formatting elements that were closed together with a block."""
        self.reopened += len(self.lost)
        if self.reopened > MOST_REOPENED:
            raise TooMuch("Too many formatting elements that are not closed.")
        for tag in reversed(self.lost):
            self.push(name_of(tag), tag)
        self.lost.clear()

    def push(self, name: str, tag: str) -> None:
        self.open.append(name)
        self.tags.append(tag if name in FORMATTING else "")
        self.count[name] = self.count.get(name, 0) + 1
        if len(self.open) > self.most_depth:
            raise TooMuch(f"Elements are nested deeper than {self.most_depth}.")
        self.count_element(name)

    def count_element(self, name: str) -> None:
        self.elements += name not in self.uncounted
        if self.most_elements is not None and self.elements > self.most_elements:
            raise TooMuch(f"There are more than {self.most_elements:,} elements.")

    def pop(self) -> str:
        name, _ = self.open.pop(), self.tags.pop()
        self.count[name] -= 1
        return name

    def step(self, count: int) -> None:
        self.steps -= count
        if self.steps < 0:
            raise TooMuch("Too many tags that close nothing or the wrong element, in deep nesting.")


def name_of(tag: str) -> str:
    found = BEGIN.match(tag)
    return found[3].lower() if found else ""


TABLE = frozenset("tr tbody thead tfoot caption colgroup td th".split())
STOPS = {name: frozenset(around) | (SCOPES - TABLE) for name, around in IMPLIED.items()}
