"""Answers for readers do not depend on what readers may not see, and the keys that an answer is purged
by name nothing that its reader can't read. Words of unseen stories: tests/delivery/test_state_table.py."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from app import worker
from app.db.database import Database
from tests.conftest import KINDS, Maker, Served, copied
from tests.delivery.test_state_table import House, probes
from tests.support.contract import Contract
from tests.support.state_house import noun_word, word

Json = dict[str, Any]
PATHS = {
    "art": "/v1/articles", "img": "/v1/images", "dsp": "/v1/dispatches", "src": "/v1/sources",
    "tag": "/v1/tags", "con": "/v1/contributors", "sec": "/v1/sections", "frt": "/v1/fronts",
}  # fmt: skip
"""Where what has an id is read, by the beginning of the id."""

MOVING = {
    "date", "isnad-change", "x-request-id", "server-timing", "timing-allow-origin", "cache-control",
}  # fmt: skip
"""Headers that differ between two requests for the same: of the clock, the log's head and the cache."""

OF_THE_LOG = ("/v1", "/v1/changes", "/readyz")
"""These tell how far the log is, and every write has its row there."""


@pytest.fixture(scope="module", params=KINDS)
def house(
    request: pytest.FixtureRequest, templates: Maker, contract: Contract,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[House]:  # fmt: skip
    folder = tmp_path_factory.mktemp("unseen")
    served = Served(copied(request.param, templates(request.param, False), folder, request))
    db = Database(served.settings)
    made = House(served, contract, db)
    yield made
    made.reader.close()
    made.editor.close()
    db.engine.dispose()
    served.stop()


def ok(answer: httpx.Response) -> Json:
    assert answer.is_success, answer.text
    found: Json = answer.json() if answer.content else {}
    return found


def patch(house: House, url: str, **sent: Any) -> None:
    now = house.editor.get(url)
    ok(house.editor.patch(url, json=sent, headers={"If-Match": now.headers["etag"]}))


def open_addresses(house: House) -> list[str]:
    """Addresses of the leak test that do not tell how far the log is."""
    states = ("draft", "published", "vanished")
    found = dict.fromkeys(address for address, state in probes(house) if state in states)
    return [one for one in found if one.partition("?")[0] not in OF_THE_LOG]


def story_on_what_went(house: House) -> list[str]:
    """A story that rests on dispatches that were withdrawn, killed at their source or came through an
    unseen one, and shows images and stories that were withdrawn. Addresses to read it at."""

    def make(noun: str, **sent: Any) -> str:
        return str(ok(house.editor.post(f"/v1/{noun}", json=sent))["id"])

    unreviewed = make("sources", name={"ar": "غير مراجع"}, kind="outlet")
    first = make("dispatches", source=unreviewed, item_id="first")
    passed_on = make("dispatches", source="reuters", item_id="second", via=first)
    withdrawn = make("dispatches", source="afp", item_id="third")
    killed = make("dispatches", source="ap", item_id="fourth")
    images = [make("images", caption={"en": f"Image {n}"}, source=unreviewed) for n in range(3)]
    other = make("articles", lang="en", headline="Went")
    ok(house.editor.put(f"/v1/articles/{other}/publication", json={}))
    story = make(
        "articles", lang="en", headline="Stayed", lead_image={"id": images[0]}, related=[other],
        body=[
            {"id": "b1", "type": "paragraph", "text": "One"},
            {"id": "b2", "type": "paragraph", "text": "Two"},
            {"id": "b3", "type": "figure", "image": {"id": images[1]}},
            {"id": "b4", "type": "related", "articles": [other]},
        ],
        attributions=[
            {"source": "reuters", "dispatch_id": passed_on},
            {"source": "afp", "dispatch_id": withdrawn, "scope": {"block": "b1"}},
            {"source": "ap", "dispatch_id": killed, "scope": {"block": "b2"}},
        ],
    )  # fmt: skip
    url = f"/v1/articles/{story}"
    ok(house.editor.put(f"{url}/publication", json={}))
    make("articles", lang="ar", headline="مسودة", translation_of=story)
    gone = [("images", images[1], "vanish"), ("dispatches", withdrawn, "kill")]
    for noun, id, kind in [*gone, ("articles", other, "vanish")]:
        ok(house.editor.put(f"/v1/{noun}/{id}/withdrawal", json={"kind": kind}))
    ok(house.editor.put(f"/v1/dispatches/{killed}/source-status", json={"status": "killed"}))
    dispatches = (first, passed_on, withdrawn, killed)
    return [
        url, f"{url}?include=related,translations,attributions,corrections", f"{url}/related",
        f"{url}/attributions", "/v1/articles?source=reuters", "/v1/articles?facets=source,tag",
        *(f"/v1/images/{id}" for id in images), *(f"/v1/dispatches/{id}" for id in dispatches),
        *(f"/v1/dispatches/{id}/dependents" for id in dispatches),
    ]  # fmt: skip


def test_surrogate_keys_name_only_what_the_reader_can_read(house: House) -> None:
    """Ids in `Surrogate-Key` are open by themselves, or stand in an answer to the same reader: a
    withheld block keeps its image's id. The key of a dispatch is opaque."""
    texts: list[str] = []
    keys: dict[str, str] = {}
    for address in [*story_on_what_went(house), *open_addresses(house)]:
        answer = house.reader.get(address)
        texts.append(answer.text)
        keys |= dict.fromkeys(answer.headers.get("surrogate-key", "").split(), address)
    ids = {key: at for key, at in keys.items() if re.fullmatch(r"[a-z]{3}_\w+", key)}
    status = {
        id: house.reader.get(f"{PATHS[id[:3]]}/{id}", follow_redirects=True).status_code
        for id in ids
    }  # fmt: skip
    unread = {id for id in ids if status[id] != 200 and not any(id in text for text in texts)}
    wrong = {id: ids[id] for id in ids if id.startswith("dsp_") or id in unread}
    assert not wrong
    assert [key for key in keys if key.startswith("dispatch-")]
    assert {"art", "img", "src", "tag", "con", "sec"} <= {id[:3] for id in ids}


def answers(house: House) -> dict[str, tuple[int, Json, str]]:
    """What an anonymous reader is answered: status, headers, text."""
    found = {}
    with httpx.Client(base_url=house.base, timeout=60) as client:
        for address in open_addresses(house):
            answer = client.get(address)
            headers = {name: one for name, one in answer.headers.items() if name not in MOVING}
            text = re.sub(r'"(request_id|changes_cursor)":"[^"]*"', "", answer.text)
            found[address] = (answer.status_code, headers, text)
    return found


def change_what_is_unseen(house: House) -> None:
    """Write to everything that readers can't see, with words and nouns of the published story."""
    editor, told = house.editor, house.told
    same, draft = told["published"], told["draft"]
    words = f"Here are the {word('published')}"
    shown = {
        "headline": words, "tags": [noun_word("published")], "related": [same.id],
        "contributors": [{"contributor": noun_word("published")}],
        "lead_image": {"id": same.image},
        "attributions": [{"source": noun_word("published"), "dispatch_id": same.dispatch}],
    }  # fmt: skip
    for state in ("draft", "scheduled", "embargoed", "unpublished", "expired"):
        patch(house, f"/v1/articles/{told[state].id}", **shown)
    ok(editor.post("/v1/articles", json=shown | {"lang": "en", "kind": "live", "section": "news"}))
    url = f"/v1/articles/{draft.id}"
    body = {"body": [{"type": "paragraph", "text": words}]}
    ok(editor.post(f"{url}/updates", json=body))
    patch(house, f"{url}/updates/{draft.update}", headline=words)
    ok(editor.post(f"{url}/previews", json={}))
    ok(editor.delete(f"{url}/previews/{draft.preview}"))
    name = {"ar": f"{noun_word('published')} again"}
    for state in ("draft", "killed", "vanished", "unpublished"):
        for noun in ("tags", "contributors", "sources"):
            patch(house, f"/v1/{noun}/{noun_word(state)}", name=name)
    patch(house, f"/v1/images/{draft.image}", caption={"en": words})
    patch(house, f"/v1/dispatches/{draft.dispatch}", headline=words)
    ok(editor.put(f"/v1/dispatches/{draft.dispatch}/source-status", json={"status": "corrected"}))
    ok(editor.post("/v1/tags", json={"name": name, "type": "keyword"}))
    ok(editor.post("/v1/contributors", json={"name": name}))
    ok(editor.post("/v1/sources", json={"name": name, "kind": "outlet"}))
    ok(editor.post("/v1/images", json={"caption": {"en": words}}))
    worker.work_through(house.db)


def test_no_response_depends_on_hidden_content(house: House) -> None:
    """Status, ETag, Last-Modified, Link, counts, facets, cursors, hints and order stay as they are."""
    before = answers(house)
    change_what_is_unseen(house)
    after = answers(house)
    differ = [(one, before[one][:2], after[one][:2]) for one in before if before[one] != after[one]]
    assert not differ, (len(differ), differ[:5])
    with httpx.Client(base_url=house.base, timeout=60) as client:
        for address, (status, headers, _) in before.items():
            if house.told["published"].id in address and status == 200 and "etag" in headers:
                assert client.head(address).headers["etag"] == headers["etag"]
                asked = {"If-None-Match": headers["etag"]}
                assert client.get(address, headers=asked).status_code == 304
    assert len(before) > 200
