"""Saves articles from JSON: POST, PUT, PATCH, DELETE. What was sent is read against the stored article; every
error is reported."""

import contextlib
from collections.abc import Iterator
from typing import Any

from sqlalchemy import delete as delete_from
from sqlmodel import col, select

from app.desk import confidential_sources, read_back
from app.desk.articles import block_loss, bodies, content, publishing
from app.desk.articles.block_matching import with_matched_ids
from app.desk.articles.round_trip import Revision, as_write
from app.desk.resolver import Resolver
from app.desk.transaction import Desk, check_version
from app.errors import Conflict, Fault, Unprocessable
from app.json_types import Json
from app.models import publication_window
from app.models.article import (
    ArticleRow,
    ArticleWrite,
    CardRow,
    CorrectionRow,
    DocumentRow,
    MomentRow,
    TermRow,
    VersionRow,
)
from app.models.card import State
from app.models.image import ImageUseRow
from app.models.live import LiveUpdateRow
from app.models.preview import PreviewRow
from app.models.source import AttributionRow
from app.models.upstream import FlagRow
from app.models.version import EditionImageRow, EditionRow
from app.models.withdrawal import WithdrawalRow
from app.request import json_body, json_patch
from app.search_index import writer

PARTS = (
    VersionRow, MomentRow, CardRow, DocumentRow, TermRow, CorrectionRow, AttributionRow,
    ImageUseRow, PreviewRow, EditionRow, EditionImageRow, FlagRow, LiveUpdateRow,
)  # fmt: skip
"""Rows that are a story's own."""


def create(desk: Desk, sent: Any) -> ArticleRow:
    """Create an article from JSON. Raises 422 with every error."""
    with point_at_text(sent):
        return publishing.create(desk, validated(desk, Revision({}, {}), sent, None))


def replace(desk: Desk, article: ArticleRow, sent: Any, detach: bool = False) -> ArticleRow:
    """Save a new version; a field that is left out keeps its value. `detach`: see `block_loss.py`."""
    return save_revision(desk, article, current(desk, article), sent, detach)


def merge(desk: Desk, article: ArticleRow, sent: Any, detach: bool = False) -> ArticleRow:
    """Save a new version by JSON Merge Patch. RFC 7396."""
    shown = current(desk, article)
    return save_revision(desk, article, shown, json_body.merge_patched(shown, sent), detach)


def patch(desk: Desk, article: ArticleRow, sent: Any, detach: bool = False) -> ArticleRow:
    """Save a new version by JSON Patch, all of it or nothing. RFC 6902."""
    shown = current(desk, article)
    return json_patch.patched(
        shown, sent, "A story", lambda fields: save_revision(desk, article, shown, fields, detach)
    )


def current(desk: Desk, article: ArticleRow) -> Json:
    """The article as a GET gives it to this caller, if the caller may change this version of it."""
    check_version(desk, article.version)
    publishing.refuse_sealed(article)
    return read_back.story(desk, article.id)[0]


def save_revision(
    desk: Desk, article: ArticleRow, shown: Json, sent: Any, detach: bool
) -> ArticleRow:
    """Save a new version. `shown`: the article as a GET gives it; `sent`: the fields to change."""
    kept = as_write(article, publishing.current_content(desk, article))
    kept["attributions"] = confidential_sources.as_shown(desk, article.id, kept["attributions"])
    with point_at_text(sent):
        write = validated(desk, Revision(shown, kept), sent, article)
        if write.published_at and publishing.is_put_off(article, write.published_at, desk.now):
            publishing.refuse_ahead(desk, max(article.published_at, write.published_at))
        write = block_loss.refuse_loss(desk, article.id, shown, kept, write, detach)
        return publishing.revise(desk, article, write)


@contextlib.contextmanager
def point_at_text(sent: Any) -> Iterator[None]:
    """Make errors of a converted body point at the HTML or Markdown that was sent."""
    try:
        yield
    except Unprocessable as wrong:
        wrong.errors = bodies.point_faults_at_text(sent, wrong.errors)
        raise


def validated(
    desk: Desk, revision: Revision, sent: Any, article: ArticleRow | None
) -> ArticleWrite:
    """Validate the story to be saved, with the ids of its blocks; errors of fields and relations
    are reported together."""
    if isinstance(sent, dict) and isinstance(sent.get("body"), dict):
        sent = bodies.as_blocks(desk, revision.shown, sent, revision.faults)
    write = revision.parse(sent)
    if write is not None:
        body = with_matched_ids(write.body, revision.base.get("body", []))
        write = write.model_copy(update={"body": body})
    if write is None or revision.faults:
        raise Unprocessable(
            errors=without_repeats(revision.faults, relation_faults(desk, revision, write, article))
        )
    return write


def relation_faults(
    desk: Desk, revision: Revision, write: ArticleWrite | None, article: ArticleRow | None
) -> list[Fault]:
    """Errors of relations that lead nowhere."""
    if write is None:
        return []
    resolver = Resolver(desk, lang=write.lang)
    id, old = article.id if article else "", revision.base.get("body", [])
    held = block_loss.loss_of(revision.shown, revision.base, write).detached(write, id)
    content.stored_content(id, held, resolver, old)
    return resolver.faults


def without_repeats(*faults: list[Fault]) -> list[Fault]:
    """Each error once, in order."""
    return list({(one["pointer"], one["detail"]): one for some in faults for one in some}.values())


def delete(desk: Desk, article: ArticleRow) -> None:
    """Delete a draft for good; a story that was published can only be withdrawn."""
    check_version(desk, article.version)
    publishing.refuse_sealed(article)
    if article.state != State.draft:
        raise Conflict(
            f"{article.id} was published: PUT /v1/articles/{article.id}/withdrawal takes it back.",
            state=publication_window.state_at(article, desk.now),
        )
    if users := users_of(desk, article):
        raise Conflict(f"{article.id} is in use.", used_by=users)
    for table in PARTS:
        desk.session.execute(delete_from(table).where(col(table.article_id) == article.id))
    writer.forget(desk.session, [article.id])
    desk.session.delete(article)
    desk.record(
        "deleted", "article", article.id, version=article.version, lang=article.lang,
        slug=article.slug, section=publishing.section_path(desk, article),
    )  # fmt: skip


def users_of(desk: Desk, article: ArticleRow) -> list[str]:
    """Ids of the articles that name this one, or that it replaces."""
    naming = select(TermRow.article_id).where(TermRow.term == article.id)
    replaced = select(WithdrawalRow.object_id).where(WithdrawalRow.replaced_by == article.id)
    both = naming.union(replaced).order_by("article_id").limit(100)
    return list(desk.session.scalars(both))
