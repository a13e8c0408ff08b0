"""Articles are published only with a credit for each picture: its own, its source's, or this use's. Pictures in
the public domain need none."""

from collections.abc import Iterator
from typing import Any

from sqlmodel import col, select

from app.desk.transaction import Desk
from app.errors import Faults, Unprocessable
from app.json_types import Json
from app.models.image import ImageRow
from app.rendering import blocks


def check(desk: Desk, content: Json, before: Json | None = None) -> None:
    """Raise 422 for pictures without a credit; `before`: a published version, whose pictures pass. Imports get
    warnings instead."""
    faults = uncredited(desk, content, before)
    if faults and not desk.lenient:
        raise Unprocessable("A picture has no credit.", errors=faults)
    desk.warnings += [f"Published all the same: {one['detail']}" for one in faults]


def uncredited(desk: Desk, content: Json, before: Json | None = None) -> Faults:
    """Return an error for each image of a story without a credit."""
    known = {use["id"] for _, use in uses(before)} if before else set()
    bare = [
        (place, use["id"]) for place, use in uses(content)
        if not use.get("credit") and use["id"] not in known
    ]  # fmt: skip
    credited = credited_of(desk, {id for _, id in bare})
    faults = Faults()
    for place, id in bare:
        if id not in credited:
            faults.add(place, f"The image {id} has no credit and no source.")
    return faults


def uses(content: Json) -> Iterator[tuple[str, Json]]:
    """Every image use, with its JSON Pointer."""
    if content["lead_image"]:
        yield "#/lead_image", content["lead_image"]
    for at, block in enumerate(content["body"]):
        for number, use in enumerate(blocks.images_of(block)):
            field = "image" if block["type"] == "figure" else f"images/{number}"
            yield f"#/body/{at}/{field}", use


def credited_of(desk: Desk, ids: set[str]) -> set[str]:
    """Return which of these images have a credit or source."""
    waiting = [row for row in desk.waiting.get(ImageRow, []) if row["id"] in ids]
    found = {
        row["id"] for row in waiting if is_credited(row["credit"], row["source_id"], row["rights"])
    }
    if rest := ids - {row["id"] for row in waiting}:
        rows = desk.session.exec(select(ImageRow).where(col(ImageRow.id).in_(rest)))
        found |= {row.id for row in rows if is_credited(row.credit, row.source_id, row.rights)}
    return found


def is_credited(credit: Any, source_id: Any, rights: Any) -> bool:
    """Whether an image's own columns credit somebody, or say that it is in the public domain."""
    return bool(credit or source_id or (rights or {}).get("public_domain"))
