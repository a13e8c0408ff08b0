"""What the contract declares of parameters is what the server does: defaults, bounds, repetition. Every
parameter of every operation of openapi.yaml is tried."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urlencode

import httpx
import pytest

from app.db.database import Database
from app.desk import keys
from app.desk.transaction import at_desk
from app.models.key import KeyWrite
from tests.conftest import Client, Maker, Served, copied
from tests.support.contract import Contract

Json = dict[str, Any]
Query = list[tuple[str, str]]
WHOLE = Contract().whole
SAME = (
    "etag",
    "content-type",
    "cache-control",
    "vary",
    "location",
    "last-modified",
    "surrogate-key",
)
"""Headers that an explicit default must not change; `Link` keeps the address as it was sent."""

STORY, OTHER = "harbour-lights", "nothing-here"
NEEDED: dict[str, Query] = {
    "listSearchResults": [("q", "harbour")], "getSuggestions": [("q", "har")],
    "getArticleByUrl": [("url", "{url}")], "getArticleDiff": [("from", "1"), ("to", "1")],
}  # fmt: skip
CONTEXTS: list[Query] = [
    [("state", "draft")], [("include", "body")], [("ids", "{id}")], [("limit", "2")], [("lang", "ar")],
]  # fmt: skip
"""Parameters beside which a default may mean something else."""

NAMES = {
    "/v1/sections/": "coast", "/v1/fronts/": "coast", "/feeds/": "all", "/problems/": "not-found",
}  # fmt: skip


class Operation(NamedTuple):
    method: str
    path: str
    whole: Json

    @property
    def id(self) -> str:
        return str(self.whole["operationId"])

    def parameters(self, place: str) -> list[Json]:
        return [one for one in self.whole.get("parameters", []) if one["in"] == place]


OPERATIONS = [
    Operation(method, path, whole)
    for path, methods in WHOLE["paths"].items() for method, whole in methods.items()
]  # fmt: skip
READS = [one for one in OPERATIONS if one.method == "get"]


def admin_of(served: Served, contract: Contract) -> Client:
    db = Database(served.settings)
    with at_desk(db, by="test") as desk:
        secret = keys.make(desk, KeyWrite.model_validate({"role": "admin"}))[1]
    db.engine.dispose()
    client = Client(served, contract)
    client.headers["Authorization"] = f"Bearer {secret}"
    return client


@pytest.fixture(scope="module")
def desk(demo: Client, contract: Contract) -> Iterator[Client]:
    """Whoever may read everything of the demo stories."""
    with admin_of(demo.served, contract) as client:
        yield client


@pytest.fixture(scope="module")
def alone(
    templates: Maker, contract: Contract, tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[Client]:  # fmt: skip
    """The same on one database: bounds are held before a database is asked."""
    folder = tmp_path_factory.mktemp("bounds")
    served = Served(copied("sqlite", templates("sqlite", True), folder, request))
    with admin_of(served, contract) as client:
        yield client
    served.stop()


def address(client: Client, operation: Operation) -> str:
    """The operation's path with names that lead to something."""
    path = operation.path.replace("{number}", "1").replace("{id_or_slug}", STORY)
    if "{" not in path:
        return path
    before, _, after = path.partition("{")
    name = NAMES.get(before) or first_of(client, before.rstrip("/"))
    return f"{before}{name}{after.partition('}')[2]}"


def first_of(client: Client, path: str) -> str:
    """The id of the first of a list; a name of nothing where there is no such list."""
    found = client.get(path)
    items = found.json().get("items") if found.status_code == 200 else None
    return str(items[0]["id"]) if items else OTHER


def ask(client: Client, path: str, query: Query) -> httpx.Response:
    return client.get(f"{path}?{urlencode(query)}" if query else path)


def defaults(operation: Operation) -> Query:
    return [
        (one["name"], str(one["schema"]["default"]).replace("False", "false"))
        for one in operation.parameters("query") if "default" in one["schema"]
    ]  # fmt: skip


