"""The chain of attribution: checked, walked, credited."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from app.attribution import chain, known_sources
from app.attribution.chain import Credited, Link
from app.desk.articles import publishing
from app.desk.catalog import verbs
from app.desk.transaction import at_desk
from app.errors import Unprocessable
from app.models.article import ArticleWrite
from app.models.source import DispatchRow, SourceRow


def link(id: str, source: str = "s", via: str | None = None, **more) -> Link:
    return Link(**{"id": id, "source_id": source, "role": "origin", "scope": "article",
                   "scope_id": "x", "via": via, "position": 0, **more})  # fmt: skip


def line(slugs: list[str], lang: str) -> str:
    """The credit line that catalogue sources make."""
    named = {one.slug: one for one in known_sources.entries()}
    sources = {
        slug: Credited(slug, named[slug].kind, named[slug].name, named[slug].credit)
        for slug in slugs
    }
    links = [link(f"a{at}", slug, position=at) for at, slug in enumerate(slugs)]
    return chain.credit_lines(links, sources, [lang])[lang]


def test_the_credit_line_matches_expected_bytes() -> None:
    assert line(["al-araby", "agencies"], "ar") == "المصادر: العربي - وكالات"
    assert line(["al-araby", "agencies"], "en") == "Sources: Al Araby - agencies"
    assert line(["al-araby", "reuters", "afp"], "ar") == "المصادر: العربي - وكالات"
    assert line(["reuters", "al-araby"], "en") == "Sources: Al Araby - Reuters"
    assert line(["reuters"], "ar") == "المصدر: رويترز"
    assert line(["reuters", "afp"], "en") == "Sources: agencies"


@pytest.mark.parametrize(
    "links",
    [
        [link("a", via="a")],
        [link("a", via="b"), link("b", via="a")],
        [link("a", via="b"), link("b", via="c"), link("c", via="b")],
        [link("a", via="nowhere")],
        [link("a"), link("a")],
    ],
)
def test_a_chain_without_an_origin_is_refused(links: list[Link]) -> None:
    with pytest.raises(chain.BadChain):
        chain.check(links)


@given(st.lists(st.integers(0, 30), min_size=1, max_size=30))
def test_a_chain_whose_links_point_backwards_is_accepted_and_searchable(parents: list[int]) -> None:
    """Link n comes through an earlier one: no cycle; every link rests on its chain's end."""
    links = [
        link(f"a{n}", via=f"a{parent % n}" if n and parent % 2 else None)
        for n, parent in enumerate(parents)
    ]
    chain.check(links)
    by_id = {one.id: one for one in links}
    for one in links:
        end, through = one, []
        while end.via:
            end = by_id[end.via]
            through.append(end.id)
        resting = {one.id: path for one, path in chain.dependents(links, [end.id])}
        assert resting[one.id] == through


def test_a_cycle_is_refused_with_its_pointer(db) -> None:
    write = ArticleWrite.model_validate({
        "lang": "en", "headline": "Round", "attributions": [
            {"id": "one", "source": "reuters", "via": "two"},
            {"id": "two", "source": "afp", "via": "one"},
        ]})  # fmt: skip
    with pytest.raises(Unprocessable) as refused, at_desk(db) as desk:
        publishing.create(desk, write)
    assert refused.value.errors[0]["pointer"] == "#/attributions"
    assert "comes back" in refused.value.errors[0]["detail"]


@pytest.mark.parametrize(
    ("attribution_sent", "said"),
    [
        ({"source": "nobody-knows"}, "no source"),
        ({"source": "reuters", "scope": {"block": "b9"}}, "no block"),
        ({"source": "reuters", "scope": {"image": "img_x"}}, "no image"),
        ({"source": "reuters", "dispatch_id": "dsp_x"}, "no dispatch"),
    ],
)
def test_a_link_through_an_unknown_attribution_is_refused(db, attribution_sent, said) -> None:
    write = ArticleWrite.model_validate(
        {"lang": "en", "headline": "Loose", "attributions": [attribution_sent]}
    )
    with pytest.raises(Unprocessable) as refused, at_desk(db) as desk:
        publishing.create(desk, write)
    assert said in refused.value.errors[0]["detail"]


def test_dependents_include_direct_and_indirect_links(client, db, told) -> None:
    with at_desk(db) as desk:
        source = desk.session.exec(select(SourceRow).where(SourceRow.slug == "tass")).one()
        verbs.add_dispatch(desk, DispatchRow(
            id="dsp_1", source_id=source.id, item_id="T-1", received_at=desk.now, modified_at=desk.now))  # fmt: skip
    row = told(
        slug="relayed", body=[{"id": "b1", "type": "paragraph", "text": "One."}],
        attributions=[
            {"id": "first", "source": "tass", "role": "origin", "dispatch_id": "dsp_1"},
            {"id": "second", "source": "reuters", "role": "relayed", "via": "first"},
            {"id": "third", "source": "afp", "role": "reported", "via": "second", "scope": {"block": "b1"}},
        ],
    )  # fmt: skip
    items = client.get("/v1/sources/tass/dependents").json()["items"]
    assert [(one["scope"], one["id"], one["attribution"], one["through"]) for one in items] == [
        ("article", row.id, "first", []),
        ("article", row.id, "second", ["first"]),
        ("block", "b1", "third", ["second", "first"]),
    ]
    dispatch = client.get("/v1/dispatches/dsp_1").json()
    assert [one["attribution"] for one in dispatch["dependents"]] == ["first", "second", "third"]
    assert client.get("/v1/sources/afp/dependents").json()["items"][0]["through"] == []
    assert client.get("/v1/dispatches/dsp_2").status_code == 404


def test_a_credit_line_override_is_returned_beside_the_computed_one(client, told) -> None:
    told(slug="one", attributions=[{"source": "reuters", "role": "origin"}],
         credit_line_override={"en": "From our correspondents"})  # fmt: skip
    story = client.get("/v1/articles/one").json()
    assert story["credit_line"]["en"] == "Source: Reuters"
    assert story["credit_line_override"] == {"en": "From our correspondents"}


def test_known_sources_are_found_in_other_spellings() -> None:
    for name, slug in {
        "رويترز": "reuters", "وكالة رويترز": "reuters", "REUTERS": "reuters", "إنترفاكس": "interfax",
        "انترفاكس الروسية": "interfax", "فرانس برس": "afp", "أ ف ب": "afp", "وكالات": "agencies",
        "The Guardian": "the-guardian", "الأناضول": "anadolu",
    }.items():  # fmt: skip
        entry = known_sources.find(name)
        assert entry is not None, name
        assert entry.slug == slug, name
    assert known_sources.find("nobody at all") is None


def test_every_known_source_has_complete_data() -> None:
    entries = known_sources.entries()
    assert len(entries) >= 120
    assert len({one.slug for one in entries}) == len(entries)
    assert all({"ar", "en"} <= one.name.keys() for one in entries)
    assert {"agency", "outlet", "official", "generic"} <= {one.kind for one in entries}
