"""Jobs that are no step of a pipeline: a dynamic pipeline's own, and its isolated steps'."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skylift_contract.errors import BackendError
from skylift_contract.status import StepStatus
from skylift_sagemaker.arns import Arn
from skylift_sagemaker.document import ProcessingJob
from skylift_sagemaker.sdk_errors import TAKEN
from skylift_sagemaker.status import JOBS, status_of

if TYPE_CHECKING:
    from skylift_sagemaker.client import SagemakerClient
    from skylift_sagemaker.document import Job


def start(client: SagemakerClient, job: Job, name: str) -> str:
    """The ARN of the job of that name, whether it was started now or before."""
    kind = "Processing" if isinstance(job, ProcessingJob) else "Training"
    try:
        return client.create_job(kind, {**job.request(), f"{kind}JobName": name})
    except BackendError as error:
        if error.code not in TAKEN:
            raise
        return str(client.describe_job(kind, name)[f"{kind}JobArn"])


def status(client: SagemakerClient, arn: str) -> StepStatus:
    found = Arn.parse(arn)
    kind = found.job_kind
    job = client.describe_job(kind, found.name)
    state, reason = status_of(JOBS, str(job[f"{kind}JobStatus"]), _why(job))
    return StepStatus(state, reason, url=found.console)


def stop(client: SagemakerClient, arn: str) -> None:
    """One that has ended is left as it is."""
    if not status(client, arn).status.is_finished:
        found = Arn.parse(arn)
        client.stop_job(found.job_kind, found.name)


def named(client: SagemakerClient, name: str) -> str | None:
    """The ARN of the job of that name, of either kind."""
    for kind in ("Processing", "Training"):
        for job in client.jobs(kind, name):
            if job[f"{kind}JobName"] == name:
                return str(job[f"{kind}JobArn"])
    return None


def _why(job: dict[str, object]) -> str:
    """What the program left as its exit message, and what the service says, where each is there."""
    return "; ".join(str(job[key]) for key in ("FailureReason", "ExitMessage") if job.get(key))