def told(answer: httpx.Response) -> Json:
    """What must be the same: status, body, headers. Links and a feed's own addresses are of the address
    as it was sent, so what was added to it is left out of them."""
    if answer.status_code >= 400:
        problem = {name: one for name, one in answer.json().items() if name != "request_id"}
        return {"status": answer.status_code, "problem": problem}
    headers = {name: answer.headers.get(name) for name in SAME}
    return {"status": answer.status_code, "body": answer.content} | headers


def links(answer: httpx.Response, sent: Query) -> list[str]:
    found = answer.headers.get("link", "")
    for name, value in sent:
        found = re.sub(rf"(?<=[?&]){name}={value}&?", "", found)
    return re.findall(r"<([^>]+?)[?&]?>", found)


def test_the_contract_declares_defaults() -> None:
    assert {name for one in READS for name, _ in defaults(one)} >= {
        "body", "count", "sort", "window", "content", "highlight", "limit", "restored", "latest",
    }  # fmt: skip


@pytest.mark.parametrize(
    "operation", [one for one in READS if defaults(one)], ids=lambda one: one.id
)
def test_sending_a_default_gives_the_same_response(desk: Client, operation: Operation) -> None:
    path, needed = address(desk, operation), NEEDED.get(operation.id, [])
    known = {one["name"] for one in operation.parameters("query")}
    story = desk.get("/v1/articles?limit=1").json()["items"][0]
    for context in [[], *CONTEXTS]:
        if not all(name in known for name, _ in context):
            continue
        base = [(name, value.format(**story)) for name, value in [*needed, *context]]
        if operation.path.endswith("/related") and context:
            continue
        plain = ask(desk, path, base)
        given = {name for name, _ in base}
        sent = [one for one in defaults(operation) if one[0] not in given]
        for some in ([one] for one in sent):
            answer = ask(desk, path, [*base, *some])
            assert told(answer) == told(plain), (base, some)
            assert links(answer, some) == links(plain, []), (base, some)
        assert told(ask(desk, path, [*base, *sent])) == told(plain), (base, sent)
        assert context or plain.status_code == 200, plain.text


def test_a_cursor_is_the_same_with_defaults_and_without(demo: Client) -> None:
    for path in ("/v1/articles?limit=2", "/v1/search?q=harbour&limit=2&sort=newest"):
        plain = demo.get(path).json()
        explicit = demo.get(f"{path}&body=blocks&count=none").json()
        assert plain["next"] == explicit["next"]
        if plain["next"]:
            assert demo.get(f"{path}&body=blocks&cursor={plain['next']}").status_code == 200


# bodies


MINIMAL: dict[str, Json] = {
    "createArticle": {"lang": "en", "headline": "Rain in the hills"},
    "createUpdate": {"headline": "It rains"},
    "correctArticle": {"kind": "correction", "text": {"en": "It did not rain."}},
    "createPreview": {}, "createKey": {"role": "editor"}, "rotateKey": {},
    "createSection": {"name": {"en": "North", "ar": "شمال"}},
    "createTag": {"type": "keyword", "name": {"en": "Rain", "ar": "مطر"}},
    "createContributor": {"name": {"en": "Sami", "ar": "سامي"}},
    "createSource": {"kind": "outlet", "name": {"en": "The Hill", "ar": "التل"}},
    "createDispatch": {"source": "reuters", "item_id": "i-1"},
    "createImage": {}, "createFront": {"name": {"en": "Home", "ar": "الرئيسية"}},
    "createViews": {"article": "x"},
}  # fmt: skip
"""The least that each POST takes."""
VARYING = {
    "id", "slug", "url", "links", "key", "prefix", "hint", "token", "item_id", "created_at", "modified_at",
    "at", "received_at", "expires_at", "replaces", "article", "updated_at", "published_at", "cursor", "path", "api_url",
    "warnings",
}  # fmt: skip
"""Fields that differ between two things made alike."""


