"""The calls of an installer, where none is started."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from skylift import installer
from skylift.integrations import INTEGRATIONS, Source, needed, without_password
from skylift_contract.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    Calls = list[tuple[list[str], dict[str, str]]]

AWS = INTEGRATIONS["aws"]
INDEX = Source(index="https://me:secret@packages.example/simple")


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    made: Calls = []

    def call(argv: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        made.append((argv, dict(options["env"])))
        return subprocess.CompletedProcess(argv, 1, "", "it said no\n")

    monkeypatch.setattr(subprocess, "run", call)
    for name in ("UV_EXTRA_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.setenv(name, "https://stranger.example/simple")
    return made


def _found(monkeypatch: pytest.MonkeyPatch, *, pip: bool, uv: str | None) -> None:
    def find_spec(_: str) -> object:
        return object() if pip else None

    def which(_: str) -> str | None:
        return uv

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    monkeypatch.setattr(shutil, "which", which)


def test_pip_asks_the_index_alone(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    _found(monkeypatch, pip=True, uv="/bin/uv")
    with pytest.raises(installer.InstallFailed) as caught:
        installer.install(AWS, INDEX)
    ((argv, environment),) = calls
    assert argv[:4] == [sys.executable, "-m", "pip", "install"]
    assert argv[6:] == ["--isolated", "--no-input", "--index-url", INDEX.index, "skylift-sagemaker>=0.1,<0.2"]
    assert environment["PIP_CONFIG_FILE"] == os.devnull
    assert not {"UV_EXTRA_INDEX_URL", "PIP_EXTRA_INDEX_URL"} & environment.keys()
    assert "it said no" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_uv_asks_the_index_alone(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    _found(monkeypatch, pip=False, uv="/bin/uv")
    with pytest.raises(installer.InstallFailed, match="uv failed: it said no"):
        installer.install(AWS, INDEX)
    ((argv, environment),) = calls
    assert argv[:5] == ["/bin/uv", "pip", "install", "--python", sys.executable]
    assert argv[7:] == ["--no-config", "--default-index", INDEX.index, "skylift-sagemaker>=0.1,<0.2"]
    assert not {"UV_EXTRA_INDEX_URL", "PIP_EXTRA_INDEX_URL"} & environment.keys()


def test_uv_removes_from_this_interpreter(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    _found(monkeypatch, pip=False, uv="/bin/uv")
    with pytest.raises(installer.InstallFailed):
        installer.uninstall(AWS)
    assert calls[0][0] == ["/bin/uv", "pip", "uninstall", "--python", sys.executable, "skylift-sagemaker"]


def test_without_an_installer(monkeypatch: pytest.MonkeyPatch) -> None:
    _found(monkeypatch, pip=False, uv=None)
    with pytest.raises(
        ConfigurationError, match=r"it has no pip, and there is no uv on the PATH\. python -m ensure"
    ):
        installer.install(AWS, INDEX)


def _member(root: Path, name: str, *needs: str) -> Path:
    folder = root / "packages" / name
    folder.mkdir(parents=True)
    lines = ", ".join(f'"{one}"' for one in needs)
    (folder / "pyproject.toml").write_text(f'[project]\nname = "{name}"\ndependencies = [{lines}]\n')
    return folder


def test_what_is_ours_comes_from_the_workspace_too(tmp_path: Path) -> None:
    first = _member(tmp_path, "skylift-kubeflow", "skylift>=0.1", "skylift-pipelinespec>=0.1", "requests")
    second = _member(tmp_path, "skylift-pipelinespec")
    assert needed(tmp_path, "skylift-kubeflow") == [first, second]


def test_what_is_ours_and_not_there_is_never_looked_for_elsewhere(tmp_path: Path) -> None:
    _member(tmp_path, "skylift-kubeflow", "skylift-pipelinespec>=0.1")
    with pytest.raises(
        ConfigurationError, match=r"^skylift-kubeflow: it needs skylift-pipelinespec, which work"
    ):
        needed(tmp_path, "skylift-kubeflow")


@pytest.mark.parametrize(
    ("index", "shown"),
    [
        ("https://me:secret@h.example:8080/simple", "https://h.example:8080/simple"),
        ("https://h.example/simple", "https://h.example/simple"),
        ("/a/b@c", "/a/b@c"),
        ("skylift-sagemaker>=0.1,<0.2", "skylift-sagemaker>=0.1,<0.2"),
    ],
)
def test_a_password_is_not_shown(index: str, shown: str) -> None:
    assert without_password(index) == shown
