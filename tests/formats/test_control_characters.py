"""Control characters U+0080 to U+009F follow one rule in every text field of the contract."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import Client

Json = dict[str, Any]
C1, MEANT = "Said \u0093yes\u0094 \u0096 it\u0092s", "Said “yes” – it’s"
TEXT = {"ar": C1}
SCHEMAS: Json = yaml.safe_load(Path("openapi.yaml").read_text())["components"]["schemas"]
NO_TEXT = frozenset(
    "kind lang slug slug_latin section sections tags contributors translation_of related published_at"
    " embargo_until expires_at parent type wikidata mediatopic same_as image country url aliases at author"
    " blocks id source item_id item_version via sent_at fallback curated scopes networks role photographer"
    " mime poster tracks provider marker articles correction dir outline duration images usage_terms html"
    " attributions corrections body article until territories valid_until partner public_label".split()
)
"""Fields that are names of something, dates, addresses or kinds, or have fields of their own."""
BLOCKS: list[Json] = [
    {"type": "paragraph", "text": C1},
    {"type": "quote", "html": C1, "who": C1},
    {"type": "list", "items": [C1]},
    {"type": "table", "rows": [[C1, C1]], "caption": C1},
    {"type": "video", "url": "https://x.y/v", "caption": C1, "credit": C1},
    {"type": "embed", "url": "https://x.y/e", "provider": "x", "fallback": C1},
    {"type": "related", "title": C1, "articles": []},
]
ARTICLE: Json = {
    "lang": "en", "headline": C1, "kicker": C1, "short_headline": C1, "summary": C1, "date_line": C1, "note": C1, "rights": {"usage_terms": C1},
    "credit_line_override": TEXT, "body": BLOCKS,
}  # fmt: skip
SENT: dict[str, tuple[str, Json]] = {
    "/v1/articles": ("ArticleWrite", ARTICLE),
    "/v1/sections": ("SectionWrite", {"slug": "s-c1", "name": TEXT, "description": TEXT}),
    "/v1/tags": ("TagWrite", {"slug": "t-c1", "type": "keyword", "name": TEXT}),
    "/v1/contributors": (
        "ContributorWrite",
        {"slug": "c-c1", "name": TEXT, "title": TEXT, "biography": TEXT},
    ),
    "/v1/sources": (
        "SourceWrite",
        {"slug": "o-c1", "kind": "agency", "name": TEXT, "credit": TEXT, "aliases": [C1]},
    ),
    "/v1/images": ("ImageWrite", {"alt": TEXT, "caption": TEXT, "credit": TEXT, "copyright": C1}),
    "{article}/updates": ("LiveUpdateWrite", {"headline": C1, "body": BLOCKS[:1]}),
    "{article}/corrections": ("CorrectionWrite", {"kind": "correction", "text": TEXT}),
}  # fmt: skip


def is_text(schema: Json) -> bool:
    """Whether a property may be a string, or an object of strings by language."""
    kinds = {one.get("type") for one in (schema, *schema.get("anyOf", ()))}
    return bool(kinds & {"string", "object"}) and "pattern" not in schema


def made(editor: Client, path: str) -> Json:
    article = ""
    if "{article}" in path:
        story = editor.post("/v1/articles", json={"lang": "en", "headline": "x", "kind": "live"})
        article = f"/v1/articles/{story.json()['id']}"
        assert editor.put(f"{article}/publication").status_code == 200
    answer = editor.post(path.format(article=article), json=SENT[path][1])
    assert answer.status_code == 201, (path, answer.text)
    found: Json = answer.json()
    return found


@pytest.mark.parametrize("path", SENT)
def test_every_text_field_converts_control_characters(editor: Client, path: str) -> None:
    found = made(editor, path)
    told = json.dumps(found, ensure_ascii=False)
    assert not [letter for letter in told if "\x80" <= letter <= "\x9f"]
    assert [one for one in found.pop("warnings") if "windows-1252" in one]
    written = json.dumps(SENT[path][1], ensure_ascii=False).count(C1)
    assert json.dumps(found, ensure_ascii=False).count(MEANT) >= written


def test_every_text_field_of_the_contract_was_sent() -> None:
    sent = [(schema, body) for schema, body in SENT.values()]
    sent.append(("BlockWrite", {name: one for block in BLOCKS for name, one in block.items()}))
    for schema, body in sent:
        texts = {name for name, one in SCHEMAS[schema]["properties"].items() if is_text(one)}
        assert texts - NO_TEXT - body.keys() == set(), schema


def test_a_patch_follows_the_rule_too(editor: Client) -> None:
    story = editor.post("/v1/articles", json={"lang": "en", "headline": "x"}).json()
    patch = [{"op": "replace", "path": "/summary", "value": C1}]
    headers = {"If-Match": '"v1"', "Content-Type": "application/json-patch+json"}
    again = editor.patch(f"/v1/articles/{story['id']}", json=patch, headers=headers).json()
    assert again["summary"] == MEANT
