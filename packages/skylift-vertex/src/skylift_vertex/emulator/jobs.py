"""The calls of custom jobs."""

from __future__ import annotations

import secrets
import threading
from typing import TYPE_CHECKING, Any, Final

from skylift_testkit.emulator.execution import OVER
from skylift_testkit.emulator.server import Answer, Route
from skylift_vertex.emulator.answers import done, matches, page, precondition
from skylift_vertex.emulator.job import KIND, Job, check
from skylift_vertex.emulator.labels import check_labels
from skylift_vertex.emulator.messages import shown, vertex
from skylift_vertex.emulator.place import Place, Shelf

if TYPE_CHECKING:
    from skylift_testkit.emulator.server import Request
    from skylift_vertex.emulator.machine import Machine

PATH: Final = "/v1/projects/{project}/locations/{location}/customJobs"


class Jobs:
    """Of all locations; a job is kept after its end, until it is deleted."""

    def __init__(self, machine: Machine) -> None:
        self._machine, self._lock = machine, threading.Lock()
        self._jobs: Shelf[Job] = Shelf(KIND)

    def routes(self) -> tuple[Route, ...]:
        return (
            Route("POST", PATH, "CreateCustomJob", self._create),
            Route("GET", PATH, "ListCustomJobs", self._list),
            Route("GET", PATH + "/{id}", "GetCustomJob", lambda one: Answer(shown(self._of(one).message))),
            Route("DELETE", PATH + "/{id}", "DeleteCustomJob", self._delete),
            Route("POST", PATH + "/{id}:cancel", "CancelCustomJob", self._cancel),
        )

    def start(self, told: Any, place: Place, *, known_as: str) -> Job:
        """Start a job, which meets the fault of the name it is known by: its task's, or its own."""
        number = str(10**18 + secrets.randbelow(8 * 10**18))
        job = Job(told, place, number, self._machine, self._machine.script.of_step(known_as))
        with self._lock:
            self._jobs.put(place, number, job)
        return job

    def all(self) -> list[Job]:
        with self._lock:
            return self._jobs.all()

    def stop_all(self) -> None:
        """End every job that runs, and wait for that."""
        jobs = self.all()
        for job in jobs:
            job.stop()
        for job in jobs:
            job.wait()

    def _create(self, request: Request) -> Answer:
        told = vertex("CustomJob", request.json)
        check(told)
        check_labels(told.labels)
        job = self.start(told, Place.of(request.names), known_as=told.display_name)
        return Answer(shown(job.message))

    def _of(self, request: Request) -> Job:
        with self._lock:
            return self._jobs.get(Place.of(request.names), request.names["id"])

    def _list(self, request: Request) -> Answer:
        with self._lock:
            jobs = self._jobs.of(Place.of(request.names))
        told = [shown(job.message) for job in reversed(jobs)]
        wanted = request.query.get("filter", "")
        return page([one for one in told if matches(wanted, _fields(one))], request.query, "customJobs")

    def _cancel(self, request: Request) -> Answer:
        job = self._of(request)
        if job.phase in OVER:
            raise precondition(f"The custom job {job.name!r} has ended and cannot be cancelled.")
        job.stop()
        return Answer({})

    def _delete(self, request: Request) -> Answer:
        job = self._of(request)
        if job.phase not in OVER:
            raise precondition(f"The custom job {job.name!r} is running. Cancel it first.")
        with self._lock:
            self._jobs.remove(job.place, job.id)
        return done(job.name)


def _fields(told: dict[str, Any]) -> dict[str, str]:
    labels = {f"labels.{name}": value for name, value in told.get("labels", {}).items()}
    own = {"display_name": told["displayName"], "state": told["state"], "create_time": told["createTime"]}
    return {**labels, **own, "start_time": told["startTime"], "name": told["name"]}
