from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from skylift_vertex_snapshots import PARENT
from vertex_cloud import Cloud, job_of, show, task

from skylift_contract.errors import BackendError, NotFound


def schedule(cron: str = "TZ=UTC 0 3 * * *", **more: Any) -> dict[str, Any]:
    request = {"parent": PARENT, "pipelineJob": job_of(task("a", show()))}
    made = {"displayName": "daily", "cron": cron, "maxConcurrentRunCount": "1"}
    return {**made, "createPipelineJobRequest": request, **more}


def fires(n: int) -> list[datetime]:
    """The next times of three o'clock."""
    now = datetime.now(UTC)
    first = now.replace(hour=3, minute=0, second=0, microsecond=0)
    first += timedelta(days=1) if first <= now else timedelta(0)
    return [first + timedelta(days=day) for day in range(n)]


def made(cloud: Cloud, **more: Any) -> str:
    return str(cloud.client.create_schedule(schedule(**more))["name"])


def test_it_fires_at_its_times_with_ids_of_the_services_own(cloud: Cloud) -> None:
    name = made(cloud)
    assert cloud.emulator.pipeline_jobs.names() == []
    first, second = fires(2)
    cloud.emulator.turn_clock(second)
    found = list(cloud.client.pipeline_jobs(""))
    assert [one["name"].rpartition("/")[2] for one in found] == [
        f"daily-{second:%Y%m%d%H%M%S}",
        f"daily-{first:%Y%m%d%H%M%S}",
    ]
    assert {one["scheduleName"] for one in found} == {name}
    assert {one["state"] for one in found} == {"PIPELINE_STATE_SUCCEEDED"}
    (line,) = cloud.printed_by(cloud.told(found[0]["name"]), "a")
    assert line == f"daily-{second:%Y%m%d%H%M%S} a"


@pytest.mark.parametrize(
    ("cron", "hour"), [("TZ=Asia/Tokyo 0 3 * * *", 18), ("CRON_TZ=UTC 0 3 * * *", 3), ("0 3 * * *", 3)]
)
def test_its_zone_stands_before_it(cloud: Cloud, cron: str, hour: int) -> None:
    (fire,) = cloud.emulator.schedules.next_fires(made(cloud, cron=cron), 1, datetime(2031, 1, 1, tzinfo=UTC))
    assert (fire.hour, fire.tzinfo) == (hour, UTC)


def test_nothing_fires_outside_of_its_window(cloud: Cloud) -> None:
    bounds = {"startTime": "2031-01-02T03:00:00Z", "endTime": "2031-01-04T03:00:00Z"}
    found = cloud.emulator.schedules.next_fires(made(cloud, **bounds), 9, datetime(2030, 12, 1, tzinfo=UTC))
    assert [fire.day for fire in found] == [2, 3]


def test_nothing_fires_in_a_pause(cloud: Cloud) -> None:
    name = made(cloud)
    first, second, third = fires(3)
    cloud.client.pause_schedule(name)
    cloud.emulator.turn_clock(second)
    cloud.client.resume_schedule(name)
    assert cloud.emulator.pipeline_jobs.names() == []
    cloud.emulator.turn_clock(third)
    assert len(cloud.emulator.pipeline_jobs.names()) == 1
    assert first < second


def test_it_is_paused_once(cloud: Cloud) -> None:
    name = made(cloud)
    with pytest.raises(BackendError, match="is ACTIVE"):
        cloud.client.resume_schedule(name)
    cloud.client.pause_schedule(name)
    with pytest.raises(BackendError, match="is PAUSED"):
        cloud.client.pause_schedule(name)


def test_an_update_writes_what_it_names_and_takes_nothing_away(cloud: Cloud) -> None:
    name = made(cloud, endTime="2031-01-01T00:00:00Z")
    found = cloud.client.update_schedule({"name": name, "cron": "TZ=UTC 0 4 * * *"})
    assert (found["cron"], found["displayName"]) == ("TZ=UTC 0 4 * * *", "daily")
    assert found["endTime"] == "2031-01-01T00:00:00Z"


def test_one_that_is_deleted_is_gone(cloud: Cloud) -> None:
    name = made(cloud)
    cloud.client.delete_schedule(name)
    assert cloud.client.schedule(name) is None
    with pytest.raises(NotFound):
        cloud.client.delete_schedule(name)


@pytest.mark.parametrize(
    "cron", ["TZ=Mars/Olympus 0 3 * * *", "TZ=UTC nonsense", "TZ=UTC 0 3 * *", "61 * * * *"]
)
def test_what_is_no_cron_is_refused(cloud: Cloud, cron: str) -> None:
    with pytest.raises(BackendError, match="Invalid cron: "):
        made(cloud, cron=cron)
    assert cloud.emulator.schedules.names() == []


def test_what_a_schedule_must_have_is_asked_for(cloud: Cloud) -> None:
    for field in ("displayName", "cron", "maxConcurrentRunCount"):
        with pytest.raises(BackendError, match=f"Required field is not set: {field}"):
            cloud.client.create_schedule({key: value for key, value in schedule().items() if key != field})
