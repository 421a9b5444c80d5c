from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from sagemaker_cloud import ClientError, processing, training

from skylift_testkit.emulator.process import shows_roots

if TYPE_CHECKING:
    from sagemaker_cloud import ClientError, Cloud, Fifo

CONFIG = "/opt/ml/config/processingjobconfig.json"


def processed(cloud: Cloud, name: str, code: str = "", **more: Any) -> str:
    told = {**processing(code), "ProcessingJobName": name, **more}
    return cloud.sagemaker.create_processing_job(**told)["ProcessingJobArn"]


def ended(cloud: Cloud, arn: str) -> dict[str, Any]:
    """How a job is described when it is over."""
    cloud.emulator.job(arn).wait()
    name = arn.rpartition("/")[2]
    if ":training-job/" in arn:
        return cloud.sagemaker.describe_training_job(TrainingJobName=name)
    return cloud.sagemaker.describe_processing_job(ProcessingJobName=name)


@pytest.fixture
def roots() -> None:
    """Of Linux, where whoever runs the tests may have namespaces: elsewhere `--emulate` says what it lacks."""
    if not shows_roots():
        pytest.skip("this machine lets no process have a root of its own")


def test_a_processing_job_runs_and_is_described(cloud: Cloud) -> None:
    arn = processed(cloud, "job", "print('from the job')")
    assert arn == "arn:aws:sagemaker:eu-central-1:123456789012:processing-job/job"
    told = ended(cloud, arn)
    assert (told["ProcessingJobStatus"], told["ProcessingJobArn"]) == ("Completed", arn)
    assert told["AppSpecification"] == processing("print('from the job')")["AppSpecification"]
    assert told["ProcessingStartTime"] <= told["ProcessingEndTime"]
    assert cloud.printed(arn) == ["from the job"]


@pytest.mark.usefixtures("roots")
def test_a_processing_job_finds_its_configuration(cloud: Cloud) -> None:
    arn = processed(cloud, "job", f"print(open({CONFIG!r}).read())")
    ended(cloud, arn)
    (line,) = cloud.printed(arn)
    told = json.loads(line)
    assert (told["ProcessingJobArn"], told["ProcessingJobName"]) == (arn, "job")


@pytest.mark.usefixtures("roots")
def test_a_message_is_the_jobs_last_word(cloud: Cloud) -> None:
    code = "open('/opt/ml/output/message', 'w').write('wrong input'); raise SystemExit(1)"
    told = ended(cloud, processed(cloud, "job", code))
    assert (told["ProcessingJobStatus"], told["ExitMessage"]) == ("Failed", "wrong input")
    assert told["FailureReason"] == "AlgorithmError: See job logs for more information"


def test_a_training_job_knows_its_name_and_arn(cloud: Cloud) -> None:
    code = "import os; print(os.environ['TRAINING_JOB_NAME'], os.environ['TRAINING_JOB_ARN'], os.environ['AWS_REGION'])"
    arn = cloud.sagemaker.create_training_job(**training(code), TrainingJobName="train")["TrainingJobArn"]
    told = ended(cloud, arn)
    assert (told["TrainingJobStatus"], told["SecondaryStatus"]) == ("Completed", "Completed")
    assert told["ModelArtifacts"]["S3ModelArtifacts"] == "s3://bucket/output/train/output/model.tar.gz"
    assert cloud.printed(arn) == [f"train {arn} eu-central-1"]


def test_arguments_are_a_list_from_the_document_to_the_process(cloud: Cloud) -> None:
    container = {
        "ImageUri": "python",
        "ContainerEntrypoint": ["python", "-c", "import sys; print(sys.argv[1:])"],
        "ContainerArguments": ["a b", "$HOME", "; echo"],
    }
    arn = processed(cloud, "job", AppSpecification=container)
    ended(cloud, arn)
    assert cloud.printed(arn) == ["['a b', '$HOME', '; echo']"]


