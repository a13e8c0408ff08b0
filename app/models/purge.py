"""How far each cache in front of us has been told what changed."""

from datetime import datetime

from pydantic import Field as Say
from sqlmodel import Field

from app.models.base import Code, Out, Table, UTCDateTime


class PurgeCursor(Table, table=True):
    """A target's place in the log. Whoever holds its lease sends; only a 2xx moves it."""

    __tablename__ = "purge_cursor"

    target: str = Field(primary_key=True, sa_type=Code, description="Kind, and a hash of where.")
    seq: int = Field(description="Every row up to this one was sent.")
    again_from: int | None = Field(default=None, description="Rows behind this one, and")
    again_to: int | None = Field(default=None, description="up to this one, are sent once more")
    again_at: datetime | None = Field(default=None, sa_type=UTCDateTime, description="from now on.")
    holder: str | None = Field(default=None, sa_type=Code)
    leased_until: datetime = Field(sa_type=UTCDateTime)
    not_before: datetime = Field(sa_type=UTCDateTime, description="After a failure: not sooner.")
    failures: int = 0
    error: str | None = Field(default=None, sa_type=Code, description="Class of the last failure.")


class Lag(Out):
    """A cache that is told what changes, and how far behind it is."""

    target: str = Say(description="Its kind; a number behind it where there are several.")
    rows: int = Say(description="Rows of the log that it hasn't been told of.")
    seconds: float = Say(description="How long the first of them has waited.")
    error: str | None = Say(description="Class of the last failure, until a call succeeds.")
