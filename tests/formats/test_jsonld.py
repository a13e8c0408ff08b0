"""JSON-LD: every property and every type as schema.org's own vocabulary has them."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from app.formats import jsonld
from tests.conftest import SHARED, Client

Json = dict[str, Any]
VOCABULARY = SHARED / "schemas/schemaorg/schemaorg-30.0-current-https.jsonld"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
HOUSE = jsonld.Publisher("Isnad", "https://house.example", "ar")


@cache
def vocabulary(path: Path) -> dict[str, Json]:
    return {one["@id"]: one for one in json.loads(path.read_text())["@graph"]}


def ids(value: Any) -> set[str]:
    some = value if isinstance(value, list) else [value] if value else []
    return {one["@id"] for one in some}


def kinds(words: dict[str, Json], name: str) -> set[str]:
    """A type and all that it is a kind of."""
    found, left = set(), [name]
    while left:
        one = left.pop()
        if one not in found and one in words:
            found.add(one)
            left += ids(words[one].get("rdfs:subClassOf"))
    return found


def values_of(words: dict[str, Json], value: Any) -> set[str]:
    """The types that a value is of."""
    if isinstance(value, dict):
        return kinds(words, f"schema:{value['@type']}")
    if isinstance(value, bool):
        return {"schema:Boolean"}
    if isinstance(value, int | float):
        return {"schema:Number", "schema:Integer"}
    found = {"schema:Text"}
    if TIME.fullmatch(value):
        found |= {"schema:DateTime", "schema:Date"}
    if value.startswith(("http://", "https://")):
        found |= {"schema:URL"}
    if re.fullmatch(r"P(T.+|\d.*)", value):
        found |= {"schema:Duration"}
    return found


def faults(words: dict[str, Json], node: Json, at: str = "") -> list[str]:
    """What the vocabulary doesn't know, or knows otherwise."""
    mine = kinds(words, f"schema:{node['@type']}")
    found = [] if mine else [f"{at}: no type {node['@type']}"]
    for name, value in node.items():
        if name.startswith("@"):
            continue
        word = words.get(f"schema:{name}")
        if word is None or not ids(word.get("schema:domainIncludes")) & mine:
            found.append(f"{at}/{name}: not of {node['@type']}")
            continue
        allowed = ids(word["schema:rangeIncludes"])
        for one in value if isinstance(value, list) else [value]:
            if one in (None, "", [], {}):
                found.append(f"{at}/{name}: empty")
            elif not values_of(words, one) & allowed:
                found.append(f"{at}/{name}: {one!r} is none of {sorted(allowed)}")
            if isinstance(one, dict):
                found += faults(words, one, f"{at}/{name}")
    return found


@pytest.mark.parametrize("listed", [False, True])
def test_every_demo_story_is_a_news_article(demo: Client, shared: Path, listed: bool) -> None:
    words = vocabulary(VOCABULARY)
    seen: set[str] = set()
    url = "/v1/articles?limit=100" + ("&include=jsonld" if listed else "")
    for card in demo.get(url).json()["items"]:
        told = card["jsonld"] if listed else whole(demo, card["id"])["jsonld"]
        assert not (wrong := faults(words, told)), (card["slug"], wrong)
        assert "NewsArticle" in {one.removeprefix("schema:") for one in kinds(
            words, f"schema:{told['@type']}")}  # fmt: skip
        seen |= set(told)
    assert {"isBasedOn", "correction", "workTranslation", "video", "creditText", "about"} <= seen


def whole(client: Client, id: str) -> Json:
    story: Json = client.get(f"/v1/articles/{id}?include=jsonld").json()
    return story


def test_json_ld_has_the_values_of_the_story(demo: Client) -> None:
    story = whole(demo, "harbour-lights")
    told = story["jsonld"]
    assert told["@context"] == "https://schema.org" and told["url"] == story["url"]
    assert told["headline"] == story["headline"] and told["inLanguage"] == "ar"
    assert told["creditText"] == story["credit_line"]["ar"]
    lead = told["image"][0]
    assert lead["contentUrl"] == story["lead_image"]["url"]
    assert lead["creditText"] == story["lead_image"]["credit"] and lead["caption"]
    assert [one["name"] for one in told["author"]] == [
        who["name"]["ar"] for who in story["contributors"] if who["role"] == "reporter"
    ]
    assert len(told["isBasedOn"]) == len(
        [one for one in story["attributions"] if "image" not in one["scope"]]
    )
    assert told["datePublished"] == story["first_published_at"]


def test_json_ld_of_a_card_is_smaller_and_names_the_publisher_as_author(demo: Client) -> None:
    for card in demo.get("/v1/articles?limit=100").json()["items"]:
        told = jsonld.render(card, HOUSE)
        assert told["author"] and told["publisher"]["name"] == "Isnad"
        assert "isBasedOn" not in told
        assert None not in told.values()
        assert jsonld.render(card, HOUSE) == told


def test_json_ld_leaves_out_withheld_content() -> None:
    use = {"id": "img_x", "url": None, "withheld": {"reason": "rights.expired"}}
    block = {"id": "b1", "type": "figure", "withheld": {"reason": "rights.expired"}, "image": use}
    assert jsonld.blocks({"body": [block]}) == []
    assert jsonld.blocks({"body": "text"}) == []
