"""Confidential sources: who reads the name, and what everybody else is shown in its place."""

import base64
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import zstandard
from sqlmodel import col, select

from app import worker
from app.backup.export import Export
from app.backup.restore import restore
from app.config import Settings
from app.db.database import Database
from app.desk.catalog.verbs import AT_ONCE
from app.models.article import ArticleRow, TermRow
from app.models.change import ChangeRow, Job
from app.models.source import CONFIDENTIAL
from tests.conftest import Client, Drawn, Served, Signed, settings_of
from tests.desk.test_writing import match
from tests.ingest.test_import_page import NEWS, take
from tests.support.contract import Contract

Json = dict[str, Any]
LABEL = {"ar": "مسؤول", "en": "an official"}
PERSON: Json = {
    "name": {"ar": "زيدان المرقوم", "en": "Zaydan Marqum"}, "slug": "zaydan-marqum",
    "kind": "person", "aliases": ["Abu Marqum"], "credit": {"en": "Z. Marqum"},
    "url": "https://marqum.example", "same_as": ["https://www.wikidata.org/wiki/Q424242"],
    "country": "YE",
}  # fmt: skip
LINK: Json = {
    "id": "a1", "role": "quoted", "url": "https://leak.example/marqum-call",
    "note": "Called on the MARQUMNOTE line", "stated_at": "2026-11-20T10:11:12Z",
}  # fmt: skip
MARKERS = ("arqum", "ARQUM", "مرقوم", "Q424242", "10:11:12", "zaydan")
SCOPES = ["read", "write", "publish", "withdraw", "sources:confidential"]


@pytest.fixture
def insider(signed: Signed) -> Client:
    """An editor who reads the names of confidential sources."""
    return signed("editor", scopes=SCOPES)


class Affair:
    """Two stories that rest on one person, and that person."""

    def __init__(self, insider: Client, secret: bool = True) -> None:
        self.insider = insider
        self.stories = [self.story("One"), self.story("Two")]
        marked = {"confidential": True, "public_label": LABEL, "slug": None} if secret else {}
        self.source = self.made(insider.post("/v1/sources", json=PERSON | marked))
        for story in self.stories:
            self.rest(story)

    def made(self, answer: httpx.Response) -> Json:
        assert answer.is_success, answer.text
        found: Json = answer.json()
        return found

    def story(self, word: str) -> Json:
        sent = {
            "lang": "en", "headline": f"Story {word}",
            "body": [{"type": "paragraph", "id": "b1", "text": f"Talks go on, part {word}."}],
        }  # fmt: skip
        story = self.made(self.insider.post("/v1/articles", json=sent))
        self.made(self.insider.put(f"/v1/articles/{story['id']}/publication", json={}))
        return self.read(story)

    def read(self, story: Json, by: Client | None = None) -> Json:
        return self.made((by or self.insider).get(f"/v1/articles/{story['id']}"))

    def rest(self, story: Json) -> None:
        links = [
            LINK | {"source": self.source["id"]},
            {"id": "a2", "source": "reuters", "via": "a1"},
        ]
        self.save(self.insider, story["id"], attributions=links)

    def save(self, by: Client, id: str, **more: Any) -> Json:
        story = self.made(by.get(f"/v1/articles/{id}"))
        answer = by.put(f"/v1/articles/{id}", json=story | more, headers=match(story))
        return self.made(answer)

    def mark(self, **more: Any) -> Json:
        self.source = self.made(self.insider.get(f"/v1/sources/{self.source['id']}"))
        sent = {"confidential": True, "public_label": LABEL} | more
        url = f"/v1/sources/{self.source['id']}"
        self.source = self.made(self.insider.patch(url, json=sent, headers=match(self.source)))
        return self.source


@pytest.fixture
def affair(insider: Client) -> Affair:
    return Affair(insider)


def outsiders(client: Client, signed: Signed) -> dict[str, Client]:
    """Everybody without the scope; keys without scopes may do all that their role may but this."""
    partner = signed("partner", partner="coast-daily")
    return {
        "anonymous": client, "reader": signed("reader"), "partner": partner,
        "editor": signed("editor"), "admin": signed("admin"),
    }  # fmt: skip


