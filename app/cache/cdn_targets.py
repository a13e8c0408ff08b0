"""The caches in front of us, and how each is told what to drop. Pure: settings in, requests out.

The operator names them in the environment, so their addresses are trusted: the guard of outbound
calls is for addresses that a user gave. Their tokens are settings of their own and are never shown.
"""

import base64
import hashlib
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson

from app.config import ConfigError, Settings
from app.http.responses import header_key

if TYPE_CHECKING:
    import httpx

FASTLY = "https://api.fastly.com/service"
CLOUDFLARE = "https://api.cloudflare.com/client/v4/zones"
KINDS = "varnish:http://HOST:PORT, fastly:SERVICE, cloudflare:ZONE or https://…"
EVERYTHING = "all"
"""The key that means every answer."""

LONGEST = 4_000
"""Bytes of keys in a header: Varnish takes lines of 8 kB."""


@dataclass(frozen=True)
class Batch:
    """Keys that are sent together (None: everything), and the row of the log that they go up to."""

    keys: Sequence[str] | None
    sequence: int


@dataclass(frozen=True)
class Target:
    """A cache in front of us. `name` is what is shown of it."""

    name: str
    kind: str
    where: str = field(repr=False)
    token: str = field(repr=False, default="")

    @property
    def id(self) -> str:
        """Return the key of its cursor, which stays the same while it is the same cache."""
        return f"{self.kind}:{hashlib.blake2b(self.where.encode(), digest_size=8).hexdigest()}"

    def requests(self, batch: Batch, now: datetime) -> Iterator["httpx.Request"]:
        """The calls that drop these keys, in order."""
        import httpx  # a process without caches in front does without it

        build = {"varnish": varnish, "fastly": fastly, "cloudflare": cloudflare, "web": web}
        longest = LONGEST if self.kind == "varnish" else math.inf
        named = [header_key(key) for key in batch.keys or ()]
        parts = [None] if batch.keys is None else split(named, MOST[self.kind], longest)
        for number, keys in enumerate(parts):
            yield httpx.Request(**build[self.kind](self, keys, batch.sequence, number, now))


MOST = {"varnish": 150, "fastly": 256, "cloudflare": 100, "web": 1_000}
"""Keys that one call takes."""


def split(keys: Sequence[str], most: int, longest: float) -> Iterator[Sequence[str]]:
    """Keys in parts that a call takes, by number and by length."""
    part: list[str] = []
    size = 0
    for key in keys:
        if part and (len(part) == most or size + len(key) >= longest):
            yield part
            part, size = [], 0
        part.append(key)
        size += len(key) + 1
    if part:
        yield part


Keys = Sequence[str] | None
Call = dict[str, Any]
"""Arguments of a request: method, url, headers, and json or content."""


def varnish(at: Target, keys: Keys, sequence: int, _: int, now: datetime) -> Call:
    """deploy/varnish.vcl; the vmod xkey of varnish-modules."""
    header_fields = {"xkey-purge": " ".join(keys or [EVERYTHING]), "isnad-change": str(sequence)}
    return {"method": "PURGE", "url": at.where, "headers": header_fields}


def fastly(at: Target, keys: Keys, _: int, __: int, now: datetime) -> Call:
    """https://www.fastly.com/documentation/reference/api/purging/"""
    header_fields = {"Fastly-Key": at.token, "Accept": "application/json"}
    if keys is None:
        return {"method": "POST", "url": f"{FASTLY}/{at.where}/purge_all", "headers": header_fields}
    body = {"surrogate_keys": list(keys)}
    url = f"{FASTLY}/{at.where}/purge"
    return {"method": "POST", "url": url, "headers": header_fields, "json": body}


def cloudflare(at: Target, keys: Keys, _: int, __: int, now: datetime) -> Call:
    """https://developers.cloudflare.com/api/resources/cache/methods/purge/"""
    body = {"purge_everything": True} if keys is None else {"tags": list(keys)}
    return {
        "method": "POST", "url": f"{CLOUDFLARE}/{at.where}/purge_cache", "json": body,
        "headers": {"Authorization": f"Bearer {at.token}"},
    }  # fmt: skip


def web(at: Target, keys: Keys, sequence: int, number: int, now: datetime) -> Call:
    """A route of the site's own, signed by Standard Webhooks. A call that is repeated has the same
    `webhook-id`."""
    body = orjson.dumps({"sequence": sequence, "keys": list(keys or [EVERYTHING])})
    mark = hashlib.blake2b(body, digest_size=8).hexdigest()
    id = f"purge_{sequence}_{number}_{mark}"
    header_fields = {"content-type": "application/json"}
    if at.token:
        from standardwebhooks import Webhook

        header_fields |= {
            "webhook-id": id, "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(at.token).sign(id, now, body.decode()),
        }  # fmt: skip
    return {"method": "POST", "url": at.where, "content": body, "headers": header_fields}


def refusal(kind: str, status: int, said: bytes) -> str | None:
    """Return the class of a cache's refusal; None if it accepted the purge."""
    if not 200 <= status < 300:
        return f"http-{status}"
    if kind != "cloudflare":
        return None
    try:
        return None if orjson.loads(said)["success"] is True else "refused"
    except (ValueError, KeyError, TypeError):
        return "not-understood"


def targets_of(settings: Settings) -> list[Target]:
    """Parse the caches that the settings name; errors say what to write instead."""
    found: list[Target] = []
    count: Counter[str] = Counter()
    for one in settings.purge.replace(",", " ").split():
        kind, where = read(one)
        count[kind] += 1
        name = kind if count[kind] == 1 else f"{kind}-{count[kind]}"
        found.append(Target(name, kind, where, token_of(settings, kind)))
    if len({target.id for target in found}) < len(found):
        raise ConfigError("ISNAD_PURGE names a cache twice.")
    return found


def read(one: str) -> tuple[str, str]:
    """Kind and place of a target as it is written in ISNAD_PURGE."""
    kind, _, where = one.partition(":")
    if kind in ("http", "https") and is_url(one):
        return "web", one
    if kind == "varnish" and is_url(where):
        return kind, where if urlsplit(where).path else f"{where}/"
    if kind in ("fastly", "cloudflare") and where.isascii() and where.isalnum():
        return kind, where
    raise ConfigError(
        f"ISNAD_PURGE is a list of {KINDS}; its part that begins {one[:9]!r} is none."
    )


def is_url(text: str) -> bool:
    """Whether a text is an absolute HTTP URL."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


SECRETS = {
    "fastly": ("purge_fastly_token", "a token with the scope purge_select, and purge_all"),
    "cloudflare": ("purge_cloudflare_token", "a token with the permission Cache Purge"),
    "web": ("purge_secret", "whsec_ and at least 24 bytes in base64"),
}


def token_of(settings: Settings, kind: str) -> str:
    """The secret that goes with a kind of cache."""
    if kind not in SECRETS:
        return ""
    name, what = SECRETS[kind]
    token: str = getattr(settings, name).get_secret_value()
    if not token or (kind == "web" and not is_secret(token)):
        raise ConfigError(f"ISNAD_PURGE has {kind}; set ISNAD_{name.upper()}: {what}.")
    return token


def is_secret(text: str) -> bool:
    """Whether a text is a Standard Webhooks secret of at least 24 bytes."""
    try:
        return len(base64.b64decode(text.removeprefix("whsec_") + "==", validate=False)) >= 24
    except ValueError:
        return False
