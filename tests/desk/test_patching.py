"""JSON Patch and Merge Patch of stories over HTTP: what they do, what they are refused for."""

import random
import threading
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import httpx
import jsonpatch
import pytest
from sqlmodel import select

from app.db.database import Database
from app.desk.catalog import verbs
from app.desk.transaction import at_desk
from app.errors import Problem
from app.http.edge import LARGEST_BODY
from app.models.source import SourceRow
from app.request import json_patch
from tests.conftest import Client, Signed

Json = dict[str, Any]
PATCH, MERGE = "application/json-patch+json", "application/merge-patch+json"
STORY = {
    "lang": "en",
    "headline": "Rain in the hills",
    "summary": "Wet.",
    "body": [
        {"type": "paragraph", "id": "b1", "text": "It rained."},
        {"type": "heading", "id": "b2", "text": "Outlook", "level": 2},
        {"type": "paragraph", "id": "b3", "text": "It will rain."},
    ],
}


@pytest.fixture
def story(editor: Client) -> Json:
    found: Json = editor.post("/v1/articles", json=STORY).json()
    return found


def send(editor: Client, story: Json, sent: Any, media: str = PATCH) -> httpx.Response:
    headers = {"If-Match": f'"v{story["version"]}"', "Content-Type": media}
    return editor.patch(f"/v1/articles/{story['id']}", json=sent, headers=headers)


def unchanged(editor: Client, story: Json) -> bool:
    now = editor.get(f"/v1/articles/{story['id']}").json()
    return bool(now | {"warnings": []} == story)


def ids(story: Json) -> list[str]:
    return [block["id"] for block in story["body"]]


def test_every_json_patch_operation_works(editor: Client, story: Json) -> None:
    answer = send(editor, story, [
        {"op": "test", "path": "/headline", "value": "Rain in the hills"},
        {"op": "replace", "path": "/headline", "value": "Rain"},
        {"op": "remove", "path": "/summary"},
        {"op": "move", "from": "/body/0", "path": "/body/1"},
        {"op": "copy", "from": "/body/0", "path": "/body/-"},
        {"op": "remove", "path": "/body/3/id"},
        {"op": "add", "path": "/body/1", "value": {"type": "divider"}},
        {"op": "replace", "path": "/body/0/level", "value": 3, "comment": "ignored"},
    ])  # fmt: skip
    assert answer.status_code == 200, answer.text
    after = answer.json()
    assert (after["headline"], after["summary"], after["version"]) == ("Rain", None, 2)
    assert [block["type"] for block in after["body"]] == [
        "heading", "divider", "paragraph", "paragraph", "heading",
    ]  # fmt: skip
    assert after["body"][0]["level"] == 3 and after["body"][4]["level"] == 2
    assert {"b1", "b2", "b3"} < set(ids(after)) and len(set(ids(after))) == 5


def test_blocks_are_addressed_by_id(editor: Client, story: Json) -> None:
    answer = send(editor, story, [
        {"op": "remove", "path": "/body/b1"},
        {"op": "replace", "path": "/body/b3/text", "value": "It will pour."},
        {"op": "move", "from": "/body/b3", "path": "/body/b2"},
        {"op": "add", "path": "/body/b2", "value": {"type": "divider", "id": "d1"}},
        {"op": "test", "path": "/body/b2/text", "value": "Outlook"},
    ])  # fmt: skip
    assert answer.status_code == 200, answer.text
    assert ids(answer.json()) == ["b3", "d1", "b2"]
    assert answer.json()["body"][0]["text"] == "It will pour."


def test_a_failing_operation_applies_nothing(editor: Client, story: Json) -> None:
    answer = send(editor, story, [
        {"op": "replace", "path": "/headline", "value": "Lost"},
        {"op": "remove", "path": "/body/0"},
        {"op": "test", "path": "/body/b3/text", "value": "Something else"},
    ])  # fmt: skip
    assert (answer.status_code, answer.json()["operation"]) == (409, 2)
    assert answer.json()["errors"][0]["pointer"] == "#/2/value"
    assert "operation 2" in answer.json()["detail"]
    assert unchanged(editor, story)


