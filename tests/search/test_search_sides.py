"""A search that finds what is rare by its filter first gives what it gives by its words: the same stories
in the same order, with the same cursors, counts, facets and highlights."""

import random
from datetime import timedelta
from typing import Any

import pytest

from app.access.authentication import READER
from app.db.database import Database
from app.queries import counts, list_plan, search
from app.queries.filter_conditions import selective_filters
from app.queries.list_plan import ListPlan
from app.request.filters import Filter
from app.search import results
from tests.conftest import Client
from tests.delivery.test_list_grammar import NOW, START, WORDS, expression, tell
from tests.support.lengths import times

SORTS = ("relevance", "newest", "published_at", "updated_at")
INDEXES = (
    "ix_correction_at_article_id", "ix_source_flag_open", "ix_article_state_lang_published_at_id",
    "ix_article_state_urgency_published_at_id", "ix_article_term_term_published_at_article_id",
)  # fmt: skip
QUESTIONS = times(40, 80)
STORIES = 50
"""Of a side that is rare here."""


def question(chance: random.Random, stories: list[Any]) -> list[tuple[str, str]]:
    """Words, a few filters, and how the answer is to be."""
    filters = [
        pair for pair in expression(chance, stories, editor=False) if pair[0] not in ("q", "sort")
    ]
    words = chance.sample(WORDS, chance.choice([1, 1, 2, 3]))
    q = " ".join(words)
    if chance.random() < 0.3:
        q = chance.choice([f'"{q}"', f"{q} -{chance.choice(WORDS)}", f'{q} "{words[0]}"'])
    asked = [("q", q), ("sort", chance.choice(SORTS)), ("count", "exact"), *filters]
    if chance.random() < 0.5:
        late = (START + timedelta(days=30)).isoformat()
        few = [("tag", "rare-one"), ("lang", "en-GB"), ("urgency", "1"), ("corrected_from", late)]
        asked += [pair for pair in chance.sample(few, 1) if pair[0] not in dict(filters)]
    if chance.random() < 0.3:
        asked.append(("facets", "section,tag,source,contributor,lang,kind"))
    if chance.random() < 0.2:
        asked.append(("q_fields", "headline"))
    return asked


def pages_of(client: Client, asked: list[tuple[str, str]], limit: int) -> list[Any]:
    """Whole answers, page by page; refused ones as they are."""
    if "ids" not in dict(asked):
        asked = [*asked, ("limit", str(limit))]
    found, cursor = list[Any](), None
    while True:
        answer = client.get(
            "/v1/search", params=[*asked, *([("cursor", cursor)] if cursor else [])]
        )
        body = answer.json()
        found.append({**body, "request_id": None})
        cursor = body.get("next")
        if cursor is None:
            return found


def test_both_search_plans_give_the_same_results(
    client: Client, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    stories, chance, used = tell(db), random.Random(11), list[str]()
    found_by_words = list[Any]()
    asked = [(question(chance, stories), chance.choice([3, 7, 20])) for _ in range(QUESTIONS)]
    monkeypatch.setattr(search, "ENOUGH", 5)
    monkeypatch.setattr("app.db.database.MOST_SECONDS", 60.0)  # refused questions say nothing here
    for one, limit in asked:
        found_by_words.append(pages_of(client, one, limit))
    among = search.Search.among

    def noted(self: search.Search, *given: Any) -> str:
        used.append(str(given[0]))
        return among(self, *given)

    monkeypatch.setattr(search.Search, "among", noted)
    monkeypatch.setattr(list_plan, "RARE", STORIES)
    for (one, limit), before in zip(asked, found_by_words, strict=True):
        again = [*one, ("highlight", "text")]  # an address that no cache knows
        assert pages_of(client, again, limit) == before, one
    assert len(used) > QUESTIONS // 2, "many are found by the rarer side"
    for name in ("tag", "lang", "urgency", "corrected"):
        assert any(name in side for side in used), name
    assert sum(len(page["items"]) for pages in found_by_words for page in pages if "items" in page)


def test_a_filter_rarer_than_the_words_is_applied_first(
    client: Client, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(db)
    chosen = list[tuple[str, Any]]()
    choose = results.SearchRun.choose_first_filter

    def noted(self: results.SearchRun) -> None:
        choose(self)
        chosen.append((self.question.text, self.search.first))

    monkeypatch.setattr(results.SearchRun, "choose_first_filter", noted)
    monkeypatch.setattr(list_plan, "RARE", STORIES)
    for asked in ({"tag": "rare-one"}, {"tag": "sea"}, {"corrected_from": NOW.isoformat()}):
        client.get("/v1/search", params={"q": "harbour", **asked}).raise_for_status()
    client.get("/v1/search", params={"q": "nowhere", "tag": "rare-one"}).raise_for_status()
    assert chosen == [
        ("harbour", ("tag", False, ["rare-one"])), ("harbour", None), ("harbour", "corrected"),
        ("nowhere", None),
    ]  # fmt: skip


def test_an_estimate_uses_the_most_selective_filter(
    client: Client, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(db)
    monkeypatch.setattr(list_plan, "RARE", 0)
    monkeypatch.setattr(counts, "ESTIMATED", 10)
    monkeypatch.setattr("app.delivery.counts.ESTIMATED", 10)
    kinds = set[str]()
    for wanted in (
        "lang=en&kind=news,opinion", "lang=en,fr&kind=news", "tag=sea&lang=ar", "tag=sea&tag=law",
        "tag=rare-one&kind=news", "tag=trade&lang=ar,en", "lang=en-GB&tag=music&kind=feature",
    ):  # fmt: skip
        for sort in ("-published_at", "updated_at"):
            asked = f"/v1/articles?{wanted}&sort={sort}&limit=5&count="
            right, nearly = (
                client.get(f"{asked}exact").json(),
                client.get(f"{asked}estimate").json(),
            )
            kinds.add(nearly["count_kind"])
            if right["count"] < 10:
                assert (nearly["count"], nearly["count_kind"]) == (right["count"], "exact"), asked
            else:
                assert right["count"] / 3 < nearly["count"] < right["count"] * 3, asked
    assert kinds == {"exact", "estimate"}


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_a_rare_filter_uses_its_index(db: Database) -> None:
    """Whatever the side: nothing walks along all stories, notices or flags."""
    for wanted in (
        Filter(times={"corrected_from": NOW}), Filter(source_status=["killed"]),
        Filter(columns=[("lang", False, ["fr"])]), Filter(columns=[("urgency", False, ["1"])]),
        Filter(terms=[("tag", False, ["sea"])]),
    ):  # fmt: skip
        plan_of = ListPlan(READER, db.reader.dialect, wanted)
        [plan_of.rare] = selective_filters(wanted)
        sql, values = plan_of.gather()
        plan = explained(db, sql, values)
        assert any(f"INDEX {name} (" in plan for name in INDEXES), plan
        assert "SEARCH a USING INDEX sqlite_autoindex_article_1 (id=?)" in plan, plan


def explained(db: Database, sql: str, values: dict[str, Any]) -> str:
    sql, bound = db.reader.dialect.bind(f"EXPLAIN QUERY PLAN {sql}", values | {"now": NOW})
    with db.engine.connect() as connection:
        rows = connection.exec_driver_sql(sql, bound).fetchall()
    return "\n".join(str(row[3]) for row in rows)
