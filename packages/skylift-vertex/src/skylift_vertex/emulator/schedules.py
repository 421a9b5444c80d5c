"""The calls of schedules, and what one starts when it fires."""

from __future__ import annotations

import secrets
import threading
from datetime import UTC
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from google.protobuf.field_mask_pb2 import FieldMask

from skylift_testkit.emulator.execution import OVER
from skylift_testkit.emulator.server import Answer, Refusal, Route
from skylift_vertex.emulator.answers import done, invalid, matches, page, precondition
from skylift_vertex.emulator.fires import Cron
from skylift_vertex.emulator.messages import ScheduleState, copied, shown, vertex
from skylift_vertex.emulator.pipelines import checked
from skylift_vertex.emulator.place import Place, Shelf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from skylift_testkit.emulator.clock import Clock
    from skylift_testkit.emulator.server import Request
    from skylift_vertex.emulator.pipeline_job import PipelineJob
    from skylift_vertex.emulator.pipelines import Pipelines

KIND: Final = "schedules"
PATH: Final = "/v1/projects/{project}/locations/{location}/schedules"
_OUTPUT: Final = frozenset({"name", "state", "create_time", "update_time", "next_run_time"})
"""What the service writes; an update that names one changes nothing of it."""


class Schedule:
    """One, as it stands: `told` is its message, changed in place under the lock of all."""

    def __init__(self, told: Any, place: Place, id: str, now: datetime) -> None:
        self.told, self.place, self.id, self.name = told, place, id, place.name(KIND, id)
        self.told.name = self.name
        self.told.state = ScheduleState.ACTIVE
        self.told.create_time.FromDatetime(now)
        self.changed(now)
        if not told.HasField("start_time"):
            self.told.start_time.FromDatetime(now)

    def changed(self, now: datetime) -> None:
        self.told.update_time.FromDatetime(now)

    @property
    def is_active(self) -> bool:
        return bool(self.told.state == ScheduleState.ACTIVE)

    def next(self, after: datetime) -> datetime | None:
        """What it does next: nothing for the time before it was changed."""
        return next(self.fires(max(after, self.told.update_time.ToDatetime(UTC))), None)

    def fires(self, after: datetime) -> Iterator[datetime]:
        """In UTC, strictly after a moment, from its start on and before its end."""
        cron, start = Cron(self.told.cron), _moment(self.told, "start_time")
        end = _moment(self.told, "end_time")
        for moment in cron.fires(after):
            if end is not None and moment >= end:
                return
            if start is None or moment >= start:
                yield moment


