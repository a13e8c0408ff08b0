"""Pastes of word processors, chats and editors: the blocks that they become, their text to the letter."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from tests.conftest import Client

Json = dict[str, Any]
PASTES = Path(__file__).parent / "golden" / "pastes"
NAMES = sorted(file.stem for file in PASTES.glob("*.html"))
SHOWN = ("level", "html", "items", "ordered", "rows", "header", "caption", "who", "lang", "url")
OF_TEXT = {"list": {"html"}, "table": {"html"}}
UNSEEN = "script,style,head,title,[style*='display:none'],[style*='mso-list:Ignore']"


def posted(editor: Client, name: str) -> Json:
    sent = {
        "lang": name.rpartition("-")[2], "headline": name,
        "body": {"html": (PASTES / f"{name}.html").read_text()},
    }  # fmt: skip
    answer = editor.post("/v1/articles", json=sent)
    assert answer.status_code == 201, answer.text
    story: Json = answer.json()
    return story


def told(block: Json) -> Json:
    """What of a block is its own."""
    names = [name for name in SHOWN if block.get(name) not in (None, "", False)]
    wanted = {name: block[name] for name in names if name not in OF_TEXT.get(block["type"], ())}
    return {"type": block["type"]} | wanted


@pytest.mark.parametrize("name", NAMES)
def test_a_paste_becomes_blocks(editor: Client, name: str) -> None:
    story = posted(editor, name)
    found = {"blocks": [told(block) for block in story["body"]], "warnings": story["warnings"]}
    golden = PASTES / f"{name}.json"
    assert found == json.loads(golden.read_text()), json.dumps(found, ensure_ascii=False, indent=1)


@pytest.mark.parametrize("name", NAMES)
def test_its_text_is_the_same_to_the_letter(editor: Client, name: str) -> None:
    texts = [words(block) for block in posted(editor, name)["body"]]
    assert letters("".join(texts)) == letters(seen(name))


def words(block: Json) -> str:
    text = str(block["text"])
    return text.replace(" · ", "") if block["type"] == "table" else text


def seen(name: str) -> str:
    """The text that a browser shows of a paste, by another parser; an emoji's picture is a letter,
    what Word writes as a bullet of a list is none."""
    tree = LexborHTMLParser((PASTES / f"{name}.html").read_text())
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
    """Without the blanks that part lines and words, but with those that are letters."""
    return re.sub(r"[ \t\r\n\f]+", "", text)
