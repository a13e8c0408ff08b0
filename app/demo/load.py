"""Demo stories into a database, once: nouns, drawn images, dispatches, stories in order."""

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any

import orjson
from PIL import Image
from sqlmodel import select

from app.db import dialects
from app.db.database import Database
from app.demo.draw import draw
from app.desk import fronts
from app.desk.articles import live_updates, publishing
from app.desk.catalog import verbs
from app.desk.transaction import Desk, at_desk
from app.json_types import Json
from app.media.storage import Storage
from app.models.article import ArticleRow, ArticleWrite
from app.models.image import ImageRow
from app.models.section import ContributorRow, SectionRow, TagRow
from app.models.source import DispatchRow, SourceRow
from app.queries import views

HERE = files("app").joinpath("demo")


LOADED = datetime(2025, 5, 1, tzinfo=UTC)
"""When the demo stories were made, by their own times: the same on every machine, as the ids are."""


def load(db: Database) -> int:
    """Load what is missing. Returns how many stories came in."""
    keys = {f"art:{story['key']}": demo_id("art", story["key"]) for story in stories()}
    with at_desk(db, by="demo", now=LOADED) as desk:
        dialects.wait_for_name(desk.session, "demo")
        held = select(ArticleRow.identity).where(ArticleRow.identity.startswith("demo:"))  # type: ignore[union-attr]
        there = set(desk.session.exec(held))
        missing = [story for story in stories() if f"demo:{story['key']}" not in there]
        if not there:
            add_nouns(desk, nouns())
        for story in missing:
            add_story(desk, story, keys)
        for front in nouns()["fronts"] if not there else []:
            id = demo_id("frt", front.pop("key"))
            fronts.create(desk, placed(front, keys), id)
    with at_desk(db, by="demo", now=LOADED + timedelta(hours=8)) as desk:
        for story in missing:
            if "revision" in story:
                revise_story(desk, story, keys)
        open_some(desk, [keys[f"art:{story['key']}"] for story in missing])
    return len(missing)


def open_some(desk: Desk, ids: list[str]) -> None:
    """Record page views of the present hour, so that the demo has trending stories."""
    at = datetime.now(UTC)
    rows = [
        {"hour": views.hour_of(at), "article_id": id, "visitor": f"demo-{number}", "event": None,
         "referrer": None, "at": at}
        for place, id in enumerate(ids) for number in range(1 + 7 * place % 11)
    ]  # fmt: skip
    views.add(desk.session, rows)


def nouns() -> Json:
    found: Json = orjson.loads(HERE.joinpath("nouns.json").read_bytes())
    return found


def stories() -> list[Json]:
    """Return the demo stories in the order of loading."""
    found = sorted(HERE.joinpath("stories").iterdir(), key=lambda file: file.name)
    return [orjson.loads(file.read_bytes()) for file in found if file.name.endswith(".json")]


def add_nouns(desk: Desk, given: Json) -> None:
    times = {"created_at": desk.now, "modified_at": desk.now}
    for section in given["sections"]:
        path = section.pop("path")
        if desk.session.exec(select(SectionRow.id).where(SectionRow.path == path)).first() is None:
            id = demo_id("sec", path)
            verbs.add_section(desk, path, section.pop("name"), id=id, **section)
    for source in given["sources"]:
        named = {"id": demo_id("src", source["slug"])}
        verbs.add_source(desk, SourceRow.model_validate(source | times | named))
    images = {one["key"]: add_image(desk, dict(one)) for one in given["images"]}
    for person in given["contributors"]:
        image = images.get(person.pop("image", None) or "")
        named = {"id": demo_id("con", person["slug"])}
        row = ContributorRow.model_validate(person | times | named)
        row.image_id = image.id if image else None
        verbs.add(desk, row)
    for tag in given["tags"]:
        verbs.add(desk, TagRow.model_validate(tag | times | {"id": demo_id("tag", tag["slug"])}))
    for dispatch in given["dispatches"]:
        add_dispatch(desk, dict(dispatch))


def add_image(desk: Desk, given: Json) -> ImageRow:
    """An image with its drawn original."""
    key, scene = given.pop("key"), given.pop("draw")
    data = draw(scene)
    drawn = Image.open(io.BytesIO(data))
    mime = Image.MIME[drawn.format or "JPEG"]
    source, focal = given.pop("source", None), given.pop("focal_point", None) or {}
    row = ImageRow(
        **given, id=demo_id("img", key), width=drawn.width, height=drawn.height, bytes=len(data),
        mime=mime, file=Storage(desk.settings).put(data, mime),
        source_id=source_id(desk, source) if source else None,
        focal_x=focal.get("x"), focal_y=focal.get("y"),
        created_at=desk.now, modified_at=desk.now,
    )  # fmt: skip
    added: ImageRow = verbs.add(desk, row)
    return added


def add_dispatch(desk: Desk, given: Json) -> None:
    via, source = given.pop("via", None), source_id(desk, given.pop("source"))
    row = DispatchRow.model_validate(
        given
        | {
            "id": demo_id("dsp", given.pop("key")), "source_id": source,
            "via_id": demo_id("dsp", via) if via else None,
            "received_at": desk.now, "modified_at": desk.now,
        }
    )  # fmt: skip
    verbs.add_dispatch(desk, row)


def source_id(desk: Desk, slug: str) -> str:
    return desk.session.exec(select(SourceRow.id).where(SourceRow.slug == slug)).one()


def demo_id(prefix: str, key: str) -> str:
    """An id that is the same on every machine, so that examples hold."""
    letters = "".join(letter for letter in key.lower() if letter.isalnum())
    return f"{prefix}_demo{letters}"


def add_story(desk: Desk, story: Json, keys: dict[str, str]) -> ArticleRow:
    """One story, with its references put in place of its keys."""
    write = ArticleWrite.model_validate(placed(story["write"], keys))
    row = publishing.create(desk, write, id=demo_id("art", story["key"]))
    row.identity = f"demo:{story['key']}"
    if story["state"] == "published":
        publishing.publish(desk, row)
    for update in story.get("updates", []):
        add_update(desk, row, update, keys)
    return row


def revise_story(desk: Desk, story: Json, keys: dict[str, str]) -> None:
    """A second version: another headline, other words in some blocks."""
    changes = story["revision"]
    said = changes.pop("blocks")
    body = [
        {**block, "text": said[block["id"]]} if block["id"] in said else block
        for block in story["write"]["body"]
    ]
    write = placed(story["write"] | changes | {"body": body}, keys)
    row = publishing.get(desk, demo_id("art", story["key"]))
    publishing.revise(desk, row, ArticleWrite.model_validate(write))


def add_update(desk: Desk, story: ArticleRow, update: Json, keys: dict[str, str]) -> None:
    """An update of a live story, taken away again where it was."""
    write = placed(update["write"], keys)
    posted = live_updates.post(desk, story, write, demo_id("upd", update["key"]))
    if update.get("removed"):
        live_updates.remove(replace(desk, match="*"), story, posted)


def placed(value: Any, keys: dict[str, str]) -> Any:
    """The JSON with `img:KEY`, `dsp:KEY` and `art:KEY` as ids."""
    if isinstance(value, dict):
        return {name: placed(one, keys) for name, one in value.items()}
    if isinstance(value, list):
        return [placed(one, keys) for one in value]
    if isinstance(value, str) and value[:4] in ("img:", "dsp:"):
        return demo_id(value[:3], value[4:])
    return keys.get(value, value) if isinstance(value, str) else value
