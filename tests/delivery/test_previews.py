"""Previews over HTTP: what a token shows, to whom, until when, and that nothing betrays it."""

import re
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from sqlalchemy import delete
from sqlmodel import col, select, update

from app.access import authentication
from app.access.authentication import FEW
from app.change_log.transaction import write_transaction
from app.db.database import Database
from app.desk.catalog import verbs
from app.desk.previews import MOST
from app.desk.transaction import Desk, at_desk
from app.models.article import ArticleRow
from app.models.idempotency import IdempotencyRow
from app.models.image import ImageRow
from app.models.preview import PREFIX, PreviewRow
from app.models.section import SectionRow, TagRow
from app.models.source import SourceAlias, SourceRow
from app.server import without_tokens
from tests.cli.test_commands import environment, wait
from tests.conftest import Client, Drawn, Served

Json = dict[str, Any]
YEAR = timedelta(days=365)


def asked(editor: Client, article_id: str, **sent: Any) -> Json:
    answer = editor.post(f"/v1/articles/{article_id}/previews", json=sent)
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


def refused(answer: httpx.Response, reason: str) -> None:
    assert (answer.status_code, answer.json()["reason"]) == (401, reason), answer.text
    assert answer.headers["www-authenticate"].startswith('Bearer realm="isnad"')
    discreet(answer)


def discreet(answer: httpx.Response) -> None:
    """Kept by nobody, found by nobody, passed on to nobody."""
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-robots-tag"] == "noindex"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "surrogate-key" not in answer.headers


def test_anyone_with_the_token_sees_the_draft(client: Client, editor: Client, told, db) -> None:
    row = told(headline="A secret", publish=False, body=[{"type": "paragraph", "text": "Hush."}])
    made = asked(editor, row.id)
    assert re.fullmatch(r"isp_[0-9a-z]{59}", made["token"])
    path = f"/v1/articles/{row.id}?preview={made['token']}"
    assert made["api_url"] == client.served.url + path
    assert (made["site_url"], made["version"]) == (None, "latest")
    answer = client.get(made["api_url"])
    discreet(answer)
    story = answer.json()
    assert (story["headline"], story["state"], story["version"]) == ("A secret", "published", 1)
    assert story["published_at"] and story["first_published_at"]
    assert [block["text"] for block in story["body"]] == ["Hush."]
    for name in (row.id, row.slug):
        assert client.get(f"/v1/articles/{name}").status_code == 404
        assert client.get(f"/v1/articles/{name}?preview={made['token']}").status_code == 200
    assert client.get("/v1/articles").json()["items"] == []
    assert client.get(f"/v1/articles?preview={made['token']}").status_code == 400
    assert editor.get(f"/v1/articles/{row.id}").json()["published_at"] is None
    with db.reading() as session:
        kept = session.get_one(PreviewRow, made["id"])
        assert made["token"] not in kept.model_dump_json()
        assert kept.hash == authentication.hash_of(made["token"])


def test_a_preview_shows_one_version_or_always_the_newest(
    client: Client, editor: Client, told
) -> None:
    row = told(headline="First", publish=False)
    first, newest = asked(editor, row.id, version=1), asked(editor, row.id)
    url = f"/v1/articles/{row.id}"
    editor.put(url, json={"headline": "Second"}, headers={"If-Match": '"v1"'})
    assert client.get(first["api_url"]).json()["headline"] == "First"
    shown = client.get(newest["api_url"])
    assert (shown.json()["headline"], shown.json()["version"]) == ("Second", 2)
    editor.put(url, json={"headline": "Third"}, headers={"If-Match": '"v2"'})
    assert client.get(newest["api_url"]).json()["headline"] == "Third"
    old = client.get(first["api_url"])
    assert (old.json()["headline"], old.json()["version"]) == ("First", 1)
    assert old.headers["etag"].startswith('"1-')
    again = client.get(first["api_url"], headers={"If-None-Match": old.headers["etag"]})
    assert again.status_code in (200, 304)  # a draft's time of publication is the time of reading
    discreet(again)
    assert client.head(first["api_url"]).status_code == 200


