"""Authenticates requests by their API key. RFC 6750; docs/roles.md."""

import asyncio
import hashlib
import logging
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from typing import Any

import orjson

from app.db.failures import first_line
from app.errors import Forbidden, TooManyRequests, Unauthorized
from app.models.base import ALPHABET, from_column

PREFIX = "isn_"
LETTERS = 52
"""256 bits, five to a letter."""

CHECKSUM = 7
FEW = 20
"""Attempts with a wrong key that a peer has in a minute."""

MOST_KNOWN = 10_000
"""Peers and keys that a process remembers."""

DOUBTFUL = 2
"""Keys looked up at once of peers that have had that many wrong ones: fewer than the connections that read,
so that a flood of well-formed keys leaves some to everybody else."""

CONFIDENTIAL = "sources:confidential"
"""The scope that no role has by itself."""

RANKS = {"anonymous": 0, "reader": 1, "partner": 2, "editor": 3, "admin": 4}

log = logging.getLogger("isnad.auth")


@dataclass(frozen=True, slots=True)
class Caller:
    """The sender of a request. `sees` decides the visibility condition: none, published (visible
    now) or all (also drafts and what the clock hides, but nothing withdrawn)."""

    sees: str = "published"
    role: str = "anonymous"
    key_id: str | None = None
    partner: str | None = None
    scopes: frozenset[str] = frozenset()
    previews: str | None = None
    """The id of the one story that a preview's token shows beside what readers see."""

    @property
    def reads_confidential(self) -> bool:
        """Whether the key's scopes include the names of confidential sources. No role has it by itself."""
        return CONFIDENTIAL in self.scopes

    def need_confidential(self) -> None:
        """Raise 403 unless the caller may read the names of confidential sources."""
        if not self.reads_confidential:
            raise Forbidden(f"This needs the scope {CONFIDENTIAL}, which the key has not.")

    def need(self, role: str, scope: str) -> None:
        """Raise 401 without a key, 403 if the key lacks the role or scope."""
        if self.key_id is None and role != "anonymous":
            raise Unauthorized("missing", "This needs a key: `Authorization: Bearer isn_…`.")
        if RANKS[self.role] < RANKS[role]:
            raise Forbidden(f"This needs the role {role}; the key has {self.role}.")
        self.need_scope(scope)

    def need_scope(self, scope: str) -> None:
        """Raise 403 if the key has scopes and not this one."""
        if self.scopes and scope not in self.scopes:
            raise Forbidden(f"This needs the scope {scope}, which the key has not.")


NOBODY = Caller("none")
READER = Caller("published")


def new_key(prefix: str = PREFIX) -> str:
    """A new key: its prefix, 256 random bits, and a checksum that reveals typing errors."""
    number = secrets.randbits(256)
    body = "".join(ALPHABET[number >> 5 * place & 31] for place in range(LETTERS))
    return prefix + body + checksum(body)


def checksum(body: str) -> str:
    """The checksum of a key's random part."""
    digest = hashlib.sha256(body.encode()).digest()
    return "".join(ALPHABET[byte & 31] for byte in digest[:CHECKSUM])


def is_malformed(key: str, prefix: str = PREFIX) -> bool:
    """Whether this cannot be a key: wrong prefix, length or checksum."""
    body = key.removeprefix(prefix)
    right = key.startswith(prefix) and len(body) == LETTERS + CHECKSUM
    return not right or body[LETTERS:] != checksum(body[:LETTERS])


def hash_of(key: str) -> str:
    """SHA-256 of a key, as it is stored."""
    return hashlib.sha256(key.encode()).hexdigest()


KEY = (
    "SELECT id, role, partner, scopes, networks, expires_at, disabled_at, last_used_at"
    " FROM api_key WHERE hash = :hash"
)


