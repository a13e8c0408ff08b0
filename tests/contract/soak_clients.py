"""Clients of openapi-generator: Python is run, Go is compiled and run, of Kotlin and Dart the files
are read. `make soak` runs it; it needs Java 11 or later.

What is asked of them is what tests/contract/test_clients.py asks of the others.
"""

import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.clients.unheard import MORE, application
from tests.contract import test_clients
from tests.contract.test_clients import ROOT, House, run
from tests.support.contract import FILE, Contract

house = test_clients.house
OPTION = "--additional-properties=disallowAdditionalPropertiesIfNotPresent=false"
"""Without it Go's decoder refuses unknown fields: docs/versioning.md names it."""

FIELDS = {"python": MORE, "go": {}, "go-open": MORE}
"""Fields that a later release has beside the known ones, by client."""

BUILD = ROOT / "build/openapi-generator"
OFFLINE = {"GOFLAGS": "-mod=mod", "GOPROXY": "off"}


def generated(language: str, folder: str = "", *options: str) -> Path:
    target = BUILD / (folder or language)
    run("openapi-generator-cli", "generate", "-i", FILE, "-g", language, "-o", target, *options)
    return target


def built(name: str, *options: str) -> Path:
    """The program that uses a Go client, compiled."""
    folder = generated("go", name, *options)
    (folder / "use").mkdir()
    shutil.copy(ROOT / "tests/clients/openapi_generator.go", folder / "use/main.go")
    run("go", "build", "-o", BUILD / f"use-{name}", "./use", folder=folder, **OFFLINE)
    return BUILD / f"use-{name}"


@pytest.fixture(scope="module")
def programs() -> dict[str, tuple[str | Path, ...]]:
    """How the programs that use the clients are started."""
    shutil.rmtree(BUILD, ignore_errors=True)
    generated("python")
    python = ROOT / "tests/clients/openapi_generator_python.py"
    return {
        "python": (sys.executable, python),
        "go": (built("go"),),
        "go-open": (built("go-open", OPTION),),
    }


@pytest.mark.parametrize("language", FIELDS)
def test_a_client_does_what_the_api_does(
    programs: dict[str, tuple[str | Path, ...]], house: House, language: str
) -> None:
    house.programs = programs
    test_clients.test_a_client_does_what_the_api_does(None, house, language)


@pytest.mark.parametrize("language", FIELDS)
def test_a_client_reads_unknown_fields_and_values(
    programs: dict[str, tuple[str | Path, ...]], house: House, contract: Contract, language: str
) -> None:
    house.programs = programs
    app = application(house.client.served.url, contract, FIELDS[language])
    with test_clients.served(app) as later:
        test_clients.test_a_client_reads_unknown_fields_and_values(None, house, later, language)


def fields(text: str, pattern: str) -> dict[str, str]:
    """Types of fields by name; each name once."""
    return {name: kind.strip() for name, kind in re.findall(pattern, text)}


def kotlin(folder: Path, name: str) -> dict[str, str]:
    [file] = folder.rglob(f"models/{name}.kt")
    return fields(file.read_text(), r"val (\w+): ([\w.<>, ?]+?)(?: = null)?,?\n")


def test_kotlin_fields_are_nullable_as_the_contract_says() -> None:
    folder = generated("kotlin")
    article, patch = kotlin(folder, "Article"), kotlin(folder, "ArticlePatch")
    listed = kotlin(folder, "ListedArticle")
    assert article["headline"] == "kotlin.String" and article["kicker"] == "kotlin.String?"
    assert article["body"] == "kotlin.collections.List<Block>"
    assert article["kind"] == "kotlin.String"
    assert article["attributions"] == "kotlin.collections.List<Attribution>"
    assert listed["attributions"] == "kotlin.collections.List<Attribution>?"
    assert len(patch) > 20 and {kind[-1] for kind in patch.values()} == {"?"}
    assert kotlin(folder, "Block")["level"] == "kotlin.Int?"
    assert kotlin(folder, "ChangeList")["prev"] == "kotlin.String?"


def dart(folder: Path, name: str) -> dict[str, str]:
    text = (folder / f"lib/model/{name}.dart").read_text()
    return {field: kind for kind, field in re.findall(r"^  ([\w<>, ?]+) (\w+);$", text, re.M)}


def test_dart_fields_are_nullable_as_the_contract_says() -> None:
    folder = generated("dart")
    article, patch = dart(folder, "article"), dart(folder, "article_patch")
    assert article["headline"] == "String" and article["kicker"] == "String?"
    assert article["kind"] == "String" and article["urgency"] == "int?"
    assert patch["headline"] == "String?" and patch["attributions"] == "List<AttributionWrite>?"
    assert dart(folder, "block")["level"] == "int?"
    assert dart(folder, "change_list")["prev"] == "String?"
    models = "\n".join(file.read_text() for file in folder.glob("lib/model/*.dart"))
    assert "ModelNull" not in models and not re.search(r"this\.\w+ = \{\w", models)
