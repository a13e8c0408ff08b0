"""Whatever blocks a story has, its HTML and its Markdown bring back the same blocks."""

from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings

from app.db.database import Database
from app.desk.articles import bodies
from app.desk.transaction import at_desk
from app.errors import Faults
from app.formats.body import WRITERS
from app.formats.body.html_in import read
from app.formats.inline_html import clean
from app.models.image import ImageRow
from tests.support.bodies import IMAGES
from tests.support.bodies import bodies as any_body
from tests.support.bodies import shown as shown_of

Json = dict[str, Any]
ANY = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def pictured(db: Database) -> Database:
    with at_desk(db, by="test") as desk:
        for id in IMAGES:
            row = ImageRow(id=id, file=f"{id}.jpg", created_at=desk.now, modified_at=desk.now)
            desk.session.add(row)
    return db


TWO_LISTS: list[Json] = [
    {"type": "list", "id": "b0", "items": ["a"]}, {"type": "list", "id": "b1", "items": ["b"]}
]  # fmt: skip


@pytest.mark.parametrize("form", ["html", "markdown"])
@ANY
@given(kept=any_body())
@example(kept=TWO_LISTS)
def test_any_generated_body_survives_a_round_trip(
    pictured: Database, form: str, kept: list[Json]
) -> None:
    story: Json = {"lang": "en", "body": shown_of(kept), "corrections": []}
    text = WRITERS[form](story["body"], [], "en")
    with at_desk(pictured, by="test") as desk:
        faults = Faults()
        sent = bodies.as_blocks(desk, story, {"body": {form: text}}, faults)
        assert (sent["body"], faults) == (story["body"], []), text
    assert [one for one in desk.warnings if "in another order" not in one] == []


@ANY
@given(kept=any_body())
def test_parsed_html_is_already_sanitised(pictured: Database, kept: list[Json]) -> None:
    found, _ = read(WRITERS["html"](shown_of(kept), [], "en"), "en")
    for block in found:
        for html in [block.get("html") or "", *block.get("items", [])]:
            assert clean(html) == html
