"""The calls of processing and training jobs."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from skylift_sagemaker.emulator.answers import invalid, not_found, ordered, page
from skylift_sagemaker.emulator.job import STATES, Job
from skylift_testkit.emulator.server import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from skylift_sagemaker.emulator.definition import Kind
    from skylift_sagemaker.emulator.job import Machine
    from skylift_sagemaker.emulator.place import Place
    from skylift_testkit.emulator.fault_script import FaultScript

    Call = Callable[[Mapping[str, Any]], dict[str, Any]]


class Jobs:
    """Of one region; a job is kept after its end."""

    def __init__(self, place: Place, machine: Machine, script: FaultScript) -> None:
        self._place, self._machine, self._script = place, machine, script
        self._lock = threading.Lock()
        self._jobs: dict[tuple[Kind, str], Job] = {}

    def calls(self) -> dict[str, Call]:
        """Operation → what answers it."""
        found: dict[str, Call] = {}
        kinds: tuple[Kind, ...] = ("Processing", "Training")
        for kind in kinds:
            found |= {
                f"Create{kind}Job": lambda request, kind=kind: self._create(kind, request),
                f"Describe{kind}Job": lambda request, kind=kind: self._found(kind, request).description(),
                f"Stop{kind}Job": lambda request, kind=kind: self._stop(kind, request),
                f"List{kind}Jobs": lambda request, kind=kind: self._list(kind, request),
            }
        return found

    def start(self, kind: Kind, request: Mapping[str, Any], *, known_as: str) -> Job:
        """Start a job, which meets the fault of the name it is known by: its step's, or its own.

        Raises `ValueError` where it cannot be executed here.
        """
        name = str(request[f"{kind}JobName"])
        arn = self._place.arn(f"{kind.lower()}-job/{name}")
        with self._lock:
            if (kind, name) in self._jobs:
                raise Refusal(
                    400, "ResourceInUse", f"Job name must be unique within an AWS account and region: {arn}"
                )
            failure = self._script.of_step(known_as)
            region, machine = self._place.region, self._machine
            job = Job(kind, request, arn=arn, region=region, machine=machine, failure=failure)
            self._jobs[kind, name] = job
        return job

    def by_arn(self, arn: str) -> Job:
        """Raises `LookupError`."""
        with self._lock:
            return {job.arn: job for job in self._jobs.values()}[arn]

    def arns(self) -> list[str]:
        with self._lock:
            return [job.arn for job in self._jobs.values()]

    def stop_all(self) -> None:
        """End every job that runs, and wait for that."""
        with self._lock:
            jobs = list(self._jobs.values())
        for job in jobs:
            job.stop()
        for job in jobs:
            job.wait()

    def _create(self, kind: Kind, request: Mapping[str, Any]) -> dict[str, Any]:
        try:
            job = self.start(kind, request, known_as=str(request[f"{kind}JobName"]))
        except ValueError as error:
            raise invalid(str(error)) from error
        return {f"{kind}JobArn": job.arn}

    def _found(self, kind: Kind, request: Mapping[str, Any]) -> Job:
        name = str(request[f"{kind}JobName"])
        with self._lock:
            job = self._jobs.get((kind, name))
        if job is None and kind == "Processing":
            raise not_found(f"Could not find requested job with name: {name}")
        if job is None:
            raise invalid("Requested resource not found.")
        return job

    def _stop(self, kind: Kind, request: Mapping[str, Any]) -> dict[str, Any]:
        job = self._found(kind, request)
        if (status := STATES[job.phase]) not in {"InProgress", "Stopping"}:
            raise invalid(f"The request was rejected because the {kind.lower()} job is in status {status}.")
        job.stop()
        return {}

    def _list(self, kind: Kind, request: Mapping[str, Any]) -> dict[str, Any]:
        with self._lock:
            found = [job.description() for (of, _), job in self._jobs.items() if of == kind]
        wanted = request.get("NameContains", "")
        found = [one for one in found if wanted in one[f"{kind}JobName"]]
        return page([_summary(kind, one) for one in ordered(found, request)], request, f"{kind}JobSummaries")


def _summary(kind: Kind, told: Mapping[str, Any]) -> dict[str, Any]:
    parts = ("JobName", "JobArn", "JobStatus", "EndTime")
    names = [f"{kind}{part}" for part in parts] + [
        "CreationTime",
        "LastModifiedTime",
        "FailureReason",
        "ExitMessage",
    ]
    return {name: told[name] for name in names if name in told}
