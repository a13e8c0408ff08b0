"""docs/roles.md: who may call what, from the contract. `scripts/openapi` writes it.

tests/access/test_roles.py requests every route with a key of every role and compares the responses.
"""

from pathlib import Path
from typing import Any

from app.access.authentication import RANKS
from app.main import create_app
from app.server import plain_settings

FILE = Path(__file__).parent.parent / "docs/roles.md"
INTRODUCTION = """\
# Roles and keys

For everyone who uses a key. A key has a role; a caller without a key is *anonymous*. Each role has all rights of the
roles before it:

| Role | Reads | Writes |
|---|---|---|
| anonymous | what is published now (with `ISNAD_ANONYMOUS=none` nothing: 401) | |
| reader | what is published now | |
| partner | what is published now | |
| editor | also drafts, scheduled, unpublished and expired stories; nothing withdrawn | stories and catalog items |
| admin | as an editor | also keys |

A key can be limited to scopes (`read`, `write`, `publish`, `withdraw`, `keys`); without scopes it has all rights of its
role. No role includes the scope `sources:confidential`: only a key that lists it reads and writes [confidential
sources](confidential-sources.md).

A request without the needed role or scope is 401 without a key, and 403 with one.

## Creating a key

Create the first key on the server's terminal, which prints it once. With an administrator's key `POST /v1/keys` creates
others.

    isnad key create --role editor --name "Night desk"
    isnad key create --role partner --partner coast-daily --network 203.0.113.0/24
    isnad key create --role editor --scope read --scope write
    isnad key list
    isnad key disable key_…

## Invalid keys

401 with `WWW-Authenticate` (RFC 6750) and a `reason`:

| `reason` | Meaning |
|---|---|
| `missing` | the route needs a key, and none was sent |
| `malformed` | not `Authorization: Bearer isn_…` |
| `misspelt` | the checksum of the key is wrong |
| `unknown` | there is no such key in this installation |
| `expired`, `disabled` | it was valid once |
| `network` | the key is bound to networks, and the caller's address is in none of them |

The caller's address is that of the connection. `X-Forwarded-For` is used only for connections from the networks of
`ISNAD_PROXIES`. After 20 failed attempts in a minute from one address further failed ones are 429 with `Retry-After`.
A valid key always works: each well-formed key is looked up, by one read of an index, so that nobody can lock out
others behind the same proxy or mobile network. For an address with 20 failed attempts at most two unknown keys are
looked up at the same time.

## Routes

Earlier versions of an article (`/versions`, `/diff`, `?as_of=`, `include=versions`, files that only an
earlier version shows) are for editors. With `ISNAD_PUBLIC_VERSIONS=true` everybody may read those that readers
saw; the table shows the default.

Fields for editors are null for everybody else: `note` and `dispatch_id` of an attribution;
`needs_review` and `upstream` of a source; `item_id`, `item_version` and `source_status_note` of a dispatch;
`via` of a dispatch that the caller may not see; `links.versions` if versions are not public.

A source with `needs_review` is shown to others only while a story that they may read names it. Until then they
see no dispatch of it, and `source` of an image is null.

`scripts/openapi` writes this table from the contract; `tests/access/test_roles.py` requests each route with each role.
`ok` means that the caller may use the route; the request can still fail for other reasons.

"""


def outcome(role: str, needed: str) -> str:
    """The table cell: may this role call a route that needs the other?"""
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
    head = f"| Route | Scope | {' | '.join(RANKS)} |\n|---|---|{'---|' * len(RANKS)}\n"
    lines = [
        f"| `{method} {path}` | {scope} | {' | '.join(outcome(role, needed) for role in RANKS)} |"
        for method, path, needed, scope in rows(contract)
    ]
    return INTRODUCTION + head + "\n".join(lines) + "\n"


if __name__ == "__main__":
    FILE.write_text(page(create_app(plain_settings()).openapi()))
