"""Writing while the server is killed: every acknowledged write is there once, nothing half.

    make soak                                    2,000 writes, 10 kills, on both databases
    python -m tests.support.soak --writes 200 --kills 2  shorter

Writers create stories, publish and edit them, each write with an `Idempotency-Key`; an answer that
did not come is asked for again with the same key when the server is back. Meanwhile `kill -9` meets
the server at moments of chance. In the end every story must have the versions, the state, the rows
of the log and the document that were acknowledged, exactly.
"""

import argparse
import contextlib
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from sqlmodel import col, select

from app.cli import check as checking
from app.config import Settings
from app.db import migrate
from app.db.database import Database
from app.desk import keys
from app.desk.transaction import at_desk
from app.models.article import ArticleRow, DocumentRow, VersionRow
from app.models.change import ChangeRow
from app.models.key import KeyRole, KeyWrite
from tests.support.databases import fresh_postgres, postgres_url

WRITERS = 4
EDITS = 3
PATIENCE = 60.0


class Server:
    """`isnad serve` as a process of its own, to be killed and started again."""

    def __init__(self, settings: Settings) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = os.environ | {
            "ISNAD_DATABASE_URL": settings.database_url, "ISNAD_SECRET": "soak",
            "ISNAD_MEDIA_URL": settings.media_url,
        }  # fmt: skip
        self.process = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "app", "serve", "--port", str(self.port)]
        self.process = subprocess.Popen(
            command, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200:
                    return self.process
            time.sleep(0.05)
        raise RuntimeError("the server did not come back")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@dataclass
class Written:
    """What was acknowledged of one story."""

    version: int = 1
    published: bool = False
    logged: Counter[str] = field(default_factory=Counter)


class Writer(threading.Thread):
    """Somebody at the desk, who asks until an answer comes."""

    def __init__(self, url: str, key: str, number: int, stories: int) -> None:
        super().__init__(daemon=True)
        self.url, self.number, self.stories = url, number, stories
        self.http = httpx.Client(
            base_url=url, timeout=10, headers={"Authorization": f"Bearer {key}"}
        )
        self.written: dict[str, Written] = {}
        self.done, self.repeated = 0, 0
        self.wrong: str | None = None

    def run(self) -> None:
        try:
            for place in range(self.stories):
                self.story(place)
        except Exception as wrong:
            self.wrong = repr(wrong)

    def story(self, place: int) -> None:
        name = f"Story {self.number} {place}"
        body = [{"type": "paragraph", "text": "As it was at first."}]
        story = self.write("POST", "/v1/articles", {"lang": "en", "headline": name, "body": body})
        known = self.written[story["id"]] = Written()
        known.logged["created"] += 1
        path = f"/v1/articles/{story['id']}"
        self.write("PUT", f"{path}/publication", None)
        known.published = True
        known.logged["published"] += 1
        for edit in range(EDITS):
            self.write("PATCH", path, {"summary": f"Edit {edit}"}, match=known.version)
            known.version += 1
            known.logged["updated"] += 1

    def write(self, method: str, path: str, sent: object, match: int | None = None) -> dict:  # type: ignore[type-arg]
        """One write, acknowledged. The same key goes with every repetition."""
        headers = {"Idempotency-Key": f"{self.number}-{self.done}"}
        if match:
            headers["If-Match"] = f'"v{match}"'
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                answer = self.http.request(method, path, json=sent, headers=headers)
            except httpx.HTTPError:
                self.repeated += 1
                time.sleep(0.05)
                continue
            if (
                answer.status_code in (503, 429)
                or answer.json().get("code") == "idempotency-running"
            ):
                time.sleep(0.05)
                continue
            assert answer.status_code in (200, 201), f"{method} {path}: {answer.text}"
            self.done += 1
            told: dict = answer.json()  # type: ignore[type-arg]
            return told
        raise TimeoutError(f"{method} {path} was never answered")


def soak(settings: Settings, writes: int, kills: int, seed: int = 1) -> str:
    """Run it; a sentence of what happened. Raises AssertionError where something was lost."""
    chance = random.Random(seed)
    db = Database(settings)
    migrate.migrate(db.engine)
    with at_desk(db, by="soak") as desk:
        _, key = keys.make(desk, KeyWrite(role=KeyRole.editor))
    server = Server(settings)
    stories = -(-writes // (WRITERS * (2 + EDITS)))
    writers = [Writer(server.url, key, number, stories) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    total = stories * WRITERS * (2 + EDITS)
    try:
        for strike in range(1, kills + 1):
            wanted = total * strike // (kills + 1)
            while sum(w.done for w in writers) < wanted and any(w.is_alive() for w in writers):
                time.sleep(0.005)
            time.sleep(chance.random() * 0.05)
            server.kill()
            server.start()
        for writer in writers:
            writer.join(PATIENCE * 3)
    finally:
        server.kill()
    assert [w.wrong for w in writers if w.wrong] == []
    check(db, {id: one for writer in writers for id, one in writer.written.items()}, total)
    db.engine.dispose()
    repeated = sum(writer.repeated for writer in writers)
    return f"{total} writes acknowledged, {kills} kills, {repeated} repetitions, nothing lost"


def check(db: Database, written: dict[str, Written], total: int) -> None:
    """What was acknowledged is there, once; nothing else is."""
    assert checking.faults(db) == []
    with db.reading() as session:
        rows = {row.id: row for row in session.exec(select(ArticleRow))}
        assert rows.keys() == written.keys()
        documents = {row.article_id: row.etag for row in session.exec(select(DocumentRow))}
        versions = Counter(session.exec(select(VersionRow.article_id)))
        logged: dict[str, Counter[str]] = {}
        changes = select(ChangeRow.object_id, ChangeRow.type).where(ChangeRow.noun == "article")
        for id, type in session.exec(changes.order_by(col(ChangeRow.seq))):
            logged.setdefault(id, Counter())[type] += 1
    for id, one in written.items():
        assert rows[id].version == versions[id] == one.version, id
        assert (rows[id].state == "published") == one.published, id
        assert documents[id].startswith(f"{one.version}-"), id
        assert logged[id] == one.logged, id
    assert sum(sum(one.logged.values()) for one in written.values()) == total


@contextlib.contextmanager
def houses() -> Iterator[dict[str, Settings]]:
    """An empty house on each database."""
    with tempfile.TemporaryDirectory() as name, postgres_url(durable=True) as base:
        media = f"file:{Path(name) / 'media'}"
        urls = {"sqlite": f"sqlite:///{name}/isnad.db", "postgresql": fresh_postgres(base)}
        yield {
            kind: Settings(database_url=url, media_url=media, secret="soak")
            for kind, url in urls.items()
        }


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    asked.add_argument("--writes", type=int, default=2000)
    asked.add_argument("--kills", type=int, default=10)
    asked.add_argument("--seed", type=int, default=int(time.time()))
    options = asked.parse_args()
    with houses() as made:
        for kind, settings in made.items():
            print(f"{kind}: {soak(settings, options.writes, options.kills, options.seed)}")  # noqa: T201


if __name__ == "__main__":
    main()
