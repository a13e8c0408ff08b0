"""Withdraws articles, images and dispatches, and restores them. A withdrawn item is sealed: the desk reads the
record of its withdrawal."""

from collections.abc import Sequence
from typing import Any, NoReturn

from sqlmodel import col, select

from app.desk import upstream, withdrawal_records
from app.desk.articles import publishing
from app.desk.catalog import verbs
from app.desk.transaction import BATCH, Desk, check_match
from app.errors import Conflict, Fault, Gone, NotFound, Unprocessable
from app.models import publication_window
from app.models.article import ArticleRow
from app.models.card import State
from app.models.image import ImageRow
from app.models.source import DispatchRow
from app.models.withdrawal import Restoration, WithdrawalKind, WithdrawalRow, WithdrawalWrite
from app.queries import dispatches, withdrawals
from app.rendering import documents

NOUNS: dict[str, type[Any]] = {"image": ImageRow, "dispatch": DispatchRow}
STATES = {WithdrawalKind.kill: State.killed, WithdrawalKind.vanish: State.vanished}
SEALED = frozenset(STATES.values())


def withdraw(desk: Desk, id_or_slug: str, sent: WithdrawalWrite) -> WithdrawalRow:
    """Withdraw an article, with `translations` its translations too. For an article that is withdrawn already,
    reason, notice and replacement are changed; 409 if nothing changes."""
    article, *others = with_translations(desk, id_or_slug, sent.translations)
    check_match(desk, article.version)
    replaced_by = replacement(desk, sent, [article, *others])
    row = withdrawals.current(desk.session, article.id)
    kind = kind_of(sent, row)
    along = [one for one in others if one.state not in SEALED]
    if row is None:
        row = withdraw_article(desk, article, kind, sent, replaced_by)
    elif (
        not amend(desk, [row, *taken_along(desk, row, sent.translations)], sent, replaced_by)
        and not along
    ):
        refuse_again(row)
    for one in along:
        withdraw_article(desk, one, kind, sent, replaced_by, row)
    return row


def restore(desk: Desk, id_or_slug: str, sent: Restoration) -> WithdrawalRow:
    """Restore a story as it was; with its withdrawn translations if requested."""
    article, *others = with_translations(desk, id_or_slug, sent.translations)
    check_match(desk, article.version)
    row = withdrawals.current(desk.session, article.id)
    if row is None:
        publishing.refuse_in_state(desk, article, "is not withdrawn")
    by_id = {one.id: one for one in (article, *others)}
    for one in (row, *taken_along(desk, row, sent.translations)):
        if one.object_id in by_id:
            restore_article(desk, by_id[one.object_id], one, sent.reason)
    return row


def withdraw_article(
    desk: Desk, article: ArticleRow, kind: WithdrawalKind, sent: WithdrawalWrite,
    replaced_by: str | None, lead: WithdrawalRow | None = None,
) -> WithdrawalRow:  # fmt: skip
    """Seal one article and record its withdrawal. `lead`: the withdrawal that took it along."""
    public = publication_window.has_been_out(article, desk.now)
    row = add_record(desk, "article", article.id, kind, sent, public, lead)
    row.replaced_by, row.was = replaced_by, article.state
    article.state = STATES[kind]
    publication_window.set_window(article, desk.now)
    publishing.record_change(desk, article.state, article, public=public, reason=sent.reason)
    flag_translations(desk, article, STATES[kind])
    return row


def flag_translations(desk: Desk, article: ArticleRow, state: State) -> None:
    """Flag translations of a killed article. A vanished article leaves no trace, so their flags are removed."""
    if state == State.killed:
        upstream.original_killed(desk, article)
    else:
        upstream.original_restored(desk, article)


def restore_article(desk: Desk, article: ArticleRow, row: WithdrawalRow, reason: str) -> None:
    """Restore one article and close its record. Warns if readers see it at once."""
    close_record(desk, row, reason)
    article.state = row.was or State.draft
    publishing.touch(desk, article)
    out = publication_window.is_out(article, desk.now)
    if out and not row.public:
        desk.warnings.append(f"{article.id} is out now: its time came while it was withdrawn.")
    publishing.record_change(desk, "restored", article, public=out, reason=reason)
    upstream.original_restored(desk, article)


def withdraw_use(desk: Desk, noun: str, id: str, sent: WithdrawalWrite) -> WithdrawalRow:
    """Withdraw an image or a dispatch wherever it is used; articles that show it are rendered again."""
    refuse_fields_of_articles(sent)
    thing, *others = with_copies(desk, noun, id)
    check_match(desk, thing.version)
    row = withdrawals.current(desk.session, id)
    kind = kind_of(sent, row)
    along = [one for one in others if one.withdrawn is None]
    if row is None:
        row = withdraw_item(desk, noun, thing, kind, sent)
    elif not amend(desk, [row, *taken_along(desk, row, True)], sent, None) and not along:
        refuse_again(row)
    for one in along:
        withdraw_item(desk, noun, one, kind, sent, row)
    return row


