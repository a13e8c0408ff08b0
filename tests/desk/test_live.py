"""Live stories over HTTP: updates posted, polled, changed, removed; what their story shows."""

import re
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlmodel import col, select, update

from app import worker
from app.change_log.transaction import write_transaction
from app.db.database import Database
from app.db.dialects import insert_rows
from app.desk.catalog import verbs
from app.desk.transaction import at_desk
from app.models.article import ArticleRow
from app.models.image import ImageRow, ImageUseRow
from app.models.live import LiveUpdateRow
from app.models.section import ContributorRow
from app.models.source import SourceRow
from app.queries import updates
from app.rendering import live_updates
from tests.conftest import Client, Drawn
from tests.delivery.test_previews import asked, discreet
from tests.desk.test_writing import faults, match

Json = dict[str, Any]
ROOT = Path(__file__).parent.parent.parent
PLAIN = {"Accept-Encoding": "identity"}


@pytest.fixture
def storm(told) -> str:
    """A live story that is out; its id."""
    row = told(slug="storm", kind="live", body=[{"type": "paragraph", "text": "A storm."}])
    return str(row.id)


def posted(editor: Client, story: str, text: str = "It blows.", **more: Any) -> Json:
    sent = {"body": [{"type": "paragraph", "text": text}]} | more
    answer = editor.post(f"/v1/articles/{story}/updates", json=sent)
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


def texts(page: Json) -> list[str]:
    return [one["body"][0]["text"] if one["body"] else "-" for one in page["items"]]


def polled(client: Client, story: str, **query: Any) -> Json:
    answer = client.get(f"/v1/articles/{story}/updates", params=query)
    assert answer.status_code == 200, answer.text
    page: Json = answer.json()
    return page


def test_readers_poll_what_reporters_post(client: Client, editor: Client, storm: str) -> None:
    before = client.get(f"/v1/articles/{storm}")
    assert before.json()["updates"] == {"pinned": [], "key": [], "newest": [], "next": None}
    assert polled(client, storm)["items"] == []
    head = int(before.headers["isnad-change"])
    first = posted(editor, storm, "One", headline="First", key=True)
    posted(editor, "storm", "Two")
    page = polled(client, storm)
    assert texts(page) == ["Two", "One"]
    assert page["items"][1] | {"warnings": []} == first
    assert (first["version"], first["key"], first["removed"]) == (1, True, False)
    after = client.get("/v1/articles/storm", headers=PLAIN)
    story = after.json()
    assert texts({"items": story["updates"]["newest"]}) == ["Two", "One"]
    assert [one["headline"] for one in story["updates"]["key"]] == ["First"]
    assert story["version"] == before.json()["version"]
    assert story["modified_at"] > before.json()["modified_at"]
    assert after.headers["etag"] != before.headers["etag"]
    rows = client.get(f"/v1/changes?cursor={head}").json()["items"]
    assert [(one["type"], one["id"], one["version"]) for one in rows] == [("updated", storm, 1)] * 2
    desk = editor.get(f"/v1/changes?cursor={head}").json()["items"]
    assert [one["reason"] for one in desk] == ["update posted"] * 2
    answer = client.get(f"/v1/articles/{storm}/updates/{first['id']}", headers=PLAIN)
    assert answer.json() | {"warnings": []} == first
    assert answer.headers["etag"].startswith('"1-')


def test_fields_select_parts_of_updates(client: Client, editor: Client, storm: str) -> None:
    first = posted(editor, storm, "One", headline="First")
    second = posted(editor, storm, "Two")
    posted(editor, storm, "Three", headline="Third")
    gone = editor.delete(
        f"/v1/articles/{storm}/updates/{second['id']}", headers={"If-Match": '"v1"'}
    )
    assert gone.status_code == 200, gone.text
    page = polled(client, storm, after=first["id"], fields="removed,headline,body.text")
    assert page["items"] == [
        {"id": page["items"][0]["id"], "headline": "Third", "body": [{"text": "Three"}], "removed": False},
        {"id": second["id"], "headline": None, "body": [], "removed": True},
    ]  # fmt: skip
    linked = client.get(f"/v1/articles/{storm}/updates?limit=1&fields=at").headers["link"]
    assert "fields=at&cursor=" in linked


