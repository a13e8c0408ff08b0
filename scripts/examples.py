"""Real responses for the demo stories: the contract's examples, and docs/blocks.md.

scripts/examples.py     writes app/data/examples.json and docs/blocks.md
"""

import asyncio
import json
import re
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from app.config import Settings
from app.db import migrate
from app.db.database import Database
from app.demo.load import LOADED, load
from app.desk.catalog import seed
from app.main import create_app
from app.models import block as blocks

Json = dict[str, Any]
HERE = Path(__file__).parent.parent
EXAMPLES, BLOCKS = HERE / "app/data/examples.json", HERE / "docs/blocks.md"
BASE = "http://127.0.0.1:8000"
ASKED = {
    "getApi": ("/v1", "The house"),
    "listArticles": (
        "/v1/articles?section=coast&lang=ar&limit=2",
        "Two Arabic stories of a section",
    ),
    "listSearchResults": (
        "/v1/search?q=%D8%A7%D9%84%D9%85%D9%8A%D9%86%D8%A7%D8%A1&limit=1&facets=kind&highlight=html",
        "The harbour, in Arabic",
    ),
    "getSuggestions": (
        "/v1/suggest?q=%D8%A7%D9%84%D9%85%D8%B1&limit=3",
        "Two letters and the article",
    ),
    "listArticleLines": (
        "/v1/articles.ndjson?kind=audio&fields=headline,url,modified_at",
        "Something to listen to, and where to go on",
    ),
    "getArticle": ("/v1/articles/harbour-lights", "A story with a chain of three on one paragraph"),
    "getArticleByUrl": (
        f"/v1/articles/by-url?url={BASE}/ar/coast/islands/عاجل-توقف-العبارات-بين-مرسى-زين-والجزر-بسبب-العاصفة",
        "An alert: a line without a body",
    ),
    "getArticleAttributions": ("/v1/articles/harbour-lights/attributions", "Its chain"),
    "listArticleVersions": (
        "/v1/articles/art_demofishpricesen/versions",
        "Two versions, and what changed in the second",
    ),
    "getArticleVersion": ("/v1/articles/art_demofishpricesen/versions/1", "As it was first told"),
    "getArticleDiff": (
        "/v1/articles/art_demofishpricesen/diff?from=1&to=2",
        "From the first version to the second",
    ),
    "listRelated": (
        "/v1/articles/harbour-lights/related?limit=2",
        "The editor's choice first, then what is alike",
    ),
    "listFronts": ("/v1/fronts", "The fronts that the desk curates"),
    "getFront": ("/v1/fronts/home?lang=ar&limit=2", "A home screen"),
    "listUpdates": (
        "/v1/articles/art_demostormlive/updates?limit=2",
        "The last two of a live story",
    ),
    "getUpdate": (
        "/v1/articles/art_demostormlive/updates/upd_demostormlive6",
        "One that is pinned",
    ),
    "listSections": ("/v1/sections", "The whole tree"),
    "getSection": ("/v1/sections/coast/harbour", "A section by its path"),
    "listTags": ("/v1/tags?limit=2", "Two tags"),
    "getTag": ("/v1/tags/harbours", "A tag"),
    "listContributors": ("/v1/contributors?limit=2", "Two people"),
    "getContributor": ("/v1/contributors/leila-haddad", "A reporter"),
    "listSources": ("/v1/sources?limit=2", "Two sources"),
    "getSource": ("/v1/sources/reuters", "An agency"),
    "listDependents": ("/v1/sources/interfax/dependents?limit=2", "What rests on an agency"),
    "listDispatches": ("/v1/dispatches?limit=2", "Two items, the newest first"),
    "getDispatch": ("/v1/dispatches/dsp_demoquayreuters", "An item that passes another one on"),
    "listDispatchDependents": (
        "/v1/dispatches/dsp_demoquayreuters/dependents?limit=2",
        "What rests on an item",
    ),
    "listImages": ("/v1/images?limit=1", "An image"),
    "getImage": ("/v1/images/img_demoharbournight", "An image of an agency"),
    "listTrending": ("/v1/trending?window=7d&lang=en&limit=2", "What is opened most, in English"),
    "listChanges": ("/v1/changes?noun=article&limit=2", "The first two stories that came out"),
    "getRssFeed": (
        "/feeds/coast/harbour.rss?lang=ar&limit=1",
        "The newest story of a section",
    ),
    "getAtomFeed": (
        "/feeds/all.atom?source=interfax&limit=1",
        "What rests on an agency",
    ),
    "getJsonFeed": (
        "/feeds/all.json?kind=audio&content=summary",
        "Something to listen to",
    ),
    "getHealth": ("/healthz", "All is well"),
    "getReadiness": ("/readyz", "All is well"),
    "getProblem": ("/problems/not-found", "What the type of a 404 says"),
    "problem": ("/v1/articles?limit=500", "A parameter out of its range"),
}
PAST = ("listArticleVersions", "getArticleVersion", "getArticleDiff")
"""Operations on earlier versions, which only editors may call unless a setting opens them."""

