"""Making runs on an engine, and looking at them meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys
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
    from skylift_docker.orchestrator import DockerOrchestrator


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


PROGRAM = """
import sys
import skylift_docker_flows as flows
from skylift_contract.flavor import make_orchestrator
from skylift_docker.flavor import DockerOrchestratorFlavor
host, image, folder, name = sys.argv[1:]
flavor = DockerOrchestratorFlavor()
options = {"docker_host": host, "image": image, "stop_timeout_s": 10}
orchestrator = make_orchestrator(flavor, flavor.config_class.parse(options), name="tests")
settings = {"orchestrator.local_docker": {"mounts": [f"{folder}:{folder}"]}}
getattr(flows, name).with_options(orchestrator=orchestrator, settings=settings, enable_cache=False)(folder=folder)
"""


def program(orchestrator: DockerOrchestrator, folder: Path, name: str = "waiting") -> subprocess.Popen[str]:
    config = orchestrator.config
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(config.docker_host), str(config.image), str(folder), name],
        env={**os.environ, "PYTHONPATH": str(flows.__file__).rpartition("/")[0]},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
