"""Names of sections, tags, sources and contributors as filters give them: the ids of known ones, the
names near an unknown one."""

from collections.abc import Sequence

from app.access.authentication import Caller
from app.db.dialects import Dialect
from app.queries.visibility import reviewed, shown
from app.request.filters import NOUNS, Filter, Values

Name = tuple[str, str]
"""A kind of catalog item, and the id, slug or path by which one is named."""
Ids = dict[Name, str | None]
"""The id of each name; None where the caller knows no such item."""
NEIGHBOURS = 50
"""Names on either side of an unknown one, in order of letters, that are compared with it."""


def id_by_name(kind: str, name: str, folded: str) -> str:
    """SQL for the id of a catalog item by id, slug or path, or by a former one. `name`, `folded`:
    SQL expressions of the name as given and case-folded."""
    return (
        f"(SELECT coalesce((SELECT id FROM {kind} WHERE {NOUNS[kind]} = {name} OR id = {name}),"
        f" (SELECT n.id FROM former_slug f JOIN {kind} n ON n.id = f.object_id"
        f" WHERE f.noun = '{kind}' AND f.slug = {folded})))"
    )


def names_in(filter: Filter) -> list[Name]:
    """The names in a filter, each once. Those of sources come without their role."""
    pairs = [(kind, one) for kind, _, values in filter.terms for one in values]
    return list(dict.fromkeys(
        (kind, one.partition(":")[0] if kind == "source" else one) for kind, one in pairs
    ))  # fmt: skip


def kinds_of(names: Sequence[Name]) -> list[str]:
    """The kinds of these names, each once."""
    return list(dict.fromkeys(kind for kind, _ in names))


def id_columns(
    caller: Caller, dialect: Dialect, names: Sequence[Name], values: Values
) -> list[str]:
    """SQL columns, one for each of `kinds_of(names)`: a JSON object with the id of each name, null
    where the caller may not know the item. A tag that only a draft has is as unknown as any other."""
    columns = []
    for kind in kinds_of(names):
        given = [name for its, name in names if its == kind]
        values |= {f"t_{kind}": given, f"k_{kind}": [name.casefold() for name in given]}
        id = id_by_name(kind, "x.name", "x.folded")
        one = f"SELECT n.id FROM {kind} n WHERE n.id = {id} AND {may_know(caller, kind)}"
        columns.append(dialect.by_name(one, f"t_{kind}", f"k_{kind}"))
    return columns


def neighbours(caller: Caller, kinds: Sequence[str]) -> str:
    """SQL for the names next to `:name0`, `:name1` … that the caller may know. Rows of an index into
    `kinds` and a name. Neighbours, because Arabic names begin alike: the first of a letter are
    seldom near."""
    return " UNION ALL ".join(neighbours_of(caller, kind, at) for at, kind in enumerate(kinds))


def neighbours_of(caller: Caller, kind: str, at: int) -> str:
    """The same for one name."""
    name = NOUNS[kind]
    sides = [
        f"SELECT * FROM (SELECT * FROM {kind} WHERE {name} {sign} :name{at}"
        f" ORDER BY {name} {order} LIMIT {NEIGHBOURS}) {side}"
        for side, sign, order in (("above", "<", "DESC"), ("below", ">=", "ASC"))
    ]
    both = " UNION ALL ".join(sides)
    return f"SELECT {at}, n.{name} FROM ({both}) n WHERE {may_know(caller, kind)}"


def may_know(caller: Caller, kind: str) -> str:
    """SQL for "the caller may know that the catalog item `n` exists"."""
    if kind == "section":
        return "1 = 1"
    if kind == "source":  # no caller finds articles by a confidential source
        return f"({reviewed(caller, 'n')} AND NOT n.confidential)"
    return f"({shown(caller, 'n.id')})"
