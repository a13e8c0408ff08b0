"""Every way to be wrong has the same answer: a problem document, with a request id, no stack."""

import contextlib
import re
import socket
import time
from typing import Any

import httpx
import pytest

from app.delivery import lists
from tests.conftest import Client, Served

PROBLEM = "application/problem+json"


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == PROBLEM
    assert (
        body["type"]
        == f"{str(answer.url).split('/', 3)[0]}//{answer.url.netloc.decode()}/problems/{code}"
    )
    assert answer.headers["x-request-id"] == body["request_id"]
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "Traceback" not in answer.text
    assert "<html" not in answer.text.lower()
    return body


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/nope", 404, "not-found"),
        ("/v1/nope", 404, "not-found"),
        ("/v1/articles/nope", 404, "not-found"),
        ("/v1/articles/nope/attributions", 404, "not-found"),
        ("/v1/articles/", 404, "not-found"),
        ("/v1/sections/no/such/path", 404, "not-found"),
        ("/v1/tags/nope", 404, "not-found"),
        ("/v1/sources/nope", 404, "not-found"),
        ("/v1/sources/nope/dependents", 404, "not-found"),
        ("/v1/images/nope", 404, "not-found"),
        ("/v1/contributors/nope", 404, "not-found"),
        ("/v1/dispatches/nope", 404, "not-found"),
        ("/media/aa/nope.jpg", 404, "not-found"),
        ("/media/../../etc/passwd", 404, "not-found"),
        ("/media/%2e%2e/%2e%2e/etc/passwd", 404, "not-found"),
        ("/problems/nope", 404, "not-found"),
        ("/v1/articles/%zz", 400, "bad-request"),
        ("/v1/articles/%", 400, "bad-request"),
        ("/v1/articles/a%00b", 400, "bad-request"),
        ("/v1/articles/%ff%fe", 400, "bad-request"),
        ("/v1/articles?lang=%00", 400, "bad-request"),
        ("/v1/articles?lang=%zz", 400, "bad-request"),
        ("/v1/articles?lang=%ff", 400, "bad-request"),
        ("/v1/articles/by-url", 400, "bad-request"),
        ("/v1/articles/by-url?url=https://elsewhere.example/x", 404, "not-found"),
        ("/v1/articles/by-url?url=http://[::1", 400, "bad-request"),
        ("/v1/sections?limit=5", 400, "bad-request"),
        ("/v1/tags?limit=0", 400, "bad-request"),
        ("/v1/tags?cursor=abc", 400, "cursor-invalid"),
    ],
)
def test_an_invalid_url_has_its_error(client: Client, path: str, status: int, code: str) -> None:
    url = httpx.URL(str(client.base_url) + "/x").copy_with(raw_path=path.encode())
    refused(client.get(url), status, code)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "PROPFIND"])
def test_an_unsupported_method_is_405(client: Client, method: str) -> None:
    for path in ("/v1/articles/x/attributions", "/", "/healthz"):
        answer = client.request(method, path)
        refused(answer, 405, "method-not-allowed")
        assert answer.headers["allow"] == "GET, HEAD, OPTIONS"


def test_allow_names_every_method(client: Client) -> None:
    answer = client.put("/v1/articles")
    refused(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS, POST"


def test_too_long_urls_are_414_and_too_large_bodies_413(client: Client) -> None:
    refused(client.get("/v1/articles?lang=" + "a" * 9000), 414, "uri-too-long")
    refused(client.get("/v1/articles/" + "a" * 5000), 414, "uri-too-long")
    refused(client.request("GET", "/v1/articles", content=b"x" * 11_000_000), 413, "too-large")


def test_a_failed_precondition_is_412(client: Client, told) -> None:
    told(slug="one")
    answer = client.get("/v1/articles/one", headers={"If-Match": '"9-other"'})
    refused(answer, 412, "precondition-failed")


def test_a_valid_request_id_is_echoed(client: Client) -> None:
    answer = client.get("/nope", headers={"X-Request-Id": "mine-1"})
    assert answer.json()["request_id"] == "mine-1"
    answer = client.get("/nope", headers={"X-Request-Id": 'a"><script>'})
    assert re.fullmatch(r"[0-9a-f]{16}", answer.json()["request_id"])


def test_an_unexpected_error_reveals_nothing(settings, contract, monkeypatch, caplog) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr(lists, "listing", broken)
    served = Served(settings)
    with Client(served, contract) as client:
        answer = client.get("/v1/articles")
        body = refused(answer, 500, "internal")
    served.stop()
    assert "secret" not in answer.text
    assert any(body["request_id"] in record.getMessage() for record in caplog.records)


def said(port: int, raw: bytes) -> bytes:
    """What the server answers to raw bytes."""
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(raw)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
            if b'"request_id"' in answer and answer.endswith(b"}"):
                break
        return answer


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 not http at all\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9.9\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nBad Header: \x00\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"GET /v1/articles HTTP/1.1\r\n\r\n",
        b"GET /v1/articles HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    ],
)
def test_bytes_that_are_not_http_are_400(client: Client, raw: bytes) -> None:
    assert client.get("/v1/articles").is_success  # so that an answer is kept
    answer = said(client.base_url.port or 0, raw)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400"), answer[:200]
    assert b"application/problem+json" in head
    assert b"x-request-id" in head.lower()
    assert b'"code":"bad-request"' in body


