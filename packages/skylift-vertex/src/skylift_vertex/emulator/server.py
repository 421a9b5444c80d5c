"""The emulator: Vertex's REST API on loopback, as far as its pipelines need it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, Self

from skylift_testkit.emulator.clock import Clock
from skylift_testkit.emulator.fault_script import Failure, FaultScript
from skylift_testkit.emulator.process import GRACE_S
from skylift_testkit.emulator.server import Answer, Api, Refusal, Route, Server
from skylift_testkit.emulator.troubled import Gate
from skylift_vertex.emulator import storage
from skylift_vertex.emulator.custom_jobs import CustomJobs
from skylift_vertex.emulator.job import Machine
from skylift_vertex.emulator.logs import Logs
from skylift_vertex.emulator.pipeline_job import Context
from skylift_vertex.emulator.pipeline_jobs import PipelineJobs
from skylift_vertex.emulator.schedules import Schedules
from skylift_vertex.emulator.secret_manager import SecretManager
from skylift_vertex.emulator.storage import Storage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from skylift_testkit.emulator.fault_script import Fault
    from skylift_testkit.emulator.server import Request
    from skylift_vertex.emulator.pipeline_job import PipelineJob

MOST_STEPS: Final = 4
"""At once in a pipeline job, on one machine."""

PLACE: Final = "/v1/projects/{project}/locations/{location}"
SECRETS_ENV: Final = "SECRET_MANAGER_EMULATOR_HOST"

REFUSALS: Final = {
    Failure.THROTTLED: Refusal(429, "RESOURCE_EXHAUSTED", "Quota exceeded for requests per minute."),
    Failure.QUOTA: Refusal(
        429,
        "RESOURCE_EXHAUSTED",
        "Quota limits are exceeded: aiplatform.googleapis.com/custom_model_training_cpus",
    ),
    Failure.CREDENTIALS: Refusal(
        401,
        "UNAUTHENTICATED",
        "Request had invalid authentication credentials.",
    ),
    Failure.PERMISSION: Refusal(
        403, "PERMISSION_DENIED", "Permission 'aiplatform.pipelineJobs.create' denied on resource."
    ),
    Failure.UNAVAILABLE: Refusal(503, "UNAVAILABLE", "The service is currently unavailable."),
}


class VertexEmulator:
    """Vertex AI, Cloud Logging, Secret Manager and Cloud Storage, from `with` to its end.

    Jobs are processes of this machine; images, machines, networks and accounts are not looked at.

    Args:
        environment: Further variables of every job, of those that stand for its network and account.
        is_substituting: Off, placeholders of the job stay what they are, and steps must refuse to start.
        most_steps: How many steps of a pipeline job run at once.
        grace_s: Between asking a job to end and ending it.
    """

    def __init__(
        self,
        *,
        environment: Mapping[str, str] | None = None,
        is_substituting: bool = True,
        most_steps: int = MOST_STEPS,
        grace_s: float = GRACE_S,
    ) -> None:
        self.script, self.clock, self.gate = FaultScript(), Clock(), Gate()
        self.secrets, logs = SecretManager(), Logs()
        inside = dict(environment or {})
        self.custom_jobs = CustomJobs(Machine(self.clock.now, logs, inside, self.gate, grace_s), self.script)
        context = Context(self.custom_jobs, self.clock.now, is_substituting, most_steps)
        self.pipeline_jobs = PipelineJobs(context)
        self.schedules = Schedules(self.pipeline_jobs, self.clock.now)
        routes = (*_pipelines(self.pipeline_jobs), *_customs(self.custom_jobs), *_schedules(self.schedules))
        self._server = Server(Api((*routes, *_others(logs, self.secrets)), self.script, REFUSALS, _form))
        self.storage = Storage()
        self._storage = Server(Api(_objects(self.storage), FaultScript(), {}, storage.form))
        inside.update(self.variables())

    @property
    def endpoint(self) -> str:
        return self._server.endpoint

    def variables(self) -> dict[str, str]:
        """What leads a store and secrets here; the orchestrator is told the endpoint."""
        return {SECRETS_ENV: self.endpoint, storage.HOST_ENV: self._storage.endpoint}

    def __enter__(self) -> Self:
        self._server.__enter__()
        self._storage.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.pipeline_jobs.stop_all()
        self.custom_jobs.stop_all()
        self._storage.__exit__()
        self._server.__exit__()

    def tell(self, fault: Fault) -> None:
        """Have a call or a step go wrong."""
        self.script.tell(fault)

    def turn_clock(self, to: datetime) -> None:
        """Let time pass until then; whatever fires meanwhile has ended when this returns."""
        self.clock.turn(to, self.schedules.upcoming, self.schedules.fire)

    def pipeline_job(self, name: str) -> PipelineJob:
        """To be waited for; raises the service's NOT_FOUND."""
        return self.pipeline_jobs.named(name)


