"""Fetches of addresses from outside: public ones only, as they were checked, within their limits."""

import gzip
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_address, ip_network

import pytest
from pydantic import ValidationError

from app.config import Settings
from app.outbound.addresses import Guard, Refused, is_public
from app.outbound.fetch import Backend, Deadline, Fetched, Limits, Transport, fetch

Handler = Callable[[socket.socket, bytes], None]
LOCAL = Guard([ip_network("127.0.0.0/8")])
SHORT = Limits(seconds=0.5, bytes=10_000)

NOT_PUBLIC = """
0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 100.127.255.254 127.0.0.1 127.9.9.9 169.254.169.254 172.16.0.1 172.31.255.255
192.0.0.1 192.0.0.170 192.0.2.1 192.31.196.1 192.52.193.1 192.88.99.1 192.168.1.1 192.175.48.1 198.18.0.1
198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
:: ::1 ::7f00:1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 64:ff9b::10.0.0.1 64:ff9b::127.0.0.1
64:ff9b:1::1 64:ff9b:1::808:808 100::1 100:0:0:1::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:2::1 2001:10::1
2001:20::1 2001:30::1 2001:db8::1 2002:7f00:1:: 2002:808:808::1 2620:4f:8000::1 3fff::1 5f00::1 fc00::1 fd12::1
fec0::1 fe80::1 fe80::1%lo ff02::1 2600::5efe:10.0.0.1 2600::200:5efe:127.0.0.1 4000::1
""".split()
PUBLIC = """
1.1.1.1 8.8.8.8 100.63.255.255 100.128.0.1 172.15.255.255 172.32.0.1 192.0.1.1 198.17.255.255 198.20.0.1 223.255.255.255
2606:4700:4700::1111 2a00:1450::1 ::ffff:8.8.8.8 64:ff9b::8.8.8.8 2001:200::1 2600::5efe:8.8.8.8
""".split()


class Web:
    """A server on this machine: it answers each path as it is told, and notes what was asked."""

    def __init__(self) -> None:
        self.paths: dict[str, bytes | Handler] = {}
        self.asked: list[bytes] = []
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.run, daemon=True).start()

    def run(self) -> None:
        while True:
            try:
                connection, _ = self.listening.accept()
            except OSError:
                return
            threading.Thread(target=self.answer, args=(connection,), daemon=True).start()

    def answer(self, connection: socket.socket) -> None:
        with connection:
            sent = connection.recv(65_536)
            self.asked.append(sent)
            found = self.paths.get((sent.split() or [b"", b"?"])[1].decode("latin-1"), b"")
            try:
                if callable(found):
                    found(connection, sent)
                else:
                    connection.sendall(found)
            except OSError:
                pass  # who fetches may leave


@pytest.fixture
def web() -> Iterator[Web]:
    made = Web()
    yield made
    made.listening.close()


def page(body: bytes, *head: str) -> bytes:
    lines = "".join(f"{one}\r\n" for one in head)
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n{lines}\r\n".encode() + body


def to(location: str, status: int = 302) -> bytes:
    return f"HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


def refused(url: str, guard: Guard = LOCAL, limits: Limits = SHORT) -> str:
    with pytest.raises(Refused) as why:
        fetch(url, guard, limits)
    return str(why.value)


def named(*answers: list[str]) -> tuple[Guard, list[str]]:
    """A guard whose resolver gives these, one after the other, and what it was asked."""
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return answers[min(len(asked), len(answers)) - 1]

    return Guard(LOCAL.networks, resolve), asked


def test_public_and_private_addresses_are_distinguished() -> None:
    assert [one for one in NOT_PUBLIC if is_public(ip_address(one))] == []
    assert [one for one in PUBLIC if not is_public(ip_address(one))] == []


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "0x7f.1", "2130706433", "017700000001", "localhost", "[::1]", "[::ffff:127.0.0.1]"]
)  # fmt: skip
def test_localhost_in_any_notation_is_refused(web: Web, host: str) -> None:
    assert "not a public address" in refused(f"http://{host}:{web.port}/", Guard())
    assert not web.asked