def test_a_preview_shows_another_version_of_a_published_story(
    client: Client, editor: Client, told
) -> None:
    row = told(headline="Out", slug="out", published_at="2026-01-01T10:00:00Z")
    editor.put("/v1/articles/out", json={"headline": "Outer"}, headers={"If-Match": '"v1"'})
    made = asked(editor, row.id, version=1)
    shown = client.get(made["api_url"])
    assert shown.json()["headline"] == "Out"
    assert shown.json()["published_at"] == "2026-01-01T10:00:00Z"
    tag = {"If-None-Match": shown.headers["etag"]}
    assert client.get(made["api_url"], headers=tag).status_code == 304
    assert client.get("/v1/articles/out").json()["headline"] == "Outer"


def test_a_preview_shows_any_state_except_withdrawn(
    client: Client, editor: Client, told, db: Database
) -> None:
    now = datetime.now(UTC)
    rows = {
        "embargoed": told(slug="embargoed", embargo_until=now + YEAR),
        "scheduled": told(slug="scheduled", published_at=now + YEAR),
        "expired": told(slug="expired", expires_at=now - timedelta(days=1)),
        "unpublished": told(slug="unpublished"),
        "killed": told(slug="killed"),
        "vanished": told(slug="vanished"),
    }
    made = {name: asked(editor, row.id) for name, row in rows.items()}
    with write_transaction(db) as session:
        for state in ("unpublished", "killed", "vanished"):
            named = update(ArticleRow).where(col(ArticleRow.id) == rows[state].id)
            session.execute(named.values(state=state))
    for name in ("embargoed", "scheduled", "expired", "unpublished"):
        answer = client.get(made[name]["api_url"])
        assert (answer.status_code, answer.json()["state"]) == (200, "published"), name
    for name in ("killed", "vanished"):
        plain = client.get(f"/v1/articles/{rows[name].id}")
        answer = client.get(made[name]["api_url"])
        assert answer.status_code == plain.status_code
        assert answer.status_code in (404, 410)
        discreet(answer)
        assert editor.post(f"/v1/articles/{rows[name].id}/previews", json={}).status_code >= 400
    assert client.get(made["embargoed"]["api_url"]).json()["embargo_until"]


def test_a_preview_of_an_old_version_leaves_out_what_was_deleted(
    client: Client, editor: Client, told, drawn: Drawn, db: Database
) -> None:
    """Nouns that no story shows any more may be deleted; a version that showed them stays."""
    red, green = drawn("red"), drawn("green")
    with at_desk(db, by="test") as desk:
        verbs.add_section(desk, "gone", {"ar": "Gone", "en": "Gone"})
        desk.session.add(TagRow(slug="gone", type="keyword", name={"ar": "g"}, **times(desk)))
    figures = [
        {"type": "figure", "id": "f", "image": {"id": red}},
        {"type": "gallery", "id": "g", "images": [{"id": red}, {"id": green}]},
    ]
    row = told(
        publish=False, section="gone", tags=["gone"], lead_image={"id": red}, body=figures,
        attributions=[{"id": "a", "source": "afp"}, {"id": "b", "source": "reuters", "via": "a"}],
    )  # fmt: skip
    made = asked(editor, row.id, version=1)
    nothing: Json = {"section": None, "sections": [], "tags": [], "lead_image": None, "body": [],
               "attributions": []}  # fmt: skip
    answer = editor.put(f"/v1/articles/{row.id}", json=nothing, headers={"If-Match": '"v1"'})
    assert answer.status_code == 200, answer.text
    with write_transaction(db) as session:
        for table, slug in ((SectionRow, "gone"), (TagRow, "gone"), (SourceRow, "afp")):
            one: Any = session.exec(select(table).where(table.slug == slug)).one()
            if table is SourceRow:
                session.execute(delete(SourceAlias).where(col(SourceAlias.source_id) == one.id))
            session.delete(one)
        session.delete(session.get_one(ImageRow, red))
    story = client.get(made["api_url"]).json()
    assert (story["section"], story["sections"], story["tags"]) == (None, [], [])
    assert story["lead_image"] is None
    assert [(one["id"], len(one["images"])) for one in story["body"]] == [("g", 1)]
    assert [(one["id"], one["via"]) for one in story["attributions"]] == [("b", None)]
    assert story["credit_line"]["en"] == "Source: Reuters"
    assert client.get(story["body"][0]["images"][0]["url"]).status_code == 200


