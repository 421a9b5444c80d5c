"""A Docker Engine of this process's own: Debian's package, in a folder that is removed with it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import filelock

if TYPE_CHECKING:
    from typing import IO

PACKAGES: Final = ("docker.io", "iptables")
READY: Final = "API listen on"
START_S: Final = 60.0
STOP_S: Final = 30.0
ONE_AT_A_TIME: Final = Path(tempfile.gettempdir(), "skylift-docker-engine.lock")
"""Engines share the machine's bridge and its iptables: of two that start at once, one ends."""


class NoEngine(Exception):
    """Why there can be no engine here, and what to do about it."""


class OwnEngine:
    """From `with` to its end. Raises `NoEngine` where none can be had or started.

    `host`: its address, for `DOCKER_HOST`.
    """

    def __init__(self) -> None:
        _check_possible()
        # Not pytest's own folder: a socket's path has at most 107 characters, unix(7).
        self._folder = Path(tempfile.mkdtemp(prefix="skylift-docker-"))
        self.host = f"unix://{self._folder}/docker.sock"
        self._last = deque[str](maxlen=20)
        self._news, self._is_listening = threading.Event(), False
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        if shutil.which("dockerd") is None:
            install_packages(*PACKAGES)
        with filelock.FileLock(ONE_AT_A_TIME):
            self._start()
        return self

    def _start(self) -> None:
        folder = self._folder
        self._process = subprocess.Popen(  # noqa: S603 -- argv list, no shell
            [
                *("dockerd", "--host", self.host, "--pidfile", str(folder / "dockerd.pid")),
                *("--data-root", str(folder / "data"), "--exec-root", str(folder / "exec")),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for the tests, which then stop it
        )
        threading.Thread(target=self._read, args=(self._process.stderr,), daemon=True).start()
        self._news.wait(START_S)
        if not self._is_listening:
            self.__exit__()
            raise NoEngine("dockerd did not start: " + " / ".join(self._last))

    def _read(self, output: IO[str]) -> None:
        """Until its end: a pipe that nobody reads would stop it."""
        with output:
            for line in output:
                self._last.append(line.strip())
                if READY in line:
                    self._is_listening = True
                    self._news.set()
        self._news.set()

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        _unmount_below(self._folder)
        shutil.rmtree(self._folder)


def _unmount_below(folder: Path) -> None:
    """An engine leaves the host's network mounted, once a container has used it; deepest first."""
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for place in sorted((place for place in mounts if place.startswith(f"{folder}/")), reverse=True):
        subprocess.run(["umount", place], check=True)  # noqa: S603, S607 -- argv list, of the system


def _check_possible() -> None:
    if shutil.which("dockerd") is None and shutil.which("apt-get") is None:
        raise NoEngine("there is no dockerd here, and no apt-get to install it with")
    if os.geteuid() != 0:
        raise NoEngine("only root may start an engine")


def install_packages(*names: str) -> None:
    """Debian's packages; raises `NoEngine` with what apt-get said."""
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "--yes", "--no-install-recommends", *names]):
        done = subprocess.run(  # noqa: S603 -- argv list, no shell
            ["apt-get", "--quiet", "--quiet", *arguments],  # noqa: S607 -- Debian's
            env=quiet,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise NoEngine(f"apt-get {arguments[0]} failed: {done.stderr.strip()[-500:]}")
