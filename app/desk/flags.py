"""Flags on articles whose sources were corrected or killed."""

from collections.abc import Iterable

from app.desk.transaction import Desk
from app.models.article import ArticleRow
from app.models.source import DispatchRow, SourceRow
from app.models.upstream import FlagRow, Policy, SourceStatus
from app.queries import upstream


def flag(
    desk: Desk, article_id: str, cause: str, root: str, status: SourceStatus, action: Policy
) -> None:
    """Flag a story for one reason; flagging again resets a review."""
    desk.session.merge(FlagRow(
        article_id=article_id, cause_id=cause, root=root, status=status, action=action,
        at=desk.now, reviewed_at=None, reviewed_by=None,
    ))  # fmt: skip


def policy(desk: Desk, row: DispatchRow, status: SourceStatus) -> Policy:
    """Return the policy of the item's source; the default is to flag."""
    source = desk.session.get_one(SourceRow, row.source_id)
    return Policy((source.upstream or {}).get(status, Policy.flag))


def flag_corrected_sources(desk: Desk, article: ArticleRow, named: Iterable[str | None]) -> None:
    """Flag a story that is newly based on a corrected or killed item, with a warning; remove the
    flags of items that it is no longer based on."""
    rests_on = {id for id in named if id}
    known = set()
    before = upstream.flags_of(desk.session, article.id) if article.version > 1 else []
    for one in before:
        if one.cause_id.startswith("dsp_") and one.cause_id not in rests_on:
            desk.session.delete(one)
        known.add((one.cause_id, one.root))
    for dispatch_id, row in upstream.said_of(desk.session, rests_on):
        if (dispatch_id, row.id) in known:
            continue
        status = SourceStatus(row.source_status or "")
        action = policy(desk, row, status)
        held = Policy.hold if action == Policy.hold else Policy.flag
        flag(desk, article.id, dispatch_id, row.id, status, held)
        desk.warnings.append(f"{dispatch_id} was {status} by its source: the story is flagged.")
