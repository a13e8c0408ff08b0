"""Search over HTTP: what is found, in which order, with which marks; nothing that the gate hides."""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.config import Settings
from app.db.database import Database
from app.desk.articles import publishing
from app.desk.catalog import verbs
from app.desk.transaction import at_desk
from app.language.analyzer import Analyser
from app.language.lexicon import Lexicon
from app.models.article import ArticleRow, ArticleWrite
from app.models.card import Kind
from tests.conftest import Client, Maker, Served, Signed, copied
from tests.support.contract import Contract

Tell = Callable[..., ArticleRow]
MOMENT = datetime(2026, 3, 1, 9, tzinfo=UTC)
ANALYSER = Analyser(Lexicon())


def ask(client: Client, q: str, **more: Any) -> dict[str, Any]:
    answer = client.get("/v1/search", params={"q": q, **more})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def ids(client: Client, q: str, **more: Any) -> list[str]:
    return [item["id"] for item in ask(client, q, **{"limit": 100, **more})["items"]]


def paragraph(text: str) -> dict[str, str]:
    return {"type": "paragraph", "text": text}


def test_other_forms_of_a_word_are_found(client: Client, told: Tell):
    row = told(
        lang="ar", headline="رئيس بلدية مرسى زين يزور اليونان",
        summary="الزيارةُ الأُولى منذ الحرائق.", body=[paragraph("رافقه وزراء النقل والبيئة.")],
    )  # fmt: skip
    told(lang="ar", headline="طقس الغد", body=[paragraph("غيوم فوق الساحل.")])
    for q in (
        "رييس بلديه", "لرئيس البلدية", "باليونان", "يوناني", "حريق", "الوزير", "وزاره النقل",
        "زيــارة", "زِيارَة", "مرسي زین",
    ):  # fmt: skip
        assert ids(client, q)[:1] == [row.id], q


def test_english_and_mixed_text_is_found(client: Client, told: Tell):
    row = told(headline="Élections: the VAR debate", body=[paragraph("Running a naïve café")])
    other = told(lang="ar", headline="تقنية الـVAR في المباريات و2026 هدف")
    assert set(ids(client, "var")) == {row.id, other.id}
    assert ids(client, "election debating") == ids(client, "RUN cafe") == [row.id]
    assert ids(client, "2026 المباراة") == [other.id]


def test_stories_with_some_words_are_ranked_by_score_until_twenty_have_all(
    client: Client, told: Tell
):
    both = told(headline="Nothing here", body=[paragraph("harbour and later cranes")])
    one = told(headline="The harbour")
    best = told(headline="The harbour crane")
    answer = ask(client, "harbour crane")
    assert [item["id"] for item in answer["items"]] == [best.id, both.id, one.id]
    assert answer["match"] == "any"
    for number in range(20):
        told(headline=f"Harbour crane {number}")
    answer = ask(client, "harbour crane", count="exact")
    assert (answer["match"], answer["count"], answer["count_kind"]) == ("all", 22, "exact")
    assert one.id not in [item["id"] for item in answer["items"]]


def test_phrases_and_exclusions_are_respected(client: Client, told: Tell):
    near = told(headline="World cup in the harbour")
    apart = told(headline="The cup of the world")
    for phrase in ('"world cup"', "«world cup»", "“world cup”", '"World CUPS" harbour'):
        assert ids(client, phrase) == [near.id], phrase
    assert set(ids(client, "world cup")) == {near.id, apart.id}
    assert ids(client, "cup -harbour") == ids(client, 'cup -"world cup"') == [apart.id]
    assert ids(client, '"cup world"') == []
    assert ids(client, "cup -world") == []


def test_a_phrase_does_not_match_across_fields(client: Client, told: Tell):
    told(headline="First world", summary="cup follows", body=[paragraph("nothing")])
    assert ids(client, '"world cup"') == ids(client, '"follows nothing"') == []


