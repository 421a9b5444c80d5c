"""Azure Blob storage on loopback: Azurite, from the npm registry, installed once a machine.

It goes to `$XDG_CACHE_HOME/skylift-tests/azurite-<version>`. A machine without npm fails the
tests that need it, unless SKYLIFT_TESTS_WITHOUT_AZURITE=1 says that this is meant.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import hmac
import os
import re
import shutil
import subprocess
import urllib.request
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

VERSION = "3.37.0"
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""Public: learn.microsoft.com/azure/storage/common/storage-use-azurite#well-known-storage-account-and-key"""


@contextmanager
def azurite() -> Generator[str]:
    """Run a server with nothing in it and give its endpoint, the account included."""
    program = _installed() / "node_modules" / ".bin" / "azurite-blob"
    options = ["--blobHost", "127.0.0.1", "--blobPort", "0", "--inMemoryPersistence", "--silent"]
    command = [str(program), *options, "--skipApiVersionCheck", "--disableTelemetry"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            yield f"{_address(process)}/{ACCOUNT}"
        finally:
            process.terminate()


def create_container(endpoint: str, name: str) -> None:
    """Make a container, which obstore cannot do.

    Source: learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key
    """
    date = format_datetime(datetime.now(UTC), usegmt=True)
    headers = {"x-ms-date": date, "x-ms-version": "2021-08-06"}
    canonical = "".join(f"{key}:{value}\n" for key, value in sorted(headers.items()))
    resource = f"/{ACCOUNT}/{ACCOUNT}/{name}\nrestype:container"
    signed = f"PUT{chr(10) * 12}{canonical}{resource}".encode()
    signature = base64.b64encode(hmac.digest(base64.b64decode(KEY), signed, hashlib.sha256)).decode()
    headers["Authorization"] = f"SharedKey {ACCOUNT}:{signature}"
    url = f"{endpoint}/{name}?restype=container"
    request = urllib.request.Request(url, method="PUT", headers=headers)
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 201


def _address(process: subprocess.Popen[str]) -> str:
    said: list[str] = []
    for line in process.stdout or ():
        said.append(line)
        if found := re.search(r"listen\w* (?:on|at) (http://\S+:\d+)", line):
            return found[1]
    raise RuntimeError(f"azurite ended without listening: {''.join(said)}")


def _installed() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "skylift-tests"
    folder = cache / f"azurite-{VERSION}"
    if folder.is_dir():
        return folder
    if os.environ.get("SKYLIFT_TESTS_WITHOUT_AZURITE") == "1":
        pytest.skip("SKYLIFT_TESTS_WITHOUT_AZURITE=1")
    npm = shutil.which("npm")
    if npm is None:
        pytest.fail("npm is missing, and Azurite comes from it; SKYLIFT_TESTS_WITHOUT_AZURITE=1 does without")
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "azurite.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            _install(npm, folder)
    return folder


def _install(npm: str, folder: Path) -> None:
    """Whole or not at all: another test run may be waiting for it."""
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    command = [npm, "install", *quiet, "--prefix", str(partial), f"azurite@{VERSION}"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        pytest.fail(f"npm could not install Azurite: {done.stderr[-2000:]}")
    partial.rename(folder)
