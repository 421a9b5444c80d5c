from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sagemaker_cloud import ROLE, BotoCoreError, ClientError, step

from skylift_sagemaker.emulator.backend import backend_of
from skylift_testkit import Fault

if TYPE_CHECKING:
    from sagemaker_cloud import BotoCoreError, ClientError, Cloud


def schedule(cloud: Cloud, arn: str) -> str:
    told = {"FlexibleTimeWindow": {"Mode": "OFF"}, "Target": {"Arn": arn, "RoleArn": ROLE}}
    made = cloud.scheduler.create_schedule(Name="nightly", ScheduleExpression="cron(0 2 * * ? *)", **told)
    return made["ScheduleArn"]


def test_it_sees_what_there_is(cloud: Cloud) -> None:
    backend = backend_of(cloud.emulator)
    arn = cloud.run(step("a"))
    schedule(cloud, arn)
    assert list(backend.executions()) == [arn]
    assert list(backend.kept()) == ["pipeline", "nightly"]
    assert list(backend.schedules()) == ["nightly"]


def test_it_turns_the_clock(cloud: Cloud) -> None:
    backend, now = backend_of(cloud.emulator), datetime.now(UTC)
    arn = schedule(cloud, cloud.pipeline("daily", step("a")))
    fires = backend.next_fires(arn, 2, now)
    backend.turn_clock(fires[-1])
    assert len(backend.executions()) == 2
    assert fires[1] - fires[0] == timedelta(days=1)


@pytest.mark.parametrize("fault", [Fault.QUOTA, Fault.CREDENTIALS, Fault.PERMISSION, Fault.UNAVAILABLE])
def test_a_refused_start_starts_nothing(cloud: Cloud, fault: Fault) -> None:
    cloud.pipeline("daily", step("a"))
    backend_of(cloud.emulator).inject(fault)
    with pytest.raises((ClientError, BotoCoreError)):
        cloud.start("daily")
    assert cloud.emulator.executions() == []


def test_half_way_the_first_call_is_taken_and_the_second_refused(cloud: Cloud) -> None:
    backend_of(cloud.emulator).inject(Fault.HALF_WAY)
    arn = cloud.pipeline("daily", step("a"))
    with pytest.raises(ClientError, match="AccessDenied"):
        schedule(cloud, arn)
    assert cloud.emulator.pipelines() == ["daily"]
    assert cloud.emulator.schedules.names() == []
