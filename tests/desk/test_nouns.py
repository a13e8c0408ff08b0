"""Writing sections, tags, contributors, sources and dispatches: what is sent, what is refused, who
is told, and that names lead on."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import col, select

from app import worker
from app.attribution import known_sources
from app.db.database import Database
from app.desk.catalog import verbs
from app.desk.transaction import at_desk
from app.formats.page import parse
from app.ingest import pages
from app.media.storage import Storage
from app.models.change import ChangeRow
from app.models.image import ImageRow
from tests.conftest import Client, Signed
from tests.desk.test_writing import STORY, faults, made, match

Json = dict[str, Any]
EVERY: dict[str, Json] = {
    "sections": {"name": {"ar": "العالم", "en": "World"}, "slug": "world"},
    "tags": {"name": {"ar": "انتخابات", "en": "Elections"}, "slug": "elections", "type": "event"},
    "contributors": {"name": {"ar": "ليلى", "en": "Leila"}, "slug": "leila"},
    "sources": {"name": {"ar": "جهة", "en": "A Source"}, "slug": "a-source", "kind": "official"},
    "dispatches": {"source": "reuters", "item_id": "R-1", "headline": "Rain"},
    "images": {"credit": {"en": "A. Photographer"}, "alt": {"en": "Rain"}},
}  # fmt: skip
NAMED = [plural for plural in EVERY if plural not in ("dispatches", "images")]


def put(editor: Client, plural: str, **more: Any) -> Json:
    """A noun that was made."""
    answer = editor.post(f"/v1/{plural}", json=EVERY[plural] | more)
    assert answer.status_code == 201, answer.text
    noun: Json = answer.json()
    assert answer.headers["location"].endswith(f"/v1/{plural}/{noun['id']}")
    return noun


def read(noun: Json) -> Json:
    """What a GET gives of what a write answered."""
    return {name: value for name, value in noun.items() if name not in ("rerendered", "warnings")}


def at_once(*works: Callable[[], int]) -> list[int]:
    """What these answer, all begun at the same moment."""
    with ThreadPoolExecutor(len(works)) as pool:
        return [one.result() for one in [pool.submit(work) for work in works]]


@pytest.mark.parametrize("plural", EVERY)
def test_a_created_item_is_read_and_can_be_sent_back(editor: Client, plural: str) -> None:
    noun = put(editor, plural)
    url = f"/v1/{plural}/{noun['id']}"
    seen = editor.get(url, headers={"Accept-Encoding": "identity"})
    assert seen.json() == read(noun)
    assert noun["version"] == 1 and noun["rerendered"] == 0
    again = editor.put(url, json=seen.json(), headers={"If-Match": seen.headers["etag"]})
    assert again.status_code == 200, again.text
    assert again.json() | {"version": 1, "modified_at": ""} == noun | {"modified_at": ""}
    fresh = editor.get(url, headers={"Accept-Encoding": "identity"})
    assert fresh.headers["etag"] == again.headers["etag"]
    patched = editor.patch(url, json={}, headers=match(again.json()))
    assert patched.json()["version"] == 3
    assert [
        one["id"]
        for one in editor.get(
            f"/v1/{plural}?limit=100" if plural != "sections" else "/v1/sections"
        ).json()["items"]
    ].count(noun["id"]) == 1


@pytest.mark.parametrize("plural", EVERY)
def test_a_write_without_or_with_an_old_version_is_refused(editor: Client, plural: str) -> None:
    noun = put(editor, plural)
    url = f"/v1/{plural}/{noun['id']}"
    for method in ("PUT", "PATCH", "DELETE"):
        content: Json | None = {} if method != "DELETE" else None
        assert editor.request(method, url, json=content).status_code == 428
        stale = editor.request(method, url, json=content, headers={"If-Match": '"v9"'})
        assert (stale.status_code, stale.json()["version"]) == (412, 1)


@pytest.mark.parametrize("plural", EVERY)
def test_the_second_of_two_editors_of_an_item_gets_412(
    editor: Client, signed: Signed, plural: str
) -> None:
    noun = put(editor, plural)
    url = f"/v1/{plural}/{noun['id']}"
    sent = {"name": {"ar": "جديد", "en": "New"}} if plural in NAMED else {}

    def save(one: Client) -> int:
        return one.patch(url, json=sent, headers=match(noun)).status_code

    assert sorted(at_once(*[partial(save, signed()) for _ in range(4)])) == [200, 412, 412, 412]
    assert editor.get(url).json()["version"] == 2


@pytest.mark.parametrize("plural", EVERY)
def test_an_unused_item_is_deleted_and_logged(
    client: Client, editor: Client, db: Any, plural: str
) -> None:
    noun = put(editor, plural)
    url = f"/v1/{plural}/{noun['id']}"
    assert editor.delete(url, headers=match(noun)).status_code == 204
    assert editor.get(url).status_code == client.get(url).status_code == 404
    with db.reading() as session:
        rows = select(ChangeRow).where(ChangeRow.object_id == noun["id"])
        found = session.exec(rows.order_by(col(ChangeRow.seq))).all()
    assert [row.type for row in found] == ["created", "deleted"]
    assert found[1].actor and found[1].actor.startswith("key_")
    if plural in NAMED:
        again = editor.post(f"/v1/{plural}", json=EVERY[plural])
        assert again.status_code == 409
        slug = EVERY[plural]["slug"]
        assert editor.get(f"/v1/{plural}/{slug}").status_code == 404
        assert client.get(f"/v1/articles?{noun_of(plural)}={slug}").status_code == 400


def noun_of(plural: str) -> str:
    return plural.removesuffix("s")


def users_of(editor: Client, plural: str, noun: Json) -> list[str]:
    """Make one of everything that may use a noun; the ids."""
    id = noun["id"]
    story = {
        "sections": {"section": id}, "tags": {"tags": [id]},
        "contributors": {"contributors": [{"contributor": id}]},
        "sources": {"attributions": [{"source": id}]},
        "dispatches": {"attributions": [{"source": "reuters", "dispatch_id": id}]},
        "images": {"lead_image": {"id": id}},
    }[plural]  # fmt: skip
    found = [made(editor, **story)["id"]]
    if plural == "sections":
        found.append(put(editor, "sections", slug="asia", parent=id)["id"])
        found.append(front(editor, section=id))
    if plural == "sources":
        found.append(put(editor, "images", source=id)["id"])
        found.append(put(editor, "dispatches", source=id)["id"])
    if plural == "dispatches":
        found.append(put(editor, "dispatches", item_id="R-2", via=id)["id"])
    if plural == "images":
        found.append(put(editor, "contributors", image=id)["id"])
        slot = {"article": made(editor)["id"], "image": {"id": id}}
        found.append(front(editor, curated=[slot]))
    return found


def front(editor: Client, **more: Any) -> str:
    answer = editor.post("/v1/fronts", json={"name": {"ar": "الأولى", "en": "Home"}, **more})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


@pytest.mark.parametrize("plural", EVERY)
def test_an_item_in_use_cannot_be_deleted(client: Client, editor: Client, plural: str) -> None:
    noun = put(editor, plural)
    used = users_of(editor, plural, noun)
    url = f"/v1/{plural}/{noun['id']}"
    refused = editor.delete(url, headers=match(noun))
    assert refused.status_code == 409
    assert refused.json()["used_by"] == sorted(used)
    assert refused.json()["used_by_count"] == len(used)
    assert editor.get(url).status_code == 200
    assert client.get(url).status_code == (200 if plural == "sections" else 404)


def test_a_long_list_of_users_is_bounded(editor: Client, told: Any) -> None:
    tag = put(editor, "tags")
    for number in range(105):
        told(slug=f"s{number}", tags=["elections"], publish=False)
    refused = editor.delete(f"/v1/tags/{tag['id']}", headers=match(tag)).json()
    assert (len(refused["used_by"]), refused["used_by_count"]) == (100, 105)


@pytest.mark.parametrize("plural", NAMED)
def test_a_former_slug_redirects_and_is_never_reused(editor: Client, plural: str) -> None:
    noun = put(editor, plural)
    old = f"/v1/{plural}/{EVERY[plural]['slug']}"
    changed = editor.patch(old, json={"slug": "another"}, headers=match(noun))
    assert changed.json()["slug"] == "another"
    moved = editor.get(old, follow_redirects=False)
    assert (moved.status_code, moved.headers["location"][-8:]) == (308, "/another")
    assert editor.post(f"/v1/{plural}", json=EVERY[plural]).status_code == 409
    assert editor.post(f"/v1/{plural}", json=EVERY[plural] | {"slug": "ANOTHER"}).status_code == 422
    assert editor.post(f"/v1/{plural}", json=EVERY[plural] | {"slug": "another"}).status_code == 409
    back = editor.patch(old, json={"slug": EVERY[plural]["slug"]}, headers=match(changed.json()))
    assert back.status_code == 200, back.text
    assert editor.get(old).status_code == 200
    other = "tags" if plural != "tags" else "sources"
    assert editor.post(f"/v1/{other}", json=EVERY[other] | {"slug": "another"}).status_code == 201


def test_a_missing_slug_is_made_from_the_name(editor: Client) -> None:
    sent = {"name": {"ar": "العَرَب", "en": "Arabs"}}
    assert editor.post("/v1/tags", json=sent).json()["slug"] == "العرب"
    assert editor.post("/v1/tags", json=sent).json()["slug"] == "العرب-2"
    assert editor.post("/v1/sections", json=sent).json()["path"] == "العرب"


@pytest.mark.parametrize(
    "slug",
    ["World", "new", "all", "tag_x", "src_x", "-x", "a b", "a/b", "a.b", "", "x" * 81, "a\u202eb",
     "a\u200fb", "р\u0430y-w\u043erld", "wоrld", "مـرحبا", "مَرحبا", "e\u0301t\u00e9", "\U000e0041a"],
)  # fmt: skip
def test_invalid_slugs_are_refused(editor: Client, slug: str) -> None:
    told = faults(editor.post("/v1/tags", json=EVERY["tags"] | {"slug": slug}))
    assert list(told) == ["#/slug"], told


def test_all_errors_are_reported_at_once(editor: Client) -> None:
    sent = {
        "slug": "Big", "kind": "rumour", "name": {"en": "X", "EN": "Y", "xx": "Z"}, "nam": 1,
        "country": "UK", "url": "javascript:alert(1)", "same_as": ["x", "https://a.example"],
        "aliases": ["A", "A"], "id": "src_mine", "version": 7, "credit": {"ar": "\u202eعكس"},
    }  # fmt: skip
    told = faults(editor.post("/v1/sources", json=sent))
    assert set(told) == {
        "#/slug", "#/kind", "#/name", "#/name/EN", "#/name/xx", "#/nam", "#/country", "#/url",
        "#/same_as/0", "#/aliases", "#/id", "#/version", "#/credit/ar",
    }  # fmt: skip
    assert "'name'" in told["#/nam"] and "'ar'" in told["#/name"]
    assert "computed" in told["#/id"]
    noun = put(editor, "sources")
    sent = {"created_at": "2020-01-01T00:00:00Z", "links": {}, "url": None, "kind": None}
    told = faults(editor.put(f"/v1/sources/{noun['id']}", json=sent, headers=match(noun)))
    assert set(told) == {"#/created_at", "#/links", "#/kind"}


@pytest.mark.parametrize(
    ("name", "good"),
    [("\u200fالعربي (Al Araby)\u200e", True), ("\u2067العربي\u2069 TV", True), ("\u202bعربي\u202c", True),
     ("نیم\u200cفاصله", True), ("👨\u200d👩", True), ("a\u202eb", False), ("\u2067a", False),
     ("a\u2069", False), ("\u202bx\u2069", False), ("  \u200f ", False), ("", False), ("a\nb", False),
     ("a\u0007b", False), ("x" * 501, False), (7, False), (None, False), (["x"], False)],
)  # fmt: skip
def test_names_with_misleading_characters_are_refused(
    editor: Client, name: Any, good: bool
) -> None:
    answer = editor.post("/v1/tags", json={"name": {"ar": name}, "slug": "a-tag"})
    if good:
        assert answer.status_code == 201, answer.text
        assert answer.json()["name"] == {"ar": name}
    else:
        assert list(faults(answer)) == ["#/name/ar"]


def test_invalid_bodies_are_refused_with_pointers(editor: Client) -> None:
    tags = "/v1/tags"
    assert faults(editor.post(tags, json=[])) == {"#": "Expected a JSON object."}
    assert faults(editor.post(tags, json={"name": "x"})).keys() == {"#/name"}
    huge = {f"x{number:03}"[:3] + f"-{number:05}": "x" for number in range(10_000)}
    assert "#/name" in faults(editor.post(tags, json={"name": huge | {"ar": "x"}}))
    assert "#/same_as" in faults(
        editor.post(tags, json=EVERY["tags"] | {"same_as": ["https://x.example/"] * 10_000})
    )
    assert faults(editor.post(tags, json={"name": {"ar": "a\0b"}})) == {
        "#/name/ar": "Text can't hold NUL."
    }
    lone = b'{"name": {"ar": "\\ud800"}}'
    answer = editor.post(tags, content=lone, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert (
        editor.post(tags, content=b"{", headers={"Content-Type": "application/json"}).status_code
        == 400
    )
    assert (
        editor.post(tags, content=b"x", headers={"Content-Type": "text/plain"}).status_code == 415
    )
    patch = editor.patch(f"{tags}/{put(editor, 'tags')['id']}", json=[1], headers={"If-Match": "*"})
    assert faults(patch) == {"#": "A merge patch is an object."}


def test_too_many_tags_on_a_story_are_refused(editor: Client) -> None:
    answer = editor.post("/v1/articles", json=STORY | {"tags": [f"t{n}" for n in range(10_000)]})
    assert "#/tags" in faults(answer)
    answer = editor.post("/v1/articles", json=STORY | {"sections": ["x"] * 10_000})
    assert "#/sections" in faults(answer)


def test_an_id_of_another_kind_of_item_is_refused(editor: Client) -> None:
    tag, source, section = put(editor, "tags"), put(editor, "sources"), put(editor, "sections")
    for url in (
        f"/v1/tags/{source['id']}",
        f"/v1/sources/{tag['id']}",
        f"/v1/sections/{tag['id']}",
    ):
        assert editor.put(url, json={}, headers={"If-Match": "*"}).status_code == 404
        assert editor.delete(url, headers={"If-Match": "*"}).status_code == 404
    assert "#/parent" in faults(
        editor.post("/v1/sections", json={"name": {"ar": "x"}, "parent": tag["id"]})
    )
    assert "#/source" in faults(editor.post("/v1/images", json={"source": section["id"]}))
    assert "#/image" in faults(
        editor.post("/v1/contributors", json={"name": {"ar": "x"}, "image": source["id"]})
    )
    assert "#/via" in faults(
        editor.post("/v1/dispatches", json=EVERY["dispatches"] | {"via": tag["id"]})
    )


def test_put_keeps_missing_fields_and_clears_null_ones(editor: Client) -> None:
    tag = put(
        editor,
        "tags",
        wikidata="Q40231",
        same_as=["https://e.example/1"],
        mediatopic="http://cv.iptc.org/newscodes/mediatopic/20000553",
    )
    url = f"/v1/tags/{tag['id']}"
    tag = editor.put(url, json={"type": "keyword"}, headers=match(tag)).json()
    assert (tag["wikidata"], tag["type"], tag["name"]["en"]) == ("Q40231", "keyword", "Elections")
    tag = editor.put(
        url, json={"wikidata": None, "same_as": [], "type": "place"}, headers=match(tag)
    ).json()
    assert (tag["wikidata"], tag["same_as"], tag["type"]) == (None, [], "place")
    tag = editor.patch(
        url, json={"name": {"en": None, "fr": "Élections"}}, headers=match(tag)
    ).json()
    assert tag["name"] == {"ar": "انتخابات", "fr": "Élections"}
    assert "#/name" in faults(editor.patch(url, json={"name": {"ar": None}}, headers=match(tag)))
    assert "#/slug" in faults(editor.patch(url, json={"slug": None}, headers=match(tag)))
    for field, value in (
        ("wikidata", "P31"),
        ("wikidata", "https://www.wikidata.org/wiki/Q1"),
        ("mediatopic", "medtop:20000553"),
        ("same_as", ["ftp://x.example"]),
    ):
        assert any(
            at.startswith(f"#/{field}")
            for at in faults(editor.patch(url, json={field: value}, headers=match(tag)))
        )


def test_a_repeated_request_with_an_idempotency_key_is_replayed(editor: Client) -> None:
    headers = {"Idempotency-Key": "one"}
    first = editor.post("/v1/tags", json=EVERY["tags"], headers=headers)
    again = editor.post("/v1/tags", json=EVERY["tags"], headers=headers)
    assert first.json() == again.json() and again.headers["idempotency-replayed"] == "true"


def test_readers_and_partners_may_not_write(client: Client, signed: Signed) -> None:
    for plural, sent in EVERY.items():
        assert client.post(f"/v1/{plural}", json=sent).status_code == 401
        assert signed("partner").post(f"/v1/{plural}", json=sent).status_code == 403
        assert signed("editor", scopes=["read"]).post(f"/v1/{plural}", json=sent).status_code == 403


def tree(editor: Client) -> dict[str, Json]:
    """world/asia/japan and news, by slug."""
    found: dict[str, Json] = {}
    for slug, parent in (
        ("world", None),
        ("asia", "world"),
        ("japan", "world/asia"),
        ("news", None),
    ):
        sent = {"name": {"ar": slug, "en": slug.title()}, "slug": slug, "parent": parent}
        answer = editor.post("/v1/sections", json=sent)
        assert answer.status_code == 201, answer.text
        found[slug] = answer.json()
    return found


def test_a_section_moves_with_its_subsections(client: Client, editor: Client, told: Any) -> None:
    found = tree(editor)
    told(slug="s", section="world/asia/japan")
    moved = editor.patch(
        "/v1/sections/world/asia",
        json={"parent": "news", "slug": "orient"},
        headers=match(found["asia"]),
    )
    assert moved.status_code == 200, moved.text
    assert (moved.json()["path"], moved.json()["parent"], moved.json()["rerendered"]) == (
        "news/orient",
        "news",
        1,
    )
    story = client.get("/v1/articles/s").json()
    assert story["section"]["path"] == "news/orient/japan"
    assert [one["path"] for one in story["section"]["ancestors"]] == ["news", "news/orient"]
    for old, new in (("world/asia", "news/orient"), ("world/asia/japan", "news/orient/japan")):
        lead = client.get(f"/v1/sections/{old}", follow_redirects=False)
        assert (lead.status_code, lead.headers["location"]) == (308, f"/v1/sections/{new}")
    taken = editor.post(
        "/v1/sections", json={"name": {"ar": "x"}, "slug": "asia", "parent": "world"}
    )
    assert taken.status_code == 409
    root = editor.put(
        "/v1/sections/news/orient", json={"parent": None}, headers=match(moved.json())
    )
    assert root.json()["path"] == "orient"
    back = editor.put(
        "/v1/sections/orient",
        json={"parent": {"id": found["world"]["id"]}, "slug": "asia"},
        headers=match(root.json()),
    )
    assert back.json()["path"] == "world/asia"
    assert client.get("/v1/sections/world/asia/japan").status_code == 200


def test_a_section_cannot_be_moved_below_itself(editor: Client) -> None:
    found = tree(editor)
    for parent in ("world/asia/japan", "world/asia", found["world"]["id"], "world"):
        refused = editor.patch(
            "/v1/sections/world", json={"parent": parent}, headers=match(found["world"])
        )
        assert refused.status_code == 409, refused.text
        assert refused.json()["errors"][0]["pointer"] == "#/parent"
    deep = found["japan"]
    for number in range(7):
        deep = put(editor, "sections", slug=f"d{number}", parent=deep["id"])
    assert "#/parent" in faults(
        editor.post("/v1/sections", json={"name": {"ar": "x"}, "parent": deep["id"]})
    )
    assert "#/parent" in faults(
        editor.patch("/v1/sections/world", json={"parent": "news"}, headers=match(found["world"]))
    )
    assert (
        "computed"
        in faults(
            editor.patch("/v1/sections/world", json={"path": "x"}, headers=match(found["world"]))
        )["#/path"]
    )


def test_two_simultaneous_section_moves_make_no_cycle(editor: Client, signed: Signed) -> None:
    one, other = put(editor, "sections", slug="one"), put(editor, "sections", slug="other")
    clients = (signed(), signed())

    def move(client: Client, row: Json, parent: str | None) -> int:
        url = f"/v1/sections/{row['id']}"
        return client.patch(url, json={"parent": parent}, headers={"If-Match": "*"}).status_code

    for _ in range(5):
        crossing = ((one, other["id"]), (other, one["id"]))
        moves = [
            partial(move, client, *pair) for client, pair in zip(clients, crossing, strict=True)
        ]
        assert sorted(at_once(*moves)) == [200, 409]
        paths = {section["path"] for section in editor.get("/v1/sections").json()["items"]}
        assert paths in ({"one", "one/other"}, {"other", "other/one"})
        assert [move(editor, row, None) for row in (one, other)] == [200, 200]


def test_renaming_a_source_changes_every_story_at_once(
    client: Client, editor: Client, told: Any
) -> None:
    source = put(editor, "sources")
    for number in range(3):
        told(slug=f"s{number}", attributions=[{"source": "a-source"}])
    story = editor.get("/v1/articles/s1").json()
    url = f"/v1/sources/{source['id']}"
    sent = editor.patch(url, json={"name": {"en": "Other"}}, headers=match(source))
    assert sent.json()["rerendered"] == 3
    assert client.get("/v1/articles/s1").json()["credit_line"]["en"] == "Source: Other"
    quiet = editor.patch(
        url, json={"country": "LB", "needs_review": True}, headers=match(sent.json())
    )
    assert (quiet.json()["rerendered"], quiet.json()["country"]) == (0, "LB")
    mine = editor.put("/v1/articles/s1", json={"headline": "Mine"}, headers=match(story))
    assert mine.status_code == 200, "a colleague's fix disturbs nobody"


def test_more_than_twenty_stories_are_left_to_the_worker(
    client: Client, editor: Client, told: Any, db: Any
) -> None:
    source = put(editor, "sources")
    for number in range(25):
        told(slug=f"s{number}", attributions=[{"source": "a-source"}])
    sent = editor.patch(
        f"/v1/sources/{source['id']}", json={"credit": {"en": "Later"}}, headers=match(source)
    )
    assert sent.json()["rerendered"] == 25
    assert worker.work_through(db) == 25
    assert client.get("/v1/articles/s24").json()["credit_line"]["en"] == "Source: Later"


def test_imports_find_a_source_by_its_aliases(client: Client, editor: Client, db: Any) -> None:
    source = put(editor, "sources", aliases=["وكالة الريح"])
    page = "عنوان\n\n12 March 2026\n\nفقرة أولى طويلة بما يكفي لتكون فقرة من النص.\n\nالمصدر: وكالة الريح"

    def imported(id: str) -> list[str]:
        parsed = parse.parse(
            page.encode(), tz=UTC, now=datetime.now(UTC), known=known_sources.kind_of
        )
        [taken] = pages.take(db, [parsed], pages.Options(id=id, publish=True))
        assert isinstance(taken, pages.Taken), taken
        return [one["id"] for one in client.get(f"/v1/articles/{taken.id}").json()["sources"]]

    assert imported("one") == [source["id"]]
    other = put(editor, "sources", slug="b-source", name={"ar": "ب"}, aliases=["وكالة الريح"])
    assert "وكالة الريح" in other["warnings"][0] and source["id"] in other["warnings"][0]
    changed = editor.patch(
        f"/v1/sources/{source['id']}", json={"aliases": []}, headers=match(source)
    )
    assert changed.json()["aliases"] == []
    assert imported("two") != [source["id"]]


def test_a_dispatch_is_unique_and_cannot_relay_itself(client: Client, editor: Client) -> None:
    first = put(editor, "dispatches", sent_at="2026-11-16T08:10:00+02:00", lang="en")
    assert first["sent_at"] == "2026-11-16T06:10:00Z"
    twice = editor.post("/v1/dispatches", json=EVERY["dispatches"])
    assert twice.status_code == 409 and first["id"] in twice.json()["detail"]
    second = put(
        editor,
        "dispatches",
        item_id="R-2",
        via={"id": first["id"]},
        source={"id": first["source"]["id"]},
    )
    assert second["via"] == first["id"]
    url = f"/v1/dispatches/{first['id']}"
    for via in (first["id"], second["id"]):
        refused = editor.patch(url, json={"via": via}, headers=match(first))
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (409, "#/via")
    assert editor.patch(url, json={"item_id": "R-2"}, headers=match(first)).status_code == 409
    told = faults(
        editor.patch(
            url,
            json={
                "sent_at": "2026-01-01T00:00:00",
                "lang": "xx",
                "url": "x",
                "source": None,
                "item_id": None,
                "dependents": [1],
            },
            headers=match(first),
        )
    )
    assert set(told) == {"#/sent_at", "#/lang", "#/url", "#/source", "#/item_id", "#/dependents"}


def test_readers_see_the_dispatches_that_their_stories_are_based_on(
    client: Client, editor: Client
) -> None:
    first, second = put(editor, "dispatches"), put(editor, "dispatches", item_id="R-2")
    story = made(editor, attributions=[{"source": "reuters", "dispatch_id": first["id"]}])
    assert client.get("/v1/dispatches").json()["items"] == []
    assert client.get(f"/v1/dispatches/{first['id']}").status_code == 404
    assert (
        editor.get(f"/v1/dispatches/{first['id']}").json()["dependents"][0]["article"]["id"]
        == story["id"]
    )
    assert [one["id"] for one in editor.get("/v1/dispatches").json()["items"]] == [
        second["id"],
        first["id"],
    ]
    editor.put(f"/v1/articles/{story['id']}/publication")
    assert [one["id"] for one in client.get("/v1/dispatches").json()["items"]] == [first["id"]]
    assert client.get(f"/v1/dispatches/{first['id']}").status_code == 200
    assert client.get(f"/v1/dispatches/{second['id']}").status_code == 404


def test_the_portrait_of_a_contributor_is_served(
    client: Client, editor: Client, told: Any, db: Database
) -> None:
    image = put(editor, "images")
    who = put(editor, "contributors", image={"id": image["id"]})
    file = Storage(db.settings).put(b"GIF89a", "image/gif")
    with at_desk(db) as desk:
        verbs.change(desk, desk.session.get_one(ImageRow, image["id"]), file=file, mime="image/gif")
    assert client.get(f"/media/{file}").status_code == 404
    told(contributors=[{"contributor": who["id"]}])
    url = client.get("/v1/contributors/leila").json()["image"]
    assert client.get(url).content == b"GIF89a"
    assert client.get(f"/v1/images/{image['id']}").json()["url"] == url
    shown = editor.get("/v1/contributors/leila").json()
    again = editor.put("/v1/contributors/leila", json=shown, headers=match(shown))
    assert again.json()["image"] == url
    by_url = editor.post("/v1/contributors", json={"name": {"ar": "x"}, "image": url})
    assert by_url.json()["image"] == url


@pytest.mark.parametrize("plural", ["tags", "contributors", "images", "sources", "dispatches"])
def test_lists_are_walked_page_by_page(editor: Client, plural: str) -> None:
    mine = set()
    for number in range(7):
        more = {"slug": f"n{number}"} if plural in NAMED else {}
        more |= {"item_id": f"R-{number}"} if plural == "dispatches" else {}
        mine.add(put(editor, plural, **more)["id"])
    found: list[str] = []
    url = f"/v1/{plural}?limit=3"
    while url:
        shown = editor.get(url).json()
        found += [one["id"] for one in shown["items"]]
        url = f"/v1/{plural}?limit=3&cursor={shown['next']}" if shown["next"] else ""
    assert mine <= set(found) and len(set(found)) == len(found)
    assert editor.get(f"/v1/{plural}?cursor=abc").status_code == 400
    assert editor.get(f"/v1/{plural}?section=x").status_code == 400


Counted = Callable[[Client, str], int]


@pytest.fixture
def counted(client: Client) -> Counted:
    """How many statements the desk's engine runs for a GET."""

    def count(caller: Client, url: str) -> int:
        seen: list[str] = []

        def note(_connection: Any, _cursor: Any, sql: str, *_: Any) -> None:
            seen.append(sql)

        engine = client.served.app.state.services.db.engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            assert caller.get(url).status_code == 200
        finally:
            event.remove(engine, "before_cursor_execute", note)
        return len(seen)

    return count


