"""docs/changes.md is true: what it lists, what it prints, and the mirror that it shows."""

import ast
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.models.change import NOUNS, TYPES
from tests.conftest import Client
from tests.contract.test_readme import PRINTED, shows
from tests.distribution.test_changes import put_out, saved, written

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs/changes.md").read_text()
[(REQUEST, ANSWER)] = re.findall(
    r"```console\n\$ curl '([^']+)'\n```\n\n```json\n(.*?)```", PAGE, re.DOTALL
)
[MIRROR] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def test_the_request_answers_as_printed(demo: Client) -> None:
    here = str(demo.base_url).rstrip("/")
    real = demo.get(REQUEST.replace(PRINTED, here)).text.replace(here, PRINTED)
    shows(json.loads(ANSWER), json.loads(real))


def test_the_page_lists_every_noun_and_type() -> None:
    [nouns] = re.findall(r"`noun` is ([^.]+)\.", PAGE)
    assert set(re.split(r", | or ", nouns)) == set(NOUNS)
    rows = re.findall(r"^\| (`[^|]+`) \|", PAGE.partition("## Rows")[2], re.MULTILINE)
    told = {name for row in rows for name in re.findall(r"`(\w+)`", row)} - {"type"}
    assert told == set(TYPES)


def recorded() -> Iterator[tuple[str, str | None]]:
    """Every type that the code records, and its noun, where they are written out."""
    for path in (ROOT / "app").rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text())):
            if not isinstance(call, ast.Call):
                continue
            words = [one.value if isinstance(one, ast.Constant) else None for one in call.args]
            called = call.func.attr if isinstance(call.func, ast.Attribute) else ""
            called = call.func.id if isinstance(call.func, ast.Name) else called
            if called == "record" and len(words) > 1 and words[0]:
                yield str(words[0]), str(words[1]) if words[1] else None
            if called == "log" and len(words) > 1 and words[1]:
                yield str(words[1]), "article"


def test_the_code_records_nothing_else() -> None:
    found = set(recorded())
    assert len(found) >= 8
    assert {type for type, _ in found} <= set(TYPES)
    assert {noun for _, noun in found if noun} <= set(NOUNS)


def test_the_mirror_of_the_page_keeps_published_stories(
    client: Client, editor: Client, tmp_path: Path
) -> None:
    assert len(MIRROR.strip().splitlines()) <= 35
    (tmp_path / "mirror.py").write_text(MIRROR)
    copy = tmp_path / "copy"
    first = put_out(editor, written(editor, headline="First"))
    put_out(editor, written(editor, headline="Second"))
    written(editor, headline="Draft")
    base = str(client.base_url).rstrip("/")
    with subprocess.Popen([sys.executable, tmp_path / "mirror.py", base, copy, "0.1"]) as mirror:
        try:
            until_equal(client, copy)
            put_out(editor, written(editor, headline="مطر", lang="ar"))
            saved(editor, first, headline="First, again")
            until_equal(client, copy)
        finally:
            mirror.terminate()


def until_equal(client: Client, copy: Path) -> None:
    """Wait until the copy is what the API serves, to the letter."""
    listed = client.get("/v1/articles?limit=100").json()["items"]
    real = {card["id"]: client.get(f"/v1/articles/{card['id']}").json() for card in listed}
    held: dict[str, Any] = {}
    end = time.monotonic() + 20
    while held != real:
        assert time.monotonic() < end, (held, real)
        time.sleep(0.1)
        paths = list(copy.glob("art_*.json")) if copy.is_dir() else []
        try:
            held = {path.stem: json.loads(path.read_text("utf-8")) for path in paths}
        except json.JSONDecodeError:
            held = {}  # it is being written