WRONG: list[tuple[Any, dict[str, str]]] = [
    ({"op": "add"}, {"#": "list"}),
    ([1], {"#/0": "object"}),
    ([{"op": "repalce", "path": "/headline", "value": 1}], {"#/0/op": "replace"}),
    ([{"path": "/headline"}, {"op": "add"}, {"op": "move", "path": "/a"}], {
        "#/0/op": "No operation", "#/1/path": "missing", "#/1/value": "missing", "#/2/from": "missing",
    }),
    ([{"op": "remove", "path": "headline"}], {"#/0/path": "pointer"}),
    ([{"op": "remove", "path": "/a~2"}], {"#/0/path": "pointer"}),
    ([{"op": "remove", "path": 7}], {"#/0/path": "pointer"}),
    ([{"op": "remove", "path": "/" * 65}], {"#/0/path": "Deeper"}),
    ([{"op": "remove", "path": ""}], {"#/0/path": "can't go"}),
    ([{"op": "remove", "path": "/nothing"}], {"#/0/path": "no 'nothing'"}),
    ([{"op": "replace", "path": "/nothing", "value": 1}], {"#/0/path": "no 'nothing'"}),
    ([{"op": "add", "path": "/headline/x", "value": 1}], {"#/0/path": "no object"}),
    ([{"op": "remove", "path": "/body/3"}], {"#/0/path": "3 members"}),
    ([{"op": "add", "path": "/body/4", "value": {}}], {"#/0/path": "3 members"}),
    ([{"op": "remove", "path": "/body/-"}], {"#/0/path": "neither"}),
    ([{"op": "remove", "path": "/body/01"}], {"#/0/path": "neither"}),
    ([{"op": "remove", "path": "/body/-1"}], {"#/0/path": "neither"}),
    ([{"op": "remove", "path": "/body/1e0"}], {"#/0/path": "neither"}),
    ([{"op": "remove", "path": "/body/٢"}], {"#/0/path": "neither"}),
    ([{"op": "remove", "path": "/body/" + "9" * 5000}], {"#/0/path": "neither"}),
    ([{"op": "remove", "path": "/body/b9"}], {"#/0/path": "neither"}),
    ([{"op": "move", "from": "/body", "path": "/body/0/x"}], {"#/0/path": "into itself"}),
    ([{"op": "move", "from": "/body/b1", "path": "/body/0/x"}], {"#/0/path": "into itself"}),
    ([{"op": "copy", "from": "/body/9", "path": "/body/0"}], {"#/0/from": "3 members"}),
    ([{"op": "test", "path": "/version", "value": 1}] * 1001, {"#": "1,000"}),
    ([{"op": "replace", "path": "", "value": []}], {"#/0/value": "object"}),
    ([{"op": "replace", "path": "/version", "value": 7}], {"#/0/value": "computed"}),
    ([{"op": "remove", "path": "/version"}], {"#/0/path": "computed"}),
    ([{"op": "add", "path": "/hedline", "value": "x"}], {"#/0/value": "headline"}),
    ([{"op": "remove", "path": "/body/1"}, {"op": "add", "path": "/body/b3/level", "value": 2}],
     {"#/1/value": "Unknown field"}),
    ([{"op": "add", "path": "/body/0", "value": {"type": "paragraph", "who": "x", "text": "t"}},
      {"op": "add", "path": "/body/0", "value": {"type": "divider"}}], {"#/0/value": "no who"}),
    ([{"op": "remove", "path": "/headline"}], {"#/0/path": "required"}),
]  # fmt: skip


@pytest.mark.parametrize(("sent", "wanted"), WRONG, ids=range(len(WRONG)))
def test_errors_point_at_the_operation(
    editor: Client, story: Json, sent: Any, wanted: dict[str, str]
) -> None:
    answer = send(editor, story, sent)
    assert answer.status_code == 422, answer.text
    told = {one["pointer"]: one["detail"] for one in answer.json()["errors"]}
    assert told.keys() == wanted.keys(), told
    for at, words in wanted.items():
        assert words in told[at]
    assert unchanged(editor, story)


def test_a_test_operation_distinguishes_numbers_and_booleans(editor: Client, story: Json) -> None:
    for given, holds in ((2, True), (2.0, True), (True, False), ("2", False), ([2], False)):
        test = {"op": "test", "path": "/body/b2/level", "value": given}
        answer = send(editor, story, [test])
        assert answer.status_code == (200 if holds else 409), given
        story["version"] += holds


def test_a_patch_that_copies_too_much_is_refused(editor: Client, story: Json) -> None:
    bomb = [
        {"op": "add", "path": "/summary", "value": ["x" * 1000]},
        *[{"op": "copy", "from": "/summary", "path": "/summary/-"}] * 900,
    ]
    answer = send(editor, story, bomb)
    assert answer.status_code == 413, answer.text
    assert answer.json()["errors"][0]["pointer"].endswith("/from")
    deep = [{"op": "add", "path": "/a" * n, "value": {}} for n in range(1, 60)]
    nest = [{"op": "add", "path": "/z", "value": {}}]
    for _ in range(15):  # each puts all that is there deeper
        nest += [
            {"op": "move", "from": "/a", "path": "/z/a"},
            {"op": "move", "from": "/z", "path": "/a"},
            {"op": "add", "path": "/z", "value": {}},
        ]
    answer = send(editor, story, deep + nest)
    assert answer.status_code == 422, answer.text
    assert "Nested deeper" in answer.json()["errors"][0]["detail"]
    answer = send(editor, story, [*deep, *nest, {"op": "copy", "from": "/a", "path": "/z"}] * 5)
    assert answer.status_code == 422, answer.text
    assert unchanged(editor, story)
    assert LARGEST_BODY == 10_000_000


