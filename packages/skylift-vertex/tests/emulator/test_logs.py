from __future__ import annotations

from typing import TYPE_CHECKING

from vertex_cloud import custom_job

if TYPE_CHECKING:
    from vertex_cloud import Cloud


def test_lines_are_a_jobs_own_in_their_order(cloud: Cloud) -> None:
    one = cloud.job(custom_job("print('a'); print('b')"))["name"]
    other = cloud.job(custom_job("print('c')"))["name"]
    assert (cloud.printed(one), cloud.printed(other)) == (["a", "b"], ["c"])


def test_the_services_own_lines_are_another_tasks(cloud: Cloud) -> None:
    job = cloud.job(custom_job("pass"))["name"].rpartition("/")[2]
    found = cloud.entries(f'resource.labels.job_id="{job}"', orderBy="timestamp desc")
    assert [entry["resource"]["labels"]["task_name"] for entry in found] == ["service"]


def test_a_listing_goes_on_from_a_time(cloud: Cloud) -> None:
    job = cloud.job(custom_job("print('a'); print('b')"))["name"]
    wanted = (
        f'resource.labels.job_id="{job.rpartition("/")[2]}" AND resource.labels.task_name="workerpool0-0"'
    )
    since = cloud.entries(wanted)[-1]["timestamp"]
    found = cloud.entries(f'{wanted} AND timestamp>="{since}"')
    assert [entry["jsonPayload"]["message"] for entry in found] == ["b"]
