"""How a run stands, what its steps print, and which runs there were."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from skylift.coordination.polling import pauses, until_ended
from skylift_contract.errors import NotFound, QuotaExceeded, Transient
from skylift_contract.orchestrator import Execution
from skylift_contract.run_id import canonical
from skylift_contract.status import RunStatus, StepStatus
from skylift_pipelinespec.document import invocations
from skylift_vertex import jobs
from skylift_vertex.paths import Path, last
from skylift_vertex.status import PIPELINES, TASKS, status_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from skylift_vertex.client import VertexClient


def wait(client: VertexClient, run: Path, pause: Callable[[float], object]) -> None:
    """Return when the run has ended, however it did and however long it takes.

    A look takes no resources: a quota that it meets is one of calls a minute.
    """
    until_ended(lambda: run_status(client, run), pause, again_after=(Transient, QuotaExceeded))


def run_status(client: VertexClient, run: Path) -> RunStatus:
    """Of a pipeline job and its steps as far as they have begun, or of the one custom job that a run is.

    Raises `NotFound`.
    """
    if not run.is_pipeline:
        found = jobs.status(client, run)
        return RunStatus(found.status, found.reason, url=found.url)
    job = _job(client, run)
    found = _standing(job, run)
    return replace(found, steps={name: _step(task) for name, task in tasks_of(job).items()})


def tasks_of(job: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Invocation id → the newest that the service tells of its task.

    The pipeline as a whole is told as a task, too: one that others are children of.
    """
    details: list[Mapping[str, Any]] = job.get("jobDetail", {}).get("taskDetails", [])
    parents = {task.get("parentTaskId") for task in details}
    names = invocations(job["pipelineSpec"])
    return {
        names[task["taskName"]]: task
        for task in sorted(details, key=lambda task: str(task.get("createTime", "")))
        if task.get("taskName") in names and task.get("taskId") not in parents
    }


def custom_jobs_of(task: Mapping[str, Any]) -> list[str]:
    """Names of the custom jobs that a task ran as: those of attempts that failed, then the newest."""
    container: Mapping[str, Any] = task.get("executorDetail", {}).get("containerDetail", {})
    newest = [container["mainJob"]] if container.get("mainJob") else []
    return list(dict.fromkeys([*container.get("failedMainJobs", []), *newest]))


def _job(client: VertexClient, run: Path) -> dict[str, Any]:
    found = client.pipeline_job(str(run))
    if found is None:
        raise NotFound(f"there is no pipeline job {run.id!r}", operation="aiplatform:get_pipeline_job")
    return found


def _standing(job: Mapping[str, Any], run: Path) -> RunStatus:
    why = str(job.get("error", {}).get("message", ""))
    status, reason = status_of(PIPELINES, str(job.get("state", "PIPELINE_STATE_UNSPECIFIED")), why)
    return RunStatus(status, reason, url=run.console)


def _step(task: Mapping[str, Any]) -> StepStatus:
    why = str(task.get("error", {}).get("message", ""))
    status, reason = status_of(TASKS, str(task.get("state", "STATE_UNSPECIFIED")), why)
    ran = custom_jobs_of(task)
    url = Path.parse(ran[-1]).console if ran else ""
    return StepStatus(status, reason, attempt=len(ran), url=url, id=ran[-1] if ran else "")


def logs(
    client: VertexClient, run: Path, step_name: str, pause: Callable[[float], object] | None
) -> Iterator[str]:
    """Lines of every attempt of a step, or of the one job that a run is; with a `pause`, until it has ended.

    Raises `NotFound` for a step that has not begun.
    """
    seen, between = _Seen(), pauses()
    while True:
        ran, has_ended = _ran(client, run, step_name)
        if pause is None and not ran:
            raise NotFound(f"step {step_name!r} has not begun", operation="aiplatform:get_pipeline_job")
        for job in ran:
            yield from seen.news(client, job)
        if pause is None or has_ended:
            return
        pause(next(between))


def _ran(client: VertexClient, run: Path, step_name: str) -> tuple[list[str], bool]:
    """Ids of the custom jobs of a step, and whether there will be no more of them, nor of what they print."""
    if not run.is_pipeline:
        return [run.id], jobs.status(client, run).status.is_finished
    job = _job(client, run)
    is_over = _standing(job, run).status.is_finished
    task = tasks_of(job).get(step_name)
    if task is None:
        return [], is_over
    return [last(name) for name in custom_jobs_of(task)], is_over or _step(task).status.is_finished


class _Seen:
    """What of each job's log was told, so that another look goes on from there."""

    def __init__(self) -> None:
        self._from: dict[str, str] = {}
        self._told: dict[str, set[str]] = {}

    def news(self, client: VertexClient, job: str) -> Iterator[str]:
        since = self._from.get(job)
        bound = f' AND timestamp>="{since}"' if since else ""
        told = self._told.setdefault(job, set())
        container = 'resource.labels.task_name="workerpool0-0"'
        asked = f'resource.type="ml_job" AND resource.labels.job_id="{job}" AND {container}{bound}'
        for entry in client.log_entries(asked):
            if entry["insertId"] not in told:
                told.add(entry["insertId"])
                self._from[job] = str(entry["timestamp"])
                yield _line(entry)


def _line(entry: Mapping[str, Any]) -> str:
    text = entry.get("textPayload") or entry.get("jsonPayload", {}).get("message", "")
    return f"{str(text).rstrip(chr(10))}\n"


def executions(
    client: VertexClient, labels: Mapping[str, str], since: datetime, parent: str
) -> list[Execution]:
    """Of every pipeline job with these labels, newest first.

    A schedule fires on the minute: `fired_at` is the minute that the job was made in.
    """
    asked = [f'labels.{key}="{value}"' for key, value in labels.items()]
    moment = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    found = client.pipeline_jobs(" AND ".join([*asked, f'create_time>="{moment}"']))
    return [_execution(job, parent) for job in found]


def _execution(job: Mapping[str, Any], parent: str) -> Execution:
    run = canonical(last(str(job["name"])), owner=parent)
    began = datetime.fromisoformat(str(job["createTime"]))
    return Execution(run, _standing(job, Path.of_run(run)), began.replace(second=0, microsecond=0))
