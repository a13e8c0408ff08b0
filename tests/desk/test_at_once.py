"""The same thing made by many at the same moment: each gets a name of its own, and none an error."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from app.desk.articles import publishing
from app.desk.resolver import Resolver
from app.desk.transaction import at_desk
from app.language import slugs
from tests.conftest import Client

MANY = 50
NOUNS = {
    "tags": {"type": "keyword", "name": {"ar": "وسم"}},
    "contributors": {"name": {"ar": "كاتب"}},
    "sources": {"kind": "outlet", "name": {"ar": "جريدة"}},
    "sections": {"name": {"ar": "قسم"}},
    "fronts": {"name": {"ar": "واجهة"}},
}


def all_made(editor: Client, path: str, sent: object, many: int) -> list[str]:
    """The slugs that so many get who send the same at once."""
    with ThreadPoolExecutor(many) as threads:
        answers = list(threads.map(lambda _: editor.post(path, json=sent), range(many)))
    assert {answer.status_code for answer in answers} == {201}, [one.text for one in answers]
    made = [answer.json()["slug"] for answer in answers]
    assert len(set(made)) == many
    return made


def test_fifty_simultaneous_stories_with_one_headline_get_different_slugs(editor: Client) -> None:
    made = all_made(editor, "/v1/articles", {"lang": "en", "headline": "Storm warning"}, MANY)
    numbered = {f"storm-warning-{number}" for number in range(2, MANY + 1)}
    assert set(made) == {"storm-warning", *numbered}


def test_simultaneous_catalog_items_with_one_name_get_different_slugs(editor: Client) -> None:
    for plural, sent in NOUNS.items():
        all_made(editor, f"/v1/{plural}", sent, 8)


def test_simultaneous_imports_create_a_new_source_once(db) -> None:
    def take(number: int) -> tuple[str | None, ...]:
        with at_desk(db, by="test") as desk:
            resolver = Resolver(desk, making=True)
            return (
                resolver.tag("A new tag", "#"), resolver.contributor("A. New", "#"),
                resolver.source("New Wire", "#"),
            )  # fmt: skip

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(take, range(8)))) == 1


@pytest.mark.parametrize(
    ("headline", "other"),
    [
        ("Storm", "Storm 2"), ("Storm 2", "Storm 2 3"), ("Plan 9 10", "Plan 9"),
        ("x" * 90, "x" * 80), ("y" * 72 + " 12 345678", "y" * 72 + " 12"),
    ],
)  # fmt: skip
def test_slugs_that_may_meet_are_of_one_family(headline: str, other: str) -> None:
    found = set()
    for text in (headline, other):
        base = slugs.slugify(text)
        numbered = f"{base[: slugs.LONGEST - 6].rstrip('-')}-12345"
        found |= {publishing.family(slugs.key(slug)) for slug in (base, numbered)}
    assert len(found) == 1
