"""The grammar of lists over HTTP: filters, orders, counts, facets, cursors, and what is refused."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.db.database import Database
from app.desk.catalog import verbs
from app.desk.transaction import at_desk
from app.models.article import ArticleRow
from tests.conftest import Client

Tell = Callable[..., ArticleRow]
START = datetime(2026, 1, 1, tzinfo=UTC)


def ask(client: Client, path: str = "/v1/articles", **params: Any) -> dict[str, Any]:
    answer = client.get(path, params={"limit": 100, **params})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def slugs(client: Client, path: str = "/v1/articles", **params: Any) -> list[str]:
    return [one["slug"] for one in ask(client, path, **params)["items"]]


@pytest.fixture
def house(client: Client, editor: Client, db: Database, told: Tell) -> Client:
    """Four stories: `b` was updated, `d` has an urgency of its own."""
    with at_desk(db) as desk:
        verbs.add_section(desk, "world", {"ar": "العالم"})
        verbs.add_section(desk, "world/asia", {"ar": "آسيا"})
    rows = {
        slug: told(
            slug=slug, headline=f"Rain over {slug}", published_at=START + timedelta(days=number),
            section="world/asia" if slug in "ab" else "world", lang="en" if slug in "ac" else "ar",
            urgency=1 if slug == "d" else None,
        )
        for number, slug in enumerate("abcd")
    }  # fmt: skip
    story = editor.get(f"/v1/articles/{rows['b'].id}").json()
    changed = editor.patch(
        f"/v1/articles/{rows['b'].id}", json={"headline": "Floods over b"},
        headers={"If-Match": f'"v{story["version"]}"', "Content-Type": "application/json"},
    )  # fmt: skip
    assert changed.status_code == 200, changed.text
    return client


def test_each_sort_returns_its_order(house: Client):
    assert slugs(house) == slugs(house, sort="-published_at") == ["d", "c", "b", "a"]
    assert slugs(house, sort="published_at") == ["a", "b", "c", "d"]
    for sort in ("updated_at", "modified_at"):
        assert slugs(house, sort=f"-{sort}")[0] == "b", sort
        assert slugs(house, sort=sort) == slugs(house, sort=f"-{sort}")[::-1]
    assert slugs(house, sort="first_published_at") == ["a", "b", "c", "d"]
    assert slugs(house, sort="-created_at") == ["d", "c", "b", "a"]
    assert slugs(house, section="world", sort="published_at", lang="-en") == ["b", "d"]


def test_times_urgency_and_words_filter_a_list(house: Client):
    today = datetime.now(UTC).isoformat()
    assert slugs(house, updated_from="2026-01-05") == ["b"]
    assert slugs(house, updated_to="2026-01-05") == ["d", "c", "a"], "as of their publication"
    assert slugs(house, first_published_from="2026-01-02", first_published_to="2026-01-04") == [
        "c", "b"
    ]  # fmt: skip
    assert slugs(house, modified_from=today) == [] and len(slugs(house, modified_to=today)) == 4
    assert slugs(house, urgency="1") == ["d"] and slugs(house, urgency="-1") == ["c", "b", "a"]
    assert slugs(house, q="rain") == ["d", "c", "a"] == slugs(house, q="RAINS over")
    assert slugs(house, q="rain floods") == [], "a list has every word"
    assert slugs(house, q="rain", sort="published_at", section="world") == ["a", "c", "d"]
    assert slugs(house, lang=["en,ar", "-en"]) == ["d", "b"], "repeating means AND"


def test_search_and_feeds_take_the_same_filters(house: Client):
    assert slugs(house, "/v1/search", q="over", sort="-updated_at")[0] == "b"
    assert slugs(house, "/v1/search", q="over", urgency="1") == ["d"]
    feed = house.get("/feeds/world.json", params={"sort": "published_at", "q": "rain"}).json()
    assert [one["title"] for one in feed["items"]] == [f"Rain over {slug}" for slug in "acd"]


def test_counts_and_facets_match_the_filtered_list(house: Client):
    plain = ask(house, limit=1)
    assert (plain["count"], plain["count_kind"], plain["facets"]) == (None, "none", None)
    for count in ("exact", "estimate"):
        answer = ask(house, limit=1, count=count, section="world")
        assert (answer["count"], answer["count_kind"]) == (4, "exact")
    facets = ask(house, limit=1, facets="section,lang,kind", urgency="-1")["facets"]
    assert facets == {
        "section": {"world": 3, "world/asia": 2}, "lang": {"en": 2, "ar": 1}, "kind": {"news": 3},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "parameter", "hint"),
    [
        ("sort=newest", "sort", "expected one of"), ("sort=-publishd_at", "sort", "'-published_at'"),
        ("sort=relevance", "sort", "search"), ("count=all", "count", "exact"),
        ("facets=colour", "facets", "section"), ("urgency=0", "urgency", "1, 2"),
        ("urgency=", "urgency", "Empty"), ("tag=-", "tag", "empty"), ("tag=,,", "tag", "empty"),
        ("lang=en,,ar", "lang", "empty"), ("kind=-news,-opinion", "kind", "leading"),
        ("section=wrld", "section", "'world'"), ("section=-wrld", "section", "'world'"),
        ("section=world,wrld", "section", "'world'"), ("urgncy=1", "urgncy", "'urgency'"),
        ("q=", "q", "Empty"), ("q=a&q=b", "q", "twice"), ("q=!!!", "q", "no word"),
        ("modified_from=2026-13-01", "modified_from", "date"), ("state=daft", "state", "'draft'"),
        ("updated_to=0001-01-01T00:00:00%2B10:00", "updated_to", "date"),
        ("updated_to=2026-W01-1", "updated_to", "date"), ("ids=a&sort=updated_at", "sort", "order"),
        ("ids=a,b&limit=1", "limit", "Fewer"), ("ids=a,,b", "ids", "empty"),
        ("tag=%ED%A0%80", "tag", "UTF-8"), ("q=%FF", "q", "UTF-8"),
        ("lang=x", "lang", "language"), ("source=x:authr", "source", "No role"),
        (f"tag={','.join('abc' for _ in range(51))}", "tag", "50"), ("&".join(["tag=a"] * 21), "tag", "20"),
        (f"tag={'x' * 8000}", "tag", "no tag"), ("kind=NEWS", "kind", "mean 'news'"),
        ("kind=opinions", "kind", "mean 'opinion'"), ("tag=TAG%FF", "tag", "UTF-8"),
        ("source=reuters:fotographed", "source", "mean 'photographed'"), ("LIMIT=1", "LIMIT", "'limit'"),
        ("ids=art_a,+art_b", "ids", "' art_b'"), ("ids=ART_A", "ids", "begin with `art_`"),
        ("a%FF=1", "a\ufffd", "Unknown"), ("%ED%A0%80=1", "\ufffd\ufffd\ufffd", "Unknown"),
    ],
)  # fmt: skip
def test_an_invalid_list_query_is_400(house: Client, query: str, parameter: str, hint: str):
    for path in ("/v1/articles", "/v1/search", "/feeds/all.rss"):
        if ("facets" in query and "feeds" in path) or ("relevance" in query and "search" in path):
            continue
        if (query == "sort=newest" and "search" in path) or ("count" in query and "feeds" in path):
            continue
        words = "&q=rain" if "search" in path and "q=" not in query else ""
        answer = house.get(f"{path}?{query}{words}")
        assert answer.status_code == 400, (path, query)
        told = [one for one in answer.json()["errors"] if one["parameter"] == parameter]
        assert told and hint in told[0]["detail"], answer.text


def test_errors_of_search_parameters_are_reported_with_the_others(house: Client):
    for query, hint in (
        ("sort=newst", "mean 'newest'"), ("sort=relevanse", "mean 'relevance'"),
        ("sort=-relevance", "relevance, newest"), ("highlight=htm", "mean 'html'"),
        ("q_fields=headlines", "mean 'headline'"),
    ):  # fmt: skip
        answer = house.get(f"/v1/search?q=rain&{query}")
        assert answer.status_code == 400 and hint in answer.json()["errors"][0]["detail"], query


def test_only_editors_filter_by_state_and_drafts_are_in_order_of_creation(
    house: Client, editor: Client, told: Tell
):
    for slug in ("x", "y"):
        told(slug=slug, publish=False, published_at=START - timedelta(days=ord(slug)))
    assert house.get("/v1/articles?state=draft").status_code == 403
    assert slugs(editor, state="draft") == ["y", "x"]
    assert slugs(editor, state="draft", sort="published_at") == ["y", "x"]
    assert slugs(editor, state="draft,published")[:4] == ["d", "c", "b", "a"]
    assert slugs(editor, state="draft", sort="-first_published_at") == ["x", "y"]


def test_former_names_work_in_filters(house: Client, editor: Client):
    section = editor.get("/v1/sections/world/asia")
    moved = editor.patch(
        "/v1/sections/world/asia", json={"slug": "east"},
        headers={"If-Match": section.headers["etag"], "Content-Type": "application/json"},
    )  # fmt: skip
    assert moved.status_code == 200, moved.text
    for path in ("/v1/articles", "/v1/search"):
        for name in ("world/asia", "world/east", section.json()["id"]):
            assert sorted(slugs(house, path, q="over", section=name)) == ["a", "b"], (path, name)
        assert sorted(slugs(house, path, q="over", section="-world/asia")) == ["c", "d"], path


def test_the_longest_allowed_queries_are_answered(house: Client):
    langs = ",".join(f"a{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(49))
    assert slugs(house, lang=f"{langs},en", urgency="-" + ",".join("123456789")) == ["c", "a"]
    many = "&".join(["section=world"] * 20)
    assert len(house.get(f"/v1/articles?{many}&sort=modified_at&q=over").json()["items"]) == 4
    ids = ",".join(f"art_{number}" for number in range(100))
    assert house.get(f"/v1/articles?ids={ids}&count=exact").json()["count"] == 0
    for raw in ("tag=%00", "q=%00", "a=%ED%A0%80", "=", "&&", "tag", "q=" + "%22" * 200):
        assert house.get(f"/v1/articles?{raw}").status_code in (200, 400), raw


def test_a_time_filter_accepts_nanoseconds(demo: Client) -> None:
    """RFC 3339, section 5.6: a second has as many digits as whoever writes it likes."""
    for digits in ("", ".5", ".123456", ".1234567", ".123456789"):
        moment = f"2026-10-30T00:00:00{digits}Z"
        assert demo.get("/v1/articles", params={"published_from": moment}).is_success, digits
    answer = demo.get("/v1/articles", params={"published_from": f"2026-10-30T00:00:00.{'1' * 13}Z"})
    assert answer.status_code == 400
