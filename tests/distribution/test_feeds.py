"""Feeds over HTTP: which stories, at which address, under which headers."""

import calendar
import gzip
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unicodedata import normalize
from urllib.parse import quote

import feedparser
import httpx
import orjson
import pytest
from sqlmodel import select

from app.db.database import Database
from app.desk.catalog import verbs as shared
from app.desk.transaction import at_desk
from app.distribution import feeds
from app.formats.feeds.feed import updated_at
from app.formats.feeds.xml import TOMBSTONES
from app.http.responses import TRACKING
from app.models.article import ArticleRow, VersionRow
from app.models.section import ContributorRow, SectionRow, TagRow
from app.models.withdrawal import WithdrawalRow
from tests.conftest import Client
from tests.support import feed_rules

KINDS = {
    "rss": "application/rss+xml",
    "atom": "application/atom+xml",
    "json": "application/feed+json",
}
EXTENSIONS = list(KINDS)
ROOT = Path(__file__).parent.parent.parent
YEAR = timedelta(days=365)


def ids_of(answer: httpx.Response) -> list[str]:
    """The ids of articles in a feed, in its order."""
    assert answer.status_code == 200, answer.text
    if "json" in answer.headers["content-type"]:
        found = [item["id"] for item in answer.json()["items"]]
    else:
        found = [entry.id for entry in feedparser.parse(answer.content).entries]
    return [id.rpartition(":")[2] for id in found]


def faults_of(answer: httpx.Response) -> list[str]:
    extension = answer.request.url.path.rpartition(".")[2]
    address = str(answer.request.url).replace("&content=full", "")  # the default is not named
    return feed_rules.FAULTS[extension](answer.content, address)


@pytest.mark.parametrize("extension", EXTENSIONS)
@pytest.mark.parametrize("content", ["full", "summary"])
def test_every_demo_story_is_in_every_format(demo: Client, extension: str, content: str) -> None:
    stories = {card["id"]: demo.get(f"/v1/articles/{card['id']}").json()
               for card in demo.get("/v1/articles?limit=100").json()["items"]}  # fmt: skip
    answer = demo.get(f"/feeds/all.{extension}?limit=100&content={content}")
    assert answer.headers["content-type"].startswith(KINDS[extension])
    assert faults_of(answer) == []
    assert ids_of(answer) == list(stories)
    if extension == "json":
        items = answer.json()["items"]
        told = [
            (one["title"], one["date_published"], one["date_modified"], one["url"]) for one in items
        ]
    else:
        entries = feedparser.parse(answer.content).entries
        told = [(one.title, one.published_parsed, one.updated_parsed, one.link) for one in entries]
    for (title, published, updated, url), story in zip(told, stories.values(), strict=True):
        assert title == story["headline"] and url == story["url"]
        times = [datetime.fromisoformat(story["published_at"]), updated_at(story)]
        if extension != "json":
            assert [
                datetime.fromtimestamp(calendar.timegm(at), UTC) for at in (published, updated)
            ] == times
        else:
            assert [datetime.fromisoformat(at) for at in (published, updated)] == times


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_each_demo_story_gives_a_valid_feed_item(demo: Client, extension: str) -> None:
    for card in demo.get("/v1/articles?limit=100").json()["items"]:
        answer = demo.get(f"/feeds/all.{extension}?ids={card['id']}")
        assert ids_of(answer) == [card["id"]] and faults_of(answer) == []
        text = answer.text
        credit = (card["credit_line_override"] or card["credit_line"]).get(card["lang"])
        assert credit is None or credit in text
        if extension != "json":
            assert f'&lt;div lang="{card["lang"]}" dir="{card["dir"]}"&gt;' in text


def test_demo_feeds_are_valid(demo: Client, shared: Any) -> None:
    schemas = feed_rules.Schemas(shared)
    for query in ("?limit=100", "?limit=100&content=summary", "?lang=ar&limit=3", "?tag=harbours"):
        assert schemas.atom_faults(demo.get(f"/feeds/all.atom{query}").content) == []
        assert schemas.json_faults(demo.get(f"/feeds/all.json{query}").content) == []


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_a_section_feed_combines_with_any_filter(demo: Client, extension: str) -> None:
    for section, query in (
        ("coast", ""), ("coast/harbour", "?lang=ar"), ("all", "?source=interfax&lang=-en"),
        ("all", "?published_from=2024-11-01&published_to=2025-02-01&kind=-live"),
    ):  # fmt: skip
        within = "" if section == "all" else f"section={section}"
        listed = demo.get(
            f"/v1/articles?{within}{query.replace('?', '&')}".replace("?&", "?")
        ).json()
        answer = demo.get(f"/feeds/{section}.{extension}{query}")
        assert ids_of(answer) == [card["id"] for card in listed["items"]] != []
        assert faults_of(answer) == []


