"""Withdrawals over HTTP: what readers see, what the desk reads, what is undone, what rests on it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import col, select

from app import worker
from app.db.database import Database
from app.desk.articles import publishing
from app.desk.catalog import verbs
from app.desk.transaction import at_desk
from app.media.storage import Storage
from app.models.article import ArticleRow
from app.models.base import timestamp
from app.models.change import ChangeRow
from app.models.image import ImageRow
from app.models.source import DispatchRow, SourceRow
from tests.conftest import Client

HOUR, YEAR = timedelta(hours=1), timedelta(days=365)
NOTICE = {"en": "This story was wrong.", "ar": "كانت هذه القصة خاطئة."}


def url_of(row: Any, noun: str = "articles") -> str:
    return f"/v1/{noun}/{row.id}"


def withdraw(editor: Client, row: Any, noun: str = "articles", **sent: Any) -> httpx.Response:
    return editor.put(f"{url_of(row, noun)}/withdrawal", json={"kind": "kill"} | sent)


def restore(editor: Client, row: Any, noun: str = "articles", **sent: Any) -> httpx.Response:
    return editor.request(
        "DELETE", f"{url_of(row, noun)}/withdrawal", json={"reason": "a mistake"} | sent
    )


def types(db: Database, id: str) -> list[tuple[str, bool]]:
    with db.reading() as session:
        rows = select(ChangeRow.type, ChangeRow.public).where(ChangeRow.object_id == id)
        return list(session.exec(rows.order_by(col(ChangeRow.seq))).all())


def addresses(client: Client, row: ArticleRow, *former: str) -> list[str]:
    """Every way to a story."""
    page = f"{client.served.url}/en/{row.slug}"
    return [
        url_of(row), f"/v1/articles/{row.slug}", f"{url_of(row)}/attributions",
        f"/v1/articles/by-url?url={page}", *(f"/v1/articles/{name}" for name in former),
        *(f"/v1/articles/{name}/attributions" for name in former),
    ]  # fmt: skip


def test_a_killed_story_is_410_with_its_notice_on_every_route(client, editor, db, told) -> None:
    row, other = told(slug="first-name", headline="Wrong"), told(slug="right")
    with at_desk(db) as desk:
        publishing.rename(desk, article := publishing.get(desk, row.id), "second-name")
        publishing.record_change(desk, "updated", article)
    row.slug = "second-name"
    ways = addresses(client, row, "first-name")
    assert {client.get(way, follow_redirects=True).status_code for way in ways} == {200}
    done = withdraw(editor, row, notice=NOTICE, replaced_by="right", reason="libel")
    assert done.status_code == 200, done.text
    for way in ways:
        answer = client.get(way)
        assert (answer.status_code, answer.json()["code"]) == (410, "gone"), way
        told_now = answer.json()
        assert told_now["notice"] == NOTICE
        assert told_now["withdrawn_at"] == done.json()["withdrawn_at"]
        right = client.get("/v1/articles/right").json()
        assert told_now["replaced_by"] == {n: right[n] for n in ("id", "slug", "url")}
        assert "libel" not in answer.text and "Wrong" not in answer.text
        assert int(answer.headers["cache-control"].partition("s-maxage=")[2]) <= 30
        assert editor.get(way).status_code == 410
        assert editor.get(way).headers["cache-control"] == "no-store"
    assert [one["id"] for one in client.get("/v1/articles").json()["items"]] == [other.id]
    assert types(db, row.id)[-1] == ("killed", True)


def test_a_vanished_story_is_404_everywhere(
    client: Client, editor: Client, db: Database, told
) -> None:
    row = told(slug="first-name", lang="en", attributions=[{"source": "afp", "role": "origin"}])
    told(slug="naming", related=["first-name"], translation_of="first-name", lang="ar",
         body=[{"type": "related", "articles": ["first-name"]}])  # fmt: skip
    with at_desk(db) as desk:
        publishing.rename(desk, article := publishing.get(desk, row.id), "second-name")
        publishing.record_change(desk, "updated", article)
    row.slug = "second-name"
    unknown = client.get("/v1/articles/art_nothing").json()
    assert withdraw(editor, row, kind="vanish").status_code == 200
    for way in addresses(client, row, "first-name"):
        for somebody in (client, editor):
            answer = somebody.get(way)
            assert (answer.status_code, set(answer.json())) == (404, set(unknown)), way
    for somebody in (client, editor):
        for state in ("", "&state=published,draft,unpublished,expired,scheduled"):
            if somebody is editor or not state:
                listed = somebody.get(f"/v1/articles?limit=100{state}").text
                assert "second-name" not in listed and "first-name" not in listed
        naming = somebody.get("/v1/articles/naming").json()
        assert (naming["related"], naming["translations"], naming["body"][0]["articles"]) == (
            [], [], [],
        )  # fmt: skip
        assert somebody.get("/v1/sources/afp/dependents").json()["items"] == []
        log = [one for one in somebody.get("/v1/changes?limit=1000").json()["items"]
               if one["id"] == row.id]  # fmt: skip
        assert {one["type"] for one in log} == {"removed"}
        assert {(one["slug"], one["version"], str(one["former_slugs"])) for one in log} == {
            (None, None, "[]")
        }
    record = editor.get(f"{url_of(row)}/withdrawal").json()
    assert (record["kind"], record["slug"]) == ("vanish", "second-name")


def test_a_withdrawal_needs_only_kind_and_can_be_completed_later(
    client: Client, editor: Client, db, told
) -> None:
    row, other = told(slug="wrong"), told(slug="right")
    first = withdraw(editor, row).json()
    assert (first["reason"], first["notice"], first["replaced_by"]) == (None, None, None)
    again = withdraw(editor, row)
    assert (again.status_code, again.json()["state"]) == (409, "killed")
    more = editor.put(
        f"{url_of(row)}/withdrawal",
        json={"reason": "libel", "notice": NOTICE, "replaced_by": {"id": other.id}},
    )
    assert more.status_code == 200, more.text
    assert more.json()["replaced_by"]["slug"] == "right"
    assert more.json()["withdrawn_at"] == first["withdrawn_at"]
    assert client.get(url_of(row)).json()["notice"] == NOTICE
    assert withdraw(editor, row, notice=NOTICE, reason="libel").status_code == 409
    kept = withdraw(editor, row, notice=None).json()
    assert (kept["reason"], kept["notice"]) == ("libel", None)
    assert withdraw(editor, row, kind="vanish").json()["kind"] == "vanish"
    assert client.get(url_of(row)).status_code == 404
    killed = [type for type, _ in types(db, row.id)]
    assert killed[-4:] == ["killed", "killed", "killed", "vanished"]
    nothing = editor.put(f"{url_of(other)}/withdrawal", json={})
    assert nothing.json()["errors"][0]["pointer"] == "#/kind"


def test_a_killed_draft_is_404_for_readers_and_410_for_editors(
    client: Client, editor: Client, db: Database, told
) -> None:
    draft, waits, under = (told(publish=False, slug=slug) for slug in ("a-draft", "waits", "under"))
    ahead = timestamp(datetime.now(UTC) + YEAR)
    editor.put(f"{url_of(waits)}/schedule", json={"at": ahead})
    editor.put(f"{url_of(under)}/embargo", json={"until": ahead})
    editor.put(f"{url_of(under)}/publication")
    for row in (draft, waits, under):
        done = withdraw(editor, row, notice=NOTICE)
        assert done.json()["public"] is False
        assert client.get(url_of(row)).status_code == 404
        assert client.get(f"/v1/articles/{row.slug}").status_code == 404
        assert editor.get(url_of(row)).status_code == 410
        assert types(db, row.id)[-1] == ("killed", False)
    assert client.get("/v1/changes?limit=1000").text.count("killed") == 0


def test_a_story_killed_under_a_later_embargo_was_public(client, editor, told) -> None:
    row = told()
    editor.put(f"{url_of(row)}/embargo", json={"until": timestamp(datetime.now(UTC) + YEAR)})
    assert client.get(url_of(row)).status_code == 404
    assert withdraw(editor, row).json()["public"] is True
    assert client.get(url_of(row)).status_code == 410


def test_a_restored_story_is_as_it_was(client: Client, editor: Client, db: Database, told) -> None:
    row = told(slug="story", body=[{"type": "paragraph", "text": "Words."}],
               attributions=[{"source": "afp", "role": "origin"}])  # fmt: skip
    before = client.get(url_of(row)).json()
    assert withdraw(editor, row, reason="libel", notice=NOTICE).status_code == 200
    for method, path, sent in (
        ("PUT", "", {"headline": "x"}), ("PATCH", "", {"headline": "x"}), ("DELETE", "", None),
        ("PUT", "/publication", None), ("DELETE", "/publication", None),
        ("PUT", "/schedule", {"at": "2040-01-01T00:00:00Z"}), ("DELETE", "/schedule", None),
        ("PUT", "/embargo", {"until": "2040-01-01T00:00:00Z"}), ("DELETE", "/embargo", None),
        ("PUT", "/expiry", {"at": "2040-01-01T00:00:00Z"}), ("DELETE", "/expiry", None),
    ):  # fmt: skip
        answer = editor.request(method, url_of(row) + path, json=sent, headers={"If-Match": "*"})
        assert (answer.status_code, answer.json()["state"]) == (409, "killed"), (method, path)
    for path in ("publication", "schedule", "embargo", "expiry"):
        assert editor.get(f"{url_of(row)}/{path}").status_code == 410
    missing = editor.request("DELETE", f"{url_of(row)}/withdrawal", json={})
    assert missing.json()["errors"][0]["pointer"] == "#/reason"
    back = restore(editor, row)
    assert back.status_code == 200, back.text
    assert (back.json()["restore_reason"], back.json()["was"]) == ("a mistake", "published")
    after = client.get(url_of(row)).json()
    assert after.pop("modified_at") > before.pop("modified_at")
    assert after == before
    assert restore(editor, row).status_code == 409
    assert editor.get(f"{url_of(row)}/withdrawal").status_code == 404
    assert types(db, row.id)[-2:] == [("killed", True), ("restored", True)]
    assert withdraw(editor, row).status_code == 200  # and again, which is another withdrawal
    with_past = editor.get("/v1/withdrawals?restored=true").json()["items"]
    assert [one["restore_reason"] for one in with_past] == ["a mistake"]


@pytest.mark.parametrize("state", ["draft", "unpublished", "scheduled", "expired"])
def test_a_story_of_every_state_can_be_restored(
    client: Client, editor: Client, db, told, state: str
) -> None:
    now = datetime.now(UTC)
    row = told(publish=False)
    with at_desk(db, now=now - 3 * HOUR) as desk:
        article = publishing.get(desk, row.id)
        if state == "expired":
            article.expires_at = now - HOUR
        if state in ("expired", "unpublished"):
            publishing.publish(desk, article)
        if state == "unpublished":
            publishing.unpublish(desk, article)
    if state == "scheduled":
        editor.put(f"{url_of(row)}/schedule", json={"at": timestamp(now + YEAR)})
    before = editor.get(url_of(row)).json()
    assert before["state"] == state
    withdraw(editor, row)
    assert client.get(url_of(row)).status_code == (404 if state in ("draft", "scheduled") else 410)
    restore(editor, row)
    after = editor.get(url_of(row)).json()
    assert after | {"modified_at": None} == before | {"modified_at": None}
    assert client.get(url_of(row)).status_code == 404
    assert types(db, row.id)[-1] == ("restored", False)
    if state == "scheduled":
        assert editor.delete(f"{url_of(row)}/schedule").json()["first_published_at"] is None


def test_a_schedule_that_passed_during_a_withdrawal_takes_effect(
    client: Client, editor: Client, db, told
) -> None:
    now = datetime.now(UTC)
    row = told(publish=False)
    with at_desk(db, now=now - 3 * HOUR) as desk:
        from app.desk.articles import schedule

        schedule.schedule(desk, publishing.get(desk, row.id), now - HOUR)
    with at_desk(db, now=now - 2 * HOUR) as desk:
        from app.desk import withdrawals
        from app.models.withdrawal import WithdrawalWrite

        withdrawals.withdraw(desk, row.id, WithdrawalWrite.model_validate({"kind": "kill"}))
    worker.work_through(db)
    assert client.get(url_of(row)).status_code == 404
    assert [type for type, _ in types(db, row.id)] == ["created", "scheduled", "killed"]
    back = restore(editor, row)
    assert "out now" in back.json()["warnings"][0]
    assert client.get(url_of(row)).status_code == 200
    assert types(db, row.id)[-1] == ("restored", True)


def test_translations_are_withdrawn_and_restored_together(
    client: Client, editor: Client, db, told
) -> None:
    ar, en = told(slug="qissa", lang="ar"), told(slug="story", translation_of="qissa")
    draft = told(slug="geschichte", lang="de", translation_of="qissa", publish=False)
    alone = withdraw(editor, en).json()
    assert [one["id"] for one in alone["went"]] == [en.id]
    assert {(one["how"], one["article"]["id"]) for one in alone["resting"]} == {
        ("translation", ar.id), ("translation", draft.id),
    }  # fmt: skip
    assert client.get(url_of(ar)).status_code == 200
    restore(editor, en)
    done = editor.put(f"{url_of(ar)}/withdrawal?translations=true", json={"kind": "kill"}).json()
    assert {one["id"]: one["public"] for one in done["went"]} == {
        ar.id: True, en.id: True, draft.id: False,
    }  # fmt: skip
    assert done["resting"] == []
    assert [client.get(url_of(one)).status_code for one in (ar, en, draft)] == [410, 410, 404]
    noted = withdraw(editor, ar, notice=NOTICE, translations=True)
    assert client.get(url_of(en)).json()["notice"] == NOTICE
    assert noted.status_code == 200
    back = restore(editor, ar, translations=True).json()
    assert {one["id"] for one in back["went"]} == {ar.id, en.id, draft.id}
    assert [client.get(url_of(one)).status_code for one in (ar, en, draft)] == [200, 200, 404]
    assert editor.get(url_of(draft)).json()["state"] == "draft"
    assert editor.get(url_of(ar)).json()["translations"] != []


def test_later_translations_can_be_withdrawn_too(client, editor, told) -> None:
    ar = told(slug="qissa", lang="ar")
    en = told(slug="story", translation_of="qissa")
    withdraw(editor, ar)
    assert withdraw(editor, ar, translations=True).status_code == 200
    assert client.get(url_of(en)).status_code == 410
    assert withdraw(editor, ar, translations=True).status_code == 409


def test_asking_for_a_killed_translation_is_410(client: Client, editor: Client, told) -> None:
    told(slug="qissa", lang="ar")
    en = told(slug="story", translation_of="qissa")
    withdraw(editor, en, notice=NOTICE)
    assert client.get("/v1/articles/qissa?lang=en").status_code == 410
    assert client.get("/v1/articles/story?lang=ar").status_code == 410
    assert client.get("/v1/articles/qissa?lang=de").status_code == 404
    withdraw(editor, en, kind="vanish")
    assert client.get("/v1/articles/qissa?lang=en").status_code == 404
    assert client.get("/v1/articles/story?lang=ar").status_code == 404


def test_a_story_cannot_replace_itself_or_its_replacement(client, editor, told) -> None:
    one, two, three = told(slug="one"), told(slug="two"), told(slug="three", publish=False)

    def refused(row: ArticleRow, **sent: Any) -> str:
        answer = withdraw(editor, row, **sent)
        assert answer.status_code == 422, answer.text
        [fault] = answer.json()["errors"]
        assert fault["pointer"] == "#/replaced_by"
        return str(fault["detail"])

    assert "own place" in refused(one, replaced_by="one")
    assert "no article" in refused(one, replaced_by="nothing")
    assert withdraw(editor, one, replaced_by="two").status_code == 200
    assert "withdrawn itself" in refused(two, replaced_by="one")
    assert client.get(url_of(one)).json()["replaced_by"]["slug"] == "two"
    assert withdraw(editor, two, replaced_by="three").status_code == 200
    for row in (one, two):  # killed too; a draft
        assert client.get(url_of(row)).json()["replaced_by"] is None
    assert editor.get(f"{url_of(two)}/withdrawal").json()["replaced_by"]["slug"] == "three"
    gone = editor.delete(url_of(three), headers={"If-Match": "*"})
    assert (gone.status_code, gone.json()["used_by"]) == (409, [two.id])
    told(slug="ar", lang="ar", translation_of="three")
    assert "own place" in refused(three, replaced_by="ar", translations=True)


def test_a_withdrawal_lists_stories_that_refer_to_it(editor: Client, db: Database, told) -> None:
    row = told(slug="story")
    naming = told(slug="naming", related=["story"], publish=False)
    done = withdraw(editor, row).json()
    [resting] = done["resting"]
    assert (resting["how"], resting["state"], resting["article"]["id"], done["resting_count"]) == (
        "related", "draft", naming.id, 1,
    )  # fmt: skip
    assert editor.get(f"{url_of(row)}/withdrawal").json() == {
        name: value for name, value in done.items() if name != "warnings"
    }


def an_image(db: Database, data: bytes = b"a picture", **more: Any) -> ImageRow:
    with at_desk(db) as desk:
        row = ImageRow(
            file=Storage(desk.settings).put(data, "image/png"), mime="image/png", width=10,
            height=10, thumbhash="abc", color="#fff", credit={"en": "AFP"}, created_at=desk.now,
            modified_at=desk.now, **more,
        )  # fmt: skip
        made: ImageRow = verbs.add(desk, row)
        return made


def test_a_withdrawn_image_is_withheld_everywhere_and_its_file_is_410(
    client, editor, db, told
) -> None:
    image, copy, other = an_image(db), an_image(db), an_image(db, b"another")
    lead = told(slug="lead", lead_image={"id": image.id})
    inside = told(slug="inside", body=[
        {"type": "figure", "image": {"id": image.id, "caption": "Here."}},
        {"type": "gallery", "images": [{"id": copy.id}, {"id": other.id}]},
    ])  # fmt: skip
    file = client.get("/v1/articles/lead").json()["lead_image"]["url"]
    assert client.get(file).status_code == 200
    done = withdraw(editor, image, "images", reason="a forgery")
    assert done.status_code == 200, done.text
    assert [one["id"] for one in done.json()["went"]] == [image.id, copy.id]
    assert {one["article"]["id"] for one in done.json()["resting"]} == {lead.id, inside.id}
    assert (client.get(file).status_code, editor.get(file).status_code) == (410, 410)
    story = client.get("/v1/articles/inside").json()
    figure, gallery = story["body"]
    for use in (
        client.get("/v1/articles/lead").json()["lead_image"], figure["image"],
        gallery["images"][0], client.get(f"/v1/images/{image.id}").json(),
    ):  # fmt: skip
        assert use["withheld"] == {"reason": "withdrawn"}
        assert (use["url"], use["srcset"], use["renditions"], use["thumbhash"]) == (
            None, None, [], None,
        )  # fmt: skip
    assert (figure["html"], figure["text"], figure["withheld"]) == (
        None, None, {"reason": "withdrawn"},
    )  # fmt: skip
    assert gallery["images"][1]["url"] is not None
    assert file.rpartition("/")[2] not in client.get("/v1/articles?limit=100").text
    assert withdraw(editor, image, "images", reason="forged").json()["reason"] == "forged"
    assert withdraw(editor, image, "images").status_code == 409
    assert restore(editor, copy, "images").status_code == 409  # its other half is withdrawn
    back = restore(editor, image, "images")
    assert [one["id"] for one in back.json()["went"]] == [image.id, copy.id]
    assert client.get(file).status_code == 200
    assert client.get("/v1/articles/inside").json()["body"][0]["image"]["url"] == file
    assert types(db, image.id) == [
        ("created", False), ("killed", True), ("killed", True), ("restored", True),
    ]  # fmt: skip


def test_an_image_that_vanished_is_in_no_list(client: Client, editor: Client, db, told) -> None:
    image = an_image(db)
    told(lead_image={"id": image.id})
    file = client.get(f"/v1/images/{image.id}").json()["url"]
    withdraw(editor, image, "images", kind="vanish")
    for somebody in (client, editor):
        assert somebody.get(f"/v1/images/{image.id}").status_code == 404
        assert somebody.get("/v1/images").json()["items"] == []
        assert somebody.get(file).status_code == 404
    assert editor.get(f"/v1/images/{image.id}/withdrawal").status_code == 200


def test_a_withdrawn_image_that_nobody_saw_is_404(client: Client, editor: Client, db, told) -> None:
    image = an_image(db)
    told(lead_image={"id": image.id}, publish=False)
    file = editor.get(f"/v1/images/{image.id}").json()["url"]
    assert withdraw(editor, image, "images").json()["public"] is False
    assert (client.get(file).status_code, editor.get(file).status_code) == (404, 410)


def test_only_stories_have_translations_and_successors(editor: Client, db: Database, told) -> None:
    image = an_image(db)
    answer = withdraw(editor, image, "images", translations=True, replaced_by="x")
    assert {one["pointer"] for one in answer.json()["errors"]} == {
        "#/translations", "#/replaced_by",
    }  # fmt: skip
    for noun in ("images", "dispatches", "articles"):
        lost = editor.put(f"/v1/{noun}/nothing/withdrawal", json={"kind": "kill"})
        assert lost.status_code == 404
        assert editor.get(f"/v1/{noun}/nothing/withdrawal").status_code == 404


def a_dispatch(db: Database, item: str, via: str | None = None) -> DispatchRow:
    with at_desk(db) as desk:
        source = desk.session.exec(select(SourceRow).where(SourceRow.slug == "afp")).one()
        row = DispatchRow(source_id=source.id, item_id=item, via_id=via, received_at=desk.now,
                          modified_at=desk.now)  # fmt: skip
        return verbs.add_dispatch(desk, row)


def test_blocks_based_on_a_withdrawn_dispatch_are_withheld(
    client: Client, editor: Client, db, told
) -> None:
    dispatch, image = a_dispatch(db, "1"), an_image(db)
    passed = a_dispatch(db, "2", via=dispatch.id)
    body = [
        {"id": "b1", "type": "paragraph", "text": "Direct secret."},
        {"id": "b2", "type": "table", "rows": [["Through secret"]]},
        {"id": "b3", "type": "figure", "image": {"id": image.id}},
        {"id": "b4", "type": "paragraph", "text": "Ours."},
        {"id": "b5", "type": "quote", "text": "Passed secret", "who": "A secret"},
    ]
    links = [
        {"id": "a1", "source": "afp", "scope": {"block": "b1"}, "dispatch_id": dispatch.id},
        {"id": "a2", "source": "reuters", "scope": {"block": "b2"}, "via": "a1"},
        {"id": "a3", "source": "afp", "scope": {"image": image.id}, "dispatch_id": dispatch.id},
        {"id": "a4", "source": "afp", "scope": {"block": "b5"}, "dispatch_id": passed.id},
    ]
    row = told(slug="story", body=body, attributions=links)
    whole = told(slug="whole", body=body[:1], summary="Of the house",
                 attributions=[{"source": "afp", "dispatch_id": dispatch.id}])  # fmt: skip
    before = client.get("/v1/articles/story").json()
    done = withdraw(editor, dispatch, "dispatches", notice=NOTICE)
    assert done.status_code == 200, done.text
    assert {(one["article"]["slug"], one["how"], one["part"]) for one in done.json()["resting"]} == {
        ("story", "block", "b1"), ("story", "block", "b2"), ("story", "image", image.id),
        ("story", "block", "b5"), ("whole", "article", None),
    }  # fmt: skip
    assert [(one["noun"], one["id"]) for one in done.json()["beside"]] == [("dispatch", passed.id)]
    answer = client.get("/v1/articles/story")
    assert "secret" not in answer.text
    held = {one["id"]: one["withheld"] for one in answer.json()["body"]}
    gone = {"reason": "source.withdrawn"}
    assert held == {"b1": gone, "b2": gone, "b3": gone, "b4": None, "b5": gone}
    assert answer.json()["body"][2]["image"]["url"] is None
    assert answer.json()["body"][3]["text"] == "Ours."
    assert answer.json()["word_count"] == 1
    assert "secret" not in client.get("/v1/articles/whole").text
    assert client.get(f"/v1/dispatches/{dispatch.id}").status_code == 410
    assert client.get(f"/v1/dispatches/{dispatch.id}").json()["notice"] == NOTICE
    restore(editor, dispatch, "dispatches")
    after = client.get("/v1/articles/story").json()
    assert after | {"modified_at": None} == before | {"modified_at": None}
    del row, whole


def test_editing_a_story_keeps_its_withheld_blocks(client, editor, db, told):
    dispatch = a_dispatch(db, "1")
    row = told(slug="story", body=[{"id": "b1", "type": "paragraph", "text": "Kept."}],
               attributions=[{"source": "afp", "scope": {"block": "b1"},
                              "dispatch_id": dispatch.id}])  # fmt: skip
    withdraw(editor, dispatch, "dispatches")
    read = editor.get(url_of(row))
    sent = read.json() | {"headline": "Another"}
    saved = editor.put(url_of(row), json=sent, headers={"If-Match": read.headers["etag"]})
    assert saved.status_code == 200, saved.text
    restore(editor, dispatch, "dispatches")
    assert client.get(url_of(row)).json()["body"][0]["text"] == "Kept."


def test_a_withdrawn_portrait_leaves_the_stories_of_its_contributor(
    client, editor, db, told
) -> None:
    from app.models.section import ContributorRow

    image = an_image(db)
    with at_desk(db) as desk:
        verbs.add(desk, ContributorRow(
            slug="leila", name={"ar": "ليلى"}, image_id=image.id, created_at=desk.now,
            modified_at=desk.now,
        ))  # fmt: skip
    told(slug="story", contributors=[{"contributor": "leila"}])
    portrait = client.get("/v1/articles/story").json()["contributors"][0]["image"]
    assert client.get(portrait).status_code == 200
    done = withdraw(editor, image, "images").json()
    assert done["resting_count"] == 1
    assert client.get("/v1/articles/story").json()["contributors"][0]["image"] is None
    assert client.get("/v1/contributors/leila").json()["image"] is None
    assert client.get(portrait).status_code == 410


def test_editors_list_withdrawals(client: Client, editor: Client, db, told) -> None:
    rows = [told(slug=f"s{number}") for number in range(5)]
    image = an_image(db)
    for row in rows:
        withdraw(editor, row)
    withdraw(editor, image, "images")
    assert client.get("/v1/withdrawals").status_code == 401
    found, cursor = [], ""
    while True:
        page = editor.get(f"/v1/withdrawals?limit=2{cursor}").json()
        found += [one["id"] for one in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert found == [image.id, *[row.id for row in reversed(rows)]]
    only = editor.get("/v1/withdrawals?noun=image").json()["items"]
    assert [one["id"] for one in only] == [image.id]
    for wrong in ("noun=x", "limit=0", "limit=101", "restored=x", "cursor=x", "kind=x"):
        assert editor.get(f"/v1/withdrawals?{wrong}").status_code == 400, wrong
    foreign = f"noun=image&cursor={editor.get('/v1/withdrawals?limit=1').json()['next']}"
    assert editor.get(f"/v1/withdrawals?{foreign}").json()["code"] == "cursor-invalid"


def test_a_withdrawal_repeated_with_an_idempotency_key_is_replayed(editor: Client, told) -> None:
    row, headers = told(), {"Idempotency-Key": "once"}
    url = f"{url_of(row)}/withdrawal"
    first, second = (editor.put(url, json={"kind": "kill"}, headers=headers) for _ in range(2))
    assert (first.status_code, second.json()) == (200, first.json())
    undo = [editor.request("DELETE", url, json={"reason": "x"}, headers=headers) for _ in range(2)]
    assert [one.status_code for one in undo] == [200, 200]


def test_the_change_log_shows_the_tombstone_of_a_killed_story(
    client: Client, editor: Client, told
) -> None:
    row = told(slug="wrong")
    withdraw(editor, row, notice=NOTICE, reason="a libel")
    page = client.get("/v1/changes?noun=article&latest=true&include=card")
    [change] = page.json()["items"]
    assert change["type"] == "killed" and change["reason"] is None
    assert change["item"]["notice"] == NOTICE and change["item"]["state"] == "killed"
    assert "libel" not in page.text
    [told_desk] = editor.get("/v1/changes?noun=article&latest=true").json()["items"]
    assert told_desk["reason"] == "a libel"


def test_withdrawing_an_image_renders_many_stories_again(
    client: Client, editor: Client, db: Database, told
) -> None:
    """More than a write renders at once: the worker goes through the rest; the file is gone now."""
    image = an_image(db)
    rows = [told(slug=f"s{number}", lead_image={"id": image.id}) for number in range(25)]
    file = client.get("/v1/articles/s1").json()["lead_image"]["url"]
    done = withdraw(editor, image, "images").json()
    assert (done["resting_count"], len(done["resting"])) == (25, 25)
    assert client.get(file).status_code == 410
    worker.work_through(db)
    for row in rows:
        assert client.get(url_of(row)).json()["lead_image"]["url"] is None


@pytest.mark.public_versions
def test_old_versions_withhold_what_is_withdrawn_today(client, editor, db, told) -> None:
    dispatch, image = a_dispatch(db, "1"), an_image(db)
    row = told(slug="story", lead_image={"id": image.id}, body=[
        {"id": "b1", "type": "paragraph", "text": "A secret."},
        {"id": "b2", "type": "gallery", "images": [{"id": image.id}]},
    ], attributions=[
        {"source": "afp", "scope": {"block": "b1"}, "dispatch_id": dispatch.id},
    ])  # fmt: skip
    other: dict[str, Any] = {
        "headline": "Another",
        "lead_image": None,
        "body": [],
        "attributions": [],
    }
    assert editor.put(url_of(row), json=other, headers={"If-Match": '"v1"'}).status_code == 200
    first = f"{url_of(row)}/versions/1"
    assert "A secret" in client.get(first).text and "/media/" in client.get(first).text
    withdraw(editor, image, "images")
    withdraw(editor, dispatch, "dispatches")
    for somebody in (client, editor):
        answer = somebody.get(first)
        assert "A secret" not in answer.text and "/media/" not in answer.text
        assert answer.json()["body"][0]["withheld"] == {"reason": "source.withdrawn"}
        assert answer.json()["lead_image"]["thumbhash"] is None
    withdraw(editor, row)
    for path in ("/versions", "/versions/1", "/diff?from=1&to=2", "?as_of=2026-11-24T08:00:00Z"):
        assert client.get(url_of(row) + path).status_code == 410, path
        assert editor.get(url_of(row) + path).status_code == 410, path


def test_a_withdrawn_image_is_hidden_in_many_stories_at_once(client, editor, db, told) -> None:
    """More than a write renders: nobody works, and no reader sees it any more all the same."""
    dispatch, image = a_dispatch(db, "1"), an_image(db)
    body = [{"id": "b1", "type": "paragraph", "text": "A secret."}]
    links = [{"source": "afp", "scope": {"block": "b1"}, "dispatch_id": dispatch.id}]
    for number in range(25):
        told(slug=f"s{number}", lead_image={"id": image.id}, body=body, attributions=links)
    assert "/media/" in client.get("/v1/articles?limit=100").text
    withdraw(editor, image, "images")
    withdraw(editor, dispatch, "dispatches")
    assert "/media/" not in client.get("/v1/articles?limit=100").text
    for number in range(25):
        answer = client.get(f"/v1/articles/s{number}").text
        assert "A secret" not in answer and "/media/" not in answer
    worker.work_through(db)
    restore(editor, image, "images")
    restore(editor, dispatch, "dispatches")
    for number in range(25):
        answer = client.get(f"/v1/articles/s{number}").text
        assert "A secret" in answer and "/media/" in answer


def test_a_withdrawal_lists_the_fronts_that_showed_the_story(client, editor, db, told) -> None:
    row, other = told(slug="story"), told(slug="other")
    front = {"slug": "home", "name": {"ar": "الرئيسية"}, "curated": [{"article": "story"}]}
    assert editor.post("/v1/fronts", json=front).status_code == 201
    assert [one["slug"] for one in withdraw(editor, row).json()["fronts"]] == ["home"]
    assert withdraw(editor, other).json()["fronts"] == []
    assert client.get("/v1/fronts/home").json()["slots"] == []


def test_vanishing_a_killed_story_removes_the_flags_of_its_translations(editor, told) -> None:
    ar = told(slug="qissa", lang="ar")
    en = told(slug="story", translation_of="qissa")
    withdraw(editor, ar)
    assert editor.get(url_of(en)).json()["source_status"] == "killed"
    withdraw(editor, ar, kind="vanish")
    assert editor.get(url_of(en)).json()["source_status"] is None
    withdraw(editor, ar, kind="kill")
    assert editor.get(url_of(en)).json()["source_status"] == "killed"
    restore(editor, ar)
    assert editor.get(url_of(en)).json()["source_status"] is None