def test_a_network_of_the_operator_is_allowed(web: Web) -> None:
    web.paths["/a?b=1"] = page(b"here", "Content-Type: text/plain")
    found = fetch(f"{web.url}/a?b=1#part", LOCAL)
    assert found == Fetched(b"here", f"{web.url}/a?b=1", "text/plain")
    assert f"Host: 127.0.0.1:{web.port}\r\n".encode() in web.asked[0]


def test_a_host_is_resolved_once_and_the_checked_address_is_used(web: Web) -> None:
    web.paths["/"] = page(b"here")
    guard, asked = named(["127.0.0.1"], ["10.0.0.1"])
    assert fetch(f"http://news.example:{web.port}/", guard).body == b"here"
    assert asked == ["news.example"]
    assert f"Host: news.example:{web.port}\r\n".encode() in web.asked[0]
    assert "10.0.0.1" in refused(f"http://news.example:{web.port}/", guard)


@pytest.mark.parametrize(
    "addresses",
    [["10.0.0.1"], ["1.1.1.1", "10.0.0.1"], ["::ffff:10.0.0.1"], ["fe80::1%2"], [], ["no address"]],
)
def test_one_private_address_of_a_host_refuses_it(addresses: list[str]) -> None:
    guard, _ = named(addresses)
    assert "news.example" in refused("http://news.example/", guard)


def test_another_address_is_tried_if_one_does_not_answer(web: Web) -> None:
    web.paths["/"] = page(b"here")
    guard, _ = named(["127.0.0.2", "127.0.0.1"])
    assert fetch(f"http://news.example:{web.port}/", guard).body == b"here"


def test_https_verifies_the_certificate_for_the_host_name(web: Web) -> None:
    guard, _ = named(["127.0.0.1"])
    refused(f"https://news.example:{web.port}/", guard)
    assert b"news.example" in web.asked[0], "the name of TLS, RFC 6066 section 3"
    context = Transport(Backend(guard, Deadline(1))).pool._ssl_context
    assert context is not None and context.check_hostname
    assert context.verify_mode == ssl.CERT_REQUIRED


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://a.example/", "Only http and https"), ("file:///etc/hostname", "Only http and https"),
        ("http:///path", "Only http and https"), ("http://a:b@a.example/", "name or password"),
        ("http://a.example:25/", "Port 25"), ("http://a.example:99999/", "65,535"),
        ("http://a\0b/", "not an address"), ("http://xn--/", "not an address"),
        ("http://a.example/" + "x" * 2000, "at most 2,000"), ("http://a..b/", "a..b"),
    ],
)  # fmt: skip
def test_unusual_urls_are_refused(url: str, said: str) -> None:
    guard = Guard((), lambda host, port: [] if host == "a..b" else ["1.1.1.1"])
    assert said in refused(url, guard)


def test_redirects_are_followed_three_times(web: Web) -> None:
    for number in range(5):
        web.paths[f"/{number}"] = to(f"/{number - 1}", 301 + number % 3)
    web.paths["/0"] = page(b"here")
    assert fetch(f"{web.url}/3", LOCAL).url == f"{web.url}/0"
    assert refused(f"{web.url}/4") == "More than 3 redirects."
    web.paths["/loop"] = to("/loop", 307)
    assert refused(f"{web.url}/loop") == "More than 3 redirects."


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("http://10.0.0.1/", "not a public"), ("http://[::1]/", "not a public"),
        ("http://169.254.169.254/latest", "not a public"), ("//10.0.0.1/", "not a public"),
        ("file:///etc/passwd", "Only http"), ("http://a:b@127.0.0.1/", "name or password"),
        ("http://[", ""), ("http://127.0.0.1:99999/", "65,535"),
    ],
)  # fmt: skip
def test_redirects_go_through_the_guard(web: Web, location: str, said: str) -> None:
    web.paths["/"] = to(location)
    assert said in refused(web.url)