SAID = {
    "paragraph": "A paragraph of text. `html` has the inline marks, `text` is plain text.",
    "heading": "A sub-heading of `level` 2 to 4.",
    "figure": "One image in the text, with the caption, credit and alternative text of this use.",
    "gallery": "Several images in order.",
    "video": "A video: its file, poster, duration and text tracks.",
    "audio": "An audio recording, with the same fields as a video.",
    "quote": "A quotation, and who said it (`who`).",
    "list": (
        "Items, each inline HTML. `start` is the number of the first, `reversed` means that numbers go"
        " down, `marker` is the style of numbers (`decimal`, `lower-alpha`,"
        " `upper-alpha`, `lower-roman`, `upper-roman`, as in CSS); null is the default style. `outline` has an"
        " entry for each item of nested lists, or of lists with explicit numbers: its `level` from 1,"
        " whether its list is `ordered`, and a `value` if its number is not the next one. It is"
        " empty for a flat list. A client that ignores it shows all items in order."
    ),
    "table": (
        "Rows of text cells, all of one length; `header` says whether the first row is a heading. The text"
        " of a cell that spanned several columns or rows is in the first of its places, and the others are"
        " empty, so that no figure is repeated or moved under another heading."
    ),
    "embed": "Content of another site. `tracks` says whether that site tracks the reader: ask for consent first.",
    "related": "Cards of other stories, filled in on each read: only those that the caller may read.",
    "correction": "The place of a correction notice in the text; the notice itself is in `corrections`.",
    "divider": "A separator between parts of the text.",
}


def load_demo(settings: Settings) -> None:
    """The demo stories, at their own time, in an empty database."""
    db = Database(settings)
    migrate.migrate(db.engine)
    seed.seed_sources(db, now=LOADED)
    load(db)
    db.engine.dispose()


async def ask(settings: Settings, paths: dict[str, str]) -> dict[str, Any]:
    """The answers to some requests, by name."""
    app = create_app(settings)
    transport = httpx.ASGITransport(app)
    headers = {"X-Request-Id": "an-example"}
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url=BASE, headers=headers) as client,
    ):
        return {name: value_of(await client.get(path)) for name, path in paths.items()}


def value_of(answer: httpx.Response) -> Any:
    """JSON as it is, another format as text."""
    media = answer.headers["content-type"]
    return answer.json() if "json" in media and "ndjson" not in media else answer.text


def settings_at(url: str, media: Path) -> Settings:
    return Settings(database_url=url, media_url=f"file:{media}", public_url=BASE, secret="example")


def answers(settings: Settings) -> Json:
    """The contract's examples, by operation."""
    paths = {name: path for name, (path, _) in ASKED.items()}
    past = {name: paths.pop(name) for name in PAST}
    open_past = settings.model_copy(update={"public_versions": True})
    found = asyncio.run(ask(settings, paths)) | asyncio.run(ask(open_past, past))
    return {name: {"demo": {"summary": ASKED[name][1], "value": found[name]}} for name in ASKED}


def page_of_blocks(settings: Settings) -> str:
    """docs/blocks.md: one real block of each type."""
    stories = [f"/v1/articles/{slug}" for slug in slugs(settings)]
    told = asyncio.run(ask(settings, {path: path for path in stories}))
    shown: dict[str, tuple[str, Json]] = {}
    for story in told.values():
        for block in story["body"]:
            if block["type"] not in shown or fuller(block, shown[block["type"]][1]):
                shown[block["type"]] = (story["slug"], block)
    parts = [INTRODUCTION]
    for kind in blocks.BlockType:
        slug, block = shown[kind]
        code = json.dumps(shortened(block), ensure_ascii=False, indent=2)
        parts.append(f"## {kind.value}\n\n{SAID[kind]}\nFrom `{slug}`:\n\n```json\n{code}\n```\n")
    return "\n".join(parts)


def fuller(block: Json, other: Json) -> bool:
    return block["type"] == "correction" and not other["correction"]


def shortened(block: Json) -> Json:
    """A `related` block with one card of it, and of that what a teaser needs."""
    if block["type"] != "related":
        return block
    card = block["articles"][0]
    kept = {name: card[name] for name in ("id", "kind", "lang", "dir", "slug", "url", "headline")}
    return {**block, "articles": [{**kept, "…": "and the rest of the card"}]}


def slugs(settings: Settings) -> list[str]:
    listed = asyncio.run(ask(settings, {"": "/v1/articles?limit=100"}))[""]["items"]
    return [card["id"] for card in listed]


INTRODUCTION = """\
# Blocks

For front ends and the desk. A body is a list of blocks. Each has `id` (kept through edits), `type`, `lang` and `dir`
(null if they are the story's), `html` (safe inline HTML), `text`, `withheld` (why it is not shown to this caller, or
null) and `source_status` ([upstream](upstream.md)), then the fields of its type. A front end that does not know a
type shows `html`, or skips the block.

Every example is from the demo stories. `scripts/examples.py` writes this page, and a test compares it with what is
served.
"""
VARIES = re.compile(r'/media/[^"]+|"bytes": ?\d+|(?:fileSize|length)=\\"\d+|"size_in_bytes": ?\d+')


def masked(text: str) -> str:
    """Without what another build of the drawing library makes differ: files' hashes and sizes."""
    return VARIES.sub("…", text)


def dumped(found: Json) -> str:
    return json.dumps(found, ensure_ascii=False, indent=1) + "\n"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = settings_at(f"sqlite:///{folder}/isnad.db", Path(folder) / "media")
        load_demo(settings)
        EXAMPLES.write_text(dumped(answers(settings)))
        BLOCKS.write_text(page_of_blocks(settings))


if __name__ == "__main__":
    assert datetime.now(UTC) > LOADED
    main()
