"""Schedules that are deployed: recorded, found again, and changed on the backend that has them.

The backend comes first and the record second: what fires is the backend's, and a record that
could not be written is made good by doing the same again.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from skylift.flavors import capabilities
from skylift.ledger.records import now
from skylift.ledger.schedule_record import DELETED, ScheduleRecord
from skylift.ledger.schedules import checked_name, standing
from skylift.orchestrator_calls import calling
from skylift.stacks.build import orchestrator_named
from skylift_contract.capability import Capability
from skylift_contract.check import UNDECLARED, check
from skylift_contract.errors import ConfigurationError, NotFound, StoreError
from skylift_contract.run import DeployedSchedule

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping
    from datetime import datetime
    from typing import Any

    from skylift.launch.plan import Plan
    from skylift.ledger.ledger import Ledger
    from skylift.ledger.records import Request
    from skylift_contract.orchestrator import BaseOrchestrator
    from skylift_contract.schedule import Schedule
    from skylift_contract.snapshot import PipelineSnapshot


@dataclass(frozen=True, slots=True)
class Action:
    """A change that an orchestrator has a method for, and how the schedule stands after it."""

    method: str
    state: str


PAUSE: Final = Action("pause_schedule", "paused")
RESUME: Final = Action("resume_schedule", "active")
DELETE: Final = Action("delete_schedule", DELETED)


@dataclass(frozen=True)
class Deployment:
    """A schedule as its newest record says that it stands."""

    ledger: Ledger
    record: ScheduleRecord

    @property
    def name(self) -> str:
        return self.record.schedule.name

    @property
    def who(self) -> str:
        return f"schedule {self.name!r}"

    @cached_property
    def snapshot(self) -> PipelineSnapshot:
        return self.ledger.snapshot(self.record.schedule.snapshot)

    @cached_property
    def timing(self) -> Schedule:
        """When it fires; raises `ConfigurationError` for a record whose snapshot has no schedule."""
        found = self.record.timing or self.snapshot.schedule
        if found is None:
            raise ConfigurationError("its snapshot has no schedule", who=self.who, fix="Deploy it again.")
        return found

    @cached_property
    def request(self) -> Request | None:
        """Who deployed it, and on what."""
        submission = self.record.submission_id
        return self.ledger.request(submission) if submission else None

    @property
    def orchestrator_name(self) -> str:
        """The flavor's name where nothing says more."""
        return self.request.orchestrator if self.request else self.record.schedule.flavor

    def fires(self, after: datetime) -> Iterator[datetime]:
        """Fire times after a moment, in its zone; an interval counts from when it was deployed."""
        timing = self.timing
        if timing.interval_second is not None and timing.start_time is None:
            timing = timing.model_copy(update={"start_time": self.record.since})
        return timing.fires(after)

    def orchestrator(self) -> BaseOrchestrator:
        """The one that it was deployed on; raises as `orchestrator_named` does."""
        return orchestrator_named(self.orchestrator_name, self.record.schedule.flavor)

    def described(self) -> Mapping[str, Any]:
        """The backend's own words; raises `SkyliftError` where it cannot be asked."""
        orchestrator = _manager(self)
        with calling(orchestrator, "describe_schedule", self.who):
            return dict(orchestrator.describe_schedule(self.record.schedule))


def find(ledger: Ledger, name: str) -> Deployment:
    """Raises `UnknownName`, offering the nearest, and `ConfigurationError` for a deleted one."""
    record = standing(ledger, checked_name(ledger, name))
    assert record is not None
    if record.is_deleted:
        raise ConfigurationError(
            "it was deleted", who=f"schedule {name!r}", fix="Deploy it again: skylift schedule deploy FILE.py"
        )
    return Deployment(ledger, record)


def apply(found: Deployment, action: Action) -> Deployment:
    """Pause, resume or delete it, and record that; doing it twice changes nothing more.

    One that its backend has no more is deleted by its record alone.
    """
    orchestrator = _manager(found)
    try:
        with _calling(found, orchestrator, action.method):
            getattr(orchestrator, action.method)(found.record.schedule)
    except NotFound:
        if action is not DELETE:
            raise
    after = found.record.schedule.model_copy(update={"state": action.state})
    record = _revised(found.record, schedule=after)
    _put(found.ledger, record, f"it is {action.state} on {orchestrator.name}")
    return Deployment(found.ledger, record)


