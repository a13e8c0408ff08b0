"""openapi.yaml is what is served: the file, its names, its examples, and the page that shows it."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import main
from app.config import Settings
from app.db import migrate
from app.db.database import Database
from app.demo.load import LOADED, load
from app.desk.catalog import seed
from scripts import examples
from tests.conftest import Client
from tests.support.contract import FILE, Contract


def test_openapi_yaml_equals_the_generated_document() -> None:
    told = CliRunner().invoke(main.app, ["openapi"])
    assert told.exit_code == 0 and told.stdout == FILE.read_text(), "run make openapi"


def test_the_changelog_names_the_contract_that_is_served(contract: Contract) -> None:
    """The newest mention is the version of the file, and the section that has it marks changes."""
    text = (FILE.parent / "CHANGELOG.md").read_text()
    sections = re.split(r"^## ", text, flags=re.MULTILINE)
    newest = next(one for one in sections if "**Contract " in one)
    [version] = re.findall(r"^\*\*Contract (\d+\.\d+\.\d+)\.\*\*", newest, re.MULTILINE)
    assert contract.whole["info"]["version"] == version
    assert re.search(r"^- \*\*Contract:\*\*", newest, re.MULTILINE)
    assert "/v1/articles" in contract.whole["paths"] and version.startswith("1.")


def test_operation_and_schema_names_suit_generated_clients(contract: Contract) -> None:
    operations = [
        operation for methods in contract.whole["paths"].values() for operation in methods.values()
    ]
    ids = [operation["operationId"] for operation in operations]
    assert len(set(ids)) == len(ids) >= 20
    assert [id for id in ids if not re.fullmatch(r"[a-z]+[A-Z]\w+", id)] == []
    reads = [methods["get"] for methods in contract.whole["paths"].values() if "get" in methods]
    assert [o for o in reads if not o["operationId"].startswith(("get", "list"))] == []
    schemas = contract.whole["components"]["schemas"]
    assert {"Article", "ArticleCard", "ArticleWrite", "Problem"} <= set(schemas)
    assert [name for name in schemas if not re.fullmatch(r"[A-Z][A-Za-z]+", name)] == []
    for operation in operations:
        assert operation["responses"]["default"]["content"]["application/problem+json"]["examples"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("examples")
    settings = examples.settings_at(f"sqlite:///{folder}/isnad.db", folder / "media")
    examples.load_demo(settings)
    return settings


def test_the_examples_are_real_responses(made: Settings) -> None:
    told = examples.masked(examples.dumped(examples.answers(made)))
    assert told == examples.masked(examples.EXAMPLES.read_text()), "run make openapi"


def test_postgresql_gives_the_same_examples(settings: Settings, kind: str, tmp_path: Path) -> None:
    if kind == "sqlite":
        return
    house = examples.settings_at(fresh(settings), tmp_path / "media")
    told = examples.masked(examples.dumped(examples.answers(house)))
    assert told == examples.masked(examples.EXAMPLES.read_text())


def fresh(settings: Settings) -> str:
    """A database beside the test's, made as the examples' house is."""
    from tests.support.databases import fresh_postgres

    url = fresh_postgres(settings.database_url)
    db = Database(examples.settings_at(url, Path(settings.media_url.removeprefix("file:"))))
    migrate.migrate(db.engine)
    seed.seed_sources(db, now=LOADED)
    load(db)
    db.engine.dispose()
    return url


def test_the_page_of_blocks_equals_real_responses(made: Settings) -> None:
    told = examples.masked(examples.page_of_blocks(made))
    assert told == examples.masked(examples.BLOCKS.read_text()), "run make openapi"


def test_the_examples_are_valid_by_their_schemas(contract: Contract) -> None:
    for path, methods in contract.whole["paths"].items():
        read = methods.get("get", {"x-role": "nobody"})
        if read.get("x-role", "anonymous") != "anonymous":
            continue  # what the desk alone reads has ids and times of its own each time
        content = read["responses"]["200"].get("content", {}).get("application/json")
        if not content:
            continue
        validator = contract.validator(content["schema"]["$ref"])
        for example in content["examples"].values():
            assert list(validator.iter_errors(example["value"])) == [], path


def test_docs_work_without_the_internet(client: Client) -> None:
    page = client.get("/docs")
    assert page.status_code == 200
    addresses = re.findall(r"""(?:src|href)=["']([^"']+)""", page.text)
    assert len(addresses) >= 3
    for address in addresses:
        assert not address.startswith(("http:", "https:", "//")), address
        assert client.get(address).status_code == 200, address
    assert "openapi.json" in page.text
    assert client.get("/openapi.json").json()["openapi"].startswith("3.1")


BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)


def shown(url: str) -> str:
    """What a browser makes of a page: its document after the scripts ran."""
    if not BROWSER:
        pytest.skip("no Chromium here: pages are not looked at")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=8000"]
    options.append("--enable-logging=stderr")
    done = subprocess.run(
        [BROWSER, *options, "--dump-dom", url], capture_output=True, text=True, timeout=90
    )
    complaints = [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
    assert complaints == [], "nothing is refused by the page's policy, and no script fails"
    return done.stdout


def test_pages_have_a_strict_policy_and_can_not_be_framed(client: Client) -> None:
    for path in ("/", "/docs"):
        page = client.get(path, headers={"Accept": "text/html"})
        [policy] = page.headers.get_list("content-security-policy")
        rules = dict(one.strip().split(" ", 1) for one in policy.split(";"))
        closed = ("default-src", "base-uri", "form-action", "frame-ancestors")
        assert {rules[one] for one in closed} == {"'none'"}
        assert "unsafe" not in policy and "'sha256-" in rules["script-src"]
        assert page.headers["x-frame-options"] == "DENY"
        assert " on" not in re.sub(r"[^<>]*(<[^<>]*>)[^<>]*", r"\\1", page.text), ()


def test_other_responses_forbid_loading_and_running(demo: Client) -> None:
    picture = demo.get("/v1/images?limit=1").json()["items"][0]["url"]
    for url in ("/v1", "/v1/articles", "/v1/articles", "/feeds/all.rss", "/v1/nothing", picture):
        [policy] = demo.get(url).headers.get_list("content-security-policy")
        assert policy.startswith("default-src 'none';") and "frame-ancestors 'none'" in policy
    assert "sandbox" in demo.get(picture).headers["content-security-policy"]


def test_the_docs_page_works_in_a_browser(demo: Client) -> None:
    page = shown(f"{demo.base_url}/docs")
    assert "Unable to render" not in page
    assert 'id="operations-articles-listArticles"' in page


def test_the_home_page_works_in_a_browser(demo: Client) -> None:
    page = shown(f"{demo.base_url}/")
    newest = demo.get("/v1/articles?limit=1").json()["items"][0]
    assert newest["headline"] in page and f'dir="{newest["dir"]}"' in page


def test_the_root_is_a_page_for_browsers_and_json_for_programs(client: Client) -> None:
    house = client.get("/v1").json()
    assert client.get("/").json() == house
    for name, url in house["links"].items():
        assert client.get(url).status_code == 200, name
    page = client.get("/", headers={"Accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    assert house["links"]["articles"] in page.text and "Isnad" in page.text
