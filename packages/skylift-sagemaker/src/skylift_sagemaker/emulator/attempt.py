"""A step of an execution as a job, and begun again where its retry policies say so."""

from __future__ import annotations

import re
from dataclasses import replace
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Final

from skylift_sagemaker.emulator.answers import refusal
from skylift_sagemaker.emulator.model import check_request
from skylift_testkit.emulator.fault_script import Failure
from skylift_testkit.emulator.server import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from skylift_sagemaker.emulator.definition import Step
    from skylift_sagemaker.emulator.job import Job
    from skylift_sagemaker.emulator.jobs import Jobs
    from skylift_testkit.emulator.execution import Ending
    from skylift_testkit.emulator.fault_script import FaultScript

EXCEPTIONS: Final = {
    Failure.THROTTLED: "Step.THROTTLING",
    Failure.QUOTA: "SageMaker.RESOURCE_LIMIT",
    Failure.UNAVAILABLE: "Step.SERVICE_FAULT",
}
"""What a policy calls what the service met when it made the job."""


class Maker:
    """Makes the jobs of an execution's steps.

    Args:
        execution_id: The last part of the execution's ARN.
        jobs: Of its region.
        script: What goes wrong; `STEP:CreateProcessingJob` is the call that makes a step's job.
        resolve: Puts what expressions stand for in their place.
    """

    def __init__(
        self, execution_id: str, jobs: Jobs, script: FaultScript, resolve: Callable[[Any], Any] | None
    ) -> None:
        self._id, self._jobs, self._script, self._resolve = execution_id, jobs, script, resolve

    def make(self, step: Step, tried: Callable[[], None]) -> Job:
        """Make a step's job; `tried` is called before each attempt but the first.

        Raises `ValueError` with the reason of a step that has none: what a fault says once no policy
        tries again, or what the service would refuse. A policy's intervals are not waited for.
        """
        operation, attempt = f"Create{step.kind}Job", 1
        while failure := self._script.of_call(f"{step.name}:{operation}"):
            if attempt >= _attempts(step, failure):
                raise _failed(operation, refusal(failure, "sagemaker", operation))
            attempt += 1
            tried()
        request = {**step.arguments, f"{step.kind}JobName": self._name(step)}
        if self._resolve is None:
            return self._jobs.start(step.kind, request, known_as=step.name)
        request = self._resolve(request)
        try:
            check_request("sagemaker", operation, request)
        except Refusal as told:
            raise _failed(operation, told) from told
        return self._jobs.start(step.kind, request, known_as=step.name)

    def _name(self, step: Step) -> str:
        suffix = f"-{token_hex(5)}"
        prefix = f"pipelines-{self._id}-{re.sub('[^A-Za-z0-9-]+', '-', step.name)}"
        return f"{prefix[: 63 - len(suffix)].rstrip('-')}{suffix}"


def _failed(operation: str, told: Refusal) -> ValueError:
    return ValueError(f"ClientError: Failed to invoke sagemaker:{operation}. Error Details: {told.message}")


def _attempts(step: Step, failure: Failure) -> int:
    """How often a policy has it begun, the first time included."""
    kind = EXCEPTIONS.get(failure)
    policies = (one for one in step.retries if kind in one.get("ExceptionType", ()))
    return max((int(one.get("MaxAttempts", 20)) + 1 for one in policies), default=1)


class StepJob:
    """A job as its step sees it: the service puts its own words before the job's reason."""

    def __init__(self, job: Job) -> None:
        self.job = job

    def wait(self) -> Ending:
        ending = self.job.wait()
        return replace(ending, reason=f"ClientError: {ending.reason}") if ending.reason else ending

    def stop(self) -> None:
        self.job.stop()
