"""Fixtures: each test on SQLite and on PostgreSQL, the API over a real socket."""

import io
import os
import shutil
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from PIL import Image

from app.config import Settings
from app.db import migrate
from app.db.database import Database
from app.demo.load import load
from app.desk import keys
from app.desk.articles import publishing
from app.desk.catalog import seed as seeding
from app.desk.catalog.verbs import add
from app.desk.transaction import at_desk
from app.main import create_app
from app.media.storage import Storage
from app.models.article import ArticleRow, ArticleWrite
from app.models.image import ImageRow
from app.models.key import KeyWrite
from app.server import Protocol, listeners
from tests.support import global_state
from tests.support.contract import Contract
from tests.support.databases import drop_postgres, fresh_postgres, name_of, postgres_url

KINDS = ("sqlite", "postgresql")
LONGEST = (
    "varnish", "clients", "cache_oracle", "list_grammar", "export", "commands", "search_sides", "body",
    "search_by_time", "faults", "body_hostile", "search",
)  # fmt: skip
"""Files that take longest. They run first: else one process still runs them when the others are done."""
SHARED = Path(os.environ.get("ISNAD_SHARED", Path(__file__).parent.parent.parent / "shared"))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the random order of pytest-randomly, but for the longest files."""
    places = {f"test_{name}.py": place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Name the order that the tests ran in, so that it can be had again."""
    if (seed := config.getoption("randomly_seed", None)) is not None:
        terminalreporter.write_line(f"order of the tests: --randomly-seed={seed}")


no_global_state_is_left_changed = pytest.fixture(autouse=True)(global_state.checked)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of samples that nobody here wrote, used in place."""
    if not (SHARED / "samples").is_dir():
        pytest.skip(f"no samples at {SHARED}; set ISNAD_SHARED")
    return SHARED


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    with postgres_url() as url:
        yield url


@dataclass
class Template:
    """A database to copy: its URL and its media."""

    url: str
    media: Path


Maker = Callable[[str, bool], Template]


@pytest.fixture(scope="session")
def templates(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Maker:
    """Migrated databases of each kind, with or without the demo stories, made once."""
    made: dict[tuple[str, bool], Template] = {}

    def template(kind: str, with_demo: bool) -> Template:
        if (kind, with_demo) not in made:
            folder = tmp_path_factory.mktemp(f"{kind}-template")
            url = f"sqlite:///{folder}/isnad.db"
            if kind == "postgresql":
                url = fresh_postgres(request.getfixturevalue("postgres"))
            settings = settings_of(url, folder / "media")
            db = Database(settings)
            migrate.migrate(db.engine)
            seeding.seed_sources(db)
            if with_demo:
                load(db)
            db.engine.dispose()
            made[kind, with_demo] = Template(url, folder / "media")
        return made[kind, with_demo]

    return template


def settings_of(url: str, media: Path, **more: Any) -> Settings:
    return Settings(
        database_url=url, media_url=f"file:{media}", secret="a secret of the tests", **more
    )


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def copied(kind: str, template: Template, folder: Path, request: pytest.FixtureRequest) -> Settings:
    """Settings over a copy of a template."""
    if kind == "postgresql":
        base = request.getfixturevalue("postgres")
        url = fresh_postgres(base, name_of(template.url))
        request.addfinalizer(partial(drop_postgres, base, url))
    else:
        url = f"sqlite:///{folder}/isnad.db"
        shutil.copy(template.url.removeprefix("sqlite:///"), folder / "isnad.db")
    media = folder / "media"
    if template.media.is_dir():
        shutil.copytree(template.media, media)
    return settings_of(url, media)


@pytest.fixture
def settings(
    kind: str, templates: Maker, tmp_path: Path, request: pytest.FixtureRequest
) -> Settings:
    """A house with the catalogue of sources and nothing else. The mark `public_versions` opens
    earlier versions to everybody."""
    found = copied(kind, templates(kind, False), tmp_path, request)
    open_past = request.node.get_closest_marker("public_versions") is not None
    return found.model_copy(update={"public_versions": open_past})


@pytest.fixture
def db(settings: Settings) -> Iterator[Database]:
    made = Database(settings)
    yield made
    made.engine.dispose()


class Served:
    """An application on a real socket, in a thread."""

    def __init__(self, settings: Settings, public_url: str = "", **more: Any) -> None:
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        self.port = listening.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.settings = settings.model_copy(update={"public_url": public_url or self.url})
        self.app = create_app(self.settings, **more)
        config = uvicorn.Config(
            self.app, http=Protocol, log_level="error", server_header=False, proxy_headers=False
        )
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(
            target=self.server.run, args=(listeners(listening, 1),), daemon=True
        )
        self.thread.start()
        while not self.server.started:
            time.sleep(0.005)

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(10)


PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients of plain HTTP: to read the certificates of the system takes 25 ms a client."""