def times(desk: Desk) -> Json:
    return {"created_at": desk.now, "modified_at": desk.now}


def test_images_of_a_preview_open_with_its_token(
    client: Client, editor: Client, told, drawn: Drawn
) -> None:
    red, green, blue = drawn("red"), drawn("green"), drawn("blue")
    figure = {"type": "figure", "image": {"id": green}}
    row = told(headline="Pictures", publish=False, lead_image={"id": red}, body=[figure])
    other = told(slug="other", publish=False, lead_image={"id": blue})
    url = f"/v1/articles/{row.id}"
    old, newest = asked(editor, row.id, version=1), asked(editor, row.id)
    editor.put(url, json={"lead_image": None, "body": []}, headers={"If-Match": '"v1"'})
    story = client.get(old["api_url"]).json()
    uses = [story["lead_image"], story["body"][0]["image"]]
    for use in uses:
        for address in (use["url"], use["srcset"].split()[0], use["renditions"][0]["url"]):
            assert address.endswith(f"?preview={old['token']}")
            answer = client.get(address)
            assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
            discreet(answer)
            bare = address.partition("?")[0]
            assert client.get(bare).status_code == 404
            assert client.get(f"{bare}?preview={newest['token']}").status_code == 404
            refused(client.get(f"{bare}?preview={PREFIX}0"), "unknown")
    others = client.get(asked(editor, other.id)["api_url"]).json()["lead_image"]["url"]
    assert client.get(others).status_code == 200
    foreign = others.partition("?")[0] + f"?preview={old['token']}"
    assert client.get(foreign).status_code == 404
    editor.delete(f"{url}/previews/{old['id']}")
    refused(client.get(uses[0]["url"]), "revoked")


def test_a_token_works_for_one_story_until_it_expires(
    client: Client, editor: Client, told, db: Database
) -> None:
    one, two = told(slug="one", publish=False), told(slug="two", publish=False)
    made = asked(editor, one.id, expires_in=86_400)
    token = made["token"]
    until = datetime.fromisoformat(made["expires_at"])
    assert YEAR / 366 < until - datetime.now(UTC) <= timedelta(days=1)
    wrong = token[:-1] + ("0" if token[-1] != "0" else "1")
    answers = [
        client.get(f"/v1/articles/{two.id}?preview={token}"),
        client.get(f"/v1/articles/no-such-story?preview={token}"),
        client.get(f"/v1/articles/one?preview={wrong}"),
        client.get(f"/v1/articles/one?preview={authentication.new_key(PREFIX)}"),
        client.get(f"/v1/articles/one?preview={'x' * 3000}"),
        client.get("/v1/articles/one", params={"preview": "'; DROP TABLE preview; --"}),
    ]
    for answer in answers:
        refused(answer, "unknown")
    told_of = {re.sub(r'"request_id":"\w+"', "", answer.text) for answer in answers}
    assert len(told_of) == 1, "what is wrong with a token must not say what is there"
    assert client.get(f"/v1/articles/one?preview={token}&preview={token}").status_code == 400
    assert client.get("/v1/articles/one?preview=").status_code == 401
    brief = asked(editor, one.id, expires_in=1)
    time.sleep(1.1)
    refused(client.get(brief["api_url"]), "expired")
    url = f"/v1/articles/{one.id}/previews/{made['id']}"
    assert editor.delete(url.replace(one.id, two.id)).status_code == 404
    assert editor.delete(url).status_code == 204
    assert editor.delete(url).status_code == 409
    refused(client.get(made["api_url"]), "revoked")
    rows = editor.get("/v1/changes?noun=preview").json()["items"]
    assert [(one["type"], one["id"], one["slug"]) for one in rows] == [
        ("created", made["id"], None), ("created", brief["id"], None),
        ("revoked", made["id"], None),
    ]  # fmt: skip
    assert client.get("/v1/changes?noun=preview").json()["items"] == []
    with db.reading() as session:
        assert len(session.exec(select(PreviewRow)).all()) == 2


