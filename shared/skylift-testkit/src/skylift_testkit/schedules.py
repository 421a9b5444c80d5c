"""What is deployed fires when it should and at no other time, and can be changed until it is gone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise, takewhile
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim

from skylift.client import Client
from skylift_contract.capability import Capability
from skylift_contract.enums import ExecutionStatus
from skylift_contract.errors import BackendError, NotFound, UnsupportedCapability
from skylift_testkit import corpus, pipelines
from skylift_testkit.backend import Backend, Fault
from skylift_testkit.refusals import refuse
from skylift_testkit.running import RunningSuite
from skylift_testkit.suite import about

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from skylift_contract.capability import Support
    from skylift_contract.orchestrator import BaseOrchestrator
    from skylift_contract.run import DeployedSchedule
    from skylift_contract.schedule import Schedule

AFTER: Final = datetime(2030, 12, 10, 12, 0, tzinfo=UTC)
"""Of a hundred days from here none has a clock change: what is done on those is each backend's own."""

HUNDRED: Final = 100
DAILY: Final = corpus.SCHEDULES["cron"]


class ScheduleSuite(RunningSuite):
    is_optional = True
    needs = (Capability.SCHEDULE_CRON, Capability.SCHEDULE_MANAGEMENT)

    @pytest.fixture
    def deploy(self, orchestrator: BaseOrchestrator, capabilities: Mapping[Capability, Support]) -> Any:
        """Deploys a pipeline of two steps; refused where the flavor refuses that schedule."""
        if not any(capabilities[one] for one in _KINDS):
            refuse(f"schedule_cron: {capabilities[Capability.SCHEDULE_CRON].describe()}")

        def deployed(schedule: Schedule) -> DeployedSchedule:
            asked = pipelines.telling.with_options(
                orchestrator=orchestrator, schedule=schedule, enable_cache=False
            )
            try:
                return asked()
            except UnsupportedCapability as error:
                refuse(str(error))

        return deployed

    @pytest.mark.parametrize("name", corpus.SCHEDULES)
    def test_it_fires_when_it_should(self, name: str, deploy: Any, backend: Backend) -> None:
        """The next hundred times, beside those of another reader of cron."""
        schedule = corpus.SCHEDULES[name]
        found = list(backend.next_fires(deploy(schedule).id, HUNDRED, AFTER))
        if schedule.interval_second is None:
            assert found == list(islice(_expected(schedule), HUNDRED))
        else:
            _check_interval(found, schedule.interval_second)

    @about(Capability.SCHEDULE_CRON)
    def test_nothing_starts_when_it_is_made(self, deploy: Any, backend: Backend) -> None:
        assert deploy(DAILY).id
        assert list(backend.executions()) == []
        assert list(Client().runs()) == []

    @about(Capability.SCHEDULE_CRON)
    def test_each_firing_is_a_run_of_its_own(self, deploy: Any, backend: Backend) -> None:
        deploy(DAILY)
        backend.turn_clock(_fires(2)[-1])
        runs = list(Client().runs())
        assert len(set(backend.executions())) == 2
        assert len({run.id for run in runs}) == 2
        assert [run.status for run in runs] == [ExecutionStatus.COMPLETED] * 2
        told = [{one.outputs["told"].load()["run_id"] for one in run.steps.values()} for run in runs]
        assert told == [{str(run.id)} for run in runs]

    @about(Capability.SCHEDULE_CRON, Capability.LIST_EXECUTIONS)
    def test_firings_are_listed(self, deploy: Any, backend: Backend, orchestrator: BaseOrchestrator) -> None:
        deployed = deploy(DAILY)
        began, fires = datetime.now(UTC), _fires(2)
        backend.turn_clock(fires[-1])
        found = list(orchestrator.list_executions(deployed.pipeline, began))
        assert sorted(one.orchestrator_run_id for one in found) == sorted(backend.executions())
        assert sorted(one.fired_at.astimezone(UTC) for one in found if one.fired_at) == fires
        assert {one.status.status for one in found} == {ExecutionStatus.COMPLETED}

    @about(Capability.SCHEDULE_CRON)
    def test_deploying_again_makes_no_second_one(self, deploy: Any, backend: Backend) -> None:
        first = deploy(DAILY)
        kept = sorted(backend.kept())
        again = deploy(corpus.SCHEDULES["cron_of_weekdays"])
        assert again.id == first.id
        assert sorted(backend.kept()) == kept
        expected = list(islice(_expected(corpus.SCHEDULES["cron_of_weekdays"]), 5))
        assert list(backend.next_fires(again.id, 5, AFTER)) == expected

    @about(Capability.SCHEDULE_CRON)
    def test_one_that_fails_half_way_is_not_there(self, deploy: Any, backend: Backend) -> None:
        schedules = sorted(backend.schedules())
        backend.inject(Fault.HALF_WAY)
        with pytest.raises(BackendError):
            deploy(DAILY)
        assert sorted(backend.schedules()) == schedules
        assert list(backend.executions()) == []

    @about(Capability.SCHEDULE_CRON, Capability.SCHEDULE_MANAGEMENT)
    def test_it_can_be_changed(self, deploy: Any, backend: Backend, orchestrator: BaseOrchestrator) -> None:
        deployed, other = deploy(DAILY), corpus.SCHEDULES["cron_of_minutes"]
        assert orchestrator.describe_schedule(deployed)
        orchestrator.update_schedule(deployed, other)
        expected = list(islice(_expected(other), HUNDRED))
        assert list(backend.next_fires(deployed.id, HUNDRED, AFTER)) == expected
        assert len(backend.schedules()) == 1

    @about(Capability.SCHEDULE_CRON, Capability.SCHEDULE_MANAGEMENT)
    def test_it_is_silent_while_it_is_paused(
        self, deploy: Any, backend: Backend, orchestrator: BaseOrchestrator
    ) -> None:
        deployed, fires = deploy(DAILY), _fires(3)
        orchestrator.pause_schedule(deployed)
        backend.turn_clock(fires[1])
        assert list(backend.executions()) == []
        orchestrator.resume_schedule(deployed)
        backend.turn_clock(fires[2])
        assert len(backend.executions()) == 1

    @about(Capability.SCHEDULE_CRON, Capability.SCHEDULE_MANAGEMENT)
    def test_nothing_of_it_stays_when_it_is_deleted(
        self, deploy: Any, backend: Backend, orchestrator: BaseOrchestrator
    ) -> None:
        deployed = deploy(DAILY)
        orchestrator.delete_schedule(deployed)
        assert list(backend.schedules()) == []
        backend.turn_clock(_fires(2)[-1])
        assert list(backend.executions()) == []
        with pytest.raises(NotFound):
            orchestrator.describe_schedule(deployed)
        with pytest.raises(NotFound):
            orchestrator.delete_schedule(deployed)


