"""Clients that generators make of openapi.yaml list, search, read, patch and read an error; and go
on reading the answers of a later release, which have values and fields that they never heard of.

No generator has options but paths, and `client: "fetch"`, without which orval makes no client of
its own. A generator that can't start fails the tests.
"""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette

from app.db.database import Database
from app.desk import keys
from app.desk.transaction import at_desk
from app.models.key import KeyWrite
from tests.clients.unheard import UNHEARD, application
from tests.conftest import KINDS, Client, Maker, Served, copied
from tests.support.contract import FILE, Contract

Json = dict[str, Any]
ROOT = FILE.parent
BUILD = ROOT / "build/clients"
TOOLS = {"PATH": f"{ROOT}/node_modules/.bin:{Path(sys.executable).parent}:{os.environ['PATH']}"}
GENERATORS = ("openapi_fetch", "hey_api", "orval", "openapi_python_client")
PYTHON = ROOT / "tests/clients/openapi_python_client.py"
PROGRAMS: dict[str, tuple[str | Path, ...]] = {
    "openapi_python_client": (sys.executable, PYTHON),
    **{name: ("node", BUILD / f"js/tests/clients/{name}.js") for name in GENERATORS[:3]},
}
PYTHONPATH = f"{BUILD / 'python'}:{ROOT / 'build/openapi-generator/python'}"
GENERATE: tuple[tuple[str | Path, ...], ...] = (
    ("orval", "--config", "orval.config.json"),
    ("openapi-typescript", FILE, "--output", "openapi-typescript.ts"),
    ("openapi-ts", "--input", FILE, "--output", "hey-api"),
    (
        "openapi-python-client", "generate", "--path", FILE, "--output-path", "python/isnad_client",
        "--meta", "none",
    ),
)  # fmt: skip
"""Commands that make the clients; they run in the folder that the clients are written to."""

ORVAL = {"isnad": {"input": str(FILE), "output": {"target": "orval.ts", "client": "fetch"}}}


def run(*command: str | Path, folder: Path = ROOT, **more: str) -> str:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=240,
        env=os.environ | TOOLS | more,
    )  # fmt: skip
    assert done.returncode == 0, f"{command}: {done.stdout[-2000:]} {done.stderr[-2000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def programs() -> None:
    """The four clients and the programs that use them, made once."""
    run("scripts/node")
    shutil.rmtree(BUILD, ignore_errors=True)
    BUILD.mkdir(parents=True)
    (BUILD / "orval.config.json").write_text(json.dumps(ORVAL))
    with ThreadPoolExecutor(2) as pool:
        for made in [pool.submit(run, *command, folder=BUILD) for command in GENERATE]:
            made.result()
    run("tsc", "--project", "tests/clients")


@dataclass
class House:
    """A server with the demo stories, a key of an editor, and a story with a chain and a body."""

    client: Client
    key: str
    story: Json
    programs: dict[str, tuple[str | Path, ...]] = field(default_factory=lambda: PROGRAMS)

    def use(self, generator: str, url: str) -> Json:
        """What a program read from the server at this address."""
        given = (url, self.key, self.story["id"])
        told = run(*self.programs[generator], *given, PYTHONPATH=PYTHONPATH)
        report: Json = json.loads(told)
        return report

    def get(self, path: str) -> Json:
        found: Json = self.client.get(path).json()
        return found


STORY = {
    "lang": "en",
    "headline": "Harbour opens again",
    "tags": [],
    "attributions": [{"source": "Reuters", "role": "reported"}],
    "body": [
        {"type": "heading", "level": 3, "text": "At dawn"},
        {"type": "paragraph", "text": "The harbour opened."},
        {"type": "embed", "url": "https://video.example/1", "tracks": "no"},
    ],
}


@pytest.fixture(scope="module", params=KINDS)
def house(
    request: pytest.FixtureRequest, templates: Maker, contract: Contract,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[House]:  # fmt: skip
    settings = copied(
        request.param, templates(request.param, True), tmp_path_factory.mktemp("house"), request
    )
    db = Database(settings)
    with at_desk(db, by="test") as desk:
        key = keys.make(desk, KeyWrite.model_validate({"role": "editor"}))[1]
    served = Served(settings)
    with Client(served, contract) as client:
        client.headers["Authorization"] = f"Bearer {key}"
        story = client.post("/v1/articles", json=STORY).json()
        client.put(f"/v1/articles/{story['id']}/publication")
        yield House(client, key, story)
    served.stop()
    db.engine.dispose()


def cards(stories: list[Json]) -> list[Json]:
    return [{name: one[name] for name in ("id", "kind", "state", "headline")} for one in stories]


@pytest.mark.parametrize("generator", GENERATORS)
def test_a_client_does_what_the_api_does(programs: None, house: House, generator: str) -> None:
    told = house.use(generator, house.client.served.url)
    read = house.get(f"/v1/articles/{house.story['id']}")
    assert told["list"] == cards(house.get("/v1/articles?limit=5")["items"])
    assert told["search"] == cards(house.get("/v1/search?q=harbour")["items"])
    assert house.story["id"] in [one["id"] for one in told["search"]]
    assert told["read"]["headline"] == read["headline"]
    assert [one["type"] for one in told["read"]["blocks"]] == ["heading", "paragraph", "embed"]
    assert told["read"]["blocks"][0]["level"] == 3
    assert told["roles"] == ["reported"]
    changes = house.get("/v1/changes?include=card")["items"]
    assert told["changes"] == [{name: one[name] for name in ("type", "noun")} for one in changes]
    assert told["patched"] == {"urgency": 2, "attributions": 1}
    assert (read["urgency"], len(read["attributions"])) == (2, 1)
    assert told["problem"] == {"status": 404, "code": "not-found"}


@contextlib.contextmanager
def served(app: Starlette) -> Iterator[str]:
    """The address of an application on a free port."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def later(house: House, contract: Contract) -> Iterator[str]:
    """The address of a later release, in front of the house."""
    with served(application(house.client.served.url, contract)) as url:
        yield url


@pytest.mark.parametrize("generator", GENERATORS)
def test_a_client_reads_unknown_fields_and_values(
    programs: None, house: House, later: str, generator: str
) -> None:
    told = house.use(generator, later)
    listed = house.get("/v1/articles?limit=5")["items"]
    assert [one["id"] for one in told["list"]] == [one["id"] for one in listed]
    assert {one[name] for one in told["list"] for name in ("kind", "state")} == {UNHEARD}
    assert [one["headline"] for one in told["list"]] == [one["headline"] for one in listed]
    assert house.story["id"] in [one["id"] for one in told["search"]]
    assert {one["type"] for one in told["read"]["blocks"]} == {UNHEARD}
    assert len(told["read"]["blocks"]) == 4
    assert told["read"]["headline"] == STORY["headline"]
    assert told["roles"] == [UNHEARD]
    assert {one[name] for one in told["changes"] for name in ("type", "noun")} == {UNHEARD}
    assert told["patched"] == {"urgency": 2, "attributions": 1}
    assert told["problem"] == {"status": 404, "code": UNHEARD}
