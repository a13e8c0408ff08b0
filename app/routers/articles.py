"""Stories: lists, one by id, slug or page address, their chain; and what the desk does to them."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from app import urls
from app.delivery import articles as single
from app.delivery import lists, not_found, previews, related, versions
from app.delivery.context import for_request, services
from app.desk import read_back
from app.desk.articles import editing, publishing
from app.distribution import ndjson
from app.errors import BadRequest
from app.http.direct_route import DirectRoute
from app.language import date_formatting, slugs
from app.models.article import Article, ArticleRow, ArticleSaved
from app.models.card import Kind, RelatedCard
from app.models.envelopes import ArticleList, Attributions, RelatedList
from app.queries import articles
from app.request import filters, output
from app.routers.desk import MERGE, PATCH, PLAIN, Answer, DeskRoute, Raw, Writer, takes
from app.routers.parameters import (
    IDS,
    choice,
    comma_list,
    language,
    parameter,
    repeatable,
    required,
    text_content,
    whole,
    words_of,
)

router = APIRouter(prefix="/v1/articles", tags=["articles"], route_class=DirectRoute)


WHICH = {
    "name": "id_or_slug", "in": "path", "required": True, "schema": {"type": "string"},
    "description": "Id, slug, or a slug that it had.",
}  # fmt: skip
"""Not a parameter of the function: on the busiest route FastAPI's reading of it costs a tenth."""

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
    "The story as readers saw it at this time (RFC 3339, or a day in the house's time zone). For"
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
WHEN = "RFC 3339, or a day in the house's time zone."
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


LISTS = " articles"
"""An address of a page may come to be another story's."""


MOST_RELATED = 50
"""Stories of one answer of `/related`."""

OF_ONE = ("lang", "include", *output.NAMES)
"""Parameters of one story."""


@router.get(
    "", operation_id="listArticles", response_model=None,
    responses={200: {"model": ArticleList}}, openapi_extra={"parameters": [WORDS, *FILTERS, SORT, *COUNTED]},
)  # fmt: skip
async def list_articles(request: Request) -> Response:
    """Stories, newest first, as cards."""
    return await lists.listing(await for_request(request), request)


LINES = text_content("application/x-ndjson", "text/plain", **{"x-item-schema": {"anyOf": [
    {"$ref": "#/components/schemas/ListedArticle"}, {"$ref": "#/components/schemas/BulkMark"}
]}})  # fmt: skip
STREAM = [
    WORDS, SORT, *(one for one in FILTERS if one["name"] not in ("limit", "cursor")),
    whole("limit", "1 to 1,000,000 stories; all unless said.", ndjson.MOST),
    whole("mark_every", "A line that says where to go on after every so many.", ndjson.MOST),
    parameter("cursor", "The `next` of a line that says where to go on."),
]  # fmt: skip


@router.get(
    ".ndjson", operation_id="listArticleLines", response_model=None, response_class=Response,
    responses={200: {"description": "Lines of JSON, each a `ListedArticle` or a `BulkMark`.", "content": LINES}},
    openapi_extra={"parameters": STREAM},
)  # fmt: skip
async def stream_articles(request: Request) -> Response:
    """Every story of a list, a line each; the last line is `{"next","changes_cursor"}`: where to go
    on, in the list where it has more, and in `/v1/changes`."""
    return await ndjson.respond(await for_request(request), request, services(request).db)


@router.get(
    "/by-url", operation_id="getArticleByUrl", response_model=None,
    responses={200: {"model": Article}},
    openapi_extra={
        "parameters": [
            required(parameter("url", "A story's page.")), DISPLAY, BODY, FIELDS, INCLUDE
        ]
    },
)  # fmt: skip
async def get_article_by_url(request: Request) -> Response:
    """The story whose page has this address, or had it, on our site or where it was imported from."""
    context = await for_request(request)
    asked = filters.asked(request.scope["query_string"], ["url", *OF_ONE[1:]])
    form = output.read(asked)
    url = asked.get("url", "")
    if not urls.is_one(url):
        raise BadRequest.at("url", "Not an address.")
    slug = urls.slug_in(context.settings, url)
    key, identity = slugs.key(slug or ""), f"url:{urls.normalised(url)}"
    found = None
    if slug:
        found = await single.story(context, request, articles.BY_ANY_SLUG, form=form, name=key)
    if found is None:
        by, other = "a.identity = :name", LISTS if slug else ""  # a story to come may have the slug
        found = await single.story(context, request, by, form=form, also=other, name=identity)
    if found is None:
        by = f"a.identity = :identity OR {articles.BY_ANY_SLUG}"
        raise await not_found.gone(
            context, "No story has this address.", by, name=key, identity=identity
        )
    return found


