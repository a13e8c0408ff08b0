"""The demo stories: what a newcomer sees first, and that every part of the model is among them."""

import io
from typing import Any

from PIL import Image

from app.config import Settings
from app.db.database import Database
from app.demo import load
from app.demo.draw import SCENES, draw
from app.models.article import CorrectionKind
from app.models.block import BlockType
from app.models.card import Kind
from app.models.section import TagType
from app.models.source import Role, SourceKind
from tests.conftest import Client


def test_the_demo_has_every_kind_of_story_and_block() -> None:
    stories = [story["write"] for story in load.stories()]
    assert len(stories) >= 24
    assert {story.get("kind", "news") for story in stories} == set(Kind)
    blocks = [block for story in stories for block in story.get("body", [])]
    assert {block["type"] for block in blocks} == set(BlockType)
    notices = [notice for story in stories for notice in story.get("corrections", [])]
    assert {notice["kind"] for notice in notices} == set(CorrectionKind)
    assert {tag["type"] for tag in load.nouns()["tags"]} == set(TagType)
    links = [link for story in stories for link in story.get("attributions", [])]
    assert {link["role"] for link in links} == set(Role)
    assert len({link["source"] for link in links}) >= 12
    assert sum("translation_of" in story for story in stories) >= 7


def test_every_visible_demo_item_can_be_read(demo: Client) -> None:
    cards = demo.get("/v1/articles?limit=100").json()["items"]
    assert len(cards) == 25
    kinds = set()
    for card in cards:
        answer = demo.get(f"/v1/articles/{card['id']}")
        assert answer.status_code == 200
        story = answer.json()
        assert story["headline"] == card["headline"] and story["credit_line"]
        kinds |= {link["source"]["kind"] for link in story["attributions"]}
        for use in pictures_of(story):
            assert use["alt"] and use["url"] and use["width"] and use["focal_point"]
            assert use["credit"]
    assert kinds >= set(SourceKind) - {SourceKind.house}


def pictures_of(story: dict[str, Any]) -> list[dict[str, Any]]:
    found = [story["lead_image"]] if story["lead_image"] else []
    for block in story["body"]:
        found += [block["image"]] if block["type"] == "figure" else block.get("images", [])
    return found


def test_a_demo_paragraph_has_a_chain_of_three_links(demo: Client) -> None:
    story = demo.get("/v1/articles/harbour-lights?lang=ar").json()
    links = {link["id"]: link for link in story["attributions"]}
    walked, link = [], links["a4"]
    while link:
        walked.append(link["source"]["slug"])
        assert link["scope"] == {"block": "b2"}
        link = links.get(link["via"] or "")
    assert walked == ["marsa-zayn-port-authority", "interfax", "reuters"]
    assert story["credit_line"]["ar"].startswith("المصادر: العربي - ")
    assert {one["lang"] for one in story["translations"]} == {"en", "ur"}


def test_hidden_demo_stories_are_404(demo: Client) -> None:
    for key in ("tunaquota", "budgetembargoed", "heatnoticeexpired"):
        assert demo.get(f"/v1/articles/art_demo{key}").status_code == 404


def test_a_second_load_changes_nothing(settings: Settings) -> None:
    db = Database(settings)
    assert load.load(db) == len(load.stories())
    assert load.load(db) == 0
    db.engine.dispose()


def test_pictures_are_drawn_the_same_each_time() -> None:
    assert len(SCENES) >= 14
    for name in ("harbour-night", "portrait-leila"):
        data = draw(name)
        assert data == draw(name)
        assert Image.open(io.BytesIO(data)).size in ((1280, 800), (800, 800))