def test_no_redirect_from_https_to_http() -> None:
    import httpx

    from app.outbound.fetch import redirect_url

    secure, plain = httpx.URL("https://a.example/"), httpx.URL("http://a.example/")
    with pytest.raises(Refused, match="from https to http"):
        redirect_url(secure, "http://a.example/x")
    assert str(redirect_url(secure, "/x")) == "https://a.example/x"
    assert str(redirect_url(plain, "https://b.example/")) == "https://b.example/"


@pytest.mark.parametrize("status", [204, 304, 400, 404, 500, 999])
def test_only_a_success_status_is_accepted(web: Web, status: int) -> None:
    web.paths["/"] = f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode()
    if status == 204:
        assert fetch(web.url + "/", LOCAL).body == b""
    else:
        assert str(status) in refused(web.url + "/")


def dripping(first: bytes) -> Handler:
    def drip(connection: socket.socket, sent: bytes) -> None:
        connection.sendall(first)
        for _number in range(200):
            connection.sendall(b"a")
            time.sleep(0.05)

    return drip


@pytest.mark.parametrize(
    "first",
    [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n\r\n"],
    ids=["line", "head", "body"],
)
def test_a_slow_server_is_given_up_in_time(web: Web, first: bytes) -> None:
    web.paths["/"] = dripping(first)
    began = time.monotonic()
    assert "0.5 seconds" in (said := refused(web.url + "/")) or "in time" in said
    assert time.monotonic() - began < 8


def test_a_resolver_that_does_not_answer_is_given_up_in_time() -> None:
    guard = Guard((), lambda host, port: time.sleep(5) or [])  # type: ignore[func-returns-value]  # it sleeps
    assert "in time" in refused("http://news.example/", guard)


def test_an_endless_body_is_refused_at_the_limit(web: Web) -> None:
    def endless(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"a" * 5000)

    web.paths["/"] = endless
    assert refused(web.url + "/") == "More than 10,000 bytes."
    web.paths["/head"] = b"HTTP/1.1 200 OK\r\nX: " + b"a" * 1_000_000
    assert refused(web.url + "/head")
    web.paths["/none"] = lambda connection, _: None
    assert refused(web.url + "/none")


def test_decompressed_bytes_are_limited(web: Web) -> None:
    zeros = gzip.compress(b"\0" * 1_000_000)
    assert len(zeros) < SHORT.bytes
    web.paths["/zeros"] = page(zeros, "Content-Encoding: gzip")
    assert refused(web.url + "/zeros") == "More than 10,000 bytes."
    web.paths["/good"] = page(gzip.compress(b"here"), "Content-Encoding: GZIP")
    assert fetch(web.url + "/good", LOCAL, SHORT).body == b"here"
    assert b"Accept-Encoding: gzip\r\n" in web.asked[-1]
    for path, body, coding in (
        ("/cut", zeros[:50], "gzip"), ("/broken", b"\x1f\x8b no", "gzip"), ("/other", b"x", "br"),
        ("/twice", gzip.compress(zeros), "gzip, gzip"),
    ):  # fmt: skip
        web.paths[path] = page(body, f"Content-Encoding: {coding}")
        assert refused(web.url + path)


def test_proxies_and_credentials_of_the_environment_are_not_used(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    web.paths["/"] = to("/next", 302).replace(b"\r\n\r\n", b"\r\nSet-Cookie: a=b\r\n\r\n")
    web.paths["/next"] = page(b"here")
    assert fetch(web.url + "/", LOCAL).body == b"here"
    assert not any(b"cookie" in one.lower() or b"authorization" in one.lower() for one in web.asked)


def test_the_setting_is_checked_at_the_start() -> None:
    assert Settings(fetch_networks="10.0.0.0/8, fd00::/8").fetched_networks[1] == ip_network(
        "fd00::/8"
    )
    with pytest.raises(ValidationError, match="ISNAD_FETCH_NETWORKS is a comma list"):
        Settings(fetch_networks="10.0.0.1/8")
