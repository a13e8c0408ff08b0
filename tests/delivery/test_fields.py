"""`fields=`: the fields that were asked for, of whatever is answered, and nothing else."""

import json
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.models.article import Article
from app.request import fields
from tests.conftest import Client

Json = Any
STORY = "/v1/articles/harbour-lights"
LIST = "/v1/articles?limit=30"


def asked(client: Client, url: str, expression: str) -> Json:
    answer = with_fields(client, url, expression)
    assert answer.status_code == 200, answer.text
    return answer.json()


def with_fields(client: Client, url: str, expression: str) -> httpx.Response:
    return client.get(f"{url}{'&' if '?' in url else '?'}{urlencode({'fields': expression})}")


def fault(client: Client, url: str, expression: str) -> str:
    answer = with_fields(client, url, expression)
    assert answer.status_code == 400, answer.text[:300]
    [one] = answer.json()["errors"]
    assert one["parameter"] == "fields"
    return str(one["detail"])


def chosen(value: Json, tree: Json) -> Json:
    """What `fields=` is to leave, said in another way than the code says it."""
    if tree is None or value is None or isinstance(value, str):
        return value
    if isinstance(value, list):
        return [chosen(one, tree) for one in value]
    return {name: chosen(one, tree[name]) for name, one in value.items() if name in tree}


def trees(value: Json) -> st.SearchStrategy[Json]:
    """Random parts of what is there: None is all of it."""
    while isinstance(value, list):
        merged: dict[str, Json] = {}
        for one in value:
            if isinstance(one, dict):
                merged |= {name: held for name, held in one.items() if held}
        value = merged or None
    if not isinstance(value, dict) or not value:
        return st.none()
    names = st.lists(st.sampled_from(sorted(value)), min_size=1, max_size=5, unique=True)
    return names.flatmap(
        lambda some: st.fixed_dictionaries({name: st.none() | trees(value[name]) for name in some})
    )


@st.composite
def expressions(draw: st.DrawFn, tree: Json) -> str:
    """A tree as an expression, by dots, parentheses, and names said twice."""
    parts = []
    for name, inner in draw(st.permutations(sorted(tree.items(), key=str))):
        if not inner:
            parts.append(name)
            continue
        inside: str = draw(expressions(inner))
        dotted: bool = draw(st.booleans())
        one = "," not in inside and dotted
        parts.append(f"{name}.{inside}" if one else f"{name}({inside})")
    again: bool = draw(st.booleans())
    if parts and again:
        parts.append(draw(st.sampled_from(parts)))
    return ",".join(parts)


SLOWLY = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.generate],
)


@pytest.mark.parametrize("url", [STORY, f"{STORY}/versions/1", "/v1/articles/art_demostormlive"])
@SLOWLY
@given(data=st.data())
def test_any_selected_fields_equal_those_of_the_whole_story(
    demo_desk: Client, url: str, data: st.DataObject
) -> None:
    whole = demo_desk.get(url).json()
    tree = data.draw(trees(whole))
    expression = data.draw(expressions(tree))
    expected = chosen(whole, {"id": None} | tree)
    assert json.dumps(asked(demo_desk, url, expression)) == json.dumps(expected)


UPDATES = "/v1/articles/art_demostormlive/updates"


@pytest.mark.parametrize(
    "url", [LIST, "/v1/search?q=harbour&limit=20", f"{STORY}/related", f"{UPDATES}?limit=5"]
)
@SLOWLY
@given(data=st.data())
def test_any_selected_fields_equal_those_of_the_whole_items(
    demo: Client, url: str, data: st.DataObject
) -> None:
    whole = demo.get(url).json()["items"]
    tree = data.draw(trees(whole))
    expression = data.draw(expressions(tree))
    expected = chosen(whole, {"id": None} | tree)
    assert json.dumps(asked(demo, url, expression)["items"]) == json.dumps(expected)


def test_fields_leave_the_envelope_complete(demo: Client) -> None:
    page = asked(demo, "/v1/articles?limit=2", "headline")
    assert set(page) == {"items", "next", "prev", "count", "count_kind", "facets"}
    assert [set(one) for one in page["items"]] == [{"id", "headline"}] * 2
    following = demo.get(
        "/v1/articles", params={"cursor": page["next"], "limit": 2, "fields": "slug"}
    )
    assert following.status_code == 200, "a cursor is bound to no fields"


