"""patch(n) = m: what a diff says makes one version of the other, for a thousand random edits."""

import random
from copy import deepcopy
from typing import Any

import jsonpatch
import orjson
import pytest

from app.delivery import change_summaries
from app.delivery import diff as differing
from app.demo.load import stories
from app.models.version import ChangeKind
from tests.conftest import Client

Json = dict[str, Any]
LEAST: Json = {"html": "", "text": "", "lang": None, "dir": None, "withheld": None}
WHOLE: Json = {
    "kicker": None, "short_headline": None, "summary": None, "lead_image": None, "date_line": None,
    "credit_line": {"en": "Source: us"}, "credit_line_override": None, "byline": None,
    "sections": [], "tags": [], "contributors": [], "related": [], "corrections": [],
    "attributions": [], "rights": {}, "published_at": None, "slug": "s", "url": "u",
}  # fmt: skip


def whole(write: Json) -> Json:
    """Something in the shape of a rendered story."""
    body = [{**LEAST, **block} for block in write.get("body", [])]
    return WHOLE | {
        "kind": "news", "lang": write["lang"], "headline": write["headline"], "body": body,
        "rights": {"territories": None}, "version": 1,
    }  # fmt: skip


DEMO = [whole(story["write"]) for story in stories()]


def edited(chance: random.Random, story: Json) -> Json:
    """The story after an hour of an editor's work."""
    new = deepcopy(story)
    new["version"] += 1
    for _ in range(chance.randrange(1, 6)):
        chance.choice(EDITS)(chance, new)
    return new


def reword(chance: random.Random, story: Json) -> None:
    story[chance.choice(["headline", "kicker", "summary"])] = f"{chance.random()}"


def cut(chance: random.Random, story: Json) -> None:
    if story["body"]:
        story["body"].pop(chance.randrange(len(story["body"])))


def insert(chance: random.Random, story: Json) -> None:
    other = deepcopy(chance.choice(chance.choice([one for one in DEMO if one["body"]])["body"]))
    other["id"] = f"n{chance.random()}"
    story["body"].insert(chance.randrange(len(story["body"]) + 1), other)


def shuffle(chance: random.Random, story: Json) -> None:
    start = chance.randrange(len(story["body"]) + 1)
    part = story["body"][start : start + 4]
    chance.shuffle(part)
    story["body"][start : start + 4] = part


def rewrite(chance: random.Random, story: Json) -> None:
    if story["body"]:
        block = chance.choice(story["body"])
        name = chance.choice([*block.keys() - {"id", "type"}, "x/y~z"])
        block[name] = chance.choice([None, 1, True, 1.0, "…", {"deep": [chance.random()]}])


def drop(chance: random.Random, story: Json) -> None:
    if story["body"]:
        block = chance.choice(story["body"])
        for name in chance.sample([*block.keys() - {"id", "type", "text"}], 1):
            del block[name]


def retype(chance: random.Random, story: Json) -> None:
    if story["body"]:
        chance.choice(story["body"])["type"] = chance.choice(["heading", "quote", "figure"])


def license_(chance: random.Random, story: Json) -> None:
    story["rights"] = chance.choice([{"territories": ["LB"]}, {}, {"a": {"b": 1}}])


EDITS = [reword, cut, insert, insert, shuffle, shuffle, rewrite, drop, retype, license_]


def test_the_patch_of_any_random_edit_gives_the_new_version() -> None:
    for seed in range(1_000):
        chance = random.Random(seed)
        old = chance.choice(DEMO)
        new = edited(chance, edited(chance, old))
        for start, end in ((old, new), (new, old)):
            made = jsonpatch.apply_patch(deepcopy(start), differing.patch(start, end))
            assert exact(made) == exact(end), seed
            told = change_summaries.summary(start, end)
            assert set(change_summaries.in_words(told)) == {"ar", "en", "fr"}


