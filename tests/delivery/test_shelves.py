"""Lists of tags, contributors, sources, images and dispatches: filtered, sorted, walked by key."""

import random
import socket
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlmodel import select

from app.access.authentication import READER
from app.config import Settings
from app.db import database as databases
from app.db import migrate
from app.db.database import Database
from app.db.time_budget import ClientGone
from app.delivery import counts as counting
from app.desk.catalog import verbs
from app.desk.transaction import at_desk
from app.models.image import ImageRow
from app.models.search import ImageWord
from app.models.section import ContributorRow, TagRow
from app.models.source import DispatchRow
from app.queries import counts
from app.queries.catalog_lists import KINDS, CatalogList
from app.request import filters
from tests.conftest import Client
from tests.db.test_time_budget import ENDLESS, never_ending

TYPES = ["keyword", "person", "place"]
NAMES = ["Harbour lights", "Hungary", "مرسى زين", "Rana Haddad", "The harbour"]


@pytest.fixture
def house(editor: Client, db: Database) -> Client:
    """Forty of each; many made at the same moment."""
    chance = random.Random(3)
    with at_desk(db, by="test") as desk:
        sources = {one: source_id(editor, one) for one in ("reuters", "afp")}
        for number in range(40):
            name = {chance.choice(["ar", "en"]): f"{chance.choice(NAMES)} {number}"}
            source = sources[chance.choice(list(sources))]
            now: dict[str, Any] = {"modified_at": desk.now}
            new = now | {"created_at": desk.now}
            rows = [
                verbs.add(desk, TagRow(slug=f"t{number:02}", type=chance.choice(TYPES), name=name, **new)),
                verbs.add(desk, ContributorRow(slug=f"c{number:02}", name=name, **new)),
                verbs.add(desk, ImageRow(source_id=chance.choice([source, None]), **new)),
                verbs.add_dispatch(desk, DispatchRow(
                    source_id=source, item_id=f"i{number}", lang=chance.choice(["ar", "en"]),
                    source_status=chance.choice(["corrected", None]), received_at=desk.now, **now,
                )),
            ]  # fmt: skip
            for row in rows:
                first = "received_at" if isinstance(row, DispatchRow) else "created_at"
                made = desk.now - timedelta(days=chance.randrange(4))
                setattr(row, first, made)
                row.modified_at = made + timedelta(hours=chance.randrange(3))
    return editor


def source_id(client: Client, slug: str) -> str:
    return str(client.get(f"/v1/sources/{slug}").json()["id"])


def walked(client: Client, path: str, limit: int = 100, **params: Any) -> list[dict[str, Any]]:
    """All pages there; and back they are the same."""
    pages, cursor = [], None
    while True:
        more: dict[str, str] = {"cursor": cursor} if cursor else {}
        answer = client.get(path, params={"limit": limit, **params, **more})
        assert answer.status_code == 200, answer.text
        pages.append(answer.json())
        cursor = pages[-1]["next"]
        if not cursor:
            break
    there = [one for page in pages for one in page["items"]]
    back = pages[-1]["items"]
    while cursor := pages[-1]["prev"]:
        params["cursor"] = cursor
        pages.append(client.get(path, params={"limit": limit, **params}).json())
        back = pages[-1]["items"] + back
    assert back == there
    return there


def test_each_sort_of_each_catalog_list_returns_its_order(house: Client):
    for path, first in (
        ("tags", "created_at"), ("contributors", "created_at"), ("sources", "created_at"),
        ("images", "created_at"), ("dispatches", "received_at"),
    ):  # fmt: skip
        all = walked(house, f"/v1/{path}")
        assert len(all) >= 40
        if "slug" in all[0]:
            assert [one["slug"] for one in all] == sorted(one["slug"] for one in all)
        else:
            moments = [(one[first], one["id"]) for one in all]
            assert moments == sorted(moments, reverse=True), path
        for by in (first, "modified_at"):
            up = sorted(all, key=lambda one: (one[by], one["id"]))
            assert walked(house, f"/v1/{path}", 7, sort=by) == up
            assert walked(house, f"/v1/{path}", 7, sort=f"-{by}") == up[::-1]


