"""A replay by `Idempotency-Key` shows nothing that its caller may not see today."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sqlmodel import select

from app.access.authentication import hash_of
from app.db.database import Database
from app.desk.transaction import at_desk
from app.models.article import ArticleRow
from app.models.key import KeyRow
from tests.conftest import Client, Drawn, Signed

SECRET = "Word struck out"
REPEATED = {"Idempotency-Key": "once"}


def withheld(answer: httpx.Response) -> None:
    assert answer.status_code == 409, answer.text
    assert answer.json()["code"] == "replay-withheld"
    assert answer.headers["idempotency-replayed"] == "true"
    assert SECRET not in answer.text and SECRET not in str(answer.headers)


def withdraw(editor: Client, id: str, kind: str, noun: str = "articles") -> None:
    editor.put(f"/v1/{noun}/{id}/withdrawal", json={"kind": kind}).raise_for_status()


@pytest.mark.parametrize("kind", ["kill", "vanish"])
def test_a_withdrawn_story_is_not_replayed(
    editor: Client, told: Callable[..., ArticleRow], kind: str
) -> None:
    sent = {"lang": "en", "headline": SECRET, "body": []}
    made = editor.post("/v1/articles", json=sent, headers=REPEATED).json()
    url = f"/v1/articles/{made['id']}"
    writes: list[tuple[str, str, dict[str, Any] | None]] = [
        ("PUT", f"{url}/publication", None),
        ("PATCH", url, {"summary": SECRET}),
        ("POST", f"{url}/corrections", {"kind": "correction", "text": {"en": SECRET}}),
        ("POST", f"{url}/previews", {}),
        ("PUT", f"{url}/expiry", {"at": "2090-01-01T00:00:00Z"}),
        ("PUT", f"/v1/articles/{made['slug']}/publication", None),
    ]
    for method, path, body in writes:
        answer = editor.request(method, path, json=body, headers=REPEATED | {"If-Match": "*"})
        assert answer.is_success or answer.status_code == 409, answer.text
    told(slug="naming", headline="Other", related=[made["id"]])
    naming = editor.patch(
        "/v1/articles/naming", json={"summary": "x"}, headers=REPEATED | {"If-Match": "*"}
    )
    assert SECRET in naming.text
    withdraw(editor, made["id"], kind)
    withheld(editor.post("/v1/articles", json=sent, headers=REPEATED))
    for method, path, body in writes:
        answer = editor.request(method, path, json=body, headers=REPEATED | {"If-Match": "*"})
        if "/previews" in path:
            assert answer.status_code == 409 and SECRET not in answer.text
        else:
            withheld(answer)
    withheld(
        editor.patch(
            "/v1/articles/naming", json={"summary": "x"}, headers=REPEATED | {"If-Match": "*"}
        )
    )


def test_a_withdrawal_is_replayed(editor: Client, told: Callable[..., ArticleRow]) -> None:
    row = told(headline=SECRET, slug="gone")
    url = f"/v1/articles/{row.id}/withdrawal"
    first = editor.put(url, json={"kind": "vanish"}, headers=REPEATED)
    again = editor.put(url, json={"kind": "vanish"}, headers=REPEATED)
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.content == first.content and SECRET not in again.text


def test_the_list_of_a_withdrawal_is_not_replayed_with_vanished_stories(
    editor: Client, told: Callable[..., ArticleRow]
) -> None:
    row = told(slug="one")
    other = told(slug="two", headline=SECRET, related=["one"])
    url = f"/v1/articles/{row.id}/withdrawal"
    assert SECRET in editor.put(url, json={"kind": "kill"}, headers=REPEATED).text
    withdraw(editor, other.id, "vanish")
    withheld(editor.put(url, json={"kind": "kill"}, headers=REPEATED))


def test_a_deleted_catalog_item_is_not_replayed(editor: Client, drawn: Drawn, db: Database) -> None:
    name = {"ar": SECRET, "en": SECRET}
    for plural, sent in (
        ("tags", {"name": name, "type": "keyword"}), ("contributors", {"name": name}),
        ("sources", {"name": name, "kind": "agency"}), ("sections", {"name": name}),
        ("dispatches", {"source": "reuters", "item_id": "1", "headline": SECRET}),
    ):  # fmt: skip
        made = editor.post(f"/v1/{plural}", json=sent, headers=REPEATED)
        assert SECRET in editor.post(f"/v1/{plural}", json=sent, headers=REPEATED).text
        gone = editor.delete(f"/v1/{plural}/{made.json()['id']}", headers={"If-Match": "*"})
        assert gone.status_code == 204, gone.text
        withheld(editor.post(f"/v1/{plural}", json=sent, headers=REPEATED))
    image = drawn("red")
    sent = {"caption": {"en": SECRET}}
    url, headers = f"/v1/images/{image}", REPEATED | {"If-Match": "*"}
    assert SECRET in editor.patch(url, json=sent, headers=headers).text
    withdraw(editor, image, "vanish", "images")
    withheld(editor.patch(url, json=sent, headers=headers))


@pytest.mark.parametrize(
    ("change", "status"),
    [({"scopes": ["write"]}, 409), ({"role": "reader"}, 403), ({"scopes": ["read"]}, 403)],
)
def test_a_key_with_fewer_scopes_gets_no_replay(
    signed: Signed, db: Database, change: dict[str, Any], status: int
) -> None:
    editor = signed("editor")
    sent = {"lang": "en", "headline": SECRET}
    assert editor.post("/v1/articles", json=sent, headers=REPEATED).status_code == 201
    key = editor.headers["authorization"].partition(" ")[2]
    with at_desk(db) as desk:
        row = desk.session.exec(select(KeyRow).where(KeyRow.hash == hash_of(key))).one()
        for name, value in change.items():
            setattr(row, name, value)
        desk.session.add(row)
    answer = editor.post("/v1/articles", json=sent, headers=REPEATED)
    assert answer.status_code == status and SECRET not in answer.text


def test_a_deleted_draft_is_not_replayed(editor: Client) -> None:
    sent = {"lang": "en", "headline": SECRET}
    made = editor.post("/v1/articles", json=sent, headers=REPEATED).json()
    url = f"/v1/articles/{made['id']}"
    for _ in range(2):  # an answer without a body is replayed: it shows nothing
        gone = editor.delete(url, headers=REPEATED | {"If-Match": "*"})
        assert gone.status_code == 204
    withheld(editor.post("/v1/articles", json=sent, headers=REPEATED))
