from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from skylift_vertex_snapshots import PARENT
from vertex_cloud import RUN_ID, Cloud, GoogleError, container, document, main_job, pipeline_job, task

from skylift_vertex.emulator.messages import vertex
from skylift_vertex.emulator.place import Place

if TYPE_CHECKING:
    from vertex_cloud import Fifo

HOURLY = "TZ=Europe/Berlin 0 * * * *"


def schedule(code: str = "pass", **parts: Any) -> dict[str, Any]:
    spec = document(a=(container(code, args=["{{$.inputs.parameters['run']}}"]), task(run=RUN_ID)))
    return {
        "displayName": "hourly",
        "cron": HOURLY,
        "maxConcurrentRunCount": "1",
        "createPipelineJobRequest": {"parent": PARENT, "pipelineJob": pipeline_job(spec)},
        **parts,
    }


def made(cloud: Cloud, **parts: Any) -> str:
    return cloud.call("Schedule", "create_schedule", parent=PARENT, schedule=schedule(**parts))["name"]


def hours(cloud: Cloud, number: float) -> datetime:
    """So many hours from now on, past the full one."""
    now = cloud.emulator.clock.now()
    return now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=number, seconds=1)


def test_nothing_starts_until_it_fires_and_each_firing_is_a_job_of_its_own(cloud: Cloud) -> None:
    name = made(cloud, code="import sys; print(sys.argv[1])")
    assert cloud.emulator.executions() == []
    first = hours(cloud, 1)
    cloud.emulator.turn_clock(first + timedelta(hours=1))

    jobs = cloud.listed("Pipeline", "list_pipeline_jobs", filter=f'schedule_name="{name}"')
    assert [job["state"] for job in jobs] == ["PIPELINE_STATE_SUCCEEDED"] * 2
    assert jobs[0]["name"] != jobs[1]["name"]
    for job in jobs:
        (line,) = cloud.printed(main_job(cloud.call("Pipeline", "get_pipeline_job", name=job["name"]), "a"))
        assert line == job["name"].rpartition("/")[2]
    assert jobs[1]["createTime"] == f"{first.replace(second=0):%Y-%m-%dT%H:%M:%SZ}"
    assert cloud.call("Schedule", "get_schedule", name=name)["startedRunCount"] == "2"


def just_before(cloud: Cloud, moment: datetime) -> None:
    """Turn the clock to where the moment is soon."""
    cloud.emulator.turn_clock(moment - timedelta(seconds=0.3))


def next_run(cloud: Cloud, name: str) -> datetime:
    return datetime.fromisoformat(cloud.call("Schedule", "get_schedule", name=name)["nextRunTime"])


def test_in_real_time_it_fires_by_itself_and_what_it_started_may_still_run(cloud: Cloud, fifo: Fifo) -> None:
    with cloud.emulator.in_real_time():
        name = made(cloud, code=fifo.code)
        first = next_run(cloud, name)
        just_before(cloud, first)
        fifo.wait()
        assert next_run(cloud, name) == first + timedelta(hours=1)
        just_before(cloud, first + timedelta(hours=1))
        fifo.wait()
        jobs = cloud.listed("Pipeline", "list_pipeline_jobs", filter=f'schedule_name="{name}"')
    assert [job["createTime"] for job in jobs] == [
        f"{first + timedelta(hours=n):%Y-%m-%dT%H:%M:%SZ}" for n in (1, 0)
    ]


def test_in_real_time_one_that_is_changed_or_resumed_fires_when_it_says_then(
    cloud: Cloud, fifo: Fifo
) -> None:
    with cloud.emulator.in_real_time():
        name = made(cloud, code=fifo.code, cron="0 0 1 1 *")
        just_before(cloud, hours(cloud, 1).replace(second=0))
        cloud.call("Schedule", "pause_schedule", name=name)
        change = {"name": name, "cron": HOURLY}
        cloud.call("Schedule", "update_schedule", schedule=change, updateMask="cron")
        just_before(cloud, hours(cloud, 2).replace(second=0))
        cloud.call("Schedule", "resume_schedule", name=name)
        fifo.wait()
        fifo.release()


