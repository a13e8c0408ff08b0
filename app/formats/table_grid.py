"""The grid of an HTML table: every row gets as many cells as the table has columns.

HTML, section 4.9.12 (forming a table). The text of a cell that spans several rows or columns is
in the first of its places; the others are empty, so that no figure is repeated or moved under
another heading. Columns in which no cell begins are left out.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from app.formats.markup_limits import TooMuch

MOST_ACROSS, MOST_DOWN = 1000, 65_534
"""Columns and rows that a cell may span. HTML, section 4.9.11."""
MOST_CELLS = 50_000
"""Cells of the tables of one body, the empty ones included."""


@dataclass
class Space:
    """How many cells the tables of a body may still have, and how many began so far."""

    left: int = MOST_CELLS
    begun: int = 0


DIGITS = re.compile(r"[ \t\n\r\f]*\+?(\d{1,9})")


class TooManyCells(TooMuch):
    """The grids of tables exceed `MOST_CELLS`."""

    def __init__(self) -> None:
        super().__init__(f"The tables of a body have at most {MOST_CELLS:,} cells in all.")


def check_cells(html: str) -> None:
    """Raise `TooManyCells` for HTML that says so before it is parsed, which takes long then."""
    if html.count("<td") + html.count("<th") - html.count("<thead") > MOST_CELLS:
        raise TooManyCells


@dataclass(slots=True)
class Cell:
    """A cell: its text, and how many columns and rows it spans. `down` is 0 if it spans the rest
    of its row group."""

    text: str
    across: int = 1
    down: int = 1


def span(given: str | None, most: int, least: int = 1) -> tuple[int, bool]:
    """Parse `colspan` or `rowspan`; return it with whether it was reduced to the allowed range.
    `least` is 0 for `rowspan`, where 0 has a meaning."""
    found = DIGITS.match(given or "")
    number = int(found[1]) if found else 1
    if number < least:
        number = 1
    return min(number, most), number > most


def grid(groups: Sequence[Sequence[Sequence[Cell]]], space: Space) -> list[list[str]]:
    """Return the rows of a table, all of one length, without rows in which no cell begins.
    `groups` are its row groups, at whose end spans end. Raises `TooManyCells`."""
    widest = max(map(len, chain.from_iterable(groups)), default=0)
    long = max((sum(one.down != 1 for row in group for one in row) for group in groups), default=0)
    placed = [row for group in groups for row in place(group, widest + long, space.left)]
    columns = sorted({column for row in placed for column in row})
    space.left -= len(placed) * len(columns)
    if space.left < 0:
        raise TooManyCells
    return [[row.get(column, "") for column in columns] for row in placed if row]


def place(group: Sequence[Sequence[Cell]], most_across: int, most: int) -> list[dict[int, str]]:
    """Return the cells of each row of a row group, by the column in which they begin. Spans are
    limited to `most_across`."""
    taken: dict[int, int] = {}  # the first row in which a column is free again
    rows: list[dict[int, str]] = []
    steps = 3 * most  # in all, so that overlapping spans cost no more than their cells
    for number, row in enumerate(group):
        at, cells = 0, dict[int, str]()
        for one in row:
            while taken.get(at, 0) > number:
                at, steps = at + 1, steps - 1
            cells[at] = one.text
            across = min(one.across, most_across)
            steps -= across
            if steps < 0:
                raise TooManyCells
            end = len(group) if one.down == 0 else number + one.down
            if end > number + 1:
                for column in range(at, at + across):
                    taken[column] = max(end, taken.get(column, 0))
            at += across
        rows.append(cells)
    return rows


def padded(rows: list[list[str]]) -> list[list[str]]:
    """Fill rows of different lengths with empty cells at their ends."""
    width = max(map(len, rows), default=0)
    if all(len(row) == width for row in rows):
        return rows
    return [row + [""] * (width - len(row)) for row in rows]