@router.get(
    "/{id_or_slug}", operation_id="getArticle", response_model=None,
    responses={200: {"model": Article}},
    openapi_extra={"parameters": [
        WHICH, IN_LANG, DISPLAY, BODY, FIELDS, INCLUDE, AS_OF, PREVIEW
    ]},
)  # fmt: skip
async def get_article(request: Request) -> Response:
    """One story, whole, by id or slug; a former slug leads to the current one (308)."""
    name = request.path_params["id_or_slug"]
    query = request.scope["query_string"]
    if b"as_of=" in query:
        return await versions.as_of(await for_request(request), request, name)
    if previews.HINT in query:
        context, request, name = await previews.opened(request, name)
    else:
        context = await for_request(request)
    return await single.by_name(context, request, name, OF_ONE)


@router.get(
    "/{id_or_slug}/attributions", operation_id="getArticleAttributions", response_model=None,
    responses={200: {"model": Attributions}}, openapi_extra={"parameters": [WHICH, IN_LANG]},
)  # fmt: skip
async def get_attributions(request: Request) -> Response:
    """The story's chain of attribution, and the credit line that it makes."""
    context = await for_request(request)
    return await single.attributions(context, request, request.path_params["id_or_slug"])


@router.get(
    "/{id_or_slug}/related", operation_id="listRelated", response_model=None,
    responses={200: {"model": RelatedList}},
    openapi_extra={"parameters": [
        WHICH, whole("limit", "1 to 50; 5 unless said.", MOST_RELATED), DISPLAY, FIELDS
    ]},
)  # fmt: skip
async def list_related(request: Request) -> Response:
    """Stories like a story: the editor's first, then those that share its tags, people, sources and
    section, near it in time; each with the reason."""
    context = await for_request(request)
    asked = filters.asked(request.scope["query_string"], ["limit", "display", "fields"])
    form = output.read(asked, RelatedCard)
    limit = filters.limit_in(asked, related.USUAL, MOST_RELATED)
    name = request.path_params["id_or_slug"]
    return await related.listing(context, request, name, limit, form)


desk_router = APIRouter(prefix="/v1/articles", tags=["articles"], route_class=DeskRoute)
WHOLE: dict[int | str, dict[str, Any]] = {200: {"model": ArticleSaved}}
MADE: dict[int | str, dict[str, Any]] = {201: {"model": ArticleSaved}}


@desk_router.post(
    "", operation_id="createArticle", status_code=201, responses=MADE,
    openapi_extra=takes("ArticleWrite"),
)  # fmt: skip
def create_article(desk: Writer, sent: Raw) -> Answer:
    """A new story, as a draft."""
    article = editing.create(desk, sent.json)
    return saved(desk, article, 201)


@desk_router.put(
    "/{id_or_slug}", operation_id="replaceArticle", responses=WHOLE,
    openapi_extra=takes("ArticleWrite"),
)  # fmt: skip
def replace_article(desk: Writer, id_or_slug: str, sent: Raw, detach: bool = False) -> Answer:
    """A new version. A field that is left out keeps its value; null or [] clears it. Blocks that
    carry attributions, corrections or rights can't be left out (409), but with `detach=true`."""
    article = publishing.get(desk, id_or_slug)
    return saved(desk, editing.replace(desk, article, sent.json, detach))


@desk_router.patch(
    "/{id_or_slug}", operation_id="updateArticle", responses=WHOLE,
    openapi_extra=takes("ArticleWrite", *PLAIN, MERGE, PATCH),
)  # fmt: skip
def update_article(desk: Writer, id_or_slug: str, sent: Raw, detach: bool = False) -> Answer:
    """A new version by JSON Merge Patch (RFC 7396) or JSON Patch (RFC 6902) of what a GET gives.
    `detach=true` as with PUT."""
    article = publishing.get(desk, id_or_slug)
    change = editing.patch if sent.media == PATCH else editing.merge
    return saved(desk, change(desk, article, sent.json, detach))


@desk_router.delete("/{id_or_slug}", operation_id="deleteArticle", status_code=204)
def delete_article(desk: Writer, id_or_slug: str) -> Answer:
    """A draft that never was public and that nothing rests on goes for good."""
    editing.delete(desk, publishing.get(desk, id_or_slug))
    return Answer(None, 204)


def saved(desk: Writer, article: ArticleRow, status: int = 200) -> Answer:
    """The story as a GET gives it now, with warnings."""
    shape, etag = read_back.story(desk, article.id)
    location = shape["links"]["self"] if status == 201 else None
    return Answer(shape, status, article.version, etag=etag, location=location)
