"""Caches in front of us are told what changes: in order, at least once, whatever fails."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from pydantic import ValidationError
from sqlmodel import select
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError
from typer.testing import CliRunner

from app.cache import cdn_purge
from app.cache.cdn_targets import Batch, targets_of
from app.cli import main
from app.config import ConfigError, Settings
from app.db.database import Database
from app.desk.articles import publishing, schedule
from app.desk.transaction import at_desk
from app.models.purge import PurgeCursor
from tests.cli.test_commands import environment
from tests.conftest import Served

SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ALL_FOUR = "varnish:http://cache.test:6081 fastly:SU1Z0 cloudflare:023e105f https://site.test/purge"
TOKENS = {
    "purge_fastly_token": "fastly-token-9", "purge_cloudflare_token": "cf-token-9",
    "purge_secret": SECRET,
}  # fmt: skip
NOW = datetime.now(UTC)


def settings_with(settings: Settings, purge: str = ALL_FOUR, **more: Any) -> Settings:
    return Settings.model_validate(settings.model_dump() | {"purge": purge} | TOKENS | more)


@dataclass
class Caches:
    """Caches that write down what they are told; `answer` says what each says."""

    calls: list[httpx.Request] = field(default_factory=list)
    answer: Callable[[httpx.Request], httpx.Response] = lambda request: httpx.Response(
        200, json={"success": True}
    )

    def client(self) -> httpx.Client:
        def told(request: httpx.Request) -> httpx.Response:
            self.calls.append(request)
            return self.answer(request)

        return httpx.Client(transport=httpx.MockTransport(told))

    def told(self, host: str = "cache.test") -> list[set[str]]:
        return [
            set(call.headers["xkey-purge"].split()) for call in self.calls if call.url.host == host
        ]


@pytest.fixture
def house(settings: Settings) -> Iterator[Database]:
    db = Database(settings_with(settings, "varnish:http://cache.test:6081", purge_again=0))
    yield db
    db.engine.dispose()


def cursor_of(db: Database) -> PurgeCursor:
    with db.reading() as session:
        return session.exec(select(PurgeCursor)).one()


def test_a_change_is_sent_once_and_in_order(house: Database, told) -> None:
    caches = Caches()
    assert cdn_purge.step(house, open_client=caches.client) == 0  # it begins at the head
    rows = [told(headline=f"Story {number}") for number in range(3)]
    assert cdn_purge.step(house, open_client=caches.client) > 0
    [keys] = caches.told()
    assert {row.id for row in rows} | {"articles"} <= keys
    assert caches.calls[0].method == "PURGE"
    assert int(caches.calls[0].headers["isnad-change"]) == cursor_of(house).seq
    assert cdn_purge.step(house, open_client=caches.client) == 0 and len(caches.calls) == 1


def test_a_change_that_readers_cannot_see_purges_no_lists(house: Database, told) -> None:
    caches = Caches()
    cdn_purge.step(house, open_client=caches.client)
    told(publish=False)
    cdn_purge.step(house, open_client=caches.client)
    assert [keys & {"articles", "nouns"} for keys in caches.told()] == [set()]


def test_setting_a_future_transition_purges_lists(house: Database, told) -> None:
    """Lists that are kept for an hour learn that they end sooner."""
    caches = Caches()
    row = told(publish=False)
    cdn_purge.step(house, open_client=caches.client)
    with at_desk(house) as desk:
        schedule.schedule(desk, publishing.get(desk, row.id), NOW + timedelta(hours=1))
    cdn_purge.step(house, open_client=caches.client)
    assert "articles" in caches.told()[-1]


def test_each_target_is_called_by_its_own_protocol(settings: Settings, told) -> None:
    db, caches = Database(settings_with(settings)), Caches()
    cdn_purge.step(db, open_client=caches.client)
    row = told()
    cdn_purge.step(db, open_client=caches.client)
    varnish, fastly, cloudflare, web = caches.calls
    assert str(varnish.url) == "http://cache.test:6081/"
    assert str(fastly.url) == "https://api.fastly.com/service/SU1Z0/purge"
    assert fastly.headers["fastly-key"] == "fastly-token-9"
    assert row.id in json.loads(fastly.content)["surrogate_keys"]
    assert str(cloudflare.url).endswith("/client/v4/zones/023e105f/purge_cache")
    assert cloudflare.headers["authorization"] == "Bearer cf-token-9"
    assert row.id in json.loads(cloudflare.content)["tags"]
    body = Webhook(SECRET).verify(web.content, dict(web.headers))
    assert row.id in body["keys"] and body["sequence"] >= 1
    assert int(varnish.headers["isnad-change"]) == body["sequence"]
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(web.content.replace(b"articles", b"article_"), dict(web.headers))
    db.engine.dispose()


def test_many_keys_are_split_into_calls_of_the_target_limit(settings: Settings) -> None:
    keys = [f"art_{number:022d}" for number in range(1_001)]
    counts = {
        target.name: len(list(target.requests(Batch(keys, 9), NOW)))
        for target in targets_of(settings_with(settings))
    }
    assert counts == {"varnish": 7, "fastly": 4, "cloudflare": 11, "web": 2}
    for target in targets_of(settings_with(settings)):
        for request in target.requests(Batch(keys, 9), NOW):
            assert len(request.headers.get("xkey-purge", "")) <= 4_000
        [one] = target.requests(Batch(None, 9), NOW)
        said = one.content + one.headers.get("xkey-purge", "").encode() + str(one.url).encode()
        assert b"all" in said or b"purge_everything" in said


def test_a_failed_purge_is_repeated_and_none_is_lost(house: Database, told) -> None:
    caches = Caches()
    cdn_purge.step(house, open_client=caches.client)
    first, began = told(), cursor_of(house).seq
    caches.answer = lambda _: httpx.Response(503)
    now = datetime.now(UTC)
    assert cdn_purge.step(house, now, caches.client) == 0
    cursor = cursor_of(house)
    assert (cursor.seq, cursor.failures, cursor.error) == (began, 1, "http-503")
    assert len(caches.calls) == 3, "three times at once"
    assert cdn_purge.step(house, now + timedelta(seconds=0.9), caches.client) == 0
    assert len(caches.calls) == 3, "not before its time"
    caches.answer = lambda _: httpx.Response(200)
    second = told()
    later = datetime.now(UTC) + timedelta(minutes=2)
    assert cdn_purge.step(house, later, caches.client) > 0
    assert {first.id, second.id} <= caches.told()[-1]
    cursor = cursor_of(house)
    assert (cursor.failures, cursor.error) == (0, None) and cursor.seq > began


@pytest.mark.parametrize(
    ("answer", "error", "calls"),
    [
        (lambda _: httpx.Response(403), "http-403", 1),
        (lambda _: httpx.Response(302, headers={"Location": "http://10.0.0.1/"}), "http-302", 3),
        (lambda _: httpx.Response(429, headers={"Retry-After": "7"}), "http-429", 1),
    ],
)
def test_a_refused_purge_keeps_the_cursor_and_records_the_error(
    house: Database, told, answer: Any, error: str, calls: int
) -> None:
    caches = Caches()
    cdn_purge.step(house, open_client=caches.client)
    told()
    caches.answer = answer
    now = datetime.now(UTC)
    assert cdn_purge.step(house, now, caches.client) == 0
    cursor = cursor_of(house)
    assert cursor.error == error and len(caches.calls) == calls
    if error == "http-429":
        assert cursor.not_before == now + timedelta(seconds=7)


def test_an_endless_response_does_not_delay_other_targets(
    settings: Settings, told, monkeypatch
) -> None:
    monkeypatch.setattr(cdn_purge, "PATIENCE", 0.2)
    said: list[int] = []

    def drips() -> Iterator[bytes]:
        for number in range(100):
            said.append(number)
            time.sleep(0.05)
            yield b" " * 8

    db = Database(settings_with(settings, "varnish:http://cache.test:6081 cloudflare:023e105f"))
    caches = Caches()
    cdn_purge.step(db, open_client=caches.client)
    told()
    caches.answer = lambda _: httpx.Response(200, content=drips())
    cdn_purge.step(db, open_client=caches.client)
    assert len(said) < 40
    caches.answer = lambda _: httpx.Response(200, content=iter([b" " * 10**6] * 100))
    assert [lag.error for lag in cdn_purge.lags_now(db)] == [None, "not-understood"]
    cdn_purge.step(db, datetime.now(UTC) + timedelta(minutes=2), caches.client)
    assert [lag.rows > 0 for lag in cdn_purge.lags_now(db)] == [False, True]
    db.engine.dispose()


def test_an_error_with_status_200_from_cloudflare_counts_as_failure(
    settings: Settings, told, caplog
) -> None:
    db, caches = Database(settings_with(settings, "cloudflare:023e105f")), Caches()
    cdn_purge.step(db, open_client=caches.client)
    told()
    for hours, said, error in ((1, {"success": False}, "refused"), (2, [], "not-understood")):
        caches.answer = lambda _, said=said: httpx.Response(200, json=said)  # type: ignore[misc]
        cdn_purge.step(db, datetime.now(UTC) + timedelta(hours=hours), caches.client)
        assert cursor_of(db).error == error
    assert "cf-token" not in caplog.text and "023e105f" not in caplog.text
    db.engine.dispose()


def test_only_one_of_many_workers_sends(house: Database, told, monkeypatch) -> None:
    caches = Caches()
    cdn_purge.step(house, open_client=caches.client)
    told()
    now = datetime.now(UTC)
    monkeypatch.setattr(cdn_purge, "HOLDER", "another")
    assert cdn_purge.claimed(house, cursor_of(house), now)
    monkeypatch.setattr(cdn_purge, "HOLDER", "this")
    assert cdn_purge.step(house, now, caches.client) == 0 and not caches.calls
    assert cdn_purge.step(house, now + cdn_purge.LEASE, caches.client) > 0, (
        "it died: its lease is over"
    )
    monkeypatch.setattr(cdn_purge, "HOLDER", "another")
    assert not cdn_purge.changed(house, cursor_of(house), cdn_purge.mine(), seq=0), (
        "it came back late"
    )
    monkeypatch.setattr(cdn_purge, "HOLDER", "this")
    cdn_purge.release(house)
    told()
    monkeypatch.setattr(cdn_purge, "HOLDER", "another")
    assert cdn_purge.step(house, now + cdn_purge.LEASE, caches.client) > 0, "it was let go"


def test_workers_at_once_send_every_row(house: Database, told) -> None:
    caches = Caches()
    cdn_purge.step(house, open_client=caches.client)
    rows = [told() for _ in range(5)]
    threads = [
        threading.Thread(target=cdn_purge.step, args=(house, None, caches.client)) for _ in range(4)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert {row.id for row in rows} <= set().union(*caches.told())
    with house.reading() as session:
        assert cdn_purge.lags(session, targets_of(house.settings), NOW)[0].rows == 0


def test_a_worker_that_dies_after_its_call_has_it_sent_again(
    house: Database, told, monkeypatch
) -> None:
    caches = Caches()
    cdn_purge.step(house, open_client=caches.client)
    row, now = told(), datetime.now(UTC)
    with monkeypatch.context() as dying:

        def killed(*given: Any) -> None:
            raise KeyboardInterrupt

        dying.setattr(cdn_purge, "mine", killed)
        with pytest.raises(KeyboardInterrupt):
            cdn_purge.step(house, now, caches.client)
    monkeypatch.setattr(cdn_purge, "HOLDER", "another")
    assert cdn_purge.step(house, now, caches.client) == 0, "it may be alive"
    assert cdn_purge.step(house, now + cdn_purge.LEASE, caches.client) > 0
    assert [row.id in keys for keys in caches.told()] == [True, True]


def test_every_purge_is_repeated_after_some_seconds(settings: Settings, told) -> None:
    """An answer that was on its way to the cache as it was purged is caught by the second call."""
    db, caches = Database(settings_with(settings, "varnish:http://cache.test:6081")), Caches()
    now = datetime.now(UTC)
    cdn_purge.step(db, now, caches.client)
    first = told()
    cdn_purge.step(db, now, caches.client)
    cdn_purge.step(db, now + timedelta(seconds=1), caches.client)
    second = told()
    cdn_purge.step(db, now + timedelta(seconds=4), caches.client)
    assert len(caches.calls) == 2
    cdn_purge.step(db, now + timedelta(seconds=5), caches.client)
    assert [first.id in keys for keys in caches.told()] == [True, False, True]
    cdn_purge.step(db, now + timedelta(seconds=10), caches.client)
    cdn_purge.step(db, now + timedelta(seconds=60), caches.client)
    assert [second.id in keys for keys in caches.told()] == [False, True, False, True]
    db.engine.dispose()


def test_a_cache_that_missed_too_many_rows_drops_everything(
    house: Database, told, monkeypatch
) -> None:
    caches = Caches()
    cdn_purge.step(house, open_client=caches.client)
    monkeypatch.setattr(cdn_purge, "TOO_MANY", 3)
    for _ in range(3):
        told()
    cdn_purge.step(house, open_client=caches.client)
    assert caches.told() == [{"all"}]
    with house.reading() as session:
        assert cdn_purge.lags(session, targets_of(house.settings), NOW)[0].rows == 0


def test_many_rows_are_sent_in_several_calls(house: Database, told, monkeypatch) -> None:
    caches = Caches()
    cdn_purge.step(house, open_client=caches.client)
    monkeypatch.setattr(cdn_purge, "MANY", 2)
    rows = [told() for _ in range(4)]
    while cdn_purge.step(house, open_client=caches.client):
        pass
    assert len(caches.calls) >= 4
    found = [next(at for at, keys in enumerate(caches.told()) if row.id in keys) for row in rows]
    assert found == sorted(found)


def test_readyz_reports_the_lag_without_secrets(settings: Settings, told, contract) -> None:
    served = Served(settings_with(settings))
    db, caches = Database(served.settings), Caches(answer=lambda _: httpx.Response(401))
    with httpx.Client(base_url=served.url) as client:
        assert [one["error"] for one in client.get("/readyz").json()["purge"]] == ["not-begun"] * 4
        cdn_purge.step(db, open_client=caches.client)
        told()
        cdn_purge.step(db, open_client=caches.client)
        answer = client.get("/readyz")
        contract.hold(answer)
    assert answer.status_code == 200
    for one, name in zip(
        answer.json()["purge"], ("varnish", "fastly", "cloudflare", "web"), strict=True
    ):
        assert one["target"] == name and one["rows"] >= 2 and one["seconds"] >= 0
        assert one["error"] == "http-401"
    for secret in (*TOKENS.values(), "SU1Z0", "023e105f", "cache.test", "site.test"):
        assert secret not in answer.text and secret not in repr(targets_of(served.settings))
    assert "token-9" not in repr(served.settings)
    served.stop()
    db.engine.dispose()


@pytest.mark.parametrize(
    "purge",
    ["varnish", "varnish:cache:6081", "fastly:", "fastly:a/b", "akamai:1", "ftp://x/", "https://",
     "varnish:http://a varnish:http://a/", "cloudflare:x?y"],
)  # fmt: skip
def test_an_invalid_target_is_refused_at_start(settings: Settings, purge: str) -> None:
    with pytest.raises(ConfigError, match="ISNAD_PURGE"):
        targets_of(settings_with(settings, purge))


@pytest.mark.parametrize("name", TOKENS)
def test_a_missing_token_is_reported_at_start(settings: Settings, name: str) -> None:
    with pytest.raises(ConfigError, match=f"ISNAD_{name.upper()}"):
        Served(settings_with(settings, **{name: ""}))
    with pytest.raises(ValidationError):
        settings_with(settings, purge_again=-1)


class Listening:
    """A cache on a real socket, for the command."""

    def __init__(self) -> None:
        from http.server import BaseHTTPRequestHandler, HTTPServer

        calls = self.calls = []  # type: ignore[var-annotated]

        class Told(BaseHTTPRequestHandler):
            def do_PURGE(self) -> None:
                calls.append(self.headers["xkey-purge"])
                self.send_response(200)
                self.end_headers()

            def log_message(self, *given: Any) -> None:
                """Nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Told)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def test_the_purge_command_sends_the_keys_of_what_is_named(settings: Settings, told) -> None:
    cache, row = Listening(), told(slug="a-story")
    env = environment(settings) | {
        "ISNAD_PURGE": f"varnish:{cache.url}", "ISNAD_PUBLIC_URL": "http://api.test",
        "ISNAD_SITE_URL": "https://site.test",
    }  # fmt: skip
    for named, keys in (
        ("a-story", row.id), (f"http://api.test/v1/articles/{row.id}", row.id), ("all", "all"),
        ("src_abc", "src_abc"), ("articles", "articles"),
    ):  # fmt: skip
        done = CliRunner().invoke(main.app, ["purge", named], env=env)
        assert done.exit_code == 0, done.output
        assert done.stdout == f"keys: {keys}\nvarnish: sent (1)\n"
        assert cache.calls.pop() == keys
    unknown = CliRunner().invoke(main.app, ["purge", "no-such"], env=env)
    assert unknown.exit_code == 1 and not cache.calls
    cache.server.shutdown()
    cache.server.server_close()
    down = CliRunner().invoke(main.app, ["purge", "a-story"], env=env)
    assert (down.exit_code, down.stdout) == (1, f"keys: {row.id}\nvarnish: failed: connect\n")
