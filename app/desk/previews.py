"""Creates, lists and revokes previews. A token is shown once, to the caller who created it."""

from datetime import timedelta

from sqlmodel import col, select

from app import urls
from app.access import authentication
from app.desk.articles import publishing
from app.desk.transaction import Desk
from app.errors import Conflict, NotFound, Unprocessable
from app.json_types import Json
from app.models.article import ArticleRow, VersionRow
from app.models.base import new_id, optional_timestamp, timestamp
from app.models.preview import PREFIX, PreviewRow, PreviewWrite, Which
from app.models.section import SectionRow

MOST = 100
"""Previews that are kept of a story; those that have ended make room."""


def make(desk: Desk, article: ArticleRow, write: PreviewWrite) -> tuple[PreviewRow, str]:
    """Create a preview; returns its row and its token."""
    publishing.refuse_sealed(article)
    version = None if write.version == "latest" else write.version
    if version and desk.session.get(VersionRow, (article.id, version)) is None:
        raise Unprocessable.at(
            "#/version", f"There is no version {version}; the newest is {article.version}."
        )
    make_room(desk, article)
    token = authentication.new_key(PREFIX)
    row = PreviewRow(
        id=new_id("pre"), article_id=article.id, hash=authentication.hash_of(token), version=version,
        created_at=desk.now, created_by=desk.by,
        expires_at=desk.now + timedelta(seconds=write.expires_in),
    )  # fmt: skip
    desk.session.add(row)
    desk.record("created", "preview", row.id)
    return row, token


def make_room(desk: Desk, article: ArticleRow) -> None:
    """Delete the oldest previews that have ended, where there are too many. Raises 409 if too many still work."""
    kept = find(desk, article)
    ended = [row for row in kept if row.revoked_at or row.expires_at <= desk.now]
    if len(kept) - len(ended) >= MOST:
        raise Conflict(f"{article.slug!r} has {MOST} previews that work; revoke some.")
    too_many = max(0, len(kept) - MOST + 1)
    for row in ended[len(ended) - too_many :]:
        desk.session.delete(row)


def find(desk: Desk, article: ArticleRow) -> list[PreviewRow]:
    """An article's previews, the newest first."""
    wanted = select(PreviewRow).where(PreviewRow.article_id == article.id)
    newest = wanted.order_by(col(PreviewRow.created_at).desc(), col(PreviewRow.id).desc())
    return list(desk.session.exec(newest))


def get(desk: Desk, article: ArticleRow, id: str) -> PreviewRow:
    """The preview with this id, locked; else 404."""
    wanted = select(PreviewRow).where(PreviewRow.id == id, PreviewRow.article_id == article.id)
    row = desk.session.exec(wanted.with_for_update()).first()
    if row is None:
        raise NotFound(f"{article.slug!r} has no preview {id!r}.")
    return row


def revoke(desk: Desk, article: ArticleRow, row: PreviewRow) -> None:
    """Revoke a preview. Raises 409 if it is revoked already."""
    if row.revoked_at:
        raise Conflict(f"{row.id} is revoked already.")
    row.revoked_at = desk.now
    desk.session.add(row)
    desk.record("revoked", "preview", row.id)


def to_json(row: PreviewRow) -> Json:
    """Preview as JSON."""
    return {
        "id": row.id, "version": which(row), "created_at": timestamp(row.created_at),
        "created_by": row.created_by, "expires_at": timestamp(row.expires_at),
        "revoked_at": optional_timestamp(row.revoked_at),
    }  # fmt: skip


def made(desk: Desk, article: ArticleRow, row: PreviewRow, token: str) -> Json:
    """PreviewMade as JSON."""
    return {
        "id": row.id, "version": which(row), "token": token,
        "api_url": urls.api(desk.settings, "articles", article.id) + f"?preview={token}",
        "site_url": site_url(desk, article, token), "expires_at": timestamp(row.expires_at),
    }  # fmt: skip


def which(row: PreviewRow) -> Which:
    """The version that a preview shows: a number, or the latest."""
    return row.version or "latest"


def site_url(desk: Desk, article: ArticleRow, token: str) -> str | None:
    """Return the URL of the site's preview page, if one is configured."""
    if not desk.settings.preview_url:
        return None
    section = desk.session.get(SectionRow, article.section_id) if article.section_id else None
    return urls.fill_pattern(
        desk.settings, desk.settings.preview_url, token=token, id=article.id, slug=article.slug,
        lang=article.lang, section=section.path if section else "",
    )  # fmt: skip
