"""A real Varnish with `deploy/varnish.vcl`, in front of an origin of the tests."""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import httpx
import pytest

VCL = Path(__file__).parent.parent.parent / "deploy/varnish.vcl"
BINARY = shutil.which("varnishd") or shutil.which("varnishd", path="/usr/sbin")


def installed() -> str:
    """Where Varnish is. Where it has to be and is not, that is a failure."""
    if BINARY is None:
        why = "no varnishd here: apt-get install varnish varnish-modules"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    return BINARY


def free_port() -> int:
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return int(tried.getsockname()[1])


class Varnish:
    """Varnish before an origin's port."""

    def __init__(self, folder: Path, origin: int, port: int) -> None:
        binary, self.port = installed(), port
        self.url = f"http://127.0.0.1:{self.port}"
        text = VCL.read_text()
        assert text.count('.port = "8000"') == 1
        file = folder / "test.vcl"
        file.write_text(text.replace('.port = "8000"', f'.port = "{origin}"'))
        command = [
            binary, "-F", "-j", "none", "-n", str(folder / "v"), "-f", str(file),
            "-a", f"127.0.0.1:{self.port}", "-s", "malloc,64m", "-p", "thread_pool_min=10",
        ]  # fmt: skip
        self.said = folder / "varnish.log"
        with self.said.open("wb") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=out)
        self.wait()

    def wait(self) -> None:
        until = time.monotonic() + 30
        while time.monotonic() < until:
            assert self.process.poll() is None, self.said.read_text()
            try:
                if httpx.get(f"{self.url}/healthz").status_code == 200:
                    return
            except httpx.HTTPError:
                time.sleep(0.05)
        pytest.fail(f"Varnish doesn't answer: {self.said.read_text()}")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)
