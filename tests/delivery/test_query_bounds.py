"""What a query or a body names is bounded before anything is looked up, and hints have a budget."""

from typing import Any

import pytest
from rapidfuzz import process

from app.db.database import PostgreSQLReader, SQLiteReader
from app.http.edge import LONGEST_QUERY
from app.request import hints
from app.request.filters import MOST_FAULTS, MOST_PARAMETERS, MOST_VALUES
from app.request.hints import MOST_HINTS
from app.request.json_body import MOST_FAULTS as MOST_BODY_FAULTS
from tests.conftest import Client

LISTS = (
    "/v1/articles",
    "/v1/search",
    "/v1/articles.ndjson",
    "/v1/tags",
    "/v1/changes",
    "/v1/trending",
)


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names for which another was looked for."""
    found: list[str] = []
    original = process.extractOne

    def counted(given: str, *more: Any, **named: Any) -> Any:
        found.append(given)
        return original(given, *more, **named)

    monkeypatch.setattr(process, "extractOne", counted)
    return found


def refused(client: Client, path: str, query: str) -> dict[str, Any]:
    answer = client.get(f"{path}?{query}")
    assert answer.status_code == 400, (path, answer.text[:300])
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize("path", LISTS)
def test_too_many_parameters_are_400(demo: Client, compared: list[str], path: str) -> None:
    unknown = "&".join(f"a{number}=1" for number in range(MOST_PARAMETERS + 1))
    assert str(MOST_PARAMETERS) in refused(demo, path, unknown)["detail"]
    assert not compared
    fewer = unknown.rpartition("&")[0]
    told = refused(demo, path, fewer)["errors"]
    assert MOST_FAULTS <= len(told) <= 2 * MOST_FAULTS
    assert len(compared) <= 2 * MOST_HINTS


def test_too_many_values_are_400(demo: Client) -> None:
    half = ",".join(f"x{number}" for number in range(MOST_VALUES // 2))
    over = refused(demo, "/v1/articles", f"tag={half}&source={half}&section=one")
    assert [one["parameter"] for one in over["errors"]] == ["source"] or over["errors"]
    assert f"At most {MOST_VALUES} values" in over["errors"][0]["detail"]
    within = refused(demo, "/v1/articles", f"tag={half}&source={half}")
    assert len(within["errors"]) == MOST_VALUES, "each is told"
    many = ",".join(f"x{number}" for number in range(51))
    assert "50" in refused(demo, "/v1/articles", f"tag={many}")["errors"][0]["detail"]
    assert "20 includes" in refused(demo, "/v1/articles", f"include={many}")["errors"][0]["detail"]


@pytest.mark.parametrize(
    "query",
    [
        "tag=" + ",".join(f"electio{number}" for number in range(50)),
        "&".join(f"kind=new{number}" for number in range(90)),
        "&".join(["source=reuters:photograph"] * 90),
        "include=" + ",".join(["bodi"] * 20),
        "tag=" + "x" * 4000, "kind=" + "n" * 8000, "n" * 8000 + "=1", "fields=" + "h" * 8000,
        "facets=" + ",".join(f"tag{number}" for number in range(900)),
    ],
)  # fmt: skip
def test_hints_for_unknown_names_have_a_budget(
    demo: Client, compared: list[str], query: str
) -> None:
    refused(demo, "/v1/articles", query)
    assert len(compared) <= MOST_FAULTS
    assert max(map(len, compared), default=0) <= hints.LONGEST


@pytest.mark.parametrize("name", ["t", "x" * 100])
def test_many_names_are_looked_up_by_two_statements(
    demo: Client, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    statements: list[str] = []

    def counting(original: Any) -> Any:
        async def rows(self: Any, sql: str, *more: Any, **named: Any) -> Any:
            statements.append(sql)
            return await original(self, sql, *more, **named)

        return rows

    for reader in (SQLiteReader, PostgreSQLReader):
        monkeypatch.setattr(reader, "rows", counting(reader.rows))
    names = [f"{name}{number}" for number in range(MOST_VALUES // 2)]
    query = "&".join(f"{noun}={','.join(names)}" for noun in ("tag", "source"))
    if len(query) > LONGEST_QUERY:
        query = f"tag={','.join(names)}"
    errors = refused(demo, "/v1/articles", query)["errors"]
    assert len(errors) >= len(names)
    assert len(statements) <= 2


def test_hints_for_unknown_fields_have_a_budget(editor: Client, compared: list[str]) -> None:
    base = {"lang": "en", "headline": "A story"}
    unknown = {f"headlin{number}": 1 for number in range(20_000)}
    block = {"type": "paragraph", "text": "Words."} | {f"tex{number}": 1 for number in range(5000)}
    for sent in (base | unknown, base | {"body": [block] * 3}, base | {"x" * 100_000: 1}):
        answer = editor.post("/v1/articles", json=sent)
        assert answer.status_code == 422
        assert 1 <= len(answer.json()["errors"]) <= MOST_BODY_FAULTS
        assert len(compared) <= MOST_HINTS
        compared.clear()
    near = editor.post("/v1/articles", json=base | {"Headlines": 1}).json()["errors"]
    assert near[0]["detail"] == "Unknown field. Did you mean 'headline'?"


@pytest.mark.parametrize("name", ["tags", "sections", "related", "contributors", "attributions"])
def test_relations_of_a_body_are_counted_before_they_are_looked_up(
    editor: Client, name: str
) -> None:
    sent = {"lang": "en", "headline": "A story", name: [f"unknown-{n}" for n in range(10_000)]}
    answer = editor.post("/v1/articles", json=sent)
    assert answer.status_code == 422
    assert len(answer.json()["errors"]) <= MOST_BODY_FAULTS


def test_errors_of_patch_operations_have_a_budget(editor: Client, compared: list[str]) -> None:
    made = editor.post("/v1/articles", json={"lang": "en", "headline": "A story"})
    headers = {"If-Match": made.headers["ETag"], "Content-Type": "application/json-patch+json"}
    sent = [{"op": f"replac{number}", "path": "/headline"} for number in range(900)]
    answer = editor.patch(f"/v1/articles/{made.json()['id']}", json=sent, headers=headers)
    assert answer.status_code == 422
    assert len(compared) <= MOST_HINTS
