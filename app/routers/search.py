"""Search, and what completes as one types."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from app import searching
from app.models.lists import SearchList, Suggestions
from app.queries.grammar import SORTS
from app.routers.articles import COUNTED, FILTERS, parameter, seen
from app.routers.direct import Direct
from app.suggesting import Suggesting

router = APIRouter(prefix="/v1", tags=["search"], route_class=Direct)
ASKED = [
    {**parameter("q", 'Words; "…" or «…» is a phrase, a leading `-` excludes. At most 300'
                      " characters and 32 words."), "required": True},
    parameter("q_fields", "Where to look: a comma list of headline, summary, body."),
    {
        **parameter("sort", "`newest` is `-published_at`. Ties by id, in the same direction."),
        "schema": {
            "type": "string", "enum": ["relevance", "newest", *SORTS], "default": "relevance"
        },
    },
    parameter("highlight", "`text` unless said; `html` adds `html`, `none` leaves highlights out."),
]  # fmt: skip


@router.get(
    "/search", operation_id="listSearchResults", response_model=None,
    responses={200: {"model": SearchList}}, openapi_extra={"parameters": [*ASKED, *FILTERS, *COUNTED]},
)  # fmt: skip
async def search_articles(request: Request) -> Response:
    """Stories in which the words are, the best first. Where fewer than ten have them all, those
    that have some follow (`match` is `any`)."""
    return await searching.listing(await seen(request), request)


@router.get(
    "/suggest", operation_id="getSuggestions", response_model=None,
    responses={200: {"model": Suggestions}},
    openapi_extra={"parameters": [
        {**parameter("q", "What was typed so far; at most 100 characters."), "required": True},
        parameter("lang", "Headlines of this language alone, and names in it first."),
        parameter("limit", "1 to 20 of each; 10 unless said.", "integer"),
    ]},
)  # fmt: skip
async def get_suggestions(request: Request) -> Response:
    """What goes on as typed: headlines, and names of sections, tags, contributors and sources.
    Where nothing does, another spelling that finds something."""
    return await Suggesting(await seen(request)).answered(request)
