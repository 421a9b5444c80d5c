"""Pipeline jobs: each with an id of ours, made of its submission, so that none is made twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from skylift_contract.errors import BackendError, ConfigurationError
from skylift_vertex.limits import OWN
from skylift_vertex.names import job_id
from skylift_vertex.paths import last
from skylift_vertex.sdk_errors import TAKEN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift_vertex.client import VertexClient

OWNERS: Final = (f"{OWN}project", f"{OWN}store")
"""Labels that say whose a job is."""


def start(client: VertexClient, job: dict[str, Any], submission: str, parent: str) -> str:
    """Have a submission's pipeline job: a new one, or the one that there is already. Its id.

    Raises `ConfigurationError` where that is another project's or store's.
    """
    own = job_id(submission)
    try:
        return last(client.create_pipeline_job(job, own)["name"])
    except BackendError as error:
        if error.code != TAKEN:
            raise
    _check_own(client.pipeline_job(f"{parent}/pipelineJobs/{own}") or {}, job["labels"], own)
    return own


def _check_own(standing: Mapping[str, Any], wanted: Mapping[str, str], own: str) -> None:
    for key in OWNERS:
        if standing.get("labels", {}).get(key) != wanted[key]:
            raise ConfigurationError(
                f"it is there already, and its label {key} is not that of this pipeline",
                who=f"pipeline job {own!r}",
                value=standing.get("labels", {}).get(key),
                fix="Submit it again: another submission has another id.",
            )