def test_unknown_tokens_are_limited_and_valid_ones_still_work(
    client: Client, editor: Client, told
) -> None:
    row = told(publish=False)
    made = asked(editor, row.id)
    for _ in range(FEW):
        refused(
            client.get(f"/v1/articles/{row.id}?preview={authentication.new_key(PREFIX)}"), "unknown"
        )
    answer = client.get(f"/v1/articles/{row.id}?preview={authentication.new_key(PREFIX)}")
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1
    discreet(answer)
    assert client.get(made["api_url"]).status_code == 200
    assert editor.get(f"/v1/articles/{row.id}").status_code == 200


def test_an_invalid_preview_request_is_422(
    editor: Client, client: Client, signed, told, db
) -> None:
    row = told(publish=False)
    url = f"/v1/articles/{row.id}/previews"
    for sent, pointer in (
        ({"expires_in": 86_401}, "#/expires_in"),
        ({"expires_in": 0}, "#/expires_in"),
        ({"version": 2}, "#/version"),
        ({"version": 0}, "#/version"),
        ({"version": 10**20}, "#/version"),
        ({"version": "newest"}, "#/version"),
        ({"versoin": 1}, "#/versoin"),
    ):
        answer = editor.post(url, json=sent)
        assert answer.status_code == 422, sent
        assert pointer in {one["pointer"] for one in answer.json()["errors"]}, sent
    assert editor.post("/v1/articles/nowhere/previews", json={}).status_code == 404
    assert client.post(url, json={}).status_code == 401
    assert signed("partner").get(url).status_code == 403
    assert signed("editor", scopes=["read"]).post(url, json={}).status_code == 403
    headers = {"Idempotency-Key": "once"}
    first = editor.post(url, json={}, headers=headers)
    again = editor.post(url, json={}, headers=headers)
    assert (first.status_code, again.status_code) == (201, 409)
    assert first.json()["id"] in again.json()["detail"]
    with db.reading() as session:
        for kept in session.exec(select(IdempotencyRow)):
            assert first.json()["token"].encode() not in kept.body


def test_the_desk_lists_them_without_tokens(editor: Client, told, db: Database) -> None:
    row = told(publish=False)
    made = [asked(editor, row.id) for _ in range(3)]
    answer = editor.get(f"/v1/articles/{row.id}/previews")
    listed = answer.json()
    assert [one["id"] for one in listed["items"]] == [one["id"] for one in reversed(made)]
    assert PREFIX not in answer.text
    assert listed["items"][0]["created_by"].startswith("key_")
    with write_transaction(db) as session:
        ended = datetime.now(UTC) - timedelta(hours=1)
        session.execute(update(PreviewRow).values(expires_at=ended))
    for _ in range(MOST):
        asked(editor, row.id)
    kept = editor.get(f"/v1/articles/{row.id}/previews").json()
    assert kept["count"] == MOST
    assert not {one["id"] for one in made} & {one["id"] for one in kept["items"]}
    assert editor.post(f"/v1/articles/{row.id}/previews", json={}).status_code == 409
    answer = editor.delete(f"/v1/articles/{row.id}", headers={"If-Match": '"v1"'})
    assert answer.status_code == 204


def test_a_preview_shows_other_stories_as_readers_see_them(
    client: Client, editor: Client, told
) -> None:
    out, hidden_one = told(slug="out"), told(slug="unseen", publish=False)
    row = told(
        slug="mine", publish=False, related=[out.id, hidden_one.id],
        body=[{"type": "related", "id": "r", "articles": [hidden_one.id, out.id]}],
    )  # fmt: skip
    told(slug="french", lang="fr", publish=False, translation_of=row.id)
    told(slug="german", lang="de", translation_of=row.id)
    made = asked(editor, row.id)
    story = client.get(made["api_url"]).json()
    assert [one["slug"] for one in story["related"]] == ["out"]
    assert [one["slug"] for one in story["body"][0]["articles"]] == ["out"]
    assert [one["lang"] for one in story["translations"]] == ["de"]
    assert client.get(made["api_url"] + "&lang=en").status_code == 200
    for lang in ("fr", "de"):
        answer = client.get(made["api_url"] + f"&lang={lang}")
        assert answer.status_code == 404
        discreet(answer)
    dated = client.get(made["api_url"] + "&display=ar-LB")
    assert dated.json()["display"]["ar-LB"]["published"]
    assert client.get(made["api_url"] + "&colour=red").status_code == 400


