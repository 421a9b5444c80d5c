"""What only the moment of a run knows, added to a compiled container: whose it is, and what it may see."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from skylift_contract.environment import STORE_ENV
from skylift_contract.run_id import RUN_ID_ENV
from skylift_docker.names import (
    ATTEMPT,
    INVOCATION,
    KEPT,
    ORCHESTRATOR_RUN,
    PIPELINE,
    RUN,
    STORE,
    SUBMISSION,
    container_name,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from skylift_docker.resources import Engine

HOMELESS: Final = {"HOME": "/tmp", "USER": "skylift"}  # noqa: S108 -- of a container, which has nobody else
"""For a user whom the image does not know: without them libraries ask the user database, and fail."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One run, on one engine.

    `variables`, `mounts`: how the store is reached. `is_kept`: containers stay when they have ended.
    """

    run_id: str
    orchestrator_run_id: str
    submission: str | None
    store: str
    engine: Engine
    variables: Mapping[str, str]
    mounts: Sequence[Mapping[str, Any]]
    is_kept: bool = False

    def name(self, container: Mapping[str, Any], attempt: int) -> str:
        labels = container["create"]["labels"]
        return container_name(labels[PIPELINE], labels[INVOCATION], self.run_id, attempt)

    def arguments(self, container: Mapping[str, Any], attempt: int) -> dict[str, Any]:
        """Arguments of `containers.create`; values of secrets stand in its environment, and nowhere else."""
        create = dict(container["create"])
        own, user = create["user"] is None, create["user"] or default_user(self.engine)
        if self.engine.has_init and "pid_mode" not in create:  # else another process is the first
            create.setdefault("init", True)
        passed = {name: os.environ[name] for name in container["pass_environment"] if name in os.environ}
        create["environment"] = {
            **(HOMELESS if own and user != ROOT else {}),
            **self.variables,
            **create["environment"],
            **passed,
            STORE_ENV: self.store,
            RUN_ID_ENV: self.orchestrator_run_id,
        }
        create["user"] = user
        create["labels"] = {**create["labels"], **self._labels, ATTEMPT: str(attempt)}
        if mounts := _one_for_each_target([*create.get("mounts", ()), *self.mounts]):
            create["mounts"] = mounts
        return create

    @property
    def _labels(self) -> dict[str, str]:
        found = {RUN: self.run_id, ORCHESTRATOR_RUN: self.orchestrator_run_id, STORE: self.store}
        if self.submission:
            found[SUBMISSION] = self.submission
        return {**found, KEPT: "true"} if self.is_kept else found


def _one_for_each_target(mounts: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Who mounts the engine's socket, or a file of credentials, has that in place of what would be lent."""
    found: dict[str, Mapping[str, Any]] = {}
    for one in mounts:
        found.setdefault(one["Target"], one)
    return list(found.values())


ROOT: Final = "0:0"


def default_user(engine: Engine) -> str:
    """Whoever submits, so that what steps write into a folder is theirs."""
    if engine.is_rootless or not hasattr(os, "getuid"):
        return ROOT
    return f"{os.getuid()}:{os.getgid()}"


def with_access(container: Mapping[str, Any], access: Mapping[str, Any]) -> dict[str, Any]:
    """The container with what lets it use the engine."""
    create = dict(container["create"])
    create["environment"] = {**create["environment"], **access["environment"]}
    for name in ("mounts", "group_add"):
        if added := access.get(name):
            create[name] = [*create.get(name, ()), *added]
    return {**container, "create": create}