def told(answer: httpx.Response) -> str:
    """All that an answer says."""
    return f"{answer.headers} {answer.text}"


def leaks(answer: httpx.Response, *more: str) -> list[str]:
    return [one for one in (*MARKERS, *more) if one in told(answer)]


def addresses(contract: Any, affair: Affair, drawn_id: str) -> list[str]:
    """Every address that can be read, for the stories of the affair and their lists."""
    ids = {"id_or_slug": affair.stories[0]["id"], "number": "2", "code": "not-found"}
    found = []
    for path, operations in contract["paths"].items():
        if "get" not in operations or "{key}" in path:
            continue
        name = "src_reuters" if "/sources" in path else "absent"
        name = drawn_id if "/images" in path else name
        values = ids | {"name": name, "id": drawn_id, "feed": "all"}
        found.append(path.format_map(values))
    lists = ("/v1/articles", "/v1/articles.ndjson", "/v1/search")
    found += [f"{one}?q=talks" for one in lists]
    found += [
        "/v1/articles?facets=source,tag&count=exact", "/v1/search?q=talks&facets=source",
        f"/v1/articles/{ids['id_or_slug']}?include=jsonld,versions,related",
        f"/v1/articles/{ids['id_or_slug']}/diff?from=1&to=2",
        f"/v1/articles/{ids['id_or_slug']}?as_of=2026-01-01",
        "/v1/suggest?q=zay", "/v1/suggest?q=abu", "/v1/sources?limit=100", "/v1/sources?count=exact",
        "/v1/sources?facets=kind,country", "/v1/sources?country=YE", "/v1/sources?q=z",
        "/feeds/all.rss", "/feeds/all.atom", "/feeds/all.json", "/v1/images?facets=source",
        "/v1/images?q=z", "/v1/changes?limit=1000", "/v1/changes?include=article",
        "/v1/changes?latest=true", "/v1/articles?fields=sources,credit_line",
    ]  # fmt: skip
    return found


def test_only_a_key_with_the_scope_reads_the_name(
    client: Client, signed: Signed, affair: Affair, drawn: Drawn
) -> None:
    real = affair.source["id"]
    image = drawn("red", credit="Picture by Zaydan Marqum", photographer="Z. Marqum")
    card = affair.insider.get(f"/v1/images/{image}").json()
    sent = {"source": real, "copyright": "© Z. Marqum"}
    affair.made(affair.insider.patch(f"/v1/images/{image}", json=sent, headers=match(card)))
    affair.save(affair.insider, affair.stories[0]["id"], lead_image={"id": image})
    contract = client.get("/openapi.json").json()
    found = addresses(contract, affair, image)
    for role, caller in outsiders(client, signed).items():
        for address in found:
            answer = caller.get(address)
            asked = [one for one in ("zay", "abu") if f"q={one}" in address]
            assert not leaks(answer, real), (role, address, told(answer))
            assert answer.status_code < 500 and (not asked or not answer.json()["entities"])
    assert client.get("/v1/images?q=zaydan").json()["items"] == []
    names = [PERSON["name"]["en"], PERSON["name"]["ar"]]
    story = affair.read(affair.stories[0])
    assert story["attributions"][0]["source"]["name"] == PERSON["name"]
    assert story["attributions"][0]["note"] == LINK["note"]
    assert story["lead_image"]["photographer"] == "Z. Marqum"
    assert affair.insider.get(f"/v1/sources/{real}").json()["name"] == PERSON["name"]
    for name in names:
        items = affair.insider.get("/v1/sources", params={"q": name}).json()["items"]
        assert [one["id"] for one in items] == [real]
    log = affair.insider.get("/v1/changes?noun=confidential_source").json()["items"]
    assert [(one["type"], one["id"]) for one in log] == [("created", real)]
    rests = affair.insider.get(f"/v1/sources/{real}/dependents").json()["items"]
    assert {one["article"]["id"] for one in rests} >= {one["id"] for one in affair.stories}


