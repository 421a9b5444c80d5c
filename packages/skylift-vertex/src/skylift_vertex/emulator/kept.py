"""Jobs of one kind, and the calls that show, cancel and delete them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from skylift_testkit.emulator.execution import OVER
from skylift_testkit.emulator.server import Answer, Route
from skylift_vertex.emulator.answers import done, matches, page, precondition
from skylift_vertex.emulator.messages import shown
from skylift_vertex.emulator.place import Place, Shelf

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from skylift_testkit.emulator.execution import Phase
    from skylift_testkit.emulator.server import Request

    Fields = Callable[[dict[str, Any]], Mapping[str, str]]
    """Of a job as it is shown: what a filter may ask for."""


class Job(Protocol):
    """What jobs of all kinds have in common; `message` is how the service shows it now."""

    place: Place
    id: str
    name: str

    @property
    def phase(self) -> Phase: ...
    @property
    def message(self) -> Any: ...
    def stop(self) -> None: ...
    def wait(self) -> object: ...


Thing = TypeVar("Thing", bound=Job)


class Kept(Generic[Thing]):
    """Of all locations; a job is kept after its end, until it is deleted.

    Args:
        kind: As names have it: `customJobs`.
        noun: As refusals have it: `custom job`.
        fields: Of a job as it is shown.
        unmasked: What a listing leaves out that asks for named fields.
    """

    def __init__(self, kind: str, noun: str, fields: Fields, unmasked: tuple[str, ...] = ()) -> None:
        self._kind, self._noun, self._fields, self._unmasked = kind, noun, fields, unmasked
        self._lock = threading.Lock()
        self._jobs: Shelf[Thing] = Shelf(kind)

    def routes(self, create: Callable[[Request], Answer]) -> tuple[Route, ...]:
        path = f"/v1/projects/{{project}}/locations/{{location}}/{self._kind}"
        one, called = f"{path}/{{id}}", f"{self._kind[0].upper()}{self._kind[1:]}"
        return (
            Route("POST", path, f"Create{called[:-1]}", create),
            Route("GET", path, f"List{called}", self._list),
            Route("GET", one, f"Get{called[:-1]}", lambda asked: Answer(shown(self._asked(asked).message))),
            Route("DELETE", one, f"Delete{called[:-1]}", self._delete),
            Route("POST", f"{one}:cancel", f"Cancel{called[:-1]}", self._cancel),
        )

    def made(self, place: Place, id: str, make: Callable[[], Thing]) -> Thing | None:
        """Make a job and keep it; None, and nothing is made, where the id is taken."""
        with self._lock:
            if self._jobs.has(place, id):
                return None
            job = make()
            self._jobs.put(place, id, job)
            return job

    def all(self) -> list[Thing]:
        with self._lock:
            return self._jobs.all()

    def stop_all(self) -> None:
        """End every job that runs, and wait for that."""
        jobs = self.all()
        for job in jobs:
            job.stop()
        for job in jobs:
            job.wait()

    def _asked(self, request: Request) -> Thing:
        with self._lock:
            return self._jobs.get(Place.of(request.names), request.names["id"])

    def _list(self, request: Request) -> Answer:
        """Newest first."""
        with self._lock:
            jobs = self._jobs.of(Place.of(request.names))
        told = [shown(job.message) for job in reversed(jobs)]
        found = [one for one in told if matches(request.query.get("filter", ""), self._fields(one))]
        hidden = self._unmasked if request.query.get("readMask") else ()
        masked = [{name: value for name, value in one.items() if name not in hidden} for one in found]
        return page(masked, request.query, self._kind)

    def _cancel(self, request: Request) -> Answer:
        job = self._asked(request)
        if job.phase in OVER:
            raise precondition(f"The {self._noun} {job.name!r} has ended and cannot be cancelled.")
        job.stop()
        return Answer({})

    def _delete(self, request: Request) -> Answer:
        job = self._asked(request)
        if job.phase not in OVER:
            raise precondition(f"The {self._noun} {job.name!r} is running. Cancel it first.")
        with self._lock:
            self._jobs.remove(job.place, job.id)
        return done(job.name)
