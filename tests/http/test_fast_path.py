"""The short way of the busiest routes leads where the framework's leads, and is told of no less."""

import asyncio
import logging
from collections.abc import Callable

import httpx
import pytest
from starlette.routing import Match
from starlette.types import Message

from app.access.authentication import KeyAuthenticator
from app.cache.response_cache import ResponseCache
from app.config import Settings
from app.http import edge
from app.http.direct_route import DirectRoute
from app.http.edge import Edge
from app.http.fast_path import FastPath
from app.http.responses import WHOLE, OfferedResponse, header_lines
from app.main import Application, create_app
from app.models.article import ArticleRow
from tests.conftest import Client

PATHS = (
    "/v1/articles", "/v1/articles.ndjson", "/v1/articles/by-url", "/v1/articles/a", "/v1/search",
    "/v1/articles/", "/v1/articles/a/related", "/v1/articles/a/versions/1", "/v1/changes", "/v1",
    "/v1/suggest", "/v1/trending", "/v1/fronts/home", "/v1/fronts/world/asia", "/feeds/all.rss",
    "/v1/sections", "/v1/tags/a", "/v1/articles/a%2Fb", "/", "/healthz",
)  # fmt: skip


def fast_path_of(app: Application) -> FastPath:
    cache = app.front
    assert isinstance(cache, ResponseCache)
    assert isinstance(cache.app, Edge)
    assert isinstance(cache.app.app, FastPath)
    return cache.app.app


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_the_fast_path_finds_the_same_route_as_the_framework(settings: Settings) -> None:
    app = create_app(settings)
    fast_path, short = fast_path_of(app), 0
    for path in PATHS:
        scope = {"type": "http", "method": "GET", "path": path, "headers": []}
        told = [(route, route.matches(scope)) for route in app.router.routes]
        first = next(((one, more) for one, (how, more) in told if how == Match.FULL), None)
        found = fast_path.find(path)
        if found is not None:
            short += 1
            assert first is not None
            assert isinstance(first[0], DirectRoute)
            assert found == (first[0].endpoint, first[1]["path_params"]), path
    assert short >= 8  # the busiest are among them


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_with_tracing_requests_do_not_take_the_fast_path(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "isnad")
    front = create_app(settings).front
    assert isinstance(front, ResponseCache)
    assert isinstance(front.app, Edge)
    assert not isinstance(front.app.app, FastPath)


def test_an_unexpected_error_is_500_and_logged(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*_: object) -> None:
        raise ZeroDivisionError("told to the log alone")

    for path in ("/v1/articles", "/v1/articles/rain", "/v1/tags"):
        with monkeypatch.context() as patched, caplog.at_level(logging.ERROR):
            patched.setattr(KeyAuthenticator, "caller", fail)
            answer = client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (500, "internal"), path
        assert "told to the log" not in answer.text
        assert any(record.exc_info for record in caplog.records), path
        assert answer.headers["access-control-allow-origin"] == "*"
        caplog.clear()


def test_head_has_the_headers_of_get(client: Client, told: Callable[..., ArticleRow]) -> None:
    told(headline="Rain")
    for path in ("/v1/articles", "/v1/search?q=rain&sort=newest", "/v1/articles/rain"):
        for headers in ({}, {"Accept-Encoding": "identity"}):
            head = client.head(path, headers=headers)
            get = client.get(path, headers=headers)
            assert head.content == b""
            assert plain(head) == plain(get), path


def plain(answer: httpx.Response) -> dict[str, str]:
    """Its headers, but for what is of one answer alone."""
    own = ("x-request-id", "date", "server-timing", "timing-allow-origin", "isnad-change")
    return {name: value for name, value in answer.headers.items() if name not in own}


@pytest.mark.parametrize("at_once", [True, False])
def test_a_late_header_change_reaches_the_client(at_once: bool) -> None:
    """Whether the server takes an answer whole or in messages."""
    heads: list[bytes] = []

    def whole(status: int, head: bytes, body: bytes) -> bool:
        heads.append(head)
        return True

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            heads.append(header_lines(message["headers"]))

    async def receive() -> Message:
        raise AssertionError("nothing is read")

    answer = OfferedResponse(200, b"{}", {"ETag": '"1"', "Link": "<á>", "X-Old": "1"}, None)
    answer.headers["ETag"] = '"2"'
    del answer.headers["X-Old"]
    extensions = {WHOLE: {"send": whole}} if at_once else {}
    asyncio.run(answer({"type": "http", "extensions": extensions}, receive, send))
    assert heads == ['etag: "2"\r\nlink: <á>\r\n'.encode("latin-1")]


def test_every_invalid_byte_of_a_url_is_checked() -> None:
    for one in range(256):
        part = b"q=a" + bytes([one]) + b"b"
        assert not (edge.is_plain(part) and edge.BROKEN_OCTET.search(part)), part
    assert edge.is_plain(b"section=world&limit=20&cursor=a_b-c") and not edge.is_plain(b"q=%41")