def test_q_fields_restricts_the_searched_fields(client: Client, told: Tell):
    title = told(headline="Harbour")
    summary = told(headline="A", summary="The harbour")
    body = told(headline="B", body=[paragraph("A harbour")])
    assert set(ids(client, "harbour")) == {title.id, summary.id, body.id}
    assert ids(client, "harbour", q_fields="headline") == [title.id]
    assert ids(client, "harbour", q_fields="summary") == [summary.id]
    assert set(ids(client, "harbour", q_fields="body,headline")) == {title.id, body.id}
    assert ids(client, '"the harbour"', q_fields="body") == []
    marked = ask(client, "harbour", q_fields="body")["items"][0]["highlights"]
    assert [one["field"] for one in marked] == ["body"]


def test_matches_in_titles_rank_first_and_ties_are_ordered_by_id(client: Client, told: Tell):
    body = told(headline="Quiet day", body=[paragraph("The harbour is open")])
    title = told(headline="Harbour news", body=[paragraph("Other things happened")])
    assert ids(client, "harbour") == [title.id, body.id]
    same = sorted(told(headline="Equal lanterns").id for _ in range(5))
    assert ids(client, "lantern") == same


@pytest.fixture(scope="module", params=("sqlite", "postgresql"))
def archive(
    request: pytest.FixtureRequest, templates: Maker, contract: Contract,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Client]:  # fmt: skip
    """The API over 260 stories of a few words; tests that take it only read."""
    folder = tmp_path_factory.mktemp("archive")
    made = copied(request.param, templates(request.param, False), folder, request)
    fill(made)
    served = Served(made)
    with Client(served, contract) as client:
        yield client
    served.stop()


WORDS = "harbour crane tide lantern quay storm ferry island market bridge".split()


def fill(made: Settings, together: int = 20) -> None:
    """260 stories, so many of them at each moment."""
    chance, db = random.Random(4), Database(made)
    with at_desk(db) as desk:
        verbs.add_section(desk, "world", {"en": "World", "ar": "العالم"})
        verbs.add_section(desk, "world/asia", {"en": "Asia", "ar": "آسيا"})
        verbs.add_section(desk, "sport", {"en": "Sport", "ar": "رياضة"})
    for start in range(0, 260, 50):
        with at_desk(db) as desk:
            for number in range(start, min(start + 50, 260)):
                row = publishing.create(desk, story(number, chance, together))
                if number % 13:
                    publishing.publish(desk, row)
    db.engine.dispose()


