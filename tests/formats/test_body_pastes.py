"""Pastes of word processors, chats and editors: what becomes of each, to the letter.

A paste is `golden/pastes/{program}-{what}-{language}.html` (or `.md`); beside it `.json` has the
blocks and the warnings that come of it, and in `unsaid` the words that must stand nowhere in the
story: they may be quoted in a warning, nothing else; `text`, where it is given, is each block's plain text. Without `unsaid` the text of the blocks is also held
against what a browser shows; where a footnote's mark gets its brackets, `unsaid` is `[]`.
"""

import json
import re
from pathlib import Path
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from tests.conftest import Client

Json = dict[str, Any]
PASTES = Path(__file__).parent.parent / "golden" / "pastes"
FILES = sorted(file for file in PASTES.iterdir() if file.suffix in (".html", ".md"))
FORMS = {".html": "html", ".md": "markdown"}
SHOWN = (
    "level",
    "html",
    "items",
    "ordered",
    "rows",
    "header",
    "caption",
    "who",
    "lang",
    "dir",
    "url",
    "start",
    "reversed",
    "marker",
    "outline",
)
OF_TEXT = {"list": {"html"}, "table": {"html"}}
ON_THE_LINE = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉", "0123456789" * 2)
UNSEEN = "script,style,head,title,[style*='display:none'],[style*='mso-list:Ignore']"


def posted(editor: Client, file: Path) -> Json:
    sent = {
        "lang": file.stem.rpartition("-")[2], "headline": file.stem,
        "body": {FORMS[file.suffix]: file.read_text()},
    }  # fmt: skip
    answer = editor.post("/v1/articles", json=sent)
    assert answer.status_code == 201, (file.name, answer.text)
    story: Json = answer.json()
    return story


def golden(file: Path) -> Json:
    found: Json = json.loads(file.with_suffix(".json").read_text())
    return found


def told(block: Json) -> Json:
    """What of a block is its own."""
    names = [name for name in SHOWN if block.get(name) not in (None, "", False, [])]
    wanted = {name: block[name] for name in names if name not in OF_TEXT.get(block["type"], ())}
    return {"type": block["type"]} | wanted


def at_example(editor: Client, blocks: list[Json]) -> str:
    """As JSON; addresses that were resolved against the site's are at `https://site.example`."""
    site = str(editor.base_url).rstrip("/")
    return json.dumps(blocks).replace(site, "https://site.example")


def test_pastes_become_blocks(editor: Client) -> None:
    """Every paste through the API, each once; all that differ are shown together."""
    wrong: dict[str, Json] = {}
    for file in FILES:
        story, wanted = posted(editor, file), golden(file)
        warnings, unsaid = story.pop("warnings"), wanted.pop("unsaid", None)
        blocks = [told(block) for block in story["body"]]
        found = {"blocks": json.loads(at_example(editor, blocks)), "warnings": warnings}
        texts = "".join(words(block) for block in story["body"])
        if "text" in wanted:
            found["text"] = [block["text"] for block in story["body"]]
        whole = json.dumps(found["blocks"], ensure_ascii=False) + texts
        if found != wanted or any(one in whole for one in unsaid or ()):
            wrong[file.name] = found
        elif unsaid is None and file.suffix == ".html":
            assert letters(texts) == letters(seen(file)), file.name
    assert wrong == {}, json.dumps(wrong, ensure_ascii=False, indent=1)


def test_the_corpus_is_large_enough() -> None:
    assert len(FILES) >= 85
    assert {file.stem.rpartition("-")[2] for file in FILES} == {"ar", "en"}
    assert all(file.with_suffix(".json").exists() for file in FILES)


def words(block: Json) -> str:
    text = str(block["text"])
    return text.replace(" · ", "") if block["type"] == "table" else text


def seen(file: Path) -> str:
    """The text that a browser shows of a paste, by another parser; an emoji's picture is a letter,
    what Word writes as a bullet of a list is none."""
    tree = LexborHTMLParser(file.read_text())
    for node in tree.css(UNSEEN):
        node.decompose()
    for node in tree.css("img.emoji"):
        node.replace_with(node.attributes["alt"] or "")
    for node in tree.css("p,div"):
        if not (node.text() or "").strip():  # blank lines
            node.decompose()
    found = tree.body.text() if tree.body else ""
    return re.sub("^·[\u00a0 ]+", "", found, flags=re.MULTILINE)


def letters(text: str) -> str:
    """Without the blanks that part lines and words, but with those that are letters; raised and
    lowered digits as digits."""
    return re.sub(r"[ \t\r\n\f]+", "", text).translate(ON_THE_LINE)
