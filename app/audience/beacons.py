"""Record page views from beacons: quickly, once for each visitor, story and hour, without storing
who they are. docs/trending.md

A beacon waits in memory for at most a second and is written with all others of that second, in
one transaction without a row in the change log.
"""

import asyncio
import hashlib
import logging
import re
import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from starlette.requests import Request

from app.change_log.transaction import write_transaction
from app.db.database import Database
from app.db.failures import Retrying
from app.errors import TooLarge, TooManyRequests, Unavailable, UnsupportedMedia
from app.language import slugs
from app.models.view import ViewsWrite, ViewWrite
from app.queries import views
from app.request import filters, json_body

PAUSE = 1.0
PATIENCE = 5.0
"""Seconds that a beacon waits for the day's first salt."""
LARGEST = 8_192
ROOM = 20_000
"""Views that wait at most."""

A_TURN = 1_000
"""Views written in one transaction."""

MOST_KNOWN = 10_000
"""Addresses whose beacons a process counts."""

MEDIA = ("application/json", "text/plain")
"""A page may send text/plain to another origin without asking first: sendBeacon does."""

BOTS = re.compile(
    r"(?<!cu)bot|crawl|spider|slurp|scrap|archiver|headless|lighthouse|phantomjs|selenium|puppeteer"
    r"|playwright|facebookexternalhit|preview|monitor|uptime|pingdom|validator|feed|curl/|wget"
    r"|python|libwww|httpclient|http-client|java/|ruby|perl|php/|axios|node-fetch|go-http|scanner",
    re.IGNORECASE,
)
"""What the user agents of programs say of themselves; a phone's maker is called Cubot."""

log = logging.getLogger("isnad.views")


@dataclass(frozen=True, slots=True)
class PendingView:
    """A view to be written; `visitor` is a hash of address and browser with the day's salt."""

    sent: ViewWrite
    at: datetime
    visitor: bytes


class ViewRecorder:
    """The views that one process has received and not yet written."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.waiting: deque[PendingView] = deque()
        self.rate = ViewRate(db.settings.views_per_minute)
        self.day, self.salt = "", b""
        self.asking: asyncio.Task[None] | None = None
        self.ended = asyncio.Event()
        self.retrying = Retrying(log, "writing views", PAUSE)

    async def take(self, request: Request, peer: str) -> None:
        """Accept a beacon. The response does not reveal whether it counts."""
        if query := request.scope["query_string"]:
            filters.parse_params(query, [])
        now = datetime.now(UTC)
        network = network_of(peer)
        self.rate.count(network, 1)
        sent = parse_views(request.headers.get("content-type", ""), await read_body(request))
        self.rate.count(network, len(sent) - 1)
        if not is_by_person(request.headers):
            return
        if len(self.waiting) + len(sent) > ROOM:
            raise Unavailable("Too many views wait to be written.")
        visitor = await self.visitor(network, request.headers["user-agent"], now)
        self.waiting.extend(PendingView(one, now, visitor) for one in sent)

    async def visitor(self, network: str, agent: str, now: datetime) -> bytes:
        """Return the hash that identifies a visitor today; after the salt is deleted nobody can
        compute it."""
        while (day := now.date().isoformat()) != self.day:
            await self.salted(day)
        said = f"{network}\0{agent}".encode("utf-8", "surrogateescape")
        return hashlib.blake2b(said, key=self.salt, digest_size=16).digest()

    async def salted(self, day: str) -> None:
        """Load the day's salt: one request queries the database, the others wait for it, with a
        time limit."""
        if self.asking is None or self.asking.done():
            self.asking = asyncio.create_task(self.ask(day))
        try:
            async with asyncio.timeout(PATIENCE):
                await asyncio.shield(self.asking)
        except TimeoutError as late:
            raise Unavailable("The database doesn't answer.") from late

    async def ask(self, day: str) -> None:
        """Query the day's salt, even if nobody waits for it any more."""
        self.salt = await asyncio.to_thread(self.salt_of, day)
        self.day = day

    def salt_of(self, day: str) -> bytes:
        with write_transaction(self.db) as session:
            return bytes.fromhex(views.salt_of(session, day, secrets.token_hex(32)))

    def write(self) -> int:
        """Write a limited number of waiting views; on failure they keep waiting. Returns how many
        were handled."""
        some = [self.waiting[at] for at in range(min(A_TURN, len(self.waiting)))]
        if not some:
            return 0
        names = {slugs.key(one.sent.article) for one in some} | {one.sent.article for one in some}
        with write_transaction(self.db) as session:
            known = views.open_stories(session, sorted(names), datetime.now(UTC))
            rows = [row_of(one, id) for one in some if (id := story_of(one, known))]
            if rows:
                views.add(session, rows)
        for _ in some:
            self.waiting.popleft()
        return len(some)

    async def run(self) -> None:
        """Write waiting views every second until the end, and then all that are left."""
        while not self.ended.is_set():
            try:
                await asyncio.wait_for(self.ended.wait(), PAUSE)
            except TimeoutError:
                await self.write_all()
        await self.write_all()

    async def write_all(self) -> None:
        try:
            while self.waiting:
                await asyncio.to_thread(self.write)
            self.retrying.worked()
        except Exception as failed:
            self.retrying.failed(failed)

    def end(self) -> None:
        self.ended.set()


