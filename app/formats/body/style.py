"""What the attributes of an element say: inline formatting, URL, visibility."""

import re
from collections.abc import Callable

from app.formats import inline_html
from app.formats.body.line import Mark
from app.formats.body.sheet import declarations
from app.formats.body.voice import LANG

Attributes = dict[str, str]
Note = Callable[[str, str], None]

PLAIN = {
    "b": "strong", "strong": "strong", "i": "em", "em": "em", "cite": "cite", "q": "q",
    "bdi": "bdi", "sup": "sup", "sub": "sub",
}  # fmt: skip
BOLD = re.compile(r"bold|bolder|[6-9]00|1000")
SLANTED = re.compile(r"italic|oblique.*")
READ = frozenset(
    ["font-weight", "font-style", "vertical-align", "white-space", "direction", "unicode-bidi"]
)
"""What of a style is understood; a style that says nothing else is used up."""
MEANING = ("vertical-align", "direction")
"""Of that, what a rule of a style sheet says too."""
HIDDEN = {"display": "none", "visibility": "hidden", "mso-hide": "all"}
OL_TYPES = {
    "1": "decimal", "a": "lower-alpha", "A": "upper-alpha", "i": "lower-roman", "I": "upper-roman",
}  # fmt: skip
"""The `type` of an `ol`, and the list style that it stands for (HTML Standard, section 15.3.7)."""
DIRECTIONS = ("rtl", "ltr", "auto")
BLOCK_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")
INTEGER = re.compile(r"[ \t\n\r\f]*([+-]?\d{1,10})")
NUMBER = re.compile(r"\s*(\d{1,6}(?:\.\d{1,6})?)(?:px)?\s*")
LETTERS = re.compile(r"\w")


def style_of(attributes: Attributes) -> dict[str, str]:
    """Return the declarations of the `style` attribute, in lower case."""
    return declarations(attributes["style"]) if attributes.get("style") else {}


def with_rules(attributes: Attributes, said: dict[str, str]) -> Attributes:
    """Return the attributes with the declarations of style sheets for superscript, subscript and
    direction added to `style`."""
    rules = "".join(f"{name}:{said[name]};" for name in MEANING if name in said)
    return {**attributes, "style": rules + attributes.get("style", "")} if rules else attributes


def is_hidden(attributes: Attributes, style: dict[str, str]) -> bool:
    if "hidden" in attributes:
        return True
    return bool(style) and any(style.get(name) == one for name, one in HIDDEN.items())


def preserves_spaces(tag: str, style: dict[str, str]) -> bool:
    return tag == "pre" or style.get("white-space", "").startswith(("pre", "break-spaces"))


def marks_of(tag: str, attributes: Attributes, style: dict[str, str]) -> list[Mark]:
    """Return the inline formatting of an element, by tag name or style."""
    name, weight = PLAIN.get(tag), style.get("font-weight", "")
    slant, raised = style.get("font-style", ""), style.get("vertical-align", "")
    if (name == "strong" and weight and not BOLD.fullmatch(weight)) or (
        name == "em" and slant == "normal"
    ):
        name = None
    tags = [name] if name else []
    tags += ["strong"] if BOLD.fullmatch(weight) and name != "strong" else []
    tags += ["em"] if SLANTED.fullmatch(slant) and name != "em" else []
    tags += ["sup"] if raised == "super" and name != "sup" else []
    tags += ["sub"] if raised == "sub" and name != "sub" else []
    marks = [Mark(one) for one in tags]
    if name and marks:
        marks[0].attributes = spoken(name, attributes)
    elif tag == "span" and (direction := stated_direction(tag, attributes)):
        marks.insert(0, Mark("bdi", {"dir": direction}))
    return marks


def spoken(tag: str, attributes: Attributes) -> dict[str, str]:
    """Return language and direction, if inline formatting may carry them."""
    found = {}
    allowed = inline_html.ATTRIBUTES.get(tag, set())
    if "dir" in allowed and attributes.get("dir", "").lower() in DIRECTIONS:
        found["dir"] = attributes["dir"].lower()
    if "lang" in allowed and LANG.fullmatch(attributes.get("lang", "")):
        found["lang"] = attributes["lang"]
    return found


def link_of(attributes: Attributes, note: Note, site: str) -> Mark | None:
    """Return the link of an `a`, if a story may hold its URL."""
    if not attributes.get("href"):
        return None
    href = allowed_url(attributes["href"], note, site)
    if href is None:
        return None
    given = {"href": href} | spoken("a", attributes)
    if LANG.fullmatch(attributes.get("hreflang", "")):
        given["hreflang"] = attributes["hreflang"]
    return Mark("a", given)


def allowed_url(given: str, note: Note, site: str, mail: bool = True) -> str | None:
    """Return a URL that a story may hold: http, https or mailto, relative ones resolved against
    the site; else note it, and return None."""
    url = inline_html.WITHIN_ADDRESS.sub("", given).strip(inline_html.AROUND_ADDRESS)
    if resolved := inline_html.resolve_url(url, site):
        return resolved
    scheme = inline_html.SCHEME.match(url)
    if scheme is None:
        if url.startswith("#"):
            note("fragment", url)
        else:
            note("address", "without http:" if url else "empty")
        return None
    name = scheme[1].lower()
    rest = url[scheme.end() :]
    if name in ("http", "https") and re.match(r"//[^/?#]", rest):
        return f"{name}:{rest}"
    if name == "mailto" and mail and rest:
        return f"{name}:{rest}"
    note("address", f"{name}:")
    return None


def stated_direction(tag: str, attributes: Attributes) -> str | None:
    """Return `rtl`, `ltr` or `auto` as an element states it. Programs write `ltr` on the root of
    every document, so there only `rtl` counts."""
    value = style_of(attributes).get("direction") if "style" in attributes else None
    if value not in ("rtl", "ltr"):
        value = attributes.get("dir", "").strip().lower()
    if value not in DIRECTIONS or (tag in ("html", "body") and value != "rtl"):
        return None
    return value


def integer(given: str | None) -> int | None:
    """Parse an integer as HTML does, limited to 32 bits."""
    found = INTEGER.match(given or "")
    value = int(found[1]) if found else None
    return value if value is not None and abs(value) < 2**31 else None


def number(given: str | None) -> float | None:
    found = NUMBER.fullmatch(given or "")
    return float(found[1]) if found else None


def emoji_of(attributes: Attributes) -> str | None:
    """Return the emoji that some sites show as a small image."""
    alt = attributes.get("alt", "")
    named = "emoji" in attributes.get("class", "") or "data-plain-text" in attributes
    small = 0 < len(alt) <= 12 and not LETTERS.search(alt) and not alt.isascii()
    return alt if named and small else None
