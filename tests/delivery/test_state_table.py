"""State × route × caller: what each route says of a story in each state. docs/states.md

The routes are those of `openapi.yaml`. A route that has no row in `ROWS` fails: whoever adds one says
here what it tells of a draft, of a story under an embargo, of one that was killed.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from app.change_log.transaction import write_transaction
from app.db.database import Database
from app.desk import keys
from app.desk.transaction import at_desk
from app.models.base import timestamp
from app.models.key import KeyWrite
from app.queries import views
from tests.conftest import KINDS, Client, Maker, Served, copied
from tests.support.contract import Contract
from tests.support.state_house import STATES, WAS_PUBLIC, Told, furnish, noun_word, state_in, word

OPERATIONS = {
    operation["operationId"]: (method.upper(), path)
    for path, methods in Contract().whole["paths"].items()
    for method, operation in methods.items()
}
AHEAD = "2090-01-01T00:00:00Z"
Statuses = dict[str, int]


def statuses(other: int, **more: int) -> Statuses:
    return {state: more.get(state, other) for state in STATES}


READERS = statuses(404, published=200, killed=410)
DESK = statuses(200, killed=410, vanished=404)
SEALED = {"killed": 409, "vanished": 409}


@dataclass
class Row:
    """What a route says. `kind`: how it is asked, below; `readers`, `desk`: statuses by state;
    `asked`: queries to ask it with, or names to put into its path; `sent`: a body that would do."""

    kind: str
    readers: Statuses = field(default_factory=lambda: READERS)
    desk: Statuses = field(default_factory=lambda: DESK)
    asked: tuple[str, ...] = ("",)
    sent: Any = None


def read(*asked: str, **more: Any) -> Row:
    """A read of one story."""
    return Row("story", asked=asked or ("",), **more)


def desk_read(**desk: int) -> Row:
    """A read of one story that is the desk's alone."""
    return Row("story", statuses(401), DESK | desk)


def write(sent: Any = None, **sealed: int) -> Row:
    """A write to a story: what was withdrawn takes none."""
    return Row("write", desk=SEALED | sealed, sent=sent)


def listing(*asked: str) -> Row:
    """A list that shows stories: readers and the desk get those that are out, unless it asks."""
    return Row("list", asked=asked or ("",))


def nouns() -> Row:
    """A list of nouns: readers get those that a story shows which is out."""
    return Row("nouns", asked=("limit=100",))


def noun(name: str) -> Row:
    """A noun that one story alone shows. `name`: of `Told`, or `word`."""
    return Row("noun", statuses(404, published=200), statuses(200), asked=(name,))


def noun_write() -> Row:
    return Row("keyed")


def plain(*asked: str) -> Row:
    """Nothing of any story."""
    return Row("plain", asked=asked or ("",))


