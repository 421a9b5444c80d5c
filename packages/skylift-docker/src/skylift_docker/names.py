"""Names and labels of containers. Two attempts of any two steps never have one name."""

from __future__ import annotations

from typing import Final

from skylift_contract.names import slug, step_key

RUN: Final = "skylift.run"
ORCHESTRATOR_RUN: Final = "skylift.orchestrator-run-id"
SUBMISSION: Final = "skylift.submission"
STORE: Final = "skylift.store"
PROJECT: Final = "skylift.project"
PIPELINE: Final = "skylift.pipeline"
INVOCATION: Final = "skylift.invocation"
ATTEMPT: Final = "skylift.attempt"
MEMORY: Final = "skylift.memory"
KEPT: Final = "skylift.kept"
"""Labels. `INVOCATION` is empty on the container of a dynamic pipeline's own function; `MEMORY` is
the limit as it was asked for; `KEPT` is on what nobody removes."""


def container_name(pipeline: str, invocation: str, run_id: str, attempt: int) -> str:
    """`skylift-<pipeline>-<invocation>-<hash>-<run>-<attempt>`, at most 124 characters.

    The hash is the invocation's; of the run's id 12 hex digits tell runs apart: two of a
    million at once on one engine share them once in 10^17.

    Source: an engine takes `[a-zA-Z0-9][a-zA-Z0-9_.-]+`, docs.docker.com/reference/cli/docker/container/run
    """
    run = run_id.replace("-", "")[:12]
    return f"skylift-{slug(pipeline, 20)}-{step_key(invocation)}-{run}-{attempt}"
