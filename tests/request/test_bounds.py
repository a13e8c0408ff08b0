"""A number is read to its end: zeros in front of it lift no bound."""

import pytest

from tests.conftest import Client

STORY = "/v1/articles/harbour-lights"


@pytest.mark.parametrize(
    ("path", "name", "most"),
    [
        ("/v1/articles?", "limit", 100),
        ("/v1/search?q=sea&", "limit", 100),
        ("/v1/tags?", "limit", 100),
        ("/feeds/all.json?", "limit", 100),
        ("/v1/trending?", "limit", 100),
        ("/v1/suggest?q=a&", "limit", 20),
        (f"{STORY}/related?", "limit", 50),
        ("/v1/articles/art_demostormlive/updates?", "limit", 100),
        ("/v1/changes?", "limit", 1000),
        ("/v1/articles.ndjson?", "limit", 1_000_000),
        ("/v1/articles.ndjson?", "mark_every", 1_000_000),
    ],
)
def test_values_above_a_bound_are_400(demo: Client, path: str, name: str, most: int) -> None:
    assert demo.get(f"{path}{name}={most}").is_success
    for zeros in range(12):
        answer = demo.get(f"{path}{name}={'0' * zeros}{most + 1}")
        assert answer.status_code == 400, zeros
        assert [one["parameter"] for one in answer.json()["errors"]] == [name]


def test_related_stories_have_dates_in_words(demo: Client) -> None:
    answer = demo.get(f"{STORY}/related?display=ar-LB,en&fields=headline,display.en.published_date")
    items = answer.json()["items"]
    assert items and all(set(one["display"]) == {"en"} for one in items)
    assert demo.get(f"{STORY}/related?display=xx").status_code == 400