def test_each_filter_of_a_catalog_list_returns_its_items(house: Client):
    tags = walked(house, "/v1/tags")

    def some(path: str, **params: Any) -> list[str]:
        return [one["id"] for one in walked(house, f"/v1/{path}", 5, **params)]

    def those(items: list[dict[str, Any]], meets: Any) -> list[str]:
        return [one["id"] for one in items if meets(one)]

    assert some("tags", type="person,place") == those(tags, lambda one: one["type"] != "keyword")
    assert some("tags", type="-person") == those(tags, lambda one: one["type"] != "person")
    assert some("tags", lang="ar") == those(tags, lambda one: "ar" in one["name"])
    assert some("tags", q="harb") == those(tags, lambda one: "arbour" in name_of(one))
    assert some("contributors", q="مرسي") == those(
        walked(house, "/v1/contributors"), lambda one: "مرسى" in name_of(one)
    )
    sources = walked(house, "/v1/sources")
    assert some("sources", kind="agency") == those(sources, lambda one: one["kind"] == "agency")
    assert some("sources", country="-GB") == those(sources, lambda one: one["country"] != "GB")
    images = walked(house, "/v1/images")
    assert some("images", source="reuters") == those(
        images, lambda one: source_of(one) == "reuters"
    )
    assert some("images", source="-reuters") == those(
        images, lambda one: source_of(one) != "reuters"
    )
    items = walked(house, "/v1/dispatches")
    day = items[20]["received_at"]
    assert some("dispatches", lang="ar", source_status="corrected", received_from=day) == those(
        items,
        lambda one: one["lang"] == "ar" and one["source_status"] and one["received_at"] >= day,
    )
    assert some("tags", created_to=day) == those(tags, lambda one: one["created_at"] < day)


def name_of(one: dict[str, Any]) -> str:
    """Its name in the first of its languages."""
    return str(next(iter(one["name"].values())))


def source_of(one: dict[str, Any]) -> str | None:
    """The slug of its source, if it has one."""
    slug: str | None = (one["source"] or {}).get("slug")
    return slug


def some_words(chance: random.Random) -> dict[str, str]:
    """Words in one language."""
    return {lang: " ".join(chance.choices(WORDS, k=4)) for lang in chance.sample(["ar", "en"], 1)}


ROLES = ["reporter", "editor", "photographer"]
WORDS = ["Harbour", "lights", "at", "night", "مرسى", "المرسى", "Reuters", "AFP", "Zayn"]


@pytest.fixture
def shown(house: Client, db: Database, told: Any) -> Client:
    """The same; images have words, credits and rights, contributors have parts in stories, of which
    every third is a draft."""
    chance = random.Random(5)
    with at_desk(db, by="test") as desk:
        for image in desk.session.exec(select(ImageRow)):
            verbs.change(
                desk, image, caption=some_words(chance),
                alt=chance.choice([{}, some_words(chance)]),
                credit=chance.choice([{}, {"en": "Reuters"}]), rights=chance.choice(RIGHTS),
                withdrawn=chance.choice([None, None, "kill"]),
            )  # fmt: skip
        people = [one.slug for one in desk.session.exec(select(ContributorRow))]
        pictures = [
            one.id for one in desk.session.exec(select(ImageRow))
            if (one.credit or one.source_id) and not one.withdrawn
        ]  # fmt: skip
    for number in range(12):
        who = [
            {"contributor": slug, "role": chance.choice(ROLES)} for slug in chance.sample(people, 3)
        ]
        told(
            slug=f"story-{number}", contributors=who, publish=number % 3 > 0,
            lead_image={"id": chance.choice(pictures)},
        )  # fmt: skip
    return house


RIGHTS: list[dict[str, Any]] = [
    {}, {"public_domain": True, "usage_terms": None}, {"usage_terms": 'Not "public_domain":true'},
    {"territories": ["LB"], "valid_until": None}, {"public_domain": False, "usage_terms": None},
    {"valid_until": "2030-01-01T00:00:00Z", "public_domain": True},
]  # fmt: skip


def folded(*texts: dict[str, str]) -> list[str]:
    """The words of texts, as somebody types them who folds Arabic by hand."""
    words = " ".join(text for one in texts for text in one.values()).casefold().split()
    return [word.replace("ى", "ي").removeprefix("ال") for word in words]


def meets(one: dict[str, Any], name: str, value: str, roles: dict[str, set[str]]) -> bool:
    """Whether a noun's JSON meets an alternative of a filter."""
    rights = one.get("rights") or {}
    limited = bool(
        rights.get("usage_terms") or rights.get("territories") or rights.get("valid_until")
    )
    free = bool(rights.get("public_domain"))
    looks: dict[str, Callable[[], bool]] = {
        "type": lambda: one["type"] == value, "kind": lambda: one["kind"] == value,
        "country": lambda: one["country"] == value, "lang": lambda: value in one["name"],
        "role": lambda: value in roles.get(one["slug"], set()),
        "source": lambda: (one["source"] or {}).get("slug") == value,
        "credit": lambda: {
            "own": bool(one["credit"]), "source": bool(one["source"]),
            "none": not one["credit"] and not one["source"] and not free,
        }[value],
        "rights": lambda: {
            "public_domain": free, "limited": limited, "none": not free and not limited
        }[value],
        "withdrawn": lambda: ((one["withheld"] or {}).get("reason") == "withdrawn") == (value == "true"),
    }  # fmt: skip
    return looks[name]()


