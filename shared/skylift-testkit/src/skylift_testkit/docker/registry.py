"""A container registry of this process's own: Debian's package, on loopback, in a folder that is removed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from skylift_testkit.docker.engine import install_packages

if TYPE_CHECKING:
    from typing import IO

PROGRAM: Final = "docker-registry"
READY: Final = re.compile(r"listening on (127\.0\.0\.1:\d+)")
START_S: Final = 30.0
USER: Final = "tests"
PASSWORD: Final = "skylift-tests"  # noqa: S105 -- of a registry that lives as long as a test
HASHED: Final = "$2b$05$abcdefghijklmnopqrstuuTvQPf8QXRaJ42qAUqONdWBD2rKOXz/a"


class NoRegistry(Exception):
    """Why there can be none here, and what to do about it."""


class OwnRegistry:
    """From `with` to its end; who would use it logs in as `USER` with `PASSWORD`.

    `address`: what names of its images begin with. Engines speak plain HTTP to loopback. Raises
    `NoRegistry` where none can be had or started.
    """

    def __init__(self) -> None:
        self.address = ""
        self._folder = Path(tempfile.mkdtemp(prefix="skylift-registry-"))
        self._process: subprocess.Popen[str] | None = None
        self._last, self._news = "", threading.Event()

    def __enter__(self) -> Self:
        if shutil.which(PROGRAM) is None:
            install_packages(PROGRAM)
        users, config = self._folder / "users", self._folder / "config.json"
        users.write_text(f"{USER}:{HASHED}\n")
        config.write_text(
            json.dumps(  # which is YAML
                {
                    "version": 0.1,
                    "storage": {"filesystem": {"rootdirectory": str(self._folder / "data")}},
                    "http": {"addr": "127.0.0.1:0"},
                    "auth": {"htpasswd": {"realm": "tests", "path": str(users)}},
                }
            )
        )
        self._process = subprocess.Popen(  # noqa: S603 -- argv list, no shell
            [PROGRAM, "serve", str(config)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True).start()
        self._news.wait(START_S)
        if not self.address:
            self.__exit__()
            raise NoRegistry(f"{PROGRAM} did not start: {self._last}")
        return self

    def _read(self, output: IO[str]) -> None:
        """Until its end: a pipe that nobody reads would stop it."""
        with output:
            for line in output:
                self._last = line.strip()
                if found := READY.search(line):
                    self.address = found[1]
                    self._news.set()
        self._news.set()

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder)
