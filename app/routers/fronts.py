"""Fronts: screens in one request, and how the desk curates them."""

from datetime import UTC, datetime

import orjson
from fastapi import APIRouter, Request
from sqlmodel import select
from starlette.responses import Response

from app import urls
from app.db import session_reader
from app.delivery import fronts as screens
from app.delivery.articles import in_form
from app.delivery.context import for_request, reply
from app.desk import fronts, read_back
from app.http import responses
from app.http.direct_route import DirectRoute
from app.http.responses import Representation
from app.models.base import timestamp
from app.models.envelopes import FrontList
from app.models.front import MOST_SLOTS, Front, FrontRow, FrontSaved
from app.models.section import SectionRow
from app.request import filters, output
from app.routers.desk import MERGES, Answer, Anyone, DeskRoute, Raw, Writer, list_answer, takes
from app.routers.parameters import FIELDS, language, operation, path_parameter, whole

router = APIRouter(prefix="/v1/fronts", tags=["fronts"], route_class=DirectRoute)
desk_router = APIRouter(prefix="/v1/fronts", tags=["fronts"], route_class=DeskRoute)
NAME = path_parameter("name", "Slug or id of a front, or the path of a section.")


@desk_router.get("", **operation(FrontList))
def list_fronts(desk: Anyone) -> Answer:
    """Every front that the desk curates."""
    paths = {one.id: one.path for one in desk.session.exec(select(SectionRow))}
    rows = desk.session.exec(select(FrontRow).order_by(FrontRow.slug)).all()
    items = [
        {
            "id": row.id, "slug": row.slug, "name": row.name,
            "section": paths.get(row.section_id or ""), "lang": row.lang, "version": row.version,
            "created_at": timestamp(row.created_at), "modified_at": timestamp(row.modified_at),
            "links": {"self": urls.api(desk.settings, "fronts", row.slug)},
        }
        for row in rows
    ]  # fmt: skip
    return list_answer(items)


@router.get(
    "/{name:path}",
    **operation(
        Front,
        NAME,
        language("The language of the front; the default language unless given."),
        whole("limit", "1 to 100 places; as many as the front has unless said.", MOST_SLOTS),
        FIELDS,
    ),
)
async def get_front(request: Request) -> Response:
    """A screen in one request: a curated front, else a section's newest stories; each place says
    which. What can't be shown leaves no hole."""
    context = await for_request(request)
    given = filters.parse_params(request.scope["query_string"], ["lang", "limit", "fields"])
    form = output.parse({name: one for name, one in given.items() if name == "fields"}, Front)
    name = request.path_params["name"].strip("/")
    size = filters.limit_in(given, 0, MOST_SLOTS) if "limit" in given else None
    shape, more = await screens.answer(context, name, given.get("lang"), size)
    body = orjson.dumps(shape)
    body = await in_form(context, body, form) if form else body
    held = Representation(body, responses.etag_of(body, shape["version"]), keys=more["keys"])
    return reply(
        context, request, held, now=datetime.now(UTC), head=more["head"], boundary=more["boundary"]
    )  # fmt: skip


@desk_router.post("", **operation(FrontSaved, status=201, **takes("FrontWrite")))
def create_front(desk: Writer, sent: Raw) -> Answer:
    """A new front."""
    return answer_with(desk, fronts.create(desk, sent.json), 201)


@desk_router.put("/{name}", **operation(FrontSaved, **takes("FrontWrite")))
def replace_front(desk: Writer, name: str, sent: Raw) -> Answer:
    """The front as sent: `curated` has its places, in order."""
    row = fronts.get(desk, name)
    return answer_with(desk, fronts.replace(desk, row, sent.json, front_json(desk, row)))


@desk_router.patch("/{name}", **operation(FrontSaved, **takes("FrontWrite", *MERGES)))
def update_front(desk: Writer, name: str, sent: Raw) -> Answer:
    """The front changed by JSON Merge Patch (RFC 7396)."""
    row = fronts.get(desk, name)
    return answer_with(desk, fronts.merge(desk, row, sent.json, front_json(desk, row)))


@desk_router.delete("/{name}", **operation(status=204))
def delete_front(desk: Writer, name: str) -> Answer:
    """The front goes; its section shows its newest stories again."""
    fronts.delete(desk, fronts.get(desk, name))
    return Answer(None, 204)


def front_json(desk: Writer, row: FrontRow) -> dict[str, object]:
    """The front as a GET gives it in its own language, inside the desk's transaction."""
    desk.session.flush()
    context = read_back.context_of(desk)
    lang = row.lang or desk.settings.default_lang
    screen = screens.look_up_in(context, desk.session, row.id, lang, desk.now)
    found, _ = session_reader.run_sync(screens.fill(context, screen, desk.now))
    read: dict[str, object] = orjson.loads(orjson.dumps(found))
    return read


def answer_with(desk: Writer, row: FrontRow, status: int = 200) -> Answer:
    """The front as a GET gives it now."""
    front = front_json(desk, row)
    at = urls.api(desk.settings, "fronts", row.slug)
    return Answer(front, status, row.version, location=at if status == 201 else None)
