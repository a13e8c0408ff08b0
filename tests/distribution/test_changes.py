"""`GET /v1/changes`: every caller's own view of one log, in order, with places to go on from."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg.errors
import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import OperationalError
from sqlmodel import select

from app import worker
from app.config import Settings
from app.desk.catalog import verbs
from app.desk.transaction import at_desk
from app.distribution import change_feed
from app.models.article import MomentRow
from app.models.base import timestamp
from app.models.source import SourceRow
from tests.cli.test_commands import isnad
from tests.conftest import Client, Signed

Json = dict[str, Any]


def changes(client: Client, query: str = "", cursor: str | None = None) -> list[Json]:
    """Everything from a cursor on, page by page."""
    found: list[Json] = []
    while True:
        after = f"&cursor={cursor}" if cursor else ""
        page = asked(client, f"{query}{after}")
        found += page["items"]
        cursor = page["next"]
        if not page["has_more"]:
            return found


def asked(client: Client, query: str = "") -> Json:
    answer = client.get(f"/v1/changes?{query.lstrip('&')}")
    assert answer.status_code == 200, answer.text
    page: Json = answer.json()
    return page


def written(editor: Client, **more: Any) -> Json:
    sent = {"lang": "en", "headline": "Rain in the hills"} | more
    answer = editor.post("/v1/articles", json=sent)
    assert answer.status_code == 201, answer.text
    story: Json = answer.json()
    return story


def put_out(editor: Client, story: Json) -> Json:
    answer = editor.put(f"/v1/articles/{story['id']}/publication")
    assert answer.status_code == 200, answer.text
    told: Json = answer.json()
    return told


def saved(editor: Client, story: Json, **more: Any) -> Json:
    match = {"If-Match": f'"v{story["version"]}"'}
    answer = editor.put(f"/v1/articles/{story['id']}", json=more, headers=match)
    assert answer.status_code == 200, answer.text
    told: Json = answer.json()
    return told


def kinds(found: list[Json]) -> list[str]:
    return [one["type"] for one in found]


def test_readers_see_public_changes_and_editors_see_all(
    client: Client, editor: Client, admin: Client
) -> None:
    start = asked(client, "cursor=now")["next"]
    story = written(editor)
    draft = written(editor, headline="Never out")
    put_out(editor, story)
    saved(editor, story, headline="Rain in the hills again")
    public = changes(client, cursor=start)
    assert [(one["type"], one["id"]) for one in public] == [
        ("published", story["id"]), ("updated", story["id"]),
    ]  # fmt: skip
    assert draft["id"] not in str(public)
    first = public[0]
    assert first["former_slugs"] == []
    assert (first["noun"], first["version"], first["lang"]) == ("article", 1, "en")
    assert first["slug"] == "rain-in-the-hills"
    assert first["url"] == client.get(f"/v1/articles/{story['id']}").json()["url"]
    assert {first["actor"], first["touches"], first["reason"], first["item"]} == {None}
    desk = changes(editor, cursor=start)
    assert kinds(desk) == ["created", "created", "published", "updated"]
    me = editor.get("/v1/keys").json()  # an editor may not list keys; the actor tells which it is
    assert me["status"] == 403
    assert {one["actor"][:4] for one in desk} == {"key_"}
    assert story["id"] in desk[2]["touches"]
    whole = changes(admin)
    assert [one["seq"] for one in whole] == list(range(1, len(whole) + 1))
    assert {one["noun"] for one in whole} >= {"source", "key", "article"}
    assert "key" not in {one["noun"] for one in changes(editor)}


def test_former_slugs_are_those_that_readers_knew(client: Client, editor: Client) -> None:
    start = asked(client, "cursor=now")["next"]
    story = saved(editor, written(editor, headline="A plan"), slug="b-plan")
    put_out(editor, story)
    story = saved(editor, story, slug="c-plan")
    saved(editor, story, slug="d-plan")
    found = changes(client, cursor=start)
    assert [one["slug"] for one in found] == ["b-plan", "c-plan", "d-plan"]
    assert [one["url"].rpartition("/")[2] for one in found] == ["b-plan", "c-plan", "d-plan"]
    assert {tuple(one["former_slugs"]) for one in found} == {("b-plan", "c-plan")}


def test_readers_and_partners_see_the_same_as_anonymous(
    client: Client, editor: Client, signed: Signed
) -> None:
    put_out(editor, written(editor))
    for role in ("reader", "partner"):
        assert changes(signed(role)) == changes(client)


def test_cursor_now_begins_at_the_end_and_next_can_be_polled(
    client: Client, editor: Client
) -> None:
    page = asked(client, "cursor=now")
    assert (page["items"], page["has_more"]) == ([], False)
    same = asked(client, f"cursor={page['next']}")
    assert (same["items"], same["next"]) == ([], page["next"])
    story = written(editor)
    quiet = asked(client, f"cursor={page['next']}")
    assert (quiet["items"], quiet["has_more"]) == ([], False)
    put_out(editor, story)
    [change] = asked(client, f"cursor={quiet['next']}")["items"]
    assert change["id"] == story["id"]
    after = asked(client, f"cursor={change['cursor']}")
    assert (after["items"], after["next"]) == ([], change["cursor"])


def test_pages_of_one_change_equal_the_whole_log(
    client: Client, admin: Client, editor: Client
) -> None:
    for number in range(3):
        put_out(editor, written(editor, headline=f"Story {number}"))
    for caller in (client, admin):
        whole = changes(caller, "limit=1000")
        assert changes(caller, "limit=1") == whole
        assert changes(caller, "limit=7") == whole
        assert len({one["cursor"] for one in whole}) == len(whole)
        for place, one in enumerate(whole[-5:], len(whole) - 5):
            assert changes(caller, cursor=one["cursor"]) == whole[place + 1 :]


def test_one_rerendered_row_is_a_change_for_each_story(
    client: Client, editor: Client, admin: Client, db
) -> None:
    sources = [{"source": "reuters"}]
    out = [
        put_out(editor, written(editor, headline=f"Story {number}", attributions=sources))["id"]
        for number in range(4)
    ]  # fmt: skip
    draft = written(editor, headline="Draft", attributions=sources)
    start = asked(client, "cursor=now")["next"]
    with at_desk(db, by="operator") as desk:
        row = desk.session.exec(select(SourceRow).where(SourceRow.slug == "reuters")).one()
        assert verbs.change(desk, row, reason="for the desk", name={"ar": "ر", "en": "R"}) == 5
    public = changes(client, "limit=2", cursor=start)
    assert [(one["noun"], one["type"]) for one in public] == [
        ("source", "updated"), *[("article", "rerendered")] * 4,
    ]  # fmt: skip
    assert [one["id"] for one in public[1:]] == sorted(out)
    assert {one["slug"] for one in public[1:]} == {f"story-{number}" for number in range(4)}
    assert {one["reason"] for one in public} == {None}
    assert len({one["cursor"] for one in public}) == 5
    assert len({one["seq"] for one in public[1:]}) == 1
    for place, one in enumerate(public):
        assert changes(client, cursor=one["cursor"]) == public[place + 1 :]
    assert asked(client, f"cursor={start}")["next"].split("-")[0] == str(public[-1]["seq"] + 1)
    all_of_it = changes(admin, cursor=start)
    assert [one["id"] for one in all_of_it[5:]] == [draft["id"]]
    assert {one["reason"] for one in all_of_it} == {"for the desk"}
    assert {one["actor"] for one in all_of_it} == {"operator"}


def test_latest_returns_each_item_once(client: Client, editor: Client, admin: Client, db) -> None:
    sources = [{"source": "reuters"}]
    stories = [
        put_out(editor, written(editor, headline=f"Story {number}", attributions=sources))
        for number in range(3)
    ]  # fmt: skip
    saved(editor, stories[0], headline="Another")
    with at_desk(db, by="operator") as desk:
        row = desk.session.exec(select(SourceRow).where(SourceRow.slug == "reuters")).one()
        verbs.change(desk, row, name={"ar": "ر", "en": "R"})
    saved(editor, stories[1], headline="A third")
    written(editor, headline="Draft")
    for caller in (client, editor, admin):
        for query in ("", "&noun=article", "&type=published,updated"):
            every = changes(caller, query)
            last = {(one["noun"], one["id"]): one for one in every}
            wanted = sorted(last.values(), key=lambda one: every.index(one))
            assert changes(caller, f"latest=true{query}") == wanted
            assert changes(caller, f"latest=true&limit=2{query}") == wanted


def test_noun_and_type_filter_the_changes(client: Client, editor: Client, admin: Client) -> None:
    put_out(editor, written(editor))
    whole = changes(admin)
    for query, fits in (
        ("noun=article", lambda one: one["noun"] == "article"),
        ("noun=key,article", lambda one: one["noun"] in ("key", "article")),
        ("type=created", lambda one: one["type"] == "created"),
        ("noun=source&type=updated", lambda one: False),
    ):
        assert changes(admin, query) == [one for one in whole if fits(one)], query
    assert changes(client, "noun=key") == []


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("limit=0", "limit"), ("limit=1001", "limit"), ("limit=x", "limit"),
        ("include=card&limit=101", "limit"), ("include=cards", "include"), ("latest=1", "latest"),
        ("noun=articles", "noun"), ("type=kill3d", "type"), ("section=x", "section"),
        ("limit=1&limit=2", "limit"), ("noun=", "noun"), ("type=published,", "type"),
        ("cursor=", "cursor"), ("cursor=abc", "cursor"), ("cursor=-1", "cursor"),
        ("cursor=01", "cursor"), ("cursor=1.0", "cursor"), ("cursor=1e3", "cursor"),
        ("cursor=1-xyz", "cursor"), ("cursor=%D9%A1", "cursor"), ("cursor=1%20", "cursor"),
        ("cursor=" + "9" * 30, "cursor"),
    ],
)  # fmt: skip
def test_an_invalid_query_is_400(client: Client, query: str, parameter: str) -> None:
    answer = client.get(f"/v1/changes?{query}")
    assert answer.status_code == 400, answer.text
    assert [fault["parameter"] for fault in answer.json()["errors"]] == [parameter]


def test_a_cursor_of_another_log_is_409(client: Client, editor: Client, db) -> None:
    put_out(editor, written(editor))
    place = asked(client, "cursor=now")["next"]
    seq = int(place.split("-")[0])
    for ahead in (f"{seq + 1}", f"{seq + 1}-00000000", "999999999999999999", f"{seq}-00000000"):
        answer = client.get(f"/v1/changes?cursor={ahead}")
        assert (answer.status_code, answer.json()["code"]) == (409, "log-rewound"), ahead
        assert answer.json()["head"] == seq
    # a copy from before is put back, and the desk goes on: the same numbers, other changes
    with db.engine.begin() as connection:
        connection.execute(text("DELETE FROM change WHERE seq = :seq"), {"seq": seq})
        connection.execute(text("UPDATE log_head SET seq = seq - 1"))
    assert client.get(f"/v1/changes?cursor={place}").status_code == 409
    written(editor, headline="Other")
    answer = client.get(f"/v1/changes?cursor={place}")
    assert (answer.status_code, answer.json()["code"]) == (409, "log-rewound")
    assert client.get(f"/v1/changes?cursor={seq}").status_code == 200  # without its mark


def test_included_stories_equal_those_of_a_get(client: Client, editor: Client) -> None:
    other = put_out(editor, written(editor, headline="Other"))
    story = put_out(editor, written(editor, related=[other["id"]]))
    put_out(editor, written(editor, lang="ar", headline="مطر", translation_of=story["id"]))
    draft = written(editor, headline="Draft", related=[other["id"]])
    for caller in (client, editor):
        for include in ("card", "article"):
            found = changes(caller, f"noun=article&include={include}&limit=3")
            assert {one["id"] for one in found} >= {other["id"], story["id"]}
            for one in found:
                whole = caller.get(f"/v1/articles/{one['id']}").json()
                card = caller.get(f"/v1/articles?ids={one['id']}").json()["items"]
                wanted = whole if include == "article" else card[0] if card else one["item"]
                assert one["item"] == wanted
    assert draft["id"] in [one["id"] for one in changes(editor, "include=card&limit=100")]


def made(editor: Client, plural: str, **sent: Any) -> Json:
    answer = editor.post(f"/v1/{plural}", json=sent)
    assert answer.status_code == 201, answer.text
    noun: Json = answer.json()
    return noun


def test_readers_get_changes_of_catalog_items_that_they_can_see(
    client: Client, editor: Client
) -> None:
    start = asked(client, "cursor=now")["next"]
    name = {"ar": "اسم", "en": "Name"}
    section = made(editor, "sections", slug="world", name=name)
    empty = made(editor, "sections", slug="empty", name=name)
    source = made(editor, "sources", slug="a-source", name=name, kind="official")
    tag = made(editor, "tags", slug="a-tag", name=name, type="keyword")
    made(editor, "tags", slug="of-a-draft", name=name, type="keyword")
    dispatch = made(editor, "dispatches", source="reuters", item_id="R-1")
    story = written(
        editor, section="world", tags=["a-tag"],
        attributions=[{"source": "a-source"}, {"source": "reuters", "dispatch_id": dispatch["id"]}],
    )  # fmt: skip
    written(editor, headline="Draft", tags=["of-a-draft"])
    match = {"If-Match": '"v1"'}
    assert editor.delete(f"/v1/sections/{empty['id']}", headers=match).status_code == 204
    seen = [(one["noun"], one["type"], one["id"]) for one in changes(client, cursor=start)]
    sections = [("section", "created", section["id"]), ("section", "created", empty["id"])]
    assert seen == [*sections, ("section", "deleted", empty["id"])]
    put_out(editor, story)
    seen = [(one["noun"], one["type"], one["id"]) for one in changes(client, cursor=start)]
    assert seen == [
        *sections, ("source", "created", source["id"]), ("tag", "created", tag["id"]),
        ("dispatch", "created", dispatch["id"]),
        ("section", "deleted", empty["id"]), ("article", "published", story["id"]),
    ]  # fmt: skip
    assert len(changes(editor, cursor=start)) == 10


def test_a_page_takes_few_statements_however_long_it_is(
    client: Client, editor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = client.served.app.state.services.reader
    asked_for: list[str] = []
    real = reader.rows

    async def counted(sql: str, values: Json, **more: Any) -> Any:
        asked_for.append(sql)
        return await real(sql, values, **more)

    def lot(number: int) -> None:
        other = put_out(editor, written(editor, headline=f"Other {number}"))
        story = put_out(editor, written(editor, headline=f"Story {number}", related=[other["id"]]))
        arabic = written(editor, lang="ar", headline=f"خبر {number}", translation_of=story["id"])
        put_out(editor, arabic)
        saved(editor, story, slug=f"story-again-{number}")
        wrong = put_out(editor, written(editor, headline=f"Wrong {number}"))
        withdrawn(editor, wrong, "kill", reason="x", replaced_by=story["id"])

    monkeypatch.setattr(reader, "rows", counted)
    counts = []
    for number in range(3):
        lot(number)
        asked_for.clear()
        found = asked(editor, "noun=article&include=article")["items"]
        assert found[-1]["item"]["state"] == "killed"
        counts.append(len(asked_for))
    assert counts[0] == counts[1] == counts[2] <= 10, asked_for


def test_every_change_names_its_actor(
    client: Client, admin: Client, editor: Client, settings: Settings, tmp_path: Path
) -> None:
    """Commands, imports and the worker too; a key by its id."""
    start = asked(client, "cursor=now")["next"]
    page = tmp_path / "page.html"
    page.write_text(
        "<html lang=en><head><title>The quay opens</title></head><body><article>"
        "<h1>The quay opens</h1><p>" + "The quay opened on Monday after a year. " * 20 + "</p>"
        "</article></body></html>"
    )
    taken = isnad(
        settings, "import", str(page), "--publish", "--published", "2026-03-12", "--id", "quay"
    )
    assert taken.returncode == 0, taken.stderr
    [story] = {one["id"] for one in changes(admin, "noun=article", cursor=start)}
    assert isnad(settings, "touch", story).returncode == 0
    assert isnad(settings, "key", "create", "--role", "reader").returncode == 0
    mine = written(editor)
    told = {
        (one["noun"], one["type"], one["id"]): one["actor"] for one in changes(admin, cursor=start)
    }
    assert told["article", "published", story] == "import"
    assert told["article", "rerendered", story] == "operator"
    assert told["article", "created", mine["id"]].startswith("key_")
    assert {actor for (noun, _, _), actor in told.items() if noun == "key"} == {"operator"}
    assert None not in told.values()
    assert {one["actor"] for one in changes(admin, "noun=source")} == {"catalogue"}


def test_changes_by_the_worker_name_it(client: Client, admin: Client, editor: Client, db) -> None:
    start = asked(client, "cursor=now")["next"]
    for number in range(verbs.AT_ONCE + 1):
        headline = f"Story {number}"
        put_out(editor, written(editor, headline=headline, attributions=[{"source": "reuters"}]))
    with at_desk(db, by="operator") as desk:
        row = desk.session.exec(select(SourceRow).where(SourceRow.slug == "reuters")).one()
        verbs.change(desk, row, name={"ar": "ر", "en": "R"})
    assert changes(admin, "type=rerendered", cursor=start) == []
    worker.work_through(db)
    found = changes(admin, "type=rerendered", cursor=start)
    assert len(found) == verbs.AT_ONCE + 1
    assert {one["actor"] for one in found} == {"worker"}


def test_the_log_has_a_short_lifetime_and_an_etag(client: Client, editor: Client) -> None:
    put_out(editor, written(editor))
    answer = client.get("/v1/changes?noun=article")
    assert answer.headers["cache-control"] == "public, max-age=0, must-revalidate, s-maxage=2"
    assert answer.headers["isnad-change"] == str(client.get("/v1").json()["change"])
    assert f'cursor={answer.json()["next"]}>; rel="next"' in answer.headers["link"]
    again = client.get(
        "/v1/changes?noun=article", headers={"If-None-Match": answer.headers["etag"]}
    )
    assert again.status_code == 304
    assert editor.get("/v1/changes").headers["cache-control"].startswith("private")
    head = httpx.head(f"{client.base_url}/v1/changes?noun=article")
    assert (head.status_code, head.content) == (200, b"")


def test_a_source_status_is_logged_for_callers_who_see_affected_stories(
    client: Client, editor: Client
) -> None:
    seen = made(editor, "dispatches", source="reuters", item_id="R-1")
    unseen = made(editor, "dispatches", source="reuters", item_id="R-2")
    links = [
        [{"source": "reuters", "dispatch_id": one["id"]}] for one in (seen, unseen)
    ]  # fmt: skip
    put_out(editor, written(editor, attributions=links[0]))
    written(editor, headline="Draft", attributions=links[1])
    start = asked(client, "cursor=now")["next"]
    for one in (seen, unseen):
        url = f"/v1/dispatches/{one['id']}/source-status"
        said = {"status": "killed", "note": "For editors only"}
        assert editor.put(url, json=said).status_code == 200
    found = changes(client, cursor=start)
    assert [(one["noun"], one["type"]) for one in found] == [
        ("dispatch", "source_killed"), ("article", "rerendered"),
    ]  # fmt: skip
    assert unseen["id"] not in str(found) and "For editors" not in str(found)


def withdrawn(editor: Client, story: Json, kind: str, **more: Any) -> None:
    sent = {"kind": kind} | more
    answer = editor.put(f"/v1/articles/{story['id']}/withdrawal", json=sent)
    assert answer.status_code == 200, answer.text


def test_a_vanished_story_leaves_only_its_id(client: Client, editor: Client, admin: Client) -> None:
    start = asked(client, "cursor=now")["next"]
    story = written(editor, headline="A secret name")
    put_out(editor, story)
    saved(editor, story, slug="another-secret")
    withdrawn(editor, story, "vanish", reason="the secret court")
    for caller in (client, editor, admin):
        found = changes(caller, "include=article&limit=100", cursor=start)
        assert {one["type"] for one in found} == {"removed"}
        assert "secret" not in str(found)
        for one in found:
            kept = {name for name, value in one.items() if value not in (None, [])}
            assert kept - {"actor", "touches"} == {
                "cursor", "seq", "at", "effective_at", "type", "noun", "id",
            }  # fmt: skip
        assert changes(caller, "type=published,updated", cursor=start) == []
        assert len(changes(caller, "type=removed&latest=true", cursor=start)) == 1
    assert len(changes(client, cursor=start)) == 3
    assert len(changes(admin, cursor=start)) == 4
    back = editor.request(
        "DELETE", f"/v1/articles/{story['id']}/withdrawal", json={"reason": "an error"}
    )
    assert back.status_code == 200, back.text
    assert kinds(changes(client, cursor=start)) == ["published", "updated", "vanished", "restored"]


def test_what_was_never_public_leaves_no_trace(client: Client, editor: Client) -> None:
    start = asked(client, "cursor=now")["next"]
    for kind in ("vanish", "kill"):
        withdrawn(editor, written(editor, headline=f"Never out {kind}"), kind, reason="libel")
    draft = written(editor, headline="Never out, deleted")
    url = f"/v1/articles/{draft['id']}"
    assert editor.delete(url, headers={"If-Match": '"v1"'}).status_code == 204
    waiting = written(editor, headline="Later")
    soon = {"at": "2099-01-01T00:00:00Z"}
    assert editor.put(f"/v1/articles/{waiting['id']}/schedule", json=soon).status_code == 200
    saved(editor, waiting, headline="Later, and otherwise")
    page = asked(client, f"include=article&cursor={start}")
    assert page["items"] == []
    assert len(changes(editor, cursor=start)) == 9


def test_a_killed_story_leaves_its_tombstone(client: Client, editor: Client) -> None:
    start = asked(client, "cursor=now")["next"]
    story, other = written(editor, headline="Wrong"), written(editor, headline="Right")
    put_out(editor, story)
    put_out(editor, other)
    notice = {"en": "It was wrong.", "ar": "كان خطأ."}
    withdrawn(
        editor, story, "kill", reason="Our source lied", notice=notice, replaced_by=other["id"]
    )
    gone = client.get(f"/v1/articles/{story['id']}")
    assert gone.status_code == 410
    for include in ("card", "article"):
        found = changes(client, f"include={include}&limit=100", cursor=start)
        assert kinds(found) == ["published", "published", "killed"]
        assert found[0]["item"] == found[2]["item"]
        left = found[2]["item"]
        assert left["state"] == "killed" and left["id"] == story["id"]
        told = {name: gone.json()[name] for name in ("notice", "withdrawn_at", "replaced_by")}
        assert left == {"id": story["id"], "state": "killed"} | told
        assert left["notice"] == notice and left["replaced_by"]["id"] == other["id"]
        assert found[2]["reason"] is None and "lied" not in str(found)
    assert changes(editor, cursor=start)[-1]["reason"] == "Our source lied"


def test_an_unpublished_story_is_in_no_included_item(client: Client, editor: Client) -> None:
    start = asked(client, "cursor=now")["next"]
    story = put_out(editor, written(editor, headline="For an hour"))
    assert editor.delete(f"/v1/articles/{story['id']}/publication").status_code == 200
    saved(editor, editor.get(f"/v1/articles/{story['id']}").json(), slug="another-plan")
    found = changes(client, "include=article&limit=100", cursor=start)
    assert kinds(found) == ["published", "unpublished"]
    assert [one["item"] for one in found] == [None, None]
    assert "another-plan" not in str(found)


def test_transitions_are_logged_even_if_no_worker_ran(client: Client, editor: Client) -> None:
    """No worker runs beside `client`: whoever asks first after the moment has it logged, once."""
    start = asked(client, "cursor=now")["next"]
    story = written(editor)
    url = f"/v1/articles/{story['id']}"
    comes = datetime.now(UTC) + timedelta(seconds=4)
    goes = comes + timedelta(seconds=0.5)
    assert editor.put(f"{url}/expiry", json={"at": goes.isoformat()}).status_code == 200
    assert editor.put(f"{url}/schedule", json={"at": comes.isoformat()}).status_code == 200
    assert asked(client, f"cursor={start}")["items"] == []
    time.sleep(max(0.0, (goes - datetime.now(UTC)).total_seconds()) + 0.05)
    with ThreadPoolExecutor(8) as pool:
        pages = list(pool.map(lambda _: asked(client, f"cursor={start}"), range(8)))
    found = changes(client, cursor=start)
    assert kinds(found) == ["published", "expired"]
    assert [one["effective_at"] for one in found] == [timestamp(comes), timestamp(goes)]
    assert all(one["at"] > one["effective_at"] for one in found)
    assert all(page["items"] in ([], found[:1], found) for page in pages)
    assert max(len(page["items"]) for page in pages) == 2
    later = asked(client, f"cursor={start}&include=card")["items"]
    assert [one["item"] for one in later] == [None, None]


def test_reading_the_log_works_on_a_read_only_database(
    client: Client, editor: Client, db, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = written(editor)
    later = {"at": "2099-01-01T00:00:00Z"}
    assert editor.put(f"/v1/articles/{story['id']}/schedule", json=later).status_code == 200
    with db.engine.begin() as connection:
        connection.execute(update(MomentRow).values(at=datetime(2026, 1, 1, tzinfo=UTC)))
    asked_to: list[object] = []
    read_only = psycopg.errors.ReadOnlySqlTransaction("cannot execute INSERT")

    def refuse(*given: object) -> int:
        asked_to.append(given)
        raise OperationalError("INSERT", {}, read_only)

    monkeypatch.setattr(change_feed, "moments_step", refuse)
    assert client.get("/v1/changes").status_code == 200
    assert len(asked_to) == 1


def test_a_polling_reader_sees_every_concurrent_change_once(
    client: Client, admin: Client, signed: Signed
) -> None:
    """Sixteen writers over HTTP; the log is read as it grows, by an administrator and by anybody."""
    start = asked(admin, "cursor=now")["next"]
    editors = [signed("editor") for _ in range(16)]
    first = asked(admin, "cursor=now")["next"]
    done = threading.Event()
    seen: dict[str, list[Json]] = {"admin": [], "anybody": []}

    def follow(name: str, caller: Client) -> None:
        cursor = first
        while True:
            last_round = done.is_set()
            page = asked(caller, f"limit=10&cursor={cursor}")
            seen[name] += page["items"]
            cursor = page["next"]
            if last_round and not page["has_more"]:
                return

    def write(number: int) -> None:
        for place in range(4):
            story = written(editors[number], headline=f"Story {number} {place}")
            put_out(editors[number], story)

    followers = [
        threading.Thread(target=follow, args=pair)
        for pair in (("admin", admin), ("anybody", client))
    ]
    writers = [threading.Thread(target=write, args=(number,)) for number in range(16)]
    for thread in [*followers, *writers]:
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in followers:
        thread.join()
    numbers = [one["seq"] for one in seen["admin"]]
    assert numbers == list(range(numbers[0], numbers[0] + 128))
    assert numbers[0] == int(first.split("-")[0]) + 1
    assert len({one["id"] for one in seen["anybody"]}) == len(seen["anybody"]) == 64
    order = [one["seq"] for one in seen["anybody"]]
    assert order == sorted(order)
    assert start != first
