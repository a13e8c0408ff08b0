"""Stories: lists, one by id, slug or page address, their chain; and what the desk does to them."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from app import urls
from app.delivery import articles as single
from app.delivery import lists, not_found, previews, related, versions
from app.delivery.context import for_request, services
from app.desk.articles import editing, publishing
from app.distribution import ndjson
from app.errors import BadRequest
from app.http.direct_route import DirectRoute
from app.language import slugs
from app.models.article import Article, ArticleSaved
from app.models.card import RelatedCard
from app.models.envelopes import ArticleList, Attributions, RelatedList
from app.queries import articles
from app.request import filters, output
from app.routers.desk import PATCH, PATCHES, Answer, DeskRoute, Raw, Writer, article_answer, takes
from app.routers.parameters import (
    AS_OF,
    BODY,
    COUNTED,
    DISPLAY,
    FIELDS,
    FILTERS,
    IN_LANG,
    INCLUDE,
    PREVIEW,
    SORT,
    WHICH,
    WORDS,
    operation,
    parameter,
    required,
    text_content,
    whole,
)

router = APIRouter(prefix="/v1/articles", tags=["articles"], route_class=DirectRoute)


LISTS = " articles"
"""An address of a page may come to be another story's."""


MOST_RELATED = 50
"""Stories of one answer of `/related`."""

OF_ONE = ("lang", "include", *output.NAMES)
"""Parameters of one story."""


@router.get("", **operation(ArticleList, WORDS, *FILTERS, SORT, *COUNTED))
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
    "/by-url",
    **operation(
        Article, required(parameter("url", "A story's page.")), DISPLAY, BODY, FIELDS, INCLUDE
    ),
)
async def get_article_by_url(request: Request) -> Response:
    """The story whose page has this address, or had it, on our site or where it was imported from."""
    context = await for_request(request)
    asked = filters.parse_params(request.scope["query_string"], ["url", *OF_ONE[1:]])
    form = output.parse(asked)
    url = asked.get("url", "")
    if not urls.is_web_url(url):
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
    "/{id_or_slug}",
    **operation(Article, WHICH, IN_LANG, DISPLAY, BODY, FIELDS, INCLUDE, AS_OF, PREVIEW),
)
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


@router.get("/{id_or_slug}/attributions", **operation(Attributions, WHICH, IN_LANG))
async def get_article_attributions(request: Request) -> Response:
    """The story's chain of attribution, and the credit line that it makes."""
    context = await for_request(request)
    return await single.attributions(context, request, request.path_params["id_or_slug"])


@router.get(
    "/{id_or_slug}/related",
    **operation(
        RelatedList, WHICH, whole("limit", "1 to 50; 5 unless said.", MOST_RELATED), DISPLAY, FIELDS
    ),
)
async def list_related(request: Request) -> Response:
    """Stories like a story: the editor's first, then those that share its tags, people, sources and
    section, near it in time; each with the reason."""
    context = await for_request(request)
    asked = filters.parse_params(request.scope["query_string"], ["limit", "display", "fields"])
    form = output.parse(asked, RelatedCard)
    limit = filters.limit_in(asked, related.USUAL, MOST_RELATED)
    name = request.path_params["id_or_slug"]
    return await related.listing(context, request, name, limit, form)


desk_router = APIRouter(prefix="/v1/articles", tags=["articles"], route_class=DeskRoute)


@desk_router.post("", **operation(ArticleSaved, status=201, **takes("ArticleWrite")))
def create_article(desk: Writer, sent: Raw) -> Answer:
    """A new story, as a draft."""
    return article_answer(desk, editing.create(desk, sent.json), 201)


@desk_router.put("/{id_or_slug}", **operation(ArticleSaved, **takes("ArticleWrite")))
def replace_article(desk: Writer, id_or_slug: str, sent: Raw, detach: bool = False) -> Answer:
    """A new version. A field that is left out keeps its value; null or [] clears it. Blocks that
    carry attributions, corrections or rights can't be left out (409), but with `detach=true`."""
    article = publishing.get(desk, id_or_slug)
    return article_answer(desk, editing.replace(desk, article, sent.json, detach))


@desk_router.patch("/{id_or_slug}", **operation(ArticleSaved, **takes("ArticleWrite", *PATCHES)))
def update_article(desk: Writer, id_or_slug: str, sent: Raw, detach: bool = False) -> Answer:
    """A new version by JSON Merge Patch (RFC 7396) or JSON Patch (RFC 6902) of what a GET gives.
    `detach=true` as with PUT."""
    article = publishing.get(desk, id_or_slug)
    change = editing.patch if sent.media == PATCH else editing.merge
    return article_answer(desk, change(desk, article, sent.json, detach))


@desk_router.delete("/{id_or_slug}", **operation(status=204))
def delete_article(desk: Writer, id_or_slug: str) -> Answer:
    """A draft that never was public and that nothing rests on goes for good."""
    editing.delete(desk, publishing.get(desk, id_or_slug))
    return Answer(None, 204)
