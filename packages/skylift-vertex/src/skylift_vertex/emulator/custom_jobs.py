"""The calls that make, show and cancel custom jobs."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

from skylift_vertex.emulator.filters import matching, page
from skylift_vertex.emulator.job import CustomJob
from skylift_vertex.emulator.protos import invalid, not_found, read, required

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift_testkit.emulator.fault_script import FaultScript
    from skylift_testkit.emulator.server import Request
    from skylift_vertex.emulator.job import Machine

FIRST: Final = 1_000_000_000_000_000_001
"""Ids are numbers of 19 digits."""


class CustomJobs:
    def __init__(self, machine: Machine, script: FaultScript) -> None:
        self._machine, self._script, self._lock = machine, script, threading.Lock()
        self._jobs: dict[str, CustomJob] = {}

    def create(self, request: Request) -> dict[str, Any]:
        """`customJobs.create`; it runs when this returns."""
        body = read("CustomJob", request.json or {})
        required(body, "displayName", "jobSpec.workerPoolSpecs")
        (pool,) = body["jobSpec"]["workerPoolSpecs"][:1]
        required(pool, "machineSpec.machineType", "containerSpec.imageUri")
        try:
            return self.start(parent_of(request), body, known_as=str(body["displayName"])).description()
        except ValueError as error:
            raise invalid(str(error)) from error

    def start(self, parent: str, body: Mapping[str, Any], known_as: str) -> CustomJob:
        """`known_as`: by which a fault finds it. Raises `ValueError`."""
        with self._lock:
            name = f"{parent}/customJobs/{FIRST + len(self._jobs)}"
            job = CustomJob(name, body, self._machine, self._script.of_step(known_as))
            self._jobs[name] = job
        return job

    def get(self, request: Request) -> dict[str, Any]:
        return self.named(name_of(request, "customJobs")).description()

    def list(self, request: Request) -> dict[str, Any]:
        """Newest first."""
        with self._lock:
            told = [job.description() for job in reversed(self._jobs.values())]
        return page(matching(told, request.query.get("filter", "")), request.query, "customJobs")

    def cancel(self, request: Request) -> dict[str, Any]:
        """One that has ended is refused."""
        job = self.named(name_of(request, "customJobs"))
        if job.description().get("endTime"):
            raise invalid("The job has already ended, and cannot be cancelled.")
        job.stop()
        return {}

    def named(self, name: str) -> CustomJob:
        with self._lock:
            job = self._jobs.get(name)
        if job is None:
            raise not_found(name)
        return job

    def stop_all(self) -> None:
        with self._lock:
            jobs = list(self._jobs.values())
        for job in jobs:
            job.stop()
        for job in jobs:
            job.wait()


def parent_of(request: Request) -> str:
    return f"projects/{request.names['project']}/locations/{request.names['location']}"


def name_of(request: Request, kind: str) -> str:
    return f"{parent_of(request)}/{kind}/{request.names['id']}"
