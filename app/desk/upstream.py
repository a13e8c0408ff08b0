"""What a source does to its own item afterwards: it corrects or kills it. Articles that rest on the item are
flagged; the source's policy says whether a block is withheld or the article unpublished."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete
from sqlmodel import col, select

from app.attribution import chain
from app.desk import flags as flagging
from app.desk.articles import publishing, schedule
from app.desk.catalog import verbs
from app.desk.transaction import BATCH, Desk, check_match
from app.errors import Conflict, NotFound
from app.json_types import Json
from app.models import publication_window
from app.models.article import ArticleRow
from app.models.base import optional_timestamp, timestamp
from app.models.card import State
from app.models.change import Job
from app.models.source import DispatchRow
from app.models.upstream import FlagRow, Policy, SourceStatus, SourceStatusWrite
from app.queries import dispatches, upstream, withdrawals
from app.rendering import catalog, live_updates, source_marks
from app.rendering.documents import LIVE, expire, links_of


def set_status(desk: Desk, id: str, sent: SourceStatusWrite) -> tuple[DispatchRow, list[str]]:
    """Record that a source corrected or killed its item. Returns the dispatch, and the ids of articles that the
    policy unpublished."""
    row = dispatch(desk, id)
    check_match(desk, row.version)
    if row.source_status == sent.status and not adds_to(row, sent):
        raise Conflict(f"{id} is known to be {sent.status}.", state=row.source_status)
    row.source_status, row.source_status_note = sent.status, sent.note
    row.source_status_at = sent.at or desk.now
    row.item_version = sent.item_version or row.item_version
    touch(desk, row)
    resting = upstream.naming(desk.session, dispatches.passing_on(desk.session, id))
    action = flagging.policy(desk, row, sent.status)
    for article_id, named in resting:
        flagging.flag(desk, article_id, named, id, sent.status, action)
    flag_translations(desk, [article for article, _ in resting], id, sent.status)
    record_change(desk, row, f"source_{sent.status}")
    taken = unpublish_resting(desk, resting, row) if action == Policy.withdraw else []
    rerender_flagged(desk, id, f"{id} was {sent.status} by its source")
    return row, taken


def adds_to(row: DispatchRow, sent: SourceStatusWrite) -> bool:
    """Whether the report has something new: another version of the item, or another note."""
    more = (sent.item_version, row.item_version), (sent.note, row.source_status_note)
    return any(new is not None and new != old for new, old in more)


def clear(desk: Desk, id: str) -> DispatchRow:
    """Remove the flags of an item whose source took its correction or kill back. Unpublished
    stories stay so until somebody publishes them."""
    row = dispatch(desk, id)
    check_match(desk, row.version)
    if row.source_status is None:
        raise NotFound(f"Nothing was said of {id!r} by its source.")
    row.source_status = row.source_status_at = row.source_status_note = None
    touch(desk, row)
    ids = unflag(desk, id)
    record_change(desk, row, "source_cleared")
    verbs.rerender(desk, ids, f"{id} stands at its source")
    return row


def review(desk: Desk, article: ArticleRow) -> ArticleRow:
    """Record that the desk has checked a story: its flags are removed, and what they withheld is
    shown."""
    check_match(desk, article.version)
    publishing.refuse_sealed(article)
    flags = [one for one in upstream.flags_of(desk.session, article.id) if not one.reviewed_at]
    if not flags:
        raise Conflict(f"{article.id} is not flagged.", state=None)
    for one in flags:
        one.reviewed_at, one.reviewed_by = desk.now, desk.by
        desk.session.add(one)
    live_updates.forget(desk.session, [article.id])
    article.modified_at = desk.now
    out = publication_window.is_out(article, desk.now)
    publishing.record_change(desk, "source_reviewed", article, public=out)
    return article


def original_killed(desk: Desk, article: ArticleRow) -> None:
    """Flag the translations of a killed article, which rest on it."""
    flag_translations(desk, [article.id], article.id, SourceStatus.killed)
    rerender_flagged(desk, article.id, f"{article.id}, which it translates, was killed")


def original_restored(desk: Desk, article: ArticleRow) -> None:
    """Remove the flags that the killed article caused on its translations."""
    ids = unflag(desk, article.id)
    verbs.rerender(desk, ids, f"{article.id}, which it translates, was restored")


def dispatch(desk: Desk, id: str) -> DispatchRow:
    """The dispatch with this id, locked; else 404."""
    wanted = select(DispatchRow).where(DispatchRow.id == id)
    row = desk.session.exec(wanted.with_for_update()).first()
    if row is None:
        raise NotFound(f"There is no dispatch {id!r}.")
    return row


def touch(desk: Desk, row: DispatchRow) -> None:
    """Raise the version of a dispatch and set `modified_at`."""
    row.version += 1
    row.modified_at = desk.now
    desk.session.add(row)
    desk.session.flush()


def record_change(desk: Desk, row: DispatchRow, type: str) -> None:
    """Log a change of an item's status, publicly if a story that readers could see is based on
    it."""
    ids = dispatches.passing_on(desk.session, row.id)
    shown = withdrawals.was_shown(desk.session, ids, desk.now)
    desk.record(type, "dispatch", row.id, public=shown, reason=row.source_status_note)


def flag_translations(desk: Desk, ids: Sequence[str], root: str, status: SourceStatus) -> None:
    """Flag the translations of these articles, except those that are among them."""
    desk.session.flush()
    groups = select(ArticleRow.id, ArticleRow.group_id).where(
        col(ArticleRow.id).in_(ids), col(ArticleRow.group_id).is_not(None)
    )
    first: dict[str, str] = {}
    for id, group in desk.session.exec(groups.order_by(ArticleRow.id)):
        first.setdefault(group or "", id)
    others = select(ArticleRow.id, ArticleRow.group_id).where(
        col(ArticleRow.group_id).in_(first), col(ArticleRow.id).not_in(ids)
    )
    for id, group in desk.session.exec(others.order_by(ArticleRow.id)).all():
        flagging.flag(desk, id, first[group or ""], root, status, Policy.flag)


def unflag(desk: Desk, root: str) -> list[str]:
    """Delete the flags with this root. Returns the ids of the articles that had them."""
    mine = select(FlagRow.article_id).where(FlagRow.root == root).distinct()
    ids = list(desk.session.exec(mine.order_by(FlagRow.article_id)))
    desk.session.execute(delete(FlagRow).where(col(FlagRow.root) == root))
    return ids


def unpublish_resting(
    desk: Desk, resting: Sequence[tuple[str, str]], row: DispatchRow
) -> list[str]:
    """Unpublish the articles that rest on a dispatch, and cancel their schedules. Returns their ids."""
    reason = f"{row.id} was {row.source_status} by its source"
    taken = []
    for id in dict.fromkeys(article for article, _ in resting):
        article = publishing.get(desk, id)
        if article.state == State.published:
            stop = (
                schedule.unschedule
                if publication_window.waits(article, desk.now)
                else publishing.unpublish
            )
            stop(desk, article, reason)
            taken.append(id)
    return taken


def rerender_flagged(desk: Desk, root: str, reason: str) -> None:
    """Render flagged articles again: the first now, the rest by the worker; until then each is rendered when it
    is read."""
    desk.session.flush()
    flagged = select(FlagRow.article_id).where(FlagRow.root == root).distinct()
    ids = list(desk.session.exec(flagged.order_by(FlagRow.article_id)))
    verbs.rerender(desk, ids[:BATCH], reason)
    if rest := ids[BATCH:]:
        expire(desk.session, rest, desk.now)
        desk.session.add(
            Job(kind="flagged", key=root, after=ids[BATCH - 1], reason=reason, created_at=desk.now)
        )


def to_json(desk: Desk, row: DispatchRow, taken: Sequence[str] = ()) -> Json:
    """UpstreamStatus as JSON: everything that rests on the dispatch."""
    rows = upstream.rooted(desk.session, row.id)
    seen = list(dict.fromkeys(article.id for _, article in rows))[: upstream.MOST]
    contents = {
        article.id: version.content
        for article, version in desk.session.exec(LIVE, params={"ids": seen}).all()
    }
    look = catalog.Catalog(desk.session, desk.settings, desk.caller)
    items = [
        item
        for one, article in rows if article.id in contents
        for item in flagged(look, one, article, contents[article.id])
    ]  # fmt: skip
    status = SourceStatus(row.source_status or "")
    return {
        "dispatch": row.id, "status": status, "at": optional_timestamp(row.source_status_at),
        "note": row.source_status_note, "policy": flagging.policy(desk, row, status),
        "flagged": items[: upstream.MOST], "flagged_count": len({one.id for _, one in rows}),
        "unpublished": list(taken),
    }  # fmt: skip


def flagged(look: Any, one: FlagRow, article: ArticleRow, content: Json) -> list[Json]:
    """Flagged as JSON, for each part of an article that rests on the dispatch."""
    base = {
        "article": look.article(article, content), "state": article.state, "cause": one.cause_id,
        "action": one.action, "reviewed_at": optional_timestamp(one.reviewed_at), "reviewed_by": one.reviewed_by,
    }  # fmt: skip
    if not one.cause_id.startswith("dsp_"):
        whole = {"scope": {"article": article.id}, "how": "translates"}
        return [base | whole | {"attribution": None, "through": []}]
    named = [link["id"] for link in content["attributions"] if link["dispatch_id"] == one.cause_id]
    return [
        base | {"scope": {link.scope: link.scope_id}, "how": "rests", "attribution": link.id,
                "through": through}
        for link, through in chain.dependents(links_of(content), named)
    ]  # fmt: skip


def article_flags(desk: Desk, article: ArticleRow) -> Json:
    """ArticleFlags as JSON."""
    flags = upstream.flags_of(desk.session, article.id)
    return {
        "article": article.id,
        "source_status": source_marks.worst(one.status for one in flags if not one.reviewed_at),
        "flags": [
            {
                "cause": one.cause_id, "root": one.root, "status": one.status,
                "action": one.action, "at": timestamp(one.at),
                "reviewed_at": optional_timestamp(one.reviewed_at), "reviewed_by": one.reviewed_by,
            }
            for one in flags
        ],
    }  # fmt: skip