def restore_use(desk: Desk, noun: str, id: str, sent: Restoration) -> WithdrawalRow:
    """Restore an image or a dispatch, with the copies that were withdrawn along."""
    things = {one.id: one for one in with_copies(desk, noun, id)}
    check_match(desk, things[id].version)
    row = withdrawals.current(desk.session, id)
    if row is None:
        raise Conflict(f"{id} is not withdrawn.", state=None)
    if row.lead and (lead := desk.session.get(WithdrawalRow, row.lead)) and not lead.restored_at:
        raise Conflict(f"{id} is the same file as {lead.object_id}: restore that.", state=row.kind)
    for one in (row, *taken_along(desk, row, True)):
        if one.object_id in things:
            things[one.object_id].withdrawn = None
            close_record(desk, one, sent.reason)
            record_change(desk, noun, things[one.object_id], "restored", one.public, sent.reason)
    return row


def withdraw_item(
    desk: Desk, noun: str, thing: Any, kind: WithdrawalKind, sent: WithdrawalWrite,
    lead: WithdrawalRow | None = None,
) -> WithdrawalRow:  # fmt: skip
    """Seal one image or dispatch and record its withdrawal."""
    public = withdrawals.was_shown(desk.session, [thing.id], desk.now)
    row = add_record(desk, noun, thing.id, kind, sent, public, lead)
    thing.withdrawn = kind
    record_change(desk, noun, thing, STATES[kind], public, sent.reason)
    return row


def record_change(
    desk: Desk, noun: str, thing: Any, type: str, public: bool, reason: str | None
) -> None:
    """Record the change, and render what shows the item or passes it on: now, or when it is read."""
    thing.modified_at = desk.now
    desk.session.flush()
    desk.record(type, noun, thing.id, public=public, reason=reason)
    keys = [thing.id]
    if noun == "dispatch":
        keys = dispatches.passing_on(desk.session, thing.id)
    verbs.rerender_dependents(desk, keys, f"{noun} {type}")
    documents.expire_showing(desk.session, keys, desk.now)


def with_copies(desk: Desk, noun: str, id: str) -> list[Any]:
    """The image or dispatch, locked, then images with the same file."""
    table = NOUNS[noun]
    found = desk.session.get(table, id)
    if found is None:
        raise NotFound(f"There is no {noun} {id!r}.")
    which = col(table.id) == id
    if noun == "image" and found.file:
        which = col(ImageRow.file) == found.file
    rows = desk.session.exec(
        select(table).where(which).order_by(table.id).limit(BATCH)
        .with_for_update(key_share=True).execution_options(populate_existing=True)
    ).all()  # fmt: skip
    return sorted(rows, key=lambda one: (one.id != id, one.id))


def with_translations(desk: Desk, id_or_slug: str, translations: bool) -> list[ArticleRow]:
    """The article, then with `translations` its translations, all locked in the order of their ids."""
    found = publishing.get(desk, id_or_slug, lock=False)
    which = col(ArticleRow.id) == found.id
    if translations and found.group_id:
        which = col(ArticleRow.group_id) == found.group_id
    rows = desk.session.exec(
        select(ArticleRow).where(which).order_by(ArticleRow.id).limit(BATCH + 1)
        .with_for_update().execution_options(populate_existing=True)
    ).all()  # fmt: skip
    if len(rows) > BATCH:
        raise Conflict(f"{found.id} has more than {BATCH} translations: withdraw them singly.")
    publishing.after_locking(desk, [row.id for row in rows])
    return sorted(rows, key=lambda one: (one.id != found.id, one.id))


def add_record(
    desk: Desk, noun: str, id: str, kind: WithdrawalKind, sent: WithdrawalWrite, public: bool,
    lead: WithdrawalRow | None,
) -> WithdrawalRow:  # fmt: skip
    """Add the record of a withdrawal."""
    row = WithdrawalRow(
        noun=noun, object_id=id, kind=kind, reason=sent.reason, notice=sent.notice or None,
        lead=lead.id if lead else None, public=public, at=desk.now, by=desk.by,
    )  # fmt: skip
    desk.session.add(row)
    return row


def close_record(desk: Desk, row: WithdrawalRow, reason: str) -> None:
    """Close the record of a withdrawal, with the reason for restoring."""
    row.restored_at, row.restored_by, row.restore_reason = desk.now, desk.by, reason


