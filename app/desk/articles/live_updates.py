"""Posts, edits and removes updates of live articles. The article's version stays, so that its editors are not
disturbed; `modified_at` changes, its document is rendered, and the change log says `updated`."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func
from sqlmodel import col, select

from app.desk import read_back
from app.desk.articles import bodies, content, picture_credits, publishing
from app.desk.articles.editing import point_at_text
from app.desk.articles.round_trip import Revision
from app.desk.resolver import Resolver
from app.desk.transaction import Desk, check_version
from app.errors import Conflict, Faults, NotFound, Unprocessable
from app.json_types import Json
from app.models import publication_window
from app.models.article import ArticleRow
from app.models.base import new_id
from app.models.block import BlockType
from app.models.card import Kind, State
from app.models.image import ImageUseRow
from app.models.key import Scope
from app.models.live import LiveUpdateRow, LiveUpdateWrite
from app.rendering import documents, live_updates
from app.request import json_body, json_patch

LARGEST = 100_000
"""Bytes of one update as readers get it."""

MOST_NAMED = 20
"""Stories that one update names in its blocks."""

AHEAD = timedelta(seconds=60)
"""How far another machine's clock may be ahead."""

GOVERNS = {
    "id": "it is assigned at creation", "version": "each edit raises it",
    "modified_at": "each edit moves it",
}  # fmt: skip
WRITABLE = set(LiveUpdateWrite.model_fields)


def post(desk: Desk, article: ArticleRow, sent: Any, id: str | None = None) -> LiveUpdateRow:
    """Post an update. Raises 422 with every error."""
    refuse_unless_live(desk, article)
    row = LiveUpdateRow(
        id=id or new_id("upd"), article_id=article.id, version=0, at=desk.now, by=desk.by,
        created_at=desk.now, modified_at=desk.now, born=0, changed=0, stamp="", keys="",
        content={"headline": None, "body": []}, document=b"",
    )  # fmt: skip
    return edit(desk, article, row, sent, {})


def replace(desk: Desk, article: ArticleRow, row: LiveUpdateRow, sent: Any) -> LiveUpdateRow:
    """Change an update: missing fields keep their value, null or [] clears."""
    return edit(desk, article, row, sent, current(desk, article, row))


def merge(desk: Desk, article: ArticleRow, row: LiveUpdateRow, sent: Any) -> LiveUpdateRow:
    """Change an update by JSON Merge Patch. RFC 7396."""
    shown = current(desk, article, row)
    return edit(desk, article, row, json_body.merge_patched(shown, sent), shown)


def patch(desk: Desk, article: ArticleRow, row: LiveUpdateRow, sent: Any) -> LiveUpdateRow:
    """Change an update by JSON Patch, all of it or nothing. RFC 6902."""
    shown = current(desk, article, row)
    return json_patch.patched(
        shown, sent, "An update", lambda fields: edit(desk, article, row, fields, shown)
    )


def remove(desk: Desk, article: ArticleRow, row: LiveUpdateRow) -> LiveUpdateRow:
    """Remove an update: readers see only that it was there."""
    refuse_unless_live(desk, article)
    check_version(desk, row.version)
    if row.removed:
        raise Conflict(f"{row.id} was removed already.")
    row.removed = True
    return save(desk, article, row, row.content["body"], "update removed")


def get(desk: Desk, article: ArticleRow, id: str) -> LiveUpdateRow:
    """The update with this id; else 404."""
    wanted = select(LiveUpdateRow).where(
        LiveUpdateRow.id == id, LiveUpdateRow.article_id == article.id
    )
    row = desk.session.exec(wanted).first()
    if row is None:
        raise NotFound(f"{article.slug!r} has no update {id!r}.")
    return row


def refuse_unless_live(desk: Desk, article: ArticleRow) -> None:
    """Raise 409 for an article that is not live, 403 for callers who may not publish on a published one."""
    publishing.refuse_sealed(article)
    if article.kind != Kind.live:
        raise Conflict(f"{article.slug!r} is not a live story: its kind is {article.kind}.")
    if article.state == State.published:
        desk.caller.need_scope(Scope.publish)


def current(desk: Desk, article: ArticleRow, row: LiveUpdateRow) -> Json:
    """The update as a GET gives it to this caller, if the caller may change this version of it. Of a removed
    update nothing is shown; its text is kept."""
    refuse_unless_live(desk, article)
    check_version(desk, row.version)
    return read_back.update(desk, article.id, row.id)[0]


def edit(
    desk: Desk, article: ArticleRow, row: LiveUpdateRow, sent: Any, shown: Json
) -> LiveUpdateRow:
    """Change the update. `shown`: the update as a GET gives it, empty for a new one; `sent`: the fields to change.
    Raises 422 with every error; those of an HTML or Markdown body name that body."""
    old = row.content["body"]
    with point_at_text(sent):
        write = read(desk, article, sent, shown, as_write(row) if shown else {})
        resolver = Resolver(desk, lang=article.lang)
        author = resolver.contributor(write.author, "#/author") if write.author else None
        body = content.stored_body(write.body, resolver, old)
        check_rules(desk, row, write, resolver.faults)
        resolver.faults.refuse()
        row.content, row.author_id = {"headline": write.headline, "body": body}, author
        row.at, row.removed = write.at or row.created_at, write.removed
        row.is_key, row.pinned = write.key, write.pinned
        return save(desk, article, row, old, "update edited" if shown else "update posted")


