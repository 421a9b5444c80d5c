"""A processing or training job: a command in what the service's containers find around them."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any, Final

from skylift_sagemaker.emulator.logs import Stream
from skylift_testkit.emulator import troubled
from skylift_testkit.emulator.execution import Ending, Phase
from skylift_testkit.emulator.process import Command, Exit, Process

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from skylift_sagemaker.emulator.definition import Kind
    from skylift_testkit.emulator.fault_script import Failure
    from skylift_testkit.emulator.process import Running
    from skylift_testkit.emulator.troubled import Gate

ROOT: Final = "/opt/ml"
MESSAGE: Final = "output/message"
FAILURE: Final = "output/failure"
LONGEST: Final = 1024
"""Characters of a FailureReason and an ExitMessage (botocore: FailureReason, ExitMessage)."""

STATES: Final = {
    Phase.RUNNING: "InProgress",
    Phase.STOPPING: "Stopping",
    Phase.SUCCEEDED: "Completed",
    Phase.FAILED: "Failed",
    Phase.STOPPED: "Stopped",
}


class Machine:
    """What jobs run on and with.

    Args:
        now: The clock.
        logs: A client of CloudWatch Logs in a region.
        environment: Stands for the network and the role of a container: where the services are.
        gate: Holds back jobs whose start is slow.
        grace_s: Between asking a job to end and ending it; SageMaker gives 120.
    """

    def __init__(
        self,
        now: Callable[[], datetime],
        logs: Callable[[str], Any],
        environment: Callable[[str], Mapping[str, str]],
        gate: Gate,
        grace_s: float,
    ) -> None:
        self.now, self.logs, self.environment, self.gate, self.grace_s = now, logs, environment, gate, grace_s

    def starts(self, command: Command, say: Callable[[str], None]) -> Running:
        """Start a command in a process. Replace it to start containers."""
        return Process(command, say, read=(MESSAGE, FAILURE), grace_s=self.grace_s)


class Job:
    """A job, from its start; `wait` ends with its last words in CloudWatch.

    Args:
        kind: Processing or training.
        request: The Create…Job request.
        arn: Its own.
        region: Its own.
        machine: Runs it.
        failure: What it meets.
    """

    def __init__(
        self,
        kind: Kind,
        request: Mapping[str, Any],
        *,
        arn: str,
        region: str,
        machine: Machine,
        failure: Failure | None,
    ) -> None:
        self.kind, self.request, self.arn, self.name = kind, request, arn, str(request[f"{kind}JobName"])
        self.made = self.ended = machine.now()
        self._machine, self._changed = machine, threading.Condition()
        self._ending: Ending | None = None
        self._exit = Exit(0)
        self._is_told = self._is_late = False
        stream = f"{self.name}/algo-1-{int(self.made.timestamp())}"
        self._log = Stream(machine.logs(region), f"/aws/sagemaker/{kind}Jobs", stream)
        command = _command(kind, request, arn, region, machine)
        self._running = troubled.start(failure, command, self._log.say, machine.starts, machine.gate)
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        limit = threading.Timer(_seconds(self.request), self._run_out)
        limit.daemon = True
        limit.start()
        self._exit = self._running.wait()
        limit.cancel()
        self._log.close()
        with self._changed:
            self.ended = self._machine.now()
            self._ending = self._judged()
            self._changed.notify_all()

    def _run_out(self) -> None:
        self._is_late = True
        self.stop()

    def _judged(self) -> Ending:
        if self._is_told:
            return Ending(Phase.STOPPED)
        if self._exit.code == 0:
            return Ending(Phase.SUCCEEDED)
        written = self._exit.left.get(FAILURE, b"").decode(errors="replace")
        if self.kind == "Training":
            return Ending(Phase.FAILED, f"AlgorithmError: {written}, exit code: {self._exit.code}"[:LONGEST])
        return Ending(Phase.FAILED, "AlgorithmError: See job logs for more information")

    def wait(self) -> Ending:
        with self._changed:
            self._changed.wait_for(lambda: self._ending is not None)
            return self._ending or Ending(Phase.STOPPED)

    def stop(self) -> None:
        with self._changed:
            if self._ending is None:
                self._is_told = True
        self._running.stop()

    def flush(self) -> None:
        """Return when what the job has said by now is in CloudWatch."""
        self._log.flush()

    @property
    def phase(self) -> Phase:
        with self._changed:
            if self._ending is not None:
                return self._ending.phase
            return Phase.STOPPING if self._is_told else Phase.RUNNING

    def description(self) -> dict[str, Any]:
        """As DescribeProcessingJob and DescribeTrainingJob have it."""
        kind, phase = self.kind, self.phase
        told = {
            **self.request,
            f"{kind}JobArn": self.arn,
            f"{kind}JobStatus": STATES[phase],
            "CreationTime": self.made,
            "LastModifiedTime": self.ended,
            f"{kind}StartTime": self.made,
        }
        if self._ending is not None:
            told[f"{kind}EndTime"] = self.ended
            if self._ending.reason:
                told["FailureReason"] = self._ending.reason
        return told | (self._of_training(phase) if kind == "Training" else self._of_processing())

    def _of_processing(self) -> dict[str, Any]:
        message = self._exit.left.get(MESSAGE, b"").decode(errors="replace")[:LONGEST]
        return {"ExitMessage": message} if message else {}

    def _of_training(self, phase: Phase) -> dict[str, Any]:
        output = str(self.request["OutputDataConfig"]["S3OutputPath"]).rstrip("/")
        state = "Training" if phase is Phase.RUNNING else STATES[phase]
        late = self._is_late and phase is Phase.STOPPED
        return {
            "SecondaryStatus": "MaxRuntimeExceeded" if late else state,
            "ModelArtifacts": {"S3ModelArtifacts": f"{output}/{self.name}/output/model.tar.gz"},
        }


def _command(kind: Kind, request: Mapping[str, Any], arn: str, region: str, machine: Machine) -> Command:
    container = request["AppSpecification" if kind == "Processing" else "AlgorithmSpecification"]
    argv = (*container.get("ContainerEntrypoint", ()), *container.get("ContainerArguments", ()))
    if not argv:
        raise ValueError("ClientError: the emulator has no image, so a job must have a ContainerEntrypoint")
    told = {name: _text(value) for name, value in request.get("Environment", {}).items()}
    own = {"AWS_REGION": region}
    if kind == "Training":
        own |= {"TRAINING_JOB_NAME": str(request["TrainingJobName"]), "TRAINING_JOB_ARN": arn}
    environment = {**machine.environment(region), **own, **told}
    return Command(tuple(_text(one) for one in argv), environment, ROOT, _files(kind, request, arn))


def _files(kind: Kind, request: Mapping[str, Any], arn: str) -> dict[str, bytes]:
    """What the service writes for a container.

    Source: docs.aws.amazon.com/sagemaker/latest/dg/build-your-own-processing-container.html
    """
    resources = json.dumps({"current_host": "algo-1", "hosts": ["algo-1"]}).encode()
    if kind == "Processing":
        config = json.dumps({"ProcessingJobArn": arn, **request}, default=str).encode()
        return {
            "config/processingjobconfig.json": config,
            "config/resourceconfig.json": resources,
            MESSAGE: b"",
        }
    parameters = json.dumps(request.get("HyperParameters", {})).encode()
    return {
        "input/config/hyperparameters.json": parameters,
        "input/config/resourceconfig.json": resources,
        FAILURE: b"",
    }


def _text(value: Any) -> str:
    """An expression that nobody replaced stays what it is in the document."""
    return value if isinstance(value, str) else json.dumps(value)


def _seconds(request: Mapping[str, Any]) -> float:
    return float(request.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", 86400))