def test_a_job_is_seen_stopped_and_kept(cloud: Cloud, fifo: Fifo) -> None:
    arn = processed(cloud, "job", fifo.code)
    fifo.wait()
    assert (
        cloud.sagemaker.describe_processing_job(ProcessingJobName="job")["ProcessingJobStatus"]
        == "InProgress"
    )
    cloud.sagemaker.stop_processing_job(ProcessingJobName="job")
    assert ended(cloud, arn)["ProcessingJobStatus"] == "Stopped"
    with pytest.raises(ClientError, match=r"because the processing job is in status Stopped\.$"):
        cloud.sagemaker.stop_processing_job(ProcessingJobName="job")


def test_a_training_job_is_stopped(cloud: Cloud, fifo: Fifo) -> None:
    arn = cloud.sagemaker.create_training_job(**training(fifo.code), TrainingJobName="train")[
        "TrainingJobArn"
    ]
    fifo.wait()
    cloud.sagemaker.stop_training_job(TrainingJobName="train")
    assert ended(cloud, arn)["TrainingJobStatus"] == "Stopped"


def test_logs_are_there_while_the_job_runs(cloud: Cloud, fifo: Fifo) -> None:
    arn = processed(cloud, "job", f"print('begun', flush=True); {fifo.code}")
    fifo.wait()
    cloud.emulator.job(arn).flush()
    assert cloud.printed(arn) == ["begun"]
    fifo.tell("go on")
    ended(cloud, arn)
    assert cloud.printed(arn) == ["begun", "go on"]


def test_time_that_has_run_out_stops_a_job(cloud: Cloud) -> None:
    code = "import signal; signal.pause()"
    told = {**training(code), "StoppingCondition": {"MaxRuntimeInSeconds": 1}}
    arn = cloud.sagemaker.create_training_job(**told, TrainingJobName="train")["TrainingJobArn"]
    found = ended(cloud, arn)
    assert (found["TrainingJobStatus"], found["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")


def test_a_name_is_used_once(cloud: Cloud) -> None:
    arn = processed(cloud, "job")
    with pytest.raises(
        ClientError, match=r"\(ResourceInUse\) .*: Job name must be unique within an AWS account and"
    ):
        processed(cloud, "job")
    ended(cloud, arn)


def test_jobs_are_listed_by_what_their_names_contain(cloud: Cloud) -> None:
    for name in ("load-1", "train-1", "load-2"):
        ended(cloud, processed(cloud, name))
    found = cloud.sagemaker.list_processing_jobs(NameContains="load")["ProcessingJobSummaries"]
    assert [one["ProcessingJobName"] for one in found] == ["load-2", "load-1"]
    assert {one["ProcessingJobStatus"] for one in found} == {"Completed"}
    assert cloud.sagemaker.list_training_jobs()["TrainingJobSummaries"] == []


def test_a_request_that_the_model_refuses(cloud: Cloud) -> None:
    with pytest.raises(
        ClientError, match=r"at 'environment\.A\.member' .* length less than or equal to 256$"
    ):
        processed(cloud, "job", Environment={"A": "x" * 257})
    assert cloud.emulator.jobs() == []


def test_an_image_without_a_command_cannot_be_run_here(cloud: Cloud) -> None:
    with pytest.raises(
        ClientError, match="the emulator has no image, so a job must have a ContainerEntrypoint"
    ):
        processed(cloud, "job", AppSpecification={"ImageUri": "python"})


def test_jobs_that_are_not_there(cloud: Cloud) -> None:
    with pytest.raises(
        ClientError, match=r"\(ResourceNotFound\) .*: Could not find requested job with name: none$"
    ):
        cloud.sagemaker.describe_processing_job(ProcessingJobName="none")
    with pytest.raises(ClientError, match=r"\(ValidationException\) .*: Requested resource not found\.$"):
        cloud.sagemaker.describe_training_job(TrainingJobName="none")
