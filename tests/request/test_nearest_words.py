"""A word that a parameter doesn't take is told with those that it takes and the nearest of them."""

import pytest

from tests.conftest import Client


def told(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 400, path
    [fault] = answer.json()["errors"]
    assert fault["parameter"] == path.partition("?")[2].rpartition("&")[2].partition("=")[0]
    return str(fault["detail"])


@pytest.mark.parametrize(
    ("path", "nearest"),
    [
        ("/v1/articles?kind=nws", "news"),
        ("/v1/articles.ndjson?kind=opinon", "opinion"),
        ("/feeds/all.rss?kind=analisys", "analysis"),
        ("/v1/articles?source=reuters:photograph", "photographed"),
        ("/v1/articles?state=publishd", "published"),
        ("/v1/articles?count=exct", "exact"),
        ("/v1/articles?facets=langs", "lang"),
        ("/v1/tags?type=keywrd", "keyword"),
        ("/v1/sources?kind=agncy", "agency"),
        ("/v1/contributors?role=photographr", "photographer"),
        ("/v1/search?q=sea&sort=newst", "newest"),
        ("/v1/search?q=sea&sort=Relevance", "relevance"),
        ("/v1/search?q=sea&sort=-relevance", "relevance"),
        ("/v1/search?q=sea&q_fields=headlin", "headline"),
        ("/v1/search?q=sea&highlight=htm", "html"),
    ],
)
def test_the_nearest_word_is_suggested_in_its_spelling(
    demo: Client, path: str, nearest: str
) -> None:
    assert told(demo, path).endswith(f"Did you mean '{nearest}'?")


def test_search_suggests_its_own_sort_orders(demo: Client) -> None:
    assert "expected one of relevance, newest, -published_at" in told(
        demo, "/v1/search?q=sea&sort=hot"
    )
    assert told(demo, "/v1/articles?sort=relevance").endswith("GET /v1/search does.")


@pytest.mark.parametrize("path", ["/v1/images", "/v1/dispatches"])
def test_a_source_without_roles_takes_none(demo: Client, path: str) -> None:
    assert demo.get(f"{path}?source=reuters").json()["items"]
    assert told(demo, f"{path}?source=reuters:photographed") == "A source has no role here."
    assert told(demo, f"{path}?source=-reuters,afp:quoted") == "A source has no role here."


@pytest.mark.parametrize(
    "path", ["/v1/articles/harbour-lights?", "/v1/articles?", "/v1/search?q=sea&", "/v1/trending?"]
)
def test_dates_in_words_are_there_only_beside_their_languages(demo: Client, path: str) -> None:
    for fields in ("display", "headline,display.ar.published"):
        fault = told(demo, f"{path}fields={fields}")
        assert fault == "`display` is there only beside `display=`."
    assert demo.get(f"{path}display=ar&fields=display.ar").is_success
