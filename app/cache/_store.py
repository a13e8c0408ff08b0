"""Answers that are kept: ready bytes by address and coding, bounded, dropped by surrogate key."""

from collections.abc import Iterable
from datetime import datetime

from app.http.responses import CacheableResponse, encode, validator_headers

Address = tuple[bytes, bytes]
"""The path as it was sent, and the query in one order."""

Headers = list[tuple[bytes, bytes]]
OF_AN_ENTRY, OF_A_KEY = 2_000, 150
"""Bytes of bookkeeping that an entry costs, and each of its keys."""

LARGEST = 8
"""An entry takes at most this part of the room."""

NEVER = float("inf")
ANY = "articles:any"
"""A key of every list that names nothing narrower."""

CLOCKED = frozenset(("articles", "changes"))
"""Keys of what any story's moment may change."""


class Variant:
    """An answer in one coding: its body, and the headers that don't change, also as they are sent."""

    __slots__ = ("body", "etag", "found", "found_bytes", "same", "same_bytes")

    def __init__(self, offer: CacheableResponse, coding: str, added: Headers) -> None:
        held = offer.representation
        self.body = encode(held, coding)
        kept = validator_headers(held, coding, offer.links)
        self.etag = kept["ETag"].encode("latin-1")
        self.same = [*raw(kept), *added]
        kept |= {"Content-Encoding": coding} if coding else {}
        kept |= {"Content-Length": str(len(self.body)), "Content-Type": media_type(held.media_type)}
        self.found = [*raw(kept), *added]
        self.same_bytes, self.found_bytes = lines(self.same), lines(self.found)

    @property
    def size(self) -> int:
        return len(self.body) + 3 * (len(self.same_bytes) + len(self.found_bytes))


class Entry:
    """The cached responses for one URL."""

    __slots__ = (
        "address", "boundary", "clocked", "keys", "longest", "offer", "plain", "said", "since",
        "size", "until", "variants",
    )  # fmt: skip

    def __init__(
        self, address: Address, offer: CacheableResponse, since: float, added: Headers
    ) -> None:
        self.address, self.offer = address, offer
        self.keys = frozenset(offer.representation.keys.split())
        if "articles" in self.keys and not any(key.startswith("articles:") for key in self.keys):
            self.keys |= {ANY}
        self.clocked = not CLOCKED.isdisjoint(self.keys)
        self.said: tuple[tuple[float, int], bytes] = (NEVER, -1), b""
        self.boundary = stamp(offer.boundary)
        self.longest = offer.longest
        self.since, self.until = since, min(self.boundary, since + offer.longest)
        self.plain = Variant(offer, "", added)
        self.variants = {"": self.plain}
        known = len(offer.representation.zstd or b"") + len(offer.representation.gzip or b"")
        keyed = OF_A_KEY * len(self.keys) + 2 * len(offer.representation.keys)
        self.size = OF_AN_ENTRY + self.plain.size + known + keyed + sum(map(len, address))


class CacheStore:
    """Cached responses up to a number of bytes; the least recently used ones are dropped first."""

    def __init__(self, room: int, added: Headers) -> None:
        self.room, self.added = room, added
        self.taken = 0
        self.entries: dict[Address, Entry] = {}
        self.by_key: dict[str, set[Address]] = {}

    def find(self, address: Address) -> Entry | None:
        """The entry of an address; it is the last to go now."""
        entry = self.entries.pop(address, None)
        if entry is not None:
            self.entries[address] = entry
        return entry

    def put(self, entry: Entry) -> bool:
        """Keep an entry, unless it is too large."""
        self.remove(entry.address)
        if entry.size * LARGEST > self.room:
            return False
        self.entries[entry.address] = entry
        for key in entry.keys:
            self.by_key.setdefault(key, set()).add(entry.address)
        self.taken += entry.size
        self.make_room()
        return True

    def variant(self, entry: Entry, coding: str) -> Variant:
        """An entry in a coding, made once."""
        found = entry.variants.get(coding)
        if found is None:
            found = entry.variants[coding] = Variant(entry.offer, coding, self.added)
            if entry.address in self.entries:
                entry.size += found.size
                self.taken += found.size
                self.make_room()
        return found

    def make_room(self) -> None:
        """Remove the entries that were used least recently until the others fit."""
        while self.taken > self.room:
            self.remove(next(iter(self.entries)))

    def drop(self, keys: Iterable[str]) -> int:
        """Let go of what has one of these keys; how many that were."""
        addresses = {one for key in keys for one in self.by_key.get(key, ())}
        for address in addresses:
            self.remove(address)
        return len(addresses)

    def remove(self, address: Address) -> None:
        """Remove an entry, if there is one."""
        entry = self.entries.pop(address, None)
        if entry is None:
            return
        self.taken -= entry.size
        for key in entry.keys:
            there = self.by_key[key]
            there.discard(address)
            if not there:
                del self.by_key[key]

    def clear(self) -> None:
        """Remove every entry."""
        self.entries.clear()
        self.by_key.clear()
        self.taken = 0


def raw(headers: dict[str, str]) -> Headers:
    """Headers as ASGI has them."""
    return [
        (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()
    ]


def lines(headers: Headers) -> bytes:
    """Headers as lines of HTTP/1.1."""
    return b"".join(b"%b: %b\r\n" % header for header in headers)


def media_type(media_type: str) -> str:
    """As Starlette says it: a text has its charset."""
    plain = media_type.startswith("text/") and "charset=" not in media_type
    return f"{media_type}; charset=utf-8" if plain else media_type


def stamp(moment: datetime | None) -> float:
    """A time as seconds since 1970; `NEVER` for none."""
    return moment.timestamp() if moment else NEVER