def exact(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def test_a_diff_moves_as_few_blocks_as_possible() -> None:
    def story(order: str) -> Json:
        return DEMO[0] | {"body": [{"id": one, "type": "paragraph"} | LEAST for one in order]}

    for before, after, moves in (
        ("abcdef", "bcdefa", 1), ("abcdef", "fabcde", 1), ("abcdef", "badcfe", 3),
        ("abcdef", "fedcba", 5), ("abcdef", "acebdf", 2), ("abc", "abc", 0),
    ):  # fmt: skip
        old, new = story(before), story(after)
        patch = differing.patch(old, new)
        assert [one["op"] for one in patch] == ["move"] * moves, (before, after)
        assert jsonpatch.apply_patch(old, patch) == new
        told = change_summaries.summary(old, new)
        assert [one["kind"] for one in told] == ["block_moved"] * moves


@pytest.mark.parametrize(
    ("count", "arabic", "english"),
    [
        (1, "أُضيفت فقرة.", "A passage was added."),
        (2, "أُضيفت فقرتان.", "2 passages were added."),
        (3, "أُضيفت 3 فقرات.", "3 passages were added."),
        (11, "أُضيفت 11 فقرة.", "11 passages were added."),
        (100, "أُضيفت 100 فقرة.", "100 passages were added."),
        (103, "أُضيفت 103 فقرات.", "103 passages were added."),
    ],
)
def test_change_summaries_use_the_plural_forms_of_each_language(
    count: int, arabic: str, english: str
) -> None:
    told = change_summaries.in_words([{"kind": "block_added", "type": "paragraph"}] * count)
    assert (told["ar"], told["en"]) == (arabic, english)


def test_every_kind_of_change_has_a_sentence_in_every_language() -> None:
    for lang in change_summaries.phrases():
        for kind in ChangeKind:
            for type in ("paragraph", "figure"):
                told = change_summaries.in_words([{"kind": kind.value, "type": type}])
                assert told[lang].strip() and "{" not in told[lang]


@pytest.mark.public_versions
def test_the_served_diff_turns_one_served_version_into_the_other(
    client: Client, editor: Client
) -> None:
    """Random saves of a real story; every neighbouring pair, and pairs far apart, both ways."""
    chance = random.Random(7)
    story = editor.post("/v1/articles", json={"lang": "ar", "headline": "مطر", "body": []}).json()
    url = f"/v1/articles/{story['id']}"
    story = editor.put(f"{url}/publication").json()
    for number in range(40):
        body = [block for block in story["body"] if chance.random() < 0.9]
        chance.shuffle(body)
        body.insert(chance.randrange(len(body) + 1), paragraph(chance, number))
        if len(body) > 2:
            body[1] = {"id": body[1]["id"], "type": "paragraph", "text": f"{chance.random()}"}
        sent = {"body": body, "headline": chance.choice(["مطر", "ثلج", "ريح"])}
        answer = editor.put(url, json=sent, headers={"If-Match": f'"v{story["version"]}"'})
        assert answer.status_code == 200, answer.text
        story = answer.json()
    versions = {n: client.get(f"{url}/versions/{n}").json() for n in range(1, 42)}
    pairs = [(n, n + 1) for n in range(1, 41)]
    pairs += [(chance.randrange(1, 42), chance.randrange(1, 42)) for _ in range(40)]
    for start, end in pairs:
        diff = client.get(f"{url}/diff?from={start}&to={end}").json()
        assert exact(jsonpatch.apply_patch(deepcopy(versions[start]), diff["patch"])) == exact(
            versions[end]
        )


def paragraph(chance: random.Random, number: int) -> Json:
    return chance.choice([
        {"type": "paragraph", "id": f"p{number}", "html": f"ج <strong>{number}</strong>"},
        {"type": "quote", "id": f"p{number}", "text": f"{number}", "who": "س"},
        {"type": "divider", "id": f"p{number}"},
    ])  # fmt: skip
