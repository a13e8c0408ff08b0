"""Random expressions of the list grammar against an evaluator in Python that knows no SQL: the same
stories in the same order, over all pages, there and back, with the same count and facets."""

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import Session

from app.db.database import Database
from app.desk import withdrawals
from app.desk.articles import publishing
from app.desk.catalog import verbs
from app.desk.transaction import at_desk
from app.models.article import ArticleRow, ArticleWrite
from app.models.section import ContributorRow, TagRow
from app.models.withdrawal import WithdrawalWrite
from app.queries import list_plan
from tests.conftest import Client, Signed
from tests.support.lengths import times

EXPRESSIONS = times(120, 500)
STORIES = 240
NOW = datetime.now(UTC).replace(microsecond=0)
START = NOW - timedelta(days=40)
WORDS = ["harbour", "election", "ferry", "budget", "storm", "museum", "bridge"]
SECTIONS = ["world", "world/asia", "world/asia/japan", "sport", "culture"]
TAGS = ["sea", "law", "rain", "rare-one", "music", "trade"]
SOURCES = ["reuters", "afp", "interfax", "ap"]
ROLES = ["origin", "relayed", "quoted"]
PEOPLE = ["rana", "omar", "lea"]
KINDS = ["news", "opinion", "feature", "live"]
LANGS = ["ar", "en", "fr", "en-GB"]
TIMES = ["published", "first_published", "updated", "modified", "corrected"]


@dataclass
class Story:
    """What the evaluator knows of a story."""

    id: str
    state: str
    kind: str
    lang: str
    urgency: int | None
    words: set[str]
    terms: dict[str, set[str]]
    times: dict[str, datetime]
    corrected: list[datetime] = field(default_factory=list)


Wanted = list[tuple[str, str]]


def tell(db: Database) -> list[Story]:
    """A house of stories in every state, many of the same second."""
    chance = random.Random(7)
    with at_desk(db, by="test") as desk:
        for path in SECTIONS:
            verbs.add_section(desk, path, {"ar": path})
        for slug in TAGS:
            row = TagRow(
                slug=slug,
                type="keyword",
                name={"ar": slug},
                created_at=desk.now,
                modified_at=desk.now,
            )
            verbs.add(desk, row)
        for slug in PEOPLE:
            person = ContributorRow(
                slug=slug, name={"ar": slug}, created_at=desk.now, modified_at=desk.now
            )
            verbs.add(desk, person)
    stories = []
    for _ in range(STORIES // 40):
        with at_desk(db, by="test") as desk:
            stories += [one(desk, chance) for _ in range(40)]
    with Session(db.engine) as session:
        for story in stories:
            retime(session, story, chance)
        session.commit()
    return stories


def one(desk: Any, chance: random.Random) -> Story:
    state = chance.choices(
        ["published", "draft", "scheduled", "expired", "unpublished", "killed"], [80, 8, 3, 3, 3, 3]
    )[0]
    at = START + timedelta(days=chance.randrange(30), hours=chance.choice([0, 12]))
    section = chance.choice([None, *SECTIONS])
    tags = [tag for tag in TAGS if chance.random() < (0.02 if tag == "rare-one" else 0.3)]
    cited = [(chance.choice(SOURCES), chance.choice(ROLES)) for _ in range(chance.randrange(3))]
    people = chance.sample(PEOPLE, chance.randrange(3))
    words = chance.sample(WORDS, chance.randrange(1, 4))
    notices = [START + timedelta(days=chance.randrange(40))] if chance.random() < 0.2 else []
    kind, lang = chance.choice(KINDS), chance.choice(LANGS)
    urgency = chance.choice([None, None, 1, 2, 3])
    write = ArticleWrite.model_validate({
        "lang": lang, "kind": kind, "headline": " ".join(words), "urgency": urgency,
        "published_at": NOW + timedelta(days=9) if state == "scheduled" else at,
        "expires_at": NOW - timedelta(days=1) if state == "expired" else None,
        "section": section, "tags": tags,
        "contributors": [{"contributor": slug} for slug in people],
        "attributions": [{"source": slug, "role": role} for slug, role in cited],
        "corrections": [{"kind": "update", "text": {"en": "x"}, "at": when} for when in notices],
    })  # fmt: skip
    row = publishing.create(desk, write)
    if state != "draft":
        publishing.publish(desk, row)
    if state == "unpublished":
        publishing.unpublish(desk, row)
    if state == "killed":
        desk.session.flush()
        withdrawals.withdraw(desk, row.id, WithdrawalWrite.model_validate({"kind": "kill"}))
    up = [section, *parents(section)] if section else []
    return Story(
        row.id, state, kind, lang, urgency, set(words),
        {
            "section": set(up), "tag": set(tags), "contributor": set(people),
            "source": {slug for slug, _ in cited} | {f"{slug}:{role}" for slug, role in cited},
        },
        {}, notices,
    )  # fmt: skip


def parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:at]) for at in range(1, len(parts))]