def test_fields_select_parts_of_a_front_and_of_the_change_log(demo: Client) -> None:
    front = asked(demo, "/v1/fronts/home?lang=ar", "slots(headline,article(url)),name.ar")
    assert set(front) == {"id", "name", "slots"}
    assert {name for one in front["slots"] for name in one} == {"headline", "article"}
    assert {name for one in front["slots"] for name in one["article"]} == {"url"}
    rows = asked(demo, "/v1/changes?noun=article&include=card", "headline")["items"]
    assert {name for row in rows for name in row["item"]} == {"id", "headline"}
    assert "beside" in fault(demo, "/v1/changes", "headline")
    whole = asked(demo, "/v1/changes?noun=article&include=article&limit=5", "body.text")["items"]
    assert {name for row in whole for block in row["item"]["body"] for name in block} == {"text"}
    by_url = demo.get(STORY).json()["url"]
    found = demo.get("/v1/articles/by-url", params={"url": by_url, "fields": "slug"})
    assert found.json() == {"id": "art_demoharbourlights", "slug": "harbour-lights"}


def test_fields_select_parts_of_a_preview(editor: Client, client: Client) -> None:
    made = editor.post("/v1/articles", json={"lang": "en", "headline": "Rain"}).json()
    token = editor.post(f"/v1/articles/{made['id']}/previews", json={}).json()["token"]
    answer = client.get(
        f"/v1/articles/{made['id']}", params={"preview": token, "fields": "headline,section.path"}
    )
    assert answer.json() == {"id": made["id"], "headline": "Rain", "section": None}
    assert answer.headers["cache-control"] == "no-store"


def test_fields_combine_with_display_and_body(demo: Client) -> None:
    both = demo.get(STORY, params={"fields": "headline", "display": "ar-LB"}).json()
    assert set(both) == {"id", "headline", "display"}
    text = demo.get(STORY, params={"fields": "body", "body": "text"}).json()
    assert isinstance(text["body"], str)
    narrow = demo.get(STORY, params={"fields": "display.en", "display": "en,ar"}).json()
    assert set(narrow["display"]) == {"en"}


@pytest.mark.parametrize("path", ["/v1/articles", "/v1/search?q=storm"])
def test_a_parameter_that_changes_nothing_gives_the_same_items_and_etag(
    demo: Client, path: str
) -> None:
    plain = demo.get(path)
    asked = demo.get(path, params={**dict(plain.request.url.params), "body": "blocks"})
    assert len(plain.json()["items"]) > 1
    assert (asked.json()["items"], asked.headers["etag"]) == (
        plain.json()["items"],
        plain.headers["etag"],
    )


def test_a_response_with_fields_has_its_own_etag(demo: Client) -> None:
    first = demo.get(STORY, params={"fields": "headline"})
    assert first.headers["etag"] != demo.get(STORY).headers["etag"]
    again = demo.get(
        STORY, params={"fields": "headline"}, headers={"If-None-Match": first.headers["etag"]}
    )
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("headlin", "Did you mean 'headline'"),
        ("id,lead_image(ur)", "'ur' in `lead_image` (place 15). Did you mean 'url'"),
        ("headline.x", "`headline` has no fields"),
        ("section.name.__proto__", "is no key"),
        ("section.name(english)", "language tags"),
        ("section.name.e", "language tags"),
        ("section.name(ar_LB)", "language tags"),
        ("lead_image.source.name(en-)", "language tags"),
        ("tags.name(aaa-aaaaaaaa-aaaaaaaa-aaaaaaaa-aaaaaaaa)", "language tags"),
        ("section.name.عربي", "language tags"),
        ("display.yesterday", "as `display` takes them"),
        ("display(ar/English)", "as `display` takes them"),
        ("__proto__", "Unknown field '__proto__'"),
        ("constructor.prototype", "Unknown field"),
        ("id,,url", "A name is missing at place 4"),
        (",", "A name is missing at place 1"),
        ("id,", "A name is missing at place 4"),
        ("()", "A name is missing at place 1"),
        ("lead_image()", "A name is missing at place 12"),
        ("lead_image(url", "after `lead_image` is not closed"),
        ("lead_image(url))", "Nothing to close at place 16"),
        ("lead_image(url)(url)", "A comma is missing"),
        ("lead_image.(url)", "A name is missing"),
        ("id headline", "Unknown field"),
        ("*", "Unknown field '*'"),
    ],
)
def test_invalid_fields_are_400_with_their_position(
    demo: Client, expression: str, said: str
) -> None:
    for url in (STORY, LIST):
        assert said in fault(demo, url, expression)


