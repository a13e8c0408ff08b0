"""The delivery plane over a real socket, on both databases."""

import threading
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from app import urls
from app.db.database import Database
from app.desk.articles import publishing
from app.desk.catalog import verbs
from app.desk.transaction import at_desk
from app.models.source import SourceRow
from tests.conftest import Client

YEAR = timedelta(days=365)


def test_an_article_is_found_by_slug_id_and_page_url(client: Client, told) -> None:
    row = told(
        headline="Rain in the hills", slug="rain", body=[{"type": "paragraph", "text": "Rain."}]
    )
    story = client.get("/v1/articles/rain").json()
    assert story["headline"] == "Rain in the hills"
    assert [block["text"] for block in story["body"]] == ["Rain."]
    assert client.get(f"/v1/articles/{row.id}").json() == story
    assert client.get("/v1/articles/by-url", params={"url": story["url"]}).json() == story


def test_drafts_embargoed_and_expired_stories_are_hidden_everywhere(client: Client, told) -> None:
    now = datetime.now(UTC)
    told(slug="draft", publish=False)
    told(slug="embargoed", embargo_until=now + YEAR)
    told(slug="expired", published_at=now - YEAR, expires_at=now - timedelta(days=1))
    told(slug="future", published_at=now + YEAR)
    assert client.get("/v1/articles").json()["items"] == []
    for slug in ("draft", "embargoed", "expired", "future"):
        answer = client.get(f"/v1/articles/{slug}")
        assert answer.status_code == 404, slug
        assert answer.json()["code"] == "not-found"


def test_no_lifetime_reaches_past_an_embargo(client: Client, told) -> None:
    told(slug="now")
    told(slug="soon", embargo_until=datetime.now(UTC) + timedelta(seconds=5))
    lifetime = client.get("/v1/articles").headers["cache-control"]
    assert int(lifetime.partition("s-maxage=")[2]) <= 5


def test_cursors_lead_forward_and_back_through_a_list(client: Client, told) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(7):
        told(slug=f"s{number}", published_at=start + timedelta(hours=number))
    pages, cursor = [], None
    while True:
        page = client.get(
            "/v1/articles", params={"limit": 3, **({"cursor": cursor} if cursor else {})}
        )
        pages.append([one["slug"] for one in page.json()["items"]])
        cursor = page.json()["next"]
        if cursor is None:
            break
    assert pages == [["s6", "s5", "s4"], ["s3", "s2", "s1"], ["s0"]]
    back = client.get("/v1/articles", params={"limit": 3, "cursor": page.json()["prev"]}).json()
    assert [one["slug"] for one in back["items"]] == ["s3", "s2", "s1"]
    assert 'rel="prev"' in page.headers["link"]


def test_a_cursor_of_another_list_or_an_altered_one_is_400(client: Client, told) -> None:
    for number in range(3):
        told(slug=f"s{number}")
    cursor = client.get("/v1/articles", params={"limit": 1}).json()["next"]
    for params in (
        {"lang": "en", "cursor": cursor},
        {"cursor": cursor[:-2] + "AA"},
        {"cursor": "x"},
    ):
        answer = client.get("/v1/articles", params=params)
        assert (answer.status_code, answer.json()["code"]) == (400, "cursor-invalid")


def test_each_filter_returns_its_stories(client: Client, db, told) -> None:
    with at_desk(db) as desk:
        verbs.add_section(desk, "world", {"ar": "العالم"})
        verbs.add_section(desk, "world/asia", {"ar": "آسيا"})
        verbs.add_section(desk, "sport", {"ar": "رياضة"})
    told(slug="asia", section="world/asia", lang="ar", published_at="2026-01-02T10:00:00Z",
         attributions=[{"source": "reuters", "role": "origin"}])  # fmt: skip
    told(slug="sport", section="sport", kind="opinion", published_at="2026-01-03T10:00:00Z",
         attributions=[{"source": "afp", "role": "relayed"}])  # fmt: skip

    def slugs(**params: str) -> list[str]:
        return [one["slug"] for one in client.get("/v1/articles", params=params).json()["items"]]

    assert slugs(section="world") == slugs(section="world/asia") == ["asia"]
    assert slugs(section="world,sport") == ["sport", "asia"]
    assert slugs(section="-world") == ["sport"]
    assert slugs(lang="ar") == slugs(kind="news") == slugs(source="reuters") == ["asia"]
    assert slugs(source="afp:relayed") == ["sport"]
    assert slugs(source="afp:origin") == []
    assert slugs(published_from="2026-01-03") == ["sport"]
    assert slugs(published_to="2026-01-03") == ["asia"]
    ids = [client.get(f"/v1/articles/{slug}").json()["id"] for slug in ("asia", "sport")]
    assert slugs(ids=",".join(ids)) == ["asia", "sport"]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("limit=0", "limit"), ("limit=101", "limit"), ("limit=x", "limit"), ("sekshun=a", "sekshun"),
        ("lang=", "lang"), ("kind=nwes", "kind"), ("published_from=yesterday", "published_from"),
        ("limit=1&limit=2", "limit"), ("tag=nothing", "tag"), ("source=reuters:author", "source"),
    ],
)  # fmt: skip
def test_an_invalid_query_names_the_parameter(client: Client, query: str, parameter: str) -> None:
    answer = client.get(f"/v1/articles?{query}")
    assert answer.status_code == 400
    assert [one["parameter"] for one in answer.json()["errors"]] == [parameter]