def story(number: int, chance: random.Random, together: int) -> ArticleWrite:
    def said(count: int) -> str:
        return " ".join(chance.choices(WORDS, k=count))

    return ArticleWrite.model_validate(
        {
            "lang": chance.choice(["en", "ar"]), "kind": chance.choice(list(Kind)),
            "headline": f"{said(3)} n{number}", "summary": said(5), "body": [paragraph(said(9 + number % 7))],
            "section": chance.choice(["world", "world/asia", "sport", None]),
            "attributions": [{"source": chance.choice(["reuters", "afp"]), "role": "origin"}],
            "published_at": MOMENT + timedelta(minutes=number // together),
        }
    )  # fmt: skip


def walked(client: Client, path: str, **query: Any) -> list[str]:
    """Every id of a list, page by page, and back again."""
    pages: list[list[str]] = []
    answer = client.get(path, params=query).json()
    last = answer
    while True:
        pages.append([item["id"] for item in answer["items"]])
        last = answer
        if answer["next"] is None:
            break
        answer = client.get(path, params={**query, "cursor": answer["next"]}).json()
    back = [[item["id"] for item in last["items"]]]
    while last["prev"] is not None:
        last = client.get(path, params={**query, "cursor": last["prev"]}).json()
        back.insert(0, [item["id"] for item in last["items"]])
    forward = [id for page in pages for id in page]
    assert {id for page in back for id in page} == set(forward)
    return forward


def test_a_search_by_time_has_the_order_of_the_list(archive: Client):
    listed = walked(archive, "/v1/articles", limit=100)
    whole = {item: place for place, item in enumerate(listed)}
    for q in ("harbour", "crane -tide", '"tide storm"', "n7"):
        found = walked(archive, "/v1/search", q=q, sort="-published_at", limit=17)
        assert found == sorted(found, key=whole.__getitem__) and len(found) == len(set(found))
        assert found == list(
            reversed(walked(archive, "/v1/search", q=q, sort="published_at", limit=23))
        )
        count = ask(archive, q, count="exact", limit=1)["count"]
        assert len(found) == count > 0


def test_a_walk_by_relevance_returns_each_story_once(archive: Client):
    for q in ("harbour", "harbour crane", "ferry island market"):
        found = walked(archive, "/v1/search", q=q, limit=30)
        assert len(found) == len(set(found)) == ask(archive, q, count="exact")["count"] > 100
        assert found[:30] == ids(archive, q, limit=30) == ids(archive, q)[:30]


@pytest.mark.parametrize("q", ["harbour", "crane -quay", "bridge market storm", '"tide ferry"'])
@pytest.mark.parametrize(
    "narrow", [{}, {"section": "world"}, {"lang": "ar"}, {"kind": "-news", "source": "reuters"}]
)
def test_counts_of_facets_are_those_of_the_filtered_lists(
    archive: Client, q: str, narrow: dict[str, str]
):
    names = "section,source,lang,kind,tag,contributor"
    answer = ask(archive, q, facets=names, count="exact", **narrow)
    assert list(answer["facets"]) == names.split(",") and answer["facets"]["tag"] == {}
    for facet, values in answer["facets"].items():
        for value, count in values.items():
            if facet in narrow and facet != "section":
                continue
            query = [("q", q), ("count", "exact"), ("limit", "1"), *narrow.items(), (facet, value)]
            told = archive.get("/v1/search", params=query).json()
            assert told["count"] == count, (facet, value)
    for facet in ("lang", "kind"):
        assert sum(answer["facets"][facet].values()) == answer["count"]


def test_filters_narrow_what_is_found(archive: Client):
    every = dict.fromkeys(walked(archive, "/v1/search", q="harbour", limit=100))
    for narrow in (
        {"section": "world"}, {"section": "world/asia,sport"}, {"section": "-world"},
        {"source": "afp:origin"}, {"kind": "news,live"}, {"lang": "-ar"},
        {"published_from": "2026-03-01T09:05:00Z"}, {"ids": ",".join(list(every)[:7])},
    ):  # fmt: skip
        listed = set(walked(archive, "/v1/articles", **{"limit": 100, **narrow}))
        found = walked(archive, "/v1/search", **{"q": "harbour", "limit": 19, **narrow})
        assert set(found) == listed & set(every), narrow


def test_both_orders_find_the_same_stories(archive: Client):
    for q in ("harbour", "harbour tide quay", "lantern -storm"):
        by_time = walked(archive, "/v1/search", q=q, sort="newest", limit=50)
        assert set(walked(archive, "/v1/search", q=q, limit=50)) == set(by_time)


def test_a_cursor_of_another_query_is_400(archive: Client):
    cursor = ask(archive, "harbour", limit=5)["next"]
    assert archive.get("/v1/search", params={"q": "harbour", "cursor": cursor}).status_code == 200
    for other in (
        {"q": "crane"},
        {"q": "harbour", "sort": "newest"},
        {"q": "harbour", "lang": "ar"},
    ):
        answer = archive.get("/v1/search", params={**other, "cursor": cursor})
        assert (answer.status_code, answer.json()["code"]) == (400, "cursor-invalid"), other


def test_the_next_page_is_linked(archive: Client):
    answer = archive.get("/v1/search?q=harbour&limit=5")
    assert answer.headers["link"].startswith(f"<{archive.base_url}/v1/search?q=harbour")
    assert archive.get(answer.links["next"]["url"]).json()["prev"]


def in_units(snippet: str, start: int, length: int) -> str:
    """A slice as JavaScript makes it."""
    return snippet.encode("utf-16-le")[2 * start : 2 * (start + length)].decode("utf-16-le")


def test_highlights_are_whole_words_in_utf_16_units(client: Client, told: Tell):
    body = [
        {"id": "b1", **paragraph("لا شيء هنا.")},
        {"id": "b2", **paragraph(f"🚢🚢 {'كلام ' * 40}وَصَلَتِ السُّفُنُ 🌊 إلى المِينَاءِ. {'بعده ' * 40}")},
    ]
    told(
        lang="ar", headline="🚢 مِينَاءُ مرسى زين 👨‍👩‍👧 يستقبل سفينة", summary="🛳️ بالميناءِ", body=body
    )
    [item] = ask(client, "الميناء سفينة", highlight="html")["items"]
    said = {
        one["field"]: [in_units(one["snippet"], *pair) for pair in one["ranges"]]
        for one in item["highlights"]
    }
    assert said == {
        "headline": ["مِينَاءُ", "سفينة"], "summary": ["بالميناءِ"], "body": ["السُّفُنُ", "المِينَاءِ"],
    }  # fmt: skip
    for one in item["highlights"]:
        assert one["block_id"] == ("b2" if one["field"] == "body" else None)
        assert len(one["snippet"].split()) <= 34
        assert one["html"].replace("<mark>", "").replace("</mark>", "") == one["snippet"]
    shown = next(one for one in item["highlights"] if one["field"] == "body")
    assert shown["snippet"] in body[1]["text"]


def test_html_of_highlights_is_escaped(client: Client, told: Tell):
    told(headline="<b>Harbour</b> & <script>alert(1)</script>")
    [item] = ask(client, "harbour", highlight="html")["items"]
    assert item["highlights"][0]["html"] == (
        "&lt;b&gt;<mark>Harbour</mark>&lt;/b&gt; &amp; &lt;script&gt;alert(1)&lt;/script&gt;"
    )
    assert ask(client, "harbour")["items"][0]["highlights"][0]["html"] is None
    assert ask(client, "harbour", highlight="none")["items"][0]["highlights"] == []


def test_every_result_has_a_highlight(archive: Client):
    for q in ("harbour", "crane tide", '"quay storm"'):
        terms = set(ANALYSER.terms(q).split())
        for item in ask(archive, q, limit=50)["items"]:
            assert item["highlights"]
            for one in item["highlights"]:
                assert one["ranges"]
                for start, length in one["ranges"]:
                    word = in_units(one["snippet"], start, length)
                    assert ANALYSER.terms(word) in terms and word.isalnum()


def test_nothing_hidden_is_found_counted_or_suggested(
    client: Client, db: Database, told: Tell, signed: Signed
):
    later = datetime.now(UTC) + timedelta(hours=1)
    out = told(headline="Zanzibar opens")
    hidden = [
        told(headline="Zanzibar draft", publish=False),
        told(headline="Zanzibar embargo", embargo_until=later),
        told(headline="Zanzibar expired", expires_at=datetime.now(UTC) - timedelta(seconds=1)),
    ]
    killed = told(headline="Zanzibar killed")
    with at_desk(db) as desk:
        row = publishing.get(desk, killed.id)
        row.state = "killed"
        desk.render(row.id)
    answer = ask(client, "zanzibar", count="exact", facets="lang,kind")
    assert [item["id"] for item in answer["items"]] == [out.id]
    assert answer["count"] == 1 and answer["facets"] == {"lang": {"en": 1}, "kind": {"news": 1}}
    for q in ("draft", "embargo", "expired", "killed", "zanzibar draft -opens"):
        answer = ask(client, q, count="exact", facets="lang")
        assert (answer["items"], answer["count"], answer["facets"]) == ([], 0, {"lang": {}}), q
    editor = signed("editor")
    assert ids(editor, "zanzibar") == [out.id]  # a key changes no default
    assert set(ids(editor, "zanzibar", state="draft,scheduled,expired")) == {
        row.id for row in hidden
    }
    assert client.get("/v1/search?q=zanzibar&state=draft").status_code == 403


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("", "q"), ("q=", "q"), ("q=%20", "q"), ("q=-", "q"), ("q=%22%22", "q"), ("q=-harbour", "q"),
        ("q=a&q=b", "q"), (f"q={'a' * 301}", "q"), (f"q={'+'.join(map(str, range(33)))}", "q"),
        ("q=%FF", "q"), ("q=a&q_fields=title", "q_fields"), ("q=a&q_fields=", "q_fields"),
        ("q=a&sort=-modified", "sort"), ("q=a&facets=section,colour", "facets"),
        ("q=a&count=all", "count"), ("q=a&highlight=bold", "highlight"), ("q=a&limit=0", "limit"),
        ("q=a&facet=tag", "facet"), ("q=a&section=nowhere", "section"), ("q=a&sort=x&sort=y", "sort"),
    ],
)  # fmt: skip
def test_every_invalid_parameter_is_named(client: Client, query: str, parameter: str):
    answer = client.get(f"/v1/search?{query}")
    assert answer.status_code == 400, answer.text
    assert parameter in [fault["parameter"] for fault in answer.json()["errors"]]
    both = client.get(f"/v1/search?{query}&colour=red")
    assert {"colour"} <= {
        fault["parameter"] for fault in both.json()["errors"]
    } or parameter == "section"


