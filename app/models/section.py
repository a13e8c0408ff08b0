"""Sections, tags and contributors: where a story stands, what it is about, who made it."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from pydantic import Field as Say
from sqlalchemy import Index
from sqlmodel import Field

from app.models.base import Code, In, JsonText, Names, Out, Saved, Stamp, Table, UTCDateTime, new_id
from app.models.validated_text import Elsewhere, Lines, Texts


class SectionRow(Table, table=True):
    """A place in the tree. `path` is its own slug behind its parent's path: `world/asia`."""

    __tablename__ = "section"
    id: str = Field(default_factory=lambda: new_id("sec"), primary_key=True, sa_type=Code)
    parent_id: str | None = Field(default=None, foreign_key="section.id", sa_type=Code, index=True)
    slug: str = Field(sa_type=Code)
    path: str = Field(sa_type=Code, unique=True)
    name: Any = Field(sa_type=JsonText, nullable=False)
    description: Any = Field(default_factory=dict, sa_type=JsonText, nullable=False)
    position: int = 0
    created_at: datetime = Field(sa_type=UTCDateTime)
    version: int = 1
    modified_at: datetime = Field(sa_type=UTCDateTime)


class TagRow(Table, table=True):
    __tablename__ = "tag"
    __table_args__ = (
        Index("ix_tag_created_at_id", "created_at", "id"),
        Index("ix_tag_modified_at_id", "modified_at", "id"),
    )
    id: str = Field(default_factory=lambda: new_id("tag"), primary_key=True, sa_type=Code)
    slug: str = Field(sa_type=Code, unique=True)
    type: str = Field(sa_type=Code)
    name: Any = Field(sa_type=JsonText, nullable=False)
    wikidata: str | None = None
    mediatopic: str | None = Field(default=None, description="IPTC Media Topics URI.")
    same_as: Any = Field(default_factory=list, sa_type=JsonText, nullable=False)
    created_at: datetime = Field(sa_type=UTCDateTime)
    version: int = 1
    modified_at: datetime = Field(sa_type=UTCDateTime)


class ContributorRow(Table, table=True):
    """A person or desk."""

    __tablename__ = "contributor"
    __table_args__ = (
        Index("ix_contributor_created_at_id", "created_at", "id"),
        Index("ix_contributor_modified_at_id", "modified_at", "id"),
    )
    id: str = Field(default_factory=lambda: new_id("con"), primary_key=True, sa_type=Code)
    slug: str = Field(sa_type=Code, unique=True)
    name: Any = Field(sa_type=JsonText, nullable=False)
    title: Any = Field(default_factory=dict, sa_type=JsonText, nullable=False)
    biography: Any = Field(default_factory=dict, sa_type=JsonText, nullable=False)
    image_id: str | None = Field(default=None, foreign_key="image.id", sa_type=Code, index=True)
    same_as: Any = Field(default_factory=list, sa_type=JsonText, nullable=False)
    created_at: datetime = Field(sa_type=UTCDateTime)
    version: int = 1
    modified_at: datetime = Field(sa_type=UTCDateTime)


class FormerSlug(Table, table=True):
    """A slug or path that something had: it leads there for ever and is never given to another."""

    __tablename__ = "former_slug"
    __table_args__ = (Index("ix_former_slug_object_id", "object_id"),)

    noun: str = Field(primary_key=True, sa_type=Code)
    slug: str = Field(primary_key=True, sa_type=Code, description="Folded by case.")
    object_id: str = Field(sa_type=Code)
    since: datetime = Field(sa_type=UTCDateTime)


class TagType(StrEnum):
    keyword = "keyword"
    person = "person"
    place = "place"
    organisation = "organisation"
    event = "event"
    series = "series"


class ContributorRole(StrEnum):
    reporter = "reporter"
    editor = "editor"
    translator = "translator"
    photographer = "photographer"


class Ancestor(Out):
    path: str
    name: Names
    url: str


class SectionRef(Out):
    id: str
    path: str
    name: Names
    url: str
    ancestors: list[Ancestor] = Say(description="From the root down.")


class Section(SectionRef):
    slug: str
    parent: str | None = Say(description="The parent's path.")
    depth: int = Say(description="0 at the root.")
    description: Names
    position: int = Say(description="Its place among its siblings: smaller first.")
    version: int
    created_at: Stamp
    modified_at: Stamp
    links: dict[str, str]


class TagRef(Out):
    id: str
    slug: str
    type: TagType
    name: Names
    url: str


class Tag(TagRef):
    wikidata: str | None
    mediatopic: str | None
    same_as: list[str]
    version: int
    created_at: Stamp
    modified_at: Stamp
    links: dict[str, str]


class ContributorRef(Out):
    id: str
    slug: str
    role: ContributorRole
    name: Names
    title: Names
    url: str
    image: str | None = Say(description="URL of the portrait.")


class Contributor(Out):
    id: str
    slug: str
    name: Names
    title: Names
    biography: Names
    url: str
    image: str | None
    same_as: list[str]
    version: int
    created_at: Stamp
    modified_at: Stamp
    links: dict[str, str]


SLUG = Say(default=None, description="Left out: made from the name in the default language.")


class SectionWrite(In):
    """A section as the desk sends it."""

    never_cleared: ClassVar[tuple[str, ...]] = ("slug",)

    slug: str | None = SLUG
    parent: str | None = Say(default=None, description="Id or path; null: at the root.")
    name: Lines
    description: Texts = {}
    position: int = Say(default=0, ge=-1_000_000, le=1_000_000)


class TagWrite(In):
    """A tag as the desk sends it."""

    never_cleared: ClassVar[tuple[str, ...]] = ("slug",)

    slug: str | None = SLUG
    type: TagType = TagType.keyword
    name: Lines
    wikidata: str | None = Say(default=None, pattern=r"^Q[1-9][0-9]{0,11}$", examples=["Q822"])
    mediatopic: str | None = Say(
        default=None, pattern=r"^http://cv\.iptc\.org/newscodes/mediatopic/[0-9]{8}$",
        description="Its address in the IPTC Media Topics.",
        examples=["http://cv.iptc.org/newscodes/mediatopic/20000053"],
    )  # fmt: skip
    same_as: Elsewhere = []


class ContributorWrite(In):
    """A contributor as the desk sends it."""

    never_cleared: ClassVar[tuple[str, ...]] = ("slug",)

    slug: str | None = SLUG
    name: Lines
    title: Lines = {}
    biography: Texts = {}
    image: str | None = Say(default=None, description="The portrait: id of an image, or its URL.")
    same_as: Elsewhere = []


class SectionSaved(Section, Saved):
    """A section as it is after a write."""


class TagSaved(Tag, Saved):
    """A tag as it is after a write."""


class ContributorSaved(Contributor, Saved):
    """A contributor as it is after a write."""