def retime(found: Deployment, timing: Schedule) -> Deployment:
    """Have it fire at other times, and run what it ran; checked as a new schedule would be."""
    orchestrator = _manager(found)
    asked = found.snapshot.model_copy(update={"schedule": timing})
    check(asked, orchestrator.flavor, capabilities(orchestrator))
    with _calling(found, orchestrator, "update_schedule"):
        orchestrator.update_schedule(found.record.schedule, timing)
    record = _revised(found.record, timing=timing, since=now())
    _put(found.ledger, record, f"it is updated on {orchestrator.name}")
    return Deployment(found.ledger, record)


def name_of(snapshot: PipelineSnapshot) -> str:
    """The name that a pipeline's schedule goes by."""
    return (snapshot.schedule and snapshot.schedule.name) or snapshot.name


def check_free(ledger: Ledger, plan: Plan) -> None:
    """Raise `ConfigurationError` where another project, pipeline or orchestrator has the name.

    Else one deployment would take the other's place, or both would fire.
    """
    name, orchestrator = name_of(plan.snapshot), plan.stack.orchestrator
    record = standing(ledger, name)
    if record is None or record.is_deleted:
        return
    there = Deployment(ledger, record)
    asked = {
        "project": (record.project or there.snapshot.project, plan.snapshot.project),
        "pipeline": (record.schedule.pipeline, plan.snapshot.name),
        "flavor": (record.schedule.flavor, orchestrator.flavor),
        "orchestrator": (there.orchestrator_name, orchestrator.name),
    }
    for kind, (theirs, ours) in asked.items():
        if theirs != ours:
            raise ConfigurationError(
                f"one of this name is deployed already, of {kind} {theirs!r}, and this is of {kind} {ours!r}",
                who=there.who,
                fix=f"Give this one another name, Schedule(name=…), or: skylift schedule delete {name}",
            )


def record_deployment(ledger: Ledger, plan: Plan, submission: str, schedule_id: str) -> DeployedSchedule:
    """Write what a backend has taken; raises `StoreError` saying so where that cannot be written."""
    snapshot, orchestrator = plan.snapshot, plan.stack.orchestrator
    deployed = DeployedSchedule(
        name=name_of(snapshot),
        pipeline=snapshot.name,
        snapshot=snapshot.digest,
        flavor=snapshot.runtime.flavor,
        id=schedule_id,
    )
    record = ScheduleRecord(schedule=deployed, project=snapshot.project, submission_id=submission)
    _put(ledger, record, f"it is deployed on {orchestrator.name}, as {schedule_id}")
    return deployed


def is_paused(ledger: Ledger, plan: Plan) -> bool:
    """Whether what stands under the plan's name now is paused."""
    record = standing(ledger, name_of(plan.snapshot))
    return record is not None and record.schedule.state == PAUSE.state


@contextmanager
def _calling(found: Deployment, orchestrator: BaseOrchestrator, method: str) -> Generator[None]:
    """`calling`, where a backend that has the schedule no more is told as that, with what to do."""
    try:
        with calling(orchestrator, method, found.who):
            yield
    except NotFound as error:
        raise NotFound(
            f"{orchestrator.name} has {found.who} no more: {error.what.removesuffix(f' [{error.code}]')}",
            operation=error.operation,
            code=error.code,
            fix="Deploy it again: skylift schedule deploy FILE.py; "
            f"or delete it: skylift schedule delete {found.name}",
        ) from error


def _manager(found: Deployment) -> BaseOrchestrator:
    """The orchestrator of a schedule; raises `ConfigurationError` for one that cannot manage any."""
    orchestrator = found.orchestrator()
    able = capabilities(orchestrator).get(Capability.SCHEDULE_MANAGEMENT, UNDECLARED)
    if not able:
        raise ConfigurationError(
            f"{orchestrator.flavor} does not manage schedules that are deployed: {able.describe()}",
            who=found.who,
            fix=f"Do it with the backend's own tools; there it is {found.record.schedule.id!r}.",
        )
    return orchestrator


def _revised(record: ScheduleRecord, **changes: Any) -> ScheduleRecord:
    """The next revision, with this process as its writer."""
    kept = {name: getattr(record, name) for name in ScheduleRecord.model_fields if name != "writer"}
    return ScheduleRecord.model_validate({**kept, **changes})


def _put(ledger: Ledger, record: ScheduleRecord, done: str) -> None:
    try:
        ledger.put_schedule(record)
    except StoreError as error:
        raise StoreError(
            f"{done}, and that could not be recorded: {error}",
            who=f"schedule {record.schedule.name!r}",
            fix="Do the same again when the store can be written: that records it.",
        ) from error