def test_nothing_upcoming_is_passed_that_has_not_fired(cloud: Cloud) -> None:
    """Outside real time the machine's time goes on, and nothing fires before the clock is turned."""
    name = made(cloud)
    upcoming = next_run(cloud, name)
    late = timedelta(hours=3)
    cloud.emulator.clock._machine = lambda: datetime.now(UTC) + late  # pyright: ignore[reportPrivateUsage]
    assert cloud.emulator.clock.now() > upcoming
    assert next_run(cloud, name) == upcoming
    cloud.emulator.turn_clock(upcoming)
    assert len(cloud.emulator.executions()) == 1
    assert next_run(cloud, name) == upcoming + timedelta(hours=1)


def test_what_is_gone_or_paused_when_it_would_fire_starts_nothing(cloud: Cloud) -> None:
    name = made(cloud)
    moment = next_run(cloud, name)
    cloud.call("Schedule", "pause_schedule", name=name)
    for each in (name, "projects/1/locations/us-central1/schedules/gone"):
        assert cloud.emulator.schedules.begin(each, moment) is None
    assert cloud.emulator.executions() == []


def test_a_paused_one_fires_not_and_goes_on_when_it_is_resumed(cloud: Cloud) -> None:
    name = made(cloud)
    cloud.call("Schedule", "pause_schedule", name=name)
    assert cloud.call("Schedule", "get_schedule", name=name)["state"] == "PAUSED"
    cloud.emulator.turn_clock(hours(cloud, 1))
    assert cloud.emulator.executions() == []
    with pytest.raises(GoogleError, match="is not active"):
        cloud.call("Schedule", "pause_schedule", name=name)

    cloud.call("Schedule", "resume_schedule", name=name)
    with pytest.raises(GoogleError, match="is not paused"):
        cloud.call("Schedule", "resume_schedule", name=name)
    cloud.emulator.turn_clock(hours(cloud, 1))
    assert len(cloud.emulator.executions()) == 1


def test_what_a_pause_has_missed_is_not_made_up_for(cloud: Cloud) -> None:
    name = made(cloud)
    cloud.call("Schedule", "pause_schedule", name=name)
    missed = cloud.emulator.clock.now()
    cloud.emulator.clock.turn(hours(cloud, 1), dict, lambda _name, _moment: None)
    cloud.call("Schedule", "resume_schedule", name=name)
    fires = cloud.emulator.schedules.upcoming()[name]
    assert fires(missed) == fires(cloud.emulator.clock.now())
    with pytest.raises(GoogleError, match="does not make up for"):
        cloud.call("Schedule", "resume_schedule", name=name, catchUp=True)


def test_an_update_changes_what_its_mask_names(cloud: Cloud) -> None:
    name = made(cloud)
    change = {"name": name, "cron": "30 6 * * 1", "displayName": "weekly"}
    cloud.call("Schedule", "update_schedule", schedule=change, updateMask="cron")
    found = cloud.call("Schedule", "get_schedule", name=name)
    assert (found["cron"], found["displayName"], found["maxConcurrentRunCount"]) == (
        "30 6 * * 1",
        "hourly",
        "1",
    )
    assert "startTime" in found
    with pytest.raises(GoogleError, match="Invalid cron"):
        cloud.call("Schedule", "update_schedule", schedule={"name": name, "cron": "x"}, updateMask="cron")


def test_an_update_replaces_a_document_and_adds_nothing_to_it(cloud: Cloud) -> None:
    name = made(cloud)
    other = document(b=(container("pass"), task()))
    request = {"parent": PARENT, "pipelineJob": pipeline_job(other)}
    change = {"name": name, "createPipelineJobRequest": request}
    cloud.call("Schedule", "update_schedule", schedule=change, updateMask="createPipelineJobRequest")
    found = cloud.call("Schedule", "get_schedule", name=name)["createPipelineJobRequest"]["pipelineJob"]
    assert list(found["pipelineSpec"]["root"]["dag"]["tasks"]) == ["b"]


