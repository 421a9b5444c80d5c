from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sagemaker_cloud import ROLE, ClientError, show, step

if TYPE_CHECKING:
    from sagemaker_cloud import ClientError, Cloud, Fifo

DAILY = "cron(0 2 * * ? *)"
DAY = timedelta(days=1)
SOON = timedelta(seconds=0.3)


def midnight() -> datetime:
    """Tomorrow's, and the day after it every 24 hours."""
    return (datetime.now(UTC) + DAY).replace(hour=0, minute=0, second=0, microsecond=0)


def scheduled(cloud: Cloud, expression: str = DAILY, name: str = "nightly", **more: Any) -> str:
    arn = f"arn:aws:sagemaker:eu-central-1:123456789012:pipeline/{more.pop('pipeline', 'daily')}"
    target = {"Arn": arn, "RoleArn": ROLE, **more.pop("target", {})}
    told = {"ScheduleExpression": expression, "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": target, **more}
    return cloud.scheduler.create_schedule(Name=name, **told)["ScheduleArn"]


def started(cloud: Cloud) -> list[datetime]:
    found = cloud.sagemaker.list_pipeline_executions(PipelineName="daily", SortOrder="Ascending")
    assert {one["PipelineExecutionStatus"] for one in found["PipelineExecutionSummaries"]} <= {"Succeeded"}
    return [one["StartTime"].astimezone(UTC) for one in found["PipelineExecutionSummaries"]]


def test_it_fires_when_the_clock_is_turned_and_not_before(cloud: Cloud) -> None:
    cloud.pipeline("daily", step("a"))
    scheduled(cloud)
    assert started(cloud) == []
    first = midnight() + timedelta(hours=2)
    cloud.emulator.turn_clock(first - timedelta(hours=3))
    assert len(started(cloud)) <= 1  # at two o'clock of today, where that is yet to come
    before = started(cloud)
    cloud.emulator.turn_clock(first + DAY)
    assert started(cloud) == [*before, first, first + DAY]
    assert len(set(cloud.emulator.executions())) == len(before) + 2


def test_in_real_time_it_fires_by_itself_and_what_it_started_may_still_run(cloud: Cloud, fifo: Fifo) -> None:
    cloud.pipeline("daily", step("a", fifo.code))
    with cloud.emulator.in_real_time():
        scheduled(cloud, "rate(1 day)", StartDate=midnight())
        for day in range(2):
            cloud.emulator.turn_clock(midnight() + day * DAY - SOON)
            fifo.wait()
        found = cloud.sagemaker.list_pipeline_executions(PipelineName="daily", SortOrder="Ascending")
    times = [one["StartTime"].astimezone(UTC) for one in found["PipelineExecutionSummaries"]]
    assert times == [midnight(), midnight() + DAY]


def test_in_real_time_a_one_time_schedule_may_be_gone_when_it_has_fired(cloud: Cloud, fifo: Fifo) -> None:
    cloud.pipeline("daily", step("a", fifo.code))
    with cloud.emulator.in_real_time():
        at = f"at({midnight():%Y-%m-%dT%H:%M:%S})"
        scheduled(cloud, at, ActionAfterCompletion="DELETE")
        cloud.emulator.turn_clock(midnight() - SOON)
        fifo.wait()
        assert cloud.scheduler.list_schedules()["Schedules"] == []


def test_in_real_time_one_that_is_changed_fires_when_it_says_then(cloud: Cloud, fifo: Fifo) -> None:
    cloud.pipeline("daily", step("a", fifo.code))
    with cloud.emulator.in_real_time():
        scheduled(cloud, "cron(0 0 1 1 ? 2100)", State="DISABLED")
        shown = cloud.scheduler.get_schedule(Name="nightly")
        cloud.emulator.turn_clock(midnight() - SOON)
        told = {name: shown[name] for name in ("FlexibleTimeWindow", "Target")}
        cloud.scheduler.update_schedule(Name="nightly", ScheduleExpression="cron(0 0 * * ? *)", **told)
        fifo.wait()


def test_what_is_gone_or_paused_is_not_enabled(cloud: Cloud) -> None:
    scheduled(cloud, State="DISABLED")
    scheduled(cloud, name="other")
    (key,) = cloud.emulator.schedules.upcoming()
    assert cloud.emulator.schedules.enabled(key) is not None
    assert cloud.emulator.schedules.enabled(key.replace("other", "nightly")) is None
    assert cloud.emulator.schedules.enabled(key.replace("other", "gone")) is None


def test_what_it_fires_has_its_parameters(cloud: Cloud) -> None:
    parameters = [{"Name": "Day", "Type": "String", "DefaultValue": "any"}]
    cloud.pipeline("daily", step("a", show("DAY"), DAY={"Get": "Parameters.Day"}), parameters=parameters)
    told = {"SageMakerPipelineParameters": {"PipelineParameterList": [{"Name": "Day", "Value": "monday"}]}}
    scheduled(cloud, "rate(1 day)", target=told, StartDate=midnight())
    cloud.emulator.turn_clock(midnight())
    (arn,) = cloud.emulator.executions()
    assert cloud.printed_by(arn, "a") == ["monday"]