def test_readers_get_the_public_label(client: Client, affair: Affair) -> None:
    story = affair.read(affair.stories[0], client)
    link = story["attributions"][0]
    opaque = link["source"]["id"]
    assert link["source"] == {
        "id": opaque, "slug": opaque, "kind": "generic", "name": LABEL, "url": None,
        "confidential": True,
    }  # fmt: skip
    assert [link[name] for name in ("url", "note", "dispatch_id", "stated_at")] == [None] * 4
    assert link["source"] in story["sources"]
    assert "an official" in story["credit_line"]["en"] and "مسؤول" in story["credit_line"]["ar"]
    assert "an official" in client.get("/feeds/all.rss").text
    assert affair.read(affair.stories[0], client) == story


def texts(value: Any) -> set[str]:
    """Every text in a JSON value."""
    if isinstance(value, str):
        return {value}
    some = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {text for one in some for text in texts(one)}


def test_two_stories_of_a_source_share_no_id(
    client: Client, affair: Affair, signed: Signed
) -> None:
    for caller in (client, signed("editor")):
        answers = [caller.get(f"/v1/articles/{one['id']}") for one in affair.stories]
        one, two = (answer.json() for answer in answers)
        ids = [story["attributions"][0]["source"]["id"] for story in (one, two)]
        assert ids[0] != ids[1] and all(id.startswith("csr_") and len(id) == 30 for id in ids)
        public = {*LABEL.values(), "quoted", "generic", "a1"}
        for link, other in zip(one["attributions"][:1], two["attributions"][:1], strict=True):
            assert texts(link) & texts(other) <= public
    keys = [
        set(answer.headers["surrogate-key"].split())
        for answer in answers
        if "surrogate-key" in answer.headers
    ]
    assert keys[0] & keys[1] == {"src_reuters"}
    related = client.get(f"/v1/articles/{affair.stories[0]['id']}/related").json()["items"]
    shared = [one["id"] for item in related for one in item["reason"]["shared"]]
    assert set(shared) <= {"src_reuters"}


def alike(answer: httpx.Response, name: str) -> tuple[int, Json]:
    """What an answer says but for the name that was sent, and the request's own id."""
    text = answer.text.replace(name, "NAME")
    body = orjson.loads(text) if text.startswith("{") else {"text": text}
    return answer.status_code, body | {"request_id": None}


def test_a_confidential_source_behaves_like_an_unknown_one(
    client: Client, signed: Signed, affair: Affair
) -> None:
    story, real = affair.stories[0], affair.source["id"]
    opaque = affair.read(story, client)["attributions"][0]["source"]["id"]
    never = "src_" + "0" * 26
    shapes = (
        "/v1/sources/{}", "/v1/sources/{}/dependents", "/v1/articles?source={}",
        "/v1/articles?source=-{}", "/v1/images?source={}&count=exact", "/v1/search?q=talks&source={}",
        "/feeds/all.rss?source={}", "/v1/dispatches?source={}",
    )  # fmt: skip
    for caller in outsiders(client, signed).values():
        for shape in shapes:
            unknown = alike(caller.get(shape.format(never)), never)
            for name in (real, opaque):
                assert alike(caller.get(shape.format(name)), name) == unknown, (shape, name)
            for name in ("zaydan-marqum", affair.source["slug"]):
                answer = caller.get(shape.format(name))
                assert answer.status_code == unknown[0] and "id you mean" not in answer.text
    editor = signed("editor")
    for method, body in (("PUT", PERSON), ("PATCH", {"country": "SY"}), ("DELETE", None)):
        answers = [
            alike(editor.request(method, f"/v1/sources/{id}", json=body, headers={"If-Match": "*"}), id)
            for id in (real, never)
        ]  # fmt: skip
        assert answers[0] == answers[1]
    for name in (real, PERSON["name"]["en"], PERSON["aliases"][0], "zaydan-marqum"):
        read = affair.read(story, editor)
        sent = {"attributions": [{"source": name}]}
        refused = editor.patch(f"/v1/articles/{story['id']}", json=sent, headers=match(read))
        assert refused.status_code == 422 and "There is no source" in refused.text
    other = affair.stories[1]
    sent = {"attributions": [{"source": opaque}]}
    read = affair.read(other, editor)
    refused = editor.patch(f"/v1/articles/{other['id']}", json=sent, headers=match(read))
    assert refused.status_code == 422
    again = editor.post("/v1/sources", json=PERSON)
    assert again.status_code == 201 and again.json()["slug"] == "zaydan-marqum"
    assert again.json()["warnings"] == []


