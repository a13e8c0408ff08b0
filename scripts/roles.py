"""docs/roles.md: who may call what, from the contract. `scripts/openapi` writes it.

tests/access/test_roles.py asks every route with a key of every role and holds the answers against it.
"""

from pathlib import Path
from typing import Any

from app.access.authentication import RANKS
from app.main import create_app
from app.server import plain_settings

FILE = Path(__file__).parent.parent / "docs/roles.md"
INTRODUCTION = """\
# Roles

A key has a role; without one a caller is *anonymous*. Each role may all that those before it may:

| role | sees | does |
|---|---|---|
| anonymous | what is published now (nothing, where `ISNAD_ANONYMOUS=none`: 401) | |
| reader | what is published now | |
| partner | what is published now | |
| editor | drafts, scheduled, unpublished and expired stories too; nothing that was withdrawn | writes |
| admin | as an editor | keys |

A key may be narrowed to scopes (`read`, `write`, `publish`, `withdraw`, `keys`); without scopes it may
do all that its role may. The scope `sources:confidential` is in no role: only a key that names it reads
and writes [confidential sources](confidential-sources.md).

What a route needs and lacks is a 401 without a key, a 403 with one.

## A key

A terminal of the house makes the first, and prints it this once; with it an administrator makes others
by `POST /v1/keys`.

    isnad key create --role editor --name "Night desk"
    isnad key create --role partner --partner coast-daily --network 203.0.113.0/24
    isnad key create --role editor --scope read --scope write
    isnad key list
    isnad key disable key_…

## A wrong key

401 with `WWW-Authenticate` (RFC 6750), and the class of the reason as `reason`:

| reason | |
|---|---|
| `missing` | the route needs a key, and none was sent |
| `malformed` | not `Authorization: Bearer isn_…` |
| `misspelt` | the checksum of the key is wrong |
| `unknown` | this house has no such key |
| `expired`, `disabled` | it was good once |
| `network` | the key is bound to networks, and the caller comes from elsewhere |

The address that counts is the peer's. `X-Forwarded-For` counts from the networks of `ISNAD_PROXIES`
alone. After 20 wrong attempts in a minute from one address further wrong ones are 429 with `Retry-After`. A right
key always passes: each well-formed key is looked up, by one read of an index, so that nobody behind the same
proxy or mobile network can lock others out. Of an address that has had its 20 wrong attempts at most two
unknown keys are looked up at once.

## Routes

Earlier versions of an article (`/versions`, `/diff`, `?as_of=`, `include=versions`, files that only an
earlier version shows) are for editors. `ISNAD_PUBLIC_VERSIONS=true` opens those that readers saw to
everybody; the table shows the default.

Fields that only editors read are null for everybody else: `note` and `dispatch_id` of an attribution;
`needs_review` and `upstream` of a source; `item_id`, `item_version` and `source_status_note` of a dispatch;
`via` of a dispatch that the caller may not see; `links.versions` where versions are closed.

A source with `needs_review` is shown to others only while a story that they may read names it. Until then they
see no dispatch of it, and `source` of an image is null.

Written from the contract by `scripts/openapi`; `tests/access/test_roles.py` asks each route with each role.
`ok` means that the route is entered, whatever it then says of what was sent.

"""


def outcome(role: str, needed: str) -> str:
    """What somebody of a role is told by a route that needs another."""
    if RANKS[role] >= RANKS[needed]:
        return "ok"
    return "401" if role == "anonymous" else "403"


def rows(contract: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """Method, path, role and scope of each operation."""
    return [
        (method.upper(), path, one.get("x-role", "anonymous"), one.get("x-scope", "read"))
        for path, methods in contract["paths"].items()
        for method, one in methods.items()
    ]


def page(contract: dict[str, Any]) -> str:
    head = f"| route | scope | {' | '.join(RANKS)} |\n|---|---|{'---|' * len(RANKS)}\n"
    lines = [
        f"| `{method} {path}` | {scope} | {' | '.join(outcome(role, needed) for role in RANKS)} |"
        for method, path, needed, scope in rows(contract)
    ]
    return INTRODUCTION + head + "\n".join(lines) + "\n"


if __name__ == "__main__":
    FILE.write_text(page(create_app(plain_settings()).openapi()))