HEADLINE = {"headline": "Other words"}
ROWS = {
    "listArticles": listing(
        "limit=100", "ids={ids}", "section=news", "kind=live&lang=en", "published_from=2020-01-01",
    ),
    "listArticleLines": Row("stream", asked=("", "include=body,related,translations", "limit=3")),
    "createArticle": noun_write(),
    "getArticleByUrl": Row("by-url"),
    "getArticle": read("", "lang=en", "body=html", "body=text", "display=en", "include=related"),
    "replaceArticle": write(HEADLINE),
    "updateArticle": write(HEADLINE),
    "deleteArticle": write(),
    "getArticleAttributions": read(),
    "listArticleVersions": read(readers=statuses(401)),
    "getArticleVersion": read(readers=statuses(401)),
    "getArticleDiff": read("from=1&to=2", readers=statuses(401)),
    "getPublication": desk_read(draft=404, scheduled=404, unpublished=404),
    "publishArticle": write(),
    "unpublishArticle": write(),
    "getSchedule": desk_read(**dict.fromkeys(
        ("draft", "embargoed", "published", "unpublished", "expired"), 404)),
    "scheduleArticle": write({"at": AHEAD}),
    "unscheduleArticle": write(),
    "getEmbargo": desk_read(**dict.fromkeys(
        ("draft", "scheduled", "published", "unpublished", "expired"), 404)),
    "embargoArticle": write({"until": AHEAD}),
    "liftEmbargo": write(),
    "getExpiry": desk_read(**dict.fromkeys(
        ("draft", "scheduled", "embargoed", "published", "unpublished"), 404)),
    "expireArticle": write({"at": AHEAD}),
    "keepArticle": write(),
    "getArticleWithdrawal": Row("record", statuses(401), statuses(404, killed=200, vanished=200)),
    "withdrawArticle": Row("write", desk={"killed": 409, "vanished": 409}, sent={}),
    "restoreArticle": Row("write", desk={"killed": 422, "vanished": 422}, sent={}),
    "listWithdrawals": Row("keyed"),
    "listPreviews": desk_read(),
    "createPreview": write({}, killed=410, vanished=404),
    "revokePreview": write(killed=410, vanished=404),
    "correctArticle": write({"kind": "correction", "text": {"en": "x"}}),
    "amendCorrection": write({"text": {"en": "x"}}),
    "getArticleFlags": desk_read(),
    "reviewArticle": write(),
    "getSourceStatus": Row("keyed"), "setSourceStatus": Row("keyed"),
    "clearSourceStatus": Row("keyed"),
    "listUpdates": read("", "after={update}"), "getUpdate": read(),
    "createUpdate": write({"body": []}), "replaceUpdate": write({"headline": "x"}),
    "updateUpdate": write({"headline": "x"}), "removeUpdate": write(),
    "listRelated": read("", "limit=50"),
    "replaceImageFile": noun_write(), "listFronts": plain(), "getFront": Row("front", asked=("home", "news")),
    "createFront": noun_write(), "replaceFront": noun_write(), "updateFront": noun_write(),
    "deleteFront": noun_write(),
    "listSearchResults": listing("q={word}", "q={word}&highlight=html", "q={word}&facets=tag"),
    "createViews": Row("beacon"), "listTrending": Row("trending", asked=("", "window=7d&section=news")),
    "getSuggestions": Row("suggest", asked=("q={word}",)),
    "listChanges": Row("log", asked=(
        "limit=1000",
        "limit=100&noun=article&include=article",
        "limit=100&noun=article&include=card&latest=true",)),
    "getRssFeed": Row("feed", asked=("all.rss", "news.rss")),
    "getAtomFeed": Row("feed", asked=("all.atom", "all.atom?content=summary")),
    "getJsonFeed": Row("feed", asked=("all.json",)),
    "getImageWithdrawal": Row("keyed"), "withdrawImage": Row("keyed"), "restoreImage": Row("keyed"),
    "getDispatchWithdrawal": Row("keyed"), "withdrawDispatch": Row("keyed"),
    "restoreDispatch": Row("keyed"),
    "listDependents": Row("noun", statuses(404, published=200), statuses(200), asked=("word",)),
    "listSections": plain(), "getSection": Row("plain", asked=("news",)),
    "listTags": nouns(), "getTag": noun("word"),
    "listContributors": nouns(), "getContributor": noun("word"),
    "listSources": nouns(), "getSource": noun("word"),
    "listDispatches": nouns(), "getDispatch": noun("dispatch"),
    "listDispatchDependents": noun("dispatch"),
    "listImages": nouns(), "getImage": noun("image"),
    "getMedia": noun("file"),
    **{f"{verb}{name}": noun_write() for verb in ("create", "replace", "update", "delete")
       for name in ("Section", "Tag", "Contributor", "Source", "Dispatch", "Image")},
    **{id: Row("keyed") for id in (
        "listKeys", "createKey", "getKey", "updateKey", "disableKey", "rotateKey")},
    "getApi": plain(), "getHealth": plain(), "getReadiness": plain(),
    "getProblem": Row("plain", asked=("gone",)),
}  # fmt: skip


