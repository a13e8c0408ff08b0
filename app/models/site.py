"""What the API says of itself."""

from typing import Literal

from pydantic import Field as Say

from app.models.base import Out
from app.models.purge import Lag


class Language(Out):
    lang: str
    dir: Literal["rtl", "ltr"]


class Api(Out):
    """The installation: its name, languages and time zone, where its lists are, how far its log is."""

    name: str
    logo: str | None
    release: str
    change: int = Say(description="The number of the log's last change.")
    languages: list[Language] = Say(description="The first is the default.")
    timezone: str
    site_url: str
    links: dict[str, str]


class Health(Out):
    status: Literal["ok"]


class Readiness(Health):
    change: int
    search: Literal["ok", "making", "mismatch"] = Say(
        description="`mismatch`: the index is of another release's analysis, and `q` is refused until"
        " `isnad reindex` has run; `making`: it is being made anew, and `q` is answered."
    )
    cache: Literal["ok", "off", "unreachable", "behind", "clock"] = Say(
        description="The response cache. It stands aside, and answers are made anew, while it can't"
        " tell what has changed: `unreachable`, the database can't be asked; `behind`, it has not"
        " answered for too long; `clock`, the clock was put back. `off`: it has no room."
    )
    purge: list[Lag] = Say(
        description="The caches in front that are told what changes. A lag takes nobody out of"
        " service: other servers would lag as well."
    )


class ProblemType(Out):
    """What the `type` of a problem means."""

    code: str
    status: int
    title: str


class Fault(Out):
    """One thing that is wrong, and where: a parameter or header, or a JSON pointer into the body."""

    detail: str
    parameter: str = Say(default="")
    pointer: str = Say(default="")


class Problem(Out):
    """Every error. RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    code: str = Say(description="Never changes: what programs ask for.")
    errors: list[Fault]
    request_id: str