def test_a_merge_patch_merges_nested_objects(editor: Client, story: Json) -> None:
    made = send(
        editor, story,
        {"credit_line_override": {"en": "A", "ar": "ب"}, "rights": {"usage_terms": "Ask"}}, MERGE,
    ).json()  # fmt: skip
    changed = send(
        editor, made,
        {"credit_line_override": {"ar": None, "fr": "C"}, "rights": {"public_domain": True},
         "summary": None, "kicker": "Weather"}, MERGE,
    ).json()  # fmt: skip
    assert changed["credit_line_override"] == {"en": "A", "fr": "C"}
    assert changed["rights"]["usage_terms"] == "Ask" and changed["rights"]["public_domain"]
    assert (changed["summary"], changed["kicker"], changed["version"]) == (None, "Weather", 3)
    assert changed["body"] == story["body"]
    for sent, pointer in (
        ({"body": {"b1": {"text": "x"}}}, "#/body"),
        ({"rights": {"nothing": 1}}, "#/rights/nothing"),
        ({"headline": None}, "#/headline"),
        ([], "#"),
    ):
        answer = send(editor, changed, sent, MERGE)
        assert answer.status_code == 422, sent
        assert answer.json()["errors"][0]["pointer"] == pointer


def test_the_second_of_two_simultaneous_patches_gets_412(
    editor: Client, signed: Signed, story: Json
) -> None:
    both = [editor, signed("editor")]

    def added(number: int) -> list[Json]:
        return [{"op": "add", "path": "/body/-", "value": paragraph(number)}]

    def titled(number: int) -> Json:
        return {"kicker": f"From {number}"}

    for media, sent in ((PATCH, added), (MERGE, titled)):
        late = pressed(both, story["id"], media, sent)
        now = editor.get(f"/v1/articles/{story['id']}").json()
        assert send(both[late], now, sent(late), media).status_code == 200
    after = editor.get(f"/v1/articles/{story['id']}").json()
    assert ids(after)[:3] == ["b1", "b2", "b3"]
    assert sorted(block["text"] for block in after["body"][3:]) == ["Of 0", "Of 1"]


def pressed(editors: list[Client], id: str, media: str, sent: Callable[[int], Any]) -> int:
    """Two editors send at once what each made of the same version: who came too late."""
    before = editors[0].get(f"/v1/articles/{id}").json()
    answers: dict[int, int] = {}

    def press(number: int) -> None:
        answers[number] = send(editors[number], before, sent(number), media).status_code

    threads = [threading.Thread(target=press, args=[number]) for number in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers.values()) == [200, 412]
    return next(number for number, status in answers.items() if status == 412)


def paragraph(number: int) -> Json:
    return {"type": "paragraph", "text": f"Of {number}"}


def test_a_rendering_between_read_and_patch_causes_no_conflict(
    editor: Client, story: Json, db: Database
) -> None:
    made = send(editor, story, {"attributions": [{"source": "reuters"}]}, MERGE).json()
    with at_desk(db) as desk:
        source = desk.session.exec(select(SourceRow).where(SourceRow.slug == "reuters")).one()
        verbs.change(desk, source, name={"ar": "ر", "en": "R"})
    answer = send(editor, made, [{"op": "replace", "path": "/headline", "value": "Rain"}])
    assert answer.status_code == 200
    assert answer.json()["credit_line"]["en"] == "Source: R"


def test_operations_match_another_json_patch_library() -> None:
    held = 0
    for seed in range(2_000):
        chance = random.Random(seed)
        document = {"a": value(chance, 3), "b": value(chance, 3)}
        sent = [operation(chance, document) for _ in range(3)]
        try:
            wanted = jsonpatch.apply_patch(deepcopy(document), deepcopy(sent))
        except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException, TypeError, KeyError):
            with pytest.raises(Problem):
                json_patch.Patch(document).apply(json_patch.parse(deepcopy(sent)))
            continue
        held += 1
        done = json_patch.Patch(document).apply(json_patch.parse(deepcopy(sent)))
        assert done == wanted, (seed, document, sent)
    assert held > 200


NAMES = ["a", "b", "a/b", "m~n", "", "0"]


def value(chance: random.Random, depth: int) -> Any:
    if depth == 0 or chance.random() < 0.3:
        return chance.choice([1, 2.5, True, None, "x", ""])
    if chance.random() < 0.4:
        return [value(chance, depth - 1) for _ in range(chance.randrange(4))]
    return {name: value(chance, depth - 1) for name in chance.sample(NAMES, chance.randrange(5))}


def operation(chance: random.Random, document: Json) -> Json:
    """An operation that may fit the document, or not quite."""
    op = chance.choice(["add", "add", "remove", "replace", "move", "copy"])
    there = list(pointers(document))
    sent: Json = {"op": op, "path": chance.choice(there)}
    if op in ("add", "move", "copy") and chance.random() < 0.5:
        sent["path"] += "/" + chance.choice(["a", "-", "0", "1", "m~0n"])
    if op in ("move", "copy"):
        sent["from"] = chance.choice(there)
    elif op != "remove":
        sent["value"] = value(chance, 2)
    return sent


def pointers(document: Any, at: str = "") -> Iterator[str]:
    """Every place below the root."""
    members = document.items() if isinstance(document, dict) else enumerate(document)
    for name, one in members:
        path = f"{at}/{str(name).replace('~', '~0').replace('/', '~1')}"
        yield path
        if isinstance(one, dict | list):
            yield from pointers(one, path)
