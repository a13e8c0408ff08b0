"""Sections, tags, contributors, sources, dispatches and images: list and detail of each."""

import asyncio
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request
from sqlmodel import col
from starlette.responses import Response

from app.delivery import Delivery
from app.models import lists
from app.models.image import Image
from app.models.section import Contributor, Section, Tag
from app.models.source import AttributionRow, Dispatch, Source
from app.queries import articles
from app.queries.catalog import Catalog
from app.routers.articles import parameter, seen

router = APIRouter(prefix="/v1")
Look = Callable[[Catalog], Any]
PAGING = [
    parameter("limit", "1 to 100; 20 unless said.", "integer"),
    parameter("cursor", "The `next` of the page before."),
]


async def look(here: Delivery, at: Look) -> Any:
    def work() -> Any:
        with here.db.reading() as session:
            return at(Catalog(session, here.settings, here.caller))

    return await asyncio.to_thread(work)


async def detail(request: Request, at: Look) -> Response:
    articles.asked(request.scope["query_string"], [])
    here = await seen(request)
    return here.plain(request, await look(here, at))


async def listing(request: Request, at: Look, paged: bool = True) -> Response:
    here = await seen(request)
    return here.plain_list(request, await look(here, at), paged)


def noun(path: str, name: str, one: type, many: type, at: tuple[Look, Any]) -> None:
    """The list and the detail of a noun."""
    find, get = at
    title = name.capitalize()

    async def list_nouns(request: Request) -> Response:
        return await listing(request, find, paged=name != "section")

    async def get_noun(request: Request, name: str) -> Response:
        return await detail(request, lambda catalog: get(catalog, name))

    list_nouns.__doc__, get_noun.__doc__ = many.__doc__, f"One {name}, by id, slug or path."
    extra = {"parameters": PAGING} if name != "section" else {}
    router.add_api_route(
        f"/{path}", list_nouns, operation_id=f"list{title}s", response_model=None, tags=[path],
        responses={200: {"model": many}}, openapi_extra=extra,
    )  # fmt: skip
    tail = "{name:path}" if name == "section" else "{name}"
    router.add_api_route(
        f"/{path}/{tail}", get_noun, operation_id=f"get{title}", response_model=None, tags=[path],
        responses={200: {"model": one}},
    )  # fmt: skip


@router.get(
    "/sources/{name}/dependents", operation_id="listDependents", response_model=None,
    responses={200: {"model": lists.DependentList}}, tags=["sources"],
    openapi_extra={"parameters": PAGING},
)  # fmt: skip
async def list_dependents(request: Request, name: str) -> Response:
    """Every article, block and image that rests on a source, directly or through the chain."""

    def find(catalog: Catalog) -> Any:
        source = catalog.pick("source", catalog.sources(), name)
        return catalog.dependents(col(AttributionRow.source_id) == source["id"])

    return await listing(request, find)


@router.get(
    "/dispatches/{id}", operation_id="getDispatch", response_model=None,
    responses={200: {"model": Dispatch}}, tags=["dispatches"],
)  # fmt: skip
async def get_dispatch(request: Request, id: str) -> Response:
    """One agency item, and everything that rests on it."""
    return await detail(request, lambda catalog: catalog.dispatch(id))


def picker(name: str, find: Callable[[Catalog], Any]) -> tuple[Look, Any]:
    return find, lambda catalog, given: catalog.pick(name, find(catalog), given)


noun("sections", "section", Section, lists.SectionList, (Catalog.sections, Catalog.one_section))
noun("tags", "tag", Tag, lists.TagList, picker("tag", Catalog.tags))
noun("contributors", "contributor", Contributor, lists.ContributorList,
     picker("contributor", Catalog.contributors))  # fmt: skip
noun("sources", "source", Source, lists.SourceList, picker("source", Catalog.sources))
noun("images", "image", Image, lists.ImageList, picker("image", Catalog.images))