def test_ids_combine_with_other_filters(demo: Client) -> None:
    coast = {
        card["id"] for card in demo.get("/v1/articles?section=coast&limit=100").json()["items"]
    }
    everything = [card["id"] for card in demo.get("/v1/articles?limit=100").json()["items"]]
    asked = ",".join(reversed(everything))
    wanted = [id for id in reversed(everything) if id in coast]
    assert 0 < len(wanted) < len(everything)
    assert ids_of(demo.get(f"/feeds/coast.json?ids={asked}")) == wanted
    listed = demo.get(f"/v1/articles?section=coast&ids={asked}").json()["items"]
    assert [card["id"] for card in listed] == wanted


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_the_pages_of_a_feed_contain_every_story_once(demo: Client, extension: str) -> None:
    everything = [card["id"] for card in demo.get("/v1/articles?limit=100").json()["items"]]
    url, walked, seen = f"/feeds/all.{extension}?limit=7", [], []
    while url:
        answer = demo.get(url)
        assert faults_of(answer) == []
        walked += ids_of(answer)
        seen.append(str(answer.request.url))
        url = following(answer, extension)
        assert url not in seen
    assert walked == everything and len(seen) == -(-len(everything) // 7)
    back = demo.get(answer.links["prev"]["url"])
    assert (
        ids_of(back)
        == everything[-(-len(everything) // 7) * 7 - 14 : -(-len(everything) // 7) * 7 - 7]
    )
    first = demo.get(answer.links["first"]["url"])
    assert ids_of(first) == everything[:7]


def following(answer: httpx.Response, extension: str) -> str:
    """The next page, as the feed and its headers say alike."""
    if extension == "json":
        told = answer.json().get("next_url", "")
    else:
        links = feedparser.parse(answer.content).feed.links
        told = next((one.href for one in links if one.rel == "next"), "")
    assert told == answer.links.get("next", {}).get("url", "")
    return str(told)


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_the_self_link_has_no_tracking_parameters(client: Client, told, extension: str) -> None:
    told(slug="one", lang="ar")
    base = f"{client.base_url}/feeds/all.{extension}"
    for query, kept in (
        ("", ""), ("?lang=ar", "?lang=ar"), ("?limit=5&lang=ar%2Cen", "?limit=5&lang=ar%2Cen"),
        ("?utm_source=x&lang=ar&fbclid=1&utm_Campaign=%D8%A3&gclid=", "?lang=ar"),
        ("?utm%5Fsource=x&gclid=y", ""), ("?_=1733&lang=ar&nocache=1&mc_cid=x&REF=rss", "?lang=ar"), ("?published_from=2020-01-01T00:00:00%2B03:00", None),
    ):  # fmt: skip
        answer = client.get(base + query)
        wanted = base + (query if kept is None else kept)
        assert feed_rules.FAULTS[extension](answer.content, wanted) == []
        assert answer.links["self"]["url"] == wanted
        assert ids_of(answer) != []


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("referer=x", "referer"), ("utm=x", "utm"), ("lagn=ar", "lagn"), ("limit=101", "limit"), ("q=a&q=b", "q"),
        ("content=half", "content"), ("content=", "content"), ("content=full&content=full", "content"),
        ("display=ar", "display"), ("fields=id", "fields"), ("tag=nothing", "tag"), ("cursor=x", "cursor"),
    ],
)  # fmt: skip
def test_an_invalid_query_names_the_parameter(client: Client, told, query: str, name: str) -> None:
    told(slug="one")
    for extension in EXTENSIONS:
        answer = client.get(f"/feeds/all.{extension}?{query}")
        assert answer.status_code == 400, query
        assert answer.headers["content-type"] == "application/problem+json"
        assert [one["parameter"] for one in answer.json()["errors"]] == [name]


@pytest.mark.parametrize(
    "path",
    ["nothing.rss", ".rss", "all.xml", "all", "all.RSS", "sport/.atom", "/all.json", "all.json/", "%2e%2e/all.rss", "ALL.rss",
     "'--.rss", "%D8%A3.json", "a/b/c/d.atom"],
)  # fmt: skip
def test_an_unknown_feed_is_404(client: Client, told, path: str) -> None:
    told(slug="one")
    assert client.get(f"/feeds/{path}").status_code == 404


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_a_former_path_redirects_to_the_section(client: Client, db, told, extension: str) -> None:
    with at_desk(db) as desk:
        shared.add_section(desk, "world", {"ar": "العالم"})
        shared.add_section(desk, "world/آسيا", {"ar": "آسيا"})
    row = told(slug="one", section="world/آسيا")
    before = client.get(f"/feeds/world/آسيا.{extension}")
    assert ids_of(before) == [row.id] and faults_of(before) == []
    with at_desk(db) as desk:
        section = desk.session.get_one(SectionRow, section_id(client, "world"))
        shared.move_section(desk, section, None, "globe")
    moved = client.get(f"/feeds/world/آسيا.{extension}?limit=5&utm_source=x&lang=en")
    assert moved.status_code == 308
    assert (
        moved.headers["location"]
        == f"/feeds/globe/%D8%A2%D8%B3%D9%8A%D8%A7.{extension}?limit=5&lang=en"
    )
    after = client.get(moved.headers["location"])
    assert ids_of(after) == [row.id] and faults_of(after) == []
    by_id = client.get(f"/feeds/{section_id(client, 'globe/آسيا')}.{extension}")
    assert ids_of(by_id) == [row.id]
    if extension == "atom":
        ids = {
            feedparser.parse(one.content).feed.id
            for one in (before, client.get("/feeds/globe/آسيا.atom"))
        }
        assert len(ids) == 1


@pytest.mark.parametrize("extension", EXTENSIONS)
@pytest.mark.parametrize("path", ["World", "WORLD/أخبار", normalize("NFD", "world/أخبار")])
def test_a_path_in_capitals_redirects_to_the_section(
    client: Client, db, path: str, extension: str
) -> None:
    with at_desk(db) as desk:
        shared.add_section(desk, "world", {"ar": "العالم"})
        shared.add_section(desk, "world/أخبار", {"ar": "أخبار"})
    answer = client.get(f"/feeds/{path}.{extension}?limit=5")
    kept = quote(normalize("NFC", path).lower())
    assert answer.headers["location"] == f"/feeds/{kept}.{extension}?limit=5"
    assert client.get(answer.headers["location"]).status_code == 200


def section_id(client: Client, path: str) -> str:
    return str(client.get(f"/v1/sections/{path}").json()["id"])


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_a_feed_has_an_etag_head_and_encodings(client: Client, told, extension: str) -> None:
    told(slug="one", body=[{"type": "paragraph", "text": "long " * 400}])
    path = f"/feeds/all.{extension}"
    plain = client.get(path, headers={"Accept-Encoding": "identity"})
    assert "s-maxage=" in plain.headers["cache-control"] and plain.headers["isnad-change"]
    assert "last-modified" not in plain.headers
    assert "articles" in plain.headers["surrogate-key"].split()
    for coding in ("zstd", "br", "gzip"):
        answer = client.get(path, headers={"Accept-Encoding": coding})
        assert answer.headers["content-encoding"] == coding and answer.content == plain.content
        known = {"If-None-Match": answer.headers["etag"]}
        again = client.get(path, headers=known)
        assert (again.status_code, again.content) == (304, b"")
    head = client.head(path, headers={"Accept-Encoding": "identity"})
    assert head.content == b"" and head.headers["content-length"] == str(len(plain.content))
    assert head.headers["etag"] == plain.headers["etag"]
    other = client.get(path, params={"content": "summary"})
    assert other.headers["etag"] != plain.headers["etag"]
    assert gzip.decompress(gzip.compress(plain.content)) == plain.content


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_hidden_stories_are_in_no_feed(client: Client, told, extension: str) -> None:
    now = datetime.now(UTC)
    told(slug="out", headline="Out now", related=[], body=[])
    told(slug="draft", headline="Hidden words", publish=False)
    told(slug="embargoed", headline="Hidden words", embargo_until=now + timedelta(seconds=9))
    told(
        slug="expired",
        headline="Hidden words",
        published_at=now - YEAR,
        expires_at=now - timedelta(days=1),
    )
    answer = client.get(f"/feeds/all.{extension}")
    assert "Hidden words" not in answer.text and len(ids_of(answer)) == 1
    assert int(answer.headers["cache-control"].partition("s-maxage=")[2]) <= 9


def test_hidden_related_stories_are_not_in_a_feeds_content(client: Client, told) -> None:
    told(slug="hidden", headline="Hidden words", publish=False)
    told(
        slug="one",
        body=[{"type": "paragraph", "text": "Words."}, {"type": "related", "articles": ["hidden"]}],
    )
    for extension in EXTENSIONS:
        text = client.get(f"/feeds/all.{extension}").text
        assert "Words." in text and "Hidden words" not in text and "$fill" not in text


def test_a_correction_keeps_the_id_and_changes_the_updated_time(
    client: Client, editor, told
) -> None:
    row = told(slug="one", published_at="2024-01-01T10:00:00Z")
    before = client.get("/feeds/all.json").json()["items"][0]
    notice = {"kind": "correction", "text": {"en": "Five, not fifty."}}
    assert editor.post("/v1/articles/one/corrections", json=notice).status_code == 201
    for extension in EXTENSIONS:
        answer = client.get(f"/feeds/all.{extension}")
        assert ids_of(answer) == [row.id] and "Five, not fifty." in answer.text
    after = client.get("/feeds/all.json").json()["items"][0]
    assert (after["id"], after["date_published"]) == (before["id"], before["date_published"])
    assert after["date_modified"] > before["date_modified"]
    assert after["_isnad"]["corrections"][0]["text"] == {"en": "Five, not fifty."}


@pytest.mark.parametrize("kept", ["example.org,2026", ""])
def test_feed_ids_do_not_depend_on_the_public_url(settings, told, contract, kept: str) -> None:
    from tests.conftest import Served

    told(slug="one")
    found = set()
    for site in ("https://www.example.org", "https://www.example.net"):
        changed = settings.model_copy(update={"site_url": site, "tag_authority": kept})
        served = Served(changed)
        with Client(served, contract) as made:
            found.add(made.get("/feeds/all.json").json()["items"][0]["id"].rpartition(":")[0])
        served.stop()
    assert found == (
        {f"tag:{kept}"} if kept else {"tag:www.example.org,2026", "tag:www.example.net,2026"}
    )


def test_the_number_of_statements_does_not_grow_with_the_feed(
    client: Client, told, monkeypatch
) -> None:
    ran: list[str] = []
    reader = client.served.app.state.services.db.reader
    real = reader.rows

    async def counted(sql: str, values: Any, **more: Any) -> Any:
        ran.append(sql)
        return await real(sql, values, **more)

    monkeypatch.setattr(reader, "rows", counted)
    counts = []
    for number in range(12):
        told(slug=f"s{number}", lang="en" if number % 2 else "ar", translation_of=f"s{number - 1}" if number % 2 else None,
             body=[{"type": "related", "articles": [f"s{number - 1}"] if number else []}])  # fmt: skip
        if number in (0, 11):
            ran.clear()
            assert client.get("/feeds/all.atom?limit=50").status_code == 200
            counts.append(len(ran))
    assert counts[0] == counts[1] <= 10


def test_empty_feeds_are_valid(client: Client, db) -> None:
    with at_desk(db) as desk:
        shared.add_section(desk, "quiet", {"ar": "هدوء", "en": "Quiet"})
    for extension in EXTENSIONS:
        for path in ("all", "quiet"):
            answer = client.get(f"/feeds/{path}.{extension}")
            assert ids_of(answer) == [] and faults_of(answer) == []
    assert client.get("/feeds/quiet.json?lang=en").json()["title"] == "Isnad – Quiet"
    assert client.get("/feeds/quiet.json?lang=en").json()["language"] == "en"


def test_with_anonymous_none_a_feed_needs_a_key(settings, told, contract) -> None:
    from tests.conftest import Served

    told(slug="one")
    served = Served(settings.model_copy(update={"anonymous": "none"}))
    with Client(served, contract) as made:
        for extension in EXTENSIONS:
            assert made.get(f"/feeds/all.{extension}").status_code == 401
    served.stop()


def test_unusual_characters_reach_the_feed_unchanged(client: Client, db, told) -> None:
    headline = "عاجل 🚢 <b>a</b> & \x0b\x07 ]]> " + "خبر " * 120
    row = told(slug="odd", lang="ar", body=[{"type": "paragraph", "text": "\x0c نص \x02 & <x>"}])
    with at_desk(db) as desk:  # the desk takes no such words; a database may have them
        version = desk.session.get_one(VersionRow, (row.id, 1))
        version.content = version.content | {"headline": headline[:500], "summary": "\x01 س < ص"}
        desk.render(row.id)
    for extension in EXTENSIONS:
        answer = client.get(f"/feeds/all.{extension}")
        assert faults_of(answer) == [] and len(ids_of(answer)) == 1
    kept = orjson.loads(client.get("/feeds/all.json").content)["items"][0]["title"]
    assert kept == client.get("/v1/articles/odd").json()["headline"]


def test_every_tracking_parameter_is_in_the_docs_and_in_varnish() -> None:
    page, vcl = ((ROOT / name).read_text() for name in ("docs/feeds.md", "deploy/varnish.vcl"))
    names = TRACKING.pattern.replace("[^=&]*", "…").split("|")
    assert [name for name in names if f"`{name}`" not in page] == []
    assert f"({TRACKING.pattern})(=" in vcl
    assert not set(names) & set(feeds.KNOWN)


def test_every_format_is_in_the_docs() -> None:
    page = (ROOT / "docs/feeds.md").read_text()
    assert [one for one in feeds.FORMATS if f"`/feeds/all.{one}`" not in page] == []
    assert set(feeds.FORMATS) == set(EXTENSIONS)


def gone_from(client: Client, path: str) -> dict[str, tuple[str, str | None]]:
    """Tombstones of a feed: when and the notice, by article."""
    answer = client.get(path)
    assert faults_of(answer) == []
    found = feed_rules.tree_of(answer.content).iter(f"{{{TOMBSTONES}}}deleted-entry")
    comment = f"{{{TOMBSTONES}}}comment"
    return {
        one.get("ref").rpartition(":")[2]: (one.get("when"), one.findtext(comment)) for one in found
    }


def withdraw(editor: Client, slug: str, kind: str, **more: Any) -> None:
    answer = editor.put(f"/v1/articles/{slug}/withdrawal", json={"kind": kind, **more})
    assert answer.status_code in (200, 201), answer.text


def test_a_killed_story_has_a_tombstone_in_its_feeds(client: Client, editor, db, told) -> None:
    with at_desk(db) as desk:
        shared.add_section(desk, "world", {"ar": "العالم"})
        shared.add_section(desk, "sport", {"ar": "رياضة"})
    killed = told(slug="killed", section="world", lang="ar", headline="Hidden words")
    told(slug="vanished", section="world", headline="Hidden words")
    told(slug="draft", section="world", headline="Hidden words", publish=False)
    stays = told(slug="stays", section="world")
    withdraw(editor, "killed", "kill", notice={"ar": "سُحب الخبر.", "en": "Withdrawn."})
    for slug in ("vanished", "draft"):
        withdraw(editor, slug, "vanish" if slug == "vanished" else "kill")
    for caller in (client, editor):
        gone = gone_from(caller, "/feeds/all.atom")
        assert list(gone) == [killed.id] and gone[killed.id][1] == "سُحب الخبر."
    assert list(gone_from(client, "/feeds/world.atom?content=summary&lang=ar")) == [killed.id]
    feed = client.get("/feeds/world.json").json()
    [told_of] = feed["_isnad"]["withdrawn"]
    assert told_of["id"].endswith(killed.id) and told_of["notice"]["en"] == "Withdrawn."
    assert told_of["at"] == gone[killed.id][0] and "expired" not in feed
    parsed = feedparser.parse(client.get("/feeds/world.rss").content)
    built = datetime.fromtimestamp(calendar.timegm(parsed.feed.updated_parsed), UTC)
    assert built == datetime.fromisoformat(told_of["at"]).replace(microsecond=0)
    assert gone_from(client, f"/feeds/all.atom?ids={killed.id}").keys() == {killed.id}
    for other in ("/feeds/sport.atom", "/feeds/world.atom?lang=en", "/feeds/all.atom?source=reuters",
                  f"/feeds/all.atom?ids={stays.id}"):  # fmt: skip
        assert gone_from(client, other) == {}
    for extension in EXTENSIONS:
        answer = client.get(f"/feeds/world.{extension}")
        assert ids_of(answer) == [stays.id] and "Hidden words" not in answer.text


def test_tombstones_follow_every_filter_except_words(
    client: Client, editor: Client, db: Database, told: Callable[..., ArticleRow]
) -> None:
    with at_desk(db) as desk:
        shared.add_section(desk, "world", {"ar": "العالم"})
        now: dict[str, Any] = {"modified_at": desk.now, "created_at": desk.now}
        shared.add(desk, ContributorRow(slug="rana", name={"ar": "رنا"}, **now))
        shared.add(desk, TagRow(slug="storms", type="keyword", name={"ar": "عواصف"}, **now))
    killed = told(
        slug="killed", section="world", headline="Secret harbour", kind="analysis", urgency=2,
        tags=["storms"], contributors=[{"contributor": "rana", "role": "reporter"}],
        attributions=[{"source": "reuters", "role": "quoted"}], published_at="2026-01-10T10:00:00Z",
    )  # fmt: skip
    told(  # else readers know neither this tag nor her
        slug="stays", headline="Another harbour", tags=["storms"],
        contributors=[{"contributor": "rana", "role": "reporter"}],
    )  # fmt: skip
    noticed = {"kind": "correction", "text": {"en": "Mended.", "ar": "صُحح."}}
    assert editor.post("/v1/articles/killed/corrections", json=noticed).status_code == 201
    yesterday = (datetime.now(UTC) - timedelta(days=1)).isoformat().replace("+00:00", "Z")
    withdraw(editor, "killed", "kill", notice={"en": "Withdrawn."})
    meets = (
        "section=world", "section=-world", "tag=storms", "tag=-storms", "source=reuters",
        "source=reuters:quoted", "source=reuters:origin", "source=-reuters", "contributor=rana",
        "contributor=-rana", "kind=analysis", "kind=-analysis", "lang=en", "lang=-en,fr", "urgency=2",
        "urgency=-2", "published_from=2026-01-10", "published_to=2026-01-10",
        "first_published_to=2026-01-10", f"corrected_from={yesterday}", f"corrected_to={yesterday}",
        "source_status=killed", "section=world&lang=en&tag=storms", "section=world&lang=ar",
    )  # fmt: skip
    told_of = {query: killed.id in gone_from(client, f"/feeds/all.atom?{query}") for query in meets}
    assert {query for query, there in told_of.items() if there} == {
        "section=world", "tag=storms", "source=reuters", "source=reuters:quoted", "contributor=rana",
        "kind=analysis", "lang=en", "urgency=2", "published_from=2026-01-10",
        f"corrected_from={yesterday}", "section=world&lang=en&tag=storms",
    }  # fmt: skip
    for query in (f"modified_to={yesterday}", f"modified_from={yesterday}", "sort=updated_at"):
        assert killed.id in gone_from(client, f"/feeds/all.atom?{query}"), query
    found = [
        gone_from(caller, f"/feeds/all.atom?{query}")
        for caller in (client, editor)
        for query in ("limit=9", "q=secret", "q=harbour", "q=nowhere", "q=-secret%20harbour", 'q=%22secret%20harbour%22')
    ]  # fmt: skip
    assert found[0].keys() == {killed.id} and all(one == found[0] for one in found), (
        "words tell nothing of what was sealed"
    )
    assert gone_from(client, "/feeds/all.atom?q=secret&lang=ar") == {}


def test_a_restored_story_is_newer_than_its_tombstone(client: Client, editor, told) -> None:
    row = told(slug="one", published_at="2024-01-01T10:00:00Z")
    withdraw(editor, "one", "kill")
    [(when, notice)] = gone_from(client, "/feeds/all.atom").values()
    assert notice is None
    back = editor.request("DELETE", "/v1/articles/one/withdrawal", json={"reason": "It was right."})
    assert back.status_code == 200, back.text
    assert gone_from(client, "/feeds/all.atom") == {}
    [entry] = feedparser.parse(client.get("/feeds/all.atom").content).entries
    assert entry.id.endswith(row.id) and entry.updated > when
    [item] = client.get("/feeds/all.json").json()["items"]
    assert item["date_modified"] > when and item["date_published"] == "2024-01-01T10:00:00Z"


def test_tombstones_are_limited_and_only_on_the_first_page(
    client: Client, editor, db, told
) -> None:
    for number in range(4):
        told(slug=f"s{number}", published_at=datetime(2026, 1, 1 + number, tzinfo=UTC))
    withdraw(editor, "s3", "kill")
    assert len(gone_from(client, "/feeds/all.atom?limit=1")) == 1
    following = client.get("/feeds/all.atom?limit=1").links["next"]["url"]
    assert gone_from(client, following) == {}
    with at_desk(db) as desk:
        row = desk.session.exec(select(WithdrawalRow)).one()
        row.at -= timedelta(days=31)
        desk.session.add(row)
        desk.record("touched", "article", row.object_id, public=True)
    assert gone_from(client, "/feeds/all.atom?limit=1") == {}
