"""How a run stands, what its steps print, and which runs there were."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from skylift.coordination.polling import pauses, until_ended
from skylift_contract.enums import ExecutionStatus
from skylift_contract.errors import BackendError, NotFound
from skylift_contract.orchestrator import Execution
from skylift_contract.status import RunStatus, StepStatus
from skylift_sagemaker import jobs
from skylift_sagemaker.arns import JOB_KINDS, Arn
from skylift_sagemaker.status import EXECUTIONS, STEPS, status_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from skylift_sagemaker.client import SagemakerClient

MESSAGES: Final = 5
"""Failed steps whose jobs are looked at for an exit message: each is a call."""

LOG_GROUPS: Final = {"Processing": "/aws/sagemaker/ProcessingJobs", "Training": "/aws/sagemaker/TrainingJobs"}


def wait(client: SagemakerClient, arn: str, pause: Callable[[float], object]) -> None:
    """Return when the run has ended, however it did and however long it takes."""
    until_ended(lambda: run_status(client, arn), pause)


def run_status(client: SagemakerClient, arn: str) -> RunStatus:
    """Of an execution, or of the one job that a run is."""
    found = Arn.parse(arn)
    if not found.is_execution:
        job = jobs.status(client, arn)
        return RunStatus(job.status, job.reason, url=job.url)
    execution = client.describe_execution(arn)
    state = str(execution["PipelineExecutionStatus"])
    status, reason = status_of(EXECUTIONS, state, str(execution.get("FailureReason") or ""))
    return RunStatus(status, reason, url=found.console)


def step_statuses(client: SagemakerClient, arn: str) -> dict[str, StepStatus]:
    """Invocation id → how it stands, of those that have begun; none of a run that is one job."""
    if not Arn.parse(arn).is_execution:
        return {}
    steps = list(client.execution_steps(arn))
    found = {invocation_of(step): _step(step) for step in steps}
    failed = (step for step in steps if found[invocation_of(step)].status is ExecutionStatus.FAILED)
    for step in islice(failed, MESSAGES):
        if left := _exit_message(client, step):
            name = invocation_of(step)
            found[name] = replace(found[name], reason=f"{found[name].reason}; {left}".removeprefix("; "))
    return found


def _exit_message(client: SagemakerClient, step: Mapping[str, Any]) -> str:
    """What a step's program left for the service to tell, which the list of steps does not have."""
    if job := job_of_step(step):
        found = Arn.parse(job)
        with suppress(BackendError):  # whoever may not look at jobs hears what steps are told to be
            return str(client.describe_job(found.job_kind, found.name).get("ExitMessage") or "").strip()
    return ""


def invocation_of(step: Mapping[str, Any]) -> str:
    """Our name of a step: its description, where the service's own had to differ."""
    return str(step.get("StepDescription") or step["StepName"])


def job_of_step(step: Mapping[str, Any]) -> str | None:
    """The ARN of the job that a step runs as; None before it has one."""
    metadata: Mapping[str, Any] = step.get("Metadata") or {}
    found = (metadata.get(f"{kind}Job", {}).get("Arn") for kind in JOB_KINDS.values())
    return next((str(arn) for arn in found if arn), None)


def _step(step: Mapping[str, Any]) -> StepStatus:
    status, reason = status_of(STEPS, str(step["StepStatus"]), str(step.get("FailureReason") or ""))
    attempts = int(step.get("AttemptCount") or 1)
    job = job_of_step(step)
    again = f"SageMaker tried it {attempts} times" if attempts > 1 else ""
    return StepStatus(
        status,
        "; ".join(part for part in (reason, again) if part),
        url=Arn.parse(job).console if job else "",
        id=job or "",
    )


def logs(
    client: SagemakerClient, arn: str, step_name: str, pause: Callable[[float], object] | None
) -> Iterator[str]:
    """A step's lines; with a `pause`, until it has ended and nothing more comes.

    Raises `NotFound` for a step that has not begun.
    """
    job, tokens, between = None, dict[str, str](), pauses()
    while True:
        job = job or _job(client, arn, step_name)
        has_ended = pause is None or _has_ended(client, arn, job)
        yield from _news(client, job, tokens) if job else ()
        if pause is None and job is None:
            raise NotFound(
                f"step {step_name!r} has not begun", operation="sagemaker:ListPipelineExecutionSteps"
            )
        if pause is None or has_ended:
            return
        pause(next(between))


def _job(client: SagemakerClient, arn: str, step_name: str) -> str | None:
    if not Arn.parse(arn).is_execution:
        return arn
    found = (step for step in client.execution_steps(arn) if invocation_of(step) == step_name)
    return next((job for step in found if (job := job_of_step(step))), None)


def _has_ended(client: SagemakerClient, arn: str, job: str | None) -> bool:
    found = jobs.status(client, job).status if job else run_status(client, arn).status
    return found.is_finished


def _news(client: SagemakerClient, job: str, tokens: dict[str, str]) -> Iterator[str]:
    """What came since the last look; `tokens`: log stream → where that ended."""
    found = Arn.parse(job)
    group = LOG_GROUPS[found.job_kind]
    for stream in client.log_streams(group, f"{found.name}/"):
        while True:
            before = tokens.get(stream)
            lines, tokens[stream] = client.log_events(group, stream, before)
            yield from (line if line.endswith("\n") else f"{line}\n" for line in lines)
            if tokens[stream] == before:
                break


def executions(
    client: SagemakerClient, prefix: str, owner: Mapping[str, str], since: datetime
) -> list[Execution]:
    """Of every pipeline whose name begins so and that has these tags, newest first.

    A schedule fires on the minute, within 59 seconds of it: `fired_at` is the minute that it began in.
    """
    found: list[Execution] = []
    for pipeline in client.pipelines(prefix):
        if owner.items() <= client.tags(str(pipeline["PipelineArn"])).items():
            name = str(pipeline["PipelineName"])
            found += [_execution(one) for one in client.executions(name, CreatedAfter=since)]
    return found


def _execution(summary: Mapping[str, Any]) -> Execution:
    arn, state = str(summary["PipelineExecutionArn"]), str(summary["PipelineExecutionStatus"])
    status, reason = status_of(EXECUTIONS, state, str(summary.get("PipelineExecutionFailureReason") or ""))
    began: datetime = summary["StartTime"]
    return Execution(
        arn, RunStatus(status, reason, url=Arn.parse(arn).console), began.replace(second=0, microsecond=0)
    )
