"""What `--output json` prints: one object, whose `version` changes when a reader must.

    run, runs resume   {"version": 1, "run": RUN + what `runs describe` has}, or, where a schedule was
                    deployed, {"version": 1, "schedule": SCHEDULE}; printed when it is over, after a failure
                    too. Of a run that nothing has started yet (--no-wait) id and created may be null; of one
                    that has nothing left to resume it is that run itself
    runs logs      a line each: {"version": 1, step, attempt, line}
    runs list      {"version": 1, "runs": [RUN + {tags: [TEXT, …], resumes: ID}, …]}, newest first; tags null
                    if unreadable. RUN: {id, pipeline, status, reason, flavor, project, created, ended,
                    seconds, snapshot, orchestrator_run_id, submission_id}
    runs describe  {"version": 1, "run": RUN + {resumes: ID, store, parameters, user, git_commit, git_dirty,
                    tags, notes, damaged: [TEXT, …], links: {backend: URL or null}, steps: [STEP, …]}}; STEP:
                    {step, status, cached, cached_from, reason, attempts, started, ended, seconds, metadata,
                    job: the backend's own id or null, links: {backend: URL or null},
                    outputs: [{name, type, materializer, bytes, digest, uri}, …]}
    runs delete    {"version": 1, "deleted": BOOL, "runs": [{id, pipeline, status, created}, …]}
    artifact list  {"version": 1, "artifacts": [{run, pipeline, step, output, type, materializer, bytes,
                    digest, uri}, …], "damaged": [TEXT, …]}
    gc             {"version": 1, "deleted": BOOL, "kinds": [{kind, count, bytes, names: [TEXT, …]}, …]}
    runs why       {"version": 1, "run": RUN, "why": {summary, failed: [FAILURE, …], caught: [FAILURE, …],
                    not_run: [STEP NAME, …], stopped, cached, resumed: as not_run, ran: [{step, reason}, …],
                    next: [{command, for}, …]}}; FAILURE: {step, attempt, reason, seconds, traceback,
                    advice, tail: [LINE, …]}
    compile        {"version": 1, pipeline, flavor, snapshot, folder, files: [FILE, …], removed: [PATH, …],
                    summary, notes: [TEXT, …]}; FILE: {path, bytes, sha256, change: new | changed | same}
    diff           {"version": 1, same, pipeline, snapshot, against: {kind: schedule | run, name, snapshot},
                    changes: [CHANGE, …], not_compared: [STEP, …]}; CHANGE: {group: pipeline | schedule |
                    backend | source | step, step, field, change: added | removed | changed, before, after},
                    its field null for a whole step, its values those of the snapshot
    schedule list  {"version": 1, "schedules": [SCHEDULE, …], "damaged": [TEXT, …]}; SCHEDULE: {name,
                    pipeline, project, state: active | paused | deleted, when, cron, interval_seconds, once,
                    timezone, start, end, next: [TIME, …], flavor, orchestrator, id, snapshot, changed,
                    submission_id}, its next times in the schedule's own zone
    schedule deploy    {"version": 1, "schedule": SCHEDULE}
    schedule describe  {"version": 1, "schedule": SCHEDULE + {user, git_commit, firings: [{run, started,
                    status}, …], backend: the backend's own, backend_error}}
    stack list     {"version": 1, "stacks": [STACK, …]}; STACK: {name, active: BOOL, active_by: the file
                    or variable that says so, orchestrator, artifact_store, container_registry, error}, each
                    a component's name or null; error: why it cannot be used, or null
    stack describe {"version": 1, "stack": STACK}
    stack validate {"version": 1, "stack": NAME, ok, checks: [{name: components | store_reachable |
                    orchestrator | store, ok, sentence, fix}, …]}; fix null where it is ok
    orchestrator list, artifact-store list, container-registry list   {"version": 1, "orchestrators" |
                    "artifact_stores" | "container_registries": [COMPONENT, …]}; COMPONENT: {name, kind,
                    flavor, id, options: {…}, stacks: [NAME, …], error}, secrets as references
    orchestrator describe, …   {"version": 1, "orchestrator" | …: COMPONENT}
    orchestrator flavor list   {"version": 1, "flavors": [FLAVOR, …]}; FLAVOR: {name, from, error, options:
                    JSON schema of each, capabilities: {NAME: {level, reason, source}} or null}
    orchestrator flavor describe   {"version": 1, "flavor": FLAVOR}
    integration list   {"version": 1, source, integrations: [{name, package, version, from,
                    brings: [{kind, name}, …], available}, …]}, available null where only an index could tell

A STEP that did not run, for an earlier run had made its outputs, has the status `completed`,
`cached` true, and in `cached_from` that `run` and the `step` in it. `ran`: why steps were not cached.

A field may be added within a version; none changes its meaning or goes away. Times are
ISO 8601 in UTC, durations seconds, what is not known null.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from skylift.cli import stdout
from skylift_contract.enums import ExecutionStatus

if TYPE_CHECKING:
    from datetime import datetime

    from skylift.ledger.records import Origin, RunRecord
    from skylift.ledger.unread import UnreadRun
    from skylift.models import PipelineRun
    from skylift_contract.status import RunStatus

VERSION: Final = 1


def write(content: dict[str, Any]) -> None:
    text = json.dumps({"version": VERSION, **content}, indent=2, ensure_ascii=False, allow_nan=False)
    stdout.write(f"{text}\n")


def line(content: dict[str, Any]) -> str:
    """An object in one line, of what is printed line by line."""
    return f"{json.dumps({'version': VERSION, **content}, ensure_ascii=False, allow_nan=False)}\n"


def run_fields(
    record: RunRecord | UnreadRun, status: ExecutionStatus, reason: str, ended: datetime | None
) -> dict[str, Any]:
    """The fields of RUN: how a run stands, and what it is of."""
    return {
        "id": record.run_id,
        "pipeline": record.pipeline,
        "status": status.value,
        "reason": reason,
        "flavor": record.flavor,
        "project": record.project,
        "created": moment(record.created),
        "ended": moment(ended),
        "seconds": (ended - record.created).total_seconds() if ended else None,
        "snapshot": record.snapshot,
        "orchestrator_run_id": record.orchestrator_run_id,
        "submission_id": record.submission_id,
    }


def unstarted_fields(run: PipelineRun, status: RunStatus) -> dict[str, Any]:
    """The fields of RUN, of one that nothing has written a record of yet."""
    return {
        "id": str(run.id) if run.id else None,
        "pipeline": run.pipeline,
        "status": status.status.value,
        "reason": status.reason,
        "flavor": run.flavor,
        "project": run.snapshot_of.project,
        "created": None,
        "ended": None,
        "seconds": None,
        "snapshot": run.snapshot,
        "orchestrator_run_id": run.orchestrator_run_id,
        "submission_id": run.submission_id,
    }


def step_status(status: ExecutionStatus, origin: Origin | None) -> dict[str, Any]:
    """The fields of STEP that say how it stands."""
    is_cached = status is ExecutionStatus.CACHED
    return {
        "status": ExecutionStatus.COMPLETED.value if is_cached else status.value,
        "cached": is_cached,
        "cached_from": {"run": origin.run_id, "step": origin.invocation_id} if origin else None,
    }


def moment(time: datetime | None) -> str | None:
    return time.isoformat().replace("+00:00", "Z") if time else None