class KeyAuthenticator:
    """Turns a request's key into its Caller. One for each application."""

    def __init__(self, db: Any, anonymous: Caller, proxies: str) -> None:
        self.db, self.anonymous = db, anonymous
        self.proxies = [ip_network(one.strip()) for one in proxies.split(",") if one.strip()]
        self.failed: OrderedDict[str, list[float]] = OrderedDict()
        self.accepted: OrderedDict[str, None] = OrderedDict()
        self.doubtful = asyncio.Semaphore(DOUBTFUL)
        self.use_recorded: dict[str, float] = {}
        self.recording: set[asyncio.Task[None]] = set()

    async def caller(self, scope: Mapping[str, Any]) -> Caller:
        """The caller of a request. Raises 401 with the reason, 429 after too many wrong keys."""
        given = next((value for name, value in scope["headers"] if name == b"authorization"), None)
        if given is None:
            return self.anonymous
        peer = self.peer(scope)
        try:
            return await self.authenticate(given.decode("latin-1"), peer)
        except Unauthorized:
            self.count_failure(peer)
            raise

    async def authenticate(self, header: str, peer: str) -> Caller:
        """The caller of an `Authorization` header. Each well-formed key is looked up, whatever else its address
        sent: wrong keys do not lock out a valid one behind the same proxy."""
        scheme, _, key = header.partition(" ")
        key = key.strip()
        if scheme.lower() != "bearer" or not key:
            raise Unauthorized("malformed", "Send `Authorization: Bearer isn_…`.")
        if is_malformed(key):
            raise Unauthorized(
                "misspelt",
                "Not a valid key: its checksum is wrong, so a character was mistyped or left out.",
            )
        hash = hash_of(key)
        rows = await self.find_key(hash, peer)
        if not rows:
            raise Unauthorized("unknown", "There is no such key.")
        caller = self.caller_of(rows[0], peer)
        self.accepted[hash] = None
        keep_newest(self.accepted, hash)
        return caller

    async def find_key(self, hash: str, peer: str) -> Any:
        """The row of a key. For addresses with many wrong attempts, keys that were not valid before in this
        process are looked up a few at a time."""
        if hash in self.accepted or not self.is_over(peer):
            return await self.db.reader.rows(KEY, {"hash": hash})
        async with self.doubtful:
            return await self.db.reader.rows(KEY, {"hash": hash})

    def caller_of(self, row: Any, peer: str) -> Caller:
        """The caller of a key's row. Raises 401 if the key is disabled, expired, or not for this network."""
        id, role, partner, scopes, networks, expires, disabled, used = row
        now = datetime.now(UTC)
        ends = from_column(expires)
        if disabled is not None:
            raise Unauthorized("disabled", "This key was disabled.")
        if ends is not None and ends <= now:
            raise Unauthorized("expired", "This key has expired.")
        allowed = orjson.loads(networks)
        if allowed and not is_in_networks(peer, [ip_network(one) for one in allowed]):
            raise Unauthorized("network", "This key is not for the network you come from.")
        self.record_use(id, from_column(used), now)
        sees = "all" if RANKS[role] >= RANKS["editor"] else "published"
        return Caller(sees, role, id, partner, frozenset(orjson.loads(scopes)))

    def peer(self, scope: Mapping[str, Any]) -> str:
        """The address of the client. `X-Forwarded-For` counts only from a trusted proxy."""
        at = scope["client"][0] if scope.get("client") else ""
        if not self.proxies or not is_in_networks(at, self.proxies):
            return at
        lines = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
        hops = [hop.strip() for hop in b",".join(lines).decode("latin-1").split(",") if hop.strip()]
        return next((hop for hop in reversed(hops) if not is_in_networks(hop, self.proxies)), at)

    def count_failure(self, peer: str) -> None:
        """Count a wrong attempt. Raises 429 if there were too many within a minute."""
        self.refuse_too_many(peer)
        remember(self.failed.setdefault(peer, []), time.monotonic())
        keep_newest(self.failed, peer)

    def refuse_too_many(self, peer: str) -> None:
        """Raise 429 for an address with too many wrong attempts."""
        since = time.monotonic() - 60
        if self.is_over(peer):
            wait = max(1, int(self.failed[peer][0] - since) + 1)
            raise TooManyRequests("Too many attempts with wrong keys.", wait)

    def is_over(self, peer: str) -> bool:
        """Whether an address has used up its wrong attempts of this minute."""
        tries = self.failed.get(peer, ())
        return len(tries) >= FEW and tries[-FEW] > time.monotonic() - 60

    def record_use(self, id: str, used: datetime | None, now: datetime) -> None:
        """Record that the key was used, once a minute, in the background."""
        fresh = used is not None and (now - used).total_seconds() < 60
        if fresh or time.monotonic() - self.use_recorded.get(id, -60.0) < 60:
            return
        self.use_recorded[id] = time.monotonic()
        task = asyncio.create_task(asyncio.to_thread(run_unawaited, self.db.mark_used, id, now))
        self.recording.add(task)
        task.add_done_callback(self.recording.discard)


def run_unawaited(work: Callable[..., None], *given: Any) -> None:
    """Run work in the background; a failure is logged."""
    try:
        work(*given)
    except Exception as failed:
        log.warning("could not note that a key was used: %s", first_line(failed))


def is_in_networks(address: str, networks: list[Any]) -> bool:
    """Whether an address is in one of these networks."""
    try:
        at = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(at, "ipv4_mapped", None)
    return any((mapped or at) in network for network in networks)


def remember(tries: list[float], now: float) -> None:
    """Add an attempt; drop those that are not counted any more."""
    tries.append(now)
    del tries[:-FEW]


def keep_newest(known: OrderedDict[str, Any], name: str) -> None:
    """Mark an entry as the newest, and drop the oldest of too many."""
    known.move_to_end(name)
    if len(known) > MOST_KNOWN:
        known.popitem(last=False)