VALUES = {
    "tags": {"type": TYPES, "lang": ["ar", "en", "fr"]},
    "contributors": {"role": [*ROLES, "translator"], "lang": ["ar", "en"]},
    "sources": {"kind": ["agency", "outlet", "official"], "country": ["LB", "GB", "US", "FR"]},
    "images": {
        "source": ["reuters", "afp"], "credit": ["own", "source", "none"],
        "rights": ["public_domain", "limited", "none"], "withdrawn": ["true", "false"],
    },
}  # fmt: skip
TYPED = ["harb", "Harbour night", "مرسي", "المرسى", "reu af", "z", "night night", "nowhere"]


def parts_in_stories(client: Client, state: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for card in client.get(f"/v1/articles?state={state}&limit=100").json()["items"]:
        for who in card["contributors"]:
            found.setdefault(who["slug"], set()).add(who["role"])
    return found


@pytest.mark.parametrize("whose", ["house", "client"])
def test_random_catalog_filters_match_a_simple_model(
    shown: Client, client: Client, whose: str
) -> None:
    """Whatever is asked for, the list has what a look at each would choose, in its order."""
    caller, chance = {"house": shown, "client": client}[whose], random.Random(whose)
    roles = parts_in_stories(shown, "draft,published" if whose == "house" else "published")
    every = {path: walked(caller, f"/v1/{path}") for path in VALUES}
    assert whose == "client" or all(len(some) >= 40 for some in every.values())
    for _ in range(150):
        path = chance.choice(list(VALUES))
        asked: list[tuple[str, str]] = []
        found = every[path]
        for name in chance.choices(list(VALUES[path]), k=chance.randrange(3)):
            values = chance.sample(VALUES[path][name], chance.choice([1, 1, 2]))
            minus = chance.choice(["", "-"])
            asked.append((name, minus + ",".join(values)))
            found = [
                one for one in found
                if any(meets(one, name, value, roles) for value in values) != bool(minus)
            ]  # fmt: skip
        if path == "images" and chance.random() < 0.4:
            typed = chance.choice(TYPED)
            asked.append(("q", typed))
            starts = folded({"": typed})
            found = [
                one for one in found
                if all(any(word.startswith(start) for word in folded(one["caption"], one["alt"], one["credit"]))
                       for start in starts)
            ]  # fmt: skip
        order = chance.choice(["created_at", "-created_at", "modified_at", "-modified_at"])
        by = order.removeprefix("-")
        found = sorted(found, key=lambda one: (one[by], one["id"]), reverse=order[0] == "-")
        answer = caller.get(
            f"/v1/{path}", params=[*asked, ("sort", order), ("count", "exact"), ("limit", "100")]
        )
        assert answer.status_code == 200, (asked, answer.text)
        told = [one["id"] for one in answer.json()["items"]]
        assert told == [one["id"] for one in found][:100], (path, asked)
        assert answer.json()["count"] == len(found), (path, asked)


def found(client: Client, q: str) -> list[str]:
    return [one["id"] for one in client.get("/v1/images", params={"q": q}).json()["items"]]


def test_images_are_found_by_their_present_texts(editor: Client, db: Database) -> None:
    made = editor.post("/v1/images", json={"caption": {"en": "A harbour", "ar": "المرسى ليلا"}})
    id, url = made.json()["id"], f"/v1/images/{made.json()['id']}"
    for q, there in (
        ("HARB", True),
        ("مرسي", True),
        ("harbour ليل", True),
        ("harbour hill", False),
    ):
        assert (id in found(editor, q)) is there, q
    sent = {"caption": {"en": "The hills"}, "credit": {"en": "Zayn Haddad"}}
    changed = editor.patch(url, json=sent, headers={"If-Match": made.headers["etag"]})
    assert changed.status_code == 200, changed.text
    assert found(editor, "harb") == [] and found(editor, "hadd hills") == [id]

    made_then = ScriptDirectory.from_config(migrate.alembic_config()).get_revision("image_words")
    with db.engine.begin() as connection:  # a house of the release before
        connection.execute(text("DROP TABLE image_word"))
        with Operations.context(MigrationContext.configure(connection)):
            made_then.module.upgrade()
    assert found(editor, "hadd hills") == [id]
    assert editor.delete(url, headers={"If-Match": changed.headers["etag"]}).status_code == 204
    with db.reading() as session:
        assert session.exec(select(ImageWord)).all() == []


def counted(client: Client, path: str, **params: Any) -> dict[str, Any]:
    answer = client.get(f"/v1/{path}", params={"limit": 1, **params})
    assert answer.status_code == 200, answer.text
    return {name: answer.json()[name] for name in ("count", "count_kind", "facets")}


def test_counts_and_facets_match_the_catalog_list(house: Client, client: Client):
    for path in ("tags", "contributors", "sources", "images", "dispatches"):
        every = len(walked(house, f"/v1/{path}"))
        for count in ("exact", "estimate"):
            told = {"count": every, "count_kind": "exact", "facets": None}
            assert counted(house, path, count=count) == told
        assert (
            counted(house, path)["count_kind"]
            == "none"
            == counted(house, path, count="none")["count_kind"]
        )
        seen = len(walked(client, f"/v1/{path}"))
        assert counted(client, path, count="exact")["count"] == seen, "of what is seen"
        assert seen < every or path == "sources"
    tags = walked(house, "/v1/tags", q="harb")
    told = counted(house, "tags", q="harb", facets="type", count="exact")
    assert told["count"] == len(tags)
    assert told["facets"] == {"type": dict(Counter(one["type"] for one in tags))}
    sources = walked(house, "/v1/sources")
    told = counted(house, "sources", facets="kind,country")
    assert told["facets"] == {
        name: dict(Counter(one[name] for one in sources if one[name]))
        for name in ("kind", "country")
    }
    assert list(told["facets"]["kind"].values()) == sorted(told["facets"]["kind"].values())[::-1]
    images = walked(house, "/v1/images", source="reuters,afp")
    named = dict(Counter(one["source"]["slug"] for one in images))
    assert counted(house, "images", facets="source")["facets"] == {"source": named}


def test_long_lists_are_estimated(house: Client, monkeypatch: pytest.MonkeyPatch):
    for module in (counting, counts):
        monkeypatch.setattr(module, "ESTIMATED", 10)
    for sort in ("slug", "-slug", "created_at", "-modified_at"):
        told = counted(house, "tags", count="estimate", sort=sort)
        assert told["count_kind"] == "estimate" and 35 <= told["count"] <= 60, (sort, told)
    few = counted(house, "tags", count="estimate", q="Harbour lights 1")
    assert few["count_kind"] == "exact" and few["count"] < 10
    monkeypatch.setattr(counting, "MOST_FACETED", 20)
    answer = house.get("/v1/tags?facets=type")
    assert answer.status_code == 400 and "tags; narrow the list" in answer.text


def test_counts_and_neighbours_of_a_catalog_list_use_an_index(tmp_path: Path) -> None:
    """Of each row that no story shows something is looked for: never through a whole table."""
    settings = Settings(database_url=f"sqlite:///{tmp_path}/isnad.db", secret="of plans")
    house = Database(settings)
    migrate.migrate(house.engine)
    questions = {"image": "credit=none", "contributor": "role=editor", "tag": "", "source": "kind=agency",
                 "dispatch": "source_status=killed"}  # fmt: skip
    with sqlite3.connect(settings.sqlite_path) as database:
        for noun, query in questions.items():
            kind = KINDS[noun]
            wanted = filters.parse(query, settings.zone, kind.known, choices=kind.choices)
            wanted.sort = kind.usual
            shelf = CatalogList(noun, READER, house.reader.dialect, wanted)
            for sql, values in (shelf.page(None), shelf.every(), shelf.nearly()):
                bound = house.reader.dialect.bind(sql, values | {"now": "2026"})[1]
                rows = database.execute(f"EXPLAIN QUERY PLAN {sql}", bound)
                scanned = {row[3].split()[1] for row in rows if row[3].startswith("SCAN")}
                assert scanned <= {noun, "CONSTANT", "json_each", "hit", "x"}, (noun, sql, scanned)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A house whose reads take half a second at most."""
    monkeypatch.setattr(databases, "MOST_SECONDS", 0.5)


def test_counting_is_stopped_at_the_time_limit(
    hurried: None, client: Client, kind: str, monkeypatch: pytest.MonkeyPatch
):
    assert client.get("/v1/tags").headers["server-timing"].startswith("db;dur=")
    monkeypatch.setattr(
        "app.queries.catalog_lists.CatalogList.every", lambda _: (ENDLESS[kind], {})
    )
    answer = client.get("/v1/tags?count=exact")
    assert answer.status_code == 503 and "narrow it" in answer.json()["detail"]
    assert client.get("/v1/tags").status_code == 200


def test_counting_stops_when_the_client_disconnects(
    client: Client, kind: str, monkeypatch: pytest.MonkeyPatch
):
    endless, begun, ended = never_ending(kind)
    monkeypatch.setattr(counting, "number", endless)
    with socket.create_connection(("127.0.0.1", client.served.port)) as asking:
        asking.sendall(b"GET /v1/sources?count=exact HTTP/1.1\r\nHost: here\r\n\r\n")
        assert begun.wait(5)
    for _ in range(100):
        if ended:
            break
        time.sleep(0.05)
    assert ended == [ClientGone]


@pytest.mark.parametrize(
    ("path", "parameter", "hint"),
    [
        ("tags?type=persn", "type", "'person'"), ("tags?typ=person", "typ", "'type'"),
        ("tags?sort=name", "sort", "slug"), ("sources?kind=news", "kind", "agency"),
        ("sources?country=gb", "country", "capital"), ("images?source=reters", "source", "'reuters'"),
        ("images?q=!!!", "q", "no word"), ("dispatches?received_from=x", "received_from", "date"),
        ("contributors?q=", "q", "Empty"), ("tags?lang=ar&lang=x", "lang", "language"),
        ("tags?count=all", "count", "exact"), ("tags?published_from=2026-01-01", "published_from", "Unknown"),
        ("contributors?facets=role", "facets", "Unknown"), ("tags?facets=kind", "facets", "type"),
        ("images?count=exact&count=none", "count", "twice"), ("sources?facets=", "facets", "Empty"),
        ("contributors?role=reportr", "role", "'reporter'"), ("contributors?role=", "role", "Empty"),
        ("contributors?role=reporter,", "role", "empty"), ("tags?role=reporter", "role", "Unknown"),
        ("contributors?rol=editor", "rol", "'role'"), ("images?credit=non", "credit", "'none'"),
        ("images?credit=own,-none", "credit", "leading"), ("images?rights=free", "rights", "limited"),
        ("images?withdrawn=yes", "withdrawn", "true, false"), ("images?credits=own", "credits", "'credit'"),
        (f"images?q={'+'.join(f'w{n}' for n in range(33))}", "q", "32"), ("images?q=a&q=b", "q", "twice"),
        ("dispatches?count=exct", "count", "'exact'"), ("tags?facets=type,", "facets", "type"),
        ("images?source=reuters:photographed", "source", "role"), ("tags?type=PERSON", "type", "mean 'person'"),
        ("dispatches?source=-reuters:origin", "source", "role"), ("tags?t%FF=1", "t\ufffd", "Unknown"),
    ],
)  # fmt: skip
def test_an_invalid_catalog_query_is_400(house: Client, path: str, parameter: str, hint: str):
    answer = house.get(f"/v1/{path}")
    assert answer.status_code == 400
    [told] = answer.json()["errors"]
    assert told["parameter"] == parameter and hint in told["detail"], told


def test_the_link_header_has_the_next_and_previous_page(house: Client):
    for path in ("tags", "contributors", "sources", "images", "dispatches"):
        page = house.get(
            f"/v1/{path}?limit=3&cursor={house.get(f'/v1/{path}?limit=3').json()['next']}"
        )
        base = f"{house.base_url}/v1/{path}?limit=3&cursor="
        linked = {rel: one["url"] for rel, one in page.links.items()}
        assert linked == {rel: base + page.json()[rel] for rel in ("next", "prev")}, path
        assert house.get(linked["next"]).status_code == 200
    assert not house.get("/v1/tags/t01").links


def test_a_cursor_of_another_catalog_list_is_400(house: Client, client: Client):
    cursor = house.get("/v1/tags", params={"limit": 2, "type": "place"}).json()["next"]
    assert house.get("/v1/tags", params={"type": "place", "cursor": cursor}).status_code == 200
    for one, path in (
        (house, f"tags?cursor={cursor}"), (house, f"tags?type=place&sort=-slug&cursor={cursor}"),
        (client, f"tags?type=place&cursor={cursor}"), (house, f"tags?type=place&cursor={cursor[:-1]}"),
    ):  # fmt: skip
        answer = one.get(f"/v1/{path}")
        assert (answer.status_code, answer.json()["code"]) == (400, "cursor-invalid"), path
