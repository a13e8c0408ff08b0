"""Fetch an address that somebody outside gave: `fetch(url, guard)`.

Each host's addresses are looked up once, checked, and connected to as they were checked; the name stays
in `Host`, SNI and the check of the certificate. Redirects go the same way. Time and bytes are limited in
total, before and after decompression. No proxy, cookie or password of the environment is used.
"""

import time
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import httpcore
import httpx

from app.outbound.addresses import Guard, Refused

SECONDS = 20.0
"""From the first look-up to the last byte, redirects included."""
CONNECT_SECONDS = 5.0
"""For each address of a host."""
MOST_ADDRESSES = 4
"""Addresses of a host that are tried."""
MOST_REDIRECTS = 3
LONGEST_URL = 2_000
MOST_BYTES = 10_000_000
REDIRECTS = (301, 302, 303, 307, 308)
WINDOW_BITS = {"gzip": 31, "x-gzip": 31}
"""Content codings that are decompressed; the numbers are zlib's."""
AGENT = "isnad"


@dataclass(frozen=True)
class Limits:
    """The limits of one fetch in total."""

    seconds: float = SECONDS
    bytes: int = MOST_BYTES


@dataclass(frozen=True)
class Fetched:
    """A decompressed body; `url` is the final URL after redirects."""

    body: bytes
    url: str
    content_type: str | None


