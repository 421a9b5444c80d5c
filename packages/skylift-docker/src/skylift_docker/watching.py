"""A run seen from another process: by its containers, which carry its id, and by who coordinates it."""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from skylift.coordination.liveness import of_coordinator
from skylift.models import PipelineRun as RecordedRun
from skylift_contract.enums import ExecutionStatus
from skylift_contract.errors import NotFound
from skylift_contract.status import RunStatus, StepStatus
from skylift_docker.containers import attempt_of, labels_of, lines, memory_of
from skylift_docker.names import INVOCATION, KEPT, ORCHESTRATOR_RUN, RUN, STORE, SUBMISSION
from skylift_docker.putting_away import put_away
from skylift_docker.status import step_status

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from skylift.ledger.ledger import Ledger
    from skylift_contract.run import PipelineRun
    from skylift_docker.client import DockerClient

AT_ONCE = 16
"""Containers that are stopped side by side."""


def status_of(client: DockerClient, run: PipelineRun) -> RunStatus:
    """How a run stands: by its own process where that is seen, else by whether a container of it runs."""
    containers = client.containers({RUN: str(run.id)})
    steps = steps_of(containers)
    coordinator = of_coordinator(run)
    if coordinator.status is ExecutionStatus.RUNNING:
        return RunStatus(ExecutionStatus.RUNNING, "", steps)
    if any(is_running(one) for one in containers):
        return RunStatus(ExecutionStatus.RUNNING, _alone(coordinator), steps)
    reason = coordinator.reason
    if coordinator.status is ExecutionStatus.FAILED:
        reason = "the process that coordinated it died"
    return RunStatus(coordinator.status, reason, steps)


def _alone(coordinator: RunStatus) -> str:
    if coordinator.status is ExecutionStatus.FAILED:
        return "the process that coordinated it died; what it had started runs on"
    return coordinator.reason


def steps_of(containers: list[dict[str, Any]]) -> dict[str, StepStatus]:
    """Each invocation as its newest container stands."""
    newest: dict[str, dict[str, Any]] = {}
    for one in sorted(containers, key=attempt_of):
        newest[labels_of(one).get(INVOCATION, "")] = one
    newest.pop("", None)  # that of a dynamic pipeline's function
    return {name: step_status(one["State"], memory_of(one)) for name, one in newest.items()}


def is_running(container: Mapping[str, Any]) -> bool:
    return not step_status(container["State"]).status.is_finished


def stop(client: DockerClient, run: PipelineRun, grace_s: int, *, graceful: bool) -> None:
    """End what runs of it, that of a dynamic pipeline's function first: it ends its own steps.

    `graceful` lets what runs finish; whoever coordinates the run starts nothing more. Where nobody
    does any more, the containers are removed here.
    """
    if graceful:
        return
    containers = client.containers({RUN: str(run.id)})
    of_function = [one for one in containers if not labels_of(one).get(INVOCATION)]
    _stopped(client, of_function, grace_s)
    _stopped(client, [one for one in containers if one not in of_function], grace_s)
    if isinstance(run, RecordedRun) and of_coordinator(run).status is ExecutionStatus.FAILED:
        put_away(client, run.ledger, str(run.id), containers)


def _stopped(client: DockerClient, containers: list[dict[str, Any]], grace_s: int) -> None:
    def end(container: dict[str, Any]) -> None:
        with suppress(NotFound):
            client.stop(str(container["Id"]), grace_s)

    running = [one for one in containers if is_running(one)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(end, running))


def clear(client: DockerClient, ledger: Ledger) -> None:
    """Put away what has ended of earlier runs in this store whose own process was killed before it could."""
    runs: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for one in client.containers({STORE: ledger.store.uri}):
        runs[labels_of(one).get(RUN, "")].append(one)
    for run_id, containers in runs.items():
        is_kept = any(labels_of(one).get(KEPT) for one in containers)
        if not is_kept and not any(map(is_running, containers)) and _is_left(ledger, run_id):
            put_away(client, ledger, run_id, containers)


def _is_left(ledger: Ledger, run_id: str) -> bool:
    """Whether nobody takes the run to its end any more."""
    if (record := ledger.run(run_id)) is None:
        return False
    run = RecordedRun.of_record(ledger, record)
    return of_coordinator(run).status is ExecutionStatus.FAILED or run.fetch().status.is_finished


def logs_of(client: DockerClient, run: PipelineRun, step_name: str, *, follow: bool) -> Iterator[str]:
    """A step's lines: of its newest container, or from the ledger where that is gone."""
    found = client.containers({RUN: str(run.id), INVOCATION: step_name})
    if found:
        newest = max(found, key=attempt_of)
        yield from lines(client.logs(str(newest["Id"]), follow=follow))
    elif isinstance(run, RecordedRun):
        for text in run.step(step_name).logs():
            yield from text.splitlines()
    else:
        raise NotFound(
            f"there is no container of step {step_name!r} of run {run.id} any more",
            operation="docker:GET /containers",
            fix=f"See: skylift runs logs {run.id} {step_name}",
        )


def run_of_submission(client: DockerClient, submission: str, expected: str) -> str | None:
    """The orchestrator run ID on containers of a submission, where it is the one that it would have."""
    for one in client.containers({SUBMISSION: submission}):
        if labels_of(one).get(ORCHESTRATOR_RUN) == expected:
            return expected
    return None