def amend(
    desk: Desk, rows: Sequence[WithdrawalRow], sent: WithdrawalWrite, replaced_by: str | None
) -> bool:
    """Change reason, notice, replacement or kind of these records. Returns whether anything changed."""
    given = {name: getattr(sent, name) for name in sent.model_fields_set - {"translations"}}
    if "replaced_by" in given:
        given["replaced_by"] = replaced_by
    if given.get("kind", True) is None:
        del given["kind"]
    if "notice" in given:
        given["notice"] = given["notice"] or None
    return sum(amend_one(desk, row, given) for row in rows) > 0


def amend_one(desk: Desk, row: WithdrawalRow, given: dict[str, Any]) -> bool:
    """Change one record and the state of its item. Returns whether anything changed."""
    new = {name: value for name, value in given.items() if getattr(row, name) != value}
    for name, value in new.items():
        setattr(row, name, value)
    if not new:
        return False
    state = STATES[WithdrawalKind(row.kind)]
    if row.noun == "article":
        article = desk.session.get_one(ArticleRow, row.object_id)
        if article.state != state:
            flag_translations(desk, article, state)
        article.state = state
        publishing.record_change(desk, state, article, public=row.public, reason=row.reason)
    else:
        thing = desk.session.get_one(NOUNS[row.noun], row.object_id)
        thing.withdrawn = row.kind
        desk.record(state, row.noun, thing.id, public=row.public, reason=row.reason)
    return True


def taken_along(desk: Desk, row: WithdrawalRow, wanted: bool) -> list[WithdrawalRow]:
    """Withdrawals that this one took along and that still hold, if they are `wanted`."""
    return withdrawals.led(desk.session, row.id) if wanted else []


def kind_of(sent: WithdrawalWrite, row: WithdrawalRow | None) -> WithdrawalKind:
    """Kill or vanish: as sent, else as recorded. Raises 422 if neither says."""
    if sent.kind is None and row is None:
        raise Unprocessable.at("#/kind", "kill or vanish.")
    return sent.kind or WithdrawalKind(row.kind if row else "")


def refuse_again(row: WithdrawalRow) -> NoReturn:
    """Raise 409 with the state of an item that is withdrawn already."""
    state = STATES[WithdrawalKind(row.kind)]
    raise Conflict(f"{row.object_id} is {state} already.", state=state)


def refuse_fields_of_articles(sent: WithdrawalWrite) -> None:
    """Raise 422 for fields that only withdrawals of articles have."""
    faults: list[Fault] = [
        {"detail": "Only a story has that.", "pointer": f"#/{name}"}
        for name in ("replaced_by", "translations") if getattr(sent, name)
    ]  # fmt: skip
    if faults:
        raise Unprocessable(errors=faults)


def replacement(desk: Desk, sent: WithdrawalWrite, going: Sequence[ArticleRow]) -> str | None:
    """The id of the replacing article: it must exist, be another one, and not be withdrawn."""
    if not sent.replaced_by:
        return None
    named = sent.replaced_by
    name = named if isinstance(named, str) else named.id or named.slug or ""
    try:
        other = publishing.get(desk, name, lock=False)
    except NotFound as missing:
        raise Unprocessable(
            errors=[{"detail": missing.detail, "pointer": "#/replaced_by"}]
        ) from missing
    if other.id in {one.id for one in going}:
        refuse_replacement("A story can't take its own place.")
    if other.state in SEALED:
        refuse_replacement(f"{other.id} is withdrawn itself.")
    return other.id


def refuse_replacement(detail: str) -> NoReturn:
    """Raise 422 for the field `replaced_by`."""
    raise Unprocessable.at("#/replaced_by", detail)


def current(desk: Desk, id: str) -> WithdrawalRow:
    """The withdrawal of a story, image or dispatch that is withdrawn; else 404."""
    row = withdrawals.current(desk.session, id)
    if row is None:
        raise NotFound(f"{id!r} is not withdrawn.")
    return row


def records(desk: Desk) -> withdrawal_records.WithdrawalRecords:
    """Withdrawals as JSON for this desk's caller."""
    return withdrawal_records.WithdrawalRecords(desk.session, desk.settings, desk.caller, desk.now)


def unsealed(desk: Desk, id_or_slug: str) -> ArticleRow:
    """Return the story for an editor. Raises the 410 or 404 of readers if it is withdrawn."""
    article = publishing.get(desk, id_or_slug, lock=False)
    if article.state == State.vanished:
        raise NotFound(f"There is no article {id_or_slug!r}.")
    if article.state == State.killed:
        row = withdrawals.current(desk.session, article.id)
        assert row is not None  # what is killed has its record
        raise Gone(**records(desk).tombstone(row))
    return article
