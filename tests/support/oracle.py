"""Whether the response cache ever answers what a fresh process would not.

    python -m tests.support.oracle                           200 writes, every address after each, both databases
    python -m tests.support.oracle --writes 60 --asked 40    shorter: of some addresses, by chance

A house is served with its cache; another process serves the same database with none. Writes of every
kind happen, through the one and through the other, and moments pass by the clock. After each the house
is asked for addresses that it has answered before, and must say what the other one says: on SQLite and
after its own writes with the next answer; after another's with `Isnad-Min-Change`, or within a second.
Some are asked for with a key too: it passes the cache by, but not what else a process remembers.
"""

import argparse
import contextlib
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import quote

import httpx
from sqlmodel import select

from app import worker
from app.cache._store import NEVER
from app.cache.response_cache import ResponseCache
from app.change_log.transaction import write_transaction
from app.config import Settings
from app.db import migrate
from app.db.database import Database
from app.demo.load import load
from app.desk import keys
from app.desk.catalog import seed as seeding
from app.desk.transaction import at_desk
from app.models.article import MomentRow
from app.models.key import KeyRole, KeyWrite
from app.queries import views
from app.search_index import active_index
from tests.conftest import Served
from tests.support.databases import fresh_postgres, postgres_url

Json = dict[str, Any]
SAME = (
    "etag", "content-type", "last-modified", "vary", "link", "surrogate-key", "content-encoding",
    "access-control-allow-origin",
)  # fmt: skip
"""Headers that must be the same, whoever answers."""

LIFETIME = re.compile(r"s-maxage=(\d+)")
OF_ONE = (
    "fields=headline,section.name,lead_image(url,source.name),related(headline,url)&include=related(limit=3)",
    "include=translations,versions(limit=2),jsonld", "fields=headline,contributors.name,updates.newest.at",
)  # fmt: skip
OF_LISTS = (
    "fields=headline,section.name.ar", "fields=url,lead_image(credit,url,withheld)&limit=5",
    "include=related(limit=2),translations&limit=4", "include=body&body=html&limit=3",
    "include=versions(limit=2)&fields=headline,versions&limit=5", "include=jsonld,rights&limit=4",
    "count=exact", "count=estimate&lang=ar&limit=2", "facets=section,tag,source,contributor,lang,kind",
    "q=harbour&count=exact&facets=lang", "sort=-updated_at&fields=headline,updated_at",
    "sort=modified_at&limit=4", "updated_from=2025-01-01&count=exact&limit=3",
    "fields=contributors(name,role),display&display=ar-LB",
)  # fmt: skip
OF_LINES = ("", "?lang=ar&fields=headline,url", "?include=body,related(limit=2)&limit=10")
TRENDING = ("", "?window=7d&lang=ar", "?fields=headline,section.name,views", "?limit=3&display=en")
ELSEWHERE = (
    "/v1/search?q=harbour&fields=headline,highlights(snippet)", "/v1/search?q=storm&include=related(limit=2)",
    "/v1/fronts/home?fields=slots(headline,article(url,headline)),banner",
    "/v1/changes?include=card&fields=headline&limit=20",
)  # fmt: skip
OF_NOUNS = {
    "tags": ("count=exact&facets=type", "q=ha&count=exact", "lang=en&limit=5", "sort=-modified_at&limit=4"),
    "contributors": ("role=reporter", "role=-reporter&count=exact", "role=photographer,editor", "q=ra"),
    "sources": ("count=estimate&facets=kind,country&limit=5", "kind=outlet&count=exact&limit=3", "q=reu"),
    "images": (
        "credit=none", "credit=own&count=exact", "credit=-source", "rights=limited&count=exact",
        "rights=none&limit=5", "withdrawn=true", "withdrawn=false&count=exact&limit=2", "q=ha",
        "facets=source", "q=storm&count=exact",
    ),
    "dispatches": ("count=exact", "source_status=killed&count=exact", "source_status=corrected"),
}  # fmt: skip
CODINGS = ("identity", "gzip", "zstd", "br")
KEYED = 8
"""One of so many addresses is asked for with a key as well."""
Asked = tuple[str, KeyRole | None]
"""An address, and whose key it is asked for with."""


