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


class among(FunctionElement[bool]):  # noqa: N801 - a function of SQL
    """Whether a column has one of the values of the list that is bound by this name. It has no type:
    of a boolean SQLite would be asked whether it is 1, and would read the whole table for that."""

    inherit_cache = True

    def __init__(self, column: Any, name: str = "ids", item: Item = Text) -> None:
        super().__init__(column, bindparam(name, type_=Listed(item)))


@compiles(among, "postgresql")
def in_array(element: among, compiler: SQLCompiler, **more: Any) -> str:
    column, given = element.clauses
    return f"{compiler.process(column, **more)} = ANY ({compiler.process(given, **more)})"


@compiles(among, "sqlite")
def in_json(element: among, compiler: SQLCompiler, **more: Any) -> str:
    column, given = element.clauses
    values = f"SELECT value FROM json_each({compiler.process(given, **more)})"
    return f"{compiler.process(column, **more)} IN ({values})"
