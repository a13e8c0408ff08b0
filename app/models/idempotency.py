"""What was answered to a write with an `Idempotency-Key`, for a day."""

from datetime import datetime
from typing import Any

from sqlalchemy import LargeBinary
from sqlmodel import Field

from app.models.base import Code, JsonText, Table, UTCDateTime


class IdempotencyRow(Table, table=True):
    """One response, stored in the transaction of its write. `slot` is a hash of the caller's key,
    the route and the `Idempotency-Key`; `body_hash` shows whether the repeat has the same
    body."""

    __tablename__ = "idempotency"

    slot: str = Field(primary_key=True, sa_type=Code)
    body_hash: str = Field(sa_type=Code)
    at: datetime = Field(sa_type=UTCDateTime, index=True)
    status: int
    headers: Any = Field(default_factory=dict, sa_type=JsonText, nullable=False)
    view: str | None = Field(
        default=None, description="Role and scopes of the caller: `editor read write`."
    )
    body: bytes = Field(sa_type=LargeBinary)
