"""Answers about a story's past: a list of versions, one of them, what differs, the story at a time."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from app import urls
from app.delivery import change_summaries, diff
from app.delivery.articles import in_form
from app.delivery.context import ReadContext
from app.delivery.history import History, PastVersion, opened
from app.errors import BadRequest, NotFound
from app.json_types import Json
from app.models.base import time_of, timestamp
from app.models.envelopes import envelope
from app.queries import past_documents
from app.request import cursors, filters, output

FIRST_PAGE = 2**31 - 1
LAST = 999_999_999
"""The largest number that a version may have."""


async def as_of(context: ReadContext, request: Request, name: str) -> Response:
    """`?as_of=`: the story as readers saw it at that time."""
    context.require_versions()
    params = filters.parse_params(request.scope["query_string"], ["lang", *output.NAMES, "as_of"])
    moment, form = past(params["as_of"], context), output.parse(params)
    story = await opened(context, request, name, params.get("lang"))
    if isinstance(story, Response):
        return story
    one = await story.at(moment)
    await story.complete([one])
    body = await in_form(context, orjson.dumps(one.story), form)
    return story.respond(body, one.version, keys=one.keys)


def past(value: str, context: ReadContext) -> datetime:
    """The time of `as_of`. Raises BadRequest for one that is not past."""
    moment = filters.read_time(value, context.settings.zone)
    if moment is None:
        fault = "Not a date (2026-11-20) or RFC 3339 time with its offset."
    elif moment > datetime.now(UTC):
        fault = "That is still to come."
    else:
        return moment
    raise BadRequest("The query has errors.", errors=[{"detail": fault, "parameter": "as_of"}])


async def version(context: ReadContext, request: Request, name: str, number: str) -> Response:
    """A version, whole, as it was rendered."""
    context.require_versions()
    form = output.parse(filters.parse_params(request.scope["query_string"], output.NAMES))
    story = await opened(context, request, name)
    if isinstance(story, Response):
        return story
    one = (await found(story, [whole_number(number)]))[0]
    await story.complete([one])
    body = await in_form(context, orjson.dumps(one.story), form)
    return story.respond(body, one.version, one.since, one.keys)


def whole_number(text: str) -> int:
    """A version's number; what can't be one is a number that no version has."""
    return int(text) if filters.is_number(text, LAST) else 0


async def found(story: History, versions: list[int]) -> list[PastVersion]:
    """These versions, or 404 with the first that the caller can't see."""
    found_versions = await story.of(versions)
    for number in versions:
        if number not in found_versions:
            raise NotFound(f"{story.id} has no version {number or 'of that number'} to show.")
    return [found_versions[number] for number in versions]


async def difference(context: ReadContext, request: Request, name: str) -> Response:
    """What makes version `to` of version `from`."""
    context.require_versions()
    params = filters.parse_params(request.scope["query_string"], ["from", "to"])
    numbers = [whole_number(params.get(end, "")) for end in ("from", "to")]
    faults = [
        {"detail": "Expected the number of a version.", "parameter": end}
        for end, number in zip(("from", "to"), numbers, strict=True) if not number
    ]  # fmt: skip
    if faults:
        raise BadRequest("The query has errors.", errors=faults)
    story = await opened(context, request, name)
    if isinstance(story, Response):
        return story
    found_versions = await found(story, numbers)
    await story.complete(list({one.version: one for one in found_versions}.values()))
    body = await asyncio.to_thread(diff_of, *found_versions)
    return story.respond(body, numbers[1], keys=" ".join(one.keys for one in found_versions))


def diff_of(old: PastVersion, new: PastVersion) -> bytes:
    """Two versions compared, as JSON bytes."""
    changes = change_summaries.summary(old.story, new.story)
    return orjson.dumps({
        "from": old.version, "to": new.version, "patch": diff.patch(old.story, new.story),
        "summary": changes, "summary_text": change_summaries.in_words(changes),
    })  # fmt: skip


async def listing(context: ReadContext, request: Request, name: str) -> Response:
    """A story's versions, the newest first, with what changed in each."""
    context.require_versions()
    query = request.scope["query_string"].decode("latin-1")
    filter = filters.parse(query, context.settings.zone, ["limit", "cursor"])
    story = await opened(context, request, name)
    if isinstance(story, Response):
        return story
    question, before = f"versions {story.id} {context.caller.sees}", FIRST_PAGE
    if filter.cursor:
        before = int(cursors.read(context.settings.secrets, question, filter.cursor, 1)[0])
    values = {"id": story.id, "now": story.now, "before": before, "n": filter.limit + 1}
    rows = list(
        await context.reader.rows(past_documents.listed(context.caller), values, light=False)
    )
    found_versions = await story.of(row[0] for row in rows)
    rows = [row for row in rows if row[0] in found_versions]  # it may have been withdrawn meanwhile
    await story.withhold(
        list(found_versions.values())
    )  # of words that are held nothing is told, either
    await story.fill_ids(list(found_versions.values()))
    items = await asyncio.to_thread(items_of, story, rows, found_versions, filter.limit)
    more = len(rows) > filter.limit
    last = [str(items[-1]["version"])] if more else []
    following = cursors.write(context.settings.secrets, question, last) if more else None
    return story.respond(orjson.dumps(envelope(items, following)), story.version)


def items_of(
    story: History, rows: Sequence[Any], found_versions: dict[int, PastVersion], limit: int
) -> list[Json]:
    """Items of the list of versions; each is compared with the next older one."""
    older = [*rows[1:], None]
    return [
        item_of(story, row, before[0] if before else None, found_versions)
        for row, before in zip(rows, older, strict=True)
    ][:limit]


def item_of(
    story: History, row: Sequence[Any], before: int | None, found_versions: dict[int, PastVersion]
) -> Json:
    """A version as an item of the list."""
    number, at, shown_from, by, name, note = row
    desk, base = story.context.caller.sees == "all", [story.context.settings, "articles", story.id]
    changes = change_summaries.summary(
        found_versions[before].story if before else None, found_versions[number].story
    )
    links = {"self": urls.api(*base, "versions", str(number))}
    if before:
        links["diff"] = f"{urls.api(*base, 'diff')}?from={before}&to={number}"
    return {
        "version": number, "at": timestamp(time_of(at)),
        "shown_from": timestamp(time_of(shown_from)) if shown_from else None,
        "summary": changes, "summary_text": change_summaries.in_words(changes),
        "author": {"key": by, "name": name} if desk and by else None,
        "note": note if desk else None, "links": links,
    }  # fmt: skip