def test_etags_answer_304_and_head_has_no_body(client: Client, told) -> None:
    told(slug="one", body=[{"type": "paragraph", "text": "long " * 400}])
    plain = client.get("/v1/articles/one", headers={"Accept-Encoding": "identity"})
    for coding in ("zstd", "br", "gzip"):
        answer = client.get("/v1/articles/one", headers={"Accept-Encoding": coding})
        assert answer.headers["content-encoding"] == coding
        assert answer.json() == plain.json()
        assert answer.headers["etag"] == plain.headers["etag"][:-1] + f'-{coding}"'
        known = {"If-None-Match": answer.headers["etag"]}
        assert client.get("/v1/articles/one", headers=known).status_code == 304
    since = {"If-Modified-Since": plain.headers["last-modified"]}
    assert client.get("/v1/articles/one", headers=since).status_code == 304
    head = client.head("/v1/articles/one", headers={"Accept-Encoding": "identity"})
    assert head.content == b""
    assert head.headers["content-length"] == plain.headers["content-length"]
    assert head.headers["etag"] == plain.headers["etag"]


def test_a_former_slug_leads_to_the_story(client: Client, db, told) -> None:
    row = told(slug="old-name")
    with at_desk(db) as desk:
        story = publishing.get(desk, row.id)
        publishing.rename(desk, story, "new-name")
        publishing.record_change(desk, "updated", story)
    answer = client.get("/v1/articles/old-name")
    assert answer.status_code == 308
    assert answer.headers["location"].endswith("/v1/articles/new-name")
    assert client.get("/v1/articles/new-name").status_code == 200


def test_hidden_translations_and_related_stories_are_not_shown(client, db, told) -> None:
    ar = told(slug="qissa", lang="ar", headline="قصة")
    told(slug="story", translation_of="qissa", related=["qissa"],
         body=[{"type": "related", "articles": ["qissa"]}])  # fmt: skip
    story = client.get("/v1/articles/story").json()
    assert [one["headline"] for one in story["translations"]] == ["قصة"]
    assert [one["slug"] for one in story["related"]] == ["qissa"]
    assert [one["slug"] for one in story["body"][0]["articles"]] == ["qissa"]
    assert client.get("/v1/articles/qissa").json()["translations"][0]["headline"] == "A story"
    with at_desk(db) as desk:
        row = publishing.get(desk, ar.id)
        row.live_to = datetime.now(UTC) - timedelta(seconds=1)
        verbs.rerender(desk, [row.id], "touched")
    story = client.get("/v1/articles/story").json()
    assert (story["translations"], story["related"], story["body"][0]["articles"]) == ([], [], [])


def test_renaming_a_source_changes_every_story_but_no_version(client: Client, db, told) -> None:
    told(slug="one", attributions=[{"source": "reuters", "role": "origin"}])
    before = client.get("/v1/articles/one")
    with at_desk(db) as desk:
        row = desk.session.get_one(SourceRow, before.json()["sources"][0]["id"])
        assert verbs.change(desk, row, name={"ar": "رويترز الجديدة", "en": "New Reuters"}) == 1
    after = client.get("/v1/articles/one")
    assert after.json()["credit_line"]["en"] == "Source: New Reuters"
    assert after.json()["version"] == before.json()["version"]
    assert after.json()["modified_at"] > before.json()["modified_at"]
    assert after.headers["etag"] != before.headers["etag"]
    assert int(after.headers["isnad-change"]) == int(before.headers["isnad-change"]) + 2


def test_after_a_new_public_url_no_response_contains_the_old_one(settings, told, contract) -> None:
    from tests.conftest import Served

    told(slug="one", body=[{"type": "paragraph", "text": "x"}])
    texts = []
    for _ in range(2):
        served = Served(settings)
        with httpx.Client(base_url=served.url) as http:
            texts.append(
                (served.port, http.get("/v1/articles/one").text + http.get("/v1/articles").text)
            )
        served.stop()
    (first, _), (second, text) = texts
    assert first != second
    assert str(second) in text
    assert f":{first}/" not in text