def test_a_misspelt_parameter_gets_a_suggestion(client: Client):
    faults = client.get("/v1/search?q=a&facet=tag").json()["errors"]
    assert "'facets'" in faults[0]["detail"]


SIGNS = st.text(
    st.sampled_from([*"\"«»“”„-*():^+|&!<>~{}[]\\/'%_. abAND ORNOTكتابال٣", "\u200f", "\u064b", "😀"]),
    min_size=1, max_size=40,
)  # fmt: skip


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(q=SIGNS, fields=st.sampled_from(["headline", "headline,body", "summary"]))
def test_no_query_is_a_server_error(archive: Client, q: str, fields: str):
    for more in ({}, {"q_fields": fields}, {"sort": "newest", "facets": "section,lang"}):
        answer = archive.get("/v1/search", params={"q": q, "limit": 3, **more})
        assert answer.status_code in (200, 400), (q, answer.text)


def test_both_databases_find_the_same_in_the_same_order(request, templates, contract, tmp_path):
    """Two houses with the same stories, but for their ids: equal sets, the same ten first."""
    sets: dict[str, dict[str, set[str]]] = {}
    tops: dict[str, dict[str, list[str]]] = {}
    for kind in ("sqlite", "postgresql"):
        folder = tmp_path / kind
        folder.mkdir()
        made = copied(kind, templates(kind, False), folder, request)
        fill(made, together=1)
        served = Served(made)
        with Client(served, contract) as client:
            named = {item: client.get(f"/v1/articles/{item}").json()["headline"]
                     for item in walked(client, "/v1/articles", limit=100)}  # fmt: skip
            sets[kind] = {
                q: {named[id] for id in walked(client, "/v1/search", q=q, sort="newest", limit=100)}
                for q in QUESTIONS
            }
            tops[kind] = {q: [named[id] for id in ids(client, q, limit=10)] for q in QUESTIONS}
        served.stop()
    assert sets["sqlite"] == sets["postgresql"]
    shares = [
        len({*tops["sqlite"][q]} & {*tops["postgresql"][q]}) / len(tops["sqlite"][q])
        for q in QUESTIONS
    ]
    assert sum(shares) / len(shares) >= 0.95


QUESTIONS = [*WORDS[:5], *(f"{one} {two}" for one, two in zip(WORDS, WORDS[2:], strict=False)),
             '"tide storm"', "harbour -tide", "n5 n6 n7 harbour", "bridge market quay tide"]  # fmt: skip


def test_a_read_takes_few_statements(archive: Client, monkeypatch: pytest.MonkeyPatch):
    reader, asked = archive.served.app.state.services.db.reader, []
    rows = reader.rows

    async def counting(sql: str, *given: Any, **more: Any) -> Any:
        asked.append(sql)
        return await rows(sql, *given, **more)

    monkeypatch.setattr(reader, "rows", counting)
    for sort in ("relevance", "newest"):
        asked.clear()
        ask(archive, "bridge market storm", sort=sort, facets="section,tag,lang", count="exact")
        assert len(asked) <= 10, asked
