"""Through how many modules of `app` the busiest requests run: a change of one of them is read in few files.

Counted are modules of which a function is called while the request is answered, but for transport (`http`,
`server`, `main`, `cache`), the database (`db`) and what every module uses (`errors`, `config`, `urls`).

By this rule the build before the packages (4d1d3c3) has 9 for an article by slug, 13 for a list with filters, 20 for
a search, 38 for a PUT and 29 for a publication. Without the modules that are SQL alone (`queries`) it has 7, 8, 13,
31 and 22. Both are held. Confidential sources, fields for editors and limits of markup came after that build.
"""

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import httpx
import pytest

from app.config import Settings
from app.main import create_app
from tests.conftest import Maker, copied

APART = ("http", "server", "main", "cache", "db", "errors", "config", "urls")
MOST = {
    "article by slug": (8, 6), "list with filters": (13, 8), "search": (17, 12), "PUT": (46, 41),
    "publication": (31, 26),
}  # fmt: skip
"""At most so many modules, and so many without those of `queries`."""
STORY: dict[str, Any] = {
    "lang": "en", "slug": "calm-sea", "headline": "Calm", "section": "coast",
    "body": [{"type": "paragraph", "text": "The boats are back."}],
    "attributions": [{"role": "origin", "source": "reuters"}],
}  # fmt: skip


class Called:
    """The modules of which functions are called, in every thread that begins while it is on."""

    def __init__(self) -> None:
        self.modules: set[str] = set()

    def note(self, frame: FrameType, event: str, _: object) -> None:
        name = str(frame.f_globals.get("__name__", ""))
        if event == "call" and name.startswith("app."):
            self.modules.add(name.removeprefix("app."))

    @contextmanager
    def on(self) -> Iterator[None]:
        before = sys.getprofile()
        threading.setprofile(self.note)
        sys.setprofile(self.note)
        try:
            yield
        finally:
            sys.setprofile(before)
            threading.setprofile(None)

    def of(self) -> list[str]:
        """The modules since the last time."""
        found = sorted(name for name in self.modules if name.split(".")[0] not in APART)
        self.modules = set()
        return found


@pytest.fixture
def settings(
    kind: str, templates: Maker, tmp_path: Path, request: pytest.FixtureRequest
) -> Settings:
    settings = copied(kind, templates(kind, True), tmp_path, request)
    return settings.model_copy(update={"cache_bytes": 0})


def test_a_request_runs_through_few_modules(settings: Settings, key: Callable[..., str]) -> None:
    found = asyncio.run(asked(settings, key(role="editor")))
    counts = {}
    for what, modules in found.items():
        apart = sum(not name.startswith("queries.") for name in modules)
        counts[what] = len(modules), apart
        listed = ", ".join(modules)
        sys.stdout.write(f"{what}: {len(modules)} modules, {apart} without queries: {listed}\n")
    above = {what for what, both in counts.items() if both > MOST[what] or both[1] > MOST[what][1]}
    assert above == set(), counts


async def asked(settings: Settings, key: str) -> dict[str, list[str]]:
    """The modules of each of the requests."""
    called, found, app = Called(), dict[str, list[str]](), create_app(settings)
    headers = {"Authorization": f"Bearer {key}"}
    with called.on():
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client,
        ):

            async def ask(what: str, method: str, path: str, **more: Any) -> None:
                called.of()
                answer = await client.request(method, path, **more)
                assert answer.status_code < 300, answer.text
                found[what] = called.of()

            made = await client.post("/v1/articles", json=STORY, headers=headers)
            match = headers | {"If-Match": made.headers["etag"]}
            changed = STORY | {"headline": "Calm again"}
            await ask("PUT", "PUT", "/v1/articles/calm-sea", json=changed, headers=match)
            await ask("publication", "PUT", "/v1/articles/calm-sea/publication", headers=headers)
            for what, path in (
                ("article by slug", "/v1/articles/calm-sea"),
                ("list with filters", "/v1/articles?section=coast&lang=ar&source=afp"),
                ("search", "/v1/search?q=storm"),
            ):
                await client.get(path)  # what is made once is not of each request
                await ask(what, "GET", path)
    return found
