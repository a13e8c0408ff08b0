"""Previews: a token shows one story as it would be published, for a while, without an account."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field as Say
from sqlmodel import Field

from app.models.base import Code, In, Out, Stamp, Table, UTCDateTime, new_id

DAY = 86_400
PREFIX = "isp_"
"""How the token of a preview begins."""

Which = Annotated[int, Say(ge=1, le=2**31 - 1)] | Literal["latest"]


class PreviewRow(Table, table=True):
    """A preview as it is kept: its token's SHA-256, never the token."""

    __tablename__ = "preview"

    id: str = Field(default_factory=lambda: new_id("pre"), primary_key=True, sa_type=Code)
    article_id: str = Field(foreign_key="article.id", sa_type=Code, index=True)
    hash: str = Field(sa_type=Code, unique=True, description="SHA-256 of the token, hexadecimal.")
    version: int | None = Field(default=None, description="Null: the newest when it is read.")
    created_at: datetime = Field(sa_type=UTCDateTime)
    created_by: str | None = None
    expires_at: datetime = Field(sa_type=UTCDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class PreviewWrite(In):
    """A preview as the desk asks for it."""

    version: Which = Say(default="latest", description="`latest`: the newest when it is read.")
    expires_in: int = Say(default=3600, ge=1, le=DAY, description="Seconds.")


class Preview(Out):
    """A preview, without its token: that is shown once, when it is made."""

    id: str
    version: Which
    created_at: Stamp
    created_by: str | None = Say(description="The key that made it.")
    expires_at: Stamp
    revoked_at: Stamp | None


class PreviewMade(Out):
    """A new preview: `token` is shown this once."""

    id: str
    version: Which
    token: str
    api_url: str = Say(description="Where the story is read with this token.")
    site_url: str | None = Say(description="Its page on the site, by ISNAD_PREVIEW_URL.")
    expires_at: Stamp
    warnings: list[str]