def test_min_change_waits_for_that_change(client: Client, db: Database, told) -> None:
    told(headline="The first story")
    head = int(client.get("/v1/articles").headers["Isnad-Change"])
    for query, headers in (("", {"Isnad-Min-Change": str(head)}), (f"?min_change={head}", {})):
        assert client.get(f"/v1/articles{query}", headers=headers).status_code == 200
    late = threading.Timer(0.3, told, kwargs={"headline": "The second story"})
    late.start()
    answer = client.get(f"/v1/articles?limit=1&min_change={head + 1}")
    late.join()
    assert answer.json()["items"][0]["headline"] == "The second story"
    never = client.get("/v1/articles", headers={"Isnad-Min-Change": str(head + 1000)})
    assert never.status_code == 503 and never.headers["Retry-After"] == "1"
    for wrong in ("x", "-1", "", "9" * 30):
        assert client.get(f"/v1/articles?min_change={wrong}").status_code == 400
        assert client.get("/v1/articles", headers={"Isnad-Min-Change": wrong}).status_code == 400
    named = client.get("/v1/articles?admin_change=1")  # ends as it does, and is another
    assert named.status_code == 400
    assert named.json()["errors"][0]["parameter"] == "admin_change"


def test_lang_selects_a_translation_and_unknown_parameters_are_400(client: Client, told) -> None:
    told(slug="rain", headline="Rain")
    told(slug="matar", headline="مطر", lang="ar", translation_of="rain")
    told(slug="secret", headline="Geheim", lang="de", translation_of="rain", publish=False)
    arabic = client.get("/v1/articles/rain?lang=ar").json()
    assert (arabic["slug"], arabic["lang"]) == ("matar", "ar")
    assert client.get("/v1/articles/rain?lang=en").json()["slug"] == "rain"
    assert client.get("/v1/articles/secret?lang=ar").status_code == 404
    for lang in ("de", "fr"):
        assert client.get(f"/v1/articles/rain?lang={lang}").status_code == 404
    for wrong in ("lang=", "lang=x!", "lang=ar&lang=en", "fields=x", "lang=ar&utm_source=x"):
        answer = client.get(f"/v1/articles/rain?{wrong}")
        assert answer.status_code == 400, wrong
        assert answer.json()["errors"][0]["parameter"] in wrong
    assert client.get("/v1/sources/reuters?x=1").status_code == 400


def test_last_modified_includes_the_other_stories_that_are_shown(client: Client, told) -> None:
    told(slug="one")
    told(slug="two", lang="ar", translation_of="one")
    answer = client.get("/v1/articles/one")
    since = {"If-Modified-Since": answer.headers["last-modified"]}
    assert client.get("/v1/articles/one", headers=since).status_code == 200
    same = {"If-None-Match": answer.headers["etag"]}
    assert client.get("/v1/articles/one", headers=same).status_code == 304


def test_a_page_url_finds_its_story_under_former_names(client, editor, db, told) -> None:
    row = told(slug="old-name")
    url = client.get("/v1/articles/old-name").json()["url"]
    with at_desk(db) as desk:
        story = publishing.get(desk, row.id)
        publishing.rename(desk, story, "new-name")
        publishing.record_change(desk, "updated", story)
    for address in (url, url.replace("old-name", "new-name")):
        assert client.get("/v1/articles/by-url", params={"url": address}).json()["id"] == row.id
    editor.put(f"/v1/articles/{row.id}/withdrawal", json={"kind": "kill", "reason": "wrong"})
    assert client.get("/v1/articles/by-url", params={"url": url}).status_code == 410


def test_by_url_has_the_cache_lifetime_of_its_story(client: Client, db, told) -> None:
    here, there = told(slug="here"), told(slug="there")
    url = client.get("/v1/articles/here").json()["url"]
    ours = url.replace("here", "elsewhere")  # of our form, and yet known by where it came from
    with at_desk(db) as desk:
        publishing.get(desk, there.id).identity = f"url:{urls.normalised(ours)}"
    told(slug="soon", embargo_until=datetime.now(UTC) + timedelta(seconds=5))
    found = client.get("/v1/articles/by-url", params={"url": url})
    assert "articles" not in found.headers["surrogate-key"].split()
    assert found.headers["cache-control"].endswith("s-maxage=30")
    found = client.get("/v1/articles/by-url", params={"url": ours})
    assert found.json()["id"] == there.id != here.id
    assert "articles" in found.headers["surrogate-key"].split()
    assert int(found.headers["cache-control"].partition("s-maxage=")[2]) <= 5


def test_by_url_does_not_show_a_draft(client: Client, told) -> None:
    told(slug="shown")
    draft = told(slug="draft", publish=False)
    url = client.get("/v1/articles/shown").json()["url"].replace("shown", draft.slug)
    assert client.get("/v1/articles/by-url", params={"url": url}).status_code == 404