def read(desk: Desk, article: ArticleRow, sent: Any, shown: Json, kept: Json) -> LiveUpdateWrite:
    """The update to be saved. Raises 422 with every error. A body as HTML or Markdown becomes blocks."""
    sent, revision = json_body.require_object(sent), Revision(shown, kept)
    sent = bodies.as_blocks(desk, shown | {"lang": article.lang}, sent, revision.faults)
    if not shown and sent.get("removed") is False:  # the default, sent: nothing new was removed
        sent = {name: one for name, one in sent.items() if name != "removed"}
    writable = WRITABLE if shown else WRITABLE - {"removed"}
    new = json_body.changed_fields(sent, shown, writable, GOVERNS, (), revision.faults)
    take: Mapping[str, Any] = {"author": revision.reference, "body": revision.body}
    given = {
        name: take[name](value, (name,)) if name in take and value is not None else value
        for name, value in new.items()
    }
    whole = {name: value for name, value in kept.items() if name not in given}
    whole |= {name: value for name, value in given.items() if value is not None}
    write, wrong = json_body.validate(LiveUpdateWrite, whole)
    if write is None or revision.faults or wrong:
        raise Unprocessable(errors=[*revision.faults, *wrong])
    return write


def as_write(row: LiveUpdateRow) -> Json:
    """Return the stored content of an update, in the form of LiveUpdateWrite."""
    content: Json = row.content
    return content | {
        "at": row.at, "author": row.author_id, "key": row.is_key, "pinned": row.pinned,
        "removed": row.removed,
    }  # fmt: skip


def save(
    desk: Desk, article: ArticleRow, row: LiveUpdateRow, old: list[Json], what: str
) -> LiveUpdateRow:
    """Save an update: render it, record its images, log it and update the story. `old`: its
    former blocks."""
    row.version += 1
    row.modified_at = desk.now
    row.changed = next_sequence(desk, article)
    row.born = row.born or row.changed
    render(desk, article, row, old)
    desk.session.add(row)
    desk.session.flush()
    record_image_uses(desk, row)
    article.modified_at = desk.now
    publishing.record_change(
        desk, "updated", article, public=publication_window.is_out(article, desk.now), reason=what
    )
    return row


def check_rules(desk: Desk, row: LiveUpdateRow, write: LiveUpdateWrite, faults: Faults) -> None:
    """Add errors that concern several fields."""
    most = live_updates.MOST_PINNED
    if not write.headline and not write.body:
        faults.add("#/body", "An update has a headline, or a body.")
    if write.at and write.at > desk.now + AHEAD:
        faults.add("#/at", "This time is still to come.")
    if write.pinned and not write.removed and others_pinned(desk, row) >= most:
        faults.add("#/pinned", f"{most} updates are pinned; unpin one first.")
    if sum(len(block.articles or ()) for block in write.body) > MOST_NAMED:
        faults.add("#/body", f"An update names at most {MOST_NAMED} stories.")
    for index, block in enumerate(write.body):
        if block.type == BlockType.correction:
            detail = "An update is edited, or answered by another; corrections are the story's."
            faults.add(f"#/body/{index}/type", detail)


def others_pinned(desk: Desk, row: LiveUpdateRow) -> int:
    """The number of other pinned updates of the article."""
    pinned = select(func.count()).where(
        LiveUpdateRow.article_id == row.article_id, col(LiveUpdateRow.pinned).is_(True),
        col(LiveUpdateRow.removed).is_(False), LiveUpdateRow.id != row.id,
    )  # fmt: skip
    return desk.session.exec(pinned).one()


def next_sequence(desk: Desk, article: ArticleRow) -> int:
    """The next number in the order of changes; the article's row is locked."""
    newest = select(func.max(LiveUpdateRow.changed)).where(LiveUpdateRow.article_id == article.id)
    return (desk.session.exec(newest).one() or 0) + 1


def render(desk: Desk, article: ArticleRow, row: LiveUpdateRow, old: list[Json]) -> None:
    """Render an update. Raises 422 if it is too large or has a new image without a credit."""
    holds = live_updates.holds_of(desk.session, [article.id])
    made = live_updates.render(desk.session, desk.settings, [row], article.lang, desk.now, holds)[
        row.id
    ]
    if len(made.document) > LARGEST:
        raise Unprocessable.at("#/body", f"An update has at most {LARGEST:,} bytes.")
    if article.state == State.published and not row.removed:
        content, before = (
            {"lead_image": None, "body": body} for body in (row.content["body"], old)
        )
        picture_credits.uncredited(desk, content, before).refuse()
    live_updates.keep(row, made, documents.stamp_of(desk.settings))


def record_image_uses(desk: Desk, row: LiveUpdateRow) -> None:
    """Store which images an update uses, for queries."""
    desk.session.execute(delete(ImageUseRow).where(col(ImageUseRow.update_id) == row.id))
    uses = [] if row.removed else live_updates.uses_of(row)
    for image, block in sorted({(use["id"], block) for block, use in uses}):
        desk.session.add(ImageUseRow(
            article_id=row.article_id, image_id=image, block_id=f"{row.id}/{block}",
            update_id=row.id,
        ))  # fmt: skip
