"""A live story of many updates: what a poll takes, and what a post takes.

.venv/bin/python -m bench.live [UPDATES] [PICTURES]
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from app.change_log.transaction import write_transaction
from app.config import Settings
from app.db import migrate
from app.db.database import Database
from app.desk.articles import live_updates as updates
from app.desk.articles import publishing
from app.desk.catalog import seed, verbs
from app.desk.transaction import at_desk
from app.models.article import ArticleWrite
from app.models.base import new_id
from app.models.image import ImageRow, ImageUseRow
from app.models.live import LiveUpdateRow
from app.models.section import ContributorRow
from app.rendering import documents
from app.rendering import live_updates as live
from tests.conftest import Served
from tests.support.databases import fresh_postgres, postgres_url

SAID = "تقول مصلحة الأرصاد إن سرعة الريح هبطت إلى خمسين كيلومترًا في الساعة، وإن المطر يستمر حتى الفجر. "
START = datetime(2026, 1, 1, tzinfo=UTC)
ROUNDS = 300
BATCH = 500


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    pictures = int(sys.argv[2]) if len(sys.argv) > 2 else count // 10
    with tempfile.TemporaryDirectory() as folder, postgres_url(durable=True) as postgres:
        for url in (f"sqlite:///{folder}/bench.db", fresh_postgres(postgres)):
            measure(url, Path(folder), count, pictures)


def measure(url: str, folder: Path, count: int, pictures: int) -> None:
    settings = Settings(database_url=url, media_url=f"file:{folder}/media", secret="bench")
    migrate.migrate(Database(settings).engine)
    served = Served(settings.model_copy(update={"cache_bytes": 0}))
    db = Database(served.settings)
    seed.seed_sources(db)
    story = told(db, count, pictures)
    print(f"{url.partition(':')[0]}: {count} updates, {pictures} pictures")
    with httpx.Client(base_url=served.url) as client:
        path = f"/v1/articles/{story}/updates"
        newest = client.get(path).raise_for_status().json()["items"][0]["id"]
        middle = live.cursor_of(story, "", ["2026-01-01T00:00:30Z", "upd_z"])
        for name, asked in (
            ("newest 20", path), ("after the newest", f"{path}?after={newest}"),
            ("a page at the end", f"{path}?cursor={middle}"), ("the story", f"/v1/articles/{story}"),
        ):  # fmt: skip
            show(name, lambda asked=asked: client.get(asked).raise_for_status())  # type: ignore[misc]
        tag = {"If-None-Match": client.get(path).headers["etag"]}
        show("304", lambda: client.get(path, headers=tag))
    show("a post", lambda: post(db, story), 50)
    served.stop()


def show(name: str, work: Callable[[], Any], rounds: int = ROUNDS) -> None:
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        took.append((time.perf_counter() - began) * 1000)
    took.sort()
    print(
        f"  {name}: median {statistics.median(took):.2f} ms, p95 {took[rounds * 95 // 100]:.2f} ms"
    )


def told(db: Database, count: int, pictures: int) -> str:
    """A live story with updates, some with a picture; its id."""
    with at_desk(db, by="bench") as desk:
        write = ArticleWrite.model_validate({"lang": "ar", "headline": "Live", "kind": "live"})
        story = publishing.publish(desk, publishing.create(desk, write)).id
        times: Any = {"created_at": desk.now, "modified_at": desk.now}
        people = [ContributorRow(slug=f"p{n}", name={"ar": f"p{n}"}, **times) for n in range(5)]
        images = [ImageRow(credit={"ar": "c"}, file=f"{n}.png", **times) for n in range(pictures)]
        for row in (*people, *images):
            verbs.add(desk, row)
    for start in range(0, count, BATCH):
        rows = [
            update(story, n, people[n % 5].id, images[n].id if n < pictures else None)
            for n in range(start, min(count, start + BATCH))
        ]
        keep(db, rows)
    with at_desk(db, by="bench") as desk:
        desk.render(story)
    return story


def update(story: str, number: int, author: str, picture: str | None) -> LiveUpdateRow:
    body: list[dict[str, Any]] = [{"type": "paragraph", "id": "p", "html": SAID * 4}]
    if picture:
        body.append({"type": "figure", "id": "f", "image": {"id": picture}})
    return LiveUpdateRow(
        id=new_id("upd"), article_id=story, at=START + timedelta(seconds=number), born=number + 1,
        created_at=START, modified_at=START, author_id=author, is_key=number % 100 == 0,
        changed=number + 1, content={"headline": f"{number}", "body": body}, stamp="", keys="",
        document=b"",
    )  # fmt: skip


def keep(db: Database, rows: list[LiveUpdateRow]) -> None:
    with write_transaction(db) as session:
        made = live.render(session, db.settings, rows, "ar", START, {})
        for row in rows:
            live.keep(row, made[row.id], documents.stamp_of(db.settings))
            session.add(row)
            for block, use in live.uses_of(row):
                session.add(ImageUseRow(
                    article_id=row.article_id, image_id=use["id"], block_id=f"{row.id}/{block}",
                    update_id=row.id,
                ))  # fmt: skip


def post(db: Database, story: str) -> None:
    with at_desk(db, by="bench") as desk:
        article = publishing.get(desk, story)
        updates.post(desk, article, {"body": [{"type": "paragraph", "text": SAID}]})


if __name__ == "__main__":
    main()
