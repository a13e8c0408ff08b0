"""Keys: who may ask, as what, from where, until when. docs/roles.md."""

from datetime import datetime
from enum import StrEnum
from ipaddress import ip_network
from typing import Annotated, Any

from pydantic import AfterValidator
from pydantic import Field as Say
from sqlmodel import Field

from app.models.base import Code, In, JsonText, Moment, Out, Stamp, Table, UTCDateTime, new_id


class KeyRole(StrEnum):
    """What a key makes of its holder, each with all that those before it may."""

    reader = "reader"
    partner = "partner"
    editor = "editor"
    admin = "admin"


class Scope(StrEnum):
    """What a key is for; a key without scopes may do all that its role may, but for
    `sources:confidential`, which is always named."""

    read = "read"
    write = "write"
    publish = "publish"
    withdraw = "withdraw"
    keys = "keys"
    confidential = "sources:confidential"


class KeyRow(Table, table=True):
    """A key as it is kept: its SHA-256, never itself."""

    __tablename__ = "api_key"

    id: str = Field(default_factory=lambda: new_id("key"), primary_key=True, sa_type=Code)
    hash: str = Field(sa_type=Code, unique=True, description="SHA-256 of the key, hexadecimal.")
    hint: str = Field(description="Its last four letters, to tell keys apart.")
    role: str = Field(sa_type=Code)
    partner: str | None = Field(default=None, sa_type=Code, index=True)
    name: str | None = None
    scopes: Any = Field(default_factory=list, sa_type=JsonText, nullable=False)
    networks: Any = Field(default_factory=list, sa_type=JsonText, nullable=False)
    replaces: str | None = Field(default=None, sa_type=Code, description="The key it rotates.")
    version: int = 1
    created_at: datetime = Field(sa_type=UTCDateTime)
    modified_at: datetime = Field(sa_type=UTCDateTime)
    expires_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    disabled_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    last_used_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


def a_network(given: str) -> str:
    return str(ip_network(given, strict=False))


Network = Annotated[str, AfterValidator(a_network)]


class KeyWrite(In):
    """A key as an administrator asks for it."""

    role: KeyRole
    name: str | None = Say(default=None, max_length=200)
    partner: str | None = Say(default=None, max_length=80, description="Slug of its holder.")
    scopes: list[Scope] = Say(
        default=[],
        description="Empty: all that the role may do, but for `sources:confidential`.",
    )
    networks: list[Network] = Say(
        default=[], max_length=50, description="Addresses it may be used from, as CIDR; empty: any."
    )
    expires_at: Moment | None = None


class KeyChange(In):
    """What can be changed of a key."""

    name: str | None = Say(default=None, max_length=200)
    scopes: list[Scope] = []
    networks: list[Network] = Say(default=[], max_length=50)
    expires_at: Moment | None = None
    disabled: bool = False


class Rotation(In):
    """How long the old key goes on working beside the new one."""

    overlap: int = Say(default=86_400, ge=0, le=7_776_000, description="Seconds.")


class Key(Out):
    """A key, without what it is sent as: that is shown once, when it is made."""

    id: str
    role: KeyRole
    partner: str | None
    name: str | None
    hint: str
    scopes: list[Scope]
    networks: list[str]
    replaces: str | None
    disabled: bool
    version: int
    created_at: Stamp
    modified_at: Stamp
    expires_at: Stamp | None
    last_used_at: Stamp | None = Say(description="To the minute.")
    links: dict[str, str]


class KeySaved(Key):
    """A key as it is after a change."""

    warnings: list[str]


class KeyMade(KeySaved):
    """A new key: `key` is shown this once."""

    key: str
