"""The emulator: Google's REST APIs on loopback, as far as pipelines on Vertex AI need them."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Final, Self

from skylift_testkit.emulator import folders
from skylift_testkit.emulator.clock import Clock
from skylift_testkit.emulator.fault_script import FaultScript
from skylift_testkit.emulator.gcs import GcsXml
from skylift_testkit.emulator.process import GRACE_S
from skylift_testkit.emulator.real_time import RealTime
from skylift_testkit.emulator.server import Api, Server
from skylift_testkit.emulator.troubled import Gate
from skylift_vertex.emulator.answers import REFUSALS, form
from skylift_vertex.emulator.jobs import Jobs
from skylift_vertex.emulator.logs import Logs
from skylift_vertex.emulator.machine import Machine
from skylift_vertex.emulator.pipeline_job import Context
from skylift_vertex.emulator.pipelines import Pipelines
from skylift_vertex.emulator.schedules import Schedules
from skylift_vertex.emulator.secret_manager import SecretManager

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from skylift_testkit.emulator.fault_script import Fault

MOST_TASKS: Final = 4
"""At once in a pipeline job, on one machine."""


class VertexEmulator:
    """Vertex AI, Cloud Logging, Secret Manager and Cloud Storage, from `with` to its end.

    Jobs are processes of this machine.

    Args:
        environment: Further variables of every job, of those that stand for its network and account.
        is_substituting: Off, placeholders of the job stay as they are, and steps must refuse to start.
        most_tasks: How many tasks of a pipeline job run at once.
        grace_s: Between asking a job to end and ending it.
        buckets: Of Cloud Storage, to begin with.

    `script`: what will go wrong. `clock`: all times but those of logs are its.
    """

    def __init__(
        self,
        *,
        environment: Mapping[str, str] | None = None,
        is_substituting: bool = True,
        most_tasks: int = MOST_TASKS,
        grace_s: float = GRACE_S,
        buckets: tuple[str, ...] = (),
    ) -> None:
        self.script, self.clock, self.gate = FaultScript(), Clock(), Gate()
        self.secrets, self.storage, self._logs = SecretManager(), GcsXml(*buckets), Logs()
        self._open, inside, now = ExitStack(), dict(environment or {}), self.clock.now
        machine = Machine(now, self._logs, inside, self.script, self.gate, grace_s)
        self.jobs = Jobs(machine)
        self.pipelines = Pipelines(Context(self.jobs, self.script, now, is_substituting, most_tasks))
        self.schedules = Schedules(self.pipelines, self.clock)
        parts = (self.pipelines, self.jobs, self.schedules, self._logs, self.secrets)
        routes = tuple(route for part in parts for route in part.routes())
        self._server = Server(Api(routes, self.script, REFUSALS, form))
        inside.update(self.variables())

    @property
    def endpoint(self) -> str:
        """Of everything but Cloud Storage, which has `storage.url`."""
        return self._server.endpoint

    def variables(self) -> dict[str, str]:
        """What a process needs to come here for what is in a store, or a secret."""
        return {"STORAGE_EMULATOR_HOST": self.storage.url, "SECRET_MANAGER_EMULATOR_HOST": self.endpoint}

    def __enter__(self) -> Self:
        folders.remove_left()
        self._open.enter_context(self.storage)
        self._open.enter_context(self._server)
        return self

    def __exit__(self, *_: object) -> None:
        self.gate.open()
        self.pipelines.kept.stop_all()
        self.jobs.kept.stop_all()
        self._open.close()

    def tell(self, fault: Fault) -> None:
        """Have a call or a step go wrong; `TASK:CreateCustomJob` is the call that makes a task's job."""
        self.script.tell(fault)

    def in_real_time(self) -> RealTime:
        """Within its `with`, schedules fire at their times, and not only when the clock is turned."""
        return RealTime(self.clock, self.schedules.upcoming, self.schedules.begin)

    def turn_clock(self, to: datetime) -> None:
        """Let time pass until then; whatever fires meanwhile has ended when this returns."""
        self.clock.turn(to, self.schedules.upcoming, self.schedules.fire)

    def kept(self) -> list[str]:
        """Names of schedules: a pipeline is kept nowhere."""
        return self.schedules.names()

    def executions(self) -> list[str]:
        """Each pipeline job there is: `projects/PROJECT/locations/LOCATION/ID`, as clients wrote it."""
        return [job.asked for job in self.pipelines.kept.all()]