def test_reads_take_few_statements(
    client: Client, editor: Client, told: Any, counted: Counted
) -> None:
    for number in range(12):
        section = put(editor, "sections", slug=f"s{number}")
        source = put(editor, "sources", slug=f"s{number}")
        image = put(editor, "images", source=source["id"])
        who = put(editor, "contributors", slug=f"c{number}", image=image["id"])
        item = put(editor, "dispatches", item_id=f"R-{number}", source=source["id"])
        tag = put(editor, "tags", slug=f"t{number}")
        told(
            slug=f"s{number}", section=section["path"], lead_image={"id": image["id"]},
            contributors=[{"contributor": who["id"]}], tags=[tag["id"]],
            attributions=[{"source": source["id"], "dispatch_id": item["id"]}, {"source": "reuters"}],
        )  # fmt: skip
    for caller in (client, editor):
        for plural in EVERY:
            listed = f"/v1/{plural}" + ("?limit=100" if plural != "sections" else "")
            assert counted(caller, listed) <= 4, listed
            one = f"/v1/{plural}/{caller.get(listed).json()['items'][-1]['id']}"
            assert counted(caller, one) <= 6, one
        assert counted(caller, "/v1/sources/reuters/dependents") <= 6


def test_renaming_a_source_while_stories_are_written_leaves_no_old_name(
    editor: Client, signed: Signed, db: Database
) -> None:
    """Stories are told while their source is renamed: what is shown is the name that it has."""
    source = put(editor, "sources")
    url = f"/v1/sources/{source['id']}"

    def tell(one: Client, name: int) -> int:
        for number in range(6):
            made(one, headline=f"{name} {number}", attributions=[{"source": source["id"]}])
        return 6

    def rename(one: Client) -> int:
        for number in range(12):
            sent = {"name": {"en": f"Name {number}", "ar": "ا"}}
            assert one.patch(url, json=sent, headers={"If-Match": "*"}).status_code == 200
        return 12

    at_once(partial(rename, editor), *[partial(tell, signed(), name) for name in range(3)])
    worker.work_through(db)
    stories = editor.get("/v1/articles?state=draft&limit=100").json()["items"]
    assert {story["credit_line"]["en"] for story in stories} == {"Source: Name 11"}
    assert len(stories) == 18


def test_deleting_a_tag_while_it_is_used_gives_one_success(editor: Client, signed: Signed) -> None:
    using, dropping = signed(), signed()

    def use(id: str) -> int:
        return using.post("/v1/articles", json=STORY | {"tags": [id]}).status_code

    def drop(id: str) -> int:
        return dropping.delete(f"/v1/tags/{id}", headers={"If-Match": "*"}).status_code

    for number in range(6):
        tag = put(editor, "tags", slug=f"t{number}")
        assert at_once(partial(use, tag["id"]), partial(drop, tag["id"])) in (
            [201, 409],
            [422, 204],
        )
