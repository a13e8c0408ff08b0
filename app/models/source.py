"""Sources, attributions and dispatches: the chain (isnad) of who said what, from whom."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator
from pydantic import Field as Say
from sqlalchemy import Index
from sqlmodel import Field

from app.models.base import (
    Code,
    In,
    JsonText,
    Moment,
    Names,
    Out,
    Saved,
    Stamp,
    Table,
    UTCDateTime,
    new_id,
)
from app.models.validated_text import Address, Country, Elsewhere, Language, Line, Lines, each_once

FOR_EDITORS = "Null unless the caller is an editor."


class SourceKind(StrEnum):
    agency = "agency"
    outlet = "outlet"
    official = "official"
    person = "person"
    document = "document"
    social = "social"
    house = "house"
    generic = "generic"


class Role(StrEnum):
    """What a source did for the story."""

    origin = "origin"
    reported = "reported"
    relayed = "relayed"
    translated = "translated"
    compiled = "compiled"
    quoted = "quoted"
    photographed = "photographed"


CONFIDENTIAL = "confidential_source"
"""The noun under which the log and the index of names have a confidential source."""


class SourceRow(Table, table=True):
    """Who said it. `credit` is its form in a credit line where that differs from its name."""

    __tablename__ = "source"
    __table_args__ = (
        Index("ix_source_created_at_id", "created_at", "id"),
        Index("ix_source_modified_at_id", "modified_at", "id"),
    )
    id: str = Field(default_factory=lambda: new_id("src"), primary_key=True, sa_type=Code)
    slug: str = Field(sa_type=Code, unique=True)
    kind: str = Field(sa_type=Code)
    name: Any = Field(sa_type=JsonText, nullable=False)
    credit: Any = Field(default_factory=dict, sa_type=JsonText, nullable=False)
    aliases: Any = Field(default_factory=list, sa_type=JsonText, nullable=False)
    country: str | None = Field(default=None, description="ISO 3166-1 alpha-2.")
    site: str | None = None
    same_as: Any = Field(default_factory=list, sa_type=JsonText, nullable=False)
    upstream: Any = Field(
        default_factory=dict, sa_type=JsonText, nullable=False,
        description="What becomes of what rests on an item that it corrects or kills.",
    )  # fmt: skip
    needs_review: bool = Field(default=False, description="Made by an import, unseen by the desk.")
    confidential: bool = Field(
        default=False, description="Only keys with a scope of their own read its name."
    )
    public_label: Any = Field(
        default_factory=dict, sa_type=JsonText, nullable=False,
        description="What everybody else reads in place of the name, by language.",
    )  # fmt: skip
    opaque_key: str | None = Field(
        default=None, description="What ids of a confidential source are made with, hexadecimal."
    )
    created_at: datetime = Field(sa_type=UTCDateTime)
    version: int = 1
    modified_at: datetime = Field(sa_type=UTCDateTime)


class SourceAlias(Table, table=True):
    """A folded name that resolves to a source: what imports look up."""

    __tablename__ = "source_alias"

    folded: str = Field(primary_key=True, sa_type=Code)
    source_id: str = Field(foreign_key="source.id", sa_type=Code, index=True)


class DispatchRow(Table, table=True):
    """An item of a source as we received it; many articles may rest on one."""

    __tablename__ = "dispatch"
    __table_args__ = (
        Index("uq_dispatch_source_id_item_id", "source_id", "item_id", unique=True),
        Index("ix_dispatch_received_at_id", "received_at", "id"),
        Index("ix_dispatch_modified_at_id", "modified_at", "id"),
    )

    id: str = Field(default_factory=lambda: new_id("dsp"), primary_key=True, sa_type=Code)
    source_id: str = Field(foreign_key="source.id", sa_type=Code)
    item_id: str = Field(sa_type=Code, description="The agency's own id of the item.")
    item_version: str | None = None
    via_id: str | None = Field(
        default=None, foreign_key="dispatch.id", sa_type=Code, index=True,
        description="The dispatch that this one passes on.",
    )  # fmt: skip
    headline: str | None = None
    lang: str | None = None
    url: str | None = None
    sent_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    withdrawn: str | None = Field(default=None, sa_type=Code, description="kill or vanish")
    source_status: str | None = Field(default=None, sa_type=Code, description="corrected, killed")
    source_status_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    source_status_note: str | None = None
    received_at: datetime = Field(sa_type=UTCDateTime)
    version: int = 1
    modified_at: datetime = Field(sa_type=UTCDateTime)


class AttributionRow(Table, table=True):
    """A link of the chain as a row, for questions; the version's JSON has the same."""

    __tablename__ = "attribution"
    __table_args__ = (
        Index("ix_attribution_source_id_article_id", "source_id", "article_id"),
        Index("ix_attribution_dispatch_id_article_id", "dispatch_id", "article_id"),
    )

    article_id: str = Field(foreign_key="article.id", primary_key=True, sa_type=Code)
    id: str = Field(primary_key=True, sa_type=Code)
    source_id: str = Field(foreign_key="source.id", sa_type=Code)
    role: str = Field(sa_type=Code)
    scope: str = Field(sa_type=Code, description="article, block or image")
    scope_id: str = Field(sa_type=Code)
    via: str | None = Field(default=None, sa_type=Code)
    dispatch_id: str | None = Field(default=None, foreign_key="dispatch.id", sa_type=Code)


class Upstream(In):
    """What becomes of what rests on an item that the source corrects or kills: it is flagged;
    flagged and withheld; or flagged and the story unpublished for review."""

    corrected: Literal["flag", "hold", "withdraw"] = "flag"
    killed: Literal["flag", "hold", "withdraw"] = "flag"


