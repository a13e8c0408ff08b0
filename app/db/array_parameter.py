"""Lists in statements of the desk, bound as one parameter: such a statement is the same for a list of
any length, so that it is made once, as a constant. To build one costs more than to run it."""

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
    """A list as one parameter: an array on PostgreSQL, JSON on SQLite."""

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
    """A column that has one of the values of a list. It has no type: of a boolean SQLite would be asked
    whether it is 1, and would read the whole table for that."""

    inherit_cache = True


def among(column: Any, name: str = "ids", item: Item = Text) -> Among:
    """Whether a column has one of the values of the list that is bound by this name."""
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
