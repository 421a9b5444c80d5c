from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from skylift_contract.flavor import make_orchestrator
from skylift_docker.client import DockerClient
from skylift_docker.flavor import DockerOrchestratorFlavor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from skylift_docker.orchestrator import DockerOrchestrator
    from skylift_testkit.docker.plugin import RunningEngine


@pytest.fixture(scope="session")
def image_packages() -> tuple[str, ...]:
    """A dynamic pipeline's own container starts others: it has the plugin, too.

    The kit has pipelines of its own, which are sent along only where it is not installed as a wheel.
    """
    return ("skylift", "skylift-contract", "skylift-docker", "skylift-testkit")


@pytest.fixture
def client(docker_engine: RunningEngine) -> Iterator[DockerClient]:
    with DockerClient(docker_engine.host) as client:
        yield client


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Seen by the steps at the same path, with FIFOs for two that wait."""
    folder = tmp_path / "shared"
    folder.mkdir()
    for name in ("a", "b"):
        for end in ("arrived", "go_on"):
            os.mkfifo(folder / f"{name}.{end}")
    return folder


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    uri = f"file://{tmp_path}/store"
    monkeypatch.setenv("SKYLIFT_STORE_URI", uri)
    return uri


@pytest.fixture
def make(docker_engine: RunningEngine, skylift_image: str, store: str) -> Callable[..., DockerOrchestrator]:
    """An orchestrator on the engine, with these options besides; its runs are in the store."""

    def made(**options: Any) -> DockerOrchestrator:
        flavor = DockerOrchestratorFlavor()
        given = {"docker_host": docker_engine.host, "image": skylift_image, "stop_timeout_s": 10, **options}
        orchestrator: Any = make_orchestrator(flavor, flavor.config_class.parse(given), name="tests")
        return orchestrator

    return made


@pytest.fixture
def somebody(store: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """Root, to whom every file is open, pretends to be somebody else who owns the store."""
    root, create = Path(store.removeprefix("file://")), DockerClient.create

    def given_away(self: DockerClient, container: str, arguments: dict[str, Any]) -> str:
        for path in (root.parent, root, *root.rglob("*")):
            os.chown(path, 1234, 1234)
        return create(self, container, arguments)

    monkeypatch.setattr(os, "getuid", lambda: 1234)
    monkeypatch.setattr(os, "getgid", lambda: 1234)
    monkeypatch.setattr(DockerClient, "create", given_away)
    return 1234