def masked(answer: httpx.Response) -> Any:
    return answer.status_code, plain(answer.json() if answer.content else None)


def plain(value: Any) -> Any:
    """JSON without what varies."""
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items() if name not in VARYING}
    return [plain(one) for one in value] if isinstance(value, list) else value


def body_schema(operation: Operation) -> Json:
    content = operation.whole.get("requestBody", {}).get("content", {}).get("application/json", {})
    return resolved(content.get("schema", {}))


def resolved(schema: Json) -> Json:
    for one in [
        schema,
        *schema.get("anyOf", []),
        *schema.get("oneOf", []),
        *schema.get("allOf", []),
    ]:
        if "$ref" in one:
            return resolved(WHOLE["components"]["schemas"][one["$ref"].rpartition("/")[2]])
    return schema


POSTS = [one for one in OPERATIONS if one.method == "post" and body_schema(one)]


@pytest.mark.parametrize("operation", POSTS, ids=lambda one: one.id)
def test_sending_a_default_in_a_body_gives_the_same_response(
    signed: Any, newsroom: Any, operation: Operation
) -> None:
    admin: Client = signed("admin")
    newsroom.make(kind="live")
    least = MINIMAL[operation.id]
    properties = body_schema(operation).get("properties", {})
    given = {name: one["default"] for name, one in properties.items() if "default" in one}

    def send(more: Json) -> Any:
        path = operation.path.replace("{id_or_slug}", newsroom.story["id"])
        if "{id}" in path:
            path = path.replace(
                "{id}", admin.post("/v1/keys", json={"role": "editor"}).json()["id"]
            )
        if operation.id == "correctArticle":
            newsroom.make()
            newsroom.publish()
            path = f"{newsroom.url}/corrections"
        fresh = {"item_id": f"i-{len(sent)}"} if operation.id == "createDispatch" else {}
        sent.append(path)
        return masked(admin.post(path, json=least | fresh | more))

    sent: list[str] = []
    without = send({})
    assert without[0] in (201, 202), without
    for name, default in given.items():
        if name not in least:
            assert send({name: default}) == without, name
    assert send({name: one for name, one in given.items() if name not in least}) == without


def test_every_default_outside_of_the_query_of_a_read_is_tried_below() -> None:
    found = {
        (operation.id, one["name"])
        for operation in OPERATIONS
        for one in operation.whole.get("parameters", [])
        if "default" in one["schema"] and (operation.method != "get" or one["in"] != "query")
    }
    assert found == {
        ("replaceArticle", "detach"), ("updateArticle", "detach"),
        ("withdrawArticle", "translations"), ("restoreArticle", "translations"),
    }  # fmt: skip


@pytest.mark.parametrize("query", ["", "?detach=false"])
def test_sending_a_default_in_a_write_changes_nothing(newsroom: Any, query: str) -> None:
    story = newsroom.make()
    text = {"body": [{"type": "paragraph", "id": "b1", "text": "x"}]}
    put = newsroom.editor.put(newsroom.url + query, json=text, headers={"If-Match": '"v1"'})
    assert (put.status_code, len(put.json()["body"])) == (200, 1)
    patch = newsroom.editor.patch(newsroom.url + query, json=text, headers={"If-Match": '"v2"'})
    assert (patch.status_code, patch.json()["id"]) == (200, story["id"])


@pytest.mark.parametrize("query", ["", "?translations=false"])
def test_sending_a_default_in_a_withdrawal_changes_nothing(newsroom: Any, query: str) -> None:
    newsroom.make()
    newsroom.publish()
    told = newsroom.editor.put(f"{newsroom.url}/withdrawal{query}", json={"kind": "kill"})
    assert told.status_code == 200, told.text
    body = {"reason": "mistaken"}
    back = newsroom.editor.request("DELETE", f"{newsroom.url}/withdrawal{query}", json=body)
    assert back.status_code == 200, back.text


