"""What routes share of the OpenAPI document: parameters, operations, content of responses.

OpenAPI 3.1 section 4.8.12. The server enforces the declared bounds; tests/contract/test_parameters.py tries each.
"""

from collections.abc import Sequence
from typing import Any

from fastapi.routing import APIRoute
from pydantic import BaseModel

from app.json_types import Json
from app.language import date_formatting
from app.models.card import Kind
from app.request import filters, output
from app.request.filters import LANG, MOST_ALTERNATIVES, MOST_FILTERS, MOST_IDS
from app.request.search_words import LONGEST

Parameter = Json


def operation_id(route: APIRoute) -> str:
    """The `operationId` of a route, made of its function's name: `get_article` is getArticle."""
    first, *others = route.name.split("_")
    return first + "".join(word.title() for word in others)


def operation(
    model: type[BaseModel] | None = None, *parameters: Parameter, status: int = 200, **extra: Any
) -> Json:
    """Arguments of a route's decorator: the model of its success response, its parameters, and `extra` keywords of
    the OpenAPI operation."""
    if parameters:
        extra["parameters"] = list(parameters)
    answers = {"responses": {status: {"model": model}}} if model else {}
    return {
        "status_code": status, "response_model": None, "openapi_extra": extra,
        "generate_unique_id_function": operation_id,
    } | answers  # fmt: skip


def path_parameter(name: str, description: str | None = None, **schema: Any) -> Parameter:
    """A segment of the path; a string unless `schema` says otherwise."""
    described = {"description": description} if description else {}
    return {
        "name": name, "in": "path", "required": True, "schema": {"type": "string"} | schema,
    } | described  # fmt: skip


def parameter(name: str, description: str, **schema: Any) -> Parameter:
    """A string that stands once; `schema` are further keywords of its JSON Schema."""
    return {
        "name": name, "in": "query", "description": description,
        "schema": {"type": "string", **schema},
    }  # fmt: skip


def required(one: Parameter) -> Parameter:
    """The parameter, required."""
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
    """A text to search for, of at most so many characters."""
    return parameter(name, description, maxLength=longest)


def language(description: str) -> Parameter:
    """One language tag (BCP 47)."""
    return parameter("lang", description, pattern=f"^{LANG.pattern}$")


def comma_list(name: str, description: str, most: int, item: str = "[^,]+") -> Parameter:
    """At most so many values parted by commas, each as the pattern `item` says."""
    return parameter(name, description, pattern=f"^{item}(,{item}){{0,{most - 1}}}$")


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


IDS = comma_list("ids", f"At most {MOST_IDS} ids, answered in this order.", MOST_IDS, "art_[^,]+")
WHICH = path_parameter("id_or_slug", "Id, slug, or a slug that it had.")
"""Declared here and not in functions' signatures: on the busiest route FastAPI's reading of it costs a tenth."""

IN_LANG = language("The story in this language: itself or its translation; else 404.")

DISPLAY = comma_list(
    "display",
    "Adds `display`: the dates in words, by language and region (docs/dates.md). At most 5, such as"
    " `ar-LB,en`; `ar-EG-u-nu-arab` chooses digits, `ar-SA-u-ca-islamic-umalqura` is Hijri, `ar/en`"
    " names the month twice.",
    date_formatting.MOST,
)
BODY = choice(
    "body", "What the body is told as: its blocks, or a string (docs/bodies.md).", output.BODIES,
    "blocks",
)  # fmt: skip
PREVIEW = parameter(
    "preview", "A token of `POST …/previews`: what it was made for, as it would be published."
)
AS_OF = parameter(
    "as_of",
    "The story as readers saw it at this time (RFC 3339, or a day in the installation's time zone). For"
    " editors, unless `ISNAD_PUBLIC_VERSIONS=true`.",
)
PAGE = [
    whole("limit", "1 to 100; 20 unless said.", filters.LARGEST_PAGE),
    parameter("cursor", "The `next` or `prev` of a page of this list."),
]
FIELDS = parameter(
    "fields",
    "The fields that the answer has, of what is `required` these alone, and `id` (docs/fields.md):"
    " `headline,lead_image(url,renditions(url)),section.name`.",
)
INCLUDE = parameter(
    "include",
    "What else is told: `related(limit=8)` fills `related` up with stories that are alike,"
    " `versions(limit=5)` (for editors, unless `ISNAD_PUBLIC_VERSIONS=true`),"
    " `translations` (whole cards), `jsonld` (schema.org's NewsArticle).",
)
LISTED_INCLUDE = parameter(
    "include",
    "What else the items have: `body` (they are whole stories), `attributions`, `corrections`,"
    " `rights`, `updates`, `related(limit=3)`, `versions(limit=3)` (for editors, unless"
    " `ISNAD_PUBLIC_VERSIONS=true`), `translations`, `jsonld`.",
)
LISTED_BODY = {
    **BODY, "description": "What bodies are told as (docs/bodies.md); another than `blocks` only"
    " beside `include=body`."
}  # fmt: skip
SHAPES = [DISPLAY, FIELDS, LISTED_INCLUDE, LISTED_BODY]

LISTED = (
    "Repeating it means AND; in one value a comma lists alternatives (OR), and a leading `-` excludes"
    " them all."
)
WHEN = "RFC 3339, or a day in the installation's time zone."
FILTERS = [
    repeatable("section", f"Path or id; its descendants are included. {LISTED}"),
    repeatable("tag", f"Slug or id. {LISTED}"),
    repeatable("source", f"Slug or id, in any role; `reuters:photographed` narrows. {LISTED}"),
    repeatable("contributor", f"Slug or id. {LISTED}"),
    repeatable("kind", f"{', '.join(Kind)}. {LISTED}"),
    repeatable("lang", f"BCP 47. {LISTED}"),
    repeatable("urgency", f"1 to 9; 1 is the most urgent. {LISTED}"),
    *(
        parameter(f"{name}_{end}", f"{how} {WHEN}{more}")
        for name, more in (
            ("published", ""), ("first_published", ""), ("modified", ""),
            ("updated", " What was never updated counts as of its first publication."),
            ("corrected", " Of a notice on the story."),
        )
        for end, how in (("from", "Inclusive."), ("to", "Exclusive."))
    ),
    parameter("source_status", "corrected, killed: what sources did to items that it rests on."),
    parameter("state", "A comma lists alternatives; `published` unless said. Others: editors."),
    IDS,
    *PAGE,
    *SHAPES,
]  # fmt: skip
WORDS = words_of(
    "q", 'Stories with all these words, as search reads them; "…" is a phrase, -… excludes.'
)
SORT = choice(
    "sort",
    f"`{filters.NEWEST}` unless said; of drafts alone (`state=draft`) `-created_at`; `ids` are answered in"
    " the order given. Ties by id, in the same direction.",
    filters.SORTS,
)
COUNTED = [
    choice(
        "count",
        "`exact` counts every story, `estimate` a very long list by a sample.",
        filters.COUNTS,
        "none",
    ),
    parameter("facets", f"How many stories of each: a comma list of {', '.join(filters.FACETS)}."),
]
