"""The same documents on an executor that nobody here wrote: Kubeflow's own, which runs them in containers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from skylift_vertex_snapshots import LOCATION, PROJECT
from vertex_cloud import Cloud

from skylift.cli import main
from skylift.client import Client
from skylift.models import PipelineRun
from skylift_contract.enums import ExecutionStatus as Status
from skylift_testkit.docker.plugin import RunningEngine
from skylift_vertex.emulator import VertexEmulator

pytestmark = [
    pytest.mark.kfp,
    pytest.mark.skipif(
        not find_spec("kfp.local"), reason="KFP's SDK is not installed: tests-vertex-kfp has it"
    ),
]

STORE = "gs://shows/runs"
FLOW = """
from pathlib import Path
from typing import Annotated

from skylift import StepRetryConfig, get_step_context, pipeline, step

Sum, Attempt, Here = Annotated[int, "sum"], Annotated[int, "attempt"], Annotated[bool, "is_here"]


@step
def load() -> list[int]:
    return [1, 2, 39]


@step(retry=StepRetryConfig(max_retries=1))
def total(values: list[int]) -> tuple[Sum, Attempt, Here]:
    if get_step_context().attempt == 1:
        raise ValueError("not yet")
    return sum(values), get_step_context().attempt, Path({file!r}).exists()


@pipeline(environment={{"STORAGE_EMULATOR_HOST": {url!r}}})
def sums() -> None:
    total(load())
"""
RUNS = """
import json, sys
from docker.models.containers import ContainerCollection
from google.protobuf.json_format import ParseDict
from kfp import local
from kfp.local.pipeline_orchestrator import run_local_pipeline
from kfp.pipeline_spec.pipeline_spec_pb2 import PipelineSpec

run, made = ContainerCollection.run, []

def keep(self, *args, **options):
    made.append(run(self, *args, **{**options, "auto_remove": False}))
    return made[-1]

ContainerCollection.run = keep
local.init(local.DockerRunner(network_mode="host"), pipeline_root=sys.argv[1], raise_on_error=True)
try:
    run_local_pipeline(ParseDict(json.load(sys.stdin), PipelineSpec()), arguments={})
finally:
    for container in made:
        container.remove(force=True)
"""
"""A container that is gone before it is asked how it ended counts as one that did well: these stay until then."""


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[VertexEmulator]:
    with VertexEmulator(grace_s=0.5, buckets=("shows",)) as made:
        for name, value in made.variables().items():
            monkeypatch.setenv(name, value)
        yield made


@pytest.fixture
def document(
    emulator: VertexEmulator, skylift_image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    """As it reached Vertex, once it has run there."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "flow.py"
    file.write_text(FLOW.format(url=emulator.storage.url, file=str(file)))
    over = [f"--api_endpoint={emulator.endpoint}", "--api_transport=rest", "--poll_s=0.1"]
    named = [f"--project={PROJECT}", f"--location={LOCATION}", f"--image={skylift_image}"]
    for line in (
        ["orchestrator", "register", "vertex", "--flavor=vertex", *named, *over],
        ["artifact-store", "register", "bucket", f"--uri={STORE}"],
        ["stack", "register", "google", "-o", "vertex", "-a", "bucket"],
        ["stack", "set", "google"],
        ["run", "flow.py:sums", "--no-cache"],
    ):
        assert main(line) == 0
    cloud = Cloud(emulator)
    (listed,) = cloud.listed("Pipeline", "list_pipeline_jobs")
    return cloud.call("Pipeline", "get_pipeline_job", name=listed["name"])["pipelineSpec"]


def told(run: PipelineRun) -> dict[str, Any]:
    return {name: output.load() for name, output in run.steps["total"].outputs.items()}


def test_kubeflows_own_executor_runs_what_vertex_was_given(
    document: dict[str, Any], docker_engine: RunningEngine, tmp_path: Path
) -> None:
    (before,) = Client(STORE).runs()
    done = subprocess.run(
        [sys.executable, "-c", RUNS, str(tmp_path / "kfp")],
        input=json.dumps(document),
        capture_output=True,
        text=True,
        check=False,
        env={"DOCKER_HOST": docker_engine.host, "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = [run for run in Client(STORE).runs() if run.id != before.id]
    assert (before.status, made.status) == (Status.COMPLETED, Status.COMPLETED)
    assert told(before) == {"sum": 42, "attempt": 2, "is_here": True}
    assert told(made) == {"sum": 42, "attempt": 2, "is_here": False}  # in a container
