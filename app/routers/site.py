"""The front door, health, problems and media."""

import asyncio
from datetime import UTC, datetime
from html import escape

from fastapi import APIRouter, Request
from starlette.responses import FileResponse, Response

from app import __version__
from app.db.database import Database
from app.delivery import files, previews
from app.delivery.context import services, unkept
from app.errors import PROBLEMS, Gone, NotFound, Unavailable
from app.http.html_pages import page
from app.http.responses import CachePolicy, cache_control
from app.media.storage import Storage
from app.models.base import direction
from app.models.purge import Lag
from app.models.site import Api, Health, ProblemType, Readiness
from app.queries import log_position
from app.routers.parameters import parameter
from app.search_index import active_index

router = APIRouter()
SEALED = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox;"
    " frame-ancestors 'none'"
}
"""For files: whatever one holds, opened by itself it runs nothing. Browsers style a picture's page inline."""

PATIENCE = 2.0
"""Seconds that a database has to answer `/readyz`."""


async def about(request: Request) -> Api:
    """What the API is, and where its lists are."""
    shared = services(request)
    base = shared.settings.public_url
    return Api.model_validate({
        "name": shared.settings.name, "logo": None, "release": __version__, "change": await shared.last_change(),
        "languages": [
            {"lang": lang, "dir": direction(lang)} for lang in shared.settings.languages
        ],
        "timezone": shared.settings.timezone, "site_url": shared.settings.site,
        "links": {
            name: f"{base}{path}" for name, path in {
                "articles": "/v1/articles", "sections": "/v1/sections", "tags": "/v1/tags",
                "contributors": "/v1/contributors", "sources": "/v1/sources",
                "images": "/v1/images", "feeds": "/feeds/all.atom", "changes": "/v1/changes", "docs": "/docs",
                "openapi": "/openapi.json",
            }.items()
        },
    })  # fmt: skip


@router.get("/v1", operation_id="getApi", tags=["site"])
async def get_api(request: Request) -> Api:
    """What this API is, and where its lists are."""
    return await about(request)


@router.get("/", include_in_schema=False, response_model=None)
async def get_home(request: Request) -> Response:
    """For a person what to try; for a program the same as `/v1`."""
    shape = await about(request)
    if "text/html" not in request.headers.get("accept", ""):
        return Response(shape.model_dump_json(), media_type="application/json")
    base = services(request).settings.public_url
    rows = "".join(
        f'<li><a href="{escape(url)}"><code>GET {escape(url.removeprefix(base))}</code></a></li>'
        for name, url in shape.links.items()
        if name not in ("docs", "openapi")
    )
    return page(
        "home", base, name=shape.name, release=shape.release, links=rows, base=base,
        path=services(request).settings.path,
    )  # fmt: skip


@router.get("/docs", include_in_schema=False, response_model=None)
async def get_docs(request: Request) -> Response:
    """Every operation, with its parameters, to try; from files of a package: it works offline."""
    settings = services(request).settings
    return page("docs", settings.public_url, name=settings.name, path=settings.path)


@router.get("/healthz", operation_id="getHealth", tags=["site"])
async def get_health() -> Health:
    """The process answers."""
    return Health(status="ok")


@router.get("/readyz", operation_id="getReadiness", tags=["site"])
async def get_readiness(request: Request) -> Readiness:
    """The database answers too, and search with it; and how far the caches in front are behind."""
    shared = services(request)
    try:
        async with asyncio.timeout(PATIENCE):
            search = await active_index.condition(shared.reader, shared.settings)
            lags = await asyncio.to_thread(purge_lags, shared.db)
            change = await shared.last_change()
    except TimeoutError:
        raise Unavailable("The database doesn't answer.") from None
    why = shared.watch.why if shared.watch else "off"
    return Readiness(status="ok", change=change, search=search, purge=lags, cache=why)


def purge_lags(db: Database) -> list[Lag]:
    """How far each cache in front is behind the log; none where no cache is named."""
    if not db.settings.purge:
        return []
    from app.cache import cdn_purge  # with an HTTP client, which nothing else here wants

    return cdn_purge.lags_now(db)


@router.get("/problems/{code}", operation_id="getProblem", tags=["site"])
async def get_problem(code: str) -> ProblemType:
    """The meaning of a problem's `type`."""
    if code not in PROBLEMS:
        raise NotFound(f"There is no problem {code!r}.")
    kind = PROBLEMS[code]
    return ProblemType(code=code, status=kind.status, title=kind.title)


@router.get(
    "/media/{key:path}", operation_id="getMedia", tags=["media"], response_class=FileResponse,
    responses={200: {"content": {"image/*": {"schema": {"type": "string", "format": "binary"}}}}},
    openapi_extra={"parameters": [parameter("preview", "The token that an answer's addresses have.")]},
)  # fmt: skip
async def get_media(request: Request, key: str) -> Response:
    """An original, if a story that the caller may see shows it. Of a picture that was withdrawn
    no copy is given."""
    (context, _, _), now = await previews.opened(request), datetime.now(UTC)
    head, boundary = await log_position.read(context.reader, now)
    row = await previews.file(context, key, now)
    if row and row[2] == "kill":
        raise Gone("The picture was withdrawn.")
    row = None if row and row[2] else row
    path = Storage(context.settings).path(row[0]) if row else None
    if row is None or path is None or not path.is_file():
        raise NotFound("There is no such file.")
    if context.preview:
        return unkept(FileResponse(path, media_type=row[1], headers=SEALED))
    headers = {"Cache-Control": "private, no-store", "Vary": "Authorization"} | SEALED
    if context.shared:
        keeping: CachePolicy = request.app.state.keeping
        kept = cache_control(now, boundary, keeping.longest, keeping.stale)
        headers |= {"Cache-Control": kept, "Isnad-Change": str(head)}
        headers["Surrogate-Key"] = keys = await files.surrogate_keys(context, key, now)
        if keeping.tagged:
            headers["Cache-Tag"] = keys.replace(" ", ",")
    return FileResponse(path, media_type=row[1], headers=headers)