def _route(method: str, path: str, operation: str, answer: Callable[[Request], dict[str, Any]]) -> Route:
    return Route(method, path, operation, partial(_answered, answer))


def _answered(answer: Callable[[Request], dict[str, Any]], request: Request) -> Answer:
    return Answer(answer(request))


def _pipelines(jobs: PipelineJobs) -> tuple[Route, ...]:
    all_, one = f"{PLACE}/pipelineJobs", f"{PLACE}/pipelineJobs/{{id}}"
    return (
        _route("POST", all_, "CreatePipelineJob", jobs.create),
        _route("GET", all_, "ListPipelineJobs", jobs.list),
        _route("POST", f"{one}:cancel", "CancelPipelineJob", jobs.cancel),
        _route("GET", one, "GetPipelineJob", jobs.get),
    )


def _customs(jobs: CustomJobs) -> tuple[Route, ...]:
    all_, one = f"{PLACE}/customJobs", f"{PLACE}/customJobs/{{id}}"
    return (
        _route("POST", all_, "CreateCustomJob", jobs.create),
        _route("GET", all_, "ListCustomJobs", jobs.list),
        _route("POST", f"{one}:cancel", "CancelCustomJob", jobs.cancel),
        _route("GET", one, "GetCustomJob", jobs.get),
    )


def _schedules(schedules: Schedules) -> tuple[Route, ...]:
    all_, one = f"{PLACE}/schedules", f"{PLACE}/schedules/{{id}}"
    return (
        _route("POST", all_, "CreateSchedule", schedules.create),
        _route("GET", all_, "ListSchedules", schedules.list),
        _route("POST", f"{one}:pause", "PauseSchedule", schedules.pause),
        _route("POST", f"{one}:resume", "ResumeSchedule", schedules.resume),
        _route("PATCH", one, "UpdateSchedule", schedules.update),
        _route("DELETE", one, "DeleteSchedule", schedules.delete),
        _route("GET", one, "GetSchedule", schedules.get),
    )


def _others(logs: Logs, secrets: SecretManager) -> tuple[Route, ...]:
    version = "/v1/projects/{project}/secrets/{secret}/versions/{version}:access"
    return (
        _route("POST", "/v2/entries:list", "ListLogEntries", lambda request: logs.list(request.json or {})),
        _route("GET", version, "AccessSecretVersion", secrets.access),
    )


def _objects(kept: Storage) -> tuple[Route, ...]:
    one = "/{bucket}/{key+}"
    return (
        Route("GET", one, "GetObject", kept.read),
        Route("HEAD", one, "HeadObject", kept.read),
        Route("PUT", one, "PutObject", kept.write),
        Route("POST", one, "PostObject", kept.post),
        Route("DELETE", one, "DeleteObject", kept.delete),
        *(Route("GET", path, "ListObjects", kept.list) for path in ("/{bucket}", "/{bucket}/")),
    )


def _form(refusal: Refusal) -> Answer:
    error = {"code": refusal.status, "message": refusal.message, "status": refusal.code}
    return Answer({"error": error}, refusal.status)
