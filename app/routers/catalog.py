"""Sections, tags, contributors, sources, dispatches and images: list and detail of each, and what
the desk does to them."""

from datetime import UTC, datetime
from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from app.delivery import catalog as shelving
from app.delivery import dependents
from app.delivery.context import for_request
from app.delivery.responses import plain, plain_list
from app.desk.catalog import editing
from app.desk.catalog.kinds import CATALOG_KINDS, CatalogKind
from app.desk.transaction import Desk
from app.http.responses import etag_of
from app.json_types import Json
from app.models import envelopes
from app.models.base import Out, Saved
from app.models.image import Image, ImageSaved
from app.models.section import Contributor, ContributorSaved, Section, SectionSaved, Tag, TagSaved
from app.models.source import Dispatch, DispatchSaved, Source, SourceSaved
from app.queries import log_position
from app.queries.catalog_lists import KINDS
from app.rendering.catalog import Catalog
from app.request import filters
from app.routers.desk import MERGES, Answer, DeskRoute, Raw, Writer, takes
from app.routers.parameters import COUNTED, LISTED, PAGE, WHEN, choice, parameter, repeatable

router = APIRouter(prefix="/v1")
desk_router = APIRouter(prefix="/v1", route_class=DeskRoute)
SAID = {
    "q": "A name, or the beginning of one of its words, in any language; folded as search folds.",
    "type": LISTED, "kind": LISTED, "country": f"ISO 3166-1 alpha-2. {LISTED}",
    "lang": f"BCP 47: what has a name in this language; a dispatch is in it. {LISTED}",
    "source": f"Slug or id. {LISTED}",
    "role": f"What they do in a story. {LISTED}",
    "credit": f"`none`: no credit of its own, no source, and not in the public domain. {LISTED}",
    "rights": f"What was said of them; `none`: nothing. {LISTED}", "withdrawn": LISTED,
    "source_status": "What the source did to it. A comma lists alternatives.",
}  # fmt: skip


async def detail(request: Request, at: shelving.Look) -> Response:
    """The response of an item."""
    filters.parse_params(request.scope["query_string"], [])
    context = await for_request(request)
    mark = await log_position.read(context.reader, datetime.now(UTC))
    return plain(context, request, await shelving.look(context, at), mark)


def parameters(name: str) -> list[dict[str, Any]]:
    """The query parameters of a kind's list."""
    kind = KINDS[name]
    told = [
        (repeatable if one in filters.MANY else parameter)(
            one,
            SAID.get(one) or f"{'Inclusive' if one.endswith('_from') else 'Exclusive'}. {WHEN}",
        )
        for one in kind.known if one not in ("limit", "cursor", "sort", "count", "facets")
    ]  # fmt: skip
    for one in told:
        if one["name"] in kind.choices:
            one["description"] = f"{', '.join(kind.choices[one['name']])}. {one['description']}"
    words = f"How many of each: a comma list of {', '.join(kind.facets)}."
    facets = [parameter("facets", words)] if kind.facets else []
    return [
        *told,
        choice(
            "sort", "Ties by id, in the same direction.", list(kind.choices["sort"]), kind.usual
        ),
        *PAGE,
        {**COUNTED[0], "description": "`exact` counts them all, `estimate` many by a sample."},
        *facets,
    ]


def reading(name: str, one: type[Out], many: type[Out]) -> None:
    """Route the list and the detail of a kind of catalog item."""
    kind = CATALOG_KINDS[name]

    async def list_items(request: Request) -> Response:
        if name == "section":
            context = await for_request(request)
            mark = await log_position.read(context.reader, datetime.now(UTC))
            found = await shelving.look(context, Catalog.sections)
            return plain_list(context, request, found, mark)
        return await shelving.listing(await for_request(request), request, name)

    async def get_item(request: Request) -> Response:
        given = request.path_params["name"]
        if name == "section":
            return await detail(request, lambda catalog: catalog.one_section(given))
        return await detail(request, lambda catalog: catalog.one(name, given))

    list_items.__doc__, get_item.__doc__ = many.__doc__, f"One {name}, by {kind.known_by}."
    router.add_api_route(
        f"/{kind.plural}", list_items, operation_id=f"list{kind.plural.title()}",
        response_model=None, tags=[kind.plural], responses={200: {"model": many}},
        openapi_extra={"parameters": parameters(name)} if name != "section" else {},
    )  # fmt: skip
    router.add_api_route(
        kind.address, get_item, operation_id=f"get{name.title()}", response_model=None,
        tags=[kind.plural], responses={200: {"model": one}},
    )  # fmt: skip


