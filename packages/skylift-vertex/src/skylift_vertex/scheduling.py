"""Schedules, which the service names, and which have no labels: one is found by its display name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from skylift_contract.errors import NotFound, Transient
from skylift_vertex.schedule import NEVER, moment_text

if TYPE_CHECKING:
    from skylift_vertex.client import VertexClient
    from skylift_vertex.schedule import Trigger

SHOWN: Final = (
    *("name", "displayName", "cron", "startTime", "endTime", "state", "nextRunTime", "lastPauseTime"),
    *("maxConcurrentRunCount", "maxConcurrentActiveRunCount", "startedRunCount", "createTime", "updateTime"),
)
"""Of a schedule for people; what it starts is left out."""

BOUNDS: Final = ("startTime", "endTime")


def deploy(client: VertexClient, name: str, job: dict[str, Any], trigger: Trigger, parent: str) -> str:
    """Create or update the schedule of that display name; its name. It is active then."""
    request = {"createPipelineJobRequest": {"parent": parent, "pipelineJob": job}, **trigger.request()}
    if standing := _named(client, name):
        return _written(client, standing, request)
    try:
        return str(client.create_schedule({"displayName": name, **request})["name"])
    except Transient:
        if standing := _named(client, name):
            return str(standing["name"])
        raise


def describe(client: VertexClient, name: str) -> dict[str, Any]:
    """Raises `NotFound`."""
    standing = _standing(client, name)
    return {key: standing[key] for key in SHOWN if key in standing}


def retime(client: VertexClient, name: str, trigger: Trigger) -> None:
    """Have it fire at other times, and paused as it was if it was."""
    standing = _standing(client, name)
    client.update_schedule({"name": name, **_bounded(standing, trigger.request())})


def _written(client: VertexClient, standing: dict[str, Any], request: dict[str, Any]) -> str:
    name = str(standing["name"])
    client.update_schedule({"name": name, **_bounded(standing, request)})
    if standing.get("state") == "PAUSED":
        client.resume_schedule(name)
    return name


def _bounded(standing: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    """With the bounds that it had and has no more: the service moves them, and does not take them away."""
    free = {"startTime": standing.get("createTime"), "endTime": moment_text(NEVER)}
    gone = (bound for bound in BOUNDS if bound in standing and bound not in request)
    return {**request, **{bound: free[bound] for bound in gone}}


def _standing(client: VertexClient, name: str) -> dict[str, Any]:
    found = client.schedule(name)
    if found is None:
        raise NotFound(f"there is no schedule {name!r}", operation="aiplatform:get_schedule")
    return found


def _named(client: VertexClient, name: str) -> dict[str, Any] | None:
    return next(iter(client.schedules(f'display_name="{name}"')), None)
