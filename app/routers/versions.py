"""Earlier versions of an article: for editors; with ISNAD_PUBLIC_VERSIONS=true also for readers, those
that readers saw."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.delivery import versions
from app.delivery.context import for_request
from app.http.direct_route import DirectRoute
from app.json_types import Json
from app.models.article import Article
from app.models.envelopes import VersionList
from app.models.version import Diff
from app.routers.parameters import (
    BODY,
    DISPLAY,
    FIELDS,
    PAGE,
    WHICH,
    operation,
    path_parameter,
    required,
    whole,
)

router = APIRouter(prefix="/v1/articles/{id_or_slug}", tags=["articles"], route_class=DirectRoute)
PAST: Json = {"x-role": "editor", "x-scope": "read", "x-past": True}
"""Who may call it while ISNAD_PUBLIC_VERSIONS is false; `delivery.versions` refuses others."""

NUMBER = path_parameter("number", type="integer", minimum=1, maximum=versions.LAST)
ENDS = [
    required(whole("from", "The number of the one version.", versions.LAST)),
    required(whole("to", "The number of the other version.", versions.LAST)),
]


@router.get("/versions", **operation(VersionList, WHICH, *PAGE, **PAST))
async def list_article_versions(request: Request) -> Response:
    """The story's versions, the newest first, with author and note. With `ISNAD_PUBLIC_VERSIONS=true`
    anyone may list those that readers saw."""
    return await versions.listing(
        await for_request(request), request, request.path_params["id_or_slug"]
    )


@router.get(
    "/versions/{number}", **operation(Article, WHICH, NUMBER, DISPLAY, BODY, FIELDS, **PAST)
)
async def get_article_version(request: Request) -> Response:
    """A version of the story, whole, as it was rendered; other stories in it are as they are now. With
    `ISNAD_PUBLIC_VERSIONS=true` anyone may read those that readers saw."""
    path = request.path_params
    return await versions.version(
        await for_request(request), request, path["id_or_slug"], path["number"]
    )


@router.get("/diff", **operation(Diff, WHICH, *ENDS, **PAST))
async def get_article_diff(request: Request) -> Response:
    """What makes one version of another: JSON Patch (RFC 6902) of the JSON of `versions/{number}`,
    and what a reader sees changed. With `ISNAD_PUBLIC_VERSIONS=true` anyone may compare those that
    readers saw."""
    return await versions.difference(
        await for_request(request), request, request.path_params["id_or_slug"]
    )