def row_of(view: PendingView, id: str) -> dict[str, object]:
    """Return the row of a view. Its event id and visitor are hashed with the story's id, so rows
    of two stories cannot be related."""
    sent = view.sent
    event = keyed_hash(f"{id}\0{sent.id}".encode(), b"") if sent.id is not None else None
    return {
        "hour": views.hour_of(view.at), "article_id": id, "visitor": keyed_hash(id.encode(), view.visitor),
        "event": event, "referrer": host_of(sent.referrer), "at": view.at,
    }  # fmt: skip


def keyed_hash(text: bytes, key: bytes) -> str:
    """Return a short keyed hash as hexadecimal digits."""
    return hashlib.blake2b(text, key=key, digest_size=12).hexdigest()


def story_of(view: PendingView, known: Mapping[str, str]) -> str | None:
    """Return the id of the viewed story, if readers may see it."""
    return known.get(view.sent.article) or known.get(slugs.key(view.sent.article))


def host_of(url: str | None) -> str | None:
    """Return the host of a referrer, or None."""
    try:
        return (urlsplit(url or "").hostname or "")[:253] or None
    except ValueError:
        return None


def is_by_person(headers: Mapping[str, str]) -> bool:
    """Return whether a request is from a person's browser: not from a declared program, and no
    prefetch."""
    agent = headers.get("user-agent", "").strip()
    ahead = " ".join(headers.get(name, "") for name in ("sec-purpose", "purpose", "x-moz"))
    return bool(agent) and not BOTS.search(agent) and not re.search("prefetch|preview", ahead)


def network_of(peer: str) -> str:
    """Return the address, for IPv6 its first half: the rest changes by itself in one household."""
    try:
        at = ip_address(peer)
    except ValueError:
        return peer
    if at.version == 6:
        return str(at.ipv4_mapped or ip_network(f"{at}/64", strict=False).network_address)
    return peer


async def read_body(request: Request) -> bytes:
    """Read the body, up to the limit of a beacon."""
    found = bytearray()
    async for part in request.stream():
        found += part
        if len(found) > LARGEST:
            raise TooLarge(f"A beacon has at most {LARGEST:,} bytes.")
    return bytes(found)


def parse_views(media: str, body: bytes) -> Sequence[ViewWrite]:
    """Parse the views of a beacon: one view, or `views`."""
    if media.partition(";")[0].strip().lower() not in MEDIA:
        raise UnsupportedMedia(f"This takes {' or '.join(MEDIA)}.")
    sent = json_body.read_json(body)
    if isinstance(sent, dict) and "views" in sent:
        return json_body.parse_as(ViewsWrite, sent).views
    return [json_body.parse_as(ViewWrite, sent)]


class ViewRate:
    """Count views by address in a minute, for a limited number of addresses."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.known: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def count(self, network: str, more: int) -> None:
        """Count views of an address. Raises 429 above the limit."""
        minute, second = divmod(int(time.monotonic()), 60)
        since, before = self.known.get(network, (minute, 0))
        count = (before if since == minute else 0) + more
        self.known[network] = (minute, count)
        self.known.move_to_end(network)
        if len(self.known) > MOST_KNOWN:
            self.known.popitem(last=False)
        if count > self.most:
            raise TooManyRequests("Too many views from one address.", 60 - second)
