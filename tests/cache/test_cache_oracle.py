"""The oracle of `tests/support/oracle.py`, for a short while: `make soak` runs it for longer."""

import pytest
from sqlmodel import select

from app.config import Settings
from app.models.change import ChangeRow
from tests.conftest import Maker, copied
from tests.support.oracle import KINDS, house, run


@pytest.fixture
def demo_settings(
    kind: str, templates: Maker, tmp_path, request: pytest.FixtureRequest
) -> Settings:
    return copied(kind, templates(kind, True), tmp_path, request)


@pytest.mark.parametrize("seed", [1])
def test_every_cached_response_equals_that_of_a_fresh_process(
    demo_settings: Settings, seed: int
) -> None:
    with house(demo_settings, seed) as oracle:
        run(oracle, writes=28, asked=12)
        asked = " ".join(oracle.urls)
        for part in ("fields=", "include=", ".ndjson", "/trending", "/dependents", "count=exact",
                     "facets=type", "role=", "credit=none", "withdrawn=", "/images?q=", "/updates?fields"):  # fmt: skip
            assert part in asked, part
        assert len(oracle.urls) > 550
        assert len(oracle.done) > len(KINDS) / 3
        assert oracle.hits > 40 and oracle.keyed > 30
        with oracle.db.reading() as session:
            assert len(session.exec(select(ChangeRow.seq)).all()) > 30