@router.get(
    "/sources/{name}/dependents", operation_id="listDependents", response_model=None,
    responses={200: {"model": envelopes.DependentList}}, tags=["sources"],
    openapi_extra={"parameters": PAGE},
)  # fmt: skip
async def list_dependents(request: Request, name: str) -> Response:
    """Every article, block and image that rests on a source, directly or through the chain; the
    story that was made last comes first."""
    return await dependents.listing(await for_request(request), request, "source", name)


@router.get(
    "/dispatches/{name}/dependents", operation_id="listDispatchDependents", response_model=None,
    responses={200: {"model": envelopes.DependentList}}, tags=["dispatches"],
    openapi_extra={"parameters": PAGE},
)  # fmt: skip
async def list_dispatch_dependents(request: Request, name: str) -> Response:
    """Every article, block and image that rests on a dispatch, directly or through the chain; the
    story that was made last comes first."""
    return await dependents.listing(await for_request(request), request, "dispatch", name)


def saved(desk: Desk, kind: CatalogKind, row: Any, rerendered: int, status: int = 200) -> Answer:
    """The item as a GET gives it now, with the number of articles that are rendered again."""
    shape = editing.to_json(desk, kind, row)
    return Answer(
        shape | {"rerendered": rerendered}, status, row.version,
        etag=etag_of(orjson.dumps(shape), row.version),
        location=shape["links"]["self"] if status == 201 else None,
    )  # fmt: skip


def writing(name: str, one: type[Saved]) -> None:
    """Route the writes of a kind of catalog item."""
    kind, title = CATALOG_KINDS[name], name.title()
    body = kind.write.__name__

    def create_item(desk: Writer, sent: Raw) -> Answer:
        return saved(desk, kind, editing.create(desk, kind, sent.json), 0, 201)

    def replace_item(desk: Writer, name: str, sent: Raw) -> Answer:
        return saved(desk, kind, *editing.replace(desk, kind, name, sent.json))

    def update_item(desk: Writer, name: str, sent: Raw) -> Answer:
        return saved(desk, kind, *editing.merge(desk, kind, name, sent.json))

    def delete_item(desk: Writer, name: str) -> Answer:
        editing.delete(desk, kind, name)
        return Answer(None, 204)

    create_item.__doc__ = f"A new {name}."
    replace_item.__doc__ = (
        f"The {name} as it is sent. A field that is left out keeps its value; null or [] clears it."
    )
    update_item.__doc__ = f"The {name} with a JSON Merge Patch (RFC 7396) of what a GET gives."
    delete_item.__doc__ = f"A {name} that nothing uses goes; else 409 with the list of what does."
    doors: list[tuple[str, str, Any, Json]] = [
        ("PUT", "replace", replace_item, takes(body)),
        ("PATCH", "update", update_item, takes(body, *MERGES)),
    ]
    for method, verb, work, taken in doors:
        desk_router.add_api_route(
            kind.address, work, methods=[method], operation_id=f"{verb}{title}",
            openapi_extra=taken, tags=[kind.plural], responses={200: {"model": one}},
        )  # fmt: skip
    if name != "image":  # an image may come with its file: routers/images.py
        desk_router.add_api_route(
            f"/{kind.plural}", create_item, methods=["POST"], operation_id=f"create{title}",
            status_code=201, openapi_extra=takes(body), tags=[kind.plural],
            responses={201: {"model": one}},
        )  # fmt: skip
    desk_router.add_api_route(
        kind.address, delete_item, methods=["DELETE"], operation_id=f"delete{title}",
        status_code=204, tags=[kind.plural],
    )  # fmt: skip


reading("section", Section, envelopes.SectionList)
reading("tag", Tag, envelopes.TagList)
reading("contributor", Contributor, envelopes.ContributorList)
reading("source", Source, envelopes.SourceList)
reading("dispatch", Dispatch, envelopes.DispatchList)
reading("image", Image, envelopes.ImageList)

writing("section", SectionSaved)
writing("tag", TagSaved)
writing("contributor", ContributorSaved)
writing("source", SourceSaved)
writing("dispatch", DispatchSaved)
writing("image", ImageSaved)
