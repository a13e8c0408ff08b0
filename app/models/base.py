"""What every table shares: ids, column types that behave alike on both databases, languages."""

import os
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, ClassVar

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints
from pydantic import Field as Say
from pydantic.functional_serializers import PlainSerializer
from sqlalchemy import DateTime, String, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import SQLModel
from sqlmodel._compat import SQLModelConfig

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
SQLModel.metadata.naming_convention = NAMING

RIGHT_TO_LEFT = frozenset({"ar", "fa", "ur", "he", "ps", "ug", "ckb", "sd", "dv", "yi"})
FOREVER = datetime(9999, 12, 31, tzinfo=UTC)
MILLENNIUM, MICROSECOND = datetime(2000, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
ENDING = "valid_until < '9999-12-31T00:00:00.000000Z'"
"""SQL for what the clock makes wrong one day; an index has those rows alone."""

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def letters(number: int, count: int) -> str:
    """The lowest `count` × 5 bits of a number, as ids are written."""
    return "".join(ALPHABET[number >> shift & 31] for shift in range(5 * (count - 1), -1, -5))


def new_id(prefix: str) -> str:
    """A new id such as `art_01jcs…`: 48 bits of time, 80 of chance, sortable by birth."""
    number = (time.time_ns() // 1_000_000 << 80) | int.from_bytes(os.urandom(10))
    return f"{prefix}_{letters(number, 26)}"


def direction(lang: str | None) -> str:
    """`rtl` or `ltr` of a BCP 47 language tag (standards: RFC 5646)."""
    return "rtl" if lang and lang.split("-")[0].lower() in RIGHT_TO_LEFT else "ltr"


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC with `Z`, whole seconds unless there are microseconds."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def optional_timestamp(moment: datetime | None) -> str | None:
    """The same of a time that may be missing."""
    return timestamp(moment) if moment else None


class UTCDateTime(TypeDecorator[datetime]):
    """Aware UTC in and out, to the microsecond; on SQLite text that sorts as time does."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        kind = Text() if dialect.name == "sqlite" else DateTime(timezone=True)
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time needs its zone")
        return sqlite_time(value) if dialect.name == "sqlite" else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return from_column(value)


def sqlite_time(moment: datetime) -> str:
    """A time as SQLite keeps it: text whose order is that of time."""
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return utc.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def postgresql_time(moment: datetime | bytes) -> bytes:
    """A time as PostgreSQL's protocol has it: microseconds since the year 2000, eight bytes."""
    if isinstance(moment, bytes):
        return moment
    return ((moment - MILLENNIUM) // MICROSECOND).to_bytes(8, signed=True)


def from_column(value: Any) -> datetime | None:
    """A time as any driver gives it, as aware UTC."""
    if value is None:
        return None
    if isinstance(value, bytes):
        return MILLENNIUM + MICROSECOND * int.from_bytes(value, signed=True)
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return moment.astimezone(UTC)


def time_of(value: Any) -> datetime:
    """What either driver gives for a time in a column that is never null."""
    moment = from_column(value)
    assert moment is not None
    return moment


class Table(SQLModel):
    """A row of a table."""

    model_config = SQLModelConfig(defer_build=True)

    def __setattr__(self, name: str, value: Any) -> None:
        """Set a column by SQLAlchemy alone. SQLModel sets it in pydantic's model too, which no code
        reads and which takes three times as long."""
        object.__setattr__(self, name, value)


class JsonText(TypeDecorator[Any]):
    """JSON kept as the same text on both databases."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else orjson.dumps(value).decode()

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else orjson.loads(value)


class Code(TypeDecorator[str]):
    """Text that is compared and ordered by code point, whatever the server's locale."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        collation = "C" if dialect.name == "postgresql" else None
        return dialect.type_descriptor(String(collation=collation))


class Out(BaseModel):
    """JSON that we send: every field present, nothing else."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class In(BaseModel):
    """JSON that we take: unknown fields are told, not dropped."""

    model_config = ConfigDict(extra="forbid", defer_build=True)

    never_cleared: ClassVar[tuple[str, ...]] = ()
    """Optional fields of a POST that a PUT or PATCH can change, but not set to null."""


def read_moment(value: Any) -> datetime:
    """A time with its offset, as UTC. No zone is guessed: where clocks are put back an hour comes
    twice, and where they are put forward one never comes."""
    if isinstance(value, str) and RFC3339.fullmatch(value):
        value = datetime.fromisoformat(value.upper())
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValueError("expected a time with its offset: 2026-11-20T10:00:00+02:00, or …Z")
    try:
        moment = value.astimezone(UTC)
    except OverflowError as wrong:
        raise ValueError("there is no such time in UTC") from wrong
    if not EARLIEST <= moment < FOREVER:
        raise ValueError(f"times lie from {timestamp(EARLIEST)} to {timestamp(FOREVER)}")
    return moment


RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,12})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
EARLIEST = datetime(1000, 1, 1, tzinfo=UTC)
"""Before it the year has fewer than four digits."""


class Saved(Out):
    """What the response to a write has besides the item itself."""

    rerendered: int = Say(description="How many stories show what was changed, and so change too.")
    warnings: list[str]


Moment = Annotated[datetime, BeforeValidator(read_moment)]
Stamp = Annotated[datetime, PlainSerializer(timestamp, return_type=str)]
Lang = Annotated[
    str,
    StringConstraints(
        pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$",
        max_length=35,
    ),
]
DisplayTag = Annotated[str, "as `display=` takes it"]
Words = Annotated[str, StringConstraints(min_length=1)]
Names = dict[Lang, Words]
"""A name by language: {"ar": "رويترز", "en": "Reuters"}; a missing language is absent."""


def pick(names: dict[str, str], lang: str, default: str) -> str:
    """The name in a language, else in the default language, else any."""
    return names.get(lang) or names.get(default) or next(iter(names.values()), "")


ENDLESS = (sqlite_time(FOREVER), postgresql_time(FOREVER))
"""For ever, as either driver gives it."""


def passed(value: Any, now: datetime) -> bool:
    """Whether a moment of a row, as its driver gives it, lies behind."""
    return value not in ENDLESS and time_of(value) <= now