def retime(session: Session, story: Story, chance: random.Random) -> None:
    """Times of its own for a story, as years of a house would give it."""
    row = session.get_one(ArticleRow, story.id)
    row.modified_at = START + timedelta(days=chance.randrange(30, 60), hours=chance.choice([0, 6]))
    if row.first_published_at:
        row.first_published_at = START + timedelta(days=chance.randrange(30))
        updated = START + timedelta(days=chance.randrange(30, 50))
        row.updated_at = updated if chance.random() < 0.5 else None
    first = row.first_published_at or row.published_at
    story.times = {
        "published": row.published_at, "first_published": first, "modified": row.modified_at,
        "updated": row.updated_at or first, "created": row.created_at,
    }  # fmt: skip
    session.add(row)


def expression(chance: random.Random, stories: list[Story], editor: bool) -> Wanted:
    """A few random parameters that make sense."""
    wanted: Wanted = []
    choices = {
        "section": SECTIONS, "tag": TAGS, "contributor": PEOPLE, "kind": KINDS, "lang": LANGS,
        "urgency": ["1", "2", "3", "9"], "source": [*SOURCES, "reuters:origin", "afp:quoted"],
    }  # fmt: skip
    for _ in range(chance.choice([0, 1, 1, 2, 2, 3, 4])):
        name = chance.choice([*choices, "tag", "section"])
        some = chance.sample(choices[name], chance.choice([1, 1, 1, 2, 3]))
        wanted.append((name, f"{'-' if chance.random() < 0.25 else ''}{','.join(some)}"))
    for name in chance.sample(TIMES, chance.choice([0, 0, 1, 2])):
        end = chance.choice(["_from", "_to"])
        day = START + timedelta(days=chance.randrange(60), hours=chance.choice([0, 12]))
        told = day.date().isoformat() if chance.random() < 0.5 else day.isoformat()
        wanted.append((f"{name}{end}", told))
    if chance.random() < 0.2:
        words = chance.sample(WORDS, chance.choice([1, 2]))
        excluded = f" -{chance.choice(WORDS)}" if chance.random() < 0.3 else ""
        wanted.append(("q", " ".join(words) + excluded))
    if editor:
        states = ["draft", "scheduled", "published", "unpublished", "expired"]
        wanted.append(("state", ",".join(chance.sample(states, chance.choice([1, 1, 2, 3])))))
    if chance.random() < 0.08:
        some = [story.id for story in chance.sample(stories, 12)]
        wanted.append(("ids", ",".join(some)))
    elif chance.random() < 0.6:
        order = chance.choice(["published", "first_published", "updated", "modified", "created"])
        wanted.append(("sort", f"{chance.choice(['-', ''])}{order}_at"))
    chance.shuffle(wanted)
    return wanted


def expected(stories: list[Story], wanted: Wanted) -> list[str]:
    """The ids that a list of these stories has, by the words of the documentation alone."""
    names = dict(wanted)
    states = names.get("state", "published").split(",")
    left = [
        story for story in stories
        if story.state in states and all(meets(story, name, value) for name, value in wanted)
    ]  # fmt: skip
    if "ids" in names:
        there = {story.id for story in left}
        return [id for id in names["ids"].split(",") if id in there]
    sort = names.get("sort", "-created_at" if states == ["draft"] else "-published_at")
    by = sort.strip("-").removesuffix("_at")
    left.sort(key=lambda story: (story.times[by], story.id), reverse=sort.startswith("-"))
    return [story.id for story in left]


