"""A run from its checks to its end, in the process that submits it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skylift.coordination.attendance import attend
from skylift.coordination.coordinator import coordinate
from skylift.coordination.jobs import Jobs
from skylift.store.identity import identity
from skylift_docker.containers import Container, Handling
from skylift_docker.moment import Moment, with_access
from skylift_docker.mounts import files_of, socket_access, store_mounts
from skylift_docker.names import RUN
from skylift_docker.preflight import beyond_engine, ensure_images, unreachable
from skylift_docker.putting_away import put_away
from skylift_docker.refusals import raise_all
from skylift_docker.watching import clear

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from skylift.runtime.active import ActiveRun
    from skylift.store.identity import Identity
    from skylift_contract.snapshot import PipelineSnapshot, Step
    from skylift_contract.stack import ArtifactStore
    from skylift_docker.client import DockerClient
    from skylift_docker.config import DockerOrchestratorConfig
    from skylift_docker.resources import Engine


@dataclass(frozen=True, slots=True)
class Starting:
    """What was compiled, and the engine that it was held against: nothing of it has started."""

    client: DockerClient
    config: DockerOrchestratorConfig
    engine: Engine
    containers: Mapping[str, Mapping[str, Any]]
    store: ArtifactStore
    identity: Identity

    @classmethod
    def checked(
        cls,
        client: DockerClient,
        config: DockerOrchestratorConfig,
        snapshot: PipelineSnapshot,
        document: bytes,
        store: ArtifactStore,
    ) -> Self:
        """Raises whatever can be known to be wrong before any container starts; pulls images."""
        containers: dict[str, Any] = json.loads(document)["containers"]
        engine, known = client.engine(), identity(store.uri, store.options)
        refused = beyond_engine(client, engine, snapshot, containers, store)
        raise_all([*refused, *unreachable(known, containers)])
        ensure_images(client.images, snapshot, containers, config.pull)
        return cls(client, config, engine, containers, store, known)

    def moment(self, run: ActiveRun) -> Moment:
        return Moment(
            run_id=run.id,
            orchestrator_run_id=run.orchestrator_run_id,
            submission=run.record.submission_id,
            store=run.ledger.store.uri,
            engine=self.engine,
            variables=self.identity.variables,
            mounts=[*store_mounts(run.ledger.store.uri), *files_of(self.identity.files)],
            is_kept=not self.config.remove_containers,
        )

    def handling(self, prefix: str) -> Handling:
        return Handling(prefix, self.config.stop_timeout_s, self.config.remove_containers)

    def start(self, moment: Moment, container: Mapping[str, Any], attempt: int, prefix: str) -> Container:
        create = moment.arguments(container, attempt)
        return Container.started(self.client, moment.name(container, attempt), create, self.handling(prefix))


def run_static(starting: Starting, run: ActiveRun) -> None:
    """Each step in a container, as many at once as may be, until the run has ended."""
    clear(starting.client, run.ledger)
    moment = starting.moment(run)

    def start(step: Step, attempt: int) -> Container:
        name = step.spec.invocation_id
        return starting.start(moment, starting.containers[name], attempt, f"{name} | ")

    try:
        coordinate(run, starting.config.max_parallelism or starting.engine.cpus, Jobs(run, start))
    finally:
        sweep(starting, run)


def run_dynamic(starting: Starting, run: ActiveRun) -> None:
    """The pipeline's function in a container, which starts those of isolated steps beside itself."""
    clear(starting.client, run.ledger)
    (container,) = starting.containers.values()
    if _may_use_engine(starting.config, run):
        container = with_access(container, socket_access(starting.client.host))
    try:
        attend(run, starting.start(starting.moment(run), container, 1, ""))
    finally:
        sweep(starting, run)


def _may_use_engine(config: DockerOrchestratorConfig, run: ActiveRun) -> bool:
    asked, root = config.engine_socket, run.snapshot.pipeline_configuration
    return asked == "always" or (asked == "isolated" and bool(root.isolated_steps))


def sweep(starting: Starting, run: ActiveRun) -> None:
    """Leave no container of a run that this process has ended, whatever ended it."""
    if starting.config.remove_containers:
        put_away(starting.client, run.ledger, run.id, starting.client.containers({RUN: run.id}))
