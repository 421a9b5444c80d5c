"""What the flavor is for, from one end to the other: people's commands, real boto3, a store in S3, jobs that run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sagemaker_cloud import REGION, Cloud, client, used
from skylift_sagemaker_snapshots import IMAGE, ROLE
from skylift_tests_support.shows import (
    check_a_kill,
    check_digits,
    check_emulated_runs_are_known,
    check_installs,
    check_places,
    check_two_firings,
    only_run,
    registered,
    served,
    skylift,
)
from skylift_tests_support.untold import check_what_could_not_be_installed

from skylift.ledger import keys
from skylift.store.location import open_store
from skylift_contract.enums import ExecutionStatus as Status
from skylift_sagemaker.emulator import SagemakerEmulator
from skylift_testkit.emulator.fault_script import Failure, Fault

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator


pytestmark = pytest.mark.slow

STORE = "s3://shows/runs"
WAITS = """
import threading
from skylift import pipeline, step


@step
def waits() -> None:
    threading.Event().wait()


@pipeline
def waiting() -> None:
    waits()
"""
EXPIRED = (
    "sagemaker:StartPipelineExecution: The security token included in the request is expired "
    "[ExpiredTokenException]. Log in anew (aws sso login, aws configure), or name other credentials: "
    "skylift orchestrator update NAME --aws_profile=…"
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    options = [
        f"--execution_role={ROLE}",
        f"--scheduler_role={ROLE}",
        f"--region={REGION}",
        f"--image={IMAGE}",
        "--poll_s=0.1",
    ]
    return registered(tmp_path, monkeypatch, "sagemaker", STORE, *options)


@pytest.fixture
def substitutes() -> bool:
    return True


@pytest.fixture
def emulator(substitutes: bool, monkeypatch: pytest.MonkeyPatch) -> Iterator[SagemakerEmulator]:
    with SagemakerEmulator(grace_s=0.5, is_substituting=substitutes) as made:
        used(made, REGION, monkeypatch)
        made.make_bucket("shows", REGION)
        yield made


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """An emulator that somebody started, with a bucket; this process knows its variables, and no more."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    with served(monkeypatch, "skylift_sagemaker.emulator", REGION, "shows"):
        yield


def test_the_example_runs_unchanged_with_emulate(project: Path, tmp_path: Path) -> None:
    """There is no bucket, and no AWS: its store is on this machine."""
    done = skylift(project, "run", "pipeline.py:digits", "--emulate", "--param", "trees=10")
    assert "sagemaker is emulated on this machine, which nothing leaves" in " ".join(done.stderr.split())
    check_digits(only_run(f"file://{tmp_path}/data/skylift/emulated"), "sagemaker")


def test_an_emulated_run_is_known_without_its_emulator(project: Path, tmp_path: Path) -> None:
    check_emulated_runs_are_known(project, f"file://{tmp_path}/data/skylift/emulated")


def test_the_example_runs_on_an_emulator_of_its_own_with_a_store_in_s3(project: Path, apart: None) -> None:
    skylift(project, "run", "pipeline.py:digits", "--no-cache", "--param", "trees=10")
    run = only_run(STORE)
    check_digits(run, "sagemaker")
    arn = run.orchestrator_run_id
    told = client("sagemaker").describe_pipeline_execution(PipelineExecutionArn=arn)
    assert told["PipelineExecutionStatus"] == "Succeeded"
    steps = client("sagemaker").list_pipeline_execution_steps(PipelineExecutionArn=arn, MaxResults=100)
    assert {one["StepName"] for one in steps["PipelineExecutionSteps"]} >= {"load", "split", "draw"}


def test_a_schedule_that_fires_twice_is_two_runs(project: Path, emulator: SagemakerEmulator) -> None:
    done = skylift(project, "run", "flow.py:nightly", "--no-cache")
    assert f"it was not checked whether {ROLE} may start pipelines: iam:Sim" in " ".join(done.stderr.split())
    check_two_firings(emulator, STORE)


@pytest.mark.parametrize("substitutes", [False])
def test_steps_refuse_to_start_where_nothing_is_substituted(
    project: Path, emulator: SagemakerEmulator
) -> None:
    """What stands in the document for the execution's ARN is no ARN."""
    skylift(project, "run", "flow.py:sums", "--no-cache", code=1)
    (arn,) = emulator.executions()
    cloud = Cloud(emulator)
    assert {name: step["StepStatus"] for name, step in cloud.steps(arn).items()} == {"load": "Failed"}
    printed = " ".join(cloud.printed_by(arn, "load"))
    assert (
        "environment variable SKYLIFT_SAGEMAKER_EXECUTION_ARN of backend 'sagemaker': the orchestrator run ID still"
    ) in printed
    assert not any(key.endswith("start.json") for key in open_store(STORE).list(keys.RUNS))