def test_a_preview_works_by_former_slug_and_beside_a_key(
    client: Client, editor: Client, signed, told
) -> None:
    row = told(slug="old-name")
    sent = {"slug": "new-name", "headline": "New"}
    editor.put(f"/v1/articles/{row.id}", json=sent, headers={"If-Match": '"v1"'})
    token = asked(editor, row.id)["token"]
    assert client.get(f"/v1/articles/old-name?preview={token}").json()["slug"] == "new-name"
    assert signed("reader").get(f"/v1/articles/new-name?preview={token}").status_code == 200
    wrong = {"Authorization": f"Bearer {authentication.new_key()}"}
    assert client.get(f"/v1/articles/new-name?preview={token}", headers=wrong).status_code == 401


def test_a_preview_works_without_anonymous_reading_and_links_to_the_site(
    client: Client, contract, told, key, drawn: Drawn
) -> None:
    row = told(slug="مسودة", lang="ar", publish=False, lead_image={"id": drawn("red")})
    settings = client.served.settings.model_copy(update={
        "anonymous": "none", "site_url": "https://site.example",
        "preview_url": "{site}/api/draft?token={token}&id={id}&slug={slug}",
    })  # fmt: skip
    served = Served(settings)
    with Client(served, contract) as closed:
        headers = {"Authorization": f"Bearer {key('editor')}"}
        made = closed.post(f"/v1/articles/{row.id}/previews", json={}, headers=headers).json()
        assert made["site_url"] == (
            f"https://site.example/api/draft?token={made['token']}&id={row.id}"
            "&slug=%D9%85%D8%B3%D9%88%D8%AF%D8%A9"
        )
        assert closed.get(f"/v1/articles/{row.id}").status_code == 401
        story = closed.get(made["api_url"])
        assert story.status_code == 200
        assert closed.get(story.json()["lead_image"]["url"]).status_code == 200
    served.stop()


def test_no_log_contains_a_token(client: Client, editor: Client, told, tmp_path) -> None:
    row = told(publish=False)
    token = asked(editor, row.id)["token"]
    command = [sys.executable, "-m", "app", "serve", "--port", "0", "--access-log", "--no-worker"]
    with (tmp_path / "log").open("w") as log, subprocess.Popen(
        command, env=environment(client.served.settings), stdout=log, stderr=log
    ) as process:  # fmt: skip
        try:
            url = address(tmp_path / "log")
            escaped = "%69" + token[1:]
            for query in (f"preview={token}", f"%70review={token}", f"lang=en&preview={escaped}"):
                httpx.get(f"{url}/v1/articles/{row.id}?{query}")
            assert httpx.get(f"{url}/media/x.png?preview={token}").status_code == 404
            assert httpx.get(f"{url}/v1/articles/{token}").status_code == 404
            assert httpx.get(f"{url}/v1/articles?lang=en").status_code == 200
        finally:
            process.terminate()
            process.wait(20)
    lines = (tmp_path / "log").read_text()
    assert lines.count("GET /v1/articles") == 5
    assert f'"GET /v1/articles/{row.id}?(hidden) HTTP/1.1" 200' in lines
    assert f"/v1/articles/{row.id}?lang=en&(hidden)" in lines
    assert '"GET /v1/articles?lang=en HTTP/1.1" 200' in lines
    assert token[5:] not in lines


def address(log: Any) -> str:
    """Where the server of this log listens, when it does."""
    until = time.monotonic() + 30
    while not (found := re.findall(r"Isnad serves (http://127\.0\.0\.1:\d+) ", log.read_text())):
        assert time.monotonic() < until
        time.sleep(0.1)
    wait(f"{found[0]}/readyz")
    return str(found[0])


def test_addresses_without_a_token_are_logged_as_they_are() -> None:
    for line in ("/v1/articles?lang=ar&limit=2", "/v1/articles/crisp_news", "GET", "127.0.0.1:80"):
        assert without_tokens(line) == line