# bounds


WRONG_NUMBERS = ("+5", "05", "٥", "1_0", "5.0", "0x5", "true", "1e1")
WRONG_TRUTHS = ("1", "yes", "True", "on")
IDS = [f"art_{number}" for number in range(101)]
PATTERNS = {
    "lang": (["ar", "zh-Hant"], ["x!", "a", "ar_EG"]),
    "ids": ([",".join(IDS[:100])], [",".join(IDS), "x", "art_1,,art_2"]),
    "display": (["ar,en,fr,de,es"], ["ar,en,fr,de,es,it", "ar,,en"]),
    "Idempotency-Key": (["a", "a b", "!~[]"], ['a"b', "a\\b", "a" * 256, "ä"]),
}  # fmt: skip
"""Values that a pattern admits, and values that it doesn't."""


def refused(answer: httpx.Response, name: str) -> bool:
    if answer.status_code != 400:
        return False
    return any(one.get("parameter") == name for one in answer.json()["errors"])


def cases(one: Json) -> tuple[list[Query], list[Query]]:
    """What must be taken of a parameter, and what must be refused."""
    name, schema = one["name"], one["schema"]
    good: list[str] = []
    bad: list[str] = []
    if schema["type"] == "integer":
        least, most = schema["minimum"], schema["maximum"]  # every number has bounds
        good, bad = [str(least), str(most)], [str(least - 1), str(most + 1), *WRONG_NUMBERS]
    elif schema["type"] == "boolean":
        good, bad = ["true", "false"], [*WRONG_TRUTHS]
    elif "enum" in schema:
        good, bad = schema["enum"], ["zzz"]
    elif "maxLength" in schema:
        good, bad = ["a" * schema["maxLength"]], ["a" * (schema["maxLength"] + 1)]
    if "pattern" in schema:
        good, bad = PATTERNS[name]
        assert all(re.search(schema["pattern"], value) for value in good), name
        longest = schema.get("maxLength", 10_000)
        assert not any(re.search(schema["pattern"], v) and len(v) <= longest for v in bad), name
    taken, left = [[(name, value)] for value in good], [[(name, value)] for value in bad]
    if schema["type"] == "array":
        some = {"kind": "news", "lang": "ar", "urgency": "1"}.get(name, "-zzz")
        left.append([(name, some)] * (schema["maxItems"] + 1))
        pattern, word = schema["items"]["pattern"], some.removeprefix("-")
        for value in ("", ",", "-", "-a,-b", "a,,b", ",".join([word] * 51)):
            assert not re.search(pattern, value), (name, value)
            left.append([(name, value)])
        for value in (word, f"-{word}", "a-b,c", ",".join([word] * 50)):
            assert re.search(pattern, value), (name, value)
        if name in ("lang", "urgency"):  # the same words in every list
            taken.append([(name, ",".join([word] * 50))])
    elif good:
        left.append([(name, good[0])] * 2)  # what is no array stands once
    return taken, left


@pytest.mark.parametrize("operation", READS, ids=lambda one: one.id)
def test_values_outside_the_bounds_of_reads_are_400(alone: Client, operation: Operation) -> None:
    path = address(alone, operation)
    for one in operation.parameters("query"):
        name = one["name"]
        needed = [pair for pair in NEEDED.get(operation.id, []) if pair[0] != name]
        if name == "body" and operation.id.startswith("list"):
            needed += [("include", "body")]
        taken, left = cases(one)
        for query in taken:
            if name == "min_change":  # the largest is waited for, once, below
                continue
            answer = ask(alone, path, [*needed, *query])
            assert not refused(answer, name), (name, query[0][1][:60], answer.text[:300])
        for query in left:
            answer = ask(alone, path, [*needed, *query])
            assert refused(answer, name), (name, len(query), query[0][1][:60], answer.text[:300])


