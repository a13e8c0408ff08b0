"""The structure of imported pages: grids of tables, limits of markup."""

from datetime import UTC, datetime

import pytest

from app.formats.page import parsing
from app.formats.page.shape import NotAPage, Page

WORDS = (
    "<p>"
    + "The storm reached the coast on Monday evening and two ferries stayed in port. " * 5
    + "</p>"
)


def page(html: str) -> Page:
    head = "<html lang=en><title>A storm</title><article><h1>A storm</h1>"
    whole = f"{head}{WORDS}{html}{WORDS}</article>"
    return parsing.parse(whole.encode(), tz=UTC, now=datetime.now(UTC))


def test_a_table_of_a_page_keeps_its_grid() -> None:
    html = (
        "<table><tr><th>Port<th>2024<th>2025<tr><td rowspan=2>Zayn<td>3<td>4<tr><td>5<td>6</table>"
    )
    [table] = [block for block in page(html).blocks if block.type == "table"]
    assert table.rows == [["Port", "2024", "2025"], ["Zayn", "3", "4"], ["", "5", "6"]]


@pytest.mark.parametrize(
    "html",
    ["<div>" * 90_000, "<ul><li>" * 60_000, "<p " + "a=1 " * 100_000 + ">", "<a><div></a>" * 9_000],
    ids=["divs", "lists", "attributes", "links"],
)
def test_a_page_that_is_nested_too_deep_is_refused(html: str) -> None:
    with pytest.raises(NotAPage, match=r"500|250"):
        page(html)


def test_addresses_of_a_page_resolve_against_it() -> None:
    html = '<base href="/deep/"><p>The master wrote it in <a href="log">his log</a> on Monday night.</p>'
    whole = f"<html lang=en><title>A storm</title><article><h1>A storm</h1>{WORDS}{html}{WORDS}"
    found = parsing.parse(whole.encode(), tz=UTC, now=datetime.now(UTC), url="https://x.y/a/b")
    assert any('href="https://x.y/deep/log"' in block.html for block in found.blocks)


def test_control_characters_of_a_page_are_letters_with_a_warning() -> None:
    found = page("<p>He said \u0093yes\u0094 and left the harbour on the last boat of the day.</p>")
    assert any("“yes”" in block.text for block in found.blocks)
    assert any("windows-1252" in one for one in found.warnings)
