"""`column IN (list)` with the list bound as one parameter. The SQL no longer depends on the list's
length, so statements are module constants; compiling one costs more than running it."""

from typing import Any

import orjson
from sqlalchemy import ARRAY, BigInteger, Text, bindparam
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

Item = type[Text] | type[BigInteger]


class Listed(TypeDecorator[Any]):
    """A list bound as one parameter: an array on PostgreSQL, JSON on SQLite."""

    impl = Text
    cache_ok = True

    def __init__(self, item: Item) -> None:
        super().__init__()
        self.item = item

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        kind: TypeEngine[Any] = Text() if dialect.name == "sqlite" else ARRAY(self.item)
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        found = list(value)
        return orjson.dumps(found).decode() if dialect.name == "sqlite" else found


class Among(FunctionElement[bool]):
    """The SQL expression `column IN (list)`. It has no type, because SQLAlchemy would compare a
    boolean with 1, and SQLite then scans the whole table."""

    inherit_cache = True


def among(column: Any, name: str = "ids", item: Item = Text) -> Among:
    """Build the condition that a column has one of the values of the list bound as `name`."""
    return Among(column, bindparam(name, type_=Listed(item)))


@compiles(Among, "postgresql")
def in_array(element: Among, compiler: SQLCompiler, **more: Any) -> str:
    column, given = element.clauses
    return f"{compiler.process(column, **more)} = ANY ({compiler.process(given, **more)})"


@compiles(Among, "sqlite")
def in_json(element: Among, compiler: SQLCompiler, **more: Any) -> str:
    column, given = element.clauses
    values = f"SELECT value FROM json_each({compiler.process(given, **more)})"
    return f"{compiler.process(column, **more)} IN ({values})"
