"""The emulator: AWS's API on loopback, as far as SageMaker's pipelines need it."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Self

from moto.moto_server.werkzeug_app import (  # pyright: ignore[reportMissingTypeStubs]
    DomainDispatcherApplication,
    create_backend_app,
)
from werkzeug.serving import WSGIRequestHandler, make_server

from skylift_sagemaker.emulator.clients import KEYS, Clients
from skylift_sagemaker.emulator.execution import Context
from skylift_sagemaker.emulator.executions import Executions
from skylift_sagemaker.emulator.front import Front
from skylift_sagemaker.emulator.job import Machine
from skylift_sagemaker.emulator.jobs import Jobs
from skylift_sagemaker.emulator.pipelines import Pipelines
from skylift_sagemaker.emulator.place import Place
from skylift_sagemaker.emulator.schedules import Schedules
from skylift_testkit.emulator import folders
from skylift_testkit.emulator.clock import Clock
from skylift_testkit.emulator.fault_script import FaultScript
from skylift_testkit.emulator.process import GRACE_S
from skylift_testkit.emulator.real_time import RealTime
from skylift_testkit.emulator.server import Refusal
from skylift_testkit.emulator.troubled import Gate

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from skylift_sagemaker.emulator.execution import PipelineExecution
    from skylift_sagemaker.emulator.job import Job
    from skylift_sagemaker.emulator.jobs import Call
    from skylift_testkit.emulator.fault_script import Fault

MOST_STEPS: Final = 4
"""At once in an execution, on one machine; a pipeline may ask for fewer."""


class Region:
    """SageMaker in one region."""

    def __init__(self, place: Place, emulator: SagemakerEmulator, machine: Machine) -> None:
        self.jobs = Jobs(place, machine, emulator.script)
        context = Context(
            self.jobs, emulator.script, emulator.clock.now, emulator.is_substituting, emulator.most_steps
        )
        self.pipelines = Pipelines(place, emulator.clock.now, partial(emulator.fetch, place.region))
        self.executions = Executions(self.pipelines, context)
        self.calls: dict[str, Call] = {
            **self.pipelines.calls(), **self.executions.calls(), **self.jobs.calls()
        }  # fmt: skip


class SagemakerEmulator:
    """SageMaker, EventBridge Scheduler, CloudWatch Logs, S3 and STS, from `with` to its end.

    Jobs are processes of this machine. One at a time in a process: moto keeps its state there.

    Args:
        environment: Further variables of every job, of those that stand for its network and role.
        is_substituting: Off, documents run as they are, and steps must refuse to start.
        most_steps: How many steps of an execution run at once.
        grace_s: Between asking a job to end and ending it; SageMaker gives 120.

    `script`: what will go wrong. `clock`: all times are its.
    """

    def __init__(
        self,
        *,
        environment: Mapping[str, str] | None = None,
        is_substituting: bool = True,
        most_steps: int = MOST_STEPS,
        grace_s: float = GRACE_S,
    ) -> None:
        self.is_substituting, self.most_steps = is_substituting, most_steps
        self.script, self.clock, self.gate = FaultScript(), Clock(), Gate()
        self.schedules = Schedules(self.clock)
        self._environment, self._grace_s = environment or {}, grace_s
        self._lock = threading.Lock()
        self._regions: dict[str, Region] = {}
        app = Front(DomainDispatcherApplication(create_backend_app), self._calls, self.schedules, self.script)
        self._server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
        self._clients = Clients(self.endpoint)
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.01], daemon=True)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def variables(self, region: str) -> dict[str, str]:
        """What a client needs to come here, and nowhere else."""
        found = {"AWS_ENDPOINT_URL": self.endpoint, "AWS_REGION": region, "AWS_DEFAULT_REGION": region}
        return {**KEYS, **found, "AWS_ALLOW_HTTP": "true"}

    def __enter__(self) -> Self:
        from moto.moto_api._internal.models import moto_api_backend

        folders.remove_left()
        moto_api_backend.reset()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for region in self._each():
            region.executions.stop_all()
            region.jobs.stop_all()
        self._clients.close()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def tell(self, fault: Fault) -> None:
        """Have a call or a step go wrong; `STEP:CreateProcessingJob` is the one that makes a step's job."""
        self.script.tell(fault)

    def in_real_time(self) -> RealTime:
        """Within its `with`, schedules fire at their times, and not only when the clock is turned."""
        return RealTime(self.clock, self.schedules.upcoming, self._begin)

    def turn_clock(self, to: datetime) -> None:
        """Let time pass until then; whatever fires meanwhile has ended when this returns."""
        self.clock.turn(to, self.schedules.upcoming, self._fire)

    def executions(self) -> list[str]:
        """The ARN of every execution there was."""
        return [arn for region in self._each() for arn in region.executions.arns()]

    def execution(self, arn: str) -> PipelineExecution:
        """One of these, to be waited for; raises the service's `ResourceNotFound`."""
        return self._region(arn.split(":")[3]).executions.found({"PipelineExecutionArn": arn})

    def job(self, arn: str) -> Job:
        """One of `jobs`, to be waited for; raises `LookupError`."""
        return self._region(arn.split(":")[3]).jobs.by_arn(arn)

    def jobs(self) -> list[str]:
        """The ARN of every job there was."""
        return [arn for region in self._each() for arn in region.jobs.arns()]

    def kept(self) -> list[str]:
        """Names of pipelines and schedules."""
        return [*self.pipelines(), *self.schedules.names()]

    def pipelines(self) -> list[str]:
        return [name for region in self._each() for name in region.pipelines.names()]

    def make_bucket(self, name: str, region: str) -> None:
        self._clients.get("s3", region).create_bucket(
            Bucket=name,
            **(
                {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
            ),
        )

    def fetch(self, region: str, bucket: str, key: str) -> str:
        """A definition that lies in S3; raises the service's `ValidationException` where none does."""
        client = self._clients.get("s3", region)
        try:
            return client.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
        except client.exceptions.ClientError as error:
            what = f"Unable to read the pipeline definition from s3://{bucket}/{key}: {error}"
            raise Refusal(400, "ValidationException", what) from error

    def _fire(self, key: str, moment: datetime) -> None:
        if execution := self._begin(key, moment):
            execution.wait()

    def _begin(self, key: str, moment: datetime) -> PipelineExecution | None:
        schedule = self.schedules.enabled(key)
        if schedule is None:
            return None
        target: Mapping[str, Any] = schedule.request["Target"]
        parameters = target.get("SageMakerPipelineParameters", {}).get("PipelineParameterList", [])
        if schedule.is_once and schedule.request.get("ActionAfterCompletion") == "DELETE":
            client = self._clients.get("scheduler", schedule.region)
            client.delete_schedule(Name=schedule.name, GroupName=schedule.group)
        try:
            return self._region(schedule.region).executions.fire(str(target["Arn"]), parameters, moment)
        except Refusal:
            return None  # EventBridge tries again for a day, and then drops it: nothing starts

    def _calls(self, region: str) -> Mapping[str, Call]:
        return self._region(region).calls

    def _region(self, name: str) -> Region:
        with self._lock:
            if name not in self._regions:
                machine = Machine(self.clock.now, self._logs, self._inside, self.gate, self._grace_s)
                self._regions[name] = Region(Place(name), self, machine)
            return self._regions[name]

    def _each(self) -> list[Region]:
        with self._lock:
            return list(self._regions.values())

    def _logs(self, region: str) -> Any:
        return self._clients.get("logs", region)

    def _inside(self, region: str) -> dict[str, str]:
        return {**self.variables(region), **self._environment}


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 -- the base names it so
        """Say nothing."""
