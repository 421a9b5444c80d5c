"""An engine of this process's own leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from skylift_testkit.docker.api import Api, ApiError
from skylift_testkit.docker.engine import NoEngine, OwnEngine


def test_it_answers_until_it_is_left() -> None:
    if os.geteuid() != 0 or shutil.which("dockerd") is None:
        with pytest.raises(NoEngine):
            OwnEngine().__enter__()
        return
    with OwnEngine() as engine:
        Api(engine.host).ping()
        folder = Path(engine.host.removeprefix("unix://")).parent
        (folder / "left").mkdir()
        subprocess.run(["mount", "--bind", "/proc", str(folder / "left")], check=True)
    assert not folder.exists()
    with pytest.raises(ApiError, match=rf"^no Docker Engine answers at {engine.host}: "):
        Api(engine.host).ping()


def test_only_root_may_start_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dockerd").touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(NoEngine, match=r"^only root may start an engine$"):
        OwnEngine()


def test_one_that_does_not_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "dockerd"
    program.write_text("#!/bin/sh\necho 'failed to start daemon: it is the test' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(NoEngine, match=r"^dockerd did not start: failed to start daemon: it is the test$"):
        OwnEngine().__enter__()
