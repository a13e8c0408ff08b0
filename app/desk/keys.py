"""Creates, changes, rotates and disables API keys. A key is shown once, to the caller who created it."""

from collections.abc import Sequence
from datetime import timedelta

from sqlmodel import col, select

from app import urls
from app.access import authentication
from app.access.authentication import CONFIDENTIAL, RANKS
from app.desk.transaction import Desk, check_version
from app.errors import Conflict, Faults, NotFound, Unprocessable
from app.json_types import Json
from app.language import slugs
from app.models.base import new_id, optional_timestamp, timestamp
from app.models.key import KeyChange, KeyRow, KeyWrite


def make(desk: Desk, write: KeyWrite, replaces: str | None = None) -> tuple[KeyRow, str]:
    """Create a key; returns its row and the key to be sent. `replaces`: id of the key that it follows."""
    refuse(desk, write)
    refuse_confidential(desk, write.role, write.scopes)
    key = authentication.new_key()
    row = KeyRow(
        id=new_id("key"), hash=authentication.hash_of(key), hint=key[-4:], role=write.role,
        partner=write.partner, name=write.name, scopes=sorted(write.scopes),
        networks=write.networks, replaces=replaces, expires_at=write.expires_at,
        created_at=desk.now, modified_at=desk.now,
    )  # fmt: skip
    desk.session.add(row)
    desk.record("created", "key", row.id)
    return row, key


def refuse(desk: Desk, write: KeyWrite | KeyChange) -> None:
    """Raise 422 for an expiry in the past or a malformed partner slug."""
    faults = Faults()
    if write.expires_at and write.expires_at <= desk.now:
        faults.add("#/expires_at", "This moment has passed.")
    partner = getattr(write, "partner", None)
    if partner and (wrong := slugs.fault(partner)):
        faults.add("#/partner", wrong)
    faults.refuse()


def refuse_confidential(desk: Desk, role: str, scopes: Sequence[str]) -> None:
    """Raise unless the caller may grant `sources:confidential`: it is for editors, and only a key
    that has it grants it."""
    if CONFIDENTIAL not in scopes:
        return
    if RANKS[role] < RANKS["editor"]:
        raise Unprocessable.at(
            "#/scopes", f"The scope {CONFIDENTIAL} is for editors and administrators."
        )
    if desk.caller.key_id is not None:
        desk.caller.need_confidential()


def get(desk: Desk, id: str, lock: bool = True) -> KeyRow:
    """The key with this id, locked unless `lock` is false; else 404."""
    statement = select(KeyRow).where(KeyRow.id == id)
    row = desk.session.exec(statement.with_for_update() if lock else statement).first()
    if row is None:
        raise NotFound(f"There is no key {id!r}.")
    return row


def find(desk: Desk) -> list[KeyRow]:
    """Every key, the newest first."""
    return list(desk.session.exec(select(KeyRow).order_by(col(KeyRow.id).desc())))


def change(desk: Desk, row: KeyRow, sent: KeyChange, names: set[str]) -> KeyRow:
    """Change the fields with these names. `sent` has their values."""
    check_version(desk, row.version)
    if "expires_at" in names:
        refuse(desk, sent)
    if "scopes" in names and CONFIDENTIAL not in row.scopes:
        refuse_confidential(desk, row.role, sent.scopes)
    for name in names - {"disabled"}:
        setattr(row, name, getattr(sent, name))
    if "disabled" in names:
        row.disabled_at = (row.disabled_at or desk.now) if sent.disabled else None
    return save(desk, row, "updated")


def rotate(desk: Desk, row: KeyRow, overlap: int) -> tuple[KeyRow, str]:
    """Create a key for the same holder; the old key works for another `overlap` seconds. Returns what `make`
    does."""
    if row.disabled_at or (row.expires_at and row.expires_at <= desk.now):
        raise Conflict(f"{row.id} works no longer; make a new key.")
    end = desk.now + timedelta(seconds=overlap)
    write = KeyWrite.model_validate({
        "role": row.role, "name": row.name, "partner": row.partner, "scopes": row.scopes,
        "networks": row.networks, "expires_at": row.expires_at,
    })  # fmt: skip
    row.expires_at = min(end, row.expires_at) if row.expires_at else end
    save(desk, row, "rotated")
    return make(desk, write, replaces=row.id)


def disable(desk: Desk, row: KeyRow) -> KeyRow:
    """Disable a key. Raises 409 if it is disabled already."""
    check_version(desk, row.version)
    if row.disabled_at:
        raise Conflict(f"{row.id} is disabled already.")
    row.disabled_at = desk.now
    return save(desk, row, "disabled")


def save(desk: Desk, row: KeyRow, what: str) -> KeyRow:
    """Raise the version, set `modified_at` and record the change `what`."""
    row.version += 1
    row.modified_at = desk.now
    desk.session.add(row)
    desk.record(what, "key", row.id)
    return row


def to_json(desk: Desk, row: KeyRow) -> Json:
    """Key as JSON."""

    return {
        "id": row.id, "role": row.role, "partner": row.partner, "name": row.name,
        "hint": row.hint, "scopes": row.scopes, "networks": row.networks,
        "replaces": row.replaces, "disabled": row.disabled_at is not None,
        "version": row.version, "created_at": timestamp(row.created_at),
        "modified_at": timestamp(row.modified_at), "expires_at": optional_timestamp(row.expires_at),
        "last_used_at": optional_timestamp(row.last_used_at),
        "links": {"self": urls.api(desk.settings, "keys", row.id)},
    }  # fmt: skip