def other_app() -> Any:
    """What the other process serves: nothing that is kept, not even counts of words."""
    from app.server import make_app

    active_index.KEPT = 0.0
    return make_app()


@contextlib.contextmanager
def other_process(settings: Settings) -> Iterator[str]:
    """The same house served by another process without a cache; its address."""
    environment = os.environ | {
        "ISNAD_DATABASE_URL": settings.database_url, "ISNAD_MEDIA_URL": settings.media_url,
        "ISNAD_SECRET": settings.secret, "ISNAD_PUBLIC_URL": settings.public_url,
        "ISNAD_CACHE_BYTES": "0", "ISNAD_PUBLIC_VERSIONS": "true",
    }  # fmt: skip
    command = [sys.executable, "-m", "uvicorn", "tests.support.oracle:other_app", "--factory", "--port",
               "0", "--no-access-log", "--no-server-header"]  # fmt: skip
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if found := re.search(r"running on (http://\S+)", line):
                yield found[1]
                break
        else:
            raise RuntimeError("the other process did not start")
    finally:
        process.terminate()
        process.wait()
        process.stderr.close()


@dataclass
class Oracle:
    """The house, the other process, what was asked so far, and what is known to be there."""

    served: Served
    here: httpx.Client
    other: httpx.Client
    desks: list[httpx.Client]
    keys: dict[KeyRole, str]
    db: Database
    lite: bool
    chance: random.Random
    urls: list[str] = field(default_factory=list)
    stories: list[str] = field(default_factory=list)
    drafts: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    fronts: list[str] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)
    nouns: dict[str, list[Json]] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    moments: list[datetime] = field(default_factory=list)
    hits: int = 0
    keyed: int = 0
    desk: int = 0

    @property
    def cache(self) -> ResponseCache:
        front = self.served.app.front
        assert isinstance(front, ResponseCache)
        return front

    def pick(self, some: list[Any]) -> Any:
        return self.chance.choice(some)

    # what is asked

    def record(self) -> None:
        """Every address that is asked again and again: about five hundred."""
        get = self.here.get
        cards = get("/v1/articles?limit=100").json()["items"]
        self.stories = [card["id"] for card in cards]
        for noun in ("sections", "tags", "contributors", "sources", "images", "dispatches"):
            self.nouns[noun] = get(
                f"/v1/{noun}" + ("?limit=40" if noun != "sections" else "")
            ).json()["items"]
        urls = [f"/v1/articles/{card['id']}" for card in cards]
        for at, card in enumerate(cards):
            own = f"/v1/articles/{card['slug']}"
            urls += [own, f"{own}/related", f"{own}/versions", f"{own}/attributions"]
            urls += [f"{own}?include=related&body=html", f"{own}?display=ar-LB,en"]
            urls += [f"{own}?lang=en", f"{own}/versions/1", f"/v1/articles?ids={card['id']}"]
            if card["kind"] == "live":
                urls += [f"{own}/updates", f"{own}/updates?limit=1"]
            if at % 4 == 0:
                urls.append(f"/v1/articles/by-url?url={quote(card['url'], safe='')}")
        lists = ["", "lang=ar", "lang=en", "limit=3", "kind=news", "lang=-ar&limit=5", "kind=live",
                 "published_from=2025-01-01", "limit=5&display=ar-LB", "source_status=killed",
                 "source=reuters:photographed", "tag=nosuch", "corrected_from=2020-01-01"]  # fmt: skip
        lists += [f"ids={','.join(self.chance.sample(self.stories, 4))}" for _ in range(6)]
        for noun, name in (("section", "path"), ("tag", "slug"), ("source", "slug"),
                           ("contributor", "slug")):  # fmt: skip
            for one in self.nouns[f"{noun}s"][:12]:
                lists += [f"{noun}={quote(one[name])}", f"{noun}=-{quote(one[name])}&limit=6"]
        two = [quote(one["path"]) for one in self.nouns["sections"][:2]]
        lists += [f"section={','.join(two)}", f"section={two[0]}&section={two[1]}"]
        urls += [f"/v1/articles?{one}" for one in lists]
        for words in ("harbour", "الميناء", "storm -port", '"the harbour"', "العاصفة"):
            for more in ("", "&sort=-published_at", "&facets=section,tag,lang&count=exact"):
                urls.append(f"/v1/search?q={quote(words)}{more}")
        urls += [f"/v1/suggest?q={quote(typed)}" for typed in ("ha", "الم", "re")]
        paths = ["all", *(quote(one["path"]) for one in self.nouns["sections"])]
        urls += [f"/feeds/{path}.{kind}" for path in paths for kind in ("rss", "atom", "json")]
        urls += ["/feeds/all.atom?limit=2", "/feeds/all.rss?lang=en&content=summary"]
        urls += [f"/v1/fronts/{path}" for path in ["home", *paths[1:]]]
        urls += ["/v1/fronts/home?lang=en", "/v1/fronts/home?limit=2"]
        urls += ["/v1/changes", "/v1/changes?limit=5", "/v1/changes?latest=true&include=card",
                 "/v1/changes?noun=article&type=published"]  # fmt: skip
        for noun, key in (("sections", "path"), ("tags", "slug"), ("contributors", "slug"),
                          ("sources", "slug"), ("images", "id"), ("dispatches", "id")):  # fmt: skip
            urls += [f"/v1/{noun}"] + ([f"/v1/{noun}?limit=3"] if noun != "sections" else [])
            urls += [f"/v1/{noun}/{quote(one[key])}" for one in self.nouns[noun][:12]]
        urls += [f"/v1/sources/{one['slug']}/dependents" for one in self.nouns["sources"][:4]]
        urls += self.shaped(cards) + self.narrowed()
        self.urls = list(dict.fromkeys(urls))
        for url in list(self.urls):
            answer = get(url)
            assert answer.status_code != 400 or "nosuch" in url, f"{url}: {answer.text}"
            if answer.status_code == 200 and "next" in answer.links:
                self.urls.append(answer.links["next"]["url"].removeprefix(self.served.url))

    def shaped(self, cards: list[Json]) -> list[str]:
        """Addresses with `fields` and `include`, of lines, and of what is opened most."""
        hour = views.hour_of(datetime.now(UTC))
        with write_transaction(self.db) as session:
            views.add_counts(session, [(hour, id, at + 1) for at, id in enumerate(self.stories)])
        urls = []
        for card in cards[::2]:
            urls += [f"/v1/articles/{card['slug']}?{more}" for more in OF_ONE]
            if card["kind"] == "live":
                urls.append(
                    f"/v1/articles/{card['slug']}/updates?fields=headline,body(text),removed"
                )
        section = quote(self.nouns["sections"][0]["path"])
        urls += [
            f"/v1/articles?{one}" for one in (*OF_LISTS, f"section={section}&fields=headline,url")
        ]
        urls += [f"/v1/articles.ndjson{one}" for one in OF_LINES]
        urls += [f"/v1/trending{one}" for one in (*TRENDING, f"?section={section}")]
        urls += [f"/feeds/all.atom?q={word}" for word in ("harbour", "nowhere")]
        return [*urls, *ELSEWHERE]

    def narrowed(self) -> list[str]:
        """Lists of nouns, counted and narrowed."""
        source = self.nouns["sources"][0]["slug"]
        urls = [f"/v1/{noun}?{one}" for noun, some in OF_NOUNS.items() for one in some]
        urls += [f"/v1/{noun}?source={source}&count=exact" for noun in ("images", "dispatches")]
        return [*urls, f"/v1/sources/{source}/dependents?limit=1"]

    def asking(self, urls: list[str]) -> list[Asked]:
        """These as anybody asks for them, and some of them with a key."""
        some = self.chance.sample(urls, max(len(urls) // KEYED, 1))
        return [(url, None) for url in urls] + [(url, self.pick(list(self.keys))) for url in some]

    def key_of(self, role: KeyRole | None) -> dict[str, str]:
        """Headers of whoever is that; of nobody, none."""
        return with_key(self.keys[role]) if role else {}

    def check(
        self, asked: list[Asked], told: str, patience: float, head: int | None = None
    ) -> None:
        """Ask for these, both of them; what differs may come right within so many seconds."""
        until = time.monotonic() + patience
        with self.db.reading() as session:
            self.moments = list(session.exec(select(MomentRow.at)))
        for url, role in asked:
            self.keyed += role is not None
            headers = {"Accept-Encoding": self.pick(list(CODINGS))} | self.key_of(role)
            if head is not None:
                headers["Isnad-Min-Change"] = str(head)
            while fault := self.fault(url, headers):
                assert time.monotonic() < until, f"after {told}: {url} as {role}: {fault}"
                time.sleep(0.05)

    def fault(self, url: str, headers: dict[str, str]) -> str | None:
        """What the house says otherwise than the other process, which says the same when asked again."""
        for _ in range(5):  # a moment may pass between two questions
            there = self.other.get(url, headers=headers)
            hits, asked = self.cache.hits, datetime.now(UTC)
            here = self.here.get(url, headers=headers)
            answered = datetime.now(UTC)
            self.hits += self.cache.hits - hits
            if not (fault := difference(here, there)):
                return self.too_long(here, asked, answered)
            if not difference(there, self.other.get(url, headers=headers)):
                return fault
        return "the other process doesn't agree with itself"

    def too_long(self, here: httpx.Response, asked: datetime, answered: datetime) -> str | None:
        """Whether a list may be kept past the next moment of a story: one after the answer, for one
        between question and answer may have passed when it was made."""
        said = LIFETIME.search(here.headers.get("cache-control", ""))
        if here.status_code != 200 or not said or "articles" not in here.headers["surrogate-key"]:
            return None
        ahead = [moment for moment in self.moments if moment > answered]
        left = (min(ahead) - asked).total_seconds() if ahead else NEVER
        return f"kept for {said[1]} s, of {left:.1f}" if int(said[1]) > left else None

    # what is written

    def write(self) -> tuple[str, int, bool]:
        """One write that was accepted: its name, its row of the log, and whether this process did
        it."""
        for _ in range(40):
            kind = self.pick(list(KINDS))
            own = self.chance.random() < 0.6
            self.desk = 0 if own else 1
            answer = KINDS[kind](self)
            if answer is None:
                continue
            if answer.is_success:
                self.done[kind] += 1
                return kind, int(answer.headers.get("isnad-change", 0)), own
            self.refused[f"{kind} {answer.status_code}"] += 1
            if answer.status_code not in (404, 409, 410, 412, 422):
                raise AssertionError(f"{kind}: {answer.status_code} {answer.text}")
        raise AssertionError(f"nothing is taken: {self.refused}")

    def send(self, method: str, url: str, json: Any = None, match: bool = False) -> httpx.Response:
        desk = self.desks[self.desk]
        headers = {}
        if match:
            read = desk.get(url)
            if read.status_code != 200:
                return read
            headers["If-Match"] = read.headers["etag"]
        return desk.request(method, url, json=json, headers=headers)

    def soon(self, seconds: float = 0.6) -> str:
        return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()

    def words(self) -> str:
        return " ".join(
            self.chance.choices(["harbour", "storm", "ميناء", "school", "العاصفة"], k=4)
        )


def with_key(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def difference(here: httpx.Response, there: httpx.Response) -> str | None:
    """What is not the same in two answers."""
    if here.status_code != there.status_code:
        return f"{here.status_code}, not {there.status_code}"
    if here.status_code >= 400:
        return None
    if here.content != there.content:
        return f"{here.text[:20_000]!r}, not {there.text[:20_000]!r}"[:3000]
    for name in SAME:
        if sorted(here.headers.get(name, "").split()) != sorted(
            there.headers.get(name, "").split()
        ):
            return f"{name} {here.headers.get(name)!r}, not {there.headers.get(name)!r}"
    return None


ROLES = ["reporter", "editor", "photographer", "translator"]
Write = Callable[[Oracle], "httpx.Response | None"]
KINDS: dict[str, Write] = {}


def kind(write: Write) -> Write:
    KINDS[write.__name__] = write
    return write


@kind
def draft(o: Oracle) -> httpx.Response:
    section, tag = o.pick(o.nouns["sections"])["path"], o.pick(o.nouns["tags"])["slug"]
    more: Json = {}
    if o.chance.random() < 0.3:
        more["translation_of"] = o.pick(o.stories)
    if o.chance.random() < 0.3:
        more["related"] = o.chance.sample(o.stories, 2)
    made = o.send("POST", "/v1/articles", {
        "lang": o.pick(["ar", "en", "fr"]), "headline": o.words(), "section": section,
        "kind": o.pick(["news", "live"]), "tags": [tag],
        "body": [{"type": "paragraph", "text": o.words()},
                 {"type": "related", "articles": [o.pick(o.stories)]}],
        "attributions": [{"source": o.pick(o.nouns["sources"])["slug"], "role": "origin"}], **more,
    })  # fmt: skip
    if made.is_success:
        o.drafts.append(made.json()["id"])
        o.urls.append(f"/v1/articles/{made.json()['id']}")
        o.urls.append(f"/v1/articles/{made.json()['slug']}")
    return made


@kind
def publish(o: Oracle) -> httpx.Response | None:
    if not o.drafts:
        return None
    id = o.drafts.pop(o.chance.randrange(len(o.drafts)))
    done = o.send("PUT", f"/v1/articles/{id}/publication")
    if done.is_success:
        o.stories.append(id)
    return done


@kind
def edit_draft(o: Oracle) -> httpx.Response | None:
    if not o.drafts:
        return None
    return o.send("PATCH", f"/v1/articles/{o.pick(o.drafts)}", {"headline": o.words()}, match=True)


@kind
def edit(o: Oracle) -> httpx.Response:
    sent: Json = o.pick([
        {"headline": o.words()}, {"summary": o.words()},
        {"section": o.pick(o.nouns["sections"])["path"], "sections": []},
        {"tags": [o.pick(o.nouns["tags"])["slug"]]},
        {"related": o.chance.sample(o.stories, 2)}, {"slug": f"slug-{o.chance.randrange(10**9)}"},
        {"contributors": [{"id": o.pick(o.nouns["contributors"])["id"], "role": o.pick(ROLES)}]},
    ])  # fmt: skip
    return o.send("PATCH", f"/v1/articles/{o.pick(o.stories)}", sent, match=True)


@kind
def unpublish(o: Oracle) -> httpx.Response:
    id = o.pick(o.stories)
    done = o.send("DELETE", f"/v1/articles/{id}/publication")
    if done.is_success:
        o.drafts.append(id)
        o.stories.remove(id)
    return done


@kind
def schedule(o: Oracle) -> httpx.Response | None:
    if not o.drafts:
        return None
    id = o.pick(o.drafts)
    done = o.send("PUT", f"/v1/articles/{id}/schedule", {"at": o.soon()})
    if done.is_success:
        o.drafts.remove(id)
        o.stories.append(id)
    return done


@kind
def embargo(o: Oracle) -> httpx.Response:
    return o.send("PUT", f"/v1/articles/{o.pick(o.stories)}/embargo", {"until": o.soon()})


@kind
def expiry(o: Oracle) -> httpx.Response:
    return o.send("PUT", f"/v1/articles/{o.pick(o.stories)}/expiry", {"at": o.soon()})


@kind
def no_expiry(o: Oracle) -> httpx.Response:
    return o.send("DELETE", f"/v1/articles/{o.pick(o.stories)}/expiry")


@kind
def correction(o: Oracle) -> httpx.Response:
    sent = {"kind": "correction", "text": {"en": o.words(), "ar": o.words()}}
    return o.send("POST", f"/v1/articles/{o.pick(o.stories)}/corrections", sent)


@kind
def withdraw(o: Oracle) -> httpx.Response | None:
    if len(o.stories) < 12:
        return None
    id = o.pick(o.stories)
    sent = {"kind": o.pick(["kill", "vanish"]), "translations": o.chance.random() < 0.3,
            "notice": {"en": o.words()}}  # fmt: skip
    done = o.send("PUT", f"/v1/articles/{id}/withdrawal", sent)
    if done.is_success:
        o.stories.remove(id)
        o.gone.append(id)
    return done


@kind
def restore(o: Oracle) -> httpx.Response | None:
    if not o.gone:
        return None
    id = o.gone.pop()
    done = o.send(
        "DELETE", f"/v1/articles/{id}/withdrawal", {"reason": "right", "translations": True}
    )
    if done.is_success:
        o.stories.append(id)
    return done


@kind
def rename(o: Oracle) -> httpx.Response:
    noun = o.pick(["sections", "tags", "contributors", "sources"])
    one = o.pick(o.nouns[noun])
    sent: Json = {"name": {"ar": o.words(), "en": o.words()}}
    return o.send("PATCH", f"/v1/{noun}/{one['id']}", sent, match=True)


@kind
def new_slug(o: Oracle) -> httpx.Response:
    noun = o.pick(["tags", "contributors", "sources"])
    one = o.pick(o.nouns[noun])
    sent = {"slug": f"slug-{o.chance.randrange(10**9)}"}
    return o.send("PATCH", f"/v1/{noun}/{one['id']}", sent, match=True)


@kind
def move_section(o: Oracle) -> httpx.Response:
    one, parent = o.pick(o.nouns["sections"]), o.pick([None, *o.nouns["sections"]])
    sent = {"parent": parent["id"] if parent else None}
    done = o.send("PATCH", f"/v1/sections/{one['id']}", sent, match=True)
    if done.is_success:
        o.nouns["sections"] = o.here.get("/v1/sections").json()["items"]
    return done


@kind
def new_noun(o: Oracle) -> httpx.Response:
    name = f"noun-{o.chance.randrange(10**9)}"
    noun = o.pick(["tags", "sections", "sources", "contributors"])
    more = {"tags": {"type": "keyword"}, "sources": {"kind": "outlet"}}.get(noun, {})
    made = o.send("POST", f"/v1/{noun}", {"slug": name, "name": {"ar": name}, **more})
    if made.is_success and o.chance.random() < 0.5:
        o.urls.append(f"/v1/articles?{noun[:-1]}={name}")
    return made


@kind
def image_credit(o: Oracle) -> httpx.Response:
    one = o.pick(o.nouns["images"])
    sent = {
        o.pick(["credit", "caption", "alt"]): o.pick([{"en": o.words()}, {"ar": o.words()}, {}])
    }
    return o.send("PATCH", f"/v1/images/{one['id']}", sent, match=True)


@kind
def image_rights(o: Oracle) -> httpx.Response:
    one = o.pick(o.nouns["images"])
    sent = {"rights": {"valid_until": o.soon(o.pick([0.7, 3600]))}}
    return o.send("PATCH", f"/v1/images/{one['id']}", sent, match=True)


@kind
def image_withdrawn(o: Oracle) -> httpx.Response:
    one = o.pick(o.nouns["images"])
    o.withdrawn.append(f"/v1/images/{one['id']}/withdrawal")
    return o.send("PUT", o.withdrawn[-1], {"kind": o.pick(["kill", "vanish"])})


@kind
def use_restored(o: Oracle) -> httpx.Response | None:
    if not o.withdrawn:
        return None
    return o.send("DELETE", o.withdrawn.pop(), {"reason": "right"})


@kind
def dispatch_withdrawn(o: Oracle) -> httpx.Response:
    one = o.pick(o.nouns["dispatches"])
    o.withdrawn.append(f"/v1/dispatches/{one['id']}/withdrawal")
    return o.send("PUT", o.withdrawn[-1], {"kind": "kill"})


@kind
def upstream(o: Oracle) -> httpx.Response:
    one = o.pick(o.nouns["dispatches"])
    sent = {"status": o.pick(["corrected", "killed"]), "note": o.words()}
    return o.send("PUT", f"/v1/dispatches/{one['id']}/source-status", sent)


@kind
def upstream_cleared(o: Oracle) -> httpx.Response:
    one = o.pick(o.nouns["dispatches"])
    return o.send("DELETE", f"/v1/dispatches/{one['id']}/source-status")


@kind
def front(o: Oracle) -> httpx.Response:
    slots: list[Json] = [{"article": id} for id in o.chance.sample(o.stories, 3)]
    slots[0] |= {"starts_at": o.soon(), "headline": {"ar": o.words(), "en": o.words()}}
    slots[1] |= {"ends_at": o.soon(0.9), "image": {"id": o.pick(o.nouns["images"])["id"]}}
    banner = {"text": {"ar": o.words(), "en": o.words()}, "until": o.soon(1.1),
              "article": o.pick(o.stories)}  # fmt: skip
    return o.send("PATCH", "/v1/fronts/home", {"curated": slots, "banner": banner}, match=True)


@kind
def front_of_a_section(o: Oracle) -> httpx.Response:
    section = o.pick(o.nouns["sections"])
    slots = [{"article": id} for id in o.chance.sample(o.stories, 2)]
    made = o.send("POST", "/v1/fronts", {
        "name": {"ar": o.words()}, "section": section["path"], "curated": slots, "size": 5,
    })  # fmt: skip
    if made.is_success:
        o.fronts.append(made.json()["id"])
        o.urls.append(f"/v1/fronts/{made.json()['slug']}")
    return made


@kind
def front_gone(o: Oracle) -> httpx.Response | None:
    if not o.fronts:
        return None
    return o.send("DELETE", f"/v1/fronts/{o.fronts.pop()}", match=True)


def live_story(o: Oracle) -> str | None:
    for id in o.stories:
        if o.here.get(f"/v1/articles/{id}/updates").status_code == 200:
            return id
    return None


@kind
def live_update(o: Oracle) -> httpx.Response | None:
    if not (id := live_story(o)):
        return None
    sent = {"headline": o.words(), "key": o.chance.random() < 0.3, "body": [
        {"type": "paragraph", "text": o.words()}, {"type": "related", "articles": [o.pick(o.stories)]},
    ]}  # fmt: skip
    return o.send("POST", f"/v1/articles/{id}/updates", sent)


@kind
def live_changed(o: Oracle) -> httpx.Response | None:
    if not (id := live_story(o)):
        return None
    updates = o.here.get(f"/v1/articles/{id}/updates").json()["items"]
    if not updates:
        return None
    url = f"/v1/articles/{id}/updates/{o.pick(updates)['id']}"
    if o.chance.random() < 0.4:
        return o.send("DELETE", url, match=True)
    return o.send("PATCH", url, {"headline": o.words()}, match=True)


@kind
def key(o: Oracle) -> httpx.Response:
    return o.send("POST", "/v1/keys", {"role": "reader", "name": "of an oracle"})


@kind
def preview(o: Oracle) -> httpx.Response:
    return o.send("POST", f"/v1/articles/{o.pick(o.stories)}/previews", {})


@kind
def work(o: Oracle) -> httpx.Response:
    """The worker, of this process; what it logs is known by who it is."""
    worker.work_through(o.db)
    return httpx.Response(204)


@kind
def moments_pass(o: Oracle) -> httpx.Response:
    time.sleep(1.2)
    return httpx.Response(204)


@contextlib.contextmanager
def house(settings: Settings, seed: int, **more: Any) -> Iterator[Oracle]:
    """An oracle over the demo stories at this database; meanwhile no search uses counts it remembers."""
    settings = settings.model_copy(update={"public_versions": True})
    db = Database(settings)
    with at_desk(db) as desk:
        made = {role: keys.make(desk, KeyWrite(role=role))[1] for role in KeyRole}
    served = Served(settings)
    try:
        with (
            mock.patch.object(active_index, "KEPT", 0.0),
            other_process(served.settings) as other,
        ):
            headers = with_key(made.pop(KeyRole.admin))
            desks = [httpx.Client(base_url=url, headers=headers, timeout=30)
                     for url in (served.url, other)]  # fmt: skip
            here, there = (httpx.Client(base_url=url, timeout=30) for url in (served.url, other))
            yield Oracle(
                served, here, there, desks, made, db, settings.is_sqlite, random.Random(seed), **more
            )  # fmt: skip
    finally:
        served.stop()
        db.engine.dispose()


def run(oracle: Oracle, writes: int, asked: int) -> None:
    """So many writes; after each so many addresses by chance, or all for 0."""
    oracle.record()
    for number in range(1, writes + 1):
        urls = oracle.urls
        if asked:
            urls = oracle.chance.sample(urls, min(asked, len(urls)))
        known = oracle.asking(urls)
        for url, role in known:  # what a cache may get wrong is what it has
            oracle.here.get(url, headers=oracle.key_of(role))
        told, head, own = oracle.write()
        known += oracle.asking(oracle.urls[-2:])
        exact = own or oracle.lite
        if exact:
            oracle.check(known, told, patience=0)
        elif head and oracle.chance.random() < 0.5:
            oracle.check(known, f"another's {told}, waited for", patience=0, head=head)
        else:
            oracle.check(known, f"another's {told}", patience=1)
        sys.stderr.write(f"{number} of {writes}: {told}, then {len(known)} addresses\n")


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.support.oracle", description=__doc__)
    parser.add_argument("--writes", type=int, default=200)
    parser.add_argument("--asked", type=int, default=0, help="addresses after each; 0: every one")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--databases", default="sqlite,postgresql")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        for kind in given.databases.split(","):
            url = f"sqlite:///{folder}/isnad.db"
            if kind != "sqlite":
                url = fresh_postgres(stack.enter_context(postgres_url()))
            settings = Settings(
                database_url=url, media_url=f"file:{folder}/{kind}", secret="oracle"
            )  # fmt: skip
            furnish(settings)
            with house(settings, given.seed) as oracle:
                run(oracle, given.writes, given.asked)
            told = f"{kind}: {len(oracle.urls)} addresses, {oracle.hits} hits that are right"
            sys.stdout.write(f"{told}\n{dict(oracle.done)}\nrefused {dict(oracle.refused)}\n")
    return 0


def furnish(settings: Settings) -> None:
    """The demo house."""
    Path(settings.media_url.removeprefix("file:")).mkdir(parents=True, exist_ok=True)
    db = Database(settings)
    migrate.migrate(db.engine)
    seeding.seed_sources(db)
    load(db)
    db.engine.dispose()


if __name__ == "__main__":
    sys.exit(main())
