from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from skylift_sagemaker_model import faults
from skylift_sagemaker_snapshots import ROLE, definition, documents, making, snapshot_of, step

from skylift_contract.resource_settings import ResourceSettings
from skylift_contract.schedule import Schedule
from skylift_contract.snapshot import PipelineSnapshot
from skylift_sagemaker.compile import JOB, PIPELINE, compile_pipeline
from skylift_sagemaker.run_id import EXECUTION_ARN_ENV

GOLDEN = Path(__file__).parent / "golden"
REQUESTS = {"Processing": "CreateProcessingJobRequest", "Training": "CreateTrainingJobRequest"}
GIVEN_BY_THE_SERVICE = {"Processing": "ProcessingJobName", "Training": "TrainingJobName"}
EVERYTHING: dict[str, Any] = {
    "job_type": "training",
    "use_spot": True,
    "max_runtime_s": 3600,
    "subnets": ["subnet-0a", "subnet-0b"],
    "security_groups": ["sg-0a"],
    "kms_key": "alias/skylift",
    "encrypt_traffic": True,
    "tags": {"team": "churn"},
    "experiment": "churn",
}


def check_steps(document: dict[str, Any]) -> None:
    """Each step's arguments are a request that AWS's own model takes."""
    for one in document["Steps"]:
        named = {**one["Arguments"], GIVEN_BY_THE_SERVICE[one["Type"]]: "given-by-the-service"}
        assert faults(REQUESTS[one["Type"]], named) == []
        assert faults("StepName", one["Name"]) == []


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("processing", {}),
        ("training", EVERYTHING),
        ("private", {**EVERYTHING, "job_type": "processing", "use_spot": False, "fault_attempts": 0}),
        ("warm", {"job_type": "training", "keep_alive_s": 600, "instance_type": "ml.g4dn.xlarge"}),
    ],
)
def test_a_document_is_as_it_was(snapshot: PipelineSnapshot, name: str, options: dict[str, Any]) -> None:
    """Goldens: a change of them is a change of what runs, and is read as one."""
    found = definition(snapshot, **options)
    check_steps(found)
    golden = GOLDEN / f"{name}.json"
    assert found == json.loads(golden.read_text())


def test_the_same_snapshot_gives_the_same_bytes_in_any_process(snapshot: PipelineSnapshot) -> None:
    one = documents(snapshot, {"load": {"A": "1", "B": "2"}}, tags={"a": "1", "b": "2"})
    assert one == documents(snapshot, {"load": {"B": "2", "A": "1"}}, tags={"b": "2", "a": "1"})
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); from skylift_sagemaker_snapshots import *; "
        "snapshot = snapshot_of(step('load'), step('train_2', 'load')); "
        "sys.stdout.buffer.write(documents(snapshot)['pipeline.json'])"
    )
    support = str(Path(__file__).parent / "support")
    done = subprocess.run([sys.executable, "-c", program, support], capture_output=True, check=True)
    assert done.stdout == documents(snapshot)[PIPELINE]


def test_each_step_has_its_own_environment_and_its_runs_id(snapshot: PipelineSnapshot) -> None:
    found = json.loads(documents(snapshot, {"train_2": {"DEPTH": "6"}})[PIPELINE])
    load, train = (one["Arguments"]["Environment"] for one in found["Steps"])
    assert "DEPTH" not in load
    assert train["DEPTH"] == "6"
    assert {one[EXECUTION_ARN_ENV]["Get"] for one in (load, train)} == {"Execution.PipelineExecutionArn"}


def test_steps_wait_for_those_before_them(snapshot: PipelineSnapshot) -> None:
    load, train = definition(snapshot)["Steps"]
    assert "DependsOn" not in load
    assert train["DependsOn"] == ["load"]


def test_a_bound_step_is_not_waited_for() -> None:
    (only,) = definition(snapshot_of(step("train", "load")))["Steps"]
    assert "DependsOn" not in only