def test_saving_without_the_scope_keeps_the_hidden_attribution(
    affair: Affair, signed: Signed
) -> None:
    editor, id = signed("editor"), affair.stories[0]["id"]
    before = affair.read(affair.stories[0])
    shown = affair.read(affair.stories[0], editor)
    affair.save(editor, id, headline="Another headline")
    links = shown["attributions"] + [
        {"source": shown["attributions"][0]["source"], "role": "quoted"}
    ]
    saved = affair.save(editor, id, attributions=links)
    assert saved["attributions"][2]["source"] == shown["attributions"][0]["source"]
    after = affair.read(affair.stories[0])
    assert after["attributions"][:2] == before["attributions"]
    assert after["attributions"][2]["source"] == before["attributions"][0]["source"]
    forbidden = [shown["attributions"][0] | {"note": "I guess who"}]
    refused = editor.patch(
        f"/v1/articles/{id}", json={"attributions": forbidden}, headers=match(saved)
    )
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "#/attributions/0/note"


def test_only_a_key_with_the_scope_grants_it(signed: Signed, admin: Client) -> None:
    editor = signed("editor")
    marked = PERSON | {"confidential": True, "public_label": LABEL, "slug": None}
    assert editor.post("/v1/sources", json=marked).status_code == 403
    assert editor.post("/v1/sources", json=PERSON | {"public_label": LABEL}).status_code == 403
    plain = editor.post("/v1/sources", json=PERSON | {"confidential": False, "public_label": {}})
    assert plain.status_code == 201 and plain.json()["public_label"] is None
    wanted = {"role": "editor", "scopes": ["read", "sources:confidential"]}
    assert admin.post("/v1/keys", json=wanted).status_code == 403
    chief = signed("admin", scopes=["read", "write", "keys", "sources:confidential"])
    made = chief.post("/v1/keys", json=wanted)
    assert made.status_code == 201
    assert chief.post("/v1/keys", json=wanted | {"role": "partner"}).status_code == 422
    key = admin.get(f"/v1/keys/{made.json()['id']}").json()
    assert admin.post(f"/v1/keys/{key['id']}/rotation", json={}).status_code == 403
    less = {"scopes": ["read"]}
    url = f"/v1/keys/{key['id']}"
    key = admin.patch(url, json=less, headers=match(key)).json()
    again = admin.patch(url, json={"scopes": wanted["scopes"]}, headers=match(key))
    assert again.status_code == 403


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"public_label": {}}, "#/public_label"),
        ({"public_label": {"fr": "un responsable"}}, "#/public_label"),
        ({"public_label": {"ar": "م", "en": "an aide of Zaydan Marqum"}}, "#/public_label"),
    ],
)
def test_a_label_is_required_and_must_not_contain_the_name(
    insider: Client, wrong: Json, pointer: str
) -> None:
    sent = PERSON | {"confidential": True, "slug": None} | wrong
    answer = insider.post("/v1/sources", json=sent)
    assert answer.status_code == 422
    assert pointer in [one["pointer"] for one in answer.json()["errors"]]