def test_an_update_takes_nothing_away(cloud: Cloud) -> None:
    name = made(cloud, endTime="2099-01-01T00:00:00Z")
    for field in ("endTime", "startTime"):
        with pytest.raises(GoogleError, match="cannot be unset"):
            cloud.call("Schedule", "update_schedule", schedule={"name": name}, updateMask=field)
    change = {"name": name, "state": "PAUSED", "endTime": "2098-01-01T00:00:00Z"}
    cloud.call("Schedule", "update_schedule", schedule=change, updateMask="endTime,state")
    found = cloud.call("Schedule", "get_schedule", name=name)
    assert (found["endTime"], found["state"]) == ("2098-01-01T00:00:00Z", "ACTIVE")


def test_its_window_and_its_end(cloud: Cloud) -> None:
    """The end is the first moment without."""
    start, end = hours(cloud, 2).replace(second=0), hours(cloud, 4).replace(second=0)
    name = made(cloud, startTime=start.isoformat(), endTime=end.isoformat())
    fires = cloud.emulator.schedules.next_fires(name, 5, cloud.emulator.clock.now())
    assert fires == [start + timedelta(hours=n) for n in (0, 1)]
    cloud.emulator.turn_clock(end)
    assert cloud.call("Schedule", "get_schedule", name=name)["state"] == "COMPLETED"


def test_no_more_run_at_once_than_it_allows(cloud: Cloud, fifo: Fifo) -> None:
    name = made(cloud, code=fifo.code, maxConcurrentActiveRunCount="1")
    job = schedule(fifo.code)["createPipelineJobRequest"]["pipelineJob"]
    told = vertex("PipelineJob", {**job, "scheduleName": name})
    running = cloud.emulator.pipelines.begin(told, Place.parse(PARENT), "running", datetime.now(UTC))
    fifo.wait()
    cloud.emulator.turn_clock(hours(cloud, 1))
    assert len(cloud.emulator.executions()) == 1
    fifo.release()
    running.wait()


def test_listing_and_deleting(cloud: Cloud) -> None:
    names = [made(cloud, displayName=one) for one in ("a", "b")]
    assert [one["name"] for one in cloud.listed("Schedule", "list_schedules")] == names[::-1]
    assert len(cloud.listed("Schedule", "list_schedules", filter='display_name="a"')) == 1
    cloud.services["Schedule"].delete_schedule(name=names[0]).result()
    assert cloud.emulator.schedules.names() == names[1:]
    for method in ("get_schedule", "pause_schedule"):
        with pytest.raises(GoogleError, match="was not found"):
            cloud.call("Schedule", method, name=names[0])


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"displayName": ""}, "display_name must have"),
        ({"cron": "* * * *"}, "it must have five fields"),
        ({"cron": ""}, "it must have five fields"),
        ({"cron": "61 * * * *"}, "Invalid cron"),
        ({"allowQueueing": True}, "does not queue"),
        ({"cron": "TZ=Mars/Base 0 * * * *"}, "there is no time zone 'Mars/Base'"),
        ({"maxConcurrentRunCount": "0"}, "max_concurrent_run_count must be at least 1"),
        ({"startTime": "2030-01-02T00:00:00Z", "endTime": "2030-01-01T00:00:00Z"}, "must be after"),
        ({"createPipelineJobRequest": {}}, "Invalid resource name"),
    ],
)
def test_what_could_not_fire_is_refused(cloud: Cloud, parts: dict[str, Any], said: str) -> None:
    with pytest.raises(GoogleError, match=said):
        made(cloud, **parts)
    assert cloud.emulator.schedules.names() == []


def test_an_id_of_its_own_would_be_every_firings(cloud: Cloud) -> None:
    told = schedule()
    told["createPipelineJobRequest"]["pipelineJobId"] = "one"
    with pytest.raises(GoogleError, match="pipeline_job_id must not be set"):
        cloud.call("Schedule", "create_schedule", parent=PARENT, schedule=told)
