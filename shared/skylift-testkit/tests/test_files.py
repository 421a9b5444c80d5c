"""The kit on a backend that compiles, schedules, and goes on without its client."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest
from files_backend import FilesBackend, install
from files_plugin import VALUE, VARIABLES, FilesFlavor

from skylift_testkit import Conformance

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from pathlib import Path


class TestFiles(Conformance):
    @pytest.fixture
    def installed(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PYTHONPATH", install(tmp_path / "installed"))
        monkeypatch.setattr(sys, "path", [str(tmp_path / "installed"), *sys.path])

    @pytest.fixture
    def flavor(self, installed: None) -> FilesFlavor:
        return FilesFlavor()

    @pytest.fixture
    def options(self, tmp_path: Path) -> Generator[Mapping[str, Any]]:
        yield {"folder": str(tmp_path / "backend")}
        FilesBackend(tmp_path / "backend").engine.stop_all()

    @pytest.fixture
    def sdk(self) -> tuple[str, ...]:
        return ("graphlib",)  # stands for one

    @pytest.fixture
    def backend(self, tmp_path: Path) -> FilesBackend:
        return FilesBackend(tmp_path / "backend")

    @pytest.fixture
    def environment_limit(self) -> tuple[int, int]:
        return int(VARIABLES.maximum), int(VALUE.maximum)
