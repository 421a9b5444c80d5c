"""Jobs on moto over HTTP: a dynamic pipeline's own, and isolated steps'."""

from __future__ import annotations

import base64
import zlib
from typing import Any

import pytest
from skylift_sagemaker_answers import Answers
from skylift_sagemaker_model import faults
from skylift_sagemaker_snapshots import IMAGE, ROLE, snapshot_of, step

from skylift_contract.enums import ExecutionStatus as Status
from skylift_contract.errors import ConfigurationError
from skylift_contract.orchestrator import StepRunInfo
from skylift_contract.resource_settings import ResourceSettings
from skylift_contract.run import PipelineRun
from skylift_contract.settings import DockerSettings
from skylift_contract.stack import ArtifactStore, Stack
from skylift_sagemaker import jobs
from skylift_sagemaker.client import SagemakerClient
from skylift_sagemaker.config import SagemakerOrchestratorConfig

JOB = "arn:aws:sagemaker:eu-west-1:123456789012:processing-job/j"
ENVIRONMENT = {"SKYLIFT_STORE": "s3://skylift-tests/churn", "SKYLIFT_ORCHESTRATOR_RUN_ID": "run-1"}


def info(attempt: int = 1, image: str | None = None, **config: Any) -> StepRunInfo:
    snapshot = snapshot_of(dynamic=True)
    run = PipelineRun(pipeline="daily", snapshot=snapshot.digest, flavor="sagemaker", orchestrator_run_id=JOB)
    return StepRunInfo(
        run=run,
        run_id="0a1b",
        snapshot=snapshot,
        step=step("map:score:0", **config),
        attempt=attempt,
        command=["python", "-m", "skylift.runtime", "step"],
        image=image,
    )


def unpacked(command: list[str]) -> str:
    """What a container is told that sets itself up."""
    words = command[4 : 4 + int(command[3])]
    return zlib.decompress(base64.b64decode("".join(words))).decode()


def submit(orchestrator: Any, submission: str) -> str:
    snapshot = snapshot_of(dynamic=True)
    run = PipelineRun(
        pipeline="daily", snapshot=snapshot.digest, flavor="sagemaker", submission_id=submission
    )
    stack = Stack("tests", orchestrator, ArtifactStore("s3://skylift-tests/churn"))
    return str(orchestrator.submit_dynamic_pipeline(snapshot, stack, ENVIRONMENT, run).orchestrator_run_id)


@pytest.mark.parametrize("kind", ["processing", "training"])
def test_a_dynamic_pipeline_is_one_job_and_the_job_is_its_run(aws: Any, make: Any, kind: str) -> None:
    arn = submit(make(job_type=kind), "submission-1")
    client = SagemakerClient(SagemakerOrchestratorConfig(execution_role=ROLE, region="eu-west-1"))
    name = arn.rpartition("/")[2]
    job = client.describe_job(kind.capitalize(), name)
    assert job[f"{kind.capitalize()}JobArn"] == arn
    assert job["RoleArn"] == ROLE
    assert jobs.status(client, arn).status is Status.COMPLETED  # moto's are so at once
    assert make().find_run("submission-1") == arn


def test_a_job_that_is_there_is_not_started_again(answers: Answers, make: Any) -> None:
    answers.refuse("CreateProcessingJob", "ResourceInUse", "Job name must be unique")
    answers.say("DescribeProcessingJob", {"ProcessingJobArn": JOB})
    assert submit(make(), "submission-1") == JOB
    first = answers.asked("CreateProcessingJob")
    submit(make(), "submission-1")
    submit(make(), "submission-2")
    _, again, other = answers.asked("CreateProcessingJob")
    assert first == [again]
    assert other["ProcessingJobName"] != again["ProcessingJobName"]


def test_an_isolated_step_is_a_job_of_its_own(answers: Answers, make: Any) -> None:
    answers.say("CreateProcessingJob", {"ProcessingJobArn": JOB})
    asked = ResourceSettings(cpu_count=8)
    started = make().submit_isolated_step(info(resource_settings=asked), ENVIRONMENT)
    assert (started.id, started.invocation_id) == (JOB, "map:score:0")
    (request,) = answers.asked("CreateProcessingJob")
    assert faults("CreateProcessingJobRequest", request) == []
    assert request["AppSpecification"] == {
        "ImageUri": IMAGE,
        "ContainerEntrypoint": ["python", "-m", "skylift.runtime", "step"],
    }
    assert request["Environment"] == ENVIRONMENT
    machine = request["ProcessingResources"]["ClusterConfig"]["InstanceType"]
    assert machine.endswith(".2xlarge")


def test_two_attempts_are_two_jobs(answers: Answers, make: Any) -> None:
    answers.say("CreateProcessingJob", {"ProcessingJobArn": JOB})
    for attempt in (1, 1, 2):
        make().submit_isolated_step(info(attempt), ENVIRONMENT)
    first, same, second = (one["ProcessingJobName"] for one in answers.asked("CreateProcessingJob"))
    assert first == same != second


def test_an_isolated_step_in_an_image_that_no_job_pulls_is_refused(make: Any) -> None:
    expected = r"^step 'map:score:0': SageMaker pulls images from private repositories of ECR \(got 'python:3\.11'\)\. Name one "
    own = info(image="python:3.11", docker_settings=DockerSettings(image="python:3.11"))
    with pytest.raises(ConfigurationError, match=expected):
        make().submit_isolated_step(own, ENVIRONMENT)


def test_an_isolated_step_installs_what_it_asks_for(answers: Answers, make: Any) -> None:
    answers.say("CreateProcessingJob", {"ProcessingJobArn": JOB})
    asked = DockerSettings(requirements=("own-top",), environment={"LEVEL": "1"})
    make().submit_isolated_step(info(image="python:3.11-slim", docker_settings=asked), ENVIRONMENT)
    (request,) = answers.asked("CreateProcessingJob")
    assert faults("CreateProcessingJobRequest", request) == []
    assert request["Environment"] == {"LEVEL": "1", **ENVIRONMENT}
    assert request["AppSpecification"]["ImageUri"] == IMAGE
    command = request["AppSpecification"]["ContainerEntrypoint"]
    assert "own-top" in unpacked(command)
    assert command[-3:] == ["-m", "skylift.runtime", "step"]


def test_a_job_that_has_ended_is_not_stopped(answers: Answers, make: Any) -> None:
    orchestrator = make()
    answers.say("CreateProcessingJob", {"ProcessingJobArn": JOB})
    started = orchestrator.submit_isolated_step(info(), ENVIRONMENT)
    answers.say("DescribeProcessingJob", {"ProcessingJobStatus": "Completed"})
    orchestrator.stop_isolated_step(started)
    assert answers.asked("StopProcessingJob") == []
    answers.say("DescribeProcessingJob", {"ProcessingJobStatus": "InProgress"})
    answers.say("StopProcessingJob", {})
    assert orchestrator.get_isolated_step_status(started).status is Status.RUNNING
    orchestrator.stop_isolated_step(started)
    assert answers.asked("StopProcessingJob") == [{"ProcessingJobName": "j"}]