def test_a_source_marked_confidential_is_hidden_at_once(
    client: Client, insider: Client, signed: Signed
) -> None:
    affair = Affair(insider, secret=False)
    editor, real = signed("editor"), affair.source["id"]
    key = {"Idempotency-Key": "again"}
    affair.made(editor.post("/v1/sources", json=PERSON | {"slug": "other"}, headers=key))
    source = affair.made(insider.get(f"/v1/sources/{real}"))
    source = affair.made(insider.patch(
        f"/v1/sources/{real}", json={"slug": "marqum-now"}, headers=match(source)
    ))  # fmt: skip
    url = f"/v1/articles/{affair.stories[0]['id']}"
    replay = {"Idempotency-Key": "save"}
    story = affair.read(affair.stories[0], editor)
    save = {"headline": "Saved"}
    first = editor.patch(url, json=save, headers=match(story) | replay)
    cached = [
        url,
        "/v1/articles",
        "/v1/articles?source=marqum-now",
        "/feeds/all.rss",
        "/v1/sources/marqum-now",
    ]
    for address in cached:
        assert leaks(client.get(address)) and leaks(client.get(address)), address
    used = {"If-Match": "*", "Idempotency-Key": "delete"}
    refused = editor.delete(f"/v1/sources/{real}", headers=used)
    assert refused.status_code == 409 and len(refused.json()["used_by"]) == 2
    affair.mark()
    refused = editor.delete(f"/v1/sources/{real}", headers=used)
    assert refused.status_code == 409 and not leaks(refused, *(one["id"] for one in affair.stories))
    for address in cached:
        answer = client.get(address)
        body = answer.text.replace("marqum-now", "")
        assert not [one for one in (*MARKERS, real) if one in body], (address, body)
    assert client.get("/v1/sources/marqum-now").status_code == 404
    assert client.get("/v1/sources/zaydan-marqum").status_code == 404
    for old in (
        f"{url}/versions/2",
        f"{url}/versions",
        f"{url}/diff?from=1&to=2",
        f"{url}/versions/3",
    ):
        answer = editor.get(old)
        assert answer.status_code == 200 and not leaks(answer, real), (old, answer.text)
    past = editor.get(f"{url}/versions/2").json()
    assert "an official" in past["credit_line"]["en"]
    again = editor.patch(url, json=save, headers=match(story) | replay)
    assert first.is_success and again.status_code == 409 and not leaks(again, real)
    changes = editor.get("/v1/changes?limit=1000")
    assert not [one for one in changes.json()["items"] if one["id"] == real]
    assert "MARQUM" not in changes.text
    opaque = affair.read(affair.stories[0], client)["attributions"][0]["source"]["id"]
    source = affair.made(insider.get(f"/v1/sources/{real}"))
    source = affair.made(insider.patch(
        f"/v1/sources/{real}", json={"confidential": False}, headers=match(source)
    ))  # fmt: skip
    assert not source["slug"].startswith("confidential")
    restored = affair.read(affair.stories[0], client)["attributions"][0]
    assert (restored["source"]["id"], restored["source"]["name"]) == (real, PERSON["name"])
    assert client.get(f"/v1/sources/{source['slug']}").status_code == 200
    affair.mark()
    renewed = affair.read(affair.stories[0], client)["attributions"][0]["source"]["id"]
    assert renewed.startswith("csr_") and renewed != opaque


def test_many_stories_hide_the_name_before_the_worker_rendered_them(
    client: Client, insider: Client, db: Database, told: Callable[..., ArticleRow]
) -> None:
    affair = Affair(insider, secret=False)
    real = affair.source["id"]
    ids = [one["id"] for one in affair.stories]
    ids += [
        told(headline=f"More {number}", attributions=[{"source": real}]).id
        for number in range(AT_ONCE)
    ]
    addresses = [f"/v1/articles/{id}" for id in ids]
    addresses += [
        "/v1/articles?limit=100",
        "/v1/articles.ndjson",
        "/v1/search?q=more",
        "/feeds/all.rss",
    ]
    for address in addresses:  # also into the response cache
        assert client.get(address).status_code == 200, address
    head = client.get("/v1/changes?latest=true").headers["isnad-change"]
    marked = affair.mark()
    assert marked["rerendered"] == len(ids)
    assert [one for one in marked["warnings"] if one.startswith(f"{len(ids)} stories")]

    def opaque() -> list[str]:
        for address in addresses:
            assert not leaks(client.get(address), real), address
        found = [client.get(f"/v1/articles/{id}").json() for id in ids]
        return [one["attributions"][0]["source"]["id"] for one in found]

    before = opaque()
    assert len(set(before)) == len(ids) and all(one.startswith("csr_") for one in before)
    worker.work_through(db)
    assert opaque() == before
    rows = rerendered(db, int(head))
    assert sorted(row.ids[0] for row in rows) == sorted(ids)
    assert all(len(row.ids) == 1 and real not in row.keys for row in rows)
    affair.mark(confidential=False)
    worker.work_through(db)
    assert sorted(id for row in rerendered(db, rows[-1].seq) for id in row.ids) == sorted(ids)
    for id in ids:
        assert client.get(f"/v1/articles/{id}").json()["attributions"][0]["source"]["id"] == real