def meets(story: Story, name: str, value: str) -> bool:
    if name in ("sort", "state", "ids"):
        return True
    if name == "q":
        words = value.split()
        return all(
            word[1:] not in story.words if word[0] == "-" else word in story.words for word in words
        )
    if name.endswith(("_from", "_to")):
        return in_time(story, name, value)
    has = story.terms.get(name) or {str(getattr(story, name, None))}
    found = bool(has & set(value.removeprefix("-").split(",")))
    return found != value.startswith("-")


def in_time(story: Story, name: str, value: str) -> bool:
    what, end = name.rsplit("_", 1)
    bound = datetime.fromisoformat(value)
    bound = bound.replace(tzinfo=UTC) if bound.tzinfo is None else bound
    times = story.corrected if what == "corrected" else [story.times[what]]
    return any(at >= bound if end == "from" else at < bound for at in times)


def walked(http: httpx.Client, wanted: Wanted, limit: int) -> tuple[list[str], list[str]]:
    """The ids of all pages, from the first to the last and back."""
    there, back, cursor, answers = [], [], None, []
    while True:
        page = [*wanted, ("limit", str(limit))] if "ids" not in dict(wanted) else [*wanted]
        answer = http.get("/v1/articles", params=[*page, *([("cursor", cursor)] if cursor else [])])
        assert answer.status_code == 200, (wanted, answer.text)
        answers.append(answer.json())
        there += [one["id"] for one in answers[-1]["items"]]
        cursor = answers[-1]["next"]
        if not cursor:
            break
    back = [one["id"] for one in answers[-1]["items"]]
    while cursor := answers[-1]["prev"]:
        params = [*wanted, ("limit", str(limit)), ("cursor", cursor)]
        answers.append(http.get("/v1/articles", params=params).json())
        back = [one["id"] for one in answers[-1]["items"]] + back
    return there, back


@pytest.mark.parametrize("narrow", [False, True])
def test_random_filter_expressions_match_a_simple_model(
    narrow: bool, client: Client, db: Database, signed: Signed, monkeypatch: pytest.MonkeyPatch
):
    if narrow:  # what is rare and how far a page looks, as a large house has it
        monkeypatch.setattr(list_plan, "RARE", 15)
        monkeypatch.setattr(list_plan, "WINDOW", 25)
    stories, chance = tell(db), random.Random(int(narrow))
    key = signed("editor").headers["authorization"]
    url, seen = client.served.url, 0
    with (
        httpx.Client(base_url=url, timeout=60) as anyone,
        httpx.Client(base_url=url, timeout=60, headers={"Authorization": key}) as editor,
    ):
        for number in range(EXPRESSIONS // 2):
            by_editor = number % 6 == 0
            wanted = expression(chance, stories, by_editor)
            http, right = (editor if by_editor else anyone), expected(stories, wanted)
            there, back = walked(http, wanted, chance.choice([5, 20, 50]))
            assert there == right, wanted
            assert back == right, wanted
            seen += len(right)
            if number % 5 == 0:
                hold_counts(http, wanted, [story for story in stories if story.id in right])
    assert seen > EXPRESSIONS * 5, "most find something"


def hold_counts(http: httpx.Client, wanted: Wanted, right: list[Story]) -> None:
    """Count and facets are those of the list's stories."""
    names = "section,tag,source,contributor,lang,kind"
    answer = http.get(
        "/v1/articles", params=[*wanted, ("count", "exact"), ("facets", names)]
    ).json()
    assert (answer["count"], answer["count_kind"]) == (len(right), "exact"), wanted
    nearly = http.get("/v1/articles", params=[*wanted, ("count", "estimate")]).json()
    assert (nearly["count"], nearly["count_kind"]) == (len(right), "exact"), wanted
    for facet in names.split(","):
        having = Counter(
            value for story in right
            for value in story.terms.get(facet, {str(getattr(story, facet, ""))}) if ":" not in value
        )  # fmt: skip
        assert answer["facets"][facet] == having, (wanted, facet)