_KINDS: Final = (Capability.SCHEDULE_CRON, Capability.SCHEDULE_INTERVAL, Capability.SCHEDULE_ONCE)


def _expected(schedule: Schedule) -> Iterator[datetime]:
    """Fire times after `AFTER`, in UTC, by a reader of cron that is none of Skylift's."""
    if (once := schedule.run_once_start_time) is not None:
        return iter([once])
    first = AFTER if schedule.start_time is None else schedule.start_time - timedelta(minutes=1)
    found = CronSim(str(schedule.cron_expression), first.astimezone(ZoneInfo(schedule.timezone)))
    fires = (fire.astimezone(UTC) for fire in found)
    last = schedule.end_time
    return fires if last is None else takewhile(lambda fire: fire <= last, fires)


def _check_interval(found: list[datetime], interval: timedelta) -> None:
    """Whole days count: `timedelta.seconds` of a day is 0, and of 36 hours 12 of them."""
    assert len(found) == HUNDRED
    assert AFTER < found[0] <= AFTER + interval
    assert {later - earlier for earlier, later in pairwise(found)} == {interval}


def _fires(n: int) -> list[datetime]:
    """The next times of `DAILY`, from now."""
    return [fire.astimezone(UTC) for fire in DAILY.next_fires(n, datetime.now(UTC))]
