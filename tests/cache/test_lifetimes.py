"""How long caches in front may keep an answer, and by which keys they drop it."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from app.config import Settings
from app.db.database import Database
from app.desk import withdrawals
from app.desk.articles import publishing, schedule
from app.desk.transaction import at_desk
from app.http.responses import MOST_KEYS, cache_control, keys_for_header
from app.models.withdrawal import WithdrawalWrite
from scripts.examples import ASKED
from tests.conftest import Client, Maker, Served, copied

NOW = datetime.now(UTC)
WINDOWS = "stale-while-revalidate=60, stale-if-error=60"
PURGED = {"purge": "varnish:http://cache.test:6081"}


@pytest.fixture
def purged(settings: Settings) -> Iterator[httpx.Client]:
    """The API with a cache in front that is told what changes."""
    served = Served(settings.model_copy(update=PURGED))
    with httpx.Client(base_url=served.url) as client:
        yield client
    served.stop()


def kept(answer: httpx.Response) -> int:
    found = re.search(r"s-maxage=(\d+)", answer.headers["cache-control"])
    return int(found[1]) if found else 0


@pytest.mark.parametrize(
    ("left", "longest", "stale", "said"),
    [
        (None, 30, 0, "s-maxage=30"), (None, 3600, 60, f"s-maxage=3600, {WINDOWS}"),
        (9, 3600, 60, "s-maxage=9"), (3600, 3600, 60, "s-maxage=3600"),
        (3620, 3600, 60, "s-maxage=3600, stale-while-revalidate=20, stale-if-error=20"),
        (9000, 3600, 60, f"s-maxage=3600, {WINDOWS}"), (-5, 3600, 60, "s-maxage=0"),
    ],
)  # fmt: skip
def test_no_lifetime_reaches_past_a_transition(
    left: int | None, longest: int, stale: int, said: str
) -> None:
    moment = None if left is None else NOW + timedelta(seconds=left)
    assert (
        cache_control(NOW, moment, longest, stale) == f"public, max-age=0, must-revalidate, {said}"
    )


def test_without_purge_lifetimes_are_short(client: Client, told) -> None:
    row = told()
    for url in (f"/v1/articles/{row.id}", "/v1/articles", "/v1/tags", "/feeds/all.rss"):
        for _ in range(2):
            answer = client.get(url)
            assert 0 < kept(answer) <= 30 and "stale" not in answer.headers["cache-control"], url


def test_with_purge_lifetimes_follow_the_setting(purged: httpx.Client, told) -> None:
    row = told()
    for url in (f"/v1/articles/{row.id}", "/v1/articles", "/v1/tags", "/feeds/all.rss",
                f"/v1/articles/{row.id}/attributions", "/v1/search?q=story"):  # fmt: skip
        for _ in range(2):  # made, and from the response cache
            answer = purged.get(url)
            assert kept(answer) == 3600 and WINDOWS in answer.headers["cache-control"], url
            assert answer.headers["isnad-change"] and answer.headers["surrogate-key"]
    # what is trending is counted by the hour: near its end the answer is kept for less
    for url, longest in (("/v1/trending", 30), ("/v1/changes", 2)):
        answer = purged.get(url)
        assert "s-maxage=" in answer.headers["cache-control"] and kept(answer) <= longest, url
        assert "stale" not in answer.headers["cache-control"], url


def test_a_story_with_an_end_has_no_stale_directives(
    purged: httpx.Client, db: Database, told
) -> None:
    soon, late, now = told(), told(), datetime.now(UTC)
    with at_desk(db) as desk:
        schedule.expire(desk, publishing.get(desk, soon.id), now + timedelta(minutes=5))
        schedule.expire(desk, publishing.get(desk, late.id), now + timedelta(days=30))
    for _ in range(2):
        for row, most in ((soon, 300), (late, 3600)):
            answer = purged.get(f"/v1/articles/{row.id}")
            assert most - 60 <= kept(answer) <= most
            assert "stale" not in answer.headers["cache-control"]
        assert kept(purged.get("/v1/articles")) <= 300


def test_responses_to_a_key_are_private(purged: httpx.Client, key, told) -> None:
    row = told()
    head = {"Authorization": f"Bearer {key('reader')}"}
    for url in (f"/v1/articles/{row.id}", "/v1/articles", "/v1/tags", "/v1/articles/no-such"):
        said = purged.get(url, headers=head).headers["cache-control"]
        assert "public" not in said and ("private" in said or "no-store" in said), url


def test_a_404_is_cached_for_seconds_only(purged: httpx.Client, db: Database, told) -> None:
    row = told(slug="first")
    with at_desk(db) as desk:
        publishing.rename(desk, publishing.get(desk, row.id), "second")
        publishing.record_change(desk, "updated", publishing.get(desk, row.id), public=True)
        killed = told_in(desk)
        withdrawals.withdraw(desk, killed, WithdrawalWrite.model_validate({"kind": "kill"}))
    for url, status in (
        ("/v1/articles/no-such", 404), (f"/v1/articles/{killed}", 410), ("/v1/tags/no-such", 404),
        ("/v1/no-such", 404), ("/feeds/no-such.rss", 404), ("/media/no-such.png", 404),
        ("/v1/fronts/no-such", 404),
    ):  # fmt: skip
        answer = purged.get(url)
        assert answer.status_code == status and kept(answer) <= 30, url
        assert {"articles", "nouns"} <= set(answer.headers["surrogate-key"].split())
    moved = purged.get("/v1/articles/first")
    assert (moved.status_code, moved.headers["cache-control"]) == (308, "no-cache")
    with at_desk(db) as desk:
        later = publishing.get(desk, told_in(desk, publish=False))
        schedule.schedule(desk, later, datetime.now(UTC) + timedelta(seconds=5))
    assert kept(purged.get("/v1/articles/no-such")) <= 5


def told_in(desk, publish: bool = True) -> str:
    from app.models.article import ArticleWrite

    row = publishing.create(desk, ArticleWrite.model_validate({"lang": "en", "headline": "One"}))
    return (publishing.publish(desk, row) if publish else row).id


@pytest.fixture(scope="module")
def demo_purged(
    templates: Maker, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("purged")
    settings = copied("sqlite", templates("sqlite", True), folder, request)
    served = Served(settings.model_copy(update=PURGED))
    with httpx.Client(base_url=served.url) as client:
        yield client
    served.stop()


@pytest.mark.parametrize("operation", ASKED)
def test_every_cacheable_response_has_surrogate_keys(
    demo_purged: httpx.Client, operation: str
) -> None:
    answer = demo_purged.get(
        ASKED[operation][0].replace("http://127.0.0.1:8000", str(demo_purged.base_url).rstrip("/"))
    )
    said = answer.headers["cache-control"]
    if "s-maxage" in said:
        assert answer.headers["surrogate-key"] and len(answer.headers["surrogate-key"]) <= MOST_KEYS
    else:
        assert said in ("no-cache", "no-store", "private, no-store"), said


def test_too_many_surrogate_keys_become_keys_of_lists() -> None:
    few = " ".join(["articles", *(f"art_{number:022d}" for number in range(100))])
    assert keys_for_header(few) == few
    many = " ".join(["articles", "search", *(f"src_{number:022d}" for number in range(200))])
    assert keys_for_header(many) == "articles nouns search"
    story = " ".join(["art_one", *(f"img_{number:022d}" for number in range(200))])
    assert keys_for_header(story) == "art_one articles nouns"


def test_a_file_has_the_keys_of_the_stories_that_show_it(
    purged: httpx.Client, db: Database, told, drawn
) -> None:
    image = drawn("red")
    rows = [told(lead_image={"id": image}) for _ in range(2)]
    draft = told(lead_image={"id": image}, publish=False)
    url = purged.get(f"/v1/articles/{rows[0].id}").json()["lead_image"]["url"]
    answer = purged.get(url)
    assert set(answer.headers["surrogate-key"].split()) == {image, rows[0].id, rows[1].id}
    assert draft.id not in answer.headers["surrogate-key"], "a draft is nobody's to know"
    assert kept(answer) == 3600 and answer.headers["isnad-change"]


def test_cloudflare_gets_cache_tags(settings: Settings, told) -> None:
    row = told()
    update = {"purge": "cloudflare:023e105f"}
    served = Served(Settings.model_validate(
        settings.model_dump() | update | {"purge_cloudflare_token": "t"}
    ))  # fmt: skip
    for _ in range(2):
        head = httpx.get(f"{served.url}/v1/articles").headers
        assert (
            head["cache-tag"].split(",") == head["surrogate-key"].split()
            and row.id in head["cache-tag"]
        )
    served.stop()
