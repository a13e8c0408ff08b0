"""Search, and what completes as one types."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.delivery.context import for_request
from app.http.direct_route import DirectRoute
from app.models.envelopes import SearchList, Suggestions
from app.request import search
from app.request.filters import RELEVANCE
from app.routers.parameters import (
    COUNTED,
    FILTERS,
    choice,
    language,
    operation,
    parameter,
    required,
    whole,
    words_of,
)
from app.search import results
from app.search.suggestions import LONGEST, MOST, Suggesting

router = APIRouter(prefix="/v1", tags=["search"], route_class=DirectRoute)
ASKED = [
    required(words_of("q", 'Words; "…" or «…» is a phrase, a leading `-` excludes. At most 300'
                           " characters and 32 words.")),
    parameter("q_fields", "Where to look: a comma list of headline, summary, body."),
    choice(
        "sort", "`newest` is `-published_at`. Ties by id, in the same direction.",
        search.SORTS, RELEVANCE,
    ),
    choice(
        "highlight", "`html` adds `html`, `none` leaves highlights out.", search.MARKS, "text"
    ),
]  # fmt: skip


@router.get("/search", **operation(SearchList, *ASKED, *FILTERS, *COUNTED))
async def list_search_results(request: Request) -> Response:
    """Stories in which the words are, the best first. Where fewer than ten have them all, those
    that have some follow (`match` is `any`)."""
    return await results.listing(await for_request(request), request)


@router.get(
    "/suggest",
    **operation(
        Suggestions,
        required(words_of("q", "What was typed so far; at most 100 characters.", LONGEST)),
        language("Headlines of this language alone, and names in it first."),
        whole("limit", "1 to 20 of each; 10 unless said.", MOST),
    ),
)
async def get_suggestions(request: Request) -> Response:
    """Headlines and names of sections, tags, contributors and sources that continue the typed
    text; if there are none, another spelling that finds something."""
    return await Suggesting(await for_request(request)).answered(request)
