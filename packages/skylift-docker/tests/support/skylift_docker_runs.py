"""Making runs on an engine, and looking at them meanwhile."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import skylift_docker_flows as flows

from skylift.client import Client
from skylift_contract.errors import RunFailed, RunStopped
from skylift_docker.names import RUN

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from skylift.authoring.pipelines import PipelineFunction
    from skylift.models import PipelineRun
    from skylift_docker.client import DockerClient


def mounted(pipeline: PipelineFunction, folder: Path, orchestrator: Any, **options: Any) -> PipelineFunction:
    own = {"mounts": [f"{folder}:{folder}"], **options.pop("own", {})}
    settings = {"orchestrator.local_docker": own, **options.pop("settings", {})}
    return pipeline.with_options(orchestrator=orchestrator, settings=settings, enable_cache=False, **options)


def run(pipeline: PipelineFunction, **parameters: Any) -> PipelineRun:
    """The run that was made, also where it failed or was stopped."""
    with suppress(RunFailed, RunStopped):
        pipeline(**parameters)
    return Client().run("last")


def arrived(folder: Path, name: str) -> None:
    (folder / f"{name}.arrived").read_text()


def release(folder: Path, name: str) -> None:
    flows.meet(f"{folder}/{name}.go_on")


def beside(act: Callable[[], Any]) -> threading.Thread:
    """Run it meanwhile; what it raises fails the test, for pytest makes an error of that."""
    thread = threading.Thread(target=act)
    thread.start()
    return thread


def status(found: PipelineRun) -> dict[str, str]:
    return {name: step.status.value for name, step in found.steps.items()}


def lines(folder: Path, name: str) -> list[str]:
    path = folder / f"{name}.journal"
    return path.read_text().splitlines() if path.exists() else []


def containers(client: DockerClient, found: PipelineRun) -> list[dict[str, Any]]:
    return client.containers({RUN: str(found.id)})