class House:
    """The stories, and who asks of them."""

    def __init__(self, served: Served, contract: Contract, db: Database) -> None:
        self.db, self.base = db, served.url
        self.told = furnish(db, served.url)
        with at_desk(db, by="test") as desk:
            key = keys.make(desk, KeyWrite.model_validate({"role": "editor"}))[1]
        self.reader, self.editor = Client(served, contract), Client(served, contract)
        self.editor.headers["Authorization"] = f"Bearer {key}"

    def address(self, path: str, story: Told, name: str | None = None) -> str:
        """A route's address for a story."""
        parts = {
            "id_or_slug": name or story.id, "number": "2", "preview_id": story.preview,
            "id": story.update if "/updates/" in path else story.correction,
        }  # fmt: skip
        return re.sub(r"\{(\w+)[^}]*\}", lambda found: parts[found[1]], path)

    def query(self, text: str, state: str = "published") -> str:
        ids = ",".join(one.id for one in self.told.values())
        return text.format(ids=ids, word=word(state), update=self.told[state].update)


@pytest.fixture(scope="module", params=KINDS)
def house(
    request: pytest.FixtureRequest, templates: Maker, contract: Contract,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[House]:  # fmt: skip
    folder = tmp_path_factory.mktemp("states")
    settings = copied(request.param, templates(request.param, False), folder, request)
    served = Served(settings)
    db = Database(served.settings)
    made = House(served, contract, db)
    yield made
    made.reader.close()
    made.editor.close()
    db.engine.dispose()
    served.stop()


def silent(house: House, answer: httpx.Response, open_to: set[str], *echoed: str) -> None:
    """Nothing in an answer tells of a story that its caller may not see. `echoed`: what the address
    itself named."""
    text = answer.text
    for one in echoed:
        text = text.replace(one, "")
    for state, story in house.told.items():
        if state not in open_to:
            found = [secret for secret in story.secrets(state) if secret in text]
            assert not found, (answer.request.method, str(answer.request.url), state, found)


def open_to(house: House, client: Client) -> set[str]:
    """Stories that may show in others, as related ones."""
    return set(STATES) - SEALED.keys() if client is house.editor else {"published"}


def test_every_route_of_the_contract_has_a_row() -> None:
    missing = sorted(OPERATIONS.keys() - ROWS.keys())
    assert not missing, f"say in ROWS what these routes tell of a story in each state: {missing}"
    assert sorted(ROWS.keys() - OPERATIONS.keys()) == [], "rows of routes that are no more"


@pytest.mark.parametrize("operation", OPERATIONS)
def test_each_route_answers_each_state_as_the_table_says(house: House, operation: str) -> None:
    if operation in ROWS:
        ASK[ROWS[operation].kind](house, *OPERATIONS[operation], ROWS[operation])


def test_earlier_versions_are_hidden_with_their_story(house: House) -> None:
    then = timestamp(datetime.now(UTC) - timedelta(hours=5.5))
    seen = statuses(404, published=200, unpublished=200, expired=200, killed=410)
    row = Row("story", statuses(401), seen, (f"as_of={then}",))
    story(house, "GET", "/v1/articles/{id_or_slug}", row)


def story(house: House, method: str, path: str, row: Row) -> None:
    """One story, by id, by slug and by a slug that it had."""
    for state, told in house.told.items():
        for client, wanted in ((house.reader, row.readers), (house.editor, row.desk)):
            former = [told.former] if state in WAS_PUBLIC else []
            for name in (told.id, told.slug, *former):
                for asked in row.asked:
                    address = house.address(path, told, name)
                    answer = client.request(
                        method, f"{address}?{house.query(asked, state)}".rstrip("?"),
                        follow_redirects=True,
                    )  # fmt: skip
                    seen = (answer.status_code, asked)
                    assert seen == (wanted[state], asked), (state, name, answer.text[:300])
                    own = {state} if answer.status_code == 200 else set()
                    silent(house, answer, open_to(house, client) | own, name)
                    kept = answer.headers.get("cache-control", "")
                    if answer.status_code in (404, 410) and "s-maxage=" in kept:
                        assert int(kept.partition("s-maxage=")[2]) <= 30


def by_url(house: House, method: str, path: str, row: Row) -> None:
    for state, told in house.told.items():
        for client, wanted in ((house.reader, row.readers), (house.editor, row.desk)):
            answer = client.get(path, params={"url": told.page})
            assert answer.status_code == wanted[state], (state, answer.text)
            own = {state} if answer.status_code == 200 else set()
            silent(house, answer, open_to(house, client) | own, told.slug)


def record(house: House, method: str, path: str, row: Row) -> None:
    """The record of a withdrawal: the desk reads it, and it has nothing of the story's text."""
    for state, told in house.told.items():
        address = house.address(path, told)
        assert house.reader.get(address).status_code == row.readers[state]
        answer = house.editor.get(address)
        assert answer.status_code == row.desk[state]
        silent(house, answer, {"published"}, told.slug, f'"reason":"{word(state)}"')


def a_write(house: House, method: str, path: str, row: Row) -> None:
    """Nobody without a key; of what was withdrawn nothing is changed, and nothing is told."""
    for state, told in house.told.items():
        address, before = house.address(path, told), state_in(house.db, told.id)
        refused = house.reader.request(method, address, json=row.sent)
        assert refused.status_code == 401
        silent(house, refused, set())
        if state not in row.desk:
            continue
        answer = house.editor.request(method, address, json=row.sent, headers={"If-Match": "*"})
        assert answer.status_code == row.desk[state], (state, answer.text)
        silent(house, answer, set(), told.slug)
        assert state_in(house.db, told.id) == before


def a_suggest(house: House, method: str, path: str, row: Row) -> None:
    """What completes as one types names stories and nouns of stories that are out, also to the desk."""
    for state in STATES:
        query = house.query(row.asked[0], state)
        for client in (house.reader, house.editor):
            answer = client.get(f"{path}?{query}")
            assert answer.status_code == 200, (query, answer.text)
            found = {one["id"] for one in answer.json()["completions"]}
            assert found <= {house.told["published"].id}, query
            if client is house.reader:
                silent(house, answer, {"published"}, word(state))


def a_list(house: House, method: str, path: str, row: Row) -> None:
    for state in STATES:
        for asked in row.asked:
            query = house.query(asked, state)
            for client in (house.reader, house.editor):
                answer = client.get(f"{path}?{query}")
                assert answer.status_code == 200, (query, answer.text)
                ids = {one["id"] for one in answer.json()["items"]}
                hit = word(state) not in query or state == "published"
                assert ids == ({house.told["published"].id} if hit else set()), query
                silent(house, answer, {"published"}, word(state) if word(state) in query else "")
            if "state" in str(house.editor.contract.whole["paths"][path]["get"]["parameters"]):
                all_states(house, path, query)
    for name in ("tag", "contributor", "source"):
        for state in STATES:
            named = house.reader.get(
                f"{path}?{name}={noun_word(state)}&{row.asked[0].format(ids='', word='x')}"
            )
            unknown = house.reader.get(
                f"{path}?{name}=nothing&{row.asked[0].format(ids='', word='x')}"
            )
            if state != "published":
                assert named.status_code == unknown.status_code == 400, (name, state)


def all_states(house: House, path: str, query: str) -> None:
    """The desk asks for every state: withdrawn stories are in none."""
    states = "draft,scheduled,published,unpublished,expired"
    answer = house.editor.get(f"{path}?{query}&state={states}")
    assert answer.status_code == 200, answer.text
    silent(house, answer, set(STATES) - {"killed", "vanished"}, word("killed"), word("vanished"))
    assert house.reader.get(f"{path}?{query}&state={states}").status_code == 403


def log(house: House, method: str, path: str, row: Row) -> None:
    """Readers know of what was public that it was, and of what vanished an id."""
    for asked in row.asked:
        answer = house.reader.get(f"{path}?{asked}")
        assert answer.status_code == 200
        for state, told in house.told.items():
            assert (told.id in answer.text) == (state in WAS_PUBLIC), state
            if state == "vanished" or state not in WAS_PUBLIC:
                assert not [one for one in told.secrets(state) if one in answer.text], state
            elif state != "published":  # its name was public; its words are not any more
                assert f"the {word(state)}" not in answer.text.lower(), state
        for change in answer.json()["items"]:
            if change["id"] == house.told["vanished"].id:
                assert (change["type"], change["slug"], change["item"]) == ("removed", None, None)
        desk = house.editor.get(f"{path}?{asked}")
        silent(house, desk, set(STATES) - {"vanished"})
        assert f"the {word('killed')}" not in desk.text.lower()


def feed(house: House, method: str, path: str, row: Row) -> None:
    for asked in row.asked:
        for client in (house.reader, house.editor):
            answer = client.get(f"/feeds/{asked}")
            assert answer.status_code == 200
            assert word("published") in answer.text
            silent(house, answer, {"published"})


def stream(house: House, method: str, path: str, row: Row) -> None:
    """A list that shows what is out; what stands beside its stories the desk sees as in each."""
    for asked in row.asked:
        for client in (house.reader, house.editor):
            answer = client.get(f"{path}?{asked}")
            assert answer.status_code == 200
            assert word("published") in answer.text
            if client is house.reader or "include" not in asked:
                silent(house, answer, {"published"})


def beacon(house: House, method: str, path: str, row: Row) -> None:
    """Whatever story it is of, a view is answered alike; those that are out are counted alone."""
    viewing = house.reader.served.app.state.viewing
    for told in house.told.values():
        for name in (told.id, told.slug, told.former):
            person = {"User-Agent": "Mozilla/5.0"}
            answer = house.reader.post(path, json={"article": name}, headers=person)
            assert (answer.status_code, answer.content) == (202, b"")
    viewing.write()
    trending(house, "GET", "/v1/trending", Row("trending"))


def trending(house: House, method: str, path: str, row: Row) -> None:
    """A list of what was opened, as if every story had been."""
    with write_transaction(house.db) as session:
        hour = views.hour_of(datetime.now(UTC))
        views.add_counts(session, [(hour, one.id, 9) for one in house.told.values()])
    for asked in row.asked:
        for client in (house.reader, house.editor):
            answer = client.get(f"{path}?{asked}")
            assert [one["id"] for one in answer.json()["items"]] == [house.told["published"].id]
            silent(house, answer, {"published"})


def front(house: House, method: str, path: str, row: Row) -> None:
    """A screen on which every story was put; its banner leads to a draft."""
    for asked in row.asked:
        for client in (house.reader, house.editor):
            answer = client.get(f"/v1/fronts/{asked}?lang=en")
            assert answer.status_code == 200
            shown = [one["article"]["id"] for one in answer.json()["slots"]]
            assert shown == [house.told["published"].id]
            assert (answer.json()["banner"] or {}).get("article") is None
            silent(house, answer, {"published"})


def a_noun(house: House, method: str, path: str, row: Row) -> None:
    [name] = row.asked
    for state, told in house.told.items():
        named = noun_word(state) if name == "word" else getattr(told, name)
        address = re.sub(r"\{\w+[^}]*\}", named, path)
        for client, wanted in ((house.reader, row.readers), (house.editor, row.desk)):
            answer = client.get(address)
            assert answer.status_code == wanted[state], (state, answer.text)
            desk = client is house.editor
            shown = set(STATES) - {"killed", "vanished"} if desk else {"published"}
            silent(house, answer, shown)


def some_nouns(house: House, method: str, path: str, row: Row) -> None:
    answer = house.reader.get(f"{path}?{row.asked[0]}")
    assert [state for state in STATES if noun_word(state) in answer.text] in (["published"], [])
    silent(house, answer, {"published"})
    desk = house.editor.get(f"{path}?{row.asked[0]}")
    assert desk.status_code == 200
    silent(house, desk, set(STATES) - {"killed", "vanished"})


def nothing(house: House, method: str, path: str, row: Row) -> None:
    for asked in row.asked:
        address = re.sub(r"\{\w+[^}]*\}", asked, path)
        for client in (house.reader, house.editor):
            answer = client.request(method, address)
            assert answer.status_code == 200
            silent(house, answer, set())


def keyed(house: House, method: str, path: str, row: Row) -> None:
    """Without a key nothing is said."""
    for told in house.told.values():
        for name in (told.id, told.image, told.dispatch):
            address = re.sub(r"\{\w+[^}]*\}", name, path)
            answer = house.reader.request(method, address, json={} if method != "GET" else None)
            assert answer.status_code == 401
            silent(house, answer, set())


ASK = {
    "story": story, "by-url": by_url, "record": record, "write": a_write, "list": a_list, "suggest": a_suggest,
    "log": log, "feed": feed, "stream": stream, "front": front, "beacon": beacon, "trending": trending, "noun": a_noun, "nouns": some_nouns, "plain": nothing, "keyed": keyed,
}  # fmt: skip


LOG = "/v1/changes"
EXTRA = {
    "listArticles": (
        "limit=100&include=body,related,translations,attributions,corrections,updates,rights,jsonld",
        "limit=100&count=exact&facets=tag,source,section,contributor,kind",
        "fields=headline,links,attributions&include=attributions", "q={word}&count=exact",
        "source={noun}:reported", "tag=-{noun}", "tag={near}", "source={near}", "contributor={near}",
        "source_status=killed,corrected", "state=draft", "ids={id}", "corrected_from=2020-01-01",
    ),
    "listSearchResults": (
        "q={near}", "q=words*", "q={noun}", "q={word}&highlight=html&facets=tag,source&count=exact",
        "q=The&tag={near}", "q=words%20here&include=related",
    ),
    "getSuggestions": ("q={near}", "q=noun", "q=words", "q={noun}", "q=now-"),
    "listTags": ("q={noun}", "q=noun&facets=type&count=exact"),
    "listSources": ("q={noun}", "q=noun&facets=kind,country&count=exact", "lang=ar&count=exact"),
    "listContributors": ("q={noun}", "q=noun&count=exact", "role=reporter"),
    "listImages": ("q={noun}", "source={noun}", "source={near}", "facets=source&count=exact"),
    "listDispatches": ("source={noun}", "source={near}", "source_status=killed", "count=exact"),
    "listChanges": ("limit=1000", "limit=100&include=article", "noun=source,tag,image,dispatch"),
    "listTrending": ("window=7d&tag={noun}", "limit=37"),
    "getArticle": ("include=related,translations,jsonld,versions", "as_of=2026-11-29", "body=html",
                   "fields=links,related", "lang=ar"),
    "listRelated": ("limit=50&fields=headline",),
    "listArticleLines": ("include=body,related,attributions,jsonld", "tag={noun}", "ids={id}"),
    "getArticleDiff": ("from=1&to=2",),
    "getFeed": ("tag={noun}", "content=summary", "source={near}"),
}  # fmt: skip
"""Queries of the leak test, beside those of `ROWS`."""


def probes(house: House) -> Iterator[tuple[str, str]]:
    """Addresses, each with what it names itself and may repeat."""
    for operation, (method, path) in OPERATIONS.items():
        if method != "GET" or operation not in ROWS:
            continue
        queries = dict.fromkeys(["", *EXTRA.get(operation, ())])
        if operation == "listTrending":  # kept for 30 s, whatever is counted meanwhile
            queries.pop("")
        if ROWS[operation].kind in ("story", "list", "stream"):
            queries |= dict.fromkeys(ROWS[operation].asked)
        for state, told in house.told.items():
            for address in addresses(path, state, told):
                for query in queries:
                    given = query.format(
                        word=word(state), noun=noun_word(state), near=noun_word(state)[:-1],
                        id=told.id, ids=told.id, update=told.update,
                    )  # fmt: skip
                    yield f"{address}?{given}".rstrip("?"), state


def addresses(path: str, state: str, told: Told) -> Iterator[str]:
    """A route's addresses for what belongs to an article in a state, by every name that it has."""
    if "{" not in path:
        yield path if path != "/v1/articles/by-url" else f"{path}?url={told.page}"
        return
    beside = {
        "number": "1", "preview_id": told.preview, "feed": "all.atom", "code": "gone",
        "id": told.update if "/updates/" in path else told.image if "/images/" in path
        else told.dispatch,
    }  # fmt: skip
    names = [told.id, told.slug, told.former]
    if "{id_or_slug}" not in path:
        names = [noun_word(state), noun_word(state)[:-1], told.image, told.dispatch, told.file]
    named = any(one in path for one in ("{name}", "{id_or_slug}", "/media/"))
    for name in names if named else [""]:
        values = re.findall(r"\{(\w+)[^}]*\}", path)
        address = path
        for one in values:
            address = re.sub(rf"\{{{one}[^}}]*\}}", beside.get(one, name), address)
        yield address


def markers(state: str, told: Told, log: bool) -> set[str]:
    """What shows that an answer was made from a hidden article or from what only it uses."""
    if state == "published":
        return {f"desk{state}", f"item{state}"}
    found = {
        f"words{state}", f"noun{state}", f"desk{state}", f"item{state}", told.slug, told.former,
        told.page, told.file, told.id, told.image, told.dispatch, told.source, told.update,
        told.preview, told.correction,
    }  # fmt: skip
    if log and state in WAS_PUBLIC:  # the log says that it came out and went
        found -= {told.id} if state == "vanished" else {told.id, told.slug, told.former, told.page}
        found -= {f"words{state}"} if state != "vanished" else set()
    return {one for one in found if one and one != "cor_none"}


def names_in(address: str, told: dict[str, Told]) -> set[str]:
    """The markers that an address has itself: its answer may repeat them."""
    return {
        one for state, story in told.items() for one in markers(state, story, False)
        if one in address
    }  # fmt: skip


def test_no_answer_shows_what_the_caller_may_not_see(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    """Body and every header of every GET, for anonymous, readers and partners."""
    callers = {"anonymous": house.reader.headers.get("authorization", "")}
    with at_desk(house.db, by="test") as desk:
        for role in ("reader", "partner"):
            sent = {"role": role} | ({"partner": "coast"} if role == "partner" else {})
            made = keys.make(desk, KeyWrite.model_validate(sent))[1]
            callers[role] = f"Bearer {made}"
    hidden = {
        log: [(state, markers(state, one, log)) for state, one in house.told.items()]
        for log in (False, True)
    }
    count, leaks = 0, []
    asked = dict.fromkeys(address for address, _ in probes(house))
    with httpx.Client(base_url=house.base, timeout=60) as client:
        for role, key in callers.items():
            for address in asked:
                headers = {"Authorization": key} if key else {}
                answer = client.get(address, headers=headers)
                assert answer.status_code < 500, (role, address, answer.text)
                count += 1
                said = f"{answer.text}\n{answer.headers}"
                echoed = names_in(address, house.told)
                if ".atom" in address:  # RFC 6721: what was killed is told by its id
                    echoed = echoed | {house.told["killed"].id}
                for state, some in hidden[address.startswith(LOG)]:
                    if shown := [one for one in some - echoed if one in said]:
                        leaks.append((role, address, state, shown))
    with capsys.disabled():
        sys.stdout.write(f"\nleak test: {count} probes, {len(leaks)} show something unseen\n")
    assert not leaks, (len(leaks), leaks[:12])
    assert count > 1_700
