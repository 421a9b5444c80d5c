"""Custom jobs: how one is made, for a task or by a call."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from skylift_testkit.emulator.server import Answer
from skylift_vertex.emulator.job import KIND, Job, check
from skylift_vertex.emulator.kept import Kept
from skylift_vertex.emulator.labels import check_labels
from skylift_vertex.emulator.messages import shown, vertex
from skylift_vertex.emulator.place import Place

if TYPE_CHECKING:
    from skylift_testkit.emulator.server import Request, Route
    from skylift_vertex.emulator.machine import Machine


class Jobs:
    """Of all locations."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.kept: Kept[Job] = Kept(KIND, "custom job", _fields)

    def routes(self) -> tuple[Route, ...]:
        return self.kept.routes(self._create)

    def start(self, told: Any, place: Place, *, known_as: str) -> Job:
        """Start a job, which meets the fault of the name it is known by: its task's, or its own."""
        number = str(10**18 + secrets.randbelow(8 * 10**18))

        def make() -> Job:
            return Job(told, place, number, self._machine, self._machine.script.of_step(known_as))

        return self.kept.made(place, number, make) or self.start(told, place, known_as=known_as)

    def _create(self, request: Request) -> Answer:
        told = vertex("CustomJob", request.json)
        check(told)
        check_labels(told.labels)
        job = self.start(told, Place.of(request.names), known_as=told.display_name)
        return Answer(shown(job.message))


def _fields(told: dict[str, Any]) -> dict[str, str]:
    labels = {f"labels.{name}": value for name, value in told.get("labels", {}).items()}
    own = {"display_name": told["displayName"], "state": told["state"], "create_time": told["createTime"]}
    return {**labels, **own, "start_time": told["startTime"], "name": told["name"]}
