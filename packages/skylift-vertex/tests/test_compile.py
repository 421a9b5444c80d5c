from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from skylift_vertex_protos import parsed
from skylift_vertex_snapshots import (
    EVERYTHING,
    IMAGE,
    PARENT,
    STORE,
    documents,
    making,
    pipeline_job,
    snapshot_of,
    step,
)

from skylift_contract.canonical import canonical_json
from skylift_contract.enums import ExecutionMode
from skylift_contract.errors import ConfigurationError, LimitExceeded
from skylift_contract.resource_settings import ResourceSettings
from skylift_contract.run_id import RUN_OWNER_ENV
from skylift_contract.schedule import Schedule
from skylift_contract.settings import StepRetryConfig
from skylift_contract.snapshot import PipelineSnapshot
from skylift_vertex.compile import JOB, PIPELINE, compile_pipeline
from skylift_vertex.run_id import JOB_ENV

GOLDEN = Path(__file__).parent / "golden"
NIGHTLY = Schedule(cron_expression="0 2 * * *")
ASKING: dict[str, Any] = {
    "resource_settings": ResourceSettings(cpu_count=4, memory="16GB", gpu_count=1, gpu_type="L4"),
    "retry": StepRetryConfig(max_retries=2),
}


def check(job: dict[str, Any]) -> dict[str, Any]:
    """The job is one to Vertex's protos, and its document one to Kubeflow's."""
    assert parsed("PipelineJob", job).keys() == job.keys()
    json_format: Any = import_module("google.protobuf.json_format")
    kfp: Any = import_module("kfp.pipeline_spec.pipeline_spec_pb2")
    document = job["pipelineSpec"]
    json_format.ParseDict(document, kfp.PipelineSpec())
    json_format.ParseDict(document["deploymentSpec"], kfp.PipelineDeploymentConfig())
    return document


def containers(job: dict[str, Any]) -> list[dict[str, Any]]:
    return [one["container"] for one in job["pipelineSpec"]["deploymentSpec"]["executors"].values()]


def tasks(job: dict[str, Any]) -> dict[str, Any]:
    return job["pipelineSpec"]["root"]["dag"]["tasks"]


def compiled() -> dict[str, tuple[str, dict[str, bytes]]]:
    plain = snapshot_of(step("load"), step("train_2", "load"))
    asking = snapshot_of(step("load"), step("train", "load", **ASKING))
    settings = {"orchestrator.vertex": {"machine_type": "n2-highmem-8", "use_spot": True}}
    dynamic = snapshot_of(dynamic=True, environment={"A": "$(B)"}, settings=settings)
    return {
        "plain": (PIPELINE, dict(documents(plain))),
        "everything": (PIPELINE, dict(documents(asking, **EVERYTHING))),
        "attached": (PIPELINE, dict(documents(plain, psc_network_attachment="inner"))),
        "dynamic": (JOB, dict(documents(dynamic, **EVERYTHING))),
        "dynamic_scheduled": (PIPELINE, dict(documents(snapshot_of(dynamic=True, schedule=NIGHTLY)))),
    }


@pytest.mark.parametrize("name", compiled())
def test_a_document_is_as_it_was(name: str) -> None:
    """Goldens: a change of them is a change of what runs, and is read as one."""
    file, found = compiled()[name]
    assert list(found) == [file]
    document = json.loads(found[file])
    if file == PIPELINE:
        check(document)
    else:
        assert parsed("CustomJob", document) == document
    assert document == json.loads((GOLDEN / f"{name}.json").read_text())


def test_the_same_snapshot_gives_the_same_bytes_in_any_process(snapshot: PipelineSnapshot) -> None:
    one = documents(snapshot, {"load": {"A": "1", "B": "2"}}, labels={"a": "1", "b": "2"})
    assert one == documents(snapshot, {"load": {"B": "2", "A": "1"}}, labels={"b": "2", "a": "1"})
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); from skylift_vertex_snapshots import *; "
        "snapshot = snapshot_of(step('load'), step('train_2', 'load')); "
        "sys.stdout.buffer.write(documents(snapshot)['pipeline_job.json'])"
    )
    support = str(Path(__file__).parent / "support")
    done = subprocess.run([sys.executable, "-c", program, support], capture_output=True, check=True)
    assert done.stdout == documents(snapshot)[PIPELINE]


def test_each_step_has_its_own_environment_and_its_runs_id(snapshot: PipelineSnapshot) -> None:
    job = json.loads(documents(snapshot, {"train_2": {"DEPTH": "6"}})[PIPELINE])
    load, train = ({one["name"]: one["value"] for one in each["env"]} for each in containers(job))
    assert load == {"SKYLIFT_STORE": STORE, RUN_OWNER_ENV: PARENT}
    assert train == {**load, "DEPTH": "6"}
    for each in containers(job):
        assert each["command"][:2] == ["env", f"{JOB_ENV}={{{{$.inputs.parameters['run']}}}}"]
    given = {one["inputs"]["parameters"]["run"]["runtimeValue"]["constant"] for one in tasks(job).values()}
    assert given == {"{{$.pipeline_job_name}}"}


def test_steps_wait_for_those_before_them_and_not_for_bound_ones() -> None:
    job = pipeline_job(snapshot_of(step("load"), step("train", "bound", "load")))
    assert tasks(job)["train"]["dependentTasks"] == ["load"]