def test_ctrl_c_leaves_the_run_which_is_stopped_once_that_is_allowed(
    project: Path, emulator: SagemakerEmulator
) -> None:
    (project / "waits.py").write_text(WAITS)
    argv = [str(Path(sys.executable).with_name("skylift")), "run", "waits.py", "--no-cache"]
    with subprocess.Popen(argv, cwd=project, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        told = list(takewhile(lambda line: line != "waits: running\n", process.stderr))
        process.send_signal(signal.SIGINT)
        after = process.stderr.read()
    run = only_run(STORE)
    assert process.returncode == 130, told
    assert f"no longer waiting: run {run.id} goes on\nnext: skylift runs watch {run.id}\n" in after
    assert run.status is Status.RUNNING
    emulator.tell(Fault(Failure.PERMISSION, frozenset({"StopPipelineExecution"})))
    refused = skylift(project, "runs", "stop", "last", code=1).stderr.splitlines()
    assert refused[0].startswith("error: sagemaker:StopPipelineExecution: ")
    assert "the request to stop is in the run's store, and holds all the same" in refused[1]
    assert run.status is Status.STOPPING
    assert "has ended: stopped" in skylift(project, "runs", "stop", "last").stderr


def test_a_start_whose_answer_is_lost_is_not_started_twice(
    project: Path, emulator: SagemakerEmulator
) -> None:
    emulator.tell(Fault(Failure.LOST_ANSWER, frozenset({"StartPipelineExecution"})))
    skylift(project, "run", "flow.py:sums", "--no-cache")
    assert emulator.executions() == [only_run(STORE).orchestrator_run_id]
    assert only_run(STORE).steps["total"].outputs["output"].load() == 42


def test_a_step_that_is_started_twice_publishes_once(project: Path, emulator: SagemakerEmulator) -> None:
    emulator.tell(Fault(Failure.TWICE, frozenset({"load"})))
    skylift(project, "run", "flow.py:sums", "--no-cache")
    run = only_run(STORE)
    assert run.status is Status.COMPLETED
    assert run.steps["total"].outputs["output"].load() == 42
    folder = keys.step_folder(str(run.id), "load")
    written = Counter(key.rpartition("/")[2] for key in open_store(STORE).list(folder))
    assert written == {"start.json": 2, "result.json": 1, "end-duplicate.json": 1}


def test_a_quota_reaches_why_in_the_services_words(project: Path, emulator: SagemakerEmulator) -> None:
    emulator.tell(Fault(Failure.QUOTA, frozenset({"total:CreateProcessingJob"}), times=50))
    skylift(project, "run", "flow.py:sums", "--no-cache", code=1)
    told = " ".join(skylift(project, "runs", "why", "last").stdout.split())
    words = "The account-level service limit 'Maximum number of instances for processing job usage' is 0 Instances"
    assert words in told
    assert "total" in told.partition(words)[0]


def test_a_run_and_its_steps_are_described_with_their_pages(
    project: Path, emulator: SagemakerEmulator
) -> None:
    found = check_places(project)
    assert found["orchestrator_run_id"] in emulator.executions()
    pages = f"https://{REGION}.console.aws.amazon.com/sagemaker/home?region={REGION}#"
    assert found["links"]["backend"].startswith(f"{pages}/pipelines/")
    cloud = Cloud(emulator)
    for name, told in cloud.steps(found["orchestrator_run_id"]).items():
        (step,) = (one for one in found["steps"] if one["step"] == name)
        arn = told["Metadata"]["ProcessingJob"]["Arn"]
        assert (step["job"], step["links"]["backend"]) == (
            arn,
            f"{pages}/processing-jobs/{arn.rpartition('/')[2]}",
        )


def test_why_has_what_the_service_says_of_a_step_that_was_killed(
    project: Path, emulator: SagemakerEmulator
) -> None:
    check_a_kill(project, "ClientError: AlgorithmError: See job logs for more information")


def test_why_has_the_exit_code_of_a_training_job(project: Path, emulator: SagemakerEmulator) -> None:
    skylift(project, "orchestrator", "update", "sagemaker", "--job_type=training")
    check_a_kill(project, "ClientError: AlgorithmError: , exit code: 137")


def test_expired_credentials_are_one_sentence(project: Path, emulator: SagemakerEmulator) -> None:
    emulator.tell(Fault(Failure.CREDENTIALS, frozenset({"StartPipelineExecution"}), times=50))
    told = skylift(project, "run", "flow.py:sums", "--no-cache", code=1).stderr
    assert told.splitlines() == [
        f"sums on sagemaker, store {STORE}",
        f"error: {EXPIRED}",
    ]
    assert emulator.executions() == []


def test_steps_install_what_they_ask_for_when_they_start(project: Path, emulator: SagemakerEmulator) -> None:
    check_installs(project, "sagemaker", STORE)


def test_a_step_that_cannot_be_set_up_is_heard_of(project: Path, emulator: SagemakerEmulator) -> None:
    check_what_could_not_be_installed(project, "sagemaker")


def test_a_listing_imports_neither_boto3_nor_sagemaker(project: Path) -> None:
    program = (
        "import sys\nfrom skylift.cli import main\ncodes = [main(line.split()) for line in ("
        "'orchestrator flavor list', 'orchestrator flavor describe sagemaker', 'orchestrator list', 'stack list')]\n"
        "print(codes, sorted({name.partition('.')[0] for name in sys.modules} & {'boto3', 'botocore', 'sagemaker', 'moto'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=project, capture_output=True, text=True, check=True
    )
    assert "sagemaker" in done.stdout
    assert done.stdout.splitlines()[-1] == "[0, 0, 0, 0] []"
