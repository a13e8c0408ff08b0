"""Behind a proxy that takes a path off: every address in every answer begins with it, and opens."""

import json
import re
from collections.abc import Iterator
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urljoin, urlsplit

import httpx
import pytest

from app.db.database import Database
from app.desk import keys
from app.desk.transaction import at_desk
from app.models.key import KeyRole, KeyWrite
from tests.conftest import Maker, Served, copied

PATH = "/v1/api/media/isnad"
"""With words of our own addresses in it."""

MOST = 400
SEEDS = (
    "/", "/docs", "/openapi.json", "/v1", "/v1/articles?limit=3", "/v1/articles?limit=3&section=coast",
    "/v1/articles/harbour-lights?lang=ar&body=html", "/v1/articles.ndjson?limit=2", "/v1/sections",
    "/v1/articles/harbour-lights/attributions", "/v1/articles/harbour-lights/related", "/v1/images",
    "/v1/search?q=storm&limit=2", "/v1/suggest?q=st", "/v1/tags?limit=2", "/v1/contributors?limit=2",
    "/v1/sources?limit=2", "/v1/fronts", "/v1/changes?limit=2", "/v1/trending", "/feeds/all.rss",
    "/feeds/all.atom", "/feeds/all.json", "/feeds/COAST.rss", "/v1/sections/COAST", "/v1/nothing",
    "/v1/articles?limit=500", "/v1/sources/interfax/dependents", "/v1/articles/before?lang=ar",
    "/v1/articles?cursor=wrong", "/feeds/all.nothing",
)  # fmt: skip
OWN = re.compile(r"""https?://[^\s"'<>\\)]+|(?<=["'])/(?:docs|openapi|v1|feeds|media)[^"'\s<>]*""")
"""Addresses in the text of an answer, whole or from the root."""


DESK = re.compile(r"/(keys|previews|versions|diff)\b|/[a-z]{3}_[a-z0-9]+(/|$)")
"""Paths that are asked for with a key: of the desk, and of what is no reader's yet."""


class Proxy(ThreadingHTTPServer):
    """Takes PATH off and passes a request on; anything else is 404 here."""

    to = ""
    db: Database

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Pass)
        self.base = f"http://127.0.0.1:{self.server_port}{PATH}"
        self.outside: list[str] = []


class Pass(BaseHTTPRequestHandler):
    server: Proxy

    def do_GET(self) -> None:
        if not re.match(rf"{PATH}(?![^/?])", self.path):
            self.server.outside.append(self.path)
            self.send_error(404)
            return
        size = int(self.headers.get("content-length", 0))
        answer = httpx.request(
            self.command, self.server.to + (self.path.removeprefix(PATH) or "/"), timeout=30,
            headers=dict(self.headers), content=self.rfile.read(size),
        )  # fmt: skip
        self.send_response(answer.status_code)
        for name, value in answer.headers.items():
            if name not in ("content-encoding", "content-length", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("content-length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    def do_POST(self) -> None:
        self.do_GET()

    def do_PATCH(self) -> None:
        self.do_GET()

    def log_message(self, *said: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def proxy(
    templates: Maker, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxy]:
    """The demo behind a proxy. On SQLite alone: no address comes from the database's dialect."""
    folder = tmp_path_factory.mktemp("path")
    settings = copied("sqlite", templates("sqlite", True), folder, request)
    made = Proxy()
    served = Served(settings, public_url=made.base)
    made.to, made.db = served.url, served.app.state.services.db
    thread = Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()
    served.stop()


def addresses(answer: httpx.Response) -> set[str]:
    """Every address of ours that an answer gives, in its headers and in its text."""
    told = [answer.headers.get(name, "") for name in ("location", "content-location")]
    found = {urljoin(str(answer.url), one) for one in told if one}
    found |= set(re.findall(r"<([^>]+)>", answer.headers.get("link", "")))
    kind = answer.headers.get("content-type", "")
    if str(answer.url).endswith("/openapi.json"):
        found |= {one["url"] for one in answer.json()["servers"]}
    elif (
        kind.startswith(("text/", "application/"))
        and "javascript" not in kind
        and "css" not in kind
    ):
        text = json.dumps(answer.json()) if kind.endswith("json") else unescape(answer.text)
        found |= {urljoin(str(answer.url), one.rstrip(".,;")) for one in OWN.findall(text)}
    return {one for one in found if urlsplit(one).hostname == "127.0.0.1"}


def test_every_url_begins_with_the_public_path_and_works(proxy: Proxy) -> None:
    base = proxy.base
    key = key_of(proxy)
    with httpx.Client(timeout=30) as client:
        head = {"Authorization": f"Bearer {key}", "If-Match": "*"}
        renamed = client.patch(
            f"{base}/v1/articles/harbour-lights", json={"slug": "after"}, headers=head
        )
        assert renamed.status_code == 200, renamed.text
        again = {"slug": "harbour-lights"}
        assert client.patch(f"{base}/v1/articles/after", json=again, headers=head).is_success
        written: list[httpx.Response] = [
            client.post(f"{base}/v1/articles", json={"lang": "en", "headline": "x"}, headers=head),
            client.post(f"{base}/v1/articles/harbour-lights/previews", headers=head),
            client.post(f"{base}/v1/tags", json={"type": "keyword", "name": {"ar": "x"}}, headers=head),
            client.post(f"{base}/v1/keys", json={"role": "reader"}, headers=head),
        ]  # fmt: skip
        waiting = [f"{base}{one}".replace("/before", "/after") for one in SEEDS]
        seen: dict[str, int] = {}
        for answer in written:
            assert answer.status_code == 201, answer.text
            waiting += sorted(check(proxy, answer))
        while waiting and len(seen) < MOST:
            url = waiting.pop(0)
            if url in seen:
                continue
            html = {"Accept": "text/html"} if url == f"{base}/" else {}
            private = DESK.search(urlsplit(url).path)
            answer = client.get(url, headers=html | (head if private else {}))
            seen[url] = answer.status_code
            found = check(proxy, answer)
            if url == f"{base}/openapi.json":
                assert found == {base}
                continue
            waiting += sorted(found - seen.keys())
    wrong = [url for url, status in seen.items() if status not in (200, 308)]
    asked_for = [
        f"{base}{one}" for one in SEEDS if "noth" in one or "=500" in one or "wrong" in one
    ]
    assert set(wrong) - set(asked_for) == set()
    assert proxy.outside == [] and len(seen) > 150
    assert 308 in seen.values()


def check(proxy: Proxy, answer: httpx.Response) -> set[str]:
    """The addresses of an answer, all of which begin with the public URL."""
    found = addresses(answer)
    for one in found:
        assert one == proxy.base or one.startswith(f"{proxy.base}/"), (answer.url, one)
    assert (
        f"{urlsplit(proxy.to).port}" not in answer.text or "image" in answer.headers["content-type"]
    )
    page = re.compile(
        re.escape(proxy.base) + r"/[a-z]{2}/"
    )  # of the site, which is in front of nothing here
    return {one for one in found if "{" not in one and not page.match(one)}


def key_of(proxy: Proxy) -> str:
    with at_desk(proxy.db) as desk:
        return keys.make(desk, KeyWrite(role=KeyRole.admin))[1]
