"""The calls that make, show and cancel pipeline jobs."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any, Final

from skylift_contract.errors import SkyliftError
from skylift_testkit.emulator.execution import Phase
from skylift_testkit.emulator.server import Refusal
from skylift_vertex.emulator.custom_jobs import name_of, parent_of
from skylift_vertex.emulator.filters import matching, page
from skylift_vertex.emulator.pipeline_job import PipelineJob
from skylift_vertex.emulator.protos import invalid, not_found, read, required

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from skylift_testkit.emulator.server import Request
    from skylift_vertex.emulator.pipeline_job import Context

ID: Final = re.compile(r"[a-z][-a-z0-9]{0,127}")
LABEL: Final = re.compile(r"[^A-Z\s.:/]{0,64}")
SCHEMAS: Final = ("2.0.0", "2.1.0")


class PipelineJobs:
    def __init__(self, context: Context) -> None:
        self._context, self._lock = context, threading.Lock()
        self._jobs: dict[str, PipelineJob] = {}

    def create(self, request: Request) -> dict[str, Any]:
        """`pipelineJobs.create`; an id that is there already is refused."""
        body = read("PipelineJob", request.json or {})
        check(body)
        id = request.query.get("pipelineJobId") or self._own(body, self._context.now())
        if not ID.fullmatch(id):
            raise invalid(f"Invalid pipeline_job_id {id!r}: it must match [a-z][-a-z0-9]{{0,127}}.")
        return self.start(f"{parent_of(request)}/pipelineJobs/{id}", body, self._context.now()).description()

    def start(self, name: str, body: Mapping[str, Any], made: datetime) -> PipelineJob:
        with self._lock:
            if name in self._jobs:
                raise Refusal(409, "ALREADY_EXISTS", f"The PipelineJob {name} already exists.")
            try:
                self._jobs[name] = PipelineJob(name, body, self._context, made)
            except SkyliftError as error:
                raise invalid(str(error)) from error
            return self._jobs[name]

    def fire(self, parent: str, body: Mapping[str, Any], at: datetime) -> PipelineJob:
        """As a schedule does, with an id of the service's own."""
        return self.start(f"{parent}/pipelineJobs/{self._own(body, at)}", body, at)

    def _own(self, body: Mapping[str, Any], at: datetime) -> str:
        return f"{body['pipelineSpec']['pipelineInfo']['name']}-{at:%Y%m%d%H%M%S}"

    def get(self, request: Request) -> dict[str, Any]:
        return self.named(name_of(request, "pipelineJobs")).description()

    def list(self, request: Request) -> dict[str, Any]:
        """Newest first."""
        with self._lock:
            told = [job.summary() for job in reversed(self._jobs.values())]
        return page(matching(told, request.query.get("filter", "")), request.query, "pipelineJobs")

    def cancel(self, request: Request) -> dict[str, Any]:
        """One that has ended is refused."""
        job = self.named(name_of(request, "pipelineJobs"))
        if job.phase not in {Phase.RUNNING, Phase.STOPPING}:
            raise invalid(f"The PipelineJob {job.name} has already ended, and cannot be cancelled.")
        job.stop()
        return {}

    def named(self, name: str) -> PipelineJob:
        with self._lock:
            job = self._jobs.get(name)
        if job is None:
            raise not_found(name)
        return job

    def names(self) -> list[str]:
        """Of every job there was, in the order in which they were made."""
        with self._lock:
            return list(self._jobs)

    def active(self, schedule: str) -> int:
        """How many jobs of a schedule run."""
        with self._lock:
            jobs = list(self._jobs.values())
        return sum(job.request.get("scheduleName") == schedule and not job.wait(0) for job in jobs)

    def stop_all(self) -> None:
        with self._lock:
            jobs = list(self._jobs.values())
        for job in jobs:
            job.stop()
        for job in jobs:
            job.wait()


def check(body: Mapping[str, Any]) -> None:
    """Raise the service's INVALID_ARGUMENT for what it looks at when a job is made."""
    required(dict(body), "pipelineSpec.root.dag.tasks", "pipelineSpec.pipelineInfo.name")
    required(dict(body), "pipelineSpec.components", "runtimeConfig.gcsOutputDirectory")
    if not str(body["runtimeConfig"]["gcsOutputDirectory"]).startswith("gs://"):
        raise invalid("gcs_output_directory must be a Cloud Storage path: gs://…")
    if body["pipelineSpec"].get("schemaVersion") not in SCHEMAS:
        raise invalid(f"Unsupported schema version: {body['pipelineSpec'].get('schemaVersion')!r}.")
    for key, value in body.get("labels", {}).items():
        if not key or not LABEL.fullmatch(key) or not LABEL.fullmatch(value):
            raise invalid(f"Invalid label {key}={value}.")