def rerendered(db: Database, since: int) -> Sequence[ChangeRow]:
    """What the log says of stories that were rendered again, after which nothing waits."""
    with db.reading() as session:
        assert session.exec(select(Job)).all() == []
        wanted = select(ChangeRow).where(col(ChangeRow.seq) > since, ChangeRow.type == "rerendered")
        return session.exec(wanted.order_by(col(ChangeRow.seq))).all()


def test_a_page_import_with_the_name_creates_an_ordinary_source(
    client: Client, affair: Affair, db: Database
) -> None:
    for name in (PERSON["name"]["en"], PERSON["aliases"][0], affair.source["slug"]):
        taken = take(db, NEWS.replace("Al Araby", name), id=name, publish=True)
        story = client.get(f"/v1/articles/{taken.id}").json()
        [made] = [one["source"] for one in story["attributions"] if name in str(one["source"])]
        assert made["id"] != affair.source["id"] and not made["confidential"]
        seen = affair.read(story)
        assert affair.source["id"] not in str(seen)


def test_a_writer_with_the_scope_is_warned_of_the_name(affair: Affair, signed: Signed) -> None:
    id = affair.stories[0]["id"]
    body = [{"type": "paragraph", "text": "It was, said ZAYDAN MARQUM, so."}]
    saved = affair.save(affair.insider, id, body=body, summary="By زيدان المرقوم")
    [warning] = [one for one in saved["warnings"] if affair.source["id"] in one]
    assert "summary" in warning and "body" in warning
    unseeing = affair.save(signed("editor"), id, headline="Marqum again")
    assert unseeing["warnings"] == []


def test_a_source_with_dispatches_cannot_become_confidential(affair: Affair) -> None:
    sent = {"source": affair.source["id"], "item_id": "1"}
    assert affair.insider.post("/v1/dispatches", json=sent).status_code == 422
    wire = affair.made(
        affair.insider.post("/v1/dispatches", json={"source": "afp", "item_id": "1"})
    )
    url = "/v1/sources/afp"
    afp = affair.insider.get(url).json()
    marked = {"confidential": True, "public_label": LABEL}
    refused = affair.insider.patch(url, json=marked, headers=match(afp))
    assert refused.status_code == 409 and wire["source"]["id"] == afp["id"]


def unpacked(line: bytes) -> str:
    """A line of an export with what is pressed in it."""
    told = orjson.loads(line)
    row = told.get("row") or {}
    for name in ("zstd", "body", "document"):
        if isinstance(row.get(name), str):
            raw = base64.b64decode(row[name])
            row[name] = (zstandard.decompress(raw) if name == "zstd" else raw).decode()
    return orjson.dumps(told).decode()


def restored(lines: list[bytes], folder: Path) -> Settings:
    """A new database with what an export has."""
    folder.mkdir()
    (folder / "dump.jsonl").write_bytes(b"".join(lines))
    there = settings_of(f"sqlite:///{folder}/isnad.db", folder / "media")
    db = Database(there)
    restore(db, folder / "dump.jsonl")
    db.engine.dispose()
    return there