class Client(httpx.Client):
    """Requests, each answer of which is held against the contract."""

    def __init__(self, served: Served, contract: Contract) -> None:
        super().__init__(base_url=served.url, timeout=30, verify=PLAIN)
        self.contract, self.served = contract, served

    def send(self, *given: Any, **more: Any) -> httpx.Response:
        answer = super().send(*given, **more)
        if not more.get("stream"):
            self.contract.hold(answer)
        beacon = answer.request.url.path == "/v1/views"
        write = answer.request.method not in ("GET", "HEAD", "OPTIONS") and not beacon
        if write and answer.is_success:
            replayed = "idempotency-replayed" in answer.headers
            assert replayed or "isnad-change" in answer.headers, "a write without a row of the log"
        return answer


@pytest.fixture(scope="session")
def contract() -> Contract:
    return Contract()


@pytest.fixture
def client(settings: Settings, contract: Contract) -> Iterator[Client]:
    """The API over `db`, empty but for the catalogue."""
    served = Served(settings)
    with Client(served, contract) as made:
        yield made
    served.stop()


@pytest.fixture(scope="module", params=KINDS)
def demo(
    request: pytest.FixtureRequest, templates: Maker, contract: Contract,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Client]:  # fmt: skip
    """The API over the demo stories; tests that take it only read."""
    folder = tmp_path_factory.mktemp("demo")
    settings = copied(request.param, templates(request.param, True), folder, request)
    served = Served(settings)
    with Client(served, contract) as made:
        yield made
    served.stop()


@pytest.fixture(scope="module")
def demo_desk(demo: Client) -> Iterator[Client]:
    """An editor who reads the demo stories."""
    db = Database(demo.served.settings)
    with at_desk(db, by="test") as desk:
        made = keys.make(desk, KeyWrite.model_validate({"role": "editor"}))[1]
    db.engine.dispose()
    with Client(demo.served, demo.contract) as client:
        client.headers["Authorization"] = f"Bearer {made}"
        yield client


@pytest.fixture
def told(db: Database) -> Callable[..., ArticleRow]:
    """Make a story: `told(headline="…", publish=False, …ArticleWrite)`."""

    def tell(publish: bool = True, **write: Any) -> ArticleRow:
        sent = ArticleWrite.model_validate({"lang": "en", "headline": "A story", **write})
        with at_desk(db, by="test") as desk:
            row = publishing.create(desk, sent)
            if publish:
                publishing.publish(desk, row)
        return row

    return tell


Drawn = Callable[..., str]


@pytest.fixture
def drawn(db: Database) -> Drawn:
    """Make an image: `drawn("red", credit="A. Sailor")`; its id."""

    def draw(color: str, credit: str | None = "A. Sailor", **more: Any) -> str:
        file = io.BytesIO()
        Image.new("RGB", (8, 8), color).save(file, "PNG")
        with at_desk(db, by="test") as desk:
            row = ImageRow(
                credit={"en": credit} if credit else {}, alt={"en": color}, mime="image/png",
                file=Storage(db.settings).put(file.getvalue(), "image/png"), width=8, height=8,
                created_at=desk.now, modified_at=desk.now, **more,
            )  # fmt: skip
            add(desk, row)
        return row.id

    return draw


@pytest.fixture
def key(db: Database) -> Callable[..., str]:
    """Make a key: `key("editor", scopes=["write"], …KeyWrite)`; what it is sent as."""

    def make(role: str = "editor", **write: Any) -> str:
        with at_desk(db, by="test") as desk:
            return keys.make(desk, KeyWrite.model_validate({"role": role, **write}))[1]

    return make


Signed = Callable[..., Client]


@pytest.fixture
def signed(client: Client, contract: Contract, key: Callable[..., str]) -> Iterator[Signed]:
    """A client with a key of its own: `signed("editor")`."""
    made: list[Client] = []

    def sign(role: str = "editor", **write: Any) -> Client:
        one = Client(client.served, contract)
        one.headers["Authorization"] = f"Bearer {key(role, **write)}"
        made.append(one)
        return one

    yield sign
    for one in made:
        one.close()


@pytest.fixture
def editor(signed: Signed) -> Client:
    """Somebody at the desk."""
    return signed("editor")


@pytest.fixture
def admin(signed: Signed) -> Client:
    """Whoever runs the house."""
    return signed("admin")


@pytest.fixture
def newsroom(editor: Client) -> Any:
    """An editor with one story: tests/support/newsroom.py."""
    from tests.support.newsroom import Newsroom  # it needs the clients that are made here

    return Newsroom(editor)
