"""The front door, health, problems and media."""

from datetime import UTC, datetime
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import FileResponse, HTMLResponse, Response

from app import __version__
from app.caching import lifetime
from app.errors import PROBLEMS, NotFound
from app.models.base import direction
from app.queries.gate import shown
from app.routers.articles import delivery
from app.storage import Storage

router = APIRouter()


async def about(request: Request) -> dict[str, Any]:
    here = delivery(request)
    head, _ = await here.head(datetime.now(UTC))
    base = here.settings.public_url
    return {
        "name": here.settings.name, "logo": None, "release": __version__, "change": head,
        "languages": [
            {"lang": lang, "dir": direction(lang)} for lang in here.settings.languages
        ],
        "timezone": here.settings.timezone, "site_url": here.settings.site,
        "links": {
            name: f"{base}{path}" for name, path in {
                "articles": "/v1/articles", "sections": "/v1/sections", "tags": "/v1/tags",
                "contributors": "/v1/contributors", "sources": "/v1/sources",
                "images": "/v1/images", "docs": "/docs", "openapi": "/openapi.json",
            }.items()
        },
    }  # fmt: skip


@router.get("/v1", operation_id="getApi", tags=["site"])
async def get_api(request: Request) -> dict[str, Any]:
    """What this API is, and where its lists are."""
    return await about(request)


@router.get("/", include_in_schema=False, response_model=None)
async def get_home(request: Request) -> Response | dict[str, Any]:
    """For a person what to try; for a program the same as `/v1`."""
    shape = await about(request)
    if "text/html" not in request.headers.get("accept", ""):
        return shape
    rows = "".join(
        f'<li><a href="{escape(url)}">{escape(name)}</a></li>'
        for name, url in shape["links"].items()
    )
    return HTMLResponse(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(shape["name"])}'
        f"</title><h1>{escape(shape['name'])}</h1><p>A news content API. Try:</p><ul>{rows}</ul>"
    )


@router.get("/healthz", operation_id="getHealth", tags=["site"])
async def get_health() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz", operation_id="getReadiness", tags=["site"])
async def get_readiness(request: Request) -> dict[str, str | int]:
    """The database answers too."""
    head, _ = await delivery(request).head(datetime.now(UTC))
    return {"status": "ok", "change": head}


@router.get("/problems/{code}", operation_id="getProblem", tags=["site"])
async def get_problem(code: str) -> dict[str, str | int]:
    """What a problem's `type` means."""
    if code not in PROBLEMS:
        raise NotFound(f"There is no problem {code!r}.")
    return {"code": code, "status": PROBLEMS[code].status, "title": PROBLEMS[code].title}


@router.get("/media/{key:path}", operation_id="getMedia", tags=["media"], response_model=None)
async def get_media(request: Request, key: str) -> Response:
    """An original, if a story that the caller may see shows it."""
    here, now = delivery(request), datetime.now(UTC)
    sql = f"SELECT i.file, i.mime FROM image i WHERE i.file = :key AND {shown(here.caller, 'i.id')}"
    rows = await here.db.reader.rows(sql, {"key": key, "now": now})
    path = Storage(here.settings).path(rows[0][0]) if rows else None
    if path is None or not path.is_file():
        raise NotFound("There is no such file.")
    _, boundary = await here.head(now)
    headers = {"Cache-Control": lifetime(now, boundary)}
    return FileResponse(path, media_type=rows[0][1], headers=headers)
