"""A story's past over HTTP: versions, what differs, what readers saw at a time."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jsonpatch
import orjson
import pytest
import zstandard
from sqlalchemy import event
from sqlmodel import select

from app import worker
from app.change_log.transaction import write_transaction
from app.db.database import Database
from app.desk.articles import publishing
from app.desk.catalog import verbs
from app.desk.transaction import Desk, at_desk
from app.media.storage import Storage
from app.models.article import ArticleRow, ArticleWrite, VersionRow
from app.models.image import ImageRow
from app.models.source import DispatchRow, SourceRow
from app.models.version import EditionRow
from tests.conftest import Client, Served, Signed
from tests.support.newsroom import STORY, Newsroom, at, moment, numbers, seen

pytestmark = pytest.mark.public_versions


def test_readers_see_the_versions_that_readers_saw(client: Client, newsroom: Newsroom) -> None:
    newsroom.make(note="A first try")
    newsroom.save(headline="Rain on the hills")
    assert client.get(f"{newsroom.url}/versions").status_code == 404
    out = newsroom.publish()
    changed = newsroom.save(headline="Rain", body=newsroom.body(b2="It will pour."), note="Shorter")
    assert numbers(client, newsroom) == [3, 2]
    assert numbers(newsroom.editor, newsroom) == [3, 2, 1]
    assert seen(client, f"{newsroom.url}/versions/2") == out
    assert seen(client, f"{newsroom.url}/versions/3") == changed == seen(client, newsroom.url)
    assert client.get(f"{newsroom.url}/versions/1").status_code == 404
    assert seen(newsroom.editor, f"{newsroom.url}/versions/1")["headline"] == STORY["headline"]
    for number in ("4", "0", "-1", "x", "9" * 30, "٣"):
        assert client.get(f"{newsroom.url}/versions/{number}").status_code == 404


def test_readers_get_change_summaries_without_authors(client: Client, newsroom: Newsroom) -> None:
    newsroom.make()
    newsroom.publish()
    newsroom.save(headline="Rain", body=newsroom.body(b2="It will pour."), note="Shorter")
    newest, first = seen(client, f"{newsroom.url}/versions")["items"]
    assert [(one["kind"], one["block"], one["from"], one["to"]) for one in newest["summary"]] == [
        ("headline", None, "Rain in the hills", "Rain"),
        ("block_changed", "b2", "It will rain.", "It will pour."),
    ]
    assert newest["summary_text"]["en"] == "The headline changed. A passage was changed."
    assert newest["summary_text"]["ar"] == "العنوان تغيّر. تغيّرت فقرة."
    assert [one["kind"] for one in first["summary"]] == ["first"]
    assert newest["author"] is newest["note"] is first["author"] is None
    assert newest["shown_from"] == newest["at"] and first["shown_from"] > first["at"]
    assert client.get(newest["links"]["diff"]).json()["summary"] == newest["summary"]
    told = seen(newsroom.editor, f"{newsroom.url}/versions")["items"]
    assert [one["note"] for one in told] == ["Shorter", None]
    assert all(one["author"]["key"].startswith("key_") for one in told)


def test_every_way_to_write_records_author_and_note(signed: Signed, newsroom: Newsroom) -> None:
    newsroom.make(note="made")
    other = signed("editor", name="Night desk")
    for number, (sent, media) in enumerate(
        [
            ({"headline": "A", "note": "merged"}, "application/merge-patch+json"),
            (
                [
                    {"op": "replace", "path": "/headline", "value": "B"},
                    {"op": "add", "path": "/note", "value": "patched"},
                ],
                "application/json-patch+json",
            ),
        ],
        1,
    ):
        headers = {"If-Match": f'"v{number}"', "Content-Type": media}
        answer = other.patch(newsroom.url, json=sent, headers=headers)
        assert answer.status_code == 200, answer.text
        assert "note" not in answer.json()
    told = seen(other, f"{newsroom.url}/versions")["items"]
    assert [one["note"] for one in told] == ["patched", "merged", "made"]
    assert [one["author"]["name"] for one in told] == ["Night desk", "Night desk", None]
    long = other.put(newsroom.url, json={"note": "x" * 1001}, headers={"If-Match": '"v3"'})
    assert long.json()["errors"][0]["pointer"] == "#/note"


def test_versions_are_paged(client: Client, newsroom: Newsroom) -> None:
    newsroom.make()
    newsroom.publish()
    for number in range(2, 8):
        newsroom.save(headline=f"Rain {number}")
    found, cursor, kinds = [], "", set()
    while True:
        page = seen(client, f"{newsroom.url}/versions?limit=3{cursor}")
        found += [one["version"] for one in page["items"]]
        kinds |= {change["kind"] for one in page["items"][:-1] for change in one["summary"]}
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert found == [7, 6, 5, 4, 3, 2, 1]
    assert "first" not in kinds
    assert client.get(f"{newsroom.url}/versions?cursor=zzz").json()["code"] == "cursor-invalid"
    foreign = seen(newsroom.editor, f"{newsroom.url}/versions?limit=3")["next"]
    assert client.get(f"{newsroom.url}/versions?cursor={foreign}").status_code == 400
    assert client.get(f"{newsroom.url}/versions?limit=0").status_code == 400
    assert client.get(f"{newsroom.url}/versions?lang=en").status_code == 400


def test_as_of_is_what_readers_saw(client: Client, newsroom: Newsroom) -> None:
    newsroom.make()
    before = moment()
    newsroom.publish()
    first = moment()
    newsroom.save(headline="Rain")
    second = moment()
    assert at(client, newsroom, before).status_code == 404
    assert at(client, newsroom, first).json()["headline"] == "Rain in the hills"
    assert at(client, newsroom, second).json() == newsroom.story
    exact = newsroom.story["modified_at"]
    assert at(client, newsroom, exact).json()["version"] == 2
    answer = at(newsroom.editor, newsroom, first)
    assert answer.json()["version"] == 1
    assert answer.headers["cache-control"].startswith("private")
    answer = at(client, newsroom, first)
    assert answer.headers["cache-control"] == "public, max-age=0, must-revalidate, s-maxage=30"
    assert newsroom.story["id"] in answer.headers["surrogate-key"].split()
    known = {"If-None-Match": answer.headers["etag"]}
    assert client.get(newsroom.url, params={"as_of": first}, headers=known).status_code == 304
    for wrong in ("yesterday", "2026-01-01T00:00:00", "9999-01-01T00:00:00Z", ""):
        refused = at(client, newsroom, wrong)
        assert (refused.status_code, refused.json()["errors"][0]["parameter"]) == (400, "as_of")
    assert client.get(f"{newsroom.url}?as_of={first}&as_of={first}").status_code == 400
    shown = client.get(newsroom.url, params={"as_of": first, "display": "ar-LB"}).json()
    assert shown["display"]["ar-LB"]["published"]


def test_a_fixed_credit_keeps_the_version_and_its_past_document(
    client: Client, db: Database, newsroom: Newsroom
) -> None:
    newsroom.make(attributions=[{"source": "reuters"}])
    newsroom.publish()
    before = moment()
    with at_desk(db) as desk:
        source = desk.session.exec(select(SourceRow).filter_by(slug="reuters")).one()
        verbs.change(desk, source, name={"ar": "ر", "en": "R"})
    now = seen(client, newsroom.url)
    assert now["credit_line"]["en"] == "Source: R"
    assert at(client, newsroom, before).json()["credit_line"]["en"] == "Source: Reuters"
    assert numbers(client, newsroom) == [1]
    assert seen(client, f"{newsroom.url}/versions/1") == now


def test_rendering_a_draft_again_keeps_no_past_document(db: Database, newsroom: Newsroom) -> None:
    newsroom.make(attributions=[{"source": "reuters"}])
    with at_desk(db) as desk:
        source = desk.session.exec(select(SourceRow).filter_by(slug="reuters")).one()
        verbs.change(desk, source, name={"ar": "ر", "en": "R"})
    newsroom.publish()
    with db.reading() as session:
        assert session.exec(select(EditionRow)).all() == []


def test_earlier_versions_of_a_hidden_story_are_hidden(
    client: Client, db: Database, newsroom: Newsroom
) -> None:
    newsroom.make()
    newsroom.publish()
    then = moment()
    newsroom.save(headline="Rain")
    addresses = [
        newsroom.url + rest
        for rest in (
            f"?as_of={then.replace('+', '%2B')}",
            "/versions",
            "/versions/1",
            "/diff?from=1&to=2",
        )
    ]
    for state, desk in (("draft", 200), ("vanished", 404)):
        with write_transaction(db) as session:
            session.get_one(ArticleRow, newsroom.story["id"]).state = state
        for address in addresses:
            assert client.get(address).status_code == 404, (state, address)
            assert newsroom.editor.get(address).status_code == desk, (state, address)


def test_versions_are_found_by_a_former_slug(client: Client, newsroom: Newsroom) -> None:
    newsroom.make()
    newsroom.publish()
    newsroom.save(slug="rain")
    for rest in ("/versions", "/versions/1", "/diff?from=1&to=2", "/attributions"):
        answer = client.get(f"/v1/articles/rain-in-the-hills{rest}")
        assert answer.status_code == 308
        assert answer.headers["location"] == f"/v1/articles/rain{rest}"
        assert client.get(answer.headers["location"]).status_code == 200
    [address] = seen(client, f"{newsroom.url}/diff?from=1&to=2")["summary"]
    assert (address["kind"], address["to"]) == ("address", newsroom.story["url"])


def test_a_diff_turns_one_version_into_the_other(client: Client, newsroom: Newsroom) -> None:
    newsroom.make(tags=[], summary="Wet.")
    newsroom.publish()
    body = newsroom.body()
    newsroom.save(
        summary=None,
        body=[
            body[1],
            {"type": "heading", "text": "Outlook"},
            body[0] | {"html": "It <b>rained</b>."},
        ],
    )
    for start, end in ((1, 2), (2, 1), (2, 2)):
        diff = seen(client, f"{newsroom.url}/diff?from={start}&to={end}")
        old = seen(client, f"{newsroom.url}/versions/{start}")
        new = seen(client, f"{newsroom.url}/versions/{end}")
        assert jsonpatch.apply_patch(old, diff["patch"]) == new
        assert (diff["from"], diff["to"]) == (start, end)
    assert (diff["patch"], diff["summary"]) == ([], [])
    assert diff["summary_text"]["en"] == "Nothing that a reader sees changed."
    diff = seen(client, f"{newsroom.url}/diff?from=1&to=2")
    assert (diff["summary"][0]["kind"], diff["summary"][0]["to"]) == ("summary", None)
    for query in ("", "?from=1", "?from=1&to=x", "?from=1&to=2&x=1", "?from=1&from=2&to=2"):
        assert client.get(f"{newsroom.url}/diff{query}").status_code == 400, query
    assert client.get(f"{newsroom.url}/diff?from=1&to=9").status_code == 404


def test_drafts_do_not_show_in_a_diff(client: Client, newsroom: Newsroom) -> None:
    newsroom.make()
    newsroom.save(headline="A name that nobody may know")
    newsroom.save(headline="Rain")
    newsroom.publish()
    for query in ("from=1&to=3", "from=3&to=2", "from=2&to=3"):
        assert client.get(f"{newsroom.url}/diff?{query}").status_code == 404
        assert newsroom.editor.get(f"{newsroom.url}/diff?{query}").status_code == 200
    assert "nobody" not in client.get(f"{newsroom.url}/versions").text


def test_images_of_old_versions_follow_todays_rights(
    client: Client, db: Database, newsroom: Newsroom
) -> None:
    with at_desk(db) as desk:
        for id in ("img_a", "img_b"):
            verbs.add(desk, picture_row(desk, id))
    newsroom.make(lead_image={"id": "img_a"}, body=[{"type": "figure", "image": {"id": "img_a"}}])
    newsroom.publish()
    then = moment()
    newsroom.save(lead_image={"id": "img_b"}, body=[])
    old = seen(client, f"{newsroom.url}/versions/1")
    assert old["lead_image"]["url"] and old["body"][0]["image"]["url"]
    ended = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    with at_desk(db) as desk:
        image = desk.session.get_one(ImageRow, "img_a")
        verbs.change(desk, image, rights={"valid_until": ended})
    for old in (seen(client, f"{newsroom.url}/versions/1"), at(client, newsroom, then).json()):
        for use in (old["lead_image"], old["body"][0]["image"]):
            assert (use["url"], use["srcset"], use["renditions"]) == (None, None, [])
            assert use["withheld"] == {"reason": "rights.expired"}
        assert old["body"][0]["withheld"] == {"reason": "rights.expired"}
    assert "img_a.jpg" not in client.get(f"{newsroom.url}/diff?from=2&to=1").text


def test_files_of_old_versions_open_with_the_story(
    client: Client, db: Database, newsroom: Newsroom
) -> None:
    storage = Storage(db.settings)
    for id in ("img_a", "img_b", "img_draft"):
        with at_desk(db) as desk:
            key = storage.put(id.encode(), "image/jpeg")
            verbs.add(desk, ImageRow(id=id, file=key, mime="image/jpeg", created_at=desk.now,
                                      credit={"en": "Us"}, modified_at=desk.now))  # fmt: skip
    newsroom.make(lead_image={"id": "img_draft"})
    newsroom.save(lead_image={"id": "img_a"})
    newsroom.publish()
    newsroom.save(lead_image={"id": "img_b"})
    old = seen(client, f"{newsroom.url}/versions/2")
    assert client.get(old["lead_image"]["url"]).content == b"img_a"
    draft = seen(newsroom.editor, f"{newsroom.url}/versions/1")["lead_image"]["url"]
    assert client.get(draft).status_code == 404
    assert newsroom.editor.get(draft).content == b"img_draft"
    match = {"If-Match": '"v1"'}
    refused = newsroom.editor.delete("/v1/images/img_a", headers=match)
    assert (refused.status_code, refused.json()["used_by"]) == (409, [newsroom.story["id"]])
    with write_transaction(db) as session:
        session.get_one(ArticleRow, newsroom.story["id"]).state = "draft"
    assert client.get(old["lead_image"]["url"]).status_code == 404


def test_other_stories_in_an_old_version_are_as_they_are_now(
    client: Client, newsroom: Newsroom, told: Callable[..., ArticleRow], db: Database
) -> None:
    open_one, hidden = told(slug="open"), told(slug="hidden", publish=False)
    newsroom.make(
        related=["open", "hidden"], translation_of="open",
        body=[{"type": "related", "id": "r1", "articles": ["open", "hidden"]}],
    )  # fmt: skip
    newsroom.publish()
    newsroom.save(related=["hidden"], body=[])
    old = seen(client, f"{newsroom.url}/versions/1")
    assert [card["id"] for card in old["related"]] == [open_one.id]
    assert [card["id"] for card in old["body"][0]["articles"]] == [open_one.id]
    assert [one["id"] for one in old["translations"]] == [open_one.id]
    newest = seen(client, f"{newsroom.url}/versions")["items"][0]
    assert [one["kind"] for one in newest["summary"]] == ["related", "block_removed"]
    assert hidden.id not in client.get(f"{newsroom.url}/diff?from=1&to=2").text
    diff = seen(client, f"{newsroom.url}/diff?from=1&to=2")
    assert jsonpatch.apply_patch(old, diff["patch"]) == seen(client, f"{newsroom.url}/versions/2")
    told_to_desk = seen(newsroom.editor, f"{newsroom.url}/versions/1")
    assert [card["id"] for card in told_to_desk["related"]] == [open_one.id, hidden.id]


def test_old_versions_are_what_they_were_whatever_is_written(
    client: Client, newsroom: Newsroom
) -> None:
    newsroom.make()
    newsroom.publish()
    old = client.get(f"{newsroom.url}/versions/1")
    newsroom.save(headline="Rain")
    after = client.get(f"{newsroom.url}/versions/1")
    assert (after.content, after.headers["etag"]) == (old.content, old.headers["etag"])
    for method in ("PUT", "PATCH", "DELETE", "POST"):
        for rest in ("/versions", "/versions/1", "/diff"):
            answer = newsroom.editor.request(method, newsroom.url + rest, json={})
            assert answer.status_code == 405, (method, rest)
    newsroom.save(headline="Storm", body=[], kind="alert", slug="storm")
    assert client.get(f"{newsroom.url}/versions/1").content == old.content


def test_every_version_has_its_rendering(db: Database, told: Callable[..., ArticleRow]) -> None:
    with at_desk(db) as desk:
        row = publishing.create(desk, ArticleWrite(lang="en", headline="One"))
        for headline in ("Two", "Three"):  # more than one in a transaction, as imports may have it
            publishing.revise(desk, row, ArticleWrite(lang="en", headline=headline))
        publishing.publish(desk, row)
    with db.reading() as session:
        assert [one.version for one in session.exec(select(EditionRow))] == [1, 2]
        assert len(session.exec(select(VersionRow)).all()) == 3


def test_old_versions_have_the_present_urls_of_the_api(
    client: Client, newsroom: Newsroom, db: Database, settings: Any, contract: Any
) -> None:
    newsroom.make(section=None)
    newsroom.publish()
    then = moment()
    newsroom.save(slug="rain", body=newsroom.body(b1="It stopped."))
    served = Served(settings)
    with Client(served, contract) as other:
        for address in (f"?as_of={then.replace('+', '%2B')}", "/versions/1", "/versions"):
            assert str(client.served.port) not in other.get(newsroom.url + address).text
        assert str(client.served.port) not in other.get(newsroom.url).text
    served.stop()
    db.settings = served.settings
    assert worker.refresh_step(db) == 1
    with db.reading() as session:
        assert len(session.exec(select(EditionRow)).all()) == 1  # a renderer's change is no edition


def test_a_version_from_before_a_field_has_it_too(
    client: Client, db: Database, newsroom: Newsroom
) -> None:
    newsroom.make()
    newsroom.publish()
    newsroom.save(headline="Rain")
    with write_transaction(db) as session:
        [edition] = session.exec(select(EditionRow))
        story = orjson.loads(zstandard.decompress(edition.zstd))
        del story["kicker"], story["tags"]
        edition.zstd = zstandard.compress(orjson.dumps(story))
    old = seen(client, f"{newsroom.url}/versions/1")
    assert (old["kicker"], old["tags"]) == (None, [])


def test_as_of_withholds_an_image_whose_right_ended(
    client: Client, db: Database, newsroom: Newsroom
) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=3)  # a laden machine needs one to come so far
    with at_desk(db) as desk:
        image = ImageRow(id="img_a", file="a.jpg", mime="image/jpeg", caption={"en": "A"},
                         rights={"valid_until": soon.isoformat()}, credit={"en": "Us"},
                         created_at=desk.now, modified_at=desk.now)  # fmt: skip
        verbs.add(desk, image)
    newsroom.make(lead_image={"id": "img_a"})
    newsroom.publish()
    then = moment()
    assert at(client, newsroom, then).json()["lead_image"]["url"]
    assert worker.refresh_step(db, now=soon) == 1
    [edition] = read(db)
    assert edition.shown_to == soon
    time.sleep(max(0, (soon - datetime.now(UTC)).total_seconds()))
    assert at(client, newsroom, then).json()["lead_image"]["withheld"]
    with at_desk(db) as desk:
        verbs.change(desk, desk.session.get_one(ImageRow, "img_a"), rights={})
    assert at(client, newsroom, then).json()["lead_image"]["url"]


def read(db: Database) -> list[EditionRow]:
    with db.reading() as session:
        return list(session.exec(select(EditionRow)))


@pytest.mark.parametrize(
    "rest", ["/versions?limit=50", "/versions/2", "/diff?from=2&to=9", "as_of"]
)
def test_the_number_of_statements_does_not_grow_with_versions(
    client: Client, db: Database, newsroom: Newsroom, told: Callable[..., ArticleRow], rest: str
) -> None:
    """A live story with all that it can show, and others that show in it."""
    others = [told(slug=f"s{number}").slug for number in range(4)]
    told(slug="s4", translation_of="s1")
    with at_desk(db) as desk:
        source = desk.session.exec(select(SourceRow).where(SourceRow.slug == "reuters")).one()
        now = desk.now
        verbs.add_dispatch(
            desk,
            DispatchRow(
                id="dsp_a", source_id=source.id, item_id="1", received_at=now, modified_at=now
            ),
        )
        verbs.add(desk, picture_row(desk, "img_a"))
    newsroom.make(
        related=others, translation_of="s0", lead_image={"id": "img_a"}, kind="live",
        attributions=[{"source": "reuters", "dispatch_id": "dsp_a", "scope": {"block": "b1"}}],
    )  # fmt: skip
    newsroom.publish()
    update = {"headline": "Wind", "body": [{"type": "figure", "image": {"id": "img_a"}}]}
    newsroom.editor.post(f"{newsroom.url}/updates", json=update).raise_for_status()
    for number in range(9):
        newsroom.save(headline=f"Rain {number}", related=others[: number % 4])
    then = moment()
    newsroom.save(headline="Done")
    rest = f"?as_of={then.replace('+', '%2B')}" if rest == "as_of" else rest
    for caller in (client, newsroom.editor):
        with counted(client.served) as statements:
            assert caller.get(newsroom.url + rest).status_code == 200
        assert len(statements) <= 10, statements


def picture_row(desk: Desk, id: str) -> ImageRow:
    return ImageRow(
        id=id, file=f"{id}.jpg", mime="image/jpeg", width=9, height=9, caption={"en": id},
        credit={"en": "Us"}, created_at=desk.now, modified_at=desk.now,
    )  # fmt: skip


class counted:  # noqa: N801
    """The statements of the delivery plane while the block runs."""

    def __init__(self, served: Served) -> None:
        self.here = served.app.state.services
        self.told: list[str] = []

    def __enter__(self) -> list[str]:
        reader, real = self.here.reader, self.here.reader.rows

        async def rows(sql: str, values: Any, *, light: bool = True) -> Any:
            self.told.append(sql)
            return await real(sql, values, light=light)

        reader.rows = rows
        return self.told

    def __exit__(self, *_: object) -> None:
        del self.here.reader.rows


def test_a_save_takes_as_many_statements_after_many(newsroom: Newsroom) -> None:
    told: list[str] = []
    engine = newsroom.editor.served.app.state.services.db.engine
    event.listen(engine, "before_cursor_execute", lambda *given: told.append(given[2]))
    newsroom.make()
    newsroom.publish()
    newsroom.save(headline="Rain")
    counts = []
    for number in range(12):
        told.clear()
        newsroom.save(
            headline=f"Rain {number}",
            body=[*newsroom.story["body"], {"type": "divider"}],
        )
        # that a key was used is noted once a minute, at whatever time
        counts.append(sum(not one.startswith("UPDATE api_key ") for one in told))
    assert max(counts[1:]) <= counts[0], counts
    assert sum(one.startswith("INSERT INTO edition ") for one in told) == 1
