"""The command as an operator runs it: a process of its own, its words and its exit codes."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from app.config import Settings
from tests.conftest import settings_of


def environment(settings: Settings) -> dict[str, str]:
    return os.environ | {
        "ISNAD_DATABASE_URL": settings.database_url, "ISNAD_MEDIA_URL": settings.media_url,
        "ISNAD_SECRET": settings.secret, "PYTHONUNBUFFERED": "1",
    }  # fmt: skip


def isnad(settings: Settings, *given: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app", *given], env=environment(settings), capture_output=True,
        text=True, timeout=60,
    )  # fmt: skip


def test_demo_and_serve_work_in_an_empty_folder(settings: Settings) -> None:
    assert "28 demo stories loaded" in isnad(settings, "demo").stdout
    assert "there already" in isnad(settings, "demo").stdout
    assert "Everything fits" in isnad(settings, "check").stdout
    command = [sys.executable, "-m", "app", "serve", "--port", "0"]
    with subprocess.Popen(
        command, env=environment(settings), stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            told = process.stdout.readline()
            [url] = re.findall(r"Isnad serves (http://127\.0\.0\.1:\d+) ", told)
            wait(f"{url}/readyz")
            story = httpx.get(f"{url}/v1/articles/harbour-lights?lang=ar").json()
            assert story["url"].startswith(url)
            taken = isnad(settings, "serve", "--port", url.rpartition(":")[2])
            assert taken.returncode == 2
            assert "Address already in use" in taken.stderr
        finally:
            process.terminate()
            process.wait(20)


def wait(url: str) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    pytest.fail(f"{url} does not answer")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["serve", "--port", "99999"], "65535"),
        (["import", "x", "y", "--id", "z"], "--id"),
        (["nonsense"], "nonsense"),
    ],
)
def test_invalid_arguments_print_one_line_and_exit_with_2(
    tmp_path: Path, given: list[str], says: str
) -> None:
    done = isnad(settings_of(f"sqlite:///{tmp_path}/x.db", tmp_path / "media"), *given)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_file_is_reported(settings: Settings) -> None:
    done = isnad(settings, "import", "/no/such/file")
    assert done.returncode == 2
    assert "No such file" in done.stderr


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("ISNAD_DATABASE_URL", "mysql://x", "ISNAD_DATABASE_URL is sqlite:///PATH"),
        ("ISNAD_TIMEZONE", "Mars/Olympus", "Mars/Olympus"),
        ("ISNAD_ANONYMOUS", "perhaps", "ISNAD_ANONYMOUS is published or none"),
    ],
)
def test_an_invalid_setting_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    given = os.environ | {"ISNAD_DATABASE_URL": f"sqlite:///{tmp_path}/x.db", name: value}
    done = subprocess.run(
        [sys.executable, "-m", "app", "migrate"], env=given, capture_output=True, text=True, timeout=60
    )  # fmt: skip
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
