"""Search by itself: how fast stories are indexed, and how long questions take in a large archive.

    .venv/bin/python -m bench.search --articles 60000 --database sqlite

Stories are of 250 words each, drawn as words are in newspapers: few very often, most seldom.
"""

import argparse
import asyncio
import contextlib
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import httpx

from app.config import Settings
from app.db import migrate
from app.db.database import Database
from app.desk.catalog import seed, verbs
from app.desk.transaction import at_desk
from app.formats.page.model import Found, Page
from app.ingest import pages as importing
from app.language.analyzer import Analyser
from app.language.lexicon import Lexicon, lines
from app.main import create_app
from app.search import rebuild
from tests.support.databases import postgres_url

NEWEST = datetime(2026, 11, 1, tzinfo=UTC)
TYPES = 40_000
ASKED = 400
SECTIONS = 8


def vocabulary() -> list[str]:
    """Words of ours, then made ones, the most frequent first."""
    known = [word for line in lines("words.txt") for word in line.split()]
    letters, chance = "ابتثجحدرزسشصطعفقكلمنهوي", random.Random(2)
    made = ["".join(chance.choices(letters, k=chance.randint(4, 7))) for _ in range(TYPES)]
    return list(dict.fromkeys([*known, *made]))


def pages(count: int, words: list[str]) -> Iterator[Page]:
    chance = random.Random(1)
    weights = [1 / (place + 3) for place in range(len(words))]
    sums = [0.0]
    for weight in weights:
        sums.append(sums[-1] + weight)
    for number in range(count):
        said = chance.choices(words, cum_weights=sums[1:], k=250)
        yield Page(
            format="text", lang="ar", headline=f"{' '.join(said[:8])} {number}",
            url=f"https://bench.example/{number}", summary=" ".join(said[8:38]),
            blocks=[Found(type="paragraph", text=" ".join(said[at : at + 53])) for at in range(38, 250, 53)],
            published_at=NEWEST - timedelta(minutes=number),
        )  # fmt: skip


def filled(db: Database, count: int, words: list[str]) -> float:
    with at_desk(db) as desk:
        for number in range(SECTIONS):
            verbs.add_section(desk, f"part{number}", {"ar": "قسم", "en": "Part"})
    source, began, number = pages(count, words), time.perf_counter(), 0
    while batch := list(islice(source, 500)):
        options = importing.Options(publish=True, licensed=True, section=f"part{number % SECTIONS}")
        importing.take(db, batch, options)
        number += 1
    return count / (time.perf_counter() - began)


def questions(words: list[str]) -> dict[str, list[str]]:
    """What is asked, by kind."""
    chance = random.Random(3)

    def some(first: int, last: int, many: int) -> str:
        return " ".join(chance.sample(words[first:last], many))

    kinds = {
        "one common word": (0, 20, 1), "one medium word": (200, 2000, 1), "one rare word": (8000, 40000, 1),
        "two words": (20, 3000, 2), "three words": (20, 5000, 3), "six words": (0, 3000, 6),
    }  # fmt: skip
    return {kind: [some(*given) for _ in range(ASKED // 4)] for kind, given in kinds.items()}


async def timed(settings: Settings, words: list[str]) -> None:
    app = create_app(settings.model_copy(update={"cache_bytes": 0}))
    transport = httpx.ASGITransport(app)
    headers = {"Accept-Encoding": "identity"}
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://bench", headers=headers) as client,
    ):
        every: list[float] = []
        for more in ({}, {"sort": "newest"}, {"section": "part1"}, {"facets": "section,lang,kind"}):
            for kind, asked in questions(words).items():
                took = []
                for q in asked:
                    began = time.perf_counter()
                    answer = await client.get("/v1/search", params={"q": q, **more})
                    took.append((time.perf_counter() - began) * 1e3)
                    answer.raise_for_status()
                every += took if not more else []
                show(f"{kind} {more or ''}", took)
        show("by relevance, all of them", every)


def show(what: str, took: list[float]) -> None:
    cuts = statistics.quantiles(took, n=20)
    print(f"{what:<52} median {cuts[9]:6.1f} ms   p95 {cuts[18]:6.1f} ms", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.search", description=__doc__)
    parser.add_argument("--articles", type=int, default=60_000)
    parser.add_argument("--database", default="sqlite", choices=["sqlite", "postgresql"])
    given = parser.parse_args()
    words = vocabulary()
    with contextlib.ExitStack() as kept:
        folder = Path(kept.enter_context(tempfile.TemporaryDirectory()))
        url = f"sqlite:///{folder}/bench.db"
        if given.database == "postgresql":
            url = kept.enter_context(postgres_url(durable=True))
        settings = Settings(database_url=url, secret="bench", media_url=f"file:{folder}/media")
        db = Database(settings)
        migrate.migrate(db.engine)
        seed.seed_sources(db)
        print(
            f"{'import with indexing':<52} {filled(db, given.articles, words):,.0f} /s", flush=True
        )
        analysed(words)
        began = time.perf_counter()
        count = rebuild.remake(db)
        rate = count / (time.perf_counter() - began)
        print(f"{'isnad reindex: analysis and index':<52} {rate:,.0f} /s", flush=True)
        asyncio.run(timed(settings, words))


def analysed(words: list[str]) -> None:
    """How many stories a second are analysed."""
    analyser = Analyser(Lexicon())
    texts = [
        "\n".join([page.headline or "", *(block.text or "" for block in page.blocks)])
        for page in pages(3000, words)
    ]
    began = time.process_time()
    for text in texts:
        analyser.terms(text)
    print(
        f"{'analysis alone':<52} {len(texts) / (time.process_time() - began):,.0f} /s", flush=True
    )


if __name__ == "__main__":
    main()