def test_values_outside_the_bounds_of_min_change_are_400(alone: Client) -> None:
    assert alone.get("/v1?min_change=0").status_code == 200
    assert alone.get(f"/v1/tags?min_change={2**53 - 1}").status_code == 503


def test_every_read_that_waits_takes_the_header_too(alone: Client) -> None:
    for operation in READS:
        asked = [
            one["schema"] for one in operation.parameters("query") if one["name"] == "min_change"
        ]
        sent = [
            one["schema"]
            for one in operation.parameters("header")
            if one["name"] == "Isnad-Min-Change"
        ]
        assert sent == asked, operation.id
    for value, status in (("0", 200), ("-1", 400), (str(2**53), 400), ("", 400)):
        answer = alone.get("/v1/tags", headers={"Isnad-Min-Change": value})
        assert answer.status_code == status, value


def test_values_outside_the_bounds_of_versions_are_refused(alone: Client) -> None:
    at = f"/v1/articles/{STORY}/versions"
    assert alone.get(f"{at}/1").status_code == 200
    for number in ("0", "1000000000", "01", "١"):
        assert alone.get(f"{at}/{number}").status_code == 404


@pytest.mark.parametrize(
    "operation", [one for one in OPERATIONS if one.method != "get"], ids=lambda one: one.id
)
def test_values_outside_the_bounds_of_writes_are_refused(
    alone: Client, operation: Operation
) -> None:
    """Of headers, and of the query; names lead to nothing, so that nothing is written."""
    path = re.sub(r"{\w+}", OTHER, operation.path)
    head = {"Content-Type": "application/json", "If-Match": '"v1"'}
    for one in operation.parameters("header"):
        if one["name"] != "Idempotency-Key":
            continue
        taken, left = cases(one)
        for query, wrong in [(q, False) for q in taken] + [(q, True) for q in left if len(q) == 1]:
            headers = [*head.items(), ("Idempotency-Key", query[0][1])]
            sent = [(name.encode(), value.encode()) for name, value in headers]
            answer = alone.request(operation.method, path, content=b"{", headers=sent)
            assert refused(answer, "Idempotency-Key") is wrong, (query, answer.text)
    for one in operation.parameters("query"):
        for query in cases(one)[1]:
            asked = f"{path}?{urlencode(query)}"
            answer = alone.request(operation.method, asked, content=b"{}", headers=head)
            assert refused(answer, one["name"]), (query, answer.text)


def test_list_filters_may_repeat_and_other_parameters_may_not() -> None:
    """Repeatable is what the contract calls an array, in the form `name=a&name=b`."""
    arrays = {
        one["name"] for read in READS for one in read.parameters("query")
        if one["schema"]["type"] == "array"
    }  # fmt: skip
    assert arrays >= {"section", "tag", "source", "contributor", "kind", "lang", "urgency"}
    for read in READS:
        for one in read.parameters("query"):
            if one["schema"]["type"] == "array":
                assert (one["style"], one["explode"]) == ("form", True)
                assert "AND" in one["description"] and "OR" in one["description"]


def test_a_repeated_filter_means_and(demo: Client) -> None:
    both = demo.get("/v1/articles?lang=ar&kind=news&section=coast&limit=100").json()["items"]
    one = demo.get("/v1/articles?lang=ar,en&lang=-en&kind=news&section=coast&limit=100").json()[
        "items"
    ]
    assert [card["id"] for card in both] == [card["id"] for card in one] != []


def test_every_number_and_choice_is_declared() -> None:
    """No number without bounds, and no parameter with a schema that says nothing of its type."""
    for operation in OPERATIONS:
        for one in operation.parameters("query") + operation.parameters("path"):
            schema = one["schema"]
            assert schema.get("type") in ("string", "integer", "boolean", "array"), (
                operation.id,
                one,
            )
            if schema["type"] == "integer":
                assert {"minimum", "maximum"} <= schema.keys(), (operation.id, one)