def test_naming_display_without_the_parameter_is_400(demo: Client) -> None:
    for url in (STORY, LIST):
        assert "only beside `display=`" in fault(demo, url, "id,display.ar-LB")


def test_maps_take_only_language_tags_as_keys(demo: Client) -> None:
    name = asked(demo, STORY, "section.name(ar,en-GB,zh-Hant)")["section"]["name"]
    assert set(name) == {"ar"}, "a language that is not there is left out, as everywhere"
    said = "display(ar/en,ar-SA-u-ca-islamic-umalqura)"
    both = demo.get(STORY, params={"fields": said, "display": "ar/en,fr"}).json()
    assert set(both["display"]) == {"ar/en"}
    scopes = asked(demo, STORY, "attributions.scope.block")["attributions"]
    assert {key for one in scopes for key in one["scope"]} <= {"block"}
    told = fault(demo, STORY, "attributions.scope.blok")
    assert "no key in `scope`" in told and "article, block, image" in told


def test_fields_select_parts_of_live_updates(demo: Client) -> None:
    page = asked(demo, UPDATES, "headline,body(type,text)")
    assert {name for one in page["items"] for name in one} == {"id", "headline", "body"}
    url = f"{UPDATES}/{page['items'][0]['id']}"
    assert asked(demo, url, "at").keys() == {"id", "at"}
    for one in (UPDATES, url):
        assert "Did you mean 'headline'" in fault(demo, one, "headlin")
        assert "Unknown field 'url'" in fault(demo, one, "url"), "they are updates, no stories"
        for query in ("fields=", "fields=id&fields=at", "include=body"):
            assert demo.get(f"{one}?{query}").status_code == 400, query
    whole = demo.get(UPDATES)
    narrow = demo.get(UPDATES, params={"fields": "at"})
    assert narrow.headers["etag"] != whole.headers["etag"]
    first = asked(demo, f"{UPDATES}?limit=1", "at")
    following = demo.get(UPDATES, params={"cursor": first["next"], "limit": 1}).json()["items"]
    assert following == whole.json()["items"][1:2], "a cursor is bound to no fields"
    assert with_fields(demo, "/v1/articles/nowhere/updates", "at").status_code == 404


def test_too_many_or_too_deep_fields_are_400(demo: Client) -> None:
    assert "place 1" in fault(demo, LIST, "(" * 1000)
    deep = "section(ancestors(" * 400
    assert demo.get(STORY, params={"fields": deep}).status_code in (400, 414)
    names = [f"{a}{b}" for a in "abcdefghijklmnopqrstuvwxyz" for b in "abcdefghijklmnopqrst"]
    assert "At most 500" in fault(demo, LIST, f"section.name({','.join(names)})")
    assert demo.get(STORY, params={"fields": "id," * 4000}).status_code == 414
    assert asked(demo, STORY, ",".join(["headline"] * 600)).keys() == {"id", "headline"}
    with pytest.raises(fields.Wrong):
        fields.read("translation_cards." * 13 + "id", Article)
    fields.read("translation_cards." * 11 + "id", Article)


def test_a_repeated_or_empty_fields_parameter_is_400(demo: Client) -> None:
    for url in (STORY, "/v1/articles"):
        for query in ("fields=id&fields=url", "fields=", "fields=%FF"):
            answer = demo.get(f"{url}?{query}")
            assert answer.status_code == 400, (url, query)
    assert demo.get("/feeds/all.rss?fields=id").status_code == 400