class Deadline:
    """The time at which a fetch ends, whatever it is doing."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.end = seconds, time.monotonic() + seconds

    def left(self, most: float | None = None) -> float:
        """Return the remaining seconds, at most `most`."""
        left = self.end - time.monotonic()
        if left <= 0:
            raise Refused(f"It took more than {self.seconds:g} seconds.")
        return left if most is None else min(left, most)


class Stream(httpcore.NetworkStream):
    """A network stream that ends at the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self.stream, self.deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.stream.read(max_bytes, self.deadline.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.stream.write(buffer, self.deadline.left(timeout))

    def close(self) -> None:
        self.stream.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = self.deadline.left(timeout)
        return Stream(self.stream.start_tls(ssl_context, server_hostname, left), self.deadline)

    def get_extra_info(self, info: str) -> Any:
        return self.stream.get_extra_info(info)


class Backend(httpcore.NetworkBackend):
    """Connects to addresses that the guard has checked."""

    def __init__(self, guard: Guard, deadline: Deadline) -> None:
        self.guard, self.deadline, self.sockets = guard, deadline, httpcore.SyncBackend()

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None,
        local_address: str | None = None, socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:  # fmt: skip
        addresses = self.guard.addresses(host, port, self.deadline.left())[:MOST_ADDRESSES]
        for number, address in enumerate(addresses, 1):
            seconds = self.deadline.left(CONNECT_SECONDS)
            try:
                return Stream(self.sockets.connect_tcp(address, port, seconds), self.deadline)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if number == len(addresses):
                    raise
        raise AssertionError("the guard gives an address, or raises")


class Transport(httpx.BaseTransport):
    """An httpx transport over the backend; no connection is used twice."""

    def __init__(self, backend: Backend) -> None:
        context = httpx.create_ssl_context()
        self.pool = httpcore.ConnectionPool(
            context, max_keepalive_connections=0, http2=False, network_backend=backend
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        answer = self.pool.handle_request(httpcore.Request(
            request.method, httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port,
                                         target=url.raw_path),
            headers=request.headers.raw, content=request.stream, extensions=request.extensions,
        ))  # fmt: skip
        assert isinstance(answer.stream, Iterable)
        body = Body(answer)
        return httpx.Response(answer.status, headers=answer.headers, stream=body)

    def close(self) -> None:
        self.pool.close()


class Body(httpx.SyncByteStream):
    """The body of an httpcore response, for httpx."""

    def __init__(self, answer: httpcore.Response) -> None:
        self.answer = answer

    def __iter__(self) -> Iterator[bytes]:
        assert isinstance(self.answer.stream, Iterable)
        yield from self.answer.stream

    def close(self) -> None:
        self.answer.close()


FAILED = (
    httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, httpcore.NetworkError, httpcore.ProtocolError,
    httpcore.TimeoutException, httpcore.UnsupportedProtocol, httpcore.ConnectionNotAvailable,
    OSError, UnicodeError,
)  # fmt: skip
"""What the libraries raise for an address, a connection or an answer that is wrong."""


def fetch(url: str, guard: Guard, limits: Limits = Limits(), accept: str = "*/*") -> Fetched:
    """Return the body at an http or https URL. Raises `Refused`."""
    deadline = Deadline(limits.seconds)
    transport = Transport(Backend(guard, deadline))
    headers = {
        "User-Agent": AGENT,
        "Accept": accept,
        "Accept-Encoding": "gzip",
        "Connection": "close",
    }
    try:
        with httpx.Client(transport=transport, trust_env=False, headers=headers) as client:
            return fetch_following(client, checked_url(url), deadline, limits)
    except FAILED as wrong:
        raise Refused(reason_of(wrong)) from wrong


def fetch_following(
    client: httpx.Client, url: httpx.URL, deadline: Deadline, limits: Limits
) -> Fetched:
    """Fetch a URL and follow redirects."""
    for _ in range(MOST_REDIRECTS + 1):
        client.cookies.clear()
        with client.stream("GET", url, timeout=deadline.left()) as answer:
            if answer.status_code not in REDIRECTS or "location" not in answer.headers:
                refuse_status(answer)
                body = b"".join(read_body(answer, limits.bytes))
                return Fetched(body, str(url), answer.headers.get("content-type"))
            url = redirect_url(url, answer.headers["location"])
    raise Refused(f"More than {MOST_REDIRECTS} redirects.")


def checked_url(url: str) -> httpx.URL:
    """Parse a URL and check everything but its host's addresses."""
    if len(url) > LONGEST_URL:
        raise Refused(f"An address has at most {LONGEST_URL:,} characters.")
    made = httpx.URL(url)
    if made.scheme not in ("http", "https") or not made.host:
        raise Refused("Only http and https addresses are fetched.")
    if made.port is not None and not 0 < made.port < 65_536:
        raise Refused("A port is a number from 1 to 65,535.")
    if made.userinfo:
        raise Refused("An address with a name or password is not fetched.")
    return made.copy_with(fragment=None)


def redirect_url(url: httpx.URL, location: str) -> httpx.URL:
    """Return the target of a redirect."""
    to = checked_url(str(url.join(location)))
    if url.scheme == "https" and to.scheme == "http":
        raise Refused(f"It redirects from https to http: {to}.")
    return to


def refuse_status(answer: httpx.Response) -> None:
    if not answer.is_success:
        phrases = {one.value: f" {one.phrase}" for one in HTTPStatus}
        raise Refused(f"The answer is {answer.status_code}{phrases.get(answer.status_code, '')}.")


def read_body(answer: httpx.Response, most: int) -> Iterator[bytes]:
    """Return the decompressed body, limited before and after decompression."""
    coding = answer.headers.get("content-encoding", "identity").strip().lower()
    if coding not in WINDOW_BITS and coding != "identity":
        raise Refused(f"The content coding {coding[:40]!r} is not read here.")
    bits = WINDOW_BITS.get(coding)
    decompressor = zlib.decompressobj(bits) if bits else None
    came, gave = 0, 0
    for chunk in answer.iter_raw():
        came += len(chunk)
        part = decompress(decompressor, chunk, most - gave) if decompressor else chunk
        gave += len(part)
        if max(came, gave) > most:
            raise Refused(f"More than {most:,} bytes.")
        yield part
    if decompressor and not decompressor.eof:
        raise Refused("Its compressed bytes end too soon.")


def decompress(decompressor: "zlib._Decompress", chunk: bytes, room: int) -> bytes:
    """Decompress a chunk, to at most one byte more than `room`."""
    try:
        return decompressor.decompress(chunk, room + 1)
    except zlib.error as wrong:
        raise Refused("Its compressed bytes are broken.") from wrong


def reason_of(wrong: Exception) -> str:
    """Return what went wrong as a sentence."""
    if isinstance(wrong, httpx.InvalidURL | UnicodeError):
        return f"This is not an address: {wrong}."
    if isinstance(wrong, httpx.TimeoutException | httpcore.TimeoutException | TimeoutError):
        return "No answer in time."
    return f"{str(wrong) or type(wrong).__name__}".rstrip(".") + "."