def test_after_returns_new_edited_and_removed_updates(
    client: Client, editor: Client, storm: str
) -> None:
    one, two = posted(editor, storm, "One"), posted(editor, storm, "Two")
    seen = two["id"]
    assert polled(client, storm, after=seen)["items"] == []
    posted(editor, storm, "Three")
    url = f"/v1/articles/{storm}/updates"
    edited = editor.patch(f"{url}/{one['id']}", json={"headline": "Again"}, headers=match(one))
    assert edited.status_code == 200, edited.text
    page = polled(client, storm, after=seen)
    assert texts(page) == ["Three", "One"]  # in the order of the changes
    assert page["items"][1]["headline"] == "Again"
    assert page["items"][1]["modified_at"] > page["items"][1]["at"] == one["at"]
    assert editor.delete(f"{url}/{two['id']}", headers=match(two)).status_code == 200
    page = polled(client, storm, after=seen)
    gone = page["items"][-1]
    assert (gone["id"], gone["removed"], gone["headline"], gone["body"]) == (seen, True, None, [])
    assert (gone["author"], gone["key"], gone["pinned"]) == (None, False, False)
    assert texts(polled(client, storm)) == ["Three", "One"]
    assert client.get(f"{url}/{seen}").json() == gone
    assert texts({"items": client.get("/v1/articles/storm").json()["updates"]["newest"]}) == [
        "Three", "One",
    ]  # fmt: skip
    walked, cursor = [], None
    while True:
        page = polled(
            client, storm, after=one["id"], limit=1, **({"cursor": cursor} if cursor else {})
        )
        walked += [item["id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert walked == [item["id"] for item in polled(client, storm, after=one["id"])["items"]]
    unknown = client.get(f"{url}?after=upd_nowhere")
    assert unknown.status_code == 400
    assert "without `after`" in unknown.json()["errors"][0]["detail"]


def test_polling_after_the_newest_update_never_misses_an_edit(
    client: Client, editor: Client, storm: str
) -> None:
    """A reader has U; then U itself, and what was between, change: all of it is told."""
    url = f"/v1/articles/{storm}/updates"
    old, newest = posted(editor, storm, "Old"), posted(editor, storm, "Newest")
    for number in range(3):
        editor.patch(
            f"{url}/{old['id']}", json={"headline": f"{number}"}, headers={"If-Match": "*"}
        )
    editor.patch(f"{url}/{newest['id']}", json={"headline": "N"}, headers={"If-Match": "*"})
    page = polled(client, storm, after=newest["id"])
    assert [(one["id"], one["headline"]) for one in page["items"]] == [
        (old["id"], "2"), (newest["id"], "N"),
    ]  # fmt: skip


def test_updates_of_the_same_second_have_a_stable_order(
    client: Client, editor: Client, storm: str
) -> None:
    at = "2026-01-01T10:00:00Z"
    ids = {posted(editor, storm, f"{number}", at=at)["id"] for number in range(12)}
    first = [one["id"] for one in polled(client, storm, limit=100)["items"]]
    assert set(first) == ids
    walked, cursor = [], None
    for _ in range(20):
        page = polled(client, storm, limit=5, **({"cursor": cursor} if cursor else {}))
        walked += [one["id"] for one in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert walked == first
    story = client.get(f"/v1/articles/{storm}").json()["updates"]
    assert [one["id"] for one in story["newest"]] == first[:10]
    rest = client.get(story["next"]).json()
    assert [one["id"] for one in rest["items"]] == first[10:]
    link = client.get("/v1/articles/storm/updates?limit=5").headers["link"]
    following = client.get(link[1 : link.index(">")]).json()
    assert [one["id"] for one in following["items"]] == first[5:10]


@pytest.mark.parametrize(
    "query",
    [
        "cursor=nonsense", "limit=0", "limit=101", "limit=x", "lang=ar", "after=", "limit=1&limit=2",
        "cursor=W10", "after=x&cursor=W10",
    ],
)  # fmt: skip
def test_an_invalid_query_is_400(client: Client, editor: Client, storm: str, query: str) -> None:
    posted(editor, storm)
    assert client.get(f"/v1/articles/{storm}/updates?{query}").status_code == 400


def test_cursors_of_another_story_and_forged_ones_are_400(
    client: Client, editor: Client, storm: str, told
) -> None:
    other = told(slug="other", kind="live")
    posted(editor, storm)
    wrong: list[Any] = [
        ["x", "y"], ["2026-01-01T00:00:00", "u"], [1, 2], ["2026-01-01T00:00:00Z", 7],
        ["2026-01-01T00:00:00Z", "\0"], [None, {}], ["9999999999999999"],
    ]  # fmt: skip
    for position in wrong:
        cursor = live_updates.cursor_of(storm, "", position)
        answer = client.get(f"/v1/articles/{storm}/updates?cursor={cursor}")
        assert (answer.status_code, answer.json()["code"]) == (400, "cursor-invalid"), position
    first = posted(editor, storm)
    wrong = [["-1"], ["9" * 30], [5], [None], ["١"]]
    for position in wrong:
        cursor = live_updates.cursor_of(storm, first["id"], position)
        query = f"after={first['id']}&cursor={cursor}"
        assert client.get(f"/v1/articles/{storm}/updates?{query}").status_code == 400, position
    good = live_updates.cursor_of(other.id, "", ["2026-01-01T00:00:00Z", "upd_1"])
    assert client.get(f"/v1/articles/{other.id}/updates?cursor={good}").status_code == 200
    assert client.get(f"/v1/articles/{storm}/updates?cursor={good}").status_code == 400
    mine = posted(editor, other.id)["id"]
    assert client.get(f"/v1/articles/{storm}/updates?after={mine}").status_code == 400
    assert client.get(f"/v1/articles/{storm}/updates/{mine}").status_code == 404


def test_a_poll_has_a_lifetime_and_304_when_nothing_changed(
    client: Client, editor: Client, storm: str
) -> None:
    posted(editor, storm)
    url = f"/v1/articles/{storm}/updates"
    answer = client.get(url)
    kept = answer.headers["cache-control"]
    assert kept.startswith("public") and int(kept.partition("s-maxage=")[2]) <= 5
    assert storm in answer.headers["surrogate-key"].split()
    tag = {"If-None-Match": answer.headers["etag"]}
    assert client.get(url, headers=tag).status_code == 304
    assert client.head(url, headers=tag).status_code == 304
    head = client.head(url)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["etag"] == answer.headers["etag"]
    posted(editor, storm, "More")
    assert client.get(url, headers=tag).status_code == 200
    assert editor.get(url).headers["cache-control"].startswith("private")
    for coding in ("gzip", "zstd", "br"):
        posted(editor, storm, "long " * 200)
        answer = client.get(url, headers={"Accept-Encoding": coding})
        assert answer.headers["content-encoding"] == coding


def test_updates_are_visible_only_with_their_story(
    client: Client, editor: Client, told, db: Database
) -> None:
    now = datetime.now(UTC)
    year = timedelta(days=365)
    rows = {
        "draft": told(slug="draft", kind="live", publish=False),
        "embargoed": told(slug="embargoed", kind="live", embargo_until=now + year),
        "expired": told(slug="expired", kind="live", expires_at=now - timedelta(days=1)),
        "killed": told(slug="killed", kind="live"),
        "vanished": told(slug="vanished", kind="live"),
    }
    ids = {name: posted(editor, row.id)["id"] for name, row in rows.items()}
    with write_transaction(db) as session:
        for state in ("killed", "vanished"):
            named = update(ArticleRow).where(col(ArticleRow.id) == rows[state].id)
            session.execute(named.values(state=state))
    for name, row in rows.items():
        plain = client.get(f"/v1/articles/{row.id}").status_code
        assert plain in (404, 410)
        for path in ("", f"?after={ids[name]}", f"/{ids[name]}", "?limit=1"):
            answer = client.get(f"/v1/articles/{row.id}/updates{path}")
            assert answer.status_code == plain, (name, path)
        sealed = name in ("killed", "vanished")
        assert (editor.get(f"/v1/articles/{row.id}/updates").status_code == 200) != sealed
        sent = {"headline": "More"}
        assert (
            editor.post(f"/v1/articles/{row.id}/updates", json=sent).status_code == 201
        ) != sealed
    assert client.get("/v1/articles/nowhere/updates").status_code == 404


def test_a_former_slug_redirects_to_the_updates(client: Client, editor: Client, storm: str) -> None:
    posted(editor, storm)
    sent = {"slug": "gale", "headline": "Gale"}
    assert editor.put(f"/v1/articles/{storm}", json=sent, headers={"If-Match": '"v1"'}).is_success
    moved = client.get("/v1/articles/storm/updates?limit=5")
    assert moved.status_code == 308
    assert moved.headers["location"].endswith("/v1/articles/gale/updates?limit=5")


def test_only_live_stories_have_updates(client: Client, editor: Client, told, storm: str) -> None:
    row = told(slug="plain")
    refused = editor.post(f"/v1/articles/{row.id}/updates", json={"headline": "No"})
    assert refused.status_code == 409
    assert client.get(f"/v1/articles/{row.id}").json()["updates"] is None
    assert client.get(f"/v1/articles/{row.id}/updates").status_code == 404
    one = posted(editor, storm)
    editor.patch(f"/v1/articles/{storm}", json={"kind": "news"}, headers={"If-Match": '"v1"'})
    assert client.get(f"/v1/articles/{storm}").json()["updates"] is None
    assert client.get(f"/v1/articles/{storm}/updates").status_code == 404
    url = f"/v1/articles/{storm}/updates/{one['id']}"
    assert editor.delete(url, headers=match(one)).status_code == 409
    editor.patch(f"/v1/articles/{storm}", json={"kind": "live"}, headers={"If-Match": '"v2"'})
    assert len(polled(client, storm)["items"]) == 1


def test_only_keys_with_the_needed_scopes_post_updates(
    client: Client, signed, storm: str, told
) -> None:
    sent = {"headline": "News"}
    url = f"/v1/articles/{storm}/updates"
    assert client.post(url, json=sent).status_code == 401
    for key in (signed("reader"), signed("partner"), signed("editor", scopes=["read"])):
        assert key.post(url, json=sent).status_code == 403
    writer = signed("editor", scopes=["read", "write"])
    refused = writer.post(url, json=sent)
    assert refused.status_code == 403 and "publish" in refused.json()["detail"]
    draft = told(slug="draft", kind="live", publish=False)
    one = writer.post(f"/v1/articles/{draft.id}/updates", json=sent)
    assert one.status_code == 201
    both = signed("editor", scopes=["write", "publish"])
    made = both.post(url, json=sent).json()
    for method in ("PUT", "PATCH", "DELETE"):
        answer = writer.request(
            method, f"{url}/{made['id']}", headers=match(made),
            **({"json": sent} if method != "DELETE" else {}),
        )  # fmt: skip
        assert answer.status_code == 403, method


def test_the_second_of_two_editors_of_an_update_gets_412(
    client: Client, editor: Client, storm: str
) -> None:
    one = posted(editor, storm, "One")
    url = f"/v1/articles/{storm}/updates/{one['id']}"
    assert editor.put(url, json={"headline": "x"}).status_code == 428
    assert editor.delete(url).status_code == 428
    done: list[int] = []

    def edit(name: str) -> None:
        with Client(client.served, client.contract) as own:
            own.headers["Authorization"] = editor.headers["Authorization"]
            done.append(own.put(url, json={"headline": name}, headers=match(one)).status_code)

    threads = [threading.Thread(target=edit, args=(f"by {number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [200, 412, 412, 412, 412, 412]
    now = editor.get(url).json()
    assert (now["version"], now["body"]) == (2, one["body"])


def test_many_reporters_at_once_lose_nothing(client: Client, editor: Client, storm: str) -> None:
    def report(number: int) -> None:
        with Client(client.served, client.contract) as own:
            own.headers["Authorization"] = editor.headers["Authorization"]
            for place in range(5):
                posted(own, storm, f"{number}.{place}")

    threads = [threading.Thread(target=report, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = texts(polled(client, storm, limit=100))
    assert sorted(found) == sorted(f"{one}.{two}" for one in range(6) for two in range(5))
    assert client.get(f"/v1/articles/{storm}").json()["modified_at"]


def test_posting_updates_causes_no_conflict_for_an_editor_of_the_story(
    editor: Client, storm: str
) -> None:
    read = editor.get(f"/v1/articles/{storm}")
    one = posted(editor, storm)
    sent = read.json() | {"headline": "Changed"}
    saved = editor.put(
        f"/v1/articles/{storm}", json=sent, headers={"If-Match": read.headers["etag"]}
    )
    assert saved.status_code == 200, saved.text
    assert saved.json()["version"] == 2
    assert [update["id"] for update in saved.json()["updates"]["newest"]] == [one["id"]]
    again = editor.patch(
        f"/v1/articles/{storm}/updates/{one['id']}", json={"headline": "x"}, headers=match(one)
    )
    assert again.status_code == 200


def test_what_is_read_can_be_sent_back(
    editor: Client, storm: str, db: Database, drawn: Drawn
) -> None:
    with at_desk(db, by="test") as desk:
        person = ContributorRow(
            slug="leila", name={"ar": "ليلى"}, created_at=desk.now, modified_at=desk.now
        )
        verbs.add(desk, person)
    one = posted(
        editor, storm, author="leila", pinned=True, key=True, at="2026-01-01T10:00:00+02:00",
        body=[
            {"type": "paragraph", "html": "Wind of <strong>ten</strong>."},
            {"type": "figure", "image": {"id": drawn("red"), "caption": "The quay"}},
        ],
    )  # fmt: skip
    assert (one["at"], one["author"]["slug"]) == ("2026-01-01T08:00:00Z", "leila")
    assert one["body"][1]["image"]["credit"] == "A. Sailor"
    url = f"/v1/articles/{storm}/updates/{one['id']}"
    read = editor.get(url)
    saved = editor.put(url, json=read.json(), headers={"If-Match": read.headers["etag"]})
    assert saved.status_code == 200, saved.text
    changing = {"version", "modified_at", "warnings"}
    assert {n: v for n, v in saved.json().items() if n not in changing} == {
        n: v for n, v in one.items() if n not in changing
    }
    cleared = editor.put(
        url, json={"author": None, "pinned": None, "headline": "Only this", "body": []},
        headers=match(saved.json()),
    ).json()  # fmt: skip
    assert (cleared["author"], cleared["pinned"], cleared["body"]) == (None, False, [])
    assert cleared["key"] is True


def test_a_removed_update_can_be_restored(client: Client, editor: Client, storm: str) -> None:
    one = posted(editor, storm, "Kept")
    url = f"/v1/articles/{storm}/updates/{one['id']}"
    gone = editor.delete(url, headers=match(one)).json()
    assert gone["removed"] is True and gone["body"] == []
    assert editor.delete(url, headers=match(gone)).status_code == 409
    assert "Kept" not in client.get(url).text + client.get(f"/v1/articles/{storm}").text
    back = editor.patch(url, json={"removed": False}, headers=match(gone)).json()
    assert (back["removed"], back["body"][0]["text"]) == (False, "Kept")
    assert texts(polled(client, storm)) == ["Kept"]


def test_all_errors_of_an_update_are_reported(editor: Client, storm: str, drawn: Drawn) -> None:
    url = f"/v1/articles/{storm}/updates"
    told = faults(editor.post(url, json={
        "hedline": "x", "author": {"name": "nobody"}, "key": "maybe", "at": "yesterday",
        "version": 7, "removed": True, "body": [{"type": "nosuch"}],
    }))  # fmt: skip
    assert "headline" in told["#/hedline"]
    assert {"#/author", "#/key", "#/at", "#/version", "#/removed", "#/body/0/type"} <= told.keys()
    assert "#/body" in faults(editor.post(url, json={}))
    ahead = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    told = faults(editor.post(url, json={
        "author": "nobody", "at": ahead,
        "body": [
            {"type": "correction", "correction": "cor1"},
            {"type": "related", "articles": ["art_nowhere"]},
            {"type": "figure", "image": {"id": "img_nowhere"}},
        ],
    }))  # fmt: skip
    assert {"#/author", "#/at", "#/body/0/type", "#/body/1/articles/0"} <= told.keys()
    assert "#/body/2/image/id" in told
    many = [{"type": "divider"}] * 101
    assert "#/body" in faults(editor.post(url, json={"headline": "x", "body": many}))
    large = [{"type": "paragraph", "text": "ب" * 60_000}]
    assert "bytes" in faults(editor.post(url, json={"body": large}))["#/body"]
    naming = [{"type": "related", "articles": [storm] * 7}] * 3
    assert "20 stories" in faults(editor.post(url, json={"body": naming}))["#/body"]
    nobody, free = (
        drawn("red", credit=None),
        drawn("blue", credit=None, rights={"public_domain": True}),
    )
    told = faults(editor.post(url, json={"body": [{"type": "figure", "image": {"id": nobody}}]}))
    assert nobody in told["#/body/0/image"]
    own = {"id": nobody, "credit": "A reader"}
    posted(editor, storm, body=[{"type": "figure", "image": own}])
    posted(editor, storm, body=[{"type": "figure", "image": {"id": free}}])
    for _ in range(10):
        posted(editor, storm, pinned=True)
    assert "#/pinned" in faults(editor.post(url, json={"headline": "One more", "pinned": True}))
    assert editor.post(url, content=b"not json").status_code in (400, 415)
    assert editor.post(url, json=[]).status_code == 422


def test_hostile_html_comes_out_harmless(client: Client, editor: Client, storm: str) -> None:
    hostile = (
        "<script>alert(1)</script><img src=x onerror=alert(1)>"
        '<a href="javascript:alert(1)">press</a><svg onload=alert(1)><b onclick=x>bold</b></svg>'
        '<a href="https://ok.example" onclick="x">fine</a>' + "<i>" * 400 + "deep"
    )
    made = posted(editor, storm, headline="<script>alert(2)</script>", body=[
        {"type": "paragraph", "html": hostile}, {"type": "list", "items": [hostile]},
        {"type": "quote", "html": hostile, "who": "<b>me</b>"},
    ])  # fmt: skip
    for block in made["body"]:
        for bad in ("<script", "onerror", "onclick", "javascript:", "<svg", "<img"):
            assert bad not in block["html"], bad
    assert '<a href="https://ok.example">fine</a>' in made["body"][0]["html"]
    assert made["headline"] == "<script>alert(2)</script>"  # plain text, as everywhere
    assert client.get(f"/v1/articles/{storm}/updates").json()["items"][0]["body"] == made["body"]


def test_updates_show_changes_of_images_and_contributors(
    client: Client,
    editor: Client,
    storm: str,
    told,
    db: Database,
    drawn: Drawn,
) -> None:
    with at_desk(db, by="test") as desk:
        reuters = desk.session.exec(select(SourceRow).where(SourceRow.slug == "reuters")).one()
        person = ContributorRow(
            slug="leila", name={"ar": "L", "en": "Leila"}, created_at=desk.now, modified_at=desk.now
        )
        verbs.add(desk, person)
    picture = drawn("red", credit=None, source_id=reuters.id)
    one = posted(
        editor, storm, author="leila",
        body=[{"type": "figure", "image": {"id": picture}}, {"type": "paragraph", "text": "x"}],
    )  # fmt: skip
    url = f"/v1/articles/{storm}/updates"

    def image() -> Json:
        both = polled(client, storm)["items"][0], client.get(f"/v1/articles/{storm}").json()
        assert both[1]["updates"]["newest"][0] == both[0]
        found: Json = both[0]
        return found

    def amended(table: Any, id: str, **fields: Any) -> int:
        with at_desk(db) as desk:
            return verbs.change(desk, desk.session.get_one(table, id), **fields)

    assert image()["body"][0]["image"]["credit"] == "Reuters"
    tag = {"If-None-Match": client.get(url).headers["etag"]}
    assert amended(SourceRow, reuters.id, credit={"en": "Reuters News"}) == 1
    assert image()["body"][0]["image"]["credit"] == "Reuters News"
    assert client.get(url, headers=tag).status_code == 200
    assert amended(ImageRow, picture, credit={"en": "B. Sailor"}) == 1
    assert image()["body"][0]["image"]["credit"] == "B. Sailor"
    assert amended(ContributorRow, person.id, name={"ar": "ل", "en": "Layla"}) == 1
    assert image()["author"]["name"]["en"] == "Layla"
    assert image()["modified_at"] == one["modified_at"]
    file = image()["body"][0]["image"]["url"]
    assert client.get(file).status_code == 200
    assert storm in [
        c["id"] for c in client.get("/v1/articles?source=reuters:photographed").json()["items"]
    ]
    soon = datetime.now(UTC) + timedelta(seconds=1)
    amended(ImageRow, picture, rights={"valid_until": soon.isoformat()})
    lifetime = client.get(url).headers["cache-control"]
    assert int(lifetime.partition("s-maxage=")[2]) <= 1
    time.sleep(1.1)
    assert image()["body"][0]["image"]["withheld"] == {"reason": "rights.expired"}
    assert image()["body"][0]["image"]["url"] is None
    with db.reading() as session:
        [use] = session.exec(select(ImageUseRow).where(ImageUseRow.image_id == picture)).all()
        assert (use.update_id, use.article_id) == (one["id"], storm)
    read = editor.get(f"{url}/{one['id']}").json()
    assert editor.delete(f"{url}/{one['id']}", headers=match(read)).status_code == 200
    assert client.get(file).status_code == 404
    with db.reading() as session:
        assert session.exec(select(ImageUseRow).where(ImageUseRow.image_id == picture)).all() == []


def test_the_worker_renders_outdated_updates(
    client: Client,
    editor: Client,
    storm: str,
    db: Database,
    drawn: Drawn,
) -> None:
    picture = drawn("red")
    posted(editor, storm, body=[{"type": "figure", "image": {"id": picture}}])
    posted(editor, storm, "Other")
    worker.work_through(db)
    assert worker.refresh_updates_step(db) == 0
    with at_desk(db) as desk:
        verbs.change(desk, desk.session.get_one(ImageRow, picture), credit={"en": "C."})
    assert worker.refresh_updates_step(db) == 1
    assert worker.refresh_updates_step(db) == 0
    assert polled(client, storm)["items"][1]["body"][0]["image"]["credit"] == "C."
    other = db.settings.model_copy(update={"public_url": "https://api.example"})
    db.settings = other
    assert worker.refresh_updates_step(db) == 2
    assert worker.refresh_updates_step(db) == 0


def test_hidden_related_stories_are_not_shown_in_an_update(
    client: Client, editor: Client, storm: str, told
) -> None:
    out, draft = told(slug="out"), told(slug="unseen", publish=False)
    block = {"type": "related", "id": "r", "title": "More", "articles": [draft.id, out.id]}
    posted(editor, storm, body=[block])
    posted(editor, storm, body=[block])

    def shown(asking: Client) -> list[list[str]]:
        story = asking.get(f"/v1/articles/{storm}").json()["updates"]["newest"]
        page = polled(asking, storm)["items"]
        assert [one["body"] for one in story] == [one["body"] for one in page]
        return [[card["slug"] for card in one["body"][0]["articles"]] for one in page]

    assert shown(client) == [["out"], ["out"]]
    assert shown(editor) == [["unseen", "out"]] * 2
    assert (
        editor.delete(f"/v1/articles/{draft.id}", headers={"If-Match": '"v1"'}).status_code == 409
    )
    editor.put(f"/v1/articles/{draft.id}/publication")
    assert shown(client) == [["unseen", "out"]] * 2
    keys = client.get(f"/v1/articles/{storm}/updates").headers["surrogate-key"].split()
    assert {storm, out.id, draft.id} <= set(keys)
    [row] = editor.get("/v1/changes?type=published&noun=article&latest=true").json()["items"][-1:]
    assert (row["id"], storm in row["touches"]) == (draft.id, True)


def test_a_preview_shows_the_updates_too(
    client: Client,
    editor: Client,
    told,
    drawn: Drawn,
) -> None:
    row = told(slug="soon", kind="live", publish=False)
    picture = drawn("red")
    for number in range(12):
        posted(editor, row.id, f"{number}")
    posted(editor, row.id, body=[{"type": "figure", "image": {"id": picture}}])
    made = asked(editor, row.id)
    story = client.get(made["api_url"]).json()
    assert len(story["updates"]["newest"]) == 10
    file = story["updates"]["newest"][0]["body"][0]["image"]["url"]
    assert file.endswith(made["token"])
    assert client.get(file).status_code == 200
    older = client.get(story["updates"]["next"])
    assert (older.status_code, len(older.json()["items"])) == (200, 3)
    discreet(older)
    narrow = client.get(
        f"/v1/articles/{row.id}/updates?preview={made['token']}&fields=body.image.url"
    )
    assert narrow.json()["items"][0]["body"] == [{"image": {"url": file}}]
    discreet(narrow)
    page = client.get(f"/v1/articles/{row.id}/updates?preview={made['token']}&limit=1")
    assert page.json()["items"][0]["body"][0]["image"]["url"] == file
    discreet(page)
    assert client.get(f"/v1/articles/{row.id}/updates").status_code == 404


@pytest.mark.public_versions
def test_versions_of_a_live_story_show_its_updates(
    client: Client, editor: Client, storm: str, told, drawn: Drawn, db: Database
) -> None:
    """`as_of` and versions show the updates of that time, but for those that were removed since."""
    picture, out = drawn("red"), told(slug="out")
    said = [{"type": "figure", "image": {"id": picture}}, {"type": "related", "articles": [out.id]}]
    one, two = posted(editor, storm, body=said), posted(editor, storm, "A mistake")
    then = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    url = f"/v1/articles/{storm}"
    editor.put(url, json={"headline": "Later"}, headers={"If-Match": '"v1"'})
    posted(editor, storm, "Three")
    assert editor.delete(f"{url}/updates/{two['id']}", headers=match(two)).status_code == 200
    for path in (f"{url}?as_of={then}", f"{url}/versions/1"):
        answer = client.get(path)
        assert answer.status_code == 200
        [kept] = answer.json()["updates"]["newest"]
        assert kept["id"] == one["id"] and "A mistake" not in answer.text
        assert [card["id"] for card in kept["body"][1]["articles"]] == [out.id]
        assert kept["body"][0]["image"]["url"]
    with at_desk(db) as desk:
        ended = {"valid_until": "2020-01-01T00:00:00Z"}
        verbs.change(desk, desk.session.get_one(ImageRow, picture), rights=ended)
    [kept] = client.get(f"{url}/versions/1").json()["updates"]["newest"]
    assert kept["body"][0]["image"]["url"] is None
    standing = client.get(f"{url}/versions/2").json()["updates"]["newest"]
    assert [one["articles"][0]["id"] for one in standing[1]["body"][1:]] == [out.id]
    assert client.get(f"{url}/diff?from=1&to=2").status_code == 200
    assert client.get(f"{url}/versions").status_code == 200


def test_deleting_a_draft_deletes_its_updates(
    editor: Client, told, db: Database, drawn: Drawn
) -> None:
    row = told(slug="soon", kind="live", publish=False)
    posted(editor, row.id, body=[{"type": "figure", "image": {"id": drawn("red")}}])
    answer = editor.delete(f"/v1/articles/{row.id}", headers={"If-Match": '"v1"'})
    assert answer.status_code == 204
    with db.reading() as session:
        assert session.exec(select(LiveUpdateRow)).all() == []
        assert session.exec(select(ImageUseRow)).all() == []


def test_a_repeated_post_with_an_idempotency_key_creates_one_update(
    client: Client, editor: Client, storm: str
) -> None:
    headers = {"Idempotency-Key": "one"}
    url, sent = f"/v1/articles/{storm}/updates", {"headline": "Once"}
    first = editor.post(url, json=sent, headers=headers)
    again = editor.post(url, json=sent, headers=headers)
    assert first.json() == again.json()
    assert first.headers["location"].endswith(f"/updates/{first.json()['id']}")
    assert len(polled(client, storm)["items"]) == 1


def test_changing_the_language_of_a_story_changes_that_of_its_updates(
    client: Client,
    editor: Client,
    storm: str,
    db: Database,
    drawn: Drawn,
) -> None:
    picture = drawn("red", credit=None)
    with at_desk(db) as desk:
        verbs.change(
            desk, desk.session.get_one(ImageRow, picture), credit={"en": "Sea", "fr": "Mer"}
        )
    posted(editor, storm, body=[{"type": "figure", "image": {"id": picture}}])
    assert polled(client, storm)["items"][0]["body"][0]["image"]["credit"] == "Sea"
    answer = editor.put(f"/v1/articles/{storm}", json={"lang": "fr"}, headers={"If-Match": '"v1"'})
    assert answer.json()["updates"]["newest"][0]["body"][0]["image"]["credit"] == "Mer"
    assert polled(client, storm)["items"][0]["body"][0]["image"]["credit"] == "Mer"


def test_the_client_of_the_docs_prints_every_update(
    client: Client, editor: Client, storm: str, tmp_path: Path
) -> None:
    [example] = re.findall(r"```python\n(.*?)```", (ROOT / "docs/live.md").read_text(), re.DOTALL)
    assert len([line for line in example.splitlines() if line.strip()]) <= 25
    (tmp_path / "live.py").write_text(example)
    first = posted(editor, storm, "One")
    command = [sys.executable, str(tmp_path / "live.py"), client.served.url, storm, "0.1"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, encoding="utf-8",
        env={"PYTHONIOENCODING": "utf-8"},
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            url = f"/v1/articles/{storm}/updates/{first['id']}"
            lines = [process.stdout.readline()]
            posted(editor, storm, "Two", headline="Second")
            lines.append(process.stdout.readline())
            edited = editor.patch(url, json={"headline": "Again"}, headers=match(first)).json()
            lines.append(process.stdout.readline())
            editor.delete(url, headers=match(edited))
            lines.append(process.stdout.readline())
        finally:
            process.kill()
    said = [line.split(" ", 1)[1].strip() for line in lines]
    assert said == ["One", "Second Two", "Again One", "removed"]


def test_polling_ten_thousand_updates_stays_fast(
    client: Client, editor: Client, storm: str, db: Database
) -> None:
    posted(editor, storm, "Pattern")
    with write_transaction(db) as session:
        pattern = session.exec(select(LiveUpdateRow)).one().model_dump()
        rows = [
            pattern | {"id": f"upd_{number:05}", "at": pattern["at"] - timedelta(seconds=number // 4),
                       "born": number + 1, "changed": number + 1}
            for number in range(1, 10_000)
        ]  # fmt: skip
        insert_rows(session, LiveUpdateRow, rows)
    assert timed(lambda: posted(editor, storm, "The newest")) < 2
    url = f"/v1/articles/{storm}/updates"
    with httpx.Client(base_url=client.served.url) as plain:  # which doesn't read the contract
        for query in ("", "?limit=100", "?after=upd_09990", "?after=upd_00001&limit=100"):
            assert timed(lambda query=query: plain.get(url + query)) < 0.5, query
        walked, cursor = 0, ""
        while cursor is not None:
            page = plain.get(f"{url}?limit=100{cursor and '&cursor='}{cursor}").json()
            walked, cursor = walked + len(page["items"]), page["next"]
    assert walked == 10_003


def timed(work: Any) -> float:
    """The least of three."""
    took = []
    for _ in range(3):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return min(took)


def test_a_poll_is_two_statements_along_an_index(
    client: Client, editor: Client, storm: str, db: Database, kind: str
) -> None:
    one = posted(editor, storm, author=None)
    here = client.served.app.state.services
    asked_for: list[str] = []
    real = here.reader.rows

    async def counted(sql: str, values: Any, **more: Any) -> Any:
        asked_for.append(sql)
        return await real(sql, values, **more)

    here.reader.rows = counted
    for query in ("", "?limit=5", f"?after={one['id']}"):
        asked_for.clear()
        client.get(f"/v1/articles/storm/updates{query}")
        assert len(asked_for) == 2, query
    if kind == "sqlite":
        values = {"article": storm, "n": 3, "since": 1, "at": "2026", "id": "x"}
        for sql in (updates.newest(False), updates.newest(True), updates.CHANGED):
            with db.reading() as session:
                plan = str(session.execute(text(f"EXPLAIN QUERY PLAN {sql}"), values).all())
            assert "USING INDEX" in plan and "TEMP B-TREE" not in plan, sql


def test_a_body_of_html_or_markdown_becomes_blocks(
    client: Client, editor: Client, storm: str
) -> None:
    sent = {"body": {"html": "<p>Wind <b>ten</b>.</p><script>x</script><h2>Later</h2>"}}
    made = editor.post(f"/v1/articles/{storm}/updates", json=sent)
    assert made.status_code == 201, made.text
    one = made.json()
    assert [block["type"] for block in one["body"]] == ["paragraph", "heading"]
    assert one["body"][0]["html"] == "Wind <strong>ten</strong>."
    url = f"/v1/articles/{storm}/updates/{one['id']}"
    sent = {"body": {"markdown": "Wind **ten**.\n\nRain too.\n\n## Later"}}
    changed = editor.put(url, json=sent, headers=match(one)).json()
    assert [block["text"] for block in changed["body"]] == ["Wind ten.", "Rain too.", "Later"]
    assert changed["body"][0]["id"] == one["body"][0]["id"]
    wrong = {"body": {"html": '<figure><img src="https://x.example/none.jpg"></figure><p>a</p>'}}
    told = editor.put(url, json=wrong, headers=match(changed))
    assert told.status_code in (200, 422)
    deep = {"body": {"html": "<div>" * 5000 + "x"}}
    assert editor.post(f"/v1/articles/{storm}/updates", json=deep).status_code in (201, 422)
    both = {"body": {"html": "a", "markdown": "b"}}
    assert "#/body" in faults(editor.post(f"/v1/articles/{storm}/updates", json=both))


def test_a_json_patch_changes_an_update(editor: Client, storm: str) -> None:
    one = posted(editor, storm, "One", headline="First")
    url = f"/v1/articles/{storm}/updates/{one['id']}"
    media = {"Content-Type": "application/json-patch+json"}
    patch = [
        {"op": "replace", "path": "/body/0/text", "value": "Two"},
        {"op": "remove", "path": "/headline"},
        {"op": "add", "path": "/body/-", "value": {"type": "paragraph", "text": "Three"}},
    ]
    done = editor.patch(url, json=patch, headers=match(one) | media)
    assert done.status_code == 200, done.text
    two = done.json()
    assert (two["headline"], [block["text"] for block in two["body"]]) == (None, ["Two", "Three"])
    assert two["body"][0]["id"] == one["body"][0]["id"]
    wrong = [{"op": "replace", "path": "/modified_at", "value": "2020-01-01T00:00:00Z"}]
    assert editor.patch(url, json=wrong, headers=match(two) | media).status_code == 422
    whole = [{"op": "replace", "path": "", "value": 5}]
    assert editor.patch(url, json=whole, headers=match(two) | media).status_code == 422


def test_updates_withhold_what_is_withheld_because_of_a_source(
    client: Client, editor: Client, told, drawn: Drawn
) -> None:
    red, blue = drawn("red"), drawn("blue")
    item = editor.post("/v1/dispatches", json={"source": "reuters", "item_id": "R-1"}).json()
    figures = [
        {"type": "figure", "id": f"f{n}", "image": {"id": id}} for n, id in enumerate((red, blue))
    ]
    link = {"source": "reuters", "dispatch_id": item["id"], "scope": {"image": red}}
    row = told(slug="storm", kind="live", body=figures, attributions=[link])
    same_names = [{"type": "paragraph", "id": "f0", "text": "Said."}, *figures[1:]]
    posted(editor, row.id, body=[*figures[:1], *figures[1:]])
    posted(editor, row.id, body=same_names)

    def urls() -> list[list[str | None]]:
        page = polled(client, row.id)["items"]
        story = client.get("/v1/articles/storm").json()["updates"]["newest"]
        assert [one["body"] for one in story] == [one["body"] for one in page]
        return [
            [block["image"]["url"] for block in one["body"] if block["type"] == "figure"]
            for one in page
        ]

    before = urls()
    assert all(url for some in before for url in some)
    taken = editor.put(f"/v1/dispatches/{item['id']}/withdrawal", json={"kind": "kill"})
    assert taken.status_code == 200, taken.text
    assert urls() == [before[0], [None, before[1][1]]]
    later = posted(editor, row.id, body=figures[:1])
    assert later["body"][0]["withheld"] == {"reason": "source.withdrawn"}
    assert polled(client, row.id)["items"][1]["body"][0]["text"] == "Said."
    back = editor.request(
        "DELETE", f"/v1/dispatches/{item['id']}/withdrawal", json={"reason": "a mistake"}
    )
    assert back.status_code == 200
    assert urls()[1:] == before
    whole = [{"source": "reuters", "dispatch_id": item["id"]}]
    answer = editor.patch(
        "/v1/articles/storm", json={"attributions": whole}, headers={"If-Match": '"v1"'}
    )
    assert answer.status_code == 200, answer.text
    editor.put(f"/v1/dispatches/{item['id']}/withdrawal", json={"kind": "kill"})
    for one in polled(client, row.id)["items"]:
        assert {block["withheld"]["reason"] for block in one["body"]} == {"source.withdrawn"}
        assert {block["text"] for block in one["body"]} == {None}
    answer = editor.patch(
        "/v1/articles/storm", json={"attributions": []}, headers={"If-Match": '"v2"'}
    )
    assert answer.status_code == 200, answer.text
    assert urls()[1:] == before


def test_a_withdrawn_image_is_withheld_in_updates(
    client: Client, editor: Client, storm: str, drawn: Drawn
) -> None:
    red = drawn("red")
    posted(editor, storm, body=[{"type": "figure", "image": {"id": red}}])
    file = polled(client, storm)["items"][0]["body"][0]["image"]["url"]
    assert client.get(file).status_code == 200
    answer = editor.put(f"/v1/images/{red}/withdrawal", json={"kind": "kill"})
    assert answer.status_code == 200, answer.text
    block = polled(client, storm)["items"][0]["body"][0]
    assert (block["image"]["url"], block["withheld"]["reason"]) == (None, "withdrawn")
    assert client.get(file).status_code in (404, 410)


def test_an_update_that_refers_to_a_deleted_item_can_be_removed(
    editor: Client, storm: str, told, db: Database
) -> None:
    draft = told(slug="draft", publish=False)
    one = posted(editor, storm, body=[{"type": "related", "articles": [draft.id]}])
    with write_transaction(db) as session:
        row = session.get_one(LiveUpdateRow, one["id"])
        row.content = {
            "headline": None,
            "body": [{**row.content["body"][0], "articles": ["art_x"]}],
        }
        session.add(row)
    url = f"/v1/articles/{storm}/updates/{one['id']}"
    assert editor.delete(url, headers=match(one)).status_code == 200


def test_fixing_a_credit_while_updates_are_posted_loses_nothing(
    client: Client, editor: Client, storm: str, db: Database, drawn: Drawn
) -> None:
    """Neither waits for the other for ever, and in the end every update has the last credit."""
    picture, refused = drawn("red"), []

    def report() -> None:
        with Client(client.served, client.contract) as own:
            own.headers["Authorization"] = editor.headers["Authorization"]
            for _ in range(8):
                body = [{"type": "figure", "image": {"id": picture}}]
                answer = own.post(f"/v1/articles/{storm}/updates", json={"body": body})
                if answer.status_code != 201:
                    refused.append(answer.text)

    def fix() -> None:
        for number in range(8):
            with at_desk(db) as desk:
                row = desk.session.exec(
                    select(ImageRow).where(ImageRow.id == picture).with_for_update()
                ).one()
                verbs.change(desk, row, credit={"en": f"Credit {number}"})

    threads = [threading.Thread(target=work) for work in (report, report, report, fix)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == []
    worker.work_through(db)
    page, story = polled(client, storm, limit=100), client.get(f"/v1/articles/{storm}").json()
    assert len(page["items"]) == 24
    for one in [*page["items"], *story["updates"]["newest"]]:
        assert one["body"][0]["image"]["credit"] == "Credit 7"
