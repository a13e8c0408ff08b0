"""The states of a story as resources: what is put, and what a GET gives."""

from pydantic import Field as Say

from app.models.base import In, Moment, Out, Stamp
from app.models.card import State


class Publication(In):
    """A publication; what is left out is now, or what the story brought along."""

    published_at: Moment | None = Say(default=None, description="The time that readers see.")


class Schedule(In):
    """When a story is to come out by itself."""

    at: Moment = Say(description="RFC 3339 with its offset; it lies ahead.")


class Embargo(In):
    """Until when nobody may see a story, published or not."""

    until: Moment = Say(description="RFC 3339 with its offset; it lies ahead.")


class Expiry(In):
    """When a story goes by itself."""

    at: Moment = Say(description="RFC 3339 with its offset; it lies ahead.")


class StateNow(Out):
    """Of which story, and what state it is in now."""

    article: str
    state: State


class PublicationNow(StateNow):
    """A publication."""

    published_at: Stamp
    first_published_at: Stamp


class ScheduleNow(StateNow):
    """A schedule that waits."""

    at: Stamp


class EmbargoNow(StateNow):
    """An embargo that holds."""

    until: Stamp


class ExpiryNow(StateNow):
    """An end, ahead or passed."""

    at: Stamp
