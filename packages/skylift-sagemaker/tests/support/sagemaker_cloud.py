"""boto3 as it is installed, which finds the emulator through `AWS_ENDPOINT_URL` alone; and documents."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3  # pyright: ignore[reportMissingTypeStubs]
from botocore.config import Config  # pyright: ignore[reportMissingTypeStubs]
from botocore.exceptions import (  # pyright: ignore[reportMissingTypeStubs]
    BotoCoreError,
    ClientError,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pytest

    from skylift_sagemaker.emulator import SagemakerEmulator

__all__ = [
    "REGION",
    "ROLE",
    "RUN_ID",
    "BotoCoreError",
    "ClientError",
    "Cloud",
    "Fifo",
    "client",
    "definition",
    "processing",
    "show",
    "step",
    "training",
    "training_step",
    "used",
]

ROLE = "arn:aws:iam::123456789012:role/SageMaker"
REGION = "eu-central-1"
RUN_ID = {"Get": "Execution.PipelineExecutionArn"}


def used(emulator: SagemakerEmulator, region: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have boto3 go there, and have none of the machine's own settings."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in emulator.variables(region).items():
        monkeypatch.setenv(name, value)


def client(service: str, *, attempts: int = 4) -> Any:
    """boto3's; `attempts`: how often it tries again by itself."""
    made: Any = boto3
    return made.client(service, config=Config(retries={"max_attempts": attempts}))


class Fifo:
    """How a step says that it runs, and waits until it is told to go on."""

    def __init__(self, folder: Path) -> None:
        self.said, self.told = folder / "said", folder / "told"
        os.mkfifo(self.said)
        os.mkfifo(self.told)
        self.script = folder / "script.py"
        self.script.write_text(
            f"import sys\nopen({str(self.said)!r}, 'w').write('up')\ntold = open({str(self.told)!r}).read()\n"
            "print(told, flush=True)\nsys.exit(told == 'fail')"
        )

    @property
    def code(self) -> str:
        """What a step runs, in few characters; it prints what it is told, and fails where that is `fail`."""
        return f"exec(open({str(self.script)!r}).read())"

    def once(self) -> str:
        """What a step runs that prints `up` each time, and goes on from there all but the first."""
        before = self.script.with_name("before")
        script = self.script.with_name("once.py")
        script.write_text(
            f"import pathlib, signal\nbefore = pathlib.Path({str(before)!r})\nis_first = not before.exists()\n"
            "before.touch()\nprint('up', flush=True)\nif is_first: signal.pause()"
        )
        return f"exec(open({str(script)!r}).read())"

    def wait(self) -> None:
        """Return when a step runs."""
        assert self.said.read_text() == "up"

    def tell(self, what: str) -> None:
        self.told.write_text(what)


@dataclass
class Cloud:
    emulator: SagemakerEmulator
    clients: dict[str, Any] = field(default_factory=dict[str, Any])

    def __getattr__(self, name: str) -> Any:
        if name not in self.clients:
            self.clients[name] = client(name)
        return self.clients[name]

    def pipeline(self, name: str, *steps: dict[str, Any], **more: Any) -> str:
        """Make a pipeline; its ARN."""
        made = self.sagemaker.create_pipeline(
            PipelineName=name,
            PipelineDefinition=definition(*steps, **more),
            RoleArn=ROLE,
            ClientRequestToken=secrets.token_hex(20),
        )
        return made["PipelineArn"]

    def start(self, name: str, **more: Any) -> str:
        return self.sagemaker.start_pipeline_execution(PipelineName=name, **more)["PipelineExecutionArn"]

    def wait(self, arn: str) -> str:
        """Its status when it is over: what no waiter of boto3's does."""
        assert self.emulator.execution(arn).wait(40)
        return self.status(arn)

    def status(self, arn: str) -> str:
        told = self.sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
        return told["PipelineExecutionStatus"]

    def run(self, *steps: dict[str, Any], name: str = "pipeline", **more: Any) -> str:
        """Make a pipeline, run it, and return its execution's ARN when it is over."""
        self.pipeline(name, *steps, **more)
        arn = self.start(name)
        self.wait(arn)
        return arn

    def steps(self, arn: str) -> dict[str, dict[str, Any]]:
        told = self.sagemaker.list_pipeline_execution_steps(
            PipelineExecutionArn=arn, MaxResults=100, SortOrder="Ascending"
        )
        return {one["StepName"]: one for one in told["PipelineExecutionSteps"]}

    def printed(self, job_arn: str) -> list[str]:
        kind, name = job_arn.rpartition(":")[2].split("-job/")
        group = f"/aws/sagemaker/{kind.title()}Jobs"
        streams = self.logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{name}/")[
            "logStreams"
        ]
        found = [
            self.logs.get_log_events(
                logGroupName=group, logStreamName=one["logStreamName"], startFromHead=True
            )
            for one in streams
        ]
        return [event["message"] for one in found for event in one["events"]]

    def printed_by(self, arn: str, step: str) -> list[str]:
        (job,) = self.steps(arn)[step]["Metadata"].values()
        return self.printed(job["Arn"])


def definition(*steps: dict[str, Any], parameters: Sequence[dict[str, Any]] = ()) -> str:
    told: dict[str, Any] = {"Version": "2020-12-01", "Metadata": {}, "Parameters": list(parameters)}
    return json.dumps({**told, "PipelineExperimentConfig": None, "Steps": list(steps)})


def processing(code: str = "", **environment: Any) -> dict[str, Any]:
    """A CreateProcessingJob request without its name."""
    return {
        "ProcessingResources": {
            "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10}
        },
        "AppSpecification": {"ImageUri": "python", "ContainerEntrypoint": ["python", "-c", code or "pass"]},
        "RoleArn": ROLE,
        "Environment": environment,
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
    }


def training(code: str = "", **environment: Any) -> dict[str, Any]:
    """A CreateTrainingJob request without its name."""
    return {
        "AlgorithmSpecification": {
            "TrainingImage": "python", "TrainingInputMode": "File", "ContainerEntrypoint": ["python", "-c", code or "pass"],
        },
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/output"},
        "RoleArn": ROLE,
        "Environment": environment,
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
    }  # fmt: skip


def step(name: str, code: str = "", after: Sequence[str] = (), **environment: Any) -> dict[str, Any]:
    return {
        "Name": name,
        "Type": "Processing",
        "DependsOn": list(after),
        "Arguments": processing(code, **environment),
    }


def training_step(name: str, code: str = "", **environment: Any) -> dict[str, Any]:
    return {"Name": name, "Type": "Training", "Arguments": training(code, **environment)}


def show(variable: str) -> str:
    """What a step runs that prints a variable."""
    return f"import os; print(os.environ[{variable!r}])"