def test_a_step_has_what_it_asks_for() -> None:
    load, train = containers(pipeline_job(snapshot_of(step("load"), step("train", **ASKING))))
    assert "resources" not in load
    assert train["resources"]["resourceCpuLimit"] == "4"
    assert train["resources"]["resourceMemoryLimit"] == "16G"
    assert train["resources"]["accelerator"]["resourceType"] == "NVIDIA_L4"


def test_vertex_tries_again_what_is_to_be_tried_again() -> None:
    job = pipeline_job(snapshot_of(step("load"), step("train", **ASKING)))
    assert "retryPolicy" not in tasks(job)["load"]
    assert len(tasks(job)["train"]["retryPolicy"]) == 4


@pytest.mark.parametrize(
    ("mode", "policy"),
    [
        (ExecutionMode.FAIL_FAST, "PIPELINE_FAILURE_POLICY_FAIL_FAST"),
        (ExecutionMode.STOP_ON_FAILURE, "PIPELINE_FAILURE_POLICY_FAIL_FAST"),
        (ExecutionMode.CONTINUE_ON_FAILURE, "PIPELINE_FAILURE_POLICY_FAIL_SLOW"),
    ],
)
def test_the_execution_mode_is_vertexs_failure_policy(mode: ExecutionMode, policy: str) -> None:
    job = pipeline_job(snapshot_of(step("load"), execution_mode=mode))
    assert job["runtimeConfig"]["failurePolicy"] == policy


def test_labels_say_whose_a_job_is() -> None:
    job = pipeline_job(snapshot_of(step("load"), name="Täglich"), labels={"team": "churn"})
    labels = job["labels"]
    assert labels["team"] == "churn"
    assert (labels["skylift_project"], labels["skylift_orchestrator"]) == ("tests", "tests")
    assert labels["skylift_pipeline"].startswith("taglich-")
    assert job["displayName"] == "Täglich"


def test_a_dynamic_pipeline_is_one_job() -> None:
    found = documents(snapshot_of(dynamic=True, environment={"A": "1"}))
    job = json.loads(found[JOB])
    (pool,) = job["jobSpec"]["workerPoolSpecs"]
    assert pool["containerSpec"]["command"][:4] == ["python", "-m", "skylift.runtime", "orchestrate"]
    assert {"name": "A", "value": "1"} in pool["containerSpec"]["env"]
    assert pool["machineSpec"] == {"machineType": "e2-standard-4"}
    assert JOB_ENV not in str(job)


def test_a_scheduled_dynamic_pipeline_is_a_pipeline_of_one_step() -> None:
    """A schedule starts pipelines; the step's run is the pipeline job."""
    job = pipeline_job(
        snapshot_of(dynamic=True, schedule=NIGHTLY, resource_settings=ResourceSettings(cpu_count=2))
    )
    assert list(tasks(job)) == ["orchestrate"]
    (container,) = containers(job)
    assert container["command"][1].startswith(f"{JOB_ENV}=")
    assert container["resources"] == {"cpuLimit": 2.0, "resourceCpuLimit": "2"}
    check(job)


def test_without_a_place_for_what_vertex_writes_nothing_is_made(snapshot: PipelineSnapshot) -> None:
    made = making(snapshot)
    rootless = type(made)(made.config, made.image_of, made.command_of, store="s3://elsewhere")
    expected = (
        r"^VertexOrchestratorConfig\.pipeline_root: there is no place for what Vertex itself writes\. "
        r"Name one: skylift orchestrator update NAME --pipeline_root=gs://…; or use a gs:// store\.$"
    )
    with pytest.raises(ConfigurationError, match=expected):
        compile_pipeline(snapshot, rootless, {}, {})


def test_more_than_vertex_gives_is_refused() -> None:
    with pytest.raises(LimitExceeded, match=r"^step 'load', cpu_count: it is over the limit \(got 97"):
        pipeline_job(snapshot_of(step("load", resource_settings=ResourceSettings(cpu_count=97))))


def test_a_job_has_no_more_variables_than_it_may() -> None:
    many = {f"V{number}": "x" for number in range(99)}
    fits = snapshot_of(dynamic=True, environment=dict(list(many.items())[:98]))
    assert documents(fits)
    expected = r"^pipeline 'daily', environment variables, with Skylift's own: it is over the limit \(got 101, limit: at most 100"
    with pytest.raises(LimitExceeded, match=expected):
        documents(snapshot_of(dynamic=True, environment=many))


def test_a_thousand_steps_are_small() -> None:
    """With resources, ten variables and two images: at most 400 kB, and one document to every reader."""
    asked = ResourceSettings(cpu_count=4, memory="16GB")
    steps = [step(f"s{n}", *([f"s{n - 1}"] if n else []), resource_settings=asked) for n in range(1000)]
    whole = snapshot_of(*steps)
    images = {f"s{n}": f"{IMAGE}{n % 2}" for n in range(1000)}
    environment = {f"VARIABLE_{n}": "value" for n in range(10)}
    found = documents(
        whole.model_copy(update={"images": images}), {f"s{n}": environment for n in range(1000)}
    )[PIPELINE]
    assert len(found) <= 400_000
    document = check(json.loads(found))
    assert len(document["components"]) == 2
    assert len(document["root"]["dag"]["tasks"]) == 1000
    assert canonical_json(json.loads(found)) == found