def test_names_that_change_say_what_they_were() -> None:
    one, other = definition(snapshot_of(step("zähle"), step("weiter", "zähle")))["Steps"]
    assert one["Description"] == "zähle"
    assert other["DependsOn"] == [one["Name"]]
    assert "Description" not in other


def test_no_experiment_is_made_unless_it_is_named(snapshot: PipelineSnapshot) -> None:
    without = definition(snapshot)
    assert without["PipelineExperimentConfig"] is None
    assert definition(snapshot, experiment="churn")["PipelineExperimentConfig"]["ExperimentName"] == "churn"


def test_a_step_has_the_machine_that_it_asks_for() -> None:
    asking = step("train", resource_settings=ResourceSettings(cpu_count=8, memory="60GiB"))
    small, large = definition(snapshot_of(step("load"), asking))["Steps"]
    machines = [
        one["Arguments"]["ProcessingResources"]["ClusterConfig"]["InstanceType"] for one in (small, large)
    ]
    assert machines[0] == "ml.m5.large"
    assert machines[1].endswith(".2xlarge")


def test_a_steps_settings_are_its_own() -> None:
    own = step(
        "train",
        settings={"orchestrator.sagemaker": {"job_type": "training", "volume_size_gb": 99}, "vertex": {}},
    )
    load, train = definition(snapshot_of(step("load"), own))["Steps"]
    assert (load["Type"], train["Type"]) == ("Processing", "Training")
    assert train["Arguments"]["ResourceConfig"]["VolumeSizeInGB"] == 99


def test_a_dynamic_pipeline_is_one_job() -> None:
    found = documents(snapshot_of(dynamic=True, environment={"A": "1"}))
    assert list(found) == [JOB]
    job = json.loads(found[JOB])
    assert job["AppSpecification"]["ContainerEntrypoint"][:4] == [
        "python",
        "-m",
        "skylift.runtime",
        "orchestrate",
    ]
    assert job["Environment"]["A"] == "1"
    assert EXECUTION_ARN_ENV not in job["Environment"]
    assert faults("CreateProcessingJobRequest", {**job, "ProcessingJobName": "j"}) == []


def test_a_scheduled_dynamic_pipeline_is_a_pipeline_of_one_step() -> None:
    """A schedule starts pipelines; the step's run is the execution."""
    schedule = Schedule(cron_expression="0 2 * * *")
    found = definition(snapshot_of(dynamic=True, schedule=schedule))
    (only,) = found["Steps"]
    assert only["Name"] == "orchestrate"
    assert EXECUTION_ARN_ENV in only["Arguments"]["Environment"]
    check_steps(found)


@pytest.mark.parametrize("options", [{}, EVERYTHING])
def test_a_thousand_steps_are_all_there(options: dict[str, Any]) -> None:
    steps = [
        step(f"s{n}", *([f"s{n - 1}"] if n else []), resource_settings=ResourceSettings(cpu_count=n % 4 + 1))
        for n in range(1000)
    ]
    found = definition(snapshot_of(*steps), **options)
    assert [one["Name"] for one in found["Steps"]] == [f"s{n}" for n in range(1000)]
    check_steps(found)


def test_a_summary_counts_the_instances_of_each_type() -> None:
    """The commonest first, and of equals in the order of their names."""
    types = ["ml.m5.large", "ml.t3.medium", "ml.g5.xlarge", "ml.m5.large"]
    steps = [
        step(f"s{n}", settings={"orchestrator.sagemaker": {"instance_type": name}})
        for n, name in enumerate(types)
    ]
    snapshot = snapshot_of(*steps)
    found = compile_pipeline(snapshot, making(snapshot), {}, {}).summary
    assert found == {"steps": 4, "instances": "2 x ml.m5.large, 1 x ml.g5.xlarge, 1 x ml.t3.medium"}


def test_the_roles_are_the_configured_one(snapshot: PipelineSnapshot) -> None:
    assert {one["Arguments"]["RoleArn"] for one in definition(snapshot)["Steps"]} == {ROLE}