@pytest.mark.parametrize("address", ["/v1/articles/عاصفة", "/v1/search?q=عاصفة&lang=ar"])
def test_raw_utf_8_in_a_url_is_accepted(client: Client, told, address: str) -> None:
    """As curl sends what is typed."""
    told(slug="عاصفة", lang="ar", headline="عاصفة على الساحل")
    raw = f"GET {address} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = said(client.base_url.port or 0, raw.encode())
    assert answer.startswith(b"HTTP/1.1 200 "), answer[:200]
    assert "عاصفة على الساحل".encode() in answer


def test_a_body_that_looks_like_a_request_is_not_parsed_as_one(client: Client) -> None:
    body = "GET /عاصفة HTTP/1.1\r\n".encode()
    head = (
        "POST /v1/views HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    after = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", client.base_url.port or 0), 10) as connection:
        connection.sendall(head.encode())
        time.sleep(0.2)  # so that the body begins what the server receives next
        connection.sendall(body + after)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    assert answer.endswith(b'{"status":"ok"}'), answer
    assert b"These bytes are not" not in answer


def test_ten_megabytes_of_query_are_431(client: Client) -> None:
    raw = b"GET /v1/articles?lang=" + b"a" * 10_000_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = said(client.base_url.port or 0, raw)
    assert answer.startswith(b"HTTP/1.1 431"), answer[:200]
    assert b"application/problem+json" in answer


def test_preflight_head_and_options_are_answered(client: Client) -> None:
    answer = client.options("/v1/articles", headers={"Origin": "https://a.example",
                            "Access-Control-Request-Method": "GET"})  # fmt: skip
    assert answer.status_code == 204
    assert "GET" in answer.headers["access-control-allow-methods"]
    assert client.head("/nope").status_code == 404
    assert client.head("/nope").content == b""


ADDED = "traceparent,baggage,sentry-trace,x-requested-with,cache-control"
"""Request headers that monitoring and HTTP libraries add in browsers."""


@pytest.mark.parametrize(
    "path",
    ["/", "/v1/articles", "/v1/nothing", "/media/x.jpg", "/feeds/all.rss", "/openapi.json", "/nope",
     f"/v1/articles?q={'x' * 9000}", "/v1/articles?q=%zz"],
)  # fmt: skip
def test_cors_allows_the_headers_of_browser_tools(client: Client, path: str) -> None:
    asked = {
        "Origin": "https://a.example", "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": ADDED,
        "Access-Control-Request-Private-Network": "true",
    }  # fmt: skip
    answer = client.options(path, headers=asked)
    assert answer.status_code == 204
    allowed = answer.headers["access-control-allow-headers"].lower().split(", ")
    assert {"*", "authorization", *ADDED.split(",")} <= set(allowed)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers
    assert "access-control-allow-private-network" not in answer.headers
    after = client.get(path, headers={"Origin": "https://a.example", "traceparent": "00-1-1-01"})
    assert after.headers["access-control-allow-origin"] == "*"
    exposed = after.headers["access-control-expose-headers"].split(", ")
    assert {"ETag", "Link", "Allow", "Idempotency-Replayed", "Server-Timing"} <= set(exposed)