class Schedules:
    """Of all locations."""

    def __init__(self, pipelines: Pipelines, clock: Clock) -> None:
        self._pipelines, self._clock, self._now = pipelines, clock, clock.now
        self._lock = threading.RLock()
        self._schedules: Shelf[Schedule] = Shelf(KIND)

    def routes(self) -> tuple[Route, ...]:
        return (
            Route("POST", PATH, "CreateSchedule", self._create),
            Route("GET", PATH, "ListSchedules", self._list),
            Route("GET", PATH + "/{id}", "GetSchedule", lambda one: Answer(self._shown(self._of(one)))),
            Route("PATCH", PATH + "/{id}", "UpdateSchedule", self._update),
            Route("DELETE", PATH + "/{id}", "DeleteSchedule", self._delete),
            Route("POST", PATH + "/{id}:pause", "PauseSchedule", self._pause),
            Route("POST", PATH + "/{id}:resume", "ResumeSchedule", self._resume),
        )

    def names(self) -> list[str]:
        """Of all that there are, paused ones too."""
        with self._lock:
            return sorted(one.name for one in self._schedules.all())

    def upcoming(self) -> dict[str, Callable[[datetime], datetime | None]]:
        """What would fire, by name: nothing that is paused."""
        with self._lock:
            found = [one for one in self._schedules.all() if one.is_active]
        return {one.name: one.next for one in found}

    def next_fires(self, name: str, n: int, after: datetime) -> list[datetime]:
        """Raises `LookupError` for no such schedule."""
        with self._lock:
            found = [one for one in self._schedules.all() if one.id == name.rpartition("/")[2]]
        return list(islice(found[0].fires(after), n))

    def fire(self, name: str, moment: datetime) -> None:
        """Do what `begin` does, and return when it is over."""
        if job := self.begin(name, moment):
            job.wait()

    def begin(self, name: str, moment: datetime) -> PipelineJob | None:
        """Start a job as the schedule does; none where it is one too many, or refused, or not upcoming."""
        with self._lock:
            found = [one for one in self._schedules.all() if one.name == name and one.is_active]
            if not found:
                return None
            (schedule,) = found
            running = [
                job for job in self._pipelines.kept.all() if job.schedule == name and job.phase not in OVER
            ]
            if 0 < schedule.told.max_concurrent_active_run_count <= len(running):
                return None
            told = copied(schedule.told.create_pipeline_job_request.pipeline_job)
            told.schedule_name = name
            schedule.told.started_run_count += 1
            id = f"scheduled-{schedule.id}-{moment:%Y%m%d%H%M%S}"
            try:
                job = self._pipelines.begin(told, schedule.place, id, moment)
            except Refusal as refusal:
                schedule.told.last_scheduled_run_response.run_response = refusal.message
                return None
            schedule.told.last_scheduled_run_response.run_response = job.name
            return job

    def _create(self, request: Request) -> Answer:
        told = vertex("Schedule", request.json)
        _check(told)
        number = str(10**18 + secrets.randbelow(8 * 10**18))
        schedule = Schedule(told, Place.of(request.names), number, self._now())
        with self._lock:
            self._schedules.put(schedule.place, number, schedule)
            self._clock.wake()
            return Answer(self._shown(schedule))

    def _update(self, request: Request) -> Answer:
        change, mask = vertex("Schedule", request.json), FieldMask()
        mask.FromJsonString(request.query.get("updateMask", ""))
        if not mask.paths:
            raise invalid("update_mask is not set.")
        with self._lock:
            schedule = self._of(request)
            wanted = _updated(schedule.told, change, mask.paths)
            _check(wanted)
            schedule.told = wanted
            schedule.changed(self._now())
            self._clock.wake()
            return Answer(self._shown(schedule))

    def _pause(self, request: Request) -> Answer:
        with self._lock:
            schedule = self._of(request)
            if not schedule.is_active:
                raise precondition(f"The schedule {schedule.name!r} is not active.")
            schedule.told.state = ScheduleState.PAUSED
            schedule.told.last_pause_time.FromDatetime(self._now())
        return Answer({})

    def _resume(self, request: Request) -> Answer:
        asked: dict[str, Any] = request.json or {}
        if asked.get("catchUp"):
            raise invalid("The emulator does not make up for what a pause has missed.")
        with self._lock:
            schedule = self._of(request)
            if schedule.told.state != ScheduleState.PAUSED:
                raise precondition(f"The schedule {schedule.name!r} is not paused.")
            schedule.told.state = ScheduleState.ACTIVE
            schedule.changed(self._now())
            schedule.told.last_resume_time.FromDatetime(self._now())
            self._clock.wake()
        return Answer({})

    def _delete(self, request: Request) -> Answer:
        with self._lock:
            schedule = self._of(request)
            self._schedules.remove(schedule.place, schedule.id)
        return done(schedule.name)

    def _of(self, request: Request) -> Schedule:
        with self._lock:
            return self._schedules.get(Place.of(request.names), request.names["id"])

    def _list(self, request: Request) -> Answer:
        with self._lock:
            told = [self._shown(one) for one in reversed(self._schedules.of(Place.of(request.names)))]
        wanted = request.query.get("filter", "")
        return page([one for one in told if matches(wanted, _fields(one))], request.query, "schedules")

    def _shown(self, schedule: Schedule) -> dict[str, Any]:
        found = copied(schedule.told)
        upcoming = schedule.next(self._clock.fired)
        if upcoming is None:
            found.state = ScheduleState.COMPLETED
        elif found.state == ScheduleState.ACTIVE:
            found.next_run_time.FromDatetime(upcoming)
        return shown(found)


def _updated(standing: Any, change: Any, paths: Iterable[str]) -> Any:
    """With what the mask names as it is in the change; what is there can be changed, and not taken away."""
    found = copied(standing)
    for path in set(paths) - _OUTPUT:
        if path not in found.DESCRIPTOR.fields_by_name:
            raise invalid(f"update_mask: there is no field {path!r}.")
        if _has(standing, path) and not _has(change, path):
            raise invalid(f"schedule.{path} cannot be unset.")
        found.ClearField(path)  # a message would be merged
        found.MergeFrom(_only(change, path))
    return found


def _has(told: Any, path: str) -> bool:
    return any(field.name == path for field, _ in told.ListFields())


def _only(told: Any, path: str) -> Any:
    found = copied(told)
    for field, _ in told.ListFields():
        if field.name != path:
            found.ClearField(field.name)
    return found


def _check(told: Any) -> None:
    """Raise the service's refusal of a schedule. Source: aiplatform_v1.Schedule."""
    if not told.display_name or len(told.display_name.encode()) > 128:
        raise invalid("schedule.display_name must have 1 to 128 UTF-8 bytes.")
    if told.max_concurrent_run_count < 1:
        raise invalid("schedule.max_concurrent_run_count must be at least 1.")
    try:
        Cron(told.cron)
    except ValueError as error:
        raise invalid(f"Invalid cron {told.cron!r}: {error}") from error
    start, end = _moment(told, "start_time"), _moment(told, "end_time")
    if start and end and end <= start:
        raise invalid("schedule.end_time must be after schedule.start_time.")
    if told.allow_queueing:
        raise invalid("The emulator does not queue what is one too many.")
    asked = told.create_pipeline_job_request
    Place.parse(asked.parent)
    if asked.pipeline_job_id:
        raise invalid("create_pipeline_job_request.pipeline_job_id must not be set in a schedule.")
    checked(asked.pipeline_job)


def _moment(told: Any, field: str) -> datetime | None:
    return getattr(told, field).ToDatetime(UTC) if told.HasField(field) else None


def _fields(told: dict[str, Any]) -> dict[str, str]:
    return {
        "display_name": told["displayName"],
        "state": told["state"],
        "create_time": told["createTime"],
        "next_run_time": told.get("nextRunTime", ""),
        "name": told["name"],
    }
