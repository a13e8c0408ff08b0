"""Parameters of addresses, and content of answers, as the contract describes them. Bounds are those that
the server enforces.
OpenAPI 3.1 section 4.8.12. What is declared here is tried at each bound by tests/contract/test_parameters.py.
"""

from collections.abc import Sequence
from typing import Any

from app.request.filters import LANG, MOST_ALTERNATIVES, MOST_FILTERS, MOST_IDS
from app.request.search_words import LONGEST

Parameter = dict[str, Any]


def parameter(name: str, description: str, **schema: Any) -> Parameter:
    """A string that stands once; `schema` are further keywords of its JSON Schema."""
    return {
        "name": name, "in": "query", "description": description,
        "schema": {"type": "string", **schema},
    }  # fmt: skip


def required(one: Parameter) -> Parameter:
    return {**one, "required": True}


def whole(name: str, description: str, most: int) -> Parameter:
    """A whole number from 1 to `most`."""
    return parameter(name, description, type="integer", minimum=1, maximum=most)


def choice(
    name: str, description: str, words: Sequence[str], default: str | None = None
) -> Parameter:
    """One of some words. A `default` is declared only where leaving the parameter out always means it:
    generated clients send it."""
    usual = {} if default is None else {"default": default}
    return parameter(name, description, enum=[str(one) for one in words], **usual)


def repeatable(name: str, description: str) -> Parameter:
    """A list filter: `name=a&name=b` means both, `name=a,b` either. `maxItems` is the bound of all list
    filters together, the pattern that of the alternatives of one."""
    one = "[^,-][^,]*"
    items = {"type": "string", "pattern": f"^-?{one}(,{one}){{0,{MOST_ALTERNATIVES - 1}}}$"}
    return {
        "name": name, "in": "query", "description": description, "style": "form", "explode": True,
        "schema": {"type": "array", "items": items, "maxItems": MOST_FILTERS},
    }  # fmt: skip


def words_of(name: str, description: str, longest: int = LONGEST) -> Parameter:
    """Words to look for, in characters."""
    return parameter(name, description, maxLength=longest)


def language(description: str) -> Parameter:
    """One language tag (BCP 47)."""
    return parameter("lang", description, pattern=f"^{LANG.pattern}$")


def comma_list(name: str, description: str, most: int, item: str = "[^,]+") -> Parameter:
    """At most so many values parted by commas, each as the pattern `item` says."""
    return parameter(name, description, pattern=f"^{item}(,{item}){{0,{most - 1}}}$")


IDS = comma_list("ids", f"At most {MOST_IDS} ids, answered in this order.", MOST_IDS, "art_[^,]+")


def text_content(media_type: str, known_as: str, **more: Any) -> dict[str, Any]:
    """The content of an answer that is text, though its media type doesn't begin with `text/`.

    Generated clients that read only JSON and `text/` refuse it, so it is declared as bytes, which they
    hand over whatever the type, and again under a text type for those that know no other. What is sent
    is `media_type`.
    """
    return {
        media_type: {"schema": {"type": "string", "format": "binary"}} | more,
        known_as: {"schema": {"type": "string"}},
    }
