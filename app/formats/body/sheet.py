"""The style sheets in a document, as far as they decide what is text.

Word, LibreOffice, Google Docs and Cocoa (Pages, TextEdit) write `text-decoration: line-through`
in the rule of a class, content systems in a rule for elements inside another. Selectors of
elements, classes, ids and attributes are evaluated, with `A B` and `A > B`. States and print
rules are ignored, because they do not concern copied text. CSS 2.2, section 4.1; Selectors 4,
section 16.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from app.formats.markup_limits import TooMuch

COMPOUND = re.compile(
    r"(\*|[a-z][\w-]*)?((?:[.#](?:[\w-]|\\.)+|\[[\w-]+(?:=(?:\"[^\"]*\"|'[^']*'|[\w-]+))?\])*)",
    re.IGNORECASE,
)
PART = re.compile(r"([.#])((?:[\w-]|\\.)+)|\[([\w-]+)(?:=[\"']?([^\"'\]]*)[\"']?)?\]")
COMBINATOR = re.compile(r"\s*(>)\s*|\s+")
STATE = re.compile(r":(?:hover|focus|active|visited|target|checked|disabled|before|after|:)")
"""What holds for a while only, or for what is no element."""
COMMENT = re.compile(r"/\*|\*/|<!--|-->")
EDGE = re.compile(r"[{}]")
READ = re.compile(
    r"(?:-webkit-)?text-decoration|text-line-through|mso-|display|visibility|vertical-align|direction",
    re.IGNORECASE,
)
ANY = re.compile("")
SHOWN = re.compile(
    r"@(?:media\s+(?:only\s+)?(?:screen|all)\s*|layer\b.*|supports\b.*)", re.I | re.S
)
"""Groups of rules that hold for every reader on a screen."""
MOST_COMPOUNDS, LONGEST = 20, 1_000
"""Elements that one selector names, and its characters."""
MOST_STEPS = 500_000
"""Elements that are compared with parts of selectors, for one document."""

Declared = dict[str, str]
Attributes = Mapping[str, str]
Above = Callable[[], Sequence[tuple[str, Attributes]]]
"""The elements around one, with their attributes, the innermost first."""
Known = dict[tuple[str, str | None, str | None], Declared]
"""What the rules say of the elements inside one, by element, classes and id."""


def declarations(text: str) -> Declared:
    """Return the declarations of a `style` attribute or rule, in lower case."""
    found: Declared = {}
    for one in text.split(";"):
        name, colon, value = one.partition(":")
        if colon:
            found[name.strip().lower()] = value.partition("!")[0].strip().lower()
    return found


@dataclass(slots=True)
class Compound:
    """The part of a selector for one element; `child`: its parent must match the next part, not
    just any ancestor."""

    tag: str = ""
    id: str = ""
    classes: list[str] = field(default_factory=list)
    attributes: list[tuple[str, str | None]] = field(default_factory=list)
    child: bool = False

    def fits(self, tag: str, given: Attributes) -> bool:
        if (self.tag and self.tag != tag) or (self.id and self.id != given.get("id")):
            return False
        if self.classes and not set((given.get("class") or "").split()).issuperset(self.classes):
            return False
        return all(
            name in given and value in (None, given[name]) for name, value in self.attributes
        )

    @property
    def key(self) -> str:
        """Return the key by which rules for an element are found."""
        if self.id or self.classes:
            return f"#{self.id}" if self.id else f".{self.classes[0]}"
        return self.tag or "*"


@dataclass(slots=True)
class Rule:
    """A selector from its last part to its first, its declarations, and what decides between two
    rules."""

    compounds: list[Compound]
    said: Declared
    order: int
    decides: bool = False
    """Whether it can change what is text; another can only overrule one that does."""

    @property
    def weight(self) -> tuple[int, int, int, int]:
        """Return specificity (Selectors 4, section 17) and order of the text."""
        ids = sum(bool(one.id) for one in self.compounds)
        classes = sum(len(one.classes) + len(one.attributes) for one in self.compounds)
        return ids, classes, sum(bool(one.tag) for one in self.compounds), self.order


class Sheet:
    """The rules of all style sheets of a document. `unread` collects selectors of striking rules
    that are not understood. Only elements that a rule with a declaration of the form `deciding`
    may apply to are compared with rules: pages have thousands of others."""

    def __init__(
        self, sheets: Iterable[str] = (), read: re.Pattern[str] = READ,
        deciding: re.Pattern[str] = ANY,
    ) -> None:  # fmt: skip
        self.declared, self.deciding = read, deciding
        self.rules: dict[str, list[Rule]] = {}
        self.known: dict[str, Rule] = {}
        self.unread: list[str] = []
        self.steps = 0
        self.by_attribute = False
        for css in sheets:
            self.read(css)

    def __bool__(self) -> bool:
        return bool(self.rules)

    def read(self, css: str) -> None:
        """Add the rules of one `style` element, in time proportional to its length."""
        text, start, selector, depth, groups = without_comments(css), 0, "", 0, 0
        for edge in EDGE.finditer(text):
            piece, start = text[start : edge.start()], edge.end()
            if edge[0] == "{":
                prelude = piece.rpartition(";")[2].strip()
                if depth == groups and SHOWN.fullmatch(prelude):
                    groups += 1
                    selector = ""
                else:
                    selector = prelude if depth == groups else ""
                depth += 1
                continue
            if depth == groups + 1 and selector and not selector.startswith("@"):
                self.rule(selector, piece)
            depth, selector = max(0, depth - 1), ""
            groups = min(groups, depth)

    def rule(self, selectors: str, body: str) -> None:
        said = {
            name: value for name, value in declarations(body).items() if self.declared.match(name)
        } if self.declared.search(body) else {}  # fmt: skip
        if not said:
            return
        for selector in selectors.split(","):
            self.add(selector.strip(), said)

    def add(self, selector: str, said: Declared) -> None:
        if rule := self.known.get(selector):
            rule.said |= said
            rule.order = len(self.known)
            rule.decides = rule.decides or self.decides(said)
            return
        compounds = parse_selector(selector)
        if compounds:
            self.by_attribute = self.by_attribute or any(one.attributes for one in compounds)
            rule = self.known[selector] = Rule(
                compounds, dict(said), len(self.known), self.decides(said)
            )
            self.rules.setdefault(compounds[0].key, []).append(rule)
        elif "line-through" in str(said) and not STATE.search(selector):
            self.unread.append(selector)

    def decides(self, said: Declared) -> bool:
        return any(self.deciding.match(f"{name}:{value}") for name, value in said.items())

    def of(self, tag: str, given: Attributes, above: Above, known: Known) -> Declared:
        """Return the declarations for an element. Raises `TooMuch` if that costs too many steps.
        `known` caches them for siblings."""
        if self.by_attribute:
            return self.said(tag, given, above)
        names = (tag, given.get("class"), given.get("id"))
        if names not in known:
            known[names] = self.said(tag, given, above)
        return known[names]

    def said(self, tag: str, given: Attributes, above: Above) -> Declared:
        keys = [tag, "*", f"#{given['id']}"] if "id" in given else [tag, "*"]
        keys += [f".{name}" for name in dict.fromkeys((given.get("class") or "").split())]
        candidates = [rule for key in keys for rule in self.rules.get(key, ())]
        if not any(rule.decides for rule in candidates):
            return {}
        around = cache(above)
        rules = [
            rule
            for rule in candidates
            if self.compared(rule.compounds[0], tag, given) and self.stands(rule.compounds, around)
        ]
        found: Declared = {}
        for rule in sorted(rules, key=lambda one: one.weight):
            found |= rule.said
        return found

    def compared(self, compound: Compound, tag: str, given: Attributes) -> bool:
        self.steps += 1 + len(given.get("class") or "") // 100 + len(compound.classes) // 10
        if self.steps > MOST_STEPS:
            raise TooMuch("The rules of the style sheets are too many for so many elements.")
        return compound.fits(tag, given)

    def stands(self, compounds: list[Compound], above: Above) -> bool:
        """Return whether the ancestors of an element match the rest of a selector."""
        if len(compounds) == 1:
            return True
        around = above()
        self.steps += len(around) // 8

        def rest(at: int, place: int) -> bool:
            if at == len(compounds):
                return True
            nearest = place + 1 if compounds[at - 1].child else len(around)
            return any(
                self.compared(compounds[at], *around[one]) and rest(at + 1, one + 1)
                for one in range(place, min(nearest, len(around)))
            )

        return rest(1, 0)


def parse_selector(selector: str) -> list[Compound] | None:
    """Return the parts of a selector, the last first; None if it is not understood."""
    pieces = COMBINATOR.split(selector)
    if len(pieces) > 2 * MOST_COMPOUNDS or len(selector) > LONGEST:
        return None
    found = []
    for at in range(0, len(pieces), 2):
        match = COMPOUND.fullmatch(pieces[at] or "")
        if match is None or not match[0]:
            return None
        compound = Compound((match[1] or "").lower().removeprefix("*"))
        compound.child = at > 0 and pieces[at - 1] == ">"
        for kind, name, attribute, value in PART.findall(match[2]):
            name = name.replace("\\", "")
            if kind == "#":
                compound.id = name
            elif kind:
                compound.classes.append(name)
            else:
                compound.attributes.append((attribute.lower(), value or None))
        found.append(compound)
    return found[::-1]


def without_comments(css: str) -> str:
    """Return a style sheet without comments, and without signs that hide it from old browsers."""
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
