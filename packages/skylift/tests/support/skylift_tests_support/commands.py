"""Calling `skylift` as people do: in this process, or in one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from skylift.cli import main
from skylift_tests_support.terminal import PATIENCE_S, Terminal

if TYPE_CHECKING:
    from collections.abc import Generator

    import pytest

SKYLIFT = (sys.executable, "-m", "skylift.cli")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command came to."""

    code: int
    out: str
    err: str


@dataclass(slots=True)
class Project:
    """A folder with pipelines, and a store of its own."""

    folder: Path
    store: str
    capsys: pytest.CaptureFixture[str]
    terminals: list[Terminal] = field(default_factory=list[Terminal])
    processes: list[subprocess.Popen[str]] = field(default_factory=list[subprocess.Popen[str]])

    def write(self, name: str, text: str) -> str:
        """Write a file of the project; returns its name."""
        (self.folder / name).write_text(text)
        return name

    def skylift(self, *argv: str) -> Answer:
        """Call a command in this process; what it imported is forgotten afterwards."""
        modules, path, here = set(sys.modules), list(sys.path), Path.cwd()
        os.chdir(self.folder)
        self.capsys.readouterr()
        try:
            code = main(argv)
        finally:
            os.chdir(here)
            sys.path[:] = path
            for name in set(sys.modules) - modules:
                if str(self.folder) in str(getattr(sys.modules[name], "__file__", "")):
                    del sys.modules[name]
        out, err = self.capsys.readouterr()
        return Answer(code, out, err)

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "SKYLIFT_STORE_URI": self.store, "PYTHONUNBUFFERED": "1"}

    def piped(self, *argv: str) -> Answer:
        """Call a program in a process of its own, with both its streams in pipes."""
        process = self.start(*argv)
        out, err = process.communicate(timeout=PATIENCE_S)
        return Answer(process.returncode, out, err)

    def start(self, *argv: str, stdout: int = subprocess.PIPE) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            argv,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.processes.append(process)
        return process

    def terminal(
        self, *argv: str, columns: int = 80, lines: int = 24, paper: int | None = None, **variables: str
    ) -> Terminal:
        """Call a program on a terminal of its own."""
        environment = {**self.environment, **variables}
        made = Terminal(argv, environment, columns=columns, lines=lines, paper=paper, cwd=self.folder)
        self.terminals.append(made)
        return made

    def fifo(self, name: str) -> Path:
        """A named pipe, by which a step and a test wait for each other."""
        path = self.folder / name
        os.mkfifo(path)
        return path

    def close(self) -> None:
        for terminal in self.terminals:
            terminal.close()
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.communicate()


def make_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Generator[Project]:
    folder = tmp_path / "project"
    folder.mkdir()
    store = f"file://{tmp_path}/store"
    monkeypatch.setenv("SKYLIFT_STORE_URI", store)
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    project = Project(folder, store, capsys)
    try:
        yield project
    finally:
        project.close()
