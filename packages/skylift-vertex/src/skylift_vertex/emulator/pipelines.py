"""The calls of pipeline jobs."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any, Final

from skylift_testkit.emulator.execution import OVER
from skylift_testkit.emulator.server import Answer, Refusal, Route
from skylift_vertex.emulator.answers import done, invalid, matches, page, precondition
from skylift_vertex.emulator.document import read
from skylift_vertex.emulator.labels import check_labels
from skylift_vertex.emulator.messages import shown, vertex
from skylift_vertex.emulator.pipeline_job import KIND, PipelineJob
from skylift_vertex.emulator.place import Place, Shelf

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from skylift_testkit.emulator.server import Request
    from skylift_vertex.emulator.document import Document
    from skylift_vertex.emulator.pipeline_job import Context

PATH: Final = "/v1/projects/{project}/locations/{location}/pipelineJobs"
_ID: Final = re.compile(r"[a-z][-a-z0-9]{0,127}")
_UNMASKED: Final = ("pipelineSpec", "jobDetail", "runtimeConfig")
"""What a listing leaves out that asks for named fields."""


class Pipelines:
    """Of all locations; a job is kept after its end, until it is deleted."""

    def __init__(self, context: Context) -> None:
        self._context, self._lock = context, threading.RLock()
        self._jobs: Shelf[PipelineJob] = Shelf(KIND)

    def routes(self) -> tuple[Route, ...]:
        return (
            Route("POST", PATH, "CreatePipelineJob", self._create),
            Route("GET", PATH, "ListPipelineJobs", self._list),
            Route("GET", PATH + "/{id}", "GetPipelineJob", lambda one: Answer(shown(self._of(one).message))),
            Route("DELETE", PATH + "/{id}", "DeletePipelineJob", self._delete),
            Route("POST", PATH + "/{id}:cancel", "CancelPipelineJob", self._cancel),
        )

    def all(self) -> list[PipelineJob]:
        with self._lock:
            return self._jobs.all()

    def stop_all(self) -> None:
        jobs = self.all()
        for job in jobs:
            job.stop()
        for job in jobs:
            job.wait()

    def get(self, place: Place, id: str) -> PipelineJob:
        with self._lock:
            return self._jobs.get(place, id)

    def begin(self, told: Any, place: Place, id: str, made: datetime) -> PipelineJob:
        """Start a job; raises the service's refusal, also of an id that is taken."""
        document = checked(told)
        with self._lock:
            if self._jobs.has(place, id):
                name = place.name(KIND, id)
                raise Refusal(409, "ALREADY_EXISTS", f"The pipeline job {name!r} already exists.")
            job = PipelineJob(told, document, (place, id), made, self._context)
            self._jobs.put(place, id, job)
        return job

    def _create(self, request: Request) -> Answer:
        told, made = vertex("PipelineJob", request.json), self._context.now()
        document = checked(told)
        id = request.query.get("pipelineJobId") or f"{_plain(document.name)}-{made:%Y%m%d%H%M%S%f}"
        if not _ID.fullmatch(id):
            raise invalid(f"pipeline_job_id {id!r} must match {_ID.pattern}.")
        return Answer(shown(self.begin(told, Place.of(request.names), id, made).message))

    def _of(self, request: Request) -> PipelineJob:
        return self.get(Place.of(request.names), request.names["id"])

    def _list(self, request: Request) -> Answer:
        with self._lock:
            jobs = self._jobs.of(Place.of(request.names))
        told = [shown(job.message) for job in reversed(jobs)]
        wanted = request.query.get("filter", "")
        found = [one for one in told if matches(wanted, _fields(one))]
        hidden = _UNMASKED if request.query.get("readMask") else ()
        return page(
            [{name: value for name, value in one.items() if name not in hidden} for one in found],
            request.query,
            "pipelineJobs",
        )

    def _cancel(self, request: Request) -> Answer:
        job = self._of(request)
        if job.phase in OVER:
            raise precondition(f"The pipeline job {job.name!r} has ended and cannot be cancelled.")
        job.stop()
        return Answer({})

    def _delete(self, request: Request) -> Answer:
        job = self._of(request)
        if job.phase not in OVER:
            raise precondition(f"The pipeline job {job.name!r} is running. Cancel it first.")
        with self._lock:
            self._jobs.remove(job.place, job.id)
        return done(job.name)


def checked(told: Any) -> Document:
    """What a `PipelineJob` is to run; raises the service's refusal."""
    if len(told.display_name.encode()) > 128:
        raise invalid("pipeline_job.display_name must have at most 128 UTF-8 bytes.")
    if not told.runtime_config.gcs_output_directory.startswith("gs://"):
        raise invalid("runtime_config.gcs_output_directory must be a gs:// path.")
    check_labels(told.labels)
    given: Mapping[str, Any] = shown(told.runtime_config).get("parameterValues", {})
    return read(told.pipeline_spec, given)


def _plain(name: str) -> str:
    return re.sub("[^a-z0-9]+", "-", name.lower()).strip("-") or "pipeline"


def _fields(told: dict[str, Any]) -> dict[str, str]:
    labels = {f"labels.{name}": value for name, value in told.get("labels", {}).items()}
    own = {"display_name": "displayName", "state": "state", "name": "name", "schedule_name": "scheduleName"}
    times = {"create_time": "createTime", "end_time": "endTime", "update_time": "updateTime"}
    return {**labels, **{field: str(told.get(name, "")) for field, name in (own | times).items()}}
