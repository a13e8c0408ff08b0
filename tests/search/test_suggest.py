"""What completes as one types, and other spellings: offered, never what is hidden."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.db.database import Database
from app.desk.catalog import verbs
from app.desk.transaction import at_desk
from app.models.article import ArticleRow
from app.models.section import ContributorRow, TagRow
from app.search import rebuild
from app.search.did_you_mean import distance, edits
from tests.conftest import Client, Signed

Tell = Callable[..., ArticleRow]
LATER = datetime.now(UTC) + timedelta(hours=2)


def suggest(client: Client, q: str, **more: Any) -> dict[str, Any]:
    answer = client.get("/v1/suggest", params={"q": q, **more})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def completions(client: Client, q: str, **more: Any) -> list[str]:
    return [one["id"] for one in suggest(client, q, **more)["completions"]]


def named(client: Client, q: str, **more: Any) -> list[tuple[str, str, str]]:
    return [
        (one["noun"], one["slug"], one["name"]) for one in suggest(client, q, **more)["entities"]
    ]


def test_headlines_are_completed_from_any_of_their_first_words(client: Client, told: Tell):
    old = told(lang="ar", headline="القِمّة العربية في مرسى زين", published_at="2026-01-01T00:00:00Z")
    new = told(lang="ar", headline="قمة المناخ", published_at="2026-02-01T00:00:00Z")
    other = told(headline="Kummah opens")
    for typed in ("قم", "القم", "القمه", "قمّ", "ﻗﻤ"):
        assert completions(client, typed) == [new.id, old.id], typed
    assert completions(client, "عربية في") == completions(client, "العربيه في مر") == [old.id]
    assert completions(client, "kum") == completions(client, "OPE") == [other.id]
    assert completions(client, "قم", limit=1) == [new.id]
    assert completions(client, "قم", lang="en") == []
    assert suggest(client, "قمة المناخ")["completions"] == [
        {"id": new.id, "lang": "ar", "dir": "rtl", "headline": "قمة المناخ",
         "url": client.get(f"/v1/articles/{new.id}").json()["url"]}
    ]  # fmt: skip


def test_names_are_suggested_once_a_story_shows_them(client: Client, db: Database, told: Tell):
    now = datetime.now(UTC)
    times: Any = {"created_at": now, "modified_at": now}
    with at_desk(db) as desk:
        verbs.add_section(desk, "sea", {"ar": "البحر الكبير", "en": "The great sea"})
        tag = TagRow(
            slug="seahorse", type="keyword", name={"en": "Seahorse", "ar": "فرس البحر"}, **times
        )
        verbs.add(desk, tag)
        person = ContributorRow(slug="sea-smith", name={"en": "Sean Seaworth"}, **times)
        verbs.add(desk, person)
    assert named(client, "sea") == [("section", "sea", "The great sea")]
    told(headline="One", tags=["seahorse"], contributors=[{"contributor": "sea-smith"}])
    assert named(client, "sea") == [
        ("tag", "seahorse", "Seahorse"), ("contributor", "sea-smith", "Sean Seaworth"),
        ("section", "sea", "The great sea"),
    ]  # fmt: skip
    assert named(client, "بحر", lang="ar") == [
        ("section", "sea", "البحر الكبير"), ("tag", "seahorse", "فرس البحر"),
    ]  # fmt: skip
    assert named(client, "the gr") == [("section", "sea", "The great sea")]
    with at_desk(db) as desk:
        verbs.change(desk, desk.session.get_one(TagRow, tag.id), name={"en": "Hippocampus"})
    assert ("tag", "seahorse", "Hippocampus") in named(client, "hippo")
    assert "tag" not in {noun for noun, *_ in named(client, "seah")}


def test_sources_are_suggested_by_their_names(client: Client, told: Tell):
    told(headline="One", attributions=[{"source": "reuters", "role": "origin"}])
    assert ("source", "reuters", "رويترز") in named(client, "رويت")
    assert named(client, "associated") == []  # no story rests on it


def test_hidden_stories_give_no_suggestions(client: Client, told: Tell, db: Database):
    told(headline="Quokka draft", publish=False)
    told(headline="Quokka embargo", embargo_until=LATER)
    row = told(headline="Quokka killed")
    with at_desk(db) as desk:
        killed = desk.session.get_one(ArticleRow, row.id)
        killed.state = "killed"
        desk.render(killed.id)
    nothing: dict[str, Any] = {"q": "quok", "completions": [], "entities": [], "did_you_mean": None}
    assert suggest(client, "quok") == nothing
    for q in ("quokak", "qokka", "quokka"):
        assert suggest(client, q)["did_you_mean"] is None
        assert client.get("/v1/search", params={"q": q}).json()["did_you_mean"] is None
    told(headline="Quokka out")
    assert suggest(client, "quokak")["did_you_mean"] == "Quokka"


def test_a_deleted_draft_gives_no_suggestions(client: Client, signed: Signed, db: Database):
    editor = signed("editor")
    made = editor.post("/v1/articles", json={"lang": "en", "headline": "Wombat"})
    address = f"/v1/articles/{made.json()['id']}"
    assert editor.get("/v1/search?q=wombat&state=draft").json()["items"]
    gone = editor.delete(address, headers={"If-Match": made.headers["etag"]})
    assert gone.status_code in (200, 204), gone.text
    assert editor.get("/v1/search?q=wombat&state=draft").json()["items"] == []


def test_a_spelling_used_in_stories_is_suggested(client: Client, told: Tell):
    told(lang="ar", headline="القمة العربيّة في الدوحة تبحث الهجرة")
    told(headline="The lighthouse keeper")

    def offered(q: str) -> str | None:
        said: str | None = client.get("/v1/search", params={"q": q}).json()["did_you_mean"]
        return said

    assert offered("lighthose keeper") == "lighthouse keeper"
    assert offered("lihgthouse") == "lighthouse"
    assert offered("الدوخة") == "الدوحة"
    assert offered("قمة الهجدة") == "قمة الهجرة"
    assert offered("lighthouse") is None and offered("zzzzzz") is None and offered("zz") is None
    found = client.get("/v1/search", params={"q": "lighthose keeper"}).json()
    assert [item["headline"] for item in found["items"]] == ["The lighthouse keeper"]


def test_learnt_words_are_suggested(client: Client, db: Database, told: Tell):
    for number in range(3):
        told(
            headline=f"News {number}", body=[{"type": "paragraph", "text": "The xylographer said"}]
        )
    assert suggest(client, "xylografer")["did_you_mean"] is None
    rebuild.remake(db, learn=True)
    assert suggest(client, "xylogapher")["did_you_mean"] == "xylographer"


@pytest.mark.parametrize(
    ("query", "parameter"),
    [("", "q"), ("q=", "q"), (f"q={'a' * 101}", "q"), ("q=a&limit=0", "limit"), ("q=a&limit=21", "limit"),
     ("q=a&lang=!", "lang"), ("q=a&size=2", "size"), ("q=a&q=b", "q"), ("q=%FF", "q")],
)  # fmt: skip
def test_an_invalid_query_is_400(client: Client, query: str, parameter: str):
    answer = client.get(f"/v1/suggest?{query}")
    assert answer.status_code == 400
    assert parameter in [fault["parameter"] for fault in answer.json()["errors"]]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    q=st.text(
        st.sampled_from(list("'\"%_*\\ -abالرز😀\u200f\u064bـ)(&|!:")), min_size=1, max_size=20
    )
)
def test_no_typed_text_is_a_server_error(demo: Client, q: str):
    assert demo.get("/v1/suggest", params={"q": q}).status_code in (200, 400)


@settings(max_examples=200, deadline=None)
@given(st.text("abc", min_size=1, max_size=6))
def test_every_edit_is_one_step_away(word: str):
    assert all(distance(word, one, 2) <= 1 for one in edits(word))


@settings(max_examples=200, deadline=None)
@given(st.text("abc", max_size=6), st.text("abc", max_size=6))
def test_the_edit_distance_is_a_metric(one: str, other: str):
    assert distance(one, other, 9) == distance(other, one, 9)
    assert (distance(one, other, 9) == 0) == (one == other)
    assert distance(one, other, 1) == min(distance(one, other, 9), 2)
