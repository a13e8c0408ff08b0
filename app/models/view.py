"""Views: what readers' browsers tell of what was opened, with nothing of who they are."""

from datetime import datetime

from pydantic import Field as Say
from sqlmodel import Field

from app.models.base import Code, In, Table, UTCDateTime

MOST_VIEWS = 50


class StoryView(Table, table=True):
    """A view: of one story by one visitor in one hour, once. `visitor` is of no use to anybody who
    hasn't the day's salt, and differs from story to story."""

    __tablename__ = "story_view"

    hour: datetime = Field(primary_key=True, sa_type=UTCDateTime)
    article_id: str = Field(primary_key=True, sa_type=Code)
    visitor: str = Field(primary_key=True, sa_type=Code)
    event: str | None = Field(default=None, sa_type=Code, unique=True, description="Of its id.")
    referrer: str | None = Field(default=None, description="The host that led here.")
    at: datetime = Field(sa_type=UTCDateTime)


class StoryViewHour(Table, table=True):
    """How many views a story had in an hour: what counting `story_view` gives."""

    __tablename__ = "story_view_hour"

    hour: datetime = Field(primary_key=True, sa_type=UTCDateTime)
    article_id: str = Field(primary_key=True, sa_type=Code)
    views: int


class StoryViewDay(Table, table=True):
    """The same of a day (UTC)."""

    __tablename__ = "story_view_day"

    day: datetime = Field(primary_key=True, sa_type=UTCDateTime)
    article_id: str = Field(primary_key=True, sa_type=Code)
    views: int


class ViewSalt(Table, table=True):
    """The day's salt. Without it, and the next day nobody has it, no visitor is known again."""

    __tablename__ = "story_view_salt"

    day: str = Field(primary_key=True, sa_type=Code)
    salt: str = Field(sa_type=Code)


class ViewWrite(In):
    """A story was opened."""

    article: str = Say(min_length=1, max_length=200, description="Id or slug.")
    id: str | None = Say(
        None, min_length=1, max_length=100, description="Of this view: sent twice it counts once."
    )
    referrer: str | None = Say(
        None, max_length=2000, description="The page that led here; its host alone is kept."
    )


class ViewsWrite(In):
    """Several at once."""

    views: list[ViewWrite] = Say(min_length=1, max_length=MOST_VIEWS)
