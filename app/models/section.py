"""Sections, tags and contributors: where a story stands, what it is about, who made it."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field as Say
from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from app.models.base import Code, Json, Names, Out, Stamp, UTCDateTime, new_id


class SectionRow(SQLModel, table=True):
    """A place in the tree. `path` is its own slug behind its parent's path: `world/asia`."""

    __tablename__ = "section"
    id: str = Field(default_factory=lambda: new_id("sec"), primary_key=True, sa_type=Code)
    parent_id: str | None = Field(default=None, foreign_key="section.id", sa_type=Code, index=True)
    slug: str = Field(sa_type=Code)
    path: str = Field(sa_type=Code, unique=True)
    name: Any = Field(sa_type=Json, nullable=False)
    description: Any = Field(default_factory=dict, sa_type=Json, nullable=False)
    position: int = 0
    created_at: datetime = Field(sa_type=UTCDateTime)
    version: int = 1
    modified_at: datetime = Field(sa_type=UTCDateTime)


class TagRow(SQLModel, table=True):
    __tablename__ = "tag"
    id: str = Field(default_factory=lambda: new_id("tag"), primary_key=True, sa_type=Code)
    slug: str = Field(sa_type=Code, unique=True)
    type: str = Field(sa_type=Code)
    name: Any = Field(sa_type=Json, nullable=False)
    wikidata: str | None = None
    mediatopic: str | None = Field(default=None, description="IPTC Media Topics URI.")
    same_as: Any = Field(default_factory=list, sa_type=Json, nullable=False)
    created_at: datetime = Field(sa_type=UTCDateTime)
    version: int = 1
    modified_at: datetime = Field(sa_type=UTCDateTime)


class ContributorRow(SQLModel, table=True):
    """A person or desk."""

    __tablename__ = "contributor"
    id: str = Field(default_factory=lambda: new_id("con"), primary_key=True, sa_type=Code)
    slug: str = Field(sa_type=Code, unique=True)
    name: Any = Field(sa_type=Json, nullable=False)
    title: Any = Field(default_factory=dict, sa_type=Json, nullable=False)
    biography: Any = Field(default_factory=dict, sa_type=Json, nullable=False)
    image_id: str | None = Field(default=None, foreign_key="image.id", sa_type=Code)
    same_as: Any = Field(default_factory=list, sa_type=Json, nullable=False)
    created_at: datetime = Field(sa_type=UTCDateTime)
    version: int = 1
    modified_at: datetime = Field(sa_type=UTCDateTime)


class FormerSlug(SQLModel, table=True):
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
