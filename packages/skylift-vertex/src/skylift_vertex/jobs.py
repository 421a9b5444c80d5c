"""Custom jobs, which are no step of a pipeline: a dynamic pipeline's own, and its isolated steps'.

The service gives them their ids. A label with a token of ours finds one whose answer was lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from skylift_contract.errors import NotFound, Transient
from skylift_contract.status import StepStatus
from skylift_vertex.limits import OWN
from skylift_vertex.paths import Path, last
from skylift_vertex.status import JOBS, status_of

if TYPE_CHECKING:
    from skylift_vertex.client import VertexClient

TOKEN: Final = f"{OWN}token"
"""The label's key."""


def start(client: VertexClient, job: dict[str, Any], token: str) -> str:
    """The id of the job of that token, whether it was started now or before."""
    if found := named(client, token):
        return found
    job = {**job, "labels": {**job["labels"], TOKEN: token}}
    try:
        return last(client.create_custom_job(job)["name"])
    except Transient:
        if found := named(client, token):
            return found
        raise


def named(client: VertexClient, token: str) -> str | None:
    """The id of the job of that token, if there is one."""
    found = client.custom_jobs(f'labels.{TOKEN}="{token}"')
    return next((last(one["name"]) for one in found), None)


def status(client: VertexClient, path: Path) -> StepStatus:
    """Raises `NotFound`."""
    job = client.custom_job(str(path))
    if job is None:
        raise NotFound(f"there is no custom job {path.id!r}", operation="aiplatform:get_custom_job")
    why = str(job.get("error", {}).get("message", ""))
    state, reason = status_of(JOBS, str(job.get("state", "JOB_STATE_UNSPECIFIED")), why)
    return StepStatus(state, reason, url=path.console)


def stop(client: VertexClient, path: Path) -> None:
    """One that has ended is left as it is."""
    if not status(client, path).status.is_finished:
        client.cancel_custom_job(str(path))