def test_it_is_changed_paused_and_deleted(cloud: Cloud) -> None:
    cloud.pipeline("daily", step("a"))
    scheduled(cloud)
    shown = cloud.scheduler.get_schedule(Name="nightly")
    changes = {name: shown[name] for name in ("FlexibleTimeWindow", "Target")}
    cloud.scheduler.update_schedule(
        Name="nightly", ScheduleExpression="cron(0 5 * * ? *)", State="DISABLED", **changes
    )
    assert cloud.scheduler.get_schedule(Name="nightly")["State"] == "DISABLED"
    cloud.emulator.turn_clock(midnight() + DAY)
    assert started(cloud) == []
    cloud.scheduler.update_schedule(Name="nightly", ScheduleExpression="cron(0 5 * * ? *)", **changes)
    cloud.emulator.turn_clock(midnight() + 2 * DAY)
    assert started(cloud) == [midnight() + DAY + timedelta(hours=5)]
    cloud.scheduler.delete_schedule(Name="nightly")
    cloud.emulator.turn_clock(midnight() + 9 * DAY)
    assert len(started(cloud)) == 1
    assert cloud.emulator.schedules.names() == []


def test_a_one_time_schedule_fires_once_and_is_gone_where_it_says_so(cloud: Cloud) -> None:
    cloud.pipeline("daily", step("a"))
    at = f"at({midnight():%Y-%m-%dT%H:%M:%S})"
    scheduled(cloud, at, "kept")
    scheduled(cloud, at, "gone", ActionAfterCompletion="DELETE")
    cloud.emulator.turn_clock(midnight() + DAY)
    assert started(cloud) == [midnight(), midnight()]
    assert [one["Name"] for one in cloud.scheduler.list_schedules()["Schedules"]] == ["kept"]
    assert cloud.emulator.schedules.names() == ["kept"]


def test_nothing_fires_for_the_time_before_it_was_made(cloud: Cloud) -> None:
    cloud.pipeline("daily", step("a"))
    cloud.emulator.turn_clock(midnight() + 5 * DAY)
    scheduled(cloud, "rate(1 day)", StartDate=midnight() + 7 * DAY)
    cloud.emulator.turn_clock(midnight() + 7 * DAY)
    assert started(cloud) == [midnight() + 7 * DAY]


def test_a_token_makes_one(cloud: Cloud) -> None:
    cloud.pipeline("daily", step("a"))
    assert scheduled(cloud, ClientToken="t") == scheduled(cloud, ClientToken="t")
    with pytest.raises(ClientError, match="ConflictException"):
        scheduled(cloud, ClientToken="u")


def test_one_whose_pipeline_is_gone_starts_nothing(cloud: Cloud) -> None:
    scheduled(cloud, pipeline="none")
    cloud.emulator.turn_clock(midnight() + DAY)
    assert cloud.emulator.executions() == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"expression": "cron(0 2 * * *)"}, r"Invalid Schedule Expression cron\(0 2 \* \* \*\)\.$"),
        ({"ScheduleExpressionTimezone": "Mars/Phobos"}, r"Invalid Schedule Expression Timezone\.$"),
        ({"name": "a/b c"}, r"at 'name' failed to satisfy constraint: Member must satisfy regular expression"),
        ({"name": "a" * 65}, r"at 'name' failed .* length less than or equal to 64$"),
        ({"StartDate": datetime(2040, 1, 2, tzinfo=UTC), "EndDate": datetime(2040, 1, 1, tzinfo=UTC)}, "EndDate must be"),
        ({"FlexibleTimeWindow": {"Mode": "NEVER"}}, r"at 'flexibleTimeWindow\.mode' .* enum value set: \[OFF, FLEXIBLE\]$"),
    ],
)  # fmt: skip
def test_what_the_service_refuses(cloud: Cloud, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ClientError, match=rf"\(ValidationException\) .*{words}"):
        scheduled(cloud, **changes)
    assert cloud.emulator.schedules.names() == []
    assert cloud.scheduler.list_schedules()["Schedules"] == []


def test_the_next_fires_of_one_by_name_or_arn(cloud: Cloud) -> None:
    arn = scheduled(cloud, ScheduleExpressionTimezone="Europe/Berlin")
    after = datetime(2031, 1, 1, tzinfo=UTC)
    expected = [datetime(2031, 1, 1, 1, tzinfo=UTC), datetime(2031, 1, 2, 1, tzinfo=UTC)]
    assert cloud.emulator.schedules.next_fires("nightly", 2, after) == expected
    assert cloud.emulator.schedules.next_fires(arn, 2, after) == expected
