"""Keys over HTTP: made once, shown once, told apart when they are wrong, limited, rotated."""

import asyncio
import re
import subprocess
import sys
import time
import types
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlmodel import select

from app.access import authentication
from app.access.authentication import FEW
from app.db.database import Database
from app.errors import TooManyRequests, Unauthorized
from app.models.idempotency import IdempotencyRow
from app.models.key import KeyRow
from tests.conftest import Client, Served, Signed


def refused(answer: httpx.Response, reason: str) -> None:
    assert answer.status_code == 401, answer.text
    assert answer.json()["reason"] == reason
    assert answer.headers["www-authenticate"].startswith('Bearer realm="isnad"')
    assert answer.headers["cache-control"] == "no-store"


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def test_a_new_key_is_shown_once_and_stored_as_a_hash(admin: Client, client: Client, db) -> None:
    made = admin.post("/v1/keys", json={"role": "editor", "name": "Night desk"}).json()
    key = made["key"]
    assert re.fullmatch(r"isn_[0-9a-z]{59}", key)
    assert client.get("/v1/articles?state=draft", headers=bearer(key)).status_code == 200
    listed = admin.get("/v1/keys").json()["items"]
    assert made["id"] in [one["id"] for one in listed]
    assert key not in admin.get("/v1/keys").text + admin.get(made["links"]["self"]).text
    with db.reading() as session:
        row = session.get_one(KeyRow, made["id"])
        assert key not in row.model_dump_json() and row.hash == authentication.hash_of(key)


def test_each_kind_of_invalid_key_has_its_own_reason(client: Client, admin: Client, key) -> None:
    good = key("reader")
    other = good[:-1] + ("0" if good[-1] != "0" else "1")
    path = "/v1/articles"
    assert client.get(path, headers=bearer(good)).status_code == 200
    refused(client.get(path, headers=bearer(other)), "misspelt")
    refused(client.get(path, headers=bearer(good.upper())), "misspelt")
    refused(client.get(path, headers=bearer(authentication.new_key())), "unknown")
    refused(client.get(path, headers={"Authorization": f"Basic {good}"}), "malformed")
    refused(client.get(path, headers={"Authorization": "Bearer"}), "malformed")
    refused(client.get(path, headers=bearer("x" * 5000)), "misspelt")
    soon = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    brief = admin.post("/v1/keys", json={"role": "reader", "expires_at": soon}).json()
    assert client.get(path, headers=bearer(brief["key"])).status_code == 200
    time.sleep(1.1)
    refused(client.get(path, headers=bearer(brief["key"])), "expired")
    gone = admin.post("/v1/keys", json={"role": "reader"}).json()
    version = {"If-Match": f'"v{gone["version"]}"'}
    assert admin.delete(f"/v1/keys/{gone['id']}", headers=version).status_code == 200
    refused(client.get(path, headers=bearer(gone["key"])), "disabled")


def test_a_write_without_a_valid_key_does_not_reveal_whether_the_story_exists(
    client: Client, told
) -> None:
    told(slug="there", publish=False)
    for slug in ("there", "not-there"):
        refused(client.put(f"/v1/articles/{slug}", json={}), "missing")
        wrong = bearer(authentication.new_key())
        refused(client.put(f"/v1/articles/{slug}", json={}, headers=wrong), "unknown")


def test_failed_attempts_are_limited_but_valid_keys_still_work(client: Client, key) -> None:
    late = key("reader")
    for _ in range(FEW):
        refused(client.get("/v1/articles", headers=bearer(authentication.new_key())), "unknown")
    answer = client.get("/v1/articles", headers=bearer(authentication.new_key()))
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 61
    assert client.get("/v1/articles", headers=bearer(late)).status_code == 200, "a right key passes"
    assert client.get("/v1/articles", headers=bearer("isn_misspelt")).status_code == 429
    assert client.get("/v1/articles").status_code == 200


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_flood_of_invalid_keys_is_looked_up_a_few_at_a_time(anyio_backend: str) -> None:
    class Slow:
        """A reader that says how many ask it at once."""

        now = most = 0

        async def rows(self, sql: str, values: dict[str, str]) -> list[tuple[object, ...]]:
            self.now += 1
            self.most = max(self.most, self.now)
            await asyncio.sleep(0)
            self.now -= 1
            return []

    scope = {"client": ("192.0.2.1", 1), "headers": [(b"authorization", b"")]}

    async def ask(door: authentication.KeyAuthenticator) -> type[BaseException]:
        key = f"Bearer {authentication.new_key()}".encode()
        with pytest.raises((Unauthorized, TooManyRequests)) as refused:
            await door.caller(scope | {"headers": [(b"authorization", key)]})
        return refused.type

    reader = Slow()
    door = authentication.KeyAuthenticator(
        types.SimpleNamespace(reader=reader), authentication.READER, ""
    )
    first = [await ask(door) for _ in range(FEW)]
    assert set(first) == {Unauthorized}
    reader.most = 0
    flood = await asyncio.gather(*(ask(door) for _ in range(200)))
    assert set(flood) == {TooManyRequests}
    assert reader.most == authentication.DOUBTFUL


