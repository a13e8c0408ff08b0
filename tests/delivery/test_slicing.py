"""Fields cut out of a card's bytes are what the card has."""

import itertools

import orjson
import pytest

from app.delivery import _projection
from app.models.article import ListedArticle
from app.request import fields
from tests.conftest import Client


@pytest.fixture(scope="module")
def cards(demo: Client) -> list[bytes]:
    items = demo.get("/v1/articles?limit=100").json()["items"]
    return [orjson.dumps(one) for one in items]


def test_any_two_fields_of_a_card_equal_the_whole_card(cards: list[bytes]) -> None:
    order = tuple(orjson.loads(cards[0]))
    for pair in itertools.combinations(order, 2):
        text = ",".join(pair)
        cut = _projection.cutter(text, ListedArticle, order)
        project = fields.projector(text, ListedArticle)
        for card in cards:
            assert cut(card) == orjson.dumps(project(orjson.loads(card))), text


def test_each_field_is_cut_correctly_after_all_before_it(cards: list[bytes]) -> None:
    order = tuple(orjson.loads(cards[0]))
    for text in (
        *order,
        ",".join(order),
        "section(name.ar,ancestors.path),lead_image.source.name.en",
    ):
        cut = _projection.cutter(text, ListedArticle, order)
        for card in cards:
            told = fields.projector(text, ListedArticle)(orjson.loads(card))
            assert cut(card) == orjson.dumps(told), text


def test_text_that_looks_like_a_field_name_is_not_cut(cards: list[bytes]) -> None:
    card = orjson.loads(cards[0])
    order = tuple(card)
    card["summary"] = card["kicker"] = '","summary":"x","urgency":9,\\"section\\":{"id":1},'
    card["section"]["name"] = {"en": '"sections":[],"tags":[]', "url": '","urgency":1', "id": "x"}
    body = orjson.dumps(card)
    for name in order:
        told = {one: card[one] for one in order if one in ("id", name)}
        assert _projection.cutter(name, ListedArticle, order)(body) == orjson.dumps(told)


def test_a_card_of_another_renderer_is_parsed() -> None:
    assert _projection.cutter("headline", ListedArticle, ("id", "headline"))(b'{"id":"x"}') is None
