"""README and the pages beside it: requests answer what they print, the example makes a page."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.config import Settings
from tests.conftest import Client

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text()
TOUR = (ROOT / "docs/tour.md").read_text()
SETTINGS = (ROOT / "docs/settings.md").read_text()
PRINTED = "http://127.0.0.1:8000"
REQUESTS = re.findall(
    r"```console\n\$ curl '([^']+)'\n```\n\n```json\n(.*?)```", README + TOUR, re.DOTALL
)
[EXAMPLE] = re.findall(r"```python\n(.*?)```", TOUR, re.DOTALL)
REST = "…"


def shows(printed: Any, real: Any, at: str = "") -> None:
    """All that is printed is so; an ellipsis stands for what is left out."""
    if isinstance(printed, dict):
        left_out = printed.pop(REST, None)
        assert set(printed) <= set(real), at
        assert left_out or set(printed) == set(real), at
        for name, value in printed.items():
            shows(value, real[name], f"{at}.{name}")
    elif isinstance(printed, list):
        whole = printed[-1:] != [REST]
        kept = printed if whole else printed[:-1]
        assert len(real) == len(kept) if whole else len(real) > len(kept), at
        for place, value in enumerate(kept):
            shows(value, real[place], f"{at}[{place}]")
    else:
        assert printed == real, at


def test_the_docs_have_requests_and_the_first_has_a_latin_slug() -> None:
    assert len(REQUESTS) >= 5
    assert REQUESTS[0][0] == f"{PRINTED}/v1/articles/harbour-lights?lang=ar"


@pytest.mark.parametrize(("url", "answer"), REQUESTS, ids=[url for url, _ in REQUESTS])
def test_requests_answer_as_printed(demo: Client, url: str, answer: str) -> None:
    here = str(demo.base_url).rstrip("/")
    real = demo.get(url.replace(PRINTED, here)).text.replace(here, PRINTED)
    shows(json.loads(answer), json.loads(real))


def test_the_example_makes_a_page(demo: Client, tmp_path: Path) -> None:
    assert len(EXAMPLE.strip().splitlines()) <= 30
    (tmp_path / "page.py").write_text(EXAMPLE)
    done = subprocess.run(
        [sys.executable, tmp_path / "page.py", str(demo.base_url).rstrip("/")],
        capture_output=True, text=True, timeout=60, check=True, encoding="utf-8",
        env={"PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    page = done.stdout
    story = demo.get("/v1/articles/harbour-lights").json()
    assert '<html lang="ar" dir="rtl">' in page
    assert page.count("<figure>") == 2
    assert f"<footer>{story['credit_line']['ar']}</footer>" in page
    for block in story["body"]:
        assert block["type"] == "figure" or f'data-block="{block["id"]}"' in page
    for address in re.findall(r'src="([^"]+)"', page):
        assert demo.get(address).headers["content-type"] == "image/jpeg"


def test_every_file_that_it_names_is_there() -> None:
    named = re.findall(
        r"\]\(((?!http)[^)#]+)\)|`((?:app|bench|tests|scripts|migrations|docs)/[^`]*)`", README
    )
    assert len(named) > 15
    assert [name for pair in named for name in pair if name and not (ROOT / name).exists()] == []


def test_every_setting_is_named_with_its_default() -> None:
    rows = [line for line in SETTINGS.splitlines() if line.startswith("| `ISNAD_")]
    named = set(re.findall(r"`(ISNAD_\w+)`", "\n".join(rows)))
    assert named == {f"ISNAD_{name.upper()}" for name in Settings.model_fields}
    for name in ("database_url", "media_url", "langs", "cache_bytes", "anonymous"):
        default = f"`{Settings.model_fields[name].default}`"
        [row] = [line for line in rows if f"`ISNAD_{name.upper()}`" in line]
        assert default in row.split("|")[2], row


def test_readme_is_short_and_the_index_names_every_page() -> None:
    assert len(README.splitlines()) <= 150
    index = (ROOT / "docs/README.md").read_text()
    pages = {page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert {page for page in pages if f"({page})" not in index} == set()


READERS = re.compile(
    r"\bFor (the desk|front ends|partners|operators|contributors|everyone|feed readers)"
)


def test_every_page_of_the_docs_names_its_reader_in_its_first_paragraph() -> None:
    pages = set((ROOT / "docs").glob("*.md")) - {ROOT / "docs/README.md"}
    assert len(pages) > 30
    first = {page.name: page.read_text().split("\n\n")[1] for page in pages}
    assert [name for name, paragraph in first.items() if not READERS.search(paragraph)] == []


def test_pages_of_the_docs_use_no_words_of_a_private_language() -> None:
    """Examples may quote a story; the text says installation, publisher, response, reported."""
    private = re.compile(r"\b(the house|this house|house's|is told|are told|whoever asks)\b", re.I)
    pages = [*(ROOT / "docs").glob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    found = {
        page.name: private.findall(re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL))
        for page in pages
    }
    assert {name: words for name, words in found.items() if words} == {}