def test_an_export_contains_names_only_with_the_option(
    insider: Client, settings: Settings, db: Database, tmp_path: Path, contract: Contract
) -> None:
    affair = Affair(insider, secret=False)
    affair.mark()
    real, id = affair.source["id"], affair.stories[0]["id"]
    without, everything = list(Export(db).lines()), list(Export(db, True, True).lines())
    for line in without:
        told = unpacked(line)
        assert not [one for one in (*MARKERS, real) if one in told], told
    opaque = {
        affair.read(story, client)["attributions"][0]["source"]["id"]
        for story in affair.stories for client in [Client(insider.served, contract)]
    }  # fmt: skip
    sources = [line for line in without if b'{"table":"source"' in line and b"csr_" in line]
    assert {orjson.loads(line)["row"]["id"] for line in sources} == opaque
    public = Client(insider.served, contract)
    known = affair.read(affair.stories[0], public)
    for lines, name in ((without, LABEL), (everything, PERSON["name"])):
        served = Served(restored(lines, tmp_path / str(len(lines))))
        with Client(served, contract) as there:
            story = affair.read(affair.stories[0], there)
            assert story["attributions"] == known["attributions"]
            assert story["credit_line"] == known["credit_line"]
            there.headers["Authorization"] = insider.headers["Authorization"]
            [link, _] = affair.made(there.get(f"/v1/articles/{id}"))["attributions"]
            assert link["source"]["name"] == name
        served.stop()
    public.close()


def test_logs_and_purges_never_contain_the_name(
    affair: Affair, signed: Signed, caplog: pytest.LogCaptureFixture, db: Database
) -> None:
    with caplog.at_level("DEBUG"):
        editor = signed("editor")
        editor.get(f"/v1/articles/{affair.stories[0]['id']}")
        affair.mark(public_label={"ar": "مصدر", "en": "a source"})
    assert not [one for one in MARKERS if one in caplog.text]
    with db.reading() as session:
        rows = session.exec(select(ChangeRow).where(ChangeRow.noun != CONFIDENTIAL)).all()
        keys = {key for row in rows for key in row.keys.split()}
        terms = set(session.exec(select(TermRow.term)))
    assert affair.source["id"] not in keys | terms
    last = [row for row in rows if row.type == "rerendered"]
    assert sorted(row.ids for row in last) == sorted([one["id"]] for one in affair.stories)


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_null_patch_does_not_reveal_a_confidential_source(signed: Signed, method: str) -> None:
    editor = signed("editor", scopes=["read", "write", "sources:confidential"])
    source = {"kind": "person", "confidential": True, "public_label": LABEL, "name": {"ar": "زيد"}}
    made = editor.post("/v1/sources", json=source).json()
    url, sent = f"/v1/sources/{made['id']}", source | {"confidential": None}
    answer = editor.request(method, url, json=sent, headers={"If-Match": '"v1"'})
    assert answer.json()["errors"] == [
        {"detail": "It can't be cleared. Leave it out to keep it.", "pointer": "#/confidential"}
    ]
    assert editor.get(url).json()["confidential"] is True


def test_images_in_live_updates_show_the_name_only_with_the_scope(
    insider: Client, client: Client, signed: Signed, drawn: Drawn
) -> None:
    affair = Affair(insider)
    image = drawn("red", credit="Picture by Zaydan Marqum", photographer="Z. Marqum")
    card = insider.get(f"/v1/images/{image}").json()
    sent = {"source": affair.source["id"]}
    affair.made(insider.patch(f"/v1/images/{image}", json=sent, headers=match(card)))
    story = affair.made(
        insider.post("/v1/articles", json={"lang": "en", "kind": "live", "headline": "Live"})
    )
    url = f"/v1/articles/{story['id']}"
    affair.made(insider.put(f"{url}/publication", json={}))
    body = [{"type": "figure", "image": {"id": image}}]
    update = affair.made(insider.post(f"{url}/updates", json={"body": body}))
    places = (url, f"{url}/updates", f"{url}/updates/{update['id']}")
    for caller in outsiders(client, signed).values():
        for address in places:
            answer = caller.get(address)
            assert answer.is_success and not leaks(answer, affair.source["id"]), address
    for address in places:
        told = insider.get(address).text
        assert affair.source["id"] in told and "Z. Marqum" in told, address
    saved = affair.made(insider.patch(
        f"{url}/updates/{update['id']}", json={"body": update["body"], "headline": "Again"},
        headers={"If-Match": insider.get(places[2]).headers["etag"]},
    ))  # fmt: skip
    assert saved["body"][0]["image"]["source"]["id"] == affair.source["id"]
    assert not leaks(client.get(url), affair.source["id"])
