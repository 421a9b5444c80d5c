"""Pipeline jobs: how one is made, by a schedule or by a call."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from skylift_testkit.emulator.server import Answer, Refusal
from skylift_vertex.emulator.answers import invalid
from skylift_vertex.emulator.document import read
from skylift_vertex.emulator.kept import Kept
from skylift_vertex.emulator.labels import check_labels
from skylift_vertex.emulator.messages import shown, vertex
from skylift_vertex.emulator.pipeline_job import KIND, PipelineJob
from skylift_vertex.emulator.place import Place

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from skylift_testkit.emulator.server import Request, Route
    from skylift_vertex.emulator.document import Document
    from skylift_vertex.emulator.pipeline_job import Context

_ID: Final = re.compile(r"[a-z][-a-z0-9]{0,127}")
UNMASKED: Final = ("pipelineSpec", "jobDetail", "runtimeConfig")
"""What a listing leaves out that asks for named fields."""


class Pipelines:
    """Of all locations."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.kept: Kept[PipelineJob] = Kept(KIND, "pipeline job", _fields, UNMASKED)

    def routes(self) -> tuple[Route, ...]:
        return self.kept.routes(self._create)

    def begin(self, told: Any, place: Place, id: str, made: datetime) -> PipelineJob:
        """Start a job; raises the service's refusal, also of an id that is taken."""
        document = checked(told)
        job = self.kept.made(place, id, lambda: PipelineJob(told, document, (place, id), made, self._context))
        if job is None:
            name = place.name(KIND, id)
            raise Refusal(409, "ALREADY_EXISTS", f"The pipeline job {name!r} already exists.")
        return job

    def _create(self, request: Request) -> Answer:
        told, made = vertex("PipelineJob", request.json), self._context.now()
        document = checked(told)
        id = request.query.get("pipelineJobId") or f"{_plain(document.name)}-{made:%Y%m%d%H%M%S%f}"
        if not _ID.fullmatch(id):
            raise invalid(f"pipeline_job_id {id!r} must match {_ID.pattern}.")
        return Answer(shown(self.begin(told, Place.of(request.names), id, made).message))


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
