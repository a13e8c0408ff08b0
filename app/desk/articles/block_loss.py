"""Blocks that carry attributions, corrections or rights. A save whose body lacks such a block is refused with 409
and a list of them, unless `detach=true`. docs/bodies.md."""

from dataclasses import dataclass

from sqlmodel import select

from app.desk.transaction import Desk
from app.errors import LosesBlocks
from app.json_types import Json
from app.models.article import ArticleWrite, CorrectionRow
from app.models.source import AttributionWrite
from app.rendering import blocks


@dataclass
class Loss:
    """What a new body lacks: blocks, images, and what these carried."""

    gone: list[Json]
    links: dict[str, str]
    """Attributions by id, with the block whose loss they lose their scope by."""
    notices: dict[str, list[str]]
    """Ids of corrections by block."""
    rights: dict[str, list[str]]
    """Images with rights by block."""

    def carriers(self) -> list[Json]:
        """The missing blocks that carried something, as the 409 response lists them."""
        named = []
        for block in self.gone:
            carries = {
                "attributions": [id for id, at in self.links.items() if at == block["id"]],
                "corrections": self.notices.get(block["id"], []),
                "rights": self.rights.get(block["id"], []),
            }
            if any(carries.values()):
                text = (block["text"] or "")[:80]
                named.append({"id": block["id"], "type": block["type"], "text": text} | carries)
        return named

    def detached(self, write: ArticleWrite, article_id: str) -> ArticleWrite:
        """Return the story without the lost blocks: attributions of a block become those of the
        story, those of an image are removed with it."""
        gone = {one.id: one for one in write.attributions if one.id in self.links}
        away = {one.id or "": one for one in gone.values() if "image" in (one.scope or {})}
        kept = []
        for one in write.attributions:
            if one.id in away:
                continue
            changed: Json = {"via": surviving_via(one.via, away)}
            if one.id in gone:
                changed["scope"] = {"article": article_id}
            kept.append(one.model_copy(update=changed))
        return write.model_copy(update={"attributions": kept})

    def warnings(self, write: ArticleWrite) -> list[str]:
        """A sentence for each attribution, correction and image that was detached."""
        images = {one.id for one in write.attributions if "image" in (one.scope or {})}
        told = [
            f"The attribution {id} went with its picture of the block {block}."
            if id in images
            else f"The attribution {id} speaks for the story now; its block {block} is gone."
            for id, block in self.links.items()
        ]
        told += [
            f"The correction {id} names the block {block} no longer, which is gone."
            for block, ids in self.notices.items() for id in ids
        ]  # fmt: skip
        return told + [
            f"The image {id}, which has rights, is gone with the block {block}."
            for block, ids in self.rights.items() for id in ids
        ]  # fmt: skip


def surviving_via(via: str | None, away: dict[str, AttributionWrite]) -> str | None:
    """The next link of the chain that was not removed."""
    seen = set[str]()
    while via is not None and via in away and via not in seen:
        seen.add(via)
        via = away[via].via
    return via


def loss_of(shown: Json, base: Json, write: ArticleWrite) -> Loss:
    """Return what a new body lacks. `shown`: the story as a GET returns it; `base`: its stored
    content, in the form of ArticleWrite."""
    ids, left = {block.id for block in write.body}, images_left(write)
    gone, pictured, rights = [], dict[str, str](), dict[str, list[str]]()
    for block in shown.get("body", []):
        uses = [use for use in blocks.images_of(block) if use["id"] not in left]
        if block["id"] not in ids or uses:
            gone.append(block | {"text": block["text"] or ""})
            pictured |= {use["id"]: block["id"] for use in uses}
            if held := [use["id"] for use in uses if use["rights"]]:
                rights[block["id"]] = held
    missing = {block["id"] for block in gone} - ids
    links = links_of(write, base, missing, pictured)
    return Loss(gone, links, notices_of(shown, gone, missing), rights)


def images_left(write: ArticleWrite) -> set[str | None]:
    """Ids of the images that the new version uses."""
    uses = [use for block in write.body for use in blocks.images_sent(block)]
    return {use.id for use in [*uses, *([write.lead_image] if write.lead_image else [])]}


def links_of(
    write: ArticleWrite, base: Json, missing: set[str], pictured: dict[str, str]
) -> dict[str, str]:
    """Attributions of the new version whose block or image is missing, with the id of that block."""
    had = {one["id"]: one["scope"] for one in base.get("attributions", [])}
    found: dict[str, str] = {}
    for one in write.attributions:
        if one.id is None or one.scope is None or had.get(one.id) != one.scope:
            continue
        block, image = one.scope.get("block", ""), one.scope.get("image", "")
        if block in missing:
            found[one.id] = block
        elif image in pictured:
            found[one.id] = pictured[image]
    return found


def notices_of(shown: Json, gone: list[Json], missing: set[str]) -> dict[str, list[str]]:
    """Ids of the corrections that concern a missing block, or that it showed, by block."""
    found: dict[str, list[str]] = {}
    for notice in shown.get("corrections", []):
        for block in gone:
            concerned = block["id"] in notice["blocks"] or block.get("correction") == notice["id"]
            if block["id"] in missing and concerned:
                found.setdefault(block["id"], []).append(notice["id"])
    return found


def refuse_loss(
    desk: Desk, article_id: str, shown: Json, base: Json, write: ArticleWrite, detach: bool
) -> ArticleWrite:
    """The article to be saved. Raises 409 if blocks would lose what they carry; with `detach` that is removed,
    with warnings."""
    loss = loss_of(shown, base, write)
    carriers = loss.carriers()
    if not carriers:
        return write
    if not detach:
        names = ", ".join(block["id"] for block in carriers)
        raise LosesBlocks(
            f"Not in the new body: {names}. Send them along, or say detach=true.", blocks=carriers
        )
    desk.warnings += loss.warnings(write)
    missing = set(loss.notices)
    for row in desk.session.exec(
        select(CorrectionRow).where(CorrectionRow.article_id == article_id)
    ):
        if missing & set(row.blocks):
            row.blocks = [id for id in row.blocks if id not in missing]
            desk.session.add(row)
    return loss.detached(write, article_id)