@pytest.mark.parametrize(
    ("proxies", "forwarded", "network", "status"),
    [
        ("", "", "127.0.0.0/8", 200),
        ("", "", "192.0.2.0/24", 401),
        ("", "192.0.2.7", "192.0.2.0/24", 401),  # forged: we know of no proxy
        ("127.0.0.1/32", "192.0.2.7", "192.0.2.0/24", 200),
        ("127.0.0.1/32", "192.0.2.7, 198.51.100.9", "192.0.2.0/24", 401),  # the nearest hop counts
        ("127.0.0.1/32, 198.51.100.0/24", "192.0.2.7, 198.51.100.9", "192.0.2.0/24", 200),
        ("127.0.0.1/32", "::ffff:192.0.2.7", "192.0.2.0/24", 200),
        ("127.0.0.1/32", "nonsense", "192.0.2.0/24", 401),
        ("10.0.0.0/8", "192.0.2.7", "192.0.2.0/24", 401),
    ],
)
def test_a_key_bound_to_a_network_is_refused_from_elsewhere(
    client: Client, key, contract, proxies: str, forwarded: str, network: str, status: int
) -> None:
    served = Served(client.served.settings.model_copy(update={"proxies": proxies}))
    headers = bearer(key("reader", networks=[network]))
    if forwarded:
        headers["X-Forwarded-For"] = forwarded
    with Client(served, contract) as other:
        answer = other.get("/v1/articles", headers=headers)
        assert answer.status_code == status
        if status == 401:
            refused(answer, "network")
    served.stop()


def test_after_a_rotation_the_old_key_works_until_the_overlap_ends(
    admin: Client, client: Client
) -> None:
    old = admin.post("/v1/keys", json={"role": "partner", "partner": "north-star"}).json()
    new = admin.post(f"/v1/keys/{old['id']}/rotation", json={"overlap": 1}).json()
    assert (new["replaces"], new["partner"], new["role"]) == (old["id"], "north-star", "partner")
    for key in (old["key"], new["key"]):
        assert client.get("/v1/articles", headers=bearer(key)).status_code == 200
    time.sleep(1.1)
    refused(client.get("/v1/articles", headers=bearer(old["key"])), "expired")
    assert client.get("/v1/articles", headers=bearer(new["key"])).status_code == 200
    again = admin.post(f"/v1/keys/{old['id']}/rotation")
    assert again.status_code == 409


def test_changing_one_key_of_a_holder_leaves_the_others_unchanged(
    admin: Client, client: Client
) -> None:
    made = [
        admin.post("/v1/keys", json={"role": "partner", "partner": "north-star"}).json()
        for _ in range(2)
    ]
    url, version = f"/v1/keys/{made[0]['id']}", {"If-Match": '"v1"'}
    assert admin.patch(url, json={"disabled": True}).status_code == 428
    changed = admin.patch(url, json={"disabled": True, "name": "old"}, headers=version)
    assert (changed.json()["disabled"], changed.json()["version"]) == (True, 2)
    assert admin.patch(url, json={"disabled": False}, headers=version).status_code == 412
    refused(client.get("/v1/articles", headers=bearer(made[0]["key"])), "disabled")
    assert client.get("/v1/articles", headers=bearer(made[1]["key"])).status_code == 200


def test_all_errors_of_a_key_request_are_reported_at_once(admin: Client) -> None:
    sent = {
        "role": "king", "scopes": ["write", "fly"], "networks": ["10.0.0.0/99"], "colour": "red",
        "expires_at": "tomorrow",
    }  # fmt: skip
    answer = admin.post("/v1/keys", json=sent)
    pointers = {one["pointer"] for one in answer.json()["errors"]}
    assert answer.status_code == 422
    assert pointers == {"#/role", "#/scopes/1", "#/networks/0", "#/colour", "#/expires_at"}
    past = admin.post("/v1/keys", json={"role": "reader", "expires_at": "2020-01-01T00:00:00Z"})
    assert past.json()["errors"][0]["pointer"] == "#/expires_at"


def test_a_replayed_response_never_contains_a_secret(admin: Client, db: Database) -> None:
    headers = {"Idempotency-Key": "make-one"}
    made = admin.post("/v1/keys", json={"role": "reader"}, headers=headers)
    again = admin.post("/v1/keys", json={"role": "reader"}, headers=headers)
    assert made.status_code == 201
    assert again.status_code == 409
    assert f"/v1/keys/{made.json()['id']}" in again.json()["detail"]
    with db.reading() as session:
        [row] = session.exec(select(IdempotencyRow)).all()
        assert made.json()["key"].encode() not in row.body


def test_last_used_is_recorded_to_the_minute(
    client: Client, admin: Client, key, db: Database
) -> None:
    headers = bearer(key("reader", name="noted"))
    head = client.get("/v1").json()["change"]
    client.get("/v1/articles", headers=headers)
    until = time.monotonic() + 5
    while time.monotonic() < until:
        [row] = [one for one in admin.get("/v1/keys").json()["items"] if one["name"] == "noted"]
        if row["last_used_at"]:
            break
        time.sleep(0.02)
    assert row["last_used_at"]
    assert client.get("/v1").json()["change"] == head, "using a key is no change"


def test_the_command_line_creates_the_first_key(client: Client, tmp_path, signed: Signed) -> None:
    settings = client.served.settings
    environment = {
        "ISNAD_DATABASE_URL": settings.database_url, "ISNAD_SECRET": "test-secret",
        "PATH": "/usr/bin:/bin",
    }  # fmt: skip

    def isnad(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "app", "key", *words], env=environment, check=True, text=True,
            capture_output=True, timeout=60,
        )  # fmt: skip
        return done.stdout

    key = isnad("create", "--role", "admin", "--name", "first").strip()
    assert client.get("/v1/keys", headers=bearer(key)).status_code == 200
    [line] = [line for line in isnad("list").splitlines() if "first" in line]
    assert key not in line and "works" in line
    isnad("disable", line.split()[0])
    refused(client.get("/v1/keys", headers=bearer(key)), "disabled")