class SourceRef(Out):
    id: str
    slug: str
    kind: str
    name: Names
    url: str | None = Say(description="The source's own site.")
    confidential: bool = Say(
        description="The name is the desk's words for it, and the id is of this story alone."
    )


class Source(SourceRef):
    """A source with everything that is known of it."""

    credit: Names = Say(description="Its form in a credit line, by language.")
    aliases: list[str]
    country: str | None
    same_as: list[str]
    upstream: "Upstream | None" = Say(description=FOR_EDITORS)
    needs_review: bool | None = Say(description=FOR_EDITORS)
    public_label: Names | None = Say(
        description="The words that stand in place of the name; null without the scope"
        " `sources:confidential`."
    )
    version: int
    created_at: Stamp
    modified_at: Stamp
    links: dict[str, str]


ScopeKind = Literal["article", "block", "image"]


class Attribution(Out):
    """A link of the chain: who, in what role, for which part, through whom."""

    id: str
    role: Role
    source: SourceRef
    scope: dict[ScopeKind, str] = Say(
        description="One key: what it speaks for, and its id.", examples=[{"block": "b4"}]
    )
    via: str | None = Say(description="The id of the attribution that it came through.")
    dispatch_id: str | None = Say(description=FOR_EDITORS)
    url: str | None
    stated_at: Stamp | None
    note: str | None = Say(description=FOR_EDITORS)
    source_status: Literal["corrected", "killed"] | None = Say(
        description="What the source did to the dispatch, or to one that it came through."
    )


class AttributionWrite(In):
    """A link of the chain as the desk sends it. `source`: id, slug, or name in the catalogue."""

    id: str | None = Say(default=None, max_length=40, pattern=r"^[A-Za-z0-9_-]+$")
    role: Role = Role.reported
    source: "str | SourceRefWrite"
    scope: dict[ScopeKind, str] | None = Say(
        default=None, description="Left out: the whole article."
    )
    via: str | None = None
    dispatch_id: str | None = None
    url: str | None = None
    stated_at: Moment | None = None
    note: str | None = None


class SourceRefWrite(In):
    """A source named by the object that a read gave: only `id` or `slug` is looked at."""

    id: str | None = None
    slug: str | None = None
    kind: str | None = None
    name: Names | None = None
    url: str | None = None
    confidential: bool | None = None


class Dependent(Out):
    """Something that rests on a source or a dispatch."""

    scope: ScopeKind
    id: str = Say(description="Id of the article, block or image.")
    article: "ArticleRef"
    role: Role
    attribution: str
    through: list[str] = Say(
        description="Attribution ids from this one to the one that names the source; empty: direct."
    )


class ArticleRef(Out):
    id: str
    lang: str
    slug: str
    headline: str
    url: str


class DispatchCard(Out):
    """An item of a source, as lists show it."""

    id: str
    source: SourceRef
    item_id: str | None = Say(description=f"The agency's own id of the item. {FOR_EDITORS}")
    item_version: str | None = Say(description=FOR_EDITORS)
    via: str | None = Say(
        description="Id of the dispatch that this one passes on; null where the caller may not see it."
    )
    headline: str | None
    lang: str | None
    url: str | None
    sent_at: Stamp | None
    source_status: Literal["corrected", "killed"] | None
    source_status_at: Stamp | None
    source_status_note: str | None = Say(description=FOR_EDITORS)
    version: int
    received_at: Stamp
    modified_at: Stamp
    links: dict[str, str]


class Dispatch(DispatchCard):
    """An item of a source, and what rests on it."""

    dependents: list[Dependent] = Say(
        description="The first 100, the story made last first; `links.dependents` has all of them."
    )
    dependents_next: str | None = Say(
        description="`cursor` for `links.dependents` of the rest; null where all are here."
    )


class SourceWrite(In):
    """A source as the desk sends it."""

    never_cleared: ClassVar[tuple[str, ...]] = ("slug", "confidential", "needs_review")

    slug: str | None = Say(
        default=None, description="Left out: made from the name in the default language."
    )
    kind: SourceKind
    name: Lines
    credit: Lines = Say(default={}, description="Its form in a credit line, where it is another.")
    aliases: Annotated[list[Line], AfterValidator(each_once)] = Say(
        default=[], max_length=100, description="Other names that imports find it by."
    )
    country: Country | None = None
    url: Address | None = Say(default=None, description="The source's own site.")
    same_as: Elsewhere = []
    needs_review: bool = Say(
        default=True,
        description="False when an editor has looked at it. Until then only callers who see an article"
        " that names the source see the source.",
    )
    confidential: bool = Say(
        default=False,
        description="Only keys with the scope `sources:confidential` read its name from now on.",
    )
    public_label: Lines = Say(
        default={}, description="The words that stand in place of a confidential source's name."
    )


class DispatchWrite(In):
    """An item of a source as the desk sends it."""

    source: str = Say(description="Id, slug, or a name that it is known by.")
    item_id: Line
    item_version: Line | None = None
    via: str | None = Say(default=None, description="Id of the dispatch that this one passes on.")
    headline: Line | None = None
    lang: Language | None = None
    url: Address | None = None
    sent_at: Moment | None = None


class SourceSaved(Source, Saved):
    """A source as it is after a write."""


class DispatchSaved(Dispatch, Saved):
    """A dispatch as it is after a write."""


AttributionWrite.model_rebuild()
Dependent.model_rebuild()
Dispatch.model_rebuild()
